//! pgx (`pgconn/config.go`) and lib/pq (`connector.go`, `ssl.go`): libpq's words, and settings of their own.

use super::parts::{behind_scheme, first_of_each, not_its_form, set_url};
use super::promise::{Promise, encoded, query};
use super::settings::{Case, Meaning, Param, Table, Unknown, row};
use super::url::{Hosts, Rules};
use super::{Dialect, Fault, Reading};
use crate::conninfo::Keyword;

const DIALECT: Dialect = Dialect::Go;

const SCHEMES: &[&str] = &["postgresql", "postgres"];

pub(super) const TABLE: Table = Table {
    dialect: DIALECT,
    case: Case::Exact,
    unknown: Unknown::Sent,
    rows: &[
        row(&["sslmode"], Meaning::Same(Keyword::SslMode)),
        row(&["sslrootcert"], Meaning::Tls),
        row(&["sslcert"], Meaning::Tls),
        row(&["sslkey"], Meaning::Tls),
        row(&["sslinline"], Meaning::Tls),
        row(&["sslpassword"], Meaning::Same(Keyword::SslPassword)),
        row(&["sslsni"], Meaning::Same(Keyword::SslSni)),
        row(&["sslnegotiation"], Meaning::Same(Keyword::SslNegotiation)),
        row(&["channel_binding"], Meaning::Same(Keyword::ChannelBinding)),
        row(
            &["ssl_min_protocol_version"],
            Meaning::Same(Keyword::SslMinProtocolVersion),
        ),
        row(
            &["ssl_max_protocol_version"],
            Meaning::Same(Keyword::SslMaxProtocolVersion),
        ),
        row(&["host"], Meaning::Same(Keyword::Host)),
        row(&["hostaddr"], Meaning::Same(Keyword::Hostaddr)),
        row(&["port"], Meaning::Same(Keyword::Port)),
        row(&["user"], Meaning::Same(Keyword::User)),
        row(&["password"], Meaning::Same(Keyword::Password)),
        row(&["dbname", "database"], Meaning::Same(Keyword::Dbname)),
        row(&["passfile"], Meaning::Same(Keyword::Passfile)),
        row(&["service"], Meaning::Same(Keyword::Service)),
        row(
            &["servicefile"],
            Meaning::Lost("libpq takes the file from PGSERVICEFILE only"),
        ),
        row(&["connect_timeout"], Meaning::Same(Keyword::ConnectTimeout)),
        row(
            &["application_name"],
            Meaning::Same(Keyword::ApplicationName),
        ),
        row(
            &["fallback_application_name"],
            Meaning::Same(Keyword::FallbackApplicationName),
        ),
        row(&["client_encoding"], Meaning::Same(Keyword::ClientEncoding)),
        row(&["options"], Meaning::Same(Keyword::Options)),
        row(&["search_path"], Meaning::SearchPath),
        row(
            &["target_session_attrs"],
            Meaning::Same(Keyword::TargetSessionAttrs),
        ),
        row(&["krbsrvname"], Meaning::Same(Keyword::KrbSrvName)),
        row(
            &[
                "pool_max_conns",
                "pool_min_conns",
                "pool_min_idle_conns",
                "pool_max_conn_lifetime",
                "pool_max_conn_lifetime_jitter",
                "pool_max_conn_idle_time",
                "pool_health_check_period",
                "default_query_exec_mode",
                "statement_cache_capacity",
                "statement_cache_mode",
                "description_cache_capacity",
                "binary_parameters",
                "disable_prepared_binary_result",
                "krbspn",
                "min_read_buffer_size",
                "prefer_simple_protocol",
            ],
            Meaning::Nothing,
        ),
    ],
};

const RULES: Rules = Rules {
    hosts: Hosts::Many,
    ..Rules::usual(DIALECT)
};

pub(super) fn read(text: &str) -> Result<Reading, Fault> {
    let mut reading = Reading::new(DIALECT);
    let params: Vec<Param> = match behind_scheme(text, SCHEMES) {
        Some(rest) => {
            let url = RULES.split(rest)?;
            set_url(&mut reading, &url, None);
            // Of duplicates, the first one counts.
            first_of_each(url.query)
        }
        None if text.contains("://") => return Err(not_its_form(DIALECT, SCHEMES)),
        None => super::shell::keyword_pairs(text).ok_or_else(|| {
            Fault::refused(DIALECT, "it is neither a URL nor keyword=value settings")
        })?,
    };
    let tls = TABLE.read(&params, &mut reading)?;
    let inline = tls.get("sslinline") == Some("true");
    if inline && tls.has("sslrootcert") {
        return Err(Fault::Beyond {
            dialect: DIALECT,
            reason: "with sslinline=true, sslrootcert is the certificates themselves, not a file"
                .to_owned(),
            instead: "Save them to a file, and write sslrootcert=FILE without sslinline."
                .to_owned(),
        });
    }
    if inline {
        reading.warn("sslinline", "the client certificate is in the string itself, so none is sent here: to try it, save it to files");
        return reading.without_nul();
    }
    for (name, keyword) in [
        ("sslrootcert", Keyword::SslRootCert),
        ("sslcert", Keyword::SslCert),
        ("sslkey", Keyword::SslKey),
    ] {
        if let Some(file) = tls.get(name) {
            reading.set(keyword, file);
        }
    }
    reading.without_nul()
}

/// What pgx and lib/pq both understand.
const KNOWN: &[Keyword] = &[
    Keyword::SslCert,
    Keyword::SslKey,
    Keyword::SslSni,
    Keyword::SslNegotiation,
    Keyword::ConnectTimeout,
    Keyword::ApplicationName,
    Keyword::FallbackApplicationName,
    Keyword::ClientEncoding,
    Keyword::Options,
    Keyword::TargetSessionAttrs,
    Keyword::Passfile,
    Keyword::KrbSrvName,
];

pub(super) fn write(promise: &mut Promise) -> String {
    let userinfo = promise.userinfo();
    let hosts = promise.hosts("localhost");
    let dbname = promise.take(Keyword::Dbname).unwrap_or_default();
    let mut pairs = super::uri::tls_pairs(promise);
    for keyword in KNOWN {
        pairs.extend(
            promise
                .take(*keyword)
                .map(|value| (keyword.as_str(), value)),
        );
    }
    if super::parts::verifies(promise.mode) && promise.root == super::promise::Root::None {
        promise.info("sslrootcert", "without ~/.postgresql/root.crt, Go's drivers trust the system's roots; libpq refuses to connect");
    }
    format!(
        "postgresql://{userinfo}{hosts}/{}?{}",
        encoded(&dbname),
        query(&pairs)
    )
}
