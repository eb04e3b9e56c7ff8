//! Where does `pgtls check` take its trust from, with a real PostgreSQL and real strings?

use crate::support::client::{Answer, Client};
use crate::support::pki::{Ca, Documented};
use crate::support::port::closed_port;
use crate::support::postgres::Postgres;
use crate::support::tool::Tool;

/// The strings from Azure's pages, with other host, port and file.
#[test]
fn the_strings_of_azure_s_pages_work() {
    let root = Ca::root("DigiCert Global Root CA");
    let leaf = root.leaf(&["c.mygroup.postgres.database.azure.com"]);
    let Some(server) = Postgres::start(&leaf) else {
        return;
    };
    server.sql("CREATE ROLE citus LOGIN");
    server.sql("CREATE DATABASE citus");
    server.sql("CREATE ROLE \"mylogin@mypgserver\" LOGIN");
    let client = Client::new();
    client.write("DigiCertGlobalRootCA.crt.pem", &root.pem);
    client.write("root.crt", &root.pem);
    client.write(
        "BaltimoreCyberTrustRoot.crt.pem",
        Ca::root("Baltimore CyberTrust Root").pem,
    );
    let host = "host=c.mygroup.postgres.database.azure.com hostaddr=127.0.0.1";
    let port = server.port;
    for (string, expected) in [
        (
            "sslmode=verify-full sslrootcert=DigiCertGlobalRootCA.crt.pem HOST dbname=citus user=citus password=secret",
            (0, "pass"),
        ),
        (
            "sslmode=verify-ca sslrootcert=root.crt HOST dbname=postgres user=mylogin@mypgserver",
            (0, "pass"),
        ),
        (
            "sslmode=verify-full sslrootcert=BaltimoreCyberTrustRoot.crt.pem HOST dbname=citus user=citus password=secret",
            (6, "unknown-issuer"),
        ),
        (
            "sslmode=verify-full sslrootcert=DigiCertGlobalRootCA.crt HOST dbname=citus user=citus",
            (2, "root-file-missing"),
        ),
        (
            "postgresql://citus:secret@c.mygroup.postgres.database.azure.com/citus?hostaddr=127.0.0.1&port=PORT&sslmode=verify-full&sslrootcert=DigiCertGlobalRootCA.crt.pem",
            (0, "pass"),
        ),
    ] {
        let string = string
            .replace("HOST", &format!("{host} port={port}"))
            .replace("PORT", &port.to_string());
        let run = client.check(&string);
        assert_eq!(
            (run.code, run.outcome().as_str()),
            expected,
            "{string}: {run:?}"
        );
        assert_eq!(
            client.psql(&string) == Answer::Tls,
            run.code == 0,
            "{string}"
        );
    }
}

#[test]
fn a_wrong_name_is_reported_in_libpq_s_words() {
    let root = Ca::root("root");
    let names = [
        "*.privatelink.westeurope.database.azure.com",
        "b.example",
        "c.example",
        "d.example",
        "e.example",
        "f.example",
        "g.example",
        "h.example",
    ];
    let Some(server) = Postgres::start(&root.leaf(&names)) else {
        return;
    };
    let client = Client::trusting(&root);
    let string = format!(
        "host=db.example.com hostaddr=127.0.0.1 port={} user=postgres dbname=postgres \
         sslmode=verify-full sslrootcert=root.crt",
        server.port
    );
    let run = client.check(&string);
    let expected = "server certificate for \"*.privatelink.westeurope.database.azure.com\" (and 7 other names) does not match host name \"db.example.com\"";
    assert_eq!(run.code, 7);
    assert_eq!(run.endpoint()["error"]["message"], expected);
    match client.psql(&string) {
        Answer::Refused(message) => assert!(message.contains(expected), "{message}"),
        other => panic!("psql: {other:?}"),
    }
}

