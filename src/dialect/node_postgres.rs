//! node-postgres 8 (`pg-connection-string`, `connection-parameters.js`).

use super::parts::{
    doubt_node, last_of_each, set_identity, set_mode, set_node_roots, set_url, url, verifies,
};
use super::promise::{Promise, Root, query};
use super::reading::Home;
use super::settings::{Case, Meaning, Table, Tls, Unknown, row};
use super::url::{Coding, Rules};
use super::{Dialect, Fault, Reading};
use crate::conninfo::{Keyword, SslMode, World};

const DIALECT: Dialect = Dialect::NodePostgres;

const SCHEMES: &[&str] = &["postgresql", "postgres"];

pub(super) const TABLE: Table = Table {
    dialect: DIALECT,
    case: Case::Exact,
    unknown: Unknown::Ignored,
    rows: &[
        row(&["sslmode"], Meaning::Tls),
        row(&["ssl"], Meaning::Tls),
        row(&["uselibpqcompat"], Meaning::Tls),
        row(&["sslrootcert"], Meaning::Tls),
        row(&["sslcert"], Meaning::Tls),
        row(&["sslkey"], Meaning::Tls),
        row(
            &["sslpassword"],
            Meaning::Lost("node-postgres does not read it from a URL"),
        ),
        row(&["sslnegotiation"], Meaning::Same(Keyword::SslNegotiation)),
        row(&["host"], Meaning::Same(Keyword::Host)),
        row(&["port"], Meaning::Same(Keyword::Port)),
        row(&["user"], Meaning::Same(Keyword::User)),
        row(&["password"], Meaning::Same(Keyword::Password)),
        row(
            &["application_name"],
            Meaning::Same(Keyword::ApplicationName),
        ),
        row(
            &["fallback_application_name"],
            Meaning::Same(Keyword::FallbackApplicationName),
        ),
        row(&["options"], Meaning::Same(Keyword::Options)),
        row(
            &["client_encoding", "encoding"],
            Meaning::Same(Keyword::ClientEncoding),
        ),
        row(&["replication"], Meaning::Same(Keyword::Replication)),
        row(
            &[
                "connect_timeout",
                "connectionTimeoutMillis",
                "idleTimeoutMillis",
                "max",
                "min",
                "keepAlive",
                "keepAliveInitialDelayMillis",
                "statement_timeout",
                "query_timeout",
                "lock_timeout",
                "idle_in_transaction_session_timeout",
                "binary",
                "enableChannelBinding",
                "pgbouncer",
                "connection_limit",
            ],
            Meaning::Nothing,
        ),
    ],
};

pub(super) fn read(text: &str, world: &dyn World) -> Result<Reading, Fault> {
    if text.starts_with("socket:") || text.starts_with('/') {
        return Err(Fault::refused(
            DIALECT,
            "it is the path of a Unix-domain socket, which has no TLS",
        ));
    }
    let rules = Rules {
        path: Coding::DecodeUri,
        ..Rules::usual(DIALECT)
    };
    let url = url(text, SCHEMES, &rules)?;
    let mut reading = Reading::new(DIALECT);
    let no_host = url.hosts.iter().all(|(host, _)| host.is_empty());
    let from_env = no_host && world.var("PGHOST").is_some_and(|host| !host.is_empty());
    set_url(
        &mut reading,
        &url,
        if from_env { None } else { Some("localhost") },
    );
    // All settings but ssl are tested for truth only: an empty one is not set.
    let mut params = last_of_each(url.query);
    params.retain(|param| !param.value.is_empty() || param.name == "ssl");
    let tls = TABLE.read(&params, &mut reading)?;
    self::tls(&tls, &mut reading, world)?;
    reading.without_nul()
}

/// What the driver verifies.
enum Verifies {
    NoTls,
    Nothing,
    Chain,
    All,
}

fn tls(tls: &Tls, reading: &mut Reading, world: &dyn World) -> Result<(), Fault> {
    reading.home = Home::Ignored;
    let verifies = verified(tls, reading, world)?;
    let root = tls.get("sslrootcert");
    if root == Some("system") && !matches!(verifies, Verifies::NoTls) {
        return Err(Fault::refused_but(
            DIALECT,
            "it opens a file named system",
            "Remove sslrootcert: node-postgres then trusts Node's own roots.",
        ));
    }
    let mode = match verifies {
        Verifies::NoTls => SslMode::Disable,
        Verifies::Nothing => SslMode::Require,
        Verifies::Chain => SslMode::VerifyCa,
        Verifies::All => SslMode::VerifyFull,
    };
    set_mode(reading, mode);
    doubt_node(reading, mode, world);
    match root {
        Some(file) => super::parts::set_root(reading, "sslrootcert", mode, file)?,
        None if self::verifies(mode) => {
            set_node_roots(reading, world);
        }
        None => {}
    }
    for (name, keyword) in [("sslcert", Keyword::SslCert), ("sslkey", Keyword::SslKey)] {
        if let Some(file) = tls.get(name) {
            set_identity(reading, keyword, name, file);
        }
    }
    Ok(())
}

