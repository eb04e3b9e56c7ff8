//! Findings about a chain in addition to the verdict.

use super::{Code, Context, Finding, Fix, Hint, Level, Stage, warning};
use crate::conninfo::{ChannelBinding, ConnInfo, HostAddr, Keyword};
use crate::diagnose::calendar::{day, span};
use crate::diagnose::explain::corrected;
use crate::diagnose::explain::renewal::{Authority, Role, renewal};
use crate::diagnose::explain::versions::{not_for_older, not_for_older_libpq};
use crate::diagnose::lifetime::ending;
use crate::escape::escape;
use crate::trust::{self, Trust};
use crate::verify::{Judgement, Step, Strict, strict};
use crate::x509::{Certificate, SignatureScheme};

/// All notices about the presented certificates and the path.
pub(in crate::diagnose) fn of_chain(context: &Context<'_>, judgement: &Judgement) -> Vec<Finding> {
    let mut found = expires_soon(context.rules.now, judgement);
    found.extend(order(context.trust, judgement));
    let own = judgement.certificates.first();
    found.extend(own.map_or_else(Vec::new, |own| leaf(own, context.host)));
    found.extend(no_channel_binding(context, judgement));
    found.extend(not_for_older(judgement));
    found.extend(not_for_older_libpq(context, judgement));
    found.extend(super::versions::openssl_1_1_1_differs(context, judgement));
    found.extend(other_engine(context, judgement, &found));
    found.extend(retired_root(judgement));
    found.extend(super::removal::of_root(context, judgement));
    found.extend(public_root(context, judgement));
    found
}

/// Certificates that the server sends in the wrong order, or does not send.
fn order(trust: &Trust, judgement: &Judgement) -> Vec<Finding> {
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
        found.push(
            warning(Code::ChainOrder, Stage::Verify, message.to_owned()).hint(
                Hint::say("In ssl_cert_file put each certificate before its issuer's certificate:")
                    .fix(Fix::command(APPEND_INTERMEDIATE)),
            ),
        );
    }
    // OpenSSL takes an issuer from the root file first, also if the server sends it.
    let sent = |der: &[u8]| judgement.certificates.iter().any(|sent| *sent.der == *der);
    let filled_in = path.iter().find_map(|step| match step {
        Step::Anchor(anchor) if !anchor.certificate.is_self_issued() => Some(&anchor.certificate),
        Step::Anchor(_) | Step::Presented(_) => None,
    });
    let filled_in = filled_in.filter(|held| judgement.path.faults.is_empty() && !sent(&held.der));
    if let Some(held) = filled_in {
        let mut sent = judgement.certificates.iter();
        let fault = match sent.any(|sent| sent.subject.matches(&held.subject)) {
            true => "sends another certificate of",
            false => "does not send",
        };
        let place = match trust.is_root(held) {
            true => "in the root file",
            false => "that came with the CRLs",
        };
        let message = format!(
            "the server {fault} the intermediate \"{}\"; libpq uses the one {place}, which other clients may lack",
            escape(&held.subject.text)
        );
        found.push(
            warning(Code::MissingIntermediate, Stage::Verify, message).hint(
                Hint::say("On the server:")
                    .fix(Fix::command(APPEND_INTERMEDIATE))
                    .then("Then reload the server: SELECT pg_reload_conf();"),
            ),
        );
    }
    found
}

