//! Does pgtls find the same password as psql?

use std::os::unix::fs::PermissionsExt as _;

use super::{GOOD, assert_no_password, login, prepared};
use crate::support::client::Client;
use crate::support::pki::Ca;

/// The contents of `PGPASSFILE`. The user is `cleo` with the password `hunter2`. PORT is the
/// server's.
const FILES: &[&str] = &[
    "db.example:PORT:postgres:cleo:hunter2",
    "db.example:PORT:postgres:cleo:hunter2\n",
    "db.example:PORT:postgres:cleo:hunter2\r\n",
    "db.example:PORT:postgres:cleo:hunter2 \n",
    "db.example:PORT:postgres:cleo: hunter2\n",
    "db.example:PORT:postgres:cleo:hunter2:and:more\n",
    "db.example:PORT:postgres:cleo:hunter\\2\n",
    "db.example:PORT:postgres:cleo:hunter\\\\2\n",
    "db.example:PORT:postgres:cleo:hunter2\\\n",
    "*:*:*:*:hunter2\n",
    "*:*:*:cleo:hunter2\n",
    "*:*:*:ann:wrong\n*:*:*:cleo:hunter2\n",
    "*:*:*:cleo:wrong\n*:*:*:cleo:hunter2\n",
    "*:*:*:cleo:\n*:*:*:cleo:hunter2\n",
    "#*:*:*:cleo:wrong\n*:*:*:cleo:hunter2\n",
    " #*:*:*:cleo:wrong\n*:*:*:cleo:hunter2\n",
    "\n\n*:*:*:cleo:hunter2\n",
    "nonsense\n*:*:*:cleo:hunter2\n",
    "db.example\n*:*:*:cleo:hunter2\n",
    "db\\.example:*:*:cleo:hunter2\n",
    "DB.example:*:*:cleo:hunter2\n",
    "db.example.:*:*:cleo:hunter2\n",
    "db.*:*:*:cleo:hunter2\n",
    "**:*:*:cleo:hunter2\n",
    "\\*:*:*:cleo:hunter2\n",
    "127.0.0.1:*:*:cleo:hunter2\n",
    "localhost:*:*:cleo:hunter2\n",
    ":*:*:cleo:hunter2\n",
    "*:5432:*:cleo:hunter2\n",
    "*:0PORT:*:cleo:hunter2\n",
    "*:*:cleo:cleo:hunter2\n",
    "*:*:*:cleo\n",
    "*:*:*:cleo:\n",
    "*:*:*:cle\\o:hunter2\n",
    "*:*:*:cleo\\:hunter2\n",
    "\u{feff}*:*:*:cleo:wrong\n*:*:*:cleo:hunter2\n",
    "*:*:*:cleo:hunter2\0*:*:*:cleo:wrong\n",
    "*:*:*:cleo:hunter\0x\n2",
    "*:*:*:cleo:hunter2\0",
    "",
];

/// Where the password comes from: the string, the environment or files.
type Place = (&'static str, &'static [(&'static str, &'static str)]);

const PLACES: &[Place] = &[
    ("password=hunter2", &[("PGPASSWORD", "wrong")]),
    ("password=wrong", &[("PGPASSWORD", "hunter2")]),
    (
        "",
        &[("PGPASSWORD", "hunter2"), ("PGPASSFILE", "wrong.pass")],
    ),
    ("password=''", &[("PGPASSWORD", "hunter2")]),
    ("password=''", &[("PGPASSFILE", "right.pass")]),
    ("", &[("PGPASSWORD", ""), ("PGPASSFILE", "right.pass")]),
    ("", &[("PGPASSFILE", "right.pass")]),
    ("passfile=right.pass", &[("PGPASSFILE", "wrong.pass")]),
    ("passfile=wrong.pass", &[("PGPASSFILE", "right.pass")]),
    ("passfile=''", &[]),
    ("", &[]),
    ("", &[("PGPASSFILE", "missing.pass")]),
    ("", &[("PGPASSFILE", "open.pass")]),
    ("", &[("PGPASSFILE", "group.pass")]),
    ("", &[("PGPASSFILE", "read.pass")]),
    ("", &[("PGPASSFILE", "link.pass")]),
    ("", &[("PGPASSFILE", ".")]),
    ("port=+PORT", &[("PGPASSFILE", "port.pass")]),
    ("port='PORT '", &[("PGPASSFILE", "port.pass")]),
    ("port=PORT", &[("PGPASSFILE", "port.pass")]),
    ("host='' sslmode=require", &[("PGPASSFILE", "address.pass")]),
    (
        "host='' sslmode=require hostaddr=127.1",
        &[("PGPASSFILE", "address.pass")],
    ),
    (
        "host=db.example,db.example hostaddr=127.0.0.1,127.0.0.1",
        &[("PGPASSFILE", "right.pass")],
    ),
];

