//! A bad request: what is wrong with the string, or with a file that it names.

use std::io;
use std::path::{Path, PathBuf};

use super::{Code, Diagnosis, Finding, Stage};
use crate::conninfo::{Class, ConnInfo, Endpoint, Error, Keyword, Route, SslMode};
use crate::escape::escape;
use crate::exit::Exit;
use crate::trust::file::{Kind, Unusable};
use crate::trust::{self, FileRole, IdentityError, Level, NamedPath, Trust};

/// A connection string that libpq would refuse.
pub fn conninfo_error(error: &Error) -> Diagnosis {
    let code = match error.class() {
        Class::BadConninfo => Code::BadConninfo,
        Class::UnknownKeyword => Code::UnknownKeyword,
        Class::InvalidValue => Code::InvalidValue,
        Class::WeakSslMode => Code::WeakSslmode,
    };
    let mut finding = Finding::error(code, Stage::Conninfo, error.to_string());
    finding.hint = error.hint();
    Diagnosis::failed(Exit::Usage, finding)
}

/// A file that is named, or is there by default, and cannot be used.
pub fn trust_error(conninfo: &ConnInfo, error: &trust::Error) -> Diagnosis {
    Diagnosis::failed(Exit::Usage, file_finding(conninfo, error))
}

fn file_finding(conninfo: &ConnInfo, error: &trust::Error) -> Finding {
    let finding = |code, message: String| Finding::error(code, Stage::Trust, message);
    match error {
        trust::Error::Missing {
            role,
            path,
            similar,
            bundled,
        } => {
            let code = match role {
                FileRole::Roots => Code::RootFileMissing,
                FileRole::Crls | FileRole::CrlDirectory => Code::CrlFileMissing,
            };
            let mut advice = vec![looked_at(path)];
            advice.extend(lost_backslashes(conninfo, keyword(*role)));
            advice.extend(bundled.map(|root| {
                format!(
                    "That root is compiled in. Write it there with\n    pgtls roots export {} > {}",
                    root.name,
                    quoted(path)
                )
            }));
            advice.extend(beside(similar));
            advice.extend(libpq_goes_on(conninfo, *role));
            finding(code, error.to_string()).hint(advice.join("\n"))
        }
        trust::Error::Unreadable { role, path, source } => {
            let mut advice = looked_at(path);
            if source.kind() == io::ErrorKind::IsADirectory {
                advice.push_str(&format!(
                    "\nIt is a directory; {} names one file.",
                    keyword(*role)
                ));
            }
            finding(invalid(*role), format!("{error}: {source}")).hint(advice)
        }
        trust::Error::Unusable { role, path, fault } => {
            let advice = format!("{}\n{}", looked_at(path), mend(*role, path, fault));
            finding(invalid(*role), error.to_string()).hint(advice)
        }
        trust::Error::Identity(error) => identity_finding(conninfo, error),
    }
}

fn keyword(role: FileRole) -> Keyword {
    match role {
        FileRole::Roots => Keyword::SslRootCert,
        FileRole::Crls => Keyword::SslCrl,
        FileRole::CrlDirectory => Keyword::SslCrlDir,
    }
}

fn invalid(role: FileRole) -> Code {
    match role {
        FileRole::Roots => Code::RootFileInvalid,
        FileRole::Crls | FileRole::CrlDirectory => Code::CrlFileInvalid,
    }
}

/// Where libpq would silently do less than the string asks for.
fn libpq_goes_on(conninfo: &ConnInfo, role: FileRole) -> Option<String> {
    let mode = conninfo.sslmode.value;
    match role {
        FileRole::Roots if mode < SslMode::VerifyCa => Some(format!(
            "psql with sslmode={mode} would go on here and verify nothing, without a word."
        )),
        FileRole::Crls => {
            Some("psql would go on here and check no revocation, without a word.".to_owned())
        }
        FileRole::Roots | FileRole::CrlDirectory => None,
    }
}

