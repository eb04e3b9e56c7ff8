//! A server that a request names and the configuration does not have.
//!
//! Everybody who may ask can make this machine connect. So such a string names one server and how to speak to it, and
//! nothing else: no file, no secret, nothing of this machine's environment. This machine itself is not a server that it
//! may name, whatever name it hides behind: addresses are looked up once, and that is the one to which pgtls connects.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};

use tokio::time::Instant;

use crate::check::Source;
use crate::connect;
use crate::conninfo::{ConnInfo, Endpoint, Keyword, Nowhere, Route, parse, quoted};
use crate::dialect::Dialect;
use crate::report::label;

use super::target::place_of;

/// What such a string may set. `sslrootcert` besides, if it is `system`.
const ALLOWED: &[Keyword] = &[
    Keyword::Host,
    Keyword::Hostaddr,
    Keyword::Port,
    Keyword::User,
    Keyword::Dbname,
    Keyword::SslMode,
    Keyword::SslNegotiation,
    Keyword::SslSni,
    Keyword::SslMinProtocolVersion,
    Keyword::SslMaxProtocolVersion,
];

/// Longer than any host name with what belongs to it.
const LONGEST: usize = 1_024;

/// A server that a request may name, if its address is one that it may name. No `Debug`: so far as is known, it is just a
/// connection string.
pub(super) struct Stranger {
    /// The string without an address.
    text: Vec<u8>,
    endpoint: Endpoint,
}

impl Stranger {
    /// Reads a string.
    ///
    /// # Errors
    /// Why a request may not name it.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("a target has at most {LONGEST} bytes"));
        }
        let assignments = parse(text.as_bytes()).map_err(|_| {
            "it is neither the name of a target nor a connection string of libpq".to_owned()
        })?;
        for made in &assignments {
            let is_system =
                made.keyword == Keyword::SslRootCert && made.value.as_bytes() == b"system";
            if !is_system && !ALLOWED.contains(&made.keyword) {
                return Err(if made.keyword == Keyword::SslRootCert {
                    "sslrootcert may only be system: a request names no file".to_owned()
                } else {
                    format!("a request may not set {}", made.keyword)
                });
            }
        }
        let (mut pinned, mut hostaddr) = (Vec::new(), Vec::new());
        let mut has_user = false;
        for made in &assignments {
            has_user |= made.keyword == Keyword::User;
            let text = match made.keyword == Keyword::Hostaddr {
                true => &mut hostaddr,
                false => &mut pinned,
            };
            set(text, made.keyword, made.value.as_bytes());
        }
        if !has_user {
            set(&mut pinned, Keyword::User, b"pgtls");
        }
        let whole = [pinned.as_slice(), hostaddr.as_slice()].concat();
        let conninfo = ConnInfo::read(&whole, &Nowhere).map_err(|error| error.to_string())?;
        let [endpoint] = conninfo.endpoints.as_slice() else {
            return Err("a request names one server".to_owned());
        };
        if endpoint.route() == Route::Socket {
            return Err("a request names a host, not a Unix-domain socket".to_owned());
        }
        Ok(Self {
            text: pinned,
            endpoint: endpoint.clone(),
        })
    }

    /// What metrics call it.
    pub(super) fn label(&self) -> String {
        label(None, place_of(&self.endpoint), None)
    }

    /// The string with the address at which it is checked.
    ///
    /// # Errors
    /// Why it may not be checked.
    pub(super) async fn source(mut self, deadline: Instant) -> Result<Source, String> {
        let addresses = connect::resolve(&self.endpoint, deadline).await;
        let addresses = addresses.map_err(|error| error.to_string())?;
        if let Some(address) = addresses.iter().find(|address| is_own(address.ip())) {
            return Err(format!(
                "{} is an address of this machine, of its link or of its cloud, which a request may not name",
                address.ip()
            ));
        }
        let first = addresses.first().ok_or("the name has no address")?;
        let first = first.ip().to_string();
        set(&mut self.text, Keyword::Hostaddr, first.as_bytes());
        Ok(Source {
            text: self.text,
            dialect: Some(Dialect::Libpq),
            ..Source::default()
        })
    }
}

fn set(text: &mut Vec<u8>, keyword: Keyword, value: &[u8]) {
    text.extend_from_slice(keyword.as_str().as_bytes());
    text.push(b'=');
    text.extend(quoted(value));
    text.push(b' ');
}

