//! `host`, `hostaddr` and `port`: three lists that give one endpoint per entry (`pqConnectOptions2` in
//! `fe-connect.c`).

use super::address::HostAddr;
use super::error::{Error, Expected, HostForm};
use super::number;
use super::parameter::{Keyword, Secrecy};
use super::value::{Origin, Settings, Word};
use crate::escape::Shown;
use crate::os;
use crate::secrecy::{Place, Taken};

/// A server to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The host as written, if it was written.
    pub host: Option<Host>,
    /// The address that replaces the name lookup.
    pub hostaddr: Option<HostAddr>,
    /// The TCP port, or the number in the socket's file name.
    pub port: u16,
}

impl Endpoint {
    /// How libpq connects to it.
    #[must_use]
    pub fn route(&self) -> Route<'_> {
        match (&self.hostaddr, &self.host) {
            (Some(address), _) => Route::Address(address),
            (None, Some(Host::Name(name))) => Route::Name(name),
            (None, Some(Host::Directory(_) | Host::Abstract(_)) | None) => Route::Socket,
        }
    }
}

/// Host or address, and port; escaped.
impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.host, &self.hostaddr) {
            (Some(host), _) => write!(f, "{}:{}", Shown::new(host.as_bytes()), self.port),
            (None, Some(address)) => write!(f, "{address}:{}", self.port),
            (None, None) => write!(f, "port {}", self.port),
        }
    }
}

/// The host of an endpoint, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A name or an address: its bytes.
    Name(Vec<u8>),
    /// The directory of a Unix-domain socket.
    Directory(Vec<u8>),
    /// A Unix-domain socket in the abstract name space, with its `@`.
    Abstract(Vec<u8>),
}

impl Host {
    /// The bytes as written.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Name(bytes) | Self::Directory(bytes) | Self::Abstract(bytes) => bytes,
        }
    }

    /// Distinguishes them like `is_unixsock_path` in `src/include/port.h`.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let text = bytes.to_vec();
        match bytes {
            [] => None,
            [b'@', ..] => Some(Self::Abstract(text)),
            [b'/', ..] => Some(Self::Directory(text)),
            _ if os::is_windows_path(bytes) => Some(Self::Directory(text)),
            _ => Some(Self::Name(text)),
        }
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.as_bytes()))
    }
}

/// The way to an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route<'a> {
    /// TCP to this address.
    Address(&'a HostAddr),
    /// TCP to the addresses of this name.
    Name(&'a [u8]),
    /// A Unix-domain socket: the host's, or the one in the built-in directory if there is no host.
    Socket,
}

/// Matches the three lists. A single port is for all hosts; empty entries count as not given.
///
/// # Errors
/// Lists of different lengths, an invalid port or address, a host that cannot be a name.
pub(super) fn read(settings: &Settings) -> Result<Vec<Endpoint>, Error> {
    let hosts = list(settings, Keyword::Host);
    let addresses = list(settings, Keyword::Hostaddr);
    let ports = list(settings, Keyword::Port);
    let count = if addresses.is_empty() {
        hosts.len().max(1)
    } else {
        addresses.len()
    };
    if !hosts.is_empty() && hosts.len() != count {
        return Err(Error::HostCount {
            origin: origin(settings, Keyword::Hostaddr),
            hosts: hosts.len(),
            hostaddrs: count,
        });
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(Error::PortCount {
            origin: origin(settings, Keyword::Port),
            ports: ports.len(),
            hosts: count,
        });
    }
    (0..count)
        .map(|index| {
            let hostaddr = address(settings, addresses.get(index).copied().unwrap_or_default())?;
            let written = hosts.get(index).copied().unwrap_or_default();
            let port = ports
                .get(index)
                .or_else(|| ports.first())
                .copied()
                .unwrap_or_default();
            let endpoint = Endpoint {
                host: host(written, hostaddr.as_ref()),
                hostaddr,
                port: self::port(settings, port)?,
            };
            refuse_no_name(settings, &endpoint)?;
            Ok(endpoint)
        })
        .collect()
}

/// The entries of a list; an empty value has none.
fn list(settings: &Settings, keyword: Keyword) -> Vec<&[u8]> {
    let text = settings
        .get(&keyword)
        .map(|setting| setting.value.as_bytes())
        .unwrap_or_default();
    if text.is_empty() {
        Vec::new()
    } else {
        text.split(|byte| *byte == b',').collect()
    }
}

fn host(written: &[u8], hostaddr: Option<&HostAddr>) -> Option<Host> {
    Host::from_bytes(written).or_else(|| match hostaddr {
        Some(_) => None,
        None => os::DEFAULT_HOST.map(|name| Host::Name(name.as_bytes().to_vec())),
    })
}

fn address(settings: &Settings, text: &[u8]) -> Result<Option<HostAddr>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    let invalid = || invalid(settings, Keyword::Hostaddr, text, Expected::Address);
    HostAddr::from_bytes(text).map(Some).ok_or_else(invalid)
}

