//! A fixed report for the tests of the formats: a pass with a warning, failures of several kinds,
//! and text that a hostile server might send. The library escapes what it reports, but the formats
//! must be correct even for unescaped text.

use super::{
    AcceptedReport, Answer, AnswerReport, AuditReport, CertificateReport, CertificateRequestReport,
    ClientCertificateReport, ClientCertificateUse, EndpointReport, FindingReport, FixReport,
    LocationReport, NameMatchReport, NameRule, ProfileReport, ProtocolReport, Report,
    RequestSignature, RequirementReport, Role, SuiteReport, TimingsReport, TlsAuditReport,
    TlsReport, ToolReport, TrustReport, TrustSource, Verdict,
};
use crate::audit::Preference;
use crate::conninfo::{SslMode, SslNegotiation, TlsVersion};
use crate::diagnose::{Code, Fix, FixKind, Hint, Level, Stage};
use crate::dialect::Dialect;
use crate::exit::Exit;
use crate::profile::Compliance;
use crate::wire::tls::Weakness;

/// Five endpoints.
pub(crate) fn report() -> Report {
    with(&[passing(), wrong_host(), hostile(), plaintext(), unread()])
}

/// These endpoints, and the exit code that the worst of them has.
pub(crate) fn with(endpoints: &[EndpointReport]) -> Report {
    let exit_code = endpoints.iter().map(|one| one.exit_code).max();
    let exit_code = exit_code.unwrap_or(Exit::Passed);
    Report {
        schema_version: 1,
        verdict: if exit_code == Exit::Passed {
            Verdict::Pass
        } else {
            Verdict::Fail
        },
        exit_code,
        checked_at: Some("2026-11-27T21:20:00Z".into()),
        tool: Some(ToolReport {
            name: "pgtls".into(),
            version: "1.2.3".into(),
        }),
        endpoints: endpoints.to_vec(),
    }
}

/// `--hosts any`: the run passes with one of two hosts.
pub(crate) fn of_one_host() -> Report {
    Report {
        verdict: Verdict::Pass,
        exit_code: Exit::Passed,
        ..with(&[spare(), passing()])
    }
}

/// A host that failed and is not needed.
pub(crate) fn spare() -> EndpointReport {
    EndpointReport {
        spare: true,
        ..wrong_host()
    }
}

/// 42 days are left.
pub(crate) fn passing() -> EndpointReport {
    EndpointReport {
        conninfo: Some("host=db.example.com password=******** sslmode=verify-full".into()),
        protection: None,
        host: Some("db.example.com".into()),
        hostaddr: Some("192.0.2.7".into()),
        address: Some("192.0.2.7:5432".into()),
        port: Some(5432),
        sslmode: Some(SslMode::VerifyFull.into()),
        sslnegotiation: Some(SslNegotiation::Postgres.into()),
        verdict: Verdict::Pass,
        exit_code: Exit::Passed,
        encrypted: true,
        authenticated: true,
        error: None,
        findings: vec![finding(
            Level::Warning,
            Code::LibpqRootMissing,
            Stage::Trust,
            "psql would find no root file here",
            Hint::say("Give it one:").fix(Fix::string("sslrootcert=root.crt")),
        )],
        tls: Some(tls()),
        certificates: Some(vec![
            certificate("CN = db.example.com", 42, Role::Leaf),
            certificate("CN = Example CA", 400, Role::Root),
            certificate("CN = stray", 3, Role::Unused),
        ]),
        certificate_request: None,
        client_certificate: Some(ClientCertificateReport {
            file: "client.crt".into(),
            certificate: certificate("CN = app", 99, Role::Leaf),
            purposes: vec!["clientAuth".into()],
            chain: Vec::new(),
            sent: true,
        }),
        trust: Some(trust()),
        name_match: Some(NameMatchReport {
            matched: Some("db.example.com".into()),
            names: vec!["db.example.com".into()],
            rule: Some(NameRule::SanDns.into()),
        }),
        timings_ms: Some(TimingsReport {
            resolve: Some(1.2),
            connect: Some(0.4),
            ssl_request: Some(0.3),
            handshake: Some(2.9),
            total: 4.8,
        }),
        ..unread()
    }
}

