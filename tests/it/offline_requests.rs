//! `pgtls verify` on certificate requests: against `openssl req -verify`, and against the verdict on a certificate that
//! a CA makes from the request.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use pgtls::trust::certificate_request;
use pgtls::verify::{Oldest, Possession, judge_request};
use rcgen::{CertificateParams, KeyPair};

use crate::support::client::{Client, FORMATS, Run};
use crate::support::pki::{Ca, common_name};
use crate::support::sample::{each, one_in};
use crate::support::skip::has_openssl;
use crate::support::tool::Tool;

fn verify(client: &Client, arguments: &str) -> Run {
    let mut words = vec!["verify", "--format", "json"];
    words.extend(arguments.split_whitespace());
    client.pgtls(&words)
}

fn openssl(directory: &Path, arguments: &[&str]) {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

/// A request that `openssl req` makes with a new key; `new` and `options` are words of its command line.
fn request(directory: &Path, new: &str, options: &[&str]) {
    let mut words = vec!["req", "-new", "-nodes", "-keyout", "server.key"];
    words.extend(new.split(' '));
    words.extend(["-out", "server.csr"]);
    words.extend(options);
    openssl(directory, &words);
}

const SUBJECT: [&str; 4] = [
    "-subj",
    "/CN=db.example",
    "-addext",
    "subjectAltName=DNS:db.example,DNS:*.db.example,IP:192.0.2.7",
];

#[test]
fn a_good_request_is_judged_and_never_passes() {
    if !has_openssl() {
        return;
    }
    let client = Client::new();
    let home = client.home.path();
    request(home, "-newkey rsa:2048", &SUBJECT);
    openssl(
        home,
        &["req", "-in", "server.csr", "-newhdr", "-out", "old.csr"],
    );
    let der = [
        "req",
        "-in",
        "server.csr",
        "-outform",
        "der",
        "-out",
        "der.csr",
    ];
    openssl(home, &der);
    for file in ["server.csr", "old.csr", "der.csr"] {
        let run = verify(
            &client,
            &format!("{file} --host db.example --key server.key"),
        );
        let told = (run.code, run.outcome());
        assert_eq!(
            told,
            (3, "certificate-request".to_owned()),
            "{file}: {run:?}"
        );
        let endpoint = run.endpoint();
        assert_eq!(endpoint["name"], file);
        assert_eq!(endpoint["authenticated"], false);
        assert_eq!(endpoint["name_match"]["rule"], "san-dns");
        let request = &endpoint["certificate_request"];
        assert_eq!(request["signature"], "good");
        assert_eq!(
            (&request["key"], &request["security_level"]),
            (&"RSA 2048".into(), &2.into())
        );
        assert!(!request["left_to_the_ca"].as_array().unwrap().is_empty());
    }
    for format in FORMATS.into_iter().chain(["nagios"]) {
        let run = client.pgtls(&["verify", "server.csr", "--format", format]);
        assert_ne!(run.code, 0, "{format}: {run:?}");
        assert!(!run.stdout.contains("PASS"), "{format}: {run:?}");
    }
    assert_eq!(client.pgtls(&["verify", "server.csr", "--quiet"]).code, 3);
}

/// Beside certificates that pass, a request keeps the run from passing; where a certificate must be, it is none; in a
/// directory it is not what a server presents.
#[test]
fn a_request_does_not_pass_for_a_certificate() {
    if !has_openssl() {
        return;
    }
    let root = Ca::root("root");
    let client = Client::new();
    request(client.home.path(), "-newkey rsa:2048", &SUBJECT);
    client.write("root.crt", &root.pem);
    let good = root.leaf(&["db.example"]);
    client.write("good.crt", &good.chain);
    client.write("certs/good.crt", &good.chain);
    let request = std::fs::read(client.home.path().join("server.csr")).unwrap();
    client.write("certs/server.csr", &request);
    client.write("certs/request.pem", &request);
    let trusted = "--sslrootcert root.crt --host db.example";
    for (arguments, code) in [("good.crt", 0), ("good.crt server.csr", 3), ("certs", 0)] {
        let run = verify(&client, &format!("{arguments} {trusted}"));
        assert_eq!(run.code, code, "{arguments}: {run:?}");
    }
    let run = verify(&client, "--cert server.csr");
    assert_eq!(
        (run.code, run.outcome()),
        (2, "server-cert-file-invalid".to_owned()),
        "{run:?}"
    );
    client.write_private("good.key", &good.key);
    let run = verify(&client, "server.csr --key good.key");
    assert_eq!(
        (run.code, run.outcome()),
        (2, "server-key-mismatch".to_owned()),
        "{run:?}"
    );
}

/// The names of a request fit a host if those of a certificate fit that copies it.
#[test]
fn names_fit_as_those_of_the_certificate_will() {
    let root = Ca::root("root");
    let client = Client::trusting(&root);
    let hosts = [
        "db.example",
        "DB.Example",
        "a.db.example",
        "a.b.db.example",
        "db.example.",
        "192.0.2.7",
        "192.0.2.8",
        "2001:db8::1",
        "cn.example",
        "localhost",
    ];
    for (names, cn) in [
        (
            &["db.example", "*.db.example", "192.0.2.7"][..],
            "cn.example",
        ),
        (&["192.0.2.7"], "cn.example"),
        (&["2001:db8::1", "db.example"], "192.0.2.7"),
        (&[], "db.example"),
        (&[], "*.db.example"),
        (&[], "192.0.2.7"),
    ] {
        let owned: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(owned).unwrap();
        params.distinguished_name = common_name(cn);
        let key = KeyPair::generate().unwrap();
        let request = params.serialize_request(&key).unwrap();
        client.write("server.csr", request.pem().unwrap());
        let issued = params.signed_by(&key, &root.issuer()).unwrap();
        client.write("server.crt", issued.pem());
        for oldest in ["", " --min-libpq 14"] {
            for host in hosts {
                let options = format!("--sslrootcert root.crt --host {host}{oldest}");
                let before = verify(&client, &format!("server.csr {options}"));
                let after = verify(&client, &format!("server.crt {options}"));
                let expected = match after.code {
                    0 => 3,
                    code => code,
                };
                assert_eq!(
                    before.code, expected,
                    "{names:?} {cn} {host}{oldest}: {before:?}"
                );
                let matched = |run: &Run| run.endpoint()["name_match"]["matched"].clone();
                assert_eq!(matched(&before), matched(&after), "{names:?} {cn} {host}");
            }
        }
    }
}

#[test]
fn what_keeps_a_certificate_from_serving_clients_is_found_in_the_request() {
    if !has_openssl() {
        return;
    }
    let named = &SUBJECT[..];
    let with = |extension: &'static str| [named, &["-addext", extension]].concat();
    let ec = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1";
    for (new, options, code, outcome, finding) in [
        (ec, named.to_vec(), 3, "certificate-request", None),
        (
            "-newkey ed25519",
            named.to_vec(),
            3,
            "certificate-request",
            None,
        ),
        (
            "-newkey rsa:1024",
            named.to_vec(),
            6,
            "weak-key",
            Some("certificate-request"),
        ),
        (
            "-newkey ec -pkeyopt ec_paramgen_curve:secp256k1",
            named.to_vec(),
            5,
            "no-common-cipher",
            Some("certificate-request"),
        ),
        (
            "-newkey ed448",
            named.to_vec(),
            6,
            "unsupported-algorithm",
            None,
        ),
        (
            ec,
            with("extendedKeyUsage=clientAuth"),
            6,
            "wrong-purpose",
            None,
        ),
        (
            ec,
            with("extendedKeyUsage=clientAuth,serverAuth"),
            3,
            "certificate-request",
            None,
        ),
        (ec, with("keyUsage=keyAgreement"), 5, "key-usage", None),
        (ec, with("keyUsage=keyCertSign"), 6, "wrong-purpose", None),
        (
            ec,
            with("1.3.6.1.4.1.99999.1=critical,DER:0500"),
            6,
            "unknown-critical-extension",
            None,
        ),
        (
            ec,
            with("keyUsage=DER:0500"),
            6,
            "certificate-request-invalid",
            None,
        ),
        (
            ec,
            with("basicConstraints=CA:TRUE"),
            3,
            "certificate-request",
            Some("ca-as-leaf"),
        ),
        (
            ec,
            vec!["-subj", "/CN=db.example"],
            3,
            "certificate-request",
            Some("no-san"),
        ),
        (
            ec,
            vec!["-subj", "/O=nobody"],
            7,
            "host-name-mismatch",
            Some("no-san"),
        ),
    ] {
        let client = Client::new();
        request(client.home.path(), new, &options);
        let run = verify(&client, "server.csr --host db.example");
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (code, outcome),
            "{new} {options:?}: {run:?}"
        );
        if let Some(finding) = finding {
            assert!(
                run.findings().contains(&finding.to_owned()),
                "{new} {options:?}: {run:?}"
            );
        }
    }
}

