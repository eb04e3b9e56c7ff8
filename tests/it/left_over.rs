//! What decides, and stands where nobody looks: variables of another project, and paths of another system.

use crate::support::client::Client;
use crate::support::fleet_lab::Lab;
use crate::support::pki::Ca;
use crate::support::postgres::closed_port;

#[test]
fn a_variable_that_decides_where_to_connect_is_named() {
    let closed = closed_port().to_string();
    for (variable, value, string, says) in [
        (
            "PGPORT",
            closed.as_str(),
            "host=127.0.0.1 sslmode=require".to_owned(),
            "port comes from the environment variable PGPORT",
        ),
        (
            "PGHOSTADDR",
            "127.0.0.1",
            format!("host=db.example port={closed} sslmode=require"),
            "hostaddr comes from the environment variable PGHOSTADDR",
        ),
    ] {
        let run = Client::new().with(variable, value).check(&string);
        assert_eq!(run.outcome(), "refused", "{run:?}");
        assert!(run.hint().contains(says), "{variable}: {run:?}");
    }
}

/// The name of whoever answers there would pass, and prove nothing.
#[test]
fn no_name_is_advised_for_an_address_that_the_string_does_not_have() {
    let Lab {
        endpoint, client, ..
    } = Lab::new();
    let client = client.with("PGHOSTADDR", "127.0.0.1");
    let port = endpoint.address.port();
    let run = client.check(&format!(
        "host=db.example port={port} sslmode=verify-full sslrootcert=root.crt"
    ));
    assert_eq!(run.outcome(), "host-name-mismatch", "{run:?}");
    assert!(run.hint().contains("PGHOSTADDR"), "{run:?}");
    assert!(!run.hint().contains("host=localhost"), "{run:?}");
}

#[test]
fn a_variable_that_names_a_file_is_named() {
    let client = Client::new().with("PGSSLCERT", "/nowhere/client.crt");
    let run = client.check("host=db.example sslmode=require");
    assert_eq!(run.outcome(), "client-cert-file-missing", "{run:?}");
    let says = "sslcert comes from the environment variable PGSSLCERT";
    assert!(run.hint().contains(says), "{run:?}");
}

#[test]
fn a_list_of_another_length_says_where_it_comes_from() {
    let client = Client::new().with("PGHOSTADDR", "127.0.0.1");
    let run = client.check("host=a.example,b.example sslmode=require");
    assert_eq!(run.outcome(), "bad-conninfo", "{run:?}");
    assert!(
        run.stdout
            .contains("hostaddr (from the environment variable PGHOSTADDR) has 1"),
        "{run:?}"
    );
}

/// Its mode is right for what it is.
#[test]
fn no_mode_is_advised_for_a_certificate_in_the_place_of_the_key() {
    let client = Client::new();
    client.write("client.crt", Ca::root("client").pem);
    let run = client.check("host=db.example sslmode=require sslcert=client.crt sslkey=client.crt");
    assert_eq!(run.outcome(), "key-file-permissions", "{run:?}");
    assert!(run.hint().contains("leave its mode as it is"), "{run:?}");
    assert!(!run.hint().contains("chmod"), "{run:?}");
}

/// psql would look for a file of that very name.
#[test]
fn a_path_of_windows_and_a_tilde_are_said_to_be_that() {
    let client = Client::new();
    for (setting, says, never) in [
        (
            "sslrootcert=C:/certs/root.crt",
            "/mnt/c/certs/root.crt",
            "backslash",
        ),
        (
            r"sslrootcert=C:\certs\root.crt",
            "/mnt/c/certs/root.crt",
            "sslrootcert=C:",
        ),
        (
            r"sslrootcert=C:/certs\root.crt",
            "/mnt/c/certs/root.crt",
            "certsroot.crt)",
        ),
        (
            "sslcert=~/client.crt sslkey=~/client.key",
            "libpq does not expand \\\"~\\\"",
            "Give the certificate",
        ),
    ] {
        let run = client.check(&format!("host=db.example sslmode=verify-full {setting}"));
        assert_eq!(run.code, 2, "{run:?}");
        let hint = run.endpoint()["error"]["hint"].to_string();
        assert!(hint.contains(says), "{setting}: {run:?}");
        assert!(!hint.contains(never), "{setting}: {run:?}");
    }
}

