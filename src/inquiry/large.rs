//! One ClientHello that does not fit into one TCP segment, and a small one to compare with.

use std::time::Duration;

use super::line::{read, write};
use super::{Line, Unknown};
use crate::wire::tls::alert::Level;
use crate::wire::tls::libpq_hello::{LibpqHello, Lists, Shares, X25519_MLKEM768};
use crate::wire::tls::reply::{self, MAX_REPLY, Step, Want};
use crate::wire::tls::{Alert, TlsVersion};

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
    /// Sends the large ClientHello. If it is not answered, a small one follows.
    ///
    /// # Errors
    /// If the small one is not answered either, the size explains nothing.
    pub(crate) async fn ask_large(&self) -> Result<LargeHello, Unknown> {
        let large = self.libpq_hello(Shares::PostQuantum);
        let how = match self.is_answered(&large).await {
            Ok(()) => return Ok(LargeHello::Answered),
            Err(Unknown::Timeout) => Loss::Silence,
            Err(Unknown::Closed) => Loss::HungUp,
            Err(unknown) => return Err(unknown),
        };
        self.is_answered(&self.libpq_hello(Shares::None)).await?;
        // A server that is busy hangs up on one connection and not on the next.
        if how == Loss::HungUp && self.is_answered(&large).await.is_ok() {
            return Ok(LargeHello::Answered);
        }
        Ok(LargeHello::Lost {
            how,
            size: large.len(),
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
            random: NO_SECRET,
            lists,
            shares,
        };
        hello.encode()
    }

    /// Any answer of TLS counts, also a refusal.
    async fn is_answered(&self, hello: &[u8]) -> Result<(), Unknown> {
        let until = self.until()?.min(tokio::time::Instant::now() + ENOUGH);
        let (mut stream, _) = self.ready(self.negotiation, until).await?.into_parts();
        write(&mut stream, hello, until).await?;
        let mut answer = Vec::new();
        loop {
            if read(&mut stream, &mut answer, until).await? == 0 {
                return Err(Unknown::Closed);
            }
            match reply::read(&answer, Want::Hello) {
                Step::More if answer.len() < MAX_REPLY => {}
                Step::More | Step::Malformed => return Err(Unknown::NotTls),
                Step::Alert(_) | Step::Chosen(_) => break,
            }
        }
        // Tells the server not to wait for the rest. If it has already gone, that does not matter.
        let goodbye = Alert::CLOSE_NOTIFY.encode(Level::Warning, TlsVersion::V1_2);
        let _ = write(&mut stream, &goodbye, until).await;
        Ok(())
    }
}

/// How long an answer is awaited: the server has just answered another hello.
const ENOUGH: Duration = Duration::from_secs(3);

/// Nothing is ever derived from it.
const NO_SECRET: [u8; 32] = *b"pgtls: a hello of a certain size";
