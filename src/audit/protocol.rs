//! Which versions a server accepts, and with which suites and groups, in its own order.

use super::{Asked, Asking, Gap, Gaps, Inquiry, asking};
use crate::inquiry::{Everything, Line, Offer, Unknown, choose};
use crate::probe::Observation;
use crate::wire::tls::reply::Want;
use crate::wire::tls::{Group, KeyExchange, Suite, TlsVersion};
use crate::words::words;

/// How a server reacts to a version.
#[derive(Clone, Debug)]
pub enum Protocol {
    /// It refuses, with an alert, or by choosing an older version.
    Refused,
    /// It accepts the version.
    Accepted(Box<Accepted>),
}

/// The details of an accepted version.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The suites, at least one, in the server's order.
    pub suites: Listing<Suite>,
    /// Whose order counts; nothing if there is only one suite.
    pub preference: Result<Option<Preference>, Unknown>,
    /// The groups in the server's order; empty if the version does not tell.
    pub groups: Listing<Group>,
    /// The size of the prime for DHE suites, in bits; nothing without such suites.
    pub prime_bits: Result<Option<u16>, Unknown>,
    /// Before TLS 1.3: what else the ServerHello contains.
    pub old: Option<OldFeatures>,
}

/// A list that was found item by item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T> {
    /// In the order in which the server chose.
    pub found: Vec<T>,
    /// Why there may be more.
    pub unfinished: Option<Unknown>,
}

words! {
    /// Whose order of suites counts.
    Preference {
        /// The server's.
        Server = "server",
        /// The client's.
        Client = "client",
    }
}

/// What a ServerHello says before TLS 1.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OldFeatures {
    /// TLS compression is used if a client offers it (CRIME).
    pub compression: bool,
    /// Renegotiation is bound to the session (RFC 5746).
    pub secure_renegotiation: bool,
    /// Sessions can be resumed by ticket (RFC 5077).
    pub session_tickets: bool,
    /// The session's keys are bound to its handshake (RFC 7627).
    pub extended_master_secret: bool,
}

impl Gaps for Protocol {
    fn gaps(&self, what: &str) -> Vec<Gap<'_>> {
        let accepted = match self {
            Self::Refused => return Vec::new(),
            Self::Accepted(accepted) => accepted,
        };
        [
            ("suites", accepted.suites.unfinished.as_ref()),
            ("order of suites", accepted.preference.as_ref().err()),
            ("groups", accepted.groups.unfinished.as_ref()),
            ("Diffie-Hellman prime", accepted.prime_bits.as_ref().err()),
        ]
        .into_iter()
        .filter_map(|(part, reason)| Some((format!("{what} {part}"), reason?)))
        .collect()
    }
}

/// Finds out the details of each version.
pub(super) fn ask<'a>(inquiry: &'a Inquiry<'_>) -> Vec<Asking<'a>> {
    let each = TlsVersion::ALL.iter().map(|&version| {
        let answer = protocol(&inquiry.line, version);
        asking(answer, move |audit, answer| {
            let answer = contradicted(answer, version, inquiry.observation);
            audit.protocols.set(version, answer);
        })
    });
    each.collect()
}

async fn protocol(line: &Line, version: TlsVersion) -> Result<Protocol, Unknown> {
    let everything = Everything::of(version);
    let offer = everything.offer();
    let Some(first) = choose(line, offer, Want::Hello).await? else {
        return Ok(Protocol::Refused);
    };
    let suites = list_suites(line, offer, first.suite).await;
    Ok(Protocol::Accepted(Box::new(Accepted {
        preference: preference(line, offer, &suites.found).await,
        groups: list_groups(line, offer, &suites.found).await,
        prime_bits: prime_bits(line, offer, &suites.found).await,
        old: (version < TlsVersion::V1_3).then_some(OldFeatures {
            compression: first.chosen.compression != 0,
            secure_renegotiation: first.chosen.renegotiation_info,
            session_tickets: first.chosen.session_ticket,
            extended_master_secret: first.chosen.extended_master_secret,
        }),
        suites,
    })))
}

