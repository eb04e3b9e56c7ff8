//! The exit codes: number, meaning and help text.

use std::process::ExitCode;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! exits {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $word:literal, $meaning:literal;)+) => {
        /// How a run of pgtls ends. In JSON it is its number.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Exit {
            $($(#[$doc])* $variant,)+
        }

        impl Exit {
            /// Every exit code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The exit status of the process.
            pub fn number(self) -> u8 {
                match self { $(Self::$variant => $number,)+ }
            }

            /// The meaning in a word or two.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The meaning in one line.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)+ }
            }
        }
    };
}

exits! {
    /// Every endpoint passed.
    Passed = 0, "pass", "every endpoint passed";
    /// TLS and certificate are valid, but a demand is not met.
    Unmet = 1, "policy",
        "TLS is fine, but another requirement is not met; or several endpoints failed differently";
    /// The request itself is wrong.
    Usage = 2, "usage",
        "bad option, malformed string, unknown keyword, invalid value, or a file it names is unusable";
    /// No server answered.
    Unreachable = 3, "unreachable",
        "unreachable: name resolution, refused, timeout, closed; or an audit or a CSR has open questions";
    /// A server answered, but without TLS.
    NoTls = 4, "no TLS",
        "no TLS: the server declined it, is not PostgreSQL, or the host is a Unix socket";
    /// The TLS handshake failed.
    Handshake = 5, "handshake",
        "the TLS handshake failed, or a client certificate is missing or refused";
    /// The certificate is not trusted.
    Untrusted = 6, "untrusted",
        "certificate not trusted: unknown issuer, expired, revoked, wrong purpose, weak";
    /// The certificate is trusted, but not for this host.
    WrongHost = 7, "wrong host", "certificate trusted, but not for this host name";
    /// The login failed.
    Login = 8, "login", "login failed (only with --login)";
    /// Interrupted by Ctrl-C: 128 plus the number of SIGINT, as in shells.
    Interrupted = 130, "interrupted", "interrupted (Ctrl-C) before everything was checked";
}

/// What a plugin for Nagios reports, the worst last (the plugin guidelines of the Monitoring
/// Plugins project).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nagios {
    /// Everything passed, and is valid long enough.
    Ok,
    /// A demand is not met, or something expires soon.
    Warning,
    /// Nothing was checked: the request itself is wrong, or the run was interrupted.
    Unknown,
    /// Clients cannot connect, or should not.
    Critical,
}

impl Nagios {
    /// The exit code of a plugin.
    pub fn number(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }
}

/// The result of a JUnit test case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Junit {
    /// It passed.
    Success,
    /// It could not be run.
    Error,
    /// It was run, and failed.
    Failure,
}

/// Whether a tool did its work, regardless of what it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Execution {
    /// It did.
    Successful,
    /// It could not begin, or was not finished.
    Failed,
}

impl Exit {
    /// The exit code with this number.
    pub fn of_number(number: u8) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|exit| exit.number() == number)
    }

    /// Whether TLS and the certificate were as the mode requires. What failed, if anything did, came after them.
    pub fn is_sound(self) -> bool {
        match self {
            Self::Passed | Self::Unmet | Self::Login => true,
            Self::Usage
            | Self::Unreachable
            | Self::NoTls
            | Self::Handshake
            | Self::Untrusted
            | Self::WrongHost
            | Self::Interrupted => false,
        }
    }

    /// The state of a Nagios plugin.
    pub fn nagios(self) -> Nagios {
        match self {
            Self::Passed => Nagios::Ok,
            Self::Unmet => Nagios::Warning,
            // What was not finished is not known.
            Self::Usage | Self::Interrupted => Nagios::Unknown,
            Self::Unreachable
            | Self::NoTls
            | Self::Handshake
            | Self::Untrusted
            | Self::WrongHost
            | Self::Login => Nagios::Critical,
        }
    }

    /// The result of a JUnit test case.
    pub fn junit(self) -> Junit {
        match self {
            Self::Passed => Junit::Success,
            Self::Usage | Self::Unreachable | Self::Interrupted => Junit::Error,
            Self::Unmet
            | Self::NoTls
            | Self::Handshake
            | Self::Untrusted
            | Self::WrongHost
            | Self::Login => Junit::Failure,
        }
    }

    /// Whether the run did its work (`executionSuccessful` of SARIF).
    pub fn execution(self) -> Execution {
        match self {
            Self::Usage | Self::Interrupted => Execution::Failed,
            Self::Passed
            | Self::Unmet
            | Self::Unreachable
            | Self::NoTls
            | Self::Handshake
            | Self::Untrusted
            | Self::WrongHost
            | Self::Login => Execution::Successful,
        }
    }

    /// The exit code of a run over several endpoints: the code that all failures share, or
    /// [`Exit::Unmet`] if they differ.
    pub fn of_all(exits: impl IntoIterator<Item = Self>) -> Self {
        exits
            .into_iter()
            .filter(|&exit| exit != Self::Passed)
            .fold(Self::Passed, |all, one| {
                if all == Self::Passed || all == one {
                    one
                } else {
                    Self::Unmet
                }
            })
    }
}

impl Serialize for Exit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.number())
    }
}

impl<'de> Deserialize<'de> for Exit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u8::deserialize(deserializer)?;
        let unknown = || serde::de::Error::custom("not an exit code of pgtls");
        Self::of_number(number).ok_or_else(unknown)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Exit {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Exit".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let numbers: Vec<u8> = Self::ALL.iter().map(|exit| exit.number()).collect();
        schemars::json_schema!({
            "description": "The exit codes of pgtls.",
            "type": "integer",
            "enum": numbers,
        })
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_documentation() {
        let numbers: Vec<u8> = Exit::ALL.iter().map(|exit| exit.number()).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 8, 130]);
    }

    #[test]
    fn a_run_that_did_not_finish_did_not_do_its_work() {
        for exit in Exit::ALL {
            let expected = match exit.number() {
                2 | 130 => Execution::Failed,
                _ => Execution::Successful,
            };
            assert_eq!(exit.execution(), expected, "{exit:?}");
        }
    }

    #[test]
    fn several_endpoints_share_their_code_or_fail_with_one() {
        use Exit::{NoTls, Passed, Unmet, Unreachable};
        assert_eq!(Exit::of_all([]), Passed);
        assert_eq!(Exit::of_all([Passed, Passed]), Passed);
        assert_eq!(Exit::of_all([Passed, NoTls, NoTls]), NoTls);
        assert_eq!(Exit::of_all([Unreachable, NoTls]), Unmet);
        assert_eq!(Exit::of_all([Unreachable, NoTls, Unreachable]), Unmet);
    }
}
