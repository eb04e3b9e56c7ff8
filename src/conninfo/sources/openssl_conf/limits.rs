//! What the values of OpenSSL's commands allow, as numbers of IANA's registries.

use super::{Command, OpensslConf, cipher_string};
use crate::wire::tls::libpq_hello::SUITES_OF_TLS12;
use crate::wire::tls::{Group, Suite, TlsVersion};

/// What a setting allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Nothing is set.
    None,
    /// Only these. If it is none of what can be offered, libpq fails.
    Only(Vec<u16>),
    /// It is set, but not understood here.
    Unknown,
}

impl Limit {
    /// Is this one of them? What is not understood allows everything.
    pub fn allows(&self, id: u16) -> bool {
        match self {
            Self::None | Self::Unknown => true,
            Self::Only(ids) => ids.contains(&id),
        }
    }
}

impl OpensslConf {
    /// The security level that `CipherString` sets.
    pub fn security_level(&self) -> Option<u8> {
        let value = &self.setting(Command::CipherString)?.value;
        let levels = value.split("@SECLEVEL=").skip(1);
        levels
            .filter_map(|rest| rest.chars().next()?.to_digit(10))
            .filter_map(|level| u8::try_from(level).ok())
            .last()
    }

    /// Cipher suites of TLS 1.2 (`SSL_CTX_set_cipher_list`), of those that libpq offers by itself. They take effect
    /// also where none is left.
    pub fn suites_of_tls12(&self) -> Limit {
        let Some(setting) = self.setting(Command::CipherString) else {
            return Limit::None;
        };
        let rule = cipher_string::Rule::read(&setting.value);
        let all = SUITES_OF_TLS12.iter().copied();
        let left: Vec<u16> = all
            .filter(|id| Suite::of(*id).is_some_and(|suite| rule.selects(suite)))
            .collect();
        if left.len() == SUITES_OF_TLS12.len() {
            Limit::None
        } else {
            Limit::Only(left)
        }
    }

    /// The lowest version. libpq sets its own (`ssl_min_protocol_version`), which comes later.
    pub fn min_version(&self) -> Option<TlsVersion> {
        self.version(Command::MinProtocol)
    }

    /// The highest version; libpq sets none itself.
    pub fn max_version(&self) -> Option<TlsVersion> {
        self.version(Command::MaxProtocol)
    }

    fn version(&self, command: Command) -> Option<TlsVersion> {
        let value = &self.setting(command)?.value;
        // For TLS 1.2 and newer it is as low as the first version.
        if value.eq_ignore_ascii_case("SSLv3") {
            return Some(TlsVersion::V1_0);
        }
        let mut all = TlsVersion::ALL.iter().copied();
        all.find(|version| value.eq_ignore_ascii_case(version.name()))
    }

    /// Does `Protocol` leave this version on (`SSL_OP_NO_TLSv1_3`)? The settings of libpq do not change that.
    pub fn leaves_on(&self, version: TlsVersion) -> bool {
        let value = self
            .setting(Command::Protocol)
            .map(|setting| &setting.value);
        let mut on = true;
        for word in value.iter().flat_map(|value| value.split(',')) {
            let word = word.trim();
            let (named, switch) = match word.strip_prefix('-') {
                Some(named) => (named, false),
                None => (word.strip_prefix('+').unwrap_or(word), true),
            };
            let is = |name: &str| named.eq_ignore_ascii_case(name);
            if is("ALL") || is(version.name()) {
                on = switch;
            } else if !PROTOCOLS.iter().copied().any(is) {
                // OpenSSL reads no further.
                break;
            }
        }
        on
    }

    /// Key exchange groups (`SSL_CTX_set1_groups_list`).
    pub fn groups(&self) -> Limit {
        self.limit(Command::Groups, |value| {
            let mut ids = Vec::new();
            for word in value.split([':', '/']).filter(|_| !value.is_empty()) {
                // OpenSSL 3.5: `?` may be unknown, `*` gets a key share.
                let word = word.trim();
                let name = word.trim_start_matches(['?', '*']);
                match group(name) {
                    Some(id) => ids.push(id),
                    None if word.starts_with(['?', '*']) && word.contains('?') => {}
                    None => return None,
                }
            }
            Some(ids)
        })
    }

    /// Cipher suites of TLS 1.3 (`SSL_CTX_set_ciphersuites`). OpenSSL ignores words that it does not know, and the
    /// whole list if it knows none.
    pub fn ciphersuites(&self) -> Limit {
        // Suite B also binds groups and keys, in every version. That is not offered here.
        let suites = self.setting(Command::CipherString);
        if suites.is_some_and(|setting| setting.value.starts_with("SUITEB")) {
            return Limit::Only(Vec::new());
        }
        self.limit(Command::Ciphersuites, |value| {
            let known = SUITES_OF_OPENSSL.iter().filter_map(|id| Suite::of(*id));
            let named = known.filter(|suite| words(value).any(|word| word == suite.iana));
            let ids: Vec<u16> = named.map(|suite| suite.id).collect();
            (!ids.is_empty() || value.is_empty()).then_some(ids)
        })
    }

