//! The files of a client certificate: which are used, and the result of unusable ones.

use std::os::unix::fs::PermissionsExt as _;

use super::GOOD;
use super::identities::{self, Identity, alice, key_text, text};
use crate::support::certs::{P256_CLI, RSA_2048, openssl};
use crate::support::client::{Answer, Client};
use crate::support::postgres::Postgres;
use crate::support::skip::has_openssl;
use crate::support::tool::Tool;

/// What psql, or libpq 18, does with the same string.
#[derive(Clone, Copy, Debug)]
enum Libpq {
    /// It passes what pgtls passes, and refuses what pgtls refuses.
    Same,
    /// It continues without the file that the string names, and this server accepts it.
    GoesOn,
    /// It continues without the file that the string names, and the server requires a certificate.
    ToldByServer,
}

use Libpq::{GoesOn, Same, ToldByServer};

/// Files of the home directory, settings, the exit code with the error's code, what was reported
/// about the certificate (empty: nothing) and what libpq does.
type Row = (
    &'static [(&'static str, File)],
    &'static str,
    (i32, &'static str),
    &'static str,
    Libpq,
);

/// A file that a row writes.
#[derive(Clone, Copy, Debug)]
enum File {
    Certificate,
    Key,
    OtherKey,
    /// Mode 0644.
    OpenKey,
    /// PKCS#8 under "secret".
    Encrypted,
    /// The old form, with `Proc-Type` and `DEK-Info`; the password is "secret".
    OldEncrypted,
    /// No PEM.
    Rubbish,
}

use File::{Certificate, Encrypted, Key, OldEncrypted, OpenKey, OtherKey, Rubbish};

const ACCEPTED: &str = "sent, accepted";
const NONE: &str = "requested, none sent";
const PASS: (i32, &str) = (0, "pass");
const REQUIRED: (i32, &str) = (5, "client-cert-required");
const CRT: &str = ".postgresql/postgresql.crt";
const KEY: &str = ".postgresql/postgresql.key";

/// Against a server that requires a certificate.
const DEMANDED: &[Row] = &[
    // The default files.
    (&[], "", REQUIRED, NONE, Same),
    (&[(CRT, Certificate), (KEY, Key)], "", PASS, ACCEPTED, Same),
    (&[(KEY, Key)], "", REQUIRED, NONE, Same),
    (
        &[(CRT, Certificate)],
        "",
        (2, "client-key-file-missing"),
        "",
        Same,
    ),
    (
        &[(CRT, Certificate), (KEY, OtherKey)],
        "",
        (2, "client-key-mismatch"),
        "",
        Same,
    ),
    (
        &[(CRT, Certificate), (KEY, OpenKey)],
        "",
        (2, "key-file-permissions"),
        "",
        Same,
    ),
    (
        &[(CRT, Rubbish), (KEY, Key)],
        "",
        (2, "client-cert-file-invalid"),
        "",
        Same,
    ),
    (
        &[(CRT, Certificate), (KEY, Rubbish)],
        "",
        (2, "client-key-file-invalid"),
        "",
        Same,
    ),
    // Named files.
    (
        &[("a.crt", Certificate), ("a.key", Key)],
        "sslcert=a.crt sslkey=a.key",
        PASS,
        ACCEPTED,
        Same,
    ),
    (
        &[("a.crt", Certificate), (KEY, Key)],
        "sslcert=a.crt",
        PASS,
        ACCEPTED,
        Same,
    ),
    (
        &[(CRT, Certificate), ("a.key", Key)],
        "sslkey=a.key",
        PASS,
        ACCEPTED,
        Same,
    ),
    (
        &[("a.crt", Certificate), ("a.key", OtherKey)],
        "sslcert=a.crt sslkey=a.key",
        (2, "client-key-mismatch"),
        "",
        Same,
    ),
    (
        &[("a.crt", Certificate), ("a.key", OpenKey)],
        "sslcert=a.crt sslkey=a.key",
        (2, "key-file-permissions"),
        "",
        Same,
    ),
    (
        &[("a.crt", Certificate)],
        "sslcert=a.crt sslkey=b.key",
        (2, "client-key-file-missing"),
        "",
        Same,
    ),
    (
        &[(CRT, Certificate), (KEY, Key)],
        "sslcert=b.crt",
        (2, "client-cert-file-missing"),
        "",
        ToldByServer,
    ),
    (
        &[],
        "sslkey=b.key",
        (2, "client-key-file-missing"),
        "",
        ToldByServer,
    ),
    (
        &[("a.crt", Certificate), ("a.key", Key)],
        "sslcert=~/a.crt sslkey=~/a.key",
        (2, "client-cert-file-missing"),
        "",
        ToldByServer,
    ),
    // Encrypted keys.
    (
        &[("a.crt", Certificate), ("a.key", Encrypted)],
        "sslcert=a.crt sslkey=a.key sslpassword=secret",
        PASS,
        ACCEPTED,
        Same,
    ),
    (
        &[("a.crt", Certificate), ("a.key", OldEncrypted)],
        "sslcert=a.crt sslkey=a.key sslpassword=secret",
        PASS,
        ACCEPTED,
        Same,
    ),
    (
        &[("a.crt", Certificate), ("a.key", Encrypted)],
        "sslcert=a.crt sslkey=a.key",
        (2, "client-key-file-invalid"),
        "",
        Same,
    ),
    (
        &[("a.crt", Certificate), ("a.key", Encrypted)],
        "sslcert=a.crt sslkey=a.key sslpassword=wrong",
        (2, "client-key-file-invalid"),
        "",
        Same,
    ),
    // Files come before the server: 2 before 6 and 7.
    (
        &[(CRT, Certificate), (KEY, OtherKey)],
        "host=www.example",
        (2, "client-key-mismatch"),
        "",
        Same,
    ),
];

