//! Where the files are, and who may read them.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

use super::NOBODY;
use super::lab::{Lab, Row};

pub(super) fn path_rows(lab: &Lab) -> Vec<Row> {
    let home = |name: &str, files: &[&str]| {
        let home = lab.path(name);
        fs::create_dir_all(home.join(".postgresql")).unwrap();
        for file in files {
            let (from, to) = file.split_once(' ').unwrap();
            let to = home.join(".postgresql").join(to);
            fs::copy(lab.path(from), &to).unwrap();
            fs::set_permissions(&to, fs::Permissions::from_mode(0o600)).unwrap();
        }
        Row {
            certificate: None,
            key: None,
            home,
            ..lab.row(name, "", "")
        }
    };
    let good = ["cert.pem postgresql.crt", "p8.key postgresql.key"];
    let named = |name: &str, row: &Row, certificate: Option<&str>, key: Option<&str>| Row {
        name: name.to_owned(),
        certificate: certificate.map(|name| lab.path(name)),
        key: key.map(|name| lab.path(name)),
        home: row.home.clone(),
        ..lab.row("", "", "")
    };
    let full = home("home with both", &good);
    let bare = home("home with neither", &[]);
    symlink(lab.path("p8.key"), lab.path("link.key")).unwrap();
    symlink(lab.path("cert.pem"), lab.path("link.crt")).unwrap();
    symlink("nowhere", lab.path("dangling")).unwrap();
    symlink("loop", lab.path("loop")).unwrap();
    let filed = home("home with a file", &[]);
    fs::remove_dir(filed.home.join(".postgresql")).unwrap();
    fs::write(filed.home.join(".postgresql"), "").unwrap();
    let looped = home("home with a loop", &[]);
    symlink(
        "postgresql.crt",
        looped.home.join(".postgresql/postgresql.crt"),
    )
    .unwrap();
    lab.write("broken key", "nonsense");
    lab.write("colon:key", lab.text("p8.key"));
    let contract = "a file that the user names must be there";
    vec![
        named(
            "certificate named, key by default",
            &full,
            Some("cert.pem"),
            None,
        ),
        named(
            "certificate by default, key named",
            &full,
            None,
            Some("p8.key"),
        ),
        named(
            "certificate named, no default key",
            &bare,
            Some("cert.pem"),
            None,
        ),
        named(
            "certificate by default, another key",
            &full,
            None,
            Some("other.key"),
        ),
        named(
            "certificate by default, key missing",
            &full,
            None,
            Some("missing"),
        ),
        named("certificate by default, both empty", &full, None, None).with_empty_paths(),
        named(
            "certificate missing",
            &bare,
            Some("missing"),
            Some("p8.key"),
        )
        .only_libpq(contract),
        named("certificate behind a file", &bare, Some("p8.key/x"), None).only_libpq(contract),
        named("certificate dangling", &bare, Some("dangling"), None).only_libpq(contract),
        named("key alone and missing", &bare, None, Some("missing")).only_libpq(contract),
        named("key alone and broken", &bare, None, Some("broken key")).only_libpq(contract),
        named("key alone", &bare, None, Some("p8.key")),
        named(
            "key behind a file",
            &bare,
            Some("cert.pem"),
            Some("p8.key/x"),
        ),
        named("key dangling", &bare, Some("cert.pem"), Some("dangling")),
        named("key in a loop", &bare, Some("cert.pem"), Some("loop")),
        named("certificate in a loop", &bare, Some("loop"), Some("p8.key")),
        named("links", &bare, Some("link.crt"), Some("link.key")),
        named(
            "key with a colon",
            &bare,
            Some("cert.pem"),
            Some("colon:key"),
        ),
        named(
            "key is a directory",
            &bare,
            Some("cert.pem"),
            Some("empty home"),
        ),
        named(
            "certificate is a directory",
            &bare,
            Some("empty home"),
            Some("p8.key"),
        ),
        named(
            "key is a device",
            &bare,
            Some("cert.pem"),
            Some("/dev/null"),
        ),
        named(
            "certificate is a device",
            &bare,
            Some("/dev/null"),
            Some("p8.key"),
        ),
        full,
        bare,
        looped,
        filed,
        home("home with a certificate only", &good[..1]),
        home("home with a key only", &good[1..]),
        home(
            "home with another key",
            &["cert.pem postgresql.crt", "other.key postgresql.key"],
        ),
        home(
            "home with an empty certificate",
            &["empty postgresql.crt"].map(|file| {
                lab.write("empty", "");
                file
            }),
        ),
    ]
}

pub(super) fn permission_rows(lab: &Lab) -> Vec<Row> {
    [
        0o600, 0o400, 0o700, 0o000, 0o640, 0o440, 0o644, 0o604, 0o601, 0o602, 0o660, 0o620, 0o650,
        0o610, 0o666, 0o777, 0o4600, 0o1600,
    ]
    .map(|mode| {
        let name = format!("key with mode {mode:04o}");
        let row = lab.key(&name, lab.text("p8.key"));
        lab.mode(&format!("key of {name}"), mode);
        row
    })
    .into()
}

pub(super) fn ownership_rows(lab: &Lab) -> Vec<Row> {
    let owned = |owner: u32, mode: u32, uid: Option<u32>| {
        let name = format!("key of user {owner} with mode {mode:04o} for {uid:?}");
        let row = lab.key(&name, lab.text("p8.key"));
        let file = format!("key of {name}");
        chown(lab.path(&file), Some(owner), Some(owner)).unwrap();
        lab.mode(&file, mode);
        lab.mode("cert.pem", 0o644);
        Row { uid, ..row }
    };
    fs::create_dir_all(lab.path("closed/.postgresql")).unwrap();
    fs::copy(lab.path("cert.pem"), lab.path("closed/cert.pem")).unwrap();
    fs::copy(lab.path("p8.key"), lab.path("closed/p8.key")).unwrap();
    lab.mode("closed", 0o700);
    let nobody = Some(NOBODY);
    let closed_home = Row {
        certificate: None,
        key: None,
        home: lab.path("closed"),
        uid: nobody,
        ..lab.row("a home that is closed", "", "")
    };
    fs::copy(lab.path("cert.pem"), lab.path("private.crt")).unwrap();
    lab.mode("private.crt", 0o600);
    vec![
        owned(NOBODY, 0o600, None),
        owned(NOBODY, 0o640, None),
        owned(NOBODY, 0o400, None),
        owned(NOBODY, 0o600, nobody),
        owned(NOBODY, 0o640, nobody),
        owned(NOBODY, 0o000, nobody),
        owned(0, 0o600, nobody),
        owned(0, 0o640, nobody),
        owned(1, 0o600, nobody),
        closed_home,
        Row {
            uid: nobody,
            ..lab.row("certificate in a closed place", "closed/cert.pem", "p8.key")
        },
        Row {
            uid: nobody,
            ..lab.row("key in a closed place", "cert.pem", "closed/p8.key")
        },
        Row {
            uid: nobody,
            ..lab.row("a certificate for others", "private.crt", "p8.key")
        },
    ]
}
