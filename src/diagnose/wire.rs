//! What went wrong on the wire, before any certificate was judged.

use std::io;

use super::{Code, Diagnosis, Finding, Stage};
use crate::connect::{Attempt, Error as ConnectError, Waiting};
use crate::conninfo::SslCertMode;
use crate::escape::escape;
use crate::exit::Exit;
use crate::handshake::{ClientCertificateRequest, Error as HandshakeError, Tls};
use crate::negotiate::{Error as NegotiateError, MAX_EVIDENCE, Protocol, ServerError};
use crate::probe::{Session, Task};
use crate::startup::FirstAnswer;

pub(super) fn connect(task: &Task, error: &ConnectError) -> Diagnosis {
    let finding = |code, message: String| Finding::error(code, Stage::Connect, message);
    match error {
        ConnectError::UnixSocket { .. } => Diagnosis::failed(
            Exit::NoTls,
            finding(Code::UnixSocket, error.to_string())
                .hint("Name the server's TCP address: host=NAME port=PORT."),
        ),
        ConnectError::Resolve { source, .. } => Diagnosis::failed(
            Exit::Unreachable,
            finding(Code::Dns, format!("{error}: {source}")).hint(
                "Check the spelling and this machine's resolver; hostaddr=ADDRESS gives the address by hand.",
            ),
        ),
        ConnectError::Refused { attempts } => Diagnosis::failed(
            Exit::Unreachable,
            finding(Code::Refused, format!("connection failed: {}", listed(attempts))).hint(format!(
                "Is a server listening on port {}, and does a firewall let us through?",
                task.endpoint.port
            )),
        ),
        ConnectError::Timeout { waiting_for, attempts } => {
            let waited = seconds(task);
            let message = match waiting_for {
                Waiting::Resolution => format!("no answer from the resolver within {waited}"),
                Waiting::Connection => {
                    format!("no answer within {waited}: {}", listed(attempts))
                }
            };
            Diagnosis::failed(
                Exit::Unreachable,
                finding(Code::Timeout, message).hint(
                    "Packets are dropped on the way: look at firewalls, security groups, routes and the address.",
                ),
            )
        }
    }
}

pub(super) fn negotiate(error: &NegotiateError) -> Diagnosis {
    let finding = |code, message: String| Finding::error(code, Stage::Negotiate, message);
    match error {
        NegotiateError::NoTls => Diagnosis::failed(
            Exit::NoTls,
            finding(Code::NoTls, format!("{error} (it answered N)")).hint(
                "PostgreSQL: set ssl = on, with ssl_cert_file and ssl_key_file, and reload.\n\
                 PgBouncer: set client_tls_sslmode, client_tls_cert_file and client_tls_key_file; its default is off.",
            ),
        ),
        NegotiateError::ServerError(answer) => server_error(answer),
        NegotiateError::NotPostgres { answer, looks_like } => not_postgres(answer, *looks_like),
        NegotiateError::PlaintextInjection { bytes } => injected(&format!(
            "{error}: {}{bytes} byte{} came along with the S",
            if *bytes + 1 < MAX_EVIDENCE { "" } else { "at least " },
            if *bytes == 1 { "" } else { "s" }
        ), Stage::Negotiate),
        NegotiateError::Closed => Diagnosis::failed(
            Exit::Unreachable,
            finding(Code::Closed, error.to_string()).hint(
                "A TLS-only load balancer, an expected PROXY header, or a server that is shutting down does this.\n\
                 If TLS starts at once there, use sslnegotiation=direct (PostgreSQL 17 and newer).",
            ),
        ),
        NegotiateError::Io(source) => Diagnosis::failed(
            Exit::Unreachable,
            finding(Code::Closed, format!("{error}: {source}"))
                .hint("The network broke the connection; try again."),
        ),
        NegotiateError::Timeout => Diagnosis::failed(
            Exit::Unreachable,
            finding(Code::Timeout, error.to_string()).hint(
                "Something accepts connections there but does not answer: is it PostgreSQL, and is it alive?",
            ),
        ),
    }
}

