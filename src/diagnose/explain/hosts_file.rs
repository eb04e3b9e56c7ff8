//! `pg_hosts.conf`: what keeps PostgreSQL from starting with it, and lines that no client gets.

use std::io;
use std::path::Path;

use crate::conninfo::shown_path;
use crate::diagnose::{Code, Diagnosis, Finding, Level, Stage};
use crate::escape::escape;
use crate::trust::hosts_file::HostsError;

/// A `pg_hosts.conf` with which PostgreSQL does not start.
pub fn hosts_file_error(error: &HostsError) -> Diagnosis {
    let finding = Finding::error(Code::HostsFileInvalid, Stage::Trust, error.to_string());
    Diagnosis::failed(finding.hint(
        "Each line is: HOSTNAME[,HOSTNAME...] CERTIFICATE KEY [CA [PASSPHRASE_COMMAND [on|off]]]",
    ))
}

/// A `pg_hosts.conf` that cannot be read.
pub fn hosts_file_unreadable(path: &Path, error: &io::Error) -> Diagnosis {
    let message = format!("could not read \"{}\": {error}", shown_path(path));
    let finding = Finding::error(Code::HostsFileInvalid, Stage::Trust, message);
    Diagnosis::failed(finding.hint("The file is named by hosts_file in postgresql.conf. By default it is in the data directory."))
}

/// A `pg_hosts.conf` without a line: PostgreSQL then uses `ssl_cert_file`.
pub fn hosts_file_empty(path: &Path) -> Diagnosis {
    let message = format!("\"{}\" has no line", shown_path(path));
    let finding = Finding::error(Code::HostsFileInvalid, Stage::Trust, message);
    Diagnosis::failed(finding.hint("Without a line the server uses ssl_cert_file and ssl_key_file. Verify those with --cert and --key."))
}

/// No line is for this host. `sni` is what clients send for it.
pub fn no_hosts_line(path: &Path, host: &[u8], sni: Option<&str>) -> Diagnosis {
    let (message, hint) = match sni {
        Some(_) => (
            format!(
                "\"{}\" has no line for \"{}\" and none for *: the server ends the handshake with the alert unrecognized_name",
                shown_path(path),
                escape(host)
            ),
            "Add the name to a line, or add a line for *.",
        ),
        None => (
            format!(
                "\"{}\" has no line for /no_sni/ and none for *: libpq sends no name for the address \"{}\", and the server ends the handshake with the alert handshake_failure",
                shown_path(path),
                escape(host)
            ),
            "Add a line for /no_sni/ or for *.",
        ),
    };
    let finding = Finding::error(Code::HostsFileInvalid, Stage::Handshake, message);
    Diagnosis::failed(finding.hint(hint))
}

/// A name that no client can send; nothing if it can be sent.
pub fn never_sent(name: &str) -> Option<Finding> {
    let why = if name.contains('*') {
        "names are compared letter by letter, and it is not a pattern"
    } else if name.contains(':')
        || name
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        "libpq sends no name for an address"
    } else {
        return None;
    };
    let message = format!("no client gets this line by \"{}\": {why}", escape(name));
    let finding = Finding::new(
        Level::Warning,
        Code::HostsFileInvalid,
        Stage::Trust,
        message,
    );
    Some(finding.hint(
        "List every name. A line for * serves all others, /no_sni/ connections without a name.",
    ))
}

/// The key of a line is encrypted, and we do not run the command that prints its passphrase.
pub fn key_not_checked(path: &Path) -> Finding {
    let message = format!(
        "the key \"{}\" is encrypted and was not compared with its certificate: pgtls does not run the passphrase command",
        shown_path(path)
    );
    Finding::new(
        Level::Warning,
        Code::ServerKeyFileInvalid,
        Stage::Trust,
        message,
    )
    .hint("Decrypt a copy of it, and verify that with --cert and --key.")
}
