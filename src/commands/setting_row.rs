//! How `pgtls conninfo` shows one setting: libpq's own meaning, and the files that count although nothing names them.

use std::path::PathBuf;

use pgtls::conninfo::{ConnInfo, Keyword, Origin, Setting, Value, shown_path};
use pgtls::escape::escape;

/// The value as libpq takes it.
pub(super) fn value(keyword: Keyword, setting: &Setting<Value>) -> String {
    if is_default_mode(keyword, setting) {
        return "prefer".to_owned();
    }
    escape(&setting.value.to_string()).to_string()
}

/// Where it comes from.
pub(super) fn origin(keyword: Keyword, setting: &Setting<Value>) -> String {
    if is_default_mode(keyword, setting) {
        return "libpq's default (pgtls check verifies as verify-full instead)".to_owned();
    }
    escape(&setting.origin.to_string()).to_string()
}

/// pgtls reads a missing sslmode as verify-full; libpq does not.
fn is_default_mode(keyword: Keyword, setting: &Setting<Value>) -> bool {
    keyword == Keyword::SslMode && setting.origin == Origin::Default
}

/// The files of `~/.postgresql` that libpq uses because no setting names others.
pub(super) fn home_files(conninfo: &ConnInfo) -> Vec<(Keyword, PathBuf)> {
    let Some(home) = &conninfo.home_files else {
        return Vec::new();
    };
    let is_set = |keyword| is_set(conninfo, keyword);
    let crls = [Keyword::SslCrl, Keyword::SslCrlDir];
    [
        (
            Keyword::SslRootCert,
            "root.crt",
            is_set(Keyword::SslRootCert),
        ),
        (Keyword::SslCrl, "root.crl", crls.into_iter().any(is_set)),
        (Keyword::SslCert, "postgresql.crt", is_set(Keyword::SslCert)),
        (Keyword::SslKey, "postgresql.key", is_set(Keyword::SslKey)),
    ]
    .into_iter()
    .filter(|(_, _, is_set)| !is_set)
    .map(|(keyword, file, _)| (keyword, home.join(file)))
    .filter(|(_, path)| path.exists())
    .collect()
}

/// Whether a setting has a value: libpq takes an empty name of a file for none.
pub(super) fn is_set(conninfo: &ConnInfo, keyword: Keyword) -> bool {
    conninfo
        .parameter(keyword)
        .is_some_and(|setting| !setting.value.as_bytes().is_empty())
}

/// Such a file as a row: keyword, path and reason.
pub(super) fn of_home((keyword, path): (Keyword, PathBuf)) -> (&'static str, String, String) {
    let why = format!("exists, and counts because {} is not set", keyword.as_str());
    (keyword.as_str(), shown_path(&path), why)
}
