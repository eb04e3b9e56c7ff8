//! Trust anchors, and the store that verification looks them up in.

use std::sync::Arc;

use super::{Certificate, Name};

/// A certificate that the user trusts to end a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The certificate itself.
    pub certificate: Arc<Certificate>,
    /// What a `TRUSTED CERTIFICATE` adds to it.
    pub settings: TrustSettings,
}

/// The uses for which OpenSSL trusts a `TRUSTED CERTIFICATE` (`X509_CERT_AUX` in
/// crypto/x509/x_x509a.c).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustSettings {
    /// Dotted extended key usages it is trusted for; `None` if the list is absent.
    pub trusted: Option<Vec<String>>,
    /// Dotted extended key usages it is rejected for.
    pub rejected: Vec<String>,
}

/// The trust anchors, looked up by name as a chain is built.
pub trait AnchorStore {
    /// All anchors with this subject, in the order in which they were given. The order decides
    /// between anchors that are otherwise equal.
    fn by_subject(&self, name: &Name) -> Vec<Arc<Anchor>>;
}

/// Anchors that were read beforehand, such as those of a root file.
#[derive(Clone, Debug, Default)]
pub struct AnchorList {
    anchors: Vec<Arc<Anchor>>,
}

impl AnchorList {
    /// Of several copies of one certificate the first is used, with its settings, as in OpenSSL's
    /// `X509_STORE_add_cert`.
    pub fn new(anchors: impl IntoIterator<Item = Anchor>) -> Self {
        let mut list = Self::default();
        for anchor in anchors {
            let known = list
                .anchors
                .iter()
                .any(|old| old.certificate.der == anchor.certificate.der);
            if !known {
                list.anchors.push(Arc::new(anchor));
            }
        }
        list
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Anchor>> {
        self.anchors.iter()
    }
}

impl AnchorStore for AnchorList {
    fn by_subject(&self, name: &Name) -> Vec<Arc<Anchor>> {
        let named = |anchor: &&Arc<Anchor>| anchor.certificate.subject.matches(name);
        self.anchors.iter().filter(named).cloned().collect()
    }
}
