//! Finds files with names similar to a missing one.

use std::fs;
use std::path::{Path, PathBuf};

/// The maximum of names. More would bury the message.
const MOST: usize = 3;
/// The maximum of directory entries to compare.
const MOST_ENTRIES: usize = 10_000;
/// No file system takes more bytes, so that a longer name is none, and comparing it would take long.
const LONGEST_NAME: usize = 255;

/// Up to three files beside the missing `path` with similar names, the closest first, written like
/// `path`. Empty if there are none, or if the directory cannot be read.
pub(crate) fn similar_files(path: &Path) -> Vec<PathBuf> {
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
    close.into_iter().map(|(_, path)| path).take(MOST).collect()
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
            fs::write(directory.path().join(name), "").unwrap();
        }
        fs::create_dir(directory.path().join("client.crd")).unwrap();
        let found = similar_files(&directory.path().join("client.crt"));
        let expected = ["clientt.crt", "client.pem"].map(|name| directory.path().join(name));
        assert_eq!(found, expected);
        assert!(similar_files(&directory.path().join("nowhere/client.crt")).is_empty());
        assert!(similar_files(Path::new("/")).is_empty());
    }
}
