//! Examples of every dialect: what each means to libpq, and that no other dialect claims it.

use super::*;
use crate::conninfo::fake::Fake;

/// A string, whose it is, and what libpq must be told.
const EXAMPLES: &[(&str, Dialect, &str)] = &[
    // jdbc
    (
        "jdbc:postgresql://db.example.com:5433/app?user=u&password=p+w&ssl=true",
        Dialect::Jdbc,
        "host=db.example.com port=5433 dbname=app user=u password='p w' sslmode=verify-full",
    ),
    (
        "jdbc:postgresql://db/app?sslmode=require&sslrootcert=root.crt",
        Dialect::Jdbc,
        "host=db dbname=app sslmode=require",
    ),
    (
        "jdbc:postgresql://db/app?sslmode=VERIFY-CA&sslrootcert=root.crt",
        Dialect::Jdbc,
        "host=db dbname=app sslrootcert=root.crt sslmode=verify-ca",
    ),
    (
        "jdbc:postgresql:app",
        Dialect::Jdbc,
        "host=localhost dbname=app sslmode=prefer",
    ),
    (
        "jdbc:postgresql://db/app?ssl=false",
        Dialect::Jdbc,
        "host=db dbname=app sslmode=prefer",
    ),
    (
        "jdbc:postgresql://db/app?sslMode=verify-full",
        Dialect::Jdbc,
        "host=db dbname=app sslmode=prefer",
    ),
    (
        "jdbc:postgresql://a:1,b/app?ssl=true&sslfactory=org.postgresql.ssl.DefaultJavaSSLFactory&targetServerType=primary",
        Dialect::Jdbc,
        "host=a,b port=1,5432 dbname=app target_session_attrs=read-write sslrootcert=system sslmode=verify-full",
    ),
    (
        "jdbc:postgresql://db/app?ssl=true&sslfactory=org.postgresql.ssl.NonValidatingFactory",
        Dialect::Jdbc,
        "host=db dbname=app sslmode=require",
    ),
    (
        "jdbc:postgresql://db/app?sslmode=require&sslfactory=org.postgresql.ssl.SingleCertValidatingFactory&sslfactoryarg=file:/r.crt",
        Dialect::Jdbc,
        "host=db dbname=app sslrootcert=/r.crt sslmode=require",
    ),
    (
        "jdbc:aws-wrapper:postgresql://db/app?sslmode=verify-full",
        Dialect::Jdbc,
        "host=db dbname=app sslmode=verify-full",
    ),
    // r2dbc
    (
        "r2dbc:postgresql://u:p+w@db:1/app?sslMode=VERIFY_FULL&sslRootCert=r.crt&connectTimeout=PT5S",
        Dialect::R2dbc,
        "host=db port=1 user=u password='p w' dbname=app sslmode=verify-full sslrootcert=r.crt connect_timeout=5",
    ),
    (
        "r2dbc:postgresql://db/app",
        Dialect::R2dbc,
        "host=db dbname=app sslmode=disable",
    ),
    (
        "r2dbcs:pool:postgresql://db/app",
        Dialect::R2dbc,
        "host=db dbname=app sslmode=verify-full sslrootcert=system",
    ),
    (
        "r2dbc:postgresql:failover://a:1,b:2/app?sslmode=require&sslRootCert=r.crt",
        Dialect::R2dbc,
        "host=a,b port=1,2 dbname=app sslmode=require",
    ),
    // adonet
    (
        "Host=db;Port=5433;Database=app;Username=u;Password=\"p;w\";SSL Mode=VerifyFull;Root Certificate=/r.crt;Trust Server Certificate=true",
        Dialect::Adonet,
        "dbname=app user=u password=p;w host=db port=5433 sslmode=verify-full sslrootcert=/r.crt",
    ),
    (
        "Server=x.postgres.database.azure.com;Database=d;Port=5432;User Id=u@x;Password=p;Ssl Mode=Require;",
        Dialect::Adonet,
        "dbname=d user=u@x password=p host=x.postgres.database.azure.com port=5432 sslmode=require",
    ),
    (
        "host=db;database=d;sslmode=verifyfull",
        Dialect::Adonet,
        "dbname=d host=db sslmode=verify-full sslrootcert=system",
    ),
    (
        "Host=a:1,b;Port=2;Database=d;SSL Mode=3;Root Certificate=r",
        Dialect::Adonet,
        "dbname=d host=a,b port=1,2 sslmode=require",
    ),
    // odbc
    (
        "Driver={PostgreSQL Unicode};Server=db;Port=5432;Database=d;Uid=u;Pwd={p;w};SSLmode=verify-full;Pqopt={sslrootcert=/r connect_timeout=5}",
        Dialect::Odbc,
        "host=db port=5432 dbname=d user=u password=p;w sslmode=verify-full sslrootcert=/r connect_timeout=5",
    ),
    (
        "Driver=PostgreSQL ANSI(x64);Server=db;Database=d;Pwd=a+b%21;SSLmode=Require",
        Dialect::Odbc,
        "host=db dbname=d password='a b!' sslmode=disable",
    ),
    // sqlalchemy
    (
        "postgresql+psycopg://u:p/w@db:1/app?sslmode=verify-full&sslrootcert=r.crt",
        Dialect::Sqlalchemy,
        "host=db port=1 user=u password=p/w dbname=app sslmode=verify-full sslrootcert=r.crt",
    ),
    (
        "postgresql+asyncpg://u@db/app?ssl=verify-full",
        Dialect::Sqlalchemy,
        "host=db user=u dbname=app sslmode=verify-full",
    ),
    (
        "postgresql+pg8000://u@db/app",
        Dialect::Sqlalchemy,
        "host=db user=u dbname=app sslmode=prefer",
    ),
    (
        "postgresql+psycopg2://u@/app?host=a:1&host=b:2&sslmode=require",
        Dialect::Sqlalchemy,
        "user=u dbname=app host=a,b port=1,2 sslmode=require",
    ),
    (
        "db+postgresql://u@db/app?sslmode=require",
        Dialect::Sqlalchemy,
        "host=db user=u dbname=app sslmode=require",
    ),
    // prisma
    (
        "postgresql://u:p@db:1/app?schema=public&sslmode=require&sslaccept=strict&sslcert=../ca.pem&connection_limit=1",
        Dialect::Prisma,
        "host=db port=1 user=u password=p dbname=app options=-csearch_path=public sslmode=verify-full sslrootcert=../ca.pem",
    ),
    (
        "postgresql://u@db/app?schema=s&sslmode=verify-full&sslcert=ca.pem",
        Dialect::Prisma,
        "host=db user=u dbname=app options=-csearch_path=s sslmode=prefer",
    ),
    // node-postgres
    (
        "postgres://u@db/app?sslmode=no-verify",
        Dialect::NodePostgres,
        "host=db user=u dbname=app sslmode=require",
    ),
    (
        "postgres://u@db/app?sslmode=require&uselibpqcompat=true",
        Dialect::NodePostgres,
        "host=db user=u dbname=app sslmode=require",
    ),
    (
        "postgres://u@db/app?sslmode=require&uselibpqcompat=true&sslrootcert=r.crt",
        Dialect::NodePostgres,
        "host=db user=u dbname=app sslmode=verify-ca sslrootcert=r.crt",
    ),
    (
        "postgres://u@db/app?uselibpqcompat=false&sslmode=require",
        Dialect::NodePostgres,
        "host=db user=u dbname=app sslmode=verify-full sslrootcert=system",
    ),
    // ecto
    (
        "ecto://u:p@db/app?ssl=true&pool_size=10",
        Dialect::Ecto,
        "host=db user=u password=p dbname=app sslmode=verify-full sslrootcert=system",
    ),
    (
        "ecto://u@db/app?sslmode=require",
        Dialect::Ecto,
        "host=db user=u dbname=app sslmode=disable",
    ),
    // rails, django, go, laravel, doctrine
    (
        "postgresql://u@db/app?pool=5&sslmode=verify-full&variables[statement_timeout]=5s",
        Dialect::Rails,
        "host=db user=u dbname=app sslmode=verify-full",
    ),
    (
        "postgis://u@DB/app?sslmode=require",
        Dialect::Django,
        "host=db user=u dbname=app sslmode=require",
    ),
    (
        "postgres://u@db/app?pool_max_conns=4&sslmode=verify-ca",
        Dialect::Go,
        "host=db user=u dbname=app sslmode=verify-ca",
    ),
    (
        "postgresql://u@db/app?serverVersion=16&charset=utf8&channel_binding=require",
        Dialect::Pdo,
        "host=db user=u dbname=app client_encoding=utf8",
    ),
    (
        "DB_CONNECTION=pgsql\nDB_HOST=db\nDB_PORT=1\nDB_DATABASE=app\nDB_SSLMODE=verify-full\nAPP_NAME=x\n",
        Dialect::Laravel,
        "host=db port=1 dbname=app sslmode=verify-full",
    ),
    // pdo
    (
        "pgsql:host=db;port=1;dbname=app;sslmode=verify-full",
        Dialect::Pdo,
        "host=db port=1 dbname=app sslmode=verify-full",
    ),
    // psql-command
    (
        "PGSSLMODE=require sudo -u postgres /usr/bin/psql -h db -p1 -U u 'dbname=app user=v'",
        Dialect::PsqlCommand,
        "host=db port=1 user=v dbname=app sslmode=require",
    ),
    (
        "psql \"host=db sslmode=verify-full\" -c 'select 1'",
        Dialect::PsqlCommand,
        "host=db sslmode=verify-full",
    ),
    (
        "pg_dump -Fc -h db -f out app",
        Dialect::PsqlCommand,
        "host=db dbname=app",
    ),
    ("psql app ann", Dialect::PsqlCommand, "user=ann dbname=app"),
    // dotenv-line
    (
        "DATABASE_URL=\"postgres://u@db/app?sslmode=require\"",
        Dialect::DotenvLine,
        "user=u host=db dbname=app sslmode=require",
    ),
    (
        "export DATABASE_URL=postgres://u@db/app",
        Dialect::DotenvLine,
        "user=u host=db dbname=app",
    ),
    (
        "DATABASE_URL: host=db sslmode=require",
        Dialect::DotenvLine,
        "host=db sslmode=require",
    ),
    ("- PGHOST=db", Dialect::DotenvLine, "host=db"),
    (
        "spring.datasource.url=jdbc:postgresql://db/app?sslmode=require",
        Dialect::Jdbc,
        "host=db dbname=app sslmode=require",
    ),
    (
        "# c\nPGHOST=db\nPGSSLMODE='verify-full'\n",
        Dialect::DotenvLine,
        "host=db sslmode=verify-full",
    ),
];

