//! What is broken, and how.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use pgtls::diagnose::Code;

use super::Cured;
use super::ward::{Broken, GOOD, Referee, Ward};
use crate::support::client::Client;
use crate::support::pki::{Ca, Served, expired};

/// Every round trip.
pub(crate) fn all(ward: &mut Ward, server: Server) -> Vec<Cured> {
    let mut cured = strings(ward);
    cured.extend(roots(ward));
    cured.extend(identities(ward));
    cured.extend(notices(ward));
    cured.extend(settings(ward, server));
    cured.extend(self_signed(ward));
    cured.extend(super::peers::all(ward));
    cured.extend(super::fronts::all(ward));
    cured.extend(super::chains::all(ward));
    cured.extend(super::files::all(ward));
    cured
}

/// Which server is broken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    /// The installed one, older than 17.
    Installed,
    /// PostgreSQL 18, which knows direct TLS.
    Newest,
}

/// A string with one part replaced.
fn with(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replace(from, to)
}

const fn of_string<'a>(code: Code, what: &'static str, string: &'a str) -> Broken<'a> {
    Broken {
        code,
        what,
        arguments: &[],
        string,
        settings: &[],
        psql: Referee::Connects,
    }
}

fn strings(ward: &mut Ward) -> Vec<Cured> {
    let rows = [
        (
            Code::UnknownKeyword,
            "a keyword with a typing error",
            with("sslmode=", "sslmod="),
        ),
        (
            Code::UnknownKeyword,
            "a parameter that libpq does not have",
            with("user=", "pool_size=5 user="),
        ),
        (
            Code::InvalidValue,
            "a mode in another spelling",
            with("verify-full", "VERIFY_FULL"),
        ),
        (
            Code::InvalidValue,
            "a port with a unit",
            with("PORT", "PORTtcp"),
        ),
        (
            Code::InvalidValue,
            "a timeout with a unit",
            with("user=", "connect_timeout=10s user="),
        ),
        (
            Code::BadConninfo,
            "a quote that is not closed",
            with("sslrootcert=root.crt", "sslrootcert='root.crt"),
        ),
        (
            Code::BadConninfo,
            "a value with a space",
            with("user=", "application_name=my app user="),
        ),
        (
            Code::BadConninfo,
            "the host alone, without its keyword",
            with(
                "host=db.example hostaddr=127.0.0.1 port=PORT",
                "localhost:PORT",
            ),
        ),
        (
            Code::WeakSslmode,
            "no TLS",
            with("sslmode=verify-full", "sslmode=disable"),
        ),
        (
            Code::Dns,
            "a host with its port",
            with(
                "host=db.example hostaddr=127.0.0.1 port=PORT",
                "host=localhost:PORT",
            ),
        ),
        (
            Code::HostNameMismatch,
            "another name than the certificate's",
            with("host=db.example", "host=db2.example"),
        ),
        (
            Code::HostNameMismatch,
            "two faults: the name and the root file",
            with("host=db.example", "host=db2.example").replace("root.crt", "rot.crt"),
        ),
        (
            Code::RootFileMissing,
            "a file name with a typing error",
            with("root.crt", "rot.crt"),
        ),
        (
            Code::RootFileMissing,
            "a home directory as a shell writes it",
            with("root.crt", "~/root.crt"),
        ),
        (
            Code::RootFileMissing,
            "a file of another directory",
            with("root.crt", "/etc/pki/nothing/ca.pem"),
        ),
    ];
    let mut cured = Vec::new();
    for (code, what, string) in rows {
        // The deciding fault of two is the file.
        let code = match what {
            "two faults: the name and the root file" => Code::RootFileMissing,
            _ => code,
        };
        let client = ward.client();
        cured.push(ward.round(&client, &of_string(code, what, &string)));
    }
    let capped = with("user=", "ssl_max_protocol_version=TLSv1.1 user=");
    let client = ward.client();
    cured.push(ward.round(
        &client,
        &of_string(
            Code::InvalidValue,
            "a largest version below the smallest",
            &capped,
        ),
    ));
    cured
}

