//! A thin, bounded reader over BER, as lenient as OpenSSL's decoder and no more.
//!
//! The rules are OpenSSL's own (crypto/asn1/asn1_lib.c, tasn_dec.c, a_int.c, a_bitstr.c, a_object.c).
//! They are not DER, and no crate implements them.

mod header;

use std::fmt::Write as _;

use header::{Class, base_128, split};

/// The bytes are not what is expected here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

pub(crate) type Result<T> = std::result::Result<T, Malformed>;

/// Universal tag numbers (ITU-T X.680 section 8.4) that certificates use.
pub(crate) mod tag {
    pub(crate) const BOOLEAN: u32 = 1;
    pub(crate) const INTEGER: u32 = 2;
    pub(crate) const BIT_STRING: u32 = 3;
    pub(crate) const OCTET_STRING: u32 = 4;
    pub(crate) const NULL: u32 = 5;
    pub(crate) const OID: u32 = 6;
    pub(crate) const ENUMERATED: u32 = 10;
    pub(crate) const UTF8_STRING: u32 = 12;
    pub(crate) const SEQUENCE: u32 = 16;
    pub(crate) const SET: u32 = 17;
    pub(crate) const NUMERIC_STRING: u32 = 18;
    pub(crate) const PRINTABLE_STRING: u32 = 19;
    pub(crate) const TELETEX_STRING: u32 = 20;
    pub(crate) const IA5_STRING: u32 = 22;
    pub(crate) const UTC_TIME: u32 = 23;
    pub(crate) const GENERALIZED_TIME: u32 = 24;
    pub(crate) const UNIVERSAL_STRING: u32 = 28;
    pub(crate) const BMP_STRING: u32 = 30;
}

/// One tag, length and contents.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    class: Class,
    /// Tag number within its class.
    pub(crate) tag: u32,
    constructed: bool,
    /// What follows the header.
    pub(crate) contents: &'a [u8],
    /// Header and contents.
    pub(crate) whole: &'a [u8],
}

impl<'a> Element<'a> {
    pub(crate) fn is_universal(&self, tag: u32) -> bool {
        self.class == Class::Universal && self.tag == tag
    }

    /// Two zero bytes, which may only end an indefinite length.
    pub(crate) fn is_end_of_contents(&self) -> bool {
        self.whole == [0, 0]
    }

    pub(crate) fn has_universal_class(&self) -> bool {
        self.class == Class::Universal
    }

    pub(crate) fn is_context(&self, tag: u32) -> bool {
        self.class == Class::ContextSpecific && self.tag == tag
    }

    pub(crate) fn is_context_class(&self) -> bool {
        self.class == Class::ContextSpecific
    }

    /// The fields of a SEQUENCE, implicitly tagged or not.
    pub(crate) fn children(&self) -> Result<Reader<'a>> {
        if self.constructed {
            Ok(Reader::new(self.contents))
        } else {
            Err(Malformed)
        }
    }

    /// The members of a SEQUENCE OF or SET OF: OpenSSL's `asn1_template_noexp_d2i` does not check
    /// whether these are marked as constructed.
    pub(crate) fn members(&self) -> Reader<'a> {
        Reader::new(self.contents)
    }

    /// The single element that an explicit tag wraps.
    pub(crate) fn explicit(&self) -> Result<Self> {
        let mut inside = self.children()?;
        let element = inside.element()?;
        inside.finish()?;
        Ok(element)
    }

    /// The contents of a primitive string.
    pub(crate) fn bytes(&self) -> Result<&'a [u8]> {
        if self.constructed {
            Err(Malformed)
        } else {
            Ok(self.contents)
        }
    }

    /// Where any type is allowed, OpenSSL still decodes the types that it knows (`asn1_ex_c2i`).
    pub(crate) fn check_any(&self) -> Result<()> {
        if self.class != Class::Universal {
            return Ok(());
        }
        match self.tag {
            tag::BOOLEAN => self.boolean().map(|_| ()),
            tag::INTEGER | tag::ENUMERATED => self.integer().map(|_| ()),
            tag::BIT_STRING => self.bit_string().map(|_| ()),
            tag::OID => self.oid().map(|_| ()),
            tag::NULL if !self.bytes()?.is_empty() => Err(Malformed),
            tag::BMP_STRING if !self.contents.len().is_multiple_of(2) => Err(Malformed),
            tag::UNIVERSAL_STRING if !self.contents.len().is_multiple_of(4) => Err(Malformed),
            tag::SEQUENCE | tag::SET => self.children().map(|_| ()),
            _ => self.bytes().map(|_| ()),
        }
    }

    /// Two's complement bytes. Empty and padded encodings are refused, as `c2i_ibuf` refuses them.
    pub(crate) fn integer(&self) -> Result<&'a [u8]> {
        let bytes = self.bytes()?;
        match bytes {
            [] => Err(Malformed),
            [0x00, next, ..] if next & 0x80 == 0 => Err(Malformed),
            [0xff, next, ..] if next & 0x80 != 0 => Err(Malformed),
            _ => Ok(bytes),
        }
    }

    /// Any non-zero byte is true (`asn1_ex_c2i`).
    pub(crate) fn boolean(&self) -> Result<bool> {
        match self.bytes()? {
            [value] => Ok(*value != 0),
            _ => Err(Malformed),
        }
    }

    pub(crate) fn bit_string(&self) -> Result<BitString<'a>> {
        match self.bytes()? {
            [unused, bytes @ ..] if *unused <= 7 => Ok(BitString {
                unused: *unused,
                bytes,
            }),
            _ => Err(Malformed),
        }
    }

    /// Dotted notation. Encodings that `c2i_ASN1_OBJECT` refuses are refused.
    pub(crate) fn oid(&self) -> Result<String> {
        let bytes = self.bytes()?;
        let ends = bytes.last().is_some_and(|last| last & 0x80 == 0);
        let padded = std::iter::once(&0)
            .chain(bytes)
            .zip(bytes)
            .any(|(before, byte)| before & 0x80 == 0 && *byte == 0x80);
        if !ends || padded {
            return Err(Malformed);
        }
        Ok(dotted(bytes))
    }
}

