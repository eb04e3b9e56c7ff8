//! Unix.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::io;
use std::net::TcpListener;
use std::os::fd::AsFd as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{Signal, killpg};
use nix::sys::statvfs::{FsFlags, statvfs};
use nix::unistd::{Pid, Uid, User, getegid, geteuid};
use rustix::process::{WaitId, WaitIdOptions, waitid};
use tokio::signal::unix::{Signal as Signaled, SignalKind, signal};

use super::User as ThisUser;
use super::{Permissions, Request, Shell};

/// The bytes of an argument, an environment variable or a path, which need not be UTF-8.
pub fn bytes_of(text: &OsStr) -> Vec<u8> {
    text.as_bytes().to_vec()
}

/// The path of these bytes.
pub fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsString::from_vec(bytes.to_vec()))
}

/// The text of these bytes, to be shown.
pub fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The user's directory as libpq finds it: `$HOME` if it is not empty, else
/// that of the password database (`pqGetHomeDirectory` in fe-connect.c).
pub fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| !home.as_os_str().is_empty())
}

/// Where libpq's files are below [`home`].
pub fn home_files(home: &Path) -> PathBuf {
    home.join(".postgresql")
}

/// The shell that commands are written for.
pub const SHELL: Shell = Shell::Posix;

/// A text with the names that libpq's files have here, if they are others than those of Unix.
pub fn files_named_here(_: &str) -> Option<String> {
    None
}

/// The user's password file, for advice.
pub const SHOWN_PASSFILE: &str = "~/.pgpass";

/// What the password file must be like, for advice.
pub const SHOWN_PASSFILE_RULE: &str = " (mode 0600)";

/// How to change where libpq's default files are, for advice.
pub const SHOWN_HOME_RULE: &str =
    "For a client's default files, set HOME to a directory that the user can read, or set";

/// The file with the roots of the distribution.
pub const SYSTEM_BUNDLE: Option<&str> = Some("/etc/ssl/certs/ca-certificates.crt");

/// What to do where no address answered in time.
pub const NO_ANSWER: &str = "Packets are probably dropped on the way. Check firewalls, security groups, routes and the address.";

/// The store of root certificates that OpenSSL reads, in a sentence.
pub const SYSTEM_STORE: &str = "the trust store of this machine";

/// What to do where that store is empty.
pub const EMPTY_STORE: &str = "The trust store of this machine is empty. Install the package ca-certificates, or set SSL_CERT_FILE to a bundle.";

/// What to do where that store does not have a root.
pub const INCOMPLETE_STORE: &str =
    "This machine's trust store does not contain it. Update the package ca-certificates.";

/// The directories of the system's service file. libpq has one compiled in: Debian's, Red Hat's (PGDG), or
/// PostgreSQL's own default.
pub const SERVICE_DIRECTORIES: &[&str] = &[
    "/etc/postgresql-common",
    "/etc/sysconfig/pgsql",
    "/usr/local/pgsql/etc",
];

/// Where distributions keep OpenSSL's configuration: Debian, Alpine and SUSE; the Red Hat family.
pub const OPENSSL_CONFIGURATIONS: &[&str] = &["/etc/ssl/openssl.cnf", "/etc/pki/tls/openssl.cnf"];

/// The root certificates that OpenSSL finds without its variables: one file, and directories.
pub fn root_files() -> (Option<PathBuf>, Vec<PathBuf>) {
    let found = openssl_probe::probe();
    (found.cert_file, found.cert_dir)
}

/// The entries of a variable with several paths.
pub fn split_list(list: &OsStr) -> Vec<PathBuf> {
    std::env::split_paths(list).collect()
}

/// libpq's default for `gssencmode`, as distributions build it.
pub const DEFAULT_GSSENCMODE: &str = "prefer";

/// The host that libpq uses if none is named; here it uses a Unix socket.
pub const DEFAULT_HOST: Option<&str> = None;

/// Does the path begin with a drive or a backslash (`is_absolute_path` in PostgreSQL's port.h)?
pub fn is_windows_path(_: &[u8]) -> bool {
    false
}

/// Does the path begin with a letter of a drive?
pub fn names_a_drive(_: &[u8]) -> bool {
    false
}

/// The name of the password file below [`home`].
pub const PASSFILE: &str = ".pgpass";

/// What C reads of a text file: all of it.
pub fn text_file(bytes: &[u8]) -> &[u8] {
    bytes
}

