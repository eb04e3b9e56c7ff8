//! What went wrong on the wire, before any certificate was judged.

use super::client_certificate;
use super::connect::seconds;
use super::corrected;
use super::front::Front;
use super::openssl_conf;
use super::refusal::{self, Asked};
use crate::conninfo::{ConnInfo, Host, Keyword, Route, SslMode, SslNegotiation, SslSni};
use crate::diagnose::{Code, Diagnosis, Finding, Fix, Hint, Stage};
use crate::escape::escape;
use crate::exit::Exit;
use crate::handshake::{Error as HandshakeError, Refusal, ServerNameFault, Tls};
use crate::negotiate::{Error as NegotiateError, MAX_EVIDENCE};
use crate::probe::{LibpqOffer, Progress, Task};
use crate::wire::foreign::Protocol;
use crate::wire::postgres::ServerError;
use crate::wire::tls::Alert;
use crate::x509::SigningFault;

/// libpq's words. Only from `require` on does it ask for TLS.
fn no_tls(task: &Task, error: &NegotiateError) -> String {
    match task.conninfo.sslmode.value {
        SslMode::Disable | SslMode::Allow | SslMode::Prefer => {
            "server does not support SSL (it declined TLS)".to_owned()
        }
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => {
            format!("{error} (it declined TLS)")
        }
    }
}

pub(in crate::diagnose) fn negotiate(task: &Task, error: &NegotiateError) -> Diagnosis {
    let finding = |code, message: String| Finding::error(code, Stage::Negotiate, message);
    match error {
        NegotiateError::NoTls => Diagnosis::failed(finding(Code::NoTls, no_tls(task, error)).hint(
                Hint::say("PostgreSQL needs a certificate and its key (ssl_cert_file, ssl_key_file), then this and a reload:")
                .fix(Fix::setting("ssl = on"))
                .then("PgBouncer needs client_tls_cert_file and client_tls_key_file, then this and a reload (its default is disable):")
                .fix(Fix::pgbouncer("client_tls_sslmode = require"))
                .and(tunnel(task)),
            ),
        ),
        NegotiateError::ServerError(answer) if answer.rejects_ssl_request() => {
            let message = format!(
                "the server has no TLS: it does not know the SSLRequest, and says: {}",
                said(answer)
            );
            Diagnosis::failed(finding(Code::NoTls, message).hint(NO_TLS_BUILT_IN))
        }
        NegotiateError::ServerError(answer) => server_error(&Asked::new(task, None), answer),
        NegotiateError::NotPostgres { answer, looks_like } => not_postgres(answer, *looks_like),
        NegotiateError::PlaintextInjection { bytes, .. } => injected(&format!(
            "{error}: {}{bytes} byte{} arrived together with the S",
            if *bytes + 1 < MAX_EVIDENCE { "" } else { "at least " },
            if *bytes == 1 { "" } else { "s" }
        ), Stage::Negotiate),
        NegotiateError::Closed => Diagnosis::failed(finding(Code::Closed, error.to_string()).hint(
                Hint::from(is_on_this_machine(task).then(|| Hint::say("Something on this machine took the connection. If it is a published port of a container, or a port forward (ssh, kubectl), perhaps nothing answers at its far end.")))
                    .then("Check host and port. Possible causes: a load balancer without a live server behind it, a load balancer that expects a PROXY header, or a server that is shutting down.")
                    .then("Or a proxy puts something in front of the SSLRequest: a PROXY header, or TLS of its own (HAProxy: send-proxy, or ssl on the server line). Then PostgreSQL's log says \"invalid length of startup packet\". Remove that from the proxy.")
                    .then("Or it is not PostgreSQL, or a proxy that routes by name (SNI) and does not know this one."),
            ),
        ),
        NegotiateError::Io(source) => Diagnosis::failed(finding(Code::Closed, format!("{error}: {source}"))
                .hint("The network broke the connection. Try again."),
        ),
        NegotiateError::Timeout => Diagnosis::failed(finding(Code::Timeout, error.to_string()).hint(
                "Check host and port. Something accepts connections there but does not answer. It may be hung, not PostgreSQL, a proxy without a free connection, or a proxy that routes by name (SNI) and waits for TLS from the first byte: with PostgreSQL 17 or newer behind it, use sslnegotiation=direct.",
            ),
        ),
    }
}

