//! The keyword of libpq that a setting of a dialect stands for.

use super::name::Dialect;
use super::settings::{Meaning, Table, Unknown};
use super::{
    adonet, django, ecto, go, jdbc, laravel, node_postgres, odbc, postgres_js, prisma, r2dbc,
    rails, sqlalchemy,
};
use crate::conninfo::Keyword;

/// The table of a dialect's settings, if it has one.
pub(super) fn table(dialect: Dialect) -> Option<&'static Table> {
    Some(match dialect {
        Dialect::Jdbc => &jdbc::TABLE,
        Dialect::R2dbc => &r2dbc::TABLE,
        Dialect::Adonet => &adonet::TABLE,
        Dialect::Sqlalchemy => &sqlalchemy::TABLE,
        Dialect::NodePostgres => &node_postgres::TABLE,
        Dialect::PostgresJs => &postgres_js::TABLE,
        Dialect::Prisma => &prisma::TABLE,
        Dialect::Ecto => &ecto::TABLE,
        Dialect::Rails => &rails::TABLE,
        Dialect::Django => &django::TABLE,
        Dialect::Laravel => &laravel::TABLE,
        Dialect::Odbc => &odbc::TABLE,
        Dialect::Go => &go::TABLE,
        Dialect::Libpq | Dialect::Pdo | Dialect::PsqlCommand | Dialect::DotenvLine => return None,
    })
}

/// The keyword of libpq that a setting stands for, if it is one; the name is decoded.
#[must_use]
pub fn keyword_of(name: &[u8], dialect: Dialect) -> Option<Keyword> {
    let libpqs = Keyword::from_bytes(name);
    let Some(table) = table(dialect) else {
        return libpqs;
    };
    let row = str::from_utf8(name).ok().and_then(|name| table.row(name));
    match (row.map(|row| row.meaning), table.unknown) {
        (
            Some(
                Meaning::Same(keyword) | Meaning::Words(keyword, _) | Meaning::Flag { keyword, .. },
            ),
            _,
        ) => Some(keyword),
        (None, Unknown::Libpq | Unknown::LibpqOrIgnored) => libpqs,
        (None, Unknown::Ignored | Unknown::Sent | Unknown::Refused)
        | (
            Some(
                Meaning::SearchPath
                | Meaning::Tls
                | Meaning::Nothing
                | Meaning::Lost(_)
                | Meaning::Refused(_),
            ),
            _,
        ) => None,
    }
}
