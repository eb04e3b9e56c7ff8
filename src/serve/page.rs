//! The page of all states: the HTML report of what is known now.

use std::io::{self, Write};

use crate::report::html;

use super::state::{Board, Moment};

/// Writes the page.
///
/// # Errors
/// If `out` cannot be written.
pub(super) fn write(out: &mut dyn Write, board: &Board, now: Moment) -> io::Result<()> {
    html::write(out, &board.report(now))
}