#[test]
fn a_file_that_is_not_one_good_request_is_refused() {
    if !has_openssl() {
        return;
    }
    let client = Client::new();
    request(client.home.path(), "-newkey rsa:2048", &SUBJECT);
    let pem = std::fs::read_to_string(client.home.path().join("server.csr")).unwrap();
    client.write("two.csr", format!("{pem}{pem}"));
    client.write("cut.csr", &pem[..pem.len() - 40]);
    client.write(
        "empty.csr",
        "-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n",
    );
    for file in ["two.csr", "cut.csr", "empty.csr"] {
        let run = verify(&client, file);
        let told = (run.code, run.outcome());
        assert_eq!(
            told,
            (2, "certificate-request-invalid".to_owned()),
            "{file}: {run:?}"
        );
    }
}

/// The command that the advice shows makes a request that fits.
#[test]
fn the_advice_makes_a_request_that_fits() {
    if !has_openssl() {
        return;
    }
    for host in ["other.example", "192.0.2.9"] {
        let client = Client::new();
        request(client.home.path(), "-newkey rsa:2048", &SUBJECT);
        let run = verify(&client, &format!("server.csr --host {host}"));
        assert_eq!(run.code, 7, "{run:?}");
        let hint = run.hint();
        let command = hint
            .lines()
            .find(|line| line.trim().starts_with("openssl req"));
        client.take_command(command.unwrap().trim());
        let run = verify(&client, &format!("server.csr --host {host}"));
        assert_eq!(run.code, 3, "{run:?}");
    }
}