fn server_error(answer: &ServerError) -> Diagnosis {
    let state = answer.sqlstate.as_deref();
    let shown = state.map_or_else(String::new, |state| format!(" (SQLSTATE {state})"));
    let message = format!("server answered with an error: {}{shown}", said(answer));
    let finding = Finding::error(Code::ServerError, Stage::Negotiate, message);
    if may_pass(answer) {
        let hint = "TLS is not the problem. Try again when the server is up or less busy.";
        Diagnosis::failed(Exit::Unreachable, finding.hint(hint))
    } else {
        let hint = "TLS was not reached: mend what the server complains about first.";
        Diagnosis::failed(Exit::NoTls, finding.hint(hint))
    }
}

/// Insufficient resources and operator intervention pass (PostgreSQL documentation, appendix A).
fn may_pass(error: &ServerError) -> bool {
    let state = error.sqlstate.as_deref();
    state.is_some_and(|state| state.starts_with("53") || state.starts_with("57"))
}

/// The server's words, as far as anybody wants to read them.
fn said(error: &ServerError) -> String {
    let message = &error.message;
    match message.get(..MAX_SAID) {
        None if message.is_empty() => "(without a word)".to_owned(),
        None => escape(message).to_string(),
        Some(start) => format!("{} [...]", escape(start)),
    }
}

fn not_postgres(answer: &[u8], looks_like: Protocol) -> Diagnosis {
    let what = match looks_like {
        Protocol::Http => "an HTTP server",
        Protocol::Ssh => "an SSH server",
        Protocol::MySql => "a MySQL or MariaDB server",
        Protocol::Tls => "a server that speaks TLS from the first byte",
        Protocol::Smtp => "a mail or FTP server",
        Protocol::Unknown => "no PostgreSQL server",
    };
    let shown = answer.get(..answer.len().min(SHOWN)).unwrap_or(answer);
    let message = format!(
        "this is {what}: it answered the SSLRequest with \"{}\"",
        escape(shown)
    );
    let hint = match looks_like {
        Protocol::Tls => {
            "If a proxy ends TLS there, use sslnegotiation=direct (PostgreSQL 17 and newer), or point to PostgreSQL itself."
        }
        Protocol::Http | Protocol::Ssh | Protocol::MySql | Protocol::Smtp | Protocol::Unknown => {
            "Check host and port."
        }
    };
    let finding = Finding::error(Code::NotPostgres, Stage::Negotiate, message).hint(hint);
    Diagnosis::failed(Exit::NoTls, finding)
}

pub(super) fn handshake(error: &HandshakeError, tls: &Tls) -> Diagnosis {
    if let Some(finding) = about_certificate(error, tls) {
        return Diagnosis::failed(Exit::Handshake, finding);
    }
    let finding = |code, message: String| Finding::error(code, Stage::Handshake, message);
    let diagnosis = match error {
        HandshakeError::Alert(alert) if alert.0 == PROTOCOL_VERSION => {
            no_common_version(&error.to_string())
        }
        HandshakeError::NoCommonVersion => no_common_version(&error.to_string()),
        HandshakeError::Alert(alert) if matches!(alert.0, HANDSHAKE_FAILURE | INSUFFICIENT_SECURITY) => {
            no_common_cipher(&error.to_string())
        }
        HandshakeError::NoCommonCipher => no_common_cipher(&error.to_string()),
        HandshakeError::Alert(_) => finding(Code::TlsAlert, error.to_string())
            .hint("The server's log says more about it."),
        HandshakeError::NoAlpn => finding(Code::TlsFailure, error.to_string()).hint(
            "What answers there is a TLS server, but does not say that it is PostgreSQL 17 or newer; leave sslnegotiation=direct out, or let the proxy offer the ALPN protocol \"postgresql\".",
        ),
        HandshakeError::NotTls { first } => {
            return injected(
                &format!("{error}: \"{}\" stands where TLS should start", escape(first)),
                Stage::Handshake,
            );
        }
        HandshakeError::Closed { .. } => finding(Code::Closed, error.to_string()).hint(
            "Look into the server's log; a proxy that expects another SNI or ALPN does this, too.",
        ),
        HandshakeError::Timeout => finding(Code::Timeout, error.to_string())
            .hint("Something on the way may drop large packets (MTU), or the server is stuck."),
        HandshakeError::Io(source) => {
            finding(Code::Closed, format!("{error}: {source}")).hint("The network broke the connection; try again.")
        }
        HandshakeError::TooMuch
        | HandshakeError::Misbehaved(_)
        | HandshakeError::Other(_)
        | HandshakeError::Refused(_) => finding(Code::TlsFailure, escape(&error.to_string()).to_string()).hint(
            "This is not how a PostgreSQL server behaves. psql uses another TLS library and may still connect: compare with\n    openssl s_client -starttls postgres -connect HOST:PORT",
        ),
    };
    Diagnosis::failed(Exit::Handshake, diagnosis)
}