/// An object identifier in dotted notation (ITU-T X.690 section 8.19); if an arc exceeds 64 bits, the
/// bytes of its encoding.
fn dotted(bytes: &[u8]) -> String {
    let arcs: Option<Vec<u64>> = bytes
        .split_inclusive(|byte| byte & 0x80 == 0)
        .map(base_128)
        .collect();
    match arcs.as_deref() {
        Some([first, others @ ..]) => {
            // The first two arcs share a number, and the first is at most 2.
            let top = (first / 40).min(2);
            let mut text = String::with_capacity(bytes.len().saturating_mul(3));
            // Writing to a string cannot fail.
            let _ = write!(text, "{top}.{}", first - 40 * top);
            for arc in others {
                let _ = write!(text, ".{arc}");
            }
            text
        }
        Some([]) | None => {
            let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            bytes.join(" ")
        }
    }
}

/// Contents of a BIT STRING.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BitString<'a> {
    /// How many bits of the last byte are unused.
    pub(crate) unused: u8,
    pub(crate) bytes: &'a [u8],
}

impl BitString<'_> {
    /// The bytes, with zeros for the unused bits (`ossl_c2i_ASN1_BIT_STRING`).
    pub(crate) fn to_vec(self) -> Vec<u8> {
        let mut bytes = self.bytes.to_vec();
        if let Some(last) = bytes.last_mut() {
            *last &= 0xff << self.unused;
        }
        bytes
    }

    /// The first sixteen bits, first bit lowest. Bits beyond the string's end are zero.
    pub(crate) fn first_bits(&self) -> u16 {
        let last = self.bytes.len().checked_sub(1);
        let byte = |index: usize| {
            let byte = self.bytes.get(index).copied().unwrap_or(0);
            let mask = if last == Some(index) {
                0xff << self.unused
            } else {
                0xff
            };
            u16::from((byte & mask).reverse_bits())
        };
        byte(0) | byte(1) << 8
    }
}

