//! Reads a file of trust anchors, or finds out why it has none.
//!
//! A file loads here if OpenSSL's `X509_load_cert_crl_file` loads it: libpq calls that function with
//! `sslrootcert` and `sslcrl`.

use std::collections::HashSet;
use std::sync::Arc;

use super::form::{self, Instead};
pub use super::form::{Cipher, Endianness, Form, Kind, Packing, SshKey, Wanted};
pub use super::pem::PemFault;
use super::pem::{BYTE_ORDER_MARK, Block, blocks};
use super::private_key;
use crate::x509::{Anchor, Certificate, Crl, ParseError, TrustSettings};

/// The certificates and CRLs of a PEM file, in its order.
#[derive(Debug, Default)]
pub struct Contents {
    /// Certificates, with the trust settings of a `TRUSTED CERTIFICATE`.
    pub certificates: Vec<Anchor>,
    /// Certificate revocation lists.
    pub crls: Vec<Crl>,
    /// psql skips a UTF-8 byte-order mark; Go, Java and rustls do not.
    pub byte_order_mark: bool,
    /// The certificates that are only in blocks which other programs may not read.
    pub odd_blocks: Vec<OddBlock>,
}

/// A certificate in a block that OpenSSL reads and others may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OddBlock {
    /// The certificate.
    pub certificate: Arc<Certificate>,
    /// What is odd.
    pub oddity: Oddity,
}

/// What is odd about a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// `TRUSTED CERTIFICATE`, without settings.
    Trusted,
    /// `TRUSTED CERTIFICATE` with trust settings behind the certificate.
    TrustedFor,
    /// `X509 CERTIFICATE`.
    OldLabel,
    /// A byte-order mark stands before its BEGIN line.
    BehindMark,
}

/// Why OpenSSL would not load a file. `Display` describes what the file is instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It is something else, or has another form.
    #[error("{}", Instead(.0, Wanted::Certificates))]
    Form(Form),
    /// A block that is not valid PEM.
    #[error("{0}")]
    Pem(PemFault),
    /// A block that does not parse. One of them makes OpenSSL drop the whole file.
    #[error("the {} on line {line} is broken", kind.noun())]
    Broken {
        /// Line of the BEGIN line.
        line: usize,
        /// What the block claims to be.
        kind: Kind,
    },
    /// Lines such as `Comment: x` come before the contents. OpenSSL takes them for the header of an
    /// encrypted block and drops the whole file.
    #[error("the {} on line {line} has header lines, which OpenSSL does not accept there", kind.noun())]
    Header {
        /// Line of the BEGIN line.
        line: usize,
        /// What the block claims to be.
        kind: Kind,
    },
}

/// Reads a PEM file of trust anchors or CRLs.
///
/// # Errors
/// [`Unusable`] if OpenSSL finds nothing, or something broken, in the file.
pub fn read(bytes: &[u8]) -> Result<Contents, Unusable> {
    let mut contents = Contents {
        byte_order_mark: bytes.starts_with(BYTE_ORDER_MARK),
        ..Contents::default()
    };
    let mut usual: Vec<Arc<Certificate>> = Vec::new();
    for block in blocks(bytes) {
        let block = block.map_err(|fault| {
            form::lost_line_breaks(bytes).map_or(Unusable::Pem(fault), Unusable::Form)
        })?;
        let broken = |kind| Unusable::Broken {
            line: block.line,
            kind,
        };
        if private_key::is_label(block.label) {
            if !private_key::loads_among_certificates(&block) {
                return Err(broken(Kind::PrivateKey));
            }
            continue;
        }
        let kind = match block.label {
            b"CERTIFICATE" | b"X509 CERTIFICATE" | b"TRUSTED CERTIFICATE" => Kind::Certificate,
            b"X509 CRL" => Kind::Crl,
            // OpenSSL ignores all other blocks.
            _ => continue,
        };
        if !block.header.is_empty() {
            let line = block.line;
            return Err(Unusable::Header { line, kind });
        }
        match kind {
            Kind::Crl => {
                let crl = Crl::parse(&block.contents).map_err(|_| broken(kind))?;
                contents.crls.push(crl);
            }
            _ => {
                let anchor = anchor(&block).map_err(|_| broken(kind))?;
                let certificate = Arc::clone(&anchor.certificate);
                match oddity(&block, &anchor, contents.byte_order_mark) {
                    Some(oddity) => contents.odd_blocks.push(OddBlock {
                        certificate,
                        oddity,
                    }),
                    None => usual.push(certificate),
                }
                contents.certificates.push(anchor);
            }
        }
    }
    // A second copy in a usual block is read by all.
    if !contents.odd_blocks.is_empty() {
        let usual: HashSet<&[u8]> = usual.iter().map(|copy| copy.der.as_ref()).collect();
        contents
            .odd_blocks
            .retain(|odd| !usual.contains(odd.certificate.der.as_ref()));
    }
    if contents.certificates.is_empty() && contents.crls.is_empty() {
        return Err(Unusable::Form(form::of(bytes, Wanted::Certificates)));
    }
    Ok(contents)
}