/// What is wrong about the client certificate after a finished handshake: the server's answer to
/// the startup packet, or `sslcertmode=require` and a server that never asked. `None` if nothing
/// is, or the server complains about something else, which is no concern of TLS.
pub(super) fn client_certificate(task: &Task, session: &Session) -> Option<Diagnosis> {
    let finding = |code, message: String| Finding::error(code, Stage::Handshake, message);
    let request = session.tls.client_certificate;
    let finding = match (&session.first_answer, task.conninfo.sslcertmode.value) {
        (None, SslCertMode::Require) => finding(
            Code::ClientCertNotRequested,
            "server did not request an SSL certificate, and sslcertmode=require demands it".to_owned(),
        )
        .hint("Set ssl_ca_file on the server, or leave sslcertmode=require out."),
        (Some(FirstAnswer::Error(error)), _) if demands_certificate(error) => {
            refused_or_missing(request, format!("server says: {}", said(error)))?
        }
        // Such a server answers before it looks into pg_hba.conf: the demand may come yet.
        (Some(FirstAnswer::Error(error)), _)
            if may_pass(error) && request != ClientCertificateRequest::Sent =>
        {
            return Some(server_error(error));
        }
        (Some(FirstAnswer::Closed), _) => silence(request)?,
        (Some(FirstAnswer::Unexpected(byte)), _) => finding(
            Code::NotPostgres,
            format!("server answered the startup packet with byte 0x{byte:02x}, which no PostgreSQL server sends"),
        )
        .hint("Check host and port."),
        (Some(FirstAnswer::Error(_) | FirstAnswer::Authentication), _) | (None, _) => return None,
    };
    Some(Diagnosis::failed(Exit::Handshake, finding))
}

/// PostgreSQL's "connection requires a valid client certificate" comes in the language of the
/// server. Everything else that it says under this SQLSTATE before authentication (pg_hba.conf has
/// no entry, or rejects; authentication failed) quotes a name, in every language, and this does not.
fn demands_certificate(error: &ServerError) -> bool {
    let text = String::from_utf8_lossy(&error.message);
    error.sqlstate.as_deref() == Some(INVALID_AUTHORIZATION) && !text.contains(QUOTATION_MARKS)
}

/// What a handshake that broke says about the client certificate, if it does.
fn about_certificate(error: &HandshakeError, tls: &Tls) -> Option<Finding> {
    match error {
        HandshakeError::Alert(alert) if alert.answers_certificate() => {
            refused_or_missing(tls.client_certificate, error.to_string())
        }
        HandshakeError::Closed { .. } => silence(tls.client_certificate),
        _ => None,
    }
}

/// `None` if the server never asked.
fn refused_or_missing(request: ClientCertificateRequest, message: String) -> Option<Finding> {
    let finding = |code| Finding::error(code, Stage::Handshake, message);
    Some(match request {
        ClientCertificateRequest::NotRequested => return None,
        ClientCertificateRequest::Sent => {
            finding(Code::ClientCertRefused).hint(REISSUE_CERTIFICATE)
        }
        ClientCertificateRequest::RequestedNoneSent => {
            finding(Code::ClientCertRequired).hint(GIVE_CERTIFICATE)
        }
        ClientCertificateRequest::RequestedNoneFits => {
            finding(Code::ClientCertRefused).hint(OTHER_KEY)
        }
    })
}

/// The server asked for a certificate and then hung up. `None` if it never asked.
fn silence(request: ClientCertificateRequest) -> Option<Finding> {
    let message = "server asked for a client certificate, and then closed the connection";
    let finding = Finding::error(Code::Closed, Stage::Handshake, message);
    Some(match request {
        ClientCertificateRequest::NotRequested => return None,
        ClientCertificateRequest::Sent => finding.hint(REISSUE_CERTIFICATE),
        ClientCertificateRequest::RequestedNoneSent => finding.hint(GIVE_CERTIFICATE),
        ClientCertificateRequest::RequestedNoneFits => finding.hint(OTHER_KEY),
    })
}