/// Against a server that asks for a certificate, and accepts every client.
const ASKED: &[Row] = &[
    (&[], "", PASS, NONE, Same),
    (&[(CRT, Certificate), (KEY, Key)], "", PASS, ACCEPTED, Same),
    (
        &[],
        "sslcert=b.crt",
        (2, "client-cert-file-missing"),
        "",
        GoesOn,
    ),
    (
        &[],
        "sslkey=b.key",
        (2, "client-key-file-missing"),
        "",
        GoesOn,
    ),
    (
        &[(CRT, Certificate), (KEY, OtherKey)],
        "",
        (2, "client-key-mismatch"),
        "",
        Same,
    ),
];

/// Against the same server, with a keyword that libpq knows since release 16.
const ASKED_BY_MODE: &[Row] = &[
    (&[], "sslcertmode=allow", PASS, NONE, Same),
    (
        &[(CRT, Certificate), (KEY, Key)],
        "sslcertmode=disable",
        PASS,
        NONE,
        Same,
    ),
    (
        &[(CRT, Rubbish), (KEY, OpenKey)],
        "sslcertmode=disable",
        PASS,
        NONE,
        Same,
    ),
    (
        &[(CRT, Certificate), (KEY, Key)],
        "sslcertmode=require",
        PASS,
        ACCEPTED,
        Same,
    ),
    (
        &[],
        "sslcertmode=require",
        (2, "client-cert-file-missing"),
        "",
        Same,
    ),
];

const NOT_ASKED_BY_MODE: &[Row] = &[
    (
        &[(CRT, Certificate), (KEY, Key)],
        "sslcertmode=allow",
        PASS,
        "not requested",
        Same,
    ),
    (
        &[(CRT, Certificate), (KEY, Key)],
        "sslcertmode=require",
        (5, "client-cert-not-requested"),
        "not requested",
        Same,
    ),
];

const DEMANDED_BY_MODE: &[Row] = &[(
    &[(CRT, Certificate), (KEY, Key)],
    "sslcertmode=disable",
    REQUIRED,
    NONE,
    Same,
)];

const DEMANDS: &str = "hostssl all all all trust clientcert=verify-full";
const TRUSTS: &str = "hostssl all all all trust";
const ASKS: &[(&str, &str)] = &[("ssl_ca_file", "clients.crt")];

