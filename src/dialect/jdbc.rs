//! pgjdbc (`Driver.parseURL`, `PGProperty`, `SslMode.of`, `MakeSSL`, `LibPQFactory`).

use std::path::Path;

use super::parts::{set_hosts, set_identity, set_mode, set_root, verifies};
use super::promise::{Promise, Root};
use super::settings::{Case, Meaning, Param, Table, Tls, Unknown, row};
use super::url::{Hosts, Names, Plus, Rules, decoded};
use super::{Dialect, Fault, Reading};
use crate::conninfo::{Keyword, SslMode, World};
use crate::os;

const DIALECT: Dialect = Dialect::Jdbc;

/// What comes before the parts of a URL.
pub(super) const PREFIX: &str = "jdbc:postgresql:";

/// Drivers that add something to pgjdbc, and hand it the rest.
const WRAPPERS: &[&str] = &["aws-wrapper:", "p6spy:", "otel:", "log4jdbc:"];

const TARGETS: &[(&str, &str)] = &[
    ("any", ""),
    ("primary", "read-write"),
    ("master", "read-write"),
    ("secondary", "standby"),
    ("slave", "standby"),
    ("preferSecondary", "prefer-standby"),
    ("preferSlave", "prefer-standby"),
    ("preferPrimary", ""),
];

pub(super) const TABLE: Table = Table {
    dialect: DIALECT,
    case: Case::Exact,
    unknown: Unknown::Ignored,
    rows: &[
        row(&["sslmode"], Meaning::Tls),
        row(&["ssl"], Meaning::Tls),
        row(&["sslrootcert"], Meaning::Tls),
        row(&["sslfactory"], Meaning::Tls),
        row(&["sslfactoryarg"], Meaning::Tls),
        row(&["sslcert"], Meaning::Tls),
        row(&["sslkey"], Meaning::Tls),
        row(&["sslpassword"], Meaning::Same(Keyword::SslPassword)),
        row(&["sslNegotiation"], Meaning::Same(Keyword::SslNegotiation)),
        row(&["channelBinding"], Meaning::Same(Keyword::ChannelBinding)),
        row(
            &["gssEncMode"],
            Meaning::Words(
                Keyword::GssEncMode,
                &[
                    ("disable", "disable"),
                    ("allow", "prefer"),
                    ("prefer", "prefer"),
                    ("require", "require"),
                ],
            ),
        ),
        row(&["user"], Meaning::Same(Keyword::User)),
        row(&["password"], Meaning::Same(Keyword::Password)),
        row(&["host", "PGHOST"], Meaning::Same(Keyword::Host)),
        row(&["port", "PGPORT"], Meaning::Same(Keyword::Port)),
        row(&["dbname", "PGDBNAME"], Meaning::Same(Keyword::Dbname)),
        row(&["options"], Meaning::Same(Keyword::Options)),
        row(
            &["ApplicationName"],
            Meaning::Same(Keyword::ApplicationName),
        ),
        row(&["connectTimeout"], Meaning::Same(Keyword::ConnectTimeout)),
        row(&["service"], Meaning::Same(Keyword::Service)),
        row(&["requireAuth"], Meaning::Same(Keyword::RequireAuth)),
        row(&["kerberosServerName"], Meaning::Same(Keyword::KrbSrvName)),
        row(&["replication"], Meaning::Same(Keyword::Replication)),
        row(&["currentSchema"], Meaning::SearchPath),
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
            &["tcpKeepAlive"],
            Meaning::Flag {
                keyword: Keyword::Keepalives,
                yes: "1",
                no: "0",
            },
        ),
        row(&["sslhostnameverifier"], Meaning::Tls),
        row(
            &["sslpasswordcallback"],
            Meaning::Lost("a class gives the key's password: set sslpassword to try the key here"),
        ),
        row(
            &["socketFactory", "socketFactoryArg"],
            Meaning::Refused(
                "a socket factory chooses where to connect, so that the host is not in the string",
            ),
        ),
        row(
            &["cloudSqlInstance"],
            Meaning::Refused(
                "the socket factory of Cloud SQL chooses where to connect, so that the host is not in the string",
            ),
        ),
        row(
            &[
                "loginTimeout",
                "socketTimeout",
                "sslResponseTimeout",
                "cancelSignalTimeout",
                "prepareThreshold",
                "preparedStatementCacheQueries",
                "preparedStatementCacheSizeMiB",
                "reWriteBatchedInserts",
                "stringtype",
                "defaultRowFetchSize",
                "autosave",
                "cleanupSavepoints",
                "readOnly",
                "readOnlyMode",
                "binaryTransfer",
                "binaryTransferEnable",
                "binaryTransferDisable",
                "databaseMetadataCacheFields",
                "databaseMetadataCacheFieldsMiB",
                "disableColumnSanitiser",
                "escapeSyntaxCallMode",
                "groupStartupParameters",
                "hideUnprivilegedObjects",
                "hostRecheckSeconds",
                "includeThreadNameInApplicationName",
                "jaasApplicationName",
                "jaasLogin",
                "gssResponseTimeout",
                "gssUseDefaultCreds",
                "localSocketAddress",
                "loggerFile",
                "loggerLevel",
                "logServerErrorDetail",
                "logUnclosedConnections",
                "maxResultBuffer",
                "maxSendBufferSize",
                "adaptiveFetch",
                "adaptiveFetchMaximum",
                "adaptiveFetchMinimum",
                "allowEncodingChanges",
                "assumeMinServerVersion",
                "authenticationPluginClassName",
                "preferQueryMode",
                "protocolVersion",
                "quoteReturningIdentifiers",
                "receiveBufferSize",
                "sendBufferSize",
                "sspiServiceClass",
                "tcpNoDelay",
                "unknownLength",
                "useSpnego",
                "xmlFactoryFactory",
                "pemKeyAlgorithm",
                "convertBooleanToNumeric",
                "queryTimeout",
                "wrapperPlugins",
                "wrapperDialect",
            ],
            Meaning::Nothing,
        ),
    ],
};

