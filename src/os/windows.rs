//! Windows.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use super::{Permissions, User};

/// The bytes of an argument, an environment variable or a path, as UTF-8.
pub fn bytes_of(text: &OsStr) -> Vec<u8> {
    text.to_string_lossy().into_owned().into_bytes()
}

/// The path of these bytes.
pub fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsString::from(String::from_utf8_lossy(bytes).into_owned()))
}

/// The user's directory as libpq finds it: `%APPDATA%\postgresql` (`pqGetHomeDirectory` in
/// fe-connect.c).
pub fn home() -> Option<PathBuf> {
    std::env::var_os("APPDATA").map(|data| PathBuf::from(data).join("postgresql"))
}

/// Where libpq's files are below [`home`].
pub fn home_files(home: &Path) -> PathBuf {
    home.to_owned()
}

/// The directories of the system's service file: libpq has none compiled in.
pub const SERVICE_DIRECTORIES: &[&str] = &[];

/// The host that libpq uses if none is named.
pub const DEFAULT_HOST: Option<&str> = Some("localhost");

/// Does the path begin with a drive or a backslash (`is_absolute_path` in PostgreSQL's port.h)?
pub fn is_windows_path(text: &[u8]) -> bool {
    match text {
        [b'\\', ..] => true,
        [letter, b':', b'/' | b'\\', ..] => letter.is_ascii_alphabetic(),
        _ => false,
    }
}

/// Does the path begin with a letter of a drive?
pub fn names_a_drive(path: &[u8]) -> bool {
    path.get(1) == Some(&b':')
}

/// The name of the password file below [`home`].
pub const PASSFILE: &str = "pgpass.conf";

/// The name of the user.
pub fn user() -> Option<Vec<u8>> {
    std::env::var("USERNAME").ok().map(String::into_bytes)
}

/// How many files may be open at once.
pub fn raise_file_limit() -> usize {
    usize::MAX
}

/// Opens a file to read it.
///
/// # Errors
/// Those of the system.
pub fn open_to_read(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Does not wait: reading does.
///
/// # Errors
/// None.
pub fn wait_for_data(_: &File, _: Duration) -> io::Result<()> {
    Ok(())
}

/// libpq does not check permissions here.
pub fn permissions(_: &Metadata) -> Option<Permissions> {
    None
}

/// There are no permission bits.
pub fn creation_mode(_: u32) -> Option<fs::Permissions> {
    None
}

/// Makes a file that is not there yet.
///
/// # Errors
/// Those of the system.
pub fn create_new(path: &Path, _: u32) -> io::Result<File> {
    File::options().write(true).create_new(true).open(path)
}

/// Opens a device to write to it.
///
/// # Errors
/// Those of the system.
pub fn open_to_write(path: &Path) -> io::Result<File> {
    File::options().write(true).open(path)
}

/// Every user has a directory for temporary files.
pub fn belongs_to_stranger(_: &Metadata, _: &Metadata) -> bool {
    false
}

/// There are no permission bits.
///
/// # Errors
/// None.
pub fn keep_permissions(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

/// The standard library's queue is used.
///
/// # Errors
/// None.
pub fn lengthen_queue(_: &TcpListener) -> io::Result<()> {
    Ok(())
}

/// Users have no numbers here.
pub fn this_user() -> Option<User> {
    None
}

/// Users have no numbers here.
pub fn name_of_user(_: u32) -> Option<String> {
    None
}

/// There are no process groups.
pub fn lead_group(_: &mut Command) {}

/// Has it ended?
///
/// # Errors
/// Those of the system.
pub fn has_ended(child: &mut Child) -> io::Result<bool> {
    Ok(child.try_wait()?.is_some())
}

/// Kills the program, but not what it started.
pub fn kill_group(child: &mut Child) {
    let _ = child.kill();
}

/// Does the error mean that this machine, or this process, has too little of something?
pub fn lacks_resources(error: &io::Error) -> bool {
    // ERROR_NOT_ENOUGH_MEMORY, WSAEMFILE and WSAENOBUFS.
    matches!(error.raw_os_error(), Some(8 | 10_024 | 10_055))
}

/// Can signals be watched for? Here that needs nothing.
///
/// # Errors
/// None.
pub fn try_to_watch_signals() -> io::Result<()> {
    Ok(())
}

/// Completes with Ctrl-C. Needs a tokio runtime.
///
/// # Errors
/// None.
pub fn termination() -> io::Result<impl Future<Output = ()> + Send> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
