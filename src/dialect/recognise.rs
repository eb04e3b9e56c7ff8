//! Whose string it is, by certain signs: its beginning, and settings that only one driver has. Never by a piece of a value
//! that may be a password.

use super::fault::Sign;
use super::settings::Param;
use super::{Dialect, Fault, jdbc, odbc, pairs, psql_command, r2dbc, sqlalchemy};
use crate::conninfo::Keyword;

/// Schemes of other databases, and what they are called.
const OTHER_DATABASES: &[(&str, &str)] = &[
    ("mysql", "MySQL"),
    ("mysqls", "MySQL"),
    ("mysqlx", "MySQL"),
    ("mysql2", "MySQL"),
    ("mariadb", "MariaDB"),
    ("sqlserver", "SQL Server"),
    ("mssql", "SQL Server"),
    ("sqlsrv", "SQL Server"),
    ("mongodb", "MongoDB"),
    ("redis", "Redis"),
    ("rediss", "Redis"),
    ("valkey", "Valkey"),
    ("amqp", "RabbitMQ"),
    ("amqps", "RabbitMQ"),
    ("sqlite", "SQLite"),
    ("sqlite3", "SQLite"),
    ("file", "SQLite"),
    ("libsql", "libSQL"),
    ("oracle", "Oracle Database"),
    ("oci", "Oracle Database"),
    ("db2", "Db2"),
    ("redshift", "Amazon Redshift"),
    ("snowflake", "Snowflake"),
    ("clickhouse", "ClickHouse"),
    ("cassandra", "Cassandra"),
    ("elasticsearch", "Elasticsearch"),
    ("kafka", "Kafka"),
    ("ldap", "LDAP"),
    ("ldaps", "LDAP"),
    ("memcached", "Memcached"),
    ("neo4j", "Neo4j"),
    ("bolt", "Neo4j"),
    ("firebird", "Firebird"),
    ("hive", "Hive"),
    ("trino", "Trino"),
    ("duckdb", "DuckDB"),
    ("h2", "H2"),
    ("hsqldb", "HSQLDB"),
    ("derby", "Derby"),
];

/// Settings that only one driver has, or that few have: then more is needed.
const KEYS: &[(&str, &[Dialect])] = &[
    ("schema", &[Dialect::Prisma]),
    ("connection_limit", &[Dialect::Prisma]),
    ("pool_timeout", &[Dialect::Prisma]),
    ("pgbouncer", &[Dialect::Prisma]),
    ("sslaccept", &[Dialect::Prisma]),
    ("sslidentity", &[Dialect::Prisma]),
    ("socket_timeout", &[Dialect::Prisma]),
    ("statement_cache_size", &[Dialect::Prisma]),
    ("max_idle_connection_lifetime", &[Dialect::Prisma]),
    ("uselibpqcompat", &[Dialect::NodePostgres]),
    ("pool", &[Dialect::Rails]),
    ("prepared_statements", &[Dialect::Rails]),
    ("encoding", &[Dialect::Rails]),
    ("schema_search_path", &[Dialect::Rails]),
    ("checkout_timeout", &[Dialect::Rails]),
    ("reaping_frequency", &[Dialect::Rails]),
    ("statement_limit", &[Dialect::Rails]),
    ("advisory_locks", &[Dialect::Rails]),
    ("adapter", &[Dialect::Rails]),
    ("pool_max_conns", &[Dialect::Go]),
    ("pool_min_conns", &[Dialect::Go]),
    ("pool_max_conn_lifetime", &[Dialect::Go]),
    ("pool_max_conn_idle_time", &[Dialect::Go]),
    ("pool_health_check_period", &[Dialect::Go]),
    ("default_query_exec_mode", &[Dialect::Go]),
    ("statement_cache_capacity", &[Dialect::Go]),
    ("description_cache_capacity", &[Dialect::Go]),
    ("sslinline", &[Dialect::Go]),
    ("binary_parameters", &[Dialect::Go]),
    ("serverVersion", &[Dialect::Pdo]),
    ("charset", &[Dialect::Pdo]),
    ("pool_size", &[Dialect::Ecto]),
    ("queue_target", &[Dialect::Ecto]),
    ("conn_max_age", &[Dialect::Django]),
    ("CONN_MAX_AGE", &[Dialect::Django]),
    ("conn_health_checks", &[Dialect::Django]),
    ("currentSchema", &[Dialect::Jdbc, Dialect::Django]),
    ("sslfactory", &[Dialect::Jdbc]),
    ("sslfactoryarg", &[Dialect::Jdbc]),
    ("sslhostnameverifier", &[Dialect::Jdbc]),
    ("sslpasswordcallback", &[Dialect::Jdbc]),
    ("socketFactory", &[Dialect::Jdbc]),
    ("socketFactoryArg", &[Dialect::Jdbc]),
    ("targetServerType", &[Dialect::Jdbc]),
    ("prepareThreshold", &[Dialect::Jdbc]),
    ("reWriteBatchedInserts", &[Dialect::Jdbc]),
    ("stringtype", &[Dialect::Jdbc]),
    ("ApplicationName", &[Dialect::Jdbc]),
    ("defaultRowFetchSize", &[Dialect::Jdbc]),
    ("loginTimeout", &[Dialect::Jdbc]),
    ("socketTimeout", &[Dialect::Jdbc]),
    ("preferQueryMode", &[Dialect::Jdbc]),
];

