//! What is broken in a PgBouncer or an HAProxy in front of the server.

use pgtls::diagnose::Code;

use super::Cured;
use super::ward::{GOOD, Ward, codes, fixes, settings_of};
use crate::support::client::{Answer, Client};
use crate::support::haproxy::{self, HaProxy};
use crate::support::pgbouncer::{self, PgBouncer};
use crate::support::tool::Tool;

/// Are both installed? If not, that is said.
pub(crate) fn are_installed() -> bool {
    haproxy::is_installed() && pgbouncer::is_installed()
}

/// Every round trip through one of them.
pub(crate) fn all(ward: &mut Ward) -> Vec<Cured> {
    if !are_installed() {
        return Vec::new();
    }
    ward.restore();
    let options = format!("{GOOD} options='-c work_mem=8MB'");
    let rows = [
        Pooled {
            code: Code::BelowMinTls,
            what: "a PgBouncer that allows only TLS 1.2",
            settings: &[("client_tls_protocols", "tlsv1.2")],
            arguments: &["check", "--min-tls", "1.3"],
            string: GOOD,
        },
        Pooled {
            code: Code::NoCommonVersion,
            what: "a PgBouncer that allows only TLS 1.1",
            settings: &[
                ("client_tls_protocols", "tlsv1.1"),
                ("client_tls_ciphers", "ALL:@SECLEVEL=0"),
            ],
            arguments: &["check"],
            string: GOOD,
        },
        Pooled {
            code: Code::NoCommonCipher,
            what: "a PgBouncer with one suite, with CBC, that asks for a client certificate",
            settings: &[
                ("client_tls_protocols", "tlsv1.2"),
                ("client_tls_ciphers", "ECDHE-ECDSA-AES128-SHA256"),
            ],
            arguments: &["check"],
            string: GOOD,
        },
        Pooled {
            code: Code::NoTls,
            what: "a PgBouncer without client_tls_sslmode",
            settings: &[("client_tls_sslmode", "disable")],
            arguments: &["check"],
            string: GOOD,
        },
        Pooled {
            code: Code::LoginFailed,
            what: "a startup parameter that PgBouncer does not pass on",
            settings: &[],
            arguments: &["check", "--login"],
            string: &options,
        },
    ];
    let mut cured: Vec<Cured> = rows.iter().map(|row| pooled(ward, row)).collect();
    cured.extend(ended(
        ward,
        Code::Closed,
        "an HAProxy that ends TLS, asked for TLS as PostgreSQL is",
        "ssl crt PEM alpn postgresql",
        GOOD,
    ));
    cured.extend(ended(
        ward,
        Code::TlsAlert,
        "an HAProxy that refuses clients without SNI, and sslsni=0",
        "ssl crt PEM alpn postgresql strict-sni",
        &format!("{GOOD} sslnegotiation=direct sslsni=0"),
    ));
    cured
}

/// A fault of a PgBouncer.
struct Pooled<'a> {
    code: Code,
    what: &'static str,
    settings: &'a [(&'a str, &'a str)],
    arguments: &'a [&'a str],
    string: &'a str,
}

/// Applies the settings that are printed for PgBouncer, and looks again.
fn pooled(ward: &Ward, row: &Pooled<'_>) -> Cured {
    let client = ward.client();
    let start = |settings: &[(String, String)]| {
        let lines = settings
            .iter()
            .map(|(name, value)| format!("{name} = {value}\n"));
        let lines: String = lines.collect();
        let server = ward.server.port;
        let more = format!("{lines}[databases]\npostgres = host=127.0.0.1 port={server}\n");
        PgBouncer::start("require", &more, &ward.good).unwrap()
    };
    let look = |client: &Client, port: u16| {
        let string = row.string.replace("PORT", &port.to_string());
        let mut arguments = row.arguments.to_vec();
        arguments.extend(["--format", "json", &string]);
        (client.pgtls(&arguments), string)
    };
    let mut settings: Vec<(String, String)> = row
        .settings
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let broken = start(&settings);
    let (before, _) = look(&client, broken.port);
    let code = row.code.name().to_owned();
    assert!(codes(&before).contains(&code), "{}: {before:?}", row.what);
    let printed: Vec<String> = settings_of(&before, row.code)
        .into_iter()
        .filter(|line| line.starts_with("client_tls_") || line.starts_with("ignore_startup_"))
        .collect();
    assert!(!printed.is_empty(), "{}: {before:?}", row.what);
    for line in &printed {
        let (name, value) = line.split_once(" = ").unwrap();
        settings.retain(|(other, _)| other != name);
        settings.push((name.to_owned(), value.to_owned()));
    }
    drop(broken);
    let whole = start(&settings);
    let (after, string) = look(&client, whole.port);
    assert!(
        after.code == 0 && !codes(&after).contains(&code),
        "{}: {printed:?} leads to {after:?}",
        row.what
    );
    client.run_psql(&string, "SELECT 1").unwrap();
    Cured {
        code: row.code,
        broken: row.what,
        applied: printed,
        verdict: "pgtls passes, psql connects over TLS".to_owned(),
    }
}

/// Applies the string that is printed where an HAProxy ends TLS. libpq 18 is the referee, where it is installed.
fn ended(ward: &Ward, code: Code, broken: &'static str, bind: &str, string: &str) -> Option<Cured> {
    let proxy = HaProxy::start(&ward.good, bind, "", ward.server.port)?;
    let port = proxy.port.to_string();
    let client = ward.client();
    let check = |string: &str| client.pgtls(&["check", "--format", "json", string]);
    let before = check(&string.replace("PORT", &port));
    assert!(
        codes(&before).contains(&code.name().to_owned()),
        "{broken}: {before:?}"
    );
    let all = fixes(&before, code);
    let [(kind, whole)] = all.as_slice() else {
        panic!("{broken}: {all:?} {before:?}");
    };
    assert_eq!(kind, "string", "{broken}");
    let after = check(whole);
    assert_eq!(after.code, 0, "{broken}: {whole} leads to {after:?}");
    let libpq = Tool::Libpq18.find();
    let referee = libpq.map(|libpq| client.libpq(&libpq, whole));
    assert!(matches!(referee, None | Some(Answer::Tls)), "{referee:?}");
    Some(Cured {
        code,
        broken,
        applied: vec![whole.replace(&port, "PORT")],
        verdict: "pgtls passes, libpq 18 connects over TLS".to_owned(),
    })
}
