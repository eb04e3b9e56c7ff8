//! A server that a request names and the configuration does not have.
//!
//! Everybody who may ask can make this machine connect. So such a string names one server and how to speak to it, and
//! nothing else: no file, no secret, nothing of this machine's environment. This machine itself is not a server that it
//! may name, whatever name it hides behind: addresses are looked up once, and that is the one to which pgtls connects.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tokio::time::Instant;

use crate::check::Source;
use crate::connect;
use crate::conninfo::{ConnInfo, Keyword, Nowhere, Route, parse, quoted};
use crate::dialect::Dialect;

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

/// The string with an address, if it may be checked; why not, otherwise.
pub(super) async fn source(text: &str, deadline: Instant) -> Result<Source, String> {
    if text.len() > LONGEST {
        return Err(format!("a target has at most {LONGEST} bytes"));
    }
    let assignments = parse(text.as_bytes()).map_err(|_| {
        "it is neither the name of a target nor a connection string of libpq".to_owned()
    })?;
    for made in &assignments {
        let is_system = made.keyword == Keyword::SslRootCert && made.value.as_bytes() == b"system";
        if !is_system && !ALLOWED.contains(&made.keyword) {
            return Err(if made.keyword == Keyword::SslRootCert {
                "sslrootcert may only be system: a request names no file".to_owned()
            } else {
                format!("a request may not set {}", made.keyword)
            });
        }
    }
    let mut pinned = Vec::new();
    let mut has_user = false;
    for made in &assignments {
        has_user |= made.keyword == Keyword::User;
        if made.keyword != Keyword::Hostaddr {
            set(&mut pinned, made.keyword, made.value.as_bytes());
        }
    }
    if !has_user {
        set(&mut pinned, Keyword::User, b"pgtls");
    }
    let mut whole = pinned.clone();
    for made in &assignments {
        if made.keyword == Keyword::Hostaddr {
            set(&mut whole, made.keyword, made.value.as_bytes());
        }
    }
    let conninfo = ConnInfo::read(&whole, &Nowhere).map_err(|error| error.to_string())?;
    let [endpoint] = conninfo.endpoints.as_slice() else {
        return Err("a request names one server".to_owned());
    };
    if endpoint.route() == Route::Socket {
        return Err("a request names a host, not a Unix-domain socket".to_owned());
    }
    let addresses = connect::resolve(endpoint, deadline).await;
    let addresses = addresses.map_err(|error| error.to_string())?;
    if let Some(address) = addresses.iter().find(|address| is_own(address.ip())) {
        let kind = "an address of this machine or of its link";
        return Err(format!(
            "{} is {kind}, which a request may not name",
            address.ip()
        ));
    }
    let first = addresses.first().ok_or("the name has no address")?;
    set(
        &mut pinned,
        Keyword::Hostaddr,
        first.ip().to_string().as_bytes(),
    );
    Ok(Source {
        text: pinned,
        dialect: Some(Dialect::Libpq),
        ..Source::default()
    })
}

fn set(text: &mut Vec<u8>, keyword: Keyword, value: &[u8]) {
    text.extend_from_slice(keyword.as_str().as_bytes());
    text.push(b'=');
    text.extend(quoted(value));
    text.push(b' ');
}

/// Whether an address leads to this machine, to its link (where clouds answer with their secrets), or to no server.
fn is_own(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_own_v4(address),
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_unicast_link_local()
                || inside(address).is_some_and(is_own_v4)
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
}

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
    use std::time::Duration;

    use super::*;

    async fn refused(text: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(9);
        source(text, deadline).await.err().unwrap_or_default()
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
        ] {
            let why = refused(&format!("host={host}")).await;
            assert!(why.contains("this machine"), "{host}: {why}");
        }
        let why = refused("host=db.example.com hostaddr=127.0.0.1").await;
        assert!(why.contains("this machine"), "{why}");
    }

    #[tokio::test]
    async fn what_is_allowed_is_checked_at_the_address_that_was_looked_up() {
        let deadline = Instant::now() + Duration::from_secs(9);
        let text = "host=db.example.com hostaddr=192.0.2.7 sslmode=verify-full sslrootcert=system";
        let source = source(text, deadline).await.ok().unwrap();
        assert_eq!(
            String::from_utf8(source.text).unwrap(),
            "host=db.example.com sslmode=verify-full sslrootcert=system user=pgtls hostaddr=192.0.2.7 "
        );
    }
}
