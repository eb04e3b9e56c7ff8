//! A translation, read again, means the same.

use super::*;
use crate::conninfo::Value;

/// What a string means to libpq, as far as other drivers can say it.
#[derive(Debug, PartialEq, Eq)]
struct Sense {
    servers: Vec<(String, String)>,
    user: String,
    password: String,
    dbname: String,
    level: String,
}

impl Sense {
    fn of(settings: &[(Keyword, Vec<u8>)]) -> Self {
        let get = |wanted: Keyword| {
            let set = settings.iter().find(|(keyword, _)| *keyword == wanted);
            set.map(|(_, value)| String::from_utf8(value.clone()).unwrap())
                .unwrap_or_default()
        };
        let ports = get(Keyword::Port);
        let ports: Vec<&str> = ports.split(',').collect();
        let port = |index: usize| {
            let port = if ports.len() == 1 {
                ports[0]
            } else {
                ports[index]
            };
            if port.is_empty() {
                "5432".to_owned()
            } else {
                port.to_owned()
            }
        };
        let hosts = get(Keyword::Host);
        let servers = hosts.split(',').enumerate();
        let root = get(Keyword::SslRootCert);
        let mode = get(Keyword::SslMode);
        let level = match (mode.as_str(), root.as_str()) {
            ("" | "prefer", _) => "prefer".to_owned(),
            ("allow" | "disable", _) | ("require", "") => mode,
            ("require" | "verify-ca", root) => format!("chain with {root}"),
            (mode, root) => format!("{mode} with {root}"),
        };
        Self {
            servers: servers
                .map(|(index, host)| (host.to_owned(), port(index)))
                .collect(),
            user: get(Keyword::User),
            password: get(Keyword::Password),
            dbname: get(Keyword::Dbname),
            level,
        }
    }
}

/// There and back. What comes out is either refused by the translation, or means the same; and no other dialect claims
/// it.
fn check_round_trip(settings: &[(Keyword, Vec<u8>)], target: Dialect) {
    let values: Vec<(Keyword, Value)> = settings
        .iter()
        .map(|(keyword, value)| (*keyword, Value::new(*keyword, value.clone())))
        .collect();
    let translation = translate(&values, target, Passwords::Written);
    if !translation.keeps_the_promise() {
        return;
    }
    let text = translation.text;
    let expected = Sense::of(settings);
    let world = Fake::default();
    let back = match target {
        Dialect::Libpq => assignments(&text),
        _ => {
            let reading = read(text.as_bytes(), Some(target), &world);
            let reading = reading.unwrap_or_else(|fault| panic!("{target}: {text}: {fault}"));
            reading.unwrap().settings
        }
    };
    assert_eq!(Sense::of(&back), expected, "{target}: {text}");
    match read(text.as_bytes(), None, &world) {
        Ok(Some(reading)) => assert_eq!(reading.dialect, target, "{text}"),
        // libpq's own, or it needs --dialect.
        Ok(None) | Err(Fault::Ambiguous { .. }) => {}
        Err(fault) => panic!("{target}: {text}: {fault}"),
    }
}

#[test]
fn a_translation_leads_back_to_the_same_meaning() {
    let modes = [
        "disable",
        "allow",
        "prefer",
        "require",
        "verify-ca",
        "verify-full",
    ];
    let mut kept = std::collections::BTreeMap::new();
    for target in Dialect::ALL {
        for mode in modes {
            for root in ["", "/etc/ssl/root.crt", "system"] {
                if root == "system" && mode != "verify-full" {
                    continue;
                }
                for hosts in ["db.example.com", "a.example.com,b.example.com"] {
                    let root = if root.is_empty() {
                        String::new()
                    } else {
                        format!(" sslrootcert={root}")
                    };
                    let text = format!(
                        "host={hosts} port=5433 user='ann b' password='p;\\'\\\\ \"=&%+@:/?#{{}}$x' dbname=app sslmode={mode}{root}"
                    );
                    check_round_trip(&assignments(&text), *target);
                    if hosts == "db.example.com" {
                        let values: Vec<_> = assignments(&text)
                            .into_iter()
                            .map(|(keyword, value)| (keyword, Value::new(keyword, value)))
                            .filter(|(keyword, _)| *keyword != Keyword::Password)
                            .collect();
                        let keeps =
                            translate(&values, *target, Passwords::Written).keeps_the_promise();
                        *kept.entry(target.name()).or_insert(0) += usize::from(keeps);
                    }
                }
            }
        }
    }
    // Of thirteen combinations of mode and roots.
    for (name, least) in [
        ("libpq", 13),
        ("jdbc", 11),
        ("adonet", 9),
        ("prisma", 4),
        ("ecto", 2),
        ("pdo", 13),
        ("odbc", 13),
    ] {
        assert!(kept[name] >= least, "{name}: {kept:?}");
    }
}

mod properties {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    const MODES: &[&str] = &[
        "disable",
        "allow",
        "prefer",
        "require",
        "verify-ca",
        "verify-full",
    ];

    /// Words with everything that a grammar can trip over.
    fn word() -> impl Strategy<Value = String> {
        let signs: Vec<char> = "aB9 '\"\\;&=%+@:/?#{}[]$,é*~^|<>!-_.".chars().collect();
        proptest::collection::vec(select(signs), 1..12)
            .prop_map(|signs| signs.into_iter().collect::<String>())
            .prop_filter("no variable, no settings inside", |word: &String| {
                damage::unexpanded(word).is_none()
                    && damage::swallowed(word).is_none()
                    && word.trim() == word
            })
    }

    proptest! {
        #[test]
        fn any_translation_leads_back(
            user in word(), password in word(), dbname in word(),
            hosts in proptest::collection::vec("[a-z][a-z0-9.-]{0,12}[a-z0-9]", 1..3),
            port in (1_u16..).prop_filter("the port of MySQL says whose string it is", |port| *port != 3306),
            mode in select(MODES),
            root in select(&["", "root.crt", "/a b/r+%.crt", "system"][..]),
        ) {
            let mut settings = vec![
                (Keyword::Host, hosts.join(",").into_bytes()),
                (Keyword::Port, port.to_string().into_bytes()),
                (Keyword::User, user.into_bytes()),
                (Keyword::Password, password.into_bytes()),
                (Keyword::Dbname, dbname.into_bytes()),
                (Keyword::SslMode, mode.as_bytes().to_vec()),
            ];
            if !(root.is_empty() || root == "system" && mode != "verify-full") {
                settings.push((Keyword::SslRootCert, root.as_bytes().to_vec()));
            }
            for target in Dialect::ALL {
                check_round_trip(&settings, *target);
            }
        }

        /// Whatever the text is, reading it ends without a panic, and a reading is one that libpq can parse.
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,80}", start in select(&["", "jdbc:postgresql://", "Host=", "psql ", "A=", "r2dbc:postgresql://", "postgresql+asyncpg://", "Driver={PostgreSQL Unicode};", "pgsql:", "ecto://", "postgres://h/d?pool=1&"][..])) {
            let text = format!("{start}{text}");
            if let Ok(Some(reading)) = read(text.as_bytes(), None, &Fake::default()) {
                prop_assert!(conninfo::parse(&reading.conninfo()).is_ok());
            }
            for dialect in Dialect::ALL {
                let _ = read(text.as_bytes(), Some(*dialect), &Fake::default());
            }
        }
    }
}
