//! Npgsql (`NpgsqlConnectionStringBuilder`, `NpgsqlConnector`).

use super::pairs;
use super::parts::{
    set_home_or_runtime_roots, set_hosts, set_identity, set_mode, set_root, verifies,
};
use super::promise::{Promise, Root};
use super::reading::Home;
use super::settings::{Case, Meaning, Param, Table, Tls, Unknown, row};
use super::url::host_and_port;
use super::{Dialect, Fault, Reading};
use crate::conninfo::{Keyword, SslMode, World};

const DIALECT: Dialect = Dialect::Adonet;

const TARGETS: &[(&str, &str)] = &[
    ("any", ""),
    ("primary", "primary"),
    ("standby", "standby"),
    ("prefer-primary", ""),
    ("prefer-standby", "prefer-standby"),
    ("read-write", "read-write"),
    ("read-only", "read-only"),
];

/// `ChannelBinding` and `GssEncryptionMode`. `Enum.Parse` takes numbers, too.
const LEVELS: &[(&str, &str)] = &[
    ("disable", "disable"),
    ("prefer", "prefer"),
    ("require", "require"),
    ("0", "disable"),
    ("1", "prefer"),
    ("2", "require"),
];

pub(super) const TABLE: Table = Table {
    dialect: DIALECT,
    case: Case::Ignored,
    unknown: Unknown::Refused,
    rows: &[
        row(&["Host", "Server"], Meaning::Tls),
        row(&["Port"], Meaning::Tls),
        row(&["Database", "DB"], Meaning::Same(Keyword::Dbname)),
        row(
            &["Username", "User Name", "UserId", "User Id", "UID"],
            Meaning::Same(Keyword::User),
        ),
        row(
            &["Password", "PSW", "PWD"],
            Meaning::Same(Keyword::Password),
        ),
        row(&["Passfile"], Meaning::Same(Keyword::Passfile)),
        row(&["SSL Mode", "SslMode"], Meaning::Tls),
        row(
            &["Trust Server Certificate", "TrustServerCertificate"],
            Meaning::Tls,
        ),
        row(&["Root Certificate", "RootCertificate"], Meaning::Tls),
        row(&["SSL Certificate", "SslCertificate"], Meaning::Tls),
        row(&["SSL Key", "SslKey"], Meaning::Tls),
        row(
            &["SSL Password", "SslPassword"],
            Meaning::Same(Keyword::SslPassword),
        ),
        row(
            &["Check Certificate Revocation", "CheckCertificateRevocation"],
            Meaning::Tls,
        ),
        row(
            &["SSL Negotiation", "SslNegotiation"],
            Meaning::Words(
                Keyword::SslNegotiation,
                &[
                    ("postgres", "postgres"),
                    ("direct", "direct"),
                    ("0", "postgres"),
                    ("1", "direct"),
                ],
            ),
        ),
        row(
            &["Channel Binding", "ChannelBinding"],
            Meaning::Words(Keyword::ChannelBinding, LEVELS),
        ),
        row(
            &["GSS Encryption Mode", "GssEncryptionMode"],
            Meaning::Words(Keyword::GssEncMode, LEVELS),
        ),
        row(&["Require Auth", "RequireAuth"], Meaning::Tls),
        row(&["Timeout"], Meaning::Same(Keyword::ConnectTimeout)),
        row(&["Options"], Meaning::Same(Keyword::Options)),
        row(
            &["Application Name", "ApplicationName"],
            Meaning::Same(Keyword::ApplicationName),
        ),
        row(&["Search Path", "SearchPath"], Meaning::SearchPath),
        row(
            &["Client Encoding", "ClientEncoding"],
            Meaning::Same(Keyword::ClientEncoding),
        ),
        row(
            &["Kerberos Service Name", "KerberosServiceName", "Krbsrvname"],
            Meaning::Same(Keyword::KrbSrvName),
        ),
        row(
            &["Target Session Attributes", "TargetSessionAttributes"],
            Meaning::Words(Keyword::TargetSessionAttrs, TARGETS),
        ),
        row(
            &["Load Balance Hosts", "LoadBalanceHosts"],
            Meaning::Words(
                Keyword::LoadBalanceHosts,
                &[("true", "random"), ("false", "")],
            ),
        ),
        row(
            &[
                "Command Timeout",
                "CommandTimeout",
                "Keepalive",
                "Cancellation Timeout",
                "CancellationTimeout",
                "Internal Command Timeout",
                "InternalCommandTimeout",
                "Pooling",
                "Minimum Pool Size",
                "MinPoolSize",
                "Maximum Pool Size",
                "MaxPoolSize",
                "Connection Idle Lifetime",
                "ConnectionIdleLifetime",
                "Connection Pruning Interval",
                "ConnectionPruningInterval",
                "Connection Lifetime",
                "ConnectionLifetime",
                "Load Balance Timeout",
                "Enlist",
                "Include Error Detail",
                "IncludeErrorDetail",
                "Include Error Details",
                "Include Failed Batched Command",
                "IncludeFailedBatchedCommand",
                "Max Auto Prepare",
                "MaxAutoPrepare",
                "Auto Prepare Min Usages",
                "AutoPrepareMinUsages",
                "No Reset On Close",
                "NoResetOnClose",
                "Read Buffer Size",
                "ReadBufferSize",
                "Write Buffer Size",
                "WriteBufferSize",
                "Socket Receive Buffer Size",
                "SocketReceiveBufferSize",
                "Socket Send Buffer Size",
                "SocketSendBufferSize",
                "Host Recheck Seconds",
                "HostRecheckSeconds",
                "Multiplexing",
                "Write Coalescing Buffer Threshold Bytes",
                "WriteCoalescingBufferThresholdBytes",
                "Server Compatibility Mode",
                "ServerCompatibilityMode",
                "Load Table Composites",
                "LoadTableComposites",
                "Array Nullability Mode",
                "ArrayNullabilityMode",
                "Log Parameters",
                "LogParameters",
                "Persist Security Info",
                "PersistSecurityInfo",
                "Encoding",
                "Timezone",
                "Include Realm",
                "IncludeRealm",
                "TCP Keepalive",
                "TcpKeepAlive",
                "TCP Keepalive Time",
                "TcpKeepAliveTime",
                "TCP Keepalive Interval",
                "TcpKeepAliveInterval",
                "Replication Mode",
                "ReplicationMode",
                "Use Perf Counters",
                "Integrated Security",
                "IntegratedSecurity",
                "Convert Infinity DateTime",
            ],
            Meaning::Nothing,
        ),
    ],
};

