//! The note on an archive, typed as it says.

use super::reading::UNPROTECTED;
use super::{WITH, export, site, verify};
use crate::support::client::{Client, Run};
use crate::support::skip::has_openssl;

/// The commands of the note make files that pass.
#[test]
fn what_the_note_says_to_type_makes_the_files_of_a_server() {
    if !has_openssl() {
        return;
    }
    let (client, _, _, served) = site();
    let pem = std::fs::read_to_string(client.home.path().join("server.crt")).unwrap();
    let second = pem.rfind("-----BEGIN").unwrap();
    for certificates in [pem.clone(), format!("{}{}", &pem[second..], &pem[..second])] {
        client.write("server.crt", certificates);
        client.write("server.key", &served.key);
        export(client.home.path(), "-inkey server.key").unwrap();
        std::fs::remove_file(client.home.path().join("server.key")).unwrap();
        let hint = note(&verify(&client, WITH));
        take(&client, &hint, "file:password");
    }
}

/// The advice of the note on an archive.
fn note(run: &Run) -> String {
    let hint = run.endpoint()["findings"][0]["hint"].clone();
    hint.as_str().unwrap().to_owned()
}

fn commands(hint: &str) -> impl Iterator<Item = &str> {
    hint.lines()
        .filter(|line| line.contains("openssl pkcs12 "))
        .map(str::trim)
}

/// Types what the note says, with the password from there. The files it leaves must pass.
fn take(client: &Client, hint: &str, password: &str) {
    for command in commands(hint) {
        let asked = format!("openssl pkcs12 -passin {password} ");
        client.take_command(&command.replace("openssl pkcs12 ", &asked));
    }
    let run = verify(client, "--cert server.crt --key server.key");
    assert_eq!(
        (run.code, run.findings()),
        (0, Vec::new()),
        "{hint}: {run:?}"
    );
}

/// An archive without a key says nothing of a key: the command for it would empty `server.key`.
#[test]
fn the_note_on_an_archive_without_a_key_leaves_the_key_alone() {
    if !has_openssl() {
        return;
    }
    let (client, ..) = site();
    export(client.home.path(), "-nokeys").unwrap();
    let run = verify(&client, &format!("{WITH} --key server.key"));
    let finding = run.endpoint()["findings"][0].clone();
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("It holds no key"), "{message}");
    let hint = note(&run);
    for command in commands(&hint) {
        assert!(!command.contains("server.key"), "{command}");
    }
    take(&client, &hint, "file:password");
}

/// openssl puts the server's certificate first, other programs do not. `-clcerts` picks out what has a localKeyID,
/// which an archive need not have either.
#[test]
fn the_note_makes_or_says_the_right_order() {
    if !has_openssl() {
        return;
    }
    let (client, ..) = site();
    let later = swapped(export(client.home.path(), UNPROTECTED).unwrap());
    client.write("server.p12", &later);
    let run = verify(&client, "server.p12");
    assert_eq!(run.code, 0, "{run:?}");
    let hint = note(&run);
    std::fs::remove_file(client.home.path().join("server.key")).unwrap();
    assert!(hint.contains("-clcerts"), "{hint}");
    take(&client, &hint, "pass:");
    client.write("server.p12", without_marks(later));
    let run = verify(&client, "server.p12");
    assert_eq!(run.code, 0, "{run:?}");
    let hint = note(&run);
    assert!(hint.contains("Move certificate 2 of server.crt"), "{hint}");
    assert!(!hint.contains("-clcerts"), "{hint}");
}

/// The first two certificates of an archive that is not encrypted, each in the place of the other.
fn swapped(der: Vec<u8>) -> Vec<u8> {
    const CERTIFICATE: [u8; 13] = [
        0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x03,
    ];
    let bag = |from: usize| {
        let at = (from..der.len())
            .find(|at| der[*at..].starts_with(&CERTIFICATE))
            .unwrap()
            - 4;
        assert_eq!(der[at..at + 2], [0x30, 0x82]);
        let length = usize::from(der[at + 2]) << 8 | usize::from(der[at + 3]);
        at..at + 4 + length
    };
    let first = bag(0);
    let second = bag(first.end);
    assert_eq!(first.end, second.start);
    [
        &der[..first.start],
        &der[second.clone()],
        &der[first],
        &der[second.end..],
    ]
    .concat()
}

/// The same with another attribute in the place of each localKeyID.
fn without_marks(mut der: Vec<u8>) -> Vec<u8> {
    const LOCAL_KEY_ID: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x15];
    let places: Vec<usize> = (0..der.len())
        .filter(|place| der[*place..].starts_with(&LOCAL_KEY_ID))
        .collect();
    assert!(!places.is_empty());
    for place in places {
        der[place + LOCAL_KEY_ID.len() - 1] = 0x7f;
    }
    der
}