#[test]
fn a_uri_is_repaired_where_its_meaning_is_sure() {
    let client = Client::new();
    for (uri, says, after) in [
        (
            "postgresql://u@db.example/d?sslmode=verify-full?connect_timeout=3",
            "write & for the ?",
            "sslmode=verify-full connect_timeout=3",
        ),
        (
            "postgresql://u@2001:db8::1/d?sslmode=require",
            "in brackets",
            "host=2001:db8::1",
        ),
        (
            "postgresql://u@db.example:5432:5433/d?sslmode=require",
            "a port is one number",
            "",
        ),
    ] {
        let run = client.pgtls(&["conninfo", uri]);
        assert_eq!(run.code, 2, "{run:?}");
        let report = format!("{}{}", run.stdout, run.stderr);
        let words = report.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(says), "{uri}: {words}");
        assert!(words.contains(after), "{uri}: {words}");
        assert!(!words.contains("password"), "{uri}: {words}");
    }
}

/// An `echo` into a secret, or a file of Windows, leaves them there.
#[test]
fn a_line_break_at_the_end_of_a_variable_is_named_and_cured() {
    let Lab {
        endpoint, client, ..
    } = Lab::new();
    let root = std::fs::read(client.home.path().join("root.crt")).unwrap();
    let with = |variable: &str, value: &str| {
        let client = Client::new().with(variable, value);
        client.write("root.crt", &root);
        client
    };
    let port = endpoint.address.port();
    let place = format!("hostaddr=127.0.0.1 port={port}");
    for (variable, value, string, says) in [
        (
            "PGSSLROOTCERT",
            "root.crt\r\n",
            format!("host=localhost {place} sslmode=verify-full"),
            "ends with a line break",
        ),
        (
            "PGSSLROOTCERT",
            "root.crt ",
            format!("host=localhost {place} sslmode=verify-full"),
            "ends with white space",
        ),
        (
            "PGHOST",
            "localhost\n",
            format!("port={port} sslmode=verify-full sslrootcert=root.crt"),
            "remove it",
        ),
        (
            "PGSSLMODE",
            "verify-full\r",
            format!("host=localhost {place} sslrootcert=root.crt"),
            "ends with a line break",
        ),
    ] {
        let run = with(variable, value).check(&string);
        assert_eq!(run.code, 2, "{variable}: {run:?}");
        assert!(run.hint().contains(says), "{variable}: {run:?}");
        let followed = with(variable, value).check(&run.to_copy());
        assert_eq!(followed.code, 0, "{variable}: {followed:?}");
    }
}

#[test]
fn what_a_word_processor_or_another_driver_wrote_is_named_and_cured() {
    let Lab {
        endpoint, client, ..
    } = Lab::new();
    let port = endpoint.address.port();
    let good = format!(
        "host=localhost hostaddr=127.0.0.1 port={port} sslmode=verify-full sslrootcert=root.crt"
    );
    let with = |from: &str, to: &str| good.replace(from, to);
    for (string, says) in [
        (with("root.crt", "“root.crt”"), "quotation mark"),
        (with("verify-full", "verify–full"), "typographic dash"),
        (format!("“{good}”"), "Type them anew"),
        (good.replace(' ', ","), "commas"),
        (good.replace(' ', ", "), "commas"),
        (good.replace(' ', "&"), "&"),
        (good.replace(' ', ";"), "semicolons"),
        (format!("{good} rejectUnauthorized=false"), "another driver"),
        (
            with(&format!("port={port}"), &format!("port={port}/app")),
            "dbname=NAME",
        ),
        (
            format!(
                "postgresql://localhost:{port}/d?hostaddr=127.0.0.1,sslmode=verify-full,sslrootcert=root.crt"
            ),
            "write & for the ,",
        ),
        (
            format!(
                "postgresql://localhost:{port}/d?hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert=root.crt\r\n"
            ),
            "tr -d",
        ),
    ] {
        let run = client.check(&string);
        assert_eq!(run.code, 2, "{string}: {run:?}");
        let endpoint = run.endpoint();
        let words = format!("{} {}", endpoint["error"]["message"], run.hint());
        assert!(words.contains(says), "{string}: {words}");
        let followed = client.check(&run.to_copy());
        assert_eq!(followed.code, 0, "{string}: {followed:?}");
    }
}

