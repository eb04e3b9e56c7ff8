//! Where a version of OpenSSL and pgtls differ, and why: the stated differences.
//!
//! A disagreement that none of them explains is a bug, of pgtls or of this list. docs/libpq.md shows them.

use pgtls::verify::{FaultKind, OldOpenSsl};
use pgtls::x509::{Certificate, Covers, Crl, Flaw, GeneralName, KeyKind, SignatureScheme, oid};

use super::world::{Made, Outcome};
use crate::support::library::Version;

/// A difference that is known.
#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) name: &'static str,
    /// Who says what.
    pub(crate) sentence: &'static str,
    /// The versions that it is about.
    versions: Versions,
    /// Does the report tell it?
    told: Told,
    explains: fn(&Seen<'_>) -> bool,
}

/// What a report says about OpenSSL 1.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// `old-openssl-differs`, unless a certificate is malformed.
    Always,
    /// Only the documentation has it.
    Documented,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Versions {
    All,
    /// OpenSSL 1.1.1, for which pgtls does not answer.
    Old,
}

/// How a version differs from pgtls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// It passes what pgtls refuses.
    Accepts,
    /// It refuses what pgtls passes.
    Refuses,
    /// It refuses for another reason.
    OtherReason,
}

impl Kind {
    /// The difference that a report tells.
    pub(crate) fn told(told: OldOpenSsl) -> Self {
        match told {
            OldOpenSsl::Accepts(_) => Self::Accepts,
            OldOpenSsl::Refuses(_) => Self::Refuses,
        }
    }
}

/// A disagreement, with everything that could explain it.
pub(crate) struct Seen<'a> {
    version: Version,
    certificates: Vec<Certificate>,
    crls: Vec<Crl>,
    ours: &'a Outcome,
    theirs: &'a Outcome,
}

/// Do they differ? In OpenSSL 1.1.1 only the verdict counts: it checks in another order.
pub(crate) fn kind(ours: &Outcome, theirs: &Outcome, version: Version) -> Option<Kind> {
    let comparable = !ours.unreadable && !theirs.unreadable && !version.is_old();
    match (ours.passes, theirs.passes) {
        (false, true) => Some(Kind::Accepts),
        (true, false) => Some(Kind::Refuses),
        (false, false) if comparable && ours.code() != theirs.code() => Some(Kind::OtherReason),
        (true, true) | (false, false) => None,
    }
}

/// The difference that explains it. What OpenSSL 3 refuses and pgtls passes is never explained.
pub(crate) fn explanation(
    made: &Made,
    ours: &Outcome,
    theirs: &Outcome,
    version: Version,
) -> Option<&'static Difference> {
    if ours.passes && !version.is_old() {
        return None;
    }
    let all = made
        .presented
        .iter()
        .chain(made.anchors.iter().map(|(_, der)| der));
    let seen = Seen {
        version,
        certificates: all
            .filter_map(|der| Certificate::parse_prefix(der).ok())
            .map(|(certificate, _)| certificate)
            .collect(),
        crls: made
            .crls
            .iter()
            .filter_map(|der| Crl::parse(der).ok())
            .collect(),
        ours,
        theirs,
    };
    DIFFERENCES
        .iter()
        .filter(|difference| difference.versions == Versions::All || version.is_old())
        .find(|difference| (difference.explains)(&seen))
        .filter(|difference| {
            difference.told == Told::Documented || seen.has_flaw(|_| true) || ours.old.is_some()
        })
}

