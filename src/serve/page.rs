//! The page of all states: the HTML report of what is known now.

use crate::report::html;

use super::board::Board;
use super::moment::Moment;

/// The page.
pub(super) fn of(board: &Board, now: Moment) -> Vec<u8> {
    let mut page = Vec::new();
    // Writing to memory cannot fail.
    let _ = html::write(&mut page, &board.report(now));
    page
}
