//! Reads a file of trust anchors, or finds out why it has none.
//!
//! A file loads here if OpenSSL's `X509_load_cert_crl_file` loads it: libpq calls that function with
//! `sslrootcert` and `sslcrl`.

use rustls_pemfile::Item;

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
}

/// Why OpenSSL would not load a file. `Display` describes what the file is instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Zero bytes.
    #[error("it is empty")]
    Empty,
    /// A certificate, but not as PEM.
    #[error("it contains a certificate in DER form, but libpq reads PEM")]
    Der,
    /// A CRL, but not as PEM.
    #[error("it contains a certificate revocation list in DER form, but libpq reads PEM")]
    CrlDer,
    /// A collection of certificates, as Windows exports it (`.p7b`), not as PEM.
    #[error("it is a PKCS#7 collection in DER form, but libpq reads PEM certificates")]
    Pkcs7Der,
    /// Certificates with a key, as Windows exports them (`.pfx`).
    #[error("it is a PKCS#12 archive, but libpq reads PEM certificates")]
    Pkcs12,
    /// Other ASN.1 data, such as a key.
    #[error("it contains binary ASN.1 data that is not a certificate (a key?)")]
    OtherDer,
    /// UTF-16, as Windows PowerShell's `>` writes it.
    #[error("it is UTF-16 text, but libpq reads ASCII or UTF-8")]
    Utf16,
    /// A web page: an error page or a login form, saved under the wrong name.
    #[error("it is a web page (HTML), not a certificate")]
    Html,
    /// Line breaks were replaced with the two characters `\n`.
    #[error("its line breaks are the two characters \"\\n\"")]
    EscapedNewlines,
    /// A NUL at the start of a line. OpenSSL takes it for the end of the file.
    #[error("there is a NUL byte before its contents, and libpq stops reading there (line {line})")]
    Nul {
        /// Line of the NUL.
        line: usize,
    },
    /// Every line is indented, as in YAML.
    #[error(
        "the certificate is indented, but BEGIN must be at the start of its line (line {line})"
    )]
    Indented {
        /// Line of the first BEGIN line.
        line: usize,
    },
    /// A block that is not valid PEM.
    #[error("{0}")]
    Pem(PemFault),
    /// A block that does not parse. One of them makes OpenSSL drop the whole file.
    #[error("the {} on line {line} is broken", label(*kind))]
    Broken {
        /// Line of the BEGIN line.
        line: usize,
        /// What the block claims to be.
        kind: Kind,
    },
    /// Lines such as `Comment: x` come before the contents. OpenSSL takes them for the header of an
    /// encrypted block and drops the whole file.
    #[error("the {} on line {line} has header lines, which OpenSSL does not accept there", label(*kind))]
    Header {
        /// Line of the BEGIN line.
        line: usize,
        /// What the block claims to be.
        kind: Kind,
    },
    /// Well-formed PEM, but of other things.
    #[error("it contains a {}, but no certificate", label(*kind))]
    NoCertificate {
        /// What the first block is.
        kind: Kind,
    },
    /// None of the above.
    #[error("it contains no certificate")]
    Text,
}

