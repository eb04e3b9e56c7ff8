//! The path from a leaf to an anchor, and every rule on it: OpenSSL's `X509_verify_cert`.

use std::ops::Deref;
use std::sync::Arc;

use crate::x509::{Anchor, AnchorStore, Certificate, Crl, KeyKind, oid};

use super::fault::{Fault, FaultKind};
use super::purpose::{self, Authority, Purpose, Role, Trust, is_self_signed, likely_issued};
use super::{constraints, crl, level, signature};

/// What a chain is judged by.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub now: i64,
    /// Whether certificates must be known not to be revoked.
    pub revocation: Revocation,
    /// What the leaf is for.
    pub purpose: Purpose,
}

/// Whether certificates must be known not to be revoked.
#[derive(Clone, Debug, Default)]
pub enum Revocation {
    /// No CRL is looked at.
    #[default]
    Off,
    /// Every certificate of the path, the anchor included, needs one of these CRLs
    /// (`X509_V_FLAG_CRL_CHECK` and `X509_V_FLAG_CRL_CHECK_ALL`).
    WholeChain(Arc<[Crl]>),
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct PathReport {
    /// The path that was built, leaf first. It reaches an anchor unless a fault says otherwise.
    pub path: Vec<Step>,
    /// What is wrong, in OpenSSL's order as if its callback always went on. The first is the error
    /// that OpenSSL reports; none means that the chain is good.
    pub faults: Vec<Fault>,
    /// How many signatures were checked, of certificates and CRLs.
    pub signature_checks: usize,
}

/// One certificate of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The server sent it, at this position.
    Presented(usize),
    /// It came from the trust.
    Anchor(Arc<Anchor>),
}

/// The number of intermediates that OpenSSL allows (`X509_VERIFY_PARAM`, "default").
const MAX_INTERMEDIATES: usize = 100;
/// A path of this length is not extended any more: leaf and intermediates.
const MAX_UNANCHORED: usize = MAX_INTERMEDIATES + 1;

/// Builds the path that OpenSSL would build and checks all of it.
///
/// `presented` is what the server sent, leaf first. Only one path is tried, and each of its
/// signatures is checked once, so the work is bounded by its length whatever the server sends.
pub fn check(presented: &[Certificate], anchors: &dyn AnchorStore, rules: &Rules) -> PathReport {
    let Some(leaf) = presented.first() else {
        let fault = Fault {
            depth: 0,
            kind: FaultKind::NoCertificate,
        };
        return PathReport {
            path: Vec::new(),
            faults: vec![fault],
            signature_checks: 0,
        };
    };
    let mut run = Run {
        rules,
        faults: Vec::new(),
        signature_checks: 0,
    };
    run.fail_if(
        !level::key_suffices(&leaf.public_key),
        0,
        FaultKind::EeKeyTooSmall,
    );
    let path = build(presented, anchors, &mut run);
    let links = Links::new(&path, presented);
    check_extensions(&links, &mut run);
    check_level(&links, &mut run);
    if let Revocation::WholeChain(crls) = &rules.revocation {
        crl::check(&links, crls, &mut run);
    }
    check_signatures_and_times(&links, &mut run);
    constraints::check(&links, &mut run);
    check_resources(&links, &mut run);
    PathReport {
        path,
        faults: run.faults,
        signature_checks: run.signature_checks,
    }
}

/// The state of one check.
pub(super) struct Run<'a> {
    pub(super) rules: &'a Rules,
    faults: Vec<Fault>,
    pub(super) signature_checks: usize,
}

impl Run<'_> {
    pub(super) fn fail(&mut self, depth: usize, kind: FaultKind) {
        self.faults.push(Fault { depth, kind });
    }

    pub(super) fn fail_if(&mut self, condition: bool, depth: usize, kind: FaultKind) {
        if condition {
            self.fail(depth, kind);
        }
    }
}

/// A path with its certificates at hand.
pub(super) struct Links<'a> {
    links: Vec<Link<'a>>,
}

#[derive(Clone, Copy)]
pub(super) struct Link<'a> {
    pub(super) certificate: &'a Certificate,
    /// The trust settings, if it is an anchor.
    pub(super) anchor: Option<&'a Anchor>,
}

