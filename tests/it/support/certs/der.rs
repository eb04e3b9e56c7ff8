//! DER, written by hand.

use time::OffsetDateTime;
use time::macros::format_description;

pub(crate) fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut der = vec![tag];
    match contents.len() {
        short @ 0..0x80 => der.push(short as u8),
        medium @ 0x80..0x100 => der.extend([0x81, medium as u8]),
        long => der.extend([0x82, (long >> 8) as u8, long as u8]),
    }
    der.extend_from_slice(contents);
    der
}

pub(crate) fn seq(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

pub(crate) fn set(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x31, &parts.concat())
}

pub(crate) fn context(number: u8, contents: &[u8]) -> Vec<u8> {
    tlv(0x80 | number, contents)
}

pub(crate) fn wrap(number: u8, contents: &[u8]) -> Vec<u8> {
    tlv(0xa0 | number, contents)
}

pub(crate) fn int(bytes: &[u8]) -> Vec<u8> {
    tlv(0x02, bytes)
}

pub(crate) fn boolean(value: u8) -> Vec<u8> {
    tlv(0x01, &[value])
}

pub(crate) fn octets(bytes: &[u8]) -> Vec<u8> {
    tlv(0x04, bytes)
}

pub(crate) fn bits(unused: u8, bytes: &[u8]) -> Vec<u8> {
    tlv(0x03, &[&[unused], bytes].concat())
}

pub(crate) fn null() -> Vec<u8> {
    tlv(0x05, &[])
}

pub(crate) fn oid(dotted: &str) -> Vec<u8> {
    let arcs: Vec<u64> = dotted.split('.').map(|arc| arc.parse().unwrap()).collect();
    let mut contents = Vec::new();
    for arc in std::iter::once(arcs[0] * 40 + arcs[1]).chain(arcs[2..].iter().copied()) {
        let mut groups = vec![(arc & 0x7f) as u8];
        let mut rest = arc >> 7;
        while rest > 0 {
            groups.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        contents.extend(groups.iter().rev());
    }
    tlv(0x06, &contents)
}

/// A UTCTime up to 2049, a GeneralizedTime after.
pub(crate) fn time(seconds: i64) -> Vec<u8> {
    let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap();
    if at.year() < 2050 {
        let format = format_description!("[year repr:last_two][month][day][hour][minute][second]Z");
        tlv(0x17, at.format(format).unwrap().as_bytes())
    } else {
        generalized(seconds)
    }
}

pub(crate) fn generalized(seconds: i64) -> Vec<u8> {
    let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap();
    let format = format_description!("[year][month][day][hour][minute][second]Z");
    tlv(0x18, at.format(format).unwrap().as_bytes())
}

pub(crate) const UTF8: u8 = 0x0c;
pub(crate) const PRINTABLE: u8 = 0x13;
pub(crate) const TELETEX: u8 = 0x14;
pub(crate) const IA5: u8 = 0x16;
pub(crate) const BMP: u8 = 0x1e;

pub(crate) const CN: &str = "2.5.4.3";
pub(crate) const O: &str = "2.5.4.10";
pub(crate) const EMAIL: &str = "1.2.840.113549.1.9.1";

pub(crate) fn attribute(kind: &str, tag: u8, value: &[u8]) -> Vec<u8> {
    seq(&[&oid(kind), &tlv(tag, value)])
}

/// A name of one-attribute sets.
pub(crate) fn name(attributes: &[(&str, &str)]) -> Vec<u8> {
    let sets: Vec<u8> = attributes
        .iter()
        .flat_map(|(kind, value)| set(&[&attribute(kind, UTF8, value.as_bytes())]))
        .collect();
    tlv(0x30, &sets)
}

pub(crate) fn common_name(value: &str) -> Vec<u8> {
    name(&[(O, "pgtls tests"), (CN, value)])
}

pub(crate) fn dns(value: &str) -> Vec<u8> {
    context(2, value.as_bytes())
}

pub(crate) fn email(value: &str) -> Vec<u8> {
    context(1, value.as_bytes())
}

pub(crate) fn uri(value: &str) -> Vec<u8> {
    context(6, value.as_bytes())
}

pub(crate) fn ip(bytes: &[u8]) -> Vec<u8> {
    context(7, bytes)
}

pub(crate) fn directory(name: &[u8]) -> Vec<u8> {
    wrap(4, name)
}
