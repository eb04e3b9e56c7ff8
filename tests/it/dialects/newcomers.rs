//! Strings of newcomers, as they copy them from their frameworks.

use crate::support::client::Client;

/// The strings that newcomers try first, whose they are, and what libpq must be told.
const NEWCOMERS: &[(&str, &str, &str, &str)] = &[
    (
        "jdbc:postgresql://h:1/d?user=u&password=hunter2&ssl=true",
        "jdbc",
        "verify-full",
        "",
    ),
    (
        "jdbc:postgresql://h:1/d?sslmode=require&sslrootcert=root.crt",
        "jdbc",
        "require",
        "",
    ),
    (
        "Server=h;Database=d;Port=1;User Id=u;Password=hunter2;Ssl Mode=VerifyFull;Root Certificate=root.crt",
        "adonet",
        "verify-full",
        "root.crt",
    ),
    (
        "postgresql+psycopg://u:hunter2@h:1/d?sslmode=verify-full&sslrootcert=root.crt",
        "sqlalchemy",
        "verify-full",
        "root.crt",
    ),
    (
        "postgresql+asyncpg://u:hunter2@h:1/d?ssl=require",
        "sqlalchemy",
        "require",
        "",
    ),
    (
        "postgresql://u:hunter2@h:1/d?schema=public&sslmode=require&sslaccept=strict&sslcert=root.crt",
        "prisma",
        "verify-full",
        "root.crt",
    ),
    (
        "postgres://u:hunter2@h:1/d?sslmode=no-verify",
        "node-postgres",
        "require",
        "",
    ),
    (
        "ecto://u:hunter2@h:1/d?ssl=true",
        "ecto",
        "verify-full",
        "system",
    ),
    (
        "pgsql:host=h;port=1;dbname=d;sslmode=verify-full;sslrootcert=root.crt",
        "pdo",
        "verify-full",
        "root.crt",
    ),
    (
        "r2dbc:postgresql://u:hunter2@h:1/d?sslMode=verify-ca&sslRootCert=root.crt",
        "r2dbc",
        "verify-ca",
        "root.crt",
    ),
    (
        "Driver={PostgreSQL Unicode};Server=h;Port=1;Database=d;Uid=u;Pwd=hunter2;SSLmode=require",
        "odbc",
        "require",
        "",
    ),
    (
        "postgres://u:hunter2@h:1/d?sslmode=verify-full&pool=5",
        "rails",
        "verify-full",
        "",
    ),
    (
        "DATABASE_URL=\"postgres://u:hunter2@h:1/d?sslmode=require\"",
        "dotenv-line",
        "require",
        "",
    ),
    (
        "DATABASE_URL='postgres://u:hunter2@h:1/d?sslmode=require'",
        "dotenv-line",
        "require",
        "",
    ),
    (
        "export DATABASE_URL=postgres://u:hunter2@h:1/d?sslmode=require",
        "dotenv-line",
        "require",
        "",
    ),
    (
        "DATABASE_URL: postgres://u:hunter2@h:1/d?sslmode=require",
        "dotenv-line",
        "require",
        "",
    ),
    (
        "- \"DATABASE_URL=postgres://u:hunter2@h:1/d?sslmode=require\"",
        "dotenv-line",
        "require",
        "",
    ),
    (
        "docker run --rm -e DATABASE_URL=postgres://u:hunter2@h:1/d?sslmode=require app:latest",
        "dotenv-line",
        "require",
        "",
    ),
    (
        "kubectl create secret generic db --from-literal=URL='postgres://u:hunter2@h:1/d?sslmode=require'",
        "dotenv-line",
        "require",
        "",
    ),
    (
        "export PGHOST=h PGPORT=1 PGSSLMODE=require PGPASSWORD=hunter2",
        "dotenv-line",
        "require",
        "",
    ),
    (
        "- DATABASE_URL=postgres://u:hunter2@h:1/d?sslmode=require",
        "dotenv-line",
        "require",
        "",
    ),
    (
        "psql \"host=h port=1 sslmode=require password=hunter2\"",
        "psql-command",
        "require",
        "",
    ),
    (
        "PGHOST=h\nPGPORT=1\nPGSSLMODE=require\nPGPASSWORD=hunter2",
        "dotenv-line",
        "require",
        "",
    ),
    (
        "DB_CONNECTION=pgsql\nDB_HOST=h\nDB_PORT=1\nDB_PASSWORD=hunter2\nDB_SSLMODE=require",
        "laravel",
        "require",
        "",
    ),
];

#[test]
fn the_strings_of_newcomers_are_read_and_their_passwords_are_not_shown() {
    let client = Client::new().with("PGSSLROOTCERT", "");
    for (string, dialect, mode, root) in NEWCOMERS {
        let run = client.pgtls(&["conninfo", "--format", "json", string]);
        assert_eq!(run.code, 0, "{string}: {run:?}");
        let document = run.json();
        assert_eq!(document["dialect"], *dialect, "{string}");
        let value = |name: &str| {
            document["parameters"][name]["value"]
                .as_str()
                .unwrap_or("")
                .to_owned()
        };
        assert_eq!(
            (value("host").as_str(), value("port").as_str()),
            ("h", "1"),
            "{string}"
        );
        assert_eq!(
            (value("sslmode").as_str(), value("sslrootcert").as_str()),
            (*mode, *root),
            "{string}"
        );
        let text = client.pgtls(&["conninfo", string]);
        assert!(text.stdout.starts_with("read as "), "{text:?}");
        let all = client.pgtls(&["translate", "--to", "all", string]);
        assert_eq!(all.code, 0, "{all:?}");
        for shown in [&run.stdout, &text.stdout, &all.stdout] {
            assert!(!shown.contains("hunter2"), "{string}: {shown}");
        }
    }
}
