//! Asks the server about this session, and then ends it properly.

use tokio::net::TcpStream;
use tokio_postgres::config::Config;
use tokio_postgres::error::{DbError, Severity};
use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

use super::channel::Connector;
use super::settings::{self, Unsupported};
use super::tap::Tap;
use crate::conninfo::{ConnInfo, TargetSessionAttrs};
use crate::handshake::{ClientCertificateRequest, Tls};
use crate::wire::postgres::ServerError;
use crate::wire::tls::{Suite, TlsVersion};

/// What the server reports about this session (PostgreSQL documentation, "pg_stat_ssl"). Its texts are
/// untrusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerSession {
    /// Whether it has TLS at all.
    pub encryption: Encryption,
    /// `TLSv1.3`
    pub version: Option<String>,
    /// OpenSSL's name of the suite.
    pub cipher: Option<String>,
    /// Secret bits of the key.
    pub bits: Option<String>,
    /// The subject of the client certificate that the server got.
    pub client_dn: Option<String>,
    /// That certificate's serial number: the subject may be empty.
    pub client_serial: Option<String>,
    /// The number of the server's process for this session.
    pub process: Option<u32>,
    /// The client's port, as the server sees it.
    pub client_port: Option<u16>,
}

/// Whether the server's session is the one that this client has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// The same process, and the port of this end of the connection.
    Same,
    /// The same process, but another port: something translates addresses, or passes messages on.
    OtherPort,
    /// Another process than the one that answered here: a pooler.
    OtherProcess,
    /// The server does not say.
    Unknown,
}

/// This end of the session, to compare with the server's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Own<'a> {
    /// What was negotiated.
    pub(super) tls: &'a Tls,
    /// The process that BackendKeyData named.
    pub(super) process: Option<u32>,
    /// The port of the socket.
    pub(super) port: Option<u16>,
}

/// Whether a session has TLS, according to the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// It has not.
    #[default]
    None,
    /// It has.
    Tls,
}

/// Why the server's view is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It answered with an error: PgBouncer's console, for example, has no such view.
    Server(ServerError),
    /// It has no row for this session.
    NoRow,
    /// Its row has unknown columns.
    Unfamiliar,
    /// It reported everything, but the suite negotiated here is unknown.
    OwnSideUnknown,
}

/// How the server's view differs from ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Another process than the one that answered here.
    Process {
        /// The one that answered.
        answered: u32,
        /// The server's.
        server: u32,
    },
    /// The server's session has no TLS.
    NoTls,
    /// Another version.
    Version,
    /// Another suite.
    Cipher,
    /// Another key length.
    Bits,
    /// The client certificate that we sent did not arrive, or one arrived that we did not send.
    ClientCertificate,
}

/// What kind of server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It accepts writes.
    ReadWrite,
    /// It is not a standby, but refuses writes.
    ReadOnly,
    /// It is a standby.
    Standby,
    /// It does not say.
    Unknown,
}

/// What the session returned.
pub(super) struct Spoken {
    pub(super) server_version: Option<String>,
    /// The version of PgBouncer, which newer ones tell.
    pub(super) pgbouncer: Option<String>,
    pub(super) rows: Result<Vec<SimpleQueryMessage>, ServerError>,
    pub(super) role: Option<(TargetSessionAttrs, Role)>,
}

/// What else the string requires of a session.
pub(super) struct Wishes {
    role: Option<TargetSessionAttrs>,
    /// The statement that sets it.
    client_encoding: Option<String>,
}

impl Wishes {
    pub(super) fn of(conninfo: &ConnInfo) -> Result<Self, Unsupported> {
        Ok(Self {
            role: demanded(conninfo),
            client_encoding: settings::client_encoding(conninfo)?,
        })
    }
}