impl<'a> Links<'a> {
    fn new(path: &'a [Step], presented: &'a [Certificate]) -> Self {
        let links = path.iter().filter_map(|step| match step {
            Step::Presented(index) => Some(Link {
                certificate: presented.get(*index)?,
                anchor: None,
            }),
            Step::Anchor(anchor) => Some(Link {
                certificate: &anchor.certificate,
                anchor: Some(anchor),
            }),
        });
        Self {
            links: links.collect(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.links.len()
    }

    pub(super) fn certificate(&self, depth: usize) -> Option<&'a Certificate> {
        self.links.get(depth).map(|link| link.certificate)
    }

    /// With their depths, leaf first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (usize, Link<'a>)> {
        self.links.iter().copied().enumerate()
    }
}

/// `build_chain` with trusted certificates preferred, which is OpenSSL's default.
fn build(presented: &[Certificate], anchors: &dyn AnchorStore, run: &mut Run<'_>) -> Vec<Step> {
    let mut builder = Builder {
        presented,
        anchors,
        now: run.rules.now,
        path: vec![Step::Presented(0)],
        unused: (0..presented.len()).collect(),
    };
    let end = builder.extend();
    let path = builder.path;
    let depth = path.len().saturating_sub(1);
    match end {
        End::Trusted => {}
        End::Rejected => run.fail(depth, FaultKind::CertRejected),
        End::Nowhere {
            last_is_self_signed,
        } => {
            run.fail_if(
                path.len() > MAX_UNANCHORED,
                depth,
                FaultKind::CertChainTooLong,
            );
            let anchored = matches!(path.last(), Some(Step::Anchor(_)));
            run.fail(
                depth,
                match (last_is_self_signed, path.len()) {
                    (true, 1) => FaultKind::DepthZeroSelfSignedCert,
                    (true, _) => FaultKind::SelfSignedCertInChain,
                    (false, _) if anchored => FaultKind::UnableToGetIssuerCert,
                    (false, _) => FaultKind::UnableToGetIssuerCertLocally,
                },
            );
        }
    }
    path
}

/// How a path ends.
enum End {
    /// At an anchor that is trusted for TLS servers.
    Trusted,
    /// At an anchor whose settings exclude them.
    Rejected,
    /// Neither.
    Nowhere { last_is_self_signed: bool },
}

struct Builder<'a> {
    presented: &'a [Certificate],
    anchors: &'a dyn AnchorStore,
    now: i64,
    path: Vec<Step>,
    /// Positions of presented certificates that have not been taken as issuers yet.
    unused: Vec<usize>,
}

impl<'a> Builder<'a> {
    fn extend(&mut self) -> End {
        let mut search_presented = true;
        loop {
            let Some(current) = self.path.last().and_then(|step| self.held(step)) else {
                return End::Nowhere {
                    last_is_self_signed: false,
                };
            };
            let self_signed = is_self_signed(&current);
            if let Some(anchor) = self.anchor_for(&current) {
                if !self_signed {
                    self.path.push(Step::Anchor(Arc::clone(&anchor)));
                } else if anchor.certificate.der == current.der {
                    self.path.pop();
                    self.path.push(Step::Anchor(Arc::clone(&anchor)));
                } else {
                    // It bears an anchor's name and is not the anchor: no way on from here.
                    return End::Nowhere {
                        last_is_self_signed: true,
                    };
                }
                // From the first anchor on, what the server sent does not count any more.
                search_presented = false;
                match purpose::trust(&anchor) {
                    Trust::Trusted => return End::Trusted,
                    Trust::Rejected => return End::Rejected,
                    Trust::Unsaid => continue,
                }
            }
            let issuer = if search_presented && !self_signed {
                self.presented_issuer_of(&current)
            } else {
                None
            };
            match issuer {
                Some(index) => {
                    self.unused.retain(|unused| *unused != index);
                    self.path.push(Step::Presented(index));
                }
                None => {
                    return End::Nowhere {
                        last_is_self_signed: self_signed,
                    };
                }
            }
        }
    }

