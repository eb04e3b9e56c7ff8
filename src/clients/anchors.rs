//! The trust of one client: a root file, or part of it, and what else it trusts.

use std::sync::Arc;

use super::profile::Taken;
use crate::trust::{OddBlock, Trust};
use crate::x509::{Anchor, AnchorStore, Certificate, Name};

/// Several trusts combined, in order.
pub(super) struct Anchors<'a> {
    stores: Vec<(&'a Trust, Taken)>,
    /// Certificates that the client does not see.
    unseen: Vec<&'a OddBlock>,
}

impl<'a> Anchors<'a> {
    pub(super) fn of(trust: &'a Trust, taken: Taken) -> Self {
        Self {
            stores: vec![(trust, taken)],
            unseen: Vec::new(),
        }
    }

    /// The same without these.
    pub(super) fn without(mut self, unseen: Vec<&'a OddBlock>) -> Self {
        self.unseen = unseen;
        self
    }

    pub(super) fn and(mut self, trust: Option<&'a Trust>) -> Self {
        self.stores.extend(trust.map(|trust| (trust, Taken::All)));
        self
    }

    /// Is this certificate one of them?
    pub(super) fn contains(&self, certificate: &Certificate) -> bool {
        let named = self.by_subject(&certificate.subject);
        named
            .iter()
            .any(|anchor| anchor.certificate.der == certificate.der)
    }
}

impl AnchorStore for Anchors<'_> {
    fn by_subject(&self, name: &Name) -> Vec<Arc<Anchor>> {
        let found = self.stores.iter().flat_map(|(trust, taken)| {
            let mut found = trust.by_subject(name);
            if let (Taken::First, Some(first)) = (taken, trust.listed().first()) {
                found.retain(|anchor| anchor.certificate.der == first.der);
            }
            found
        });
        let seen = |anchor: &Arc<Anchor>| {
            let mut unseen = self.unseen.iter();
            !unseen.any(|odd| odd.certificate.der == anchor.certificate.der)
        };
        found.filter(seen).collect()
    }
}
