//! SQLAlchemy 2 (`sqlalchemy/engine/url.py`, the dialects of `sqlalchemy/dialects/postgresql`).

use super::parts::{DEFAULT_PORT, set_hosts, set_mode, set_url};
use super::promise::{Promise, query};
use super::reading::Home;
use super::settings::{Case, Meaning, Param, Table, Unknown, row};
use super::url::{Rules, Url};
use super::{Dialect, Fault, Reading, Stack};
use crate::conninfo::{Keyword, SslMode, World};

const DIALECT: Dialect = Dialect::Sqlalchemy;

/// The driver that SQLAlchemy loads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Driver {
    Psycopg,
    Asyncpg,
    Pg8000,
}

const DRIVERS: &[(&str, Driver)] = &[
    ("psycopg2", Driver::Psycopg),
    ("psycopg", Driver::Psycopg),
    ("psycopg_async", Driver::Psycopg),
    ("psycopg2cffi", Driver::Psycopg),
    ("asyncpg", Driver::Asyncpg),
    ("pg8000", Driver::Pg8000),
];

pub(super) const TABLE: Table = Table {
    dialect: DIALECT,
    case: Case::Exact,
    unknown: Unknown::Libpq,
    rows: &[
        row(
            &["ssl"],
            Meaning::Refused("psycopg hands ssl to libpq, which does not know it: write sslmode"),
        ),
        row(&["client_encoding"], Meaning::Same(Keyword::ClientEncoding)),
    ],
};

const ASYNCPG: Table = Table {
    dialect: DIALECT,
    case: Case::Exact,
    unknown: Unknown::Refused,
    rows: &[
        row(&["ssl"], Meaning::Tls),
        // It wins over the port before the path. `hosts` has read host.
        row(&["port"], Meaning::Same(Keyword::Port)),
        row(&["user"], Meaning::Same(Keyword::User)),
        row(&["password"], Meaning::Same(Keyword::Password)),
        row(&["database"], Meaning::Same(Keyword::Dbname)),
        row(&["passfile"], Meaning::Same(Keyword::Passfile)),
        row(
            &["timeout"],
            Meaning::Refused(
                "SQLAlchemy hands asyncpg the text of timeout, and asyncpg wants a number: set it in connect_args",
            ),
        ),
        row(
            &["target_session_attrs"],
            Meaning::Same(Keyword::TargetSessionAttrs),
        ),
        row(&["krbsrvname"], Meaning::Same(Keyword::KrbSrvName)),
        row(&["gsslib"], Meaning::Same(Keyword::GssLib)),
        row(&["direct_tls"], Meaning::Tls),
        row(
            &[
                "statement_cache_size",
                "max_cached_statement_lifetime",
                "max_cacheable_statement_size",
            ],
            Meaning::Refused(
                "SQLAlchemy hands asyncpg its text, and asyncpg wants a number (TypeError): set it in connect_args",
            ),
        ),
        row(
            &[
                "prepared_statement_cache_size",
                "prepared_statement_name_func",
                "command_timeout",
                "async_fallback",
            ],
            Meaning::Nothing,
        ),
    ],
};

const RULES: Rules = Rules::usual(DIALECT);

/// Whether a scheme is one of SQLAlchemy's, and its driver's name.
pub(super) fn driver_of(scheme: &str) -> Option<&str> {
    let scheme = scheme.strip_prefix("db+").unwrap_or(scheme);
    match scheme.split_once('+') {
        Some(("postgresql" | "postgres", driver)) => Some(driver),
        Some(_) | None => None,
    }
}