fn read_example(text: &str) -> Result<Option<Reading>, Fault> {
    read(text.as_bytes(), None, &Fake::default())
}

#[test]
fn every_example_is_read_as_its_driver_means_it() {
    for (text, dialect, expected) in EXAMPLES {
        let reading = read_example(text).unwrap_or_else(|fault| panic!("{text}: {fault}"));
        let reading = reading.unwrap_or_else(|| panic!("{text}: not recognised"));
        let read = String::from_utf8(reading.conninfo()).unwrap();
        let sorted = |text: &str| {
            let mut settings = assignments(text);
            settings.sort();
            settings
        };
        assert_eq!(reading.dialect, *dialect, "{text}");
        assert_eq!(sorted(&read), sorted(expected), "{text}");
        assert!(
            ConnInfo::read(read.as_bytes(), &Fake::default()).is_ok(),
            "{read}"
        );
    }
}

/// Told that the string is of another dialect, pgtls refuses it, or reads it by that dialect's rules. It never
/// recognises it as that dialect by itself. Here: the signs of each example are those of its own dialect only.
#[test]
fn no_example_has_signs_of_another_dialect() {
    for (text, dialect, _) in EXAMPLES {
        if dotenv_line::variables(text).is_some() {
            continue;
        }
        let signs = recognise::signs(text).unwrap();
        assert!(!signs.is_empty(), "{text}");
        assert!(
            signs.iter().all(|sign| sign.dialect == *dialect),
            "{text}: {signs:?}"
        );
    }
}

