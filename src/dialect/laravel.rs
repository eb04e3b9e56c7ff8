//! Laravel (`PostgresConnector`, `ConfigurationUrlParser`, `config/database.php`): the variables `DB_...`, and URLs.

use super::parts::{behind_scheme, not_its_form, set_url};
use super::promise::{Promise, Root};
use super::settings::{Case, Meaning, Param, Table, Unknown, row};
use super::url::Rules;
use super::{Dialect, Fault, Reading};
use crate::conninfo::Keyword;

const DIALECT: Dialect = Dialect::Laravel;

const SCHEMES: &[&str] = &["pgsql", "postgresql", "postgres"];

/// The query of a URL. Everything else is dropped on the way to PDO.
pub(super) const TABLE: Table = Table {
    dialect: DIALECT,
    case: Case::Exact,
    unknown: Unknown::Ignored,
    rows: &[
        row(&["sslmode"], Meaning::Same(Keyword::SslMode)),
        row(&["sslrootcert"], Meaning::Same(Keyword::SslRootCert)),
        row(&["sslcert"], Meaning::Same(Keyword::SslCert)),
        row(&["sslkey"], Meaning::Same(Keyword::SslKey)),
        row(&["host"], Meaning::Same(Keyword::Host)),
        row(&["port"], Meaning::Same(Keyword::Port)),
        row(&["database"], Meaning::Same(Keyword::Dbname)),
        row(&["username"], Meaning::Same(Keyword::User)),
        row(&["password"], Meaning::Same(Keyword::Password)),
        row(
            &["application_name"],
            Meaning::Same(Keyword::ApplicationName),
        ),
        row(&["charset"], Meaning::Same(Keyword::ClientEncoding)),
        row(&["search_path", "schema"], Meaning::SearchPath),
        row(
            &[
                "driver",
                "prefix",
                "prefix_indexes",
                "timezone",
                "isolation_level",
                "synchronous_commit",
                "url",
                "options",
            ],
            Meaning::Nothing,
        ),
    ],
};

/// The variables of `.env`.
pub(super) const VARIABLES: &[(&str, Keyword)] = &[
    ("DB_HOST", Keyword::Host),
    ("DB_PORT", Keyword::Port),
    ("DB_DATABASE", Keyword::Dbname),
    ("DB_USERNAME", Keyword::User),
    ("DB_PASSWORD", Keyword::Password),
    ("DB_SSLMODE", Keyword::SslMode),
    ("DB_CHARSET", Keyword::ClientEncoding),
];

/// Whether it reads a variable of that name.
pub(super) fn takes(name: &str) -> bool {
    ["DB_CONNECTION", "DB_URL"].contains(&name) || VARIABLES.iter().any(|(own, _)| *own == name)
}

/// Whether a group of variables is Laravel's, and for PostgreSQL.
pub(super) fn owns(variables: &[Param]) -> bool {
    super::parts::find(variables, "DB_CONNECTION") == Some("pgsql")
}

pub(super) fn read(text: &str) -> Result<Reading, Fault> {
    if let Some(rest) = behind_scheme(text, SCHEMES) {
        let mut reading = Reading::new(DIALECT);
        url(rest, &mut reading)?;
        return reading.without_nul();
    }
    match super::dotenv_line::variables(text) {
        Some(variables) => group(&variables),
        None => Err(not_its_form(DIALECT, SCHEMES)),
    }
}

fn url(rest: &str, reading: &mut Reading) -> Result<(), Fault> {
    let url = Rules::usual(DIALECT).split(rest)?;
    set_url(reading, &url, None);
    TABLE.read(&url.query, reading)?;
    super::pdo::fits_without_quotes(reading, "Laravel")
}

/// The lines of an env file: what a URL says wins over the single variables.
pub(super) fn group(variables: &[Param]) -> Result<Reading, Fault> {
    let mut reading = Reading::new(DIALECT);
    for (name, keyword) in VARIABLES {
        if let Some(value) = super::parts::find(variables, name).filter(|value| !value.is_empty()) {
            reading.set(*keyword, value);
        }
    }
    if super::parts::find(variables, "DB_SSLMODE").is_some() {
        reading.doubt("DB_SSLMODE", "it counts only if config/database.php has 'sslmode' => env('DB_SSLMODE', ...), which is so in new applications since 2025-12; before, the mode was always prefer. sslmode in DB_URL always counts");
    }
    let address = super::parts::find(variables, "DB_URL").filter(|value| !value.is_empty());
    if let Some(address) = address {
        let rest = behind_scheme(address, SCHEMES).ok_or_else(|| not_its_form(DIALECT, SCHEMES))?;
        url(rest, &mut reading)?;
    }
    if reading.get(Keyword::Host).is_none() {
        reading.set(Keyword::Host, "127.0.0.1");
        reading.info("DB_HOST", "not set: Laravel's default is 127.0.0.1");
    }
    if reading.get(Keyword::SslMode).is_none() {
        reading.info(
            "sslmode",
            "not set: config/database.php says prefer, unless it was changed",
        );
        super::parts::set_mode(&mut reading, crate::conninfo::SslMode::Prefer);
    }
    reading.without_nul()
}

/// The two lines for `.env`.
pub(super) fn write(promise: &mut Promise) -> String {
    let userinfo = promise.userinfo();
    let hosts = promise.one_host();
    let dbname = promise.take(Keyword::Dbname).unwrap_or_default();
    let mut pairs = super::uri::tls_pairs(promise);
    for keyword in [Keyword::SslCert, Keyword::SslKey, Keyword::ApplicationName] {
        pairs.extend(promise.take(keyword).map(|value| (keyword.as_str(), value)));
    }
    let named = pairs.iter().map(|(name, value)| (*name, value.as_str()));
    let unfit: Vec<String> = named
        .chain([("dbname", dbname.as_str())])
        .filter(|(name, value)| {
            let keyword = Keyword::from_bytes(name.as_bytes());
            let set = *name != "dbname" || !value.is_empty();
            set && keyword.is_some_and(|keyword| !super::pdo::fits(DIALECT, keyword, value))
        })
        .map(|(name, _)| name.to_owned())
        .collect();
    for name in unfit {
        promise.cannot(
            &name,
            "Laravel does not quote values, so that it cannot contain a blank, a quote, a semicolon or a backslash",
        );
    }
    if hosts.starts_with('[') {
        promise.cannot(
            "host",
            "Laravel leaves an IPv6 address of a URL in its brackets: set DB_HOST instead",
        );
    }
    if promise.root == Root::System {
        promise.info("sslrootcert", "needs PHP with libpq 16 or newer");
    }
    let address = format!(
        "pgsql://{userinfo}{hosts}/{}?{}",
        super::promise::encoded(&dbname),
        super::promise::query(&pairs)
    );
    format!(
        "DB_CONNECTION=pgsql\nDB_URL={}",
        super::dotenv_line::quoted(&address)
    )
}
