//! Demands of the command line that are not met.

use std::time::Duration;

use data_encoding::{BASE64, HEXLOWER};

use super::corrected;
use super::front::Front;
use super::renewal::{Role, renewal};
use super::wire::VERSIONS_OF_PGBOUNCER;
use crate::conninfo::{Keyword, TlsVersion};
use crate::demands::{Demands, Lapse, Remaining, Unmet, proven};
use crate::diagnose::calendar::{day, span};
use crate::diagnose::{Code, Context, Finding, Fix, Hint, Stage};
use crate::escape::escape;
use crate::handshake::Tls;
use crate::trust::Level;
use crate::verify::{FaultKind, Judgement};
use crate::x509::Certificate;

/// Something that the session depends on expires earlier than allowed.
fn expires_soon(
    context: &Context<'_>,
    judgement: &Judgement,
    what: &Lapse,
    wanted: Remaining,
) -> Finding {
    let now = context.rules.now;
    let named = |certificate: &Certificate| format!("\"{}\"", escape(&certificate.subject.text));
    let ends = |certificate: &Certificate| match (certificate.not_after, wanted) {
        (Some(end), _) if end <= now => format!("expired on {}", day(end)),
        (Some(end), Remaining::Time(time)) => format!(
            "expires on {}, in {}: less than the {} that --valid-for demands",
            day(end),
            span(end.saturating_sub(now)),
            span(seconds(time))
        ),
        (Some(end), Remaining::Percent(percent)) => format!(
            "expires on {}, in {}: less than {percent}% of its lifetime is left",
            day(end),
            span(end.saturating_sub(now)),
        ),
        (None, _) => "has an end of validity that cannot be read".to_owned(),
    };
    let (message, hint) = match what {
        Lapse::Chain {
            fault: FaultKind::CertHasExpired,
            certificate: Some(certificate),
            from: _,
        } => (
            format!("{} {}", named(certificate), ends(certificate)),
            renewal(certificate, Role::of(judgement, certificate)),
        ),
        Lapse::Chain {
            fault,
            certificate,
            from,
        } => lapse_of_chain(now, *from, wanted, fault, certificate.as_deref()),
        Lapse::TooManyDates => (
            "certificates and CRLs of this chain begin or end at more times than are judged for --valid-for"
                .to_owned(),
            Hint::say("Remove from the root file, the CRL file and the server's chain what is not needed."),
        ),
        Lapse::ClientCertificate(certificate) => (
            format!(
                "the client certificate {} {}",
                named(certificate),
                ends(certificate)
            ),
            renewal(certificate, Role::Client),
        ),
    };
    Finding::error(Code::ExpiresSoon, Stage::Policy, message).hint(hint)
}

/// Why libpq will refuse the chain from this time on.
fn lapse_of_chain(
    now: i64,
    from: i64,
    wanted: Remaining,
    fault: &FaultKind,
    certificate: Option<&Certificate>,
) -> (String, Hint) {
    let named = |certificate: &Certificate| format!("\"{}\"", escape(&certificate.subject.text));
    let ends = match wanted {
        Remaining::Time(time) => format!("expires in less than {}", span(seconds(time))),
        Remaining::Percent(percent) => format!("has less than {percent}% of its lifetime left"),
    };
    match (fault, certificate) {
        (FaultKind::CrlHasExpired, Some(certificate)) => (
            format!("the CRL that covers {} {ends}", named(certificate)),
            Hint::say("Replace the CRL file with a newer one from the certificate authority."),
        ),
        (fault, certificate) => {
            let who = certificate.map_or_else(|| "the server certificate".to_owned(), named);
            (
                format!(
                    "libpq will refuse this server on {}, in {}: then {}",
                    day(from),
                    span(from.saturating_sub(now)),
                    fault.sentence(&who)
                ),
                Hint::say("To see the failure, run pgtls check with --at and that date."),
            )
        }
    }
}

fn seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

