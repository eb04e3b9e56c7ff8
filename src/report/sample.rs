//! A fixed report for the tests of the formats: a pass with a warning, failures of several kinds,
//! and text that a hostile server might send. The library escapes what it reports, but the formats
//! must be correct even for unescaped text.

use super::{
    CertificateReport, ClientCertificateReport, ClientCertificateUse, EndpointReport,
    FindingReport, FixReport, LocationReport, NameMatchReport, NameRule, Report, Role,
    TimingsReport, TlsReport, TrustReport, TrustSource, Verdict,
};
use crate::conninfo::{SslMode, SslNegotiation, TlsVersion};
use crate::diagnose::{Code, Fix, FixKind, Hint, Level, Stage};
use crate::dialect::Dialect;
use crate::exit::Exit;

/// Five endpoints.
pub(super) fn report() -> Report {
    with(&[passing(), wrong_host(), hostile(), plaintext(), unread()])
}

/// These endpoints, and the exit code that the worst of them has.
pub(super) fn with(endpoints: &[EndpointReport]) -> Report {
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
        endpoints: endpoints.to_vec(),
    }
}

/// 42 days are left.
pub(super) fn passing() -> EndpointReport {
    EndpointReport {
        conninfo: Some("host=db.example.com password=******** sslmode=verify-full".into()),
        host: Some("db.example.com".into()),
        hostaddr: Some("192.0.2.7".into()),
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

/// Named by a configuration file.
fn wrong_host() -> EndpointReport {
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
            Hint::say("Connect by a name that the certificate holds:")
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

fn plaintext() -> EndpointReport {
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
        host: None,
        hostaddr: None,
        port: None,
        sslmode: None,
        sslnegotiation: None,
        verdict: Verdict::Fail,
        exit_code: Exit::Usage,
        encrypted: false,
        authenticated: false,
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
