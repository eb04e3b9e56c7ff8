//! Our own certificate: the server requires one, or refuses ours.

use std::path::Path;

use super::front::Front;
use super::own_certificate;
use super::refusal::Asked;
use super::renewal::{Role, renewal};
use super::wire::{said, server_error};
use super::{corrected, from_elsewhere};
use crate::conninfo::{Keyword, SslCertMode, shown_path};
use crate::diagnose::calendar::day;
use crate::diagnose::cause::Cause;
use crate::diagnose::{Code, Diagnosis, Finding, Hint, Level, Stage};
use crate::escape::escape;
use crate::handshake::{ClientCertificateRequest, Error as HandshakeError, Tls};
use crate::probe::{Moment, Progress, Proof, Session, Stop, Task};
use crate::verify::client_path;
use crate::wire::postgres::FirstAnswer;
use crate::wire::tls::Alert;
use crate::x509::{Certificate, Name};

/// What is wrong with the client certificate after a finished handshake: the server's answer to the
/// startup packet, or `sslcertmode=require` and a server that never asked. `None` if nothing is
/// wrong, or if the server's error has nothing to do with TLS.
pub(in crate::diagnose) fn after_handshake(task: &Task, session: &Session) -> Option<Diagnosis> {
    let finding = |code, message: String| Finding::error(code, Stage::Handshake, message);
    let finding = match (&session.first_answer, task.conninfo.sslcertmode.value) {
        (None, SslCertMode::Require) => finding(
            Code::ClientCertNotRequested,
            "server did not request an SSL certificate, but sslcertmode=require demands it".to_owned(),
        )
        .hint(
            Hint::say("Set ssl_ca_file on the server. Or do not demand it:").fix(corrected(
                &task.conninfo,
                &[(Keyword::SslCertMode, b"allow")],
            )),
        ),
        (Some(FirstAnswer::Error(error)), _) if Cause::of(error) == Cause::CertificateDemanded => {
            refused_or_missing(task, &session.tls, format!("server says: {}", said(error)), None)?
        }
        // Such a server answers before it reads pg_hba.conf: it may still require another certificate.
        (Some(FirstAnswer::Error(error)), _) if error.may_pass() => {
            let asked = Asked::new(task, Some(&session.judgement));
            return Some(server_error(&asked, error));
        }
        (Some(FirstAnswer::Closed), _) => silence(task, &session.tls)?,
        (Some(FirstAnswer::Unexpected(byte)), _) => finding(
            Code::NotPostgres,
            format!("server answered the startup packet with byte 0x{byte:02x}, which no PostgreSQL server sends"),
        )
        .hint("Check host and port."),
        (Some(FirstAnswer::Error(_) | FirstAnswer::Authentication(_)), _) | (None, _) => return None,
    };
    Some(Diagnosis::failed(finding))
}

/// A certificate that was sent, but is not valid at the time of `--at`: a server that checks it will refuse it.
pub(in crate::diagnose) fn at_chosen_time(task: &Task, session: &Session) -> Option<Diagnosis> {
    let (ClientCertificateRequest::Sent, Moment::Chosen) =
        (session.tls.client_certificate, task.moment)
    else {
        return None;
    };
    let identity = task.trust.identity.as_ref()?;
    let is_over = |certificate: &&Certificate| {
        certificate.not_after.is_some_and(|end| end <= task.now)
            || certificate.not_before.is_some_and(|start| start > task.now)
    };
    let certificate = client_path(&identity.certificates)
        .into_iter()
        .find(is_over)?;
    let known = |time: Option<i64>| time.map_or_else(|| "?".to_owned(), day);
    let message = format!(
        "on {} the server will refuse the client certificate \"{}\": \"{}\" is valid from {} to {}",
        day(task.now),
        shown_path(&identity.certificate_path),
        escape(&certificate.subject.text),
        known(certificate.not_before),
        known(certificate.not_after),
    );
    let finding = Finding::error(Code::ClientCertExpired, Stage::Handshake, message);
    Some(Diagnosis::failed(
        finding.hint(renewal(certificate, Role::Client)),
    ))
}

