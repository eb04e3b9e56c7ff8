//! Does the certificate name this host? libpq's rules, not RFC 6125's.
//!
//! The steps are those of `pgtls_verify_peer_name_matches_certificate_guts` in PostgreSQL's
//! fe-secure-openssl.c, the comparisons those of fe-secure-common.c.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::escape::escape;
use crate::inet::inet_aton;
use crate::x509::GeneralName;

/// The name that matches the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameMatch {
    /// The name as it is in the certificate; an address as text. Not escaped for terminals.
    pub matched: Vec<u8>,
    /// Where the name is.
    pub rule: Rule,
}

/// Where in a certificate a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// A dNSName of the subject alternative name.
    SanDns,
    /// An iPAddress of the subject alternative name.
    SanIp,
    /// The subject's first common name.
    CommonName,
}

/// Why no name matches the host. `Display` is libpq's own sentence, with the bytes of the
/// certificate and of the host escaped for terminals.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// Every name was compared, and none matches the host.
    #[error("server certificate for \"{}\"{} does not match host name \"{}\"",
        escape(first), Others(others.len()), escape(host))]
    Mismatch {
        /// The host that was asked for.
        host: Vec<u8>,
        /// The first name compared; an address as text.
        first: Vec<u8>,
        /// The other names compared, in order. Includes the common name only if it counted.
        others: Vec<Vec<u8>>,
    },
    /// The certificate has no name of a kind that counts.
    #[error("could not get server's host name from server certificate")]
    NoName,
    /// A name with a NUL in it came before any match. A C program would compare only what is before
    /// the NUL (CVE-2009-4034), so libpq refuses the whole certificate.
    #[error("SSL certificate's name contains embedded null")]
    EmbeddedNul {
        /// The name, NUL included.
        name: Vec<u8>,
        /// Where it is: a dNSName or the common name.
        rule: Rule,
    },
    /// An iPAddress that is not an address came before any match.
    #[error("certificate contains IP address with invalid length {}", address.len())]
    BadIpLength {
        /// The entry's contents; neither 4 nor 16 bytes.
        address: Vec<u8>,
    },
    /// There is no host name to compare with.
    #[error("host name must be specified for a verified SSL connection")]
    NoHost,
}

/// Looks for `host` among the names of a certificate.
///
/// `host` is compared byte for byte as the user wrote it (final dot included, letters in either
/// case). `subject_alt_names` are the extension's entries in order, or `None` without the
/// extension. `common_names` are the subject's commonName values in order, as raw bytes.
///
/// # Errors
/// See [`NameFault`]. The walk ends at the first match or broken name, whichever comes first.
pub fn match_host(
    host: &[u8],
    subject_alt_names: Option<&[GeneralName]>,
    common_names: &[Vec<u8>],
) -> Result<NameMatch, NameFault> {
    find(host, subject_alt_names, common_names, Addresses::Compared)
}

/// The same by the rules of libpq 14 and older, which compare no addresses: a dNSName excludes the common name for
/// every host, and nothing else does (`pgtls_verify_peer_name_matches_certificate_guts` in PostgreSQL 14).
///
/// # Errors
/// See [`match_host`].
pub fn match_host_before_15(
    host: &[u8],
    subject_alt_names: Option<&[GeneralName]>,
    common_names: &[Vec<u8>],
) -> Result<NameMatch, NameFault> {
    find(host, subject_alt_names, common_names, Addresses::Ignored)
}

/// What becomes of the iPAddress entries of a certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Addresses {
    /// They are compared, and exclude the common name for a host that is an address.
    Compared,
    /// They are passed over: libpq 14 and older.
    Ignored,
}

fn find(
    host: &[u8],
    subject_alt_names: Option<&[GeneralName]>,
    common_names: &[Vec<u8>],
    addresses: Addresses,
) -> Result<NameMatch, NameFault> {
    if host.is_empty() {
        return Err(NameFault::NoHost);
    }
    let mut walk = Walk {
        host: Host::new(host),
        examined: Vec::new(),
    };
    let mut common_name_counts = true;
    for entry in subject_alt_names.unwrap_or_default() {
        let found = match (entry, addresses) {
            (GeneralName::Dns(name), _) => {
                common_name_counts &= addresses == Addresses::Compared && walk.host.is_address();
                walk.text(name, Rule::SanDns)?
            }
            (GeneralName::Ip(address), Addresses::Compared) => {
                common_name_counts &= !walk.host.is_address();
                walk.address(address)?
            }
            (GeneralName::Ip(_), Addresses::Ignored)
            | (
                GeneralName::Email(_)
                | GeneralName::Uri(_)
                | GeneralName::Directory(_)
                | GeneralName::SmtpUtf8(_)
                | GeneralName::OtherName(..)
                | GeneralName::Other(..),
                _,
            ) => None,
        };
        if let Some(found) = found {
            return Ok(found);
        }
    }
    if common_name_counts
        && let Some(name) = common_names.first()
        && let Some(found) = walk.text(name, Rule::CommonName)?
    {
        return Ok(found);
    }
    Err(walk.fault())
}