const RULES: Rules = Rules {
    plus_in_path: Plus::Blank,
    names: Names::Raw,
    hosts: Hosts::Many,
    ..Rules::usual(DIALECT)
};

/// What follows `jdbc:postgresql:`, and the wrapper before it.
pub(super) fn behind_prefix(text: &str) -> Option<(&str, Option<&'static str>)> {
    if let Some(rest) = text.strip_prefix(PREFIX) {
        return Some((rest, None));
    }
    let inner = text.strip_prefix("jdbc:")?;
    WRAPPERS.iter().find_map(|wrapper| {
        let rest = inner.strip_prefix(wrapper)?;
        let rest = rest.strip_prefix("jdbc:").unwrap_or(rest);
        Some((rest.strip_prefix("postgresql:")?, Some(*wrapper)))
    })
}

pub(super) fn read(text: &str, world: &dyn World) -> Result<Reading, Fault> {
    let (rest, wrapper) = behind_prefix(text)
        .ok_or_else(|| Fault::refused(DIALECT, format!("its URLs begin with {PREFIX}")))?;
    let mut reading = Reading::new(DIALECT);
    if let Some(wrapper) = wrapper {
        reading.info(wrapper, "a driver around pgjdbc: it hands pgjdbc the rest");
    }
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path = match place.strip_prefix("//") {
        Some(place) => {
            let (servers, dbname) = place.split_once('/').ok_or_else(|| {
                Fault::refused_but(
                    DIALECT,
                    "there is no / behind the host",
                    "Write jdbc:postgresql://HOST:PORT/DATABASE.",
                )
            })?;
            if servers.contains('@') {
                return Err(Fault::refused_but(
                    DIALECT,
                    "it takes everything before the / for a host, so user:password@host is not a host",
                    "Write jdbc:postgresql://HOST:PORT/DATABASE?user=USER&password=PASSWORD.",
                ));
            }
            if dbname.contains('/') {
                return Err(Fault::refused_but(
                    DIALECT,
                    "there is a second / in the path",
                    "Write / in the name of a database as %2F.",
                ));
            }
            set_hosts(
                &mut reading,
                &RULES.split(servers)?.hosts,
                Some("localhost"),
            );
            dbname
        }
        None => {
            if place.contains([':', '/']) {
                reading.warn(
                    "the URL",
                    "// is missing before the host, so that pgjdbc takes all of it for the name of a database on localhost",
                );
            }
            reading.set_beneath(Keyword::Host, "localhost");
            place
        }
    };
    if path.contains(";ssl") {
        reading.warn(path, "everything up to the ? is the database's name: settings come after ?, with & between them");
    }
    let dbname = decoded(path, Plus::Blank).ok_or_else(|| {
        Fault::refused(
            DIALECT,
            "a % in the database's name is not followed by two hexadecimal digits",
        )
    })?;
    if !dbname.is_empty() {
        reading.set(Keyword::Dbname, dbname);
    }
    // With the path, which may end in a password that holds the ?.
    let params = RULES.split(&format!("/{path}?{query}"))?.query;
    let tls = TABLE.read(&params, &mut reading)?;
    self::tls(&tls, &params, &mut reading)?;
    default_key(&tls, &mut reading, world);
    // `Driver.parseURL` sets a port with every host, so that a service's is too late.
    if place.starts_with("//") && reading.get(Keyword::Service).is_some() {
        let port = reading.get(Keyword::Port).unwrap_or(b"5432").to_vec();
        reading.set(Keyword::Port, port);
    }
    reading.without_nul()
}

