//! What each string means to libpq, and that no other dialect claims it.

use super::*;

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
        "r2dbc:postgresql:failover://a:1,b:2/app?sslMode=require&sslRootCert=r.crt",
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
        "sudo -u postgres PGSSLMODE=require /usr/bin/psql -h db -p1 -U u 'dbname=app user=v'",
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