/// 364 days are left, and there is nothing to say.
pub(super) fn quiet(name: &str) -> EndpointReport {
    EndpointReport {
        name: Some(name.into()),
        findings: Vec::new(),
        certificates: Some(vec![certificate("CN = db.example.com", 364, Role::Leaf)]),
        certificate_request: None,
        client_certificate: None,
        ..passing()
    }
}

/// A mode that proves nothing.
pub(super) fn unverified() -> EndpointReport {
    EndpointReport {
        sslmode: Some(SslMode::Require.into()),
        authenticated: false,
        unverified: true,
        spare: false,
        trust: None,
        findings: vec![finding(
            Level::Warning,
            Code::NotAuthenticated,
            Stage::Verify,
            "sslmode=require (from the connection string) without a root file encrypts, but does not check who is at the other end",
            Hint::say("Use sslmode=verify-full with sslrootcert=FILE."),
        )],
        ..passing()
    }
}

/// An endpoint that accepts too much if it fails.
pub(crate) fn audited(name: &str, exit_code: Exit) -> EndpointReport {
    let answer = |outcome: Answer, detail: Option<&str>| AnswerReport {
        outcome: outcome.into(),
        detail: detail.map(Into::into),
    };
    let is_bad = exit_code != Exit::Passed;
    let suite = |cipher: &str, weaknesses| SuiteReport {
        id: "0xc030".into(),
        cipher: cipher.into(),
        cipher_iana: cipher.into(),
        weaknesses,
    };
    let accepted = AcceptedReport {
        suites: vec![
            suite("ECDHE-RSA-AES256-GCM-SHA384", Vec::new()),
            suite("ECDHE-RSA-AES256-SHA", vec![Weakness::Cbc.into()]),
        ],
        suites_complete: true,
        preference: Some(Preference::Server.into()),
        groups: vec!["X25519MLKEM768".into(), "secp256r1".into()],
        groups_complete: true,
        post_quantum: true,
        dh_bits: None,
        compression: Some(false),
        secure_renegotiation: Some(true),
        session_tickets: Some(true),
        extended_master_secret: None,
    };
    let version = |version: TlsVersion, outcome| ProtocolReport {
        version: version.into(),
        answer: answer(outcome, None),
        accepted: (outcome == Answer::Accepted).then(|| accepted.clone()),
    };
    let plaintext = match is_bad {
        true => answer(Answer::Accepted, Some("asks for a password (SASL)")),
        false => answer(Answer::Refused, Some("no pg_hba.conf entry, no encryption")),
    };
    let error = finding(
        Level::Error,
        Code::PlaintextAccepted,
        Stage::Audit,
        "TLS is offered but not enforced: the server starts a session without TLS and asks for a password (SASL)",
        Hint::say(
            "In pg_hba.conf use hostssl instead of host, or put this line first, then reload:",
        )
        .fix(Fix::file("hostnossl all all all reject")),
    );
    EndpointReport {
        verdict: if is_bad { Verdict::Fail } else { Verdict::Pass },
        exit_code,
        error: is_bad.then_some(error),
        audit: Some(AuditReport {
            profiles: Vec::new(),
            plaintext,
            gss: answer(Answer::Refused, None),
            direct_tls: answer(Answer::Accepted, None),
            tls: Some(TlsAuditReport {
                protocols: vec![
                    version(TlsVersion::V1_1, Answer::Refused),
                    version(TlsVersion::V1_2, Answer::Accepted),
                    version(TlsVersion::V1_3, Answer::Accepted),
                ],
                direct_tls_without_alpn: answer(Answer::Refused, None),
                plaintext_behind_ssl_request: answer(Answer::Unknown, Some("timeout")),
                large_hello: Some(answer(Answer::Accepted, None)),
                tls13_tickets: Some(2),
                certificates: Vec::new(),
            }),
        }),
        ..quiet(name)
    }
}