/// Whether the host is this machine by its name or address.
fn is_on_this_machine(task: &Task) -> bool {
    match task.endpoint.route() {
        Route::Address(address) => address.ip.is_loopback(),
        Route::Name(name) => name == b"localhost",
        Route::Socket => false,
    }
}

/// What encrypts the way itself declines TLS on the hop to it.
fn tunnel(task: &Task) -> Option<Hint> {
    let within = |suffix: &&[u8]| match task.endpoint.host.as_ref().map(Host::as_bytes) {
        Some(host) => host.ends_with(suffix),
        None => false,
    };
    if is_on_this_machine(task) {
        return Some("If a tunnel or a proxy of a cloud listens here (ssh -L, Cloud SQL Auth Proxy), it encrypts the rest of the way itself. Then this hop has no TLS to check.".into());
    }
    // Fly.io, "Private Networking": WireGuard.
    let private: [&[u8]; 2] = [b".internal", b".flycast"];
    private.iter().any(within).then(|| {
        "If this name is of a private network that encrypts itself (Fly.io: WireGuard), its servers may have no TLS of their own.".into()
    })
}

pub(in crate::diagnose) fn server_error(asked: &Asked<'_>, answer: &ServerError) -> Diagnosis {
    let state = answer.sqlstate.as_deref();
    let shown = state.map_or_else(String::new, |state| format!(" (SQLSTATE {state})"));
    let message = format!("server answered with an error: {}{shown}", said(answer));
    let finding = Finding::error(Code::ServerError, Stage::Negotiate, message);
    let hint = refusal::advice(asked, answer);
    if answer.may_pass() {
        unavailable(finding.hint(hint))
    } else {
        Diagnosis::failed(finding.hint(Hint::say("TLS was not reached.").and(hint)))
    }
}

/// A server that may be available later: treated as unreachable.
pub(in crate::diagnose) fn unavailable(error: Finding) -> Diagnosis {
    Diagnosis {
        exit: Exit::Unreachable,
        ..Diagnosis::failed(error)
    }
}

/// The server's message, shortened.
pub(in crate::diagnose) fn said(error: &ServerError) -> String {
    let message = &error.message;
    match message.get(..MAX_SAID) {
        None if message.is_empty() => "(no message)".to_owned(),
        None => escape(message).to_string(),
        Some(start) => format!("{} [...]", escape(start)),
    }
}

fn not_postgres(answer: &[u8], looks_like: Protocol) -> Diagnosis {
    let shown = answer.get(..answer.len().min(SHOWN)).unwrap_or(answer);
    let message = format!(
        "this is {}: it answered the SSLRequest with \"{}\"",
        looks_like.server(),
        escape(shown)
    );
    let hint = match looks_like {
        Protocol::Tls => {
            "Check host and port: a TLS server that is not PostgreSQL answers so. If a proxy ends TLS there for PostgreSQL, use sslnegotiation=direct (libpq 17 and newer), or point to PostgreSQL itself."
        }
        Protocol::Text => {
            "Something in front of PostgreSQL, or another service, answers with text. Read it, and check host and port."
        }
        Protocol::Http
        | Protocol::Ssh
        | Protocol::MySql
        | Protocol::MySqlX
        | Protocol::Smtp
        | Protocol::Pop3
        | Protocol::Imap
        | Protocol::Redis
        | Protocol::Memcached
        | Protocol::Amqp
        | Protocol::Nats
        | Protocol::SqlServer
        | Protocol::Oracle
        | Protocol::MongoDb
        | Protocol::Ldap
        | Protocol::Vnc
        | Protocol::Rsync
        | Protocol::Telnet
        | Protocol::Xml
        | Protocol::Unknown => "Check host and port.",
    };
    let finding = Finding::error(Code::NotPostgres, Stage::Negotiate, message).hint(hint);
    Diagnosis::failed(finding)
}