fn port(settings: &Settings, text: &[u8]) -> Result<u16, Error> {
    if text.is_empty() {
        return Ok(DEFAULT_PORT);
    }
    number::integer(text)
        .and_then(|number| u16::try_from(number).ok())
        .filter(|port| *port != 0)
        .ok_or_else(|| invalid(settings, Keyword::Port, text, Expected::Port))
}

const DEFAULT_PORT: u16 = 5432;

/// A name with `=` or `@` has no address, so libpq cannot connect either. It is refused here, because it is
/// most often a misplaced password: `host= password=x` or `postgresql://u:p@ss@host`. The same is true of what
/// looks like a key or a line of a password file: no resolver may see it. With an address nothing is looked up, and
/// only what looks like a secret is refused, since reports show the host.
fn refuse_no_name(settings: &Settings, endpoint: &Endpoint) -> Result<(), Error> {
    let written = match &endpoint.host {
        Some(Host::Name(name)) => Some(name.as_slice()),
        Some(Host::Abstract(name)) => Some(name.get(1..).unwrap_or_default()),
        Some(Host::Directory(_)) | None => None,
    };
    let looked_up = written.filter(|_| endpoint.hostaddr.is_none());
    let origin = || origin(settings, Keyword::Host);
    let mut bytes = looked_up.iter().copied().flatten();
    if let Some(byte) = bytes.find(|byte| matches!(byte, b'=' | b'@')) {
        return Err(Error::NoHostName {
            byte: *byte,
            origin: origin(),
        });
    }
    let setting = settings.get(&Keyword::Host);
    if setting.is_some_and(|setting| setting.value.is_astray()) {
        return Err(Error::SecretForHost {
            taken: Taken::Astray,
            origin: origin(),
        });
    }
    let taken = written.and_then(|name| Taken::of(name, Place::Name));
    if let Some(form) = looked_up.and_then(|name| form(name, taken)) {
        return Err(Error::HostForm {
            form,
            origin: origin(),
        });
    }
    match taken {
        Some(taken) => Err(Error::SecretForHost {
            taken,
            origin: origin(),
        }),
        None => Ok(()),
    }
}

/// What a host is instead of a name or an address. `getaddrinfo` finds nothing for any of these. A host with its port is
/// left to the resolver, whose failure has the correction.
fn form(name: &[u8], taken: Option<Taken>) -> Option<HostForm> {
    let has = |byte: u8| name.contains(&byte);
    // A URL with a port looks like one with a password.
    let may_be_url = matches!(taken, None | Some(Taken::ConnectionString));
    if may_be_url && name.windows(3).any(|part| part == b"://") {
        return Some(HostForm::Url);
    }
    if taken.is_some() {
        return None;
    }
    if has(b'"') || has(b'\'') {
        return Some(HostForm::Quotes);
    }
    if has(b';') {
        return Some(HostForm::Semicolon);
    }
    if !name.iter().any(u8::is_ascii_whitespace) {
        return None;
    }
    let text = String::from_utf8_lossy(name);
    let before = text.trim_end_matches(['\r', '\n']);
    Some(match before.len() < text.len() {
        true => HostForm::LineBreak {
            name: before.trim().to_owned(),
        },
        false => HostForm::Space,
    })
}

fn invalid(settings: &Settings, keyword: Keyword, text: &[u8], expected: Expected) -> Error {
    let secret = settings
        .get(&keyword)
        .is_some_and(|setting| setting.value.secrecy() == Secrecy::Secret);
    let value = match Word::new(text) {
        Word::Shown(_) if secret => Word::Hidden(Taken::Astray),
        word => word,
    };
    Error::InvalidValue {
        keyword,
        value,
        origin: origin(settings, keyword),
        expected,
        meant: None,
    }
}

fn origin(settings: &Settings, keyword: Keyword) -> Origin {
    settings
        .get(&keyword)
        .map_or(Origin::Default, |setting| setting.origin.clone())
}

#[cfg(test)]
mod tests {
    use super::super::ConnInfo;
    use super::super::fake::Fake;
    use super::*;

    /// `host/hostaddr:port` for each endpoint, or the error's first word in Rust.
    fn read(text: &str) -> String {
        match ConnInfo::read(text.as_bytes(), &Fake::default()) {
            Ok(info) => info
                .endpoints
                .iter()
                .map(|endpoint| {
                    let host = endpoint
                        .host
                        .as_ref()
                        .map(ToString::to_string)
                        .unwrap_or_default();
                    let address = endpoint
                        .hostaddr
                        .as_ref()
                        .map(|address| format!("/{address}"))
                        .unwrap_or_default();
                    format!("{host}{address}:{}", endpoint.port)
                })
                .collect::<Vec<_>>()
                .join(" "),
            Err(error) => format!("{error:?}")
                .split([' ', '{'])
                .next()
                .unwrap_or_default()
                .to_owned(),
        }
    }

