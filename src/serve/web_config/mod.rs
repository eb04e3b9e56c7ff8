//! The file that says who may ask, and how: the one that Prometheus and its exporters take as `--web.config.file`.
//!
//! Only what can be kept is accepted. A setting that pgtls does not know, or would not keep, is an error: who wrote it
//! relies on it.

mod tls;
mod yaml;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::conninfo::shown_path;
use crate::escape::{Shown, escape};
use crate::secrecy::toml_text::shown_word;

use yaml::{Entry, Node};

pub(super) use tls::server_config;

/// What the file says. No `Debug`: it has password hashes.
pub(super) struct WebConfig {
    pub(super) tls: Option<Tls>,
    /// The bcrypt hash of each user's password.
    pub(super) users: HashMap<String, String>,
}

/// `tls_server_config`
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tls {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
    pub(super) clients: Clients,
    pub(super) oldest: Oldest,
}

/// Whether clients must have a certificate.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Clients {
    /// None is asked for.
    NotAsked,
    /// One that is sent must be good.
    MayShow(PathBuf),
    /// There must be one, and it must be good.
    MustShow(PathBuf),
}

/// The oldest version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Oldest {
    V1_2,
    V1_3,
}

/// Why such a file cannot be used. Repeats no hash.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It, or a file that it names, cannot be read.
    #[error("could not read {file}: {why}")]
    Unreadable {
        /// Which one.
        file: Shown,
        /// Why.
        why: Shown,
    },
    /// It is not what such a file must be.
    #[error("the web configuration, line {line}: {why}")]
    Wrong {
        /// Where, counted from 1.
        line: usize,
        /// Why.
        why: String,
    },
    /// A certificate or a key is not usable.
    #[error("{file}: {why}")]
    Credentials {
        /// Which file.
        file: Shown,
        /// Why.
        why: Shown,
    },
    /// The file was guarded and is not any more.
    #[error("the web configuration has neither TLS nor users any more")]
    Unguarded,
}

impl Error {
    pub(super) fn unreadable(file: &Path, error: &io::Error) -> Self {
        Self::Unreadable {
            file: Shown::new(&shown_path(file)),
            why: Shown::new(&error.to_string()),
        }
    }

    fn wrong(line: usize, why: impl Into<String>) -> Self {
        Self::Wrong {
            line,
            why: why.into(),
        }
    }
}

impl WebConfig {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let text = str::from_utf8(bytes).map_err(|_| Error::wrong(1, "it is not UTF-8"))?;
        let mut config = Self {
            tls: None,
            users: HashMap::new(),
        };
        for entry in yaml::read(text)? {
            match entry.key.as_str() {
                "tls_server_config" => config.tls = tls(&entry)?,
                "basic_auth_users" => config.users = users(&entry)?,
                "http_server_config" => http(&entry)?,
                _ => return Err(unknown(&entry)),
            }
        }
        Ok(config)
    }
}

fn unknown(entry: &Entry) -> Error {
    let key = shown_word(&entry.key);
    let why = format!("pgtls does not know the setting {}", escape(&key));
    Error::wrong(entry.line, why)
}

fn map(entry: &Entry) -> Result<&[Entry], Error> {
    match &entry.node {
        Node::Map(entries) => Ok(entries),
        Node::Nothing => Ok(&[]),
        Node::Text(_) => {
            let why = format!("{} must have settings below it", entry.key);
            Err(Error::wrong(entry.line, why))
        }
    }
}

fn text(entry: &Entry) -> Result<&str, Error> {
    match &entry.node {
        Node::Text(text) => Ok(text),
        Node::Nothing => Ok(""),
        Node::Map(_) => {
            let why = format!("{} must have one value", entry.key);
            Err(Error::wrong(entry.line, why))
        }
    }
}