/// One requirement that is met, one that is not, and one without an answer.
pub(super) fn profile() -> ProfileReport {
    let requirement = |outcome: Compliance| RequirementReport {
        clause: "7.1".into(),
        requirement: "a <b> requirement".into(),
        outcome: outcome.into(),
        observed: Some("a <b> server".into()),
    };
    ProfileReport {
        name: "<i>ours".into(),
        title: "Our rules".into(),
        source: "wiki".into(),
        date: "2026".into(),
        note: Some("a <b> note".into()),
        requirements: [Compliance::Met, Compliance::Failed, Compliance::Unknown]
            .map(requirement)
            .into(),
        suites: Vec::new(),
    }
}

/// Ctrl-C came first.
pub(super) fn unfinished() -> EndpointReport {
    EndpointReport {
        host: Some("orders.example.com".into()),
        port: Some(5600),
        sslmode: Some(SslMode::VerifyFull.into()),
        exit_code: Exit::Interrupted,
        error: Some(finding(
            Level::Error,
            Code::NotFinished,
            Stage::Connect,
            "interrupted after 2.0 s of waiting for it",
            Hint::default(),
        )),
        ..unread()
    }
}

/// Named by a configuration file.
pub(crate) fn wrong_host() -> EndpointReport {
    EndpointReport {
        name: Some("orders, primary".into()),
        location: Some(LocationReport {
            file: "ops/pgtls: all.toml".into(),
            line: 12,
        }),
        hostaddr: Some("2001:db8::7".into()),
        verdict: Verdict::Fail,
        exit_code: Exit::WrongHost,
        authenticated: false,
        error: Some(finding(
            Level::Error,
            Code::HostNameMismatch,
            Stage::Verify,
            "server certificate for \"pg-1.internal\" does not match host name \"db.example.com\"",
            Hint::say("Connect by a name in the certificate:")
                .fix(Fix::string("host=pg-1.internal")),
        )),
        findings: Vec::new(),
        name_match: Some(NameMatchReport {
            matched: None,
            names: vec!["pg-1.internal".into()],
            rule: None,
        }),
        ..passing()
    }
}

/// A certificate request with nothing wrong in it.
pub(crate) fn requested() -> EndpointReport {
    EndpointReport {
        name: Some("server.csr".into()),
        host: Some("db.example.com".into()),
        dialect: None,
        exit_code: Exit::Unreachable,
        error: Some(finding(
            Level::Error,
            Code::CertificateRequest,
            Stage::Verify,
            "this is a request, not a certificate: no CA has signed it, so nothing is verified yet",
            Hint::say("Verify the certificate when it comes back:")
                .show("pgtls verify --cert server.crt --host db.example.com"),
        )),
        certificate_request: Some(CertificateRequestReport {
            subject: "CN = db.example.com".into(),
            names: vec!["db.example.com".into()],
            key: "ECDSA P-256".into(),
            security_level: Some(3),
            signature_algorithm: "ecdsa-with-SHA256".into(),
            signature: RequestSignature::Good.into(),
            spki_sha256: "00".repeat(32).into(),
            left_to_the_ca: vec!["how long it is valid".into()],
        }),
        name_match: Some(NameMatchReport {
            matched: Some("db.example.com".into()),
            names: vec!["db.example.com".into()],
            rule: Some(NameRule::SanDns.into()),
        }),
        ..unread()
    }
}

/// Everything that could break out of a line, an attribute or a label.
fn hostile() -> EndpointReport {
    let text = "a'\"<&>]]>\\|=%:,\u{1b}[2J\u{0}\r\n::error::gone\u{202e}\u{fffe}";
    EndpointReport {
        host: Some(text.into()),
        verdict: Verdict::Fail,
        exit_code: Exit::Untrusted,
        authenticated: false,
        error: Some(finding(
            Level::Error,
            Code::UnknownIssuer,
            Stage::Verify,
            text,
            Hint::default(),
        )),
        findings: vec![finding(
            Level::Info,
            Code::NoSan,
            Stage::Verify,
            text,
            text.into(),
        )],
        certificates: Some(vec![CertificateReport {
            issuer: text.into(),
            names: vec![text.into()],
            not_after: "unreadable".into(),
            ..certificate(text, 0, Role::Leaf)
        }]),
        name_match: None,
        ..passing()
    }
}