fn no_common_version(message: &str) -> Finding {
    Finding::error(Code::NoCommonVersion, Stage::Handshake, message).hint(
        "pgtls speaks TLS 1.2 and 1.3, within ssl_min_protocol_version and ssl_max_protocol_version. On the server:\n    ssl_min_protocol_version = 'TLSv1.2'",
    )
}

fn no_common_cipher(message: &str) -> Finding {
    Finding::error(Code::NoCommonCipher, Stage::Handshake, message).hint(
        "pgtls offers AES-GCM and ChaCha20 suites with ECDHE on P-256, P-384 and X25519, and takes RSA, ECDSA and Ed25519 server keys. psql offers more and may still connect; on the server:\n    ssl_ciphers = 'HIGH:MEDIUM:+3DES:!aNULL'",
    )
}

fn injected(message: &str, stage: Stage) -> Diagnosis {
    let finding = Finding::error(Code::PlaintextInjection, stage, message).hint(
        "Somebody between here and the server may be inserting data (CVE-2021-23222), or a broken proxy answers. Do not connect until that is clear.",
    );
    Diagnosis::failed(Exit::Handshake, finding)
}

fn listed(attempts: &[Attempt]) -> String {
    let attempts: Vec<String> = attempts
        .iter()
        .map(|attempt| match attempt.error.kind() {
            io::ErrorKind::TimedOut => format!("{}: timed out", attempt.address),
            io::ErrorKind::ConnectionRefused => format!("{}: connection refused", attempt.address),
            _ => format!("{}: {}", attempt.address, attempt.error),
        })
        .collect();
    attempts.join("; ")
}

fn seconds(task: &Task) -> String {
    format!("{} s", task.timeout.as_secs_f64())
}

/// What PostgreSQL's translations set names in.
const QUOTATION_MARKS: [char; 7] = [
    '"', '\u{ab}', '\u{bb}', '\u{201c}', '\u{201d}', '\u{201e}', '\u{300c}',
];

const REISSUE_CERTIFICATE: &str = "The server does not accept our client certificate: the authority that issued it must stand in the server's ssl_ca_file, it must not be expired, revoked or for servers only, and with TLS 1.2 its key should be RSA or on P-256. The server's log says which it is.";
const OTHER_KEY: &str = "Our client certificate was not sent: the server takes no signature of its kind of key. Use one with an RSA or P-256 key.";
const GIVE_CERTIFICATE: &str = "Give a client certificate that the server's ssl_ca_file vouches for:\n    sslcert=client.crt sslkey=client.key";

/// Bytes of a server's message that are shown.
const MAX_SAID: usize = 500;

/// Bytes of a foreign answer that are shown.
const SHOWN: usize = 40;

const HANDSHAKE_FAILURE: u8 = 40;
const PROTOCOL_VERSION: u8 = 70;
const INSUFFICIENT_SECURITY: u8 = 71;

/// SQLSTATE 28000, invalid_authorization_specification.
const INVALID_AUTHORIZATION: &str = "28000";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demand_for_a_certificate_is_known_in_every_language() {
        for (sqlstate, message, demanded) in [
            (
                "28000",
                "connection requires a valid client certificate",
                true,
            ),
            (
                "28000",
                "Verbindung erfordert ein gültiges Client-Zertifikat",
                true,
            ),
            (
                "28000",
                "la connexion requiert un certificat client valide",
                true,
            ),
            (
                "28000",
                "この接続には有効なクライアント証明が必要です",
                true,
            ),
            (
                "42501",
                "connection requires a valid client certificate",
                false,
            ),
            (
                "28000",
                "no pg_hba.conf entry for host \"192.0.2.7\", user \"u\", database \"d\", SSL encryption",
                false,
            ),
            (
                "28000",
                "kein pg_hba.conf-Eintrag für Host »192.0.2.7«, Benutzer »u«, Datenbank »d«, SSL-Verschlüsselung",
                false,
            ),
            (
                "28000",
                "authentification par certificat échouée pour l'utilisateur « u »",
                false,
            ),
            (
                "28P01",
                "password authentication failed for user \"u\"",
                false,
            ),
        ] {
            let error = ServerError {
                sqlstate: Some(sqlstate.to_owned()),
                message: message.as_bytes().to_vec(),
            };
            assert_eq!(
                demands_certificate(&error),
                demanded,
                "{sqlstate} {message}"
            );
        }
    }
}
