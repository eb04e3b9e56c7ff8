//! Does `pgtls verify` judge a server's files like clients judge the server?

mod chain;
mod directory;
mod hosts_file;
mod removal;
mod revocation;
mod stricter;

use rcgen::CustomExtension;

use crate::support::client::{Client, Run};
use crate::support::pki::{Ca, Served, expired, in_days, published_at};
use crate::support::skip::has_openssl;

/// A home directory with these files, as `server.crt`, `server.key` (0600) and `root.crt`.
fn with(served: &Served, root: &Ca) -> Client {
    let client = Client::new();
    client.write("server.crt", &served.chain);
    client.write_private("server.key", &served.key);
    client.write("root.crt", &root.pem);
    client
}

fn verify(client: &Client, arguments: &str) -> Run {
    let mut words = vec!["verify", "--format", "json", "--cert", "server.crt"];
    words.extend(arguments.split_whitespace());
    client.pgtls(&words)
}

/// Runs these commands of openssl in the home directory. `None`, with a visible line, where there is none.
fn openssl(client: &Client, commands: &[&str]) -> Option<()> {
    has_openssl().then_some(())?;
    for arguments in commands {
        let output = std::process::Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(client.home.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments}: {output:?}");
    }
    Some(())
}

const ALL: &str = "--key server.key --sslrootcert root.crt --host db.example.com";

#[test]
fn good_files_pass_for_every_name_in_them() {
    let root = Ca::root("root");
    let client = with(&root.leaf(&["db.example.com", "*.db.example.com"]), &root);
    let run = verify(&client, &format!("{ALL} --host a.db.example.com"));
    assert_eq!((run.code, run.outcome().as_str()), (0, "pass"), "{run:?}");
    let document = run.json();
    assert_eq!(document["endpoints"].as_array().unwrap().len(), 2);
    assert_eq!(
        document["endpoints"][1]["name_match"]["matched"],
        "*.db.example.com"
    );
    assert_eq!(document["endpoints"][0]["certificates"][0]["role"], "leaf");
    // No other option than --sslrootcert can have named the roots.
    let trust = &document["endpoints"][0]["trust"];
    assert_eq!(
        (&trust["path"], &trust["origin"]),
        (&"root.crt".into(), &serde_json::Value::Null)
    );
    assert_eq!(document["endpoints"][0]["encrypted"], false);
    assert_eq!(run.findings(), Vec::<String>::new());
}

/// The server's file has the CA's other certificate. The roots that clients trust are not the cause.
#[test]
fn an_issuer_of_the_right_name_with_another_key_is_named() {
    let root = Ca::root("root");
    let (signed, other) = (root.intermediate("issuing"), root.intermediate("issuing"));
    for named in [true, false] {
        let leaf = signed.leaf_with(&["db.example.com"], |params| {
            params.use_authority_key_identifier_extension = named;
            params.custom_extensions = vec![published_at(b"http://ca.example/issuing.crt")];
        });
        let run = verify(&with(&leaf.and(&other.pem), &root), ALL);
        assert_eq!(run.outcome(), "unknown-issuer", "{named}: {run:?}");
        assert!(run.stdout.contains("In the server's file"), "{run:?}");
        assert!(run.stdout.contains("sent    key "), "{run:?}");
        assert!(!run.stdout.contains("does not send"), "{run:?}");
        assert!(!run.stdout.contains("sslrootcert="), "{run:?}");
    }
}

/// No other key is asked for where the key is right.
#[test]
fn an_issuer_with_another_serial_number_is_not_said_to_have_another_key() {
    let root = Ca::root("root");
    let issuing = root.intermediate("issuing");
    let leaf = issuing.leaf_with(&["db.example.com"], |params| {
        params.use_authority_key_identifier_extension = false;
        // Serial number 7 (RFC 5280 section 4.2.1.1).
        params.custom_extensions = vec![CustomExtension::from_oid_content(
            &[2, 5, 29, 35],
            vec![0x30, 3, 0x82, 1, 7],
        )];
    });
    let run = verify(&with(&leaf.and(&issuing.pem), &root), ALL);
    assert_eq!(run.outcome(), "unknown-issuer", "{run:?}");
    let why = "names another certificate of that CA";
    assert!(run.stdout.contains(why), "{run:?}");
    let advice = "put the certificate that is named";
    assert!(run.stdout.contains(advice), "{run:?}");
    assert!(!run.stdout.contains("new key"), "{run:?}");
}