/// Bytes where TLS should start. What came before them belongs to the same answer: an `S` that began a text
/// was taken for the permission to start TLS.
fn not_tls(task: &Task, error: &HandshakeError, first: &[u8]) -> Diagnosis {
    let whole = match task.conninfo.sslnegotiation.value {
        SslNegotiation::Postgres => [b"S", first].concat(),
        SslNegotiation::Direct => first.to_vec(),
    };
    let protocol = Protocol::of(&whole);
    if !matches!(protocol, Protocol::Unknown | Protocol::Tls) {
        let message = format!(
            "this is {}: it answered with \"{}\" where TLS should start",
            protocol.server(),
            escape(&whole)
        );
        let finding = Finding::error(Code::NotPostgres, Stage::Handshake, message);
        return Diagnosis::failed(finding.hint("Check host and port."));
    }
    let shown = escape(first);
    injected(
        &format!("{error}: \"{shown}\" came where TLS should start"),
        Stage::Handshake,
    )
}

pub(in crate::diagnose) fn handshake(
    task: &Task,
    error: &HandshakeError,
    (tls, progress): (&Tls, Progress),
    libpq_offer: LibpqOffer,
) -> Diagnosis {
    if let Some(finding) = client_certificate::in_handshake(task, error, tls) {
        return Diagnosis::failed(finding);
    }
    let finding = |code, message: String| Finding::error(code, Stage::Handshake, message);
    let diagnosis = match error {
        HandshakeError::Alert(Alert::PROTOCOL_VERSION) => {
            no_common_version(task, &error.to_string())
        }
        HandshakeError::NoCommonVersion => no_common_version(task, &error.to_string()),
        HandshakeError::Alert(Alert::HANDSHAKE_FAILURE | Alert::INSUFFICIENT_SECURITY) => {
            no_common_cipher(task, &error.to_string(), libpq_offer)
        }
        HandshakeError::NoCommonCipher => no_common_cipher(task, &error.to_string(), libpq_offer),
        HandshakeError::NothingToOffer => {
            openssl_conf::nothing_to_offer(task, &error.to_string(), libpq_offer)
        }
        HandshakeError::Alert(Alert::UNRECOGNIZED_NAME) => {
            finding(Code::TlsAlert, error.to_string()).hint(unknown_sni(task, tls))
        }
        HandshakeError::Alert(Alert::NO_APPLICATION_PROTOCOL) => {
            finding(Code::TlsAlert, error.to_string()).hint(NOT_FOR_POSTGRES)
        }
        HandshakeError::Alert(_) => finding(Code::TlsAlert, error.to_string())
            .hint("Look in the server's log for details."),
        HandshakeError::ServerName(ServerNameFault::TooLong) => {
            finding(Code::TlsFailure, error.to_string()).hint(
                Hint::say("The host is longer than 255 bytes. OpenSSL cannot send it, so psql fails as well. Use a shorter name, or send none:")
                    .fix(corrected(&task.conninfo, &[(Keyword::SslSni, b"0")])),
            )
        }
        HandshakeError::ServerName(ServerNameFault::Unsendable) => {
            finding(Code::TlsFailure, error.to_string()).hint(
                Hint::say("pgtls can send such a host (with a final dot, a label over 63 bytes, or raw bytes) only up to 124 bytes. Use the usual form of the name, or send none:")
                    .fix(corrected(&task.conninfo, &[(Keyword::SslSni, b"0")])),
            )
        }
        HandshakeError::InsecureRenegotiation => insecure_renegotiation(&error.to_string()),
        HandshakeError::NoAlpn => {
            finding(Code::TlsFailure, error.to_string()).hint(NOT_FOR_POSTGRES)
        }
        HandshakeError::NotTls { first } => {
            return not_tls(task, error, first);
        }
        HandshakeError::Closed { .. } if tls.sni.is_none() => {
            finding(Code::Closed, error.to_string()).hint(unknown_sni(task, tls))
        }
        HandshakeError::Closed { .. } => finding(Code::Closed, error.to_string()).hint(
            "Look in the server's log. A firewall that inspects TLS, or a proxy that expects another SNI or ALPN, also does this.",
        ),
        HandshakeError::Timeout { .. } if progress == Progress::Finished => no_first_answer(task, tls),
        HandshakeError::StillJudging => finding(Code::Timeout, error.to_string())
            .hint("The chain is large, or this machine is busy. Add --timeout 60."),
        HandshakeError::Timeout { .. } => finding(Code::Timeout, error.to_string())
            .hint(
                Hint::say("Something on the way may drop large packets (MTU), or the server may be hung. It may be the MTU if this has no answer where a short ping has one (on Linux). Then set a smaller MTU, for example of a VPN's interface.")
                    .show("ping -c 3 -M do -s 1400 HOST"),
            ),
        HandshakeError::Io(source) => {
            finding(Code::Closed, format!("{error}: {source}")).hint("The network broke the connection. Try again.")
        }
        HandshakeError::Refused(Refusal::MayNotSign(fault)) => may_not_sign(*fault),
        HandshakeError::Refused(Refusal::Unsupported) => finding(
            Code::UnsupportedAlgorithm,
            "pgtls cannot check the key of the server's certificate; psql can and may connect".to_owned(),
        )
        .hint("pgtls checks keys of ECDSA, Ed25519 and ML-DSA, and of RSA with 512 to 8192 bits and a public exponent of up to 33 bits. Give the server an RSA key of 2048 to 4096 bits, or an ECDSA key on P-256."),
        HandshakeError::TooMuch
        | HandshakeError::Misbehaved(_)
        | HandshakeError::Other(_)
        | HandshakeError::Refused(_) => finding(Code::TlsFailure, escape(&error.to_string()).to_string()).hint(
            Hint::say("This is not how a PostgreSQL server behaves. psql uses another TLS library and may still connect. Compare with:")
                .show("openssl s_client -starttls postgres -connect HOST:PORT"),
        ),
    };
    Diagnosis::failed(diagnosis)
}

