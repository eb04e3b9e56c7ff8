//! Translates rustls' open-ended errors into a closed set.

use std::io;

use rustls::{AlertDescription, PeerIncompatible, PeerMisbehaved};

use super::{Refusal, ServerNameFault};
use crate::connect;
use crate::wire::tls::Alert;

/// Why the handshake did not finish.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// We refused the server's certificate and sent the matching alert.
    #[error("server certificate refused")]
    Refused(Refusal),
    /// The server ended the handshake with an alert.
    #[error("server refused the TLS handshake: {0}")]
    Alert(Alert),
    /// No version in common with what the string and rustls allow.
    #[error("no TLS version in common")]
    NoCommonVersion,
    /// No suite, group or signature scheme in common.
    #[error("no cipher suite, key exchange group or signature scheme in common")]
    NoCommonCipher,
    /// The OpenSSL configuration of this machine leaves libpq only what rustls does not have.
    #[error("the OpenSSL configuration of this machine leaves nothing that pgtls can offer")]
    NothingToOffer,
    /// The host cannot be sent as SNI.
    #[error("{0}")]
    ServerName(ServerNameFault),
    /// TLS 1.2 without the extension of RFC 5746, in OpenSSL's words.
    #[error("unsafe legacy renegotiation disabled")]
    InsecureRenegotiation,
    /// Direct TLS without the ALPN protocol `postgresql`.
    #[error("direct SSL connection was established without ALPN protocol negotiation extension")]
    NoAlpn,
    /// The server closed the connection.
    #[error("server closed the connection during the TLS handshake")]
    Closed {
        /// Bytes of TLS that had arrived.
        received: usize,
    },
    /// The bytes where a TLS record should start are not one.
    #[error("received unencrypted data after SSL response")]
    NotTls {
        /// Its first bytes.
        first: Vec<u8>,
    },
    /// More data than any honest handshake needs.
    #[error("server sends data without end and never finishes the TLS handshake")]
    TooMuch,
    /// Time ran out.
    #[error("the TLS handshake did not finish within the time limit")]
    Timeout {
        /// Bytes of the handshake that had arrived; `None` if it was finished before.
        received: Option<usize>,
    },
    /// Time ran out while the server's certificates were being judged.
    #[error("the certificates were not judged within the time limit")]
    StillJudging,
    /// The connection broke.
    #[error("connection lost during the TLS handshake")]
    Io(#[source] io::Error),
    /// The server broke the TLS protocol, in rustls' words.
    #[error("server broke the TLS protocol: {0}")]
    Misbehaved(String),
    /// Any other failure, in rustls' words.
    #[error("TLS failed: {0}")]
    Other(String),
}

impl From<AlertDescription> for Alert {
    fn from(description: AlertDescription) -> Self {
        Self(u8::from(description))
    }
}

impl Error {
    /// Is this the answer of a server that asked for a certificate, and refuses ours or got none?
    pub fn refuses_certificate(&self) -> bool {
        matches!(self, Self::Alert(alert) if alert.answers_certificate())
    }

    /// The TLS error inside another layer's `io::Error`, if there is one.
    pub(crate) fn of_tls(error: &io::Error) -> Option<Self> {
        let inner = error.get_ref()?;
        inner
            .downcast_ref::<rustls::Error>()
            .map(|error| error.clone().into())
    }

    /// rustls returns some of its errors inside `io::Error`.
    pub(crate) fn from_io(error: io::Error) -> Self {
        if connect::is_hang_up(&error) {
            Self::Closed { received: 0 }
        } else {
            Self::Io(error)
        }
    }
}

impl From<rustls::Error> for Error {
    fn from(error: rustls::Error) -> Self {
        use rustls::Error as Tls;
        match error {
            Tls::AlertReceived(description) => Self::Alert(description.into()),
            Tls::InvalidCertificate(error) => Self::Refused(Refusal::from(&error)),
            Tls::PeerIncompatible(
                PeerIncompatible::ServerDoesNotSupportTls12Or13
                | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
                | PeerIncompatible::Tls12NotOffered
                | PeerIncompatible::Tls12NotOfferedOrEnabled,
            ) => Self::NoCommonVersion,
            Tls::PeerIncompatible(
                PeerIncompatible::NoCipherSuitesInCommon
                | PeerIncompatible::NoKxGroupsInCommon
                | PeerIncompatible::NoSignatureSchemesInCommon
                | PeerIncompatible::NoEcPointFormatsInCommon
                | PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon,
            )
            // In TLS 1.2 rustls cannot use a key that is for RSASSA-PSS only, or Ed448. OpenSSL can.
            | Tls::PeerMisbehaved(PeerMisbehaved::SignedKxWithWrongAlgorithm) => {
                Self::NoCommonCipher
            }
            Tls::NoApplicationProtocol => Self::NoAlpn,
            Tls::PeerMisbehaved(_)
            | Tls::InappropriateMessage { .. }
            | Tls::InappropriateHandshakeMessage { .. }
            | Tls::InvalidMessage(_)
            | Tls::DecryptError
            | Tls::PeerSentOversizedRecord
            | Tls::NoCertificatesPresented => Self::Misbehaved(error.to_string()),
            _ => Self::Other(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_mismatch_and_a_suite_mismatch_are_distinguished() {
        let version = Error::from(rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13,
        ));
        let suite = Error::from(rustls::Error::PeerIncompatible(
            PeerIncompatible::NoCipherSuitesInCommon,
        ));
        assert!(matches!(version, Error::NoCommonVersion), "{version:?}");
        assert!(matches!(suite, Error::NoCommonCipher), "{suite:?}");
    }
}
