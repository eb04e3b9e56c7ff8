//! Certificate revocation lists, read as OpenSSL reads them.

use std::cmp::Ordering;
use std::sync::Arc;

use super::algorithm::{SignatureAlgorithm, unsigned};
use super::certificate::KeyIdentifier;
use super::der::{Element, Reader, Result, tag};
use super::error::{Field, In, ParseError};
use super::extension::{Extension, Flaw, Lookup, oid};
use super::general_name::{DistributionPointName, GeneralName, Reasons};
use super::signed::Signed;
use super::{Name, time};

/// A parsed CRL (RFC 5280 section 5.1), versions 1 and 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crl {
    /// The whole CRL as read.
    pub der: Arc<[u8]>,
    /// The signed part, as signed.
    pub tbs: Vec<u8>,
    /// Who issued it.
    pub issuer: Name,
    /// Seconds since 1970-01-01T00:00:00Z; `None` if not in a form that can be compared.
    pub this_update: Option<i64>,
    /// When the next one is due.
    pub next_update: NextUpdate,
    /// The outer `signatureAlgorithm`.
    pub signature_algorithm: SignatureAlgorithm,
    /// The algorithm named in the signed part.
    pub tbs_signature_algorithm: SignatureAlgorithm,
    /// The signature's bytes.
    pub signature: Vec<u8>,
    /// How many bits of the signature's last byte are unused: zero in every genuine signature.
    pub signature_unused_bits: u8,
    /// The CRL's number as encoded; `None` if the extension is absent.
    pub number: Option<Vec<u8>>,
    /// For a delta CRL: the number of the CRL that it extends.
    pub base_number: Option<Vec<u8>>,
    /// Which revocations it covers; `None` if it covers all.
    pub scope: Option<Scope>,
    /// Key identifier, issuer and serial of the issuer's key.
    pub authority_key_identifier: Option<KeyIdentifier>,
    /// Dotted object identifiers of critical extensions, of the CRL or its entries, that OpenSSL
    /// does not know.
    pub unknown_critical: Vec<String>,
    /// Extensions that cannot be read.
    pub flaws: Vec<Flaw>,
    /// Sorted by serial number; entries with the same serial are in the order of the CRL.
    entries: Vec<Revoked>,
}

/// nextUpdate of a CRL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextUpdate {
    /// The CRL does not say.
    Absent,
    /// Seconds since 1970-01-01T00:00:00Z.
    At(i64),
    /// Not in a form that can be compared.
    Unreadable,
}

/// The issuing distribution point (RFC 5280 section 5.2.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Where the CRL is published.
    pub name: Option<DistributionPointName>,
    /// Which certificates it covers.
    pub covers: Covers,
    /// Which reasons it covers; `None` if all.
    pub reasons: Option<Reasons>,
    /// May it list certificates of other issuers?
    pub indirect: bool,
}

/// The kinds of certificate that a CRL covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Covers {
    /// All.
    Everything,
    /// End entities.
    UserCertificates,
    /// CAs.
    CaCertificates,
    /// Attribute certificates.
    AttributeCertificates,
    /// Two of these at once, which means nothing.
    Contradiction,
}

/// One entry of a CRL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// Big-endian two's complement bytes as encoded.
    pub serial: Vec<u8>,
    /// Seconds since 1970-01-01T00:00:00Z; `None` if not in a form that can be compared.
    pub date: Option<i64>,
    /// The reason's number (RFC 5280 section 5.3.1); `None` if not given.
    pub reason: Option<u64>,
    /// In an indirect CRL: the certificate's issuer. It applies to the following entries until
    /// another is given.
    pub certificate_issuer: Option<Arc<[GeneralName]>>,
}

impl Revoked {
    /// removeFromCRL.
    pub const REMOVE_FROM_CRL: u64 = 8;
}

impl Crl {
    /// Parses a CRL. Bytes after it are ignored, as OpenSSL does in files.
    ///
    /// # Errors
    ///
    /// What OpenSSL's `d2i_X509_CRL` refuses.
    pub fn parse(der: &[u8]) -> std::result::Result<Self, ParseError> {
        parse_tbs(Signed::read(&mut Reader::new(der))?)
    }

    /// All entries, sorted by serial number.
    pub fn entries(&self) -> &[Revoked] {
        &self.entries
    }

    /// The entry for the certificate of this issuer and serial number (`def_crl_lookup` in
    /// crypto/x509/x_crl.c).
    pub fn entry(&self, issuer: &Name, serial: &[u8]) -> Option<&Revoked> {
        let start = self
            .entries
            .partition_point(|entry| compare(&entry.serial, serial).is_lt());
        let same = self
            .entries
            .iter()
            .skip(start)
            .take_while(|entry| entry.serial == serial);
        same.into_iter()
            .find(|entry| match &entry.certificate_issuer {
                None => issuer.matches(&self.issuer),
                Some(names) => {
                    let mut directories = names.iter().filter_map(GeneralName::directory);
                    directories.any(|name| name.matches(issuer))
                }
            })
    }
}

