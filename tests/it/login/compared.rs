//! Each login, by pgtls and by psql.

use super::{GOOD, assert_no_password, client, login, prepared, summary};
use crate::support::client::{Answer, Run};
use crate::support::pki::Ca;
use crate::support::postgres::wait_until;
use crate::support::tool::Tool;

/// Methods by user, above the line that trusts every user.
pub(super) const METHODS: &str = "\
hostssl all ann all scram-sha-256
hostssl all bob all md5
hostssl all cleo all password
hostssl all eve all reject
hostssl all zoe all scram-sha-256
";

/// Which referee knows the settings of a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Referee {
    Psql,
    Libpq18,
}

use Referee::{Libpq18, Psql};

/// Settings, referee, exit code, error or "pass", and method and binding of the report, or SQLSTATE.
type Row = (&'static str, Referee, (i32, &'static str), &'static str);

const ROWS: &[Row] = &[
    (
        "user=ann password=hunter2",
        Psql,
        (0, "pass"),
        "scram-sha-256 bound",
    ),
    (
        "user=ann password=hunter2 ssl_max_protocol_version=TLSv1.2",
        Psql,
        (0, "pass"),
        "scram-sha-256 bound",
    ),
    (
        "user=ann password=hunter2 channel_binding=require",
        Psql,
        (0, "pass"),
        "scram-sha-256 bound",
    ),
    (
        "user=ann password=hunter2 channel_binding=disable",
        Psql,
        (0, "pass"),
        "scram-sha-256",
    ),
    (
        "user=ann password=hunter2 sslsni=0",
        Psql,
        (0, "pass"),
        "scram-sha-256 bound",
    ),
    (
        "user=ann password=hunter2 host=db.example. sslmode=require",
        Psql,
        (0, "pass"),
        "scram-sha-256 bound",
    ),
    (
        "user=ann password=hunter2 host=db.example. sslmode=require ssl_max_protocol_version=TLSv1.2",
        Psql,
        (0, "pass"),
        "scram-sha-256 bound",
    ),
    (
        "user=ann password=hunter2 host=127.0.0.1 sslmode=require",
        Psql,
        (0, "pass"),
        "scram-sha-256 bound",
    ),
    (
        "user=ann password=wrong",
        Psql,
        (8, "login-failed"),
        "28P01",
    ),
    (
        "user=ann password=''",
        Psql,
        (8, "login-failed"),
        "scram-sha-256",
    ),
    ("user=ann", Psql, (8, "login-failed"), "scram-sha-256"),
    (
        "user=zoe password=hunter2",
        Psql,
        (8, "login-failed"),
        "28P01",
    ),
    (
        "user=ann password=hunter2 require_auth=scram-sha-256",
        Libpq18,
        (0, "pass"),
        "scram-sha-256 bound",
    ),
    (
        "user=ann password=hunter2 require_auth=!md5,!password",
        Libpq18,
        (0, "pass"),
        "scram-sha-256 bound",
    ),
    (
        "user=ann password=hunter2 require_auth=md5",
        Libpq18,
        (8, "login-failed"),
        "scram-sha-256",
    ),
    (
        "user=ann password=hunter2 require_auth=!scram-sha-256",
        Libpq18,
        (8, "login-failed"),
        "scram-sha-256",
    ),
    ("user=bob password=hunter2", Psql, (0, "pass"), "md5"),
    (
        "user=bob password=wrong",
        Psql,
        (8, "login-failed"),
        "28P01",
    ),
    (
        "user=bob password=hunter2 channel_binding=require",
        Psql,
        (8, "no-channel-binding"),
        "md5",
    ),
    (
        "user=bob password=hunter2 require_auth=scram-sha-256",
        Libpq18,
        (8, "login-failed"),
        "md5",
    ),
    ("user=cleo password=hunter2", Psql, (0, "pass"), "password"),
    (
        "user=cleo password=wrong",
        Psql,
        (8, "login-failed"),
        "28P01",
    ),
    (
        "user=cleo password=hunter2 require_auth=!password",
        Libpq18,
        (8, "login-failed"),
        "password",
    ),
    ("user=postgres", Psql, (0, "pass"), "none"),
    ("user=postgres password=unused", Psql, (0, "pass"), "none"),
    (
        "user=postgres channel_binding=require",
        Psql,
        (8, "no-channel-binding"),
        "none",
    ),
    (
        "user=postgres require_auth=none",
        Libpq18,
        (0, "pass"),
        "none",
    ),
    (
        "user=postgres require_auth=!none",
        Libpq18,
        (8, "login-failed"),
        "none",
    ),
    (
        "user=postgres require_auth=scram-sha-256",
        Libpq18,
        (8, "login-failed"),
        "none",
    ),
    (
        "user=postgres sslcertmode=require",
        Libpq18,
        (2, "client-cert-file-missing"),
        "",
    ),
    (
        "user=eve password=hunter2",
        Psql,
        (8, "login-failed"),
        "28000",
    ),
    ("user=nobody", Psql, (8, "login-failed"), "28000"),
    ("user=dave", Psql, (8, "login-failed"), "28000"),
    (
        "user=postgres dbname=missing",
        Psql,
        (8, "login-failed"),
        "3D000",
    ),
    (
        "user=ann password=hunter2 dbname=template1",
        Psql,
        (8, "login-failed"),
        "42501",
    ),
    (
        "user=postgres options='-c search_path=x'",
        Psql,
        (0, "pass"),
        "none",
    ),
    (
        "user=postgres options='-c nonsense=1'",
        Psql,
        (8, "login-failed"),
        "42704",
    ),
    (
        "user=postgres client_encoding=latin1",
        Psql,
        (0, "pass"),
        "none",
    ),
    (
        "user=postgres client_encoding=nonsense",
        Psql,
        (8, "login-failed"),
        "22023",
    ),
    (
        "user=postgres application_name='a b'",
        Psql,
        (0, "pass"),
        "none",
    ),
    (
        "user=postgres target_session_attrs=read-write",
        Psql,
        (0, "pass"),
        "none",
    ),
    (
        "user=postgres target_session_attrs=primary",
        Psql,
        (0, "pass"),
        "none",
    ),
    (
        "user=postgres target_session_attrs=prefer-standby",
        Psql,
        (0, "pass"),
        "none",
    ),
    (
        "user=postgres target_session_attrs=standby",
        Psql,
        (8, "login-failed"),
        "none",
    ),
    (
        "user=postgres target_session_attrs=read-only",
        Psql,
        (8, "login-failed"),
        "none",
    ),
    (
        "user=postgres target_session_attrs=read-only options='-c default_transaction_read_only=on'",
        Psql,
        (0, "pass"),
        "none",
    ),
    (
        "user=postgres target_session_attrs=read-write options='-c default_transaction_read_only=on'",
        Psql,
        (8, "login-failed"),
        "none",
    ),
    // A server that fails verification never gets a login.
    (
        "user=ann password=hunter2 host=www.example",
        Psql,
        (7, "host-name-mismatch"),
        "",
    ),
    (
        "user=ann password=hunter2 sslrootcert=other.crt",
        Psql,
        (6, "unknown-issuer"),
        "",
    ),
];

