//! Any other text: each line is a text, and each line that sets a variable sets it.

use super::lines::{Style, read as read_lines};
use crate::scan::document::Document;

/// Reads all lines. `# A heading` of Markdown is one, too.
pub(in crate::scan) fn read(text: &str, first_line: usize) -> Document {
    let mut document = Document::new();
    for (number, line) in (first_line..).zip(text.lines()) {
        // `$ psql ...` in a console, `> ` in a quotation, a table's `|`.
        let line = line.trim_start_matches(['$', '>', '%', '|', '-', '*', ' ', '\t', '`']);
        let inner = read_lines(line, Style::Shell, number);
        for entry in inner.entries {
            // A sentence may contain a colon.
            if !entry.value.contains(' ') {
                document.set(0, &entry.key, &entry.value, entry.line);
            }
        }
        document.say(0, line, number);
    }
    document
}
