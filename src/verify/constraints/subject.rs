//! One name, compared with the base of one subtree (`nc_match_single` and what it calls).

use std::net::IpAddr;

use crate::verify::fault::FaultKind;
use crate::verify::url;
use crate::x509::{GeneralName, Name};

/// How OpenSSL finds the host in a URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UriSyntax {
    /// Up to 3.4: between `://` and the next colon, or else the next slash.
    Separators,
    /// Since 3.5: `OSSL_parse_url`.
    Parsed(url::Parser),
}

impl UriSyntax {
    /// One of each.
    pub(super) const ALL: [Self; 3] = [
        Self::Separators,
        Self::Parsed(url::Parser::Early),
        Self::Parsed(url::Parser::Strict),
    ];
}

/// A name to be compared with constraints.
pub(in crate::verify) enum Subject<'a> {
    Directory(&'a Name),
    Dns(&'a [u8]),
    Email(&'a [u8]),
    SmtpUtf8(Option<&'a [u8]>),
    Uri(&'a [u8]),
    Ip(&'a [u8]),
    /// An otherName that OpenSSL does not compare. Its type decides whether a constraint applies to
    /// it.
    OtherName(&'a str),
    /// A name of a kind that OpenSSL does not compare. Its tag decides whether a constraint applies
    /// to it.
    Other(u8),
}

impl<'a> From<&'a GeneralName> for Subject<'a> {
    fn from(name: &'a GeneralName) -> Self {
        match name {
            GeneralName::Dns(bytes) => Self::Dns(bytes),
            GeneralName::Ip(bytes) => Self::Ip(bytes),
            GeneralName::Email(bytes) => Self::Email(bytes),
            GeneralName::Uri(bytes) => Self::Uri(bytes),
            GeneralName::Directory(name) => Self::Directory(name),
            GeneralName::SmtpUtf8(mailbox) => Self::SmtpUtf8(mailbox.as_deref()),
            GeneralName::OtherName(oid, _) => Self::OtherName(oid),
            GeneralName::Other(tag, _) => Self::Other(*tag),
        }
    }
}

impl Subject<'_> {
    /// For people; a network has its mask.
    pub(super) fn to_text(&self) -> String {
        let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match self {
            Self::Directory(name) => name.text.clone(),
            Self::Dns(bytes) | Self::Email(bytes) | Self::Uri(bytes) => lossy(bytes),
            Self::SmtpUtf8(mailbox) => mailbox.map_or_else(String::new, lossy),
            Self::Ip(bytes) => ip_text(bytes),
            Self::OtherName(oid) => format!("otherName {oid}"),
            Self::Other(tag) => format!("name of type {tag}"),
        }
    }

    /// Does the constraint apply to names of this kind?
    pub(in crate::verify) fn is_meant_by(&self, base: &GeneralName) -> bool {
        match self {
            Self::Directory(_) => matches!(base, GeneralName::Directory(_)),
            Self::Dns(_) => matches!(base, GeneralName::Dns(_)),
            Self::Email(_) | Self::SmtpUtf8(_) => matches!(base, GeneralName::Email(_)),
            Self::Uri(_) => matches!(base, GeneralName::Uri(_)),
            Self::Ip(_) => matches!(base, GeneralName::Ip(_)),
            Self::OtherName(a) => matches!(base, GeneralName::OtherName(b, _) if a == b),
            Self::Other(a) => matches!(base, GeneralName::Other(b, _) if a == b),
        }
    }

    /// Is the name in the subtree?
    pub(super) fn is_in(&self, base: &GeneralName, syntax: UriSyntax) -> Result<bool, FaultKind> {
        match (self, base) {
            (Self::Directory(name), GeneralName::Directory(base)) => {
                Ok(name.canonical.starts_with(&base.canonical))
            }
            (Self::Dns(name), GeneralName::Dns(base)) => Ok(dns_is_in(name, base)),
            (Self::Email(name), GeneralName::Email(base)) => email_is_in(name, base),
            (Self::SmtpUtf8(name), GeneralName::Email(base)) => utf8_email_is_in(*name, base),
            (Self::Uri(name), GeneralName::Uri(base)) => uri_is_in(name, base, syntax),
            (Self::Ip(address), GeneralName::Ip(base)) => ip_is_in(address, base),
            _ => Err(FaultKind::UnsupportedConstraintType),
        }
    }
}

/// An address, or a network as address and mask.
fn ip_text(bytes: &[u8]) -> String {
    let address = |bytes: &[u8]| -> Option<IpAddr> {
        if let Ok(four) = <[u8; 4]>::try_from(bytes) {
            return Some(four.into());
        }
        <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
    };
    if let Some(address) = address(bytes) {
        // 16 bytes can also be an IPv6 address; a network has 8 or 32.
        return address.to_string();
    }
    let (network, mask) = bytes.split_at(bytes.len() / 2);
    match address(network).zip(address(mask)) {
        Some((network, mask)) => format!("{network}/{mask}"),
        None => format!("an address of {} bytes", bytes.len()),
    }
}

/// A base without a leading dot covers itself and everything below it. A base with a leading dot
/// covers only what is below it.
fn dns_is_in(name: &[u8], base: &[u8]) -> bool {
    let Some(cut) = name.len().checked_sub(base.len()) else {
        return false;
    };
    let Some((labels, tail)) = name.split_at_checked(cut) else {
        return false;
    };
    let at_label = labels.is_empty() || base.first() == Some(&b'.') || labels.last() == Some(&b'.');
    base.is_empty() || (at_label && tail.eq_ignore_ascii_case(base))
}

fn split_at_sign(address: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = address.iter().rposition(|byte| *byte == b'@')?;
    let (local, domain) = address.split_at_checked(at)?;
    Some((local, domain.get(1..)?))
}

fn email_is_in(name: &[u8], base: &[u8]) -> Result<bool, FaultKind> {
    let (local, domain) = split_at_sign(name).ok_or(FaultKind::UnsupportedNameSyntax)?;
    let (base_local, base_domain) = match split_at_sign(base) {
        Some((local, domain)) => (local, domain),
        None if base.first() == Some(&b'.') => return Ok(is_below(name, base)),
        None => (&[][..], base),
    };
    if !base_local.is_empty() {
        if local.len() != base_local.len() {
            return Ok(false);
        }
        if local.contains(&0) || base_local.contains(&0) {
            return Err(FaultKind::UnsupportedNameSyntax);
        }
        if local != base_local {
            return Ok(false);
        }
    }
    Ok(domain.eq_ignore_ascii_case(base_domain))
}

/// Does the name end with the base, with something before it?
fn is_below(name: &[u8], base: &[u8]) -> bool {
    name.len() > base.len()
        && name
            .len()
            .checked_sub(base.len())
            .and_then(|cut| name.get(cut..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(base))
}

/// `nc_email_eai` (RFC 8398 section 6). OpenSSL decodes A-labels in the base. We do not: such a base
/// matches nothing and counts as an error, so no name passes because of it.
fn utf8_email_is_in(name: Option<&[u8]>, base: &[u8]) -> Result<bool, FaultKind> {
    if base.contains(&0) {
        return Err(FaultKind::UnsupportedNameSyntax);
    }
    let name = name.ok_or(FaultKind::UnsupportedNameSyntax)?;
    split_at_sign(name).ok_or(FaultKind::UnsupportedNameSyntax)?;
    if base
        .to_ascii_lowercase()
        .windows(4)
        .any(|window| window == b"xn--")
    {
        return Err(FaultKind::Unspecified);
    }
    email_is_in(name, base)
}

/// `nc_uri`.
fn uri_is_in(uri: &[u8], base: &[u8], syntax: UriSyntax) -> Result<bool, FaultKind> {
    let host = match syntax {
        UriSyntax::Separators => separated_host(uri),
        UriSyntax::Parsed(parser) => url::host(uri, parser),
    };
    let host = host.ok_or(FaultKind::UnsupportedNameSyntax)?;
    if base.first() == Some(&b'.') {
        return Ok(is_below(host, base));
    }
    Ok(host.eq_ignore_ascii_case(base))
}

/// The text between `scheme://` and the next colon, or else the next slash. Never empty.
fn separated_host(uri: &[u8]) -> Option<&[u8]> {
    let colon = uri.iter().position(|byte| *byte == b':')?;
    let rest = uri.get(colon..)?.strip_prefix(b"://")?;
    let find = |wanted: u8| rest.iter().position(|byte| *byte == wanted);
    let end = find(b':').or_else(|| find(b'/')).unwrap_or(rest.len());
    rest.get(..end).filter(|host| !host.is_empty())
}

fn ip_is_in(address: &[u8], base: &[u8]) -> Result<bool, FaultKind> {
    if !matches!(address.len(), 4 | 16) || !matches!(base.len(), 8 | 32) {
        return Err(FaultKind::UnsupportedNameSyntax);
    }
    let Some((network, mask)) = base.split_at_checked(address.len()) else {
        return Ok(false);
    };
    if mask.len() != address.len() {
        return Ok(false);
    }
    let mut bytes = address.iter().zip(network).zip(mask);
    Ok(bytes.all(|((address, network), mask)| address & mask == network & mask))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_covers_itself_and_what_is_below_in_any_case() {
        for (name, base, expected) in [
            ("db.example.test", "example.test", true),
            ("db.example.test", "db.example.test", true),
            ("DB.EXAMPLE.TEST", "example.test", true),
            ("db.example.test", ".example.test", true),
            ("example.test", ".example.test", false),
            ("dbexample.test", "example.test", false),
            ("test", "example.test", false),
            ("anything", "", true),
        ] {
            let is_in = dns_is_in(name.as_bytes(), base.as_bytes());
            assert_eq!(is_in, expected, "{name} in {base}");
        }
    }

    #[test]
    fn an_address_is_compared_by_mailbox_and_host() {
        let bad = Err(FaultKind::UnsupportedNameSyntax);
        for (name, base, expected) in [
            ("me@example.test", "example.test", Ok(true)),
            ("me@EXAMPLE.test", "example.test", Ok(true)),
            ("me@sub.example.test", "example.test", Ok(false)),
            ("me@sub.example.test", ".example.test", Ok(true)),
            ("me@example.test", ".example.test", Ok(false)),
            ("me@example.test", "me@example.test", Ok(true)),
            ("ME@example.test", "me@example.test", Ok(false)),
            ("me@example.test", "@example.test", Ok(true)),
            ("example.test", "example.test", bad.clone()),
            ("m\0@example.test", "m\0@example.test", bad),
        ] {
            let is_in = email_is_in(name.as_bytes(), base.as_bytes());
            assert_eq!(is_in, expected, "{name} in {base}");
        }
    }

    #[test]
    fn the_host_of_a_uri_ends_at_the_next_colon_or_else_slash() {
        for (uri, expected) in [
            ("https://db.test", Some("db.test")),
            ("https://db.test/path", Some("db.test")),
            ("https://db.test:5432/path", Some("db.test")),
            ("https://me@db.test/", Some("me@db.test")),
            ("https://db.test/a:b", Some("db.test/a")),
            ("https:///path", None),
            ("https:/db.test", None),
            ("urn:db.test", None),
            ("db.test", None),
        ] {
            let host = separated_host(uri.as_bytes());
            assert_eq!(host, expected.map(str::as_bytes), "{uri}");
        }
    }

    #[test]
    fn networks_are_compared_under_their_mask() {
        let ten = [10, 0, 0, 0, 255, 0, 0, 0];
        assert_eq!(ip_is_in(&[10, 1, 2, 3], &ten), Ok(true));
        assert_eq!(ip_is_in(&[11, 1, 2, 3], &ten), Ok(false));
        assert_eq!(ip_is_in(&[0; 16], &ten), Ok(false));
        assert!(ip_is_in(&[10, 1, 2], &ten).is_err());
        assert!(ip_is_in(&[10, 1, 2, 3], &ten[..5]).is_err());
    }

    #[test]
    fn an_address_reads_as_one_and_a_network_has_its_mask() {
        assert_eq!(ip_text(&[10, 0, 0, 0, 255, 0, 0, 0]), "10.0.0.0/255.0.0.0");
        assert_eq!(ip_text(&[10, 0, 0, 1]), "10.0.0.1");
        assert_eq!(ip_text(&[1, 2, 3]), "an address of 3 bytes");
    }
}
