//! What differs between operating systems: the same functions in one file for each.
//!
//! No other module asks which system it runs on.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::*;
#[cfg(windows)]
pub use windows::*;

/// The kind of shell that commands are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    /// `sh`, with the tools of Unix.
    Posix,
    /// `cmd.exe` and PowerShell, with the tools of Windows.
    Windows,
}

/// Owner and permissions of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// The user id of the owner.
    pub owner: u32,
    /// The permission bits, at most `0o7777`.
    pub mode: u32,
}

/// Who runs this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    /// The effective user id.
    pub id: u32,
    /// The effective group id.
    pub group: u32,
}

/// What a signal asks a program to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// To interrupt what it does: Ctrl-C. A terminal sends it to its children, too.
    Interrupt,
    /// To end.
    End,
}