#[test]
fn root_crt_in_the_home_directory_counts() {
    let root = Ca::root("root");
    let Some(server) = Postgres::start(&root.leaf(&["db.example"])) else {
        return;
    };
    let other = Ca::root("other").pem;
    let good = format!(
        "host=db.example hostaddr=127.0.0.1 port={} user=postgres dbname=postgres",
        server.port
    );
    for (home, settings, expected) in [
        (&root.pem, "sslmode=verify-full", (0, "home")),
        (&other, "sslmode=verify-full", (6, "home")),
        (&other, "sslmode=require", (6, "home")),
        (
            &other,
            "sslmode=require sslrootcert=root.crt",
            (0, "sslrootcert"),
        ),
        (
            &root.pem,
            "sslmode=require sslrootcert=other.crt",
            (6, "sslrootcert"),
        ),
    ] {
        let client = Client::new();
        client.write(".postgresql/root.crt", home);
        client.write("root.crt", &root.pem);
        client.write("other.crt", &other);
        let string = format!("{good} {settings}");
        let run = client.check(&string);
        let endpoint = run.endpoint();
        let came = (run.code, endpoint["trust"]["source"].as_str().unwrap());
        assert_eq!(came, expected, "{settings}: {run:?}");
        assert_eq!(
            client.psql(&string) == Answer::Tls,
            run.code == 0,
            "{settings}"
        );
    }
}

#[test]
fn environment_and_service_fill_in_what_the_string_leaves_out() {
    let root = Ca::root("root");
    let Some(server) = Postgres::start(&root.leaf(&["db.example"])) else {
        return;
    };
    let client = Client::new()
        .with("PGHOSTADDR", "127.0.0.1")
        .with("PGUSER", "postgres")
        .with("PGSSLMODE", "disable")
        .with("PGSSLROOTCERT", "other.crt");
    client.write("root.crt", &root.pem);
    client.write("other.crt", Ca::root("other").pem);
    let service = format!(
        "[prod]\nhost=db.example\nport={}\ndbname=postgres\nsslmode=verify-full\nsslrootcert=root.crt\n",
        server.port
    );
    client.write(".pg_service.conf", service);
    for (string, code) in [
        ("service=prod", 0),
        ("service=prod sslrootcert=other.crt", 6),
        ("service=prod host=www.example", 7),
        ("service=prod port=1", 3),
        ("service=test", 2),
    ] {
        let run = client.check(string);
        assert_eq!(run.code, code, "{string}: {run:?}");
        assert_eq!(client.psql(string) == Answer::Tls, code == 0, "{string}");
    }
}

/// libpq knows `sslrootcert=system` since release 16: the referee is a newer one than psql.
#[test]
fn the_trust_of_the_machine_is_used_if_the_string_says_so() {
    let root = Ca::root("root");
    let Some(server) = Postgres::start(&root.leaf(&["db.example"])) else {
        return;
    };
    let library = Tool::Libpq18.find();
    let good = format!(
        "host=db.example hostaddr=127.0.0.1 port={} user=postgres dbname=postgres",
        server.port
    );
    for (file, settings, expected) in [
        ("root.crt", "sslrootcert=system", (0, "pass")),
        (
            "root.crt",
            "sslrootcert=system sslmode=verify-full",
            (0, "pass"),
        ),
        (
            "root.crt",
            "sslrootcert=system sslmode=require",
            (2, "weak-sslmode"),
        ),
        (
            "root.crt",
            "sslrootcert=system host=www.example",
            (7, "host-name-mismatch"),
        ),
        ("other.crt", "sslrootcert=system", (6, "unknown-issuer")),
    ] {
        let client = Client::new();
        let client_file = client.home.path().join(file);
        let client = client
            .with("SSL_CERT_FILE", client_file)
            .with("SSL_CERT_DIR", "/nonexistent");
        client.write("root.crt", &root.pem);
        client.write("other.crt", Ca::root("other").pem);
        let string = format!("{good} {settings}");
        let run = client.check(&string);
        assert_eq!(
            (run.code, run.outcome().as_str()),
            expected,
            "{settings}: {run:?}"
        );
        if let Some(library) = &library {
            let theirs = client.libpq(library, &string);
            assert_eq!(
                theirs == Answer::Tls,
                run.code == 0,
                "{settings}: {theirs:?}"
            );
        }
    }
}

