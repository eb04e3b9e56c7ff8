//! Lines of a `pg_hosts.conf` of PostgreSQL 19.

use super::with;
use crate::support::client::Client;
use crate::support::pki::{Ca, expired};

/// The lines of a pg_hosts.conf name their keys: a key that is not looked at must not pass for one that fits.
#[test]
fn a_key_for_a_hosts_file_is_refused() {
    let root = Ca::root("root");
    let client = with(&root.leaf(&["db.example"]), &root);
    client.write("pg_hosts.conf", "* server.crt server.key\n");
    let words = ["verify", "pg_hosts.conf", "--sslrootcert", "root.crt"];
    let run = client.pgtls(&words);
    assert_eq!(run.code, 0, "{run:?}");
    let run = client.pgtls(&[&words[..], &["--key", "none.key"]].concat());
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("name their own keys"), "{run:?}");
}

/// `pg_hosts.conf` of PostgreSQL 19.
#[test]
fn every_line_of_a_hosts_file_is_judged_for_its_names() {
    let client = Client::new();
    let root = Ca::root("Root");
    client.write("root.crt", &root.pem);
    for (name, served) in [
        ("a", root.leaf(&["a.example", "b.example"])),
        ("c", root.leaf_with(&["c.example"], expired)),
    ] {
        client.write(&format!("data/{name}.crt"), &served.chain);
        client.write_private(&format!("data/{name}.key"), &served.key);
    }
    client.write("data/root.crt", &root.pem);
    client.write("data/names", "b.example\n");
    let verify = |lines: &str, more: &[&str]| {
        client.write("data/pg_hosts.conf", lines);
        let words = [
            "verify",
            "--format",
            "json",
            "--hosts-file",
            "data/pg_hosts.conf",
        ];
        let roots = ["--sslrootcert", "root.crt"];
        let run = client.pgtls(&[&words[..], &roots, more].concat());
        let endpoints = run.json()["endpoints"].as_array().unwrap().clone();
        let told = endpoints.iter().map(|endpoint| {
            let outcome = endpoint["error"]["code"].as_str().unwrap_or("pass");
            format!("{} {outcome}", endpoint["name"].as_str().unwrap_or("-"))
        });
        (run.code, told.collect::<Vec<_>>(), run.stdout)
    };
    let all = "a.example,@names a.crt a.key\nc.example c.crt c.key\n* a.crt a.key root.crt\n";
    for (lines, more, code, told) in [
        (
            all,
            &[][..],
            6,
            &[
                "a.example pass",
                "b.example pass",
                "c.example expired",
                "* pass",
            ][..],
        ),
        (
            "a.example a.crt a.key",
            &["--host", "d.example"],
            5,
            &["a.example pass", "- hosts-file-invalid"],
        ),
        (
            "* a.crt a.key",
            &["--host", "b.example"],
            0,
            &["b.example pass"],
        ),
        (
            "d.example a.crt a.key",
            &[],
            7,
            &["d.example host-name-mismatch"],
        ),
        (
            "a.example a.crt c.key",
            &[],
            2,
            &["a.example server-key-mismatch"],
        ),
        (
            "a.example a.crt none.key",
            &[],
            2,
            &["a.example server-key-file-missing"],
        ),
        (
            "a.example a.crt a.key none",
            &[],
            2,
            &["a.example root-file-missing"],
        ),
        ("a.example a.crt", &[], 2, &["- hosts-file-invalid"]),
        ("# nothing", &[], 2, &["- hosts-file-invalid"]),
    ] {
        let found = verify(lines, more);
        assert_eq!(
            (found.0, found.1),
            (code, told.iter().map(|told| (*told).to_owned()).collect()),
            "{lines}: {}",
            found.2
        );
    }
    client.write("data/more/one.conf", "e.example ../a.crt ../a.key\n");
    client.write("data/more/README", "not a line\n");
    std::fs::create_dir(client.home.path().join("data/more/old.conf")).unwrap();
    let (code, told, said) = verify("include_dir more\n", &[]);
    assert_eq!((code, told.len()), (7, 1), "{said}");
    // The file alone says what it is.
    client.write("data/pg_hosts.conf", "a.example a.crt a.key\n");
    for (file, found) in [
        ("data/pg_hosts.conf", 0),
        ("data/a.crt", 0),
        ("data/c.crt", 6),
    ] {
        let run = client.pgtls(&["verify", file, "--sslrootcert", "root.crt"]);
        assert_eq!(run.code, found, "{file}: {run:?}");
    }
    // A directory is judged by its file, and by what the file does not name.
    client.write(
        "data/pg_hosts.conf",
        "a.example,@names a.crt a.key\n* ../data/a.crt a.key root.crt\n",
    );
    let run = client.pgtls(&[
        "verify",
        "data",
        "--format",
        "json",
        "--sslrootcert",
        "root.crt",
    ]);
    let endpoints = run.json()["endpoints"].as_array().unwrap().clone();
    let told: Vec<(String, i64)> = endpoints
        .iter()
        .map(|one| {
            (
                one["name"].as_str().unwrap().replace('\\', "/"),
                one["exit_code"].as_i64().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("a.example", 0),
        ("b.example", 0),
        ("*", 0),
        ("data/c.crt", 6),
    ];
    let expected = expected.map(|(name, code)| (name.to_owned(), code));
    assert_eq!((run.code, told), (6, expected.to_vec()), "{run:?}");
    client.write("empty/pg_hosts.conf", "# nothing\n");
    let run = client.pgtls(&["verify", "empty", "data/pg_hosts.conf"]);
    assert_ne!(run.code, 0, "{run:?}");
    let (code, told, said) = verify("127.0.0.1 a.crt a.key", &["--host", "10.0.0.1"]);
    assert_eq!((code, told.len()), (5, 2), "{said}");
    for words in [
        "hosts-file-invalid",
        "no client gets this line",
        "no line for /no_sni/",
    ] {
        assert!(said.contains(words), "{said}");
    }
}