/// What a failed handshake says about the client certificate, if anything.
pub(in crate::diagnose) fn in_handshake(
    task: &Task,
    error: &HandshakeError,
    tls: &Tls,
) -> Option<Finding> {
    match error {
        HandshakeError::Alert(alert) if alert.answers_certificate() => {
            refused_or_missing(task, tls, error.to_string(), Some(*alert))
        }
        HandshakeError::Closed { .. } => silence(task, tls),
        HandshakeError::Alert(_)
        | HandshakeError::Refused(_)
        | HandshakeError::NoCommonVersion
        | HandshakeError::InsecureRenegotiation
        | HandshakeError::ServerName(_)
        | HandshakeError::NoCommonCipher
        | HandshakeError::NothingToOffer
        | HandshakeError::NoAlpn
        | HandshakeError::NotTls { .. }
        | HandshakeError::TooMuch
        | HandshakeError::Timeout { .. }
        | HandshakeError::StillJudging
        | HandshakeError::Io(_)
        | HandshakeError::Misbehaved(_)
        | HandshakeError::Other(_) => None,
    }
}

/// The same for an audit: that a server demands a certificate which the string does not have is good to know, and not a
/// fault.
///
/// The server must have proved its key: what comes before that may come from anyone.
pub(in crate::diagnose) fn excused(
    diagnosis: Diagnosis,
    outcome: &Result<Session, Stop>,
) -> Diagnosis {
    let finished = match outcome {
        Ok(session) => session.proof == Proof::Finished,
        Err(Stop::Handshake { progress, .. }) => *progress == Progress::Finished,
        Err(Stop::Connect(_) | Stop::Negotiate(_) | Stop::SecondLook { .. }) => false,
    };
    match &diagnosis.error {
        Some(error) if finished && error.code == Code::ClientCertRequired => {}
        Some(_) | None => return diagnosis,
    }
    let Diagnosis {
        error,
        mut findings,
        ..
    } = diagnosis;
    findings.extend(error.map(|error| {
        let message = "the server demands a client certificate, and this string has none: everything before the login was audited";
        Finding::new(Level::Info, error.code, error.stage, message)
            .hint("To audit as a client that may log in, set sslcert and sslkey.")
    }));
    Diagnosis {
        findings,
        ..Diagnosis::passed()
    }
}

/// `None` if the server never asked.
fn refused_or_missing(
    task: &Task,
    tls: &Tls,
    message: String,
    alert: Option<Alert>,
) -> Option<Finding> {
    let code = match tls.client_certificate {
        ClientCertificateRequest::NotRequested => return None,
        ClientCertificateRequest::Sent | ClientCertificateRequest::RequestedNoneFits => {
            Code::ClientCertRefused
        }
        ClientCertificateRequest::RequestedNoneSent => Code::ClientCertRequired,
    };
    let (message, advice) = match because(task, tls, alert) {
        Some((cause, advice)) => {
            let said = alert.map_or(message, |alert| alert.to_string());
            (format!("the server refused {cause} ({said})"), advice)
        }
        None => (message, advice(task, tls, alert)?),
    };
    Some(Finding::error(code, Stage::Handshake, message).hint(advice))
}

/// What is wrong with the certificate that was sent, if that can be seen here: "the client certificate FILE: it
/// expired", and what to do.
fn because(task: &Task, tls: &Tls, alert: Option<Alert>) -> Option<(String, Hint)> {
    let ClientCertificateRequest::Sent = tls.client_certificate else {
        return None;
    };
    let file = shown_path(&task.trust.identity.as_ref()?.certificate_path);
    let (why, mut advice) = own_certificate::reason(task, tls, alert)?;
    if let Some(left_behind) = left_behind(task) {
        advice = advice.and(left_behind);
    }
    advice = from_elsewhere(&task.conninfo, &[Keyword::SslCert]).and(advice);
    Some((format!("the client certificate \"{file}\": {why}"), advice))
}

/// The server asked for a certificate and then hung up. `None` if it never asked.
fn silence(task: &Task, tls: &Tls) -> Option<Finding> {
    let message = "server asked for a client certificate, then closed the connection";
    let advice = match because(task, tls, None) {
        Some((cause, advice)) => Hint::say(format!("Most likely it refused {cause}.")).and(advice),
        None => advice(task, tls, None)?,
    };
    Some(Finding::error(Code::Closed, Stage::Handshake, message).hint(advice))
}

