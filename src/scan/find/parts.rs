//! Names of settings: `DB_HOST`, `spring.datasource.password`, `sslMode` are a part of a connection behind a prefix that
//! its settings share.

use crate::conninfo::Keyword;

/// What a setting says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// One of libpq's keywords.
    Keyword(Keyword),
    /// Whether to use TLS: a truth value or a mode.
    Tls,
    /// Node's `rejectUnauthorized`.
    RejectUnauthorized,
    /// Which database or driver it is.
    Engine,
    /// A whole string.
    Url,
}

/// A name, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) prefix: String,
    pub(super) part: Part,
}

/// The last words of names, the longest first where one ends another.
const NAMES: &[(&str, Part)] = &[
    ("SSL_ROOT_CERT", Part::Keyword(Keyword::SslRootCert)),
    ("SSL_ROOTCERT", Part::Keyword(Keyword::SslRootCert)),
    ("SSLROOTCERT", Part::Keyword(Keyword::SslRootCert)),
    ("SSL_ROOT_CERT_PATH", Part::Keyword(Keyword::SslRootCert)),
    ("SSL_CA", Part::Keyword(Keyword::SslRootCert)),
    ("SSL_CA_FILE", Part::Keyword(Keyword::SslRootCert)),
    ("SSL_CA_PATH", Part::Keyword(Keyword::SslRootCert)),
    ("SSL_CERT", Part::Keyword(Keyword::SslCert)),
    ("SSLCERT", Part::Keyword(Keyword::SslCert)),
    ("SSL_KEY", Part::Keyword(Keyword::SslKey)),
    ("SSLKEY", Part::Keyword(Keyword::SslKey)),
    ("SSL_MODE", Part::Keyword(Keyword::SslMode)),
    ("SSLMODE", Part::Keyword(Keyword::SslMode)),
    ("SSL_ENABLED", Part::Tls),
    ("SSL_REQUIRE", Part::Tls),
    ("USE_SSL", Part::Tls),
    ("SSL", Part::Tls),
    ("TLS", Part::Tls),
    ("REJECT_UNAUTHORIZED", Part::RejectUnauthorized),
    ("HOSTADDR", Part::Keyword(Keyword::Hostaddr)),
    ("HOST_NAME", Part::Keyword(Keyword::Host)),
    ("HOSTNAME", Part::Keyword(Keyword::Host)),
    ("SERVER_NAME", Part::Keyword(Keyword::Host)),
    ("SERVERNAME", Part::Keyword(Keyword::Host)),
    ("HOST", Part::Keyword(Keyword::Host)),
    ("SERVER", Part::Keyword(Keyword::Host)),
    ("ADDRESS", Part::Keyword(Keyword::Host)),
    ("ADDR", Part::Keyword(Keyword::Host)),
    ("PORT_NUMBER", Part::Keyword(Keyword::Port)),
    ("PORT", Part::Keyword(Keyword::Port)),
    ("DATABASE_NAME", Part::Keyword(Keyword::Dbname)),
    ("DATABASE", Part::Keyword(Keyword::Dbname)),
    ("DBNAME", Part::Keyword(Keyword::Dbname)),
    ("NAME", Part::Keyword(Keyword::Dbname)),
    ("DB", Part::Keyword(Keyword::Dbname)),
    ("USER_NAME", Part::Keyword(Keyword::User)),
    ("USERNAME", Part::Keyword(Keyword::User)),
    ("USER", Part::Keyword(Keyword::User)),
    ("LOGIN", Part::Keyword(Keyword::User)),
    ("PASSWORD", Part::Keyword(Keyword::Password)),
    ("PASSWD", Part::Keyword(Keyword::Password)),
    ("PASS", Part::Keyword(Keyword::Password)),
    ("PWD", Part::Keyword(Keyword::Password)),
    ("ENGINE", Part::Engine),
    ("ADAPTER", Part::Engine),
    ("DIALECT", Part::Engine),
    ("DRIVER_CLASS_NAME", Part::Engine),
    ("DRIVER", Part::Engine),
    ("CONNECTION", Part::Engine),
    ("CLIENT", Part::Engine),
    ("TYPE", Part::Engine),
    ("VENDOR", Part::Engine),
    ("PROVIDER", Part::Engine),
    ("SCHEME", Part::Engine),
    ("JDBC_URL", Part::Url),
    ("CONNECTION_STRING", Part::Url),
    ("URL", Part::Url),
    ("URI", Part::Url),
    ("DSN", Part::Url),
];

