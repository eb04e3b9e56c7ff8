//! `pgtls.toml`: named endpoints, and the demands on them. Pure: text and variables are passed in.

mod keys;
mod paths;

use std::ffi::OsString;

use pgtls::conninfo::Grammar;
use pgtls::os::bytes_of;
use pgtls::secrecy::{shown_variable, toml_text};
use serde::Deserialize;

pub(crate) use keys::Keys;

use keys::Endpoint;

/// A parsed file.
#[derive(Debug)]
pub(crate) struct Config {
    /// In the order of the file; at least one.
    pub(crate) endpoints: Vec<Entry>,
}

/// One `[[endpoint]]`, completed from `[policy]`.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its name.
    pub(crate) name: Option<String>,
    /// The string as written in the file.
    pub(crate) written: String,
    /// The connection string with variables filled in.
    pub(crate) conninfo: Vec<u8>,
    /// Its line, counted from 1.
    pub(crate) line: usize,
    /// The demands on it.
    pub(crate) keys: Keys,
}

/// What is wrong with a file. Never repeats a connection string: it may contain a password.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub(crate) struct Error {
    line: usize,
    fault: Fault,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Fault {
    #[error("{0}")]
    Toml(String),
    #[error(
        "a backslash within double quotes begins an escape of TOML, such as \\t for a tab. Write paths with /, as in c:/ssl/root.crt"
    )]
    EscapedPath,
    #[error("there is no [[endpoint]]")]
    NoEndpoint,
    #[error("the environment variable {0} is not set, or is empty")]
    Unset(String),
    #[error(
        "the value of {0} has a character that needs quotes between semicolons: put the whole string into the variable"
    )]
    Unfit(String),
    #[error("${{ begins the name of an environment variable, and }} must end it")]
    Unended,
}