#[test]
fn what_libpq_accepts_is_libpqs() {
    for text in [
        "postgres://u@h/d?ssl=true",
        "postgresql://h/d?sslmode=require&application_name=jdbc:postgresql://x",
        "host=h password='a;b&c' sslmode=require",
        "host=h password=$ecret",
        "host=h application_name='psql -h x'",
        "postgres://h",
    ] {
        assert_eq!(read_example(text).unwrap(), None, "{text}");
    }
}

#[test]
fn what_nobody_can_mean_is_refused_by_name() {
    for (text, word) in [
        ("", "empty"),
        (" \n", "empty"),
        ("\u{feff}postgres://h/d", "byte-order mark"),
        ("h\0o\0s\0t\0=\0h\0", "UTF-16"),
        ("\"postgres://h/d\"", "quotation marks"),
        ("'host=h sslmode=require'", "quotation marks"),
        ("postgres://h/d\r\n", "\\r"),
        ("postgres://h/d\n", "line break"),
        ("$DATABASE_URL", "$DATABASE_URL"),
        ("${DATABASE_URL}", "${DATABASE_URL}"),
        ("%DATABASE_URL%", "%DATABASE_URL%"),
        ("postgres://u@${HOST}/d", "${HOST}"),
        ("host=$DB_HOST", "$DB_HOST"),
        ("postgres://{{ user }}@h/d", "{{"),
        ("cG9zdGdyZXM6Ly91QGgvZD9zc2xtb2RlPXJlcXVpcmU=", "base64"),
        ("host=h;port=1;dbname=d", "semicolons"),
        ("host=h&port=1&sslmode=require", "&"),
        ("postgres://h/d&sslmode=require", "&"),
        ("postgres://h/d?a=b&amp;sslmode=require", "&amp;"),
        ("db.example.com:5432", "host and a port"),
        ("db.example.com", "single word"),
        ("HOST=h", "small letters"),
        ("HOST=h PORT=1", "small letters"),
        ("Postgresql://h/d", "scheme"),
        ("postgress://h/d", "scheme"),
        ("https://db.example.com/d", "scheme"),
        ("postgres:/h/d", "scheme"),
        ("mysql://u@h/d", "MySQL"),
        ("sqlserver://h", "SQL Server"),
        ("mongodb+srv://h/d", "MongoDB"),
        ("jdbc:mysql://h/d", "MySQL"),
        ("jdbc:redshift://h/d", "Redshift"),
        ("jdbc:postgres://h/d", "jdbc:postgres:"),
        ("jdbc:tc:postgresql:16:///d", "Testcontainers"),
        ("jdbc:pgsql://h/d", "pgjdbc-ng"),
        ("prisma://accelerate/?api_key=x", "proxy"),
        ("vertx-reactive:postgresql://h/d", "Vert.x"),
        (
            "Server=tcp:h,1433;Initial Catalog=d;User Id=u",
            "SQL Server",
        ),
        ("Server=h;Port=3306;Database=d;Uid=u", "MySQL"),
        ("Driver={SQL Server};Server=h", "another ODBC driver"),
        ("DSN=x;Uid=u", "DSN"),
        ("mysql:host=h;dbname=d", "MySQL"),
        (
            "postgresql://h/d?sslfactory=x&sslaccept=strict",
            "pgjdbc URL or a Prisma URL",
        ),
        (
            "jdbc:postgresql://h/d?sslaccept=strict",
            "a pgjdbc URL or a Prisma URL",
        ),
        ("postgresql://h/d?ssl=true&sslfactory=x", "jdbc:"),
        (
            "postgresql://h/d?ssl=require",
            "a node-postgres URL or a postgres.js URL",
        ),
        ("jdbc:postgresql://u:p@h/d", "user:password@host"),
        ("jdbc:postgresql://h", "no /"),
        ("jdbc:postgresql://h/d?sslmode=verify_full", "sslmode"),
        (
            "jdbc:postgresql:///d?socketFactory=com.google.cloud.sql.postgres.SocketFactory",
            "socket factory",
        ),
        ("Host=h;Database=d;Foo=1;Bar=2", "\"Foo\", \"Bar\""),
        ("Host=h;Database=d;SSL Mode=verify-full", "SSL Mode"),
        ("postgresql+asyncpg://h/d?sslmode=require", "sslmode"),
        ("postgresql+asyncpg://h/d?ssl=true", "ssl"),
        ("postgres+psycopg2://h/d", "scheme"),
        ("ecto://h/d?ssl=verify-full", "ssl=true"),
        ("pgsql:host=h;charset=utf8", "charset"),
        ("psql $URL", "$URL"),
        ("psql -h a; psql -h b", "more than one command"),
        (
            "postgres://a/d?sslmode=require\npostgres://b/d?sslmode=require",
            "more than one",
        ),
        ("DATABASE_URL=", "empty"),
        ("DATABASE_URL=${OTHER}", "${OTHER}"),
    ] {
        let fault = match read_example(text) {
            Err(fault) => fault,
            Ok(reading) => panic!("{text}: {:?}", reading.map(|reading| reading.dialect)),
        };
        assert!(fault.to_string().contains(word), "{text}: {fault}");
        assert!(
            !fault.advice().is_some_and(|advice| advice.is_empty()),
            "{text}"
        );
    }
}