/// The path with `/` between its parts.
pub fn slashed(path: String) -> String {
    path
}

/// Is it the device that swallows everything? Here it is found by its kind.
pub fn is_null_device(_: &Path) -> bool {
    false
}

/// Terminals show colours.
pub fn show_colours() -> bool {
    true
}

/// The name of the effective user (`pg_fe_getauthname` in fe-auth.c).
pub fn user() -> Option<Vec<u8>> {
    let user = User::from_uid(geteuid()).ok()??;
    Some(user.name.into_bytes())
}

/// Who runs this program; `None` on a system without such numbers.
pub fn this_user() -> Option<ThisUser> {
    Some(ThisUser {
        id: geteuid().as_raw(),
        group: getegid().as_raw(),
    })
}

/// The name of a user, if the password database has one.
pub fn name_of_user(id: u32) -> Option<String> {
    Some(User::from_uid(Uid::from_raw(id)).ok()??.name)
}

/// How many files may be open at once, after raising the limit as far as this user may.
pub fn raise_file_limit() -> usize {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return usize::MAX;
    };
    let raised = setrlimit(Resource::RLIMIT_NOFILE, hard, hard).map_or(soft, |()| hard);
    usize::try_from(raised).unwrap_or(usize::MAX)
}

/// Opens a file to read it, and a pipe without waiting for its writer.
///
/// # Errors
/// Those of the system.
pub fn open_to_read(path: &Path) -> io::Result<File> {
    let nonblocking = OFlag::O_NONBLOCK.bits();
    File::options()
        .read(true)
        .custom_flags(nonblocking)
        .open(path)
}

