//! Comments that allow a finding: `pgtls: allow server-not-verified`, in its line or alone in the line before.

use crate::diagnose::Code;

/// What the comments of a file allow.
#[derive(Debug, Default)]
pub(super) struct Allowed(Vec<(usize, Codes)>);

/// Which findings a comment allows.
#[derive(Debug, PartialEq, Eq)]
enum Codes {
    /// All.
    All,
    /// Those that it names.
    Named(Vec<String>),
}

const SIGN: &str = "pgtls: allow";

impl Allowed {
    /// Reads the comments of a text.
    pub(super) fn of(text: &str) -> Self {
        if memchr::memmem::find(text.as_bytes(), SIGN.as_bytes()).is_none() {
            return Self::default();
        }
        let mut allowed = Vec::new();
        for (number, line) in (1_usize..).zip(text.lines()) {
            let Some((before, behind)) = line.split_once(SIGN) else {
                continue;
            };
            let words = behind.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
            let names: Vec<String> = words
                .map(|word| word.trim_matches('-'))
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect();
            let codes = if names.is_empty() {
                Codes::All
            } else {
                Codes::Named(names)
            };
            // A comment alone in its line speaks for the next one.
            let is_alone = !before.chars().any(char::is_alphanumeric);
            allowed.push((
                if is_alone {
                    number.saturating_add(1)
                } else {
                    number
                },
                codes,
            ));
        }
        Self(allowed)
    }

    /// Whether a finding in this line is allowed.
    pub(super) fn has(&self, line: usize, code: Code) -> bool {
        self.0.iter().any(|(allowed, codes)| {
            *allowed == line
                && match codes {
                    Codes::All => true,
                    Codes::Named(names) => names.iter().any(|name| name == code.name()),
                }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_speaks_for_its_line_or_for_the_next() {
        let text = "a=b # pgtls: allow server-not-verified\n# pgtls: allow\nc=d\ne=f // pgtls: allow committed-secret, dns -->\n";
        let allowed = Allowed::of(text);
        assert!(allowed.has(1, Code::ServerNotVerified));
        assert!(!allowed.has(1, Code::CommittedSecret));
        assert!(allowed.has(3, Code::CommittedSecret));
        assert!(!allowed.has(2, Code::CommittedSecret));
        assert!(allowed.has(4, Code::CommittedSecret));
        assert!(!allowed.has(4, Code::ServerNotVerified));
    }
}
