//! Judges a chain, given trust, host and time. Pure functions.
//!
//! libpq leaves the chain to OpenSSL's `X509_verify_cert`, whose rules differ from RFC 5280 and
//! from every Rust crate. [`chain`] and the files beside it implement them in the order in which
//! OpenSSL (3.0 to 3.5) applies them. [`name`] implements libpq's own rules.
//!
//! Facts and policy are separate: [`judge`] finds every fact, [`Judgement::satisfies`] decides what
//! they mean at a level. So one handshake can show "passes verify-ca, fails verify-full".

#![deny(clippy::wildcard_enum_match_arm)]

mod build;
pub mod chain;
mod client;
mod constraints;
mod crl;
mod fault;
pub mod flight;
pub mod name;
mod old_openssl;
mod purpose;
mod request;
mod signature;
mod strict;
mod url;
mod validity;
mod versions;
mod words;

use crate::trust::Level;
use crate::x509::{AnchorStore, Certificate, GeneralName, ParseError};

pub use chain::{Dissent, PathReport, Revocation, Rules, Step, check};
pub use client::{ClientFault, ClientRules, Missing, Unfit, client_faults, client_path};
pub use constraints::{Rule as NameConstraintRule, Violation, violation};
pub use fault::{Fault, FaultKind};
pub use name::{NameFault, NameMatch, Rule};
pub use old_openssl::{OldOpenSsl, Stricter, Weakness, old_openssl};
pub use purpose::{Mismatch, Purpose, is_self_signed, likely_issued};
pub use request::{KeyFitness, Possession, RequestJudgement, judge_request};
pub use strict::{Strict, strict};
pub use versions::{Libpq, Oldest, OpenSsl, PostQuantum};
pub use words::Place;

/// Did the key of this certificate sign the other one? Names and identifiers do not count.
pub fn has_signed(issuer: &Certificate, certificate: &Certificate) -> bool {
    signature::check_certificate(certificate, &issuer.public_key) == signature::Check::Good
}

/// Every fact about a presented chain.
#[derive(Debug)]
pub struct Judgement {
    /// The certificates as presented, leaf first, up to the first that does not parse.
    pub certificates: Vec<Certificate>,
    /// The certificate that does not parse: its position, counted from 0, and why.
    pub unparsable: Option<(usize, ParseError)>,
    /// The path that OpenSSL would build, and what it would find wrong with it.
    pub path: PathReport,
    /// Does the leaf name the host? `None` without a host or a leaf.
    pub name: Option<Result<NameMatch, NameFault>>,
    /// What OpenSSL before 3.5 cannot verify, if there is something.
    pub post_quantum: Option<PostQuantum>,
    /// Would libpq 14 refuse the name that [`Self::name`] accepts? Its reason.
    pub name_before_15: Option<NameFault>,
    /// The oldest versions that must accept the server.
    pub oldest: Oldest,
}

