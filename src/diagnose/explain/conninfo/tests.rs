use proptest::prelude::*;

use super::*;

#[test]
fn a_blank_before_the_next_command_is_not_part_of_a_variable_in_cmd() {
    assert_eq!(
        set(Shell::Posix, "PGSSLMODE", "require"),
        "set PGSSLMODE=require"
    );
    assert_eq!(
        set(Shell::Windows, "PGSSLMODE", "require"),
        "set PGSSLMODE to require; in cmd.exe: set \"PGSSLMODE=require\""
    );
}
use crate::conninfo::fake::Fake;
use crate::conninfo::{ConnInfo, repairs};

/// All output that the reading of a string can cause.
fn output(text: &[u8], world: &Fake) -> String {
    match ConnInfo::read(text, world) {
        Ok(info) => {
            let parameters: Vec<String> = info
                .parameters()
                .map(|(keyword, setting)| format!("{keyword}={} {setting:?}", setting.value))
                .collect();
            let lost: Vec<_> = Keyword::ALL
                .iter()
                .filter_map(|keyword| info.lost_backslashes(*keyword))
                .collect();
            format!("{} {parameters:?} {info:?} {lost:?}", info.redacted())
        }
        Err(error) => {
            // What is offered instead is shown as soon as it can be read.
            let repairs: Vec<String> = repairs(text, &error)
                .iter()
                .filter_map(|repair| ConnInfo::read(repair.expose(), world).ok())
                .map(|repaired| repaired.redacted())
                .collect();
            format!("{error} {error:?} {:?} {repairs:?}", conninfo_error(&error))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// The password consists of the word `Zq` and of every character that can break a grammar. Every place
    /// for a password is tried, well formed or not.
    #[test]
    fn no_password_shows_in_any_output(
        password in r"(Zq[:/@?#%&= '\\;,\[\]]{0,2}){1,4}",
        (before, after) in proptest::sample::select(vec![
            ("password=", ""),
            ("password=", " host=h"),
            ("hots=h password=", " sslmod=require"),
            ("h:5432 password=", ""),
            ("host=h pass_word=", " sslmode=requird"),
            ("host=h secret=", " user=u"),
            ("application_name=my app password=", " user=u"),
            ("postgresql://u:", "@h/d?sslmod=require"),
            ("postgresql://u:", "@h/d?pool=1&password=x"),
            ("host=h password = ", " sslmode=require"),
            ("host=h password='", "' sslmode=require"),
            ("password='", " host=h"),
            ("host= password=", ""),
            ("user= password=", " host=h"),
            ("sslmode='require password=", "' host=h"),
            ("host=h;password=", ";user=u"),
            ("Host=h;Password=", ";Username=u"),
            ("passwd=", " host=h"),
            ("sslpassword=", ""),
            ("oauth_client_secret=", ""),
            ("scram_client_key=", ""),
            ("postgresql://u:", "@h/d"),
            ("postgresql://u:", "@h:5432/d?sslmode=require"),
            ("postgresql://:", "@/"),
            ("postgres://u:", "@[::1]/d"),
            ("postgresql://h/d?password=", ""),
            ("postgresql://h/d?user=u&password=", "&sslmode=require"),
            ("postgress://u:", "@h/d"),
            ("host=postgresql://u:", "@h/d"),
            ("dbname=postgresql://u:", "@h/d user=u"),
            ("jdbc:postgresql://u:", "@h/d?user=x"),
        ]),
    ) {
        let shown = output(format!("{before}{password}{after}").as_bytes(), &Fake::default());
        prop_assert!(!shown.contains("Zq"), "{}", shown);
    }

    #[test]
    fn no_service_file_makes_the_reader_panic(text in proptest::collection::vec(any::<u8>(), 0..200)) {
        let section = [b"[s]\n".as_slice(), &text].concat();
        output(b"service=s", &Fake::default().file("/home/me/.pg_service.conf", section));
    }

    #[test]
    fn no_value_makes_the_judgement_panic(
        keyword in proptest::sample::select(Keyword::ALL.to_vec()),
        value in "[^\0']{0,20}",
    ) {
        output(format!("host=h {keyword}='{value}'").as_bytes(), &Fake::default());
    }
}

fn refusal(text: &str) -> String {
    let error = ConnInfo::read(text.as_bytes(), &Fake::default())
        .map(|_| ())
        .expect_err(text);
    format!("{error}; {}", hint(&error).unwrap_or_default())
}

#[test]
fn the_hint_names_the_variable_that_is_wrong() {
    let world = Fake::default().var("PGSSLMODE", "required");
    let error = ConnInfo::read(b"", &world).map(|_| ()).unwrap_err();
    let expected = if cfg!(windows) {
        "set PGSSLMODE to require; in cmd.exe: set \"PGSSLMODE=require\""
    } else {
        "set PGSSLMODE=require"
    };
    assert_eq!(hint(&error).as_deref(), Some(expected));
}

#[test]
fn a_refusal_says_what_to_do() {
    for (text, advice) in [
        ("sslmod=require", "did you mean sslmode?"),
        ("pool_size=3", "Parameter Key Words"),
        ("sslmode=", "set sslmode=verify-full"),
        ("mydb", "dbname=NAME"),
        (
            "ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2",
            "raise the maximum",
        ),
        ("ssl=true", "set sslmode=verify-full"),
        ("password=correct horse", "password='two words'"),
        ("postgress://u@h", "begin a URI with"),
        ("jdbc:postgresql://h/d?user=x", "without jdbc:"),
        ("postgresql://u:50%@h", "%25"),
        ("host='a", "close the quote"),
        ("host= password=x", "remove host"),
        ("postgresql://u:p@ss@h", "%40"),
        ("postgresql://u:pa/ss@h", "%2F"),
        ("postgresql://u:p@ss/word@h", "%2F"),
        (
            "postgresql://app:12/w@h",
            "in the name of a database as %40",
        ),
        ("postgresql://h/d ", "remove it, or write it as %20"),
        ("hostaddr=[::1]", "without brackets"),
        ("host=https://h", "without a scheme"),
        ("service=none", "[none]"),
        ("sslrootcert=system sslmode=require", "sslmode=verify-full"),
        ("sslnegotiation=direct", "sslmode=verify-full"),
        (
            "ssl_max_protocol_version=TLSv1.1",
            "remove ssl_max_protocol_version",
        ),
    ] {
        let refusal = refusal(text);
        assert!(refusal.contains(advice), "{text}: {refusal}");
    }
}

#[test]
fn a_refusal_of_a_service_file_knows_its_rules() {
    for (section, advice) in [
        ("host = h", "without spaces around"),
        ("host='h'", "in a service file they are part"),
        ("host=h # primary", "a line of its own"),
        ("host= password=x", "each other setting on a line"),
        ("host=u@h", "each other setting on a line"),
        ("port=1 # primary", "a line of its own"),
    ] {
        let world = Fake::default()
            .var("PGSERVICEFILE", "/own.conf")
            .file("/own.conf", format!("[s]\n{section}"));
        let read = |text: &[u8]| {
            let error = ConnInfo::read(text, &world).map(|_| ()).unwrap_err();
            os::slashed(format!("{error}; {}", hint(&error).unwrap_or_default()))
        };
        let refusal = read(b"service=s");
        assert!(refusal.contains(advice), "{section}: {refusal}");
        // With the variable, the file at home is not read.
        let absent = read(b"service=t");
        assert!(absent.contains("define it in /own.conf"), "{absent}");
        let missing = read(b"service=s servicefile=/none.conf");
        assert!(
            missing.contains("does not exist; correct the path"),
            "{missing}"
        );
    }
}

#[test]
fn a_hidden_word_of_a_uri_is_answered_with_how_to_encode_a_password() {
    for text in [
        "postgresql://u:p@ss?wo&rd@h/d",
        "postgresql://u:p@ss/?wo=rd@h/d",
        "postgresql://u:p@ss/?sslmode=wo=rd@h/d",
    ] {
        let error = ConnInfo::read(text.as_bytes(), &Fake::default()).unwrap_err();
        let hint = hint(&error).unwrap_or_default();
        for code in ["%3F", "%26", "%40"] {
            assert!(hint.contains(code), "{text}: {error}: {hint}");
        }
    }
}

#[test]
fn a_refusal_of_pghost_knows_that_a_variable_has_one_value() {
    for host in ["h port=1", "u@h"] {
        let world = Fake::default().var("PGHOST", host);
        let error = ConnInfo::read(b"", &world).map(|_| ()).unwrap_err();
        let hint = hint(&error).unwrap_or_default();
        assert!(hint.contains("a variable of its own"), "{host}: {hint}");
    }
}

#[test]
fn no_password_of_the_environment_or_a_service_shows() {
    let world = Fake::default()
        .var("PGPASSWORD", "Zq")
        .file("/home/me/.pg_service.conf", "[s]\nsslpassword=Zq");
    assert!(!output(b"service=s", &world).contains("Zq"));
}