/// `SslMode.of`: `sslmode` wins over `ssl`.
fn mode(tls: &Tls) -> Result<(SslMode, Option<String>), Fault> {
    if let Some(word) = tls.get("sslmode") {
        let lower = word.to_ascii_lowercase();
        let mode = super::parts::mode_of(&lower).ok_or_else(|| {
            Fault::refused_but(
                DIALECT,
                "it does not know this sslmode",
                "The modes are disable, allow, prefer, require, verify-ca and verify-full.",
            )
        })?;
        return Ok((mode, None));
    }
    Ok(match tls.get("ssl") {
        Some("") => (
            SslMode::VerifyFull,
            Some("alone it means sslmode=verify-full".to_owned()),
        ),
        Some(word) if word.eq_ignore_ascii_case("true") => (
            SslMode::VerifyFull,
            Some("it means sslmode=verify-full".to_owned()),
        ),
        Some(_) => (
            SslMode::Prefer,
            Some("only ssl=true asks for TLS; any other value means sslmode=prefer".to_owned()),
        ),
        None => (SslMode::Prefer, None),
    })
}

fn tls(tls: &Tls, params: &[Param], reading: &mut Reading) -> Result<(), Fault> {
    let (mut mode, note) = mode(tls)?;
    match note {
        Some(note) if mode == SslMode::Prefer => reading.warn("ssl", note),
        Some(note) => reading.info("ssl", note),
        None if !tls.has("sslmode") => {
            reading.info("sslmode", "not set: pgjdbc's default is prefer")
        }
        None => {}
    }
    let factory = tls.get("sslfactory").unwrap_or_default();
    // A class of another package may do anything, whatever its name.
    let class = match factory.strip_prefix("org.postgresql.ssl.") {
        Some(name) => name.rsplit('.').next().unwrap_or(name),
        None => factory,
    };
    match class {
        "" | "LibPQFactory" => {
            if let Some(file) = tls.get("sslrootcert") {
                set_root(reading, "sslrootcert", mode, file)?;
            }
        }
        "NonValidatingFactory" => {
            if mode == SslMode::VerifyFull {
                reading.warn("sslfactory", "the chain is never verified: any certificate with the right name passes. libpq has no such mode. Without sslfactory, pgjdbc verifies what sslmode says");
            } else if mode > SslMode::Prefer {
                reading.warn(
                    "sslfactory",
                    "nothing is ever verified, whatever sslmode says. Without sslfactory, pgjdbc verifies what sslmode says",
                );
            }
            mode = mode.min(SslMode::Require);
            left_out(tls, reading);
        }
        "DefaultJavaSSLFactory" if mode <= SslMode::Prefer => left_out(tls, reading),
        "DefaultJavaSSLFactory" => {
            left_out(tls, reading);
            if mode < SslMode::VerifyFull {
                reading.warn("sslfactory", "it verifies the chain with Java's roots, and not the name; libpq checks the name, too, when it uses the system's roots");
            } else {
                reading.info(
                    "sslfactory",
                    "it trusts Java's roots; the nearest in libpq are the system's",
                );
            }
            mode = SslMode::VerifyFull;
            reading.set(Keyword::SslRootCert, "system");
        }
        "SingleCertValidatingFactory" => {
            let file = tls
                .get("sslfactoryarg")
                .and_then(|text| text.strip_prefix("file:"));
            match (file, mode) {
                (Some(file), mode) if mode >= SslMode::Require => reading.set(Keyword::SslRootCert, file),
                (_, mode) if mode < SslMode::Require => {}
                _ => return Err(Fault::Beyond {
                    dialect: DIALECT,
                    reason: "sslfactoryarg is the certificate itself, or says where a class finds it; it does not name a file".to_owned(),
                    instead: "Save the certificate to a file, and write sslfactoryarg=file:PATH.".to_owned(),
                }),
            }
        }
        _ => {
            reading.doubt(
                "sslfactory",
                "pgtls does not know what this class verifies: it judges by sslmode alone",
            );
            if let Some(file) = tls.get("sslrootcert") {
                set_root(reading, "sslrootcert", mode, file)?;
            }
        }
    }
    if tls.has("sslhostnameverifier") {
        reading.doubt(
            "sslhostnameverifier",
            "pgtls does not know what this class accepts: the name is judged by libpq's rules",
        );
    }
    if tls.has("sslmode") || tls.has("ssl") || !factory.is_empty() {
        set_mode(reading, mode);
    } else {
        reading.set_beneath(Keyword::SslMode, mode.to_string());
    }
    let uses_file = reading.get(Keyword::SslRootCert).is_some();
    if !verifies(mode) && !uses_file {
        reading.home = super::reading::Home::Ignored;
    }
    if let Some(file) = tls.get("sslkey") {
        set_identity(reading, Keyword::SslKey, "sslkey", file);
    }
    let has_key = reading.get(Keyword::SslKey).is_some() || !tls.has("sslkey");
    if let Some(file) = tls.get("sslcert").filter(|_| has_key) {
        set_identity(reading, Keyword::SslCert, "sslcert", file);
    }
    let prefers_primary = super::parts::find(params, "targetServerType") == Some("preferPrimary");
    if prefers_primary {
        reading.info("targetServerType", "libpq cannot prefer a primary");
    }
    Ok(())
}