/// Each file has its own verdict, and nothing in a directory that looks like a certificate is left out.
#[test]
fn several_files_and_directories_are_verified_each_by_its_name() {
    let root = Ca::root("Root");
    let client = Client::trusting(&root);
    let good = root.leaf(&["db.example"]);
    client.write("good.crt", &good.chain);
    client.write("certs/a.crt", &good.chain);
    client.write(
        "certs/b.PEM",
        &root.leaf_with(&["db.example"], expired).chain,
    );
    client.write("certs/key.pem", &good.key);
    client.write("certs/readme.txt", "nothing");
    client.write("empty/readme.txt", "nothing");
    client.write("broken/c.cer", "-----BEGIN CERTIFICATE-----\nAAAA\n");
    let verify = |arguments: &str| {
        let mut words = vec!["verify", "--format", "json"];
        words.extend(arguments.split_whitespace());
        client.pgtls(&words)
    };
    let verdicts = |run: &Run| -> Vec<(String, i64)> {
        let document = run.json();
        let endpoints = document["endpoints"].as_array().unwrap().iter();
        endpoints
            .map(|one| {
                // Paths of Windows.
                let name = one["name"].as_str().unwrap_or("-").replace('\\', "/");
                (name, one["exit_code"].as_i64().unwrap())
            })
            .collect()
    };
    let expected = |all: &[(&str, i64)]| -> Vec<(String, i64)> {
        all.iter()
            .map(|(name, code)| ((*name).to_owned(), *code))
            .collect()
    };
    let fixed = "--sslrootcert root.crt --host db.example";
    let run = verify(&format!("good.crt {fixed}"));
    assert_eq!(
        (run.code, verdicts(&run)),
        (0, expected(&[("-", 0)])),
        "{run:?}"
    );
    let run = verify(&format!("good.crt certs {fixed}"));
    let all = expected(&[("good.crt", 0), ("certs/a.crt", 0), ("certs/b.PEM", 6)]);
    assert_eq!((run.code, verdicts(&run)), (6, all), "{run:?}");
    let run = verify(&format!("good.crt broken {fixed}"));
    let all = expected(&[("good.crt", 0), ("broken/c.cer", 2)]);
    assert_eq!((run.code, verdicts(&run)), (2, all), "{run:?}");
    for arguments in [
        "empty",
        "good.crt certs --key certs/key.pem",
        "good.crt missing",
    ] {
        let run = verify(&format!("{arguments} {fixed}"));
        assert_eq!(run.code, 2, "{arguments}: {run:?}");
    }
}

#[test]
fn each_fault_has_the_code_that_clients_would_meet() {
    let (root, other) = (Ca::root("root"), Ca::root("other"));
    let intermediate = root.intermediate("intermediate");
    let good = || root.leaf(&["db.example.com"]);
    let rows: [(&str, Client, &str, i32, &str); 8] = [
        (
            "wrong host",
            with(&root.leaf(&["a", "b"]), &root),
            ALL,
            7,
            "host-name-mismatch",
        ),
        (
            "one host of two",
            with(&good(), &root),
            &format!("{ALL} --host x"),
            7,
            "pass",
        ),
        (
            "other root",
            with(&good(), &other),
            ALL,
            6,
            "unknown-issuer",
        ),
        (
            "expired",
            with(&root.leaf_with(&["db.example.com"], expired), &root),
            ALL,
            6,
            "expired",
        ),
        (
            "not yet valid",
            with(
                &root.leaf_with(&["db.example.com"], crate::support::pki::not_yet_valid),
                &root,
            ),
            ALL,
            6,
            "not-yet-valid",
        ),
        (
            "no intermediate",
            with(&intermediate.leaf(&["db.example.com"]), &root),
            ALL,
            6,
            "unknown-issuer",
        ),
        (
            "with its intermediate",
            with(
                &intermediate
                    .leaf(&["db.example.com"])
                    .and(&intermediate.pem),
                &root,
            ),
            ALL,
            0,
            "pass",
        ),
        (
            "no root file",
            with(&good(), &root),
            "--sslrootcert none.crt",
            2,
            "root-file-missing",
        ),
    ]
    .map(|(name, client, arguments, code, outcome)| {
        let run = verify(&client, arguments);
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (code, outcome),
            "{name}: {run:?}"
        );
        (name, client, "", code, outcome)
    });
    assert_eq!(rows.len(), 8);
}

#[test]
fn a_key_must_match_the_certificate_and_be_private() {
    let root = Ca::root("root");
    let client = with(&root.leaf(&["db.example.com"]), &root);
    client.write_private("other.key", root.leaf(&["db.example.com"]).key);
    #[cfg(unix)]
    {
        client.write("open.key", "");
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        std::fs::set_permissions(client.home.path().join("open.key"), open).unwrap();
    }
    for (key, outcome) in [
        ("server.key", "pass"),
        ("other.key", "server-key-mismatch"),
        ("none.key", "server-key-file-missing"),
        #[cfg(unix)]
        ("open.key", "key-file-permissions"),
        #[cfg(unix)]
        ("root.crt", "key-file-permissions"),
    ] {
        let run = verify(&client, &format!("--sslrootcert root.crt --key {key}"));
        let code = if outcome == "pass" { 0 } else { 2 };
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (code, outcome),
            "{key}: {run:?}"
        );
    }
}

