//! A request for a certificate (PKCS #10, RFC 2986), read as OpenSSL's `d2i_X509_REQ` reads it.

use super::algorithm::SignatureAlgorithm;
use super::certificate::Certificate;
use super::der::{Element, Malformed, Reader, Result, tag};
use super::error::{Field, In, ParseError};
use super::extension::{Extension, Extensions};
use super::key::PublicKey;
use super::name::Name;

/// A parsed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRequest {
    /// The signed part, as signed.
    pub info: Vec<u8>,
    /// The algorithm of its signature.
    pub signature_algorithm: SignatureAlgorithm,
    /// The signature's bytes.
    pub signature: Vec<u8>,
    /// How many bits of the signature's last byte are unused: zero in every genuine signature.
    pub signature_unused_bits: u8,
    /// What a CA would issue that copies all it can: subject, key and extensions are those of the request. Issuer,
    /// validity, serial number and signature are the CA's, and are empty here.
    pub copied: Certificate,
}

impl CertificateRequest {
    /// Parses the request that `der` begins with. Bytes after it are ignored, as OpenSSL does in files.
    ///
    /// # Errors
    ///
    /// What OpenSSL's `d2i_X509_REQ` refuses.
    pub fn parse(der: &[u8]) -> std::result::Result<Self, ParseError> {
        let whole = Reader::new(der)
            .universal(tag::SEQUENCE)
            .in_field(Field::Structure)?;
        let mut parts = whole.children().in_field(Field::Structure)?;
        let info = parts.universal(tag::SEQUENCE).in_field(Field::Structure)?;
        let signature_algorithm =
            SignatureAlgorithm::read(&mut parts).in_field(Field::SignatureAlgorithm)?;
        let signature = parts
            .universal(tag::BIT_STRING)
            .and_then(|element| element.bit_string())
            .in_field(Field::Signature)?;
        parts.finish().in_field(Field::Structure)?;
        Ok(Self {
            info: info.whole.to_vec(),
            copied: copied(&whole, &info, &signature_algorithm)?,
            signature: signature.to_vec(),
            signature_unused_bits: signature.unused,
            signature_algorithm,
        })
    }
}

fn copied(
    whole: &Element<'_>,
    info: &Element<'_>,
    signature_algorithm: &SignatureAlgorithm,
) -> std::result::Result<Certificate, ParseError> {
    let mut parts = info.children().in_field(Field::Structure)?;
    parts
        .universal(tag::INTEGER)
        .and_then(|version| version.integer().map(|_| ()))
        .in_field(Field::Version)?;
    let subject = Name::read(&mut parts).in_field(Field::Subject)?;
    let public_key = PublicKey::read(&mut parts).in_field(Field::PublicKey)?;
    let attributes = parts.optional_context(0).in_field(Field::Extensions)?;
    parts.finish().in_field(Field::Structure)?;
    let extensions = attributes
        .map(|attributes| requested(&attributes))
        .transpose()
        .in_field(Field::Extensions)?
        .unwrap_or_default();
    let extensions = Extensions::of(extensions, &subject);
    Ok(Certificate {
        der: whole.whole.into(),
        tbs: info.whole.to_vec(),
        version: 3,
        serial: Vec::new(),
        issuer: Name::empty(),
        subject,
        not_before: None,
        not_after: None,
        public_key,
        signature_algorithm: signature_algorithm.clone(),
        tbs_signature_algorithm: signature_algorithm.clone(),
        signature: Vec::new(),
        signature_unused_bits: 0,
        basic_constraints: extensions.basic_constraints,
        key_usage: extensions.key_usage,
        extended_key_usage: extensions.extended_key_usage,
        netscape_cert_type: extensions.netscape_cert_type,
        subject_alt_names: extensions.subject_alt_names,
        subject_key_identifier: extensions.subject_key_identifier,
        authority_key_identifier: extensions.authority_key_identifier,
        name_constraints: extensions.name_constraints,
        crl_distribution_points: extensions.crl_distribution_points,
        ca_issuers: extensions.ca_issuers,
        unknown_critical: extensions.unknown_critical,
        critical: extensions.critical,
        extensions: extensions.oids,
        flaws: extensions.flaws,
    })
}

/// The extensions that are asked for (`X509_REQ_get_extensions`): the first value of the first attribute of PKCS #9,
/// or else of Microsoft's.
fn requested<'a>(attributes: &Element<'a>) -> Result<Vec<Extension<'a>>> {
    let mut found: [Option<Element<'a>>; 2] = [None, None];
    let mut entries = attributes.members();
    while !entries.is_empty() {
        let mut parts = entries.sequence()?;
        let oid = parts.oid()?;
        let mut values = parts.universal(tag::SET)?.members();
        parts.finish()?;
        let place = EXTENSION_REQUESTS.iter().position(|known| *known == oid);
        let slot = place.and_then(|place| found.get_mut(place));
        if let Some(slot @ None) = slot {
            *slot = Some(values.element()?);
        }
    }
    let Some(list) = found.into_iter().flatten().next() else {
        return Ok(Vec::new());
    };
    if !list.is_universal(tag::SEQUENCE) {
        return Err(Malformed);
    }
    Extension::list(list.members())
}

/// extensionRequest (RFC 2985 section 5.4.2), and what Microsoft had before it.
const EXTENSION_REQUESTS: [&str; 2] = ["1.2.840.113549.1.9.14", "1.3.6.1.4.1.311.2.1.14"];

#[cfg(test)]
mod tests {
    use super::super::GeneralName;
    use super::*;

    fn request(names: &[&str]) -> Vec<u8> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(names).unwrap();
        params.serialize_request(&key).unwrap().der().to_vec()
    }

    #[test]
    fn subject_key_and_names_are_those_of_the_request() {
        let read = CertificateRequest::parse(&request(&["db.example", "*.db.example"])).unwrap();
        let names = read.copied.subject_alt_names.clone().unwrap();
        let expected =
            ["db.example", "*.db.example"].map(|name| GeneralName::Dns(name.as_bytes().to_vec()));
        assert_eq!(names, expected);
        assert_eq!(read.copied.key_description(), "ECDSA P-256");
        assert_eq!(read.copied.not_after, None);
        let bare = CertificateRequest::parse(&request(&[])).unwrap();
        assert_eq!(bare.copied.subject_alt_names, None);
    }

    #[test]
    fn a_certificate_is_not_a_request_and_a_piece_is_not_either() {
        let der = request(&["db.example"]);
        for end in 0..der.len() {
            assert!(CertificateRequest::parse(&der[..end]).is_err(), "{end}");
        }
        let made = rcgen::generate_simple_self_signed(vec!["db.example".to_owned()]).unwrap();
        assert!(CertificateRequest::parse(made.cert.der()).is_err());
        assert!(Certificate::parse(&der).is_err());
    }
}
