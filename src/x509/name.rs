//! Distinguished names, compared as OpenSSL compares them.

use aws_lc_rs::digest;

use super::der::{Element, Malformed, Reader, Result, tag};

/// A distinguished name (RFC 5280 section 4.1.2.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// DER of the whole Name, header included.
    pub der: Vec<u8>,
    /// OpenSSL's canonical encoding (`x509_name_canon` in crypto/x509/x_name.c): two names are
    /// equal if these bytes are.
    pub canonical: Vec<u8>,
    /// For people, as `openssl x509 -nameopt oneline` would print it: `C = US, O = X, CN = Y`.
    /// `(empty)` without attributes. Not escaped for terminals.
    pub text: String,
    /// The raw string contents of every commonName, in order, without conversion of string types.
    pub common_names: Vec<Vec<u8>>,
    /// Every attribute in the order of the encoding.
    pub attributes: Vec<Attribute>,
}

/// One attribute of a name, with its string as encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Dotted object identifier of the attribute's type.
    pub oid: String,
    /// Universal tag number of the string.
    pub tag: u32,
    /// Contents of the string.
    pub value: Vec<u8>,
}

/// Dotted identifier of commonName.
pub const COMMON_NAME: &str = "2.5.4.3";
/// Dotted identifier of the PKCS #9 emailAddress.
pub const EMAIL_ADDRESS: &str = "1.2.840.113549.1.9.1";

impl Name {
    /// Are the two equal by OpenSSL's rules (`X509_NAME_cmp`)?
    pub fn matches(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }

    /// Does it have no attributes?
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty()
    }

    /// The number in the file names of hashed directories: `%08x.0` for certificates, `%08x.r0` for
    /// CRLs (`X509_NAME_hash_ex`).
    pub fn hash(&self) -> u32 {
        let sha1 = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &self.canonical);
        sha1.as_ref()
            .first_chunk::<4>()
            .map_or(0, |first| u32::from_le_bytes(*first))
    }

    /// A name without attributes.
    pub(super) fn empty() -> Self {
        Self {
            der: vec![0x30, 0],
            canonical: Vec::new(),
            text: "(empty)".to_owned(),
            common_names: Vec::new(),
            attributes: Vec::new(),
        }
    }

    /// Reads the DER of a name; `None` if it is not a name.
    pub fn parse(der: &[u8]) -> Option<Self> {
        Self::read(&mut Reader::new(der)).ok()
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        Self::from_element(&reader.universal(tag::SEQUENCE)?)
    }

    pub(super) fn from_element(element: &Element<'_>) -> Result<Self> {
        let mut canonical = Vec::new();
        let mut text = String::new();
        let mut attributes = Vec::new();
        let mut sets = element.members();
        while !sets.is_empty() {
            let set = RelativeName::read(&sets.universal(tag::SET)?)?;
            canonical.extend(set.canonical);
            append_text(&mut text, &set.attributes);
            attributes.extend(set.attributes);
        }
        let common_names = attributes
            .iter()
            .filter(|attribute| attribute.oid == COMMON_NAME)
            .map(|attribute| attribute.value.clone())
            .collect();
        if attributes.is_empty() {
            text.push_str("(empty)");
        }
        Ok(Self {
            der: element.whole.to_vec(),
            canonical,
            text,
            common_names,
            attributes,
        })
    }

    /// This name with one more relative distinguished name at the end (nameRelativeToCRLIssuer, RFC
    /// 5280 section 4.2.1.13). Its `der` stays that of the shorter name.
    pub(super) fn with_relative(&self, set: &Element<'_>) -> Result<Self> {
        let set = RelativeName::read(set)?;
        let mut longer = self.clone();
        if self.is_empty() {
            longer.text.clear();
        }
        longer.canonical.extend(set.canonical);
        append_text(&mut longer.text, &set.attributes);
        longer.attributes.extend(set.attributes);
        Ok(longer)
    }
}

impl Attribute {
    /// The string as text, if its type is one that OpenSSL converts (`ASN1_STRING_to_UTF8`).
    pub fn to_text(&self) -> Option<String> {
        match self.tag {
            tag::UTF8_STRING => String::from_utf8(self.value.clone()).ok(),
            tag::BMP_STRING => wide_text::<2>(&self.value),
            tag::UNIVERSAL_STRING => wide_text::<4>(&self.value),
            tag::NUMERIC_STRING | tag::PRINTABLE_STRING | tag::TELETEX_STRING | tag::IA5_STRING => {
                Some(self.value.iter().map(|byte| char::from(*byte)).collect())
            }
            _ => None,
        }
    }

