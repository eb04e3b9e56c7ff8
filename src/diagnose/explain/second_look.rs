//! Why a second look, with libpq's own offer, is not a pass.

use super::client_certificate;
use super::front::Front;
use super::openssl_conf;
use super::own_certificate;
use super::wire::{NOT_FOR_POSTGRES, insecure_renegotiation, may_not_sign};
use crate::conninfo::shown_path;
use crate::diagnose::{Code, Diagnosis, Finding, Fix, Hint, Stage};
use crate::handshake::Tls;
use crate::probe::{LookFault, Missing, Silence, Task};
use crate::verify::flight::FlightFault;

pub(in crate::diagnose) fn explain(task: &Task, fault: &LookFault, tls: &Tls) -> Diagnosis {
    let found = match fault {
        LookFault::Flight(fault) => flight(task, fault, Front::of(tls)),
        LookFault::Group(_) => only_psql(fault).hint(
            Hint::say("The certificate was not judged: in TLS 1.3 it is encrypted. On the server, allow P-256 as well:")
                .fix(Fix::setting("ssl_ecdh_curve = 'prime256v1'"))
                .then("PostgreSQL 18 calls this setting ssl_groups and takes a list: ssl_groups = 'X25519:prime256v1'."),
        ),
        LookFault::ClientCertificate(missing) => client_certificate(task, tls, (fault, *missing)),
        LookFault::NoAlpn => finding(Code::TlsFailure, fault.to_string()).hint(NOT_FOR_POSTGRES),
        LookFault::NeedsAlpn(silence) => needs_alpn(fault, *silence),
        LookFault::Contradiction => finding(Code::TlsFailure, fault.to_string()).hint(
            "Perhaps several servers with different settings share this address, or something on the way changes TLS. Try again, and compare the settings of the servers.",
        ),
        LookFault::Unanswered(silence) => unanswered(fault, *silence),
    };
    Diagnosis::failed(found)
}

/// The session with pgtls does not say what psql gets.
fn unanswered(fault: &LookFault, silence: Silence) -> Finding {
    let (code, stage) = match silence {
        Silence::Alert(_) => (Code::TlsAlert, Stage::Handshake),
        Silence::Closed => (Code::Closed, Stage::Handshake),
        Silence::NotTls => (Code::TlsFailure, Stage::Handshake),
        Silence::Timeout => (Code::Timeout, Stage::Connect),
        Silence::NotReached => (Code::Closed, Stage::Connect),
    };
    Finding::error(code, stage, fault.to_string()).hint(
        "In TLS 1.2 a server chooses its suite and its certificate by what the client offers, so pgtls asks a second time, as psql. Let the server, or what limits connections in front of it, accept two connections one after the other. Then try again.",
    )
}

/// libpq 17 and newer connect, older versions do not.
fn needs_alpn(fault: &LookFault, silence: Silence) -> Finding {
    let unasked = || {
        format!(
            "the server selects PostgreSQL's protocol (ALPN), which psql with libpq 16 and older does not name; {silence}"
        )
    };
    let (code, stage, message) = match silence {
        Silence::Alert(_) | Silence::Closed | Silence::NotTls => (
            Code::LibpqVersionsDiffer,
            Stage::Handshake,
            fault.to_string(),
        ),
        Silence::Timeout => (Code::Timeout, Stage::Connect, unasked()),
        Silence::NotReached => (Code::Closed, Stage::Connect, unasked()),
    };
    Finding::error(code, stage, message).hint(
        "libpq 17 and newer connect, and pgtls has verified this. Let the server, or the proxy in front of it, accept clients without ALPN, and two connections one after the other. If no client has an older libpq, add --min-libpq 17.",
    )
}

