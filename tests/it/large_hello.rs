//! A ClientHello with a post-quantum key does not fit into one packet. Is it named where it gets lost?

use crate::support::client::{Client, Run};
use crate::support::middlebox::{self, Habit};
use crate::support::pki::Ca;
use crate::support::postgres::Postgres;

/// A server with a middlebox before it, and the string of a client that trusts it.
struct Rig {
    server: Postgres,
    client: Client,
}

impl Rig {
    fn new() -> Option<Self> {
        let root = Ca::root("Root");
        let server = Postgres::start(&root.leaf(&["localhost"]))?;
        let client = Client::trusting(&root);
        Some(Self { server, client })
    }

    fn string(&self, port: u16) -> String {
        format!(
            "postgresql://postgres@localhost:{port}/postgres?sslmode=verify-full&sslrootcert=root.crt"
        )
    }

    fn behind(&self, habit: Habit) -> String {
        self.string(middlebox::before(self.server.port, habit))
    }

    fn ask(&self, arguments: &[&str], string: &str) -> Run {
        let rest = ["--timeout", "5s", "--format", "json", string];
        self.client.pgtls(&[arguments, &rest].concat())
    }
}

fn row(run: &Run, client: &str) -> Option<(String, String)> {
    let endpoint = run.endpoint();
    let rows = endpoint["clients"].as_array().unwrap();
    let row = rows.iter().find(|row| row["client"] == client)?;
    let word = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
    Some((word("outcome"), word("code")))
}

const CODE: &str = "large-hello-dropped";

#[test]
fn a_middlebox_that_loses_large_hellos_is_found_by_audit_and_clients() {
    let Some(rig) = Rig::new() else { return };
    for habit in [Habit::HangUp, Habit::Swallow] {
        let string = rig.behind(habit);
        let clients = rig.ask(&["check", "--clients"], &string);
        assert_eq!(clients.code, 0, "{clients:?}");
        assert!(clients.findings().contains(&CODE.to_owned()), "{clients:?}");
        let refused = || Some(("refused".to_owned(), CODE.to_owned()));
        let unknown = || Some(("unknown".to_owned(), CODE.to_owned()));
        for newer in ["libpq-openssl-3.5", "pgx-go-1.24", "node-postgres-node-24"] {
            assert_eq!(row(&clients, newer), refused(), "{newer}");
        }
        for unsure in [
            "libpq",
            "pgx",
            "lib/pq",
            "node-postgres",
            "asyncpg",
            "npgsql",
        ] {
            assert_eq!(row(&clients, unsure), unknown(), "{unsure}");
        }
        for older in ["libpq-openssl-1.1.1", "libpq-openssl-3.0", "sqlx-rustls"] {
            let verified = Some(("verified".to_owned(), String::new()));
            assert_eq!(row(&clients, older), verified, "{older}");
        }
        let audit = rig.ask(&["audit"], &string);
        assert!(audit.findings().contains(&CODE.to_owned()), "{audit:?}");
        let endpoint = audit.endpoint();
        assert_eq!(
            endpoint["audit"]["tls"]["large_hello"]["outcome"],
            "refused"
        );
    }
}

/// A packet that is lost once says nothing about the size.
#[test]
fn one_stall_is_not_taken_for_a_lost_hello() {
    let Some(rig) = Rig::new() else { return };
    let clients = rig.ask(&["check", "--clients"], &rig.behind(Habit::StallOnce));
    assert_eq!(clients.code, 0, "{clients:?}");
    assert!(
        !clients.findings().contains(&CODE.to_owned()),
        "{clients:?}"
    );
}

#[test]
fn a_server_that_answers_large_hellos_is_not_accused() {
    let Some(rig) = Rig::new() else { return };
    let string = rig.string(rig.server.port);
    let clients = rig.ask(&["check", "--clients"], &string);
    assert!(
        !clients.findings().contains(&CODE.to_owned()),
        "{clients:?}"
    );
    assert_eq!(row(&clients, "pgx-go-1.24"), None);
    let audit = rig.ask(&["audit"], &string);
    assert!(!audit.findings().contains(&CODE.to_owned()), "{audit:?}");
    let endpoint = audit.endpoint();
    assert_eq!(
        endpoint["audit"]["tls"]["large_hello"]["outcome"],
        "accepted"
    );
    // The server reads a hello, and a client that leaves.
    let log = rig.server.log();
    assert!(!log.contains("unexpected message"), "{log}");
}