    /// Signature algorithms (`SSL_CTX_set1_sigalgs_list`).
    pub fn signature_algorithms(&self) -> Limit {
        self.limit(Command::SignatureAlgorithms, |value| {
            let mut ids = Vec::new();
            for word in value.split(':') {
                let may_be_unknown = word.trim().starts_with('?');
                let word = word.trim().trim_start_matches('?');
                let known = SCHEMES
                    .iter()
                    .filter(|(_, name, pair)| {
                        name.eq_ignore_ascii_case(word)
                            || pair.iter().any(|pair| pair.eq_ignore_ascii_case(word))
                    })
                    .map(|(id, ..)| *id);
                let before = ids.len();
                ids.extend(known);
                let old = || {
                    OLD_DIGESTS
                        .iter()
                        .any(|old| word.to_ascii_uppercase().ends_with(old))
                };
                if ids.len() == before && !old() && !may_be_unknown {
                    return None;
                }
            }
            Some(ids)
        })
    }

    fn limit(&self, command: Command, read: impl Fn(&str) -> Option<Vec<u16>>) -> Limit {
        match self.setting(command).map(|setting| read(&setting.value)) {
            None => Limit::None,
            Some(Some(ids)) => Limit::Only(ids),
            Some(None) => Limit::Unknown,
        }
    }
}

fn words(value: &str) -> impl Iterator<Item = &str> {
    value.split([':', ',', ' ', ';']).map(str::trim)
}

/// IANA's and NIST's names, and those of curves in OpenSSL.
fn group(word: &str) -> Option<u16> {
    let other = match word.to_ascii_lowercase().as_str() {
        "p-256" | "prime256v1" => "secp256r1",
        "p-384" => "secp384r1",
        "p-521" => "secp521r1",
        _ => word,
    };
    let mut all = Group::all();
    let found = all.find(|group| group.name.eq_ignore_ascii_case(other))?;
    Some(found.id)
}

/// The number, the name and OpenSSL's pairs of key and digest.
const SCHEMES: &[(u16, &str, &[&str])] = &[
    (0x0403, "ecdsa_secp256r1_sha256", &["ECDSA+SHA256"]),
    (0x0503, "ecdsa_secp384r1_sha384", &["ECDSA+SHA384"]),
    (0x0603, "ecdsa_secp521r1_sha512", &["ECDSA+SHA512"]),
    (
        0x0804,
        "rsa_pss_rsae_sha256",
        &["RSA-PSS+SHA256", "PSS+SHA256"],
    ),
    (
        0x0805,
        "rsa_pss_rsae_sha384",
        &["RSA-PSS+SHA384", "PSS+SHA384"],
    ),
    (
        0x0806,
        "rsa_pss_rsae_sha512",
        &["RSA-PSS+SHA512", "PSS+SHA512"],
    ),
    (
        0x0809,
        "rsa_pss_pss_sha256",
        &["RSA-PSS+SHA256", "PSS+SHA256"],
    ),
    (
        0x080a,
        "rsa_pss_pss_sha384",
        &["RSA-PSS+SHA384", "PSS+SHA384"],
    ),
    (
        0x080b,
        "rsa_pss_pss_sha512",
        &["RSA-PSS+SHA512", "PSS+SHA512"],
    ),
    (0x0401, "rsa_pkcs1_sha256", &["RSA+SHA256"]),
    (0x0501, "rsa_pkcs1_sha384", &["RSA+SHA384"]),
    (0x0601, "rsa_pkcs1_sha512", &["RSA+SHA512"]),
    (0x0807, "ed25519", &[]),
    (0x0808, "ed448", &[]),
    (0x0904, "mldsa44", &[]),
    (0x0905, "mldsa65", &[]),
    (0x0906, "mldsa87", &[]),
];

/// The suites of TLS 1.3 that OpenSSL 3.0 to 3.5 has.
const SUITES_OF_OPENSSL: [u16; 5] = [0x1302, 0x1303, 0x1301, 0x1304, 0x1305];

/// What `Protocol` can switch (`cmd_Protocol` in `ssl/ssl_conf.c`).
const PROTOCOLS: [&str; 9] = [
    "ALL", "SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3", "DTLSv1", "DTLSv1.2",
];

