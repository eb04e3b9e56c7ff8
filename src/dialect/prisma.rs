//! Prisma's own engine (`quaint/src/connector/postgres/url.rs`).

use super::parts::{set_mode, set_runtime_roots, set_url, url, verifies};
use super::promise::{Promise, Root, query};
use super::reading::Home;
use super::settings::{Case, Meaning, Table, Tls, Unknown, row};
use super::url::Rules;
use super::{Dialect, Fault, Reading};
use crate::conninfo::{Keyword, SslMode};

const DIALECT: Dialect = Dialect::Prisma;

const SCHEMES: &[&str] = &["postgresql", "postgres"];

pub(super) const TABLE: Table = Table {
    dialect: DIALECT,
    case: Case::Exact,
    unknown: Unknown::Ignored,
    rows: &[
        row(&["sslmode"], Meaning::Tls),
        row(&["sslaccept"], Meaning::Tls),
        row(&["sslcert"], Meaning::Tls),
        row(&["sslidentity"], Meaning::Tls),
        row(&["sslpassword"], Meaning::Nothing),
        row(&["schema"], Meaning::SearchPath),
        row(&["host"], Meaning::Same(Keyword::Host)),
        row(&["connect_timeout"], Meaning::Same(Keyword::ConnectTimeout)),
        row(
            &["application_name"],
            Meaning::Same(Keyword::ApplicationName),
        ),
        row(&["options"], Meaning::Same(Keyword::Options)),
        row(&["channel_binding"], Meaning::Same(Keyword::ChannelBinding)),
        row(
            &[
                "connection_limit",
                "pool_timeout",
                "pgbouncer",
                "socket_timeout",
                "statement_cache_size",
                "max_connection_lifetime",
                "max_idle_connection_lifetime",
                "single_use_connections",
            ],
            Meaning::Nothing,
        ),
    ],
};

pub(super) fn read(text: &str) -> Result<Reading, Fault> {
    let url = url(text, SCHEMES, &Rules::usual(DIALECT))?;
    let mut reading = Reading::new(DIALECT);
    set_url(&mut reading, &url, Some("localhost"));
    let tls = TABLE.read(&url.query, &mut reading)?;
    self::tls(&tls, &mut reading);
    reading.info("dialect", "read by the rules of Prisma's own engine; with a driver adapter (always since Prisma 7), node-postgres reads the string: --dialect node-postgres");
    reading.without_nul()
}

fn tls(tls: &Tls, reading: &mut Reading) {
    reading.home = Home::Ignored;
    let mode = match tls.get("sslmode") {
        None => {
            reading.info("sslmode", "not set: Prisma's default is prefer");
            SslMode::Prefer
        }
        Some("disable") => SslMode::Disable,
        Some("prefer") => SslMode::Prefer,
        Some("require") => SslMode::Require,
        Some(_) => {
            reading.warn("sslmode", "Prisma knows disable, prefer and require only: it takes any other word, verify-full too, for prefer, without a message. Write sslmode=require&sslaccept=strict");
            SslMode::Prefer
        }
    };
    let strict = tls
        .get("sslaccept")
        .is_some_and(|word| word != "accept_invalid_certs");
    if mode == SslMode::Disable || !strict {
        if mode != SslMode::Disable {
            reading.warn(
                "sslaccept",
                "without sslaccept=strict Prisma accepts every certificate",
            );
        }
        if tls.has("sslcert") {
            reading.warn("sslcert", "the server's CA (sslrootcert in libpq); without sslaccept=strict it verifies nothing, so it is left out");
        }
        set_mode(reading, mode);
    } else {
        if mode == SslMode::Prefer {
            reading.doubt("sslaccept", "with sslmode=prefer Prisma verifies, but goes on in plain text if the server has no TLS; pgtls judges TLS as with require");
        }
        reading.info(
            "sslaccept",
            "strict checks chain and name: sslmode=verify-full in libpq",
        );
        set_mode(reading, SslMode::VerifyFull);
        match tls.get("sslcert") {
            Some(file) => {
                reading.set(Keyword::SslRootCert, file);
                reading.info("sslcert", "the server's CA, which is sslrootcert in libpq. Prisma trusts the system's roots besides it, and takes the path from the folder of the schema");
            }
            None => set_runtime_roots(reading, "the roots of the operating system"),
        }
    }
    if tls.has("sslidentity") {
        reading.warn("sslidentity", "libpq cannot read PKCS#12, so no client certificate is sent here: to try it, convert the file to PEM");
    }
}

pub(super) fn write(promise: &mut Promise) -> String {
    let userinfo = promise.userinfo();
    let hosts = promise.one_host();
    let dbname = promise.take(Keyword::Dbname).unwrap_or_default();
    let mut pairs = Vec::new();
    let (mode, root) = (promise.mode, promise.root.clone());
    match (mode, root) {
        (SslMode::VerifyFull, root @ (Root::File(_) | Root::System)) => {
            pairs.push(("sslmode", "require".to_owned()));
            pairs.push(("sslaccept", "strict".to_owned()));
            if let Root::File(file) = root {
                promise.info("sslrootcert", "Prisma's sslcert is the server's CA; it trusts the system's roots besides it. A relative path begins at the folder of the schema");
                pairs.push(("sslcert", file));
            }
        }
        (mode @ (SslMode::Disable | SslMode::Prefer | SslMode::Require), Root::None) => {
            pairs.push(("sslmode", mode.to_string()));
        }
        (mode, root) => {
            if verifies(mode) && root == Root::None {
                promise.cannot("sslrootcert", "no root is named: libpq uses ~/.postgresql/root.crt, Prisma the system's roots. Set sslrootcert first");
            } else {
                promise.cannot(
                    "sslmode",
                    "Prisma verifies chain and name, or nothing. Safer: sslmode=verify-full",
                );
            }
            pairs.push(("sslmode", "require".to_owned()));
            pairs.push(("sslaccept", "strict".to_owned()));
            if let Root::File(file) = promise.root.clone() {
                pairs.push(("sslcert", file));
            }
        }
    }
    for (keyword, name) in [
        (Keyword::ConnectTimeout, "connect_timeout"),
        (Keyword::ApplicationName, "application_name"),
        (Keyword::Options, "options"),
        (Keyword::ChannelBinding, "channel_binding"),
    ] {
        pairs.extend(promise.take(keyword).map(|value| (name, value)));
    }
    if let Some(file) = promise.take(Keyword::SslCert) {
        promise.take(Keyword::SslKey);
        promise.cannot("sslcert", "Prisma takes a client certificate as PKCS#12 only (sslidentity): openssl pkcs12 -export -in CERT -inkey KEY -out client.p12");
        drop(file);
    }
    format!(
        "postgresql://{userinfo}{hosts}/{}?{}",
        super::promise::encoded(&dbname),
        query(&pairs)
    )
}
