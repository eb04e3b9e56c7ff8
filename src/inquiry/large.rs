//! One ClientHello that does not fit into one TCP segment, and a small one to compare with.

use std::time::Duration;

use super::line::exchange;
use super::{Line, Unknown};
use crate::wire::tls::libpq_hello::{LibpqHello, Lists, Shares, X25519_MLKEM768};
use crate::wire::tls::reply::Want;
use crate::wire::tls::{Alpn, TlsVersion};

/// What becomes of a ClientHello with a post-quantum key, as OpenSSL 3.5, Go 1.24 and Node.js 24 send it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LargeHello {
    /// The server answers.
    Answered,
    /// It does not, but it answers the same ClientHello without the key.
    Lost {
        /// What happens instead.
        how: Loss,
        /// The size of the ClientHello, in bytes.
        size: usize,
    },
}

/// How a ClientHello gets no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Nothing comes.
    Silence,
    /// The connection is closed or reset.
    HungUp,
}

impl Line {
    /// Sends the large ClientHello. If it is not answered, a small one follows, and the large one again: a server that is
    /// busy misses one connection and not the next.
    ///
    /// # Errors
    /// If the small one is not answered either, the size explains nothing.
    pub(crate) async fn ask_large(&self) -> Result<LargeHello, Unknown> {
        let large = self.libpq_hello(Shares::PostQuantum);
        if self.fate(&large).await? == Fate::Answered {
            return Ok(LargeHello::Answered);
        }
        match self.fate(&self.libpq_hello(Shares::None)).await? {
            Fate::Answered => {}
            Fate::Lost(Loss::Silence) => return Err(Unknown::Timeout),
            Fate::Lost(Loss::HungUp) => return Err(Unknown::Closed),
        }
        Ok(match self.fate(&large).await? {
            Fate::Answered => LargeHello::Answered,
            Fate::Lost(how) => LargeHello::Lost {
                how,
                size: large.len(),
            },
        })
    }

    fn libpq_hello(&self, shares: Shares) -> Vec<u8> {
        let mut lists = Lists::default();
        if shares == Shares::PostQuantum {
            lists.groups.insert(0, X25519_MLKEM768);
        }
        let hello = LibpqHello {
            max_version: TlsVersion::V1_3,
            min_version: TlsVersion::V1_2,
            server_name: self.server_name.as_deref(),
            alpn: Alpn::Named,
            random: NO_SECRET,
            lists,
            shares,
        };
        hello.encode()
    }

    /// What becomes of a ClientHello. Any answer of TLS counts, also a refusal; what happens before the hello is sent does
    /// not.
    async fn fate(&self, hello: &[u8]) -> Result<Fate, Unknown> {
        let until = self.until()?.min(tokio::time::Instant::now() + ENOUGH);
        let ready = self.ready(self.negotiation, until).await?;
        match exchange(ready, hello, Want::Hello, TlsVersion::V1_2, until).await {
            Ok(_) => Ok(Fate::Answered),
            Err(Unknown::Timeout) => Ok(Fate::Lost(Loss::Silence)),
            Err(Unknown::Closed) => Ok(Fate::Lost(Loss::HungUp)),
            Err(unknown) => Err(unknown),
        }
    }
}

/// What becomes of one ClientHello.
#[derive(PartialEq, Eq)]
enum Fate {
    Answered,
    Lost(Loss),
}

/// How long an answer is awaited: the server has just answered another hello.
const ENOUGH: Duration = Duration::from_secs(3);

/// Nothing is ever derived from it.
const NO_SECRET: [u8; 32] = *b"pgtls: a hello of a certain size";
