//! What one OpenSSL does and another does not.
//!
//! Patch releases changed these, and distributions take over single patches: what the installed one does is
//! found out by a chain of its own for each habit, not from its version.

use super::referee;
use super::world::*;
use crate::support::certs::*;

/// What some versions of OpenSSL do, and pgtls does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// A newer delta CRL stands in for the base CRL, although extended CRL support is off. OpenSSL 3.0.19,
    /// 3.0.20 and 3.5.7 do it, 3.0.22 and 3.5.9 do not.
    TakesDeltas,
    /// A CRL whose two algorithm fields differ counts. OpenSSL 3.0.19 does it, 3.0.22 does not.
    TakesCrlWithTwoAlgorithms,
}

impl Habit {
    const ALL: [Self; 2] = [Self::TakesDeltas, Self::TakesCrlWithTwoAlgorithms];

    /// Those of the installed OpenSSL.
    pub(crate) fn of_the_referee() -> Vec<Self> {
        let directory = tempfile::tempdir().unwrap();
        Self::ALL
            .into_iter()
            .filter(|habit| referee::judge(&habit.probe().make(), directory.path()).passes)
            .collect()
    }

    /// A chain that passes where OpenSSL has the habit, and only there.
    fn probe(self) -> World {
        let mut world = World::good();
        match self {
            // All that the root says is a delta.
            Self::TakesDeltas => {
                world.root_crl().extensions =
                    vec![ext(CRL_NUMBER, int(&[2])), critical(DELTA, int(&[1]))];
            }
            Self::TakesCrlWithTwoAlgorithms => {
                world.root_crl().outer_algorithm = Some(ecdsa_sha256_null().der);
            }
        }
        world
    }

    /// The chains that OpenSSL judges otherwise than pgtls where it has the habit.
    pub(crate) fn chains(self) -> &'static [&'static str] {
        match self {
            Self::TakesDeltas => &[
                "CRL choice: delta that revokes beside its base",
                "CRL choice: delta that frees beside its base",
                "CRL choice: delta alone",
                "CRL choice: delta alone, issuer may not sign CRLs",
            ],
            Self::TakesCrlWithTwoAlgorithms => &["CRL: two algorithms"],
        }
    }
}