/// The strict engine disagrees with libpq's verdict, and no other finding explains it.
fn other_engine(
    context: &Context<'_>,
    judgement: &Judgement,
    found: &[Finding],
) -> Option<Finding> {
    let name_fits = judgement.name.as_ref().is_none_or(Result::is_ok);
    let libpq = judgement.path.faults.is_empty() && name_fits;
    let explained = found
        .iter()
        .any(|finding| matches!(finding.code, Code::X509V1 | Code::NoSan | Code::CaAsLeaf));
    let refused = !judgement.path.faults.is_empty() && judgement.unparsable.is_none();
    // It costs as much as libpq's verdict, so it is asked only if its answer can change something.
    if !refused && (!libpq || explained) {
        return None;
    }
    let message = match strict(judgement, context.trust, context.host, context.rules.now) {
        Err(Strict::TooManyPaths) => return None,
        Err(reason) if libpq && !explained => format!(
            "libpq accepts this certificate; clients built on rustls do not: {}",
            escape(&reason.to_string())
        ),
        Ok(()) if refused => {
            "rustls-based and some other clients would accept this chain; libpq rejects it"
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

/// Every certificate of the path that should be replaced.
fn expires_soon(now: i64, judgement: &Judgement) -> Vec<Finding> {
    judgement
        .path_certificates()
        .filter_map(|certificate| {
            let left = ending(certificate, now)?;
            let role = Role::of(judgement, certificate);
            let level = match role {
                Role::Intermediate(Authority::Public) => Level::Info,
                Role::Leaf(_)
                | Role::Intermediate(Authority::Private)
                | Role::Root
                | Role::Client => Level::Warning,
            };
            Some(expiring(level, certificate, left, role))
        })
        .collect()
}

/// A certificate with so many seconds left.
pub(super) fn expiring(level: Level, certificate: &Certificate, left: i64, role: Role) -> Finding {
    let which = match role {
        Role::Leaf(_) => "the server certificate",
        Role::Intermediate(_) => "the intermediate",
        Role::Root => "the root",
        Role::Client => "the client certificate",
    };
    let message = format!(
        "{which} \"{}\" expires in {}, on {}",
        escape(&certificate.subject.text),
        span(left),
        certificate.not_after.map_or_else(String::new, day)
    );
    Finding::new(level, Code::ExpiresSoon, Stage::Verify, message).hint(renewal(certificate, role))
}

/// What libpq accepts and stricter clients do not.
fn leaf(leaf: &Certificate, host: Option<&[u8]>) -> Vec<Finding> {
    let mut found = Vec::new();
    let reissue = || {
        let name = alternative_name(host);
        Hint::say("Reissue it with:").fix(Fix::command(format!(
            "openssl x509 -req ... -extfile <(printf 'subjectAltName={name}\\nbasicConstraints=CA:FALSE')"
        )))
    };
    if leaf.version < 3 {
        let message = "the server certificate is X.509 version 1: libpq accepts it; clients built on rustls do not";
        found.push(warning(Code::X509V1, Stage::Verify, message.to_owned()).hint(reissue()));
    }
    if leaf.subject_alt_names.is_none() {
        let message = "the server certificate has no subjectAltName: libpq falls back to its CN; Go and rustls clients do not";
        found.push(warning(Code::NoSan, Stage::Verify, message.to_owned()).hint(reissue()));
    }
    if leaf
        .basic_constraints
        .is_some_and(|constraints| constraints.ca)
    {
        let message =
            "the server certificate says CA:TRUE: libpq accepts it; clients built on rustls do not";
        found.push(warning(Code::CaAsLeaf, Stage::Verify, message.to_owned()).hint(reissue()));
    }
    found
}

/// The host as an entry of subjectAltName: clients compare an address only with an address.
fn alternative_name(host: Option<&[u8]>) -> String {
    let host = host.and_then(|host| std::str::from_utf8(host).ok());
    let is_plain = |host: &&str| {
        let mut bytes = host.bytes();
        bytes.all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
    };
    match host.and_then(|host| HostAddr::from_bytes(host.as_bytes())) {
        Some(HostAddr { ip, .. }) => format!("IP:{ip}"),
        None => format!("DNS:{}", host.filter(is_plain).unwrap_or("HOST")),
    }
}

/// A signature without a digest: libpq cannot compute `tls-server-end-point`
/// (`pgtls_get_peer_certificate_hash` in `fe-secure-openssl.c`), which it tries whenever the server offers
/// SCRAM-SHA-256-PLUS.
fn no_channel_binding(context: &Context<'_>, judgement: &Judgement) -> Option<Finding> {
    let leaf = judgement.certificates.first()?;
    let algorithm = match &leaf.signature_algorithm.scheme {
        SignatureScheme::Ed25519 => "Ed25519",
        SignatureScheme::Ed448 => "Ed448",
        SignatureScheme::MlDsa(set) => set.name(),
        SignatureScheme::SlhDsa(set) => set.name,
        SignatureScheme::RsaPkcs1(_)
        | SignatureScheme::RsaPss(_)
        | SignatureScheme::Ecdsa(_)
        | SignatureScheme::Dsa(_)
        | SignatureScheme::Unknown(_) => return None,
    };
    let disabled = |conninfo: &ConnInfo| conninfo.channel_binding.value == ChannelBinding::Disable;
    if context.conninfo.is_some_and(disabled) {
        return None;
    }
    let message = format!(
        "the server certificate is signed with {algorithm}, which defines no hash for channel binding: libpq and pgx cannot log in with SCRAM (libpq: could not find digest for NID UNDEF)"
    );
    let finding = warning(Code::NoChannelBinding, Stage::Verify, message);
    let reissue = "Have it issued by a CA with an ECDSA or RSA key.";
    Some(match context.conninfo {
        Some(conninfo) => finding.hint(
            Hint::say(reissue)
                .then("Until then, log in without the protection of channel binding:")
                .fix(corrected(
                    conninfo,
                    &[(Keyword::ChannelBinding, b"disable")],
                )),
        ),
        None => finding.hint(reissue),
    })
}

const APPEND_INTERMEDIATE: &str = "cat server.pem intermediate.pem > server.crt";

/// A root that public lists have dropped still verifies if a file contains it.
fn retired_root(judgement: &Judgement) -> Option<Finding> {
    let anchor = judgement
        .anchors()
        .next_back()
        .filter(|_| judgement.path.faults.is_empty())?;
    trust::is_retired(anchor).then(|| {
        let message = format!(
            "the root \"{}\" is no longer on the public lists: new images and other clients will not know it",
            escape(&anchor.subject.text)
        );
        warning(Code::RetiredRoot, Stage::Verify, message)
            .hint("Ask the operator of the server when it moves to another root. Trust both roots until then.")
    })
}

/// Without the check of the name, a public root accepts any certificate that it has issued.
fn public_root(context: &Context<'_>, judgement: &Judgement) -> Option<Finding> {
    let anchor = judgement
        .anchors()
        .next_back()
        .filter(|_| judgement.path.faults.is_empty())?;
    let only_chain = context.level == trust::Level::Chain;
    (only_chain && trust::is_public(anchor)).then(|| {
        warning(
            Code::PublicRoot,
            Stage::Verify,
            "without a check of the host name, every server with a certificate under this public root passes, not only this one",
        )
        .hint("Use sslmode=verify-full.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_reissued_as_an_address() {
        for (host, expected) in [
            (Some("db.example"), "DNS:db.example"),
            (Some("192.0.2.1"), "IP:192.0.2.1"),
            (Some("2001:db8::1"), "IP:2001:db8::1"),
            // What is not ASCII, or means something to a shell, is left to the reader.
            (Some("b\u{fc}ro"), "DNS:HOST"),
            (Some("a'b"), "DNS:HOST"),
            (None, "DNS:HOST"),
        ] {
            assert_eq!(alternative_name(host.map(str::as_bytes)), expected);
        }
    }
}
