//! What does not decide the verdict, but somebody will be sorry for not knowing.

use super::chain::{day, days};
use super::{Code, Context, Finding, Level, Stage};
use crate::conninfo::{Origin, SslMode};
use crate::escape::escape;
use crate::probe::{Session, Task};
use crate::startup::FirstAnswer;
use crate::trust::{self, ROOTS, Source};
use crate::verify::{Judgement, Step, strict};
use crate::x509::Certificate;

/// What the settings leave undone.
pub(super) fn of_request(task: &Task) -> Vec<Finding> {
    let mut found = mode(task);
    if let Some(path) = &task.trust.ignored_crl_file {
        let message = format!(
            "\"{}\" cannot be used, so nothing is checked for revocation: libpq goes on without it",
            escape(path.as_os_str().as_encoded_bytes())
        );
        found.push(
            warning(Code::CrlFileInvalid, Stage::Trust, message)
                .hint("Replace it with a current CRL in PEM, or remove it."),
        );
    }
    found
}

/// What the server says of the login, which is no concern of TLS.
pub(super) fn of_login(session: &Session) -> Option<Finding> {
    let Some(FirstAnswer::Error(error)) = &session.first_answer else {
        return None;
    };
    let message = format!(
        "TLS is fine, but the server would not let this user in: {}",
        escape(&error.message)
    );
    let finding = Finding::new(Level::Info, Code::LoginFailed, Stage::Handshake, message);
    Some(finding.hint(
        "Look at user and dbname, the client certificate's CN and the server's pg_hba.conf and pg_ident.conf.",
    ))
}

/// What psql would need.
pub(super) fn of_trust(task: &Task, judgement: &Judgement) -> Option<Finding> {
    root_missing(task, judgement)
}

/// What is to be said of a chain besides the verdict.
pub(super) fn of_chain(context: &Context<'_>, judgement: &Judgement) -> Vec<Finding> {
    let mut found = expires_soon(context.rules.now, judgement);
    found.extend(order(judgement));
    found.extend(judgement.certificates.first().map(leaf).unwrap_or_default());
    found.extend(other_engine(context, judgement, &found));
    found
}

/// What the server sends beyond, or besides, a path from leaf to root.
fn order(judgement: &Judgement) -> Vec<Finding> {
    let path = &judgement.path.path;
    let sent: Vec<usize> = path
        .iter()
        .filter_map(|step| match step {
            Step::Presented(index) => Some(*index),
            Step::Anchor(_) => None,
        })
        .collect();
    let mut found = Vec::new();
    if !sent.is_sorted() {
        let message =
            "the server sends its certificates out of order: libpq sorts them, some clients do not";
        found.push(warning(Code::ChainOrder, Stage::Verify, message.to_owned()).hint(
            "In ssl_cert_file each certificate stands before that of its issuer:\n    cat server.pem intermediate.pem > server.crt",
        ));
    }
    let filled_in = path.iter().find_map(|step| match step {
        Step::Anchor(anchor) if !anchor.certificate.is_self_issued() => Some(anchor),
        Step::Anchor(_) | Step::Presented(_) => None,
    });
    if let Some(anchor) = filled_in.filter(|_| judgement.path.faults.is_empty()) {
        let message = format!(
            "the server does not send the intermediate \"{}\"; it was found in the root file, which other clients may lack",
            escape(&anchor.certificate.subject.text)
        );
        found.push(warning(Code::MissingIntermediate, Stage::Verify, message).hint(
            "On the server:\n    cat server.pem intermediate.pem > server.crt\nthen reload it: SELECT pg_reload_conf();",
        ));
    }
    found
}

/// Where the strict engine disagrees with libpq's verdict and no finding says why yet.
fn other_engine(
    context: &Context<'_>,
    judgement: &Judgement,
    found: &[Finding],
) -> Option<Finding> {
    let strict = strict(judgement, context.trust, context.host, context.rules.now);
    let name_fits = judgement.name.as_ref().is_none_or(Result::is_ok);
    let libpq = judgement.path.faults.is_empty() && name_fits;
    let explained = found
        .iter()
        .any(|finding| matches!(finding.code, Code::X509V1 | Code::NoSan | Code::CaAsLeaf));
    let message = match strict {
        Err(reason) if libpq && !explained => format!(
            "libpq accepts this certificate, clients built on rustls do not: {}",
            escape(&reason.to_string())
        ),
        Ok(()) if !judgement.path.faults.is_empty() && judgement.unparsable.is_none() => {
            "clients built on rustls, and some others, would accept this chain; libpq does not"
                .to_owned()
        }
        _ => return None,
    };
    let level = if libpq { Level::Warning } else { Level::Info };
    Some(Finding::new(
        level,
        Code::ClientsDiffer,
        Stage::Verify,
        message,
    ))
}

