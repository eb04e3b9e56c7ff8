//! Which versions a server accepts, and with which suites and groups, in its own order.

use super::Unknown;
use super::line::{Line, Offer, Reply};
use crate::wire::tls::reply::{Chosen, Want};
use crate::wire::tls::{Group, KeyExchange, Suite, TlsVersion};

/// What a server makes of one version.
#[derive(Clone, Debug)]
pub struct Protocol {
    /// The version.
    pub version: TlsVersion,
    /// What it makes of it.
    pub state: State,
}

/// What a server makes of a version.
#[derive(Clone, Debug)]
pub enum State {
    /// It refuses, with an alert, or by choosing an older version.
    Refused,
    /// It takes it.
    Accepted(Box<Accepted>),
    /// It did not come to light.
    Unknown(Unknown),
}

/// What a version that is accepted comes with.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The suites, at least one, in the server's order.
    pub suites: Listing<Suite>,
    /// Whose order counts; nothing if there is one suite only.
    pub preference: Result<Option<Preference>, Unknown>,
    /// The groups in the server's order; none where the version does not say.
    pub groups: Listing<Group>,
    /// The size of the prime for DHE suites, in bits; nothing without such suites.
    pub prime_bits: Result<Option<u16>, Unknown>,
    /// Before TLS 1.3: what the ServerHello said besides.
    pub old: Option<OldFeatures>,
}

/// What was found one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T> {
    /// In the order in which the server chose.
    pub found: Vec<T>,
    /// Why there may be more.
    pub unfinished: Option<Unknown>,
}

/// Whose order of suites counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preference {
    /// The server's own.
    Server,
    /// The client's.
    Client,
}

/// What a ServerHello says before TLS 1.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OldFeatures {
    /// TLS compression is used where a client offers it (CRIME).
    pub compression: bool,
    /// Renegotiation is bound to the session (RFC 5746).
    pub secure_renegotiation: bool,
    /// Sessions can be resumed by ticket (RFC 5077).
    pub session_tickets: bool,
}

/// Finds out all about one version.
pub(super) async fn protocol(line: &Line, version: TlsVersion) -> Protocol {
    Protocol {
        version,
        state: state(line, version).await,
    }
}

async fn state(line: &Line, version: TlsVersion) -> State {
    let suites = Suite::of_version(version);
    let groups = Group::of_version(version);
    let offer = Offer {
        version,
        suites: &suites,
        groups: &groups,
    };
    let first = match choose(line, offer, Want::Hello).await {
        Ok(Some(first)) => first,
        Ok(None) => return State::Refused,
        Err(unknown) => return State::Unknown(unknown),
    };
    let suites = list_suites(line, offer, first.suite).await;
    State::Accepted(Box::new(Accepted {
        preference: preference(line, offer, &suites.found).await,
        groups: list_groups(line, offer, &suites.found).await,
        prime_bits: prime_bits(line, offer, &suites.found).await,
        old: (version < TlsVersion::V1_3).then_some(OldFeatures {
            compression: first.chosen.compression != 0,
            secure_renegotiation: first.chosen.renegotiation_info,
            session_tickets: first.chosen.session_ticket,
        }),
        suites,
    }))
}

/// What the server chose, its suite known to be one of those offered.
pub(super) struct Pick {
    pub(super) suite: Suite,
    pub(super) chosen: Chosen,
}

/// What the server chooses of an offer; `None` if nothing, or another version.
pub(super) async fn choose(
    line: &Line,
    offer: Offer<'_>,
    want: Want,
) -> Result<Option<Pick>, Unknown> {
    let chosen = match line.ask(offer, want).await? {
        Reply::Refused(_) => return Ok(None),
        Reply::Chosen(chosen) => chosen,
    };
    if chosen.version < offer.version.number() {
        return Ok(None);
    }
    let suite = offer.suites.iter().find(|suite| suite.id == chosen.suite);
    match suite {
        Some(&suite) if chosen.version == offer.version.number() => {
            Ok(Some(Pick { suite, chosen }))
        }
        _ => Err(Unknown::Unoffered),
    }
}

/// Takes out what the server chooses and asks again, until it refuses.
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

/// The same suites the other way round: does the server still choose its first?
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

/// TLS 1.3 says its group in the HelloRetryRequest, TLS 1.2 in the ServerKeyExchange of an ECDHE
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
