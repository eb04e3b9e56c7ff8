//! A PKCS #12 archive with a server's certificate: why it cannot be read, and that PostgreSQL does not read it.

use std::path::Path;

use super::files::quoted_path;
use crate::conninfo::shown_path;
use crate::diagnose::{Code, Diagnosis, Finding, Hint, Level, Stage};
use crate::trust::server_archive::{ArchiveError, ArchiveOrder, Archived, ArchivedKey};
use crate::trust::{ArchiveFault, ChainFault};

/// An archive that is not that of a server.
pub fn archive_error(path: &Path, error: &ArchiveError) -> Diagnosis {
    let message = format!(
        "the PKCS#12 file \"{}\" cannot be used: {error}",
        shown_path(path)
    );
    let file = quoted_path(path);
    let (code, hint) = match error {
        ArchiveError::Archive(ArchiveFault::PasswordMissing) => (
            Code::ServerCertFileInvalid,
            "Put its password into a file that only you can read, and add --password-file FILE. Or set an environment variable, and add --password-env NAME.".into(),
        ),
        ArchiveError::Archive(ArchiveFault::WrongPassword) => (
            Code::ServerCertFileInvalid,
            Hint::say("Check the password. The first line of the file counts, without its line end. openssl asks for it:")
                .show(format!("openssl pkcs12 -in {file} -noout")),
        ),
        ArchiveError::Archive(ArchiveFault::Unsupported { scheme }) => (
            Code::ServerCertFileInvalid,
            Hint::say("Let openssl write the certificates to a file, and verify that:")
                .show(format!(
                    "openssl pkcs12{} -in {file} -nokeys -out chain.pem",
                    legacy(scheme)
                ))
                .show("pgtls verify chain.pem"),
        ),
        ArchiveError::Archive(ArchiveFault::Damaged | ArchiveFault::TooMuch) => (
            Code::ServerCertFileInvalid,
            "Export it again.".into(),
        ),
        ArchiveError::Archive(ArchiveFault::NoCertificate) => (
            Code::ServerCertFileInvalid,
            "Export it again, with the server's certificate and its chain.".into(),
        ),
        ArchiveError::Chain(ChainFault::WeakKey { .. } | ChainFault::WeakSignature { .. }) => (
            Code::ServerCertFileInvalid,
            "OpenSSL refuses it at security level 2. Have it reissued with a key of at least RSA 2048 or ECDSA P-256, signed with SHA-256.".into(),
        ),
        ArchiveError::Chain(_) => (
            Code::ServerCertFileInvalid,
            "PostgreSQL would not start with these certificates.".into(),
        ),
        ArchiveError::Key(_) => (
            Code::ServerKeyFileInvalid,
            "Export it again with the key of the server's certificate.".into(),
        ),
        ArchiveError::Mismatch => (
            Code::ServerKeyMismatch,
            "Export it again with the certificate that belongs to the key.".into(),
        ),
    };
    Diagnosis::failed(Finding::error(code, Stage::Trust, message).hint(hint))
}

/// What OpenSSL 3 needs for the ciphers of its legacy provider.
fn legacy(scheme: &str) -> &'static str {
    match is_legacy(scheme) {
        true => " -legacy",
        false => "",
    }
}

/// Is this a cipher of the legacy provider of OpenSSL 3? Triple DES is not.
pub(super) fn is_legacy(scheme: &str) -> bool {
    let old = ["DES", "RC2", "RC4", "RC5", "BF", "CAST5", "SEED", "IDEA"];
    let mut parts = scheme.split('-');
    !scheme.starts_with("DES-EDE") && parts.any(|part| old.contains(&part))
}

/// What remains to be done with an archive that was verified.
pub fn archive_note(path: &Path, archive: &Archived) -> Finding {
    let message = match archive.key {
        ArchivedKey::First | ArchivedKey::Later { .. } => {
            "PostgreSQL reads no PKCS#12: convert the file for ssl_cert_file and ssl_key_file"
        }
        ArchivedKey::Absent => {
            "PostgreSQL reads no PKCS#12: convert the file for ssl_cert_file. It holds no key: ssl_key_file must name the key of this certificate"
        }
    };
    let file = quoted_path(path);
    let all = format!("openssl pkcs12 -in {file} -nokeys -out server.crt");
    let hint = Hint::say("openssl asks for the password:");
    let hint = match archive.order {
        ArchiveOrder::LeafFirst => hint.show(all),
        // openssl writes the certificates in the order of the archive, PostgreSQL needs the server's own first.
        ArchiveOrder::LeafMarked => hint.show(format!(
            "(openssl pkcs12 -in {file} -clcerts -nokeys; openssl pkcs12 -in {file} -cacerts -nokeys) > server.crt"
        )),
        ArchiveOrder::LeafUnmarked { position } => hint.show(all).then(format!(
            "PostgreSQL needs the server's own certificate first. Move certificate {} of server.crt to the top of it.",
            position.saturating_add(1)
        )),
    };
    let key = format!("(umask 077; openssl pkcs12 -in {file} -nocerts -nodes -out server.key)");
    let hint = match archive.key {
        ArchivedKey::Absent => hint,
        ArchivedKey::First => hint.show(key),
        ArchivedKey::Later { position } => hint.show(key).then(format!(
            "PostgreSQL reads the first key only. Move key {} of server.key to the top of it.",
            position.saturating_add(1)
        )),
    };
    Finding::new(
        Level::Info,
        Code::ServerCertFileInvalid,
        Stage::Trust,
        message.to_owned(),
    )
    .hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triple_des_is_no_cipher_of_the_legacy_provider() {
        for scheme in ["DES-CBC", "PBE-MD5-DES", "PBE-SHA1-RC2-40", "BF-CBC", "RC4"] {
            assert!(is_legacy(scheme), "{scheme}");
        }
        for scheme in [
            "DES-EDE-CBC",
            "AES-256-CFB",
            "CAMELLIA-256-CBC",
            "1.2.840.113549.2.6",
        ] {
            assert!(!is_legacy(scheme), "{scheme}");
        }
    }
}
