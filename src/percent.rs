//! Percent-encoding (RFC 3986 section 2.1): what is encoded is all except the unreserved characters (section 2.3).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

/// Any bytes as a component of a URI.
pub fn component(bytes: &[u8]) -> String {
    percent_encode(bytes, COMPONENT).to_string()
}

/// A path. Its slashes are not encoded.
pub fn path<T: AsRef<[u8]> + ?Sized>(text: &T) -> String {
    percent_encode(text.as_ref(), PATH).to_string()
}

/// The bytes that are meant. A percent sign that does not begin an encoded byte stays.
pub fn decoded(bytes: &[u8]) -> Vec<u8> {
    percent_decode(bytes).collect()
}

const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

const PATH: &AsciiSet = &COMPONENT.remove(b'/');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unreserved_characters_stay() {
        assert_eq!(component(b"aZ09-._~"), "aZ09-._~");
        assert_eq!(component(b"p/w@\xff %"), "p%2Fw%40%FF%20%25");
        assert_eq!(path("/tmp/a b/100%&x=é"), "/tmp/a%20b/100%25%26x%3D%C3%A9");
    }
}
