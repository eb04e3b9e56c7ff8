//! Tags and lengths: where an element begins and where it ends (`asn1_get_object`).

use super::{Element, Malformed, Result};

/// The class of a tag number (ITU-T X.690 section 8.1.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Universal,
    ContextSpecific,
    /// Application or private: certificates have neither.
    Other,
}

/// The first element, and what follows it (`asn1_get_object`).
pub(super) fn split(bytes: &[u8]) -> Result<(Element<'_>, &[u8])> {
    let header = Header::read(bytes)?;
    let (contents, rest) = match header.length {
        Length::Definite(length) => header.behind.split_at_checked(length).ok_or(Malformed)?,
        Length::Indefinite => {
            let rest = skip_to_end(header.behind)?;
            let length = header.behind.len().checked_sub(rest.len());
            let contents = length
                .and_then(|length| header.behind.get(..length))
                .and_then(|contents| contents.strip_suffix(&END_OF_CONTENTS));
            (contents.ok_or(Malformed)?, rest)
        }
    };
    let length = bytes.len().checked_sub(rest.len()).ok_or(Malformed)?;
    let element = Element {
        class: header.class,
        tag: header.tag,
        constructed: header.constructed,
        contents,
        whole: bytes.get(..length).ok_or(Malformed)?,
    };
    Ok((element, rest))
}

/// Skips elements up to and including the end-of-contents octets (`asn1_find_end`).
fn skip_to_end(mut bytes: &[u8]) -> Result<&[u8]> {
    let mut open: usize = 1;
    while open > 0 {
        if let Some(rest) = bytes.strip_prefix(&END_OF_CONTENTS) {
            bytes = rest;
            open -= 1;
            continue;
        }
        let header = Header::read(bytes)?;
        bytes = match header.length {
            Length::Definite(length) => header.behind.get(length..).ok_or(Malformed)?,
            Length::Indefinite => {
                open += 1;
                header.behind
            }
        };
    }
    Ok(bytes)
}

/// What comes before an element's contents, and the bytes after it.
struct Header<'a> {
    class: Class,
    constructed: bool,
    tag: u32,
    length: Length,
    behind: &'a [u8],
}

enum Length {
    Definite(usize),
    /// Up to the end-of-contents octets.
    Indefinite,
}

impl<'a> Header<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self> {
        let (&identifier, bytes) = bytes.split_first().ok_or(Malformed)?;
        let constructed = identifier & 0x20 != 0;
        let (tag, bytes) = match identifier & 0x1f {
            0x1f => long_tag(bytes)?,
            tag => (u32::from(tag), bytes),
        };
        let (&first, bytes) = bytes.split_first().ok_or(Malformed)?;
        let (length, behind) = match first {
            0..=0x7f => (Length::Definite(usize::from(first)), bytes),
            // Only a constructed element can end with end-of-contents octets.
            0x80 if constructed => (Length::Indefinite, bytes),
            0x80 | 0xff => return Err(Malformed),
            _ => long_length(bytes, usize::from(first & 0x7f))?,
        };
        Ok(Self {
            class: match identifier >> 6 {
                0 => Class::Universal,
                2 => Class::ContextSpecific,
                _ => Class::Other,
            },
            constructed,
            tag,
            length,
            behind,
        })
    }
}

/// A tag number above 30: seven bits per byte, at most five bytes.
fn long_tag(bytes: &[u8]) -> Result<(u32, &[u8])> {
    let last = bytes.iter().take(5).position(|byte| byte & 0x80 == 0);
    let (number, rest) = last
        .and_then(|last| bytes.split_at_checked(last + 1))
        .ok_or(Malformed)?;
    let tag = base_128(number).and_then(|tag| u32::try_from(tag).ok());
    Ok((tag.ok_or(Malformed)?, rest))
}

/// A length of `count` bytes. Leading zeros are allowed.
fn long_length(bytes: &[u8], count: usize) -> Result<(Length, &[u8])> {
    let (number, rest) = bytes.split_at_checked(count).ok_or(Malformed)?;
    let length = number.iter().try_fold(0_usize, |length, byte| {
        let shifted = length.checked_mul(256)?;
        Some(shifted | usize::from(*byte))
    });
    Ok((Length::Definite(length.ok_or(Malformed)?), rest))
}

/// A number with seven bits per byte; `None` if it does not fit.
pub(super) fn base_128(bytes: &[u8]) -> Option<u64> {
    bytes.iter().try_fold(0_u64, |number, byte| {
        let shifted = number.checked_mul(128)?;
        Some(shifted | u64::from(byte & 0x7f))
    })
}

/// ITU-T X.690 section 8.1.5.
const END_OF_CONTENTS: [u8; 2] = [0, 0];