/// The version and the suite of the check must be among those found. If not, our hello was refused
/// for another reason, and the refusals prove nothing.
fn contradicted(
    answer: Result<Protocol, Unknown>,
    version: TlsVersion,
    observation: &Observation,
) -> Asked<Protocol> {
    let checked = observation
        .tls()
        .filter(|tls| tls.protocol == Some(version));
    let Some(tls) = checked else {
        return answer.into();
    };
    match answer {
        Ok(Protocol::Refused) => Err(Unknown::Contradiction).into(),
        Ok(Protocol::Accepted(mut accepted)) => {
            let Listing { found, unfinished } = &mut accepted.suites;
            if tls.cipher.is_some_and(|suite| !found.contains(&suite)) {
                unfinished.get_or_insert(Unknown::Contradiction);
            }
            Ok(Protocol::Accepted(accepted)).into()
        }
        Err(unknown) => Err(unknown).into(),
    }
}

/// Removes what the server chooses and asks again, until it refuses.
async fn list_suites(line: &Line, offer: Offer<'_>, first: Suite) -> Listing<Suite> {
    let mut found = vec![first];
    let mut left = without(offer.suites, first);
    let unfinished = loop {
        if left.is_empty() {
            break None;
        }
        let offer = Offer {
            suites: &left,
            ..offer
        };
        match choose(line, offer, Want::Hello).await {
            Ok(Some(pick)) => {
                found.push(pick.suite);
                left = without(&left, pick.suite);
            }
            Ok(None) => break None,
            Err(unknown) => break Some(unknown),
        }
    };
    Listing { found, unfinished }
}

/// Offers the same suites in reverse order: does the server still choose its first?
async fn preference(
    line: &Line,
    offer: Offer<'_>,
    found: &[Suite],
) -> Result<Option<Preference>, Unknown> {
    let reversed: Vec<Suite> = found.iter().rev().copied().collect();
    let [last, .., first] = reversed.as_slice() else {
        return Ok(None);
    };
    let offer = Offer {
        suites: &reversed,
        ..offer
    };
    let pick = choose(line, offer, Want::Hello).await?;
    Ok(match pick.ok_or(Unknown::Contradiction)?.suite {
        suite if suite == *first => Some(Preference::Server),
        suite if suite == *last => Some(Preference::Client),
        _ => None,
    })
}

/// TLS 1.3 names its group in the HelloRetryRequest, TLS 1.2 in the ServerKeyExchange of an ECDHE
/// suite. Older versions are not asked.
async fn list_groups(line: &Line, offer: Offer<'_>, found: &[Suite]) -> Listing<Group> {
    let suites: Vec<Suite> = match offer.version {
        TlsVersion::V1_3 => found.to_vec(),
        TlsVersion::V1_2 => of_kind(found, KeyExchange::Ecdhe),
        TlsVersion::V1_0 | TlsVersion::V1_1 => Vec::new(),
    };
    let want = match offer.version {
        TlsVersion::V1_3 => Want::Hello,
        TlsVersion::V1_0 | TlsVersion::V1_1 | TlsVersion::V1_2 => Want::Parameters,
    };
    let mut listing = Listing {
        found: Vec::new(),
        unfinished: None,
    };
    let mut left = offer.groups.to_vec();
    while !suites.is_empty() && !left.is_empty() {
        let offer = Offer {
            suites: &suites,
            groups: &left,
            ..offer
        };
        let pick = match choose(line, offer, want).await {
            Ok(Some(pick)) => pick,
            Ok(None) => break,
            Err(unknown) => {
                listing.unfinished = Some(unknown);
                break;
            }
        };
        let group = pick.chosen.group;
        let Some(&group) = left.iter().find(|one| Some(one.id) == group) else {
            listing.unfinished = Some(Unknown::Unoffered);
            break;
        };
        listing.found.push(group);
        left.retain(|one| *one != group);
    }
    listing
}

async fn prime_bits(
    line: &Line,
    offer: Offer<'_>,
    found: &[Suite],
) -> Result<Option<u16>, Unknown> {
    let suites = of_kind(found, KeyExchange::Dhe);
    if suites.is_empty() {
        return Ok(None);
    }
    let offer = Offer {
        suites: &suites,
        ..offer
    };
    let pick = choose(line, offer, Want::Parameters).await?;
    let bits = pick.ok_or(Unknown::Contradiction)?.chosen.prime_bits;
    bits.ok_or(Unknown::Contradiction).map(Some)
}

fn of_kind(suites: &[Suite], kind: KeyExchange) -> Vec<Suite> {
    let fitting = suites.iter().filter(|suite| suite.key_exchange() == kind);
    fitting.copied().collect()
}

fn without(suites: &[Suite], taken: Suite) -> Vec<Suite> {
    let left = suites.iter().filter(|suite| **suite != taken);
    left.copied().collect()
}