#[test]
fn nobody_is_told_to_wait_for_a_certificate_that_ends_before_it_begins() {
    let root = Ca::root("root");
    let served = root.leaf_with(&["db.example.com"], |params| {
        (params.not_before, params.not_after) = (in_days(10), in_days(5));
    });
    let run = verify(&with(&served, &root), ALL);
    assert_eq!(run.outcome(), "not-yet-valid", "{run:?}");
    assert!(run.stdout.contains("never becomes valid"), "{run:?}");
    assert!(!run.stdout.contains("wait"), "{run:?}");
}

#[test]
fn files_are_judged_at_any_instant() {
    let root = Ca::root("root");
    let client = with(&root.leaf(&["db.example.com"]), &root);
    for (arguments, code, outcome) in [
        ("--at +89d", 0, "pass"),
        ("--at +91d", 6, "expired"),
        ("--at -2d", 6, "not-yet-valid"),
        ("--at 2100-01-01T00:00:00Z", 6, "root-expired"),
        ("--valid-for 89d", 0, "pass"),
        ("--valid-for 91d", 1, "expires-soon"),
        ("--at +80d --valid-for 11d", 1, "expires-soon"),
        ("--at +80d --strict", 1, "expires-soon"),
        ("--at +80d", 0, "pass"),
    ] {
        let run = verify(&client, &format!("{ALL} {arguments}"));
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (code, outcome),
            "{arguments}: {run:?}"
        );
    }
}

#[test]
fn files_with_which_a_server_would_not_start_are_refused() {
    let root = Ca::root("root");
    let client = with(&root.leaf(&["db.example.com"]), &root);
    client.write("text.crt", "no certificate");
    client.write_private("text.key", "no key");
    for (arguments, outcome) in [
        (
            ["--cert", "text.crt", "--key", "server.key"],
            "server-cert-file-invalid",
        ),
        (
            ["--cert", "none.crt", "--key", "server.key"],
            "server-cert-file-missing",
        ),
        (
            ["--cert", "server.crt", "--key", "text.key"],
            "server-key-file-invalid",
        ),
    ] {
        let run = client.pgtls(&[&["verify", "--format", "json"][..], &arguments].concat());
        assert_eq!((run.code, run.outcome().as_str()), (2, outcome), "{run:?}");
        let hint = run.hint();
        let home = client.home.path().join("");
        assert!(
            hint.starts_with(&format!("Full path: {}", home.display())),
            "{hint}"
        );
    }
}

#[test]
fn an_unknown_critical_extension_is_named() {
    let root = Ca::root("root");
    let served = root.leaf_with(&["db.example.com"], |params| {
        let mut extension =
            CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![5, 0]);
        extension.set_criticality(true);
        params.custom_extensions = vec![extension];
    });
    let run = verify(&with(&served, &root), ALL);
    assert_eq!(
        (run.code, run.outcome().as_str()),
        (6, "unknown-critical-extension"),
        "{run:?}"
    );
    let message = run.endpoint()["error"]["message"].to_string();
    assert!(message.contains("1.3.6.1.4.1.99999.1"), "{message}");
}

#[test]
fn a_signature_that_cannot_be_checked_is_never_passed() {
    let client = Client::new();
    let commands = [
        "req -new -x509 -newkey ed448 -nodes -subj /CN=root -days 30 -out root.crt -keyout root.key",
        "req -new -newkey rsa:2048 -nodes -subj /CN=db.example.com -out server.csr -keyout server.key",
        "x509 -req -in server.csr -CA root.crt -CAkey root.key -days 30 -out server.crt",
    ];
    let Some(()) = openssl(&client, &commands) else {
        return;
    };
    let run = verify(&client, "--sslrootcert root.crt --host db.example.com");
    assert_eq!(
        (run.code, run.outcome().as_str()),
        (6, "unsupported-algorithm"),
        "{run:?}"
    );
}

#[cfg(unix)]
#[test]
fn conninfo_shows_libpqs_own_default_and_the_files_that_count() {
    let client = Client::new();
    client.write(".postgresql/root.crt", "");
    client.write(".postgresql/root.crl", "");
    let shown = |string: &str| client.pgtls(&["conninfo", string]).stdout;
    let text = shown("host=db");
    assert!(text.contains("prefer"), "{text}");
    assert!(text.contains("verifies as verify-full"), "{text}");
    for file in [".postgresql/root.crt", ".postgresql/root.crl"] {
        assert!(text.contains(file), "{text}");
    }
    assert!(!text.contains("postgresql.crt"), "{text}");
    let text = shown("host=db sslmode=require sslrootcert=other.crt");
    assert!(!text.contains("root.crt "), "{text}");
    assert!(!text.contains("pgtls check verifies"), "{text}");
    let json = client.pgtls(&["conninfo", "--format", "json", "host=db"]);
    assert_eq!(json.json()["parameters"]["sslmode"]["value"], "prefer");
}
