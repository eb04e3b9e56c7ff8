//! `pgtls verify` on PKCS#12 files, against `openssl pkcs12`.

mod note;
mod reading;

use std::path::Path;
use std::process::Command;

use crate::support::client::{Client, FORMATS, Run};
use crate::support::pki::{Ca, Served};
use crate::support::skip::has_openssl;

const PASSWORD: &str = "correct horse";

/// A home directory with `server.key`, `server.crt`, `root.crt` and a `password`.
fn site() -> (Client, Ca, Ca, Served) {
    let root = Ca::root("root");
    let intermediate = root.intermediate("intermediate");
    let client = Client::new();
    let served = intermediate.leaf(&["db.example"]).and(&intermediate.pem);
    client.write("server.crt", &served.chain);
    client.write_private("server.key", &served.key);
    client.write("root.crt", &root.pem);
    client.write("password", format!("{PASSWORD}\nnot this line"));
    (client, root, intermediate, served)
}

/// `openssl pkcs12 -export` with more options; `None` if this openssl cannot.
fn export(directory: &Path, options: &str) -> Option<Vec<u8>> {
    let words = "pkcs12 -export -in server.crt -out server.p12";
    let output = Command::new("openssl")
        .args(words.split(' '))
        .args(options.split_whitespace())
        .args(["-passout", &format!("pass:{PASSWORD}")])
        .current_dir(directory)
        .output()
        .unwrap();
    let made = output.status.success();
    made.then(|| std::fs::read(directory.join("server.p12")).unwrap())
}

fn verify(client: &Client, arguments: &str) -> Run {
    let fixed = "verify --format json --sslrootcert root.crt --host db.example";
    let words: Vec<&str> = fixed
        .split(' ')
        .chain(arguments.split_whitespace())
        .collect();
    client.pgtls(&words)
}

const WITH: &str = "server.p12 --password-file password";

/// Every way in which openssl writes an archive without its legacy provider.
const FORMS: [&str; 9] = [
    "-inkey server.key",
    "-nokeys",
    "-inkey server.key -keypbe NONE -certpbe NONE",
    "-inkey server.key -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1",
    "-inkey server.key -keypbe PBE-SHA1-2DES -certpbe PBE-SHA1-2DES -macalg sha384",
    "-inkey server.key -keypbe AES-128-CBC -certpbe AES-192-CBC -macalg sha512",
    "-inkey server.key -iter 100000",
    "-inkey server.key -nomaciter",
    "-inkey server.key -nomac",
];

#[test]
fn the_chain_in_an_archive_is_verified() {
    if !has_openssl() {
        return;
    }
    for form in FORMS {
        let (client, ..) = site();
        export(client.home.path(), form).unwrap();
        let run = verify(&client, WITH);
        assert_eq!(
            (run.code, run.outcome()),
            (0, "pass".to_owned()),
            "{form}: {run:?}"
        );
        // What is said of the conversion is no fault.
        assert_eq!(run.findings(), ["server-cert-file-invalid"], "{form}");
        let shown = run.endpoint();
        assert_eq!(shown["certificates"][0]["names"][0], "db.example", "{form}");
        assert_eq!(shown["findings"][0]["level"], "info", "{form}");
        let run = verify(&client, &format!("{WITH} --strict"));
        assert_eq!(run.code, 0, "{form}: {run:?}");
    }
}

#[test]
fn an_archive_is_judged_like_the_files_it_becomes() {
    if !has_openssl() {
        return;
    }
    let (client, ..) = site();
    export(client.home.path(), FORMS[0]).unwrap();
    for (arguments, code) in [
        ("--host other.example", 7),
        ("--at +91d", 6),
        ("--sslrootcert server.crt", 6),
        ("--valid-for 91d", 1),
    ] {
        let archive = ["verify", "server.p12", "--password-file", "password"];
        let files = ["verify", "server.crt"];
        let roots = ["--sslrootcert", "root.crt"];
        let run = |first: &[&str]| {
            let mut words = first.to_vec();
            if !arguments.contains("--sslrootcert") {
                words.extend(roots);
            }
            words.extend(arguments.split(' '));
            client.pgtls(&words).code
        };
        assert_eq!((run(&archive), run(&files)), (code, code), "{arguments}");
    }
    // The server's own certificate is the one that the key fits, wherever it is.
    let pem = std::fs::read_to_string(client.home.path().join("server.crt")).unwrap();
    let second = pem.rfind("-----BEGIN").unwrap();
    client.write(
        "server.crt",
        format!("{}{}", &pem[second..], &pem[..second]),
    );
    export(client.home.path(), "-inkey server.key").unwrap();
    let run = verify(&client, WITH);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.endpoint()["certificates"][0]["names"][0], "db.example");
    // ssl_cert_file cannot name it.
    let run = client.pgtls(&["verify", "--cert", "server.p12", "--format", "json"]);
    assert_eq!(
        (run.code, run.outcome()),
        (2, "server-cert-file-invalid".to_owned())
    );
}

/// A password that nothing needs is a mistake, and the sentence about it must be true.
#[test]
fn a_password_without_an_archive_is_refused_in_true_words() {
    if !has_openssl() {
        return;
    }
    let (client, ..) = site();
    export(client.home.path(), FORMS[0]).unwrap();
    for (arguments, words) in [
        ("--cert server.p12", "without --cert"),
        ("server.crt", "recognises none of the files as one"),
    ] {
        let run = verify(&client, &format!("{arguments} --password-file password"));
        assert_eq!(run.code, 2, "{arguments}: {run:?}");
        assert!(run.stderr.contains(words), "{arguments}: {}", run.stderr);
    }
}

