//! r2dbc-postgresql (`ConnectionUrlParser` of r2dbc-spi, `PostgresqlConnectionFactoryProvider`, `SSLMode`).

use super::parts::{
    iso_seconds, set_identity, set_mode, set_root, set_runtime_roots, set_url, verifies,
};
use super::promise::{Promise, Root, query};
use super::reading::Home;
use super::settings::{Case, Meaning, Table, Tls, Unknown, row};
use super::url::{Hosts, Plus, Rules};
use super::{Dialect, Fault, Reading};
use crate::conninfo::{Keyword, SslMode};

const DIALECT: Dialect = Dialect::R2dbc;

const TARGETS: &[(&str, &str)] = &[
    ("any", ""),
    ("primary", "read-write"),
    ("secondary", "standby"),
    ("preferSecondary", "prefer-standby"),
    ("prefer-secondary", "prefer-standby"),
];

pub(super) const TABLE: Table = Table {
    dialect: DIALECT,
    case: Case::Exact,
    unknown: Unknown::Ignored,
    rows: &[
        row(&["sslMode"], Meaning::Tls),
        row(&["ssl"], Meaning::Tls),
        row(&["sslRootCert"], Meaning::Tls),
        row(&["sslCert"], Meaning::Tls),
        row(&["sslKey"], Meaning::Tls),
        row(&["sslPassword"], Meaning::Same(Keyword::SslPassword)),
        row(
            &["sslSni"],
            Meaning::Flag {
                keyword: Keyword::SslSni,
                yes: "1",
                no: "0",
            },
        ),
        row(
            &["sslNegotiation"],
            Meaning::Words(
                Keyword::SslNegotiation,
                &[("postgres", "postgres"), ("direct", "direct")],
            ),
        ),
        row(
            &["channelBinding"],
            Meaning::Words(
                Keyword::ChannelBinding,
                &[
                    ("disable", "disable"),
                    ("prefer", "prefer"),
                    ("require", "require"),
                ],
            ),
        ),
        row(
            &["applicationName"],
            Meaning::Same(Keyword::ApplicationName),
        ),
        row(&["options"], Meaning::Nothing),
        row(&["connectTimeout"], Meaning::Tls),
        row(&["schema", "currentSchema"], Meaning::SearchPath),
        row(
            &["targetServerType"],
            Meaning::Words(Keyword::TargetSessionAttrs, TARGETS),
        ),
        row(
            &["loadBalanceHosts"],
            Meaning::Flag {
                keyword: Keyword::LoadBalanceHosts,
                yes: "random",
                no: "",
            },
        ),
        row(
            &["sslHostnameVerifier", "sslContextBuilderCustomizer"],
            Meaning::Lost(
                "the program decides what is verified: the server is judged by libpq's rules",
            ),
        ),
        row(
            &[
                "user", "host", "port", "database", "password", "driver", "protocol",
            ],
            Meaning::Refused("user, password, host, port and database belong before the ?"),
        ),
        row(
            &[
                "autodetectExtensions",
                "compatibilityMode",
                "errorResponseLogLevel",
                "extensions",
                "fetchSize",
                "forceBinary",
                "hostRecheckTime",
                "lockWaitTimeout",
                "loopResources",
                "noticeLogLevel",
                "preferAttachedBuffers",
                "preparedStatementCacheQueries",
                "socket",
                "statementTimeout",
                "tcpKeepAlive",
                "tcpNoDelay",
                "timeZone",
                "initialSize",
                "maxSize",
                "maxIdleTime",
                "maxLifeTime",
                "maxAcquireTime",
                "minIdle",
                "validationQuery",
                "validationDepth",
                "acquireRetry",
                "backgroundEvictionInterval",
                "maxCreateConnectionTime",
                "poolName",
                "registerJmx",
            ],
            Meaning::Nothing,
        ),
    ],
};

const RULES: Rules = Rules {
    plus_in_user: Plus::Blank,
    plus_in_path: Plus::Blank,
    hosts: Hosts::Many,
    ..Rules::usual(DIALECT)
};

/// Everything that may stand before `//`, and whether it asks for TLS.
pub(super) fn behind_prefix(text: &str) -> Option<(&str, Prefix)> {
    let (prefix, rest) = text.split_once("://")?;
    let (first, rest_of) = prefix.split_once(':')?;
    let tls = match first {
        "r2dbc" => Prefix::Plain,
        "r2dbcs" => Prefix::Tls,
        _ => return None,
    };
    let driver = rest_of.strip_prefix("pool:").unwrap_or(rest_of);
    matches!(
        driver,
        "postgresql" | "postgres" | "postgresql:failover" | "postgres:failover"
    )
    .then_some((rest, tls))
}

/// Whether the prefix of a URL asks for TLS.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Prefix {
    Plain,
    Tls,
}

pub(super) fn read(text: &str) -> Result<Reading, Fault> {
    let (rest, prefix) = behind_prefix(text).ok_or_else(|| {
        Fault::refused(
            DIALECT,
            "its URLs begin with r2dbc:postgresql:// or r2dbcs:postgresql://",
        )
    })?;
    let url = RULES.split(rest)?;
    let mut reading = Reading::new(DIALECT);
    set_url(&mut reading, &url, None);
    if url.hosts.iter().any(|(host, _)| host.is_empty()) {
        return Err(Fault::refused(DIALECT, "there is no host"));
    }
    let tls = TABLE.read(&url.query, &mut reading)?;
    self::tls(&tls, prefix, &mut reading)?;
    reading.without_nul()
}

