//! Ecto (`Ecto.Repo.Supervisor.parse_url`, `Postgrex.Protocol`).

use super::parts::{set_mode, set_runtime_roots, set_url};
use super::promise::{Promise, Root};
use super::reading::Home;
use super::settings::{Case, Meaning, Table, Unknown, row};
use super::url::Rules;
use super::{Dialect, Fault, Reading};
use crate::conninfo::{Keyword, SslMode};

const DIALECT: Dialect = Dialect::Ecto;

pub(super) const TABLE: Table = Table {
    dialect: DIALECT,
    case: Case::Exact,
    unknown: Unknown::Ignored,
    rows: &[
        row(&["ssl"], Meaning::Tls),
        row(
            &["sslmode"],
            Meaning::Lost("Ecto does not read it: only ssl=true asks for TLS"),
        ),
        row(
            &[
                "pool_size",
                "timeout",
                "connect_timeout",
                "socket_dir",
                "queue_target",
                "queue_interval",
                "pool_count",
                "prepare",
            ],
            Meaning::Nothing,
        ),
    ],
};

pub(super) fn read(text: &str) -> Result<Reading, Fault> {
    let (_, rest) = text
        .split_once("://")
        .ok_or_else(|| Fault::refused(DIALECT, "its URLs begin with ecto://"))?;
    let url = Rules::usual(DIALECT).split(rest)?;
    if url.hosts.iter().any(|(host, _)| host.is_empty()) {
        return Err(Fault::refused(DIALECT, "there is no host"));
    }
    if url.path.as_deref().unwrap_or_default().is_empty() {
        return Err(Fault::refused(DIALECT, "there is no database"));
    }
    let mut reading = Reading::new(DIALECT);
    reading.home = Home::Ignored;
    set_url(&mut reading, &url, None);
    // `parse_uri_query` turns the order round, and `Keyword.get` takes the first: of duplicates, the last one counts.
    let tls = TABLE.read(&url.query, &mut reading)?;
    match tls.get("ssl") {
        Some("true") => {
            reading.warn("ssl", "chain and name are checked since Postgrex 0.21 (2025-07); older versions verify nothing");
            set_mode(&mut reading, SslMode::VerifyFull);
            set_runtime_roots(&mut reading, "the roots of the operating system");
        }
        Some("false") => set_mode(&mut reading, SslMode::Disable),
        Some(_) => {
            return Err(Fault::refused_but(
                DIALECT,
                "it understands ssl=true and ssl=false only",
                "Write ssl=true; roots and more stand in the program's configuration.",
            ));
        }
        None => {
            reading.warn(
                "ssl",
                "not set: Postgrex connects in plain text, unless the configuration sets ssl",
            );
            set_mode(&mut reading, SslMode::Disable);
        }
    }
    reading.without_nul()
}

pub(super) fn write(promise: &mut Promise) -> String {
    let userinfo = promise.userinfo();
    let hosts = promise.one_host();
    let dbname = promise.take(Keyword::Dbname).unwrap_or_default();
    if dbname.is_empty() {
        promise.cannot("dbname", "Ecto needs the name of a database");
    }
    let ssl = match (promise.mode, promise.root.clone()) {
        (SslMode::Disable, _) => "false",
        (SslMode::VerifyFull, Root::System) => {
            promise.info(
                "sslrootcert",
                "since Postgrex 0.21; the roots are those of the operating system",
            );
            "true"
        }
        (SslMode::VerifyFull, Root::File(_)) => {
            promise.cannot(
                "sslrootcert",
                "a root file stands in the configuration: ssl: [cacertfile: \"root.crt\"]",
            );
            "true"
        }
        (SslMode::VerifyFull, Root::None) => {
            promise.cannot("sslrootcert", "no root is named: libpq uses ~/.postgresql/root.crt, Postgrex the system's roots. Set sslrootcert first");
            "true"
        }
        (mode, _) => {
            promise.cannot("sslmode", format!("a URL of Ecto has no word for sslmode={mode}. Safer: ssl=true, which checks chain and name"));
            "true"
        }
    };
    format!(
        "ecto://{userinfo}{hosts}/{}?ssl={ssl}",
        super::promise::encoded(&dbname)
    )
}