/// TLS is up and the startup packet was sent: what the server would have said about the client certificate is unknown.
fn no_first_answer(task: &Task, tls: &Tls) -> Finding {
    let message = format!(
        "TLS is up, but the server did not answer the startup packet within {}",
        seconds(task)
    );
    let hint = Hint::say("The certificate and the string's settings for TLS are not the cause. The server may be hung, or a pooler waits for its own connection to PostgreSQL.")
        .and(Front::of(tls).evidence())
        .then("PgBouncer says why after server_login_retry (15 s by default) and query_wait_timeout. Its log has it at once. To wait for its answer, add --timeout 60.");
    Finding::error(Code::Timeout, Stage::Handshake, message).hint(hint)
}

pub(super) fn insecure_renegotiation(words: &str) -> Finding {
    let message =
        format!("{words}: the server chose TLS 1.2 without secure renegotiation (RFC 5746)");
    Finding::error(Code::InsecureRenegotiation, Stage::Handshake, message).hint(
        "libpq with OpenSSL 3.0 or newer refuses such a server. With OpenSSL 1.1.1 it connects. Upgrade the TLS library of the server, or of the proxy in front of it, or enable TLS 1.3 there.",
    )
}

pub(super) fn may_not_sign(fault: SigningFault) -> Finding {
    let why = match fault {
        SigningFault::KeyUsage => "its keyUsage does not include digitalSignature",
        SigningFault::Invalid => "it has an extension that is malformed or repeated",
    };
    let message = format!("the server certificate cannot be used to sign in TLS 1.2: {why}");
    Finding::error(Code::KeyUsage, Stage::Handshake, message).hint(
        "Reissue the certificate with keyUsage=digitalSignature, and each extension only once.",
    )
}

/// A front end that selects its server by the name in the ClientHello did not find one.
fn unknown_sni(task: &Task, tls: &Tls) -> Hint {
    if let Some(sni) = &tls.sni {
        return Hint::say(format!(
            "The server there does not know the name \"{}\", which was sent as SNI. Connect by the name that the operator gives for the server, or make the proxy in front of it route this name.",
            escape(sni)
        ));
    }
    no_sni(&task.conninfo).then("Otherwise look in the server's log.")
}

/// A front end may refuse everything that comes without a name.
pub(super) fn no_sni(conninfo: &ConnInfo) -> Hint {
    match &conninfo.sslsni {
        setting if setting.value == SslSni::Omit => Hint::say(format!(
            "No name was sent as SNI (sslsni=0, from {}). A front end that routes by name needs it:",
            setting.origin
        ))
        .fix(corrected(conninfo, &[(Keyword::SslSni, b"1")])),
        _ => Hint::say("No name was sent as SNI, because the host is an address. A front end that routes by name needs it. Connect by name:")
            .show("host=NAME hostaddr=ADDRESS"),
    }
}

