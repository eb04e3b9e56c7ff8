//! The path from a leaf to an anchor, and every rule on it: OpenSSL's `X509_verify_cert`.

use std::sync::Arc;

use crate::x509::{Anchor, AnchorStore, Certificate, Crl, KeyKind, PublicKey, oid};

use super::fault::{Fault, FaultKind};
use super::purpose::{self, Authority, Purpose, Role, is_self_signed};
use super::{build, constraints, crl, signature, validity};

/// The rules to check a chain against.
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
    /// No CRL is read.
    #[default]
    Off,
    /// Every certificate of the path, the anchor included, needs one of these CRLs
    /// (`X509_V_FLAG_CRL_CHECK` and `X509_V_FLAG_CRL_CHECK_ALL`).
    WholeChain(Arc<[Crl]>),
}

/// The result of a check.
#[derive(Clone, Debug)]
pub struct PathReport {
    /// The path that was built, leaf first. It reaches an anchor unless a fault says otherwise.
    pub path: Vec<Step>,
    /// What is wrong, in the order in which OpenSSL's callback would see it. The first is the error
    /// that OpenSSL reports. If the list is empty, the chain is good.
    pub faults: Vec<Fault>,
    /// The versions of OpenSSL that refuse this chain, where others accept it.
    pub dissent: Option<Dissent>,
    /// How many signatures were checked, of certificates and CRLs.
    pub signature_checks: usize,
}

/// A difference between versions of OpenSSL, by which some refuse a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dissent {
    /// A delta CRL is used like any other. OpenSSL 3.0.20 and older and 3.5.7 do so; 3.0.22 and 3.5.8 do
    /// not.
    DeltaCrl,
    /// The chain needs a delta CRL. OpenSSL 3.0.22 and 3.5.8 do not use it; 3.0.20 and older and 3.5.7 do.
    DeltaCrlIgnored,
    /// A CRL whose issuingDistributionPoint has no content is not used. OpenSSL 3.5.4 does so; 3.5.0 and older
    /// use it.
    EmptyCrlScope,
    /// Such a CRL refuses where it is used.
    EmptyCrlScopeUsed,
    /// The two algorithm fields of a CRL differ. OpenSSL 3.0.22 and 3.5.8 refuse it; 3.0.19 and 3.5.4 do not.
    CrlAlgorithms,
    /// Such a CRL refuses where it is used.
    CrlAlgorithmsUsed,
    /// A name constraint on URIs is broken if the host is read as OpenSSL 3.5 does. It is not as 3.4 and
    /// older read it.
    ParsedUri,
    /// A name constraint on URIs is broken if the host is read as OpenSSL 3.4 and older do. It is not as 3.5
    /// reads it.
    SeparatedUri,
    /// A name constraint on URIs is broken if the host is read as some version does: 3.4 and older, 3.5.4, and 3.5.9
    /// each read it in another way.
    UriOfReleases,
}

/// One certificate of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The server sent it, at this position.
    Presented(usize),
    /// It is a trust anchor.
    Anchor(Arc<Anchor>),
}

/// Builds the path that OpenSSL would build and checks all of it.
///
/// `presented` is what the server sent, leaf first. Only one path is tried, and each of its
/// signatures is checked once. So the length of the path bounds the work; where it must have other bounds,
/// the rest of a chain that is refused already is not checked ([`FaultKind::GivenUp`]).
pub fn check(presented: &[Certificate], anchors: &dyn AnchorStore, rules: &Rules) -> PathReport {
    let Some(leaf) = presented.first() else {
        let fault = Fault {
            depth: 0,
            kind: FaultKind::NoCertificate,
        };
        return PathReport {
            path: Vec::new(),
            faults: vec![fault],
            dissent: None,
            signature_checks: 0,
        };
    };
    let mut run = Run {
        rules,
        faults: Vec::new(),
        dissent: None,
        signature_checks: 0,
        late_checks: 0,
        aside: 0,
        proven_crls: Vec::new(),
    };
    run.fail_if(
        !signature::is_strong(&leaf.public_key),
        0,
        FaultKind::EeKeyTooSmall,
    );
    let path = build::build(presented, anchors, &mut run);
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
        // With a fault that every version sees, the verdicts do not differ.
        dissent: run
            .dissent
            .filter(|(_, disputed)| *disputed == run.faults.len())
            .map(|(dissent, _)| dissent),
        faults: run.faults,
        signature_checks: run.signature_checks,
    }
}

/// The state of one check.
pub(super) struct Run<'a> {
    pub(super) rules: &'a Rules,
    faults: Vec<Fault>,
    /// A difference, and the number of faults that only it makes.
    pub(super) dissent: Option<(Dissent, usize)>,
    signature_checks: usize,
    /// Those of a chain that is refused already.
    late_checks: usize,
    /// How many faults were found before those of [`Run::apart`].
    aside: usize,
    /// CRLs with the keys that have signed them: a hostile chain repeats an issuer's key.
    proven_crls: Vec<(Arc<[u8]>, Vec<u8>)>,
}

