//! Windows.
//!
//! libpq.dll sees the system through the functions whose names end in A: paths, variables and arguments are
//! bytes in the code page that the machine is set to (the "ANSI code page"), not UTF-8.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::io::{self, IsTerminal as _};
use std::net::TcpListener;
use std::os::windows::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::signal::windows::{
    CtrlBreak, CtrlC, CtrlClose, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown,
};
use winsafe::{MultiByteToWideChar, SHGetKnownFolderPath, WideCharToMultiByte, co};

use super::{Permissions, Request, Shell, User};

mod processes;

pub use processes::{has_ended, kill_group, lead_group};

/// The bytes of an argument, an environment variable or a path, as psql.exe and libpq.dll get them: in the code page
/// of the machine. What it does not have becomes something similar, or `?`.
pub fn bytes_of(text: &OsStr) -> Vec<u8> {
    let wide: Vec<u16> = text.encode_wide().collect();
    if wide.iter().all(|unit| *unit < 0x80) {
        return text.to_string_lossy().into_owned().into_bytes();
    }
    // It fails where the code page is UTF-8, which has no character for what is missing.
    WideCharToMultiByte(co::CP::ACP, co::WC::NoValue, &wide, Some(b'?'), None)
        .unwrap_or_else(|_| text.to_string_lossy().into_owned().into_bytes())
}

/// The path of these bytes, which are in the code page of the machine.
pub fn path_of(bytes: &[u8]) -> PathBuf {
    let utf8 = || OsString::from(String::from_utf8_lossy(bytes).into_owned());
    if bytes.is_ascii() {
        return utf8().into();
    }
    MultiByteToWideChar(co::CP::ACP, co::MBC::NoValue, bytes)
        .map_or_else(|_| utf8(), |wide| OsString::from_wide(&wide))
        .into()
}

/// The text of these bytes, to be shown: typed again, it becomes the same bytes.
pub fn text_of(bytes: &[u8]) -> String {
    path_of(bytes).to_string_lossy().into_owned()
}

/// The user's directory as libpq finds it: `postgresql` in the known folder for application data
/// (`pqGetHomeDirectory` in fe-connect.c). The variable `APPDATA` is not read.
pub fn home() -> Option<PathBuf> {
    let folder =
        SHGetKnownFolderPath(&co::KNOWNFOLDERID::RoamingAppData, co::KF::DEFAULT, None).ok()?;
    let home = PathBuf::from(folder).join("postgresql");
    Some(path_of(&bytes_of(home.as_os_str())))
}

/// Where libpq's files are below [`home`].
pub fn home_files(home: &Path) -> PathBuf {
    home.to_owned()
}

/// The shell that commands are written for.
pub const SHELL: Shell = Shell::Windows;

/// A text with the names that libpq's files have here, if they are others than those of Unix. What is in quotation
/// marks, or follows a sign, is a user's own.
pub fn files_named_here(text: &str) -> Option<String> {
    let mut named = text.to_owned();
    for (unix, here) in [
        ("~/.postgresql/", "%APPDATA%\\postgresql\\"),
        ("~/.postgresql", "%APPDATA%\\postgresql"),
        ("~/.pgpass", SHOWN_PASSFILE),
        (
            "~/.pg_service.conf",
            "%APPDATA%\\postgresql\\.pg_service.conf",
        ),
    ] {
        for before in [" ", "\n", "("] {
            named = named.replace(&format!("{before}{unix}"), &format!("{before}{here}"));
        }
    }
    (named != text).then_some(named)
}

/// The user's password file, for advice.
pub const SHOWN_PASSFILE: &str = "%APPDATA%\\postgresql\\pgpass.conf";

/// What the password file must be like, for advice: libpq checks nothing here.
pub const SHOWN_PASSFILE_RULE: &str = "";

/// How to change where libpq's default files are, for advice: no variable does.
pub const SHOWN_HOME_RULE: &str = "For a client's default files, set";

/// The file with the roots of the distribution: Windows has none.
pub const SYSTEM_BUNDLE: Option<&str> = None;

/// What to do where no address answered in time. Windows asks a port that refuses again, some 2 seconds long, before it
/// says so.
pub const NO_ANSWER: &str = "Packets are dropped on the way, or the port is closed: Windows needs about 2 seconds for each address to find that out. Try again with --timeout 10. If it says the same, check firewalls, security groups, routes and the address.";

/// The store of root certificates that OpenSSL reads, in a sentence.
pub const SYSTEM_STORE: &str = "OpenSSL's root files on this machine (not Windows' own store)";

/// What to do where that store is empty.
pub const EMPTY_STORE: &str = "On Windows, libpq does not read Windows' own certificate store with sslrootcert=system, only OpenSSL's root files, and this machine has none. Set SSL_CERT_FILE to a file of root certificates.";

/// What to do where that store does not have a root.
pub const INCOMPLETE_STORE: &str = "OpenSSL's root files on this machine do not contain it. Set SSL_CERT_FILE to a file that does.";

