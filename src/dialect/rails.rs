//! Rails (`ConnectionUrlResolver`, `PostgreSQLAdapter`): everything that libpq knows goes to libpq.

use super::parts::{behind_scheme, not_its_form};
use super::promise::Promise;
use super::settings::{Case, Meaning, Param, Table, Unknown, row};
use super::uri;
use super::url::{Plus, Rules, Url};
use super::{Dialect, Fault, Reading};
use crate::conninfo::Keyword;

const DIALECT: Dialect = Dialect::Rails;

const SCHEMES: &[&str] = &["postgresql", "postgres", "postgis"];

pub(super) const TABLE: Table = Table {
    dialect: DIALECT,
    case: Case::Exact,
    unknown: Unknown::Libpq,
    rows: &[
        row(&["encoding"], Meaning::Same(Keyword::ClientEncoding)),
        row(&["username"], Meaning::Same(Keyword::User)),
        row(&["database"], Meaning::Same(Keyword::Dbname)),
        row(&["schema_search_path"], Meaning::SearchPath),
        row(
            &[
                "adapter",
                "pool",
                "prepared_statements",
                "timeout",
                "checkout_timeout",
                "idle_timeout",
                "reaping_frequency",
                "statement_limit",
                "advisory_locks",
                "min_messages",
                "insert_returning",
                "variables",
                "max_connections",
                "min_connections",
                "max_age",
                "keepalive",
                "replica",
                "database_tasks",
                "migrations_paths",
                "schema_dump",
                "query_cache",
                "prefer_prepared",
                "use_metadata_table",
            ],
            Meaning::Nothing,
        ),
    ],
};

pub(super) fn read(text: &str) -> Result<Reading, Fault> {
    let rest = behind_scheme(text, SCHEMES).ok_or_else(|| not_its_form(DIALECT, SCHEMES))?;
    let rules = Rules {
        plus_in_query: Plus::Literal,
        ..Rules::usual(DIALECT)
    };
    let url = rules.split(rest)?;
    // `variables[statement_timeout]=5s`
    let query = url
        .query
        .iter()
        .map(|param| match param.name.split_once('[') {
            Some(("variables", _)) => Param::new("variables", param.value.clone()),
            Some(_) | None => param.clone(),
        });
    let url = Url {
        query: query.collect(),
        ..url
    };
    let mut reading = Reading::new(DIALECT);
    uri::read(&url, &TABLE, &mut reading)?;
    reading.without_nul()
}

pub(super) fn write(promise: &mut Promise) -> String {
    uri::write(promise, "postgresql")
}
