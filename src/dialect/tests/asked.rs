//! What strings mean whose dialect the user has named: rules that need no sign of a dialect, and what its driver refuses.

use super::*;

/// What libpq must be told, sorted; or what the driver refuses.
fn as_dialect(dialect: Dialect, text: &str, world: &Fake) -> Result<String, Fault> {
    let reading = read(text.as_bytes(), Some(dialect), world)?.unwrap();
    let words = String::from_utf8(reading.conninfo()).unwrap();
    let mut words: Vec<&str> = words.split(' ').collect();
    words.sort_unstable();
    Ok(words.join(" "))
}

fn check(world: &Fake, cases: &[(Dialect, &str, &str)]) {
    for (dialect, text, expected) in cases {
        let read = as_dialect(*dialect, text, world);
        let read = read.unwrap_or_else(|fault| panic!("{dialect}: {text}: {fault}"));
        assert_eq!(read, *expected, "{dialect}: {text}");
    }
}

use Dialect::{
    Adonet, Django, Ecto, Jdbc, Laravel, NodePostgres, PostgresJs, R2dbc, Rails, Sqlalchemy,
};

#[test]
fn an_empty_value_is_what_the_driver_takes_it_for() {
    let plain = "host=h sslmode=disable";
    let full = "host=h sslmode=verify-full sslrootcert=system";
    check(
        &Fake::default(),
        &[
            (NodePostgres, "postgres://h?sslmode=", plain),
            (NodePostgres, "postgres://h?sslrootcert=", plain),
            (NodePostgres, "postgres://h?sslcert=&sslkey=", plain),
            (
                NodePostgres,
                "postgres://h?uselibpqcompat=true&sslmode=",
                plain,
            ),
            (
                NodePostgres,
                "postgres://h?sslmode=verify-full&sslmode=",
                plain,
            ),
            (
                NodePostgres,
                "postgres://h?sslmode=&sslmode=verify-full",
                full,
            ),
            (NodePostgres, "postgres://h?sslmode=&ssl=true", full),
            (NodePostgres, "postgres://h?ssl=true&ssl=", plain),
            (
                NodePostgres,
                "postgres://u@h?user=&host=&port=",
                "host=h sslmode=disable user=u",
            ),
            (PostgresJs, "postgres://h?sslmode=", plain),
            (
                PostgresJs,
                "postgres://h?sslmode=&ssl=require",
                "host=h sslmode=require",
            ),
            (Adonet, "Host=h;SSL Mode=", "host=h sslmode=prefer"),
            (
                Adonet,
                "Host=h;SSL Mode=VerifyFull;SslMode=",
                "host=h sslmode=prefer",
            ),
            (
                Adonet,
                "Host=h;SSL Mode=;SSL Mode=VerifyFull;Root Certificate=x;RootCertificate=",
                full,
            ),
            (
                Rails,
                "postgres://h/d?sslmode=verify-full&sslmode=",
                "dbname=d host=h",
            ),
            (
                Rails,
                "postgres://h/d?sslmode=&sslmode=require",
                "dbname=d host=h sslmode=require",
            ),
            (
                Django,
                "postgres://h/d?sslmode=verify-full&sslmode=&foo=",
                "dbname=d host=h sslmode=verify-full",
            ),
            (
                Sqlalchemy,
                "postgresql+psycopg://h/d?sslmode=verify-full&sslmode=&foo",
                "dbname=d host=h sslmode=verify-full",
            ),
            (
                Sqlalchemy,
                "postgresql+asyncpg://h/d?ssl=",
                "dbname=d host=h sslmode=prefer",
            ),
        ],
    );
}

#[test]
fn of_duplicates_the_drivers_own_counts() {
    let plain = "dbname=d host=h sslmode=disable";
    let full = "dbname=d host=h sslmode=verify-full sslrootcert=system";
    check(
        &Fake::default(),
        &[
            (Ecto, "ecto://h/d?ssl=true&ssl=false", plain),
            (Ecto, "ecto://h/d?ssl=false&ssl=true", full),
            (
                R2dbc,
                "r2dbc:postgresql://h/d?sslMode=disable&sslmode=verify-full",
                plain,
            ),
            (R2dbc, "r2dbc:postgresql://h/d?sslmode=verify-full", plain),
            (R2dbc, "r2dbcs:postgresql://h/d", full),
            (R2dbc, "r2dbcs:postgresql://h/d?ssl=false", plain),
            (
                Jdbc,
                "jdbc:postgresql://h/d?targetServerType=primary&targetServerType=any&ssl=false",
                "dbname=d host=h sslmode=prefer",
            ),
            (
                Rails,
                "postgres://h/d?requiressl=1&requiressl=yes",
                "dbname=d host=h sslmode=prefer",
            ),
            (
                Rails,
                "postgres://h/d?requiressl=1x",
                "dbname=d host=h sslmode=require",
            ),
        ],
    );
}