/// Settings that decide about TLS in one driver: in a string of another they are a contradiction.
const DECISIVE: &[&str] = &[
    "sslaccept",
    "sslidentity",
    "sslfactory",
    "uselibpqcompat",
    "sslinline",
];

/// Names of settings in the strings of other databases for .NET.
const SQL_SERVER: &[&str] = &[
    "initial catalog",
    "data source",
    "integrated security",
    "multipleactiveresultsets",
    "trusted_connection",
    "multisubnetfailover",
    "encrypt",
    "address",
    "network address",
    "failover partner",
    "attachdbfilename",
];
const MYSQL: &[&str] = &[
    "sslca",
    "allowpublickeyretrieval",
    "allowuservariables",
    "convert zero datetime",
    "convertzerodatetime",
    "treattinyasboolean",
    "guidformat",
    "defaultcommandtimeout",
];

/// All signs of a string.
///
/// # Errors
/// It is certainly a string for something else, or one that its own driver refuses.
pub(super) fn signs(text: &str) -> Result<Vec<Sign>, Fault> {
    let mut signs = by_beginning(text)?;
    let own = signs.first().map(|sign| sign.dialect);
    if text.contains("://") && !psql_command::is_command(text) {
        by_key(text, own, &mut signs);
    }
    if signs.is_empty() && psql_command::is_command(text) {
        signs.push(sign(Dialect::PsqlCommand, "the first word"));
    }
    if signs.is_empty() && !text.contains("://") {
        by_pairs(text, &mut signs)?;
    }
    signs.dedup();
    let all_jdbc = !signs.is_empty() && signs.iter().all(|sign| sign.dialect == Dialect::Jdbc);
    if all_jdbc && !text.starts_with("jdbc:") {
        return Err(Fault::NoPrefix {
            dialect: Dialect::Jdbc,
            because: signs
                .first()
                .map(|sign| sign.because.clone())
                .unwrap_or_default(),
            missing: "jdbc:",
        });
    }
    Ok(signs)
}

fn sign(dialect: Dialect, because: &str) -> Sign {
    Sign {
        dialect,
        because: because.to_owned(),
    }
}

