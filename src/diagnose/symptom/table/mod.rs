//! Every message that is known, by who makes it.

mod compiled;
mod libpq;
mod openssl;
mod scripts;
mod server;
mod systems;

use super::{Rank, Symptom};
use crate::diagnose::Code;

/// Every known message.
pub(super) fn symptoms() -> impl Iterator<Item = &'static Symptom> {
    [
        openssl::ROWS,
        libpq::ROWS,
        server::ROWS,
        scripts::ROWS,
        compiled::ROWS,
        systems::ROWS,
    ]
    .into_iter()
    .flatten()
}

const fn row(
    said_by: &'static str,
    parts: &'static [&'static str],
    causes: &'static [(Code, &'static str)],
) -> Symptom {
    Symptom {
        said_by,
        rank: Rank::Specific,
        parts,
        causes,
    }
}

/// Found only if no row for one fault is.
const fn general(
    said_by: &'static str,
    parts: &'static [&'static str],
    causes: &'static [(Code, &'static str)],
) -> Symptom {
    Symptom {
        rank: Rank::General,
        ..row(said_by, parts, causes)
    }
}