    /// Lower-case UTF-8 with single spaces; `None` if OpenSSL compares this type unchanged.
    fn canonical_text(&self) -> Result<Option<String>> {
        let comparable = matches!(
            self.tag,
            tag::UTF8_STRING
                | tag::BMP_STRING
                | tag::UNIVERSAL_STRING
                | tag::PRINTABLE_STRING
                | tag::TELETEX_STRING
                | tag::IA5_STRING
        );
        if !comparable {
            return Ok(None);
        }
        // OpenSSL drops the whole certificate if a string does not convert.
        let text = self.to_text().ok_or(Malformed)?;
        let words: Vec<&str> = text
            .split(is_space)
            .filter(|word| !word.is_empty())
            .collect();
        Ok(Some(words.join(" ").to_ascii_lowercase()))
    }
}

/// `ossl_isspace`: the six white-space characters of the C locale.
fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t'..='\r')
}

fn wide_text<const WIDTH: usize>(bytes: &[u8]) -> Option<String> {
    let (units, []) = bytes.as_chunks::<WIDTH>() else {
        return None;
    };
    let number = |unit: &[u8; WIDTH]| unit.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
    units
        .iter()
        .map(|unit| char::from_u32(number(unit)))
        .collect()
}

/// One SET of a name. It may contain several attributes.
struct RelativeName {
    attributes: Vec<Attribute>,
    /// DER of the SET, its members sorted as DER requires; empty if it has none.
    canonical: Vec<u8>,
}

impl RelativeName {
    fn read(set: &Element<'_>) -> Result<Self> {
        let mut attributes = Vec::new();
        let mut members = Vec::new();
        let mut entries = set.members();
        while !entries.is_empty() {
            let mut entry = entries.sequence()?;
            let oid = entry.universal(tag::OID)?;
            let value = entry.element()?;
            entry.finish()?;
            if !may_be_value(&value) {
                return Err(Malformed);
            }
            let attribute = Attribute {
                oid: oid.oid()?,
                tag: value.tag,
                value: value.contents.to_vec(),
            };
            let mut member = encode(OID, oid.contents)?;
            match attribute.canonical_text()? {
                Some(text) => member.extend(encode(UTF8_STRING, text.as_bytes())?),
                None => member.extend_from_slice(value.whole),
            }
            members.push(encode(SEQUENCE, &member)?);
            attributes.push(attribute);
        }
        members.sort();
        let canonical = if members.is_empty() {
            Vec::new()
        } else {
            encode(SET, &members.concat())?
        };
        Ok(Self {
            attributes,
            canonical,
        })
    }
}

/// The types that OpenSSL's `ASN1_PRINTABLE` lets through (`B_ASN1_PRINTABLE`): VisibleString, for
/// example, is not one of them.
fn may_be_value(element: &Element<'_>) -> bool {
    const UNKNOWN_TO_OPENSSL: [u32; 8] = [7, 8, 9, 11, 13, 14, 15, 29];
    match element.tag {
        _ if !element.has_universal_class() => false,
        _ if element.check_any().is_err() => false,
        tag::BIT_STRING
        | tag::UTF8_STRING
        | tag::SEQUENCE
        | tag::NUMERIC_STRING
        | tag::PRINTABLE_STRING
        | tag::TELETEX_STRING
        | tag::IA5_STRING
        | tag::UNIVERSAL_STRING
        | tag::BMP_STRING => true,
        other => UNKNOWN_TO_OPENSSL.contains(&other),
    }
}

// Identifier octets of the types in a canonical name.
const OID: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

fn encode(identifier: u8, contents: &[u8]) -> Result<Vec<u8>> {
    let mut der = vec![identifier];
    match u8::try_from(contents.len()) {
        Ok(short @ ..0x80) => der.push(short),
        _ => {
            let length = contents.len().to_be_bytes();
            let significant: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
            der.push(0x80 | u8::try_from(significant.len()).map_err(|_| Malformed)?);
            der.extend(significant);
        }
    }
    der.extend_from_slice(contents);
    Ok(der)
}

fn append_text(text: &mut String, set: &[Attribute]) {
    for (index, attribute) in set.iter().enumerate() {
        text.push_str(match (text.is_empty(), index) {
            (true, _) => "",
            (false, 0) => ", ",
            (false, _) => " + ",
        });
        text.push_str(short_name(&attribute.oid));
        text.push_str(" = ");
        match attribute.to_text() {
            Some(value) => text.push_str(&quoted(value)),
            None => {
                text.push('#');
                text.push_str(&data_encoding::HEXUPPER.encode(&attribute.value));
            }
        }
    }
}

