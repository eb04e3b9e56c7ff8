//! Quotes and brackets that go on in the next line.

/// What is open behind a line of a script: quotes, and `$(`.
#[derive(Debug, Default)]
pub(super) struct Unclosed(Vec<char>);

impl Unclosed {
    /// Reads one more line.
    pub(super) fn read(&mut self, line: &str) {
        let mut last = ' ';
        let mut chars = line.chars();
        while let Some(c) = chars.next() {
            match (self.0.last(), c) {
                (Some('\''), '\'') | (Some('"'), '"') | (Some('('), ')') => {
                    self.0.pop();
                }
                (Some('\''), _) | (Some('"'), '\'') => {}
                (_, '\\') => {
                    chars.next();
                }
                (_, '"' | '\'') => self.0.push(c),
                (Some('('), '(') => self.0.push(c),
                (_, '(') if last == '$' => self.0.push(c),
                (Some('(') | None, '#') if last.is_whitespace() => return,
                (Some(_) | None, _) => {}
            }
            last = c;
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn is_quoted(&self) -> bool {
        matches!(self.0.last(), Some('"' | '\''))
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
            lines.lines().for_each(|line| unclosed.read(line));
            assert_eq!(unclosed.0.iter().collect::<String>(), open, "{lines}");
        }
    }
}