impl Config {
    /// Reads a file; `var` looks up environment variables.
    pub(crate) fn parse(text: &str, var: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        let line_of = |offset| toml_text::line_of(text, offset);
        let file: File = toml::from_str(text).map_err(|error| {
            let toml_text::Fault { line, message } = toml_text::Fault::of(text, &error);
            let written = text.lines().nth(line.saturating_sub(1));
            let value = written.and_then(|line| line.split_once('='));
            let fault = match value {
                Some((_, value)) if paths::escaped(value) => Fault::EscapedPath,
                _ => Fault::Toml(message),
            };
            Error { line, fault }
        })?;
        if file.endpoint.is_empty() {
            return Err(Error {
                line: line_of(text.len()),
                fault: Fault::NoEndpoint,
            });
        }
        let common = file.policy;
        let entries = file.endpoint.into_iter().map(|endpoint| {
            let line = line_of(endpoint.conninfo.span().start);
            let raw = text.get(endpoint.conninfo.span());
            if raw.is_some_and(paths::escaped) {
                let fault = Fault::EscapedPath;
                return Err(Error { line, fault });
            }
            let conninfo = fill_in(endpoint.conninfo.get_ref(), &var);
            let keys = endpoint.keys(&common);
            Ok(Entry {
                name: endpoint.name,
                written: endpoint.conninfo.get_ref().clone(),
                conninfo: conninfo.map_err(|fault| Error { line, fault })?,
                line,
                keys,
            })
        });
        Ok(Self {
            endpoints: entries.collect::<Result<_, _>>()?,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    policy: Keys,
    #[serde(default)]
    endpoint: Vec<Endpoint>,
}

/// The form of a string, as far as it decides how a part of a value is written.
enum Form {
    /// libpq's keyword/value strings, or any URL.
    Grammar(Grammar),
    /// Settings with semicolons between them.
    Pairs,
}

impl Form {
    fn of(text: &str) -> Self {
        let is_url = text.contains("://") || text.starts_with("jdbc:");
        match Grammar::of(text.as_bytes()) {
            Grammar::Uri => Self::Grammar(Grammar::Uri),
            Grammar::KeywordValue if is_url => Self::Grammar(Grammar::Uri),
            Grammar::KeywordValue if text.contains(';') => Self::Pairs,
            Grammar::KeywordValue => Self::Grammar(Grammar::KeywordValue),
        }
    }

    /// A value that cannot change what the rest of the string means; nothing if it would.
    fn escaped(&self, value: Vec<u8>) -> Option<Vec<u8>> {
        match self {
            Self::Grammar(grammar) => Some(grammar.escaped(&value)),
            Self::Pairs => {
                let plain = |byte: &u8| byte.is_ascii_graphic() && !b";\"'{}=+%\\".contains(byte);
                value.iter().all(plain).then_some(value)
            }
        }
    }
}

/// Replaces each `${NAME}` with its value. A variable alone may contain a whole connection string.
/// Any other is part of a value and is quoted as the grammar requires, so that no password can
/// change the meaning of the string.
fn fill_in(text: &str, var: impl Fn(&str) -> Option<OsString>) -> Result<Vec<u8>, Fault> {
    let form = Form::of(text);
    let mut filled = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, behind) = after.split_once('}').ok_or(Fault::Unended)?;
        let value = var(name)
            .map(|value| bytes_of(&value))
            .filter(|value| !value.is_empty())
            .ok_or_else(|| Fault::Unset(shown_variable(name.as_bytes())))?;
        let is_all = before.is_empty() && behind.is_empty() && filled.is_empty();
        filled.extend(bytes_of(before.as_ref()));
        if is_all {
            filled.extend(value);
        } else {
            filled.extend(
                form.escaped(value)
                    .ok_or_else(|| Fault::Unfit(shown_variable(name.as_bytes())))?,
            );
        }
        rest = behind;
    }
    filled.extend(bytes_of(rest.as_ref()));
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use pgtls::audit::Rule;
    use pgtls::conninfo::TlsVersion;
    use pgtls::trust::Choice;

    use super::*;
    use crate::cli;

    fn parse(text: &str) -> Result<Config, Error> {
        Config::parse(text, |name| match name {
            "WORD" => Some("pass".into()),
            "HARD" => Some("a b'c\\d@/%".into()),
            "URL" => Some("postgresql://u:p@h/d".into()),
            "EMPTY" => Some("".into()),
            _ => None,
        })
    }

    fn conninfo(text: &str) -> String {
        let config = parse(&format!("[[endpoint]]\nconninfo = {text:?}")).unwrap();
        String::from_utf8(config.endpoints[0].conninfo.clone()).unwrap()
    }

    #[test]
    fn endpoints_have_their_own_policy_and_otherwise_the_common_one() {
        let text = r#"
            [policy]
            valid_for = "30d"
            min_tls = "1.3"
            strict = true
            clients = true
            trust = "mozilla"

            [[endpoint]]
            name = "orders"
            conninfo = "host=a"

            [[endpoint]]
            conninfo = "host=b"
            valid_for = "7d"
            strict = false
            clients = false
            trust = "system"
        "#;
        let endpoints = parse(text).unwrap().endpoints;
        let [orders, other] = endpoints.as_slice() else {
            panic!("{endpoints:?}");
        };
        assert_eq!((orders.name.as_deref(), orders.line), (Some("orders"), 11));
        assert_eq!(orders.conninfo, b"host=a");
        assert_eq!(orders.keys.valid_for, cli::parse_remaining("30d").ok());
        assert_eq!(orders.keys.strict, Some(true));
        assert_eq!(orders.keys.clients, Some(true));
        assert_eq!(other.keys.valid_for, cli::parse_remaining("7d").ok());
        assert_eq!(other.keys.min_tls, Some(TlsVersion::V1_3));
        assert_eq!(other.keys.strict, Some(false));
        assert_eq!(other.keys.clients, Some(false));
        assert_eq!(other.keys.trust, Some(Choice::System));
    }

    #[test]
    fn an_audit_cannot_allow_the_plaintext_that_must_be_refused() {
        for (policy, own, expected) in [
            (
                "refuse_plaintext = true\naudit.plaintext = \"allow\"",
                "",
                Rule::Forbid,
            ),
            (
                "refuse_plaintext = true",
                "audit.plaintext = \"warn\"",
                Rule::Forbid,
            ),
            (
                "audit.plaintext = \"allow\"",
                "refuse_plaintext = true",
                Rule::Forbid,
            ),
            (
                "refuse_plaintext = true\naudit.plaintext = \"allow\"",
                "refuse_plaintext = false",
                Rule::Allow,
            ),
            ("audit.plaintext = \"warn\"", "", Rule::Warn),
        ] {
            let text = format!("[policy]\n{policy}\n[[endpoint]]\nconninfo = \"host=h\"\n{own}");
            let config = parse(&text).unwrap();
            let rules = config.endpoints[0].keys.audit_rules();
            assert_eq!(rules.plaintext, expected, "{text}");
        }
    }

    #[test]
    fn mistakes_are_reported_with_their_line_and_without_the_string() {
        for (text, line, word) in [
            ("[policy]\nvalid_fro = \"1d\"", 2, "valid_fro"),
            ("[policy]\nvalid_for = \"soon\"", 2, "30d"),
            ("[policy]\nmin_tls = \"1.1\"", 2, "1.2 and 1.3"),
            ("[policy]\npins = [\"abc\"]", 2, "sha256//"),
            ("[policy]\npins = []", 2, "at least one pin"),
            (
                "[[endpoint]]\nconninfo = \"host=h\"\npins = []",
                3,
                "at least one pin",
            ),
            ("[policy]\nvalid_for = \"30m\"", 2, "at least 1h"),
            ("[[endpoint]]\nconninf = \"password=secret\"", 2, "conninf"),
            ("[[endpoint]]\nname = \"a\"\n\n", 1, "conninfo"),
            (
                "\n[[endpoints]]\nconninfo = \"password=secret\"",
                2,
                "endpoints",
            ),
            ("[[endpoint]]\nconninfo = \"password=secret", 2, ""),
            ("", 1, "[[endpoint]]"),
            ("[[endpoint]]\nconninfo = \"host=${NOPE}\"", 2, "NOPE"),
            ("[[endpoint]]\nconninfo = \"host=${EMPTY}\"", 2, "EMPTY"),
            (
                "[[endpoint]]\nconninfo = \"Host=h;Password=${HARD}\"",
                2,
                "HARD",
            ),
            ("[[endpoint]]\nconninfo = \"host=${WORD\"", 2, "${"),
            // A tab, and no escape at all.
            (
                "[[endpoint]]\nconninfo = \"password=secret sslrootcert=c:\\temp\\root.crt\"",
                2,
                "c:/ssl/root.crt",
            ),
            (
                "[[endpoint]]\nconninfo = \"password=secret sslrootcert=c:\\ssl\\root.crt\"",
                2,
                "c:/ssl/root.crt",
            ),
            (
                "[[endpoint]]\nconninfo = \"password=${Zq7secretXk9L}\"",
                2,
                "not shown",
            ),
            (
                "[[endpoint]]\nconninfo = \"password=${my secret}\"",
                2,
                "not shown",
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.line, line, "{text}: {error}");
            let shown = error.to_string();
            assert!(shown.contains(word), "{text}: {error}");
            assert!(!shown.contains("secret"), "{text}: {error}");
        }
        let error = parse("[policy]\nstrict = \"my secret\"").unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 2: invalid type: string (not shown: it may contain a password), expected a boolean"
        );
    }

