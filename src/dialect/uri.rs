//! Drivers that hand the settings of a URL to libpq: psycopg behind SQLAlchemy, Rails, Django, and Go's drivers, which
//! follow libpq.

use super::Fault;
use super::Reading;
use super::parts::set_url;
use super::promise::{Promise, Root, query};
use super::settings::Table;
use super::url::Url;
use crate::conninfo::Keyword;

/// Reads a URL whose query is libpq's, besides what the table says.
pub(super) fn read(url: &Url, table: &Table, reading: &mut Reading) -> Result<(), Fault> {
    set_url(reading, url, None);
    let tls = table.read(&url.query, reading)?;
    // libpq's own words: rows with `Tls` are the caller's.
    drop(tls);
    Ok(())
}

/// Puts mode and roots back as libpq says them.
pub(super) fn tls_pairs(promise: &mut Promise) -> Vec<(&'static str, String)> {
    let mut pairs = vec![("sslmode", promise.mode.to_string())];
    match promise.root.clone() {
        Root::None => {}
        Root::System => pairs.push(("sslrootcert", "system".to_owned())),
        Root::File(file) => pairs.push(("sslrootcert", file)),
    }
    pairs
}

/// All that is left, under libpq's names.
pub(super) fn other_pairs(promise: &mut Promise) -> Vec<(&'static str, String)> {
    let rest = promise.take_rest().into_iter();
    rest.filter(|(_, value)| !value.is_empty())
        .map(|(keyword, value)| (keyword.as_str(), value))
        .collect()
}

/// A URL with one host and libpq's settings.
pub(super) fn write(promise: &mut Promise, scheme: &str) -> String {
    let userinfo = promise.userinfo();
    let hosts = promise.one_host();
    let dbname = promise.take(Keyword::Dbname).unwrap_or_default();
    let mut pairs = tls_pairs(promise);
    pairs.extend(other_pairs(promise));
    format!(
        "{scheme}://{userinfo}{hosts}/{}?{}",
        super::promise::encoded(&dbname),
        query(&pairs)
    )
}
