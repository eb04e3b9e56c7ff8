//! Any other text: each line is a text, and each line that sets a variable sets it.

use super::shell::{Rules, Shell};
use crate::conninfo::Keyword;
use crate::dialect::is_psql_program;
use crate::scan::document::Document;

/// Reads all lines. `# A heading` of Markdown is one, too.
pub(in crate::scan) fn read(text: &str, first_line: usize) -> Document {
    let mut shell = Shell::new(Rules::Prose);
    // Literals of source code, one a line, that are one string.
    let mut literals: Option<((String, Sign), usize)> = None;
    let mut last = "";
    for (number, line) in (first_line..).zip(text.lines()) {
        let found = literal(line);
        let goes_on = |joined: &str, part: &str, sign: Sign| match sign {
            Sign::Plus => true,
            // Between brackets, without a comma.
            Sign::Bracket => true,
            // Nothing says that two lines are one string but the words at their border.
            Sign::Nothing => joined.ends_with(' ') && begins_with_keyword(part),
        };
        if let Some((part, follows)) = found {
            let (joined, first) = match literals.take() {
                Some(((joined, sign), first)) if goes_on(&joined, part, sign) => {
                    (format!("{joined}{part}"), first)
                }
                Some(((joined, _), first)) => {
                    shell.document.say(0, &joined, first);
                    (part.to_owned(), number)
                }
                None => (part.to_owned(), number),
            };
            let follows = match follows {
                Follows::More(Sign::Nothing) if last.trim_end().ends_with('(') => {
                    Follows::More(Sign::Bracket)
                }
                Follows::More(sign) => Follows::More(sign),
                Follows::Nothing => Follows::Nothing,
            };
            match follows {
                Follows::More(sign) if joined.len() < LONGEST => {
                    literals = Some(((joined, sign), first));
                }
                Follows::More(_) | Follows::Nothing => shell.document.say(0, &joined, first),
            }
            continue;
        }
        if let Some(((joined, _), first)) = literals.take() {
            shell.document.say(0, &joined, first);
        }
        last = line;
        one(line, number, &mut shell);
    }
    if let Some(((joined, _), first)) = literals {
        shell.document.say(0, &joined, first);
    }
    shell.finished()
}

/// A line that is no literal.
fn one(line: &str, number: usize, shell: &mut Shell) {
    // `$ psql ...` in a console, `> ` in a quotation, a table's `|`.
    let line = line.trim_start_matches(['$', '>', '%', '|', '-', '*', ' ', '\t', '`']);
    let before = (shell.document.entries.len(), shell.document.texts.len());
    shell.line(line, number);
    // A sentence may contain a colon.
    let added = shell.document.entries.split_off(before.0);
    let words = added.into_iter().filter(|entry| !entry.value.contains(' '));
    shell.document.entries.extend(words);
    // `A=b psql ...` is a command, and a sentence with that word in it is not.
    let mut words = line.split_whitespace();
    let first = words.find(|word| !word.contains('=') && *word != "sudo");
    if !first.is_some_and(is_psql_program) {
        shell.document.texts.truncate(before.1);
        shell.document.say(0, line, number);
    }
}

fn begins_with_keyword(text: &str) -> bool {
    let name = text.split_once('=').map(|(name, _)| name.trim());
    name.is_some_and(|name| Keyword::from_bytes(name.as_bytes()).is_some())
}

/// A longer one is not joined to more.
const LONGEST: usize = 64 * 1024;

/// What comes behind a literal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Follows {
    /// The next line may go on with it.
    More(Sign),
    /// It is whole.
    Nothing,
}

/// What joins a literal to the next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Plus,
    /// The bracket before the first one.
    Bracket,
    Nothing,
}

/// The text of a line that is one literal, with a comment or a bracket behind it at most.
fn literal(line: &str) -> Option<(&str, Follows)> {
    let (text, behind) = line.trim().strip_prefix('"')?.split_once('"')?;
    let behind = behind.trim_start();
    if behind.starts_with('+') {
        return Some((text, Follows::More(Sign::Plus)));
    }
    if behind.is_empty() || behind.starts_with('#') {
        return Some((text, Follows::More(Sign::Nothing)));
    }
    matches!(behind, ")" | "," | ";" | ");" | "),").then_some((text, Follows::Nothing))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        let texts = read(text, 1).texts.into_iter();
        texts.map(|text| text.value).collect()
    }

    /// The second may be a password, and is then shown as a part of the first.
    #[test]
    fn two_literals_are_one_only_if_something_says_so() {
        assert_eq!(
            texts("\"postgres://h/d?application_name=x\"\n\"quietharbour\"\n"),
            ["postgres://h/d?application_name=x", "quietharbour"]
        );
        assert_eq!(
            texts("\"host=h application_name=\"\n\"quietharbour\"\n"),
            ["host=h application_name=", "quietharbour"]
        );
        assert_eq!(texts("\"host=h \" +\n\"user=u\"\n"), ["host=h user=u"]);
        assert_eq!(texts("\"host=h \"\n\"user=u\"\n"), ["host=h user=u"]);
        assert_eq!(
            texts("f(\n\"postgres:\"\n\"//h/d\"\n")[1..],
            ["postgres://h/d"]
        );
    }
}
