//! A client's certificate file, as `SSL_CTX_use_certificate_chain_file` reads it.

use rustls::pki_types::CertificateDer;

use super::form::{self, Form, Instead, Wanted};
use super::pem::{PemFault, blocks};
use crate::x509::{Certificate, Flaw, KeyKind, ParseError};

/// Why a file has no usable chain of certificates. `position` counts from 0, the client's own
/// certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// No PEM block of a certificate.
    #[error("{}", Instead(.0, Wanted::Certificates))]
    NoCertificate(Form),
    /// A broken block. OpenSSL reads to the end of the file and refuses all of it.
    #[error(transparent)]
    Pem(#[from] PemFault),
    /// A certificate with an encryption header.
    #[error("certificate {position} in it is encrypted")]
    Encrypted {
        /// Of the certificate.
        position: usize,
    },
    /// Contents that are not a certificate.
    #[error("certificate {position} in it is damaged: {error}")]
    Damaged {
        /// Of the certificate.
        position: usize,
        /// What is wrong.
        error: ParseError,
    },
    /// The client's own certificate has extensions that OpenSSL cannot decode.
    #[error("invalid certificate: its extensions cannot be read or contradict each other")]
    Invalid {
        /// What is wrong.
        flaws: Vec<Flaw>,
    },
    /// A key below OpenSSL's security level 2.
    #[error("{} key too small: {key} in certificate {position}", if *position == 0 { "ee" } else { "ca" })]
    WeakKey {
        /// Of the certificate.
        position: usize,
        /// Its key, such as `RSA 1024`.
        key: String,
    },
    /// A key of a kind that TLS does not use, or one that cannot be decoded.
    #[error("unknown certificate type: {key} in certificate {position}")]
    UnusableKey {
        /// Of the certificate.
        position: usize,
        /// Its key: OpenSSL's name or a dotted object identifier.
        key: String,
    },
    /// Signed with a digest below OpenSSL's security level 2. Self-signed certificates are exempt.
    #[error("ca md too weak: {signature} in certificate {position}")]
    WeakSignature {
        /// Of the certificate.
        position: usize,
        /// OpenSSL's name of the algorithm.
        signature: String,
    },
}

/// The certificates of a file, the client's own first.
pub(crate) struct Chain {
    /// All of them; at least one.
    pub(crate) parsed: Vec<Certificate>,
}

impl Chain {
    /// To be sent.
    pub(crate) fn to_der(&self) -> Vec<CertificateDer<'static>> {
        let parsed = self.parsed.iter();
        parsed
            .map(|certificate| CertificateDer::from(certificate.der.to_vec()))
            .collect()
    }
}

/// Reads a PEM file: the first certificate is the client's own, all others are sent with it.
pub(crate) fn read(contents: &[u8]) -> Result<Chain, ChainFault> {
    let mut parsed = Vec::new();
    for block in blocks(contents) {
        let block = block.map_err(|fault| {
            form::lost_line_breaks(contents).map_or_else(|| fault.into(), ChainFault::NoCertificate)
        })?;
        let position = parsed.len();
        let is_certificate = match block.label {
            b"CERTIFICATE" | b"X509 CERTIFICATE" => true,
            b"TRUSTED CERTIFICATE" => position == 0,
            _ => false,
        };
        if !is_certificate {
            continue;
        }
        if !block.header.is_empty() {
            return Err(ChainFault::Encrypted { position });
        }
        let certificate = parse(&block.contents, position)?;
        check_fitness(&certificate, position)?;
        parsed.push(certificate);
    }
    if parsed.is_empty() {
        let form = form::of(contents, Wanted::Certificates);
        return Err(ChainFault::NoCertificate(form));
    }
    Ok(Chain { parsed })
}

/// The certificates of an archive, in its order.
pub(crate) fn parse_all<'a>(
    ders: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<Certificate>, ChainFault> {
    let parse = |(position, der)| {
        let parsed = Certificate::parse_prefix(der);
        parsed.map_err(|error| ChainFault::Damaged { position, error })
    };
    let all = ders.into_iter().enumerate().map(parse);
    all.map(|parsed| parsed.map(|(certificate, _)| certificate))
        .collect()
}

/// Checks certificates as those of a file, the server's own first.
pub(crate) fn check_all(certificates: &[Certificate]) -> Result<(), ChainFault> {
    let mut all = certificates.iter().enumerate();
    all.try_for_each(|(position, certificate)| check_fitness(certificate, position))
}

fn parse(der: &[u8], position: usize) -> Result<Certificate, ChainFault> {
    let damaged = |error| ChainFault::Damaged { position, error };
    let (certificate, rest) = Certificate::parse_prefix(der).map_err(damaged)?;
    // `d2i_X509_AUX`, which reads the first certificate, accepts trust settings after it.
    // `d2i_X509`, which reads the others, ignores what follows.
    if position == 0 && !rest.is_empty() {
        Certificate::parse_trusted(der).map_err(damaged)?;
    }
    Ok(certificate)
}

