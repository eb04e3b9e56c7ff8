//! What differs between operating systems: the same functions in one file for each.
//!
//! Elsewhere nothing asks which system it runs on.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::*;
#[cfg(windows)]
pub use windows::*;

/// Who may do what with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// The user id of the owner.
    pub owner: u32,
    /// The permission bits, `0o7777` at most.
    pub mode: u32,
}