/// The server is unknown: without a session, nothing tells what it is.
fn no_common_version(task: &Task, message: &str) -> Finding {
    let finding = Finding::error(Code::NoCommonVersion, Stage::Handshake, message);
    if let Some(hint) = openssl_conf::limited_to_a_version(task) {
        return finding.hint(hint);
    }
    let ours = "pgtls supports TLS 1.2 and 1.3, within the string's ssl_min_protocol_version and ssl_max_protocol_version.";
    let hint = Hint::say(format!(
        "{ours} On the server, both settings (SHOW ssl_min_protocol_version; SHOW ssl_max_protocol_version;) must leave one of these versions. By default nothing limits the newest:"
    ))
    .fix(Fix::setting("ssl_max_protocol_version = ''"))
    .then("If they do, the server's OpenSSL is older than 1.0.1 (TLS 1.2) or 1.1.1 (TLS 1.3), or a proxy ends TLS there. In PgBouncer, set:")
    .fix(Fix::pgbouncer(VERSIONS_OF_PGBOUNCER));
    finding.hint(hint)
}

/// What keeps a server at TLS 1.2.
pub(super) fn no_tls_1_3() -> Hint {
    Hint::say("For TLS 1.3, remove the limit on the server (SHOW ssl_max_protocol_version;):")
        .fix(Fix::setting("ssl_max_protocol_version = ''"))
        .then("If there is none, the server's OpenSSL is older than 1.1.1, or a proxy ends TLS there. In PgBouncer, set:")
        .fix(Fix::pgbouncer(VERSIONS_OF_PGBOUNCER))
}

fn no_common_cipher(task: &Task, message: &str, libpq_offer: LibpqOffer) -> Finding {
    let finding = Finding::error(Code::NoCommonCipher, Stage::Handshake, message);
    if let Some(hint) = openssl_conf::limited(task) {
        return finding.hint(hint);
    }
    let psql = match libpq_offer {
        LibpqOffer::Refused => {
            "The server also refuses the rest of what psql offers with both OpenSSL 3.0 and 3.5."
        }
        LibpqOffer::NotMade
        | LibpqOffer::Answered
        | LibpqOffer::Decisive
        | LibpqOffer::HungUp
        | LibpqOffer::Unclear => "psql offers more and may still connect.",
    };
    let offered = "pgtls offers AES-GCM and ChaCha20 suites with ECDHE on P-256, P-384, P-521 and X25519, and accepts RSA, ECDSA and Ed25519 server keys.";
    let hint = Hint::say(format!("{offered} {psql} On the server:"))
        .fix(Fix::setting(CIPHERS))
        .then("In PgBouncer:")
        .fix(Fix::pgbouncer(CIPHERS_OF_PGBOUNCER));
    finding.hint(hint)
}

fn injected(message: &str, stage: Stage) -> Diagnosis {
    let finding = Finding::error(Code::PlaintextInjection, stage, message).hint(
        "An attacker between here and the server may be inserting data (CVE-2021-23222), or a broken proxy answers. Do not connect until you know which.",
    );
    Diagnosis::failed(finding)
}

const NO_TLS_BUILT_IN: &str = "The server, or the pooler in front of it, was built without TLS or is too old for it. Enable or install TLS there, or put a proxy with TLS in front of it.";

/// PostgreSQL's default.
pub(super) const CIPHERS: &str = "ssl_ciphers = 'HIGH:MEDIUM:+3DES:!aNULL'";

/// PgBouncer's own list.
pub(super) const CIPHERS_OF_PGBOUNCER: &str = "client_tls_ciphers = default";

/// TLS 1.2 and 1.3.
pub(super) const VERSIONS_OF_PGBOUNCER: &str = "client_tls_protocols = secure";

pub(super) const ALLOW_MORE: &str =
    "On the server, allow AES-GCM with ECDHE, so that pgtls can finish the handshake:";

pub(super) const NOT_FOR_POSTGRES: &str = "A TLS server answers there, but it does not say that it is PostgreSQL 17 or newer. Check host and port. If a proxy ends TLS there for PostgreSQL, make it offer the ALPN protocol \"postgresql\".";

/// The maximum of shown bytes of a server's message.
const MAX_SAID: usize = 500;

/// The maximum of shown bytes of a foreign answer.
const SHOWN: usize = 40;