    #[test]
    fn the_example_of_the_reference_is_read() {
        let reference = include_str!("../../docs/config.md");
        let (_, behind) = reference.split_once("```toml\n").unwrap();
        let (example, _) = behind.split_once("```").unwrap();
        let config = Config::parse(example, |_| Some("x".into())).unwrap();
        let names: Vec<_> = config.endpoints.iter().map(|one| &one.name).collect();
        assert_eq!(
            names,
            [&Some("orders".to_owned()), &Some("legacy".to_owned())]
        );
    }

    #[test]
    fn variables_are_filled_in_and_cannot_change_what_the_string_means() {
        for (text, expected) in [
            ("host=a", "host=a"),
            (
                "host=a password=${WORD} user=u",
                "host=a password=pass user=u",
            ),
            ("password=${HARD}", r"password=a\ b\'c\\d@/%"),
            ("password='${HARD}'", r"password='a\ b\'c\\d@/%'"),
            (
                "postgresql://u:${HARD}@h",
                "postgresql://u:a%20b%27c%5Cd%40%2F%25@h",
            ),
            ("${URL}", "postgresql://u:p@h/d"),
            ("host=${WORD}${WORD}", "host=passpass"),
            ("Host=h;Password=${WORD}", "Host=h;Password=pass"),
            (
                "jdbc:postgresql://h/d?password=${HARD}",
                "jdbc:postgresql://h/d?password=a%20b%27c%5Cd%40%2F%25",
            ),
            ("password=$WORD", "password=$WORD"),
        ] {
            assert_eq!(conninfo(text), expected, "{text}");
        }
    }
}