#[test]
fn files_are_used_as_libpq_uses_them() {
    if !has_openssl() {
        return;
    }
    let (root, served) = identities::server();
    let Some(mut server) = Postgres::start(&served) else {
        return;
    };
    server.sql("CREATE ROLE alice LOGIN");
    let authority = server.socket_directory().join("data/clients.crt");
    std::fs::write(authority, identities::authority()).unwrap();
    let files = Files::new();
    // The referee of sslcertmode, which psql may be too old for.
    let newer = Tool::Libpq18.find();
    let mut wrong = Vec::new();
    for (hba, settings, rows, by_mode) in [
        (DEMANDS, ASKS, DEMANDED, DEMANDED_BY_MODE),
        (TRUSTS, ASKS, ASKED, ASKED_BY_MODE),
        (TRUSTS, &[], &[], NOT_ASKED_BY_MODE),
    ] {
        server.authenticate(hba);
        server.configure(&served, settings);
        for row in rows.iter().chain(by_mode) {
            let client = Client::new();
            client.write("root.crt", &root);
            files.lay_out(row, &client);
            let string = format!("{GOOD} port={} {}", server.port, row.1);
            let mut referees = Vec::new();
            if !row.1.contains("sslcertmode") {
                referees.push(client.psql(&string));
            }
            referees.extend(newer.as_ref().map(|library| client.libpq(library, &string)));
            if let Err(why) = judge(row, &client, &string, &referees) {
                wrong.push(format!("{hba}: {:?} {}: {why}", row.0, row.1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn judge(row: &Row, client: &Client, string: &str, referees: &[Answer]) -> Result<(), String> {
    let (_, _, expected, told, libpq) = *row;
    let run = client.check(string);
    let endpoint = run.endpoint();
    let came = endpoint["tls"]["client_certificate"].as_str();
    if (run.code, run.outcome().as_str()) != expected || came.unwrap_or_default() != told {
        return Err(format!("expected {expected:?} {told}: {}", run.stdout));
    }
    for theirs in referees {
        let as_expected = match (libpq, theirs) {
            (Same, theirs) => (*theirs == Answer::Tls) == (run.code == 0),
            (GoesOn, theirs) => *theirs == Answer::Tls,
            (ToldByServer, Answer::Refused(why)) => why.contains("FATAL"),
            (ToldByServer, _) => false,
        };
        if !as_expected {
            return Err(format!("{libpq:?}: {theirs:?}"));
        }
    }
    Ok(())
}

/// The texts of the files.
struct Files {
    certificate: String,
    key: String,
    other_key: String,
    encrypted: Vec<u8>,
    old_encrypted: Vec<u8>,
}

impl Files {
    fn new() -> Self {
        let key = key_text(&P256_CLI);
        let with = |arguments: &str| {
            let arguments: Vec<&str> = arguments.split(' ').collect();
            openssl(&arguments, key.as_bytes())
        };
        Self {
            certificate: text(&alice(&P256_CLI)),
            other_key: key_text(&RSA_2048),
            encrypted: with("pkcs8 -topk8 -v2 aes-256-cbc -passout pass:secret"),
            old_encrypted: with("ec -aes128 -passout pass:secret"),
            key,
        }
    }

    fn lay_out(&self, row: &Row, client: &Client) {
        for (path, file) in row.0 {
            let text = match file {
                Certificate => self.certificate.as_bytes(),
                Key | OpenKey => self.key.as_bytes(),
                OtherKey => self.other_key.as_bytes(),
                Encrypted => &self.encrypted,
                OldEncrypted => &self.old_encrypted,
                Rubbish => b"rubbish\n",
            };
            client.write_private(path, text);
            if matches!(file, OpenKey) {
                let mode = std::fs::Permissions::from_mode(0o644);
                std::fs::set_permissions(client.home.path().join(path), mode).unwrap();
            }
        }
    }
}

/// Follows the advice for a key that others may read.
#[test]
fn the_advised_command_fixes_the_permissions_of_a_key() {
    if !has_openssl() {
        return;
    }
    let (root, served) = identities::server();
    let Some(server) = Postgres::start(&served) else {
        return;
    };
    let client = Client::new();
    client.write("root.crt", root);
    let identity = Identity {
        name: "my own",
        ..identities::all().remove(0)
    };
    identity.give_to(&client);
    let key = client.home.path().join("my own.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let string = format!(
        "{GOOD} port={} sslcert='my own.crt' sslkey='my own.key'",
        server.port
    );
    let run = client.check(&string);
    assert_eq!(run.outcome(), "key-file-permissions", "{run:?}");
    client.take_advice(&run);
    assert_eq!(client.check(&string).code, 0);
}
