//! IPv4 addresses in every spelling that C programs accept.

use std::net::Ipv4Addr;

/// Reads what the C library's `inet_aton` reads: one to four numbers, each decimal, octal (`0`) or
/// hexadecimal (`0x`). The last one fills all remaining bytes. Nothing may follow.
pub(crate) fn inet_aton(text: &[u8]) -> Option<Ipv4Addr> {
    let mut parts = Vec::with_capacity(4);
    for part in text.split(|byte| *byte == b'.') {
        if parts.len() == 4 {
            return None;
        }
        parts.push(c_number(part)?);
    }
    let last = parts.pop()?;
    let mut address = 0_u32;
    for &part in &parts {
        address = (address << 8) | u32::from(u8::try_from(part).ok()?);
    }
    let last_bits = 8 * (4 - u32::try_from(parts.len()).ok()?);
    if u64::from(last) >> last_bits != 0 {
        return None;
    }
    let leading = u64::from(address) << last_bits;
    u32::try_from(leading | u64::from(last))
        .ok()
        .map(Ipv4Addr::from)
}

/// A number as C's strtoul with base 0 reads it, with a digit first and nothing after it.
fn c_number(text: &[u8]) -> Option<u32> {
    let (digits, radix) = match text {
        [b'0', b'x' | b'X', digits @ ..] => (digits, 16),
        [b'0', digits @ ..] if !digits.is_empty() => (digits, 8),
        digits => (digits, 10),
    };
    // from_str_radix would accept a sign.
    if !digits.first().is_some_and(u8::is_ascii_hexdigit) {
        return None;
    }
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_c_is_read() {
        for (text, address) in [
            ("127.0.0.1", Some([127, 0, 0, 1])),
            ("127.1", Some([127, 0, 0, 1])),
            ("2130706433", Some([127, 0, 0, 1])),
            ("0x7f000001", Some([127, 0, 0, 1])),
            ("0177.0.0.1", Some([127, 0, 0, 1])),
            ("1.16777215", Some([1, 255, 255, 255])),
            ("1.16777216", None),
            ("4294967296", None),
            ("256.1.1.1", None),
            ("08.0.0.1", None),
            ("1.2.3.4.5", None),
            ("1..2", None),
            ("+1", None),
            ("0x", None),
            ("", None),
            ("127.0.0.1 ", None),
        ] {
            assert_eq!(
                inet_aton(text.as_bytes()),
                address.map(Ipv4Addr::from),
                "{text}"
            );
        }
    }
}