    fn held(&self, step: &Step) -> Option<Held<'a>> {
        match step {
            Step::Presented(index) => self.presented.get(*index).map(Held::Presented),
            Step::Anchor(anchor) => Some(Held::Anchor(Arc::clone(anchor))),
        }
    }

    /// `X509_STORE_CTX_get1_issuer`.
    fn anchor_for(&self, subject: &Certificate) -> Option<Arc<Anchor>> {
        if self.path.len() > MAX_UNANCHORED {
            return None;
        }
        let candidates = self.anchors.by_subject(&subject.issuer);
        let issuers = candidates
            .into_iter()
            .filter(|anchor| likely_issued(&anchor.certificate, subject).is_ok());
        best(issuers, self.now, |anchor| &anchor.certificate)
    }

    /// `get0_best_issuer_sk` among the presented certificates.
    fn presented_issuer_of(&self, subject: &Certificate) -> Option<usize> {
        if self.path.len() > MAX_UNANCHORED {
            return None;
        }
        let may_repeat = subject.is_self_issued() && self.path.len() == 1;
        let issuers = self.unused.iter().copied().filter(|index| {
            self.presented.get(*index).is_some_and(|candidate| {
                likely_issued(candidate, subject).is_ok()
                    && (may_repeat || !self.contains(candidate))
            })
        });
        let certificate = |index: &usize| self.presented.get(*index);
        let known = issuers.filter_map(|index| certificate(&index).map(|found| (index, found)));
        best(known, self.now, |(_, certificate)| certificate).map(|(index, _)| index)
    }

    fn contains(&self, certificate: &Certificate) -> bool {
        self.path.iter().any(|step| {
            self.held(step)
                .is_some_and(|found| found.der == certificate.der)
        })
    }
}

/// A certificate of the path, wherever it came from.
enum Held<'a> {
    Presented(&'a Certificate),
    Anchor(Arc<Anchor>),
}

impl Deref for Held<'_> {
    type Target = Certificate;

    fn deref(&self) -> &Certificate {
        match self {
            Self::Presented(certificate) => certificate,
            Self::Anchor(anchor) => &anchor.certificate,
        }
    }
}

/// The first that is valid now, otherwise the first of those that expire last.
fn best<T>(
    candidates: impl Iterator<Item = T>,
    now: i64,
    certificate: impl Fn(&T) -> &Certificate,
) -> Option<T> {
    let mut latest: Option<T> = None;
    for candidate in candidates {
        if time_faults(certificate(&candidate), now).is_empty() {
            return Some(candidate);
        }
        let later = latest.as_ref().is_none_or(|latest| {
            match (
                certificate(&candidate).not_after,
                certificate(latest).not_after,
            ) {
                (Some(candidate), Some(latest)) => candidate > latest,
                _ => false,
            }
        });
        if later {
            latest = Some(candidate);
        }
    }
    latest
}

/// `check_extensions`: what each certificate may be used for in its place.
fn check_extensions(links: &Links<'_>, run: &mut Run<'_>) {
    let mut role = Role::Leaf;
    let mut issuers_below = 0_u64;
    let mut proxies: u64 = 0;
    for (depth, link) in links.iter() {
        let certificate = link.certificate;
        let critical = !certificate.unknown_critical.is_empty();
        run.fail_if(critical, depth, FaultKind::UnhandledCriticalExtension);
        let proxy = purpose::is_proxy(certificate);
        run.fail_if(proxy, depth, FaultKind::ProxyCertificatesNotAllowed);
        let is_last = depth.saturating_add(1) == links.len();
        check_authority(certificate, role, depth, is_last, run);
        if links.len() > 1 {
            check_curve(certificate, depth, run);
        }
        let suits = purpose::suits(certificate, role, run.rules.purpose, link.anchor);
        run.fail_if(!suits, depth, FaultKind::InvalidPurpose);
        let limit = certificate
            .basic_constraints
            .and_then(|constraints| constraints.path_length);
        if let Some(limit) = limit
            && depth > 1
            && issuers_below > limit.saturating_add(proxies)
        {
            run.fail(depth, FaultKind::PathLengthExceeded);
        }
        if depth > 0 && !certificate.is_self_issued() {
            issuers_below = issuers_below.saturating_add(1);
        }
        if proxy {
            proxies = proxies.saturating_add(1);
        }
        role = if proxy { Role::EndEntity } else { Role::Issuer };
    }
}

fn check_authority(
    certificate: &Certificate,
    role: Role,
    depth: usize,
    is_last: bool,
    run: &mut Run<'_>,
) {
    let authority = purpose::authority(certificate);
    match role {
        Role::Leaf => {}
        Role::EndEntity => {
            run.fail_if(authority != Authority::None, depth, FaultKind::InvalidNonCa)
        }
        Role::Issuer => {
            // Only the last certificate may be a CA by another word than basicConstraints.
            let accepted = match authority {
                Authority::None => false,
                Authority::BasicConstraints => true,
                _ => is_last,
            };
            run.fail_if(!accepted, depth, FaultKind::InvalidCa);
        }
    }
}

