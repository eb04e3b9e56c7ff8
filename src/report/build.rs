//! Turns what was observed and diagnosed into the report.

use std::time::Duration;

use data_encoding::HEXLOWER;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{
    AuditReport, CertificateReport, CertificateRequestReport, ClientCertificateReport,
    ClientCertificateUse, ClientReport, EndpointReport, FindingReport, FixReport, NameMatchReport,
    NameRule, RehearsalReport, Report, RequestSignature, Role, RotationReport, TimingsReport,
    TlsReport, ToolReport, TrustReport, TrustSource, Verdict,
};
use crate::audit::Audit;
use crate::conninfo::{ConnInfo, Endpoint, Origin, SslMode, SystemRoots, shown_path};
use crate::demands::proves_nothing;
use crate::diagnose::{
    ClientDiagnosis, Context, Diagnosis, Finding, Fix, Rehearsal, Rotation, left_to_the_ca,
};
use crate::escape::{Shown, escape};
use crate::exit::Exit;
use crate::probe::{ClientCertificate, Observation, Proof, Task};
use crate::profile::Judged;
use crate::trust::{BundledRoot, CrlSource, Level, Source, Trust};
use crate::verify::{Judgement, KeyFitness, Possession, RequestJudgement, Step, client_path};
use crate::wire::tls::{Group, Suite};
use crate::words::Named;
use crate::x509::{Certificate, GeneralName, usage_name};

impl Report {
    /// The report of a whole run that began at this time, in seconds since 1970-01-01T00:00:00Z.
    pub fn new(endpoints: Vec<EndpointReport>, exit: Exit, began: i64) -> Self {
        Self {
            checked_at: Some(instant(Some(began)).into()),
            ..Self::merged(endpoints, exit)
        }
    }

    /// A report of several runs.
    pub fn merged(endpoints: Vec<EndpointReport>, exit: Exit) -> Self {
        Self {
            schema_version: 1,
            verdict: Verdict::of(exit),
            exit_code: exit,
            checked_at: None,
            tool: Some(ToolReport::this()),
            endpoints,
        }
    }
}

impl ToolReport {
    /// This program.
    pub(super) fn this() -> Self {
        Self {
            name: env!("CARGO_PKG_NAME").into(),
            version: env!("CARGO_PKG_VERSION").into(),
        }
    }
}

impl Verdict {
    pub(crate) fn of(exit: Exit) -> Self {
        match exit {
            Exit::Passed => Self::Pass,
            Exit::Unmet
            | Exit::Usage
            | Exit::Unreachable
            | Exit::NoTls
            | Exit::Handshake
            | Exit::Untrusted
            | Exit::WrongHost
            | Exit::Login
            | Exit::Interrupted => Self::Fail,
        }
    }
}

impl EndpointReport {
    /// A connection string that could not be read: nothing of it is shown, because it may be a
    /// misplaced password.
    pub fn unread(diagnosis: &Diagnosis) -> Self {
        Self {
            name: None,
            location: None,
            dialect: None,
            conninfo: None,
            protection: None,
            host: None,
            hostaddr: None,
            address: None,
            port: None,
            sslmode: None,
            sslnegotiation: None,
            verdict: Verdict::of(diagnosis.exit),
            exit_code: diagnosis.exit,
            encrypted: false,
            authenticated: false,
            unverified: false,
            error: diagnosis.error.as_ref().map(finding),
            findings: diagnosis.findings.iter().map(finding).collect(),
            fixes: diagnosis.proven().map(fix).collect(),
            tls: None,
            certificates: None,
            certificate_request: None,
            client_certificate: None,
            trust: None,
            name_match: None,
            rotation: None,
            login: None,
            clients: None,
            audit: None,
            timings_ms: None,
        }
    }

    /// An endpoint without a connection.
    pub fn unchecked(conninfo: &ConnInfo, endpoint: &Endpoint, diagnosis: &Diagnosis) -> Self {
        Self {
            conninfo: Some(Shown::new(&conninfo.redacted())),
            protection: Some(Shown::new(&conninfo.protection())),
            host: endpoint
                .host
                .as_ref()
                .map(|host| Shown::new(host.as_bytes())),
            hostaddr: endpoint
                .hostaddr
                .as_ref()
                .map(|address| address.to_string().into()),
            port: Some(endpoint.port),
            sslmode: Some(conninfo.sslmode.value.into()),
            sslnegotiation: Some(conninfo.sslnegotiation.value.into()),
            ..Self::unread(diagnosis)
        }
    }