fn lost_backslashes(conninfo: &ConnInfo, keyword: Keyword) -> Option<String> {
    let lost = conninfo.lost_backslashes(keyword)?;
    Some(format!(
        "A backslash escapes in a keyword/value string, so {} lost its own. Write one of\n    {}\n    {}",
        lost.typed, lost.with_slashes, lost.doubled
    ))
}

fn identity_finding(conninfo: &ConnInfo, error: &IdentityError) -> Finding {
    let finding = |code| Finding::error(code, Stage::Trust, error.to_string());
    let advice = |first: Option<String>, keyword, similar: &[PathBuf]| {
        let parts = [first, lost_backslashes(conninfo, keyword), beside(similar)];
        parts.into_iter().flatten().collect::<Vec<_>>().join("\n")
    };
    match error {
        IdentityError::CertificateMissing { similar, .. } => {
            let goes_on = "psql would go on here without a client certificate, without a word.";
            finding(Code::ClientCertFileMissing)
                .hint(advice(Some(goes_on.to_owned()), Keyword::SslCert, similar))
        }
        IdentityError::CertificateInaccessible { .. } => finding(Code::ClientCertFileInvalid)
            .hint("Let this user look into that directory, or set HOME to one that it can read, or sslcertmode=disable (libpq 16 and newer)."),
        IdentityError::CertificateUnreadable { .. } => finding(Code::ClientCertFileInvalid)
            .hint("Let this user read the file, or set sslcertmode=disable (libpq 16 and newer)."),
        IdentityError::CertificateInvalid { .. } => finding(Code::ClientCertFileInvalid)
            .hint("sslcert names a PEM file: the client's certificate first, then its intermediates."),
        IdentityError::KeyMissing { similar, .. } | IdentityError::LoneKeyMissing { similar, .. } => {
            let name_it = "Name the certificate's private key with sslkey=FILE.";
            finding(Code::ClientKeyFileMissing)
                .hint(advice(Some(name_it.to_owned()), Keyword::SslKey, similar))
        }
        IdentityError::KeyUnnamed { .. } => finding(Code::ClientKeyFileMissing)
            .hint("Name the certificate's private key with sslkey=FILE."),
        IdentityError::Engine { .. } => finding(Code::ClientKeyFileInvalid)
            .hint("pgtls reads keys from files only."),
        IdentityError::KeyInaccessible { .. }
        | IdentityError::KeyNotRegular { .. }
        | IdentityError::KeyUnreadable { .. } => finding(Code::ClientKeyFileInvalid)
            .hint("sslkey names a regular file that this user can read."),
        IdentityError::KeyPermissions { path, mode } => finding(Code::KeyFilePermissions).hint(format!(
            "It has {mode:04o}.\n    chmod 600 {}\nIn Kubernetes: defaultMode: 0400 (0440 with fsGroup) on the secret's volume.",
            quoted_path(path)
        )),
        IdentityError::KeyInvalid { .. } => finding(Code::ClientKeyFileInvalid)
            .hint("sslkey names a PEM or DER private key (PKCS#8, PKCS#1 or SEC1); an encrypted one needs sslpassword."),
        IdentityError::Mismatch { certificate, key } => finding(Code::ClientKeyMismatch).hint(format!(
            "Compare their public keys:\n    openssl x509 -in {} -noout -pubkey\n    openssl pkey -in {} -pubout",
            quoted_path(certificate),
            quoted_path(key)
        )),
        IdentityError::NoCertificate => finding(Code::ClientCertFileMissing)
            .hint("Name one with sslcert=FILE sslkey=FILE, or leave sslcertmode=require out."),
    }
}

/// A request with which there is nothing to check; `None` if it may go ahead.
pub fn unchecked(conninfo: &ConnInfo, endpoint: &Endpoint, trust: &Trust) -> Option<Diagnosis> {
    if endpoint.route() == Route::Socket {
        // Reported by the connection step, whatever the mode.
        return None;
    }
    let finding = if conninfo.sslmode.value == SslMode::Disable {
        Finding::error(
            Code::WeakSslmode,
            Stage::Conninfo,
            format!(
                "sslmode=disable (from {}) asks for no TLS: there is nothing to check",
                conninfo.sslmode.origin
            ),
        )
        .hint("Use sslmode=verify-full with sslrootcert=FILE, or leave sslmode out.")
    } else if trust.level == Level::ChainAndName && endpoint.host.is_none() {
        no_host_name()
    } else {
        return None;
    };
    Some(Diagnosis::failed(Exit::Usage, finding))
}

