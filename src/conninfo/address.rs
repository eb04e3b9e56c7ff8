//! Numeric addresses as libpq accepts them in `hostaddr`.

use std::net::{IpAddr, Ipv6Addr};

use crate::inet::inet_aton;

/// An entry of `hostaddr`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostAddr {
    /// The address.
    pub ip: IpAddr,
    /// The zone of a link-local IPv6 address: the name or the number of an interface, without the `%`.
    pub zone: Option<String>,
}

impl HostAddr {
    /// What glibc's `getaddrinfo` accepts as a numeric address: every `inet_aton` spelling of IPv4, and IPv6 with
    /// a zone. The zone may be a name only if the address is link-local.
    #[must_use]
    pub fn from_bytes(text: &[u8]) -> Option<Self> {
        if let Some(ip) = inet_aton(text) {
            return Some(Self {
                ip: IpAddr::V4(ip),
                zone: None,
            });
        }
        let text = std::str::from_utf8(text).ok()?;
        let (address, zone) = match text.split_once('%') {
            Some((address, zone)) => (address, Some(zone)),
            None => (text, None),
        };
        let ip: Ipv6Addr = address.parse().ok()?;
        if zone.is_some_and(|zone| !is_zone(zone, ip)) {
            return None;
        }
        Some(Self {
            ip: IpAddr::V6(ip),
            zone: zone.map(str::to_owned),
        })
    }
}

impl std::fmt::Display for HostAddr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.zone {
            Some(zone) => write!(f, "{}%{zone}", self.ip),
            None => write!(f, "{}", self.ip),
        }
    }
}

fn is_zone(zone: &str, ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.octets();
    let link_local = ip.is_unicast_link_local() || (first == 0xff && second & 0x0f == 2);
    zone.parse::<u32>().is_ok() || (link_local && !zone.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_getaddrinfo_reads_them() {
        for (text, address) in [
            ("127.0.0.1", Some("127.0.0.1")),
            ("127.1", Some("127.0.0.1")),
            ("127.0.1", Some("127.0.0.1")),
            ("2130706433", Some("127.0.0.1")),
            ("0x7f000001", Some("127.0.0.1")),
            ("0177.0.0.1", Some("127.0.0.1")),
            ("0", Some("0.0.0.0")),
            ("4294967295", Some("255.255.255.255")),
            ("4294967296", None),
            ("1.16777215", Some("1.255.255.255")),
            ("1.16777216", None),
            ("1.2.65536", None),
            ("1.2.3.256", None),
            ("256.1.1.1", None),
            ("08.0.0.1", None),
            ("0x.1", None),
            ("1.2.3.4.5", None),
            ("1..2", None),
            ("+1", None),
            (" 127.0.0.1", None),
            ("::1", Some("::1")),
            ("::FFFF:127.0.0.1", Some("::ffff:127.0.0.1")),
            ("::1%3", Some("::1%3")),
            ("::1%lo", None),
            ("fe80::1%eth0", Some("fe80::1%eth0")),
            ("ff02::1%eth0", Some("ff02::1%eth0")),
            ("fe80::1%", None),
            ("[::1]", None),
            ("", None),
        ] {
            let read = HostAddr::from_bytes(text.as_bytes()).map(|address| address.to_string());
            assert_eq!(read.as_deref(), address, "{text:?}");
        }
    }
}
