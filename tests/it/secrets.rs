//! Does a password ever show?

use crate::support::client::Client;

/// Strings that contain the password in some way; `{port}` answers, but does not speak TLS.
const STRINGS: &[&str] = &[
    // Correct strings.
    "host=127.0.0.1 port={port} password=hunter2",
    "host=127.0.0.1 port={port} password = 'my hunter2'",
    "host=127.0.0.1 port={port} sslpassword=hunter2",
    "host=127.0.0.1 port={port} password=a password=hunter2",
    "host=127.0.0.1,127.0.0.1 port={port} password=hunter2",
    "postgresql://ann:hunter2@127.0.0.1:{port}/app",
    "postgresql://ann:%68unter2@127.0.0.1:{port}/app",
    "postgresql://ann@127.0.0.1:{port}/app?password=hunter2",
    "postgres://ann:hunter2@127.0.0.1:{port},127.0.0.1:{port}/app",
    // With another mistake.
    "host=127.0.0.1 password=hunter2 sslmode=required",
    "host=127.0.0.1 password=hunter2 port=5432x",
    "host=127.0.0.1 password=hunter2 sslmod=require",
    "host=127.0.0.1 password=hunter2 sslrootcert=missing.crt",
    "host=127.0.0.1 password=hunter2 service=missing",
    "postgresql://ann:hunter2@127.0.0.1:port/app",
    "postgresql://ann:hunter2@127.0.0.1/app?sslmode=required",
    "postgresql://ann:hunter2@127.0.0.1/app?sslmod=require",
    "postgresql://ann:hunter2@[::1/app",
    // With a mistake in the password itself.
    "host=127.0.0.1 password=my hunter2",
    "host=127.0.0.1 password='my hunter2",
    "host=127.0.0.1 pasword=hunter2",
    "host=127.0.0.1 PASSWORD=hunter2",
    "host=127.0.0.1 password:hunter2",
    "password=a' hunter2 'b",
    "postgresql://ann:hunter2%zz@127.0.0.1/app",
    "postgresql://ann:hunter2%00@127.0.0.1/app",
    "postgresql://ann:first@hunter2@127.0.0.1:1/app",
    "postgresql://ann:first/hunter2@127.0.0.1:1/app",
    "postgresql://ann:first?hunter2@127.0.0.1:1/app",
    "postgresql://127.0.0.1/app?pasword=hunter2",
    "postgresql:/ann:hunter2@127.0.0.1/app",
    "postgresqll://ann:hunter2@127.0.0.1/app",
];

/// Where a string can be typed, correctly or by mistake.
const PLACES: &[&[&str]] = &[
    &["check", "STRING"],
    &["check", "--format", "json", "STRING"],
    &["conninfo", "STRING"],
    &["conninfo", "--format", "json", "STRING"],
    &["STRING"],
    &["demo", "STRING"],
    &["roots", "STRING"],
    &["roots", "show", "STRING"],
    &["check", "--timeout", "STRING", "host=127.0.0.1"],
    &["check", "--color", "STRING", "host=127.0.0.1"],
];

#[test]
fn no_password_is_printed_from_a_string() {
    let port = crate::support::scripted::answering(b"N").to_string();
    let client = Client::new()
        .with("PGCONNECT_TIMEOUT", "2")
        .with("RUST_BACKTRACE", "1");
    let mut shown = Vec::new();
    for string in STRINGS {
        let string = string.replace("{port}", &port);
        for place in PLACES {
            let arguments: Vec<&str> = place
                .iter()
                .map(|word| {
                    if *word == "STRING" {
                        string.as_str()
                    } else {
                        word
                    }
                })
                .collect();
            let run = client.pgtls(&arguments);
            if [&run.stdout, &run.stderr]
                .iter()
                .any(|text| text.contains("unter2"))
            {
                shown.push(format!("{arguments:?}: {}{}", run.stdout, run.stderr));
            }
        }
    }
    assert!(shown.is_empty(), "{}", shown.join("\n"));
}

#[test]
fn no_password_is_printed_from_elsewhere() {
    let port = crate::support::scripted::answering(b"N");
    let client = Client::new().with("PGPASSWORD", "hunter2");
    client.write(
        ".pg_service.conf",
        format!("[prod]\nhost=127.0.0.1\nport={port}\npassword=hunter2\n[bad]\npasword=hunter2\n"),
    );
    client.write(".pgpass", "*:*:*:*:hunter2\n");
    for string in ["", "service=prod", "service=bad", "host=127.0.0.1 port=1"] {
        for command in ["check", "conninfo"] {
            for format in ["text", "json"] {
                let run = client.pgtls(&[command, "--format", format, string]);
                let shown = run.stdout.contains("hunter2") || run.stderr.contains("hunter2");
                assert!(!shown, "{command} {string}: {run:?}");
            }
        }
    }
}

/// A whole string instead of a value is an easy mistake.
#[test]
fn no_password_is_printed_from_a_variable_of_another_purpose() {
    let mistakes = [
        "password=hunter2",
        "host=db.example password=hunter2 sslmode=require",
        "postgresql://ann:hunter2@db.example/app",
    ];
    for variable in [
        "PGHOST",
        "PGHOSTADDR",
        "PGPORT",
        "PGUSER",
        "PGDATABASE",
        "PGSERVICE",
        "PGSERVICEFILE",
        "PGSSLMODE",
        "PGSSLROOTCERT",
        "PGSSLCERT",
        "PGSSLKEY",
        "PGSSLCRL",
        "PGSSLNEGOTIATION",
        "PGSSLMINPROTOCOLVERSION",
        "PGREQUIREAUTH",
        "PGCONNECT_TIMEOUT",
    ] {
        for mistake in mistakes {
            let client = Client::new()
                .with(variable, mistake)
                .with("RUST_BACKTRACE", "1");
            for command in ["check", "conninfo"] {
                for format in ["text", "json"] {
                    let string = match variable {
                        "PGHOST" => "port=1 connect_timeout=1",
                        "PGSERVICEFILE" => "service=x",
                        _ => "host=127.0.0.1 connect_timeout=1",
                    };
                    let run = client.pgtls(&[command, "--format", format, string]);
                    let shown = run.stdout.contains("hunter2") || run.stderr.contains("hunter2");
                    assert!(!shown, "{variable}={mistake}: {run:?}");
                }
            }
        }
    }
}

#[test]
fn no_password_of_a_key_is_printed() {
    let client = Client::new().with("RUST_BACKTRACE", "1");
    let own = crate::support::pki::Ca::root("Client CA").leaf(&["ann"]);
    client.write("client.crt", &own.chain);
    client.write("client.key", &own.key);
    client.write(
        "broken.key",
        own.key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"),
    );
    for key in ["client.key", "broken.key", "missing.key"] {
        for format in ["text", "json"] {
            let string = format!(
                "host=127.0.0.1 port=1 sslcert=client.crt sslkey={key} sslpassword=hunter2"
            );
            for command in ["check", "conninfo"] {
                let run = client.pgtls(&[command, "--format", format, &string]);
                let shown = run.stdout.contains("hunter2") || run.stderr.contains("hunter2");
                assert!(!shown, "{run:?}");
            }
        }
    }
}