/// verify-full without a name to verify.
pub(super) fn no_host_name() -> Finding {
    Finding::error(
        Code::BadConninfo,
        Stage::Conninfo,
        "host name must be specified for a verified SSL connection",
    )
    .hint("hostaddr says where to connect, host says whom to expect there. Write both:\n    host=NAME hostaddr=ADDRESS")
}

fn beside(similar: &[PathBuf]) -> Option<String> {
    let names: Vec<String> = similar.iter().map(|path| shown(path)).collect();
    (!names.is_empty()).then(|| format!("Beside it there is {}.", names.join(", ")))
}

fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes()).to_string()
}

fn looked_at(path: &NamedPath) -> String {
    let origin = path
        .origin
        .as_ref()
        .map_or_else(String::new, |origin| format!(", from {origin}"));
    let tilde = if path.written.starts_with("~") {
        " libpq does not expand \"~\": write the whole path."
    } else {
        ""
    };
    format!("Looked at {}{origin}.{tilde}", shown(&path.absolute))
}

fn quoted(path: &NamedPath) -> String {
    quoted_path(&path.written)
}

/// As a shell takes it for one word.
fn quoted_path(path: &Path) -> String {
    let text = shown(path);
    if text.contains(|c: char| c.is_whitespace() || "'\"\\$`*?;&|<>()".contains(c)) {
        format!("'{}'", text.replace('\'', "'\\''"))
    } else {
        text
    }
}

/// What turns the file into one that libpq reads, as far as a command can.
fn mend(role: FileRole, path: &NamedPath, fault: &Unusable) -> String {
    let keyword = keyword(role);
    let (wanted, begins, out) = match role {
        FileRole::Roots => ("root certificate", "CERTIFICATE", "root-mended.pem"),
        FileRole::Crls | FileRole::CrlDirectory => ("CRL", "X509 CRL", "crl-mended.pem"),
    };
    let file = quoted(path);
    let convert = |command: String| {
        format!("Convert it, and name what comes out, {keyword}={out}:\n    {command}")
    };
    match fault {
        Unusable::Der => convert(format!("openssl x509 -inform der -in {file} -out {out}")),
        Unusable::CrlDer => convert(format!("openssl crl -inform der -in {file} -out {out}")),
        Unusable::Pkcs7Der => {
            convert(format!("openssl pkcs7 -inform der -in {file} -print_certs -out {out}"))
        }
        Unusable::NoCertificate { kind: Kind::Pkcs7 } => {
            convert(format!("openssl pkcs7 -in {file} -print_certs -out {out}"))
        }
        Unusable::Pkcs12 => convert(format!("openssl pkcs12 -in {file} -nokeys -out {out}")),
        Unusable::Utf16 => convert(format!("iconv -f UTF-16 -t UTF-8 {file} > {out}")),
        Unusable::EscapedNewlines => convert(format!("printf '%b' \"$(cat {file})\" > {out}")),
        Unusable::Indented { .. } => {
            convert(format!("sed 's/^[[:space:]]*//' {file} > {out}"))
        }
        Unusable::Empty | Unusable::Html | Unusable::Text => format!(
            "Download the {wanted} again, as PEM (a text file with a BEGIN {begins} line)."
        ),
        Unusable::Pem(_) | Unusable::Broken { .. } => {
            "libpq drops the whole file for one broken block. Remove the block, or download the file again."
                .to_owned()
        }
        Unusable::OtherDer | Unusable::NoCertificate { .. } => {
            format!("{keyword} names the authority's {wanted}, a file with a BEGIN {begins} line.")
        }
    }
}
