//! What the values of OpenSSL's commands allow, as numbers of IANA's registries.

use super::cipher_string::Rule;
use super::names::{OLD_DIGESTS, SCHEMES, SUITES_OF_OPENSSL, group};
use super::strength;
use super::{Command, OpensslConf};
use crate::wire::tls::libpq_hello::{
    GROUPS, NEWER_SCHEMES, SCHEMES as SCHEMES_OF_LIBPQ, SUITES_OF_TLS12, SUITES_OF_TLS13,
};
use crate::wire::tls::{Suite, TlsVersion};

/// What a setting allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Nothing is set.
    None,
    /// Only these, in this order. If it is none of what can be offered, libpq fails.
    Only(Vec<u16>),
    /// It is set, but not understood here.
    Unknown,
}

/// Suites of TLS 1.2 that libpq offers by itself.
fn suites_of_libpq() -> impl Iterator<Item = Suite> {
    SUITES_OF_TLS12.iter().filter_map(|id| Suite::of(*id))
}

impl Limit {
    /// Is this one of them? What is not understood allows everything.
    pub fn allows(&self, id: u16) -> bool {
        match self {
            Self::None | Self::Unknown => true,
            Self::Only(ids) => ids.contains(&id),
        }
    }

    /// Leaves what is allowed, in the order in which it is offered: a server may choose by it.
    pub fn apply<T>(&self, offered: &mut Vec<T>, id: impl Fn(&T) -> u16) {
        if let Self::Only(ids) = self {
            offered.retain(|one| ids.contains(&id(one)));
            offered.sort_by_key(|one| ids.iter().position(|known| *known == id(one)));
        }
    }
}

impl OpensslConf {
    /// The security level that `CipherString` sets. A later list without a level leaves it.
    pub fn security_level(&self) -> Option<u8> {
        self.cipher_rules()
            .filter_map(|rule| rule.levels().last())
            .last()
    }

    /// Bits of security that keys, digests and what is offered must have, if the level is above the built-in one
    /// (SSL_CTX_set_security_level(3)).
    pub fn needed_strength(&self) -> Option<u16> {
        match self.security_level()? {
            0..=2 => None,
            3 => Some(128),
            4 => Some(192),
            _ => Some(256),
        }
    }

    /// What the level leaves of a list; of the usual one, if nothing else limits it.
    fn at_level(&self, limit: Limit, usual: &[u16], strength: impl Fn(u16) -> u16) -> Limit {
        let Some(needed) = self.needed_strength() else {
            return limit;
        };
        let is_strong = |id: &u16| strength(*id) >= needed;
        match limit {
            Limit::None if usual.iter().all(is_strong) => Limit::None,
            Limit::None => Limit::Only(usual.iter().copied().filter(is_strong).collect()),
            Limit::Only(ids) => Limit::Only(ids.into_iter().filter(is_strong).collect()),
            Limit::Unknown => Limit::Unknown,
        }
    }

    /// Bits of the smallest prime of a DHE key exchange that the level allows (`BN_security_bits`).
    pub fn prime_bits(&self) -> usize {
        match self.needed_strength() {
            None => 2048,
            Some(..=128) => 3072,
            Some(..=192) => 7680,
            Some(_) => 15_360,
        }
    }

    /// Cipher suites of TLS 1.2 (`SSL_CTX_set_cipher_list`), of those that libpq offers by itself. They take effect
    /// also where none is left.
    pub fn suites_of_tls12(&self) -> Limit {
        let limit = self.selected_suites();
        self.at_level(limit, SUITES_OF_TLS12, |id| {
            Suite::of(id).map_or(0, strength::of_suite)
        })
    }

    fn selected_suites(&self) -> Limit {
        match self.providers() {
            Limit::None => {}
            without => return without,
        }
        let Some(rule) = self.cipher_rules().filter(Rule::is_taken).last() else {
            return Limit::None;
        };
        let selected = rule.selected(suites_of_libpq());
        let ids: Vec<u16> = selected.iter().map(|suite| suite.id).collect();
        if ids.iter().eq(SUITES_OF_TLS12) {
            Limit::None
        } else {
            Limit::Only(ids)
        }
    }

    /// Does `CipherString` leave all suites of libpq, in another order?
    pub fn orders_suites_only(&self) -> bool {
        let limit = self.suites_of_tls12();
        matches!(limit, Limit::Only(ids) if ids.len() == SUITES_OF_TLS12.len())
    }

    /// May `CipherString` add suites that libpq does not offer by itself?
    pub fn may_add_suites(&self) -> bool {
        let ours: Vec<Suite> = SUITES_OF_TLS12
            .iter()
            .filter_map(|id| Suite::of(*id))
            .collect();
        let rule = self.cipher_rules().filter(Rule::is_taken).last();
        rule.is_some_and(|rule| rule.may_select_others(&ours))
    }

