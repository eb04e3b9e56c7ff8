//! Would a client's verification accept this chain under this name?
//!
//! OpenSSL's verdict is the reference. Each engine is described by what it forgives and by what it
//! refuses in addition. rustls-webpki differs in too many ways, so it is run itself.

use std::net::IpAddr;

use super::anchors::Anchors;
use super::fault::of_fault;
use super::rules::{digital_signature, ip, java_names, needs_odd_wildcard, rfc5280, rsa_pss_salt};
use super::{Objection, Obstacle, objection};
use crate::escape::escape;
use crate::trust::Level;
use crate::verify::{
    Dissent, Fault, FaultKind, Judgement, NameFault, PathReport, Rules, Step, Strict, Unsatisfied,
    check, name, strict,
};
use crate::x509::{AnchorList, Certificate, Curve, GeneralName, KeyKind};

/// How a client verifies.
#[derive(Clone, Copy)]
pub(super) struct Verifier {
    pub(super) engine: Engine,
    /// The faults for OpenSSL that it accepts.
    pub(super) forgives: &'static [Forgiven],
    /// What it refuses in addition.
    pub(super) quirks: &'static [Quirk],
    pub(super) names: Names,
    pub(super) post_quantum: PostQuantumKeys,
}

/// Whether a client can use ML-DSA and SLH-DSA keys.
#[derive(Clone, Copy)]
pub(super) enum PostQuantumKeys {
    /// It verifies them.
    Verified,
    /// It does not, or not always; the sentence says when.
    Refused(&'static str),
}

/// Who builds the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    /// OpenSSL, or a similar engine.
    OpenSsl,
    /// rustls-webpki.
    Webpki,
    /// .NET's `X509Chain`. Only its simple cases are known.
    DotNet,
}

/// A fault for OpenSSL that other engines accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Forgiven {
    /// Any certificate of the root file ends a path, self-signed or not.
    PartialChain,
    /// The anchor's validity is not checked.
    ExpiredAnchor,
    /// RSA keys of 1024 bits or more are accepted.
    Rsa1024,
    /// SHA-1 signatures are accepted.
    Sha1,
    /// A CRL whose scope has no content is used.
    EmptyCrlScope,
}

/// A fault for other engines that OpenSSL accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quirk {
    /// `X509_V_FLAG_X509_STRICT`: what RFC 5280 requires of a CA (Python 3.13).
    Rfc5280,
    /// A key usage must include digitalSignature (Java).
    DigitalSignature,
    /// RSA-PSS only with a salt as long as the digest (Go).
    RsaPssSalt,
    /// A wildcard covers only letters, digits and hyphens (OpenSSL's `X509_check_host`).
    NoUnderscore,
    /// No empty issuer, and an empty subject only with a critical subjectAltName (Java's `X509CertInfo`).
    JavaNames,
    /// No P-521 (ring).
    NoP521,
    /// P-521 with one of rustls' two cryptographies (aws-lc-rs), but not with the other (ring).
    PerhapsNoP521,
}

/// How the host is compared with the certificate's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// libpq's rules: the CN if there is no dNSName, an address also as text.
    Libpq,
    /// The CN if there is no dNSName, an address only as iPAddress (OpenSSL's `X509_check_host`).
    CommonNameToo,
    /// The same, but an address is compared as if it were `localhost`.
    AddressAsLocalhost,
    /// Never the CN; an address only as iPAddress (RFC 6125).
    SanOnly,
}

/// What an engine says about a chain that it does not refuse.
pub(super) enum Said {
    Accepts,
    /// It is unknown, and why.
    Unknown(Objection),
}

/// What to verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    Chain,
    ChainAndName,
}

/// The input of a verification.
pub(super) struct Case<'a> {
    pub(super) judgement: &'a Judgement,
    pub(super) anchors: &'a Anchors<'a>,
    pub(super) rules: &'a Rules,
    pub(super) host: Option<&'a [u8]>,
}

