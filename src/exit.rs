//! The exit codes: number, meaning and help text in one place.

use std::process::ExitCode;

/// How a run of pgtls ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exit {
    /// Every endpoint passed.
    Passed = 0,
    /// TLS and certificate are fine, but something asked for does not hold.
    Unmet = 1,
    /// The request itself is wrong.
    Usage = 2,
    /// Nobody answered.
    Unreachable = 3,
    /// Somebody answered, but without TLS.
    NoTls = 4,
    /// The TLS handshake failed.
    Handshake = 5,
    /// The certificate is not trusted.
    Untrusted = 6,
    /// The certificate is trusted, but not for this host.
    WrongHost = 7,
    /// The login failed.
    Login = 8,
    /// Ctrl-C came first: 128 and the number of SIGINT, as shells count.
    Interrupted = 130,
}

impl Exit {
    /// Every exit code, in order.
    pub const ALL: [Self; 10] = [
        Self::Passed,
        Self::Unmet,
        Self::Usage,
        Self::Unreachable,
        Self::NoTls,
        Self::Handshake,
        Self::Untrusted,
        Self::WrongHost,
        Self::Login,
        Self::Interrupted,
    ];

    /// The number that the process ends with.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// What the number means, in one line.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Passed => "every endpoint passed",
            Self::Unmet => {
                "TLS is fine, but something asked for does not hold; or several endpoints failed differently"
            }
            Self::Usage => {
                "bad option, malformed string, unknown keyword, invalid value, or a file it names is unusable"
            }
            Self::Unreachable => {
                "unreachable: name resolution, refused, timeout, closed; or an audit left questions open"
            }
            Self::NoTls => {
                "no TLS: the server answered N, is not PostgreSQL, or the host is a Unix socket"
            }
            Self::Handshake => {
                "the TLS handshake failed, or a client certificate is missing or refused"
            }
            Self::Untrusted => {
                "certificate not trusted: unknown issuer, expired, revoked, wrong purpose, weak"
            }
            Self::WrongHost => "certificate trusted, but not for this host name",
            Self::Login => "login failed (only with --login)",
            Self::Interrupted => "interrupted (Ctrl-C) before everything was checked",
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
    fn several_endpoints_share_their_code_or_fail_with_one() {
        use Exit::{NoTls, Passed, Unmet, Unreachable};
        assert_eq!(Exit::of_all([]), Passed);
        assert_eq!(Exit::of_all([Passed, Passed]), Passed);
        assert_eq!(Exit::of_all([Passed, NoTls, NoTls]), NoTls);
        assert_eq!(Exit::of_all([Unreachable, NoTls]), Unmet);
        assert_eq!(Exit::of_all([Unreachable, NoTls, Unreachable]), Unmet);
    }
}
