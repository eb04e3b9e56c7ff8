//! What lies in one directory: certificates of servers, those of their CAs, and keys.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use pgtls::conninfo::shown_path;
use pgtls::trust::server_files::CertificateFile;
use pgtls::verify::{is_self_signed, likely_issued};
use pgtls::x509::{Certificate, usage_name};

/// The files that are for servers. Left out, with a note: what is only the issuer of another file, as `chain.pem` and `ca.crt`
/// are, a certificate without the intermediates that another file has after it, as certbot's `cert.pem` is, and one that is
/// for clients alone, beside others.
pub(super) fn of_servers(files: Vec<CertificateFile>) -> Vec<CertificateFile> {
    let chains: Vec<Vec<Certificate>> = files.iter().map(chain).collect();
    let others = |own: usize| {
        let all = chains.iter().enumerate();
        all.filter(move |(other, _)| *other != own)
    };
    let has_others = chains.iter().any(|chain| {
        chain
            .first()
            .is_some_and(|leaf| !is_for_clients(leaf) && !is_only_ca(leaf))
    });
    let mut kept = Vec::new();
    for (place, (file, chain)) in files.into_iter().zip(&chains).enumerate() {
        let is_above =
            !is_for_server(file.path()) && others(place).any(|(_, other)| issued(chain, other));
        let longer = others(place).find(|(_, other)| is_begun_by(other, chain));
        let path = shown_path(file.path());
        let note = match (longer, chain.last()) {
            (Some(_), _) => format!(
                "{path} is not judged: another file begins with the same certificate and has the intermediates after it. Set ssl_cert_file to that one"
            ),
            (None, Some(top)) if is_above && chain.iter().all(is_only_ca) => {
                match is_self_signed(top) {
                    true => format!(
                        "{path} is not judged: it has only certificates of CAs. To verify with its root: --sslrootcert {path}"
                    ),
                    false => format!("{path} is not judged: it has only certificates of CAs"),
                }
            }
            (None, Some(_)) if has_others && chain.first().is_some_and(is_for_clients) => format!(
                "{path} is not judged: its certificate is for clients alone (extendedKeyUsage)"
            ),
            (None, _) => {
                kept.push(file);
                continue;
            }
        };
        // If standard error is closed, the report still names what was judged.
        let _ = writeln!(io::stderr(), "pgtls: {note}");
    }
    kept
}

/// Whether PostgreSQL, or Kubernetes, calls the server's own certificate so, whatever it signed.
fn is_for_server(file: &Path) -> bool {
    let stem = file.file_stem();
    ["server", "tls"]
        .iter()
        .any(|name| stem.is_some_and(|stem| stem == *name))
}

/// What cannot be read has none. It is kept, and judged as what it is.
fn chain(file: &CertificateFile) -> Vec<Certificate> {
    let chain = file.chain().unwrap_or_default();
    let parsed: Result<Vec<Certificate>, _> =
        chain.iter().map(|der| Certificate::parse(der)).collect();
    parsed.unwrap_or_default()
}

/// Whether one of these CAs issued a certificate of the other file.
fn issued(authorities: &[Certificate], others: &[Certificate]) -> bool {
    let is_issuer = |one: &Certificate| {
        let mut others = others.iter().filter(|other| other.der != one.der);
        others.any(|other| likely_issued(one, other).is_ok())
    };
    authorities.iter().any(is_issuer)
}

/// A CA that is no server's certificate as well: it names no host.
fn is_only_ca(certificate: &Certificate) -> bool {
    let is_ca = certificate.basic_constraints.as_ref();
    is_ca.is_some_and(|constraints| constraints.ca) && certificate.subject_alt_names.is_none()
}

/// A certificate whose purposes are clients', and not servers' (RFC 5280 section 4.2.1.12).
fn is_for_clients(certificate: &Certificate) -> bool {
    let purposes = certificate
        .extended_key_usage
        .as_deref()
        .unwrap_or_default();
    let has = |wanted: &str| purposes.iter().any(|oid| usage_name(oid) == wanted);
    has("clientAuth") && !has("serverAuth") && !has("anyExtendedKeyUsage")
}

/// Whether a file has the one certificate of the other first, and more after it.
fn is_begun_by(longer: &[Certificate], alone: &[Certificate]) -> bool {
    match (longer, alone) {
        ([first, _, ..], [one]) => first.der == one.der,
        _ => false,
    }
}

/// The key of a certificate file by its name: `server.key` of `server.crt`, and certbot's `privkey.pem` of `fullchain.pem`.
pub(super) fn key_of(certificate: &Path) -> Option<PathBuf> {
    let mut names = vec![certificate.with_extension("key")];
    if certificate
        .file_stem()
        .is_some_and(|stem| stem == "fullchain")
    {
        names.push(certificate.with_file_name("privkey.pem"));
    }
    names.into_iter().find(|key| key.is_file())
}