fn flight(task: &Task, fault: &FlightFault, front: Front) -> Finding {
    match fault {
        FlightFault::Renegotiation => insecure_renegotiation(&fault.to_string()),
        FlightFault::MayNotSign(why) => may_not_sign(*why),
        FlightFault::StaticKey(_) => only_psql(fault).hint(
            Hint::say("With RSA key exchange a server proves its key only in a finished handshake. pgtls finishes none with such a suite.")
                .and(front.evidence())
                .and(front.more_suites()),
        ),
        FlightFault::Unsupported(_) => Finding {
            code: Code::UnsupportedAlgorithm,
            ..only_psql(fault)
        }
        .hint("Give the server an RSA key of 2048 to 4096 bits, or an ECDSA key on P-256."),
        FlightFault::SmallPrime { bits: 2048.. } => finding(Code::WeakCipher, fault.to_string())
            .hint(openssl_conf::larger_prime(task).unwrap_or_default()),
        FlightFault::SmallPrime { .. } => finding(Code::WeakCipher, fault.to_string()).hint(
            "psql refuses this as well; with OpenSSL 1.1.1 it accepts 1024 bits. On the server, remove ssl_dh_params_file, or make a file with a prime of 2048 bits: openssl dhparam -out dhparams.pem 2048",
        ),
        FlightFault::Downgraded => finding(Code::TlsFailure, fault.to_string()).hint(
            "An attacker between here and the server may be doing this, or a proxy that does not know TLS 1.3. psql refuses this as well. Do not connect until you know which.",
        ),
        FlightFault::Signature => finding(Code::TlsFailure, fault.to_string()).hint(
            "Something there shows a certificate that belongs to another server, or repeats an old answer. psql refuses this as well. Do not connect until you know what it is.",
        ),
        FlightFault::Curve(_) => finding(Code::NoCommonCipher, fault.to_string())
            .hint("Give the server a key on a curve that psql offers: P-256 if nothing limits that."),
        FlightFault::Version(_)
        | FlightFault::Suite(_)
        | FlightFault::Hello
        | FlightFault::Malformed
        | FlightFault::WrongKey
        | FlightFault::Group(_)
        | FlightFault::Share
        | FlightFault::Scheme(_) => finding(Code::TlsFailure, fault.to_string()).hint(
            "psql refuses this as well. Upgrade the TLS library of the server, or of the proxy in front of it.",
        ),
    }
}

/// The handshake cannot be finished, so the server's answer to a certificate, or to none, is unknown.
fn client_certificate(task: &Task, tls: &Tls, (asks, missing): (&LookFault, Missing)) -> Finding {
    let unknown = format!("pgtls does not finish handshakes with {missing}");
    if let Some(identity) = &task.trust.identity {
        let front = Front::of(tls);
        let (message, advice) = match own_certificate::reason(task, tls, None) {
            Some((why, advice)) => (
                format!(
                    "pgtls cannot, and psql most likely cannot either: {asks}, and the client certificate \"{}\" does not fit: {why}; {unknown}",
                    shown_path(&identity.certificate_path)
                ),
                advice,
            ),
            None => (
                format!(
                    "pgtls cannot, psql perhaps can: {asks}, and shows only in a finished handshake whether it accepts yours; {unknown}"
                ),
                Hint::default(),
            ),
        };
        return finding(Code::NoCommonCipher, message)
            .hint(advice.and(front.evidence()).and(remedy(missing, front)));
    }
    let message = format!(
        "pgtls cannot, psql perhaps can: {}, and there is none to send; whether it goes on without shows only in a finished handshake, and {unknown}",
        asks
    );
    let advice =
        Hint::say("Try psql. Only if it says that a certificate is required, this is the cause:")
            .and(client_certificate::advice(task, tls, None).unwrap_or_default());
    finding(Code::NoCommonCipher, message).hint(advice.and(remedy(missing, Front::of(tls))))
}

/// What the server may offer besides, so that pgtls can finish a handshake.
pub(in crate::diagnose) fn remedy(missing: Missing, front: Front) -> Hint {
    match missing {
        Missing::Suite(_) => front.more_suites(),
        Missing::Group(_) => Hint::say("On the server, allow P-256 as well:")
            .fix(Fix::setting("ssl_ecdh_curve = 'prime256v1'")),
        Missing::Scheme(_) => {
            "Enable TLS 1.3 on the server, or give it an RSA key for any use.".into()
        }
    }
}

fn only_psql(fault: &dyn std::fmt::Display) -> Finding {
    finding(
        Code::NoCommonCipher,
        format!("pgtls cannot, psql can: {fault}"),
    )
}

fn finding(code: Code, message: String) -> Finding {
    Finding::error(code, Stage::Handshake, message)
}