fn tls(section: &Entry) -> Result<Option<Tls>, Error> {
    let entries = map(section)?;
    if entries.is_empty() {
        return Ok(None);
    }
    let (mut certificate, mut key, mut ca) = (None, None, None);
    let (mut kind, mut oldest) = (Kind::NotAsked, Oldest::V1_2);
    let path = |entry: &Entry| -> Result<Option<PathBuf>, Error> {
        Ok(Some(text(entry)?)
            .filter(|text| !text.is_empty())
            .map(PathBuf::from))
    };
    for entry in entries {
        match entry.key.as_str() {
            "cert_file" => certificate = path(entry)?,
            "key_file" => key = path(entry)?,
            "client_ca_file" => ca = path(entry)?,
            "client_auth_type" => kind = Kind::of(text(entry)?, entry.line)?,
            "min_version" => {
                oldest = match text(entry)? {
                    "TLS12" | "" => Oldest::V1_2,
                    "TLS13" => Oldest::V1_3,
                    _ => {
                        return Err(Error::wrong(
                            entry.line,
                            "min_version must be TLS12 or TLS13",
                        ));
                    }
                };
            }
            "max_version" if matches!(text(entry)?, "TLS13" | "") => {}
            // Go ignores it, too.
            "prefer_server_cipher_suites" => {}
            _ => return Err(unknown(entry)),
        }
    }
    let missing =
        |what: &str| Error::wrong(section.line, format!("tls_server_config must have {what}"));
    let clients = match (kind, ca) {
        (Kind::NotAsked, None) => Clients::NotAsked,
        (Kind::MayShow, Some(ca)) => Clients::MayShow(ca),
        (Kind::MustShow, Some(ca)) => Clients::MustShow(ca),
        (Kind::NotAsked, Some(_)) => {
            let why =
                "client_ca_file has no effect without client_auth_type: RequireAndVerifyClientCert";
            return Err(Error::wrong(section.line, why));
        }
        (Kind::MayShow | Kind::MustShow, None) => {
            return Err(missing("client_ca_file for this client_auth_type"));
        }
    };
    Ok(Some(Tls {
        certificate: certificate.ok_or_else(|| missing("cert_file"))?,
        key: key.ok_or_else(|| missing("key_file"))?,
        clients,
        oldest,
    }))
}

#[derive(Clone, Copy)]
enum Kind {
    NotAsked,
    MayShow,
    MustShow,
}

impl Kind {
    fn of(text: &str, line: usize) -> Result<Self, Error> {
        match text {
            "NoClientCert" | "" => Ok(Self::NotAsked),
            "VerifyClientCertIfGiven" => Ok(Self::MayShow),
            "RequireAndVerifyClientCert" => Ok(Self::MustShow),
            "RequestClientCert" | "RequireAnyClientCert" => Err(Error::wrong(
                line,
                format!("{text} verifies no certificate: set RequireAndVerifyClientCert"),
            )),
            _ => Err(Error::wrong(
                line,
                "client_auth_type must be NoClientCert, VerifyClientCertIfGiven or RequireAndVerifyClientCert",
            )),
        }
    }
}

fn users(section: &Entry) -> Result<HashMap<String, String>, Error> {
    let mut users = HashMap::new();
    for entry in map(section)? {
        let hash = text(entry)?;
        if entry.key.contains(':') {
            return Err(Error::wrong(
                entry.line,
                "a user's name must not contain a colon",
            ));
        }
        match cost(hash) {
            None => {
                let why = "a password must be hashed with bcrypt, as `htpasswd -nBC 10 NAME` does";
                return Err(Error::wrong(entry.line, why));
            }
            Some(cost) if cost > MOST_COST => {
                let why =
                    format!("a bcrypt cost of {cost} takes too long: use at most {MOST_COST}");
                return Err(Error::wrong(entry.line, why));
            }
            Some(_) => {}
        }
        users.insert(entry.key.clone(), hash.to_owned());
    }
    Ok(users)
}