/// `openssl req -verify` is the referee: for genuine requests, and with each byte changed in turn.
#[test]
fn the_own_signature_is_judged_as_openssl_judges_it() {
    if !has_openssl() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let accepted = |file: &Path, der: &[u8]| {
        std::fs::write(file, der).unwrap();
        let words = ["req", "-inform", "der", "-verify", "-noout", "-in"];
        let output = Command::new("openssl")
            .args(words)
            .arg(file)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stderr).contains("verify OK")
    };
    let ours = |der: &[u8]| {
        let request = certificate_request(der)?.ok()?;
        Some(judge_request(&request, None, Oldest::default()).possession)
    };
    let step = one_in(61, "the bytes of each request");
    for new in [
        "-newkey rsa:2048",
        "-newkey rsa:1024",
        "-newkey rsa:2048 -sha512",
        "-newkey rsa:2048 -sigopt rsa_padding_mode:pss",
        "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1",
        "-newkey ec -pkeyopt ec_paramgen_curve:secp384r1 -sha384",
        "-newkey ec -pkeyopt ec_paramgen_curve:secp521r1 -sha512",
        "-newkey ec -pkeyopt ec_paramgen_curve:secp256k1",
        "-newkey ed25519",
    ] {
        request(
            directory.path(),
            new,
            &[&SUBJECT[..], &["-outform", "der"]].concat(),
        );
        let der = std::fs::read(directory.path().join("server.csr")).unwrap();
        assert_eq!(ours(&der), Some(Possession::Proven), "{new}");
        let genuine = directory.path().join("genuine.der");
        assert!(accepted(&genuine, &der), "{new}");
        let places: Vec<usize> = (0..der.len()).step_by(step).collect();
        let changed = |place: &usize| {
            let mut changed = der.clone();
            changed[*place] ^= 1;
            changed
        };
        let theirs = each(&places, |file, place| accepted(file, &changed(place)));
        for (place, expected) in places.iter().zip(theirs) {
            let found = ours(&changed(place)) == Some(Possession::Proven);
            assert_eq!(found, expected, "{new}: byte {place}");
        }
    }
}

/// The requests of other programs. Where OpenSSL says that the key made the signature, so do we, or that we cannot tell.
#[test]
fn the_requests_of_others_are_judged_as_openssl_judges_them() {
    let Some(vectors) = Tool::Vectors.find() else {
        return;
    };
    if !has_openssl() {
        return;
    }
    let files = std::fs::read_dir(Path::new(&vectors).join("x509/requests")).unwrap();
    let mut proven = 0;
    for entry in files {
        let file = entry.unwrap().path();
        let form = match file.extension().and_then(|end| end.to_str()) {
            Some("der") => "der",
            _ => "pem",
        };
        let words = ["req", "-inform", form, "-verify", "-noout", "-in"];
        let output = Command::new("openssl").args(words).arg(&file).output();
        let theirs = String::from_utf8_lossy(&output.unwrap().stderr).contains("verify OK");
        let contents = std::fs::read(&file).unwrap();
        let request = certificate_request(&contents).and_then(Result::ok);
        let ours =
            request.map(|request| judge_request(&request, None, Oldest::default()).possession);
        match ours {
            Some(Possession::Proven) => {
                proven += 1;
                assert!(theirs, "{}", file.display());
            }
            Some(Possession::Unknown) => {}
            Some(Possession::Disproven) | None => assert!(!theirs, "{}: {ours:?}", file.display()),
        }
    }
    assert!(proven > 8, "{proven}");
}

/// What comes through a pipe can be read once only, and is known for what it is all the same.
#[test]
fn a_request_may_come_through_a_pipe() {
    if !has_openssl() {
        return;
    }
    let client = Client::new();
    request(client.home.path(), "-newkey rsa:2048", &SUBJECT);
    let pem = std::fs::read(client.home.path().join("server.csr")).unwrap();
    let mut command = client.command(&["verify", "--format", "json", "/dev/stdin"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = command.spawn().unwrap();
    running.stdin.take().unwrap().write_all(&pem).unwrap();
    let output = running.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("\"certificate-request\""), "{said}");
}