/// The first reason, in libpq's order, why a level is not reached.
#[derive(Clone, Copy, Debug)]
pub enum Unsatisfied<'a> {
    /// A presented certificate cannot be parsed. OpenSSL then ends the handshake, in every mode.
    Unparsable {
        /// Its position in the presented chain, counted from 0.
        position: usize,
        /// Why.
        error: &'a ParseError,
    },
    /// OpenSSL's verdict on the chain.
    Chain(&'a Fault),
    /// libpq's verdict on the name.
    Name(&'a NameFault),
    /// There is no host name to verify.
    NoHost,
    /// The server's key is of a kind that OpenSSL 3.0 offers in no version of TLS: the handshake fails, in every mode.
    NotForTls(&'a Certificate),
    /// OpenSSL 3.5 and newer accept the server, older versions cannot.
    NewerOpenSslOnly(PostQuantum),
    /// libpq 15 and newer accept the name, libpq 14 does not, for this reason.
    NewerLibpqOnly(&'a NameFault),
}

/// Judges a presented chain.
///
/// `host` is the name to verify, as the user wrote it.
pub fn judge<D: AsRef<[u8]>>(
    presented: &[D],
    anchors: &dyn AnchorStore,
    host: Option<&[u8]>,
    rules: &Rules,
) -> Judgement {
    let mut certificates = Vec::with_capacity(presented.len());
    let mut unparsable = None;
    for (position, der) in presented.iter().enumerate() {
        match Certificate::parse(der.as_ref()) {
            Ok(certificate) => certificates.push(certificate),
            Err(error) => {
                unparsable = Some((position, error));
                break;
            }
        }
    }
    let path = check(&certificates, anchors, rules);
    let by = |rules: NameRules| {
        let (host, leaf) = host.zip(certificates.first())?;
        let names = leaf.subject_alt_names.as_deref();
        Some(rules(host, names, &leaf.subject.common_names))
    };
    let name = by(name::match_host);
    let name_before_15 = match &name {
        Some(Ok(_)) => by(name::match_host_before_15).and_then(Result::err),
        Some(Err(_)) | None => None,
    };
    Judgement {
        post_quantum: PostQuantum::find(&certificates, &path),
        certificates,
        unparsable,
        path,
        name,
        name_before_15,
        oldest: Oldest::default(),
    }
}

type NameRules = fn(&[u8], Option<&[GeneralName]>, &[Vec<u8>]) -> Result<NameMatch, NameFault>;

impl Judgement {
    /// The same for clients of which none is older.
    #[must_use]
    pub fn since(self, oldest: Oldest) -> Self {
        Self { oldest, ..self }
    }

    /// Whether the server presented the same certificates, as far as they can be read.
    pub fn presents_the_same(&self, other: &Self) -> bool {
        self.certificates == other.certificates && self.unparsable == other.unparsable
    }

    /// The certificate at a position of the path; 0 is the leaf.
    pub fn on_path(&self, depth: usize) -> Option<&Certificate> {
        self.certificate(self.path.path.get(depth)?)
    }

    /// The certificate of a step, of this path or of another one through the same presented certificates.
    pub fn certificate<'a>(&'a self, step: &'a Step) -> Option<&'a Certificate> {
        match step {
            Step::Presented(index) => self.certificates.get(*index),
            Step::Anchor(anchor) => Some(&anchor.certificate),
        }
    }

    /// The path's certificates, leaf first.
    pub fn path_certificates(&self) -> impl Iterator<Item = &Certificate> {
        (0..self.path.path.len()).filter_map(|depth| self.on_path(depth))
    }

    /// The trust anchors of the path. The last one is the topmost.
    pub fn anchors(&self) -> impl DoubleEndedIterator<Item = &Certificate> {
        self.path.path.iter().filter_map(|step| match step {
            Step::Anchor(anchor) => Some(&*anchor.certificate),
            Step::Presented(_) => None,
        })
    }

    /// Is this level reached? The chain is judged before the name, as in libpq.
    ///
    /// # Errors
    /// The first reason why it is not.
    pub fn satisfies(&self, level: Level) -> Result<(), Unsatisfied<'_>> {
        self.newest_accepts(level)?;
        match (self.oldest.openssl, self.post_quantum) {
            (OpenSsl::V3_0, Some(post_quantum)) if post_quantum.matters_at(level) => {
                return Err(Unsatisfied::NewerOpenSslOnly(post_quantum));
            }
            (OpenSsl::V3_0 | OpenSsl::V3_5, _) => {}
        }
        match (self.oldest.libpq, level, &self.name_before_15) {
            (Some(Libpq::V14), Level::ChainAndName, Some(fault)) => {
                Err(Unsatisfied::NewerLibpqOnly(fault))
            }
            (Some(Libpq::V14 | Libpq::V15 | Libpq::V17) | None, _, _) => Ok(()),
        }
    }

    /// Is the level reached with the newest of the versions in use?
    ///
    /// # Errors
    /// The first reason why it is not.
    pub fn newest_accepts(&self, level: Level) -> Result<(), Unsatisfied<'_>> {
        if let Some((position, error)) = &self.unparsable {
            return Err(Unsatisfied::Unparsable {
                position: *position,
                error,
            });
        }
        self.verified(level)?;
        // OpenSSL verifies such a chain: only a handshake needs the key.
        match self.certificates.first() {
            Some(leaf) if KeyFitness::of(&leaf.public_key) == KeyFitness::NotForTls => {
                Err(Unsatisfied::NotForTls(leaf))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn verified(&self, level: Level) -> Result<(), Unsatisfied<'_>> {
        if level == Level::Encryption {
            return Ok(());
        }
        if let Some(fault) = self.path.faults.first() {
            return Err(Unsatisfied::Chain(fault));
        }
        match (level, &self.name) {
            (Level::Encryption | Level::Chain, _) | (_, Some(Ok(_))) => Ok(()),
            (Level::ChainAndName, Some(Err(fault))) => Err(Unsatisfied::Name(fault)),
            (Level::ChainAndName, None) => Err(Unsatisfied::NoHost),
        }
    }
}
