//! A host and its port in one word, as people paste them.

use super::address::HostAddr;

/// A host with or without its port, as people write it: `db:5432`, `[::1]:5432`, `https://db/`.
///
/// `None` where it is not a host name.
#[must_use]
pub fn host_and_port(text: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let text = SCHEMES
        .iter()
        .find_map(|scheme| text.strip_prefix(*scheme))
        .unwrap_or(text);
    let mut parts = text.splitn(2, |byte| *byte == b'/');
    let text = parts.next()?;
    // An @ behind it shows that it may be a user and a piece of a password.
    if parts.next().is_some_and(|rest| rest.contains(&b'@')) {
        return None;
    }
    let (host, port) = match text.strip_prefix(b"[") {
        Some(bracketed) => {
            let end = bracketed.iter().position(|byte| *byte == b']')?;
            let (host, rest) = bracketed.split_at_checked(end)?;
            (host, rest.get(1..)?.strip_prefix(b":"))
        }
        None => match text.iter().rposition(|byte| *byte == b':') {
            Some(colon) if text.iter().filter(|byte| **byte == b':').count() == 1 => {
                let (host, rest) = text.split_at_checked(colon)?;
                (host, rest.strip_prefix(b":"))
            }
            // The colons must be those of an address.
            Some(_) if HostAddr::from_bytes(text).is_none() => return None,
            Some(_) | None => (text, None),
        },
    };
    let named = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:%".contains(byte);
    let numeric = port.is_none_or(|port| !port.is_empty() && port.iter().all(u8::is_ascii_digit));
    (!host.is_empty() && host.iter().all(named) && numeric).then_some((host, port))
}

/// The database in the same word: `db:5432/app`.
#[must_use]
pub fn database_behind(text: &[u8]) -> Option<&[u8]> {
    host_and_port(text)?;
    let text = SCHEMES
        .iter()
        .find_map(|scheme| text.strip_prefix(*scheme))
        .unwrap_or(text);
    let at = text.iter().position(|byte| *byte == b'/')?;
    let name = text.get(at.saturating_add(1)..)?;
    let named = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    (!name.is_empty() && name.iter().all(named)).then_some(name)
}

const SCHEMES: [&[u8]; 6] = [
    b"https://",
    b"http://",
    b"postgresql://",
    b"postgres://",
    b"tcp://",
    b"ssl://",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_told_from_its_port() {
        for (text, expected) in [
            ("db:5432", Some(("db", Some("5432")))),
            ("https://db.example.com/", Some(("db.example.com", None))),
            ("[::1]", Some(("::1", None))),
            ("[::1]:5", Some(("::1", Some("5")))),
            ("::1", Some(("::1", None))),
            ("fe80::1%eth0", Some(("fe80::1%eth0", None))),
            ("db:x", None),
            ("postgresql://u:1:/2,@h/d", None),
            ("postgresql://u:1/2@h/d", None),
            ("u:p:q", None),
            ("ada:bad:cafe", None),
            ("a b", None),
            ("", None),
        ] {
            let found = host_and_port(text.as_bytes());
            let found = found.map(|(host, port)| {
                let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                (text(host), port.map(text))
            });
            let expected = expected.map(|(host, port)| (host.to_owned(), port.map(str::to_owned)));
            assert_eq!(found, expected, "{text}");
        }
    }
}