    /// An endpoint that was checked at the instant of the task's rules.
    pub fn checked(task: &Task, observation: &Observation, diagnosis: &Diagnosis) -> Self {
        let judgement = observation.judgement();
        let encrypted = match &observation.outcome {
            Ok(session) => session.proof == Proof::Finished,
            Err(_) => false,
        };
        // Demands and a login come after the server's own proof.
        let has_proven = observation.outcome.as_ref().is_ok_and(|session| {
            session.judgement.satisfies(task.trust.level).is_ok()
                && matches!(diagnosis.exit, Exit::Passed | Exit::Unmet | Exit::Login)
        });
        let authenticated = has_proven && task.trust.level > Level::Encryption;
        let address = observation
            .address
            .map(|address| address.ip().to_string().into());
        let unchecked = Self::unchecked(&task.conninfo, &task.endpoint, diagnosis);
        Self {
            hostaddr: address.or(unchecked.hostaddr),
            address: observation
                .address
                .map(|address| address.to_string().into()),
            encrypted,
            authenticated,
            unverified: observation.outcome.is_ok()
                && proves_nothing(task.conninfo.sslmode.value, task.trust.level),
            tls: tls_report(observation),
            certificates: judgement.map(|judgement| certificates(judgement, task.now)),
            client_certificate: client_certificate(task, observation),
            // Roots that were not used are not a source of trust.
            trust: judgement
                .filter(|_| task.trust.level > Level::Encryption)
                .map(|judgement| trust_report(&task.trust, judgement)),
            name_match: judgement.and_then(name_match),
            timings_ms: Some(timings(observation)),
            ..unchecked
        }
    }

    /// A server's files, judged for a host or for their chain alone.
    pub fn offline(context: &Context<'_>, judgement: &Judgement, diagnosis: &Diagnosis) -> Self {
        Self {
            host: context.host.map(Shown::new),
            sslmode: Some(match context.host {
                Some(_) => SslMode::VerifyFull.into(),
                None => SslMode::VerifyCa.into(),
            }),
            certificates: Some(certificates(judgement, context.rules.now)),
            trust: Some(TrustReport {
                // The one option that names roots here.
                origin: None,
                ..trust_report(context.trust, judgement)
            }),
            name_match: name_match(judgement),
            ..Self::unread(diagnosis)
        }
    }

    /// A request for a certificate, judged for a host or without one.
    pub fn requested(
        host: Option<&[u8]>,
        judged: &RequestJudgement,
        diagnosis: &Diagnosis,
    ) -> Self {
        let copied = judged.copied.certificates.first();
        Self {
            host: host.map(Shown::new),
            certificate_request: copied.map(|copied| certificate_request(judged, copied)),
            name_match: name_match(&judged.copied),
            ..Self::unread(diagnosis)
        }
    }

    /// The same with what else the endpoint accepts, if a server answered.
    #[must_use]
    pub fn with_audit(
        self,
        task: &Task,
        observation: &Observation,
        audit: Option<&Audit>,
        judged: &[Judged],
    ) -> Self {
        let negotiated = observation.tls().and_then(|tls| tls.protocol);
        Self {
            audit: audit.map(|audit| AuditReport::new(task, audit, judged, negotiated)),
            ..self
        }
    }

    /// The same with what the client libraries would do, if that was asked for.
    #[must_use]
    pub fn with_clients(self, clients: Option<&[ClientDiagnosis]>) -> Self {
        Self {
            clients: clients.map(|clients| clients.iter().map(client).collect()),
            ..self
        }
    }

    /// The same with the rehearsal of a rotation, if there was one.
    #[must_use]
    pub fn with_rotation(self, rotation: Option<&Rotation>) -> Self {
        Self {
            rotation: rotation.map(|rotation| RotationReport {
                file: rotation.file.clone(),
                today: rehearsal(rotation.today),
                alone: rehearsal(rotation.alone),
                both: rehearsal(rotation.both),
            }),
            ..self
        }
    }
}

fn rehearsal(rehearsal: Rehearsal) -> RehearsalReport {
    RehearsalReport {
        verdict: Verdict::of(rehearsal.exit),
        exit_code: rehearsal.exit,
        code: rehearsal.code.map(Named::Known),
    }
}

fn client(client: &ClientDiagnosis) -> ClientReport {
    let ClientDiagnosis { verdict, code } = client;
    ClientReport {
        client: verdict.client.into(),
        outcome: verdict.outcome.into(),
        certificate: verdict.certificate.into(),
        code: code.map(Named::Known),
        reason: verdict.reason.clone(),
        basis: verdict.basis.into(),
    }
}

fn finding(finding: &Finding) -> FindingReport {
    FindingReport {
        level: finding.level.into(),
        code: finding.code.into(),
        stage: finding.stage.into(),
        message: finding.message.clone(),
        hint: finding.hint.clone(),
    }
}

fn fix(fix: &Fix) -> FixReport {
    FixReport {
        kind: fix.kind.into(),
        target: fix.target.clone(),
        before: fix.before.clone(),
        after: fix.after.clone(),
        proven: true,
    }
}

