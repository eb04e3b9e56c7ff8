//! Certificate extensions, read as OpenSSL's `ossl_x509v3_cache_extensions` reads them.

use super::Name;
use super::algorithm::unsigned;
use super::anchor::TrustSettings;
use super::certificate::{BasicConstraints, KeyIdentifier, KeyUsage};
use super::der::{Element, Malformed, Reader, Result, tag};
use super::general_name::{DistributionPoint, GeneralName, NameConstraints};

/// Why OpenSSL calls a certificate that it can decode invalid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The extension of this dotted identifier cannot be read.
    Malformed(String),
    /// The extension of this dotted identifier occurs more than once.
    Repeated(String),
    /// The key usage has no bit set (RFC 5280 section 4.2.1.3).
    EmptyKeyUsage,
    /// The path length is below zero.
    NegativePathLength,
    /// A proxy certificate (RFC 3820) that is a CA or has alternative names.
    ProxyConflict,
}

/// Dotted identifiers of the extensions that matter here.
pub mod oid {
    /// Netscape certificate type.
    pub const NETSCAPE_CERT_TYPE: &str = "2.16.840.1.113730.1.1";
    /// subjectKeyIdentifier.
    pub const SUBJECT_KEY_IDENTIFIER: &str = "2.5.29.14";
    /// keyUsage.
    pub const KEY_USAGE: &str = "2.5.29.15";
    /// subjectAltName.
    pub const SUBJECT_ALT_NAME: &str = "2.5.29.17";
    /// issuerAltName.
    pub const ISSUER_ALT_NAME: &str = "2.5.29.18";
    /// basicConstraints.
    pub const BASIC_CONSTRAINTS: &str = "2.5.29.19";
    /// cRLNumber.
    pub const CRL_NUMBER: &str = "2.5.29.20";
    /// reasonCode.
    pub const REASON_CODE: &str = "2.5.29.21";
    /// deltaCRLIndicator.
    pub const DELTA_CRL: &str = "2.5.29.27";
    /// issuingDistributionPoint.
    pub const ISSUING_DISTRIBUTION_POINT: &str = "2.5.29.28";
    /// certificateIssuer.
    pub const CERTIFICATE_ISSUER: &str = "2.5.29.29";
    /// nameConstraints.
    pub const NAME_CONSTRAINTS: &str = "2.5.29.30";
    /// cRLDistributionPoints.
    pub const CRL_DISTRIBUTION_POINTS: &str = "2.5.29.31";
    /// certificatePolicies.
    pub const CERTIFICATE_POLICIES: &str = "2.5.29.32";
    /// policyMappings.
    pub const POLICY_MAPPINGS: &str = "2.5.29.33";
    /// authorityKeyIdentifier.
    pub const AUTHORITY_KEY_IDENTIFIER: &str = "2.5.29.35";
    /// policyConstraints.
    pub const POLICY_CONSTRAINTS: &str = "2.5.29.36";
    /// extKeyUsage.
    pub const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
    /// inhibitAnyPolicy.
    pub const INHIBIT_ANY_POLICY: &str = "2.5.29.54";
    /// authorityInfoAccess.
    pub const AUTHORITY_INFO_ACCESS: &str = "1.3.6.1.5.5.7.1.1";
    /// IP addresses of RFC 3779.
    pub const IP_ADDRESS_BLOCKS: &str = "1.3.6.1.5.5.7.1.7";
    /// Autonomous systems of RFC 3779.
    pub const AUTONOMOUS_SYSTEMS: &str = "1.3.6.1.5.5.7.1.8";
    /// proxyCertInfo (RFC 3820).
    pub const PROXY_CERT_INFO: &str = "1.3.6.1.5.5.7.1.14";
    /// id-pkix-ocsp-nocheck.
    pub const OCSP_NO_CHECK: &str = "1.3.6.1.5.5.7.48.1.5";
}

