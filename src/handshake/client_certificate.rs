//! The server's request for a client certificate, and our answer.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;

/// Whether the server asked for a client certificate, and what it got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientCertificateRequest {
    /// No CertificateRequest was seen.
    #[default]
    NotRequested,
    /// It asked. We had none to send, or did not send it to a server that we do not trust.
    RequestedNoneSent,
    /// It asked. Our key supports none of the server's signature schemes.
    RequestedNoneFits,
    /// It asked. We sent ours.
    Sent,
}

impl ClientCertificateRequest {
    /// The same after a handshake that ended before we had anything to send.
    pub(super) fn withheld(self) -> Self {
        match self {
            Self::Sent => Self::RequestedNoneSent,
            Self::NotRequested | Self::RequestedNoneSent | Self::RequestedNoneFits => self,
        }
    }
}

/// Answers a CertificateRequest and records that there was one.
#[derive(Debug)]
pub(super) struct ClientCertificateWitness {
    identity: Option<Arc<CertifiedKey>>,
    seen: Mutex<Request>,
}

/// A CertificateRequest, or the fact that there was none.
#[derive(Clone, Debug, Default)]
pub(super) struct Request {
    pub(super) answer: ClientCertificateRequest,
    /// DER of the names of the authorities, at most [`MAX_AUTHORITIES`].
    pub(super) authorities: Vec<Vec<u8>>,
}

impl ClientCertificateWitness {
    pub(super) fn new(identity: Option<Arc<CertifiedKey>>) -> Self {
        Self {
            identity,
            seen: Mutex::default(),
        }
    }

    pub(super) fn seen(&self) -> Request {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl ResolvesClientCert for ClientCertificateWitness {
    fn resolve(
        &self,
        root_hint_subjects: &[&[u8]],
        sigschemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        // Without a common scheme, neither OpenSSL nor rustls sends the certificate.
        let usable = self
            .identity
            .clone()
            .filter(|identity| identity.key.choose_scheme(sigschemes).is_some());
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let names = root_hint_subjects.iter().take(MAX_AUTHORITIES);
        *seen = Request {
            answer: match (&usable, &self.identity) {
                (Some(_), _) => ClientCertificateRequest::Sent,
                (None, Some(_)) => ClientCertificateRequest::RequestedNoneFits,
                (None, None) => ClientCertificateRequest::RequestedNoneSent,
            },
            authorities: names.map(|name| name.to_vec()).collect(),
        };
        usable
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// How many authorities of a CertificateRequest are kept; a server with more is not judged by them.
pub(crate) const MAX_AUTHORITIES: usize = 500;
