//! Finds out what else an address accepts: plaintext, versions, suites, groups, ways to start TLS.
//!
//! The check reports one handshake: the best that client and server have in common. The audit looks for
//! the worst. Each question has its own connection with a hello that offers exactly what is to be
//! tested, and ends as soon as the server has chosen. A question without an answer is [`Unknown`],
//! never "not accepted". Passwords and client certificates are never sent.

#![deny(clippy::wildcard_enum_match_arm)]

mod asked;
mod certificate;
mod direct;
mod gss;
mod large_hello;
mod plaintext;
mod policy;
mod protocol;
mod session;
mod stuffed;

use std::future::ready;
use std::num::NonZeroUsize;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use tokio::time::Instant;

use crate::inquiry::Line;
use crate::negotiate;
use crate::probe::{Observation, Stop, Task, line};
use crate::wire::tls::TlsVersion;

use asked::{Asking, asking};

pub use crate::inquiry::{LargeHello, Loss, Unknown};
pub use asked::{Asked, Each, Gap, Gaps, Variant};
pub use certificate::{Circumstance, Presented};
pub use direct::Direct;
pub use gss::Gss;
pub use plaintext::{Encrypted, Login, Plaintext};
pub use policy::{Category, Rule, Rules};
pub use protocol::{Accepted, Listing, OldFeatures, Preference, Protocol};
pub use stuffed::Stuffed;

/// Generates [`Audit`], the questions and the gaps from one row per answer. A row has the subject of
/// the question, the field and type of its answer, the servers to ask, and the function that asks. The
/// most important row is the first, and is asked first.
macro_rules! questions {
    ($($(#[$doc:meta])+ $what:expr, $field:ident: $answer:ty, $of:ident, $ask:expr;)+) => {
        /// Everything that was found out about one address.
        #[derive(Debug)]
        pub struct Audit {
            /// What the server speaks. Without TLS, no questions about TLS are asked.
            pub speaks: Speaks,
            $($(#[$doc])+ pub $field: $answer,)+
        }

        impl Audit {
            pub(crate) fn nothing_asked(speaks: Speaks) -> Self {
                Self { speaks, $($field: Default::default(),)+ }
            }

            /// The questions without an answer, the most important first.
            pub fn gaps(&self) -> Vec<Gap<'_>> {
                let mut all = Vec::new();
                $(if Of::$of.includes(self.speaks) {
                    all.extend(self.$field.gaps($what));
                })+
                all
            }
        }

        /// Everything that is worth asking.
        fn questions<'a>(inquiry: &'a Inquiry<'_>) -> Vec<Asking<'a>> {
            let mut all = Vec::new();
            $(if Of::$of.includes(inquiry.speaks) {
                all.extend($ask(inquiry));
            })+
            all
        }
    };
}

questions! {
    /// Sessions without TLS.
    "sessions without TLS", plaintext: Asked<Plaintext>, Everyone, plaintext::ask;
    /// Each version.
    TlsVersion::name, protocols: Each<TlsVersion, Protocol>, WithTls, protocol::ask;
    /// The result of an encrypted session; asked together with the sessions without TLS.
    "an encrypted session", encrypted: Asked<Encrypted>, WithTls, |_| [];
    /// Plaintext after an SSLRequest.
    "plaintext after the SSLRequest", stuffed: Asked<Stuffed>, WithTls, stuffed::ask;
    /// The certificate for each kind of key and name.
    Circumstance::what, certificates: Each<Circumstance, Presented>, WithTls, certificate::ask;
    /// TLS from the first byte, without ALPN.
    "direct TLS without ALPN", direct_without_alpn: Asked<Direct>, WithTls, direct::ask_without_alpn;
    /// TLS from the first byte, with ALPN.
    "direct TLS", direct: Asked<Direct>, Everyone, direct::ask;
    /// A ClientHello of more than one TCP segment.
    "a large ClientHello", large_hello: Asked<LargeHello>, WithTls, large_hello::ask;
    /// GSSAPI encryption.
    "GSSAPI encryption", gss: Asked<Gss>, Everyone, gss::ask;
}

impl Variant for TlsVersion {
    const ALL: &'static [Self] = Self::ALL;
}

/// What a server speaks, as observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// TLS, and perhaps more.
    Tls,
    /// Nothing but plaintext.
    PlaintextOnly,
}

/// Which servers a question is for.
#[derive(Clone, Copy, Debug)]
enum Of {
    Everyone,
    WithTls,
}

impl Of {
    fn includes(self, speaks: Speaks) -> bool {
        match self {
            Self::Everyone => true,
            Self::WithTls => speaks == Speaks::Tls,
        }
    }
}

/// How gentle to be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once.
    pub jobs: NonZeroUsize,
    /// Time for one connection.
    pub patience: Duration,
    /// Time for everything.
    pub total: Duration,
}

/// The input of every question.
struct Inquiry<'a> {
    line: Line,
    asker: Asker<'a>,
    task: &'a Task,
    observation: &'a Observation,
    speaks: Speaks,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
struct Asker<'a> {
    user: &'a [u8],
    database: &'a [u8],
}

/// Asks the address that a check has found. `None` if no server answered there, or not as PostgreSQL
/// does.
pub async fn audit(task: &Task, observation: &Observation, limits: &Limits) -> Option<Audit> {
    let speaks = match &observation.outcome {
        Ok(_) | Err(Stop::Handshake { .. } | Stop::SecondLook { .. }) => Speaks::Tls,
        Err(Stop::Negotiate(negotiate::Error::NoTls)) => Speaks::PlaintextOnly,
        Err(Stop::Connect(_) | Stop::Negotiate(_)) => return None,
    };
    let inquiry = Inquiry::new(task, observation, limits, speaks)?;
    Some(answers(&inquiry, questions(&inquiry), limits).await)
}

/// Asks only whether the server would also start a session without TLS, for the user and the database of the string.
/// `None` if the check got no answer.
pub async fn plaintext(
    task: &Task,
    observation: &Observation,
    limits: &Limits,
) -> Option<Asked<Plaintext>> {
    let inquiry = Inquiry::new(task, observation, limits, Speaks::Tls)?;
    let questions = plaintext::ask(&inquiry);
    Some(answers(&inquiry, questions, limits).await.plaintext)
}

async fn answers<'a>(
    inquiry: &'a Inquiry<'_>,
    questions: Vec<Asking<'a>>,
    limits: &Limits,
) -> Audit {
    let mut audit = Audit::nothing_asked(inquiry.speaks);
    stream::iter(questions)
        .buffer_unordered(limits.jobs.get())
        .for_each(|note| {
            note(&mut audit);
            ready(())
        })
        .await;
    audit
}

impl<'a> Inquiry<'a> {
    /// `None` if no address is known.
    fn new(
        task: &'a Task,
        observation: &'a Observation,
        limits: &Limits,
        speaks: Speaks,
    ) -> Option<Self> {
        Some(Self {
            line: line(
                task,
                observation,
                limits.patience,
                Instant::now() + limits.total,
            )?,
            asker: Asker {
                user: task.conninfo.user.value.as_bytes(),
                database: task.conninfo.dbname.value.as_bytes(),
            },
            task,
            observation,
            speaks,
        })
    }
}
