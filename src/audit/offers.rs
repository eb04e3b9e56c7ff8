//! What a server would take, that has nothing in common with what a check offers.

use tokio::time::Instant;

use super::line::{Line, Offer};
use super::protocol::choose;
use super::{Unknown, pinned};
use crate::handshake::{ClientCertificateRequest, Error as HandshakeError};
use crate::probe::{Observation, Stop, Task, server_name};
use crate::wire::tls::reply::Want;
use crate::wire::tls::{Alert, Group, Suite, TlsVersion};

/// What a server chooses of everything there is, for each version.
#[derive(Clone, Debug)]
pub struct Offers {
    /// From TLS 1.0 to 1.3: what it takes, or that it refuses the version.
    pub versions: Vec<(TlsVersion, Result<Option<Taken>, Unknown>)>,
}

/// What a server takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The suite.
    pub suite: Suite,
    /// The group, where the first answer names one: in TLS 1.3.
    pub group: Option<Group>,
}

/// Asks, if version or suite is what a handshake failed for: one connection a version.
pub async fn offers(task: &Task, observation: &Observation, deadline: Instant) -> Option<Offers> {
    if !nothing_in_common(observation) {
        return None;
    }
    let line = Line {
        endpoint: pinned(&task.endpoint, observation.address?),
        negotiation: task.conninfo.sslnegotiation.value,
        server_name: server_name(task).map(<[u8]>::to_vec),
        patience: task.timeout,
        deadline,
    };
    let mut versions = Vec::new();
    for &version in TlsVersion::ALL {
        versions.push((version, taken(&line, version).await));
    }
    Some(Offers { versions })
}

async fn taken(line: &Line, version: TlsVersion) -> Result<Option<Taken>, Unknown> {
    let suites = Suite::of_version(version);
    let groups = Group::of_version(version);
    let offer = Offer {
        version,
        suites: &suites,
        groups: &groups,
    };
    let pick = choose(line, offer, Want::Hello).await?;
    Ok(pick.map(|pick| Taken {
        suite: pick.suite,
        group: pick.chosen.group.and_then(Group::of),
    }))
}

/// Behind a CertificateRequest the same alerts are about our certificate.
fn nothing_in_common(observation: &Observation) -> bool {
    let Err(Stop::Handshake { error, tls, .. }) = &observation.outcome else {
        return false;
    };
    let about_offer = match error {
        HandshakeError::NoCommonVersion | HandshakeError::NoCommonCipher => true,
        HandshakeError::Alert(alert) => ABOUT_THE_OFFER.contains(alert),
        _ => false,
    };
    about_offer && tls.client_certificate == ClientCertificateRequest::NotRequested
}

/// RFC 8446 section 6.2.
const ABOUT_THE_OFFER: [Alert; 3] = [
    Alert::HANDSHAKE_FAILURE,
    Alert::PROTOCOL_VERSION,
    Alert::INSUFFICIENT_SECURITY,
];
