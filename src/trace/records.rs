//! TLS records as they pass by: their kinds and lengths, and the contents of those in clear. Bounded.
//!
//! RFC 8446 section 5.1, RFC 5246 section 6.2.

use crate::wire::tls::record::{ALERT, CHANGE_CIPHER_SPEC, DATA, HANDSHAKE, MAJOR, MAX_CONTENTS};

/// One whole record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub(super) kind: Kind,
    /// Of its contents (bytes).
    pub(super) length: usize,
    /// The contents of handshake messages and alerts; of others nothing is kept.
    pub(super) contents: &'a [u8],
}

/// The kinds of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    ChangeCipherSpec,
    Alert,
    Handshake,
    /// Application data; in TLS 1.3 everything that is encrypted.
    Data,
}

impl Kind {
    const fn of(number: u8) -> Option<Self> {
        match number {
            CHANGE_CIPHER_SPEC => Some(Self::ChangeCipherSpec),
            ALERT => Some(Self::Alert),
            HANDSHAKE => Some(Self::Handshake),
            DATA => Some(Self::Data),
            _ => None,
        }
    }

    /// Are its contents kept?
    const fn is_kept(self) -> bool {
        match self {
            Self::Alert | Self::Handshake => true,
            Self::ChangeCipherSpec | Self::Data => false,
        }
    }
}

/// What passes by is not TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotTls;

/// Splits one direction into records, in whatever pieces it arrives.
#[derive(Debug, Default)]
pub(super) struct Records {
    header: Vec<u8>,
    current: Option<Current>,
}

#[derive(Debug)]
struct Current {
    kind: Kind,
    length: usize,
    left: usize,
    contents: Vec<u8>,
}

impl Records {
    /// Takes some bytes, and calls `each` for every record that ends in them.
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        mut each: impl FnMut(Record<'_>),
    ) -> Result<(), NotTls> {
        let mut rest = bytes;
        loop {
            let Some(current) = &mut self.current else {
                let wanted = HEADER.saturating_sub(self.header.len());
                let (part, behind) = rest.split_at_checked(wanted).unwrap_or((rest, &[]));
                self.header.extend_from_slice(part);
                rest = behind;
                let Some(current) = begin(&self.header)? else {
                    return Ok(());
                };
                self.header.clear();
                self.current = Some(current);
                continue;
            };
            let (part, behind) = rest.split_at_checked(current.left).unwrap_or((rest, &[]));
            rest = behind;
            current.left = current.left.saturating_sub(part.len());
            if current.kind.is_kept() {
                current.contents.extend_from_slice(part);
            }
            if current.left > 0 {
                return Ok(());
            }
            each(Record {
                kind: current.kind,
                length: current.length,
                contents: &current.contents,
            });
            self.current = None;
        }
    }
}

/// Reads a header; `None` if it is not complete. What cannot become one is refused at its first wrong byte.
fn begin(header: &[u8]) -> Result<Option<Current>, NotTls> {
    match header {
        [] => Ok(None),
        [number, rest @ ..] => {
            let kind = Kind::of(*number).ok_or(NotTls)?;
            match rest {
                [] | [MAJOR] | [MAJOR, _] | [MAJOR, _, _] => Ok(None),
                [MAJOR, _, high, low] => {
                    let length = usize::from(u16::from_be_bytes([*high, *low]));
                    if length > MAX_CONTENTS {
                        return Err(NotTls);
                    }
                    Ok(Some(Current {
                        kind,
                        length,
                        left: length,
                        contents: Vec::new(),
                    }))
                }
                _ => Err(NotTls),
            }
        }
    }
}

/// Bytes of a header: kind, version, length.
const HEADER: usize = 5;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Kind, length and contents.
    type Split = (Kind, usize, Vec<u8>);

    fn split(bytes: &[u8], size: usize) -> (Vec<Split>, Result<(), NotTls>) {
        let mut records = Records::default();
        let mut found = Vec::new();
        for piece in bytes.chunks(size) {
            let fed = records.feed(piece, |record| {
                found.push((record.kind, record.length, record.contents.to_vec()));
            });
            if fed.is_err() {
                return (found, fed);
            }
        }
        (found, Ok(()))
    }

    #[test]
    fn records_are_split_wherever_the_reads_fall() {
        let bytes = [
            &[22, 3, 1, 0, 2][..],
            b"ab",
            &[20, 3, 3, 0, 1, 1],
            &[23, 3, 3, 0, 3],
            b"xyz",
            &[21, 3, 3, 0, 2, 2, 40],
            &[23, 3, 3, 0, 0],
            &[22, 3, 3, 0, 9],
            b"unfinished"[..4].as_ref(),
        ]
        .concat();
        let expected = vec![
            (Kind::Handshake, 2, b"ab".to_vec()),
            (Kind::ChangeCipherSpec, 1, Vec::new()),
            (Kind::Data, 3, Vec::new()),
            (Kind::Alert, 2, vec![2, 40]),
            (Kind::Data, 0, Vec::new()),
        ];
        for size in 1..=bytes.len() {
            assert_eq!(split(&bytes, size), (expected.clone(), Ok(())), "{size}");
        }
    }

    #[test]
    fn other_bytes_are_refused_at_once() {
        for bytes in [
            &b"HTTP"[..],
            &[22, 2],
            &[24, 3],
            &[22, 3, 3, 0xff, 0xff],
            b"E",
        ] {
            assert_eq!(split(bytes, 1), (Vec::new(), Err(NotTls)), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn no_more_is_kept_than_arrived(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            size in 1_usize..50,
        ) {
            for bytes in [bytes.clone(), [&[22, 3, 3, 0, 9][..], &bytes].concat()] {
                let (found, _) = split(&bytes, size);
                let kept: usize = found.iter().map(|(_, _, contents)| contents.len()).sum();
                prop_assert!(kept <= bytes.len());
                prop_assert_eq!(found, split(&bytes, bytes.len().max(1)).0);
            }
        }
    }
}
