//! The client's certificate is as visible as the server's: in reports, for demands, and before it expires.

use super::identities::{self, alice, text};
use super::peers::{Demand, fatal, on_rustls};
use super::{GOOD, REFUSED};
use crate::support::certs::{Cert, DAY, P256_CLI, time};
use crate::support::client::Client;
use crate::support::postgres::Postgres;
use crate::support::skip::has_openssl;

/// A client whose certificate has these days left, of this many, and a server that asks for it.
fn start(lived: i64, left: i64) -> Option<(Client, Postgres, String)> {
    if !has_openssl() {
        return None;
    }
    let (root, served) = identities::server();
    let mut server = Postgres::start(&served)?;
    server.sql("CREATE ROLE alice LOGIN");
    let authority = server.socket_directory().join("data/clients.crt");
    std::fs::write(authority, identities::authority()).unwrap();
    server.authenticate("hostssl all all all cert");
    server.configure(&served, &[("ssl_ca_file", "clients.crt")]);
    let client = Client::new();
    client.write("root.crt", root);
    give(&client, lived, left);
    let string = format!("{GOOD} port={} sslcert=cl.crt sslkey=cl.key", server.port);
    Some((client, server, string))
}

/// A certificate that has these days left, of this many, and its key.
fn give(client: &Client, lived: i64, left: i64) {
    let certificate = Cert {
        not_before: time(identities::now() - lived * DAY),
        not_after: time(identities::now() + left * DAY + 3_600),
        ..alice(&P256_CLI)
    };
    client.write("cl.crt", text(&certificate));
    client.write_private("cl.key", identities::key_text(&P256_CLI));
}

#[test]
fn a_client_certificate_that_ends_is_told_in_every_format() {
    let Some((client, _server, string)) = start(27, 3) else {
        return;
    };
    let run = client.check(&string);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(
        run.findings().contains(&"expires-soon".to_owned()),
        "{run:?}"
    );
    let endpoint = run.endpoint();
    let own = &endpoint["client_certificate"];
    assert_eq!(own["subject"], "O = pgtls tests, CN = alice");
    assert_eq!(own["issuer"], "O = pgtls tests, CN = Client CA");
    assert_eq!(own["days_left"], 3);
    assert_eq!(own["purposes"][0], "clientAuth");
    assert_eq!(own["file"], "cl.crt");
    assert_eq!(own["sent"], true);
    let text = client.pgtls(&["check", &string]).stdout;
    assert!(
        text.contains("client O = pgtls tests, CN = alice (cl.crt), sent, accepted"),
        "{text}"
    );
    assert!(text.contains("(3 days left)"), "{text}");
    let nagios = client.pgtls(&["check", "--format", "nagios", &string]);
    assert_eq!(nagios.code, 2, "{nagios:?}");
    assert!(
        nagios.stdout.contains("3 days left (client certificate)"),
        "{nagios:?}"
    );
    let metrics = client
        .pgtls(&["check", "--format", "prometheus", &string])
        .stdout;
    assert!(
        metrics.contains("pgtls_client_cert_not_after{"),
        "{metrics}"
    );
}

#[test]
fn demands_count_the_client_certificate() {
    let Some((client, server, string)) = start(27, 3) else {
        return;
    };
    for (options, code, finding) in [
        (&["--valid-for", "2d"][..], 0, "pass"),
        (&["--valid-for", "30d"], 1, "expires-soon"),
        (&["--valid-for", "9%"], 0, "pass"),
        (&["--valid-for", "33%"], 1, "expires-soon"),
        (&["--at", "+2d"], 0, "pass"),
        (&["--at", "+10d"], 5, "client-cert-expired"),
        (&["--at", "-60d"], 6, "not-yet-valid"),
        (&["--strict"], 1, "expires-soon"),
    ] {
        let mut arguments = vec!["check", "--format", "json"];
        arguments.extend(options);
        arguments.push(&string);
        let run = client.pgtls(&arguments);
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (code, finding),
            "{options:?} {run:?}"
        );
    }
    // A certificate that is not asked for does not count.
    let (_, served) = identities::server();
    let mut server = server;
    server.authenticate("hostssl all all all trust");
    server.configure(&served, &[]);
    let run = client.pgtls(&[
        "check",
        "--strict",
        "--valid-for",
        "30d",
        "--format",
        "json",
        &string,
    ]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.endpoint()["client_certificate"]["sent"], false);
}

/// The server judges by the present time, whatever the run was asked to judge for.
#[test]
fn a_chosen_time_is_no_reason_for_a_refusal() {
    if !has_openssl() {
        return;
    }
    let (root, served) = identities::server();
    let client = Client::new();
    client.write("root.crt", root);
    give(&client, 1, 3);
    let refusal = fatal("28000", "connection requires a valid client certificate");
    let port = on_rustls(
        &served,
        &identities::authority(),
        Demand::Asks,
        &rustls::version::TLS13,
        refusal,
    );
    let string = format!("{GOOD} port={port} sslcert=cl.crt sslkey=cl.key");
    for at in ["+10d", "-36h"] {
        let run = client.pgtls(&["check", "--format", "json", "--at", at, &string]);
        assert_eq!((run.code, run.outcome().as_str()), REFUSED, "{at}: {run:?}");
        let endpoint = run.endpoint();
        let error = endpoint["error"].to_string();
        for wrong in ["expired", "not valid before", "valid now"] {
            assert!(!error.contains(wrong), "{at}: {error}");
        }
        assert!(error.contains("not know of --at"), "{at}: {error}");
    }
    let run = client.check(&string);
    let error = run.endpoint()["error"].to_string();
    assert!(error.contains("valid now"), "{error}");
}

#[test]
fn an_intermediate_of_the_root_file_is_appended_by_the_advised_command() {
    let Some((client, server, _)) = start(27, 30) else {
        return;
    };
    for identity in identities::all() {
        identity.give_to(&client);
    }
    let roots = [identities::server().0, identities::intermediate_text()].concat();
    client.write("root.crt", roots);
    let string = format!(
        "{GOOD} port={} sslcert=without-intermediate.crt sslkey=without-intermediate.key",
        server.port
    );
    let run = client.check(&string);
    assert_eq!(run.outcome(), "client-cert-refused", "{run:?}");
    client.take_advice(&run);
    let fixed = string.replace(
        "sslcert=without-intermediate.crt",
        "sslcert=client-fixed.crt",
    );
    let run = client.check(&fixed);
    assert_eq!(run.code, 0, "{run:?}");
}