fn verified(tls: &Tls, reading: &mut Reading, world: &dyn World) -> Result<Verifies, Fault> {
    let by_object = ["sslmode", "sslcert", "sslkey", "sslrootcert"];
    let compat = tls.get("uselibpqcompat") == Some("true");
    if !by_object.iter().any(|name| tls.has(name)) {
        return Ok(match tls.get("ssl") {
            Some("true" | "1") => {
                reading.info(
                    "ssl",
                    "chain and name are checked: sslmode=verify-full in libpq",
                );
                Verifies::All
            }
            Some("no-verify") => {
                reading.info("ssl", "no-verify encrypts, and verifies nothing");
                Verifies::Nothing
            }
            Some("0" | "") => Verifies::NoTls,
            Some(_) => {
                return Err(Fault::refused_but(
                    DIALECT,
                    "it ends with a TypeError for this value of ssl",
                    "Write sslmode=verify-full, or ssl=true.",
                ));
            }
            None => from_variable(reading, world),
        });
    }
    let Some(mode) = tls.get("sslmode") else {
        reading.info(
            "ssl",
            "a file alone switches TLS on, with chain and name checked",
        );
        return Ok(Verifies::All);
    };
    Ok(match (mode, compat) {
        ("disable", _) => Verifies::NoTls,
        ("no-verify", false) => {
            reading.info(
                "sslmode",
                "no-verify encrypts, and verifies nothing: sslmode=require in libpq",
            );
            Verifies::Nothing
        }
        ("prefer" | "require", true) => {
            if mode == "prefer" {
                reading.info(
                    "sslmode",
                    "node-postgres never goes on in plain text: sslmode=require in libpq",
                );
            }
            match tls.has("sslrootcert") && mode == "require" {
                true => Verifies::Chain,
                false => Verifies::Nothing,
            }
        }
        ("verify-ca", true) if tls.has("sslrootcert") => Verifies::Chain,
        ("verify-ca", true) => {
            return Err(Fault::refused_but(
                DIALECT,
                "with uselibpqcompat=true it takes verify-ca only with sslrootcert",
                "Add sslrootcert=FILE.",
            ));
        }
        ("verify-full", _) => Verifies::All,
        (_, true) => {
            reading.warn("sslmode", "node-postgres takes this word for verify-full");
            Verifies::All
        }
        ("prefer" | "require" | "verify-ca", false) => {
            reading.info("sslmode", format!("node-postgres 8 takes {mode} for verify-full (version 9 will read it as libpq does)"));
            Verifies::All
        }
        (_, false) => {
            reading.warn(
                "sslmode",
                "node-postgres takes any other word for verify-full",
            );
            Verifies::All
        }
    })
}

/// `readSSLConfigFromEnvironment`
fn from_variable(reading: &mut Reading, world: &dyn World) -> Verifies {
    let variable = world.var("PGSSLMODE");
    let word = variable.as_ref().and_then(|word| word.to_str());
    match word {
        Some("prefer" | "require" | "verify-ca" | "verify-full") => {
            reading.info(
                "sslmode",
                "from PGSSLMODE: node-postgres 8 then checks chain and name",
            );
            Verifies::All
        }
        Some("no-verify") => Verifies::Nothing,
        _ => {
            reading.warn(
                "sslmode",
                "not set: node-postgres connects in plain text, unless the program sets ssl itself",
            );
            Verifies::NoTls
        }
    }
}

pub(super) fn write(promise: &mut Promise) -> String {
    let userinfo = promise.userinfo();
    let hosts = promise.one_host();
    let dbname = promise.dbname(Coding::DecodeUri);
    let mut pairs = Vec::new();
    let (mode, root) = (promise.mode, promise.root.clone());
    let as_libpq = ("uselibpqcompat", "true".to_owned());
    match (mode, root) {
        (SslMode::Disable, _) => pairs.push(("sslmode", "disable".to_owned())),
        (SslMode::Require | SslMode::VerifyCa, Root::File(file)) => {
            pairs.extend([
                ("sslmode", mode.to_string()),
                as_libpq,
                ("sslrootcert", file),
            ]);
        }
        (SslMode::Require, _) => pairs.extend([("sslmode", mode.to_string()), as_libpq]),
        (SslMode::VerifyFull, Root::File(file)) => {
            pairs.extend([("sslmode", mode.to_string()), ("sslrootcert", file)]);
        }
        (SslMode::VerifyFull, Root::System) => {
            promise.info("sslrootcert", "the nearest are Node's own roots");
            pairs.push(("sslmode", mode.to_string()));
        }
        (SslMode::VerifyFull | SslMode::VerifyCa, _) => {
            promise.cannot("sslrootcert", "no root is named: libpq uses ~/.postgresql/root.crt, node-postgres Node's own roots. Set sslrootcert first");
            pairs.push(("sslmode", SslMode::VerifyFull.to_string()));
        }
        (SslMode::Allow | SslMode::Prefer, _) => {
            promise.cannot("sslmode", "node-postgres never goes on in plain text. Safer: sslmode=require, or better verify-full");
            pairs.extend([("sslmode", "require".to_owned()), as_libpq]);
        }
    }
    for keyword in [
        Keyword::SslCert,
        Keyword::SslKey,
        Keyword::ApplicationName,
        Keyword::FallbackApplicationName,
        Keyword::Options,
        Keyword::ClientEncoding,
        Keyword::SslNegotiation,
    ] {
        pairs.extend(promise.take(keyword).map(|value| (keyword.as_str(), value)));
    }
    format!(
        "postgresql://{userinfo}{hosts}/{}?{}",
        dbname,
        query(&pairs)
    )
}
