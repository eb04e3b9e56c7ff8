//! GeneralName and the structures built of it.

use std::net::IpAddr;

use super::Name;
use super::algorithm::unsigned;
use super::der::{Element, Malformed, Reader, Result, tag};

/// One entry of a subject alternative name or a name constraint (RFC 5280 section 4.2.1.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GeneralName {
    /// Raw bytes: not necessarily a valid host name, and they may contain NUL.
    Dns(Vec<u8>),
    /// The bytes as in the certificate: 4 and 16 are addresses, 8 and 32 are networks in a name
    /// constraint, other lengths are invalid.
    Ip(Vec<u8>),
    /// rfc822Name.
    Email(Vec<u8>),
    /// uniformResourceIdentifier.
    Uri(Vec<u8>),
    /// directoryName.
    Directory(Name),
    /// An otherName of type SmtpUTF8Mailbox (RFC 8398): the mailbox if it is a UTF8String.
    SmtpUtf8(Option<Vec<u8>>),
    /// Any other otherName: the dotted identifier of its type and the DER of its value.
    OtherName(String, Vec<u8>),
    /// Any other kind, by its context tag number and contents.
    Other(u8, Vec<u8>),
}

impl GeneralName {
    /// The address in an iPAddress entry, if it has the length of one.
    pub fn ip(&self) -> Option<IpAddr> {
        let Self::Ip(bytes) = self else { return None };
        if let Ok(v4) = <[u8; 4]>::try_from(bytes.as_slice()) {
            return Some(IpAddr::from(v4));
        }
        <[u8; 16]>::try_from(bytes.as_slice())
            .ok()
            .map(IpAddr::from)
    }

    /// The name in a directoryName.
    pub fn directory(&self) -> Option<&Name> {
        match self {
            Self::Directory(name) => Some(name),
            Self::Dns(_)
            | Self::Ip(_)
            | Self::Email(_)
            | Self::Uri(_)
            | Self::SmtpUtf8(_)
            | Self::OtherName(..)
            | Self::Other(..) => None,
        }
    }

    fn from_element(element: &Element<'_>) -> Result<Self> {
        if !element.is_context_class() {
            return Err(Malformed);
        }
        let bytes = || element.bytes().map(<[u8]>::to_vec);
        Ok(match element.tag {
            0 => return other_name(element),
            1 => Self::Email(bytes()?),
            2 => Self::Dns(bytes()?),
            4 => {
                let name = element.explicit()?;
                if !name.is_universal(tag::SEQUENCE) {
                    return Err(Malformed);
                }
                Self::Directory(Name::from_element(&name)?)
            }
            6 => Self::Uri(bytes()?),
            7 => Self::Ip(bytes()?),
            // x400Address and ediPartyName.
            3 | 5 => {
                element.children()?;
                Self::Other(
                    if element.tag == 3 { 3 } else { 5 },
                    element.contents.to_vec(),
                )
            }
            8 => {
                element.oid()?;
                Self::Other(8, element.contents.to_vec())
            }
            _ => return Err(Malformed),
        })
    }

    /// A SEQUENCE OF GeneralName with any tag.
    pub(super) fn list(sequence: &Element<'_>) -> Result<Vec<Self>> {
        let mut names = Vec::new();
        let mut entries = sequence.members();
        while !entries.is_empty() {
            names.push(Self::from_element(&entries.element()?)?);
        }
        Ok(names)
    }
}

const SMTP_UTF8_MAILBOX: &str = "1.3.6.1.5.5.7.8.9";

fn other_name(element: &Element<'_>) -> Result<GeneralName> {
    let mut parts = element.children()?;
    let oid = parts.oid()?;
    let wrapped = parts.element()?;
    parts.finish()?;
    if !wrapped.is_context(0) {
        return Err(Malformed);
    }
    let value = wrapped.explicit()?;
    value.check_any()?;
    if oid != SMTP_UTF8_MAILBOX {
        return Ok(GeneralName::OtherName(oid, value.whole.to_vec()));
    }
    let mailbox = value
        .is_universal(tag::UTF8_STRING)
        .then(|| value.contents.to_vec());
    Ok(GeneralName::SmtpUtf8(mailbox))
}

/// The names that certificates below a CA may have (RFC 5280 section 4.2.1.10).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameConstraints {
    /// A name must be in one of the subtrees of its kind, if there are any.
    pub permitted: Vec<Subtree>,
    /// A name must be in none of these.
    pub excluded: Vec<Subtree>,
}

/// One GeneralSubtree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subtree {
    /// The names in it.
    pub base: GeneralName,
    /// Its minimum and maximum.
    pub reach: Reach,
}

