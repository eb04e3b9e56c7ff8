//! Words as a POSIX shell separates them (POSIX.1-2024, Shell Command Language, 2.2 Quoting), and keyword/value settings
//! as libpq separates them.

use super::settings::Param;

/// One word of a command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ShellWord {
    pub(super) text: String,
    /// The first variable or command that the shell would replace.
    pub(super) expands: Option<Expansion>,
}

/// What the shell would replace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expansion {
    /// Its first signs.
    pub(super) name: String,
    /// Where it stands in the text of its word.
    pub(super) at: usize,
}

/// How a line of a shell ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// With the command.
    Line,
    /// With another command: `;`, `|`, `&`.
    MoreCommands,
    /// A quote is open.
    OpenQuote,
}

/// The words of the first command, without redirections.
pub(super) fn words(text: &str) -> (Vec<ShellWord>, Ending) {
    words_at(None, text)
}

/// The same with the home directory that a `~` stands for.
pub(super) fn words_at(home: Option<&str>, text: &str) -> (Vec<ShellWord>, Ending) {
    let mut words: Vec<ShellWord> = Vec::new();
    let mut word: Option<ShellWord> = None;
    let mut letters = text.chars().peekable();
    // The texts behind the line, each with the word that ends it.
    let mut documents: Vec<Document> = Vec::new();
    let finish =
        |word: &mut Option<ShellWord>, words: &mut Vec<ShellWord>| words.extend(word.take());
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('\n') => {}
                Some('\r') if letters.peek() == Some(&'\n') => {
                    letters.next();
                }
                Some(next) => word.get_or_insert_default().text.push(next),
                None => {}
            },
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next() {
                        Some('\'') => break,
                        Some(letter) => word.text.push(letter),
                        None => return (words, Ending::OpenQuote),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next() {
                        Some('"') => break,
                        Some('\\') => match letters.next() {
                            Some(next @ ('"' | '\\' | '$' | '`')) => word.text.push(next),
                            Some('\n') => {}
                            Some(next) => word.text.extend(['\\', next]),
                            None => return (words, Ending::OpenQuote),
                        },
                        Some(sign @ ('$' | '`')) => expand(word, sign, &mut letters),
                        Some(letter) => word.text.push(letter),
                        None => return (words, Ending::OpenQuote),
                    }
                }
            }
            // bash translates "$..." and knows escapes in $'...'.
            '$' if letters.peek() == Some(&'"') => {}
            '$' if letters.peek() == Some(&'\'') && !has_escape(&letters) => {}
            '$' | '`' => expand(word.get_or_insert_default(), letter, &mut letters),
            '&' if letters.peek() == Some(&'>') => {
                finish(&mut word, &mut words);
                letters.next();
                redirect(&mut letters);
            }
            ';' | '|' | '&' | '\n' => {
                finish(&mut word, &mut words);
                if letter == '\n' {
                    documents
                        .drain(..)
                        .for_each(|document| document.pass(&mut letters));
                }
                let more = letters.any(|letter| !letter.is_whitespace());
                return (
                    words,
                    if more {
                        Ending::MoreCommands
                    } else {
                        Ending::Line
                    },
                );
            }
            '<' | '>' => {
                // `2>file`: the number is a descriptor.
                if !word.as_ref().is_some_and(|word| is_number(&word.text)) {
                    finish(&mut word, &mut words);
                }
                word = None;
                // What follows the line is text, unless it is `<<<`.
                let is_document = letter == '<'
                    && letters.next_if_eq(&'<').is_some()
                    && letters.next_if_eq(&'<').is_none();
                let tabs = is_document && letters.next_if_eq(&'-').is_some();
                let target = redirect(&mut letters);
                if is_document {
                    documents.push(Document { end: target, tabs });
                }
            }
            '#' if word.is_none() => while letters.next_if(|letter| *letter != '\n').is_some() {},
            // Behind `=`, shells know it before a command, and differ on it in arguments.
            '~' if matches!(letters.peek(), None | Some('/' | ' '))
                && word.as_ref().is_some_and(|word| sets(word) == Some(""))
                && words
                    .iter()
                    .all(|word| word.text == "$" || sets(word).is_some()) =>
            {
                word.get_or_insert_default()
                    .text
                    .push_str(home.unwrap_or("~"));
            }
            letter if letter.is_whitespace() => finish(&mut word, &mut words),
            letter => word.get_or_insert_default().text.push(letter),
        }
    }
    finish(&mut word, &mut words);
    (words, Ending::Line)
}

/// The value of an assignment.
fn sets(word: &ShellWord) -> Option<&str> {
    let (name, value) = word.text.split_once('=')?;
    is_name(name).then_some(value)
}

/// Whether a text can be the name of a variable.
pub(super) fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the quote that comes next has a backslash in it, which means something only in `$'...'`.
fn has_escape(letters: &Letters<'_>) -> bool {
    let mut inner = letters.clone();
    inner.next();
    inner
        .take_while(|letter| *letter != '\'')
        .any(|letter| letter == '\\')
}

type Letters<'t> = std::iter::Peekable<std::str::Chars<'t>>;

/// A text behind the line that a command reads (POSIX.1-2024, 2.7.4 Here-Document).
struct Document {
    /// The line that ends it.
    end: String,
    /// Whether tabs before a line do not count.
    tabs: bool,
}

impl Document {
    fn pass(self, letters: &mut Letters<'_>) {
        while letters.peek().is_some() {
            let line: String = letters
                .by_ref()
                .take_while(|letter| *letter != '\n')
                .collect();
            let line = line.trim_end_matches('\r');
            let line = if self.tabs {
                line.trim_start_matches('\t')
            } else {
                line
            };
            if line == self.end {
                return;
            }
        }
    }
}

