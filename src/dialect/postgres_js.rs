//! postgres.js 3 (`parseOptions` in `index.js`, `connection.js`).

use super::parts::{doubt_node, set_mode, set_node_roots, set_url, url, verifies};
use super::promise::{Promise, Root, query};
use super::reading::Home;
use super::settings::{Case, Meaning, Table, Tls, Unknown, row};
use super::url::{Coding, Hosts, Rules};
use super::{Dialect, Fault, Reading};
use crate::conninfo::{Keyword, SslMode, World};

const DIALECT: Dialect = Dialect::PostgresJs;

const SCHEMES: &[&str] = &["postgresql", "postgres"];

pub(super) const TABLE: Table = Table {
    dialect: DIALECT,
    case: Case::Exact,
    unknown: Unknown::Sent,
    rows: &[
        row(&["sslmode"], Meaning::Tls),
        row(&["ssl"], Meaning::Tls),
        row(&["sslrootcert"], Meaning::Tls),
        row(&["sslnegotiation"], Meaning::Same(Keyword::SslNegotiation)),
        // Host, port and password are those of the URL. What is not known goes into the startup message, where only these two
        // replace what stands there (`StartupMessage` in `connection.js`).
        row(&["user"], Meaning::Same(Keyword::User)),
        row(&["database"], Meaning::Same(Keyword::Dbname)),
        row(
            &["application_name"],
            Meaning::Same(Keyword::ApplicationName),
        ),
        row(&["connect_timeout"], Meaning::Same(Keyword::ConnectTimeout)),
        row(&["options"], Meaning::Same(Keyword::Options)),
        row(
            &["target_session_attrs"],
            Meaning::Words(
                Keyword::TargetSessionAttrs,
                &[
                    ("", ""),
                    ("read-write", "read-write"),
                    ("read-only", "read-only"),
                    ("primary", "primary"),
                    ("standby", "standby"),
                    ("prefer-standby", "prefer-standby"),
                ],
            ),
        ),
        row(
            &[
                "max",
                "idle_timeout",
                "max_lifetime",
                "max_pipeline",
                "backoff",
                "keep_alive",
                "prepare",
                "debug",
                "fetch_types",
                "publications",
            ],
            Meaning::Nothing,
        ),
    ],
};

const RULES: Rules = Rules {
    path: Coding::Raw,
    hosts: Hosts::Many,
    ..Rules::usual(DIALECT)
};

pub(super) fn read(text: &str, world: &dyn World) -> Result<Reading, Fault> {
    let mut url = url(text, SCHEMES, &RULES)?;
    if url.hosts.iter().any(|(host, _)| host.contains(':')) {
        return Err(Fault::refused(
            DIALECT,
            "it cannot read an IPv6 address in a URL",
        ));
    }
    // `x.split(':')[1] || port`, which is the port of the first host.
    let common = url.hosts.first().map(|(_, port)| port.clone());
    for (_, port) in &mut url.hosts {
        if port.is_empty() {
            *port = common.clone().unwrap_or_default();
        }
    }
    let mut reading = Reading::new(DIALECT);
    let no_host = url.hosts.iter().all(|(host, _)| host.is_empty());
    let from_env = no_host && world.var("PGHOST").is_some_and(|host| !host.is_empty());
    set_url(
        &mut reading,
        &url,
        if from_env { None } else { Some("localhost") },
    );
    let tls = TABLE.read(&url.query, &mut reading)?;
    self::tls(&tls, &mut reading, world);
    reading.without_nul()
}

fn tls(tls: &Tls, reading: &mut Reading, world: &dyn World) {
    reading.home = Home::Ignored;
    let mode = tls.get("sslmode").filter(|word| !word.is_empty());
    let word = mode.or_else(|| tls.get("ssl"));
    let word = match tls.get("sslrootcert") {
        Some("system") => Some("verify-full"),
        _ => word,
    };
    let mode = match word {
        None | Some("" | "disable" | "false") => {
            reading.warn("ssl", "no TLS is asked for: postgres.js connects in plain text, unless the program sets ssl itself");
            SslMode::Disable
        }
        Some("require" | "allow") => SslMode::Require,
        Some("prefer") => SslMode::Prefer,
        Some("verify-full") => SslMode::VerifyFull,
        Some(_) => {
            reading.info(
                "ssl",
                "postgres.js checks chain and name for this word: sslmode=verify-full in libpq",
            );
            SslMode::VerifyFull
        }
    };
    set_mode(reading, mode);
    doubt_node(reading, mode, world);
    match tls.get("sslrootcert") {
        Some("system") | None => {}
        Some(_) => reading.warn("sslrootcert", "postgres.js hands it to the server, which refuses the login. Give the file in the program: postgres(url, { ssl: { ca: fs.readFileSync('root.crt') } })"),
    }
    if verifies(mode) {
        set_node_roots(reading, world);
    }
}

pub(super) fn write(promise: &mut Promise) -> String {
    let userinfo = promise.userinfo();
    let hosts = promise.hosts("localhost");
    let dbname = promise.dbname(Coding::Raw);
    let (mode, root) = (promise.mode, promise.root.clone());
    let word = match (mode, root) {
        (SslMode::Disable, _) => "disable",
        (SslMode::Prefer, _) => "prefer",
        (SslMode::Require, Root::None | Root::System) => "require",
        (SslMode::VerifyFull, Root::System) => {
            promise.info("sslrootcert", "the nearest are Node's own roots");
            "verify-full"
        }
        (SslMode::VerifyFull, Root::File(_)) => {
            promise.cannot("sslrootcert", "postgres.js reads roots from the program only: postgres(url, { ssl: { ca: fs.readFileSync('root.crt') } })");
            "verify-full"
        }
        (SslMode::VerifyFull | SslMode::VerifyCa, Root::None) => {
            promise.cannot("sslrootcert", "no root is named: libpq uses ~/.postgresql/root.crt, postgres.js Node's own roots. Set sslrootcert first");
            "verify-full"
        }
        (SslMode::Allow, _) => {
            promise.cannot("sslmode", "postgres.js takes allow for require. Safer: sslmode=require, or better verify-full");
            "require"
        }
        (SslMode::Require | SslMode::VerifyCa, _) => {
            promise.cannot(
                "sslmode",
                "postgres.js verifies chain and name, or nothing. Safer: sslmode=verify-full",
            );
            "verify-full"
        }
    };
    let mut pairs = vec![("sslmode", word.to_owned())];
    for keyword in [
        Keyword::ApplicationName,
        Keyword::ConnectTimeout,
        Keyword::Options,
        Keyword::SslNegotiation,
    ] {
        pairs.extend(promise.take(keyword).map(|value| (keyword.as_str(), value)));
    }
    if hosts.contains('[') {
        promise.cannot("host", "postgres.js cannot read an IPv6 address in a URL");
    }
    format!(
        "postgresql://{userinfo}{hosts}/{}?{}",
        dbname,
        query(&pairs)
    )
}
