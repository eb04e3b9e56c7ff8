//! A certificate request: would the certificate that it asks for give clients what they need, and what is left to
//! the CA?

use std::path::Path;

use super::chain::not_for_tls;
use super::files::quoted_path;
use super::name::names_nearly;
use super::shell_word;
use super::versions::{refused_by_older, refused_by_older_libpq};
use crate::conninfo::shown_path;
use crate::diagnose::{Code, Context, Diagnosis, Finding, Hint, Level, Stage};
use crate::escape::escape;
use crate::inet::inet_aton;
use crate::trust::RequestFault;
use crate::verify::{KeyFitness, Libpq, NameMatch, OpenSsl, Possession, RequestJudgement, Rule};
use crate::x509::{Certificate, Flaw};

/// A file with a request that cannot be read.
pub fn request_file_error(path: &Path, fault: &RequestFault) -> Diagnosis {
    let message = format!(
        "the certificate request \"{}\" cannot be used: {fault}",
        shown_path(path)
    );
    let hint = match fault {
        RequestFault::Several(_) => "Put each request in a file of its own.".into(),
        RequestFault::Pem(_) | RequestFault::Damaged(_) => {
            Hint::say("Make it again. This shows what OpenSSL says of it:").show(format!(
                "openssl req -in {} -verify -noout",
                quoted_path(path)
            ))
        }
    };
    let finding = Finding::error(Code::CertificateRequestInvalid, Stage::Trust, message);
    Diagnosis::failed(finding.hint(hint))
}

/// Says what a certificate that copies the request would lack. The result is never a pass: only a certificate can be
/// verified.
pub fn diagnose_request(context: &Context<'_>, judged: &RequestJudgement) -> Diagnosis {
    let faults = faults(context, judged);
    let mut findings = Vec::new();
    let mut all = faults.into_iter();
    let error = match all.next() {
        Some(first) => {
            findings.extend(all);
            findings.push(unsigned(Level::Info, context, judged));
            first
        }
        None => unsigned(Level::Error, context, judged),
    };
    findings.extend(
        judged
            .copied
            .certificates
            .first()
            .into_iter()
            .flat_map(notices),
    );
    Diagnosis {
        findings,
        ..Diagnosis::failed(error)
    }
}

/// What a CA adds to a request or may change in it, and so cannot be seen in it.
pub fn left_to_the_ca() -> &'static [&'static str] {
    &[
        "who issues the certificate, and so its chain and root",
        "how long it is valid",
        "whether it has these names, fewer or more",
        "which usages it allows",
        "which algorithm signs it",
    ]
}

/// What is wrong, in libpq's order: the certificate before its name.
fn faults(context: &Context<'_>, judged: &RequestJudgement) -> Vec<Finding> {
    let Some(copied) = judged.copied.certificates.first() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    found.extend(possession(judged, copied));
    found.extend(key(judged, copied));
    found.extend(extensions(copied));
    found.extend(usages(judged));
    if let (OpenSsl::V3_0, Some(what)) = (judged.copied.oldest.openssl, judged.copied.post_quantum)
    {
        found.push(refused_by_older(context, &judged.copied, what));
    }
    found.extend(name(context, judged, copied));
    found
}

fn possession(judged: &RequestJudgement, copied: &Certificate) -> Option<Finding> {
    match judged.possession {
        Possession::Proven => None,
        Possession::Disproven => {
            let message = "the key in this request did not sign it: a CA will refuse it";
            let finding = Finding::error(
                Code::CertificateRequestInvalid,
                Stage::Verify,
                message.to_owned(),
            );
            Some(finding.hint(
                "It was changed after it was signed, or made with another key. Make it again with the server's key.",
            ))
        }
        Possession::Unknown => {
            let message = format!(
                "pgtls cannot check the request's own signature ({}, with the key {})",
                copied.signature_name(),
                copied.key_description()
            );
            let finding = Finding::error(Code::UnsupportedAlgorithm, Stage::Verify, message);
            Some(finding.hint("This shows what OpenSSL says: openssl req -in FILE -verify -noout"))
        }
    }
}

fn key(judged: &RequestJudgement, copied: &Certificate) -> Option<Finding> {
    let finding = match judged.key {
        KeyFitness::Fit(_) => return None,
        KeyFitness::Weak => Finding::error(
            Code::WeakKey,
            Stage::Verify,
            format!(
                "the key of this request is too weak for OpenSSL's security level 2, or damaged: {}",
                copied.key_description()
            ),
        ),
        KeyFitness::NotForTls => not_for_tls(copied),
    };
    Some(
        finding
            .hint("Make a new key of at least RSA 2048 or ECDSA P-256, and a new request with it."),
    )
}

/// What OpenSSL refuses in a certificate with these extensions.
fn extensions(copied: &Certificate) -> Option<Finding> {
    let finding = |message: String| {
        Finding::error(Code::CertificateRequestInvalid, Stage::Verify, message)
            .hint("Make the request again without it.")
    };
    if let Some(flaw) = copied.flaws.first() {
        let what = match flaw {
            Flaw::Malformed(oid) => format!("the extension {oid} cannot be read"),
            Flaw::Repeated(oid) => format!("the extension {oid} occurs more than once"),
            Flaw::EmptyKeyUsage => "the key usage allows nothing".to_owned(),
            Flaw::NegativePathLength => "the path length is below zero".to_owned(),
            Flaw::ProxyConflict => "it asks for a proxy certificate with names".to_owned(),
        };
        return Some(finding(format!(
            "OpenSSL refuses a certificate with what this request asks for: {what}"
        )));
    }
    let unknown = copied.unknown_critical.first()?;
    Some(
        Finding::error(
            Code::UnknownCriticalExtension,
            Stage::Verify,
            format!("OpenSSL refuses a certificate with what this request asks for: it does not know the critical extension {unknown}"),
        )
        .hint("Make the request again without it, or not critical."),
    )
}

