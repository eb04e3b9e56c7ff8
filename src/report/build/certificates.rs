//! What the report says of certificates, of a request for one, and of their names.

use data_encoding::HEXLOWER;

use super::super::times::instant;
use super::super::{
    CertificateReport, CertificateRequestReport, ClientCertificateReport, NameMatchReport,
    NameRule, RequestSignature, Role,
};
use crate::conninfo::shown_path;
use crate::diagnose::left_to_the_ca;
use crate::escape::{Shown, escape};
use crate::probe::{ClientCertificate, Observation, Task};
use crate::verify::{Judgement, KeyFitness, Possession, RequestJudgement, Step, client_path};
use crate::x509::{Certificate, GeneralName, usage_name};

pub(super) fn client_certificate(
    task: &Task,
    observation: &Observation,
) -> Option<ClientCertificateReport> {
    let identity = task.trust.identity.as_ref()?;
    let path = client_path(&identity.certificates);
    let (own, above) = path.split_first()?;
    let purposes = own.extended_key_usage.iter().flatten();
    Some(ClientCertificateReport {
        file: shown_path(&identity.certificate_path).into(),
        certificate: certificate_report(own, Role::Leaf, task.now),
        purposes: purposes.map(|oid| usage_name(oid).into()).collect(),
        chain: above
            .iter()
            .map(|above| certificate_report(above, Role::Intermediate, task.now))
            .collect(),
        sent: match observation.client_certificate() {
            Some(
                ClientCertificate::Sent | ClientCertificate::Accepted | ClientCertificate::Refused,
            ) => true,
            Some(ClientCertificate::NotRequested | ClientCertificate::NoneSent) | None => false,
        },
    })
}

/// The presented certificates in the server's order, and the anchor if the server left it out.
pub(super) fn certificates(judgement: &Judgement, now: i64) -> Vec<CertificateReport> {
    let path = &judgement.path.path;
    let on_path = |position: usize| {
        path.iter()
            .position(|step| matches!(step, Step::Presented(index) if *index == position))
    };
    let presented = judgement
        .certificates
        .iter()
        .enumerate()
        .map(|(position, certificate)| {
            let is_anchor = || {
                let mut anchors = judgement.anchors();
                anchors.any(|anchor| anchor.der == certificate.der)
            };
            let role = match on_path(position) {
                Some(0) => Role::Leaf,
                None if !is_anchor() => Role::Unused,
                Some(_) | None => role_above(certificate),
            };
            certificate_report(certificate, role, now)
        });
    let unsent = judgement
        .anchors()
        .filter(|anchor| {
            judgement
                .certificates
                .iter()
                .all(|sent| sent.der != anchor.der)
        })
        .map(|anchor| certificate_report(anchor, role_above(anchor), now));
    presented.chain(unsent).collect()
}

/// The role of a certificate of the path above the leaf. Anchors can be intermediates, too.
fn role_above(certificate: &Certificate) -> Role {
    match certificate.is_self_issued() {
        true => Role::Root,
        false => Role::Intermediate,
    }
}

fn certificate_report(certificate: &Certificate, role: Role, now: i64) -> CertificateReport {
    CertificateReport {
        subject: Shown::new(&certificate.subject.text),
        issuer: Shown::new(&certificate.issuer.text),
        names: names(certificate),
        serial: HEXLOWER.encode(&certificate.serial).into(),
        not_before: instant(certificate.not_before).into(),
        not_after: instant(certificate.not_after).into(),
        days_left: certificate
            .not_after
            .map_or(0, |end| end.saturating_sub(now).div_euclid(SECONDS_A_DAY)),
        key: certificate.key_description().into(),
        signature_algorithm: certificate.signature_name().into(),
        version: certificate.version,
        sha256_fingerprint: HEXLOWER.encode(&certificate.sha256_fingerprint()).into(),
        spki_sha256: HEXLOWER.encode(&certificate.spki_sha256()).into(),
        role: role.into(),
    }
}

pub(super) fn certificate_request(
    judged: &RequestJudgement,
    copied: &Certificate,
) -> CertificateRequestReport {
    CertificateRequestReport {
        subject: Shown::new(&copied.subject.text),
        names: names(copied),
        key: copied.key_description().into(),
        security_level: match judged.key {
            KeyFitness::Fit(level) => level,
            KeyFitness::Weak | KeyFitness::NotForTls => None,
        },
        signature_algorithm: copied.signature_name().into(),
        signature: match judged.possession {
            Possession::Proven => RequestSignature::Good,
            Possession::Disproven => RequestSignature::Bad,
            Possession::Unknown => RequestSignature::Unknown,
        }
        .into(),
        spki_sha256: HEXLOWER.encode(&copied.spki_sha256()).into(),
        left_to_the_ca: left_to_the_ca().iter().map(|part| (*part).into()).collect(),
    }
}

fn names(certificate: &Certificate) -> Vec<Shown> {
    let names = certificate.subject_alt_names.iter().flatten();
    names.take(MAX_NAMES).map(general_name).collect()
}

fn general_name(name: &GeneralName) -> Shown {
    match name {
        GeneralName::Dns(name) => Shown::new(name),
        GeneralName::Ip(bytes) => match name.ip() {
            Some(address) => address.to_string().into(),
            None => format!("IP:{}", HEXLOWER.encode(bytes)).into(),
        },
        GeneralName::Email(text) => format!("email:{}", escape(text)).into(),
        GeneralName::Uri(text) => format!("URI:{}", escape(text)).into(),
        GeneralName::Directory(name) => format!("dirName:{}", escape(&name.text)).into(),
        GeneralName::SmtpUtf8(_) | GeneralName::OtherName(..) => "otherName".into(),
        GeneralName::Other(tag, _) => format!("type {tag}").into(),
    }
}

pub(super) fn name_match(judgement: &Judgement) -> Option<NameMatchReport> {
    let leaf = judgement.certificates.first()?;
    let mut names = names(leaf);
    if leaf.subject_alt_names.is_none() {
        names.extend(leaf.subject.common_names.first().map(Shown::new));
    }
    let found = judgement.name.as_ref()?.as_ref().ok();
    Some(NameMatchReport {
        matched: found.map(|found| Shown::new(&found.matched)),
        names,
        rule: found.map(|found| NameRule::from(found.rule).into()),
    })
}

const SECONDS_A_DAY: i64 = 86_400;

/// The maximum of reported names of one certificate: a hostile one may have any number.
const MAX_NAMES: usize = 1_000;