pub(super) fn read(text: &str, world: &dyn World) -> Result<Reading, Fault> {
    let mut reading = Reading::new(DIALECT);
    let params = pairs::adonet(text).ok_or_else(|| {
        Fault::refused_but(
            DIALECT,
            "a setting has no = or its quote is not closed",
            "Write Name=Value with ; between the settings. Put a value with ; in double quotes.",
        )
    })?;
    let tls = TABLE.read(&unset(params), &mut reading)?;
    servers(&tls, &mut reading)?;
    reading.info(
        "Npgsql",
        "settings are separated by semicolons; libpq separates them with spaces",
    );
    self::tls(&tls, &mut reading, world)?;
    reading.without_nul()
}

/// `Key=;` removes what was set before, under any of its names (`DbConnectionStringBuilder`).
fn unset(params: Vec<Param>) -> Vec<Param> {
    let mut set: Vec<Param> = Vec::new();
    for param in params {
        if param.value.is_empty() {
            let names = TABLE.row(&param.name).map_or(&[][..], |row| row.names);
            let is_its = |name: &str| names.iter().any(|own| own.eq_ignore_ascii_case(name));
            set.retain(|earlier| !is_its(&earlier.name));
        } else {
            set.push(param);
        }
    }
    set
}

fn servers(tls: &Tls, reading: &mut Reading) -> Result<(), Fault> {
    let host = tls
        .get("Host")
        .ok_or_else(|| Fault::refused_but(DIALECT, "there is no Host", "Add Host=NAME."))?;
    let port = tls.get("Port").unwrap_or_default();
    let hosts: Option<Vec<(String, String)>> = host
        .split(',')
        .map(|one| {
            let one = one.trim();
            // An IPv6 address may come without brackets.
            let bare = one.matches(':').count() > 1 && !one.starts_with('[');
            let (host, own) = if bare { (one, "") } else { host_and_port(one)? };
            let port = if own.is_empty() { port } else { own };
            Some((host.to_owned(), port.to_owned()))
        })
        .collect();
    let hosts =
        hosts.ok_or_else(|| Fault::refused(DIALECT, "a bracket around the host is not closed"))?;
    set_hosts(reading, &hosts, None);
    Ok(())
}

/// `Enum.Parse`: names without hyphens or blanks, or numbers.
fn mode(word: &str) -> Option<SslMode> {
    Some(match word.to_ascii_lowercase().as_str() {
        "disable" | "0" => SslMode::Disable,
        "allow" | "1" => SslMode::Allow,
        "prefer" | "2" => SslMode::Prefer,
        "require" | "3" => SslMode::Require,
        "verifyca" | "4" => SslMode::VerifyCa,
        "verifyfull" | "5" => SslMode::VerifyFull,
        _ => return None,
    })
}

/// Its word for a mode.
fn word(mode: SslMode) -> &'static str {
    match mode {
        SslMode::Disable => "Disable",
        SslMode::Allow => "Allow",
        SslMode::Prefer => "Prefer",
        SslMode::Require => "Require",
        SslMode::VerifyCa => "VerifyCA",
        SslMode::VerifyFull => "VerifyFull",
    }
}