    fn cipher_rules(&self) -> impl Iterator<Item = Rule<'_>> {
        self.all(Command::CipherString)
            .map(|setting| Rule::read(&setting.value))
    }

    /// What providers that were activated in place of the default one leave of all suites.
    fn providers(&self) -> Limit {
        let Some(setting) = self.setting(Command::Providers) else {
            return Limit::None;
        };
        let mut names = setting.value.split(", ");
        if names.all(|name| WITHOUT_TLS.contains(&name)) {
            Limit::Only(Vec::new())
        } else {
            Limit::Unknown
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
        let mut limit = None;
        for setting in self.all(command) {
            let is = |name: &str| setting.value.eq_ignore_ascii_case(name);
            let mut all = TlsVersion::ALL.iter().copied();
            if is("None") {
                limit = None;
            } else if is("SSLv3") {
                // For TLS 1.2 and newer it is as low as the first version.
                limit = Some(TlsVersion::V1_0);
            } else if let Some(version) = all.find(|version| is(version.name())) {
                limit = Some(version);
            }
        }
        limit
    }

    /// Does `Protocol` leave this version on (`SSL_OP_NO_TLSv1_3`)? The settings of libpq do not change that.
    pub fn leaves_on(&self, version: TlsVersion) -> bool {
        let settings = self.all(Command::Protocol);
        settings.fold(true, |on, setting| switched(on, &setting.value, version))
    }

    /// Key exchange groups (`SSL_CTX_set1_groups_list`).
    pub fn groups(&self) -> Limit {
        let limit = self.limit(Command::Groups, |value| {
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
        });
        self.at_level(limit, GROUPS, strength::of_group)
    }

    /// Cipher suites of TLS 1.3 (`SSL_CTX_set_ciphersuites`). OpenSSL ignores words that it does not know, and the
    /// whole list if it knows none.
    pub fn ciphersuites(&self) -> Limit {
        // Suite B also binds groups and keys, in every version. That is not offered here.
        let mut suites = self.all(Command::CipherString);
        if suites.any(|setting| setting.value.starts_with("SUITEB")) {
            return Limit::Only(Vec::new());
        }
        match self.providers() {
            Limit::None => {}
            without => return without,
        }
        let limit = self.limit(Command::Ciphersuites, |value| {
            let known = |word: &str| {
                let mut known = SUITES_OF_OPENSSL.iter().filter_map(|id| Suite::of(*id));
                known.find(|suite| suite.iana == word)
            };
            let ids: Vec<u16> = words(value)
                .filter_map(known)
                .map(|suite| suite.id)
                .collect();
            (!ids.is_empty() || value.is_empty()).then_some(ids)
        });
        self.at_level(limit, SUITES_OF_TLS13, |id| {
            Suite::of(id).map_or(0, strength::of_suite)
        })
    }

    /// Signature algorithms (`SSL_CTX_set1_sigalgs_list`).
    pub fn signature_algorithms(&self) -> Limit {
        let limit = self.limit(Command::SignatureAlgorithms, |value| {
            let mut ids = Vec::new();
            for word in value.split(':') {
                let may_be_unknown = word.trim().starts_with('?');
                let word = word.trim().trim_start_matches('?');
                let known = SCHEMES.iter().find(|(_, name, pair)| {
                    name.eq_ignore_ascii_case(word)
                        || pair.iter().any(|pair| pair.eq_ignore_ascii_case(word))
                });
                let before = ids.len();
                ids.extend(known.map(|(id, ..)| *id));
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
        });
        let usual: Vec<u16> = NEWER_SCHEMES
            .iter()
            .chain(SCHEMES_OF_LIBPQ)
            .copied()
            .collect();
        self.at_level(limit, &usual, strength::of_scheme)
    }

    fn limit(&self, command: Command, read: impl Fn(&str) -> Option<Vec<u16>>) -> Limit {
        match self.setting(command).map(|setting| read(&setting.value)) {
            None => Limit::None,
            Some(Some(ids)) => Limit::Only(ids),
            Some(None) => Limit::Unknown,
        }
    }
}

/// Whether a version is on after the words of one `Protocol`.
fn switched(before: bool, value: &str, version: TlsVersion) -> bool {
    let mut on = before;
    for word in value.split(',') {
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

/// Providers of OpenSSL with which nothing can be encrypted by TLS.
const WITHOUT_TLS: [&str; 3] = ["legacy", "base", "null"];

fn words(value: &str) -> impl Iterator<Item = &str> {
    value.split([':', ',', ' ', ';']).map(str::trim)
}

/// What `Protocol` can switch (`cmd_Protocol` in `ssl/ssl_conf.c`).
const PROTOCOLS: [&str; 9] = [
    "ALL", "SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3", "DTLSv1", "DTLSv1.2",
];

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
        assert_eq!(signatures("PSS+SHA384"), Limit::Only(vec![0x0805]));
        let ordered = signatures("rsa_pss_pss_sha256:ECDSA+SHA256");
        assert_eq!(ordered, Limit::Only(vec![0x0809, 0x0403]));
        let mut offered = vec![0x0403, 0x0804, 0x0809];
        ordered.apply(&mut offered, |id| *id);
        assert_eq!(offered, [0x0809, 0x0403]);
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
            ("DEFAULT:@SECLEVEL=3", Some(3), true),
            ("DEFAULT@SECLEVEL=1", Some(1), false),
            ("@SECLEVEL=2:kEECDH:-SHA1", Some(2), true),
            ("HIGH", None, false),
            ("@SECLEVEL=4:DEFAULT@SECLEVEL=1", Some(4), true),
            ("DEFAULT@SECLEVEL=9", None, false),
            ("DEFAULT@SECLEVEL=4x", None, false),
            ("DEFAULT@STRENGTH@SECLEVEL=4", None, true),
            ("nonsense@SECLEVEL=4:HIGH", None, false),
            ("HIGH@SECLEVEL=4", Some(4), true),
            ("HIGH@SECLEVEL=2", Some(2), false),
        ] {
            let conf = conf(&format!("CipherString = {value}"));
            assert_eq!(conf.security_level(), level, "{value}");
            let limits = conf.suites_of_tls12() != Limit::None;
            assert_eq!(limits, selects, "{value}");
            let orders = value.contains("STRENGTH");
            assert_eq!(conf.orders_suites_only(), orders, "{value}");
        }
        let named = conf("CipherString = ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=2");
        assert_eq!(named.suites_of_tls12(), Limit::Only(vec![0xc02f]));
        assert_eq!(named.max_version(), None);
        assert!(!named.may_add_suites());
        assert!(conf("CipherString = CAMELLIA").may_add_suites());
    }

    #[test]
    fn a_level_leaves_what_is_strong_enough() {
        let at = |level: u8| conf(&format!("CipherString = DEFAULT@SECLEVEL={level}"));
        let nothing = Limit::None;
        let two = at(2);
        let of_two = [two.groups(), two.ciphersuites(), two.suites_of_tls12()];
        assert_eq!(of_two, [nothing.clone(), nothing.clone(), nothing.clone()]);
        let three = at(3);
        assert_eq!(three.groups(), Limit::Only(vec![29, 23, 30, 25, 24, 257]));
        assert_eq!(three.ciphersuites(), nothing);
        // No forward secrecy.
        assert!(three.suites_of_tls12().allows(0xc02f) && !three.suites_of_tls12().allows(0x009d));
        let four = at(4);
        assert_eq!(four.groups(), Limit::Only(vec![30, 25, 24]));
        assert_eq!(four.ciphersuites(), Limit::Only(vec![0x1302, 0x1303]));
        for (suite, allowed) in [(0xc030, true), (0xc02f, false), (0xc014, false)] {
            assert_eq!(four.suites_of_tls12().allows(suite), allowed, "{suite:#x}");
        }
        for (scheme, allowed) in [
            (0x0403, false),
            (0x0503, true),
            (0x0807, false),
            (0x0808, true),
        ] {
            assert_eq!(
                four.signature_algorithms().allows(scheme),
                allowed,
                "{scheme:#x}"
            );
        }
        assert_eq!(
            [two, three, four].map(|conf| conf.prime_bits()),
            [2048, 3072, 7680]
        );
    }

    /// `Name` and `1.Name` are two settings, and the second does not take everything back.
    #[test]
    fn settings_under_several_names_are_applied_one_after_the_other() {
        let several = conf("1.CipherString = AES256-SHA@SECLEVEL=3\n2.CipherString = HIGH");
        assert_eq!(several.security_level(), Some(3));
        let suites = several.suites_of_tls12();
        assert!(
            suites.allows(0xc02f) && !suites.allows(0x0035),
            "{suites:?}"
        );
        let refused = conf("1.CipherString = AES256-SHA\n2.CipherString = HIGH@FOO");
        assert_eq!(refused.suites_of_tls12(), Limit::Only(vec![0x0035]));
        let protocols = conf("1.Protocol = -TLSv1.3\n2.Protocol = TLSv1.2");
        assert!(!protocols.leaves_on(TlsVersion::V1_3));
        let highest = conf("1.MaxProtocol = TLSv1.2\n2.MaxProtocol = nonsense").max_version();
        assert_eq!(highest, Some(TlsVersion::V1_2));
        let none = conf("1.MaxProtocol = TLSv1.2\n2.MaxProtocol = None").max_version();
        assert_eq!(none, None);
    }

    /// No other provider of OpenSSL's own has what TLS needs.
    #[test]
    fn without_the_default_provider_nothing_is_left() {
        let with = |active: &str| {
            let text =
                format!("openssl_conf=a\n[a]\nproviders=b\n[b]\n{active}=c\n[c]\nactivate=1");
            let world = Fake::default().var("OPENSSL_CONF", "/o").file("/o", text);
            OpensslConf::read(&world)
        };
        assert_eq!(with("default"), None);
        for (provider, left) in [
            ("legacy", Limit::Only(Vec::new())),
            ("oqsprovider", Limit::Unknown),
        ] {
            let conf = with(provider).unwrap();
            assert_eq!(
                [conf.suites_of_tls12(), conf.ciphersuites()],
                [left.clone(), left]
            );
        }
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
