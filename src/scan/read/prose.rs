//! Any other text: each line is a text, and each line that sets a variable sets it.

use super::lines::{Style, read as read_lines};
use crate::scan::document::Document;

/// Reads all lines. `# A heading` of Markdown is one, too.
pub(in crate::scan) fn read(text: &str, first_line: usize) -> Document {
    let mut document = Document::new();
    // Literals of source code, one a line, that are one string.
    let mut literals: Option<(String, usize)> = None;
    for (number, line) in (first_line..).zip(text.lines()) {
        if let Some((part, follows)) = literal(line) {
            let (joined, _) = literals.get_or_insert_with(|| (String::new(), number));
            joined.push_str(part);
            if follows == Follows::More && joined.len() < LONGEST {
                continue;
            }
        }
        let is_literal = literals.is_some();
        if let Some((joined, first)) = literals.take() {
            document.say(0, &joined, first);
        }
        if is_literal && literal(line).is_some() {
            continue;
        }
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
    if let Some((joined, first)) = literals {
        document.say(0, &joined, first);
    }
    document
}

/// A longer one is not joined to more.
const LONGEST: usize = 64 * 1024;

/// What comes behind a literal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Follows {
    /// The next line may go on with it.
    More,
    /// It is whole.
    Nothing,
}

/// The text of a line that is one literal, with a comment or a bracket behind it at most.
fn literal(line: &str) -> Option<(&str, Follows)> {
    let (text, behind) = line.trim().strip_prefix('"')?.split_once('"')?;
    let behind = behind.trim_start();
    if behind.is_empty() || behind.starts_with(['#', '+']) {
        return Some((text, Follows::More));
    }
    matches!(behind, ")" | "," | ";" | ");" | "),").then_some((text, Follows::Nothing))
}