#[test]
fn pgtls_logs_in_where_psql_does_and_is_refused_where_psql_is() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(server) = prepared(&served) else {
        return;
    };
    let client = client(&root);
    let before = server.log().len();
    let string = |settings: &str| format!("{GOOD} port={} {settings}", server.port);
    let runs: Vec<Run> = ROWS
        .iter()
        .map(|(settings, ..)| login(&client, &string(settings)))
        .collect();
    // What psql causes in the log does not matter. In TLS 1.2 a check asks once more, as psql, and hangs up.
    let asked = "could not accept SSL connection: EOF detected";
    let old = ROWS.iter().filter(|row| row.0.contains("TLSv1.2")).count();
    wait_until("the server to log the questions", || {
        server.log()[before..].matches(asked).count() >= old
    });
    let log = server.log();
    let log = log[before..].replacen(asked, "", old);
    for complaint in [
        "SSL error",
        "EOF",
        "could not receive",
        "unexpected",
        "startup packet",
    ] {
        assert!(!log.contains(complaint), "{complaint}: {log}");
    }
    let mut wrong = Vec::new();
    for ((settings, referee, expected, seen), run) in ROWS.iter().zip(runs) {
        let came = (run.code, run.outcome(), summary(&run));
        if came != (expected.0, expected.1.to_owned(), (*seen).to_owned()) {
            wrong.push(format!("{settings}: {came:?}: {run:?}"));
        }
        assert_no_password(&run);
        let theirs = match referee {
            Psql => client.run_psql(&string(settings), "SELECT 1").map(drop),
            Libpq18 => match Tool::Libpq18.find() {
                Some(library) => match client.libpq(&library, &string(settings)) {
                    Answer::Refused(message) => Err(message),
                    Answer::Tls | Answer::Plaintext => Ok(()),
                },
                None => continue,
            },
        };
        if theirs.is_ok() != (run.code == 0) {
            wrong.push(format!("{settings}: they say {theirs:?}"));
        }
        // Both have the same text of the server.
        if let Err(message) = theirs
            && let Some((_, fatal)) = message.split_once("FATAL:  ")
        {
            let words = fatal.lines().next().unwrap();
            if !run.stdout.replace("\\\"", "\"").contains(words) {
                wrong.push(format!("{settings}: they say {words}: {run:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