impl Run<'_> {
    /// How many faults there are so far.
    pub(super) fn faults(&self) -> usize {
        self.faults.len()
    }

    /// Is one more signature checked? OpenSSL stops at the first fault. We go on to find the others, but a
    /// chain that is refused already must not cost much time.
    pub(super) fn may_check_signature(&mut self, depth: usize) -> bool {
        if self.aside > 0 || !self.faults.is_empty() {
            self.late_checks = self.late_checks.saturating_add(1);
        }
        if self.gave_up() {
            if self.late_checks == MAX_LATE_CHECKS + 1 {
                self.fail(depth, FaultKind::GivenUp);
            }
            return false;
        }
        self.signature_checks = self.signature_checks.saturating_add(1);
        true
    }

    /// Was something left unchecked, because the chain is refused?
    pub(super) fn gave_up(&self) -> bool {
        self.late_checks > MAX_LATE_CHECKS
    }

    /// Is it known that this key has signed the CRL?
    pub(super) fn is_proven(&self, crl: &Crl, key: &PublicKey) -> bool {
        let mut proven = self.proven_crls.iter();
        proven.any(|(der, known)| Arc::ptr_eq(der, &crl.der) && *known == key.spki)
    }

    pub(super) fn prove(&mut self, crl: &Crl, key: &PublicKey) {
        self.proven_crls
            .push((Arc::clone(&crl.der), key.spki.clone()));
    }

    /// What some checks find, on its own.
    pub(super) fn apart(&mut self, checks: impl FnOnce(&mut Self)) -> Vec<Fault> {
        let aside = self.aside;
        self.aside = aside.saturating_add(self.faults());
        let before = std::mem::take(&mut self.faults);
        checks(self);
        self.aside = aside;
        std::mem::replace(&mut self.faults, before)
    }

    pub(super) fn fail_with(&mut self, faults: Vec<Fault>) {
        self.faults.extend(faults);
    }

    pub(super) fn fail(&mut self, depth: usize, kind: FaultKind) {
        self.faults.push(Fault { depth, kind });
    }

    pub(super) fn fail_if(&mut self, condition: bool, depth: usize, kind: FaultKind) {
        if condition {
            self.fail(depth, kind);
        }
    }
}

/// More than a long chain with a CRL for each certificate needs. An RSA signature may cost 3 ms.
const MAX_LATE_CHECKS: usize = 12;

/// A path with references to its certificates.
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

/// `check_extensions`: may each certificate be used in its place?
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
            // Only the last certificate may be a CA without basicConstraints.
            let accepted = match authority {
                Authority::None => false,
                Authority::BasicConstraints => true,
                Authority::V1Root | Authority::KeyUsage | Authority::NetscapeType => is_last,
            };
            run.fail_if(!accepted, depth, FaultKind::InvalidCa);
        }
    }
}

fn check_curve(certificate: &Certificate, depth: usize, run: &mut Run<'_>) {
    let unreadable = !signature::is_readable(&certificate.public_key);
    run.fail_if(unreadable, depth, FaultKind::UndecodableKey);
    let explicit = matches!(certificate.public_key.kind, KeyKind::EcExplicit(_));
    run.fail_if(explicit, depth, FaultKind::EcKeyExplicitParams);
}

/// `check_auth_level`: the keys of all issuers, the signatures of all but the last.
fn check_level(links: &Links<'_>, run: &mut Run<'_>) {
    for (depth, link) in links.iter() {
        let key = &link.certificate.public_key;
        run.fail_if(
            depth > 0 && !signature::is_strong(key),
            depth,
            FaultKind::CaKeyTooSmall,
        );
        let is_last = depth.saturating_add(1) == links.len();
        let scheme = &link.certificate.signature_algorithm.scheme;
        let weak = !is_last && !scheme.has_112_bits();
        run.fail_if(weak, depth, FaultKind::CaMdTooWeak);
    }
}

/// `internal_verify`: from the anchor down. The anchor's own signature is not checked.
fn check_signatures_and_times(links: &Links<'_>, run: &mut Run<'_>) {
    let mut above: Option<&Certificate> = None;
    for (depth, link) in links.iter().rev() {
        let certificate = link.certificate;
        match above {
            Some(issuer) => check_signature(certificate, issuer, depth, run),
            None if is_self_signed(certificate) => {}
            None if depth == 0 => run.fail(0, FaultKind::UnableToVerifyLeafSignature),
            // The last certificate is trusted by its settings alone. OpenSSL checks neither its
            // signature nor its validity.
            None => {
                above = Some(certificate);
                continue;
            }
        }
        for kind in validity::faults(certificate, run.rules.now) {
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
    if !run.may_check_signature(depth) {
        return;
    }
    match signature::check_certificate(certificate, &issuer.public_key) {
        signature::Check::Good => {}
        signature::Check::Bad => run.fail(depth, FaultKind::CertSignatureFailure),
        signature::Check::Unsupported => {
            let oid = certificate.signature_algorithm.oid.clone();
            run.fail(depth, FaultKind::UnsupportedAlgorithm { oid });
        }
    }
}

/// OpenSSL decodes the Internet resources of RFC 3779 and compares them along the path
/// (`X509v3_addr_validate_path`). No TLS server needs them, so we only report that we cannot check
/// them.
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