fn warning(code: Code, stage: Stage, message: String) -> Finding {
    Finding::new(Level::Warning, code, stage, message)
}

fn mode(task: &Task) -> Vec<Finding> {
    let setting = &task.conninfo.sslmode;
    let mut found = Vec::new();
    if setting.origin == Origin::Default {
        let message = "no sslmode is given: pgtls checks verify-full, but libpq would mean prefer, which proves nothing";
        let finding = Finding::new(Level::Info, Code::DefaultSslmode, Stage::Conninfo, message);
        found.push(finding.hint("Write sslmode=verify-full into the string."));
    }
    if matches!(setting.value, SslMode::Prefer | SslMode::Allow) {
        let message = format!(
            "with sslmode={} (from {}) libpq goes on in plain text when TLS fails",
            setting.value, setting.origin
        );
        found.push(
            warning(Code::WeakSslmode, Stage::Conninfo, message)
                .hint("Use sslmode=verify-full with sslrootcert=FILE."),
        );
    }
    if task.trust.level == trust::Level::Encryption {
        let message = format!(
            "sslmode={} (from {}) without a root file encrypts, but does not ask who answers",
            setting.value, setting.origin
        );
        found.push(
            warning(Code::NotAuthenticated, Stage::Verify, message)
                .hint("Use sslmode=verify-full with sslrootcert=FILE."),
        );
    }
    found
}

/// libpq has no roots of its own: where pgtls falls back to its own, psql needs to be told.
fn root_missing(task: &Task, judgement: &Judgement) -> Option<Finding> {
    if task.trust.source != Source::Fallback || task.trust.level == trust::Level::Encryption {
        return None;
    }
    let home = match &task.conninfo.home_files {
        Some(home) => format!("{} does not exist", home.join("root.crt").display()),
        None => "there is no home directory to look for root.crt in".to_owned(),
    };
    let message = format!("psql would refuse this string: no sslrootcert is given, and {home}");
    let finding = warning(Code::LibpqRootMissing, Stage::Trust, message);
    let anchor = judgement.anchors().next_back();
    let bundled = anchor.and_then(|anchor| {
        ROOTS
            .iter()
            .find(|root| root.certificate().is_some_and(|root| root == *anchor))
    });
    Some(match (anchor, bundled) {
        (_, Some(root)) => finding.hint(format!(
            "Write the root to a file and name it:\n    pgtls roots export {} > root.crt\n    sslrootcert=root.crt",
            root.name
        )),
        (Some(_), None) => finding.hint(
            "The server's root is a public one. With libpq 16 and newer:\n    sslrootcert=system\nWith older ones, name the system's bundle:\n    sslrootcert=/etc/ssl/certs/ca-certificates.crt",
        ),
        (None, None) => {
            finding.hint("Get the root certificate from whoever runs the server, and name it with sslrootcert=FILE.")
        }
    })
}

fn expires_soon(now: i64, judgement: &Judgement) -> Vec<Finding> {
    judgement
        .path_certificates()
        .filter_map(|certificate| {
            let end = certificate.not_after?;
            let left = end
                .checked_sub(now)
                .filter(|left| (0..SOON).contains(left))?;
            let message = format!(
                "\"{}\" expires in {}, on {}",
                escape(&certificate.subject.text),
                days(left),
                day(end)
            );
            let finding = warning(Code::ExpiresSoon, Stage::Verify, message);
            Some(finding.hint("Renew it and reload the server: SELECT pg_reload_conf();"))
        })
        .collect()
}

/// What libpq takes and stricter clients do not.
fn leaf(leaf: &Certificate) -> Vec<Finding> {
    let mut found = Vec::new();
    let reissue = "Reissue it with\n    openssl x509 -req ... -extfile <(printf 'subjectAltName=DNS:HOST\\nbasicConstraints=CA:FALSE')";
    if leaf.version < 3 {
        let message = "the server certificate is X.509 version 1: libpq takes it, clients built on rustls do not";
        found.push(warning(Code::X509V1, Stage::Verify, message.to_owned()).hint(reissue));
    }
    if leaf.subject_alt_names.is_none() {
        let message = "the server certificate has no subjectAltName: libpq falls back to its CN, Go and rustls clients do not";
        found.push(warning(Code::NoSan, Stage::Verify, message.to_owned()).hint(reissue));
    }
    if leaf
        .basic_constraints
        .is_some_and(|constraints| constraints.ca)
    {
        let message =
            "the server certificate says CA:TRUE: libpq takes it, clients built on rustls do not";
        found.push(warning(Code::CaAsLeaf, Stage::Verify, message.to_owned()).hint(reissue));
    }
    found
}

/// Thirty days, in seconds.
const SOON: i64 = 30 * 86_400;
