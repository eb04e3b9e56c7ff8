//! Does `identity::load` accept the client certificates and keys that real libpq accepts?
//!
//! libpq loads them after the server's `S` and before the handshake: a server that answers the
//! ClientHello with an alert distinguishes a client that loaded its files from one that did not.

mod chains;
mod keys;
mod lab;
mod paths;

use nix::unistd::geteuid;
use pgtls::escape::escape;
use pgtls::trust::identity::IdentityError;
use pgtls::trust::{ChainFault, KeyFault, PemFault};

use self::lab::{Lab, PASSWORD, Row, Verdict, serve_alerts};
use crate::support::alone::alone;
use crate::support::libpq::connect_all;
use crate::support::library::{Library, libraries};
use crate::support::skip::{has_openssl, skip};

use chains::{certificate_rows, chain_rows};
use keys::{encryption_rows, key_format_rows, key_kind_rows};
use paths::{ownership_rows, path_rows, permission_rows};

/// libpq's message after the server's alert: the files were valid.
const LOADED: &str = "alert handshake failure";
/// A user with no rights.
const NOBODY: u32 = 65534;

#[test]
fn identities_are_loaded_as_libpq_loads_them() {
    alone(
        module_path!(),
        "identities_are_loaded_as_libpq_loads_them",
        compare,
    );
}

/// Some rows are another user's: the whole process changes to it.
fn compare() {
    if !has_openssl() {
        return;
    }
    let lab = Lab::new();
    let rows = rows(&lab);
    let port = serve_alerts();
    let attempts: Vec<_> = rows.iter().map(|row| row.attempt(port)).collect();
    // OpenSSL 1.1.1 reads keys in its own way, and pgtls does not answer for it.
    for library in libraries()
        .iter()
        .filter(|library| !library.openssl.is_old())
    {
        compare_with(library, &rows, &connect_all(library, &attempts));
    }
}

fn compare_with(library: &Library, rows: &[Row], answers: &[Vec<u8>]) {
    let mut failures = Vec::new();
    let mut loaded = 0;
    for (row, answer) in rows.iter().zip(answers) {
        let answer = escape(answer.trim_ascii_end()).to_string();
        let theirs = answer
            .split_once(" failed: ")
            .map_or(&*answer, |(_, why)| why);
        let they_load = theirs.ends_with(LOADED);
        loaded += usize::from(they_load);
        let ours = row.load();
        let agreed = match row.verdict {
            Verdict::Same => ours.is_ok() == they_load && said_alike(row, &ours, theirs),
            Verdict::OnlyLibpq(_) => ours.is_err() && they_load,
            Verdict::MayLoad(_) => ours.is_err() && (they_load || said_alike(row, &ours, theirs)),
        };
        if !agreed {
            failures.push(format!(
                "{}\n  ours:   {ours:?}\n  theirs: {theirs}",
                row.name
            ));
        }
        for shown in [
            format!("{ours:?}"),
            ours.map_or_else(|error| error.to_string(), drop_it),
        ] {
            assert!(!shown.contains(PASSWORD), "{} shows the password", row.name);
        }
    }
    let differences = rows
        .iter()
        .filter(|row| row.verdict != Verdict::Same)
        .count();
    println!(
        "{library}: {} rows, {loaded} loaded by libpq, {differences} stated differences",
        rows.len()
    );
    assert!(failures.is_empty(), "{library}: {}", failures.join("\n"));
    assert!(
        loaded > 30 && rows.len() - loaded > 30,
        "{library}: a table of one colour"
    );
}

/// If libpq has its own sentence, ours is the same. If OpenSSL gives the reason, the reason is the
/// same.
fn said_alike(row: &Row, ours: &Result<String, IdentityError>, theirs: &str) -> bool {
    let Err(error) = ours else { return true };
    let fragments: &[&str] = match error {
        IdentityError::CertificateInaccessible { .. }
        | IdentityError::KeyMissing { .. }
        | IdentityError::KeyInaccessible { .. }
        | IdentityError::KeyNotRegular { .. }
        | IdentityError::KeyPermissions { .. } => return error.to_string() == theirs,
        IdentityError::Engine { .. } => &["could not load SSL engine"],
        IdentityError::Mismatch { .. } => &["key values mismatch", "no certificate assigned"],
        // OpenSSL's reason is the system's, which libpq 15 turns into noise.
        IdentityError::KeyUnreadable { .. } => &["could not load private key file"],
        IdentityError::CertificateUnreadable { .. } => &["could not read certificate file"],
        IdentityError::Swapped { .. } => &["no start line"],
        IdentityError::CertificateInvalid { fault, .. } => match fault {
            ChainFault::NoCertificate(_) => &["no start line"],
            ChainFault::Pem(PemFault::Base64 { .. }) => &["bad base64 decode"],
            ChainFault::Pem(_) => &["bad end line"],
            ChainFault::Invalid { .. } => &["invalid certificate"],
            ChainFault::WeakKey { position: 0, .. } => &["ee key too small"],
            ChainFault::WeakKey { .. } => &["ca key too small"],
            ChainFault::WeakSignature { .. } => &["ca md too weak"],
            ChainFault::UnusableKey { .. } => &["unknown certificate type", "key too small"],
            ChainFault::Encrypted { .. } => &["not proc type"],
            ChainFault::Damaged { .. } => &["too long", "header too long", "not enough data"],
        },
        IdentityError::KeyInvalid { fault, .. } => match fault {
            KeyFault::PasswordMissing => &["processing error", "bad password read"],
            // One wrong password in 256 leaves padding that is right by chance, around noise.
            KeyFault::WrongPassword if row.password != Some(PASSWORD) => {
                &["bad decrypt", "unsupported"]
            }
            KeyFault::WrongPassword => &["bad decrypt"],
            _ => &[
                "unsupported",
                "not proc type",
                "not dek info",
                "bad iv chars",
                "missing dek iv",
                "not encrypted",
            ],
        },
        IdentityError::CertificateMissing { .. }
        | IdentityError::LoneKeyMissing { .. }
        | IdentityError::KeyUnnamed { .. }
        | IdentityError::NoCertificate => &[],
    };
    fragments.iter().any(|fragment| theirs.contains(fragment))
}

fn drop_it(_: String) -> String {
    String::new()
}

fn rows(lab: &Lab) -> Vec<Row> {
    let mut rows = key_format_rows(lab);
    rows.extend(encryption_rows(lab));
    rows.extend(key_kind_rows(lab));
    rows.extend(certificate_rows(lab));
    rows.extend(chain_rows(lab));
    rows.extend(path_rows(lab));
    rows.extend(permission_rows(lab));
    if geteuid().is_root() {
        rows.extend(ownership_rows(lab));
    } else {
        skip("the rows about files of other users need root");
    }
    rows
}