#[test]
fn the_password_comes_from_a_file_or_the_environment_and_is_never_shown() {
    if !has_openssl() {
        return;
    }
    let (client, root, _, _) = site();
    let client = client
        .with("P12_PASSWORD", PASSWORD)
        .with("WRONG", "Zq7wXk9LmPv3Rt");
    export(client.home.path(), FORMS[0]).unwrap();
    client.write("empty", "");
    client.write("crlf", format!("{PASSWORD}\r\n"));
    client.write("wrong", "Zq7wXk9LmPv3Rt\n");
    client.write("server.pem", root.leaf(&["db.example"]).chain);
    for (arguments, code, outcome) in [
        ("server.p12 --password-file password", 0, "pass"),
        ("server.p12 --password-file crlf", 0, "pass"),
        ("server.p12 --password-env P12_PASSWORD", 0, "pass"),
        ("server.p12", 2, "server-cert-file-invalid"),
        (
            "server.p12 --password-file empty",
            2,
            "server-cert-file-invalid",
        ),
        (
            "server.p12 --password-file wrong",
            2,
            "server-cert-file-invalid",
        ),
        (
            "server.p12 --password-env WRONG",
            2,
            "server-cert-file-invalid",
        ),
    ] {
        let run = verify(&client, arguments);
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (code, outcome),
            "{arguments}: {run:?}"
        );
    }
    for arguments in [
        "server.p12 --password-file nowhere",
        "server.p12 --password-env NOT_SET",
        "server.p12 --password-env Zq7wXk9LmPv3Rt",
        "server.p12 --password-env P12_PASSWORD --password-file password",
        "server.pem --password-file password",
    ] {
        assert_eq!(verify(&client, arguments).code, 2, "{arguments}");
    }
    for format in FORMATS {
        for password in [
            "--password-env=WRONG",
            "--password-env=P12_PASSWORD",
            // The password itself in the place of a variable's name.
            "--password-env=correct horse",
            "--password-env=Zq7wXk9LmPv3Rt",
        ] {
            let run = client.pgtls(&["verify", "server.p12", password, "--format", format]);
            let all = format!("{}{}", run.stdout, run.stderr);
            let shown = all.contains("Zq7wXk9LmPv3Rt") || all.contains(PASSWORD);
            assert!(!shown, "{format}: {all}");
        }
    }
}

#[test]
fn an_archive_of_no_server_is_refused_with_its_reason() {
    if !has_openssl() {
        return;
    }
    let (client, root, ..) = site();
    client.write_private("other.key", root.leaf(&["db.example"]).key);
    export(client.home.path(), "-nokeys").unwrap();
    let run = verify(&client, &format!("{WITH} --key other.key"));
    assert_eq!(
        (run.code, run.outcome()),
        (2, "server-key-mismatch".to_owned()),
        "{run:?}"
    );
    // What openssl without its legacy provider does not read either.
    if export(client.home.path(), "-inkey server.key -legacy").is_some() {
        let run = verify(&client, WITH);
        assert_eq!(
            (run.code, run.outcome()),
            (2, "server-cert-file-invalid".to_owned())
        );
        let text = run.endpoint()["error"].to_string();
        assert!(text.contains("PBE-SHA1-RC2-40"), "{text}");
        let hint = run.hint();
        let lines = hint.lines().map(str::trim);
        let command = lines
            .clone()
            .find(|line| line.starts_with("openssl"))
            .unwrap();
        client.take_command(&command.replace("pkcs12 ", "pkcs12 -passin file:password "));
        let run = verify(&client, "chain.pem");
        assert_eq!(run.code, 0, "{command}: {run:?}");
    }
}

/// What a rotation would do to these files, as for a server.
#[test]
fn a_rotation_is_rehearsed_with_files_too() {
    let (old, new) = (Ca::root("old"), Ca::root("new"));
    let client = Client::new();
    client.write("old.crt", &old.pem);
    client.write("new.crt", &new.pem);
    client.write("both.crt", format!("{}{}", old.pem, new.pem));
    client.write("of-old.crt", old.leaf(&["db.example"]).chain);
    client.write("of-new.crt", new.leaf(&["db.example"]).chain);
    for (file, also, code, verdicts) in [
        ("of-old.crt", "new.crt", 0, [0, 6, 0]),
        ("of-new.crt", "new.crt", 6, [6, 0, 0]),
        ("of-old.crt", "both.crt", 0, [0, 0, 0]),
        ("of-new.crt", "old.crt", 6, [6, 6, 6]),
    ] {
        let words = "verify --format json --sslrootcert old.crt --host db.example";
        let mut words: Vec<&str> = words.split(' ').collect();
        words.extend([file, "--also-trust", also]);
        let run = client.pgtls(&words);
        assert_eq!(run.code, code, "{file} {also}: {run:?}");
        let rotation = run.endpoint()["rotation"].clone();
        let exits =
            ["today", "alone", "both"].map(|one| rotation[one]["exit_code"].as_i64().unwrap());
        assert_eq!(exits, verdicts, "{file} {also}: {rotation}");
        assert!(
            run.findings().contains(&"ca-rotation".to_owned()),
            "{run:?}"
        );
    }
    let words = ["verify", "of-old.crt", "--also-trust", "nowhere.crt"];
    assert_eq!(client.pgtls(&words).code, 2);
}
