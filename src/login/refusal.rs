//! Why a server gets no answer, in libpq's words if it has them.

use crate::wire::Malformed;

/// Why we do not answer the server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// `require_auth` (`check_expected_areq` in `fe-auth.c`).
    #[error("authentication method requirement \"{required}\" failed: {asked}")]
    NotAllowed {
        /// The value of `require_auth`, escaped.
        required: String,
        /// What the server did.
        asked: &'static str,
    },
    /// `channel_binding=require`, and the server has none.
    #[error("channel binding required, but not supported by server's authentication request")]
    NoChannelBinding,
    /// `channel_binding=require`, and the server accepted us without it.
    #[error("channel binding required, but server authenticated client without channel binding")]
    NotBound,
    /// libpq chooses SCRAM-SHA-256-PLUS and then finds no hash in the certificate's signature.
    #[error("could not find digest for the signature algorithm of the server's certificate")]
    NoDigest,
    /// No password in the string, the environment or the password file.
    #[error("fe_sendauth: no password supplied")]
    NoPassword,
    /// `sslcertmode=require`.
    #[error("server accepted connection without a valid SSL certificate")]
    NoClientCertificate,
    /// Kerberos or an OAuth token, which psql may support.
    #[error("the server asks for {0}, which pgtls does not support")]
    Unsupported(&'static str),
    /// SCRAM would keep the processor busy for a long time, and no deadline could stop it.
    #[error("the server asks for {0} rounds of SCRAM, but pgtls does at most {MAX_ITERATIONS}")]
    Iterations(u64),
    /// `min_protocol_version` (`pqGetNegotiateProtocolVersion3` in `fe-protocol3.c`, which takes `latest` for 3.2).
    #[error(
        "server only supports protocol version 3.0, but \"min_protocol_version\" was set to 3.2"
    )]
    OldProtocol,
    /// An answer about the protocol that does not fit what was asked for.
    #[error("received invalid protocol negotiation message")]
    BadNegotiation,
    /// An authentication request that libpq does not accept as one.
    #[error("received invalid authentication request")]
    Invalid,
}

impl From<Malformed> for Refusal {
    fn from(_: Malformed) -> Self {
        Self::Invalid
    }
}

/// tokio-postgres also refuses more, with its own message.
pub(super) const MAX_ITERATIONS: u64 = 100_000;
