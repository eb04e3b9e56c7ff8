//! What certificates, CRLs and requests have in common: a body, the algorithm of its signature, and the signature.

use super::algorithm::SignatureAlgorithm;
use super::der::{BitString, Element, Reader, tag};
use super::error::{Field, In, ParseError};

/// Something signed (the macro `SIGNED` of ITU-T X.509 section 6.2.1).
pub(super) struct Signed<'a> {
    /// All of it.
    pub(super) whole: Element<'a>,
    /// The part that is signed.
    pub(super) body: Element<'a>,
    /// The algorithm that stands beside it.
    pub(super) algorithm: SignatureAlgorithm,
    /// The signature.
    pub(super) signature: BitString<'a>,
}

impl<'a> Signed<'a> {
    /// Reads the next element.
    pub(super) fn read(outside: &mut Reader<'a>) -> Result<Self, ParseError> {
        let whole = outside
            .universal(tag::SEQUENCE)
            .in_field(Field::Structure)?;
        let mut parts = whole.children().in_field(Field::Structure)?;
        let body = parts.universal(tag::SEQUENCE).in_field(Field::Structure)?;
        let algorithm = SignatureAlgorithm::read(&mut parts).in_field(Field::SignatureAlgorithm)?;
        let signature = parts
            .universal(tag::BIT_STRING)
            .and_then(|element| element.bit_string())
            .in_field(Field::Signature)?;
        parts.finish().in_field(Field::Structure)?;
        Ok(Self {
            whole,
            body,
            algorithm,
            signature,
        })
    }
}