fn usages(judged: &RequestJudgement) -> Option<Finding> {
    let (code, message) = if !judged.serves_tls {
        (
            Code::WrongPurpose,
            "the usages that this request asks for exclude TLS servers",
        )
    } else if !judged.signs_key_exchange {
        (
            Code::KeyUsage,
            "the key usage that this request asks for lacks digitalSignature: libpq refuses such a key under TLS 1.2",
        )
    } else {
        return None;
    };
    Some(
        Finding::error(code, Stage::Verify, message.to_owned()).hint(
            "Ask for extendedKeyUsage=serverAuth and keyUsage=digitalSignature, or for none of both.",
        ),
    )
}

fn name(context: &Context<'_>, judged: &RequestJudgement, copied: &Certificate) -> Option<Finding> {
    let host = context.host?;
    match judged.copied.name.as_ref()? {
        Ok(_) => match (judged.copied.oldest.libpq, &judged.copied.name_before_15) {
            (Some(Libpq::V14), Some(fault)) => {
                Some(refused_by_older_libpq(context, &judged.copied, fault))
            }
            (Some(Libpq::V14 | Libpq::V15 | Libpq::V17) | None, _) => None,
        },
        Err(fault) => {
            let message =
                format!("a certificate with the names of this request does not fit: {fault}");
            let mut advice = names_nearly(host, copied);
            advice
                .push(Hint::say("Make the request again with this name:").show(new_request(host)));
            let finding = Finding::error(Code::HostNameMismatch, Stage::Verify, message);
            Some(finding.hint(advice.into_iter().collect::<Hint>()))
        }
    }
}

/// The command that makes a request for a host.
fn new_request(host: &[u8]) -> String {
    let shown = escape(host).to_string();
    let is_address = inet_aton(host).is_some() || host.contains(&b':');
    let kind = if is_address { "IP" } else { "DNS" };
    let subject = shell_word(&format!("/CN={shown}"));
    let names = shell_word(&format!("subjectAltName={kind}:{shown}"));
    format!("openssl req -new -key server.key -subj {subject} -addext {names} -out server.csr")
}

/// Nothing is verified yet, and what is left to the CA.
fn unsigned(level: Level, context: &Context<'_>, judged: &RequestJudgement) -> Finding {
    let message =
        "this is a request, not a certificate: no CA has signed it, so nothing is verified yet";
    let fine = fine(context, judged);
    let fine = (level == Level::Error)
        .then(|| Hint::say(format!("What it asks for is fine: {}.", fine.join(", "))));
    let open = Hint::say(format!("The CA decides: {}.", left_to_the_ca().join("; ")));
    let host = context.host.map_or_else(String::new, |host| {
        format!(" --host {}", shell_word(&escape(host).to_string()))
    });
    let then = Hint::say("Verify the certificate when it comes back:")
        .show(format!("pgtls verify --cert server.crt{host}"));
    let advice = [fine, Some(open), Some(then)];
    Finding::new(
        level,
        Code::CertificateRequest,
        Stage::Verify,
        message.to_owned(),
    )
    .hint(advice.into_iter().flatten().collect::<Hint>())
}

/// What is good about the request.
fn fine(context: &Context<'_>, judged: &RequestJudgement) -> Vec<String> {
    let mut fine = vec!["its own signature".to_owned()];
    if let Some(copied) = judged.copied.certificates.first() {
        fine.push(format!("the key ({})", copied.key_description()));
    }
    if let (Some(host), Some(Ok(NameMatch { rule, .. }))) = (context.host, &judged.copied.name) {
        let place = match rule {
            Rule::SanDns | Rule::SanIp => "in subjectAltName",
            Rule::CommonName => "by its CN alone",
        };
        fine.push(format!("the name {} ({place})", escape(host)));
    }
    fine
}

/// What libpq accepts in a certificate and stricter clients do not.
fn notices(copied: &Certificate) -> Vec<Finding> {
    let warning =
        |code, message: String| Finding::new(Level::Warning, code, Stage::Verify, message);
    let mut found = Vec::new();
    if copied.subject_alt_names.is_none() {
        let message = match copied.subject.common_names.first() {
            Some(name) => format!(
                "this request has no subjectAltName: unless the CA adds one, libpq takes the CN \"{}\", and Go and rustls clients refuse the certificate",
                escape(name)
            ),
            None => "this request names no host: it has neither subjectAltName nor a CN".to_owned(),
        };
        found.push(
            warning(Code::NoSan, message).hint(
                Hint::say("Make the request again with names, such as:").show(new_request(
                    copied
                        .subject
                        .common_names
                        .first()
                        .map_or(b"HOST".as_slice(), Vec::as_slice),
                )),
            ),
        );
    }
    if copied
        .basic_constraints
        .is_some_and(|constraints| constraints.ca)
    {
        let message = "this request asks for CA:TRUE: libpq accepts that; clients built on rustls do not, and most CAs refuse it";
        found.push(warning(Code::CaAsLeaf, message.to_owned()));
    }
    found
}
