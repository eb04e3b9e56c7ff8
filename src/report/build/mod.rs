//! Turns what was observed and diagnosed into the report.

mod certificates;
mod trust;

use super::times::{instant, milliseconds};
use super::{
    AuditReport, ClientCertificateUse, ClientReport, EndpointReport, FindingReport, FixReport,
    RehearsalReport, Report, RotationReport, TimingsReport, TlsReport, ToolReport, TrustReport,
    Verdict,
};
use crate::audit::Audit;
use crate::conninfo::{ConnInfo, Endpoint, SslMode};
use crate::demands::proves_nothing;
use crate::diagnose::{ClientDiagnosis, Context, Diagnosis, Finding, Fix, Rehearsal, Rotation};
use crate::escape::Shown;
use crate::exit::Exit;
use crate::probe::{Observation, Proof, Task};
use crate::profile::Judged;
use crate::trust::Level;
use crate::verify::{Judgement, RequestJudgement};
use crate::wire::tls::{Group, Suite};
use crate::words::Named;

use certificates::{certificate_request, certificates, client_certificate, name_match};
use trust::trust_report;

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
            spare: false,
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
        // Demands and a login come after the server's own proof. It is one only if the name holds too, also in a mode
        // that does not ask for the name.
        let authenticated = observation.outcome.as_ref().is_ok_and(|session| {
            session.judgement.satisfies(Level::ChainAndName).is_ok()
                && task.trust.level > Level::Encryption
                && diagnosis.exit.is_sound()
        });
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
