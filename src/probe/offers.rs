//! What a server would accept, if it has nothing in common with what a check offers.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;

use super::{Observation, Stop, Task, server_name};
use crate::conninfo::{Endpoint, HostAddr};
use crate::handshake::{ClientCertificateRequest, Error as HandshakeError};
use crate::inquiry::{Everything, Line, Unknown, choose};
use crate::wire::tls::reply::Want;
use crate::wire::tls::{Alert, Group, Suite, TlsVersion};
use crate::x509::{Certificate, Curve, KeyKind};

/// What a server chooses from everything that exists, for each version.
#[derive(Clone, Debug)]
pub struct Offers {
    /// From TLS 1.0 to 1.3: what it accepts, or `None` if it refuses the version.
    pub versions: Vec<(TlsVersion, Result<Option<Taken>, Unknown>)>,
    /// The curve of the server's key, if pgtls and psql have no signatures of it.
    pub odd_curve: Option<Curve>,
}

/// What a server accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The suite.
    pub suite: Suite,
    /// The group, if the first answer names one: in TLS 1.3.
    pub group: Option<Group>,
}

/// Asks, if a handshake failed because of version or suite: one connection per version.
pub async fn offers(task: &Task, observation: &Observation, deadline: Instant) -> Option<Offers> {
    match &observation.outcome {
        Err(stop) if nothing_in_common(stop) => {}
        Ok(_) | Err(_) => return None,
    }
    let line = line(task, observation, task.timeout, deadline)?;
    let mut versions = Vec::new();
    for &version in TlsVersion::ALL {
        versions.push((version, taken(&line, version).await));
    }
    let odd_curve = odd_curve(&line, &versions).await;
    Some(Offers {
        versions,
        odd_curve,
    })
}

/// The certificate is asked for only if a suite of TLS 1.2 needs a key on a curve.
async fn odd_curve(
    line: &Line,
    versions: &[(TlsVersion, Result<Option<Taken>, Unknown>)],
) -> Option<Curve> {
    let mut versions = versions.iter();
    versions.find(|(version, answer)| {
        let Ok(Some(taken)) = answer else {
            return false;
        };
        *version == TlsVersion::V1_2 && taken.suite.is_ecdsa()
    })?;
    let everything = Everything::of(TlsVersion::V1_2);
    let shown = line.shown(everything.offer()).await.ok()??;
    let KeyKind::Ec(curve) = Certificate::parse(&shown).ok()?.public_key.kind else {
        return None;
    };
    match curve {
        Curve::P256 | Curve::P384 | Curve::P521 => None,
        Curve::Secp256k1 | Curve::Other { .. } => Some(curve),
    }
}

/// More connections to the observed address, with `patience` for each. All end at the deadline.
pub(crate) fn line(
    task: &Task,
    observation: &Observation,
    patience: Duration,
    deadline: Instant,
) -> Option<Line> {
    Some(line_to(task, observation.address?, patience, deadline))
}

/// The same to an address.
pub(super) fn line_to(
    task: &Task,
    address: SocketAddr,
    patience: Duration,
    deadline: Instant,
) -> Line {
    Line {
        endpoint: pinned(&task.endpoint, address),
        negotiation: task.conninfo.sslnegotiation.value,
        server_name: server_name(task).map(<[u8]>::to_vec),
        patience,
        deadline,
    }
}

/// The same endpoint, and no other address of it.
pub(crate) fn pinned(endpoint: &Endpoint, address: SocketAddr) -> Endpoint {
    let text = match address {
        SocketAddr::V6(v6) if v6.scope_id() != 0 => format!("{}%{}", v6.ip(), v6.scope_id()),
        SocketAddr::V4(_) | SocketAddr::V6(_) => address.ip().to_string(),
    };
    Endpoint {
        hostaddr: HostAddr::from_bytes(text.as_bytes()).or_else(|| endpoint.hostaddr.clone()),
        ..endpoint.clone()
    }
}

async fn taken(line: &Line, version: TlsVersion) -> Result<Option<Taken>, Unknown> {
    let everything = Everything::of(version);
    let pick = choose(line, everything.offer(), Want::Hello).await?;
    Ok(pick.map(|pick| Taken {
        suite: pick.suite,
        group: pick.chosen.group.and_then(Group::of),
    }))
}

/// After a CertificateRequest the same alerts are about our certificate.
pub(super) fn nothing_in_common(stop: &Stop) -> bool {
    let Stop::Handshake { error, tls, .. } = stop else {
        return false;
    };
    match error {
        HandshakeError::NoCommonVersion
        | HandshakeError::NoCommonCipher
        | HandshakeError::NothingToOffer => true,
        HandshakeError::Alert(alert) => {
            let is_asked = tls.client_certificate != ClientCertificateRequest::NotRequested;
            ABOUT_THE_OFFER.contains(alert) && !is_asked
        }
        HandshakeError::Refused(_)
        | HandshakeError::InsecureRenegotiation
        | HandshakeError::ServerName(_)
        | HandshakeError::NoAlpn
        | HandshakeError::Closed { .. }
        | HandshakeError::NotTls { .. }
        | HandshakeError::TooMuch
        | HandshakeError::Timeout { .. }
        | HandshakeError::StillJudging
        | HandshakeError::Io(_)
        | HandshakeError::Misbehaved(_)
        | HandshakeError::Other(_) => false,
    }
}

/// RFC 8446 section 6.2.
const ABOUT_THE_OFFER: [Alert; 3] = [
    Alert::HANDSHAKE_FAILURE,
    Alert::PROTOCOL_VERSION,
    Alert::INSUFFICIENT_SECURITY,
];