/// psql has no such option: what is advised must work without it.
#[test]
fn advice_names_the_file_of_the_option() {
    let root = Ca::root("root");
    let Some(server) = Postgres::start(&root.leaf(&["db.example"])) else {
        return;
    };
    let client = Client::new();
    client.write("root.crt", &root.pem);
    client.write("other.crt", Ca::root("other").pem);
    for (name, settings) in [
        ("db.example", "sslmode=require"),
        ("db.example", "sslmode=require sslrootcert=other.crt"),
        ("wrong.example", "sslmode=verify-full sslrootcert=other.crt"),
        ("db.example", "sslmode=disable"),
    ] {
        let string = format!(
            "host={name} hostaddr=127.0.0.1 port={} user=postgres dbname=postgres {settings}",
            server.port
        );
        let run = client.pgtls(&["check", "--format", "json", "--trust", "root.crt", &string]);
        let endpoint = run.endpoint();
        if let Some(trust) = endpoint.get("trust") {
            assert_eq!(trust["source"], "trust", "{run:?}");
        }
        let fixes = endpoint["fixes"].as_array().into_iter().flatten();
        let strings: Vec<&str> = fixes
            .filter(|fix| fix["kind"] == "string")
            .map(|fix| fix["after"].as_str().unwrap())
            .collect();
        assert!(!strings.is_empty(), "{settings}: {run:?}");
        for fixed in strings {
            assert!(fixed.contains("sslrootcert=root.crt"), "{fixed}: {run:?}");
            client.run_psql(fixed, "SELECT 1").unwrap();
        }
    }
}

#[test]
fn the_option_overrules_the_string() {
    let directory = tempfile::tempdir().unwrap();
    let Some(documented) = Documented::new(directory.path()) else {
        return;
    };
    let root = documented.root("root");
    let Some(server) = Postgres::start(&documented.server("root", "db.example")) else {
        return;
    };
    let client = Client::new();
    client.write("root.crt", &root);
    client.write("other.crt", Ca::root("other").pem);
    let good = format!("host=db.example hostaddr=127.0.0.1 port={}", server.port);
    for (option, settings, code) in [
        ("root.crt", "sslmode=verify-full sslrootcert=other.crt", 0),
        ("other.crt", "sslmode=verify-full sslrootcert=root.crt", 6),
        ("other.crt", "sslmode=require", 6),
        ("bundled", "sslmode=verify-full sslrootcert=root.crt", 6),
        (
            "bundled:digicert-global-root-g2",
            "sslmode=verify-ca sslrootcert=root.crt",
            6,
        ),
        ("mozilla", "sslmode=verify-full sslrootcert=root.crt", 6),
        ("missing.crt", "sslmode=verify-full sslrootcert=root.crt", 2),
    ] {
        let string = format!("{good} {settings}");
        let run = client.pgtls(&["check", "--format", "json", "--trust", option, &string]);
        assert_eq!(run.code, code, "--trust {option} {settings}: {run:?}");
    }
}

#[test]
fn without_a_root_file_psql_s_need_for_one_is_reported() {
    let root = Ca::root("root");
    let Some(server) = Postgres::start(&root.leaf(&["db.example"])) else {
        return;
    };
    let client = Client::new();
    let string = format!(
        "host=db.example hostaddr=127.0.0.1 port={} user=postgres dbname=postgres sslmode=verify-ca",
        server.port
    );
    let run = client.check(&string);
    assert_eq!(run.code, 6, "{run:?}");
    assert!(
        run.findings().contains(&"libpq-root-missing".to_owned()),
        "{run:?}"
    );
    assert!(matches!(client.psql(&string), Answer::Refused(why) if why.contains("does not exist")));
}

#[test]
fn any_host_is_enough_where_that_is_asked_for() {
    let root = Ca::root("root");
    let Some(server) = Postgres::start(&root.leaf(&["db.example"])) else {
        return;
    };
    let client = Client::trusting(&root);
    let (closed, open) = (closed_port(), server.port);
    for (hosts, ports, code) in [
        ("db.example,db.example", format!("{closed},{open}"), 0),
        ("db.example,db.example", format!("{open},{closed}"), 0),
        ("www.example,db.example", format!("{open},{open}"), 7),
        ("www.example,db.example", format!("{closed},{open}"), 0),
        ("www.example,db.example", format!("{closed},{closed}"), 3),
    ] {
        let string = format!(
            "host={hosts} hostaddr=127.0.0.1,127.0.0.1 port={ports} user=postgres dbname=postgres \
             sslmode=verify-full sslrootcert=root.crt"
        );
        let run = client.pgtls(&["check", "--format", "json", "--hosts", "any", &string]);
        assert_eq!(run.code, code, "{string}: {run:?}");
        assert_eq!(client.psql(&string) == Answer::Tls, code == 0, "{string}");
    }
}
