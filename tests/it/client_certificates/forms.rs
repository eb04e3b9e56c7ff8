//! Certificates and keys in other forms than libpq reads: each is named, and what is advised works when it is
//! pasted.

use std::io::Write as _;
use std::process::{Command, Stdio};

use data_encoding::BASE64;

use super::GOOD;
use super::identities::{self, alice, authority_certificate, key_text, text};
use crate::support::certs::{P256_CLI, openssl};
use crate::support::client::{Answer, Client};
use crate::support::postgres::Postgres;
use crate::support::skip::{has_openssl, skip};

/// A certificate's file, a key's file, what the message says.
struct Row {
    name: &'static str,
    certificate: Vec<u8>,
    key: Vec<u8>,
    says: &'static str,
}

#[test]
fn other_forms_of_a_certificate_or_key_are_named_and_converted() {
    if !has_openssl() {
        return;
    }
    let (root, served) = identities::server();
    let Some(mut server) = Postgres::start(&served) else {
        return;
    };
    server.sql("CREATE ROLE alice LOGIN");
    let authority = server.socket_directory().join("data/clients.crt");
    std::fs::write(authority, identities::authority()).unwrap();
    server.authenticate("hostssl all all all cert");
    server.configure(&served, &[("ssl_ca_file", "clients.crt")]);
    let mut rows = lost_line_breaks();
    rows.extend(encodings());
    rows.extend(archives());
    rows.extend(orders());
    rows.extend(of_ssh());
    let mut wrong = Vec::new();
    for row in &rows {
        let client = Client::new();
        client.write("root.crt", &root);
        client.write("my.crt", &row.certificate);
        client.write_private("my.key", &row.key);
        let string = format!("{GOOD} port={} sslcert=my.crt sslkey=my.key", server.port);
        if let Err(why) = judge(row, &client, &string) {
            wrong.push(format!("{}: {why}", row.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn judge(row: &Row, client: &Client, string: &str) -> Result<(), String> {
    if client.psql(string) == Answer::Tls {
        return Err("psql connects".to_owned());
    }
    let mut string = string.to_owned();
    let mut said = String::new();
    // One fault after the other: an archive may need two commands.
    for _ in 0..2 {
        let run = client.check(&string);
        if run.code == 0 {
            break;
        }
        let error = run.endpoint()["error"].take();
        let hint = error["hint"].as_str().unwrap_or_default().to_owned();
        said.push_str(&format!("{}\n{hint}\n", error["message"]));
        let lines = || hint.lines().filter_map(|line| line.strip_prefix("    "));
        for command in lines().filter(|line| !line.starts_with("host=")) {
            paste(client, command)?;
        }
        if let Some(better) = lines().find(|line| line.starts_with("host=")) {
            string = better.to_owned();
        }
    }
    if !said.contains(row.says) {
        return Err(format!("{:?} is not in {said}", row.says));
    }
    let run = client.check(&string);
    if run.code != 0 {
        return Err(format!("{said}\nthen {}", run.stdout));
    }
    match client.psql(&string) {
        Answer::Tls => Ok(()),
        other => Err(format!("{string}: psql {other:?}")),
    }
}

/// Runs a command like a user who pastes it, and types the passphrase.
fn paste(client: &Client, command: &str) -> Result<(), String> {
    let mut shell = client.other("setsid");
    let child = shell.args(["-w", "sh", "-c", command]);
    let mut child = child
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may not ask.
    let _ = child.stdin.take().unwrap().write_all(b"secret\nsecret\n");
    let output = child.wait_with_output().unwrap();
    if output.status.success() {
        Ok(())
    } else {
        Err(format!("{command}: {output:?}"))
    }
}

fn row(
    name: &'static str,
    certificate: impl Into<Vec<u8>>,
    key: impl Into<Vec<u8>>,
    says: &'static str,
) -> Row {
    Row {
        name,
        certificate: certificate.into(),
        key: key.into(),
        says,
    }
}

fn certificate() -> String {
    text(&alice(&P256_CLI)).replace("\r\n", "\n")
}

fn key() -> String {
    key_text(&P256_CLI).replace("\r\n", "\n")
}

/// What forms, variables and templates do to line breaks.
fn lost_line_breaks() -> Vec<Row> {
    let (certificate, key) = (certificate(), key());
    let json = |text: &str| format!("\"{}\",\n", text.replace('\n', "\\n"));
    let glued = format!("{}{}", certificate.trim_end(), identities::authority());
    let mut rows = Vec::new();
    for (name, change, says) in [
        (
            "\\n",
            &(|text: &str| text.replace('\n', "\\n")) as &dyn Fn(&str) -> String,
            "the two characters \\\"\\\\n\\\"",
        ),
        ("JSON", &json, "the two characters"),
        (
            "spaces",
            &|text: &str| text.replace('\n', " "),
            "line breaks are lost",
        ),
        (
            "nothing",
            &|text: &str| text.replace('\n', ""),
            "line breaks are lost",
        ),
        (
            "CR",
            &|text: &str| text.replace('\n', "\r"),
            "carriage returns",
        ),
        (
            "YAML",
            &|text: &str| format!("tls: |\n  {}", text.replace('\n', "\n  ")),
            "indented",
        ),
    ] {
        rows.push(row(name, change(&certificate), key.as_str(), says));
        rows.push(row(name, certificate.as_str(), change(&key), says));
    }
    rows.push(row("glued", glued, key.as_str(), "on the same line"));
    rows
}

fn encodings() -> Vec<Row> {
    let (certificate, key) = (certificate(), key());
    let utf16 = |text: &str| -> Vec<u8> {
        let units = text.encode_utf16().flat_map(u16::to_le_bytes);
        units.collect()
    };
    let big = |text: &str| -> Vec<u8> {
        let units = text.encode_utf16().flat_map(u16::to_be_bytes);
        units.collect()
    };
    let body =
        |text: &str| -> String { text.lines().filter(|line| !line.starts_with('-')).collect() };
    let der = openssl(&["x509", "-outform", "DER"], certificate.as_bytes());
    let encrypted = openssl(
        &[
            "pkcs8",
            "-topk8",
            "-v2",
            "aes-256-cbc",
            "-passout",
            "pass:secret",
        ],
        key.as_bytes(),
    );
    let encrypted_der = openssl(
        &[
            "pkcs8",
            "-topk8",
            "-outform",
            "DER",
            "-passout",
            "pass:secret",
        ],
        key.as_bytes(),
    );
    vec![
        row("DER", der, key.as_str(), "DER form"),
        row(
            "UTF-16",
            utf16(&format!("\u{feff}{certificate}")),
            key.as_str(),
            "UTF-16",
        ),
        row(
            "UTF-16 of a key",
            certificate.as_str(),
            utf16(&key),
            "UTF-16",
        ),
        row(
            "UTF-16, big-endian",
            big(&certificate),
            key.as_str(),
            "UTF-16BE",
        ),
        row(
            "base64",
            BASE64.encode(certificate.as_bytes()),
            key.as_str(),
            "base64 of a PEM",
        ),
        row(
            "base64 of a key",
            certificate.as_str(),
            BASE64.encode(key.as_bytes()),
            "base64 of a PEM",
        ),
        row(
            "bare",
            body(&certificate),
            key.as_str(),
            "without its BEGIN",
        ),
        row(
            "bare key",
            certificate.as_str(),
            body(&key),
            "without its BEGIN",
        ),
        row("encrypted", certificate.as_str(), encrypted, "sslpassword"),
        row(
            "encrypted DER",
            certificate.as_str(),
            encrypted_der,
            "encrypted DER",
        ),
    ]
}

/// With the passphrase "secret".
fn archives() -> Vec<Row> {
    let (certificate, key) = (certificate(), key());
    let both = format!("{key}{certificate}{}", identities::authority());
    let archive = openssl(
        &["pkcs12", "-export", "-passout", "pass:secret"],
        both.as_bytes(),
    );
    let several = format!("{certificate}{}", identities::authority());
    let collection = openssl_crl2pkcs7(&several);
    vec![
        row("PKCS#12", archive.clone(), key.as_str(), "PKCS#12"),
        row(
            "PKCS#12 for the key",
            certificate.as_str(),
            archive.clone(),
            "PKCS#12",
        ),
        row("PKCS#12 for both", archive.clone(), archive, "PKCS#12"),
        row("PKCS#7", collection, key.as_str(), "PKCS#7"),
    ]
}

fn openssl_crl2pkcs7(certificates: &str) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("all.pem");
    std::fs::write(&path, certificates).unwrap();
    openssl(
        &["crl2pkcs7", "-nocrl", "-certfile", path.to_str().unwrap()],
        b"",
    )
}

/// The right things in the wrong places.
fn orders() -> Vec<Row> {
    let (certificate, key) = (certificate(), key());
    let authority = text(&authority_certificate());
    vec![
        row("swapped", key.as_str(), certificate.as_str(), "swapped"),
        row(
            "the authority first",
            format!("{authority}{certificate}"),
            key.as_str(),
            "belongs to certificate 2",
        ),
    ]
}

fn of_ssh() -> Vec<Row> {
    let Ok(directory) = tempfile::tempdir() else {
        return Vec::new();
    };
    let path = directory.path().join("key");
    write_private(&path, &key());
    let own = Command::new("ssh-keygen")
        .args(["-q", "-p", "-N", "", "-f"])
        .arg(&path)
        .stdin(Stdio::null())
        .output();
    if !own.is_ok_and(|output| output.status.success()) {
        skip("ssh-keygen");
        return Vec::new();
    }
    let own = std::fs::read(&path).unwrap();
    vec![row("OpenSSH", certificate(), own, "OpenSSH")]
}

fn write_private(path: &std::path::Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;

    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// What no command turns into the right thing is named.
#[test]
fn the_wrong_things_are_named() {
    let client = Client::new();
    let request = openssl_request();
    let public = if has_openssl() {
        openssl(&["pkey", "-pubout"], key().as_bytes())
    } else {
        return;
    };
    client.write("root.crt", identities::server().0);
    for (name, certificate, key, says) in [
        (
            "a request",
            request,
            key().into_bytes(),
            "Send it to the certificate authority",
        ),
        (
            "a public key",
            certificate().into_bytes(),
            public,
            "A public key proves nothing",
        ),
        (
            "PuTTY",
            certificate().into_bytes(),
            b"PuTTY-User-Key-File-3: x\n".to_vec(),
            "puttygen",
        ),
        (
            "SSH",
            certificate().into_bytes(),
            b"ssh-rsa AAAA me\n".to_vec(),
            "public key for SSH",
        ),
        (
            "JKS",
            b"\xfe\xed\xfe\xed\0\0\0\x02".to_vec(),
            key().into_bytes(),
            "keytool",
        ),
        (
            "no key",
            certificate().into_bytes(),
            certificate().into_bytes(),
            "sslkey must name",
        ),
    ] {
        client.write("my.crt", certificate);
        client.write_private("my.key", key);
        let run = client.check(&format!("{GOOD} sslcert=my.crt sslkey=my.key"));
        assert_eq!(run.code, 2, "{name}: {run:?}");
        assert!(run.stdout.contains(says), "{name}: {}", run.stdout);
    }
}

fn openssl_request() -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    std::fs::write(&path, key()).unwrap();
    openssl(
        &[
            "req",
            "-new",
            "-subj",
            "/CN=a",
            "-key",
            path.to_str().unwrap(),
        ],
        b"",
    )
}