/// Quotes a value that could be misread, as `-nameopt oneline` does.
fn quoted(value: String) -> String {
    let special = value.contains([',', '+', '"', '\\', '<', '>', ';'])
        || value.starts_with([' ', '#'])
        || value.ends_with(' ');
    if !special {
        return value;
    }
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// OpenSSL's short names of the attributes seen in certificates; others stay dotted.
fn short_name(oid: &str) -> &str {
    match oid {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "street",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "title",
        "2.5.4.13" => "description",
        "2.5.4.15" => "businessCategory",
        "2.5.4.17" => "postalCode",
        "2.5.4.41" => "name",
        "2.5.4.42" => "GN",
        "2.5.4.43" => "initials",
        "2.5.4.46" => "dnQualifier",
        "2.5.4.65" => "pseudonym",
        "2.5.4.97" => "organizationIdentifier",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        "1.2.840.113549.1.9.1" => "emailAddress",
        "1.2.840.113549.1.9.2" => "unstructuredName",
        "1.3.6.1.4.1.311.60.2.1.1" => "jurisdictionL",
        "1.3.6.1.4.1.311.60.2.1.2" => "jurisdictionST",
        "1.3.6.1.4.1.311.60.2.1.3" => "jurisdictionC",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMON_NAME_DER: [u8; 5] = [0x06, 0x03, 0x55, 0x04, 0x03];

    /// A name of one set with these commonNames.
    fn name(values: &[(u32, &[u8])]) -> Result<Name> {
        let entry = |(tag, value): &(u32, &[u8])| {
            let value = encode(u8::try_from(*tag).unwrap(), value).unwrap();
            encode(SEQUENCE, &[&COMMON_NAME_DER[..], &value].concat()).unwrap()
        };
        let set: Vec<u8> = values.iter().flat_map(entry).collect();
        let der = encode(SEQUENCE, &encode(SET, &set).unwrap()).unwrap();
        Name::read(&mut Reader::new(&der))
    }

    fn utf8(value: &str) -> Name {
        name(&[(tag::UTF8_STRING, value.as_bytes())]).unwrap()
    }

    #[test]
    fn letter_case_and_repeated_spaces_do_not_change_a_name() {
        assert!(utf8("My  CA").matches(&utf8(" my\tca ")));
        assert!(!utf8("My CA").matches(&utf8("MyCA")));
        assert!(!utf8("Ä").matches(&utf8("ä")));
    }

    #[test]
    fn string_types_do_not_change_a_name() {
        let plain = utf8("Zoë");
        for (tag, value) in [
            (tag::TELETEX_STRING, &b"Zo\xeb"[..]),
            (tag::BMP_STRING, b"\0Z\0o\0\xeb"),
            (tag::UNIVERSAL_STRING, b"\0\0\0Z\0\0\0o\0\0\0\xeb"),
        ] {
            assert!(name(&[(tag, value)]).unwrap().matches(&plain), "tag {tag}");
        }
        let digits = name(&[(tag::NUMERIC_STRING, b"12")]).unwrap();
        assert!(!digits.matches(&utf8("12")));
    }

    #[test]
    fn the_order_within_a_set_does_not_change_a_name() {
        let (a, b) = ((tag::UTF8_STRING, &b"a"[..]), (tag::UTF8_STRING, &b"b"[..]));
        assert!(name(&[a, b]).unwrap().matches(&name(&[b, a]).unwrap()));
    }

    #[test]
    fn strings_that_do_not_convert_are_refused() {
        for (tag, value) in [
            (tag::UTF8_STRING, &b"\xff"[..]),
            (tag::BMP_STRING, b"odd"),
            (tag::BMP_STRING, b"\xd8\0"),
            (0x1a, b"VisibleString"),
            (tag::OCTET_STRING, b"octets"),
        ] {
            assert_eq!(name(&[(tag, value)]).err(), Some(Malformed), "{value:02x?}");
        }
    }

    #[test]
    fn common_names_stay_raw() {
        let name = name(&[(tag::BMP_STRING, b"\0d\0b")]).unwrap();
        assert_eq!(name.common_names, [b"\0d\0b"]);
        assert_eq!(name.text, "CN = db");
    }

    #[test]
    fn text_that_could_be_misread_is_quoted() {
        for (value, expected) in [
            ("db", "CN = db"),
            ("a, O = b", "CN = \"a, O = b\""),
            ("a\"b", "CN = \"a\\\"b\""),
            ("#0a", "CN = \"#0a\""),
        ] {
            assert_eq!(utf8(value).text, expected);
        }
        let two = name(&[(tag::UTF8_STRING, b"a"), (tag::UTF8_STRING, b"b")]).unwrap();
        assert_eq!(two.text, "CN = a + CN = b");
    }
}
