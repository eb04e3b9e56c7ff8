//! The host of a URL, as OpenSSL 3.5 finds it under name constraints.

use memchr::memmem;

/// The host; `None` where `OSSL_parse_url` (crypto/http/http_lib.c) fails or finds no scheme.
///
/// It works on a C string, which ends at the first NUL. A user is whatever is before the first `@`, even behind
/// a slash. A host in brackets keeps them. It may be empty.
pub(super) fn host(url: &[u8]) -> Option<&[u8]> {
    let url = url.split(|byte| *byte == 0).next()?;
    let separator = b"://";
    let scheme_end = memmem::find(url, separator).filter(|end| *end > 0)?;
    let rest = url.get(scheme_end..)?.strip_prefix(separator)?;
    let rest = match rest.iter().position(|byte| *byte == b'@') {
        Some(at) => rest.get(at.checked_add(1)?..)?,
        None => rest,
    };
    let end = if rest.first() == Some(&b'[') {
        rest.iter().position(|byte| *byte == b']')?.checked_add(1)?
    } else {
        let ends = |byte: &u8| b":/?#".contains(byte);
        rest.iter().position(ends).unwrap_or(rest.len())
    };
    let (host, rest) = rest.split_at_checked(end)?;
    let path = match rest.strip_prefix(b":") {
        Some(rest) => after_port(rest)?,
        None => rest,
    };
    matches!(path.first(), None | Some(b'/' | b'?' | b'#')).then_some(host)
}

/// What follows a port. The number is read by `sscanf` with `%u`, which keeps the lowest 32 bits.
fn after_port(text: &[u8]) -> Option<&[u8]> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(digits)?;
    let number: u64 = str::from_utf8(digits).ok()?.parse().ok()?;
    u16::try_from(number & u64::from(u32::MAX)).ok()?;
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_found_as_openssl_finds_it() {
        for (url, expected) in [
            ("https://db.test", Some("db.test")),
            ("https://db.test/path", Some("db.test")),
            ("https://db.test?a=b", Some("db.test")),
            ("https://db.test#a", Some("db.test")),
            ("https://db.test:5432/path", Some("db.test")),
            ("https://db.test:5432", Some("db.test")),
            ("https://db.test:4294967297/", Some("db.test")),
            ("https://me@db.test/", Some("db.test")),
            ("https://other.test/@db.test/", Some("db.test")),
            ("https://a@b@db.test", Some("b@db.test")),
            ("https://[::1]:1/", Some("[::1]")),
            ("https:///path", Some("")),
            ("https://", Some("")),
            ("a b://db.test", Some("db.test")),
            ("https://db.test\0.evil", Some("db.test")),
            ("https://db.test:", None),
            ("https://db.test:/", None),
            ("https://db.test:65536/", None),
            ("https://db.test:99999999999999999999/", None),
            ("https://db.test: 1/", None),
            ("https://db.test:+1/", None),
            ("https://db.test:1x", None),
            ("https://[::1", None),
            ("https://[::1]x", None),
            ("://db.test", None),
            ("https:/db.test", None),
            ("urn:db.test", None),
            ("db.test", None),
            ("", None),
        ] {
            assert_eq!(host(url.as_bytes()), expected.map(str::as_bytes), "{url:?}");
        }
    }
}
