//! `pgtls verify` on PKCS#12 files, against `openssl pkcs12`.

use std::path::Path;
use std::process::Command;

use pgtls::trust::ArchiveFault;
use pgtls::trust::server_archive::{ArchiveError, open_archive};

use crate::support::client::{Client, FORMATS, Run};
use crate::support::pki::{Ca, Served};
use crate::support::sample::{each, one_in};
use crate::support::skip::has_openssl;
use crate::support::tool::Tool;

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
        let hint = run.endpoint()["error"]["hint"].as_str().unwrap().to_owned();
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
const UNPROTECTED: &str = "-inkey server.key -keypbe NONE -certpbe NONE -nomac";

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
