//! PDO (`pdo_pgsql_handle_factory` in PHP's `pgsql_driver.c`): every semicolon becomes a blank, then libpq reads it.

use super::parts::behind_scheme;
use super::promise::Promise;
use super::settings::{Case, Meaning, Table, Unknown, row};
use super::uri;
use super::url::Rules;
use super::{Dialect, Fault, Reading};
use crate::conninfo::{Error, Keyword, parse, quoted};

const DIALECT: Dialect = Dialect::Pdo;

/// What a data source name begins with.
pub(super) const PREFIX: &str = "pgsql:";

/// Doctrine (`DsnParser`, `PgSQL\Driver`) builds the data source name from a URL, and drops every setting that it does not
/// know.
const DOCTRINE: Table = Table {
    dialect: DIALECT,
    case: Case::Exact,
    unknown: Unknown::Ignored,
    rows: &[
        row(&["host"], Meaning::Same(Keyword::Host)),
        row(&["port"], Meaning::Same(Keyword::Port)),
        row(&["user"], Meaning::Same(Keyword::User)),
        row(&["password"], Meaning::Same(Keyword::Password)),
        row(&["dbname"], Meaning::Same(Keyword::Dbname)),
        row(&["sslmode"], Meaning::Same(Keyword::SslMode)),
        row(&["sslrootcert"], Meaning::Same(Keyword::SslRootCert)),
        row(&["sslcert"], Meaning::Same(Keyword::SslCert)),
        row(&["sslkey"], Meaning::Same(Keyword::SslKey)),
        row(&["sslcrl"], Meaning::Same(Keyword::SslCrl)),
        row(
            &["application_name"],
            Meaning::Same(Keyword::ApplicationName),
        ),
        row(&["gssencmode"], Meaning::Same(Keyword::GssEncMode)),
        row(&["charset"], Meaning::Same(Keyword::ClientEncoding)),
        row(
            &["serverVersion", "default_dbname", "persistent"],
            Meaning::Nothing,
        ),
    ],
};

const SCHEMES: &[&str] = &["postgresql", "postgres", "pgsql", "pdo-pgsql"];

pub(super) fn read(text: &str) -> Result<Reading, Fault> {
    if let Some(rest) = behind_scheme(text, SCHEMES) {
        let mut reading = Reading::new(DIALECT);
        reading.info(
            "URL",
            "read as one of Doctrine, which builds PDO's data source name from it",
        );
        uri::read(&Rules::usual(DIALECT).split(rest)?, &DOCTRINE, &mut reading)?;
        fits_without_quotes(&reading, "Doctrine")?;
        return reading.without_nul();
    }
    let rest = text
        .strip_prefix(PREFIX)
        .ok_or_else(|| Fault::refused(DIALECT, "its data source names begin with pgsql:"))?;
    let plain = rest.replace(';', " ");
    let unknown = super::unknown::keywords(&plain);
    if !unknown.is_empty() {
        return Err(Fault::UnknownSettings {
            dialect: DIALECT,
            names: unknown,
        });
    }
    let settings = parse(plain.as_bytes()).map_err(|error| match error {
        Error::UnknownKeyword { word, .. } => Fault::UnknownSettings { dialect: DIALECT, names: vec![word] },
        Error::MissingEquals { word, .. } => Fault::refused_but(
            DIALECT,
            format!("there is no = behind {word}: a semicolon or a blank cannot be part of a value without quotes"),
            "Write keyword=value with ; between the settings.",
        ),
        _ => Fault::refused(DIALECT, "libpq cannot read what is left when every semicolon is a blank"),
    })?;
    let mut reading = Reading::new(DIALECT);
    for setting in settings {
        reading.set(setting.keyword, setting.value.as_bytes());
    }
    if reading.get(Keyword::Password).is_none() {
        reading.info(
            "password",
            "user and password may come from the constructor, which wins over the string",
        );
    }
    reading.without_nul()
}

/// Doctrine and Laravel put the parts of a URL into a data source name without quotes. PDO itself quotes user and password.
pub(super) fn fits_without_quotes(reading: &Reading, who: &str) -> Result<(), Fault> {
    for (keyword, value) in &reading.settings {
        let value = String::from_utf8_lossy(value);
        if *keyword == Keyword::Host && value.contains(':') {
            return Err(Fault::refused_but(
                reading.dialect,
                format!(
                    "{who} hands an IPv6 address to libpq with its brackets, and libpq takes that for a name"
                ),
                "Use the host's name.",
            ));
        }
        if !fits(reading.dialect, *keyword, &value) {
            return Err(Fault::refused_but(
                reading.dialect,
                format!(
                    "{who} does not quote values, so that {keyword} cannot be empty or contain a blank, a quote, a semicolon or a backslash"
                ),
                "Use names and paths without them.",
            ));
        }
    }
    Ok(())
}

/// Whether a value survives without quotes.
pub(super) fn fits(dialect: Dialect, keyword: Keyword, value: &str) -> bool {
    let quotes = value.contains([';', '\'', '\\']);
    match keyword {
        // Not a part of the data source name, or quoted by PDO.
        Keyword::User
        | Keyword::Password
        | Keyword::Options
        | Keyword::ClientEncoding
        | Keyword::ApplicationName => true,
        // Laravel puts quotes around it.
        Keyword::Dbname if dialect == Dialect::Laravel => !quotes,
        _ => !(quotes || value.is_empty() || value.contains([' ', '\t'])),
    }
}

pub(super) fn write(promise: &mut Promise) -> String {
    let mut pairs: Vec<(String, String)> = uri::tls_pairs(promise)
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let rest = promise.take_rest();
    let (front, behind): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(keyword, _)| {
        matches!(
            keyword,
            Keyword::Host | Keyword::Port | Keyword::Dbname | Keyword::User | Keyword::Password
        )
    });
    let named = |(keyword, value): (Keyword, String)| (keyword.to_string(), value);
    let mut all: Vec<(String, String)> = front.into_iter().map(named).collect();
    all.append(&mut pairs);
    all.extend(behind.into_iter().map(named));
    for (name, value) in &all {
        if value.contains(';') {
            promise.cannot(
                name,
                "PDO turns every semicolon into a blank, in quotes, too",
            );
        }
    }
    promise.info(
        "connect_timeout",
        "PDO adds connect_timeout=30, unless PDO::ATTR_TIMEOUT says otherwise",
    );
    promise.take(Keyword::ConnectTimeout);
    let words = all
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| {
            format!(
                "{name}={}",
                String::from_utf8_lossy(&quoted(value.as_bytes()))
            )
        });
    format!("{PREFIX}{}", words.collect::<Vec<_>>().join(";"))
}
