//! Revocation, with the flags that libpq sets: every certificate of the path needs a CRL.

use crate::x509::{
    Certificate, Covers, Crl, DistributionPoint, DistributionPointName, GeneralName, KeyUsage,
    NextUpdate, Reasons, Revoked,
};

use super::chain::{Dissent, Links, Run};
use super::fault::FaultKind;
use super::{purpose, signature};

/// `check_revocation`. Where versions of OpenSSL differ in the CRLs that they use, the refusing one counts.
pub(super) fn check(links: &Links<'_>, crls: &[Crl], run: &mut Run<'_>) {
    let common = run.apart(|run| check_as(Usage::Common, links, crls, run));
    let mut dissent = None;
    for usage in Usage::OF_SOME_VERSIONS {
        if run.gave_up() || !crls.iter().any(|crl| usage.differs_on(crl)) {
            continue;
        }
        let others = run.apart(|run| check_as(usage, links, crls, run));
        match (common.is_empty(), others.is_empty()) {
            (true, false) => {
                run.dissent = Some((usage.refuses(), others.len()));
                return run.fail_with(others);
            }
            (false, true) => dissent = dissent.or_else(|| Some(usage.accepts())),
            (true, true) | (false, false) => {}
        }
    }
    run.dissent = dissent.map(|dissent| (dissent, common.len()));
    run.fail_with(common);
}

/// Which CRLs are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Usage {
    /// By the current releases of OpenSSL 3.0: no deltas, empty scopes, and one algorithm.
    Common,
    /// Also deltas.
    WithDeltas,
    /// None with an empty scope.
    WithoutEmptyScopes,
    /// Also those that name two algorithms.
    WithTwoAlgorithms,
}

impl Usage {
    const OF_SOME_VERSIONS: [Self; 3] = [
        Self::WithDeltas,
        Self::WithoutEmptyScopes,
        Self::WithTwoAlgorithms,
    ];

    /// What is said if only those versions refuse.
    fn refuses(self) -> Dissent {
        match self {
            Self::Common | Self::WithDeltas => Dissent::DeltaCrl,
            Self::WithoutEmptyScopes => Dissent::EmptyCrlScope,
            Self::WithTwoAlgorithms => Dissent::CrlAlgorithmsUsed,
        }
    }

    /// What is said if only those versions accept.
    fn accepts(self) -> Dissent {
        match self {
            Self::Common | Self::WithDeltas => Dissent::DeltaCrlIgnored,
            Self::WithoutEmptyScopes => Dissent::EmptyCrlScopeUsed,
            Self::WithTwoAlgorithms => Dissent::CrlAlgorithms,
        }
    }

    /// May this CRL be used at all?
    fn allows(self, crl: &Crl) -> bool {
        match self {
            Self::WithDeltas => true,
            Self::Common | Self::WithTwoAlgorithms => crl.base_number.is_none(),
            Self::WithoutEmptyScopes => crl.base_number.is_none() && !has_empty_scope(crl),
        }
    }

    /// Is this CRL treated differently from the common usage?
    fn differs_on(self, crl: &Crl) -> bool {
        match self {
            Self::Common => false,
            Self::WithDeltas => crl.base_number.is_some(),
            Self::WithoutEmptyScopes => has_empty_scope(crl),
            Self::WithTwoAlgorithms => {
                crl.signature_algorithm.der != crl.tbs_signature_algorithm.der
            }
        }
    }

    fn algorithms(self) -> signature::Algorithms {
        match self {
            Self::Common | Self::WithoutEmptyScopes => signature::Algorithms::MustAgree,
            // The versions that use deltas do not compare the algorithms either.
            Self::WithDeltas | Self::WithTwoAlgorithms => signature::Algorithms::MayDiffer,
        }
    }
}

fn has_empty_scope(crl: &Crl) -> bool {
    crl.scope.as_ref().is_some_and(|scope| {
        scope.name.is_none()
            && scope.covers == Covers::Everything
            && scope.reasons.is_none()
            && !scope.indirect
    })
}

/// Leaf first.
fn check_as(usage: Usage, links: &Links<'_>, crls: &[Crl], run: &mut Run<'_>) {
    for (depth, link) in links.iter() {
        // A proxy certificate is revoked with its end entity.
        if !purpose::is_proxy(link.certificate) {
            check_one(link.certificate, depth, links, usage, crls, run);
        }
    }
}