#[test]
fn a_variable_that_names_a_list_or_a_version_is_named() {
    for (variable, value, string) in [
        (
            "PGSSLCRL",
            "/nowhere.crl",
            "host=db.example sslmode=require",
        ),
        ("PGSSLCRLDIR", "/nowhere", "host=db.example sslmode=require"),
        (
            "PGSSLROOTCERT",
            "/nowhere.crt",
            "host=db.example sslmode=verify-full",
        ),
        (
            "PGSSLMAXPROTOCOLVERSION",
            "TLSv1.1",
            "host=db.example sslmode=require",
        ),
        (
            "PGSSLMINPROTOCOLVERSION",
            "TLSv1.3",
            "host=db.example sslmode=require ssl_max_protocol_version=TLSv1.2",
        ),
    ] {
        let run = Client::new().with(variable, value).check(string);
        assert_eq!(run.code, 2, "{run:?}");
        let says = format!("{variable} was left over, unset it");
        assert!(run.hint().contains(&says), "{variable}: {run:?}");
    }
}

#[test]
fn an_empty_directory_in_the_place_of_a_file_is_explained() {
    let client = Client::new();
    std::fs::create_dir(client.home.path().join("ca.crt")).unwrap();
    let run = client.check("host=db.example sslmode=verify-full sslrootcert=ca.crt");
    assert_eq!(run.outcome(), "root-file-invalid", "{run:?}");
    assert!(run.hint().contains("bind mount"), "{run:?}");
    std::fs::write(client.home.path().join("ca.crt/root.crt"), "").unwrap();
    let run = client.check("host=db.example sslmode=verify-full sslrootcert=ca.crt");
    assert!(!run.hint().contains("bind mount"), "{run:?}");
}

/// A label of more than 63 letters is refused before any name server is asked.
#[test]
fn a_host_that_is_a_list_or_not_ascii_is_explained() {
    let long = "a".repeat(70);
    for (host, says) in [
        (format!("db,{long}.example"), "If a dot was meant"),
        (format!("‚{long}"), "typographic quotation mark"),
        (format!("ä{long}"), "xn--"),
    ] {
        let run = Client::new().check(&format!("host={host} sslmode=require"));
        assert!(run.stdout.contains(says), "{host}: {run:?}");
    }
    let run = Client::new().check("host=,db.example hostaddr=,127.0.0.1 port=1 sslmode=require");
    assert!(run.stdout.contains("host=db.example"), "{run:?}");
}

/// A link of Kubernetes was copied without what it leads to, beside the certificate of the client.
#[cfg(unix)]
#[test]
fn a_link_to_nothing_is_named_and_no_certificate_of_a_client_is_advised() {
    let client = Client::new();
    let leaf = Ca::root("client").leaf(&["ann"]);
    client.write("cl.crt", &leaf.chain);
    let link = client.home.path().join("ca.crt");
    std::os::unix::fs::symlink("..data/ca.crt", link).unwrap();
    let run = client.check("host=db.example sslmode=verify-full sslrootcert=ca.crt");
    assert_eq!(run.outcome(), "root-file-missing", "{run:?}");
    assert!(
        run.hint().contains("symbolic link to ..data/ca.crt"),
        "{run:?}"
    );
    assert!(!run.hint().contains("cl.crt"), "{run:?}");
}