/// The scheme, or what stands in its place.
fn by_beginning(text: &str) -> Result<Vec<Sign>, Fault> {
    if text.starts_with("jdbc:") {
        return jdbc_kind(text);
    }
    if text.starts_with("r2dbc") && text.contains("://") {
        if r2dbc::behind_prefix(text).is_some() {
            return Ok(vec![sign(Dialect::R2dbc, "its beginning")]);
        }
        let driver = text
            .split(':')
            .find(|part| !part.starts_with("r2dbc") && *part != "pool");
        let known =
            driver.and_then(|driver| OTHER_DATABASES.iter().find(|(scheme, _)| *scheme == driver));
        return Err(known.map_or_else(
            || {
                Fault::refused(
                    Dialect::R2dbc,
                    "its URLs begin with r2dbc:postgresql:// or r2dbcs:postgresql://",
                )
            },
            |(_, name)| Fault::OtherDatabase(name),
        ));
    }
    if text.starts_with("vertx-reactive:") {
        return Err(Fault::OtherDriver {
            name: "Vert.x",
            instead: "Remove vertx-reactive: to see how libpq would read the rest. Without sslmode, Vert.x connects in plain text.",
        });
    }
    if text.starts_with(super::pdo::PREFIX) && !text.starts_with("pgsql://") {
        return Ok(vec![sign(Dialect::Pdo, "pgsql: at its beginning")]);
    }
    let Some((scheme, rest)) = text.split_once(':') else {
        return Ok(Vec::new());
    };
    let base = scheme.split('+').next().unwrap_or_default();
    let is_url = rest.starts_with("//");
    let database = |word: &str| OTHER_DATABASES.iter().find(|(known, _)| *known == word);
    let pdo_of_others = [
        "mysql", "sqlsrv", "sqlite", "oci", "dblib", "odbc", "firebird",
    ];
    let may_be_foreign = is_url || pdo_of_others.contains(&scheme);
    if let Some((_, name)) = database(base).filter(|_| may_be_foreign) {
        return Err(Fault::OtherDatabase(name));
    }
    if !is_url {
        return Ok(if scheme == "socket" {
            vec![sign(Dialect::NodePostgres, "socket: at its beginning")]
        } else {
            Vec::new()
        });
    }
    if sqlalchemy::driver_of(scheme).is_some() || scheme == "db+postgresql" {
        return Ok(vec![sign(Dialect::Sqlalchemy, "its scheme")]);
    }
    match scheme {
        "ecto" => Ok(vec![sign(Dialect::Ecto, "its scheme")]),
        "socket" => Ok(vec![sign(Dialect::NodePostgres, "its scheme")]),
        "prisma" | "prisma+postgres" => Err(Fault::OtherDriver {
            name: "Prisma's own proxy (Accelerate, Prisma Postgres), which is reached over HTTP",
            instead: "Give the string of the database itself, which Prisma calls directUrl.",
        }),
        scheme if super::django::OWN_SCHEMES.contains(&scheme) => {
            Ok(vec![sign(Dialect::Django, "its scheme")])
        }
        _ => Ok(Vec::new()),
    }
}

fn jdbc_kind(text: &str) -> Result<Vec<Sign>, Fault> {
    if jdbc::behind_prefix(text).is_some() {
        return Ok(vec![sign(Dialect::Jdbc, "jdbc: at its beginning")]);
    }
    let kind = text.split(':').nth(1).unwrap_or_default();
    Err(match kind {
        "pgsql" => Fault::OtherDriver {
            name: "pgjdbc-ng",
            instead: "pgjdbc's URLs begin with jdbc:postgresql:.",
        },
        "tc" => Fault::OtherDriver {
            name: "Testcontainers, which starts a server of its own",
            instead: "Give the string of a server that runs.",
        },
        "postgres" => Fault::refused_but(
            Dialect::Jdbc,
            "no driver takes jdbc:postgres:",
            "Begin with jdbc:postgresql:.",
        ),
        _ => {
            let known = OTHER_DATABASES.iter().find(|(scheme, _)| *scheme == kind);
            Fault::OtherDatabase(known.map_or("another database", |(_, name)| name))
        }
    })
}

/// Settings in the query of a URL. `own` is whose the beginning is.
fn by_key(text: &str, own: Option<Dialect>, signs: &mut Vec<Sign>) {
    let mut only_ssl = None;
    for pair in query_of(text) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = if name.starts_with("variables[") {
            "pool"
        } else {
            name
        };
        let known = KEYS.iter().find(|(key, _)| *key == name);
        if let Some((key, dialects)) = known {
            let contradicts = own.is_some_and(|own| {
                !dialects.contains(&own) && DECISIVE.contains(key) && !knows(own, key)
            });
            if own.is_none() || contradicts {
                signs.extend(dialects.iter().map(|dialect| sign(*dialect, key)));
            }
        }
        if own.is_some() {
            continue;
        }
        match (name, value) {
            ("sslmode" | "ssl", "no-verify") => {
                signs.push(sign(Dialect::NodePostgres, "no-verify"))
            }
            ("ssl", value) if value != "true" => only_ssl = Some(()),
            _ => {}
        }
    }
    // Several drivers have it, and each means something else.
    if signs.is_empty() && only_ssl.is_some() {
        signs.extend(
            [Dialect::NodePostgres, Dialect::PostgresJs].map(|dialect| sign(dialect, "ssl")),
        );
    }
    narrow(signs);
}