/// `check_cert_crl`: CRLs are taken until together they cover all reasons.
fn check_one(
    certificate: &Certificate,
    depth: usize,
    links: &Links<'_>,
    usage: Usage,
    crls: &[Crl],
    run: &mut Run<'_>,
) {
    let crls: Vec<&Crl> = crls.iter().filter(|crl| usage.allows(crl)).collect();
    let mut covered = Reasons::NONE;
    while covered != Reasons::ALL {
        let Some(choice) = choose(certificate, depth, links, &crls, covered, run.rules.now) else {
            return run.fail(depth, FaultKind::UnableToGetCrl);
        };
        check_crl(&choice, depth, usage, run);
        check_entry(choice.crl, certificate, depth, run);
        if choice.reasons == covered {
            return run.fail(depth, FaultKind::UnableToGetCrl);
        }
        covered = choice.reasons;
    }
}

/// A CRL that may apply to a certificate, and how well it fits.
struct Choice<'a> {
    crl: &'a Crl,
    issuer: &'a Certificate,
    score: Score,
    /// The reasons that are covered after this CRL has been used.
    reasons: Reasons,
}

/// How well a CRL fits, the most important criterion first, as in OpenSSL's score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Score {
    understood: bool,
    in_scope: bool,
    timely: bool,
    /// Signed by the certificate's own issuer rather than one further up.
    by_issuer: bool,
}

/// `get_crl_sk`: the best, and of equals the newest.
fn choose<'a>(
    certificate: &Certificate,
    depth: usize,
    links: &Links<'a>,
    crls: &[&'a Crl],
    covered: Reasons,
    now: i64,
) -> Option<Choice<'a>> {
    let mut best: Option<Choice<'a>> = None;
    for crl in crls {
        let Some(choice) = rate(crl, certificate, depth, links, covered, now) else {
            continue;
        };
        let better = best.as_ref().is_none_or(|best| {
            choice.score > best.score
                || choice.score == best.score
                    && choice
                        .crl
                        .this_update
                        .zip(best.crl.this_update)
                        .is_some_and(|(a, b)| a > b)
        });
        if better {
            best = Some(choice);
        }
    }
    best
}

/// `get_crl_score`; `None` if the CRL says nothing about the certificate. CRLs for some reasons or for
/// other issuers only need flags that libpq does not set.
fn rate<'a>(
    crl: &'a Crl,
    certificate: &Certificate,
    depth: usize,
    links: &Links<'a>,
    covered: Reasons,
    now: i64,
) -> Option<Choice<'a>> {
    if let Some(scope) = &crl.scope
        && (scope.covers == Covers::Contradiction || scope.indirect || scope.reasons.is_some())
    {
        return None;
    }
    if !crl.issuer.matches(&certificate.issuer) {
        return None;
    }
    let (issuer, by_issuer) = issuer_of(crl, depth, links)?;
    let scope = scope_of(crl, certificate);
    if let Some(reasons) = scope
        && reasons.0 & !covered.0 == 0
    {
        return None;
    }
    let reasons = Reasons(covered.0 | scope.unwrap_or(Reasons::NONE).0);
    let score = Score {
        understood: crl.unknown_critical.is_empty(),
        in_scope: scope.is_some(),
        timely: time_faults(crl, now).is_empty(),
        by_issuer,
    };
    Some(Choice {
        crl,
        issuer,
        score,
        reasons,
    })
}

/// `crl_akid_check`: the certificate's issuer, or one further up the path with the CRL's name.
fn issuer_of<'a>(crl: &Crl, depth: usize, links: &Links<'a>) -> Option<(&'a Certificate, bool)> {
    let last = links.len().checked_sub(1)?;
    let next = depth.saturating_add(1).min(last);
    let fits = |issuer: &Certificate| {
        crl.authority_key_identifier
            .as_ref()
            .is_none_or(|identifier| purpose::matches_identifier(issuer, identifier).is_ok())
    };
    let issuer = links.certificate(next)?;
    if fits(issuer) {
        return Some((issuer, true));
    }
    links
        .iter()
        .filter(|(above, _)| *above > next)
        .map(|(_, link)| link.certificate)
        .find(|above| above.subject.matches(&crl.issuer) && fits(above))
        .map(|above| (above, false))
}

/// `crl_crldp_check`: the reasons for which the CRL covers the certificate, if it does.
fn scope_of(crl: &Crl, certificate: &Certificate) -> Option<Reasons> {
    let scope = crl.scope.as_ref();
    let is_ca = certificate
        .basic_constraints
        .is_some_and(|constraints| constraints.ca);
    let excluded = match scope.map_or(Covers::Everything, |scope| scope.covers) {
        Covers::Everything => false,
        Covers::UserCertificates => is_ca,
        Covers::CaCertificates => !is_ca,
        Covers::AttributeCertificates | Covers::Contradiction => true,
    };
    if excluded {
        return None;
    }
    let published = scope.and_then(|scope| scope.name.as_ref());
    let point = certificate
        .crl_distribution_points
        .iter()
        .find(|point| is_issued_for(point, crl) && same_place(point.name.as_ref(), published));
    match point {
        Some(point) => Some(point.reasons),
        None if published.is_none() => Some(Reasons::ALL),
        None => None,
    }
}