/// Signatures with these digests are not offered here.
const OLD_DIGESTS: [&str; 3] = ["SHA1", "SHA224", "MD5"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conninfo::fake::Fake;

    fn conf(line: &str) -> OpensslConf {
        let text = format!("openssl_conf=a\n[a]\nssl_conf=b\n[b]\nsystem_default=c\n[c]\n{line}");
        let world = Fake::default().var("OPENSSL_CONF", "/o").file("/o", text);
        OpensslConf::read(&world).unwrap()
    }

    #[test]
    fn lists_are_read_as_numbers() {
        let groups = |value: &str| conf(&format!("Groups = {value}")).groups();
        assert_eq!(groups("X25519:P-256"), Limit::Only(vec![29, 23]));
        assert_eq!(
            groups("?x25519mlkem768:*secp521r1/ffdhe2048"),
            Limit::Only(vec![4588, 25, 256])
        );
        assert_eq!(groups("nonsense:P-256"), Limit::Unknown);
        assert_eq!(groups("DEFAULT"), Limit::Unknown);
        let suites = conf("Ciphersuites = TLS_AES_128_GCM_SHA256:nonsense").ciphersuites();
        assert_eq!(suites, Limit::Only(vec![0x1301]));
        assert_eq!(
            conf("Ciphersuites = nonsense").ciphersuites(),
            Limit::Unknown
        );
        let signatures =
            |value: &str| conf(&format!("SignatureAlgorithms = {value}")).signature_algorithms();
        assert_eq!(
            signatures("ECDSA+SHA256:ed25519:RSA+SHA1"),
            Limit::Only(vec![0x0403, 0x0807])
        );
        assert_eq!(signatures("PSS+SHA384"), Limit::Only(vec![0x0805, 0x080a]));
        assert_eq!(signatures("ECDSA+SHA256:strange"), Limit::Unknown);
        assert!(groups("X448").allows(30) && !groups("X448").allows(29));
        assert!(conf("MaxProtocol = TLSv1.2").groups().allows(29));
    }

    /// OpenSSL ignores a list of which it knows nothing, but not an empty one.
    #[test]
    fn an_empty_list_leaves_nothing() {
        let nothing = Limit::Only(Vec::new());
        assert_eq!(conf("Groups =").groups(), nothing);
        assert_eq!(conf("Ciphersuites =").ciphersuites(), nothing);
        let gm = conf("Ciphersuites = TLS_SM4_GCM_SM3").ciphersuites();
        assert_eq!(gm, Limit::Unknown);
        assert_eq!(conf("CipherString = x").suites_of_tls12(), nothing);
        let old = conf("SignatureAlgorithms = RSA+SHA1").signature_algorithms();
        assert_eq!(old, nothing);
        let groups = conf("Groups = ?nonsense:X25519").groups();
        assert_eq!(groups, Limit::Only(vec![29]));
    }

    #[test]
    fn a_cipher_string_has_a_level_and_perhaps_suites() {
        for (value, level, selects) in [
            ("DEFAULT:@SECLEVEL=3", Some(3), false),
            ("DEFAULT@SECLEVEL=1", Some(1), false),
            ("@SECLEVEL=2:kEECDH:-SHA1", Some(2), true),
            ("HIGH", None, false),
        ] {
            let conf = conf(&format!("CipherString = {value}"));
            assert_eq!(conf.security_level(), level, "{value}");
            let limits = conf.suites_of_tls12() != Limit::None;
            assert_eq!(limits, selects, "{value}");
        }
        let conf = conf("CipherString = ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=2");
        assert_eq!(conf.suites_of_tls12(), Limit::Only(vec![0xc02f]));
        assert_eq!(conf.max_version(), None);
    }

    #[test]
    fn protocols_are_switched_one_after_the_other() {
        for (value, tls12, tls13) in [
            ("-TLSv1.3", true, false),
            ("ALL,-tlsv1.2", false, true),
            ("-ALL,+TLSv1.3", false, true),
            ("TLSv1.2", true, true),
            ("-TLSv1.3, TLSv1.3", true, true),
            ("-TLSv1.3,nonsense,TLSv1.3", true, false),
            ("- TLSv1.3", true, true),
        ] {
            let conf = conf(&format!("Protocol = {value}"));
            let left = [TlsVersion::V1_2, TlsVersion::V1_3].map(|version| conf.leaves_on(version));
            assert_eq!(left, [tls12, tls13], "{value}");
        }
    }

    #[test]
    fn versions_are_words_in_any_case() {
        assert_eq!(
            conf("MaxProtocol = tlsv1.2").max_version(),
            Some(TlsVersion::V1_2)
        );
        assert_eq!(
            conf("MinProtocol = TLSv1.3").min_version(),
            Some(TlsVersion::V1_3)
        );
        assert_eq!(conf("MinProtocol = None").min_version(), None);
        let lowest = conf("MaxProtocol = SSLv3").max_version();
        assert_eq!(lowest, Some(TlsVersion::V1_0));
    }
}
