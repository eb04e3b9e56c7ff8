//! Does `pgtls demo` work on a fresh machine, and leave nothing behind?

use std::process::Stdio;

use crate::support::client::Client;

/// A name with a backslash is a path on Windows.
#[cfg(unix)]
#[test]
fn the_demo_passes_and_leaves_no_file_behind() {
    let temporary = tempfile::Builder::new()
        .prefix("with 'quotes', \\ and blanks ")
        .tempdir()
        .unwrap();
    let client = Client::new().with("TMPDIR", temporary.path());
    let run = client.pgtls(&["demo"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.starts_with("PASS  localhost:"), "{}", run.stdout);
    assert!(
        run.stdout
            .contains("\n  tls    SSL connection (protocol: TLSv1.3, ")
    );
    assert!(!run.stdout.contains("secret"));
    for directory in [temporary.path(), client.home.path()] {
        let left: Vec<_> = std::fs::read_dir(directory).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn the_demo_speaks_json() {
    let run = Client::new().pgtls(&["demo", "--format", "json"]);
    assert_eq!(run.json()["verdict"], "pass");
    assert_eq!(run.endpoint()["authenticated"], true);
}

#[test]
fn several_demos_run_at_once() {
    let client = Client::new();
    let demos: Vec<_> = (0..4)
        .map(|_| {
            let mut command = client.command(&["demo"]);
            command.stdout(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for demo in demos {
        let output = demo.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0));
    }
}

/// The demo ignores the user's own settings.
#[test]
fn the_demo_needs_no_home_and_obeys_no_settings() {
    let client = Client::new();
    let status = client
        .command(&["demo", "--quiet"])
        .env_remove("HOME")
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(0));

    let client = Client::new()
        .with("PGHOST", "db.example")
        .with("PGHOSTADDR", "192.0.2.1")
        .with("PGPORT", "1")
        .with("PGSSLMODE", "disable")
        .with("PGSSLROOTCERT", "missing.crt")
        .with("PGCONNECT_TIMEOUT", "7")
        .with("PGSERVICE", "missing");
    client.write(".postgresql/root.crl", "no CRL");
    let run = client.pgtls(&["demo"]);
    assert_eq!(run.code, 0, "{run:?}");
}