/// Any total order will do. This one needs no arithmetic on long numbers.
fn compare(a: &[u8], b: &[u8]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn parse_tbs(signed: Signed<'_>) -> std::result::Result<Crl, ParseError> {
    let mut parts = signed.body.children().in_field(Field::Structure)?;
    let is_version = |element: &Element<'_>| element.is_universal(tag::INTEGER);
    if let Some(version) = parts.optional(is_version).in_field(Field::Version)? {
        version.integer().in_field(Field::Version)?;
    }
    let tbs_signature_algorithm =
        SignatureAlgorithm::read(&mut parts).in_field(Field::SignatureAlgorithm)?;
    let issuer = Name::read(&mut parts).in_field(Field::Issuer)?;
    let this_update = time::read(&mut parts).in_field(Field::Validity)?;
    let next_update = match time::read_optional(&mut parts).in_field(Field::Validity)? {
        None => NextUpdate::Absent,
        Some(None) => NextUpdate::Unreadable,
        Some(Some(time)) => NextUpdate::At(time),
    };
    let is_list = |element: &Element<'_>| element.is_universal(tag::SEQUENCE);
    let revoked = parts.optional(is_list).in_field(Field::Revocations)?;
    let wrapped = parts.optional_context(0).in_field(Field::Extensions)?;
    parts.finish().in_field(Field::Structure)?;
    let list = Extension::wrapped_list(wrapped).in_field(Field::Extensions)?;
    let mut unknown_critical: Vec<String> = list
        .iter()
        .filter(|extension| extension.critical)
        .filter(|extension| !KNOWN.contains(&extension.oid.as_str()))
        .map(|extension| extension.oid.clone())
        .collect();
    let mut lookup = Lookup {
        list,
        flaws: Vec::new(),
    };
    let scope = lookup.read(oid::ISSUING_DISTRIBUTION_POINT, |value| {
        Scope::read(value, &issuer)
    });
    let authority_key_identifier = lookup.read(oid::AUTHORITY_KEY_IDENTIFIER, KeyIdentifier::read);
    let number = lookup.read(oid::CRL_NUMBER, integer);
    let base_number = lookup.read(oid::DELTA_CRL, integer);
    let entries = match revoked {
        Some(list) => {
            entries(&list, &mut lookup.flaws, &mut unknown_critical).in_field(Field::Revocations)?
        }
        None => Vec::new(),
    };
    Ok(Crl {
        der: signed.whole.whole.into(),
        tbs: signed.body.whole.to_vec(),
        issuer,
        this_update,
        next_update,
        signature_algorithm: signed.algorithm,
        tbs_signature_algorithm,
        signature: signed.signature.to_vec(),
        signature_unused_bits: signed.signature.unused,
        number,
        base_number,
        scope,
        authority_key_identifier,
        unknown_critical,
        flaws: lookup.flaws,
        entries,
    })
}

/// The critical extensions of a CRL that OpenSSL processes.
const KNOWN: [&str; 3] = [
    oid::ISSUING_DISTRIBUTION_POINT,
    oid::AUTHORITY_KEY_IDENTIFIER,
    oid::DELTA_CRL,
];

fn integer(value: &mut Reader<'_>) -> Result<Vec<u8>> {
    Ok(value.universal(tag::INTEGER)?.integer()?.to_vec())
}

/// An optional BOOLEAN, false if it is absent.
fn flag(parts: &mut Reader<'_>, tag: u32) -> Result<bool> {
    let element = parts.optional_context(tag)?;
    Ok(element
        .map(|element| element.boolean())
        .transpose()?
        .unwrap_or(false))
}

impl Scope {
    fn read(value: &mut Reader<'_>, issuer: &Name) -> Result<Self> {
        let mut parts = value.sequence()?;
        let name = parts
            .optional_context(0)?
            .map(|name| DistributionPointName::from_element(&name, issuer))
            .transpose()?;
        let (user, ca) = (flag(&mut parts, 1)?, flag(&mut parts, 2)?);
        let reasons = parts
            .optional_context(3)?
            .map(|element| Reasons::from_element(&element))
            .transpose()?;
        let (indirect, attribute) = (flag(&mut parts, 4)?, flag(&mut parts, 5)?);
        parts.finish()?;
        let covers = match (user, ca, attribute) {
            (false, false, false) => Covers::Everything,
            (true, false, false) => Covers::UserCertificates,
            (false, true, false) => Covers::CaCertificates,
            (false, false, true) => Covers::AttributeCertificates,
            _ => Covers::Contradiction,
        };
        Ok(Self {
            name,
            covers,
            reasons,
            indirect,
        })
    }
}

fn entries(
    list: &Element<'_>,
    flaws: &mut Vec<Flaw>,
    unknown_critical: &mut Vec<String>,
) -> Result<Vec<Revoked>> {
    let mut revoked = Vec::new();
    let mut certificate_issuer: Option<Arc<[GeneralName]>> = None;
    let mut sequences = list.members();
    while !sequences.is_empty() {
        let mut parts = sequences.sequence()?;
        let serial = parts.universal(tag::INTEGER)?.integer()?.to_vec();
        let date = time::read(&mut parts)?;
        let is_list = |element: &Element<'_>| element.is_universal(tag::SEQUENCE);
        let list = match parts.optional(is_list)? {
            Some(list) => Extension::list(list.members())?,
            None => Vec::new(),
        };
        parts.finish()?;
        unknown_critical.extend(
            list.iter()
                .filter(|extension| extension.critical && extension.oid != oid::CERTIFICATE_ISSUER)
                .map(|extension| extension.oid.clone()),
        );
        let mut lookup = Lookup {
            list,
            flaws: Vec::new(),
        };
        let names = lookup.read(oid::CERTIFICATE_ISSUER, |value| {
            GeneralName::list(&value.universal(tag::SEQUENCE)?)
        });
        if let Some(names) = names {
            certificate_issuer = Some(names.into());
        }
        let reason = lookup.read(oid::REASON_CODE, |value| {
            Ok(unsigned(value.universal(tag::ENUMERATED)?.integer()?))
        });
        flaws.append(&mut lookup.flaws);
        revoked.push(Revoked {
            serial,
            date,
            reason: reason.flatten(),
            certificate_issuer: certificate_issuer.clone(),
        });
    }
    revoked.sort_by(|a, b| compare(&a.serial, &b.serial));
    Ok(revoked)
}