#[test]
fn an_encoded_name_is_another_name_where_the_driver_does_not_decode_it() {
    check(
        &Fake::default(),
        &[
            (
                Jdbc,
                "jdbc:postgresql://h/d?ssl%6dode=verify-full",
                "dbname=d host=h sslmode=prefer",
            ),
            (
                Rails,
                "postgres://h/d?ssl%6dode=verify-full",
                "dbname=d host=h",
            ),
            (
                NodePostgres,
                "postgres://h?ssl%6dode=no-verify",
                "host=h sslmode=require",
            ),
            (
                R2dbc,
                "r2dbc:postgresql://h/d?ssl%4dode=require",
                "dbname=d host=h sslmode=require",
            ),
            (
                Laravel,
                "pgsql://h/d?ssl%6dode=require",
                "dbname=d host=h sslmode=require",
            ),
        ],
    );
}

#[test]
fn where_to_connect_is_where_the_driver_looks() {
    let asyncpg = Fake::default().var("PGSSLMODE", "disable");
    check(
        &asyncpg,
        &[
            (
                Sqlalchemy,
                "postgresql+asyncpg://a:5432/d?port=6432",
                "dbname=d host=a port=6432 sslmode=disable",
            ),
            (
                Sqlalchemy,
                "postgresql+asyncpg://a/d?ssl=verify-full&direct_tls=false",
                "dbname=d host=a sslmode=verify-full sslnegotiation=direct",
            ),
            (
                PostgresJs,
                "postgres://u@a:6432,b/d?host=x&hostname=x&port=1&username=v&password=p&db=e",
                "dbname=d host=a,b port=6432,6432 sslmode=disable user=u",
            ),
            (
                PostgresJs,
                "postgres://u@a,b:6432/d?user=v&database=e",
                "dbname=e host=a,b port=5432,6432 sslmode=disable user=v",
            ),
        ],
    );
    let wrong = Fake::default().var("PGSSLMODE", "maybe");
    let fault = as_dialect(Sqlalchemy, "postgresql+asyncpg://a/d", &wrong).unwrap_err();
    assert!(fault.to_string().contains("PGSSLMODE"), "{fault}");
}