/// The directories of the system's service file: it depends on who built libpq.
pub const SERVICE_DIRECTORIES: &[&str] = &[];

/// Where OpenSSL's configuration is: in the directory that it is built with unless told otherwise.
pub const OPENSSL_CONFIGURATIONS: &[&str] = &["C:\\Program Files\\Common Files\\SSL\\openssl.cnf"];

/// The root certificates that OpenSSL finds without its variables: one file, and directories. Never Windows' own store.
pub fn root_files() -> (Option<PathBuf>, Vec<PathBuf>) {
    let directory = Path::new("C:\\Program Files\\Common Files\\SSL");
    (
        Some(directory.join("cert.pem")),
        vec![directory.join("certs")],
    )
}

/// The entries of a variable with several paths. OpenSSL does not take quotes off.
pub fn split_list(list: &OsStr) -> Vec<PathBuf> {
    let wide: Vec<u16> = list.encode_wide().collect();
    wide.split(|unit| *unit == u16::from(b';'))
        .map(|entry| OsString::from_wide(entry).into())
        .collect()
}

/// The host that libpq uses if none is named.
pub const DEFAULT_HOST: Option<&str> = Some("localhost");

/// libpq's default for `gssencmode`: its builds for Windows have no GSSAPI.
pub const DEFAULT_GSSENCMODE: &str = "disable";

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

/// What C reads of a text file that it did not open as binary: Ctrl-Z ends it.
pub fn text_file(bytes: &[u8]) -> &[u8] {
    bytes
        .split(|byte| *byte == CTRL_Z)
        .next()
        .unwrap_or_default()
}

const CTRL_Z: u8 = 0x1a;

/// The name of the user (`pg_fe_getauthname` in fe-auth.c asks `GetUserName`, not the variable `USERNAME`).
pub fn user() -> Option<Vec<u8>> {
    let name = winsafe::GetUserName().ok()?;
    Some(bytes_of(OsStr::new(&name)))
}

/// How many files may be open at once.
pub fn raise_file_limit() -> usize {
    usize::MAX
}

/// Opens a file to read it. As for libpq, a path of 260 characters or more leads to nothing.
///
/// # Errors
/// Those of the system; a console or a serial line, which would be waited for, is refused.
pub fn open_to_read(path: &Path) -> io::Result<File> {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if whole.as_os_str().encode_wide().count() >= MAX_PATH {
        let message = "the path is longer than the 259 characters that libpq can open on Windows";
        return Err(io::Error::new(io::ErrorKind::NotFound, message));
    }
    if names_waiting_device(path) {
        let message = "it is a device, not a file";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied if path.is_dir() => {
            io::Error::new(error.kind(), "it is a directory")
        }
        // Characters that no file name can have.
        io::ErrorKind::InvalidFilename => io::Error::new(io::ErrorKind::NotFound, error),
        _ => error,
    })?;
    if file.is_terminal() {
        let message = "it is a console, not a file";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok(file)
}

/// `MAX_PATH`, which counts the NUL at the end.
const MAX_PATH: usize = 260;

/// The name of a device from which reading may take for ever, in any directory and with any extension.
fn names_waiting_device(path: &Path) -> bool {
    let text = path.as_os_str().to_string_lossy();
    // The last part of the path, without a drive or what is behind a colon: `COM1:` and `c:COM1` are the device.
    let name = text
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or_default()
        .split(':')
        .find(|part| part.chars().count() > 1)
        .unwrap_or_default();
    let name = name.split('.').next().unwrap_or_default();
    let name = name.trim_end().to_ascii_uppercase();
    let is_numbered = |name: &str| {
        let number = name
            .strip_prefix("COM")
            .or_else(|| name.strip_prefix("LPT"));
        number.is_some_and(is_number_of_device)
    };
    matches!(name.as_str(), "CON" | "AUX" | "PRN" | "CONIN$" | "CONOUT$") || is_numbered(&name)
}

/// One digit, not zero: also as a superscript of Latin-1, which Windows takes for the digit.
fn is_number_of_device(number: &str) -> bool {
    let mut digits = number.chars();
    matches!(
        digits.next(),
        Some('1'..='9' | '\u{b9}' | '\u{b2}' | '\u{b3}')
    ) && digits.next().is_none()
}

/// The path with `/` between its parts.
pub fn slashed(path: String) -> String {
    path.replace('\\', "/")
}