#[test]
fn what_other_programs_write_around_a_path_or_for_none_is_named() {
    let client = Client::new();
    client.write("root.crt", Ca::root("root").pem);
    for (path, says) in [
        ("@root.crt", "the @ is for other programs"),
        ("classpath:root.crt", "classpath: is for Spring"),
        ("classpath:certs/root.crt", "classpath: is for Spring"),
        ("\"root.crt\"", "quotation marks are part of the path"),
        ("None", "for no value"),
    ] {
        let run = client.check(&format!(
            "host=db.example sslmode=verify-full sslrootcert={path}"
        ));
        assert_eq!(run.outcome(), "root-file-missing", "{path}: {run:?}");
        assert!(run.hint().contains(says), "{path}: {run:?}");
    }
    let run = Client::new().check("postgresql://***:***@***:5432/***?sslmode=require");
    assert!(run.stdout.contains("CI job"), "{run:?}");
    let run = Client::new().check("postgresql://{{user}}@db.example/d?sslmode=require");
    assert!(run.stdout.contains("such as Helm"), "{run:?}");
    let run = Client::new().check("host=/tmp sslmode=require sslsni=true");
    assert!(run.stdout.contains("switches SNI off"), "{run:?}");
    let run = Client::new().check("host=/tmp sslmode=verify-full requiressl=1");
    assert!(run.stdout.contains("sslmode=require counts"), "{run:?}");
    let run = Client::new().check("host=/tmp sslmode=prefer sslmode=verify-full");
    assert!(!run.stdout.contains("counts"), "{run:?}");
    let run = Client::new().check("jdbc:postgresql:localhost:5432/d?user=u&sslmode=disable");
    assert!(run.stdout.contains("// is missing"), "{run:?}");
}

#[test]
fn lines_of_a_service_that_other_programs_would_read_are_explained() {
    for (line, says) in [
        (
            "sslmode=verify-full   # always",
            "put a comment on a line of its own",
        ),
        ("url=postgresql://h/d", "no setting for a URL"),
        ("DATABASE_URL=postgresql://h/d", "no setting for a URL"),
    ] {
        let client = Client::new();
        client.write("service.conf", format!("[prod]\nhost=/tmp\n{line}\n"));
        let client = client.with("PGSERVICEFILE", "service.conf");
        let run = client.check("service=prod");
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.hint().contains(says), "{line}: {run:?}");
    }
}

#[test]
fn a_variable_that_libpq_does_not_read_is_named_with_the_one_that_it_reads() {
    for (variable, string, says) in [
        (
            "PGSSLCA",
            "host=/tmp",
            "its variable for sslrootcert is PGSSLROOTCERT",
        ),
        ("PGSSLPASSWORD", "host=/tmp", "no variable sets sslpassword"),
        (
            "PGPASSWORD_FILE",
            "host=/tmp",
            "its variable for password is PGPASSWORD",
        ),
        // The setting has a value.
        ("PGPASSWORD_FILE", "host=/tmp password=x", ""),
        ("PGSSLCA", "host=/tmp sslrootcert=system", ""),
    ] {
        let run = Client::new().with(variable, "/nowhere").check(string);
        let says_it = run.stdout.contains("does not read it");
        assert_eq!(says_it, !says.is_empty(), "{variable} {string}: {run:?}");
        assert!(run.stdout.contains(says), "{variable} {string}: {run:?}");
    }
    let client = Client::new();
    client.write("app.env", "PGHOST=/tmp\nPGPASSWORD_FILE=/run/secrets/p\n");
    let run = client.pgtls(&["check", "--format", "json", "--from", "app.env"]);
    assert!(
        run.stdout.contains("variable for password is PGPASSWORD"),
        "{run:?}"
    );
    let client = Client::new().with("NODE_EXTRA_CA_CERTS", "/nowhere/root.crt");
    let run = client.pgtls(&[
        "conninfo",
        "--dialect",
        "node-postgres",
        "postgres://u@h/d?sslmode=verify-full",
    ]);
    assert!(
        run.stdout.contains("--trust FILE") || run.stderr.contains("--trust FILE"),
        "{run:?}"
    );
}