impl Verifier {
    /// Would it accept the chain?
    ///
    /// # Errors
    /// Why it would not.
    pub(super) fn verify(&self, case: &Case<'_>, depth: Depth) -> Result<Said, Objection> {
        if let Err(reason @ Unsatisfied::Unparsable { .. }) =
            case.judgement.satisfies(Level::Encryption)
        {
            return Err(unparsable(&reason));
        }
        let Some(leaf) = case.judgement.certificates.first() else {
            return Err(objection(
                Obstacle::NoCertificate,
                "the server sends no certificate",
            ));
        };
        let path = check(&case.judgement.certificates, case.anchors, case.rules);
        let mut unknown = None;
        if self.engine == Engine::Webpki {
            unknown = self.webpki(case, leaf, &path, depth)?;
        } else if let Some(fault) = self.first_fault(case, &path) {
            let objection = of_fault(case, &path, fault);
            let unknown_to_us = matches!(
                fault.kind,
                FaultKind::UnsupportedAlgorithm { .. } | FaultKind::GivenUp
            );
            if !unknown_to_us {
                return Err(objection);
            }
            unknown = Some(objection);
        }
        self.quirks(case, &path)?;
        self.keys(&links(case, &path))?;
        match (depth, case.host) {
            (Depth::Chain, _) => {}
            (Depth::ChainAndName, Some(host)) => self.name(leaf, host)?,
            (Depth::ChainAndName, None) => {
                unknown = Some(objection(
                    Obstacle::NoHost,
                    "there is no host name to verify",
                ));
            }
        }
        if self.engine == Engine::DotNet && !is_plain(leaf, &path) {
            let reason = "it is not known what .NET does with such a certificate";
            unknown = Some(objection(Obstacle::Stricter, reason));
        }
        if self.quirks.contains(&Quirk::PerhapsNoP521) && is_p521(leaf) {
            let reason = "P-521 works with aws-lc-rs, not with ring: it depends on the program";
            unknown = Some(objection(Obstacle::UnsupportedAlgorithm, reason));
        }
        Ok(unknown.map_or(Said::Accepts, Said::Unknown))
    }

    /// What makes the handshake itself fail, even if nothing is verified.
    pub(super) fn handshake(&self, judgement: &Judgement) -> Result<(), Objection> {
        if let Err(reason @ Unsatisfied::Unparsable { .. }) = judgement.satisfies(Level::Encryption)
        {
            return Err(unparsable(&reason));
        }
        let Some(leaf) = judgement.certificates.first() else {
            return Ok(());
        };
        if self.engine == Engine::Webpki {
            if leaf.version < 3 {
                return Err(version_one());
            }
            // The signature of the handshake is checked in every mode, and with it the syntax of
            // the certificate.
            let nobody = AnchorList::default();
            if let Err(Strict::Unparsable(said)) = strict(judgement, &nobody, None, 0) {
                let said = format!("rustls: {}", escape(&said));
                return Err(objection(Obstacle::Stricter, said));
            }
            if matches!(leaf.public_key.kind, KeyKind::Rsa { bits } if bits < 2048) {
                return Err(objection(
                    Obstacle::WeakKey,
                    format!(
                        "rustls does not accept a {} key, verified or not",
                        leaf.key_description()
                    ),
                ));
            }
        }
        if self.quirks.contains(&Quirk::JavaNames) {
            java_names(&judgement.certificates)?;
        }
        self.keys(&[leaf])?;
        if self.quirks.contains(&Quirk::NoP521) && is_p521(leaf) {
            return Err(objection(
                Obstacle::UnsupportedAlgorithm,
                "its cryptography library (ring) does not support P-521, so the handshake fails",
            ));
        }
        Ok(())
    }