#[test]
fn a_value_that_the_driver_does_not_know_is_refused_with_its_name() {
    for (dialect, text, name) in [
        (Adonet, "Host=h;Channel Binding=Requird", "Channel Binding"),
        (
            Adonet,
            "Host=h;GSS Encryption Mode=no",
            "GSS Encryption Mode",
        ),
        (Adonet, "Host=h;SSL Negotiation=2", "SSL Negotiation"),
        (Adonet, "Host=h;Load Balance Hosts=1", "Load Balance Hosts"),
        (
            Adonet,
            "Host=h;Target Session Attributes=x",
            "Target Session Attributes",
        ),
        (Jdbc, "jdbc:postgresql://h/d?gssEncMode=no", "gssEncMode"),
        (
            Jdbc,
            "jdbc:postgresql://h/d?targetServerType=x",
            "targetServerType",
        ),
        (
            R2dbc,
            "r2dbc:postgresql://h/d?channelBinding=x",
            "channelBinding",
        ),
        (
            PostgresJs,
            "postgres://h/d?target_session_attrs=any",
            "target_session_attrs",
        ),
        (
            Jdbc,
            "jdbc:postgresql://h/d?sslmode=verify-full&sslrootcert=",
            "sslrootcert",
        ),
        (
            Sqlalchemy,
            "postgresql+asyncpg://h/d?command_timeout=x",
            "command_timeout",
        ),
        (
            Sqlalchemy,
            "postgresql+asyncpg://h/d?command_timeout=0",
            "command_timeout",
        ),
        (
            Sqlalchemy,
            "postgresql+asyncpg://h/d?prepared_statement_cache_size=1.5",
            "prepared_statement_cache_size",
        ),
        (
            Sqlalchemy,
            "postgresql+asyncpg://h/d?async_fallback=2",
            "async_fallback",
        ),
        (
            Sqlalchemy,
            "postgresql+asyncpg://h/d?statement_cache_size=0",
            "wants a number",
        ),
        (
            Django,
            "postgres://h/d?isolation_level=serializable",
            "isolation_level",
        ),
    ] {
        let fault = as_dialect(dialect, text, &Fake::default()).unwrap_err();
        assert!(
            matches!(&fault, Fault::Refused { reason, .. } if reason.contains(name)),
            "{dialect}: {text}: {fault}"
        );
    }
    check(
        &Fake::default(),
        &[
            (
                Adonet,
                "Host=h;Channel Binding=2;Load Balance Hosts=TRUE",
                "channel_binding=require host=h load_balance_hosts=random sslmode=prefer",
            ),
            (
                Jdbc,
                "jdbc:postgresql://h/d?loadBalanceHosts=yes&tcpKeepAlive=no&targetServerType=preferPrimary",
                "dbname=d host=h keepalives=0 sslmode=prefer",
            ),
            (
                PostgresJs,
                "postgres://h?target_session_attrs=",
                "host=h sslmode=disable",
            ),
            (
                Sqlalchemy,
                "postgresql+asyncpg://h?command_timeout=1e3&async_fallback=On&prepared_statement_cache_size=0",
                "host=h sslmode=prefer",
            ),
            (Django, "postgres://h?isolation_level=4&pool=true", "host=h"),
            // Django's own `get_connection_params` was asked.
            (
                Django,
                "postgres://u@h/d?host=good&user=w&port=9&sslmode=require",
                "dbname=d host=h port=9 sslmode=require user=u",
            ),
            (Django, "postgres:///d?host=good", "dbname=d host=good"),
        ],
    );
}

/// dj-database-url 3.1 with Django 5.2 and psycopg 3.3, and postgres.js 3.4 with a server, were asked: each refuses these.
#[test]
fn a_setting_with_which_some_login_fails_is_a_warning() {
    for (dialect, text) in [
        (Django, "postgres://h/d?CONN_MAX_AGE=60"),
        (Django, "postgres://h/d?conn_health_checks=true"),
        (PostgresJs, "postgres://h/d?ssl=require&pgbouncer=true"),
        (
            PostgresJs,
            "postgres://h/d?ssl=require&channel_binding=require",
        ),
    ] {
        let reading = read(text.as_bytes(), Some(dialect), &Fake::default());
        let reading = reading.unwrap().unwrap();
        let warned = reading
            .notes
            .iter()
            .filter(|note| note.weight == Weight::Warning);
        let said: Vec<String> = warned.map(|note| format!("{note:?}")).collect();
        assert!(
            said.len() == 1 && said[0].contains("refuses"),
            "{text}: {said:?}"
        );
    }
    let fault = as_dialect(Django, "postgres://h/d?TEST_CHARSET=x", &Fake::default());
    assert!(
        matches!(fault, Err(Fault::UnknownSettings { .. })),
        "{fault:?}"
    );
}

/// A name behind a password may be the rest of it, unless a driver has such a name.
#[test]
fn a_name_behind_a_password_is_hidden_unless_it_is_one() {
    let shown = |dialect: Dialect, text: &str| -> Vec<String> {
        let reading = read(text.as_bytes(), Some(dialect), &Fake::default());
        let notes = reading.unwrap().unwrap().notes.into_iter();
        notes.map(|note| note.setting).collect()
    };
    let hidden = "(not shown: it may contain a password)";
    assert_eq!(
        shown(
            Jdbc,
            "jdbc:postgresql://h/d?password=a&b&c=1&sslMode=x&foo&ssl=true"
        ),
        [hidden, hidden, "sslMode", "foo", "ssl"]
    );
    assert_eq!(
        shown(Jdbc, "jdbc:postgresql://h/d;user=u;password=a?b&c=1"),
        [hidden, hidden, "sslmode"]
    );
    assert_eq!(
        shown(PostgresJs, "postgres://h/d?pass=a&b=1&sslmode=require"),
        ["pass", hidden]
    );
}