/// Without sslkey, pgjdbc takes a file of another name than libpq (`LibPQFactory`), or sends no certificate.
fn default_key(tls: &Tls, reading: &mut Reading, world: &dyn World) {
    let (Some(home), false) = (world.home(), tls.has("sslkey")) else {
        return;
    };
    let files = os::home_files(&home);
    let existing = |name| Some(files.join(name)).filter(|path| world.read(path).is_ok());
    let certificate = existing("postgresql.crt").filter(|_| !tls.has("sslcert"));
    if certificate.is_none() && !tls.has("sslcert") {
        return;
    }
    match (existing("postgresql.pk8"), existing("postgresql.key")) {
        (Some(key), _) => {
            reading.set(Keyword::SslKey, os::bytes_of(key.as_os_str()));
            if let Some(certificate) = certificate {
                reading.set(Keyword::SslCert, os::bytes_of(certificate.as_os_str()));
            }
        }
        (None, Some(_)) => {
            reading.set(Keyword::SslCertMode, "disable");
            reading.warn(
                "sslkey",
                "not set: pgjdbc looks for postgresql.pk8 in the directory of libpq's postgresql.key, finds none, and sends no client certificate",
            );
        }
        (None, None) => {}
    }
}

/// A key file that every pgjdbc reads, and the command that writes it. `None` if the name says that it is one already.
fn key_for_all(file: &str) -> Option<(String, String)> {
    let name = file.to_ascii_lowercase();
    let known = [".pk8", ".der", ".p12", ".pfx"];
    if known.iter().any(|end| name.ends_with(end)) {
        return None;
    }
    let written = Path::new(file).with_extension("pk8");
    let written = written.to_string_lossy().into_owned();
    let command = format!(
        "openssl pkcs8 -topk8 -nocrypt -in {} -outform der -out {}",
        super::shell::quoted(file),
        super::shell::quoted(&written)
    );
    Some((written, command))
}

