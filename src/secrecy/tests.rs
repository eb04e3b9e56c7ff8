use data_encoding::{BASE64, BASE64URL_NOPAD};
use proptest::prelude::*;

use super::*;

fn word(text: &str) -> Option<Taken> {
    Taken::of(text.as_bytes(), Place::Word)
}

fn name(text: &str) -> Option<Taken> {
    Taken::of(text.as_bytes(), Place::Name)
}

#[test]
fn what_people_and_machines_call_their_files_and_hosts_is_shown() {
    for text in [
        "",
        "host",
        "sslmode",
        "/etc/ssl/root.crt",
        "/run/secrets/root.crt",
        "DigiCertGlobalRootG2",
        "DigiCertGlobalRootG2.crt.pem",
        "BaltimoreCyberTrustRoot2025.crt",
        "/home/Ann/Projects2024/MyApplication/certificates/prod/root",
        "/nix/store/0c2c8qv4h1gxm2l8ybw3sdpd9n4rk5xv-nss-cacert-3.98/etc/ssl/certs/ca-bundle.crt",
        "/var/lib/docker/overlay2/3f786850e387550fdab836ed7e6dc881de23001b3f786850e387550fdab836ed/merged/root.crt",
        "C:/Users/ann@example.com/root.crt",
        r"C:\ssl\root.crt",
        r"C:\Users\ann@example.com\root.crt",
        "/tmp/.tmpAb3dE5/root.crt",
        "/var/folders/zz/zyxvpxvq6csfxvn_n0000000000000/T/root.crt",
        "ep-cool-darkness-123456.us-east-2.aws.neon.tech",
        "mydb.c9akciq32rgf.us-east-1.rds.amazonaws.com",
        "db.abcdefghijklmnopqrst.supabase.co",
        "project:region:instance",
        "2001:5432:0:0:0:0:0:1",
        "2001:5432:0:0:0:0:0:1,::1",
        "fe80:0:0:0:1:2:3:4%eth0",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "mylogin@mypgserver",
        "password-rotator",
        "postgres.abcdefghijklmnopqrst",
        "sha256//PmYFyrgBhRUO6NC0aHKA0oNCv0HNWxNbFAKsy0Vs3Fo=",
        "BEGIN",
    ] {
        assert_eq!(word(text), None, "{text}");
    }
    // Machines make up users and databases.
    assert_eq!(
        name("v-token-app-aB3dE5gH7jK9mN1pQ3sT5uV7-1600000000"),
        None
    );
    assert_eq!(name("3f786850e387550fdab836ed7e6dc881de23001b"), None);
}

#[test]
fn secrets_in_the_wrong_place_are_taken_for_what_they_are() {
    for (text, taken) in [
        ("-----BEGIN PRIVATE KEY-----\nAAAA", Taken::PrivateKey),
        (r"-----BEGIN EC PRIVATE KEY-----\nAAAA", Taken::PrivateKey),
        ("/home/ann/-----BEGIN CERTIFICATE-----", Taken::Certificate),
        ("-----BEGIN X509 CRL-----", Taken::Pem),
        ("-----BEGIN", Taken::Pem),
        ("db:5432:app:ann:hunter2", Taken::PasswordLine),
        ("*:*:*:*:hunter2", Taken::PasswordLine),
        ("bundled:db:5432:app:ann:hunter2", Taken::PasswordLine),
        (r"\:\:1:5432:app:ann:hun\:ter:2", Taken::PasswordLine),
        ("postgresql://ann:hunter2@db/app", Taken::ConnectionString),
        ("/tmp/postgresql:/ann:hunter2@db", Taken::ConnectionString),
        ("host=db password=hunter2", Taken::ConnectionString),
        ("app:hunter2/word@localhost", Taken::ConnectionString),
        ("/app:hunter2@localhost", Taken::ConnectionString),
        ("C:/app:hunter2@localhost", Taken::ConnectionString),
        ("?password%3DZq7x", Taken::ConnectionString),
        ("password%3aZq7x", Taken::ConnectionString),
    ] {
        assert_eq!(
            (word(text), name(text)),
            (Some(taken), Some(taken)),
            "{text}"
        );
    }
    for text in [
        "v1aGxmYqQ0p7Xs9dWk3RtZb5NcJ2uE8h",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkw",
        "3f786850e387550fdab836ed7e6dc881de23001b",
    ] {
        assert_eq!(word(text), Some(Taken::Random), "{text}");
        let path = format!("/home/ann/{text}");
        assert_eq!(word(&path), Some(Taken::Random), "{path}");
    }
}

#[test]
fn a_user_has_its_password_behind_a_colon() {
    let user = |text: &str| Taken::of(text.as_bytes(), Place::User);
    for text in ["app:hunter2", "app@db:hunter2", "app:a:b"] {
        assert_eq!(user(text), Some(Taken::Login), "{text}");
        assert_eq!(name(text), None, "{text}");
    }
    for text in [
        "app",
        "app:",
        ":app",
        "ann@example.com",
        "2001:db8::1",
        "DOMAIN\\ann",
    ] {
        assert_eq!(user(text), None, "{text}");
    }
}

#[test]
fn only_what_names_a_variable_is_shown_as_one() {
    for name in ["DATABASE_URL", "PGPASSWORD", "p12_password", "_", "APP2_DB"] {
        assert_eq!(shown_variable(name.as_bytes()), name);
    }
    for value in [
        "",
        "correct horse",
        "hunter2!",
        "2fast",
        "s3cr\u{e9}t",
        "Zq7wXk9LmPv3Rt",
        "postgresql://ann:hunter2@h/d",
        "host=db password=hunter2",
        "db:5432:app:ann:hunter2",
    ] {
        let shown = shown_variable(value.as_bytes());
        assert!(shown.starts_with("(not shown: "), "{value}: {shown}");
    }
}

#[test]
fn base64_of_a_key_is_a_key() {
    let pem = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    for text in [
        BASE64.encode(pem.as_bytes()),
        BASE64URL_NOPAD.encode(pem.as_bytes()),
        format!("/home/ann/{}", BASE64.encode(pem.as_bytes())),
        format!("base64:{}", BASE64.encode(pem.as_bytes())),
        body,
    ] {
        assert_eq!(word(&text), Some(Taken::PrivateKey), "{text}");
        assert_eq!(name(&text), Some(Taken::PrivateKey), "{text}");
    }
}

proptest! {
    /// Lines of 64 digits, as PEM has them, alone and behind a directory.
    #[test]
    fn lines_of_a_key_are_hidden(bytes in proptest::array::uniform::<_, 48>(any::<u8>())) {
        let line = BASE64.encode(&bytes);
        // Some few in a million look like names.
        prop_assume!(parts(line.as_bytes()) > 21);
        prop_assert_eq!(word(&line).is_some(), true, "{}", line);
        prop_assert_eq!(word(&format!("/tmp/{line}")).is_some(), true, "{}", line);
    }

    #[test]
    fn no_bytes_make_it_panic(text in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Taken::of(&text, Place::Word);
    }
}