/// The minimum and maximum of a subtree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Minimum 0 and no maximum, the only form that RFC 5280 allows.
    Whole,
    /// The same with the minimum written out, which DER does not allow. OpenSSL 1.1.1 refuses it.
    Explicit,
    /// Anything else; OpenSSL refuses names of that kind.
    Limited,
}

impl NameConstraints {
    pub(super) fn read(value: &mut Reader<'_>) -> Result<Self> {
        let mut parts = value.sequence()?;
        let permitted = parts
            .optional_context(0)?
            .as_ref()
            .map(subtrees)
            .transpose()?;
        let excluded = parts
            .optional_context(1)?
            .as_ref()
            .map(subtrees)
            .transpose()?;
        parts.finish()?;
        Ok(Self {
            permitted: permitted.unwrap_or_default(),
            excluded: excluded.unwrap_or_default(),
        })
    }
}

fn subtrees(list: &Element<'_>) -> Result<Vec<Subtree>> {
    let mut trees = Vec::new();
    let mut entries = list.members();
    while !entries.is_empty() {
        let mut parts = entries.sequence()?;
        let base = GeneralName::from_element(&parts.element()?)?;
        let minimum = parts
            .optional_context(0)?
            .map(|element| element.integer())
            .transpose()?;
        let maximum = parts
            .optional_context(1)?
            .map(|element| element.integer())
            .transpose()?;
        parts.finish()?;
        let reach = match (minimum.map(unsigned), maximum) {
            (None, None) => Reach::Whole,
            (Some(Some(0)), None) => Reach::Explicit,
            (Some(_) | None, _) => Reach::Limited,
        };
        trees.push(Subtree { base, reach });
    }
    Ok(trees)
}

/// Where to find a CRL, and which part of the revocations it covers (RFC 5280 section 4.2.1.13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistributionPoint {
    /// Where it is.
    pub name: Option<DistributionPointName>,
    /// Which reasons it covers.
    pub reasons: Reasons,
    /// Who issues it, if not the certificate's issuer; `None` if absent.
    pub crl_issuer: Option<Vec<GeneralName>>,
}

/// RFC 5280 section 4.2.1.13, DistributionPointName.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DistributionPointName {
    /// Names of the CRL.
    Full(Vec<GeneralName>),
    /// A name relative to the CRL's issuer, already joined with the issuer's name.
    Relative(Name),
}

/// A set of revocation reasons (RFC 5280 section 4.2.1.13, ReasonFlags).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reasons(pub u16);

impl Reasons {
    /// All eight reasons; the first bit is unused.
    pub const ALL: Self = Self(0x01fe);
    /// None of them.
    pub const NONE: Self = Self(0);

    pub(super) fn from_element(element: &Element<'_>) -> Result<Self> {
        Ok(Self(element.bit_string()?.first_bits() & Self::ALL.0))
    }
}

impl DistributionPointName {
    /// `issuer` is what a relative name is relative to.
    pub(super) fn from_element(element: &Element<'_>, issuer: &Name) -> Result<Self> {
        let choice = element.explicit()?;
        if choice.is_context(0) {
            Ok(Self::Full(GeneralName::list(&choice)?))
        } else if choice.is_context(1) {
            Ok(Self::Relative(issuer.with_relative(&choice)?))
        } else {
            Err(Malformed)
        }
    }
}

impl DistributionPoint {
    pub(super) fn list(value: &mut Reader<'_>, issuer: &Name) -> Result<Vec<Self>> {
        let mut points = Vec::new();
        let mut entries = value.sequence_of()?;
        while !entries.is_empty() {
            points.push(Self::read(&mut entries.sequence()?, issuer)?);
        }
        Ok(points)
    }

    fn read(parts: &mut Reader<'_>, issuer: &Name) -> Result<Self> {
        let name = parts.optional_context(0)?;
        let reasons = parts.optional_context(1)?;
        let crl_issuer = parts
            .optional_context(2)?
            .as_ref()
            .map(GeneralName::list)
            .transpose()?;
        parts.finish()?;
        let issuers = crl_issuer.as_deref().unwrap_or_default();
        // OpenSSL's setup_dp calls a point that says neither where nor who invalid.
        if name.is_none() && issuers.is_empty() {
            return Err(Malformed);
        }
        let base = issuers.iter().find_map(GeneralName::directory);
        let name = name
            .map(|name| DistributionPointName::from_element(&name, base.unwrap_or(issuer)))
            .transpose()?;
        let reasons = reasons.as_ref().map(Reasons::from_element).transpose()?;
        Ok(Self {
            name,
            reasons: reasons.unwrap_or(Reasons::ALL),
            crl_issuer,
        })
    }
}