fn left_out(tls: &Tls, reading: &mut Reading) {
    if tls.has("sslrootcert") {
        reading.warn(
            "sslrootcert",
            "the class of sslfactory does not read it, so it is left out",
        );
    }
}

pub(super) fn write(promise: &mut Promise) -> String {
    let mut pairs = Vec::new();
    for (keyword, name) in [(Keyword::User, "user"), (Keyword::Password, "password")] {
        pairs.extend(promise.take(keyword).map(|value| (name, value)));
    }
    match (promise.mode, promise.root.clone()) {
        (SslMode::VerifyFull, Root::System) => {
            pairs.push(("ssl", "true".to_owned()));
            pairs.push((
                "sslfactory",
                "org.postgresql.ssl.DefaultJavaSSLFactory".to_owned(),
            ));
            promise.info("sslrootcert", "the nearest are Java's own roots (cacerts)");
        }
        (SslMode::Require | SslMode::VerifyCa, Root::File(file)) => {
            pairs.push(("sslmode", "verify-ca".to_owned()));
            pairs.push(("sslrootcert", file));
        }
        (mode, Root::File(file)) if verifies(mode) => {
            pairs.push(("sslmode", mode.to_string()));
            pairs.push(("sslrootcert", file));
        }
        (mode, _) => pairs.push(("sslmode", mode.to_string())),
    }
    for (keyword, name) in [
        (Keyword::SslCert, "sslcert"),
        (Keyword::SslKey, "sslkey"),
        (Keyword::SslPassword, "sslpassword"),
        (Keyword::SslNegotiation, "sslNegotiation"),
        (Keyword::ChannelBinding, "channelBinding"),
        (Keyword::RequireAuth, "requireAuth"),
        (Keyword::Options, "options"),
        (Keyword::ApplicationName, "ApplicationName"),
        (Keyword::ConnectTimeout, "connectTimeout"),
    ] {
        pairs.extend(promise.take(keyword).map(|value| (name, value)));
    }
    if pairs.iter().any(|(name, _)| *name == "channelBinding") {
        promise.info(
            "channel_binding",
            "pgjdbc enforces it from 42.7.12 on; older versions ignore it",
        );
    }
    for (_, file) in pairs.iter_mut().filter(|(name, _)| *name == "sslkey") {
        if let Some((written, command)) = key_for_all(file) {
            promise.info(
                "sslkey",
                format!("before pgjdbc 42.7.9 the key must be PKCS#8 in DER: {command}"),
            );
            promise.key_command = Some(command);
            *file = written;
        }
    }
    let targets = TARGETS.iter().filter(|(_, libpq)| !libpq.is_empty());
    promise.take_words(
        Keyword::TargetSessionAttrs,
        "targetServerType",
        targets,
        &mut pairs,
    );
    let hosts = promise.hosts("localhost");
    let dbname = promise.take(Keyword::Dbname).unwrap_or_default();
    format!(
        "{PREFIX}//{hosts}/{}?{}",
        super::promise::encoded(&dbname),
        super::promise::query(&pairs)
    )
}