/// Names of one word with a prefix in it.
const JOINED: &[&str] = &[
    "DBHOST",
    "DBPORT",
    "DBNAME",
    "DBUSER",
    "DBPASS",
    "DBPASSWORD",
    "DBSSLMODE",
    "DBUSERNAME",
];

/// The part that a name is about.
pub(super) fn of(key: &str) -> Option<Name> {
    if key.len() > LONGEST {
        return None;
    }
    if let Some(keyword) = Keyword::ALL
        .iter()
        .find(|keyword| keyword.variable() == Some(key))
    {
        return Some(Name {
            prefix: LIBPQ.to_owned(),
            part: Part::Keyword(*keyword),
        });
    }
    let words = words(key);
    // libpq's own words: `target_session_attrs`, `channel_binding`.
    if let Some(keyword) = Keyword::from_bytes(key.as_bytes()) {
        return Some(Name {
            prefix: String::new(),
            part: Part::Keyword(keyword),
        });
    }
    // `DBHOST`, Go's `DBHost` and `DBSSLMode`; `dbname` is libpq's own.
    let together = words.replace('_', "");
    let words = match JOINED.contains(&together.as_str()) && key.starts_with("DB") {
        true => format!("DB_{}", together.get(2..)?),
        false => words,
    };
    let ends = |name: &str| {
        words
            .strip_suffix(name)
            .filter(|prefix| prefix.is_empty() || prefix.ends_with('_'))
    };
    let (prefix, part) = NAMES
        .iter()
        .filter_map(|(name, part)| Some((ends(name)?, *part)))
        .min_by_key(|(prefix, _)| prefix.len())?;
    let prefix = prefix.trim_end_matches('_');
    // `POSTGRES_DB_HOST` beside `POSTGRES_PASSWORD`.
    let shorter = ["_DB", "_DATABASE", "_SQL"]
        .iter()
        .find_map(|end| prefix.strip_suffix(end))
        .unwrap_or(prefix);
    Some(Name {
        prefix: shorter.to_owned(),
        part,
    })
}

/// The prefix of libpq's own variables.
pub(super) const LIBPQ: &str = "PG";

const LONGEST: usize = 200;

/// The words of a name in capitals, with `_` between them: `sslRootCert` is `SSL_ROOT_CERT`.
fn words(key: &str) -> String {
    let mut words = String::with_capacity(key.len().saturating_add(8));
    let mut last: Option<char> = None;
    for c in key.trim_start_matches('$').chars() {
        let separates = !c.is_ascii_alphanumeric();
        let begins = c.is_ascii_uppercase()
            && last.is_some_and(|last| last.is_ascii_lowercase() || last.is_ascii_digit());
        if (separates || begins) && !words.is_empty() && !words.ends_with('_') {
            words.push('_');
        }
        if !separates {
            words.push(c.to_ascii_uppercase());
        }
        last = Some(c);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_a_prefix_and_a_part() {
        let host = Part::Keyword(Keyword::Host);
        let dbname = Part::Keyword(Keyword::Dbname);
        for (key, prefix, part) in [
            ("DB_HOST", "DB", host),
            ("DBHOST", "DB", host),
            ("DBHost", "DB", host),
            ("DBSSLMode", "DB", Part::Keyword(Keyword::SslMode)),
            ("POSTGRES_DB", "POSTGRES", dbname),
            ("POSTGRES_DB_HOST", "POSTGRES", host),
            ("PGHOST", "PG", host),
            ("PGDATABASE", "PG", dbname),
            ("host", "", host),
            ("hostname", "", host),
            (
                "spring.datasource.password",
                "SPRING_DATASOURCE",
                Part::Keyword(Keyword::Password),
            ),
            ("SPRING_DATASOURCE_URL", "SPRING_DATASOURCE", Part::Url),
            ("sslRootCert", "", Part::Keyword(Keyword::SslRootCert)),
            ("DB_SSLMODE", "DB", Part::Keyword(Keyword::SslMode)),
            ("ENGINE", "", Part::Engine),
            ("rejectUnauthorized", "", Part::RejectUnauthorized),
            (
                "channel_binding",
                "",
                Part::Keyword(Keyword::ChannelBinding),
            ),
            ("ssl", "", Part::Tls),
        ] {
            let expected = Name {
                prefix: prefix.to_owned(),
                part,
            };
            assert_eq!(of(key), Some(expected), "{key}");
        }
        for key in ["GHOST", "replicas", "", "report"] {
            assert_eq!(of(key), None, "{key}");
        }
    }
}