fn is_issued_for(point: &DistributionPoint, crl: &Crl) -> bool {
    point.crl_issuer.as_ref().is_none_or(|issuers| {
        let mut directories = issuers.iter().filter_map(GeneralName::directory);
        directories.any(|name| name.matches(&crl.issuer))
    })
}

/// `idp_check_dp`: a missing name matches every other.
fn same_place(a: Option<&DistributionPointName>, b: Option<&DistributionPointName>) -> bool {
    use DistributionPointName::{Full, Relative};
    match (a, b) {
        (None, _) | (_, None) => true,
        (Some(Relative(a)), Some(Relative(b))) => a.matches(b),
        (Some(Relative(name)), Some(Full(names))) | (Some(Full(names)), Some(Relative(name))) => {
            let mut directories = names.iter().filter_map(GeneralName::directory);
            directories.any(|full| full.matches(name))
        }
        (Some(Full(a)), Some(Full(b))) => a.iter().any(|a| b.iter().any(|b| same_name(a, b))),
    }
}

fn same_name(a: &GeneralName, b: &GeneralName) -> bool {
    match (a, b) {
        (GeneralName::Directory(a), GeneralName::Directory(b)) => a.matches(b),
        _ => a == b,
    }
}

/// `check_crl`: can the CRL be trusted?
fn check_crl(choice: &Choice<'_>, depth: usize, usage: Usage, run: &mut Run<'_>) {
    // The versions that use deltas take these to be checked with the base.
    if choice.crl.base_number.is_none() {
        let mute = purpose::lacks(choice.issuer, &[KeyUsage::CRL_SIGN]);
        run.fail_if(mute, depth, FaultKind::KeyUsageNoCrlSign);
        run.fail_if(!choice.score.in_scope, depth, FaultKind::DifferentCrlScope);
    }
    for kind in time_faults(choice.crl, run.rules.now) {
        run.fail(depth, kind);
    }
    if !signature::is_readable(&choice.issuer.public_key) {
        return run.fail(depth, FaultKind::UnableToDecodeIssuerPublicKey);
    }
    let key = &choice.issuer.public_key;
    if run.is_proven(choice.crl, key) || !run.may_check_signature(depth) {
        return;
    }
    let algorithms = usage.algorithms();
    match signature::check_crl(choice.crl, key, algorithms) {
        signature::Check::Good if algorithms == signature::Algorithms::MustAgree => {
            run.prove(choice.crl, key);
        }
        signature::Check::Good => {}
        signature::Check::Bad => run.fail(depth, FaultKind::CrlSignatureFailure),
        signature::Check::Unsupported => {
            let oid = choice.crl.signature_algorithm.oid.clone();
            run.fail(depth, FaultKind::UnsupportedAlgorithm { oid });
        }
    }
}

/// `ossl_x509_check_crl_time`; as with certificates the last second is the one before nextUpdate.
fn time_faults(crl: &Crl, now: i64) -> Vec<FaultKind> {
    let mut faults = Vec::new();
    match crl.this_update {
        None => faults.push(FaultKind::ErrorInCrlLastUpdate),
        Some(start) if start > now => faults.push(FaultKind::CrlNotYetValid),
        Some(_) => {}
    }
    match crl.next_update {
        NextUpdate::Unreadable => faults.push(FaultKind::ErrorInCrlNextUpdate),
        NextUpdate::At(end) if end <= now => faults.push(FaultKind::CrlHasExpired),
        NextUpdate::At(_) | NextUpdate::Absent => {}
    }
    faults
}

/// `cert_crl`: the date of a revocation is ignored.
fn check_entry(crl: &Crl, certificate: &Certificate, depth: usize, run: &mut Run<'_>) {
    let unknown = !crl.unknown_critical.is_empty();
    run.fail_if(unknown, depth, FaultKind::UnhandledCriticalCrlExtension);
    let entry = crl.entry(&certificate.issuer, &certificate.serial);
    let revoked = entry.is_some_and(|entry| entry.reason != Some(Revoked::REMOVE_FROM_CRL));
    run.fail_if(revoked, depth, FaultKind::CertRevoked);
}