/// The cost of a bcrypt hash, if it is one.
pub(super) fn cost(hash: &str) -> Option<u32> {
    let parts: Vec<&str> = hash.split('$').collect();
    let ["", "2a" | "2b" | "2x" | "2y", cost, rest] = parts.as_slice() else {
        return None;
    };
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'/';
    let is_whole = rest.len() == 53 && rest.bytes().all(is_base64) && cost.len() == 2;
    let cost = cost.parse().ok().filter(|cost| (4..=31).contains(cost));
    cost.filter(|_| is_whole)
}

/// Some two seconds of one core.
const MOST_COST: u32 = 14;

fn http(section: &Entry) -> Result<(), Error> {
    for entry in map(section)? {
        match entry.key.as_str() {
            // It is an offer: what is spoken here is HTTP/1.1.
            "http2" => {
                text(entry)?;
            }
            _ => return Err(unknown(entry)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";

    fn error(text: &str) -> String {
        let error = WebConfig::parse(text.as_bytes()).err();
        error.map_or_else(String::new, |error| error.to_string())
    }

    #[test]
    fn the_usual_file_is_read() {
        let text = format!(
            "# who may ask\ntls_server_config:\n  cert_file: server.crt\n  key_file: \"server.key\"\n  \
             client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: 'ca.crt'\n  min_version: TLS13\n\
             http_server_config:\n  http2: true\nbasic_auth_users:\n  ann: {HASH}\n  'bob': '{HASH}'\n"
        );
        let config = WebConfig::parse(text.as_bytes()).ok().unwrap();
        assert_eq!(
            config.tls,
            Some(Tls {
                certificate: "server.crt".into(),
                key: "server.key".into(),
                clients: Clients::MustShow("ca.crt".into()),
                oldest: Oldest::V1_3,
            })
        );
        assert_eq!(config.users.len(), 2);
        assert_eq!(config.users.get("bob").map(String::as_str), Some(HASH));
        let empty = WebConfig::parse(b"").ok().unwrap();
        assert!(empty.tls.is_none() && empty.users.is_empty());
    }

    #[test]
    fn what_would_not_be_kept_is_refused() {
        let tls = "tls_server_config:\n  cert_file: a\n  key_file: b\n";
        for (text, word) in [
            (
                "tls_server_config:\n  key_file: a\n".to_owned(),
                "cert_file",
            ),
            (
                "tls_server_config:\n  cert_file: a\n".to_owned(),
                "key_file",
            ),
            ("tls_config:\n  cert_file: a\n".to_owned(), "tls_config"),
            (format!("{tls}  client_ca_file: c\n"), "client_auth_type"),
            (
                format!("{tls}  client_auth_type: RequireAndVerifyClientCert\n"),
                "client_ca_file",
            ),
            (
                format!("{tls}  client_auth_type: RequireAnyClientCert\n  client_ca_file: c\n"),
                "verifies no",
            ),
            (format!("{tls}  client_auth_type: yes\n"), "must be"),
            (format!("{tls}  min_version: TLS10\n"), "TLS12"),
            (format!("{tls}  max_version: TLS12\n"), "max_version"),
            (
                format!("{tls}  cipher_suites:\n    - TLS_AES_128_GCM_SHA256\n"),
                "list",
            ),
            (
                format!("{tls}  client_allowed_sans: x\n"),
                "client_allowed_sans",
            ),
            (
                "http_server_config:\n  headers:\n    X: y\n".to_owned(),
                "headers",
            ),
            ("basic_auth_users:\n  ann: secret\n".to_owned(), "bcrypt"),
            (
                format!(
                    "basic_auth_users:\n  ann: {}\n",
                    HASH.replace("$10$", "$31$")
                ),
                "cost",
            ),
            (
                format!("basic_auth_users:\n  ann: {HASH}\n  ann: {HASH}\n"),
                "twice",
            ),
            ("basic_auth_users: ann\n".to_owned(), "below"),
        ] {
            let why = error(&text);
            assert!(why.contains(word), "{text}: {why}");
            assert!(!why.contains("secret") && !why.contains("X0h1gDs"), "{why}");
        }
    }
}