/// Logs in, asks, and ends with Terminate.
pub(super) async fn speak(
    config: &Config,
    stream: Tap<TcpStream>,
    connector: Connector,
    wishes: Wishes,
) -> Result<Spoken, tokio_postgres::Error> {
    let (client, connection) = config.connect_raw(stream, connector).await?;
    let server_version = connection.parameter("server_version").map(str::to_owned);
    let pgbouncer = connection.parameter("pgbouncer.version").map(str::to_owned);
    let questions = async move {
        let rows = as_answer(client.simple_query(PG_STAT_SSL).await)?;
        let role = match wishes.role {
            Some(wanted) => {
                let rows = as_answer(client.simple_query(ROLE).await)?;
                let role = rows.map_or(Role::Unknown, |rows| role(&rows));
                (!suits(wanted, role)).then_some((wanted, role))
            }
            None => None,
        };
        // This is the last one: what follows from the server may not be UTF-8.
        if let Some(statement) = wishes.client_encoding {
            client.simple_query(&statement).await?;
        }
        // Without its client the connection sends Terminate, and ends.
        drop(client);
        Ok::<_, tokio_postgres::Error>((rows, role))
    };
    let (answers, end) = tokio::join!(questions, connection);
    match (answers, end) {
        // The server may close before our Terminate is sent.
        (Ok((rows, role)), _) => Ok(Spoken {
            server_version,
            pgbouncer,
            rows,
            role,
        }),
        // Both report the end, but only the connection knows why.
        (Err(error), Err(end)) if error.is_closed() => Err(end),
        (Err(error), _) => Err(error),
    }
}

/// An error of the statement is an answer, too. An error that ends the session is not.
fn as_answer(
    result: Result<Vec<SimpleQueryMessage>, tokio_postgres::Error>,
) -> Result<Result<Vec<SimpleQueryMessage>, ServerError>, tokio_postgres::Error> {
    match result {
        Ok(rows) => Ok(Ok(rows)),
        Err(error) => match error.as_db_error() {
            Some(said) if !ends_session(said) => Ok(Err(ServerError {
                sqlstate: Some(said.code().code().to_owned()),
                message: said.message().as_bytes().to_vec(),
                ..ServerError::default()
            })),
            _ => Err(error),
        },
    }
}

/// The severity may come in the server's own language, or be missing if it comes from a pooler.
fn ends_session(error: &DbError) -> bool {
    match error.parsed_severity() {
        Some(severity) => severity != Severity::Error,
        None => error.severity() != "ERROR",
    }
}

/// Reads the only row.
pub(super) fn read(rows: Vec<SimpleQueryMessage>) -> Result<ServerSession, Unread> {
    let mut rows = rows.iter().filter_map(as_row);
    let row = match (rows.next(), rows.next()) {
        (Some(row), None) => row,
        (None, _) => return Err(Unread::NoRow),
        (Some(_), Some(_)) => return Err(Unread::Unfamiliar),
    };
    let encryption = match column(row, "ssl").as_deref() {
        Some("t") => Encryption::Tls,
        Some("f") => Encryption::None,
        _ => return Err(Unread::Unfamiliar),
    };
    Ok(ServerSession {
        encryption,
        version: column(row, "version"),
        cipher: column(row, "cipher"),
        bits: column(row, "bits"),
        // PostgreSQL 11 and older have it without the underscore.
        client_dn: column(row, "client_dn").or_else(|| column(row, "clientdn")),
        client_serial: column(row, "client_serial"),
        process: column(row, "pid").and_then(|pid| pid.parse().ok()),
        client_port: column(row, "client_port").and_then(|port| port.parse().ok()),
    })
}

fn as_row(message: &SimpleQueryMessage) -> Option<&SimpleQueryRow> {
    if let SimpleQueryMessage::Row(row) = message {
        Some(row)
    } else {
        None
    }
}