pub(crate) const DIFFERENCES: &[Difference] = &[
    Difference {
        name: "unsupported algorithm",
        sentence: "OpenSSL verifies what pgtls cannot, for example Ed448, some curves and digests, and the \
                   Internet addresses of RFC 3779. pgtls: exit 6, `unsupported-algorithm`.",
        versions: Versions::All,
        told: Told::Documented,
        explains: |seen| {
            let ours = |fault: &FaultKind| matches!(fault, FaultKind::UnsupportedAlgorithm { .. });
            seen.ours.faults.iter().any(ours)
        },
    },
    Difference {
        name: "delta CRL",
        sentence: "OpenSSL up to 3.0.20, 3.3, 3.4 and up to 3.5.7 use a delta CRL like any other; 3.0.22 and 3.5.8 do \
                   not. pgtls refuses what either refuses.",
        versions: Versions::All,
        told: Told::Documented,
        explains: |seen| seen.is_told() && seen.crls.iter().any(is_delta),
    },
    Difference {
        name: "CRL without a scope",
        sentence: "OpenSSL 3.5.4 and newer do not use a CRL whose issuingDistributionPoint has no content; 3.5.0 and \
                   older do. pgtls refuses what either refuses.",
        versions: Versions::All,
        told: Told::Documented,
        explains: |seen| seen.is_told() && seen.crls.iter().any(has_empty_scope),
    },
    Difference {
        name: "CRL with two algorithms",
        sentence: "OpenSSL 3.0.19, 3.3.1, 3.4.1 and 3.5.4 use a CRL whose two algorithm fields differ; 3.0.22 and 3.5.8 \
                   do not. pgtls refuses it.",
        versions: Versions::All,
        told: Told::Documented,
        explains: |seen| seen.is_told() && seen.crls.iter().any(has_two_algorithms),
    },
    Difference {
        name: "URI under name constraints",
        sentence: "The host of a URI with a user, a port, a query or none: OpenSSL 3.5 reads it as a parser of URLs, \
                   older ones up to the next colon or slash. 3.5.9 takes fewer schemes and users than 3.5.4. pgtls \
                   refuses what any of them refuses.",
        versions: Versions::All,
        told: Told::Documented,
        explains: |seen| seen.is_told() && seen.constrains(is_uri),
    },
    Difference {
        name: "RSA-PSS without readable parameters",
        sentence: "Both refuse: OpenSSL 3.3 and newer because of the signature, 3.0 and pgtls because of the digest.",
        versions: Versions::All,
        told: Told::Documented,
        explains: |seen| {
            seen.certificates.iter().any(|certificate| {
                certificate.signature_algorithm.scheme == SignatureScheme::RsaPss(None)
            })
        },
    },
    Difference {
        name: "time without seconds",
        sentence: "OpenSSL 3.0 decodes a certificate with such a time, and passes a chain that does not use it; 3.3 \
                   and newer, and pgtls, cannot decode it.",
        versions: Versions::All,
        told: Told::Documented,
        explains: |seen| seen.ours.unreadable && seen.ours.text.contains("validity"),
    },
    Difference {
        name: "constructed string",
        sentence: "OpenSSL reads strings in several pieces (BER). To pgtls the extension is malformed.",
        versions: Versions::All,
        told: Told::Documented,
        explains: |seen| {
            seen.has_flaw(
                |flaw| matches!(flaw, Flaw::Malformed(oid) if oid == oid::AUTHORITY_KEY_IDENTIFIER),
            )
        },
    },
    Difference {
        name: "security level 1",
        sentence: "The wheels' OpenSSL 1.1.1 has security level 1: it accepts RSA keys of 1,024 bits, SHA-1 and curves \
                   of 160 bits. pgtls and OpenSSL 3 refuse them.",
        versions: Versions::Old,
        told: Told::Always,
        explains: |seen| {
            use FaultKind::{CaKeyTooSmall, CaMdTooWeak, EeKeyTooSmall};
            seen.theirs.passes
                && seen
                    .ours
                    .faults
                    .iter()
                    .all(|fault| matches!(fault, EeKeyTooSmall | CaKeyTooSmall | CaMdTooWeak))
        },
    },
    Difference {
        name: "curve spelled out",
        sentence: "OpenSSL 1.1.1 accepts keys on a curve that is spelled out. pgtls and OpenSSL 3 refuse them.",
        versions: Versions::Old,
        told: Told::Always,
        explains: |seen| {
            let explicit = |certificate: &Certificate| {
                matches!(certificate.public_key.kind, KeyKind::EcExplicit(_))
            };
            seen.theirs.passes && seen.certificates.iter().any(explicit)
        },
    },
    Difference {
        name: "critical OCSP no-check",
        sentence: "OpenSSL 1.1.1 refuses it as an unknown critical extension. pgtls and OpenSSL 3 accept it.",
        versions: Versions::Old,
        told: Told::Always,
        explains: |seen| {
            seen.certificates.iter().any(|certificate| {
                certificate
                    .critical
                    .iter()
                    .any(|oid| oid == oid::OCSP_NO_CHECK)
            })
        },
    },
    Difference {
        name: "name constraint with a minimum of 0",
        sentence: "OpenSSL 1.1.1 refuses an explicit minimum, even 0. pgtls and OpenSSL 3 accept 0.",
        versions: Versions::Old,
        told: Told::Always,
        explains: |seen| seen.theirs.code == Some(SUBTREE_MIN_MAX),
    },
    Difference {
        name: "other name under name constraints",
        sentence: "OpenSSL 1.1.1 refuses an otherName under a constraint on another type of otherName, and does not \
                   compare SmtpUTF8Mailbox names with constraints on addresses. pgtls does as OpenSSL 3.",
        versions: Versions::Old,
        told: Told::Documented,
        explains: |seen| {
            let other = |name: &GeneralName| {
                matches!(name, GeneralName::OtherName(..) | GeneralName::SmtpUtf8(_))
            };
            seen.certificates
                .iter()
                .filter_map(|certificate| certificate.subject_alt_names.as_ref())
                .flatten()
                .any(other)
        },
    },
    Difference {
        name: "path length without CA",
        sentence: "OpenSSL 1.1.1 calls a certificate invalid that has a path length and is not a CA. pgtls and OpenSSL \
                   3 do not.",
        versions: Versions::Old,
        told: Told::Always,
        explains: |seen| {
            seen.certificates.iter().any(|certificate| {
                certificate
                    .basic_constraints
                    .is_some_and(|found| !found.ca && found.path_length.is_some())
            })
        },
    },
    Difference {
        name: "path length that is too large",
        sentence: "OpenSSL 1.1.1 calls a certificate invalid that has a path length of more than 64 bits and is not a \
                   CA. To pgtls and OpenSSL 3 it has none.",
        versions: Versions::Old,
        told: Told::Documented,
        explains: |seen| {
            seen.theirs.code == Some(NO_LOCAL_ISSUER)
                && seen.certificates.iter().any(|certificate| {
                    certificate
                        .basic_constraints
                        .is_some_and(|found| !found.ca && found.path_length.is_none())
                })
        },
    },
    Difference {
        name: "invalid certificate",
        sentence: "OpenSSL 1.1.1 uses certificates with a malformed or repeated extension or an odd version where \
                   OpenSSL 3 and pgtls look for others.",
        versions: Versions::Old,
        told: Told::Documented,
        explains: |seen| seen.has_flaw(|_| true),
    },
];

