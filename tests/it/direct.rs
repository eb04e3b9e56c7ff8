//! Does `pgtls check` speak TLS from the first byte if the string says so?

use crate::support::client::{Answer, Client};
use crate::support::pki::Ca;
use crate::support::postgres::Postgres;
use crate::support::tool::Tool;

const GOOD: &str = "host=db.example hostaddr=127.0.0.1 user=postgres dbname=postgres \
                    sslmode=verify-full sslrootcert=root.crt";

#[test]
fn postgresql_18_accepts_direct_tls_and_says_that_it_is_postgresql() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(programs) = Tool::Postgres18.find() else {
        return;
    };
    // The first version that agrees with us on ALPN, and the only referee for direct TLS.
    let Some(library) = Tool::Libpq18.find() else {
        return;
    };
    let Some(server) = Postgres::start_from(programs.as_ref(), &served) else {
        return;
    };
    let client = Client::trusting(&root);
    client.write("other.crt", Ca::root("other").pem);
    for (settings, expected) in [
        ("sslnegotiation=direct", (0, "pass")),
        (
            "sslnegotiation=direct ssl_max_protocol_version=TLSv1.2",
            (0, "pass"),
        ),
        ("sslnegotiation=postgres", (0, "pass")),
        ("", (0, "pass")),
        ("sslnegotiation=direct sslmode=require", (0, "pass")),
        ("sslnegotiation=direct sslmode=prefer", (2, "weak-sslmode")),
        (
            "sslnegotiation=direct sslrootcert=other.crt",
            (6, "unknown-issuer"),
        ),
        (
            "sslnegotiation=direct host=www.example",
            (7, "host-name-mismatch"),
        ),
        ("sslnegotiation=rect", (2, "invalid-value")),
    ] {
        let string = format!("{GOOD} port={} {settings}", server.port);
        let run = client.check(&string);
        assert_eq!(
            (run.code, run.outcome().as_str()),
            expected,
            "{settings}: {run:?}"
        );
        let theirs = client.libpq(&library, &string);
        assert_eq!(
            theirs == Answer::Tls,
            run.code == 0,
            "{settings}: {theirs:?}"
        );
        if run.code == 0 {
            assert_eq!(run.endpoint()["tls"]["alpn"], "postgresql", "{settings}");
        }
    }
}

#[test]
fn an_older_server_knows_no_direct_tls() {
    let root = Ca::root("root");
    let Some(server) = Postgres::start(&root.leaf(&["db.example"])) else {
        return;
    };
    let client = Client::trusting(&root);
    let string = format!("{GOOD} port={} sslnegotiation=direct", server.port);
    let run = client.check(&string);
    assert_eq!((run.code, run.outcome().as_str()), (5, "closed"), "{run:?}");
    if let Some(library) = Tool::Libpq18.find() {
        let theirs = client.libpq(&library, &string);
        assert!(matches!(theirs, Answer::Refused(_)), "{theirs:?}");
    }
}

#[test]
fn a_server_that_answers_in_plain_text_fails_the_handshake() {
    for answer in [&b"N"[..], b"HTTP/1.1 400 Bad Request\r\n\r\n", b""] {
        let port = crate::support::scripted::answering(answer);
        let run = Client::new().check(&format!(
            "host=127.0.0.1 port={port} sslmode=require sslnegotiation=direct"
        ));
        assert_eq!(run.code, 5, "{answer:?}: {run:?}");
    }
}
