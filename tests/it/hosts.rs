//! Several hosts and addresses in one string, against psql: where does libpq go on, and where does it stay?

use std::sync::Arc;

use rustls::ServerConfig;

use crate::support::client::{Answer, Client, Run};
use crate::support::peer::Peer;
use crate::support::pki::Ca;
use crate::support::postgres::{Postgres, closed_port};
use crate::support::serving::{TLS13, asking, plain};

const FULL: &str = "user=postgres dbname=postgres sslmode=verify-full sslrootcert=root.crt";

fn any(client: &Client, string: &str) -> Run {
    client.pgtls(&["check", "--format", "json", "--hosts", "any", string])
}

/// A server for db.example, and a client that trusts it.
fn server() -> Option<(Postgres, Client)> {
    let root = Ca::root("root");
    let server = Postgres::start(&root.leaf(&["db.example"]))?;
    Some((server, Client::trusting(&root)))
}

/// libpq speaks no TLS on a socket, so a connection there is one in plain text.
#[test]
fn a_live_socket_is_no_failed_connect() {
    let Some((server, client)) = server() else {
        return;
    };
    let (live, port) = (server.socket_directory(), server.port);
    let dead = client.home.path().join("nowhere");
    for (socket, more, code, theirs) in [
        (live, "", 4, Answer::Plaintext),
        (
            live,
            "target_session_attrs=prefer-standby",
            4,
            Answer::Plaintext,
        ),
        (dead.as_path(), "", 0, Answer::Tls),
    ] {
        let string = format!(
            "host={},db.example hostaddr=,127.0.0.1 port={port} {FULL} {more}",
            socket.display()
        );
        let run = any(&client, &string);
        assert_eq!(run.code, code, "{run:?}");
        assert_eq!(client.psql(&string), theirs, "{string}");
    }
}

#[test]
fn a_host_without_a_name_is_passed_by_only_if_nobody_answers() {
    let Some((server, client)) = server() else {
        return;
    };
    let (closed, open) = (closed_port(), server.port);
    for (first, code) in [(open, 2), (closed, 0)] {
        let string =
            format!("host=,db.example hostaddr=127.0.0.1,127.0.0.1 port={first},{open} {FULL}");
        let run = any(&client, &string);
        assert_eq!(run.code, code, "{run:?}");
        assert_eq!(client.psql(&string) == Answer::Tls, code == 0, "{string}");
    }
}

/// The first is a primary, so libpq goes on to the second, whose name is wrong.
#[test]
fn a_kind_that_only_a_login_would_tell_does_not_end_it() {
    let Some((server, client)) = server() else {
        return;
    };
    let port = server.port;
    for (wanted, code) in [("prefer-standby", 7), ("standby", 7), ("any", 0)] {
        let string = format!(
            "host=db.example,www.example hostaddr=127.0.0.1,127.0.0.1 port={port} {FULL} \
             target_session_attrs={wanted}"
        );
        let run = any(&client, &string);
        assert_eq!(run.code, code, "{run:?}");
        assert_eq!(client.psql(&string) == Answer::Tls, code == 0, "{string}");
    }
}

/// libpq waits for these until `connect_timeout`: nothing after the `S`, or nothing after the startup packet.
#[test]
fn a_silent_host_is_given_up_after_connect_timeout() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(server) = Postgres::start(&served) else {
        return;
    };
    let client = Client::trusting(&root);
    let (plain, asking) = (
        Arc::new(plain(&served, TLS13)),
        Arc::new(asking(&served, TLS13)),
    );
    let after_the_startup_packet = |config: Arc<ServerConfig>| {
        Peer::start(move |c| {
            let mut session = c.tls(&config)?;
            // What comes is read, so that the connection does not break.
            std::io::copy(&mut session, &mut std::io::sink())?;
            Ok(())
        })
    };
    let after_s = Peer::start(|c| {
        c.request()?;
        c.say(b"S")?;
        c.listen()
    });
    let rows = [
        (after_s, None),
        (after_the_startup_packet(asking), None),
        (after_the_startup_packet(plain), Some("--login")),
    ];
    // They only wait.
    std::thread::scope(|scope| {
        for (silent, option) in &rows {
            let (client, string) = (&client, given_up(silent.port, server.port));
            scope.spawn(move || {
                let mut arguments = vec!["check", "--format", "json", "--hosts", "any", &string];
                arguments.extend(option);
                let run = client.pgtls(&arguments);
                assert_eq!(run.code, 0, "{option:?}: {run:?}");
                assert_eq!(client.psql(&string), Answer::Tls);
            });
        }
    });
}

