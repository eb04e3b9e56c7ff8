//! Does a server that selects an application protocol also accept a client that names none?
//!
//! libpq names PostgreSQL's protocol (ALPN) from version 17 on. A proxy that routes by it may have no route for older
//! ones, or lead them to another server. Without a selection it cannot depend on the name. In TLS 1.2 the ClientHello
//! of psql, which is sent anyway, has no name.

use std::net::SocketAddr;

use tokio::time::Instant;

use super::second_look::{LookFault, Silence};
use super::{Session, Stop, Task, meet_again, pinned};
use crate::conninfo::{SslNegotiation, TlsVersion};
use crate::handshake::Error;
use crate::wire::tls::{Alert, Alpn};
use crate::{connect, negotiate};

/// May older versions of libpq be refused where this session began?
pub(super) fn may_need_alpn(task: &Task, session: &Session) -> bool {
    task.conninfo.sslnegotiation.value == SslNegotiation::Postgres
        && task.oldest.alpn() == Alpn::Omitted
        && session.tls.protocol == Some(TlsVersion::V1_3)
        && session.tls.alpn.is_some()
}

/// Connects once more, and names no protocol. The certificates must be accepted there, too.
pub(super) async fn without_alpn(
    task: &Task,
    address: SocketAddr,
    named: Session,
    deadline: Instant,
) -> Result<Session, Stop> {
    let older = Task {
        endpoint: pinned(&task.endpoint, address),
        alpn: Alpn::Omitted,
        ..task.clone()
    };
    let mut met = meet_again(&older, deadline).await;
    if met.as_ref().is_err_and(|stop| stop.judgement().is_none()) {
        // It may have been busy.
        met = meet_again(&older, deadline).await;
    }
    match met {
        Ok(_) => Ok(named),
        Err(stop) if stop.judgement().is_some() => Err(stop),
        Err(stop) => Err(Stop::SecondLook {
            fault: LookFault::NeedsAlpn(silence(&stop)),
            tls: named.tls,
            judgement: Some(Box::new(named.judgement)),
        }),
    }
}

fn silence(stop: &Stop) -> Silence {
    let error = match stop {
        Stop::Handshake { error, .. } => error,
        Stop::Connect(connect::Error::Timeout { .. })
        | Stop::Negotiate(negotiate::Error::Timeout) => return Silence::Timeout,
        Stop::Connect(_) | Stop::Negotiate(_) | Stop::SecondLook { .. } => {
            return Silence::NotReached;
        }
    };
    match error {
        Error::Alert(alert) => Silence::Alert(*alert),
        Error::NoCommonVersion => Silence::Alert(Alert::PROTOCOL_VERSION),
        Error::NoCommonCipher => Silence::Alert(Alert::HANDSHAKE_FAILURE),
        Error::Closed { .. } | Error::Io(_) => Silence::Closed,
        Error::Timeout { .. } | Error::StillJudging => Silence::Timeout,
        Error::Refused(_)
        | Error::NothingToOffer
        | Error::ServerName(_)
        | Error::InsecureRenegotiation
        | Error::NoAlpn
        | Error::NotTls { .. }
        | Error::TooMuch
        | Error::Misbehaved(_)
        | Error::Other(_) => Silence::NotTls,
    }
}