pub(super) fn read(text: &str, world: &dyn World) -> Result<Reading, Fault> {
    let (written, rest) = text
        .split_once("://")
        .ok_or_else(|| Fault::refused(DIALECT, "its URLs begin with postgresql+DRIVER://"))?;
    let mut reading = Reading::new(DIALECT);
    let scheme = match written.strip_prefix("db+") {
        Some(scheme) => {
            reading.info("db+", "Celery's: it hands SQLAlchemy the rest");
            scheme
        }
        None => written,
    };
    let driver = match scheme.split_once('+') {
        Some(("postgresql", name)) => {
            let known = DRIVERS.iter().find(|(known, _)| *known == name);
            known.map(|(_, driver)| *driver).ok_or_else(|| {
                Fault::refused_but(DIALECT, "pgtls does not know this driver", "The drivers are psycopg2, psycopg, psycopg_async, psycopg2cffi, asyncpg and pg8000.")
            })?
        }
        None if scheme == "postgresql" => Driver::Psycopg,
        Some(_) | None => {
            return Err(Fault::refused_but(
                DIALECT,
                "it does not know this scheme (postgres is not one of its names)",
                "Begin with postgresql:// or postgresql+DRIVER://.",
            ));
        }
    };
    let mut url = RULES.split(rest)?;
    // `parse_qsl` drops what is empty.
    url.query.retain(|param| !param.value.is_empty());
    let mut seen: Vec<&str> = Vec::new();
    for Param { name, word, .. } in &url.query {
        if seen.contains(&name.as_str()) && name != "host" {
            return Err(Fault::refused_but(
                DIALECT,
                format!(
                    "{} is set twice, which makes it a list",
                    super::reading::text(word)
                ),
                "Set it once.",
            ));
        }
        seen.push(name);
    }
    let (hosts, params) = hosts(&url)?;
    let url = Url {
        query: params,
        ..url
    };
    set_url(&mut reading, &url, None);
    if let Some(hosts) = hosts {
        set_hosts(&mut reading, &hosts, None);
        let has_no = |(_, port): &(String, String)| port.is_empty();
        if hosts.len() > 1 && driver == Driver::Asyncpg && hosts.iter().any(has_no) {
            return Err(Fault::refused(
                DIALECT,
                "asyncpg wants a port for each of several hosts",
            ));
        }
        // The port before the path is not that of several hosts.
        if hosts.len() > 1 && hosts.iter().all(has_no) {
            reading.set(Keyword::Port, vec![DEFAULT_PORT; hosts.len()].join(","));
        }
    }
    match driver {
        Driver::Psycopg => {
            TABLE.read(&url.query, &mut reading)?;
        }
        Driver::Asyncpg => asyncpg(&url, &mut reading, world)?,
        Driver::Pg8000 => pg8000(&url, &mut reading)?,
    }
    reading.without_nul()
}

/// `?host=a:1&host=b:2`, or `?host=a,b&port=1,2` (`PGDialect._split_multihost_from_url`), and all other settings.
type Servers = Option<Vec<(String, String)>>;

fn hosts(url: &Url) -> Result<(Servers, Vec<Param>), Fault> {
    let refused = |reason: &str| {
        Fault::refused_but(
            DIALECT,
            reason,
            "Write ?host=a,b&port=1,2 or ?host=a:1&host=b:2.",
        )
    };
    let given: Vec<&str> = url
        .query
        .iter()
        .filter(|param| param.name == "host")
        .map(|param| param.value.as_str())
        .collect();
    let ports = super::parts::find(&url.query, "port");
    let pair = |text: &str| {
        let (host, port) = text.split_once(':').unwrap_or((text, ""));
        (host.to_owned(), port.to_owned())
    };
    let servers: Vec<(String, String)> = match given.as_slice() {
        [] => return Ok((None, url.query.clone())),
        // `a:1`: not an address of IPv6, and no path.
        [one] if ports.is_none() && is_host_and_port(one) => vec![pair(one)],
        [one] => {
            let hosts = one.split(',').map(str::to_owned);
            let ports = ports.unwrap_or_default().split(',').map(str::to_owned);
            let (hosts, mut ports): (Vec<String>, Vec<String>) = (hosts.collect(), ports.collect());
            if ports == [""] {
                ports = vec![String::new(); hosts.len()];
            }
            if hosts.len() != ports.len() {
                return Err(refused("there must be as many ports as hosts"));
            }
            hosts.into_iter().zip(ports).collect()
        }
        many => {
            if ports.is_some() {
                return Err(refused("it sets port beside several hosts"));
            }
            if many.iter().any(|one| one.matches(':').count() > 1) {
                return Err(refused("a host has more than one colon"));
            }
            many.iter().map(|one| pair(one)).collect()
        }
    };
    let others = url
        .query
        .iter()
        .filter(|param| !matches!(param.name.as_str(), "host" | "port"));
    Ok((Some(servers), others.cloned().collect()))
}

/// Whether SQLAlchemy and asyncpg take the value of a setting that does nothing for TLS (`create_connect_args` of
/// `sqlalchemy/dialects/postgresql/asyncpg.py`, `_parse_connect_arguments`).
fn is_taken(param: &Param) -> bool {
    let value = param.value.trim();
    match param.name.as_str() {
        // Not a number is not less than 0.
        "command_timeout" => value
            .parse::<f64>()
            .is_ok_and(|seconds| seconds > 0.0 || seconds.is_nan()),
        "prepared_statement_cache_size" => value.parse::<i128>().is_ok(),
        // `sqlalchemy.util.asbool`
        "async_fallback" => matches!(
            value.to_lowercase().as_str(),
            "true" | "yes" | "on" | "y" | "t" | "1" | "false" | "no" | "off" | "n" | "f" | "0"
        ),
        _ => true,
    }
}

