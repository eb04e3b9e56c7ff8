//! The host of a URL, as OpenSSL 3.5 finds it under name constraints.

use memchr::memmem;

/// The two parsers of OpenSSL 3.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parser {
    /// Observed in 3.5.4: anything before `://` is a scheme, and anything before the first `@` a user, even behind a
    /// slash.
    Early,
    /// Observed in 3.5.9: the scheme is RFC 3986's, and the user stands in the authority.
    Strict,
}

/// The host; `None` where `OSSL_parse_url` (crypto/http/http_lib.c) fails or finds no scheme.
///
/// It works on a C string, which ends at the first NUL. A host in brackets keeps them. It may be empty.
pub(super) fn host(url: &[u8], parser: Parser) -> Option<&[u8]> {
    let url = url.split(|byte| *byte == 0).next()?;
    let separator = b"://";
    let (scheme, rest) = url.split_at_checked(memmem::find(url, separator)?)?;
    let rest = rest.strip_prefix(separator)?;
    let authority = match parser {
        Parser::Early if scheme.is_empty() => return None,
        Parser::Early => rest,
        Parser::Strict if !is_scheme(scheme) => return None,
        Parser::Strict => rest.split(|byte| b"/?#".contains(byte)).next()?,
    };
    let rest = match authority.iter().position(|byte| *byte == b'@') {
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

/// RFC 3986 section 3.1.
fn is_scheme(scheme: &[u8]) -> bool {
    let is_other = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    scheme.first().is_some_and(u8::is_ascii_alphabetic) && scheme.iter().all(is_other)
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
    fn the_host_is_found_as_both_parsers_of_openssl_find_it() {
        for (url, expected) in [
            ("https://db.test", Some("db.test")),
            ("https://db.test/path", Some("db.test")),
            ("https://db.test?a=b", Some("db.test")),
            ("https://db.test#a", Some("db.test")),
            ("https://db.test:5432/path", Some("db.test")),
            ("https://db.test:5432", Some("db.test")),
            ("https://db.test:4294967297/", Some("db.test")),
            ("https://me@db.test/", Some("db.test")),
            ("https://me:1@db.test", Some("db.test")),
            ("https://@db.test/", Some("db.test")),
            ("https://a@b@db.test", Some("b@db.test")),
            ("https://[::1]:1/", Some("[::1]")),
            ("https://[::1]@db.test/", Some("db.test")),
            ("https://[a@b]/", Some("b]")),
            ("https:///path", Some("")),
            ("https://a@/b", Some("")),
            ("https://", Some("")),
            ("x://db.test", Some("db.test")),
            ("http+x-1.2://db.test", Some("db.test")),
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
            for parser in [Parser::Early, Parser::Strict] {
                let found = host(url.as_bytes(), parser);
                assert_eq!(found, expected.map(str::as_bytes), "{parser:?} {url:?}");
            }
        }
    }

    #[test]
    fn the_later_parser_takes_only_schemes_and_users_of_rfc_3986() {
        for (url, early, strict) in [
            ("a b://db.test", Some("db.test"), None),
            ("ht\u{2}ps://db.test", Some("db.test"), None),
            ("1://db.test", Some("db.test"), None),
            ("+://db.test", Some("db.test"), None),
            ("-a://db.test", Some("db.test"), None),
            ("a:b://db.test", Some("db.test"), None),
            ("h/s://db.test/", Some("db.test"), None),
            ("?s://db.test", Some("db.test"), None),
            (
                "https://other.test/@db.test/",
                Some("db.test"),
                Some("other.test"),
            ),
            ("https://a?b@db.test/", Some("db.test"), Some("a")),
            ("https://a#b@db.test/", Some("db.test"), Some("a")),
            ("https:///@db.test", Some("db.test"), Some("")),
            ("s://db.test:1/@x", Some("x"), Some("db.test")),
            ("https://a:x/@db.test", Some("db.test"), None),
        ] {
            let both = [Parser::Early, Parser::Strict].map(|parser| host(url.as_bytes(), parser));
            let expected = [early, strict].map(|host| host.map(str::as_bytes));
            assert_eq!(both, expected, "{url:?}");
        }
    }
}