/// Walks the elements of one level.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn element(&mut self) -> Result<Element<'a>> {
        let (element, rest) = split(self.rest)?;
        self.rest = rest;
        Ok(element)
    }

    /// The next element if `wanted` accepts it. Otherwise nothing is consumed.
    pub(crate) fn optional(
        &mut self,
        wanted: impl Fn(&Element<'a>) -> bool,
    ) -> Result<Option<Element<'a>>> {
        if self.is_empty() {
            return Ok(None);
        }
        let (element, rest) = split(self.rest)?;
        if !wanted(&element) {
            return Ok(None);
        }
        self.rest = rest;
        Ok(Some(element))
    }

    pub(crate) fn optional_context(&mut self, tag: u32) -> Result<Option<Element<'a>>> {
        self.optional(|element| element.is_context(tag))
    }

    pub(crate) fn universal(&mut self, tag: u32) -> Result<Element<'a>> {
        let element = self.element()?;
        if element.is_universal(tag) {
            Ok(element)
        } else {
            Err(Malformed)
        }
    }

    pub(crate) fn sequence(&mut self) -> Result<Self> {
        self.universal(tag::SEQUENCE)?.children()
    }

    /// The members of a SEQUENCE OF.
    pub(crate) fn sequence_of(&mut self) -> Result<Self> {
        Ok(self.universal(tag::SEQUENCE)?.members())
    }

    pub(crate) fn oid(&mut self) -> Result<String> {
        self.universal(tag::OID)?.oid()
    }

    /// Refuses elements that are left over.
    pub(crate) fn finish(&self) -> Result<()> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(Malformed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(bytes: &[u8]) -> Element<'_> {
        Reader::new(bytes).element().unwrap()
    }

    #[test]
    fn integers_are_read_as_openssl_reads_them() {
        for (der, expected) in [
            (&[2, 1, 0][..], Ok(&[0][..])),
            (&[2, 1, 0xff], Ok(&[0xff])),
            (&[2, 2, 0, 0x80], Ok(&[0, 0x80])),
            (&[2, 0], Err(Malformed)),
            (&[2, 2, 0, 1], Err(Malformed)),
            (&[2, 2, 0xff, 0x80], Err(Malformed)),
        ] {
            assert_eq!(first(der).integer(), expected, "{der:02x?}");
        }
    }

    #[test]
    fn any_non_zero_boolean_is_true() {
        assert_eq!(first(&[1, 1, 0]).boolean(), Ok(false));
        assert_eq!(first(&[1, 1, 1]).boolean(), Ok(true));
        assert_eq!(first(&[1, 2, 1, 1]).boolean(), Err(Malformed));
    }

    #[test]
    fn object_identifiers_are_dotted_and_bad_ones_refused() {
        assert_eq!(
            first(&[6, 3, 0x55, 0x1d, 0x11]).oid(),
            Ok("2.5.29.17".to_owned())
        );
        assert_eq!(
            first(&[6, 3, 0x2a, 0x86, 0x48]).oid(),
            Ok("1.2.840".to_owned())
        );
        // "joint-iso-itu-t(2) example(999)", and an arc of 70 bits.
        assert_eq!(first(&[6, 2, 0x88, 0x37]).oid(), Ok("2.999".to_owned()));
        let mut long = vec![6, 11, 0x2a];
        long.extend([0xff; 9]);
        long.push(0x7f);
        assert_eq!(
            first(&long).oid(),
            Ok("2a ff ff ff ff ff ff ff ff ff 7f".to_owned())
        );
        for bad in [&[6, 0][..], &[6, 2, 0x55, 0x80], &[6, 3, 0x55, 0x80, 0x01]] {
            assert_eq!(first(bad).oid(), Err(Malformed), "{bad:02x?}");
        }
    }

    #[test]
    fn bits_beyond_the_end_of_a_bit_string_do_not_count() {
        assert_eq!(
            first(&[3, 2, 7, 0xff]).bit_string().unwrap().first_bits(),
            0b1
        );
        assert_eq!(
            first(&[3, 3, 7, 0x00, 0x80])
                .bit_string()
                .unwrap()
                .first_bits(),
            0x100
        );
        assert!(first(&[3, 2, 8, 0xff]).bit_string().is_err());
        assert!(first(&[3, 0]).bit_string().is_err());
    }

    #[test]
    fn long_and_indefinite_lengths_pass_as_in_openssl() {
        let long = first(&[0x30, 0x82, 0, 3, 2, 1, 5]);
        assert_eq!(long.explicit().unwrap().integer(), Ok(&[5][..]));
        let indefinite = first(&[0x30, 0x80, 2, 1, 5, 0, 0]);
        assert_eq!(indefinite.explicit().unwrap().integer(), Ok(&[5][..]));
        let nested = first(&[0x30, 0x80, 0x30, 0x80, 2, 1, 5, 0, 0, 0, 0, 9]);
        assert_eq!(nested.contents, [0x30, 0x80, 2, 1, 5, 0, 0]);
        assert_eq!(nested.whole.len(), 11);
        let with_empty = first(&[0x30, 0x80, 0xa0, 0, 5, 0, 0, 0]);
        assert_eq!(with_empty.contents, [0xa0, 0, 5, 0]);
        for bad in [&[0x30, 0x80, 2, 1, 5, 0][..], &[4, 0x80, 2, 1, 5, 0, 0]] {
            assert!(Reader::new(bad).element().is_err(), "{bad:02x?}");
        }
        let deep = [[0x30, 0x80].repeat(100_000), vec![0; 200_000]].concat();
        assert_eq!(first(&deep).whole.len(), deep.len());
        assert!(Reader::new(&deep[..300_000]).element().is_err());
    }

    #[test]
    fn tag_numbers_beyond_thirty_are_read() {
        let element = first(&[0xbf, 0x81, 0x01, 0]);
        assert!(element.is_context(129));
        assert!(
            Reader::new(&[0xbf, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0])
                .element()
                .is_err()
        );
        assert!(Reader::new(&[0xbf, 0x81]).element().is_err());
    }

    #[test]
    fn a_length_beyond_the_end_is_refused() {
        assert!(Reader::new(&[0x30, 5, 2, 1, 5]).element().is_err());
        assert!(
            Reader::new(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff])
                .element()
                .is_err()
        );
    }
}
