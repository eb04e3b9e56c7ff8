//! What the writer of a refused string probably meant.

use super::choice::{Choice, SslMode};
use super::error::{Demand, Error, Expected, ServiceFault};
use super::parameter::Keyword;
use super::value::{Origin, Word};
use crate::escape::escape;

impl Error {
    /// What to write instead, where that can be told: a sentence or two for the user.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::UnknownKeyword {
                suggestion: Some(keyword),
                word,
                ..
            }
            | Self::ServiceSyntax {
                fault:
                    ServiceFault::UnknownKeyword {
                        suggestion: Some(keyword),
                        word,
                    },
                ..
            } => return Some(suggested(*keyword, word)),
            Self::InvalidValue {
                keyword,
                meant: Some(meant),
                origin,
                ..
            } => {
                return Some(write(*keyword, meant, origin));
            }
            Self::InvalidValue {
                keyword: Keyword::SslMode,
                value,
                origin,
                ..
            } => {
                return (*value == Word::Shown(String::new()))
                    .then(|| write(Keyword::SslMode, SslMode::VerifyFull.as_str(), origin));
            }
            Self::ServiceNotFound { service, .. } => {
                let name = match service {
                    Word::Shown(name) => escape(name).to_string(),
                    Word::Hidden => "NAME".to_owned(),
                };
                return Some(format!(
                    "define it in ~/.pg_service.conf: a line [{name}], below it keyword=value lines"
                ));
            }
            Self::TlsRange {
                min_origin: Origin::Default,
                max,
                ..
            } => {
                return Some(format!(
                    "add ssl_min_protocol_version={max}: libpq's default is TLSv1.2"
                ));
            }
            Self::UnknownKeyword { word, .. } | Self::MissingEquals { word, .. }
                if may_be_url(word) =>
            {
                QUOTES_OR_URI
            }
            Self::UnknownKeyword { .. }
            | Self::ServiceSyntax {
                fault: ServiceFault::UnknownKeyword { .. },
                ..
            } => DOCUMENTATION,
            Self::MissingEquals { .. } => SETTINGS,
            Self::UnclosedQuote { .. } => QUOTE,
            Self::BadPercent { .. } => "a percent sign itself is written %25",
            Self::SpaceInUri { .. } => "a space in a URI is written %20",
            Self::MissingQueryEquals { .. } => {
                "query parameters are written keyword=value with & between them"
            }
            Self::ExtraEquals { .. } => "an equals sign inside a value is written %3D",
            Self::OpenBracket { .. } | Self::EmptyBrackets { .. } | Self::AfterBracket { .. } => {
                BRACKETS
            }
            Self::ServiceSyntax {
                fault: ServiceFault::MissingEquals,
                ..
            } => SERVICE_LINES,
            Self::ServiceFileUnreadable { .. } => {
                "make the file readable, or let PGSERVICEFILE name another"
            }
            Self::HostCount { .. } => {
                "give one hostaddr for every host, with empty places where there is none"
            }
            Self::PortCount { .. } => "give one port for all hosts, or one for every host",
            Self::NoHostName { byte: b'=', .. } => SWALLOWED,
            Self::NoHostName { .. } => AT_SIGN,
            Self::InvalidValue {
                value: Word::Hidden,
                expected: Expected::Port,
                ..
            } => "in a URI, / in a password is written %2F, : is %3A and @ is %40",
            Self::TlsRange { .. } | Self::ProtocolRange { .. } => {
                "lower the one or raise the other"
            }
            Self::WeakSslMode {
                reason: Demand::SystemRoots,
                ..
            } => "write sslmode=verify-full, or name a root file in sslrootcert",
            Self::WeakSslMode {
                reason: Demand::DirectNegotiation,
                ..
            } => "write sslmode=verify-full; libpq would also take verify-ca or require",
            Self::NoUser => "add user=NAME to the string",
            Self::Nul { .. }
            | Self::EncodedNul { .. }
            | Self::ServiceSyntax { .. }
            | Self::InvalidValue { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

const QUOTES_OR_URI: &str = "a value with a blank needs quotes (password='two words'); a URI \
    begins with postgresql:// or postgres://, without jdbc: or a driver's name before it";

const DOCUMENTATION: &str =
    "PostgreSQL's documentation lists the parameters under \"Parameter Key Words\"";

const SETTINGS: &str = "settings are written keyword=value with blanks between them (a database \
    alone: dbname=NAME); a value with a blank needs quotes";

const QUOTE: &str = r"close the quote; a quote inside a value is written \' and a backslash \\";

const BRACKETS: &str = "an IPv6 address is written [2001:db8::1], with a colon and the port behind \
    it if needed; a bracket in a user's name or password is written %5B or %5D";

const SERVICE_LINES: &str =
    "lines of a service are written keyword=value, without blanks round the sign";

const SWALLOWED: &str = "\"host=\" takes the next word for its value: write the host behind it, or \
    leave host out; settings are separated by blanks, not by semicolons";

const AT_SIGN: &str = "in a URI, @ in a user's name or password is written %40; in a keyword/value \
    string, host takes the name alone";

/// The setting, written where it was said.
fn write(keyword: Keyword, value: &str, origin: &Origin) -> String {
    match origin {
        Origin::Environment(variable) => format!("set {variable}={value}"),
        Origin::String { .. } | Origin::Service { .. } | Origin::Default => {
            format!("write {keyword}={value}")
        }
    }
}

fn suggested(keyword: Keyword, word: &Word) -> String {
    match word {
        Word::Shown(word) if word == "ssl" => {
            "write sslmode=verify-full, or at least sslmode=require; ssl=true is for URIs only"
                .to_owned()
        }
        _ => format!("did you mean {keyword}?"),
    }
}

/// Whether the word is a URL with the wrong scheme, or may be one.
fn may_be_url(word: &Word) -> bool {
    match word {
        Word::Hidden => true,
        Word::Shown(word) => word.contains("://"),
    }
}

/// The choice that was probably meant by a word that is none.
pub(super) fn meant_choice(
    keyword: Keyword,
    text: &[u8],
    names: &[&'static str],
) -> Option<&'static str> {
    let word = String::from_utf8_lossy(text)
        .trim()
        .to_lowercase()
        .replace(['_', ' '], "-");
    let known = if keyword == Keyword::SslMode {
        SSLMODES_ELSEWHERE
    } else {
        &[]
    };
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

/// What other drivers, and some providers' pages, write for `sslmode`.
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
    use super::super::ConnInfo;
    use super::super::fake::Fake;

    fn refusal(text: &str) -> String {
        let error = ConnInfo::read(text.as_bytes(), &Fake::default())
            .map(|_| ())
            .expect_err(text);
        format!("{error}; {}", error.hint().unwrap_or_default())
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
            let refusal = refusal(&format!("sslmode={text}"));
            assert!(
                refusal.ends_with(&format!("; write sslmode={meant}")),
                "{refusal}"
            );
        }
        assert!(!refusal("sslmode=nonsense").contains("write"));
    }

    #[test]
    fn the_hint_names_the_variable_that_is_wrong() {
        let world = Fake::default().var("PGSSLMODE", "required");
        let error = ConnInfo::read(b"", &world).map(|_| ()).unwrap_err();
        assert_eq!(error.hint().as_deref(), Some("set PGSSLMODE=require"));
    }

    #[test]
    fn half_a_value_is_completed_where_it_fits_one_only() {
        for (text, meant) in [
            ("ssl_min_protocol_version=1.3", "TLSv1.3"),
            ("require_auth=scram", "scram-sha-256"),
            ("target_session_attrs=read_write", "read-write"),
        ] {
            assert!(refusal(text).ends_with(meant), "{text}: {}", refusal(text));
        }
        assert!(refusal("target_session_attrs=read").ends_with("; "));
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        for (text, advice) in [
            ("sslmod=require", "did you mean sslmode?"),
            ("pool_size=3", "Parameter Key Words"),
            ("sslmode=", "write sslmode=verify-full"),
            ("mydb", "dbname=NAME"),
            (
                "ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2",
                "raise the other",
            ),
            ("ssl=true", "write sslmode=verify-full"),
            ("password=correct horse", "password='two words'"),
            ("postgress://u@h", "a URI begins with"),
            ("jdbc:postgresql://h/d?user=x", "without jdbc:"),
            ("postgresql://u:50%@h", "%25"),
            ("host='a", "close the quote"),
            ("host= password=x", "leave host out"),
            ("postgresql://u:p@ss@h", "%40"),
            ("postgresql://u:pa/ss@h", "%2F"),
            ("service=none", "[none]"),
            ("sslrootcert=system sslmode=require", "sslmode=verify-full"),
            ("sslnegotiation=direct", "sslmode=verify-full"),
            (
                "ssl_max_protocol_version=TLSv1.1",
                "ssl_min_protocol_version=TLSv1.1",
            ),
        ] {
            let refusal = refusal(text);
            assert!(refusal.contains(advice), "{text}: {refusal}");
        }
    }
}
