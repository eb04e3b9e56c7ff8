//! Reads files within limits of size and time.
//!
//! A path may lead to anything: an endless device, or a pipe without a writer. Pipes must still
//! work, because `sslrootcert=<(command)` works with psql.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::os;

/// Reads a file of at most 16 MiB, waiting for a pipe for at most five seconds.
///
/// # Errors
/// Errors of the system, and [`io::ErrorKind::FileTooLarge`] and [`io::ErrorKind::TimedOut`].
pub fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    read_at_most(path, MAX_FILE)
}

/// The same with another bound, in MiB.
///
/// # Errors
/// The same.
pub fn read_at_most(path: &Path, most: Mebibytes) -> io::Result<Vec<u8>> {
    let deadline = Instant::now() + PATIENCE;
    let mut file = os::open_to_read(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() {
        return read_regular(&file, metadata.len(), most);
    }
    let mut bytes = Vec::new();
    // One page, so that the stack does not grow for it.
    let mut buffer = [0; 4096];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        os::wait_for_data(&file, left).map_err(in_time)?;
        match file.read(&mut buffer) {
            Ok(0) => return Ok(bytes),
            Ok(count) => bytes.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            Err(error) if is_passing(&error) => {}
            Err(error) => return Err(error),
        }
        if bytes.len() > most.bytes() {
            return Err(most.exceeded());
        }
    }
}

/// A regular file never keeps its reader waiting. `length` is what the system says, which is 0 for files in `/proc`.
fn read_regular(file: &File, length: u64, most: Mebibytes) -> io::Result<Vec<u8>> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let expected = length.min(most.bytes());
    read_to_end(file, expected, most)
}

/// Reads standard input, waiting for it as long as it takes.
///
/// # Errors
/// Besides those of the system: [`io::ErrorKind::FileTooLarge`].
pub fn read_stdin(most: Mebibytes) -> io::Result<Vec<u8>> {
    read_to_end(io::stdin().lock(), 0, most)
}

fn read_to_end(input: impl io::Read, expected: usize, most: Mebibytes) -> io::Result<Vec<u8>> {
    // One more than it needs, so that the end is found without more space.
    let mut bytes = Vec::with_capacity(expected.saturating_add(1));
    let bound = u64::try_from(most.bytes()).unwrap_or(u64::MAX);
    input
        .take(bound.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() > most.bytes() {
        return Err(most.exceeded());
    }
    Ok(bytes)
}

/// A size in units of 1,048,576 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mebibytes(pub u16);

impl Mebibytes {
    const fn bytes(self) -> usize {
        (self.0 as usize) << 20
    }

    fn exceeded(self) -> io::Error {
        let message = format!("it is larger than {} MiB", self.0);
        io::Error::new(io::ErrorKind::FileTooLarge, message)
    }
}

fn in_time(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::TimedOut {
        let message = "it is a pipe or a device, and it sent no data in time";
        return io::Error::new(io::ErrorKind::TimedOut, message);
    }
    error
}

fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock
    )
}

/// A larger trust file is refused. The largest public bundles have some 300 KB, the
/// largest CRLs a few MB.
const MAX_FILE: Mebibytes = Mebibytes(16);

/// How long to wait for a pipe.
const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn fifo(directory: &tempfile::TempDir) -> std::path::PathBuf {
        let path = directory.path().join("pipe");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        path
    }

    #[test]
    fn a_pipe_is_read_to_its_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = fifo(&directory);
        let other_end = path.clone();
        // Opening blocks until there is a reader, and the data is more than a pipe holds.
        let writer = std::thread::spawn(move || {
            let mut pipe = File::options().write(true).open(other_end).unwrap();
            pipe.write_all(&[7; 100_000]).unwrap();
            pipe.write_all(b"end").unwrap();
        });
        let bytes = read_bounded(&path).unwrap();
        writer.join().unwrap();
        assert_eq!(bytes.len(), 100_003);
        assert!(bytes.ends_with(b"\x07end"));
    }

    #[test]
    fn a_pipe_without_a_writer_is_given_up() {
        let directory = tempfile::tempdir().unwrap();
        let error = read_bounded(&fifo(&directory)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn a_file_is_read_to_its_end_whatever_the_system_says_of_its_length() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        for length in [0, 1, 4_096, 100_000, 1 << 20] {
            std::fs::write(&path, vec![7; length]).unwrap();
            let read = read_at_most(&path, Mebibytes(1)).unwrap();
            assert_eq!(read, vec![7; length]);
        }
        std::fs::write(&path, vec![7; (1 << 20) + 1]).unwrap();
        let error = read_at_most(&path, Mebibytes(1)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        // Its length is given as 0.
        #[cfg(target_os = "linux")]
        assert!(
            !read_bounded(Path::new("/proc/self/maps"))
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn devices_end_or_are_too_large() {
        assert_eq!(read_bounded(Path::new("/dev/null")).unwrap(), b"");
        let error = read_bounded(Path::new("/dev/zero")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn directories_and_absent_files_are_the_systems_errors() {
        for (path, kind) in [
            ("/", io::ErrorKind::IsADirectory),
            ("/nowhere", io::ErrorKind::NotFound),
        ] {
            assert_eq!(read_bounded(Path::new(path)).unwrap_err().kind(), kind);
        }
    }
}
