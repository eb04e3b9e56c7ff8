//! Records, which carry everything in TLS (RFC 8446 section 5.1).

use super::alert::{Alert, Level};
use super::version::TlsVersion;
use crate::wire::fields::{Fields, block16};

/// A record with a ChangeCipherSpec.
pub(crate) const CHANGE_CIPHER_SPEC: u8 = 20;

/// A record with an alert.
pub const ALERT: u8 = 21;

/// A record with handshake messages.
pub const HANDSHAKE: u8 = 22;

/// A record with data; in TLS 1.3 with anything that is encrypted.
pub(crate) const DATA: u8 = 23;

/// The first byte of every version's number.
pub(crate) const MAJOR: u8 = 3;

/// Can this be the start of a TLS record? True for an incomplete start, and for no bytes.
pub fn may_begin(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [] | [ALERT | HANDSHAKE] | [ALERT | HANDSHAKE, MAJOR, ..]
    )
}

/// Is this the start of a record in clear, up to its version?
pub fn begins(bytes: &[u8]) -> bool {
    bytes.len() > 1 && may_begin(bytes)
}

/// Is this the start of an alert in clear?
pub fn begins_alert(bytes: &[u8]) -> bool {
    bytes.first() == Some(&ALERT) && begins(bytes)
}

/// A record. TLS 1.3 still has the version 1.2 here.
pub(crate) fn encode(kind: u8, version: TlsVersion, contents: &[u8]) -> Vec<u8> {
    let version = version.min(TlsVersion::V1_2).number().to_be_bytes();
    [&[kind][..], &version, &block16(contents)].concat()
}

/// Whole records with other handshake messages in them, where `change` makes others. `None` if
/// nothing changes, or if these are not whole records.
pub(crate) fn map_handshake(
    records: &[u8],
    change: impl Fn(&[u8]) -> Option<Vec<u8>>,
) -> Option<Vec<u8>> {
    let mut changed = Vec::with_capacity(records.len());
    let mut rest = Fields(records);
    let mut any = false;
    while !rest.is_empty() {
        let kind = rest.u8()?;
        let version = rest.u16()?;
        let contents = rest.block16()?;
        let other = match kind {
            HANDSHAKE => change(contents),
            _ => None,
        };
        any |= other.is_some();
        changed.push(kind);
        changed.extend(version.to_be_bytes());
        changed.extend(block16(other.as_deref().unwrap_or(contents)));
    }
    any.then_some(changed)
}

/// How the records that have arrived end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// In the middle of a record, or between two.
    Open,
    /// With an alert that ends the connection.
    Alert(Alert),
    /// With something that is not TLS, or is not allowed here.
    NotTls,
}

/// The contents of all handshake records up to a fatal alert or to the end. Includes an incomplete
/// last record.
pub(super) fn handshake_messages(mut bytes: &[u8]) -> (Vec<u8>, End) {
    let mut messages = Vec::new();
    loop {
        match bytes {
            [ALERT | HANDSHAKE, MAJOR, minor, ..] if *minor > MAX_MINOR => {
                return (messages, End::NotTls);
            }
            [kind @ (ALERT | HANDSHAKE), MAJOR, _, high, low, rest @ ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                if length > MAX_CONTENTS {
                    return (messages, End::NotTls);
                }
                let Some((contents, behind)) = rest.split_at_checked(length) else {
                    if *kind == HANDSHAKE {
                        messages.extend_from_slice(rest);
                    }
                    return (messages, End::Open);
                };
                match (*kind, Alert::decode(contents)) {
                    (HANDSHAKE, _) => messages.extend_from_slice(contents),
                    (_, Some((_, alert @ Alert::CLOSE_NOTIFY) | (Level::Fatal, alert))) => {
                        return (messages, End::Alert(alert));
                    }
                    // A warning such as unrecognized_name: the handshake continues.
                    (_, Some((Level::Warning, _))) => {}
                    (_, None) => return (messages, End::NotTls),
                }
                bytes = behind;
            }
            bytes if may_begin(bytes) => return (messages, End::Open),
            _ => return (messages, End::NotTls),
        }
    }
}

/// The second byte of the newest version's number.
const MAX_MINOR: u8 = 4;

/// RFC 5246 section 6.2.3 (bytes).
pub(crate) const MAX_CONTENTS: usize = (1 << 14) + 2048;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn handshake(contents: &[u8]) -> Vec<u8> {
        encode(HANDSHAKE, TlsVersion::V1_2, contents)
    }

    #[test]
    fn two_bytes_identify_the_start_of_a_record() {
        for (bytes, may, does) in [
            (&b""[..], true, false),
            (&[22], true, false),
            (&[22, 3], true, true),
            (&[21, 3, 1, 0, 2], true, true),
            (&[23, 3], false, false),
            (&[22, 4], false, false),
            (b"S", false, false),
        ] {
            assert_eq!((may_begin(bytes), begins(bytes)), (may, does), "{bytes:?}");
        }
        assert!(begins_alert(&[21, 3]));
        assert!(!begins_alert(&[22, 3]));
        assert!(!begins_alert(&[21]));
    }

    #[test]
    fn messages_are_gathered_from_records_and_warnings_are_passed_over() {
        let warning = Alert::UNRECOGNIZED_NAME.encode(Level::Warning, TlsVersion::V1_2);
        let bytes = [handshake(b"ab"), warning, handshake(b"c")].concat();
        assert_eq!(handshake_messages(&bytes), (b"abc".to_vec(), End::Open));
        // An incomplete record counts.
        let cut = &bytes[..6];
        assert_eq!(handshake_messages(cut), (b"a".to_vec(), End::Open));
    }

    #[test]
    fn a_fatal_alert_and_a_close_end_them() {
        for (level, alert) in [
            (Level::Fatal, Alert::PROTOCOL_VERSION),
            (Level::Warning, Alert::CLOSE_NOTIFY),
        ] {
            let end = alert.encode(level, TlsVersion::V1_0);
            let bytes = [handshake(b"ab"), end, handshake(b"c")].concat();
            let expected = (b"ab".to_vec(), End::Alert(alert));
            assert_eq!(handshake_messages(&bytes), expected);
        }
    }

    #[test]
    fn bytes_that_are_not_a_record_end_them() {
        for bytes in [
            &b"HTTP/1.1 400"[..],
            &[22, 2, 0],
            &[22, 3, 5, 0],
            &[23, 3, 3, 0, 1, 0],
            &[22, 3, 3, 0xff, 0xff],
            &[21, 3, 3, 0, 1, 2],
            &[21, 3, 3, 0, 0],
        ] {
            let expected = (Vec::new(), End::NotTls);
            assert_eq!(handshake_messages(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn contents_that_are_too_long_are_cut_and_not_misread() {
        let bytes = handshake(&vec![7; 70_000]);
        assert_eq!(bytes[3..5], [0xff, 0xff]);
        assert_eq!(bytes.len(), 5 + 0xffff);
    }

    proptest! {
        #[test]
        fn no_more_comes_out_than_went_in(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            for bytes in [bytes.clone(), handshake(&bytes)] {
                let (messages, _) = handshake_messages(&bytes);
                prop_assert!(messages.len() <= bytes.len());
            }
        }
    }
}
