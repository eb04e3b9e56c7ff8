//! Files as they would be after a change that is not made yet, so that advice can be judged before it is given.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::BASE64;

use super::pem::blocks;
use super::read::read_bounded;
use super::{encode_pem, identity};
use crate::utf16::Order;
use crate::x509::{Certificate, Crl};

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

    /// Whether any file is supposed to have other contents.
    pub fn has_contents(&self) -> bool {
        !self.contents.is_empty()
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

/// What is left of a damaged or foreign file when it was converted: PEM that libpq reads; `None` if that cannot be
/// known, as of an archive with a password.
///
/// This finds what the commands of the advice find: the certificates, CRLs and keys in it, whatever surrounds them.
pub fn salvaged(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.len() > MAX_SALVAGED {
        return None;
    }
    let text = unwrapped(bytes);
    if text.starts_with(&[0x30]) {
        return of_der(&text);
    }
    let text = bare(&String::from_utf8_lossy(&text))
        .replace("\\r", "")
        .replace("\\n", "\n")
        .replace(['"', ','], "");
    if text.contains(BEGIN) {
        return of_pem(&text);
    }
    let decoded = of_base64(&text)?;
    if decoded.starts_with(&[0x30]) {
        return of_der(&decoded);
    }
    of_pem(&String::from_utf8(decoded).ok()?)
}

/// The certificates of a PEM file with one of them, counted from 0, before the others.
pub fn reordered(bytes: &[u8], first: usize) -> Option<Vec<u8>> {
    let blocks: Vec<Vec<u8>> = blocks(bytes)
        .map(|block| Some(block.ok()?.contents))
        .collect::<Option<_>>()?;
    let others = blocks
        .iter()
        .enumerate()
        .filter(|(index, _)| *index != first);
    let order = blocks
        .get(first)
        .into_iter()
        .chain(others.map(|(_, block)| block));
    let text: String = order
        .map(|block| encode_pem("CERTIFICATE", block))
        .collect();
    Some(text.into_bytes())
}

/// The lines without what stands before BEGIN in its line, where digits may differ, and without the sign with which a
/// program continues a line.
fn bare(text: &str) -> String {
    let plain = |text: &str| text.replace(|c: char| c.is_ascii_digit(), " ");
    let mut prefix = String::new();
    let mut bare = String::with_capacity(text.len());
    for line in text.lines() {
        if let Some((before, _)) = line.split_once(BEGIN) {
            prefix = plain(before);
        }
        let rest = line
            .split_at_checked(prefix.len())
            .filter(|(before, _)| plain(before) == prefix)
            .map_or(line, |(_, rest)| rest)
            .trim_end();
        let rest = rest.strip_suffix('\\').unwrap_or(rest);
        let continued = rest.strip_suffix('+').map(str::trim_end);
        let rest = continued.filter(|text| text.ends_with('"')).unwrap_or(rest);
        bare.push_str(rest);
        bare.push('\n');
    }
    bare
}

/// UTF-16 as UTF-8, and without NUL bytes.
fn unwrapped(bytes: &[u8]) -> Vec<u8> {
    let order = match bytes {
        [0, b'-', 0, b'-', ..] => Some(Order::Big),
        [b'-', 0, b'-', 0, ..] => Some(Order::Little),
        _ => Order::of_mark(bytes),
    };
    match order {
        Some(order) => order.decode(bytes).into_bytes(),
        None if bytes.starts_with(&[0x30]) => bytes.to_vec(),
        None => bytes.iter().copied().filter(|byte| *byte != 0).collect(),
    }
}

/// A certificate, a collection of them (RFC 5652 section 5.1), a CRL or a key.
fn of_der(der: &[u8]) -> Option<Vec<u8>> {
    let mut text = String::new();
    let mut at = 0_usize;
    while let Some(rest) = der.get(at..).filter(|rest| !rest.is_empty()) {
        let certificate = rest
            .starts_with(&[0x30])
            .then(|| Certificate::parse_prefix(rest).ok())
            .flatten();
        at = match certificate {
            Some((certificate, _)) => {
                text.push_str(&encode_pem("CERTIFICATE", &certificate.der));
                at.saturating_add(certificate.der.len())
            }
            None => at.saturating_add(1),
        };
    }
    if !text.is_empty() {
        return Some(text.into_bytes());
    }
    if Crl::parse(der).is_ok() {
        return Some(encode_pem("X509 CRL", der).into_bytes());
    }
    identity::private_key(der, None).ok().map(|_| der.to_vec())
}

/// Every block of the text, wherever its lines begin and end.
fn of_pem(text: &str) -> Option<Vec<u8>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, block)) = rest.split_once(BEGIN) {
        let (label, body) = block.split_once("-----")?;
        let (body, after) = body.split_once("-----END ")?;
        let contents = of_base64(body)?;
        match label {
            "PKCS7" | "CMS" => found.extend(of_der(&contents)?),
            // Only ssh-keygen knows what becomes of it.
            "OPENSSH PRIVATE KEY" => return None,
            _ => found.extend(encode_pem(label, &contents).into_bytes()),
        }
        rest = after;
    }
    (!found.is_empty()).then_some(found)
}

fn of_base64(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    BASE64.decode(&digits).ok()
}

const BEGIN: &str = "-----BEGIN ";

/// Bytes of a file that is searched for what can be salvaged.
const MAX_SALVAGED: usize = 1 << 18;

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
    fn a_certificate_is_salvaged_from_whatever_surrounds_it() {
        let pem = super::super::ROOTS[0].pem;
        let der = super::super::ROOTS[0].certificate().unwrap().der.to_vec();
        let expected = encode_pem("CERTIFICATE", &der);
        let utf16: Vec<u8> = pem.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let on_one_line = pem.replace('\n', " ");
        for file in [
            pem.as_bytes().to_vec(),
            der.clone(),
            utf16.clone(),
            [b"\xff\xfe".to_vec(), utf16].concat(),
            [b"\0".to_vec(), pem.as_bytes().to_vec()].concat(),
            pem.replace('\n', "\\n").into_bytes(),
            format!("\"{}\",", pem.replace('\n', "\\r\\n")).into_bytes(),
            on_one_line.into_bytes(),
            pem.replace('\n', "\r").into_bytes(),
            pem.replace('\n', "\n    ").into_bytes(),
            BASE64.encode(pem.as_bytes()).into_bytes(),
            BASE64.encode(&der).into_bytes(),
        ] {
            let salvaged = salvaged(&file).unwrap_or_default();
            assert_eq!(String::from_utf8(salvaged).unwrap(), expected);
        }
        for file in [&b""[..], b"<html>", b"\x30\x03\x02\x01\x03"] {
            assert_eq!(salvaged(file), None);
        }
    }
}