    /// Can it use these keys?
    fn keys(&self, certificates: &[&Certificate]) -> Result<(), Objection> {
        let PostQuantumKeys::Refused(reason) = self.post_quantum else {
            return Ok(());
        };
        let mut keys = certificates.iter();
        match keys.find_map(|certificate| certificate.public_key.post_quantum()) {
            None => Ok(()),
            Some(key) => Err(objection(
                Obstacle::UnsupportedAlgorithm,
                format!("there is an {key} key: {reason}"),
            )),
        }
    }

    fn first_fault<'a>(&self, case: &Case<'_>, path: &'a PathReport) -> Option<&'a Fault> {
        path.faults.iter().find(|fault| {
            let mut forgiven = self.forgives.iter();
            !forgiven.any(|forgiven| forgiven.covers(fault, case, path))
        })
    }

    fn webpki(
        &self,
        case: &Case<'_>,
        leaf: &Certificate,
        path: &PathReport,
        depth: Depth,
    ) -> Result<Option<Objection>, Objection> {
        let host = case.host.filter(|_| depth == Depth::ChainAndName);
        let Err(complaint) = strict(case.judgement, case.anchors, host, case.rules.now) else {
            return Ok(None);
        };
        let said = format!("rustls: {}", escape(&complaint.to_string()));
        if leaf.version < 3 {
            return Err(version_one());
        }
        Err(match complaint {
            Strict::TooManyPaths => return Ok(Some(objection(Obstacle::Stricter, said))),
            Strict::Name(_) => self
                .name(leaf, case.host.unwrap_or_default())
                .err()
                .unwrap_or_else(|| objection(Obstacle::WrongHost, said)),
            Strict::Chain(_) if leaf.basic_constraints.is_some_and(|found| found.ca) => objection(
                Obstacle::CaAsLeaf,
                "the server certificate says CA:TRUE, which rustls does not accept for a server",
            ),
            Strict::Chain(_) | Strict::Unparsable(_) => match path.faults.first() {
                Some(fault) => of_fault(case, path, fault),
                None => objection(Obstacle::Stricter, said),
            },
        })
    }

    fn quirks(&self, case: &Case<'_>, path: &PathReport) -> Result<(), Objection> {
        let links = links(case, path);
        for quirk in self.quirks {
            match quirk {
                Quirk::Rfc5280 => rfc5280(&links)?,
                Quirk::DigitalSignature => digital_signature(&links)?,
                Quirk::RsaPssSalt => rsa_pss_salt(&links)?,
                // Checked in the handshake or with the name, or unknown.
                Quirk::NoP521 | Quirk::PerhapsNoP521 | Quirk::NoUnderscore | Quirk::JavaNames => {}
            }
        }
        Ok(())
    }

    fn name(&self, leaf: &Certificate, host: &[u8]) -> Result<(), Objection> {
        let written = std::str::from_utf8(host).unwrap_or_default();
        let address = written.parse::<IpAddr>().ok();
        let entries = leaf.subject_alt_names.as_deref();
        let no_names: &[Vec<u8>] = &[];
        let common_names = &leaf.subject.common_names;
        let dns_only: Vec<GeneralName> = entries
            .unwrap_or_default()
            .iter()
            .filter(|entry| matches!(entry, GeneralName::Dns(_)))
            .cloned()
            .collect();
        let found = match (self.names, address) {
            (Names::Libpq, _) => name::match_host(host, entries, common_names),
            (Names::AddressAsLocalhost, Some(_)) => {
                name::match_host(b"localhost", Some(&dns_only), common_names)
            }
            (Names::SanOnly, Some(_)) if entries.is_none() => Err(NameFault::NoName),
            (Names::CommonNameToo | Names::SanOnly, Some(address)) => {
                return ip(entries, address, host);
            }
            (Names::CommonNameToo | Names::AddressAsLocalhost, None) => {
                name::match_host(host, Some(&dns_only), common_names)
            }
            (Names::SanOnly, None) => name::match_host(host, Some(&dns_only), no_names),
        };
        if found.is_ok()
            && self.quirks.contains(&Quirk::NoUnderscore)
            && needs_odd_wildcard(leaf, host)
        {
            return Err(objection(
                Obstacle::WrongHost,
                "the wildcard does not cover this name for it: OpenSSL's own check accepts only letters, digits and hyphens there",
            ));
        }
        match found {
            Ok(_) => Ok(()),
            Err(_) if self.names == Names::SanOnly && dns_only.is_empty() => Err(objection(
                Obstacle::NoSan,
                "the certificate has no subjectAltName that counts, and its CN does not count here",
            )),
            Err(_) if self.names == Names::AddressAsLocalhost && address.is_some() => {
                Err(objection(
                    Obstacle::WrongHost,
                    "it compares an address as if it were \"localhost\", which is not in the certificate",
                ))
            }
            Err(fault) => Err(objection(Obstacle::WrongHost, fault.to_string())),
        }
    }
}

