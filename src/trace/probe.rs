//! What an application does at endpoints that it must refuse.

use serde::Serialize;

use super::connection::To;
use crate::words::words;

words! {
    /// An endpoint that a careful application refuses.
    Trap {
        /// Its certificate is from an unknown authority.
        UnknownCa = "unknown-ca",
        /// Its certificate is for another name, from an authority that the application was told to trust.
        WrongHost = "wrong-host",
        /// It has no TLS.
        NoTls = "no-tls",
    }

    /// What the application did there.
    Reaction {
        /// It did not come.
        NotReached = "not-reached",
        /// It did not show: the application does not trust the authority of this trace.
        NotTested = "not-tested",
        /// It did not show: the command had not ended in time.
        NotEnded = "not-ended",
        /// It refused, with fewer connections than it had sessions at the server: it stopped before the others could show.
        Fewer = "fewer-connections",
        /// It refused with as many, and a second try of one may stand for another that did not come.
        Alike = "not-told-apart",
        /// The trace was interrupted before.
        Interrupted = "interrupted",
        /// It refused.
        Refused = "refused",
        /// It finished the handshake, and closed properly: it only tested TLS, or refused afterwards.
        Looked = "looked",
        /// It started a session over TLS.
        WentOn = "went-on",
        /// And sent its password.
        SentPassword = "sent-password",
        /// It started a session in plain text.
        WentOnInPlaintext = "went-on-in-plaintext",
        /// And sent its password.
        SentPasswordInPlaintext = "sent-password-in-plaintext",
    }
}

impl Trap {
    /// Where its connections are led.
    pub const fn to(self) -> To {
        match self {
            Self::UnknownCa => To::UnknownCa,
            Self::WrongHost => To::WrongHost,
            Self::NoTls => To::NoTls,
        }
    }

    /// Where the application was led.
    pub const fn place(self) -> &'static str {
        match self {
            Self::UnknownCa => "an endpoint whose certificate is from an unknown authority",
            Self::WrongHost => "an endpoint whose certificate is for another name",
            Self::NoTls => "an endpoint that refuses TLS",
        }
    }
}

impl Reaction {
    /// Was plain text sent?
    pub const fn is_plaintext(self) -> bool {
        match self {
            Self::WentOnInPlaintext | Self::SentPasswordInPlaintext => true,
            Self::NotReached
            | Self::NotTested
            | Self::NotEnded
            | Self::Fewer
            | Self::Alike
            | Self::Interrupted
            | Self::Refused
            | Self::Looked
            | Self::WentOn
            | Self::SentPassword => false,
        }
    }

    /// Did it refuse the endpoint?
    pub const fn is_refusal(self) -> bool {
        match self {
            Self::Refused | Self::Looked => true,
            Self::NotReached
            | Self::NotTested
            | Self::NotEnded
            | Self::Fewer
            | Self::Alike
            | Self::Interrupted
            | Self::WentOn
            | Self::SentPassword
            | Self::WentOnInPlaintext
            | Self::SentPasswordInPlaintext => false,
        }
    }
}

/// One trap, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Probe {
    /// The endpoint.
    pub endpoint: Trap,
    /// What the application did.
    pub reaction: Reaction,
    /// How many connections it made there; not counted is one on which it asked for nothing.
    pub connections: u64,
}

impl Probe {
    /// What it shows of a program that has so many sessions at its server. One that ends at its first refusal does not
    /// show what its other connections verify, and neither does one that tries the first again.
    #[must_use]
    pub fn of_sessions(self, sessions: u64) -> Self {
        let reaction = match (self.reaction.is_refusal(), sessions) {
            (true, 2..) if self.connections < sessions => Reaction::Fewer,
            (true, 2..) => Reaction::Alike,
            (true, 0..=1) | (false, _) => self.reaction,
        };
        Self { reaction, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_stops_at_a_refusal_has_not_shown_its_other_connections() {
        for (reaction, connections, sessions, expected) in [
            (Reaction::Refused, 1, 1, Reaction::Refused),
            (Reaction::Refused, 1, 2, Reaction::Fewer),
            (Reaction::Looked, 1, 2, Reaction::Fewer),
            (Reaction::Looked, 3, 1, Reaction::Looked),
            (Reaction::Refused, 2, 2, Reaction::Alike),
            (Reaction::Looked, 3, 2, Reaction::Alike),
            (Reaction::WentOn, 1, 2, Reaction::WentOn),
            (Reaction::NotReached, 0, 2, Reaction::NotReached),
        ] {
            let probe = Probe {
                endpoint: Trap::UnknownCa,
                reaction,
                connections,
            };
            let shown = probe.of_sessions(sessions).reaction;
            assert_eq!(shown, expected, "{reaction} {connections} {sessions}");
        }
    }
}
