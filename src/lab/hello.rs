//! What a ClientHello offers. rustls reads it, but keeps the versions to itself. Pure.

use rustls::server::ClientHello;

use super::observation::Hello;
use crate::escape::escape;
use crate::wire::Fields;

/// What rustls says of it, with the versions that stand in the records it came in.
pub(super) fn describe(hello: &ClientHello<'_>, records: &[u8]) -> Hello {
    let alpn = hello.alpn().into_iter().flatten();
    let groups = hello.named_groups().unwrap_or_default().iter();
    Hello {
        sni: hello.server_name().map(|name| escape(name).to_string()),
        alpn: alpn.map(|name| escape(name).to_string()).collect(),
        versions: versions(records),
        // Those that nobody knows are there to grease the wheels (RFC 8701).
        groups: groups
            .filter_map(|group| group.as_str())
            .map(str::to_owned)
            .collect(),
        cipher_suites: hello.cipher_suites().len(),
    }
}

/// The versions that the ClientHello in these records offers; none where it cannot be read.
pub(super) fn versions(records: &[u8]) -> Vec<String> {
    let message = unwrap_records(records);
    find_versions(&message)
        .unwrap_or_default()
        .into_iter()
        .filter_map(name)
        .collect()
}

/// The contents of handshake records (RFC 8446 section 5.1).
fn unwrap_records(mut records: &[u8]) -> Vec<u8> {
    let mut message = Vec::new();
    while let [22, _, _, high, low, rest @ ..] = records {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        let (fragment, behind) = rest.split_at(length);
        message.extend_from_slice(fragment);
        records = behind;
    }
    message
}

/// Walks a ClientHello (RFC 8446 section 4.1.2) to its `supported_versions`.
fn find_versions(message: &[u8]) -> Option<Vec<u16>> {
    let mut fields = Fields(message);
    fields.take(4)?;
    let legacy = fields.u16()?;
    fields.take(32)?;
    fields.block8()?;
    fields.block16()?;
    fields.block8()?;
    let Some(extensions) = fields.block16() else {
        return Some(vec![legacy]);
    };
    let mut extensions = Fields(extensions);
    while let Some(kind) = extensions.u16() {
        let contents = extensions.block16()?;
        if kind == SUPPORTED_VERSIONS {
            let mut list = Fields(Fields(contents).block8()?);
            return Some(std::iter::from_fn(|| list.u16()).collect());
        }
    }
    Some(vec![legacy])
}

fn name(version: u16) -> Option<String> {
    let name = match version {
        0x0304 => "TLSv1.3",
        0x0303 => "TLSv1.2",
        0x0302 => "TLSv1.1",
        0x0301 => "TLSv1",
        0x0300 => "SSLv3",
        _ => return None,
    };
    Some(name.to_owned())
}

/// RFC 8446 section 4.2.
const SUPPORTED_VERSIONS: u16 = 43;

#[cfg(test)]
mod tests {
    use super::*;

    /// A ClientHello with these extensions.
    fn hello(extensions: &[u8]) -> Vec<u8> {
        let mut message = vec![1, 0, 0, 0, 3, 3];
        message.extend([7; 32]);
        message.extend([0, 0, 2, 0x13, 1, 1, 0]);
        message.extend(extensions);
        message
    }

    fn record(fragment: &[u8]) -> Vec<u8> {
        let length = u16::try_from(fragment.len()).unwrap().to_be_bytes();
        [&[22, 3, 1], &length[..], fragment].concat()
    }

    const OFFER: &[u8] = &[
        0, 18, 0, 10, 0, 3, 0, 1, 9, 0, 43, 0, 7, 6, 0x3a, 0x3a, 3, 4, 3, 3,
    ];

    #[test]
    fn the_offered_versions_are_found_and_grease_is_not_one() {
        assert_eq!(versions(&record(&hello(OFFER))), ["TLSv1.3", "TLSv1.2"]);
    }

    #[test]
    fn an_old_hello_offers_its_own_version() {
        assert_eq!(versions(&record(&hello(&[]))), ["TLSv1.2"]);
        assert_eq!(versions(&record(&hello(&[0, 0]))), ["TLSv1.2"]);
    }

    #[test]
    fn a_hello_may_come_in_several_records() {
        let hello = hello(OFFER);
        let (one, other) = hello.split_at(20);
        let records = [record(one), record(other)].concat();
        assert_eq!(versions(&records), ["TLSv1.3", "TLSv1.2"]);
    }

    #[test]
    fn broken_hellos_are_read_as_far_as_they_go() {
        let whole = record(&hello(OFFER));
        for length in 0..whole.len() {
            versions(&whole[..length]);
        }
        let mut lying = whole;
        lying[50] = 0xff;
        versions(&lying);
        assert_eq!(versions(b"GET / HTTP/1.1"), Vec::<String>::new());
    }
}