/// We offer the newest version that the string allows; the server took an older one.
fn older_version(context: &Context<'_>, wanted: TlsVersion, tls: Option<&Tls>) -> Hint {
    let capped = context.conninfo.filter(|conninfo| {
        let max = conninfo.ssl_max_protocol_version.as_ref();
        max.is_some_and(|max| max.value < wanted)
    });
    if let Some(conninfo) = capped {
        return Hint::say(
            "The string itself limits the version (ssl_max_protocol_version). Without that:",
        )
        .fix(corrected(
            conninfo,
            &[(Keyword::SslMaxProtocolVersion, b"")],
        ));
    }
    let offered = format!("pgtls offered {wanted}, and the server did not take it.");
    match tls.map_or(Front::Unknown, Front::of) {
        Front::NotPostgres => Hint::say(offered)
            .and(Front::NotPostgres.evidence())
            .then("There, remove the limit. In PgBouncer:")
            .fix(Fix::pgbouncer(VERSIONS_OF_PGBOUNCER))
            .then("If there is none, its TLS library is too old."),
        Front::Unknown => Hint::say(format!(
            "{offered} On the server, remove the limit (SHOW ssl_max_protocol_version;):"
        ))
        .fix(Fix::setting("ssl_max_protocol_version = ''"))
        .then("If there is none, the server's OpenSSL is older than 1.1.1, or a proxy ends TLS there."),
    }
}

pub(in crate::diagnose) fn explain(
    context: &Context<'_>,
    judgement: &Judgement,
    demands: &Demands,
    unmet: &Unmet,
    tls: Option<&Tls>,
) -> Finding {
    let finding = |code, message: String| Finding::error(code, Stage::Policy, message);
    match unmet {
        Unmet::ExpiresSoon { what, wanted } => expires_soon(context, judgement, what, *wanted),
        Unmet::BelowMinTls { negotiated, wanted } => finding(
            Code::BelowMinTls,
            format!("negotiated {negotiated}, but {wanted} is required"),
        )
        .hint(older_version(context, *wanted, tls)),
        Unmet::Unverified => {
            let mode = context.conninfo.map(|conninfo| &conninfo.sslmode);
            let mode = mode.map_or_else(
                || "the mode".to_owned(),
                |mode| format!("sslmode={} (from {})", mode.value, mode.origin),
            );
            finding(
                Code::NotAuthenticated,
                format!(
                    "{mode} proves nothing about the server, and --require-verified demands proof"
                ),
            )
            .hint("Use sslmode=verify-full with sslrootcert=FILE.")
        }
        Unmet::PinMismatch => {
            let keys = proven(judgement).map(|c| {
                format!(
                    "sha256//{}  {}",
                    BASE64.encode(&c.spki_sha256()),
                    escape(&c.subject.text)
                )
            });
            let pinned = |c: &Certificate| demands.pins.contains(&c.spki_sha256());
            let beside = match judgement.certificates.iter().any(pinned) {
                true => {
                    ". The server also sends a certificate with a pinned key, but the session does not depend \
                     on it: anyone can send a copy of it"
                }
                false => "",
            };
            let what = match judgement.satisfies(Level::Chain) {
                Ok(()) => "no certificate of the verified path has a pinned public key",
                Err(_) => "the server certificate does not have a pinned public key",
            };
            finding(Code::PinMismatch, format!("{what}{beside}")).hint(keys.fold(
                Hint::say("Only these keys count. If the change was planned, pin the new key."),
                Hint::show,
            ))
        }
        Unmet::UnexpectedCertificate => {
            let shown = |certificate: Option<&Certificate>| {
                certificate.map_or_else(
                    || "none".to_owned(),
                    |c| {
                        format!(
                            "{}  until {}",
                            HEXLOWER.encode(&c.sha256_fingerprint()),
                            c.not_after.map_or_else(|| "?".to_owned(), day)
                        )
                    },
                )
            };
            finding(
                Code::UnexpectedCertificate,
                "the server presents another certificate than the expected one".to_owned(),
            )
            .hint(
                Hint::say("Expected:")
                    .show(shown(demands.expected.as_deref()))
                    .then("Presented:")
                    .show(shown(judgement.certificates.first()))
                    .then("If it was renewed, the server may not have loaded it. Run SELECT pg_reload_conf(); then look for \"SSL configuration was not reloaded\" in its log."),
            )
        }
    }
}
