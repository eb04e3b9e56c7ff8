//! Archives are read as OpenSSL reads them.

use std::path::Path;
use std::process::Command;

use pgtls::trust::ArchiveFault;
use pgtls::trust::server_archive::{ArchiveError, open_archive};

use super::{FORMS, PASSWORD, WITH, export, site, verify};
use crate::support::sample::{each, one_in};
use crate::support::skip::has_openssl;
use crate::support::tool::Tool;

/// Each sentence is true of the file: a damaged archive does not need a password.
#[test]
fn a_damaged_archive_is_not_said_to_need_a_password() {
    if !has_openssl() {
        return;
    }
    let (client, ..) = site();
    let message = |arguments: &str| {
        let run = verify(&client, arguments);
        assert_eq!(run.code, 2, "{arguments}: {run:?}");
        run.endpoint()["error"]["message"].to_string()
    };
    let plain = export(client.home.path(), UNPROTECTED).unwrap();
    // The object identifier of a bag.
    let bag = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01];
    let place = (0..plain.len()).find(|at| plain[*at..].starts_with(&bag));
    let mut damaged = plain.clone();
    // Its length.
    damaged[place.unwrap() - 1] = 0x7f;
    client.write("server.p12", &damaged);
    for arguments in ["server.p12", "server.p12 --password-file password"] {
        let message = message(arguments);
        assert!(message.contains("it is damaged"), "{arguments}: {message}");
    }
    let encrypted = export(client.home.path(), "-inkey server.key").unwrap();
    client.write("server.p12", encrypted);
    let without = message("server.p12");
    assert!(
        without.contains("does not open without a password"),
        "{without}"
    );
}

/// The version says nothing to openssl, and a MAC is read to its last byte.
#[test]
fn the_version_and_the_mac_are_read_as_openssl_reads_them() {
    if !has_openssl() {
        return;
    }
    let (client, ..) = site();
    let home = client.home.path();
    let der = export(home, "-inkey server.key -iter 66051").unwrap();
    let version = (0..9)
        .find(|at| der[*at..].starts_with(&[2, 1, 3]))
        .unwrap();
    let with_version = |number: u8| {
        let mut changed = der.clone();
        changed[version + 2] = number;
        changed
    };
    // The count of the MAC's rounds is the last value.
    let count = [2, 3, 1, 2, 3];
    let last = (0..der.len()).rfind(|at| der[*at..].starts_with(&count));
    let start = &der[..last.unwrap()];
    for (what, archive) in [
        ("version 0", with_version(0)),
        ("version 4", with_version(4)),
        ("version -1", with_version(0xff)),
        (
            "a value after the count",
            longer(start, &[2, 3, 1, 2, 3, 5, 0]),
        ),
        ("an empty count", longer(start, &[2, 0])),
        ("a count of another type", longer(start, &[10, 3, 1, 2, 3])),
        ("no count", longer(start, &[])),
    ] {
        client.write("server.p12", &archive);
        let words = "pkcs12 -nodes -passin file:password -in server.p12 -out /dev/null";
        let theirs = Command::new("openssl")
            .args(words.split(' '))
            .current_dir(home)
            .output()
            .unwrap();
        let ours = open_archive(&archive, Some(PASSWORD.as_bytes())).map(|_| ());
        assert_eq!(ours.is_ok(), theirs.status.success(), "{what}: {ours:?}");
    }
}

/// A hostile archive asks for two thousand million rounds, or for millions in each of many parts.
#[test]
fn the_work_for_an_archive_is_bounded() {
    if !has_openssl() {
        return;
    }
    let (client, ..) = site();
    let der = export(client.home.path(), "-inkey server.key -iter 66051").unwrap();
    // INTEGER 0x010203, wherever a count of rounds is.
    let rounds = [2, 3, 1, 2, 3];
    let places: Vec<usize> = (0..der.len())
        .filter(|place| der[*place..].starts_with(&rounds))
        .collect();
    assert!(places.len() >= 2, "{places:?}");
    for place in places {
        let mut hostile = der.clone();
        hostile[place + 2..place + 5].copy_from_slice(&[0x7f, 0xff, 0xff]);
        // The same length, and 8,388,607 rounds: once is allowed.
        client.write("server.p12", &hostile);
        assert_eq!(verify(&client, WITH).code, 2);
    }
    let mut hostile = der.clone();
    let last = (0..der.len())
        .rfind(|place| der[*place..].starts_with(&rounds))
        .unwrap();
    // The MAC's count is the last value of the file: a longer one needs longer lengths around it.
    hostile.truncate(last);
    let grown = longer(&hostile, &[2, 4, 0x7f, 0xff, 0xff, 0xff]);
    client.write("server.p12", grown);
    let run = verify(&client, WITH);
    assert_eq!(
        (run.code, run.outcome()),
        (2, "server-cert-file-invalid".to_owned())
    );
    let message = run.endpoint()["error"]["message"].to_string();
    assert!(message.contains("more work"), "{message}");
}