/// Whether an address leads to this machine, to its link or to what a cloud tells its machines (both answer with secrets),
/// or to no server.
fn is_own(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_own_v4(address),
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_unicast_link_local()
                || OF_CLOUDS_V6.contains(&address)
                || inside(address).is_some_and(is_own_v4)
                || is_bound_here(address.into())
        }
    }
}

fn is_own_v4(address: Ipv4Addr) -> bool {
    let first = address.octets().first().copied();
    address.is_loopback()
        || first == Some(0)
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || OF_CLOUDS.contains(&address)
        || is_bound_here(address.into())
}

/// Whether an interface of this machine has the address: only then can a socket listen at it.
fn is_bound_here(address: IpAddr) -> bool {
    TcpListener::bind((address, 0)).is_ok()
}

/// Where clouds tell their machines secrets, beside link-local addresses: Alibaba, Azure, Oracle.
const OF_CLOUDS: [Ipv4Addr; 3] = [
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(192, 0, 0, 192),
];

/// The same: Amazon, Google.
const OF_CLOUDS_V6: [Ipv6Addr; 2] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
];

/// The IPv4 address that a gateway would connect to: `::a.b.c.d` (RFC 4291), `64:ff9b::a.b.c.d` (RFC 6052),
/// `2002:ab:cd::` (RFC 3056).
fn inside(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(v4(high, low))
        }
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::time::Duration;

    use super::*;

    async fn source(text: &str) -> Result<Source, String> {
        let deadline = Instant::now() + Duration::from_secs(9);
        Stranger::read(text)?.source(deadline).await
    }

    async fn refused(text: &str) -> String {
        source(text).await.err().unwrap_or_default()
    }

    #[tokio::test]
    async fn a_string_may_name_a_server_and_nothing_else() {
        // libpq's default is a socket, and on Windows localhost.
        let default = if cfg!(windows) {
            "this machine"
        } else {
            "socket"
        };
        for (text, word) in [
            ("host=192.0.2.1 sslrootcert=/etc/passwd", "system"),
            ("host=192.0.2.1 sslcert=a", "sslcert"),
            ("host=192.0.2.1 sslkey=a", "sslkey"),
            ("host=192.0.2.1 sslcrl=a", "sslcrl"),
            ("host=192.0.2.1 passfile=a", "passfile"),
            ("host=192.0.2.1 password=hunter2", "password"),
            ("host=192.0.2.1 options=-c", "options"),
            ("service=prod", "service"),
            ("postgresql://u:hunter2@192.0.2.1/d", "password"),
            ("host=/var/run/postgresql", "socket"),
            ("host=192.0.2.1,192.0.2.2", "one server"),
            ("user=u", default),
            ("orders", "neither"),
            ("jdbc:postgresql://192.0.2.1/d", "neither"),
        ] {
            let why = refused(text).await;
            assert!(why.contains(word), "{text}: {why}");
            assert!(!why.contains("hunter2"), "{text}: {why}");
        }
    }

    #[tokio::test]
    async fn this_machine_and_its_link_are_not_servers() {
        for host in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "localhost",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "169.254.169.254",
            "fe80::1",
            "224.0.0.1",
            "255.255.255.255",
            "fd00:ec2::254",
            "fd20:ce::254",
            "100.100.100.200",
            "64:ff9b::a83f:8110",
        ] {
            let why = refused(&format!("host={host}")).await;
            assert!(why.contains("this machine"), "{host}: {why}");
        }
        let why = refused("host=db.example.com hostaddr=127.0.0.1").await;
        assert!(why.contains("this machine"), "{why}");
    }

    /// The one from which this machine would speak to the world; a machine without a route has none.
    #[tokio::test]
    async fn an_address_of_an_interface_is_this_machine() {
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        // Nothing is sent.
        if socket.connect("192.0.2.1:9").is_err() {
            return;
        }
        let own = socket.local_addr().unwrap().ip();
        let why = refused(&format!("host={own}")).await;
        assert!(why.contains("this machine"), "{own}: {why}");
    }

    #[tokio::test]
    async fn what_is_allowed_is_checked_at_the_address_that_was_looked_up() {
        let text = "host=db.example.com hostaddr=192.0.2.7 sslmode=verify-full sslrootcert=system";
        assert_eq!(
            Stranger::read(text).ok().unwrap().label(),
            "db.example.com:5432"
        );
        let source = source(text).await.ok().unwrap();
        assert_eq!(
            String::from_utf8(source.text).unwrap(),
            "host=db.example.com sslmode=verify-full sslrootcert=system user=pgtls hostaddr=192.0.2.7 "
        );
    }
}