/// The host in each form in which a certificate can name it.
struct Host<'a> {
    text: &'a [u8],
    v4: Option<Ipv4Addr>,
    v6: Option<Ipv6Addr>,
}

impl<'a> Host<'a> {
    fn new(text: &'a [u8]) -> Self {
        // Rust's parser accepts the same spellings as inet_pton(AF_INET6).
        let v6 = std::str::from_utf8(text)
            .ok()
            .and_then(|text| text.parse().ok());
        Self {
            text,
            v4: inet_aton(until_blank(text)),
            v6,
        }
    }

    /// Decides whether it is a dNSName or an iPAddress that makes the common name irrelevant.
    fn is_address(&self) -> bool {
        self.v4.is_some() || self.v6.is_some()
    }
}

/// A walk through the names. It records which names were compared.
struct Walk<'a> {
    host: Host<'a>,
    examined: Vec<Vec<u8>>,
}

impl Walk<'_> {
    fn text(&mut self, name: &[u8], rule: Rule) -> Result<Option<NameMatch>, NameFault> {
        if name.contains(&0) {
            return Err(NameFault::EmbeddedNul {
                name: name.to_vec(),
                rule,
            });
        }
        let host = self.host.text;
        let matches = name.eq_ignore_ascii_case(host) || wildcard_matches(name, host);
        Ok(self.looked_at(name.to_vec(), rule, matches))
    }

    fn address(&mut self, address: &[u8]) -> Result<Option<NameMatch>, NameFault> {
        let (text, matches) = if let Ok(octets) = <[u8; 4]>::try_from(address) {
            let v4 = Ipv4Addr::from(octets);
            (v4.to_string(), self.host.v4 == Some(v4))
        } else if let Ok(octets) = <[u8; 16]>::try_from(address) {
            let v6 = Ipv6Addr::from(octets);
            (inet_net_ntop(v6), self.host.v6 == Some(v6))
        } else {
            return Err(NameFault::BadIpLength {
                address: address.to_vec(),
            });
        };
        Ok(self.looked_at(text.into_bytes(), Rule::SanIp, matches))
    }

    fn looked_at(&mut self, name: Vec<u8>, rule: Rule, matches: bool) -> Option<NameMatch> {
        if matches {
            return Some(NameMatch {
                matched: name,
                rule,
            });
        }
        self.examined.push(name);
        None
    }

    fn fault(self) -> NameFault {
        let mut examined = self.examined.into_iter();
        match examined.next() {
            None => NameFault::NoName,
            Some(first) => NameFault::Mismatch {
                host: self.host.text.to_vec(),
                first,
                others: examined.collect(),
            },
        }
    }
}

/// `*.` at the very start matches one label (libpq's `wildcard_certificate_match`).
fn wildcard_matches(pattern: &[u8], host: &[u8]) -> bool {
    let Some(domain) = pattern.strip_prefix(b"*.") else {
        return false;
    };
    let Some(label_length) = host.len().checked_sub(domain.len().saturating_add(1)) else {
        return false;
    };
    let Some((label, rest)) = host.split_at_checked(label_length) else {
        return false;
    };
    !domain.is_empty()
        && !label.is_empty()
        && rest.strip_prefix(b".").is_some_and(|rest| rest.eq_ignore_ascii_case(domain))
        // libpq stops looking for dots one character early, so `*.b` matches the host `a..b`.
        && !label.iter().rev().skip(1).any(|&byte| byte == b'.')
}

/// The C library's inet_aton ignores everything after a space.
fn until_blank(text: &[u8]) -> &[u8] {
    text.split(|byte| is_c_space(*byte))
        .next()
        .unwrap_or_default()
}

fn is_c_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// An IPv6 address as PostgreSQL prints it (`inet_net_ntop_ipv6` in src/port/inet_net_ntop.c):
/// unlike Rust it writes the last 32 bits of `::a.b.c.d` in dotted form.
fn inet_net_ntop(address: Ipv6Addr) -> String {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, high, _] if high != 0 => {
            let [.., a, b, c, d] = address.octets();
            format!("::{}", Ipv4Addr::new(a, b, c, d))
        }
        _ => address.to_string(),
    }
}

/// How many names beside the first, in libpq's words.
struct Others(usize);

impl fmt::Display for Others {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            1 => write!(f, " (and 1 other name)"),
            others => write!(f, " (and {others} other names)"),
        }
    }
}

#[cfg(test)]
mod tests;
