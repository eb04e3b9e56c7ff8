//! Rails (`ConnectionUrlResolver`, `PostgreSQLAdapter`): everything that libpq knows goes to libpq, all else is dropped.

use super::parts::{behind_scheme, last_of_each, not_its_form};
use super::promise::Promise;
use super::settings::{Case, Meaning, Param, Table, Unknown, row};
use super::uri;
use super::url::{Names, Plus, Rules, Url};
use super::{Dialect, Fault, Reading};
use crate::conninfo::Keyword;

const DIALECT: Dialect = Dialect::Rails;

const SCHEMES: &[&str] = &["postgresql", "postgres", "postgis"];

pub(super) const TABLE: Table = Table {
    dialect: DIALECT,
    case: Case::Exact,
    unknown: Unknown::LibpqOrIgnored,
    rows: &[
        row(&["encoding"], Meaning::Same(Keyword::ClientEncoding)),
        row(&["requiressl"], Meaning::Same(Keyword::SslMode)),
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
        names: Names::Raw,
        ..Rules::usual(DIALECT)
    };
    let url = rules.split(rest)?;
    let mut reading = Reading::new(DIALECT);
    let mut query = Vec::new();
    for param in last_of_each(url.query.clone()) {
        if belongs_before(&url, &param.name) {
            reading.warn_of(
                &param.word,
                "Rails takes it from the URL before the ?, and drops what is set here",
            );
            continue;
        }
        match param.name.split_once('[') {
            // `variables[statement_timeout]=5s`
            Some(("variables", _)) => query.push(Param::new("variables", param.value)),
            // `compact_blank`
            _ if param.value.trim().is_empty() => {}
            // `conninfo_storeval` of libpq
            None if param.name == "requiressl" => {
                let asks = param.value.starts_with('1');
                query.push(Param::new(
                    param.name,
                    if asks { "require" } else { "prefer" },
                ));
            }
            Some(_) | None => query.push(param),
        }
    }
    let url = Url { query, ..url };
    uri::read(&url, &TABLE, &mut reading)?;
    reading.without_nul()
}

/// Whether the URL itself decides about a setting, even if it says nothing (`ConnectionUrlResolver#raw_config`).
fn belongs_before(url: &Url, name: &str) -> bool {
    let is_set = |part: &Option<String>| part.as_ref().is_some_and(|text| !text.is_empty());
    match name {
        "username" | "password" | "port" | "database" | "host" => true,
        "user" => is_set(&url.user),
        "dbname" => is_set(&url.path),
        _ => false,
    }
}

pub(super) fn write(promise: &mut Promise) -> String {
    uri::write(promise, "postgresql")
}