fn roots(ward: &mut Ward) -> Vec<Cured> {
    let file = |name: &str| with("root.crt", name);
    let mut cured = Vec::new();
    let other = Ca::root("Another CA").pem;
    let twin = Ca::root("Example CA").pem;
    let stale = ward.root.reissued(expired).pem;
    let leaf = ward.good.chain.clone();
    let rows: [(Code, &str, Vec<u8>); 8] = [
        (Code::UnknownIssuer, "the root of another CA", other.into()),
        (
            Code::UnknownIssuer,
            "a root of the same name with another key",
            twin.into(),
        ),
        (
            Code::UnknownIssuer,
            "the server's own certificate as its root",
            leaf.into(),
        ),
        (Code::RootExpired, "a root that has expired", stale.into()),
        (
            Code::RootFileInvalid,
            "a root file in UTF-16",
            ward.root
                .pem
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect(),
        ),
        (
            Code::RootFileInvalid,
            "a root file whose line breaks are \\n",
            ward.root.pem.replace('\n', "\\n").into(),
        ),
        (
            Code::RootFileInvalid,
            "a root file that is a web page",
            b"<html>Not found</html>".to_vec(),
        ),
        (
            Code::RootFileBom,
            "a root file with a byte-order mark",
            [b"\xef\xbb\xbf", ward.root.pem.as_bytes()].concat(),
        ),
    ];
    for (code, what, contents) in rows {
        let client = Client::new();
        client.write("ca.crt", contents);
        if !matches!(code, Code::RootFileBom)
            && !what.contains("UTF-16")
            && !what.contains("breaks")
        {
            client.write("certs/current.pem", &ward.root.pem);
            client.write("root.crt", &ward.root.pem);
        }
        cured.push(ward.round(&client, &of_string(code, what, &file("ca.crt"))));
    }
    let client = ward.client();
    client.write("new.crt", Ca::root("New CA").pem);
    let rotation = Broken {
        arguments: &["check", "--also-trust", "new.crt"],
        ..of_string(
            Code::CaRotation,
            "a client that must trust an old and a new CA",
            GOOD,
        )
    };
    cured.extend(rotated(ward, &client, &rotation));
    cured
}

/// A rehearsal goes on being reported: only its level changes.
fn rotated(ward: &mut Ward, client: &Client, rotation: &Broken<'_>) -> Option<Cured> {
    let port = ward.server.port.to_string();
    let string = rotation.string.replace("PORT", &port);
    let run = client.pgtls(&[
        "check",
        "--format",
        "json",
        "--also-trust",
        "new.crt",
        &string,
    ]);
    let mut applied = Vec::new();
    let mut last = string;
    for (kind, after) in super::ward::fixes(&run, rotation.code) {
        applied.push(after.replace(&port, "PORT"));
        match kind.as_str() {
            "command" => client.take_command(&after),
            _ => last = after,
        }
    }
    let then = client.pgtls(&[
        "check",
        "--format",
        "json",
        "--also-trust",
        "both.pem",
        &last,
    ]);
    assert_eq!(then.code, 0, "{applied:?} {then:?}");
    assert_eq!(client.psql(&last), crate::support::client::Answer::Tls);
    Some(Cured {
        code: rotation.code,
        broken: rotation.what,
        applied,
        verdict: "pgtls passes, psql connects over TLS".to_owned(),
    })
}

/// A client certificate of the server's CA, and its key.
fn identity(ward: &Ward) -> (Client, Served) {
    let client = ward.client();
    let ours = ward.root.client("postgres");
    client.write("my.crt", &ours.chain);
    private(&client, "my.key", ours.key.as_bytes());
    (client, ours)
}