fn is_host_and_port(text: &str) -> bool {
    text.split_once(':').is_some_and(|(host, port)| {
        host.chars()
            .all(|c| c.is_ascii_alphanumeric() || "-.".contains(c))
            && port.chars().all(|c| c.is_ascii_digit())
    })
}

/// `asyncpg/connect_utils.py`
fn asyncpg(url: &Url, reading: &mut Reading, world: &dyn World) -> Result<(), Fault> {
    if let Some(param) = url.query.iter().find(|param| !is_taken(param)) {
        return Err(Fault::refused_but(
            DIALECT,
            format!("it does not take this value of {} (ValueError)", param.name),
            "Correct the value, or leave it out.",
        ));
    }
    let tls = ASYNCPG.read(&url.query, reading).map_err(|fault| match fault {
        Fault::UnknownSettings { names, dialect } if names.iter().any(|name| name.to_string().contains("sslmode") || name.to_string().contains("sslrootcert")) => Fault::Refused {
            dialect,
            reason: "asyncpg does not take sslmode or sslrootcert from SQLAlchemy (TypeError)".to_owned(),
            instead: Some("Write ssl=verify-full, and set PGSSLROOTCERT or connect_args={\"ssl\": context} for the roots.".to_owned()),
        },
        other => other,
    })?;
    let variable = world.var("PGSSLMODE");
    let variable = variable.as_ref().map(|word| word.to_string_lossy());
    let (word, place) = match tls.get("ssl") {
        Some(word) => (Some(word), "ssl in a URL"),
        None => (variable.as_deref(), "PGSSLMODE"),
    };
    let mode = match word {
        None => {
            reading.info("ssl", "not set: asyncpg's default is prefer");
            SslMode::Prefer
        }
        Some(word) => super::parts::mode_of(word).ok_or_else(|| {
            Fault::refused_but(
                DIALECT,
                format!("asyncpg does not take this value of {place}"),
                "Write ssl=verify-full. The values are those of libpq's sslmode.",
            )
        })?,
    };
    if word.is_some() && !tls.has("ssl") {
        reading.info("ssl", "not set: PGSSLMODE decides");
    }
    set_mode(reading, mode);
    // What comes from a URL is a text, and each text counts as true.
    if tls.has("direct_tls") {
        reading.set(Keyword::SslNegotiation, "direct");
    }
    reading.stack = Stack::Asyncpg;
    if mode < SslMode::Require {
        reading.home = Home::Ignored;
    }
    Ok(())
}

/// It takes nothing about TLS from a URL: TLS if the server has it, unverified.
fn pg8000(url: &Url, reading: &mut Reading) -> Result<(), Fault> {
    if !url.query.is_empty() {
        let names = url.query.iter().map(|param| param.word.clone());
        return Err(Fault::UnknownSettings {
            dialect: DIALECT,
            names: names.collect(),
        });
    }
    reading.info("ssl_context", "not in the URL: pg8000 takes TLS if the server has it, and verifies nothing, unless connect_args sets ssl_context");
    reading.home = Home::Ignored;
    reading.stack = Stack::Other;
    set_mode(reading, SslMode::Prefer);
    Ok(())
}

/// For psycopg, which hands everything to libpq.
pub(super) fn write(promise: &mut Promise) -> String {
    let userinfo = promise.userinfo();
    let hosts = promise.hosts("");
    let dbname = promise.take(Keyword::Dbname).unwrap_or_default();
    let mut pairs = super::uri::tls_pairs(promise);
    pairs.extend(super::uri::other_pairs(promise));
    promise.info("dialect", "for psycopg, which hands all settings to libpq. asyncpg takes ssl=MODE in the URL, and the roots from PGSSLROOTCERT");
    let mut host = hosts.as_str();
    let many: Vec<(&str, String)> = if hosts.contains(',') {
        host = "";
        hosts
            .split(',')
            .map(|one| ("host", one.to_owned()))
            .collect()
    } else {
        Vec::new()
    };
    if !many.is_empty() && hosts.contains('[') {
        promise.cannot("host", "SQLAlchemy cannot read several IPv6 addresses");
    }
    // SQLAlchemy 2.0 does not decode it, 2.1 does.
    if dbname.contains(['%', '?', '#']) {
        promise.cannot(
            "dbname",
            "SQLAlchemy 2.0 and 2.1 read %, ? and # in the name of a database differently",
        );
    }
    if dbname.contains('@') {
        promise.cannot(
            "dbname",
            "an @ in the name of a database cannot be told from the end of a password",
        );
    }
    let pairs: Vec<(&str, String)> = many.into_iter().chain(pairs).collect();
    format!(
        "postgresql+psycopg://{userinfo}{host}/{dbname}?{}",
        query(&pairs)
    )
}
