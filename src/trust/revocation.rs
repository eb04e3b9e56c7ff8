//! `sslcrl`, `sslcrldir` and `~/.postgresql/root.crl`, as `initialize_SSL` in PostgreSQL's
//! fe-secure-openssl.c hands them to OpenSSL.

use std::env::split_paths;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::{Error, FileRole};
use super::file::{self, Search};
use super::request::{HomeFile, TrustRequest};
use super::supposed::Supposed;
use crate::conninfo::{Origin, Setting, shown_path};
use crate::x509::{AnchorList, Crl};

/// Where CRLs come from. `Display` lists the paths as the user wrote them, escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CrlSource {
    /// `sslcrl` and `sslcrldir`, or an option.
    Named {
        /// The file.
        file: Option<PathBuf>,
        /// The directories.
        directory: Option<PathBuf>,
    },
    /// `~/.postgresql/root.crl`, which no setting names.
    Home(PathBuf),
}

impl fmt::Display for CrlSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named { file, directory } => {
                let paths: Vec<String> = [file, directory]
                    .into_iter()
                    .flatten()
                    .map(|path| shown_path(path))
                    .collect();
                f.write_str(&paths.join(" and "))
            }
            Self::Home(path) => f.write_str(&shown_path(path)),
        }
    }
}

/// What the CRL settings of a connection result in.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// The lists to check against; `None` if nothing is to be checked.
    pub(super) crls: Option<Arc<[Crl]>>,
    /// Where they come from.
    pub(super) source: Option<CrlSource>,
    /// Certificates of the CRL file, which become anchors.
    pub(super) anchors: AnchorList,
    /// The directories. Anchors are looked up in them, too.
    pub(super) directories: Vec<PathBuf>,
    /// `~/.postgresql/root.crl`, if it exists but cannot be used: libpq then continues without it.
    pub(super) ignored: Option<PathBuf>,
}

impl Lists {
    /// The lists alone, where the roots are not a file of libpq's: then the certificates beside the CRLs are none of
    /// them.
    pub(super) fn without_anchors(self) -> Self {
        Self {
            anchors: AnchorList::default(),
            directories: Vec::new(),
            ..self
        }
    }
}

/// Reads the CRLs that a request names, or else those of the home directory. The CRLs of the root file are
/// used only if there are others.
///
/// # Errors
/// A named file or directory that cannot be used. libpq would continue without it.
pub(super) fn gather(request: &TrustRequest, from_root_file: Vec<Crl>) -> Result<Lists, Error> {
    let (file, directory) = (&request.sslcrl, &request.sslcrldir);
    if file.is_none() && directory.is_none() {
        return Ok(of_home(request, from_root_file));
    }
    let mut lists = match file {
        Some(Setting { value, origin }) => {
            of_file(value, Some(origin), from_root_file, &request.supposed)?
        }
        None => Lists {
            crls: Some(from_root_file.into()),
            ..Lists::default()
        },
    };
    if let Some(Setting {
        value: path,
        origin,
    }) = directory
    {
        let role = FileRole::CrlDirectory;
        // A list like PATH, as OpenSSL's `add_cert_dir` reads it.
        lists.directories = split_paths(path)
            .filter(|directory| !directory.as_os_str().is_empty())
            .collect();
        let mut crls: Vec<Crl> = lists
            .crls
            .iter()
            .flat_map(|crls| crls.iter().cloned())
            .collect();
        for directory in &lists.directories {
            let found = of_directory(directory);
            crls.extend(found.map_err(|source| Error::io(role, directory, Some(origin), source))?);
        }
        lists.crls = Some(crls.into());
    }
    lists.source = Some(CrlSource::Named {
        file: file.as_ref().map(|file| file.value.clone()),
        directory: directory.as_ref().map(|directory| directory.value.clone()),
    });
    Ok(lists)
}

