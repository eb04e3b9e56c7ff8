//! Key exchange groups by number and name: IANA's registry "TLS Supported Groups".

use super::version::TlsVersion;

/// A key exchange group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// IANA's number.
    pub id: u16,
    /// IANA's name.
    pub name: &'static str,
}

impl Group {
    /// Every group that we can offer. Those that modern clients prefer come first.
    pub fn all() -> impl Iterator<Item = Self> {
        GROUPS.iter().map(|&(id, name)| Self { id, name })
    }

    /// The groups of a version.
    pub fn of_version(version: TlsVersion) -> Vec<Self> {
        Self::all()
            .filter(|group| match version {
                TlsVersion::V1_3 => group.in_tls13(),
                TlsVersion::V1_0 | TlsVersion::V1_1 | TlsVersion::V1_2 => group.in_tls12(),
            })
            .collect()
    }

    /// The group of this number; `None` if we never offer it.
    pub fn of(id: u16) -> Option<Self> {
        Self::all().find(|group| group.id == id)
    }

    /// Does it resist quantum computers?
    pub fn is_post_quantum(self) -> bool {
        self.name.contains("MLKEM")
    }

    /// May TLS 1.3 use it (RFC 8446 section 4.2.7)?
    pub fn in_tls13(self) -> bool {
        matches!(self.id, 23..=25 | 29..=41 | 256..=260 | 512..=514) || self.id > 4000
    }

    /// May TLS 1.2 use it for elliptic curves?
    pub fn in_tls12(self) -> bool {
        self.id <= 30
    }
}

const GROUPS: &[(u16, &str)] = &[
    (4588, "X25519MLKEM768"),
    (4587, "SecP256r1MLKEM768"),
    (4589, "SecP384r1MLKEM1024"),
    (512, "MLKEM512"),
    (513, "MLKEM768"),
    (514, "MLKEM1024"),
    (29, "x25519"),
    (23, "secp256r1"),
    (30, "x448"),
    (24, "secp384r1"),
    (25, "secp521r1"),
    (31, "brainpoolP256r1tls13"),
    (32, "brainpoolP384r1tls13"),
    (33, "brainpoolP512r1tls13"),
    (41, "curveSM2"),
    (256, "ffdhe2048"),
    (257, "ffdhe3072"),
    (258, "ffdhe4096"),
    (259, "ffdhe6144"),
    (260, "ffdhe8192"),
    (26, "brainpoolP256r1"),
    (27, "brainpoolP384r1"),
    (28, "brainpoolP512r1"),
    (22, "secp256k1"),
    (21, "secp224r1"),
    (20, "secp224k1"),
    (19, "secp192r1"),
    (18, "secp192k1"),
    (17, "secp160r2"),
    (16, "secp160r1"),
    (15, "secp160k1"),
    (14, "sect571r1"),
    (13, "sect571k1"),
    (12, "sect409r1"),
    (11, "sect409k1"),
    (10, "sect283r1"),
    (9, "sect283k1"),
    (8, "sect239k1"),
    (7, "sect233r1"),
    (6, "sect233k1"),
    (5, "sect193r2"),
    (4, "sect193r1"),
    (3, "sect163r2"),
    (2, "sect163r1"),
    (1, "sect163k1"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_of_rustls_is_there() {
        for group in rustls::crypto::aws_lc_rs::ALL_KX_GROUPS {
            let name = format!("{:?}", group.name());
            let ours = Group::of(group.name().into()).unwrap();
            assert!(ours.name.eq_ignore_ascii_case(&name), "{name}");
        }
    }

    #[test]
    fn names_and_versions_are_those_of_the_registry() {
        for (id, name, tls12, tls13, post_quantum) in [
            (23, "secp256r1", true, true, false),
            (29, "x25519", true, true, false),
            (22, "secp256k1", true, false, false),
            (26, "brainpoolP256r1", true, false, false),
            (31, "brainpoolP256r1tls13", false, true, false),
            (256, "ffdhe2048", false, true, false),
            (4588, "X25519MLKEM768", false, true, true),
        ] {
            let group = Group::of(id).unwrap();
            assert_eq!(group.name, name);
            let is = (group.in_tls12(), group.in_tls13(), group.is_post_quantum());
            assert_eq!(is, (tls12, tls13, post_quantum), "{name}");
        }
        assert_eq!(Group::of(0), None);
    }
}
