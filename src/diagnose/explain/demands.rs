//! What was asked for on the command line, and does not hold.

use data_encoding::{BASE64, HEXLOWER};

use crate::demands::{Demands, Unmet, proven};
use crate::diagnose::calendar::{day, span};
use crate::diagnose::{Code, Context, Finding, Fix, Hint, Stage};
use crate::escape::escape;
use crate::trust::Level;
use crate::verify::{FaultKind, Judgement};
use crate::x509::Certificate;

pub(in crate::diagnose) fn explain(
    context: &Context<'_>,
    judgement: &Judgement,
    demands: &Demands,
    unmet: &Unmet,
) -> Finding {
    let finding = |code, message: String| Finding::error(code, Stage::Policy, message);
    match unmet {
        Unmet::ExpiresSoon { fault, wanted } => {
            let of_crl = fault.kind == FaultKind::CrlHasExpired;
            let what = if of_crl { "the CRL that covers" } else { "" };
            let named = judgement
                .on_path(fault.depth)
                .map_or_else(String::new, |certificate| {
                    let name = escape(&certificate.subject.text).to_string();
                    match (certificate.not_after, of_crl) {
                        (Some(end), false) => format!("\"{name}\" expires on {}", day(end)),
                        _ => format!("{what} \"{name}\" runs out"),
                    }
                });
            let now = day(context.rules.now);
            finding(
                Code::ExpiresSoon,
                format!(
                    "{named}, and does not hold for another {} from {now} on",
                    span(i64::try_from(wanted.as_secs()).unwrap_or(i64::MAX))
                ),
            )
            .hint(
                Hint::say("Renew it and reload the server:")
                    .fix(Fix::command("SELECT pg_reload_conf();")),
            )
        }
        Unmet::BelowMinTls { negotiated, wanted } => finding(
            Code::BelowMinTls,
            format!("negotiated {negotiated}, and {wanted} is demanded"),
        )
        .hint(Hint::say("On the server:").fix(Fix::setting(format!(
            "ssl_min_protocol_version = '{wanted}'"
        )))),
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
                Hint::say("These keys count. If the change was planned, pin the new key."),
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
                "the server serves another certificate than the one expected".to_owned(),
            )
            .hint(
                Hint::say("Expected")
                    .show(shown(demands.expected.as_deref()))
                    .then("served")
                    .show(shown(judgement.certificates.first()))
                    .then("If it was renewed, the server may not have reloaded it: SELECT pg_reload_conf(); then look for \"SSL configuration was not reloaded\" in its log."),
            )
        }
    }
}
