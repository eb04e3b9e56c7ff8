//! What psql gets from a server that has chosen TLS 1.2 for rustls.
//!
//! A server with several suites or several certificates chooses by the ClientHello. In TLS 1.2 libpq offers suites,
//! groups and signatures that rustls does not have, so psql may be shown another certificate, or parameters that its
//! TLS library refuses. What the server chooses for psql counts.

use std::net::SocketAddr;

use tokio::time::Instant;

use super::second_look::{Choice, Seen, Silence, look, unfinished};
use super::{LibpqOffer, LookFault, Session, Stop, Task};
use crate::conninfo::TlsVersion;
use crate::handshake::{self, Tls};
use crate::verify::flight::FlightFault;
use crate::wire::tls::Alert;

/// Has the server chosen TLS 1.2, and shown a certificate?
pub(super) fn may_choose_otherwise(met: &Result<Session, Stop>) -> bool {
    let tls = match met {
        Ok(session) => &session.tls,
        Err(Stop::Handshake {
            error: handshake::Error::Refused(_),
            tls,
            ..
        }) => tls,
        Err(
            Stop::Handshake { .. }
            | Stop::Connect(_)
            | Stop::Negotiate(_)
            | Stop::SecondLook { .. },
        ) => return false,
    };
    tls.protocol == Some(TlsVersion::V1_2)
}

/// Asks once more, as psql does.
pub(super) async fn as_libpq(
    task: &Task,
    address: SocketAddr,
    met: Result<Session, Stop>,
    deadline: Instant,
) -> (Result<Session, Stop>, LibpqOffer) {
    let mut seen = look(task, address, deadline).await;
    if let Seen::Silent(_) = seen {
        // It may have been busy.
        seen = look(task, address, deadline).await;
    }
    let decided = match met {
        Ok(session) => accepted(task, session, seen),
        Err(stop) => match refused(task, &stop, seen) {
            Some(other) => other,
            None => return (Err(stop), LibpqOffer::NotMade),
        },
    };
    (decided.map_err(|stop| *stop), LibpqOffer::Decisive)
}

/// After a session: without an answer to psql's offer there is no pass.
fn accepted(task: &Task, session: Session, seen: Seen) -> Result<Session, Box<Stop>> {
    let silence = match seen {
        Seen::Chosen(choice) => return both(task, session, *choice),
        Seen::Stopped(stop) => return Err(stop),
        Seen::Silent(silence) => silence,
        Seen::NotAsked => Silence::NotReached,
    };
    let fault = match silence {
        Silence::Alert(Alert::NO_APPLICATION_PROTOCOL) => LookFault::NeedsAlpn(silence),
        Silence::Alert(_)
        | Silence::Closed
        | Silence::NotTls
        | Silence::Timeout
        | Silence::NotReached => LookFault::Unanswered(silence),
    };
    Err(Box::new(Stop::SecondLook {
        fault,
        tls: session.tls,
        judgement: Some(Box::new(session.judgement)),
    }))
}

/// After a refusal, only another certificate changes something.
fn refused(task: &Task, first: &Stop, seen: Seen) -> Option<Result<Session, Box<Stop>>> {
    let shown = first.judgement()?;
    match seen {
        // A certificate that pgtls gets at one time and not at another counts as it is.
        Seen::Chosen(choice)
            if choice.proven != Ok(None) && !choice.judgement.presents_the_same(shown) =>
        {
            Some(unfinished(task, *choice))
        }
        Seen::Stopped(stop) => stop
            .judgement()
            .is_some_and(|other| !other.presents_the_same(shown))
            .then(|| Err(stop)),
        Seen::Chosen(_) | Seen::Silent(_) | Seen::NotAsked => None,
    }
}

/// A session, and what psql gets.
fn both(task: &Task, session: Session, choice: Choice) -> Result<Session, Box<Stop>> {
    let choice = choice.confirmed(task)?;
    let is_same = choice.judgement.presents_the_same(&session.judgement);
    match choice.proven {
        // The finished handshake has proven this key, which a static one does not do before.
        Ok(_) | Err(FlightFault::StaticKey(_)) if is_same => {}
        Ok(Some(_)) => return unfinished(task, choice),
        // Several servers at one address, perhaps. Both are good.
        Ok(None) => {}
        Err(fault) => return Err(choice.refused(fault)),
    }
    Ok(Session {
        tls: Tls {
            cipher: choice.tls.cipher,
            group: choice.tls.group,
            ..session.tls
        },
        judgement: choice.judgement,
        ..session
    })
}