#[test]
fn a_password_file_is_read_as_libpq_reads_it() {
    let root = Ca::root("root");
    let Some(server) = prepared(&root.leaf(&["db.example"])) else {
        return;
    };
    let mut found = 0;
    for text in FILES {
        let client = super::client(&root).with("PGPASSFILE", "test.pass");
        write(
            &client,
            "test.pass",
            &text.replace("PORT", &server.port.to_string()),
            0o600,
        );
        let string = format!("{GOOD} port={} user=cleo", server.port);
        let run = login(&client, &string);
        let theirs = client.run_psql(&string, "SELECT 1");
        assert_eq!(
            run.code == 0,
            theirs.is_ok(),
            "{text:?}: {run:?} {theirs:?}"
        );
        assert!(matches!(run.code, 0 | 8), "{text:?}: {run:?}");
        assert_no_password(&run);
        if text.starts_with("127.0.0.1:") {
            let near = "Line 1 of test.pass differs in host only";
            assert!(run.hint().contains(near), "{run:?}");
        }
        found += i32::from(run.code == 0);
    }
    // Neither all nor none.
    assert!((10..30).contains(&found), "{found}");
}

#[test]
fn a_password_is_looked_for_where_libpq_looks() {
    let root = Ca::root("root");
    let Some(server) = prepared(&root.leaf(&["db.example"])) else {
        return;
    };
    let port = server.port.to_string();
    for home in ["hunter2", "wrong"] {
        for (settings, variables) in PLACES {
            let client = variables
                .iter()
                .fold(super::client(&root), |client, (name, value)| {
                    client.with(name, value)
                });
            for (file, text, mode) in [
                (".pgpass", format!("*:*:*:*:{home}"), 0o600),
                ("right.pass", "*:*:*:*:hunter2".to_owned(), 0o600),
                ("wrong.pass", "*:*:*:*:wrong".to_owned(), 0o600),
                ("open.pass", "*:*:*:*:hunter2".to_owned(), 0o604),
                ("group.pass", "*:*:*:*:hunter2".to_owned(), 0o640),
                ("read.pass", "*:*:*:*:hunter2".to_owned(), 0o400),
                ("port.pass", format!("*:{port}:*:*:hunter2"), 0o600),
                ("address.pass", "127.0.0.1:*:*:*:hunter2".to_owned(), 0o600),
            ] {
                write(&client, file, &text, mode);
            }
            let link = client.home.path().join("link.pass");
            std::os::unix::fs::symlink("right.pass", link).unwrap();
            let settings = settings.replace("PORT", &port);
            let string = format!("{GOOD} port={port} user=cleo {settings}");
            let run = login(&client, &string);
            let theirs = client.run_psql(&string, "SELECT 1");
            let case = format!("{home} {settings} {variables:?}");
            assert_eq!(run.code == 0, theirs.is_ok(), "{case}: {run:?} {theirs:?}");
            let unusable = run.outcome() == "passfile-ignored";
            let refused = if unusable { 2 } else { 8 };
            assert!(run.code == 0 || run.code == refused, "{case}: {run:?}");
            assert_no_password(&run);
        }
    }
}

#[test]
fn an_ignored_password_file_is_named() {
    let root = Ca::root("root");
    let Some(server) = prepared(&root.leaf(&["db.example"])) else {
        return;
    };
    for (file, mode, reason) in [
        ("open.pass", 0o644, Some("mode 0644")),
        ("missing.pass", 0, Some("cannot be read")),
        (".", 0, Some("not a plain file")),
        (".pgpass", 0o644, Some("mode 0644")),
        ("good.pass", 0o600, None),
    ] {
        let is_default = file == ".pgpass";
        let client = match is_default {
            true => super::client(&root),
            false => super::client(&root).with("PGPASSFILE", file),
        };
        if mode != 0 {
            write(&client, file, "*:*:*:*:hunter2", mode);
        }
        // The server requests no password: libpq logs in with any of these files.
        let string = format!("{GOOD} port={} user=postgres", server.port);
        let run = login(&client, &string);
        let named = reason.is_some() && !is_default;
        assert_eq!(run.code, if named { 2 } else { 0 }, "{run:?}");
        let told = match named {
            true => vec![run.outcome()],
            false => run.findings(),
        };
        assert_eq!(
            told.contains(&"passfile-ignored".to_owned()),
            reason.is_some(),
            "{run:?}"
        );
        assert!(
            reason.is_none_or(|reason| run.stdout.contains(reason)),
            "{run:?}"
        );
        assert_no_password(&run);
    }
}

fn write(client: &Client, file: &str, text: &str, mode: u32) {
    client.write(file, text);
    let path = client.home.path().join(file);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}