/// The CRLs of one named file, after those of the root file.
pub(super) fn of_file(
    path: &Path,
    origin: Option<&Origin>,
    from_root_file: Vec<Crl>,
    supposed: &Supposed,
) -> Result<Lists, Error> {
    let role = FileRole::Crls;
    let bytes = supposed
        .read(path)
        .map_err(|source| Error::io(role, path, origin, source))?;
    let contents =
        file::read(&bytes).map_err(|fault| Error::unusable(role, path, origin, fault))?;
    Ok(Lists {
        crls: Some(from_root_file.into_iter().chain(contents.crls).collect()),
        source: Some(CrlSource::Named {
            file: Some(path.to_owned()),
            directory: None,
        }),
        anchors: AnchorList::new(contents.certificates),
        ..Lists::default()
    })
}

fn of_home(request: &TrustRequest, from_root_file: Vec<Crl>) -> Lists {
    let path = request.home_file(HomeFile::Crls);
    let Some(path) = path.filter(|path| path.metadata().is_ok()) else {
        return Lists::default();
    };
    let contents = super::read_bounded(&path)
        .ok()
        .and_then(|bytes| file::read(&bytes).ok());
    let Some(contents) = contents else {
        return Lists {
            ignored: Some(path),
            ..Lists::default()
        };
    };
    let crls: Vec<Crl> = from_root_file.into_iter().chain(contents.crls).collect();
    Lists {
        crls: Some(crls.into()),
        source: Some(CrlSource::Home(path)),
        anchors: AnchorList::new(contents.certificates),
        ..Lists::default()
    }
}

/// Every CRL that OpenSSL could find here: `HASH.r0`, `HASH.r1` and so on, in PEM, where HASH is that of
/// the issuer's name. OpenSSL looks them up when it needs them; the result is the same.
fn of_directory(path: &Path) -> std::io::Result<Vec<Crl>> {
    let mut names: Vec<(u32, u32)> = path
        .read_dir()?
        .filter_map(|entry| hashed_name(entry.ok()?.file_name().to_str()?))
        .collect();
    if names.len() > MAX_LISTS {
        let message = format!("it contains more than {MAX_LISTS} CRL files");
        return Err(std::io::Error::other(message));
    }
    names.sort_unstable();
    let mut crls = Vec::new();
    let mut expected = (0, 0);
    let mut ended = None;
    for (hash, number) in names {
        if hash != expected.0 || number == 0 {
            expected = (hash, 0);
        }
        // The search ends at the first missing number, and after a file that cannot be read.
        if number != expected.1 || ended == Some(hash) {
            continue;
        }
        expected.1 += 1;
        let Ok(bytes) = super::read_bounded(&path.join(format!("{hash:08x}.r{number}"))) else {
            ended = Some(hash);
            continue;
        };
        let loaded = file::load_crls(&bytes);
        if loaded.search == Search::Ends {
            ended = Some(hash);
        }
        let of_hash = |crl: &Crl| crl.issuer.hash() == hash;
        crls.extend(loaded.values.into_iter().filter(of_hash));
    }
    Ok(crls)
}

fn hashed_name(name: &str) -> Option<(u32, u32)> {
    let (hash, number) = name.split_once(".r")?;
    let lower = hash
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let canonical = number == "0" || !number.starts_with('0');
    if hash.len() != 8 || !lower || !canonical {
        return None;
    }
    Some((u32::from_str_radix(hash, 16).ok()?, number.parse().ok()?))
}

/// The maximum of CRL files in one directory. More are an error, because a list that is left out could be
/// the one that revokes.
const MAX_LISTS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hashed_names_are_found() {
        for (name, found) in [
            ("0a1b2c3d.r0", Some((0x0a1b_2c3d, 0))),
            ("0a1b2c3d.r12", Some((0x0a1b_2c3d, 12))),
            ("0A1B2C3D.r0", None),
            ("0a1b2c3d.0", None),
            ("0a1b2c3d.r01", None),
            ("a1b2c3d.r0", None),
            ("root.crl", None),
            ("0a1b2c3d.r-1", None),
        ] {
            assert_eq!(hashed_name(name), found, "{name}");
        }
    }
}