pub(crate) fn plaintext() -> EndpointReport {
    EndpointReport {
        conninfo: Some("hostaddr=::1 sslmode=require".into()),
        hostaddr: Some("::1".into()),
        port: Some(6432),
        sslmode: Some(SslMode::Require.into()),
        sslnegotiation: Some(SslNegotiation::Postgres.into()),
        exit_code: Exit::NoTls,
        error: Some(finding(
            Level::Error,
            Code::NoTls,
            Stage::Negotiate,
            "the server does not speak TLS on this port (it declined TLS)",
            Hint::say("On the server:").fix(Fix::string("ssl = on")),
        )),
        timings_ms: Some(TimingsReport {
            resolve: None,
            connect: Some(0.1),
            ssl_request: None,
            handshake: None,
            total: 0.5,
        }),
        fixes: vec![FixReport {
            kind: FixKind::String.into(),
            target: "connection string".into(),
            before: None,
            after: "host=db sslmode=verify-full password=********".into(),
            proven: true,
        }],
        ..unread()
    }
}

fn unread() -> EndpointReport {
    EndpointReport {
        name: None,
        location: None,
        dialect: Some(Dialect::Libpq.into()),
        conninfo: None,
        protection: None,
        host: None,
        hostaddr: None,
        address: None,
        port: None,
        sslmode: None,
        sslnegotiation: None,
        verdict: Verdict::Fail,
        exit_code: Exit::Usage,
        encrypted: false,
        authenticated: false,
        unverified: false,
        spare: false,
        error: Some(finding(
            Level::Error,
            Code::UnknownKeyword,
            Stage::Conninfo,
            "unknown parameter \"sslmod\"",
            "Did you mean sslmode?".into(),
        )),
        findings: Vec::new(),
        fixes: Vec::new(),
        tls: None,
        certificates: None,
        certificate_request: None,
        client_certificate: None,
        trust: None,
        rotation: None,
        login: None,
        clients: None,
        audit: None,
        name_match: None,
        timings_ms: None,
    }
}

fn finding(level: Level, code: Code, stage: Stage, message: &str, hint: Hint) -> FindingReport {
    FindingReport {
        level: level.into(),
        code: code.into(),
        stage: stage.into(),
        message: message.into(),
        hint,
    }
}

fn tls() -> TlsReport {
    TlsReport {
        protocol: Some(TlsVersion::V1_3.into()),
        cipher: Some("TLS_AES_256_GCM_SHA384".into()),
        cipher_iana: Some("TLS_AES_256_GCM_SHA384".into()),
        bits: Some(256),
        group: Some("secp256r1".into()),
        post_quantum: Some(false),
        alpn: None,
        sni: Some("db.example.com".into()),
        hello_retry_request: false,
        client_certificate: ClientCertificateUse::NotRequested.into(),
    }
}

fn certificate(subject: &str, days_left: i64, role: Role) -> CertificateReport {
    CertificateReport {
        subject: subject.into(),
        issuer: "CN = Example CA".into(),
        names: vec!["db.example.com".into()],
        serial: "01ab".into(),
        not_before: "2026-01-01T00:00:00Z".into(),
        not_after: "2027-01-01T00:00:00Z".into(),
        days_left,
        key: "ECDSA P-256".into(),
        signature_algorithm: "ecdsa-with-SHA256".into(),
        version: 3,
        sha256_fingerprint: "00".repeat(32).into(),
        spki_sha256: "11".repeat(32).into(),
        role: role.into(),
    }
}

fn trust() -> TrustReport {
    TrustReport {
        source: TrustSource::SslRootCert.into(),
        path: Some("root.crt".into()),
        origin: None,
        crl: Some("root.crl".into()),
        anchor: Some("CN = Example CA".into()),
        anchor_not_after: Some("2036-01-01T00:00:00Z".into()),
    }
}