/// The one whose host is silent, and then another.
fn given_up(silent: u16, other: u16) -> String {
    format!(
        "host=db.example,db.example hostaddr=127.0.0.1,127.0.0.1 port={silent},{other} {FULL} connect_timeout=10"
    )
}

/// OpenSSL refuses such a message as soon as it sees its first byte, and libpq then tries no other host. rustls waits for
/// the rest.
#[test]
fn a_host_that_begins_the_wrong_message_is_not_silent() {
    let Some((server, client)) = server() else {
        return;
    };
    // A Certificate, a NewSessionTicket, and a close_notify.
    let rows = [
        &[22, 3, 3, 0, 4, 11, 0, 0, 16][..],
        &[22, 3, 3, 0, 4, 4, 0, 0, 16],
        &[21, 3, 3, 0, 2, 1, 0],
    ];
    std::thread::scope(|scope| {
        for first in rows {
            let (client, port) = (&client, server.port);
            scope.spawn(move || {
                let peer = Peer::start(move |c| {
                    c.hello()?;
                    c.say(first)?;
                    c.listen()
                });
                let string = given_up(peer.port, port);
                let run = any(client, &string);
                assert_ne!(run.code, 0, "{first:?}: {run:?}");
                let theirs = client.psql(&string);
                let refused = matches!(theirs, Answer::Refused(_));
                assert!(refused, "{first:?}: {theirs:?}");
            });
        }
    });
}

/// libpq 16 and newer may begin with any of them.
#[test]
fn in_random_order_each_that_answers_must_pass() {
    let Some((server, client)) = server() else {
        return;
    };
    let (closed, open) = (closed_port(), server.port);
    for (second, port, more, code) in [
        ("www.example", open, "", 0),
        ("www.example", open, "load_balance_hosts=random", 7),
        ("www.example", closed, "load_balance_hosts=random", 0),
        ("db.example", open, "load_balance_hosts=random", 0),
    ] {
        let string = format!(
            "host=db.example,{second} hostaddr=127.0.0.1,127.0.0.1 port={open},{port} {FULL} {more}"
        );
        let run = any(&client, &string);
        assert_eq!(run.code, code, "{run:?}");
        let says = run.findings().iter().any(|code| code == "random-order");
        assert_eq!(says, !more.is_empty(), "{run:?}");
    }
}

/// What is said of it must not depend on who looks up its addresses.
#[test]
fn a_name_that_does_not_resolve_is_told_alike_where_each_address_is_wanted() {
    let client = Client::new();
    // The label is too long for any resolver.
    let string = format!(
        "host={}.invalid user=u sslmode=require target_session_attrs=primary",
        "a".repeat(70)
    );
    let told = |more: &[&str]| {
        let fixed = ["check", "--clients", "--format", "json", &string];
        let run = client.pgtls(&[&fixed, more].concat());
        assert_eq!(run.outcome(), "dns", "{run:?}");
        (run.findings(), run.endpoint()["clients"].to_string())
    };
    let (findings, clients) = told(&[]);
    assert!(clients.contains("refused"), "{clients}");
    assert_eq!(told(&["--all-addresses"]), (findings, clients));
}