fn private(client: &Client, name: &str, contents: &[u8]) {
    client.write(name, contents);
    let path = client.home.path().join(name);
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

fn identities(ward: &mut Ward) -> Vec<Cured> {
    let string = format!("{GOOD} sslcert=my.crt sslkey=my.key");
    let mut cured = Vec::new();
    let (client, _) = identity(ward);
    let open = client.home.path().join("my.key");
    std::fs::set_permissions(open, Permissions::from_mode(0o644)).unwrap();
    cured.push(ward.round(
        &client,
        &of_string(
            Code::KeyFilePermissions,
            "a key that others may read",
            &string,
        ),
    ));
    let (client, _) = identity(ward);
    let missing = string.replace("my.crt", "mx.crt");
    cured.push(ward.round(
        &client,
        &of_string(
            Code::ClientCertFileMissing,
            "a certificate file with a typing error",
            &missing,
        ),
    ));
    let (client, _) = identity(ward);
    let missing = string.replace("my.key", "mx.key");
    cured.push(ward.round(
        &client,
        &of_string(
            Code::ClientKeyFileMissing,
            "a key file with a typing error",
            &missing,
        ),
    ));
    let (client, ours) = identity(ward);
    client.write("my.crt", ours.chain.replace('\n', "\\n"));
    cured.push(ward.round(
        &client,
        &of_string(
            Code::ClientCertFileInvalid,
            "a certificate whose line breaks are \\n",
            &string,
        ),
    ));
    let (client, ours) = identity(ward);
    private(&client, "my.key", ours.key.replace('\n', "\\n").as_bytes());
    cured.push(ward.round(
        &client,
        &of_string(
            Code::ClientKeyFileInvalid,
            "a key whose line breaks are \\n",
            &string,
        ),
    ));
    let (client, ours) = identity(ward);
    client.write("my.crt", format!("{}{}", ward.root.pem, ours.chain));
    cured.push(ward.round(
        &client,
        &of_string(
            Code::ClientKeyMismatch,
            "the CA's certificate before the client's own",
            &string,
        ),
    ));
    cured
}

fn notices(ward: &mut Ward) -> Vec<Cured> {
    let mut cured = Vec::new();
    for (code, what, string) in [
        (
            Code::DefaultSslmode,
            "no sslmode",
            with(" sslmode=verify-full", ""),
        ),
        (
            Code::StrongerMode,
            "a mode that does not check the name",
            with("verify-full", "verify-ca"),
        ),
    ] {
        let client = ward.client();
        cured.push(ward.round(&client, &of_string(code, what, &string)));
    }
    let client = ward.client();
    client.write(".postgresql/root.crt", &ward.root.pem);
    let string = with(
        " sslmode=verify-full sslrootcert=root.crt",
        " sslmode=require",
    );
    cured.push(ward.round(
        &client,
        &of_string(
            Code::HomeRootDecides,
            "a root file at home that decides unnamed",
            &string,
        ),
    ));
    cured
}

fn settings(ward: &mut Ward, server: Server) -> Vec<Cured> {
    let capped = format!("{GOOD} ssl_max_protocol_version=TLSv1.2");
    let newest = format!("{GOOD} ssl_min_protocol_version=TLSv1.3");
    let direct = format!("{GOOD} sslnegotiation=direct");
    let min_tls: &[&str] = &["check", "--min-tls", "1.3"];
    let audit: &[&str] = &["audit"];
    let rows = [
        Broken {
            arguments: min_tls,
            ..of_string(
                Code::BelowMinTls,
                "a string that allows only TLS 1.2",
                &capped,
            )
        },
        Broken {
            arguments: min_tls,
            settings: &[("ssl_max_protocol_version", "TLSv1.2")],
            ..of_string(Code::BelowMinTls, "a server that allows only TLS 1.2", GOOD)
        },
        Broken {
            settings: &[("ssl_max_protocol_version", "TLSv1.2")],
            ..of_string(
                Code::NoCommonVersion,
                "a string that asks for TLS 1.3, a server without it",
                &newest,
            )
        },
        Broken {
            psql: Referee::TooOld,
            ..of_string(
                Code::Closed,
                "TLS from the first byte, on a server older than 17",
                &direct,
            )
        },
        Broken {
            settings: &[("ssl", "off")],
            ..of_string(Code::NoTls, "a server with ssl = off", GOOD)
        },
        Broken {
            settings: &[
                ("ssl_max_protocol_version", "TLSv1.2"),
                ("ssl_ciphers", "AES128-GCM-SHA256"),
            ],
            ..of_string(
                Code::NoCommonCipher,
                "suites for RSA keys only, on a server with an ECDSA key",
                GOOD,
            )
        },
        Broken {
            settings: &[
                ("ssl_max_protocol_version", "TLSv1.2"),
                ("ssl_ecdh_curve", "X448"),
            ],
            ..of_string(
                Code::UnfinishedHandshake,
                "a server that accepts only X448 with TLS 1.2",
                GOOD,
            )
        },
        Broken {
            arguments: audit,
            settings: &[("ssl_ciphers", "HIGH:MEDIUM")],
            ..of_string(
                Code::WeakCipher,
                "suites with CBC and without forward secrecy",
                GOOD,
            )
        },
        Broken {
            arguments: audit,
            settings: &[("ssl_ciphers", "ALL:@SECLEVEL=0")],
            ..of_string(Code::BrokenCipher, "suites without authentication", GOOD)
        },
        Broken {
            arguments: audit,
            settings: &[
                ("ssl_min_protocol_version", "TLSv1"),
                (
                    "ssl_ciphers",
                    "ECDHE+AESGCM:ECDHE-RSA-AES256-SHA:ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0",
                ),
            ],
            ..of_string(Code::LegacyProtocol, "TLS 1.0 and 1.1", GOOD)
        },
        Broken {
            arguments: audit,
            ..of_string(Code::PlaintextAccepted, "sessions without TLS", GOOD)
        },
    ];
    let mut cured = Vec::new();
    for broken in &rows {
        // PostgreSQL takes X448 from 18 on.
        let impossible = match server {
            Server::Newest => Code::Closed,
            Server::Installed => Code::UnfinishedHandshake,
        };
        if broken.code == impossible {
            continue;
        }
        let client = ward.client();
        cured.push(ward.round(&client, broken));
    }
    cured
}

fn self_signed(ward: &mut Ward) -> Vec<Cured> {
    let own = Ca::root_with("db.example", |params| {
        params.key_usages = Vec::new();
        let name = rcgen::SanType::DnsName("db.example".try_into().unwrap());
        params.subject_alt_names = vec![name];
    });
    let served = own.self_served();
    let good = std::mem::replace(&mut ward.good, served);
    let mut cured = Vec::new();
    for (what, string) in [
        ("a server with a self-signed certificate", GOOD.to_owned()),
        (
            "two faults: self-signed, and another name",
            with("host=db.example", "host=db2.example"),
        ),
    ] {
        let client = ward.client();
        cured.push(ward.round(&client, &of_string(Code::SelfSigned, what, &string)));
    }
    ward.good = good;
    cured
}
