//! The user's own string, with what is wrong in it put right.

use crate::conninfo::{ConnInfo, Keyword};
use crate::escape::escape;

/// The string with these settings changed or added, ready to paste: a line of its own in a hint,
/// secrets masked.
pub(super) fn corrected(conninfo: &ConnInfo, changes: &[(Keyword, &[u8])]) -> String {
    format!("    {}", escape(&conninfo.changed(changes)))
}