/// What `SSL_CTX_use_certificate` requires of a certificate: mainly `ssl_security_cert` of
/// OpenSSL's ssl/t1_lib.c at level 2.
fn check_fitness(certificate: &Certificate, position: usize) -> Result<(), ChainFault> {
    // OpenSSL forgets the flaws of the others when it clears its errors at the end of the file.
    if position == 0 && !certificate.flaws.is_empty() {
        return Err(ChainFault::Invalid {
            flaws: certificate.flaws.clone(),
        });
    }
    let unusable = match &certificate.public_key.kind {
        KeyKind::Unusable(_) => true,
        // No version of TLS has a signature scheme for it; a CA may have such a key.
        KeyKind::SlhDsa(_) => position == 0,
        KeyKind::Rsa { .. }
        | KeyKind::RsaPss { .. }
        | KeyKind::Ec(_)
        | KeyKind::EcExplicit(_)
        | KeyKind::Ed25519
        | KeyKind::Ed448
        | KeyKind::MlDsa(_)
        | KeyKind::Dsa { .. } => false,
    };
    if unusable {
        let key = certificate.key_description();
        return Err(ChainFault::UnusableKey { position, key });
    }
    if has_weak_key(certificate) {
        let key = certificate.key_description();
        return Err(ChainFault::WeakKey { position, key });
    }
    if !certificate.signature_algorithm.scheme.has_112_bits() && !is_self_signed(certificate) {
        let signature = certificate.signature_name().to_owned();
        return Err(ChainFault::WeakSignature {
            position,
            signature,
        });
    }
    Ok(())
}

/// A key that cannot be decoded is refused for that reason, not for its strength.
fn has_weak_key(certificate: &Certificate) -> bool {
    let kind = &certificate.public_key.kind;
    !matches!(kind, KeyKind::Unusable(_)) && !kind.has_112_bits()
}

/// OpenSSL's `EXFLAG_SS`: by names and key identifiers, not by the signature.
fn is_self_signed(certificate: &Certificate) -> bool {
    let Some(authority) = certificate.authority_key_identifier.as_ref() else {
        return certificate.is_self_issued();
    };
    let same_key = match (&authority.key, &certificate.subject_key_identifier) {
        (Some(authority), Some(subject)) => authority == subject,
        _ => true,
    };
    let same_serial = authority
        .serial
        .as_ref()
        .is_none_or(|serial| *serial == certificate.serial);
    certificate.is_self_issued() && same_key && same_serial
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::file::Kind;

    const G2: &str = include_str!("../../certs/DigiCertGlobalRootG2.crt.pem");
    /// Self-signed with SHA-1.
    const BALTIMORE: &str = include_str!("../../certs/BaltimoreCyberTrustRoot.crt.pem");

    #[test]
    fn the_first_certificate_is_the_clients_own() {
        let chain = read(format!("{G2}text\n{BALTIMORE}").as_bytes()).unwrap();
        assert_eq!(chain.to_der().len(), 2);
        let leaf = chain.parsed.first().unwrap();
        assert!(leaf.subject.text.contains("DigiCert"));
        let trusted = G2.replace("CERTIFICATE", "TRUSTED CERTIFICATE");
        for (contents, expected) in [(&trusted, 1), (&format!("{G2}{trusted}"), 1)] {
            assert_eq!(read(contents.as_bytes()).unwrap().parsed.len(), expected);
        }
    }

    #[test]
    fn a_file_that_is_not_a_chain_says_why() {
        let der = blocks(G2.as_bytes()).next().unwrap().unwrap().contents;
        assert_eq!(
            read(&der).map(|_| ()),
            Err(ChainFault::NoCertificate(Form::CertificateDer))
        );
        let renamed = |label: &str| G2.replace("CERTIFICATE", label);
        for (contents, expected) in [
            (String::new(), ChainFault::NoCertificate(Form::Empty)),
            (
                renamed("PRIVATE KEY"),
                ChainFault::NoCertificate(Form::Pem(Kind::PrivateKey)),
            ),
            (
                G2.replace("-----END", "----END"),
                PemFault::NoEnd { line: 1 }.into(),
            ),
            (
                G2.replacen('\n', "\nProc-Type: 4,ENCRYPTED\n\n", 1),
                ChainFault::Encrypted { position: 0 },
            ),
        ] {
            assert_eq!(
                read(contents.as_bytes()).map(|_| ()),
                Err(expected),
                "{contents}"
            );
        }
        let damaged = format!("{G2}-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n");
        let fault = read(damaged.as_bytes()).map(|_| ()).unwrap_err();
        assert!(
            matches!(fault, ChainFault::Damaged { position: 1, .. }),
            "{fault}"
        );
    }
}