/// The PFX that begins so, with another count of rounds in its MAC.
fn longer(start: &[u8], count: &[u8]) -> Vec<u8> {
    let header = |der: &[u8]| match der[1] {
        0x82 => 4,
        0x81 => 3,
        _ => 2,
    };
    // PFX, version, authSafe, macData.
    let inside = header(start);
    let safe = inside + 3;
    let length = usize::from(start[safe + 2]) << 8 | usize::from(start[safe + 3]);
    assert_eq!(start[safe + 1], 0x82);
    let mac = safe + 4 + length;
    let body = &start[mac + header(&start[mac..])..];
    let body = [body, count].concat();
    let macdata = [&[0x30, u8::try_from(body.len()).unwrap()], &body[..]].concat();
    let whole = [&start[inside..mac], &macdata].concat();
    let size = u16::try_from(whole.len()).unwrap().to_be_bytes();
    [&[0x30, 0x82][..], &size, &whole].concat()
}

/// `openssl pkcs12` is the referee, with each byte changed in turn: what it refuses is refused.
#[test]
fn a_changed_archive_is_read_only_if_openssl_reads_it() {
    if !has_openssl() {
        return;
    }
    let (client, ..) = site();
    let home = client.home.path();
    let forms = [FORMS[0], FORMS[3], FORMS[8], UNPROTECTED];
    let step = one_in(97, "the bytes of each archive");
    for form in forms {
        let der = export(home, form).unwrap();
        assert!(
            open_archive(&der, Some(PASSWORD.as_bytes())).is_ok(),
            "{form}"
        );
        let places: Vec<usize> = (0..der.len()).step_by(step).collect();
        let changed = |place: &usize| {
            let mut changed = der.clone();
            changed[*place] ^= 1;
            changed
        };
        let accepted = each(&places, |file, place| {
            std::fs::write(file, changed(place)).unwrap();
            let input = file.to_str().unwrap();
            let password = format!("pass:{PASSWORD}");
            let words = [
                "pkcs12",
                "-nodes",
                "-out",
                "/dev/null",
                "-passin",
                &password,
                "-in",
                input,
            ];
            let output = Command::new("openssl").args(words).output().unwrap();
            output.status.success()
        });
        let (mut same, mut strict) = (0, 0);
        for (place, theirs) in places.iter().zip(accepted) {
            let ours = open_archive(&changed(place), Some(PASSWORD.as_bytes())).map(|_| ());
            let stated = match &ours {
                Ok(()) => false,
                // Neither has a part of this kind, and openssl passes over it.
                Err(ArchiveError::Archive(ArchiveFault::Unsupported { .. })) => true,
                // Without a MAC anyone can change a certificate. PostgreSQL would not start with it.
                Err(ArchiveError::Chain(_) | ArchiveError::Key(_) | ArchiveError::Mismatch) => {
                    form.contains("-nomac")
                }
                // The same with the type of a certificate.
                Err(ArchiveError::Archive(ArchiveFault::NoCertificate)) => true,
                // The parameters of a cipher and the version of a key are read more strictly than by OpenSSL.
                Err(ArchiveError::Archive(ArchiveFault::Damaged | ArchiveFault::WrongPassword))
                    if form.contains("-nomac") && theirs =>
                {
                    strict += 1;
                    true
                }
                Err(ArchiveError::Archive(_)) => false,
            };
            match (ours.is_ok(), theirs) {
                (true, true) | (false, false) => same += 1,
                (false, true) if stated => {}
                (true, false) | (false, true) => panic!(
                    "{form}: byte {place} of {}: {ours:?}, openssl accepts: {theirs}",
                    der.len()
                ),
            }
        }
        assert!(
            same * 4 > places.len(),
            "{form}: {same} of {}",
            places.len()
        );
        assert!(strict <= 3, "{form}: {strict}");
    }
}

/// Neither encrypted nor with a MAC: every byte can be changed unnoticed.
pub(super) const UNPROTECTED: &str = "-inkey server.key -keypbe NONE -certpbe NONE -nomac";

/// The archives of other programs: what `openssl pkcs12` refuses is refused, and what it reads is read.
#[test]
fn the_archives_of_others_are_read_as_openssl_reads_them() {
    let Some(vectors) = Tool::Vectors.find() else {
        return;
    };
    if !has_openssl() {
        return;
    }
    let files = std::fs::read_dir(Path::new(&vectors).join("pkcs12")).unwrap();
    let (mut read, mut refused) = (0, 0);
    for entry in files {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|end| end != "p12") {
            continue;
        }
        for password in ["", "cryptography", "password"] {
            let input = file.to_str().unwrap();
            let given = format!("pass:{password}");
            let words = [
                "pkcs12",
                "-nodes",
                "-out",
                "/dev/null",
                "-passin",
                &given,
                "-in",
                input,
            ];
            let theirs = Command::new("openssl").args(words).output().unwrap();
            let contents = std::fs::read(&file).unwrap();
            let ours = open_archive(&contents, Some(password.as_bytes())).map(|_| ());
            let ours_reads = match &ours {
                // What PostgreSQL refuses of what was read.
                Ok(()) | Err(ArchiveError::Chain(_) | ArchiveError::Mismatch) => true,
                Err(ArchiveError::Archive(ArchiveFault::NoCertificate)) => true,
                Err(ArchiveError::Archive(_) | ArchiveError::Key(_)) => false,
            };
            let what = format!("{} with \"{password}\"", file.display());
            assert_eq!(ours_reads, theirs.status.success(), "{what}: {ours:?}");
            match ours_reads {
                true => read += 1,
                false => refused += 1,
            }
        }
    }
    assert!(read > 20 && refused > 20, "{read} {refused}");
}
