//! Files as they would be after a change that nobody has made yet: so that advice can be judged before it is given.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::encode_pem;
use super::read::read_bounded;

/// What is supposed about files. Everything else is as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Supposed {
    contents: BTreeMap<PathBuf, Arc<[u8]>>,
    private: BTreeSet<PathBuf>,
}

/// Nothing.
static NOTHING: Supposed = Supposed {
    contents: BTreeMap::new(),
    private: BTreeSet::new(),
};

impl Supposed {
    /// Everything is as it is.
    pub fn nothing() -> &'static Self {
        &NOTHING
    }

    /// This file has these contents.
    pub fn contain(&mut self, path: PathBuf, contents: Vec<u8>) {
        self.contents.insert(path, contents.into());
    }

    /// Only its owner may read this file.
    pub fn keep_private(&mut self, path: PathBuf) {
        self.private.insert(path);
    }

    /// The contents of a file.
    ///
    /// # Errors
    /// Those of [`read_bounded`].
    pub fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.contents.get(path) {
            Some(contents) => Ok(contents.to_vec()),
            None => read_bounded(path),
        }
    }

    /// Whether a file is supposed to exist.
    pub(super) fn contains(&self, path: &Path) -> bool {
        self.contents.contains_key(path)
    }

    /// Whether the permissions of a file are supposed to be right.
    pub(super) fn is_private(&self, path: &Path) -> bool {
        self.private.contains(path) || self.contains(path)
    }
}

/// What a command makes of a file: the same as the program that it calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Conversion {
    /// `openssl x509 -inform der`.
    Certificate,
    /// `openssl crl -inform der`.
    Crl,
    /// `iconv -f UTF-16 -t UTF-8`.
    Utf16,
    /// `tr -d '\000'`.
    WithoutNul,
    /// `printf '%b'`.
    Newlines,
    /// `sed 's/^[[:space:]]*//'`.
    Unindented,
}

impl Conversion {
    /// The converted bytes; `None` if the program would fail.
    pub fn of(self, bytes: &[u8]) -> Option<Vec<u8>> {
        Some(match self {
            Self::Certificate => encode_pem("CERTIFICATE", bytes).into_bytes(),
            Self::Crl => encode_pem("X509 CRL", bytes).into_bytes(),
            Self::Utf16 => utf16(bytes)?,
            Self::WithoutNul => bytes.iter().copied().filter(|byte| *byte != 0).collect(),
            Self::Newlines => newlines(bytes),
            Self::Unindented => bytes
                .split(|byte| *byte == b'\n')
                .map(<[u8]>::trim_ascii_start)
                .collect::<Vec<_>>()
                .join(&b'\n'),
        })
    }
}

/// The byte-order mark says which half of each unit comes first.
fn utf16(bytes: &[u8]) -> Option<Vec<u8>> {
    let join: fn([u8; 2]) -> u16 = match bytes {
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => u16::from_le_bytes,
    };
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| join(*pair)).collect();
    let text = String::from_utf16(&units)
        .ok()
        .filter(|_| rest.is_empty())?;
    Some(text.trim_start_matches('\u{feff}').as_bytes().to_vec())
}

fn newlines(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        rest = match rest {
            [] => return text,
            [b'\\', b'n', rest @ ..] => {
                text.push(b'\n');
                rest
            }
            [byte, rest @ ..] => {
                text.push(*byte);
                rest
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_supposed_file_is_read_in_place_of_the_real_one() {
        let mut supposed = Supposed::default();
        let path = PathBuf::from("/nowhere/root.crt");
        assert!(supposed.read(&path).is_err());
        supposed.contain(path.clone(), b"x".to_vec());
        assert_eq!(supposed.read(&path).unwrap(), b"x");
        assert!(supposed.is_private(&path));
    }

    #[test]
    fn conversions_do_what_the_programs_do() {
        for (conversion, from, to) in [
            (
                Conversion::Utf16,
                &b"\xff\xfea\0\n\0"[..],
                Some(&b"a\n"[..]),
            ),
            (Conversion::Utf16, b"\xfe\xff\0a", Some(b"a")),
            (Conversion::Utf16, b"\xff\xfea", None),
            (Conversion::WithoutNul, b"\0a\0b", Some(b"ab")),
            (Conversion::Newlines, br"a\nb", Some(b"a\nb")),
            (Conversion::Unindented, b"  a\n\t b", Some(b"a\nb")),
        ] {
            assert_eq!(conversion.of(from).as_deref(), to, "{conversion:?}");
        }
    }
}
