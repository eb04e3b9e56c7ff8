//! Files of the client and of the server, and settings about certificates.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use pgtls::diagnose::Code;
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem::PemObject as _;

use super::Cured;
use super::ward::{Broken, GOOD, Referee, Ward};
use crate::support::client::{Client, Run};
use crate::support::pki::Ca;

/// Every round trip with such files.
pub(crate) fn all(ward: &mut Ward) -> Vec<Cured> {
    ward.restore();
    let mut cured = vec![
        crl(ward),
        hello_retry(ward),
        not_requested(ward),
        password_file(ward),
        crl_in_der(ward),
    ];
    cured.push(required(ward));
    cured.extend(of_servers(ward));
    cured
}

fn of<'a>(code: Code, what: &'static str, string: &'a str) -> Broken<'a> {
    Broken {
        code,
        what,
        arguments: &[],
        string,
        settings: &[],
        psql: Referee::Connects,
    }
}

fn crl(ward: &mut Ward) -> Cured {
    let client = ward.client();
    client.write("root.crl", ward.root.crl(1, -1..30, Vec::new()));
    let string = format!("{GOOD} sslcrl=rot.crl");
    let what = "a CRL file with a typing error";
    ward.round(&client, &of(Code::CrlFileMissing, what, &string))
}

fn crl_in_der(ward: &mut Ward) -> Cured {
    let client = ward.client();
    let list = ward.root.crl(1, -1..30, Vec::new());
    let list = CertificateRevocationListDer::from_pem_slice(list.as_bytes()).unwrap();
    client.write("list.crl", &*list);
    let string = format!("{GOOD} sslcrl=list.crl");
    let what = "a CRL file in DER form";
    ward.round(&client, &of(Code::CrlFileInvalid, what, &string))
}

fn hello_retry(ward: &mut Ward) -> Cured {
    let broken = Broken {
        settings: &[("ssl_ecdh_curve", "secp384r1")],
        ..of(
            Code::HelloRetryRequest,
            "a server that accepts only P-384",
            GOOD,
        )
    };
    let client = ward.client();
    ward.round(&client, &broken)
}

/// A client with a certificate of this CA.
fn with_certificate(ward: &Ward, ca: &Ca) -> Client {
    let client = ward.client();
    let own = ca.client("postgres");
    client.write("my.crt", own.chain);
    private(&client, "my.key", &own.key);
    client
}

pub(super) fn private(client: &Client, name: &str, contents: &str) {
    client.write(name, contents);
    mode(client, name, 0o600);
}

fn mode(client: &Client, name: &str, mode: u32) {
    let path = client.home.path().join(name);
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn not_requested(ward: &mut Ward) -> Cured {
    let client = with_certificate(ward, &Ca::root("Clients"));
    let string = format!("{GOOD} sslcert=my.crt sslkey=my.key sslcertmode=require");
    let broken = Broken {
        psql: Referee::TooOld,
        ..of(
            Code::ClientCertNotRequested,
            "a certificate that must be sent, to a server that does not ask",
            &string,
        )
    };
    ward.round(&client, &broken)
}

fn required(ward: &mut Ward) -> Cured {
    let clients = Ca::root("Clients");
    let authority = ward.server.socket_directory().join("data/clients.crt");
    std::fs::write(authority, &clients.pem).unwrap();
    ward.server.authenticate("hostssl all all all cert");
    let client = with_certificate(ward, &clients);
    let string = format!("{GOOD} sslcert=my.crt sslkey=my.key sslcertmode=disable");
    let broken = Broken {
        settings: &[("ssl_ca_file", "clients.crt")],
        psql: Referee::TooOld,
        ..of(
            Code::ClientCertRequired,
            "a certificate that must not be sent, to a server that demands it",
            &string,
        )
    };
    ward.round(&client, &broken)
}

fn password_file(ward: &mut Ward) -> Cured {
    ward.server.sql("ALTER ROLE postgres PASSWORD 'good'");
    ward.server
        .authenticate("hostssl all all all scram-sha-256");
    let client = ward.client();
    client.write(".pgpass", "*:*:*:*:good\n");
    mode(&client, ".pgpass", 0o644);
    let broken = Broken {
        arguments: &["check", "--login"],
        ..of(
            Code::PassfileIgnored,
            "a password file that others may read",
            GOOD,
        )
    };
    ward.round(&client, &broken)
}

fn verify(client: &Client, certificate: &str, key: &str) -> Run {
    client.pgtls(&[
        "verify",
        "--format",
        "json",
        "--host",
        "db.example",
        "--sslrootcert",
        "root.crt",
        "--cert",
        certificate,
        "--key",
        key,
    ])
}

/// Files of a server before they are deployed. The command that converts them names the new file; PostgreSQL is asked by
/// serving them.
fn of_servers(ward: &mut Ward) -> Vec<Cured> {
    let chain = ward.good.chain.clone();
    let key = ward.good.key.clone();
    let lost = |text: &str| text.replace('\n', "\\n");
    let reversed = format!("{}{chain}", ward.root.pem);
    let rows = [
        (
            Code::ServerCertFileInvalid,
            "a server's certificate whose line breaks are \\n",
            lost(&chain),
            key.clone(),
        ),
        (
            Code::ServerKeyFileInvalid,
            "a server's key whose line breaks are \\n",
            chain.clone(),
            lost(&key),
        ),
        (
            Code::ServerKeyMismatch,
            "the CA's certificate before the server's own",
            reversed,
            key.clone(),
        ),
    ];
    let mut cured = Vec::new();
    for (code, broken, chain, key) in rows {
        let client = ward.client();
        client.write("srv.crt", chain);
        private(&client, "srv.key", &key);
        let before = verify(&client, "srv.crt", "srv.key");
        assert_eq!(before.outcome(), code.name(), "{before:?}");
        let hint = before.hint();
        let command = hint.lines().find_map(|line| line.strip_prefix("    "));
        let command = command.unwrap().to_owned();
        client.take_command(&command);
        let name =
            |new: &'static str, old: &'static str| match client.home.path().join(new).exists() {
                true => new,
                false => old,
            };
        let new = (
            name("server-fixed.crt", "srv.crt"),
            name("server-fixed.key", "srv.key"),
        );
        let after = verify(&client, new.0, new.1);
        assert_eq!(after.code, 0, "{command}: {after:?}");
        cured.push(ward.deployed(&client, code, broken, command, new));
    }
    for (code, broken, certificate, key, like) in [
        (
            Code::ServerCertFileMissing,
            "a server's certificate file with a typing error",
            "sv.crt",
            "srv.key",
            "srv.crt",
        ),
        (
            Code::ServerKeyFileMissing,
            "a server's key file with a typing error",
            "srv.crt",
            "sv.key",
            "srv.key",
        ),
    ] {
        let client = ward.client();
        client.write("srv.crt", &chain);
        private(&client, "srv.key", &ward.good.key);
        let before = verify(&client, certificate, key);
        assert_eq!(before.outcome(), code.name(), "{before:?}");
        let told = format!("The same directory contains {like}.");
        assert!(before.stdout.contains(&told), "{before:?}");
        let new = ("srv.crt", "srv.key");
        assert_eq!(verify(&client, new.0, new.1).code, 0);
        cured.push(ward.deployed(&client, code, broken, format!("use {like}"), new));
    }
    cured
}