fn tls_report(observation: &Observation) -> Option<TlsReport> {
    let tls = observation.tls()?;
    Some(TlsReport {
        protocol: tls.protocol.map(Named::Known),
        cipher: tls.cipher.map(|cipher| cipher.openssl.into()),
        cipher_iana: tls.cipher.map(|cipher| cipher.iana.into()),
        bits: tls.cipher.and_then(Suite::key_bits),
        group: tls.group.map(|group| group.name.into()),
        post_quantum: tls.group.map(Group::is_post_quantum),
        alpn: tls.alpn.as_ref().map(Shown::new),
        sni: tls.sni.as_deref().map(Shown::new),
        hello_retry_request: tls.hello_retry_request,
        client_certificate: ClientCertificateUse::from(observation.client_certificate()?).into(),
    })
}

fn client_certificate(task: &Task, observation: &Observation) -> Option<ClientCertificateReport> {
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
fn certificates(judgement: &Judgement, now: i64) -> Vec<CertificateReport> {
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

fn certificate_request(
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

/// What decides about the roots, if it is not the string alone.
fn trust_origin(trust: &Trust) -> Option<Shown> {
    let set = match &trust.source {
        Source::SslRootCert { origin, .. } => match origin {
            Origin::String { .. } => None,
            Origin::Service { .. } | Origin::Environment(_) | Origin::Default => {
                Some(origin.to_string())
            }
        },
        Source::Option { .. }
        | Source::Home { .. }
        | Source::System
        | Source::Bundled
        | Source::Mozilla
        | Source::Fallback => None,
    };
    let chosen = trust.chosen_by.map(|chooser| chooser.name().to_owned());
    let variables = trust.system_roots().and_then(system_variables);
    let all: Vec<String> = [set, chosen, variables].into_iter().flatten().collect();
    (!all.is_empty()).then(|| escape(&all.join(", ")).into())
}

/// The variables that move the machine's store.
fn system_variables(roots: &SystemRoots) -> Option<String> {
    let file = roots
        .file
        .as_ref()
        .map(|file| format!("SSL_CERT_FILE={}", shown_path(file)));
    let directories = roots.directories.as_ref().map(|directories| {
        let shown: Vec<String> = directories.iter().map(|one| shown_path(one)).collect();
        format!("SSL_CERT_DIR={}", shown.join(":"))
    });
    let all: Vec<String> = [file, directories].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join(", "))
}

fn trust_report(trust: &Trust, judgement: &Judgement) -> TrustReport {
    let anchor = judgement.anchors().next_back();
    let (source, path) = match &trust.source {
        Source::SslRootCert { path, .. } | Source::Option { path } => {
            (TrustSource::SslRootCert, Some(path))
        }
        Source::Home { path } => (TrustSource::Home, Some(path)),
        Source::System => (TrustSource::System, None),
        Source::Bundled => (TrustSource::Bundled, None),
        Source::Mozilla => (TrustSource::Mozilla, None),
        Source::Fallback => match anchor {
            Some(anchor) if BundledRoot::of(anchor).is_none() => (TrustSource::Mozilla, None),
            _ => (TrustSource::Bundled, None),
        },
    };
    TrustReport {
        source: source.into(),
        path: path.map(|path| shown_path(path).into()),
        origin: trust_origin(trust),
        crl: trust.crl_source.as_ref().map(|source| match source {
            CrlSource::Named { .. } => source.to_string().into(),
            CrlSource::Home(_) => format!("{source} (home)").into(),
        }),
        anchor: anchor.map(|anchor| Shown::new(&anchor.subject.text)),
        anchor_not_after: anchor.map(|anchor| instant(anchor.not_after).into()),
    }
}

fn name_match(judgement: &Judgement) -> Option<NameMatchReport> {
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

fn timings(observation: &Observation) -> TimingsReport {
    let timings = &observation.timings;
    TimingsReport {
        resolve: timings.resolve.map(milliseconds),
        connect: timings.connect.map(milliseconds),
        ssl_request: timings.ssl_request.map(milliseconds),
        handshake: timings.handshake.map(milliseconds),
        total: milliseconds(timings.total),
    }
}

/// To the microsecond: more digits are noise.
pub(super) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// RFC 3339, or a text for a time that cannot be compared or is outside the calendar.
pub fn instant(seconds: Option<i64>) -> String {
    seconds
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .and_then(|instant| instant.format(&Rfc3339).ok())
        .unwrap_or_else(|| "unreadable".to_owned())
}

/// The date of an instant in RFC 3339.
pub fn day(instant: &str) -> &str {
    instant.get(..10).unwrap_or(instant)
}

const SECONDS_A_DAY: i64 = 86_400;

/// The maximum of reported names of one certificate: a hostile one may have any number.
const MAX_NAMES: usize = 1_000;