/// `SSLMode.fromValue`: `verify-full` or `VERIFY_FULL`, in any case.
fn tls(tls: &Tls, prefix: Prefix, reading: &mut Reading) -> Result<(), Fault> {
    // What the query says replaces what the beginning says.
    let asked = match tls.get("ssl") {
        Some(word) => word.eq_ignore_ascii_case("true"),
        None => prefix == Prefix::Tls,
    };
    let word = tls
        .get("sslMode")
        .map(|word| word.to_ascii_lowercase().replace('_', "-"));
    let mode = match word.as_deref() {
        Some("tunnel") => {
            reading.set(Keyword::SslNegotiation, "direct");
            reading.info(
                "sslMode",
                "tunnel begins TLS at once and verifies nothing: sslnegotiation=direct in libpq",
            );
            SslMode::Require
        }
        Some(word) => super::parts::mode_of(word).ok_or_else(|| {
            Fault::refused_but(
                DIALECT,
                "it does not know this sslMode",
                "The modes are DISABLE, ALLOW, PREFER, REQUIRE, VERIFY_CA, VERIFY_FULL and TUNNEL.",
            )
        })?,
        None if asked => {
            reading.info("ssl", "it means sslMode=VERIFY_FULL");
            SslMode::VerifyFull
        }
        None => {
            reading.warn(
                "sslMode",
                "not set: r2dbc-postgresql connects in plain text",
            );
            SslMode::Disable
        }
    };
    set_mode(reading, mode);
    reading.home = Home::Ignored;
    match tls.get("sslRootCert") {
        Some(file) => set_root(reading, "sslRootCert", mode, file)?,
        None if verifies(mode) => set_runtime_roots(reading, "Java's roots"),
        None => {}
    }
    for (name, keyword) in [("sslCert", Keyword::SslCert), ("sslKey", Keyword::SslKey)] {
        if let Some(file) = tls.get(name) {
            set_identity(reading, keyword, name, file);
        }
    }
    if tls.has("sslKey") {
        reading.info(
            "sslKey",
            "it must be PKCS#8 in PEM (BEGIN PRIVATE KEY); libpq reads other forms, too",
        );
    }
    if let Some(seconds) = tls.get("connectTimeout").and_then(iso_seconds) {
        reading.set(Keyword::ConnectTimeout, seconds.to_string());
    }
    Ok(())
}

pub(super) fn write(promise: &mut Promise) -> String {
    let userinfo = promise.userinfo();
    let hosts = promise.hosts("localhost");
    let dbname = promise.take(Keyword::Dbname).unwrap_or_default();
    let mut pairs = Vec::new();
    let (mode, root) = (promise.mode, promise.root.clone());
    match (mode, root) {
        (SslMode::Require | SslMode::VerifyCa, Root::File(file)) => {
            pairs.push(("sslMode", "VERIFY_CA".to_owned()));
            pairs.push(("sslRootCert", file));
        }
        (SslMode::VerifyFull, Root::File(file)) => {
            pairs.push(("sslMode", "VERIFY_FULL".to_owned()));
            pairs.push(("sslRootCert", file));
        }
        (SslMode::VerifyFull, Root::System) => {
            promise.info("sslrootcert", "the nearest are Java's own roots");
            pairs.push(("sslMode", "VERIFY_FULL".to_owned()));
        }
        (mode, _) => {
            if verifies(mode) {
                promise.cannot("sslrootcert", "no root is named: libpq uses ~/.postgresql/root.crt, r2dbc-postgresql uses Java's roots. Set sslrootcert first");
            }
            pairs.push((
                "sslMode",
                mode.to_string().to_ascii_uppercase().replace('-', "_"),
            ));
        }
    }
    for (keyword, name) in [
        (Keyword::SslCert, "sslCert"),
        (Keyword::SslKey, "sslKey"),
        (Keyword::SslPassword, "sslPassword"),
        (Keyword::SslNegotiation, "sslNegotiation"),
        (Keyword::ChannelBinding, "channelBinding"),
        (Keyword::ApplicationName, "applicationName"),
    ] {
        pairs.extend(promise.take(keyword).map(|value| (name, value)));
    }
    if pairs.iter().any(|(name, _)| *name == "sslKey") {
        promise.info("sslkey", "the key must be PKCS#8 in PEM (BEGIN PRIVATE KEY): openssl pkcs8 -topk8 -nocrypt -in KEY -out KEY.pkcs8.pem");
    }
    if let Some(seconds) = promise.take(Keyword::ConnectTimeout) {
        pairs.push(("connectTimeout", format!("PT{seconds}S")));
    }
    let targets = TARGETS.iter().filter(|(_, libpq)| !libpq.is_empty());
    promise.take_words(
        Keyword::TargetSessionAttrs,
        "targetServerType",
        targets,
        &mut pairs,
    );
    let failover = if hosts.contains(',') { ":failover" } else { "" };
    format!(
        "r2dbc:postgresql{failover}://{userinfo}{hosts}/{}?{}",
        super::promise::encoded(&dbname),
        query(&pairs)
    )
}
