//! The path from a leaf to an anchor, as OpenSSL's `build_chain` finds it.

use std::ops::Deref;
use std::sync::Arc;

use crate::x509::{Anchor, AnchorStore, Certificate};

use super::chain::{Run, Step};
use super::fault::FaultKind;
use super::purpose::{self, Trust, is_self_signed, likely_issued};
use super::validity;

/// The number of intermediates that OpenSSL allows (`X509_VERIFY_PARAM`, "default").
const MAX_INTERMEDIATES: usize = 100;
/// A path of this length is not extended: the leaf and its intermediates.
const MAX_UNANCHORED: usize = MAX_INTERMEDIATES + 1;

/// `build_chain` with trusted certificates preferred, which is OpenSSL's default.
pub(super) fn build(
    presented: &[Certificate],
    anchors: &dyn AnchorStore,
    run: &mut Run<'_>,
) -> Vec<Step> {
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
            let anchored = matches!(path.last(), Some(Step::Anchor(_)));
            run.fail(
                depth,
                match (last_is_self_signed, path.len()) {
                    // What is beyond was not looked for.
                    (_, length) if length > MAX_UNANCHORED => FaultKind::CertChainTooLong,
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
    /// At an anchor whose settings exclude TLS servers.
    Rejected,
    /// At no anchor.
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
                    // It has an anchor's name but is not the anchor: the path ends here.
                    return End::Nowhere {
                        last_is_self_signed: true,
                    };
                }
                // From the first anchor on, presented certificates are ignored.
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

/// A certificate of the path: presented or an anchor.
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

/// The first that is valid now. If none is, the first of those that expire last.
fn best<T>(
    candidates: impl Iterator<Item = T>,
    now: i64,
    certificate: impl Fn(&T) -> &Certificate,
) -> Option<T> {
    let mut latest: Option<T> = None;
    for candidate in candidates {
        if validity::faults(certificate(&candidate), now).is_empty() {
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
