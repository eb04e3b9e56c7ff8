//! Behaviour that differs between OpenSSL versions.
//!
//! Patch releases change it, and distributions backport patches. So the habits of the installed version are
//! detected with one chain for each, not from its version number. pgtls refuses what any version refuses.

use super::referee;
use super::world::*;
use crate::support::certs::*;

/// What some versions of OpenSSL 3 do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// A newer delta CRL replaces the base CRL, although extended CRL support is off. OpenSSL 3.0.19, 3.0.20 and
    /// 3.5.7 do it, 3.0.22 and 3.5.9 do not.
    TakesDeltas,
    /// A CRL whose two algorithm fields differ is used. OpenSSL 3.0.19 does it, 3.0.22 does not.
    TakesCrlWithTwoAlgorithms,
    /// A CRL whose issuingDistributionPoint is empty, or encodes FALSE explicitly, is not used. OpenSSL 3.5.
    RefusesEmptyScopes,
    /// An invalid time makes the whole certificate or CRL unreadable, and the openssl program continues without
    /// it. OpenSSL 3.5.
    ReadsTimesAtOnce,
    /// The host of a URI under name constraints is found by a parser of URLs. OpenSSL 3.5.
    ParsesUrls,
    /// Missing RSA-PSS parameters make the signature bad before its strength is checked. OpenSSL 3.5.
    WantsPssParameters,
}

impl Habit {
    pub(crate) const ALL: [Self; 6] = [
        Self::TakesDeltas,
        Self::TakesCrlWithTwoAlgorithms,
        Self::RefusesEmptyScopes,
        Self::ReadsTimesAtOnce,
        Self::ParsesUrls,
        Self::WantsPssParameters,
    ];

    /// The habits of the installed OpenSSL.
    pub(crate) fn of_the_referee() -> Vec<Self> {
        let directory = tempfile::tempdir().unwrap();
        Self::ALL
            .into_iter()
            .filter(|habit| {
                let (world, code) = habit.probe();
                referee::judge(&world.make(), directory.path()).code == code
            })
            .collect()
    }

    /// A chain, and the number of the error that OpenSSL gives only if it has the habit.
    fn probe(self) -> (World, Option<u32>) {
        let mut world = World::good();
        let code = match self {
            // The root has only a delta CRL.
            Self::TakesDeltas => {
                world.root_crl().extensions =
                    vec![ext(CRL_NUMBER, int(&[2])), critical(DELTA, int(&[1]))];
                None
            }
            Self::TakesCrlWithTwoAlgorithms => {
                world.root_crl().outer_algorithm = Some(ecdsa_sha256_null().der);
                None
            }
            Self::RefusesEmptyScopes => {
                world.root_crl().extensions.push(critical(IDP, seq(&[])));
                Some(NO_CRL)
            }
            Self::ReadsTimesAtOnce => {
                world.root_crl().this_update = tlv(0x17, b"x");
                Some(NO_CRL)
            }
            Self::ParsesUrls => {
                world.root().put(constraints(&[uri("example.test")], &[]));
                world.leaf().put(san(&[uri("https://me@example.test/")]));
                None
            }
            Self::WantsPssParameters => {
                world.root().spki = RSA_2048.spki();
                world.root().signer = &RSA_2048;
                world.root().algorithm = rsa_sha256();
                world.inter().signer = &RSA_2048;
                world.inter().algorithm = pss_bare();
                Some(BAD_SIGNATURE)
            }
        };
        (world, code)
    }

    /// The chains that OpenSSL with this habit judges differently from pgtls.
    pub(crate) fn chains(self) -> &'static [&'static str] {
        match self {
            Self::TakesDeltas => &[
                "CRL choice: delta that frees beside its base",
                "CRL choice: delta alone",
                "CRL choice: delta alone, issuer may not sign CRLs",
            ],
            Self::TakesCrlWithTwoAlgorithms => &["CRL: two algorithms"],
            // Times too short for any version are unreadable to pgtls as well.
            Self::RefusesEmptyScopes | Self::ReadsTimesAtOnce => &[],
            Self::ParsesUrls => &[
                "constraints: URI with an empty host, permitted",
                "constraints: URI with an empty host, excluded",
                "constraints: URI with a user, permitted",
                "constraints: URI with a user, excluded",
            ],
            Self::WantsPssParameters => &["digest: PSS without parameters"],
        }
    }

    /// The chains that OpenSSL without this habit judges differently from pgtls, which refuses what any
    /// version refuses.
    pub(crate) fn chains_without(self) -> &'static [&'static str] {
        match self {
            Self::TakesDeltas => &["CRL choice: delta that revokes beside its base"],
            Self::RefusesEmptyScopes => &[
                "CRL scope: empty, the intermediate's",
                "CRL scope: empty, the root's",
                "CRL scope: empty, certificate points there",
                "CRL scope: empty, certificate points elsewhere",
                "CRL scope: explicitly not only CAs, the intermediate's",
                "CRL scope: explicitly not only CAs, the root's",
                "CRL scope: explicitly not only CAs, certificate points there",
                "CRL scope: explicitly not only CAs, certificate points elsewhere",
            ],
            Self::ReadsTimesAtOnce
            | Self::TakesCrlWithTwoAlgorithms
            | Self::ParsesUrls
            | Self::WantsPssParameters => &[],
        }
    }
}

/// `X509_V_ERR_UNABLE_TO_GET_CRL`.
const NO_CRL: u32 = 3;
/// `X509_V_ERR_CERT_SIGNATURE_FAILURE`.
const BAD_SIGNATURE: u32 = 7;