fn tls(tls: &Tls, reading: &mut Reading, world: &dyn World) -> Result<(), Fault> {
    let mode = match tls.get("SSL Mode") {
        Some(word) => mode(word.trim()).ok_or_else(|| {
            Fault::refused_but(
                DIALECT,
                "it does not know this SSL Mode",
                "The modes are Disable, Allow, Prefer, Require, VerifyCA and VerifyFull.",
            )
        })?,
        None => {
            reading.info(
                "SSL Mode",
                "not set: the default is Prefer (Npgsql 5 and older: Disable)",
            );
            SslMode::Prefer
        }
    };
    set_mode(reading, mode);
    if let Some(file) = tls.get("Root Certificate") {
        set_root(reading, "Root Certificate", mode, file)?;
    }
    if verifies(mode) {
        if !tls.has("Root Certificate") {
            set_home_or_runtime_roots(reading, world, "the roots of the operating system");
        }
    } else {
        reading.home = Home::Ignored;
        if mode == SslMode::Require {
            reading.info(
                "SSL Mode",
                "Require encrypts, and verifies nothing (Npgsql 6 and newer)",
            );
        }
    }
    if tls.has("Trust Server Certificate") {
        reading.info(
            "Trust Server Certificate",
            "it does nothing since Npgsql 8, and does not weaken VerifyFull in Npgsql 6 and 7",
        );
    }
    if tls
        .get("Check Certificate Revocation")
        .is_some_and(|word| word.eq_ignore_ascii_case("true"))
    {
        reading.warn(
            "Check Certificate Revocation",
            "Npgsql asks OCSP responders and CRL servers; libpq and pgtls read only files (sslcrl)",
        );
    }
    if let Some(methods) = tls.get("Require Auth") {
        reading.set(
            Keyword::RequireAuth,
            methods
                .to_ascii_lowercase()
                .replace("scramsha256", "scram-sha-256"),
        );
    }
    for (name, keyword) in [
        ("SSL Certificate", Keyword::SslCert),
        ("SSL Key", Keyword::SslKey),
    ] {
        if let Some(file) = tls.get(name) {
            set_identity(reading, keyword, name, file);
        }
    }
    Ok(())
}

pub(super) fn write(promise: &mut Promise) -> String {
    let mut pairs = vec![("Host", promise.host_list())];
    pairs.extend(promise.port_list().map(|ports| ("Port", ports)));
    for (keyword, name) in [
        (Keyword::Dbname, "Database"),
        (Keyword::User, "Username"),
        (Keyword::Password, "Password"),
    ] {
        pairs.extend(promise.take(keyword).map(|value| (name, value)));
    }
    let (mode, root) = (promise.mode, promise.root.clone());
    match (mode, root) {
        (SslMode::Require | SslMode::VerifyCa, Root::File(file)) => {
            pairs.push(("SSL Mode", word(SslMode::VerifyCa).to_owned()));
            pairs.push(("Root Certificate", file));
        }
        (mode, Root::File(file)) if verifies(mode) => {
            pairs.push(("SSL Mode", word(mode).to_owned()));
            pairs.push(("Root Certificate", file));
        }
        (mode, root) => {
            if root == Root::System {
                promise.info("sslrootcert", "without Root Certificate, Npgsql trusts the operating system's roots, unless PGSSLROOTCERT or ~/.postgresql/root.crt exists");
            } else if verifies(mode) {
                promise.cannot("sslrootcert", "no root is named: libpq uses ~/.postgresql/root.crt, Npgsql that file or the operating system's roots. Set sslrootcert first");
            }
            pairs.push(("SSL Mode", word(mode).to_owned()));
        }
    }
    for (keyword, name) in [
        (Keyword::SslCert, "SSL Certificate"),
        (Keyword::SslKey, "SSL Key"),
        (Keyword::SslPassword, "SSL Password"),
        (Keyword::Passfile, "Passfile"),
        (Keyword::Options, "Options"),
        (Keyword::ApplicationName, "Application Name"),
        (Keyword::ConnectTimeout, "Timeout"),
        (Keyword::ClientEncoding, "Client Encoding"),
        (Keyword::KrbSrvName, "Kerberos Service Name"),
        (Keyword::TargetSessionAttrs, "Target Session Attributes"),
    ] {
        pairs.extend(promise.take(keyword).map(|value| (name, value)));
    }
    for (keyword, name) in [
        (Keyword::SslNegotiation, "SSL Negotiation"),
        (Keyword::ChannelBinding, "Channel Binding"),
        (Keyword::GssEncMode, "GSS Encryption Mode"),
    ] {
        pairs.extend(promise.take(keyword).map(|value| (name, capital(&value))));
    }
    pairs::write_adonet(&pairs)
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}
