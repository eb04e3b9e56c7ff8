//! Is a ClientHello of more than one TCP segment answered?

use super::{Asking, Gaps, Inquiry, asking};
use crate::inquiry::LargeHello;

impl Gaps for LargeHello {}

/// Sends one, as clients with post-quantum key exchange do.
pub(super) fn ask<'a>(inquiry: &'a Inquiry<'_>) -> Vec<Asking<'a>> {
    let answer = inquiry.line.ask_large();
    vec![asking(answer, |audit, answer| {
        audit.large_hello = answer.into();
    })]
}