fn check_curve(certificate: &Certificate, depth: usize, run: &mut Run<'_>) {
    let unreadable = !signature::is_readable(&certificate.public_key);
    run.fail_if(unreadable, depth, FaultKind::Unspecified);
    let explicit = certificate.public_key.kind == KeyKind::EcExplicit;
    run.fail_if(explicit, depth, FaultKind::EcKeyExplicitParams);
}

/// `check_auth_level`: the keys of all issuers, the signatures of all but the last.
fn check_level(links: &Links<'_>, run: &mut Run<'_>) {
    for (depth, link) in links.iter() {
        let key = &link.certificate.public_key;
        run.fail_if(
            depth > 0 && !level::key_suffices(key),
            depth,
            FaultKind::CaKeyTooSmall,
        );
        let is_last = depth.saturating_add(1) == links.len();
        let scheme = &link.certificate.signature_algorithm.scheme;
        let weak = !is_last && !level::signature_suffices(scheme);
        run.fail_if(weak, depth, FaultKind::CaMdTooWeak);
    }
}

/// `internal_verify`: from the anchor down, its own signature left out.
fn check_signatures_and_times(links: &Links<'_>, run: &mut Run<'_>) {
    let mut above: Option<&Certificate> = None;
    for (depth, link) in links.iter().rev() {
        let certificate = link.certificate;
        match above {
            Some(issuer) => check_signature(certificate, issuer, depth, run),
            None if is_self_signed(certificate) => {}
            None if depth == 0 => run.fail(0, FaultKind::UnableToVerifyLeafSignature),
            // The last one is trusted by its settings alone: nothing vouches for it, not even its
            // validity is looked at.
            None => {
                above = Some(certificate);
                continue;
            }
        }
        for kind in time_faults(certificate, run.rules.now) {
            run.fail(depth, kind);
        }
        above = Some(certificate);
    }
}

fn check_signature(
    certificate: &Certificate,
    issuer: &Certificate,
    depth: usize,
    run: &mut Run<'_>,
) {
    let issuer_depth = depth.saturating_add(1);
    if let Some(kind) = purpose::signing_fault(issuer, certificate) {
        run.fail(issuer_depth, kind);
    }
    if !signature::is_readable(&issuer.public_key) {
        run.fail(issuer_depth, FaultKind::UnableToDecodeIssuerPublicKey);
        return;
    }
    run.signature_checks = run.signature_checks.saturating_add(1);
    match signature::check_certificate(certificate, &issuer.public_key) {
        signature::Check::Good => {}
        signature::Check::Bad => run.fail(depth, FaultKind::CertSignatureFailure),
        signature::Check::Unsupported => {
            let oid = certificate.signature_algorithm.oid.clone();
            run.fail(depth, FaultKind::UnsupportedAlgorithm { oid });
        }
    }
}

/// `ossl_x509_check_cert_time`. OpenSSL's comparison calls equal times past, so the last second
/// of a certificate is the one before notAfter.
fn time_faults(certificate: &Certificate, now: i64) -> Vec<FaultKind> {
    let mut faults = Vec::new();
    match certificate.not_before {
        None => faults.push(FaultKind::ErrorInCertNotBefore),
        Some(start) if start > now => faults.push(FaultKind::CertNotYetValid),
        Some(_) => {}
    }
    match certificate.not_after {
        None => faults.push(FaultKind::ErrorInCertNotAfter),
        Some(end) if end <= now => faults.push(FaultKind::CertHasExpired),
        Some(_) => {}
    }
    faults
}

/// OpenSSL decodes the Internet resources of RFC 3779 and compares them along the path
/// (`X509v3_addr_validate_path`). No TLS server needs them, so we only say that we cannot.
fn check_resources(links: &Links<'_>, run: &mut Run<'_>) {
    for (depth, link) in links.iter() {
        for oid in [oid::AUTONOMOUS_SYSTEMS, oid::IP_ADDRESS_BLOCKS] {
            if link.certificate.extensions.iter().any(|found| found == oid) {
                let oid = oid.to_owned();
                run.fail(depth, FaultKind::UnsupportedAlgorithm { oid });
            }
        }
    }
}
