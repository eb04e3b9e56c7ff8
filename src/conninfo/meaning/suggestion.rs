//! The value that was probably meant by a refused one.

use crate::conninfo::Keyword;

/// The choice that was probably meant by an unknown word.
pub(super) fn meant_choice(
    keyword: Keyword,
    text: &[u8],
    names: &[&'static str],
) -> Option<&'static str> {
    let word = String::from_utf8_lossy(text)
        .trim()
        .to_lowercase()
        .replace(['_', ' '], "-");
    let known = match keyword {
        Keyword::SslMode => SSLMODES_ELSEWHERE,
        Keyword::TargetSessionAttrs => ROLES_ELSEWHERE,
        Keyword::LoadBalanceHosts => &[("true", "random"), ("1", "random"), ("on", "random")],
        _ => SWITCHES,
    };
    let known: Vec<_> = known
        .iter()
        .filter(|(_, meant)| names.contains(meant))
        .collect();
    if let Some((_, meant)) = known.iter().find(|(name, _)| *name == word) {
        return Some(meant);
    }
    let mut alike = names.iter().filter(|name| {
        let name = name.to_lowercase();
        word.len() > 2 && (name.starts_with(&word) || name.ends_with(&word))
    });
    if let (Some(name), None) = (alike.next(), alike.next()) {
        return Some(name);
    }
    names
        .iter()
        .map(|name| {
            (
                strsim::damerau_levenshtein(&word, &name.to_lowercase()),
                *name,
            )
        })
        .filter(|(distance, _)| *distance <= (word.len() / 3).min(2))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Values of `target_session_attrs` from other drivers.
const ROLES_ELSEWHERE: &[(&str, &str)] = &[
    ("master", "primary"),
    ("readwrite", "read-write"),
    ("readonly", "read-only"),
    ("replica", "standby"),
    ("secondary", "standby"),
    ("slave", "standby"),
];

/// Switches, where libpq has more than two values.
const SWITCHES: &[(&str, &str)] = &[
    ("0", "disable"),
    ("1", "require"),
    ("false", "disable"),
    ("no", "disable"),
    ("none", "disable"),
    ("off", "disable"),
    ("on", "require"),
    ("true", "require"),
    ("yes", "require"),
];

/// Values of `sslmode` from other drivers and from some providers' pages.
const SSLMODES_ELSEWHERE: &[(&str, &str)] = &[
    ("0", "disable"),
    ("1", "require"),
    ("enable", "require"),
    ("enabled", "require"),
    ("false", "disable"),
    ("full", "verify-full"),
    ("no", "disable"),
    ("no-verify", "require"),
    ("none", "disable"),
    ("off", "disable"),
    ("on", "require"),
    ("preferred", "prefer"),
    ("required", "require"),
    ("strict", "verify-full"),
    ("true", "require"),
    ("verify", "verify-full"),
    ("verify-all", "verify-full"),
    ("verify-identity", "verify-full"),
    ("verifyca", "verify-ca"),
    ("verifyfull", "verify-full"),
    ("yes", "require"),
];

#[cfg(test)]
mod tests {
    use crate::conninfo::fake::Fake;
    use crate::conninfo::{ConnInfo, Error};

    fn meant(text: &str) -> Option<&'static str> {
        match ConnInfo::read(text.as_bytes(), &Fake::default()) {
            Err(Error::InvalidValue { meant, .. }) => meant,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn an_sslmode_from_elsewhere_is_translated() {
        for (text, meant) in [
            ("required", "require"),
            ("Require", "require"),
            ("verify-all", "verify-full"),
            ("verify_full", "verify-full"),
            ("VERIFY-FULL", "verify-full"),
            ("verify", "verify-full"),
            ("verify_ca", "verify-ca"),
            ("no-verify", "require"),
            ("true", "require"),
            ("preferred", "prefer"),
            ("disabled", "disable"),
        ] {
            assert_eq!(self::meant(&format!("sslmode={text}")), Some(meant));
        }
        assert_eq!(meant("sslmode=nonsense"), None);
    }

    #[test]
    fn half_a_value_is_completed_where_it_fits_one_only() {
        for (text, meant) in [
            ("ssl_min_protocol_version=1.3", "TLSv1.3"),
            ("require_auth=scram", "scram-sha-256"),
            ("target_session_attrs=read_write", "read-write"),
            ("target_session_attrs=master", "primary"),
            ("target_session_attrs=slave", "standby"),
            ("gssencmode=false", "disable"),
            ("channel_binding=true", "require"),
            ("sslcertmode=none", "disable"),
            ("load_balance_hosts=true", "random"),
        ] {
            assert_eq!(self::meant(text), Some(meant), "{text}");
        }
        assert_eq!(meant("target_session_attrs=read"), None);
    }
}
