//! Logs in, asks the server about this session, and then ends it properly.

use tokio::net::TcpStream;
use tokio_postgres::config::Config;
use tokio_postgres::error::{DbError, Severity};
use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

use super::channel::Connector;
use super::session::{Encryption, Role, ServerSession, Unread};
use super::settings::{self, Unsupported};
use super::tap::Tap;
use crate::conninfo::{ConnInfo, Keyword, Replication, TargetSessionAttrs};
use crate::wire::postgres::ServerError;

/// What the session returned.
pub(super) struct Spoken {
    pub(super) server_version: Option<String>,
    /// The version of PgBouncer, which newer ones tell.
    pub(super) pgbouncer: Option<String>,
    pub(super) rows: Result<Vec<SimpleQueryMessage>, Unread>,
    pub(super) role: Option<(TargetSessionAttrs, Role)>,
}

/// What else the string requires of a session.
pub(super) struct Wishes {
    role: Option<TargetSessionAttrs>,
    /// The statement that sets it.
    client_encoding: Option<String>,
    statements: Statements,
}

/// Whether the session takes SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Statements {
    Taken,
    /// It is for physical replication.
    Refused,
}

impl Wishes {
    pub(super) fn of(conninfo: &ConnInfo) -> Result<Self, Unsupported> {
        let client_encoding = settings::client_encoding(conninfo)?;
        let statements = match conninfo.replication() {
            Replication::None | Replication::Logical => Statements::Taken,
            Replication::Physical => Statements::Refused,
        };
        if statements == Statements::Refused && client_encoding.is_some() {
            return Err(Unsupported::Keyword(Keyword::ClientEncoding));
        }
        Ok(Self {
            role: demanded(conninfo),
            client_encoding,
            statements,
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
    // PostgreSQL 14 and newer report both, and libpq asks only others.
    let reported = ["in_hot_standby", "default_transaction_read_only"]
        .map(|name| connection.parameter(name).map(str::to_owned));
    let questions = async move {
        let rows = match wishes.statements {
            Statements::Taken => as_answer(client.simple_query(PG_STAT_SSL).await)?,
            Statements::Refused => Err(Unread::Replication),
        };
        let role = match wishes.role {
            Some(wanted) => {
                let [standby, read_only] = &reported;
                let role = match (
                    Role::of(standby.as_deref(), read_only.as_deref()),
                    wishes.statements,
                ) {
                    (Role::Unknown, Statements::Taken) => {
                        let rows = as_answer(client.simple_query(ROLE).await)?;
                        rows.map_or(Role::Unknown, |rows| role(&rows))
                    }
                    (role, _) => role,
                };
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
) -> Result<Result<Vec<SimpleQueryMessage>, Unread>, tokio_postgres::Error> {
    match result {
        Ok(rows) => Ok(Ok(rows)),
        Err(error) => match error.as_db_error() {
            Some(said) if !ends_session(said) => Ok(Err(Unread::Server(ServerError {
                sqlstate: Some(said.code().code().to_owned()),
                message: said.message().as_bytes().to_vec(),
                ..ServerError::default()
            }))),
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
    let standby = match said("standby").as_deref() {
        Some("t") => Some("on"),
        Some("f") => Some("off"),
        _ => None,
    };
    Role::of(standby, said("read_only").as_deref())
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
