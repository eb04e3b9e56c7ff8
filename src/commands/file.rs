//! Files that we write: whole or not at all, and never through a link that another user planted.

use std::fs::{self, File, Metadata};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use pgtls::os;
use tempfile::NamedTempFile;

/// Replaces a file in one step, so that no reader finds half of it, and keeps its mode. A symbolic link stays one.
/// What is not a regular file (a pipe, a terminal) is written to.
///
/// # Errors
/// Those of the system, which name no path; [`io::ErrorKind::PermissionDenied`] where a link or a file in a directory
/// such as `/tmp` belongs to another user.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if os::is_null_device(path) {
        return os::open_to_write(path)?.write_all(bytes);
    }
    let (path, found) = resolve(path)?;
    match &found {
        Some(found) if !found.is_file() => os::open_to_write(&path)?.write_all(bytes),
        _ => {
            let new = new_file(directory_of(&path))?;
            if let Some(old) = &found {
                os::keep_permissions(new.as_file(), old)?;
            }
            let mut file: &File = new.as_file();
            file.write_all(bytes)?;
            // Else the name may outlive a crash and the contents not.
            file.sync_all()?;
            new.persist(&path).map_err(|failed| failed.error)?;
            Ok(())
        }
    }
}

/// Appends to a file what `text` makes of its length in bytes, in one write, so that what others append stays whole.
///
/// # Errors
/// As for [`replace`].
pub(super) fn append(path: &Path, text: impl FnOnce(u64) -> Vec<u8>) -> io::Result<()> {
    let (path, found) = resolve(path)?;
    let length = found
        .as_ref()
        .filter(|found| found.is_file())
        .map_or(0, Metadata::len);
    let mut file = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(&path)?;
    file.write_all(&text(length))
}

/// Where the links lead to, and what is there.
fn resolve(path: &Path) -> io::Result<(PathBuf, Option<Metadata>)> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let found = match path.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((path, None)),
            found => found?,
        };
        let directory = directory_of(&path).metadata()?;
        if os::belongs_to_stranger(&found, &directory) {
            let message = "it belongs to another user, in a directory that everybody can write to";
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
        }
        if !found.is_symlink() {
            return Ok((path, Some(found)));
        }
        // The links of /proc/self/fd lead to what has no name.
        if let Some(end) = path.metadata().ok().filter(|end| !end.is_file()) {
            return Ok((path, Some(end)));
        }
        let target = fs::read_link(&path)?;
        path = directory_of(&path).join(target);
    }
    let message = "there are too many symbolic links";
    Err(io::Error::new(io::ErrorKind::InvalidInput, message))
}

/// As many as Linux follows.
const MAX_LINKS: usize = 40;

fn directory_of(path: &Path) -> &Path {
    let directory = path.parent().filter(|path| !path.as_os_str().is_empty());
    directory.unwrap_or_else(|| Path::new("."))
}

/// As readable as any new file: others (a web server, an exporter) read reports.
fn new_file(directory: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".pgtls-");
    // tempfile's own errors repeat the path, or do not say what the system said.
    builder.make_in(directory, |path| os::create_new(path, 0o666))
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, lchown, symlink};

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_keeps_its_mode_and_a_link_stays_one() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        for mode in [0o600, 0o640, 0o444] {
            fs::write(at("own"), "old").unwrap();
            set_mode(&at("own"), mode);
            replace(&at("own"), b"new").unwrap();
            assert_eq!(fs::read(at("own")).unwrap(), b"new");
            let found = at("own").metadata().unwrap().mode() & 0o7777;
            assert_eq!(found, mode, "{found:o}");
            fs::remove_file(at("own")).unwrap();
        }
        symlink("second", at("first")).unwrap();
        symlink("target", at("second")).unwrap();
        for text in [b"one", b"two"] {
            replace(&at("first"), text).unwrap();
            assert_eq!(fs::read(at("target")).unwrap(), text);
        }
        assert_eq!(names(directory.path()), ["first", "second", "target"]);
        assert!(at("second").is_symlink());
    }

    #[test]
    fn nothing_is_left_where_it_cannot_be_written() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        symlink("circle", at("circle")).unwrap();
        fs::create_dir(at("directory")).unwrap();
        for name in ["circle", "directory", "nowhere/file"] {
            let error = replace(&at(name), b"new").unwrap_err();
            assert!(!error.to_string().contains("nowhere"), "{error}");
        }
        assert_eq!(names(directory.path()), ["circle", "directory"]);
    }

    #[test]
    fn a_device_is_written_to_and_a_pipe_must_have_a_reader() {
        replace(Path::new("/dev/null"), b"new").unwrap();
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(replace(&pipe, b"new").is_err());
        let mut reader = os::open_to_read(&pipe).unwrap();
        replace(&pipe, b"new").unwrap();
        let mut text = String::new();
        io::Read::read_to_string(&mut reader, &mut text).unwrap();
        assert_eq!(text, "new");
    }

    /// Links and files of another user, where everybody may make some.
    #[test]
    fn nothing_of_a_stranger_is_followed_or_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::write(at("precious"), "precious").unwrap();
        symlink("precious", at("link")).unwrap();
        fs::write(at("file"), "").unwrap();
        let given = ["link", "file"]
            .iter()
            .all(|name| lchown(at(name), Some(65534), None).is_ok());
        if !given {
            eprintln!("skipped: only root can give a file to another user");
            return;
        }
        // Nor is the directory ours, as /tmp is root's.
        lchown(directory.path(), Some(65533), None).unwrap();
        set_mode(directory.path(), 0o1777);
        for name in ["link", "file"] {
            let error = replace(&at(name), b"new").unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{name}");
        }
        assert_eq!(fs::read(at("precious")).unwrap(), b"precious");
        // What nobody but the owners can have put there is used.
        set_mode(directory.path(), 0o755);
        replace(&at("link"), b"new").unwrap();
        assert_eq!(fs::read(at("precious")).unwrap(), b"new");
        replace(&at("file"), b"new").unwrap();
        assert_eq!(at("file").metadata().unwrap().uid(), 65534);
    }
}
