//! Quotes and brackets that go on in the next line.

use std::iter::Peekable;
use std::str::Chars;

use super::shell::Rules;

/// What is open behind a line of a script: quotes, backquotes, `$(`, and `a=(`.
#[derive(Debug, Default)]
pub(super) struct Unclosed {
    open: Vec<char>,
    /// The texts that follow the line.
    pub(super) documents: Vec<HereDocument>,
}

/// What ends a text that a command gets as its input.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HereDocument {
    end: String,
    tabs: Tabs,
    pub(super) quoted: Quoted,
}

/// Whether tabs before the end count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tabs {
    Count,
    /// `<<-`
    AreRemoved,
}

/// Whether the end was written in quotes: a backslash is then one like others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quoted {
    Yes,
    No,
}

/// What a line ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    Comment,
    Other,
}

impl HereDocument {
    /// Whether a line ends it.
    pub(super) fn is_end(&self, line: &str, rules: Rules) -> bool {
        let line = match (self.tabs, rules) {
            // Texts for people are indented.
            (_, Rules::Prose) => line.trim(),
            (Tabs::AreRemoved, _) => line.trim_start_matches('\t'),
            (Tabs::Count, _) => line,
        };
        line == self.end
    }

    /// What stands behind `<<`.
    fn read(chars: &mut Peekable<Chars<'_>>) -> Option<Self> {
        let tabs = match chars.next_if(|c| matches!(c, '-' | '~')) {
            Some(_) => Tabs::AreRemoved,
            None => Tabs::Count,
        };
        while chars.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
        let (mut end, mut quoted, mut quote) = (String::new(), Quoted::No, None);
        while let Some(c) = chars.next_if(|c| {
            *c != '\n' && (quote.is_some() || !c.is_whitespace() && !";&|<>()`".contains(*c))
        }) {
            match (quote, c) {
                (Some(open), c) if c == open => quote = None,
                (None, '"' | '\'') => {
                    quoted = Quoted::Yes;
                    quote = Some(c);
                }
                (None, '\\') => {
                    quoted = Quoted::Yes;
                    end.extend(chars.next());
                }
                (Some(_) | None, c) => end.push(c),
            }
        }
        let is_word = !end.is_empty();
        is_word.then_some(Self { end, tabs, quoted })
    }
}

/// Quotes in quotes; what is deeper is not open.
const DEEPEST: usize = 100;

impl Unclosed {
    fn push(&mut self, sign: char) {
        if self.open.len() < DEEPEST {
            self.open.push(sign);
        }
    }

    /// Reads one more line.
    pub(super) fn read(&mut self, line: &str) -> Rest {
        let mut last = ' ';
        let mut chars = line.chars().peekable();
        // `((a << b))`, which is no command; it ends in its line.
        let mut sums = line.matches("))").count();
        let mut in_sum = false;
        while let Some(c) = chars.next() {
            match (self.open.last(), c) {
                (Some('\''), '\'') | (Some('"'), '"') | (Some('`'), '`') | (Some('('), ')') => {
                    if c == ')' && chars.peek() == Some(&')') {
                        sums = sums.saturating_sub(1);
                        in_sum = false;
                    }
                    self.open.pop();
                }
                (Some('\''), _) | (Some('"'), '\'') => {}
                (_, '\\') => {
                    chars.next();
                }
                (_, '"' | '\'' | '`') => self.push(c),
                (Some('"'), '<' | '#') => {}
                (_, '(') => {
                    in_sum |= sums > 0 && chars.peek() == Some(&'(');
                    if self.open.last() == Some(&'(') || matches!(last, '$' | '=') {
                        self.push(c);
                    }
                }
                (None, ')') if chars.peek() == Some(&')') => {
                    sums = sums.saturating_sub(1);
                    in_sum = false;
                }
                (_, '<') if chars.next_if_eq(&'<').is_some() => {
                    let is_word = chars.next_if_eq(&'<').is_some();
                    if !is_word && !in_sum {
                        self.documents.extend(HereDocument::read(&mut chars));
                    }
                }
                (Some('(' | '`') | None, '#') if last.is_whitespace() || last == ';' => {
                    while chars.next_if(|next| *next != '\n').is_some() {}
                    if chars.peek().is_none() {
                        return Rest::Comment;
                    }
                }
                (Some(_) | None, _) => {}
            }
            last = c;
        }
        Rest::Other
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_and_a_command_are_open_until_they_are_closed() {
        for (lines, open) in [
            ("a 'b", "'"),
            ("a \"b \\\" c", "\""),
            ("a \\' b # c'", ""),
            ("a 'b\nc' d", ""),
            ("a 'b\nc' \"d", "\""),
            ("a=$(b", "("),
            ("a=\"$(b \"c d\"\n(e)", "\"("),
            ("a=\"$(b 'c)'\nd)\"", ""),
            ("f() (a; b # '", ""),
            ("a \\$(b", ""),
        ] {
            let mut unclosed = Unclosed::default();
            lines.lines().for_each(|line| {
                unclosed.read(line);
            });
            assert_eq!(unclosed.open.iter().collect::<String>(), open, "{lines}");
        }
    }
}