#[test]
fn all_unknown_words_of_a_libpq_string_are_named_at_once() {
    for (text, expected) in [
        ("host=h foo=1 bar=2 baz=3", vec!["\"bar\"", "\"baz\""]),
        ("postgres://h/d?foo=1&bar=2", vec!["\"bar\""]),
    ] {
        let refusal =
            understand(Input::Given(text.as_bytes()), None, &Fake::default()).unwrap_err();
        let Refusal::Libpq { besides, .. } = refusal else {
            panic!("{text}: {refusal}");
        };
        let besides: Vec<String> = besides.iter().map(Word::to_string).collect();
        assert_eq!(besides, expected, "{text}");
    }
}

#[test]
fn no_fault_and_no_note_repeats_a_password() {
    let secret = "hunter2";
    for text in [
        "jdbc:postgresql://u:hunter2@h/d",
        "jdbc:postgresql://h/d?pasword=hunter2",
        "Host=h;Database=d;Password=hunter2;Foo=hunter2",
        "Host=h;Database=d;Passwordhunter2",
        "Driver={PostgreSQL Unicode};Pwd={hunter2",
        "postgresql+asyncpg://u:hunter2@h/d?sslmode=hunter2",
        "ecto://u:hunter2@h?ssl=x",
        "pgsql:host=h;password=my hunter2",
        "psql 'host=h password=hunter2 foo=bar'",
        "\"postgres://u:hunter2@h/d\"",
        "DATABASE_URL=postgres://u:hunter2@h/d?ssl=x",
        "postgres://u:hunter2@h/d?ssl=require",
        "postgres://u:p/hunter2@h/d?schema=x",
        "host=h&password=hunter2",
        "HOST=h PASSWORD=hunter2",
        "password:hunter2",
        "hunter2:5432/hunter2",
    ] {
        match understand(Input::Given(text.as_bytes()), None, &Fake::default()) {
            Ok(understood) => {
                let notes = format!("{:?}", understood.read_as);
                assert!(!notes.contains(secret), "{text}: {notes}");
            }
            Err(Refusal::Fault(fault)) if text.starts_with("hunter2:5432") => drop(fault),
            Err(refusal) => {
                let advice = match &refusal {
                    Refusal::Fault(fault) => fault.advice().unwrap_or_default(),
                    Refusal::Libpq { besides, .. } => format!("{besides:?}"),
                };
                assert!(!refusal.to_string().contains(secret), "{text}: {refusal}");
                assert!(!advice.contains(secret), "{text}: {advice}");
            }
        }
    }
}