/// Waits until something can be read: at once for a regular file; for a pipe when it has data, or when its
/// writer has gone.
///
/// # Errors
/// [`io::ErrorKind::TimedOut`], and those of the system.
pub fn wait_for_data(file: &File, patience: Duration) -> io::Result<()> {
    let patience = PollTimeout::try_from(patience).unwrap_or(PollTimeout::ZERO);
    let mut watched = [PollFd::new(file.as_fd(), PollFlags::POLLIN)];
    match poll(&mut watched, patience) {
        Ok(0) => Err(io::ErrorKind::TimedOut.into()),
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// Owner and permissions of a file; `None` on a system where libpq does not check them.
pub fn permissions(metadata: &Metadata) -> Option<Permissions> {
    Some(Permissions {
        owner: metadata.uid(),
        mode: metadata.mode() & 0o7777,
    })
}

/// Whether nothing on the file's file system can be changed.
pub fn is_on_read_only_mount(path: &Path) -> bool {
    statvfs(path).is_ok_and(|found| found.flags().contains(FsFlags::ST_RDONLY))
}

/// The permissions of a new file; `None` on a system without permission bits.
pub fn creation_mode(mode: u32) -> Option<fs::Permissions> {
    Some(fs::Permissions::from_mode(mode))
}

/// Makes a file that is not there yet, with these permissions as far as the umask allows.
///
/// # Errors
/// Those of the system.
pub fn create_new(path: &Path, mode: u32) -> io::Result<File> {
    File::options()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
}

/// Opens a pipe, a terminal or another device to write to it. A pipe must have a reader already.
///
/// # Errors
/// Those of the system.
pub fn open_to_write(path: &Path) -> io::Result<File> {
    let file = File::options()
        .write(true)
        .custom_flags(OFlag::O_NONBLOCK.bits())
        .open(path)?;
    // Only the opening must not wait.
    let flags = OFlag::from_bits_truncate(fcntl(&file, FcntlArg::F_GETFL)?);
    fcntl(&file, FcntlArg::F_SETFL(flags - OFlag::O_NONBLOCK))?;
    Ok(file)
}

/// Whether an entry of a directory in which everybody may make files belongs to another user. Then it may be a trap:
/// Linux itself follows no such link (`fs.protected_symlinks`) and opens no such file (`fs.protected_regular`).
pub fn belongs_to_stranger(entry: &Metadata, directory: &Metadata) -> bool {
    let is_shared = directory.mode() & 0o1000 != 0 && directory.mode() & 0o022 != 0;
    let own = geteuid().as_raw();
    is_shared && entry.uid() != own && entry.uid() != directory.uid()
}

/// Gives a new file the mode of the one that it replaces, and its owner and group as far as that is allowed. The new
/// group gets nothing if it is not the old one.
///
/// # Errors
/// Those of the system.
pub fn keep_permissions(new: &File, old: &Metadata) -> io::Result<()> {
    let mut mode = old.mode() & 0o777;
    let made = new.metadata()?;
    if (made.uid(), made.gid()) != (old.uid(), old.gid()) {
        let kept = fchown(new, Some(old.uid()), Some(old.gid()))
            .or_else(|_| fchown(new, None, Some(old.gid())));
        if kept.is_err() {
            mode &= !0o070;
        }
    }
    new.set_permissions(fs::Permissions::from_mode(mode))
}

/// Lets as many clients wait for [`TcpListener::accept`] as the system allows; the standard library allows
/// few.
///
/// # Errors
/// Those of the system.
pub fn lengthen_queue(listener: &TcpListener) -> io::Result<()> {
    // Every system takes its own limit if more is asked for.
    Ok(rustix::net::listen(listener, i32::MAX)?)
}

/// Makes the program start as the leader of its own process group: see [`kill_group`].
pub fn lead_group(command: &mut Command) {
    command.process_group(0);
}

/// Has it ended? If so it stays a zombie, so its process ID is not reused until it is waited for.
///
/// # Errors
/// Those of the system.
pub fn has_ended(child: &mut Child) -> io::Result<bool> {
    // nix has no waitid for macOS.
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let child = rustix::process::Pid::from_child(child);
    Ok(waitid(WaitId::Pid(child), options)?.is_some())
}

/// Kills the program and its whole group; an empty group is not an error.
pub fn kill_group(child: &mut Child) {
    if let Ok(group) = pid(child) {
        let _ = killpg(group, Signal::SIGKILL);
    }
}

fn pid(child: &Child) -> io::Result<Pid> {
    let number = i32::try_from(child.id()).map_err(io::Error::other)?;
    Ok(Pid::from_raw(number))
}

/// Does the error mean that this machine, or this process, has too little of something: descriptors, memory,
/// threads?
pub fn lacks_resources(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(
        errno,
        Some(Errno::EMFILE | Errno::ENFILE | Errno::ENOBUFS | Errno::ENOMEM | Errno::EAGAIN)
    )
}

/// Are there descriptors left to watch for signals with? tokio panics without them.
///
/// # Errors
/// Those of the system.
pub fn try_to_watch_signals() -> io::Result<()> {
    UnixStream::pair().map(drop)
}

/// Whether a Unix-domain socket accepts a connection. A path that begins with `@` is in the abstract name space.
pub async fn socket_accepts(path: &[u8]) -> bool {
    let path = match path.split_first() {
        Some((b'@', name)) => [b"\0", name].concat(),
        _ => path.to_vec(),
    };
    match tokio::net::UnixStream::connect(path_of(&path)).await {
        Ok(_) => true,
        // Its queue is full.
        Err(error) => error.kind() == io::ErrorKind::WouldBlock,
    }
}

/// The signals that ask a program to end.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signaled,
    terminate: Signaled,
    hangup: Signaled,
}

impl Signals {
    /// They are caught from now on. Needs a tokio runtime.
    ///
    /// # Errors
    /// Those of the system.
    pub fn watch() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// The next one.
    pub async fn next(&mut self) -> Request {
        tokio::select! {
            _ = self.interrupt.recv() => Request::Interrupt,
            _ = self.terminate.recv() => Request::End,
            _ = self.hangup.recv() => Request::End,
        }
    }
}

/// Completes with the first signal that asks a program to end. The signals are caught from now on. Needs a
/// tokio runtime.
///
/// # Errors
/// Those of the system.
pub fn termination() -> io::Result<impl Future<Output = ()> + Send> {
    let mut signals = Signals::watch()?;
    Ok(async move {
        signals.next().await;
    })
}

/// Completes with the first signal that asks a service to end; [`Reloads`] are no such signal. It is caught from now
/// on. Needs a tokio runtime.
///
/// # Errors
/// Those of the system.
pub fn end_of_service() -> io::Result<impl Future<Output = ()> + Send> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Signals that ask a service to read its configuration again.
#[derive(Debug)]
pub struct Reloads(tokio::signal::unix::Signal);

impl Reloads {
    /// They are caught from now on. Needs a tokio runtime.
    ///
    /// # Errors
    /// Those of the system.
    pub fn watch() -> io::Result<Self> {
        signal(SignalKind::hangup()).map(Self)
    }

    /// Completes with the next one.
    pub async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}