/// The certificate of a block with one of the three labels that OpenSSL knows.
fn anchor(block: &Block<'_>) -> Result<Anchor, ParseError> {
    let (certificate, settings) = match block.label {
        b"TRUSTED CERTIFICATE" => Certificate::parse_trusted(&block.contents)?,
        // OpenSSL's PEM reader, unlike its TLS code, ignores bytes after the value.
        _ => (
            Certificate::parse_prefix(&block.contents)?.0,
            TrustSettings::default(),
        ),
    };
    Ok(Anchor {
        certificate: certificate.into(),
        settings,
    })
}

/// What is odd about the block of an anchor.
fn oddity(block: &Block<'_>, anchor: &Anchor, byte_order_mark: bool) -> Option<Oddity> {
    match block.label {
        b"TRUSTED CERTIFICATE" if anchor.settings == TrustSettings::default() => {
            Some(Oddity::Trusted)
        }
        b"TRUSTED CERTIFICATE" => Some(Oddity::TrustedFor),
        b"X509 CERTIFICATE" => Some(Oddity::OldLabel),
        _ => (byte_order_mark && block.line == 1).then_some(Oddity::BehindMark),
    }
}

/// What OpenSSL loads from a file in a hashed directory: everything before the first block that it
/// cannot read (`X509_load_cert_file`, `X509_load_crl_file`).
#[derive(Debug)]
pub(super) struct Loaded<T> {
    /// In the order of the file.
    pub(super) values: Vec<T>,
    /// Whether the search goes on with the next file of this hash.
    pub(super) search: Search,
}

/// Whether OpenSSL looks for another file with the same hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Search {
    /// It looks for the next one.
    GoesOn,
    /// Something in the file could not be read, or the file is empty. OpenSSL 3.0 to 3.0.20 ends the
    /// search there, newer versions continue. We take the stricter rule.
    Ends,
}

/// The certificates of a file `HASH.0`.
pub(super) fn load_certificates(bytes: &[u8]) -> Loaded<Anchor> {
    let labels = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"];
    load(bytes, &labels, |block| anchor(block).ok())
}

/// The CRLs of a file `HASH.r0`.
pub(super) fn load_crls(bytes: &[u8]) -> Loaded<Crl> {
    load(bytes, &["X509 CRL"], |block| {
        Crl::parse(&block.contents).ok()
    })
}

fn load<T>(bytes: &[u8], labels: &[&str], parse: impl Fn(&Block<'_>) -> Option<T>) -> Loaded<T> {
    let mut values = Vec::new();
    for block in blocks(bytes) {
        let wanted = |block: &Block<'_>| labels.iter().any(|label| label.as_bytes() == block.label);
        let value = match block {
            Ok(block) if !wanted(&block) => continue,
            Ok(block) if block.header.is_empty() => parse(&block),
            Ok(_) | Err(_) => None,
        };
        match value {
            Some(value) => values.push(value),
            None => {
                let search = Search::Ends;
                return Loaded { values, search };
            }
        }
    }
    let search = match values.is_empty() {
        true => Search::Ends,
        false => Search::GoesOn,
    };
    Loaded { values, search }
}