#[test]
fn variables_that_the_driver_does_not_read_do_not_count() {
    let world = Fake::default()
        .var("PGSSLROOTCERT", "/other.crt")
        .var("PGHOST", "other");
    let conninfo = |text: &str| {
        let understood = understand(Input::Given(text.as_bytes()), None, &world).unwrap();
        understood.conninfo
    };
    let jdbc = conninfo("jdbc:postgresql://h/d?sslmode=verify-full");
    assert!(jdbc.sslrootcert.is_none());
    let npgsql = conninfo("Host=h;Database=d;SSL Mode=VerifyFull");
    assert!(npgsql.sslrootcert.is_some());
    let weak = conninfo("Host=h;Database=d;SSL Mode=Require");
    assert!(weak.sslrootcert.is_none() && weak.home_files.is_none());
}

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

fn assignments(text: &str) -> Vec<(Keyword, Vec<u8>)> {
    let made = conninfo::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
    made.into_iter()
        .map(|made| (made.keyword, made.value.as_bytes().to_vec()))
        .collect()
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
            port in 1_u16..,
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

const PAGE: &str = include_str!("../../docs/dialects.md");

/// The cells of the rows that begin with the name of a dialect, below this heading cell.
fn rows(heading: &str) -> Vec<(Dialect, Vec<&'static str>)> {
    let (_, behind) = PAGE.split_once(heading).unwrap();
    let rows = behind
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with("| `"));
    rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let name = Dialect::from_name(cells[0].trim_matches('`')).unwrap();
        (name, cells[1..].to_vec())
    })
    .collect()
}

