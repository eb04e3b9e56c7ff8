//! What the rules ask about the key of a certificate.

use crate::x509::{Certificate, KeyKind};

/// A key, as far as the rules ask about it.
pub(super) enum Key {
    /// RSA, in bits.
    Rsa(usize),
    /// The curve, or the kind of key.
    Other(String),
}

impl Key {
    /// The name by which a profile lists it.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Rsa(_) => "RSA",
            Self::Other(name) => name,
        }
    }

    pub(super) fn of(leaf: &Certificate) -> Self {
        match &leaf.public_key.kind {
            KeyKind::Rsa { bits } | KeyKind::RsaPss { bits, .. } => Self::Rsa(*bits),
            KeyKind::Ec(curve) => Self::Other(curve.name().to_owned()),
            KeyKind::EcExplicit(_)
            | KeyKind::Ed25519
            | KeyKind::Ed448
            | KeyKind::MlDsa(_)
            | KeyKind::SlhDsa(_)
            | KeyKind::Dsa { .. }
            | KeyKind::Unusable(_) => Self::Other(leaf.key_description()),
        }
    }
}