/// `X509_supported_extension`: the extensions that may be critical.
const SUPPORTED: [&str; 15] = [
    oid::NETSCAPE_CERT_TYPE,
    oid::KEY_USAGE,
    oid::SUBJECT_ALT_NAME,
    oid::BASIC_CONSTRAINTS,
    oid::CERTIFICATE_POLICIES,
    oid::CRL_DISTRIBUTION_POINTS,
    oid::EXTENDED_KEY_USAGE,
    oid::IP_ADDRESS_BLOCKS,
    oid::AUTONOMOUS_SYSTEMS,
    oid::OCSP_NO_CHECK,
    oid::POLICY_CONSTRAINTS,
    oid::PROXY_CERT_INFO,
    oid::NAME_CONSTRAINTS,
    oid::POLICY_MAPPINGS,
    oid::INHIBIT_ANY_POLICY,
];

const CA_ISSUERS: &str = "1.3.6.1.5.5.7.48.2";

/// One extension of a certificate, a CRL or a CRL's entry.
pub(super) struct Extension<'a> {
    pub(super) oid: String,
    pub(super) critical: bool,
    pub(super) value: &'a [u8],
}

impl<'a> Extension<'a> {
    /// An explicitly tagged SEQUENCE OF Extension, if there is one.
    pub(super) fn wrapped_list(wrapped: Option<Element<'a>>) -> Result<Vec<Self>> {
        let Some(wrapped) = wrapped else {
            return Ok(Vec::new());
        };
        let list = wrapped.explicit()?;
        if !list.is_universal(tag::SEQUENCE) {
            return Err(Malformed);
        }
        Self::list(list.members())
    }

    /// The members of a SEQUENCE OF Extension.
    pub(super) fn list(mut entries: Reader<'a>) -> Result<Vec<Self>> {
        let mut list = Vec::new();
        while !entries.is_empty() {
            let mut parts = entries.sequence()?;
            let oid = parts.oid()?;
            let critical = parts
                .optional(|element| element.is_universal(tag::BOOLEAN))?
                .map(|element| element.boolean())
                .transpose()?;
            let value = parts.universal(tag::OCTET_STRING)?.bytes()?;
            parts.finish()?;
            list.push(Self {
                oid,
                critical: critical.unwrap_or(false),
                value,
            });
        }
        Ok(list)
    }
}

/// Reads known extensions from a list and records what is wrong with them.
pub(super) struct Lookup<'a> {
    pub(super) list: Vec<Extension<'a>>,
    pub(super) flaws: Vec<Flaw>,
}

impl<'a> Lookup<'a> {
    /// Like OpenSSL's `X509_get_ext_d2i`: a repeated extension counts as unreadable, and bytes
    /// after the first element of the value are ignored.
    pub(super) fn read<T>(
        &mut self,
        oid: &str,
        parse: impl FnOnce(&mut Reader<'a>) -> Result<T>,
    ) -> Option<T> {
        let mut found = self.list.iter().filter(|extension| extension.oid == oid);
        let extension = found.next()?;
        if found.next().is_some() {
            self.flaws.push(Flaw::Repeated(oid.to_owned()));
            return None;
        }
        let parsed = parse(&mut Reader::new(extension.value));
        if parsed.is_err() {
            self.flaws.push(Flaw::Malformed(oid.to_owned()));
        }
        parsed.ok()
    }

    fn has(&self, oid: &str) -> bool {
        self.list.iter().any(|extension| extension.oid == oid)
    }
}

/// What a certificate's extensions say.
pub(super) struct Extensions {
    pub(super) basic_constraints: Option<BasicConstraints>,
    pub(super) key_usage: Option<KeyUsage>,
    pub(super) extended_key_usage: Option<Vec<String>>,
    pub(super) netscape_cert_type: Option<u8>,
    pub(super) subject_alt_names: Option<Vec<GeneralName>>,
    pub(super) subject_key_identifier: Option<Vec<u8>>,
    pub(super) authority_key_identifier: Option<KeyIdentifier>,
    pub(super) name_constraints: Option<NameConstraints>,
    pub(super) crl_distribution_points: Vec<DistributionPoint>,
    pub(super) ca_issuers: Vec<String>,
    pub(super) unknown_critical: Vec<String>,
    pub(super) critical: Vec<String>,
    pub(super) oids: Vec<String>,
    pub(super) flaws: Vec<Flaw>,
}

impl Extensions {
    /// `wrapped` is the explicitly tagged list, `issuer` the certificate's.
    pub(super) fn read(wrapped: Option<Element<'_>>, issuer: &Name) -> Result<Self> {
        Ok(Self::of(Extension::wrapped_list(wrapped)?, issuer))
    }