impl Forgiven {
    fn covers(self, fault: &Fault, case: &Case<'_>, path: &PathReport) -> bool {
        match (self, &fault.kind) {
            (
                Self::PartialChain,
                FaultKind::UnableToGetIssuerCert
                | FaultKind::UnableToGetIssuerCertLocally
                | FaultKind::UnableToVerifyLeafSignature
                | FaultKind::DepthZeroSelfSignedCert,
            ) => links(case, path)
                .iter()
                .any(|link| case.anchors.contains(link)),
            (Self::ExpiredAnchor, FaultKind::CertHasExpired | FaultKind::CertNotYetValid) => {
                matches!(path.path.get(fault.depth), Some(Step::Anchor(_)))
            }
            (Self::Rsa1024, FaultKind::EeKeyTooSmall | FaultKind::CaKeyTooSmall) => {
                let key = links(case, path)
                    .get(fault.depth)
                    .map(|link| &link.public_key.kind);
                matches!(key, Some(KeyKind::Rsa { bits }) if *bits >= 1024)
            }
            (Self::Sha1, FaultKind::CaMdTooWeak) => {
                let links = links(case, path);
                let signed = links.get(fault.depth);
                signed.is_some_and(|link| link.signature_name().starts_with("sha1"))
            }
            (Self::EmptyCrlScope, _) => path.dissent == Some(Dissent::EmptyCrlScope),
            _ => false,
        }
    }
}

/// The certificates of a path, leaf first.
pub(super) fn links<'a>(case: &'a Case<'_>, path: &'a PathReport) -> Vec<&'a Certificate> {
    let certificates = path.path.iter().filter_map(|step| match step {
        Step::Presented(index) => case.judgement.certificates.get(*index),
        Step::Anchor(anchor) => Some(&*anchor.certificate),
    });
    certificates.collect()
}

/// Is the certificate usual in every way, so that every engine agrees with OpenSSL?
fn is_plain(leaf: &Certificate, path: &PathReport) -> bool {
    leaf.version == 3
        && path.faults.is_empty()
        && leaf.subject_alt_names.is_some()
        && leaf.basic_constraints.is_none_or(|found| !found.ca)
}

fn is_p521(leaf: &Certificate) -> bool {
    leaf.public_key.kind == KeyKind::Ec(Curve::P521)
}

fn version_one() -> Objection {
    objection(
        Obstacle::Version1,
        "the server certificate is X.509 version 1, which rustls does not accept in any mode",
    )
}

fn unparsable(reason: &Unsatisfied<'_>) -> Objection {
    let error = match reason {
        Unsatisfied::Unparsable { error, .. } => error.to_string(),
        Unsatisfied::Chain(_)
        | Unsatisfied::Name(_)
        | Unsatisfied::NoHost
        | Unsatisfied::NotForTls(_)
        | Unsatisfied::NewerOpenSslOnly(_)
        | Unsatisfied::NewerLibpqOnly(_) => String::new(),
    };
    objection(
        Obstacle::MalformedCertificate,
        format!("a certificate of the chain cannot be parsed: {error}"),
    )
}
