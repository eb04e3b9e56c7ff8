//! What the writer of a refused string probably meant.

use super::error::{Demand, Error, Expected, ServiceFault};
use super::parameter::Keyword;
use super::value::Word;

impl Error {
    /// What to write instead, where that can be told: a sentence or two for the user.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::UnknownKeyword { suggestion: Some(keyword), word, .. }
            | Self::ServiceSyntax {
                fault: ServiceFault::UnknownKeyword { suggestion: Some(keyword), word }, ..
            } => suggested(*keyword, word),
            Self::UnknownKeyword { word, .. } | Self::MissingEquals { word, .. } if may_be_url(word) => {
                "a value with a blank needs quotes (password='two words'); a URI begins with postgresql:// or \
                 postgres://, without jdbc: or a driver's name before it"
                    .to_owned()
            }
            Self::MissingEquals { .. } => "settings are written keyword=value with blanks between them; a value with a \
                                           blank needs quotes"
                .to_owned(),
            Self::UnclosedQuote { .. } => {
                "close the quote; a quote inside a value is written \\' and a backslash \\\\".to_owned()
            }
            Self::BadPercent { .. } => "a percent sign itself is written %25".to_owned(),
            Self::SpaceInUri { .. } => "a space in a URI is written %20".to_owned(),
            Self::MissingQueryEquals { .. } => "query parameters are written keyword=value with & between them".to_owned(),
            Self::ExtraEquals { .. } => "an equals sign inside a value is written %3D".to_owned(),
            Self::OpenBracket { .. } | Self::EmptyBrackets { .. } | Self::AfterBracket { .. } => {
                "an IPv6 address is written [2001:db8::1], with a colon and the port behind it if needed; a bracket in \
                 a user's name or password is written %5B or %5D"
                    .to_owned()
            }
            Self::ServiceNotFound { service, .. } => {
                format!("define it in ~/.pg_service.conf as a line [{service}] with keyword=value lines below it, or name the file in PGSERVICEFILE")
            }
            Self::ServiceSyntax { fault: ServiceFault::MissingEquals, .. } => {
                "lines of a service are written keyword=value, without blanks round the sign".to_owned()
            }
            Self::ServiceFileUnreadable { .. } => "PGSERVICEFILE names it; correct or unset the variable".to_owned(),
            Self::HostCount { .. } => "give one hostaddr for every host, with empty places where there is none".to_owned(),
            Self::PortCount { .. } => "give one port for all hosts, or one for every host".to_owned(),
            Self::NoHostName { byte: b'=', .. } => {
                "\"host=\" takes the next word for its value: write the host behind it, or leave host out; settings are \
                 separated by blanks, not by semicolons"
                    .to_owned()
            }
            Self::NoHostName { .. } => {
                "in a URI, @ in a user's name or password is written %40; in a keyword/value string, host takes the \
                 name alone"
                    .to_owned()
            }
            Self::InvalidValue { keyword, meant: Some(meant), .. } => format!("write {keyword}={meant}"),
            Self::InvalidValue { value: Word::Hidden, expected: Expected::Port, .. } => {
                "in a URI, these signs in a password are written as %2F for /, %3A for : and %40 for @".to_owned()
            }
            Self::InvalidValue { expected: Expected::Address, .. } => "use host for names".to_owned(),
            Self::TlsRange { max, .. } => {
                format!("libpq demands TLSv1.2 unless told otherwise; add ssl_min_protocol_version={max} to allow less")
            }
            Self::WeakSslMode { reason: Demand::SystemRoots, .. } => {
                "write sslmode=verify-full, or name a root file in sslrootcert".to_owned()
            }
            Self::WeakSslMode { reason: Demand::DirectNegotiation, .. } => {
                "write sslmode=verify-full (verify-ca and require would do for libpq)".to_owned()
            }
            Self::NoUser => "add user=NAME to the string".to_owned(),
            Self::Nul { .. }
            | Self::UnknownKeyword { .. }
            | Self::EncodedNul { .. }
            | Self::ServiceSyntax { .. }
            | Self::InvalidValue { .. }
            | Self::ProtocolRange { .. } => return None,
        };
        Some(hint)
    }
}

fn suggested(keyword: Keyword, word: &Word) -> String {
    match word {
        Word::Shown(word) if word == "ssl" => {
            "write sslmode=require, or better sslmode=verify-full; libpq knows ssl=true in URIs only".to_owned()
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
    fn a_refusal_says_what_to_do() {
        for (text, advice) in [
            ("sslmod=require", "did you mean sslmode?"),
            ("ssl=true", "write sslmode=require"),
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