/// What a PEM block claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `CERTIFICATE`, `X509 CERTIFICATE`, `TRUSTED CERTIFICATE`.
    Certificate,
    /// `X509 CRL`.
    Crl,
    /// Any private key.
    PrivateKey,
    /// `CERTIFICATE REQUEST`.
    Request,
    /// `PUBLIC KEY`.
    PublicKey,
    /// `PKCS7` or `CMS`: a collection of certificates.
    Pkcs7,
    /// Anything else.
    Other,
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
    for block in blocks(bytes) {
        let block = block.map_err(Unusable::Pem)?;
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
            _ => contents
                .certificates
                .push(anchor(&block).map_err(|_| broken(kind))?),
        }
    }
    if contents.certificates.is_empty() && contents.crls.is_empty() {
        return Err(what_else(bytes));
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

/// What the first block is, in a file that has neither certificates nor CRLs.
fn other_pem(bytes: &[u8]) -> Option<Kind> {
    let (item, _) = rustls_pemfile::read_one_from_slice(bytes).ok()??;
    Some(match item {
        Item::X509Certificate(_) => Kind::Certificate,
        Item::Crl(_) => Kind::Crl,
        Item::Csr(_) => Kind::Request,
        Item::SubjectPublicKeyInfo(_) => Kind::PublicKey,
        Item::Pkcs1Key(_) | Item::Pkcs8Key(_) | Item::Sec1Key(_) => Kind::PrivateKey,
        _ => Kind::Other,
    })
}

/// What a file without any PEM block is.
fn what_else(bytes: &[u8]) -> Unusable {
    if bytes.is_empty() {
        return Unusable::Empty;
    }
    if let (Some(Kind::Certificate | Kind::Crl), Some(line)) =
        (other_pem(bytes), line_of_nul(bytes))
    {
        return Unusable::Nul { line };
    }
    if let Some(kind) = other_pem(bytes) {
        return Unusable::NoCertificate { kind };
    }
    if let Some(block) = blocks(bytes).next() {
        let kind = match block.map(|block| block.label) {
            Ok(b"PKCS7" | b"CMS") => Kind::Pkcs7,
            Ok(_) | Err(_) => Kind::Other,
        };
        return Unusable::NoCertificate { kind };
    }
    if bytes.first() == Some(&SEQUENCE) {
        return what_der(bytes);
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") || looks_like_utf16(bytes) {
        return Unusable::Utf16;
    }
    let start = String::from_utf8_lossy(bytes.get(..bytes.len().min(SNIFF)).unwrap_or_default());
    let start = start
        .trim_start_matches('\u{feff}')
        .trim_start()
        .to_ascii_lowercase();
    if start.starts_with("<!doctype") || start.starts_with("<html") || start.starts_with("<?xml") {
        return Unusable::Html;
    }
    if find(bytes, b"-----BEGIN").is_some() && find(bytes, b"\\n").is_some() {
        return Unusable::EscapedNewlines;
    }
    if let Some(at) = find(bytes, b"-----BEGIN") {
        let before = bytes.get(..at).unwrap_or_default();
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        return Unusable::Indented { line };
    }
    Unusable::Text
}

/// The first line that starts with a NUL, counted from 1.
fn line_of_nul(bytes: &[u8]) -> Option<usize> {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let position = lines.position(|line| line.first() == Some(&0))?;
    position.checked_add(1)
}

fn what_der(bytes: &[u8]) -> Unusable {
    let start = bytes.get(..bytes.len().min(SNIFF)).unwrap_or_default();
    if Certificate::parse(bytes).is_ok() {
        Unusable::Der
    } else if Crl::parse(bytes).is_ok() {
        Unusable::CrlDer
    } else if find(start, PKCS7_SIGNED_DATA).is_some_and(|at| at < OUTER) {
        Unusable::Pkcs7Der
    } else if find(start, PKCS7_DATA).is_some_and(|at| at < OUTER) {
        Unusable::Pkcs12
    } else {
        Unusable::OtherDer
    }
}

/// ASCII text in UTF-16 without a byte-order mark has a NUL at every other byte.
fn looks_like_utf16(bytes: &[u8]) -> bool {
    match bytes {
        [0, b, 0, d, ..] | [b, 0, d, 0, ..] => *b != 0 && *d != 0,
        _ => false,
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

fn label(kind: Kind) -> &'static str {
    match kind {
        Kind::Certificate => "certificate",
        Kind::Crl => "certificate revocation list",
        Kind::PrivateKey => "private key",
        Kind::Request => "certificate request",
        Kind::PublicKey => "public key",
        Kind::Pkcs7 => "PKCS#7 collection",
        Kind::Other => "PEM block of another kind",
    }
}

const SEQUENCE: u8 = 0x30;

/// The object identifiers 1.2.840.113549.1.7.2 and .1 (RFC 5652 section 4), with which a PKCS#7
/// collection and, after its version, the contents of a PKCS#12 archive begin.
const PKCS7_SIGNED_DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
const PKCS7_DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";

/// An identifier within this many bytes is that of the whole file.
const OUTER: usize = 20;

/// How many bytes of a file are read to find out what it is.
const SNIFF: usize = 256;
