//! A bad request: what is wrong with the string, or with a file that it names.

use std::path::{Path, PathBuf};

use super::{Code, Diagnosis, Finding, Stage};
use crate::conninfo::{Class, ConnInfo, Endpoint, Error, Keyword, Route, SslMode};
use crate::escape::escape;
use crate::exit::Exit;
use crate::trust::{self, Level, NamedPath, Trust, file::Unusable};

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

/// A root file that cannot be used.
pub fn trust_error(conninfo: &ConnInfo, error: &trust::Error) -> Diagnosis {
    let finding = match error {
        trust::Error::Missing {
            path,
            similar,
            bundled,
        } => {
            let mut advice = vec![looked_at(path)];
            if let Some(lost) = conninfo.lost_backslashes(Keyword::SslRootCert) {
                advice.push(format!(
                    "A backslash escapes in a keyword/value string, so {} lost its own. Write one of",
                    lost.typed
                ));
                advice.push(format!("    {}", lost.with_slashes));
                advice.push(format!("    {}", lost.doubled));
            }
            if let Some(root) = bundled {
                advice.push("That root is compiled in. Write it there with".to_owned());
                advice.push(format!(
                    "    pgtls roots export {} > {}",
                    root.name,
                    quoted(path)
                ));
            }
            if !similar.is_empty() {
                advice.push(beside(similar));
            }
            if conninfo.sslmode.value < SslMode::VerifyCa {
                advice.push(format!(
                    "psql with sslmode={} would go on here and verify nothing, without a word.",
                    conninfo.sslmode.value
                ));
            }
            Finding::error(Code::RootFileMissing, Stage::Trust, error.to_string())
                .hint(advice.join("\n"))
        }
        trust::Error::Unreadable { path, source } => {
            let message = format!("{error}: {source}");
            Finding::error(Code::RootFileInvalid, Stage::Trust, message).hint(looked_at(path))
        }
        trust::Error::Unusable { path, fault } => {
            let advice = format!("{}\n{}", looked_at(path), mend(path, fault));
            Finding::error(Code::RootFileInvalid, Stage::Trust, error.to_string()).hint(advice)
        }
    };
    Diagnosis::failed(Exit::Usage, finding)
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

fn beside(similar: &[PathBuf]) -> String {
    let names: Vec<String> = similar.iter().map(|path| shown(path)).collect();
    format!("Beside it there is {}.", names.join(", "))
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
    format!("Looked at {}{origin}.{tilde}", path.absolute.display())
}

fn quoted(path: &NamedPath) -> String {
    let text = path.written.display().to_string();
    if text.contains(|c: char| c.is_whitespace() || "'\"\\$`*?;&|<>()".contains(c)) {
        format!("'{}'", text.replace('\'', "'\\''"))
    } else {
        text
    }
}

fn mend(path: &NamedPath, fault: &Unusable) -> String {
    let file = quoted(path);
    match fault {
        Unusable::Der => format!(
            "Convert it:\n    openssl x509 -inform der -in {file} -out root.pem"
        ),
        Unusable::OtherDer => format!(
            "If it is PKCS#7:\n    openssl pkcs7 -inform der -in {file} -print_certs -out root.pem"
        ),
        Unusable::Utf16 => format!(
            "Convert it:\n    iconv -f UTF-16 -t UTF-8 {file} > root.pem"
        ),
        Unusable::EscapedNewlines => format!(
            "Turn them into line breaks:\n    printf '%b' \"$(cat {file})\" > root.pem"
        ),
        Unusable::Indented { .. } => format!(
            "Take the blanks away:\n    sed 's/^[[:space:]]*//' {file} > root.pem"
        ),
        Unusable::Empty | Unusable::Html | Unusable::Text => {
            "Download the root certificate again, as PEM (a text file with a BEGIN CERTIFICATE line)."
                .to_owned()
        }
        Unusable::Pem(_) | Unusable::Broken { .. } => {
            "libpq drops the whole file for one broken block. Remove the block, or download the file again."
                .to_owned()
        }
        Unusable::NoCertificate { .. } => {
            "sslrootcert names the file of the authority's certificate, which holds a BEGIN CERTIFICATE line."
                .to_owned()
        }
    }
}
