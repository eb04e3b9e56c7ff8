//! The page that a report is written on: its width, its colours, and lines that fit.

use anstyle::Style;
use textwrap::Options;
use textwrap::core::display_width;

/// Whether the text may contain colour codes. No meaning depends on colour alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Palette {
    /// No escape sequences.
    Plain,
    /// ANSI colours.
    Colour,
}

/// Where the lines end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// A page of this many columns, for eyes.
    Columns(usize),
    /// A pipe or a file, whose reader may be a program: 80 columns, but psql's own line stays whole.
    Stream,
}

impl Page {
    /// A page of so many columns, as far as that makes sense.
    pub fn of(columns: usize) -> Self {
        Self::Columns(columns.clamp(NARROWEST, WIDEST))
    }

    /// Its width in columns.
    pub fn columns(self) -> usize {
        match self {
            Self::Columns(columns) => columns,
            Self::Stream => USUAL,
        }
    }
}

/// Wraps each line of `text` under a first-line indent. No word is broken; a word that is wider than the page sticks out.
pub(crate) fn wrap(text: &str, indent: &str, page: Page) -> String {
    wrap_under(text, indent, &" ".repeat(indent.len()), page)
}

/// The same with another indent for all lines but the first.
pub(crate) fn wrap_under(text: &str, indent: &str, under: &str, page: Page) -> String {
    let columns = page.columns();
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        // What a line begins with indents all that becomes of it.
        let words = line.trim_start_matches(' ');
        let inner = line.get(..line.len().saturating_sub(words.len()));
        let inner = inner.unwrap_or_default();
        let under = format!("{under}{inner}");
        let indent = if index == 0 {
            format!("{indent}{inner}")
        } else {
            under.clone()
        };
        let line = words;
        let fits = display_width(&indent).saturating_add(display_width(line)) <= columns;
        if fits {
            lines.push(format!("{indent}{line}"));
        } else {
            let options = Options::new(columns)
                .initial_indent(&indent)
                .subsequent_indent(&under)
                .break_words(false)
                .word_splitter(textwrap::WordSplitter::NoHyphenation);
            lines.extend(textwrap::wrap(line, options).into_iter().map(String::from));
        }
    }
    lines.join("\n").replace(BOUND, " ")
}

/// Text that [`wrap`] does not break at its spaces: a path, a subject.
pub(super) fn unbroken(text: &str) -> String {
    text.replace(' ', BOUND)
}

/// A space that does not end a line: one column wide, as a space is. Text that is safe for a terminal has no such
/// character.
const BOUND: &str = "\u{2028}";

/// The text in a style, if the palette has any.
pub(crate) fn paint(text: &str, style: Style, palette: Palette) -> String {
    match palette {
        Palette::Plain => text.to_owned(),
        Palette::Colour => format!("{style}{text}{style:#}"),
    }
}

/// `1 day`, `2 days`.
pub(super) fn count(number: usize, unit: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

/// A time in milliseconds as people read it: three digits or so.
pub(super) fn duration(ms: f64) -> String {
    let whole = ms.round();
    match ms {
        ..1.0 => format!("{ms:.2} ms"),
        ..100.0 => format!("{ms:.1} ms"),
        _ if whole < 1_000.0 => format!("{whole:.0} ms"),
        ..60_000.0 => format!("{:.1} s", ms / 1e3),
        _ => {
            let seconds = (ms / 1e3).round();
            format!(
                "{:.0} min {:.0} s",
                (seconds / 60.0).floor(),
                seconds % 60.0
            )
        }
    }
}

/// Columns if nothing says how many there are.
const USUAL: usize = 80;

/// Longer lines are hard to read.
const WIDEST: usize = 100;

/// With fewer columns every word would stand alone.
const NARROWEST: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_a_sensible_unit() {
        for (ms, told) in [
            (0.04, "0.04 ms"),
            (6.34, "6.3 ms"),
            (412.7, "413 ms"),
            (999.7, "1.0 s"),
            (6_001.8, "6.0 s"),
            (125_400.0, "2 min 5 s"),
        ] {
            assert_eq!(duration(ms), told);
        }
    }

    #[test]
    fn words_and_what_is_bound_together_are_never_broken() {
        let path = unbroken("/home/ann lee/certs/root-of-all-trust.crt");
        let text =
            format!("{path} (sslrootcert) self-signed postgres-primary.eu-west-1.example.com");
        for columns in [20, 40, 80] {
            let wrapped = wrap(&text, "  trust  ", Page::of(columns));
            for word in [
                "/home/ann lee/certs/root-of-all-trust.crt",
                "self-signed",
                "postgres-primary.eu-west-1.example.com",
            ] {
                assert!(wrapped.contains(word), "{columns}: {wrapped}");
            }
            let widest = wrapped.lines().map(str::len).max();
            assert!(columns < 80 || widest <= Some(columns), "{wrapped}");
        }
    }

    /// What does not break is as wide as what does.
    #[test]
    fn bound_spaces_count() {
        let text = format!("one {}", unbroken("two three"));
        assert_eq!(wrap(&text, "", Page::of(20)), "one two three");
        let text = format!("{} {}", "a".repeat(12), unbroken("b c d e"));
        assert_eq!(
            wrap(&text, "", Page::of(20)),
            format!("{} b c d e", "a".repeat(12))
        );
        let text = format!("{} {}", "a".repeat(13), unbroken("b c d e"));
        assert_eq!(
            wrap(&text, "", Page::of(20)),
            format!("{}\nb c d e", "a".repeat(13))
        );
    }

    #[test]
    fn a_width_is_bounded() {
        assert_eq!(Page::of(7).columns(), 20);
        assert_eq!(Page::of(120).columns(), 100);
        assert_eq!(Page::Stream.columns(), 80);
    }
}
