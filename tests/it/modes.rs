//! Does `pgtls check` treat the settings of a string like libpq, where it should?
//!
//! One good PostgreSQL, one connection string per row. psql gets the same string. If the two differ
//! on purpose, the row says why.

use crate::support::client::{Answer, Client};
use crate::support::pki::Ca;
use crate::support::port::closed_port;
use crate::support::postgres::Postgres;

/// How psql compares with pgtls.
enum Psql {
    /// It passes over TLS what pgtls passes, and refuses what pgtls refuses.
    Same,
    /// It connects over TLS where pgtls fails, because...
    Tls(&'static str),
    /// It connects in plain text, because...
    Plaintext(&'static str),
}

use Psql::{Plaintext, Same, Tls};

/// A string, the exit code, the code of the error and what psql does. `{port}` is the server's;
/// root.crt has its root, other.crt another one.
type Row = (&'static str, (i32, &'static str), Psql);

const PASS: (i32, &str) = (0, "pass");
const FALLS_BACK: &str = "libpq goes on in plain text when TLS fails; pgtls checks TLS";
const UNCHECKED: &str = "libpq goes on without a root file that is missing; pgtls says so";

const ROWS: &[Row] = &[
    // Every mode, with the right root file.
    (
        "{good} sslmode=verify-full sslrootcert=root.crt",
        PASS,
        Same,
    ),
    ("{good} sslmode=verify-ca sslrootcert=root.crt", PASS, Same),
    ("{good} sslmode=require sslrootcert=root.crt", PASS, Same),
    ("{good} sslmode=prefer sslrootcert=root.crt", PASS, Same),
    (
        "{good} sslmode=allow sslrootcert=root.crt",
        PASS,
        Plaintext("allow tries plain text first; pgtls checks what TLS there would be"),
    ),
    (
        "{good} sslmode=disable",
        (2, "weak-sslmode"),
        Plaintext("there is no TLS to check"),
    ),
    ("{good} sslmode=required", (2, "invalid-value"), Same),
    ("{good} sslmode=verify-all", (2, "invalid-value"), Same),
    ("{good} sslmode=Require", (2, "invalid-value"), Same),
    ("{good} sslmode=", (2, "invalid-value"), Same),
    // A wrong or missing root file.
    (
        "{good} sslmode=require sslrootcert=other.crt",
        (6, "unknown-issuer"),
        Same,
    ),
    (
        "{good} sslmode=prefer sslrootcert=other.crt",
        (6, "unknown-issuer"),
        Plaintext(FALLS_BACK),
    ),
    (
        "{good} sslmode=require sslrootcert=rot.crt",
        (2, "root-file-missing"),
        Tls(UNCHECKED),
    ),
    (
        "{good} sslmode=prefer sslrootcert=rot.crt",
        (2, "root-file-missing"),
        Tls(UNCHECKED),
    ),
    (
        "{good} sslmode=verify-ca sslrootcert=rot.crt",
        (2, "root-file-missing"),
        Same,
    ),
    (
        "{good} sslmode=verify-full sslrootcert=empty.crt",
        (2, "root-file-invalid"),
        Same,
    ),
    (
        "{good} sslmode=require sslrootcert=empty.crt",
        (2, "root-file-invalid"),
        Same,
    ),
    (
        "{good} sslmode=prefer sslrootcert=empty.crt",
        (2, "root-file-invalid"),
        Plaintext(FALLS_BACK),
    ),
    (
        r"{good} sslmode=verify-full sslrootcert=c:\root.crt",
        (2, "root-file-missing"),
        Same,
    ),
    // No root file.
    ("{good} sslmode=require", PASS, Same),
    ("{good} sslmode=prefer", PASS, Same),
    ("{good} sslmode=verify-full", (6, "unknown-issuer"), Same),
    (
        "{good}",
        (6, "unknown-issuer"),
        Tls("no sslmode means prefer to libpq; pgtls checks verify-full"),
    ),
    ("{good} sslrootcert=root.crt", PASS, Same),
    // Who is checked: host, hostaddr, both, a socket.
    (
        "host=127.0.0.1 port={port} sslmode=verify-full sslrootcert=root.crt",
        (7, "host-name-mismatch"),
        Same,
    ),
    (
        "hostaddr=127.0.0.1 port={port} sslmode=verify-full sslrootcert=root.crt",
        (2, "bad-conninfo"),
        Same,
    ),
    (
        "hostaddr=127.0.0.1 port={port} sslmode=verify-ca sslrootcert=root.crt",
        PASS,
        Same,
    ),
    (
        "host={socket} port={port} sslmode=verify-full sslrootcert=root.crt",
        (4, "unix-socket"),
        Plaintext("libpq speaks no TLS on a socket, whatever the mode"),
    ),
    // URIs.
    (
        "postgresql://postgres@db.example:{port}/postgres?hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert=root.crt",
        PASS,
        Same,
    ),
    (
        "postgres://postgres@db.example:{port}/postgres?hostaddr=127.0.0.1&ssl=true&sslrootcert=root.crt",
        PASS,
        Same,
    ),
    (
        "postgresql://postgres@db.example:{port}/postgres?hostaddr=127.0.0.1&sslmode=required",
        (2, "invalid-value"),
        Same,
    ),
    (
        "{good} sslmode=verify-full sslrootcert=root.crt sslfoo=1",
        (2, "unknown-keyword"),
        Same,
    ),
    // Versions.
    (
        "{good} sslmode=verify-full sslrootcert=root.crt ssl_max_protocol_version=TLSv1.2",
        PASS,
        Same,
    ),
    (
        "{good} sslmode=verify-full sslrootcert=root.crt ssl_min_protocol_version=tlsv1.3",
        PASS,
        Same,
    ),
    (
        "{good} sslmode=require ssl_min_protocol_version=TLSv1.4",
        (2, "invalid-value"),
        Same,
    ),
    (
        "{good} sslmode=require ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2",
        (2, "invalid-value"),
        Same,
    ),
    // Several hosts.
    (
        "host=db.example,db.example hostaddr=127.0.0.1,127.0.0.1 port={port},{port} sslmode=verify-full sslrootcert=root.crt",
        PASS,
        Same,
    ),
    (
        "host=db.example,db.example hostaddr=127.0.0.1,127.0.0.1 port={closed},{port} sslmode=verify-full sslrootcert=root.crt",
        (3, "refused"),
        Tls("libpq goes on to the next host; pgtls checks every host"),
    ),
    (
        "host=db.example,db.example hostaddr=127.0.0.1 port={port} sslmode=require",
        (2, "bad-conninfo"),
        Same,
    ),
    (
        "host=db.example hostaddr=127.0.0.1 port={closed} sslmode=require",
        (3, "refused"),
        Same,
    ),
];

#[test]
fn settings_mean_what_they_mean_to_libpq() {
    let root = Ca::root("root");
    let Some(server) = Postgres::start(&root.leaf(&["db.example"])) else {
        return;
    };
    let wrong: Vec<String> = ROWS
        .iter()
        .filter_map(|row| {
            let client = Client::new()
                .with("PGUSER", "postgres")
                .with("PGDATABASE", "postgres");
            client.write("root.crt", &root.pem);
            client.write("other.crt", Ca::root("other").pem);
            client.write("empty.crt", "");
            let string = filled(row.0, &server);
            let why = judge(row, &string, &client).err()?;
            Some(format!("{string}: {why}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn judge(row: &Row, string: &str, client: &Client) -> Result<(), String> {
    let ours = client.check(string);
    let theirs = client.psql(string);
    let came = (ours.code, ours.outcome());
    if came != (row.1.0, row.1.1.to_owned()) {
        return Err(format!(
            "expected {:?}, came {came:?}, psql: {theirs:?}",
            row.1
        ));
    }
    let as_expected = match (&row.2, &theirs) {
        (Same, Answer::Tls) => ours.code == 0,
        (Same, Answer::Refused(_)) => ours.code != 0,
        (Same, Answer::Plaintext) => false,
        (Tls(_), _) => theirs == Answer::Tls && ours.code != 0,
        (Plaintext(_), _) => theirs == Answer::Plaintext,
    };
    if as_expected {
        return Ok(());
    }
    let reason = match row.2 {
        Same => "psql is expected to do the same",
        Tls(reason) | Plaintext(reason) => reason,
    };
    Err(format!(
        "{reason}; pgtls exits {}, psql: {theirs:?}",
        ours.code
    ))
}

fn filled(string: &str, server: &Postgres) -> String {
    let good = "host=db.example hostaddr=127.0.0.1 port={port}";
    string
        .replace("{good}", good)
        .replace("{port}", &server.port.to_string())
        .replace("{closed}", &closed_port().to_string())
        .replace("{socket}", &server.socket_directory().display().to_string())
}