/// Is it the name of the device that swallows everything?
pub fn is_null_device(path: &Path) -> bool {
    let name = path.as_os_str().to_string_lossy();
    name.trim_end_matches(':').eq_ignore_ascii_case("NUL")
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

/// No file has permissions that matter here.
pub fn is_on_read_only_mount(_: &Path) -> bool {
    false
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

/// Does the error mean that this machine, or this process, has too little of something?
pub fn lacks_resources(error: &io::Error) -> bool {
    // ERROR_NOT_ENOUGH_MEMORY, WSAEMFILE and WSAENOBUFS.
    matches!(error.raw_os_error(), Some(8 | 10_024 | 10_055))
}

/// Makes the console show colours instead of their codes. `false` means that it cannot.
pub fn show_colours() -> bool {
    anstyle_query::windows::enable_ansi_colors() != Some(false)
}

/// Can signals be watched for? Here that needs nothing.
///
/// # Errors
/// None.
pub fn try_to_watch_signals() -> io::Result<()> {
    Ok(())
}

/// Whether a Unix-domain socket accepts a connection: the standard library has none here, so it may.
pub async fn socket_accepts(_: &[u8]) -> bool {
    true
}

/// Ctrl-C, Ctrl-Break, and what comes when the console's window closes, or when the machine shuts down.
#[derive(Debug)]
pub struct Signals {
    interrupt: CtrlC,
    ended: CtrlBreak,
    close: CtrlClose,
    shutdown: CtrlShutdown,
}

impl Signals {
    /// They are caught from now on. Needs a tokio runtime.
    ///
    /// # Errors
    /// Those of the system.
    pub fn watch() -> io::Result<Self> {
        Ok(Self {
            interrupt: ctrl_c()?,
            ended: ctrl_break()?,
            close: ctrl_close()?,
            shutdown: ctrl_shutdown()?,
        })
    }

    /// The next one.
    pub async fn next(&mut self) -> Request {
        tokio::select! {
            _ = self.interrupt.recv() => Request::Interrupt,
            _ = self.ended.recv() => Request::End,
            _ = self.close.recv() => Request::End,
            _ = self.shutdown.recv() => Request::End,
        }
    }
}

/// Completes with the first of them. They are caught from now on. Needs a tokio runtime.
///
/// # Errors
/// Those of the system.
pub fn termination() -> io::Result<impl Future<Output = ()> + Send> {
    let mut signals = Signals::watch()?;
    Ok(async move {
        signals.next().await;
    })
}

/// The same for a service.
///
/// # Errors
/// Those of the system.
pub fn end_of_service() -> io::Result<impl Future<Output = ()> + Send> {
    termination()
}

/// Signals that ask a service to read its configuration again: here there are none.
#[derive(Debug)]
pub struct Reloads;

impl Reloads {
    /// There is nothing to watch.
    ///
    /// # Errors
    /// None.
    pub fn watch() -> io::Result<Self> {
        Ok(Self)
    }

    /// Never completes.
    pub async fn next(&mut self) {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_is_itself_and_what_goes_to_bytes_comes_back() {
        for text in ["", "a", "c:\\ssl\\root.crt", "caf\u{e9}"] {
            let bytes = bytes_of(OsStr::new(text));
            assert_eq!(path_of(&bytes), PathBuf::from(text), "{text}");
        }
        assert_eq!(bytes_of(OsStr::new("a/b")), b"a/b");
    }

    #[test]
    fn ctrl_z_ends_a_text_file() {
        assert_eq!(text_file(b"a\r\n\x1ab"), b"a\r\n");
        assert_eq!(text_file(b"a"), b"a");
    }

    #[test]
    fn a_list_is_split_at_semicolons_only() {
        let split = split_list(OsStr::new("c:\\a;\"c:\\b\""));
        assert_eq!(split, [PathBuf::from("c:\\a"), PathBuf::from("\"c:\\b\"")]);
    }

    #[test]
    fn texts_name_the_files_of_windows_but_not_what_the_user_wrote() {
        let text =
            "set it, or ~/.postgresql/root.crt (or ~/.pgpass), not \"~/.postgresql/root.crt\"";
        let here = "set it, or %APPDATA%\\postgresql\\root.crt (or %APPDATA%\\postgresql\\pgpass.conf), not \"~/.postgresql/root.crt\"";
        assert_eq!(files_named_here(text).as_deref(), Some(here));
        assert_eq!(files_named_here("root.crt"), None);
    }

    #[test]
    fn devices_are_known_by_name() {
        for name in [
            "CON",
            "con.crt",
            "con.tar.gz",
            "c:\\ssl\\aux",
            "COM1",
            "lpt9.pem",
            "COM1:",
            "c:com1",
            "c:\\ssl\\com1:",
            "\\\\.\\COM1",
            "//./com1",
            "COM\u{b9}",
        ] {
            assert!(names_waiting_device(Path::new(name)), "{name}");
        }
        for name in ["NUL", "conn", "COM0", "COM10", "root.crt", ""] {
            assert!(!names_waiting_device(Path::new(name)), "{name}");
        }
        assert!(is_null_device(Path::new("nul")) && !is_null_device(Path::new("null")));
    }

    #[test]
    fn a_path_that_is_too_long_leads_to_nothing() {
        let long = PathBuf::from(format!("c:\\{}", "x".repeat(260)));
        let error = open_to_read(&long).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
