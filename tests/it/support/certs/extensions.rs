//! Extensions of certificates.

use super::der::*;

pub(crate) const KEY_USAGE: &str = "2.5.29.15";
pub(crate) const SAN: &str = "2.5.29.17";
pub(crate) const BASIC_CONSTRAINTS: &str = "2.5.29.19";
pub(crate) const SKI: &str = "2.5.29.14";
pub(crate) const AKI: &str = "2.5.29.35";
pub(crate) const EKU: &str = "2.5.29.37";
pub(crate) const NAME_CONSTRAINTS: &str = "2.5.29.30";
pub(crate) const CRL_POINTS: &str = "2.5.29.31";
pub(crate) const NETSCAPE: &str = "2.16.840.1.113730.1.1";

pub(crate) const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
pub(crate) const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";
pub(crate) const ANY_EKU: &str = "2.5.29.37.0";
pub(crate) const MS_SGC: &str = "1.3.6.1.4.1.311.10.3.3";
pub(crate) const NS_SGC: &str = "2.16.840.1.113730.4.1";

#[derive(Clone, Debug)]
pub(crate) struct Extension {
    pub(crate) oid: String,
    /// The encoded flag; empty if left out.
    pub(crate) critical: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

impl Extension {
    pub(crate) fn der(&self) -> Vec<u8> {
        seq(&[&oid(&self.oid), &self.critical, &octets(&self.value)])
    }
}

pub(crate) fn ext(kind: &str, value: Vec<u8>) -> Extension {
    Extension {
        oid: kind.to_owned(),
        critical: Vec::new(),
        value,
    }
}

pub(crate) fn critical(kind: &str, value: Vec<u8>) -> Extension {
    Extension {
        oid: kind.to_owned(),
        critical: boolean(0xff),
        value,
    }
}

pub(crate) fn ca(path_length: Option<u8>) -> Extension {
    let length = path_length.map(|length| int(&[length])).unwrap_or_default();
    critical(BASIC_CONSTRAINTS, seq(&[&boolean(0xff), &length]))
}

pub(crate) fn not_ca() -> Extension {
    ext(BASIC_CONSTRAINTS, seq(&[]))
}

pub(crate) const DIGITAL_SIGNATURE: u8 = 0x80;
pub(crate) const KEY_ENCIPHERMENT: u8 = 0x20;
pub(crate) const DATA_ENCIPHERMENT: u8 = 0x10;
pub(crate) const KEY_AGREEMENT: u8 = 0x08;
pub(crate) const CERT_SIGN: u8 = 0x04;
pub(crate) const CRL_SIGN: u8 = 0x02;

pub(crate) fn key_usage(byte: u8) -> Extension {
    critical(KEY_USAGE, bits(0, &[byte]))
}

pub(crate) fn eku(usages: &[&str]) -> Extension {
    let list: Vec<u8> = usages.iter().flat_map(|usage| oid(usage)).collect();
    ext(EKU, tlv(0x30, &list))
}

pub(crate) fn san(names: &[Vec<u8>]) -> Extension {
    ext(SAN, tlv(0x30, &names.concat()))
}

pub(crate) fn ski(id: &[u8]) -> Extension {
    ext(SKI, octets(id))
}

pub(crate) fn aki(id: &[u8]) -> Extension {
    ext(AKI, seq(&[&context(0, id)]))
}

pub(crate) fn aki_issuer_serial(issuer: &[u8], serial: &[u8]) -> Extension {
    ext(
        AKI,
        seq(&[&wrap(1, &directory(issuer)), &context(2, serial)]),
    )
}

pub(crate) fn constraints(permitted: &[Vec<u8>], excluded: &[Vec<u8>]) -> Extension {
    let trees = |bases: &[Vec<u8>]| {
        bases
            .iter()
            .flat_map(|base| seq(&[base]))
            .collect::<Vec<u8>>()
    };
    let part = |number: u8, bases: &[Vec<u8>]| {
        if bases.is_empty() {
            Vec::new()
        } else {
            wrap(number, &trees(bases))
        }
    };
    critical(
        NAME_CONSTRAINTS,
        seq(&[&part(0, permitted), &part(1, excluded)]),
    )
}