/// `None` if the server never asked.
pub(super) fn advice(task: &Task, tls: &Tls, alert: Option<Alert>) -> Option<Hint> {
    let mut advice = Vec::new();
    match tls.client_certificate {
        ClientCertificateRequest::NotRequested => return None,
        ClientCertificateRequest::Sent => {
            advice.push(from_elsewhere(&task.conninfo, &[Keyword::SslCert]));
            advice.push(own_certificate::by_alert(task, tls, alert)?);
            advice.extend(authorities(tls).map(Hint::say));
            advice.extend(left_behind(task));
        }
        ClientCertificateRequest::RequestedNoneSent => {
            advice.extend(authorities(tls).map(Hint::say));
            let mode = &task.conninfo.sslcertmode;
            if mode.value == SslCertMode::Disable {
                let kept = format!(
                    "sslcertmode=disable (from {}) keeps a client certificate from being sent. To send the one that is there:",
                    mode.origin
                );
                let sent = [(Keyword::SslCertMode, &b"allow"[..])];
                advice.push(Hint::say(kept).fix(corrected(&task.conninfo, &sent)));
            }
            let front = Front::of(tls);
            advice.push(front.evidence());
            advice.push(demanded_by_pgbouncer(front, alert));
            if let Some(key) = &task.conninfo.sslkey
                && task.conninfo.sslcert.is_none()
                && mode.value != SslCertMode::Disable
            {
                advice.push(key_alone(task, &key.value));
            } else if task.conninfo.sslcert.is_none() {
                advice.push(Hint::say(format!(
                    "Set sslcert=FILE and sslkey=FILE to a client certificate and its key. Its CA must be in {}.",
                    front.ca_file()
                )));
            }
        }
        ClientCertificateRequest::RequestedNoneFits => {
            advice.push(Hint::say(OTHER_KEY));
            advice.extend(left_behind(task));
        }
    }
    Some(advice.into_iter().collect())
}

/// libpq looks at the key only if there is a certificate.
fn key_alone(task: &Task, key: &Path) -> Hint {
    let hint = Hint::say(format!(
        "sslkey names {}, but sslcert is not set, and there is no default certificate: libpq then uses no key, without a message. Set sslcert=FILE to the certificate of this key.",
        shown_path(key)
    ));
    let beside = key.with_extension("crt");
    if beside == key || !beside.is_file() {
        return hint;
    }
    let file = shown_path(&beside);
    hint.then(format!("{file} lies beside it. Did you mean this?"))
        .fix(corrected(
            &task.conninfo,
            &[(Keyword::SslCert, file.as_bytes())],
        ))
}

/// The setting that makes PgBouncer refuse a client without a certificate. PostgreSQL refuses it later, and in words.
fn demanded_by_pgbouncer(front: Front, alert: Option<Alert>) -> Hint {
    match (front, alert) {
        (Front::NotPostgres, Some(Alert::CERTIFICATE_REQUIRED | Alert::HANDSHAKE_FAILURE)) => {
            Hint::say(
                "PgBouncer demands one with client_tls_sslmode = verify-ca or verify-full. With require it lets clients in without.",
            )
        }
        (Front::NotPostgres | Front::Unknown, _) => Hint::default(),
    }
}

/// The authorities that the server's request names (RFC 8446 section 4.2.4): the subjects of its
/// ssl_ca_file.
fn authorities(tls: &Tls) -> Option<String> {
    let names: Vec<String> = tls
        .client_certificate_authorities
        .iter()
        .take(SHOWN)
        .filter_map(|der| Name::parse(der))
        .map(|name| format!("\"{}\"", escape(&name.text)))
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "The server asks for a certificate issued by {}.",
            names.join(" or ")
        )
    })
}

/// A certificate that no setting names, but that is where libpq looks for one.
fn left_behind(task: &Task) -> Option<Hint> {
    let identity = task.trust.identity.as_ref()?;
    task.conninfo.sslcert.is_none().then(|| {
        Hint::say(format!(
            "No setting names the client certificate. {} was sent because it exists. To send none (libpq 16 and newer):",
            shown_path(&identity.certificate_path)
        ))
        .fix(corrected(&task.conninfo, &[(Keyword::SslCertMode, b"disable")]))
    })
}

/// How many authorities are listed.
const SHOWN: usize = 5;
const OTHER_KEY: &str = "The client certificate was not sent, because the server does not accept signatures by its kind of key. Use a certificate with an RSA or P-256 key.";
