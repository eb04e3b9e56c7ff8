//! The report as one JSON document.

use std::io::{self, Write};

use serde::Serialize;

/// Writes one indented document and a newline.
///
/// # Errors
/// If `out` cannot be written.
pub fn write<T: Serialize>(out: &mut dyn Write, document: &T) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, document)?;
    out.write_all(b"\n")
}