    /// `list` are all of them.
    pub(super) fn of(list: Vec<Extension<'_>>, issuer: &Name) -> Self {
        let mut lookup = Lookup {
            list,
            flaws: Vec::new(),
        };
        let basic_constraints = lookup.read(oid::BASIC_CONSTRAINTS, basic_constraints);
        if let Some(Length::Negative) = basic_constraints.map(|found| found.1) {
            lookup.flaws.push(Flaw::NegativePathLength);
        }
        let basic_constraints = basic_constraints.map(|(ca, length)| BasicConstraints {
            ca,
            path_length: if let Length::Limit(limit) = length {
                Some(limit)
            } else {
                None
            },
        });
        let is_ca = basic_constraints.is_some_and(|constraints| constraints.ca);
        check_proxy(&mut lookup, is_ca);
        let key_usage = lookup.read(oid::KEY_USAGE, |value| {
            Ok(KeyUsage(
                value.universal(tag::BIT_STRING)?.bit_string()?.first_bits(),
            ))
        });
        if key_usage == Some(KeyUsage(0)) {
            lookup.flaws.push(Flaw::EmptyKeyUsage);
        }
        Self {
            basic_constraints,
            key_usage,
            extended_key_usage: lookup
                .read(oid::EXTENDED_KEY_USAGE, |value| oids(value.sequence_of()?)),
            netscape_cert_type: lookup.read(oid::NETSCAPE_CERT_TYPE, |value| {
                let bits = value.universal(tag::BIT_STRING)?.bit_string()?.first_bits();
                Ok(bits.to_le_bytes()[0])
            }),
            subject_key_identifier: lookup.read(oid::SUBJECT_KEY_IDENTIFIER, |value| {
                Ok(value.universal(tag::OCTET_STRING)?.bytes()?.to_vec())
            }),
            authority_key_identifier: lookup
                .read(oid::AUTHORITY_KEY_IDENTIFIER, KeyIdentifier::read),
            subject_alt_names: lookup.read(oid::SUBJECT_ALT_NAME, |value| {
                GeneralName::list(&value.universal(tag::SEQUENCE)?)
            }),
            name_constraints: lookup.read(oid::NAME_CONSTRAINTS, NameConstraints::read),
            crl_distribution_points: lookup
                .read(oid::CRL_DISTRIBUTION_POINTS, |value| {
                    DistributionPoint::list(value, issuer)
                })
                .unwrap_or_default(),
            ca_issuers: ca_issuers(&lookup),
            unknown_critical: lookup
                .list
                .iter()
                .filter(|extension| extension.critical)
                .filter(|extension| !SUPPORTED.contains(&extension.oid.as_str()))
                .map(|extension| extension.oid.clone())
                .collect(),
            critical: lookup
                .list
                .iter()
                .filter(|extension| extension.critical)
                .map(|extension| extension.oid.clone())
                .collect(),
            oids: lookup
                .list
                .iter()
                .map(|extension| extension.oid.clone())
                .collect(),
            flaws: lookup.flaws,
        }
    }
}

fn check_proxy(lookup: &mut Lookup<'_>, is_ca: bool) {
    let proxy = lookup.read(oid::PROXY_CERT_INFO, |value| value.sequence().map(|_| ()));
    let named = lookup.has(oid::SUBJECT_ALT_NAME) || lookup.has(oid::ISSUER_ALT_NAME);
    if proxy.is_some() && (is_ca || named) {
        lookup.flaws.push(Flaw::ProxyConflict);
    }
}

#[derive(Clone, Copy)]
enum Length {
    Unlimited,
    Limit(u64),
    Negative,
}

fn basic_constraints(value: &mut Reader<'_>) -> Result<(bool, Length)> {
    let mut parts = value.sequence()?;
    let ca = parts
        .optional(|element| element.is_universal(tag::BOOLEAN))?
        .map(|element| element.boolean())
        .transpose()?;
    let length = match parts.optional(|element| element.is_universal(tag::INTEGER))? {
        None => Length::Unlimited,
        Some(number) => match number.integer()? {
            [first, ..] if first & 0x80 != 0 => Length::Negative,
            // A value that does not fit OpenSSL's long is not a limit there either.
            bytes => match unsigned(bytes) {
                Some(limit) if i64::try_from(limit).is_ok() => Length::Limit(limit),
                _ => Length::Unlimited,
            },
        },
    };
    parts.finish()?;
    Ok((ca.unwrap_or(false), length))
}

impl KeyIdentifier {
    pub(super) fn read(value: &mut Reader<'_>) -> Result<Self> {
        let mut parts = value.sequence()?;
        let key = parts
            .optional_context(0)?
            .map(|element| element.bytes())
            .transpose()?;
        let names = parts
            .optional_context(1)?
            .map(|element| GeneralName::list(&element))
            .transpose()?;
        let serial = parts
            .optional_context(2)?
            .map(|element| element.integer())
            .transpose()?;
        parts.finish()?;
        let mut names = names.iter().flatten();
        let issuer = names.find_map(GeneralName::directory).cloned();
        Ok(Self {
            key: key.map(<[u8]>::to_vec),
            issuer,
            serial: serial.map(<[u8]>::to_vec),
        })
    }
}

fn oids(mut entries: Reader<'_>) -> Result<Vec<String>> {
    let mut list = Vec::new();
    while !entries.is_empty() {
        list.push(entries.oid()?);
    }
    Ok(list)
}

/// Only used for advice: what cannot be read is left out.
fn ca_issuers(lookup: &Lookup<'_>) -> Vec<String> {
    let read = |value: &[u8]| -> Result<Vec<String>> {
        let mut urls = Vec::new();
        let mut entries = Reader::new(value).sequence_of()?;
        while !entries.is_empty() {
            let mut parts = entries.sequence()?;
            let method = parts.oid()?;
            let location = parts.element()?;
            if method == CA_ISSUERS && location.is_context(6) {
                urls.push(String::from_utf8_lossy(location.bytes()?).into_owned());
            }
        }
        Ok(urls)
    };
    lookup
        .list
        .iter()
        .filter(|extension| extension.oid == oid::AUTHORITY_INFO_ACCESS)
        .flat_map(|extension| read(extension.value).unwrap_or_default())
        .collect()
}

impl TrustSettings {
    /// `X509_CERT_AUX`; an empty value has no settings.
    pub(super) fn parse(der: &[u8]) -> Result<Self> {
        if der.is_empty() {
            return Ok(Self::default());
        }
        let mut parts = Reader::new(der).sequence()?;
        let trusted = parts
            .optional(|element| element.is_universal(tag::SEQUENCE))?
            .map(|list| oids(list.members()))
            .transpose()?;
        let rejected = parts
            .optional_context(0)?
            .map(|list| oids(list.members()))
            .transpose()?;
        // An alias, a key identifier and algorithms may follow; they do not affect trust.
        parts.optional(|element| element.is_universal(tag::UTF8_STRING))?;
        parts.optional(|element| element.is_universal(tag::OCTET_STRING))?;
        parts.optional_context(1)?;
        parts.finish()?;
        Ok(Self {
            trusted,
            rejected: rejected.unwrap_or_default(),
        })
    }
}
/// OpenSSL's short name of an extended key usage, or its dotted identifier.
pub fn usage_name(oid: &str) -> &str {
    match oid {
        "1.3.6.1.5.5.7.3.1" => "serverAuth",
        "1.3.6.1.5.5.7.3.2" => "clientAuth",
        "1.3.6.1.5.5.7.3.3" => "codeSigning",
        "1.3.6.1.5.5.7.3.4" => "emailProtection",
        "1.3.6.1.5.5.7.3.8" => "timeStamping",
        "1.3.6.1.5.5.7.3.9" => "OCSPSigning",
        "2.5.29.37.0" => "anyExtendedKeyUsage",
        other => other,
    }
}