fn column(row: &SimpleQueryRow, name: &str) -> Option<String> {
    row.try_get(name)
        .ok()
        .flatten()
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

impl ServerSession {
    /// How the two ends of the session differ. No difference does not prove that there is only one
    /// session: something in between may have negotiated the same twice. Only channel binding proves
    /// it.
    pub(super) fn differences(&self, own: &Own<'_>) -> Vec<Difference> {
        let process = own.process.zip(self.process);
        let process = process
            .filter(|(answered, server)| answered != server)
            .map(|(answered, server)| Difference::Process { answered, server });
        let tls = self.tls_differences(own.tls);
        process.into_iter().chain(tls).collect()
    }

    /// Whether the process and the port are those of this end.
    pub(super) fn sight(&self, own: &Own<'_>) -> Sight {
        match (
            own.process.zip(self.process),
            own.port.zip(self.client_port),
        ) {
            (None, _) => Sight::Unknown,
            (Some((answered, server)), _) if answered != server => Sight::OtherProcess,
            (Some(_), Some((own, seen))) if own == seen => Sight::Same,
            (Some(_), _) => Sight::OtherPort,
        }
    }

    fn tls_differences(&self, ours: &Tls) -> Vec<Difference> {
        if self.encryption == Encryption::None {
            return vec![Difference::NoTls];
        }
        let version = ours.protocol.map(TlsVersion::name);
        let theirs = self.cipher.as_deref();
        let same_cipher = ours
            .cipher
            .is_none_or(|cipher| theirs == Some(cipher.openssl) || theirs == Some(cipher.iana));
        let bits = ours.cipher.and_then(Suite::key_bits);
        let bits = bits.map(|bits| bits.to_string());
        let sent = ours.client_certificate == ClientCertificateRequest::Sent;
        let arrived = self.client_dn.is_some() || self.client_serial.is_some();
        [
            (Difference::Version, version == self.version.as_deref()),
            (Difference::Cipher, same_cipher),
            (Difference::Bits, bits.is_none() || bits == self.bits),
            (Difference::ClientCertificate, sent == arrived),
        ]
        .into_iter()
        .filter(|(_, same)| !same)
        .map(|(difference, _)| difference)
        .collect()
    }
}

/// The kind of server that is required, unless any will do. With `prefer-standby` any single server
/// will do.
fn demanded(conninfo: &ConnInfo) -> Option<TargetSessionAttrs> {
    let several = conninfo.endpoints.len() > 1;
    conninfo
        .target_session_attrs()
        .filter(|wanted| match wanted {
            TargetSessionAttrs::Any => false,
            TargetSessionAttrs::PreferStandby => several,
            TargetSessionAttrs::ReadWrite
            | TargetSessionAttrs::ReadOnly
            | TargetSessionAttrs::Primary
            | TargetSessionAttrs::Standby => true,
        })
}

fn role(rows: &[SimpleQueryMessage]) -> Role {
    let row = rows.iter().find_map(as_row);
    let said = |name| row.and_then(|row| column(row, name));
    match (said("standby").as_deref(), said("read_only").as_deref()) {
        (Some("t"), _) => Role::Standby,
        (Some("f"), Some("on")) => Role::ReadOnly,
        (Some("f"), Some("off")) => Role::ReadWrite,
        _ => Role::Unknown,
    }
}

/// `PQconnectPoll`, the states CONNECTION_CHECK_WRITABLE and CONNECTION_CHECK_STANDBY.
fn suits(wanted: TargetSessionAttrs, role: Role) -> bool {
    match wanted {
        TargetSessionAttrs::ReadWrite => role == Role::ReadWrite,
        TargetSessionAttrs::ReadOnly => matches!(role, Role::ReadOnly | Role::Standby),
        TargetSessionAttrs::Primary => matches!(role, Role::ReadWrite | Role::ReadOnly),
        TargetSessionAttrs::Standby | TargetSessionAttrs::PreferStandby => role == Role::Standby,
        TargetSessionAttrs::Any => true,
    }
}

/// All columns, because their names have changed between releases. One simple message, which poolers
/// pass on unchanged.
const PG_STAT_SSL: &str = "SELECT *, pg_catalog.inet_client_port() AS client_port \
                           FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()";

const ROLE: &str = "SELECT pg_catalog.pg_is_in_recovery() AS standby, \
                    pg_catalog.current_setting('transaction_read_only') AS read_only";

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> Tls {
        Tls {
            protocol: Some(TlsVersion::V1_3),
            cipher: Suite::of(0x1302),
            ..Tls::default()
        }
    }

    fn theirs() -> ServerSession {
        ServerSession {
            encryption: Encryption::Tls,
            version: Some("TLSv1.3".to_owned()),
            cipher: Some("TLS_AES_256_GCM_SHA384".to_owned()),
            bits: Some("256".to_owned()),
            ..ServerSession::default()
        }
    }

    fn differences(session: &ServerSession, tls: &Tls) -> Vec<Difference> {
        session.differences(&Own {
            tls,
            process: None,
            port: None,
        })
    }

    #[test]
    fn a_pooler_shows_by_the_process_and_a_relay_by_the_port() {
        let tls = ours();
        let session = ServerSession {
            process: Some(21_051),
            client_port: Some(50_936),
            ..theirs()
        };
        let process = Difference::Process {
            answered: 708_474_193,
            server: 21_051,
        };
        for (process, port, sight, expected) in [
            (Some(21_051), Some(50_936), Sight::Same, vec![]),
            (Some(21_051), Some(4), Sight::OtherPort, vec![]),
            (Some(21_051), None, Sight::OtherPort, vec![]),
            (
                Some(708_474_193),
                Some(50_936),
                Sight::OtherProcess,
                vec![process],
            ),
            (None, Some(50_936), Sight::Unknown, vec![]),
        ] {
            let tls = &tls;
            let own = Own { tls, process, port };
            assert_eq!(session.sight(&own), sight);
            assert_eq!(session.differences(&own), expected);
        }
        let plain = ServerSession {
            encryption: Encryption::None,
            ..session
        };
        let own = Own {
            tls: &tls,
            process: Some(708_474_193),
            port: None,
        };
        assert_eq!(plain.differences(&own), [process, Difference::NoTls]);
    }

    #[test]
    fn one_session_looks_the_same_from_both_ends() {
        assert_eq!(differences(&theirs(), &ours()), []);
        let sent = Tls {
            client_certificate: ClientCertificateRequest::Sent,
            ..ours()
        };
        let named = ServerSession {
            client_dn: Some("/CN=ann".to_owned()),
            ..theirs()
        };
        assert_eq!(differences(&named, &sent), []);
        let nameless = ServerSession {
            client_serial: Some("7".to_owned()),
            ..theirs()
        };
        assert_eq!(differences(&nameless, &sent), []);
        let iana = ServerSession {
            version: Some("TLSv1.2".to_owned()),
            cipher: Some("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256".to_owned()),
            bits: Some("128".to_owned()),
            ..theirs()
        };
        let ours = Tls {
            protocol: Some(TlsVersion::V1_2),
            cipher: Suite::of(0xc02f),
            ..ours()
        };
        assert_eq!(differences(&iana, &ours), []);
    }

    #[test]
    fn two_sessions_differ_in_what_they_report() {
        let text = |text: &str| Some(text.to_owned());
        for (session, difference) in [
            (ServerSession::default(), Difference::NoTls),
            (
                ServerSession {
                    version: text("TLSv1.2"),
                    ..theirs()
                },
                Difference::Version,
            ),
            (
                ServerSession {
                    cipher: text("TLS_AES_128_GCM_SHA256"),
                    ..theirs()
                },
                Difference::Cipher,
            ),
            (
                ServerSession {
                    bits: text("128"),
                    ..theirs()
                },
                Difference::Bits,
            ),
            (
                ServerSession {
                    client_dn: text("/CN=pooler"),
                    ..theirs()
                },
                Difference::ClientCertificate,
            ),
        ] {
            assert_eq!(differences(&session, &ours()), [difference], "{session:?}");
        }
    }

    #[test]
    fn the_kind_of_server_is_judged_as_libpq_judges_it() {
        use TargetSessionAttrs::{Primary, ReadOnly, ReadWrite, Standby};
        for (wanted, suited) in [
            (ReadWrite, [true, false, false, false]),
            (ReadOnly, [false, true, true, false]),
            (Primary, [true, true, false, false]),
            (Standby, [false, false, true, false]),
        ] {
            let roles = [
                Role::ReadWrite,
                Role::ReadOnly,
                Role::Standby,
                Role::Unknown,
            ];
            assert_eq!(roles.map(|role| suits(wanted, role)), suited, "{wanted:?}");
        }
    }
}