/// Passes over the rest of a redirection: its sign, and the file, whose name without quotes it returns.
fn redirect(letters: &mut Letters<'_>) -> String {
    while letters
        .next_if(|letter| matches!(letter, '>' | '&' | '|'))
        .is_some()
    {}
    while letters
        .next_if(|letter| matches!(letter, ' ' | '\t'))
        .is_some()
    {}
    let mut quote = None;
    let mut target = String::new();
    while let Some(letter) = letters.next_if(|letter| {
        quote.is_some() || !letter.is_whitespace() && !matches!(letter, ';' | '|' | '&' | '<' | '>')
    }) {
        match letter {
            '\'' | '"' if quote.is_none() => quote = Some(letter),
            _ if quote == Some(letter) => quote = None,
            '\\' if quote != Some('\'') => target.extend(letters.next()),
            _ => target.push(letter),
        }
    }
    target
}

/// Notes what the shell would replace. A `$` before anything else is a `$`.
fn expand(word: &mut ShellWord, sign: char, letters: &mut Letters<'_>) {
    let begins = letters
        .peek()
        .is_some_and(|next| next.is_ascii_alphanumeric() || "_{([@*#?$!-'".contains(*next));
    let at = word.text.len();
    word.text.push(sign);
    if sign == '`' || begins {
        let name: String = letters
            .clone()
            .take_while(|c| c.is_ascii_alphanumeric() || "_{}@*".contains(*c))
            .collect();
        word.expands.get_or_insert_with(|| Expansion {
            name: format!("{sign}{name}"),
            at,
        });
        // Its blanks end no word.
        let length = match sign {
            '`' => letters.clone().position(|letter| letter == '`'),
            _ => end_of_command(letters.clone()),
        };
        let inner = length.map_or(0, |last| last.saturating_add(1));
        word.text.extend(letters.by_ref().take(inner));
    }
}

/// Where the bracket of `$(command)` is closed, if that is what begins here.
fn end_of_command(letters: Letters<'_>) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quoted = false;
    for (place, letter) in letters.enumerate() {
        match letter {
            '\'' => quoted = !quoted,
            _ if quoted => {}
            '(' => depth = depth.saturating_add(1),
            ')' if depth <= 1 => return (depth == 1).then_some(place),
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// A word in quotes for a shell.
pub(crate) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// `keyword=value` pairs as `conninfo_parse` separates them, without a look at the keywords. Nothing if a word has no `=`
/// or a quote is open.
pub(super) fn keyword_pairs(text: &str) -> Option<Vec<Param>> {
    let mut params: Vec<Param> = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c == '=' || c.is_ascii_whitespace())?;
        let (name, behind) = rest.split_at(end);
        let behind = behind.trim_start().strip_prefix('=')?.trim_start();
        let (value, behind) = value(behind)?;
        params.push(Param::after(params.last(), name, value));
        rest = behind.trim_start();
    }
    Some(params)
}

fn value(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix('\'');
    let quoted = inner.is_some();
    let text = inner.unwrap_or(text);
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\'' if quoted => return Some((value, text.get(at.saturating_add(1)..)?)),
            letter if !quoted && letter.is_ascii_whitespace() => {
                return Some((value, text.get(at..)?));
            }
            '\\' => value.extend(letters.next().map(|(_, next)| next)),
            letter => value.push(letter),
        }
    }
    (!quoted).then_some((value, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str) -> Vec<String> {
        words(line).0.into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn words_end_where_the_shell_ends_them() {
        assert_eq!(
            texts(r#"psql "a b" 'c d'e \f"g\"h""#),
            ["psql", "a b", "c de", "fg\"h"]
        );
        assert_eq!(texts("psql \\\n -h x < file"), ["psql", "-h", "x"]);
        assert_eq!(words("a; b").1, Ending::MoreCommands);
        assert_eq!(words("a 'b").1, Ending::OpenQuote);
        assert_eq!(words("a;").1, Ending::Line);
        assert_eq!(texts("a $'b c' $\"d\""), ["a", "b c", "d"]);
        // What stands behind the sign of a text still belongs to the command.
        for line in [
            "a <<E b\nc\nE\n",
            "a <<-'E F' b\nc\n\tE F\n",
            "a <<\\E <<F b\nc\nE\nd\nF",
            "a >\"x\\\" y\" b",
        ] {
            assert_eq!(texts(line), ["a", "b"], "{line}");
            assert_eq!(words(line).1, Ending::Line, "{line}");
        }
        assert_eq!(words("a <<E\nb\nE\nc").1, Ending::MoreCommands);
        assert_eq!(words("a # b\nc").1, Ending::MoreCommands);
        for (line, expands) in [
            ("a $X", true),
            ("a '$X'", false),
            ("a \"${X}\"", true),
            ("a 5$", false),
            ("a $", false),
            ("a \"$@\"", true),
            ("a $1", true),
            ("a $?", true),
            ("a $'b\\n'", true),
        ] {
            assert_eq!(words(line).0[1].expands.is_some(), expands, "{line}");
        }
    }

    #[test]
    fn pairs_end_where_libpq_ends_them() {
        let pairs = keyword_pairs(r"a=b c = 'd e' f=g\ h").unwrap();
        let expected = [("a", "b"), ("c", "d e"), ("f", "g h")];
        assert_eq!(pairs, expected.map(|(name, value)| Param::new(name, value)));
        assert_eq!(keyword_pairs("a"), None);
        assert_eq!(keyword_pairs("a='b"), None);
    }
}
