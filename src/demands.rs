//! What was asked for beyond libpq's verdict: expiry, versions, pins. Pure.

use std::time::Duration;

use crate::conninfo::TlsVersion;
use crate::handshake::Tls;
use crate::trust::Level;
use crate::verify::{Fault, FaultKind, Judgement, Rules, check};
use crate::x509::{AnchorStore, Certificate};

/// What must hold besides, for exit code 0.
#[derive(Clone, Debug, Default)]
pub struct Demands {
    /// The whole path, anchor and CRLs included, must still hold that much later.
    pub valid_for: Option<Duration>,
    /// The lowest TLS version that will do.
    pub min_tls: Option<TlsVersion>,
    /// SHA-256 of public keys, one of which must be in the verified path, or be the leaf's where no path
    /// is verified.
    pub pins: Vec<[u8; 32]>,
    /// The very certificate that must be served.
    pub expected: Option<Box<Certificate>>,
    /// What warnings mean.
    pub strictness: Strictness,
}

/// What warnings mean for the exit code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// Nothing.
    #[default]
    Lenient,
    /// They fail the check.
    Strict,
}

/// One demand that is not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmet {
    /// Something of the path runs out too early.
    ExpiresSoon {
        /// What will be wrong by then, first in OpenSSL's order.
        fault: Fault,
        /// How long it had to hold.
        wanted: Duration,
    },
    /// The negotiated version is too low.
    BelowMinTls {
        /// What was negotiated.
        negotiated: TlsVersion,
        /// What was demanded.
        wanted: TlsVersion,
    },
    /// Neither the verified path nor, where there is none, the leaf has a pinned key.
    PinMismatch,
    /// Another certificate is served.
    UnexpectedCertificate,
}

/// The demands that a judged chain and its TLS session do not meet. `tls` is `None` offline.
pub fn unmet(
    demands: &Demands,
    judgement: &Judgement,
    tls: Option<&Tls>,
    anchors: &dyn AnchorStore,
    rules: &Rules,
) -> Vec<Unmet> {
    let mut unmet = Vec::new();
    if let Some(expected) = &demands.expected
        && judgement.certificates.first() != Some(&**expected)
    {
        unmet.push(Unmet::UnexpectedCertificate);
    }
    if !demands.pins.is_empty()
        && !proven(judgement).any(|certificate| demands.pins.contains(&certificate.spki_sha256()))
    {
        unmet.push(Unmet::PinMismatch);
    }
    if let (Some(wanted), Some(negotiated)) = (demands.min_tls, tls.and_then(|tls| tls.protocol))
        && negotiated < wanted
    {
        unmet.push(Unmet::BelowMinTls { negotiated, wanted });
    }
    if let Some(wanted) = demands.valid_for {
        let known = &judgement.path.faults;
        let later = faults_later(judgement, anchors, rules, wanted);
        let fault = later
            .into_iter()
            .find(|fault| runs_out(fault) && !known.contains(fault));
        unmet.extend(fault.map(|fault| Unmet::ExpiresSoon { fault, wanted }));
    }
    unmet
}

/// What OpenSSL would find wrong with a judged chain that much later.
fn faults_later(
    judgement: &Judgement,
    anchors: &dyn AnchorStore,
    rules: &Rules,
    after: Duration,
) -> Vec<Fault> {
    let seconds = i64::try_from(after.as_secs()).unwrap_or(i64::MAX);
    let rules = Rules {
        now: rules.now.saturating_add(seconds),
        ..rules.clone()
    };
    check(&judgement.certificates, anchors, &rules).faults
}

fn runs_out(fault: &Fault) -> bool {
    matches!(
        fault.kind,
        FaultKind::CertHasExpired | FaultKind::CrlHasExpired
    )
}

/// The certificates whose keys stand behind this session: those of the verified path (RFC 7469 section
/// 2.6), or the leaf alone where no path holds.
///
/// Anyone can send a pinned certificate along with a chain of their own, because certificates are public.
/// So a certificate beside the path proves nothing, and neither does a path that is broken.
pub fn proven(judgement: &Judgement) -> impl Iterator<Item = &Certificate> {
    let depth = match judgement.satisfies(Level::Chain) {
        Ok(()) => usize::MAX,
        Err(_) => 1,
    };
    judgement.path_certificates().take(depth)
}
