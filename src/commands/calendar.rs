//! `pgtls roots --calendar`: when public root stores remove roots.

use std::io::{self, Write};

use pgtls::trust::removal::{Basis, REMOVALS, SOURCE};

pub(super) fn write(out: &mut dyn Write, now: i64) -> io::Result<()> {
    writeln!(
        out,
        "Roots that the public stores (sslrootcert=system, Mozilla's list) remove. A file that sslrootcert names keeps them."
    )?;
    for removal in &REMOVALS {
        let day = removal.day();
        let state = match (day.instant() <= now, removal.basis) {
            (true, _) => "removed",
            (false, Basis::Announced) => "announced",
            (false, Basis::Inferred) => "expected",
        };
        for root in removal.roots {
            writeln!(out, "{day}  {state:<9}  {root}")?;
        }
    }
    writeln!(
        out,
        "Source: {SOURCE}. Expected dates follow from the age of the key, also those of roots that are not listed here."
    )
}