/// Where two drivers share a setting, a setting that only one of them has decides.
fn narrow(signs: &mut Vec<Sign>) {
    let shared = |key: &str| {
        KEYS.iter()
            .any(|(known, dialects)| *known == key && dialects.len() > 1)
    };
    let certain: Vec<Dialect> = signs
        .iter()
        .filter(|sign| !shared(&sign.because))
        .map(|sign| sign.dialect)
        .collect();
    if certain.is_empty() {
        return;
    }
    signs.retain(|sign| {
        let others_agree = KEYS.iter().any(|(key, dialects)| {
            *key == sign.because && dialects.iter().any(|dialect| certain.contains(dialect))
        });
        certain.contains(&sign.dialect) || !others_agree
    });
}

fn knows(dialect: Dialect, key: &str) -> bool {
    super::keyword::table(dialect).is_some_and(|table| table.row(key).is_some())
}

/// The pairs in the query of a URL, as written.
pub(super) fn query_of(text: &str) -> impl Iterator<Item = &str> {
    // A `?` before an `@` is part of a password.
    let behind = text.rsplit_once('@').map_or(text, |(_, behind)| behind);
    let query = behind
        .split_once('?')
        .or_else(|| text.split_once('?'))
        .map_or("", |(_, query)| query);
    query.split('&').filter(|pair| !pair.is_empty())
}

/// Pairs with semicolons between them.
fn by_pairs(text: &str, signs: &mut Vec<Sign>) -> Result<(), Fault> {
    let plain = |pair: Param| (pair.name, pair.value);
    let braced = |pair: pairs::OdbcParam| plain(pair.param);
    let of_dotnet = pairs::adonet(text).map(|pairs| pairs.into_iter().map(plain).collect());
    let of_odbc = || pairs::odbc(text).map(|pairs| pairs.into_iter().map(braced).collect());
    let Some(pairs): Option<Vec<(String, String)>> = of_dotnet.or_else(of_odbc) else {
        return Ok(());
    };
    let names: Vec<String> = pairs
        .iter()
        .map(|(name, _)| name.to_ascii_lowercase())
        .collect();
    let has = |name: &str| names.iter().any(|one| one == name);
    if has("driver") {
        if odbc::other_driver(text).is_some() {
            return Err(Fault::OtherDatabase("the database of another ODBC driver"));
        }
        signs.push(sign(Dialect::Odbc, "Driver"));
        return Ok(());
    }
    if !text.contains(';') {
        return Ok(());
    }
    if has("dsn") || has("filedsn") {
        return Err(Fault::refused_but(
            Dialect::Odbc,
            "DSN names a data source, whose settings are on the machine that has it",
            "Give the settings themselves: Driver={PostgreSQL Unicode};Server=NAME;...",
        ));
    }
    let value = |name: &str| {
        pairs
            .iter()
            .find(|(one, _)| one.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_ascii_lowercase())
    };
    let server = value("server")
        .or_else(|| value("host"))
        .unwrap_or_default();
    if names.iter().any(|name| SQL_SERVER.contains(&name.as_str()))
        || server.starts_with("tcp:")
        || server.contains(",1433")
    {
        return Err(Fault::OtherDatabase("SQL Server"));
    }
    let mysql_mode = matches!(
        value("sslmode").or_else(|| value("ssl mode")).as_deref(),
        Some("required" | "preferred" | "none" | "verifyidentity")
    );
    if names.iter().any(|name| MYSQL.contains(&name.as_str()))
        || value("port").as_deref() == Some("3306")
        || mysql_mode
    {
        return Err(Fault::OtherDatabase("MySQL"));
    }
    let known = names.iter().find(|name| {
        let libpq = Keyword::from_bytes(name.as_bytes()).is_some();
        !libpq && knows(Dialect::Adonet, name)
    });
    if let Some(name) = known {
        let shown = pairs.iter().find(|(one, _)| one.eq_ignore_ascii_case(name));
        signs.push(sign(
            Dialect::Adonet,
            shown.map_or("", |(name, _)| name.as_str()),
        ));
    }
    Ok(())
}

/// Whether the text begins as connection strings of any dialect do.
pub(super) fn begins_like_one(text: &str) -> bool {
    let pairs_of_dotnet = || signs(text).is_ok_and(|signs| !signs.is_empty());
    [
        "postgres://",
        "postgresql://",
        "jdbc:",
        "r2dbc",
        "ecto://",
        "postgresql+",
    ]
    .iter()
    .any(|start| text.starts_with(start))
        || pairs_of_dotnet()
}
