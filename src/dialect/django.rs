//! dj-database-url and django-environ: Django hands the query to psycopg, and so to libpq.

use super::parts::{behind_scheme, find, first_of_each, not_its_form};
use super::promise::Promise;
use super::settings::{Case, Meaning, Table, Unknown, row};
use super::uri;
use super::url::{Rules, Url};
use super::{Dialect, Fault, Reading};
use crate::conninfo::Keyword;

const DIALECT: Dialect = Dialect::Django;

/// Schemes that only they know.
pub(super) const OWN_SCHEMES: &[&str] = &["postgis", "pgsql", "psql", "timescale", "timescalegis"];

const SCHEMES: &[&str] = &[
    "postgresql",
    "postgres",
    "postgis",
    "pgsql",
    "psql",
    "timescale",
    "timescalegis",
];

pub(super) const TABLE: Table = Table {
    dialect: DIALECT,
    case: Case::Exact,
    unknown: Unknown::Libpq,
    rows: &[
        row(&["currentSchema"], Meaning::SearchPath),
        row(
            &["ssl"],
            Meaning::Refused("Django hands ssl to libpq, which does not know it: write sslmode"),
        ),
        row(
            &[
                "CONN_MAX_AGE",
                "conn_max_age",
                "CONN_HEALTH_CHECKS",
                "conn_health_checks",
                "ATOMIC_REQUESTS",
                "atomic_requests",
                "AUTOCOMMIT",
                "autocommit",
                "DISABLE_SERVER_SIDE_CURSORS",
                "disable_server_side_cursors",
            ],
            Meaning::Lost(
                "only django-environ takes it: dj-database-url hands it to libpq, which refuses the connection. Give it to dj_database_url.parse as an argument",
            ),
        ),
        // Django takes them out of OPTIONS.
        row(
            &[
                "pool",
                "isolation_level",
                "server_side_binding",
                "assume_role",
            ],
            Meaning::Nothing,
        ),
    ],
};

pub(super) fn read(text: &str) -> Result<Reading, Fault> {
    let rest = behind_scheme(text, SCHEMES).ok_or_else(|| not_its_form(DIALECT, SCHEMES))?;
    let mut url = Rules::usual(DIALECT).split(rest)?;
    // `parse_qs` drops what is empty.
    url.query.retain(|param| !param.value.is_empty());
    if first_of_each(url.query.clone()).len() < url.query.len() {
        return Err(Fault::refused_but(
            DIALECT,
            "a setting is given twice: dj-database-url hands both to libpq as a list, django-environ takes the first",
            "Write each setting once.",
        ));
    }
    // `get_connection_params` sets these four behind OPTIONS. `dbname` is set before.
    let has = |part: &Option<String>| part.as_ref().is_some_and(|part| !part.is_empty());
    let of_url = [
        ("host", url.hosts.iter().any(|(host, _)| !host.is_empty())),
        ("port", url.hosts.iter().any(|(_, port)| !port.is_empty())),
        ("user", has(&url.user)),
        ("password", has(&url.password)),
    ];
    let mut reading = Reading::new(DIALECT);
    url.query.retain(|param| {
        let is_overruled = of_url.contains(&(param.name.as_str(), true));
        if is_overruled {
            reading.warn(
                &param.name,
                "Django ignores it here: what stands before the database counts",
            );
        }
        !is_overruled
    });
    // `psycopg.IsolationLevel`
    let is_level = |value: &str| matches!(value, "1" | "2" | "3" | "4");
    if find(&url.query, "isolation_level").is_some_and(|level| !is_level(level)) {
        return Err(Fault::refused_but(
            DIALECT,
            "Django does not know this isolation_level",
            "Write its number: 1 (read uncommitted) to 4 (serializable).",
        ));
    }
    let hosts = url
        .hosts
        .iter()
        .map(|(host, port)| (host.to_lowercase(), port.clone()));
    let url = Url {
        hosts: hosts.collect(),
        ..url
    };
    uri::read(&url, &TABLE, &mut reading)?;
    if reading.get(Keyword::SslMode).is_some() {
        reading.info(
            "sslmode",
            "dj_database_url.parse(url, ssl_require=True) replaces it with require",
        );
    }
    reading.without_nul()
}

pub(super) fn write(promise: &mut Promise) -> String {
    uri::write(promise, "postgres")
}
