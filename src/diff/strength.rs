//! How strong keys, groups and signatures are: NIST SP 800-57 part 1, table 2, and RFC 9794 for hybrids.

/// The security of a key exchange group against today's computers, in bits; `None` if it is not known here.
pub(super) fn of_group(name: &str) -> Option<u16> {
    Some(match name {
        "x25519"
        | "secp256r1"
        | "secp256k1"
        | "brainpoolP256r1"
        | "brainpoolP256r1tls13"
        | "curveSM2"
        | "ffdhe3072"
        | "MLKEM512"
        | "X25519MLKEM768"
        | "SecP256r1MLKEM768" => 128,
        "secp384r1"
        | "brainpoolP384r1"
        | "brainpoolP384r1tls13"
        | "MLKEM768"
        | "SecP384r1MLKEM1024" => 192,
        "x448" => 224,
        "secp521r1" | "brainpoolP512r1" | "brainpoolP512r1tls13" | "MLKEM1024" => 256,
        "ffdhe2048" | "secp224r1" | "secp224k1" => 112,
        "ffdhe4096" => 152,
        "ffdhe6144" => 176,
        "ffdhe8192" => 192,
        "secp192r1" | "secp192k1" => 96,
        "secp160r1" | "secp160r2" | "secp160k1" => 80,
        _ => return None,
    })
}

/// A public key as the report describes it: `RSA 2048`, `ECDSA P-256`, `Ed25519`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key<'a> {
    /// Its kind: `RSA`, `ECDSA`, `Ed25519`.
    pub(super) kind: &'a str,
    /// Its size in the kind's own unit.
    pub(super) size: Option<u32>,
}

impl<'a> Key<'a> {
    pub(super) fn read(text: &'a str) -> Self {
        let (kind, size) = text.split_once(' ').unwrap_or((text, ""));
        let digits = size.trim_start_matches(|c: char| !c.is_ascii_digit());
        let end = digits.find(|c: char| !c.is_ascii_digit());
        let digits = digits
            .get(..end.unwrap_or(digits.len()))
            .unwrap_or_default();
        Self {
            kind,
            size: digits.parse().ok(),
        }
    }

    /// Whether OpenSSL's security level 2 would refuse it: less than 112 bits (`ssl_security_default_callback`).
    pub(super) fn is_weak(self) -> bool {
        match (self.kind, self.size) {
            ("RSA" | "RSA-PSS" | "DSA", Some(bits)) => bits < 2048,
            ("ECDSA", Some(bits)) => bits < 224,
            _ => false,
        }
    }
}

/// Whether a signature algorithm rests on a broken digest.
pub(super) fn is_weak_signature(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["md2", "md4", "md5", "sha1"]
        .iter()
        .any(|digest| name.contains(digest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::tls::Group;

    #[test]
    fn keys_are_read_as_reports_describe_them() {
        for (text, kind, size, weak) in [
            ("RSA 2048", "RSA", Some(2048), false),
            ("RSA 1024", "RSA", Some(1024), true),
            ("ECDSA P-256", "ECDSA", Some(256), false),
            ("ECDSA P-192", "ECDSA", Some(192), true),
            ("Ed25519", "Ed25519", None, false),
            ("", "", None, false),
        ] {
            let key = Key::read(text);
            assert_eq!((key.kind, key.size, key.is_weak()), (kind, size, weak));
        }
    }

    #[test]
    fn every_group_of_modern_servers_has_its_strength() {
        for group in Group::all().filter(|group| group.in_tls13()) {
            assert!(of_group(group.name).is_some(), "{}", group.name);
        }
    }

    #[test]
    fn broken_digests_are_known_by_name() {
        for (name, weak) in [
            ("sha256WithRSAEncryption", false),
            ("ecdsa-with-SHA256", false),
            ("ecdsa-with-SHA1", true),
            ("sha1WithRSAEncryption", true),
            ("md5WithRSAEncryption", true),
            ("ED25519", false),
        ] {
            assert_eq!(is_weak_signature(name), weak, "{name}");
        }
    }
}
