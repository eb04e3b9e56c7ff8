//! Strings of every dialect: what is read, what is refused, and what is never repeated.

mod asked;
mod examples;
mod page;
mod round_trip;

use std::path::Path;

use super::*;
use crate::conninfo::fake::Fake;
use crate::conninfo::{self, ConnInfo, Keyword, Word};
use crate::os;

fn read_example(text: &str) -> Result<Option<Reading>, Fault> {
    read(text.as_bytes(), None, &Fake::default())
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

/// pgjdbc 42.5.5 was asked.
#[test]
fn pgjdbc_has_a_default_key_of_its_own() {
    // Windows has them in another directory.
    let path = |name| {
        let path = os::home_files(Path::new("/home/me")).join(name);
        path.into_os_string().into_string().unwrap()
    };
    let home = || Fake::default().file(&path("postgresql.crt"), "");
    let text = b"jdbc:postgresql://h/d?user=u&sslmode=verify-full";
    let read = |world: Fake| {
        let reading = read(text, None, &world).unwrap().unwrap();
        let text = |keyword| {
            reading
                .get(keyword)
                .map(|value| os::slashed(String::from_utf8(value.to_vec()).unwrap()))
        };
        (text(Keyword::SslKey), text(Keyword::SslCertMode))
    };
    let pem = |world: Fake| world.file(&path("postgresql.key"), "");
    let own = |world: Fake| world.file(&path("postgresql.pk8"), "");
    let key = Some(os::slashed(path("postgresql.pk8")));
    assert_eq!(read(pem(home())), (None, Some("disable".to_owned())));
    assert_eq!(read(own(pem(home()))), (key, None));
    assert_eq!(read(home()), (None, None));
}

/// What a driver's setting means is found in libpq's words, too, where it stands in a string for libpq.
#[test]
fn a_setting_of_a_driver_leads_to_that_of_libpq() {
    let mut lost = Vec::new();
    for dialect in Dialect::ALL {
        let Some(table) = keyword::table(*dialect) else {
            continue;
        };
        for row in table.rows {
            let meant = match row.meaning {
                settings::Meaning::Same(keyword)
                | settings::Meaning::Words(keyword, _)
                | settings::Meaning::Flag { keyword, .. } => Some(keyword),
                settings::Meaning::SearchPath => Some(Keyword::Options),
                settings::Meaning::Tls => None,
                settings::Meaning::Nothing
                | settings::Meaning::Lost(_)
                | settings::Meaning::Refused(_) => continue,
            };
            for name in row.names {
                let found = Keyword::from_bytes(name.as_bytes())
                    .or_else(|| Keyword::nearest(name.as_bytes()));
                let leads = found.is_some() && meant.is_none_or(|meant| Some(meant) == found);
                if !leads {
                    lost.push(*name);
                }
            }
        }
    }
    // libpq reads the first one. It has no driver, and the others are codes of ODBC, or say how to read other settings.
    let none = [
        "requiressl",
        "Driver",
        "Pqopt",
        "D9",
        "D7",
        "D8",
        "sslinline",
    ];
    assert_eq!(lost, none);
}

/// psql 15 was asked: variables and defaults stand below a service, settings of the string above it.
#[test]
fn a_service_counts_before_variables_and_defaults() {
    let world = Fake::default().home("/home/me").file(
        "/home/me/.pg_service.conf",
        "[weak]\nhost=s\nport=7\nsslmode=require\n",
    );
    for (text, host, port, mode) in [
        (
            "PGSSLMODE=verify-full psql service=weak",
            "s",
            "7",
            "require",
        ),
        (
            "export PGSERVICE=weak\nexport PGSSLMODE=verify-full",
            "s",
            "7",
            "require",
        ),
        (
            "docker run -e PGSERVICE=weak -e PGSSLMODE=verify-full img",
            "s",
            "7",
            "require",
        ),
        (
            "PGSSLMODE=disable psql 'service=weak sslmode=verify-full'",
            "s",
            "7",
            "verify-full",
        ),
        ("jdbc:postgresql:lab?service=weak", "s", "7", "require"),
        (
            "jdbc:postgresql://h/lab?service=weak",
            "h",
            "5432",
            "require",
        ),
        (
            "jdbc:postgresql://h:6/lab?service=weak&sslmode=verify-full",
            "h",
            "6",
            "verify-full",
        ),
        ("jdbc:postgresql:lab", "localhost", "5432", "prefer"),
    ] {
        let reading = read(text.as_bytes(), None, &world).unwrap().unwrap();
        let conninfo = reading.complete(&world).unwrap();
        let found = |keyword| {
            let setting = conninfo.parameter(keyword);
            setting.map_or("-", |setting| {
                str::from_utf8(setting.value.as_bytes()).unwrap()
            })
        };
        assert_eq!(
            (
                found(Keyword::Host),
                found(Keyword::Port),
                found(Keyword::SslMode)
            ),
            (host, port, mode),
            "{text}"
        );
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
        ("jdbc:postgresql://h/d?user=u&amp;sslmode=require", "&amp;"),
        ("JDBC:postgresql://h/d", "small letters"),
        (
            "DATABASE_URL: cG9zdGdyZXM6Ly91QGgvZD9zc2xtb2RlPXJlcXVpcmU=",
            "base64",
        ),
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
        ("postgresql+psycopg2://u@h:/d", "port"),
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
        "jdbc:postgresql://h/d?user=u&password=Sec&hunter2&ssl=true",
        "jdbc:postgresql://h/d?user=u&password=Sec&ret=1&hunter2=x&foo",
        "postgres://h/d?sslmode=no-verify&password=Sec&hunter2=1",
        "postgresql://u@h/d?pool=5&password=Sec&hunter2=1",
        "postgresql://u@h/d?pool_max_conns=5&password=Sec&hunter2=1",
        "postgresql://u@h/d?pgbouncer=true&password=Sec&hunter2=1",
        "postgresql://u@h/d?serverVersion=15&password=Sec&hunter2=1",
        "pgsql://u@h/d?password=Sec&hunter2=1",
        "r2dbc:postgresql://h/d?sslPassword=Sec&hunter2=1",
        "postgresql+psycopg://h/d?password=Sec&hunter2=1",
        "postgresql+psycopg://h/d?password=Sec&hunter2=1&hunter2=2",
        "postgresql+asyncpg://h/d?password=Sec&hunter2=1",
        "postgresql+pg8000://h/d?password=Sec&hunter2=1",
        "DB_CONNECTION=pgsql\nDB_URL=pgsql://h/d?password=Sec&hunter2=1",
        "Host=h;Database=d;PSW=Sec;hunter2=1;x=2",
        "Driver={PostgreSQL Unicode};Server=h;Pwd=Sec;hunter2=1",
        "Driver={PostgreSQL Unicode};Server=h;Pwd=Sec; hunter2 =1",
        "Driver={PostgreSQL Unicode};Server=h;Pwd=Sec;hunter2={1}",
        "host=h pool_max_conns=1 password=Sec hunter2=1",
        "postgres://h/d?password=Sec&ret=1&hunter2=2",
        "host=h password=Sec ret=1 hunter2=2",
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

/// libpq is under some drivers, and obeys OpenSSL's configuration there, too.
#[test]
fn a_directory_of_openssls_configuration_is_read_for_every_driver() {
    let world = Fake::default()
        .var("OPENSSL_CONF", "/openssl.cnf")
        .file(
            "/openssl.cnf",
            "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n.include /d",
        )
        .file("/d/policy.conf", "CipherString = DEFAULT:@SECLEVEL=3");
    for text in [
        "host=h",
        "postgresql+psycopg://h/d?sslmode=verify-full",
        "psql -h h",
    ] {
        let understood = understand(Input::Given(text.as_bytes()), None, &world).unwrap();
        let conf = understood.conninfo.openssl_conf;
        let level = conf.and_then(|conf| conf.security_level());
        assert_eq!(level, Some(3), "{text}");
    }
}

fn assignments(text: &str) -> Vec<(Keyword, Vec<u8>)> {
    let made = conninfo::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
    made.into_iter()
        .map(|made| (made.keyword, made.value.as_bytes().to_vec()))
        .collect()
}
