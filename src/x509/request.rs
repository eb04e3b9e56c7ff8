//! A request for a certificate (PKCS #10, RFC 2986), read as OpenSSL's `d2i_X509_REQ` reads it.

use super::certificate::Certificate;
use super::der::{Element, Malformed, Reader, Result, tag};
use super::error::{Field, In, ParseError};
use super::extension::{Extension, Extensions};
use super::key::PublicKey;
use super::name::Name;
use super::signed::Signed;

/// A parsed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRequest {
    /// What a CA would issue that copies all it can: subject, key and extensions are those of the request. Issuer,
    /// validity and serial number are the CA's, and are empty here. The signature is that of the request, which its
    /// own key makes.
    pub copied: Certificate,
}

impl CertificateRequest {
    /// Parses the request that `der` begins with. Bytes after it are ignored, as OpenSSL does in files.
    ///
    /// # Errors
    ///
    /// What OpenSSL's `d2i_X509_REQ` refuses.
    pub fn parse(der: &[u8]) -> std::result::Result<Self, ParseError> {
        let copied = copied(Signed::read(&mut Reader::new(der))?)?;
        Ok(Self { copied })
    }
}

fn copied(signed: Signed<'_>) -> std::result::Result<Certificate, ParseError> {
    let mut parts = signed.body.children().in_field(Field::Structure)?;
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
        der: signed.whole.whole.into(),
        tbs: signed.body.whole.to_vec(),
        version: 3,
        serial: Vec::new(),
        issuer: Name::empty(),
        subject,
        not_before: None,
        not_after: None,
        public_key,
        tbs_signature_algorithm: signed.algorithm.clone(),
        signature_algorithm: signed.algorithm,
        signature: signed.signature.to_vec(),
        signature_unused_bits: signed.signature.unused,
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
    let mut found: [Option<Option<Element<'a>>>; 2] = [None, None];
    let mut entries = attributes.members();
    while !entries.is_empty() {
        let mut parts = entries.sequence()?;
        let oid = parts.oid()?;
        let mut values = parts.universal(tag::SET)?.members();
        parts.finish()?;
        let place = EXTENSION_REQUESTS.iter().position(|known| *known == oid);
        let slot = place.and_then(|place| found.get_mut(place));
        if let Some(slot @ None) = slot {
            *slot = Some(match values.is_empty() {
                true => None,
                false => Some(values.element()?),
            });
        }
    }
    // An attribute without a value asks for nothing.
    let Some(list) = found.into_iter().flatten().next().flatten() else {
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