/// `X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY`.
const NO_LOCAL_ISSUER: u32 = 20;
/// `X509_V_ERR_SUBTREE_MINMAX`.
const SUBTREE_MIN_MAX: u32 = 49;

fn is_delta(crl: &Crl) -> bool {
    crl.base_number.is_some()
}

fn has_two_algorithms(crl: &Crl) -> bool {
    crl.signature_algorithm.der != crl.tbs_signature_algorithm.der
}

fn is_uri(name: &GeneralName) -> bool {
    matches!(name, GeneralName::Uri(_))
}

fn has_empty_scope(crl: &Crl) -> bool {
    crl.scope.as_ref().is_some_and(|scope| {
        scope.name.is_none()
            && scope.covers == Covers::Everything
            && scope.reasons.is_none()
            && !scope.indirect
    })
}

impl Seen<'_> {
    /// Does pgtls say that versions differ? It must where only some of OpenSSL 3 refuse. It does not if two
    /// differences together decide.
    fn is_told(&self) -> bool {
        self.version.is_old()
            || !self.theirs.passes
            || self.ours.dissent.is_some()
            || self.reasons() > 1
    }

    /// How many things there are about which versions differ.
    fn reasons(&self) -> usize {
        [
            self.crls.iter().any(is_delta),
            self.crls.iter().any(has_empty_scope),
            self.crls.iter().any(has_two_algorithms),
            self.constrains(is_uri),
        ]
        .into_iter()
        .filter(|there| *there)
        .count()
    }

    fn constrains(&self, wanted: fn(&GeneralName) -> bool) -> bool {
        self.certificates
            .iter()
            .filter_map(|certificate| certificate.name_constraints.as_ref())
            .flat_map(|constraints| constraints.permitted.iter().chain(&constraints.excluded))
            .any(|subtree| wanted(&subtree.base))
    }

    fn has_flaw(&self, wanted: fn(&Flaw) -> bool) -> bool {
        self.certificates
            .iter()
            .flat_map(|certificate| &certificate.flaws)
            .any(wanted)
    }
}
