//! Finds files with names similar to a missing one.

use std::fs;
use std::path::{Path, PathBuf};

use super::form::{self, Form};
use super::pem::blocks;
use super::read::read_bounded;
use crate::x509::Certificate;

/// What the missing file must contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Certificates of authorities.
    Roots,
    Certificates,
    Crls,
    Key,
}

impl Wanted {
    /// Whether a file may contain it: what is PEM must have such a block, and anything else must be of a form in which
    /// programs keep such things. The serial number of a CA (`ca.srl`) is not.
    fn may_be_in(self, path: &Path) -> bool {
        let contains =
            |text: &[u8], part: &str| memchr::memmem::find(text, part.as_bytes()).is_some();
        let (label, wanted) = match self {
            Self::Roots | Self::Certificates => ("CERTIFICATE-----", form::Wanted::Certificates),
            Self::Crls => ("X509 CRL-----", form::Wanted::Certificates),
            Self::Key => ("PRIVATE KEY-----", form::Wanted::Key),
        };
        let small = path.metadata().is_ok_and(|file| file.len() <= MOST_BYTES);
        let text = small.then(|| read_bounded(path).ok()).flatten();
        text.is_none_or(|text| match contains(&text, "-----BEGIN ") {
            true => contains(&text, label) && (self != Self::Roots || may_have_roots(&text)),
            false => !matches!(
                form::of(&text, wanted),
                Form::Empty | Form::Html | Form::SshPublicKey | Form::Text
            ),
        })
    }
}

/// Whether a certificate is that of an authority, signed itself, or cannot be read.
fn may_have_roots(text: &[u8]) -> bool {
    let may_be_one = |der: &[u8]| {
        Certificate::parse(der).map_or(true, |one| {
            one.is_self_issued()
                || one
                    .basic_constraints
                    .is_some_and(|constraints| constraints.ca)
        })
    };
    let mut blocks = blocks(text);
    blocks.any(|block| block.map_or(true, |block| may_be_one(&block.contents)))
}

/// Larger files are not looked into.
const MOST_BYTES: u64 = 1 << 20;

/// The maximum of names. More would bury the message.
const MOST: usize = 3;
/// The maximum of files to look into: each may be a mebibyte.
const MOST_READ: usize = 20;
/// The maximum of directory entries to compare.
const MOST_ENTRIES: usize = 10_000;
/// No file system takes more bytes, so that a longer name is none, and comparing it would take long.
const LONGEST_NAME: usize = 255;

/// Up to three files beside the missing `path` with similar names, the closest first, written like
/// `path`. Empty if there are none, or if the directory cannot be read.
pub(crate) fn similar_files(path: &Path, content: Wanted) -> Vec<PathBuf> {
    let Some(wanted) = path.file_name() else {
        return Vec::new();
    };
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let Ok(entries) = fs::read_dir(directory.unwrap_or_else(|| Path::new("."))) else {
        return Vec::new();
    };
    let wanted = wanted.to_string_lossy();
    if wanted.len() > LONGEST_NAME {
        return Vec::new();
    }
    let mut close: Vec<_> = entries
        .take(MOST_ENTRIES)
        .flatten()
        .filter(|entry| entry.path().is_file())
        .filter_map(|entry| {
            let name = entry.file_name();
            Some((
                distance(&wanted, &name.to_string_lossy())?,
                path.with_file_name(name),
            ))
        })
        .collect();
    close.sort();
    let close = close.into_iter().map(|(_, path)| path);
    close
        .take(MOST_READ)
        .filter(|path| content.may_be_in(path))
        .take(MOST)
        .collect()
}

/// `None` if the names are not alike: neither equal up to the last dot, nor a few typing errors
/// apart.
fn distance(wanted: &str, found: &str) -> Option<usize> {
    let (wanted, found) = (wanted.to_lowercase(), found.to_lowercase());
    let slips = strsim::damerau_levenshtein(&wanted, &found);
    let stem = |name: &str| {
        name.rsplit_once('.')
            .map_or_else(|| name.to_owned(), |(stem, _)| stem.to_owned())
    };
    let alike = slips <= wanted.chars().count() / 4 || stem(&wanted) == stem(&found);
    alike.then_some(slips)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_alike_by_a_slip_or_by_their_stem() {
        for (wanted, found, alike) in [
            ("client.crt", "clinet.crt", true),
            ("client.crt", "client.pem", true),
            ("client.crt", "CLIENT.CRT", true),
            ("client.crt", "client", true),
            ("client.crt", "server.crt", false),
            ("a.crt", "b.crt", true),
            ("a", "b", false),
        ] {
            assert_eq!(
                distance(wanted, found).is_some(),
                alike,
                "{wanted} and {found}"
            );
        }
    }

    #[test]
    fn the_closest_files_beside_it_come_first() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["client.pem", "clientt.crt", "other.crt", "client.crt.old"] {
            fs::write(directory.path().join(name), "-----BEGIN CERTIFICATE-----").unwrap();
        }
        fs::create_dir(directory.path().join("client.crd")).unwrap();
        let similar = |name: &str, content| similar_files(&directory.path().join(name), content);
        let found = similar("client.crt", Wanted::Certificates);
        let expected = ["clientt.crt", "client.pem"].map(|name| directory.path().join(name));
        assert_eq!(found, expected);
        assert!(similar("nowhere/client.crt", Wanted::Certificates).is_empty());
        assert!(similar_files(Path::new("/"), Wanted::Key).is_empty());
    }

    #[test]
    fn a_key_is_no_certificate() {
        let directory = tempfile::tempdir().unwrap();
        let block = |label: &str| format!("-----BEGIN {label}-----\nAA==\n-----END {label}-----\n");
        for (name, contents) in [
            ("server.key", block("EC PRIVATE KEY")),
            ("server.pem", block("TRUSTED CERTIFICATE")),
            ("server.crl", block("X509 CRL")),
            ("server.der", "0".to_owned()),
            ("server.srl", "5A3B0C99F1\n".to_owned()),
            ("server.txt", "how to renew it\n".to_owned()),
            ("server.old", String::new()),
        ] {
            fs::write(directory.path().join(name), contents).unwrap();
        }
        for (content, expected) in [
            (Wanted::Certificates, ["server.der", "server.pem"]),
            (Wanted::Crls, ["server.crl", "server.der"]),
            (Wanted::Key, ["server.der", "server.key"]),
        ] {
            let mut found = similar_files(&directory.path().join("server.crt"), content);
            found.sort();
            assert_eq!(found, expected.map(|name| directory.path().join(name)));
        }
    }
}
