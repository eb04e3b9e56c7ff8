//! Does `pgtls check` judge a PgBouncer like psql?

use crate::support::client::Client;
use crate::support::pgbouncer::PgBouncer;
use crate::support::pki::Ca;

#[test]
fn a_pgbouncer_is_judged_as_psql_judges_it() {
    let root = Ca::root("root");
    let good = root.leaf(&["db.example"]);
    let other = Ca::root("other").leaf(&["db.example"]);
    let wrong_name = root.leaf(&["www.example"]);
    let client = Client::trusting(&root);
    for (mode, more, served, expected) in [
        ("require", "", &good, (0, "pass")),
        ("allow", "", &good, (0, "pass")),
        (
            "require",
            "client_tls_protocols = tlsv1.2\n",
            &good,
            (0, "pass"),
        ),
        (
            "require",
            "client_tls_protocols = tlsv1.3\n",
            &good,
            (0, "pass"),
        ),
        ("require", "", &other, (6, "unknown-issuer")),
        ("require", "", &wrong_name, (7, "host-name-mismatch")),
        ("disable", "", &good, (4, "no-tls")),
    ] {
        let Some(bouncer) = PgBouncer::start(mode, more, served) else {
            return;
        };
        let string = format!(
            "host=db.example hostaddr=127.0.0.1 port={} user=postgres dbname=pgbouncer \
             sslmode=verify-full sslrootcert=root.crt",
            bouncer.port
        );
        let run = client.check(&string);
        let came = (run.code, run.outcome());
        assert_eq!(
            came,
            (expected.0, expected.1.to_owned()),
            "{mode} {more}: {run:?}"
        );
        // PgBouncer has no pg_stat_ssl, but verify-full is impossible without TLS.
        let theirs = client.run_psql(&string, "SHOW VERSION");
        assert_eq!(theirs.is_ok(), run.code == 0, "{mode} {more}: {theirs:?}");
    }
}

#[test]
fn an_audit_tells_whether_a_pgbouncer_enforces_tls() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let client = Client::trusting(&root);
    for (mode, expected) in [
        ("require", (0, "pass")),
        ("allow", (1, "plaintext-accepted")),
        ("disable", (4, "no-tls")),
    ] {
        let Some(bouncer) = PgBouncer::start(mode, "", &served) else {
            return;
        };
        let string = format!(
            "host=db.example hostaddr=127.0.0.1 port={} user=postgres dbname=pgbouncer \
             sslmode=verify-full sslrootcert=root.crt",
            bouncer.port
        );
        let run = client.pgtls(&["audit", "--format", "json", &string]);
        let came = (run.code, run.outcome());
        assert_eq!(came, (expected.0, expected.1.to_owned()), "{mode}: {run:?}");
    }
}