    #[test]
    fn the_lists_match_as_libpq_matches_them() {
        for (text, meaning) in [
            ("host=a", "a:5432"),
            ("host=a,b port=1", "a:1 b:1"),
            ("host=a,b port=1,2", "a:1 b:2"),
            ("host=a,b port=1,", "a:1 b:5432"),
            ("host=a,,b port=,", "PortCount"),
            ("host=a port=1,2", "PortCount"),
            ("port=,", "PortCount"),
            ("host=a,b hostaddr=127.0.0.1", "HostCount"),
            ("host=a hostaddr=127.0.0.1,::1", "HostCount"),
            ("host=a,b hostaddr=127.0.0.1,", "a/127.0.0.1:5432 b:5432"),
            ("hostaddr=127.0.0.1,::1", "/127.0.0.1:5432 /::1:5432"),
            ("host='' hostaddr=127.0.0.1", "/127.0.0.1:5432"),
            ("postgresql://a,b", "a:5432 b:5432"),
            ("postgresql://a:1,[::1]:2", "a:1 ::1:2"),
            ("host=a port=0", "InvalidValue"),
            ("host=a port=65536", "InvalidValue"),
            ("host=a port=' +065535 '", "a:65535"),
            ("hostaddr=localhost", "InvalidValue"),
            ("host= password=x", "NoHostName"),
            ("postgresql://u:p@ss@h", "NoHostName"),
            ("postgresql://u:p@@ss@h", "NoHostName"),
            ("postgresql://u:p@ss/w@h", "SecretForHost"),
            ("postgresql://u:p@ss/w@h:1/d?hostaddr=::1", "SecretForHost"),
            ("postgresql://u:12/w@h/d", "SecretForHost"),
            ("postgresql://u:p@ss,@h/d", "SecretForHost"),
            ("postgresql://u:p@h/a%40b", "h:5432"),
            ("postgresql://h/a@b", "h:5432"),
            ("postgresql://h:/a@b", "h:5432"),
            ("postgresql://h:1/a%40b", "h:1"),
            ("postgresql://u@h:1/d?user=a@b", "h:1"),
            ("postgresql://h:1/d?user=a@b&password=x", "h:1"),
            ("postgresql://u:p@h:1/d?user=a%40b", "h:1"),
            ("postgresql://u:p@h:1/d?application_name=a@b", "h:1"),
            ("postgresql://u:p@w:1/d?user=x@h", "SecretForHost"),
            (
                "postgresql://u:p@w/d?user=x@h&sslmode=require",
                "SecretForHost",
            ),
            (
                "postgresql://u:p@w/d?sslmode=require&password=x@h",
                "SecretForHost",
            ),
            ("postgresql://h/d?dbname=a@b", "h:5432"),
            ("postgresql://app:12/w@h", "SecretForHost"),
            ("postgresql://app:12/w@h?sslmode=require", "SecretForHost"),
            ("postgresql://u:p@w:1/d?dbname=x@h", "SecretForHost"),
            ("postgresql://u:p@w/d?dbname=x@h", "SecretForHost"),
            ("host=@abstract", "@abstract:5432"),
            ("host=a=b hostaddr=127.0.0.1", "a=b/127.0.0.1:5432"),
            ("host=u@h hostaddr=::1", "u@h/::1:5432"),
            ("host='a b' hostaddr=::1", "a b/::1:5432"),
            ("host=::1 hostaddr=::1", "::1/::1:5432"),
            ("host=postgres://u:w@h hostaddr=::1", "SecretForHost"),
            ("host=h,d:5432:app:ann:w hostaddr=::1,::1", "SecretForHost"),
            (
                "host='-----BEGIN PRIVATE KEY-----' hostaddr=::1",
                "SecretForHost",
            ),
            (
                "host=project:region:instance",
                "project:region:instance:5432",
            ),
        ] {
            assert_eq!(read(text), meaning, "{text}");
        }
        let default = os::DEFAULT_HOST.unwrap_or_default();
        assert_eq!(read(""), format!("{default}:5432"));
        assert_eq!(read("host=a,,b"), format!("a:5432 {default}:5432 b:5432"));
    }

    #[test]
    fn a_path_is_a_socket_unless_an_address_says_otherwise() {
        let endpoint = |text: &str| {
            let info = ConnInfo::read(text.as_bytes(), &Fake::default()).unwrap();
            info.endpoints[0].clone()
        };
        let default = os::DEFAULT_HOST.map_or(Route::Socket, |name| Route::Name(name.as_bytes()));
        assert_eq!(endpoint("").route(), default);
        assert_eq!(endpoint("host=/tmp").route(), Route::Socket);
        assert_eq!(endpoint("host=@x").route(), Route::Socket);
        assert_eq!(
            endpoint("host=DB.example.").route(),
            Route::Name(b"DB.example.")
        );
        let with_address = endpoint("host=/tmp hostaddr=127.1");
        assert_eq!(with_address.host, Some(Host::Directory(b"/tmp".to_vec())));
        assert!(
            matches!(with_address.route(), Route::Address(address) if address.ip.is_loopback())
        );
    }
}