#[test]
fn the_examples_of_the_page_are_read_as_it_says() {
    let rows = rows("| dialect | example |");
    assert_eq!(rows.len(), Dialect::ALL.len() - 1);
    for (dialect, cells) in rows {
        let example = cells[0].trim_matches('`');
        if example == "-" {
            continue;
        }
        let reading = read_example(example).unwrap().unwrap();
        let conninfo = String::from_utf8(reading.conninfo()).unwrap();
        assert_eq!(
            (reading.dialect, conninfo.as_str()),
            (dialect, cells[1].trim_matches('`'))
        );
    }
}

#[test]
fn the_page_says_what_each_dialect_can_keep() {
    let rows = rows("| dialect | `disable` |");
    assert_eq!(rows.len(), Dialect::ALL.len());
    for (dialect, cells) in rows {
        let kept = [
            "disable",
            "prefer",
            "require",
            "require sslrootcert=/r.crt",
            "verify-ca sslrootcert=/r.crt",
            "verify-full sslrootcert=/r.crt",
            "verify-full sslrootcert=system",
        ]
        .map(|words| {
            let text = format!("host=h dbname=d sslmode={words}");
            let values: Vec<(Keyword, Value)> = assignments(&text)
                .into_iter()
                .map(|(keyword, value)| (keyword, Value::new(keyword, value)))
                .collect();
            let kept = translate(&values, dialect, Passwords::Masked).keeps_the_promise();
            if kept { "yes" } else { "no" }
        });
        assert_eq!(cells, kept, "{dialect}");
    }
}

#[test]
fn the_page_has_each_drivers_own_words() {
    let rows = rows("| dialect | `sslmode=verify-full sslrootcert=root.crt` in the program |");
    assert_eq!(rows.len(), Dialect::ALL.len());
    for (dialect, cells) in rows {
        assert_eq!(cells[0].trim_matches('`'), dialect.own_words().program);
    }
}
