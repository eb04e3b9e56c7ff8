//! The pieces of a command line.

use std::iter::Peekable;
use std::str::Chars;

use crate::scan::document::UNKNOWN;

/// A piece of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A word without its quotes. `$(...)` and backquotes are what only the running program knows.
    Word(String),
    /// A command whose output is a part of the word behind it.
    Inner(String),
    /// The word behind it may become several, or none: it has a variable or a pattern without quotes.
    Several,
    /// A shell ends the command within the URI behind it, at a `&` without quotes.
    Torn,
    /// `(`, also of a `$(` whose end is in another line.
    Open,
    /// `)`
    Close,
    /// What ends a command.
    End(End),
}

impl Piece {
    pub(super) fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            Self::Inner(_)
            | Self::Several
            | Self::Torn
            | Self::Open
            | Self::Close
            | Self::End(_) => None,
        }
    }
}

/// What ends a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// `&&`
    And,
    /// `||`
    Or,
    /// `|`
    Pipe,
    /// `&`
    Background,
    /// `;` or the end of a line
    Next,
    /// `;;` of `case`
    Branch,
    /// `;&` of `case`, which goes on with the next branch
    Through,
}

/// What a bracket without quotes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Brackets {
    /// A sign, as shells take it.
    Signs,
    /// A letter like others, and so are `;`, `&` and `|` in values: in Dockerfiles, Makefiles and texts for people.
    Letters,
}

/// The pieces of a command line.
pub(super) fn split(text: &str, brackets: Brackets) -> Vec<Piece> {
    let mut splitter = Splitter {
        pieces: Vec::new(),
        word: None,
        brackets,
        letters: 0,
        tests: Tests::No,
        is_cut: false,
        is_cut_sum: false,
    };
    let mut quote = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('"') | None, '`') => {
                let inner = chars.by_ref().take_while(|inner| *inner != '`');
                splitter.inner(inner.collect(), quote);
            }
            (Some('"') | None, '$') if chars.peek() == Some(&'(') => {
                splitter.command(&mut chars, quote);
            }
            (None, '<' | '>') if splitter.has_signs() && chars.peek() == Some(&'(') => {
                splitter.command(&mut chars, quote);
            }
            (Some('"'), '\\') if chars.peek().is_some_and(|next| "\"\\$`".contains(*next)) => {
                splitter.word().extend(chars.next());
            }
            (None, '\\') if brackets == Brackets::Signs && chars.peek().is_some() => {
                splitter.word().extend(chars.next());
            }
            (Some(_), c) => splitter.word().push(c),
            (None, '"' | '\'') => {
                quote = Some(c);
                splitter.word();
            }
            (None, '$') if chars.peek().is_some_and(|next| expands(*next)) => splitter.several(c),
            (None, '*') => splitter.several(c),
            (None, '{') if chars.peek().is_some_and(|next| !next.is_whitespace()) => {
                splitter.several(c);
            }
            (None, '#') if splitter.word.is_none() => {
                while chars.next_if(|next| *next != '\n').is_some() {}
            }
            (None, '\n') if splitter.letters == 0 => splitter.sign(Piece::End(End::Next)),
            (None, c) if c.is_whitespace() => splitter.end_word(),
            (None, '&') if splitter.is_in_uri(&chars) => {
                splitter.pieces.push(Piece::Torn);
                splitter.word().push(c);
            }
            (None, ';' | '|' | '&') if separates(c, splitter.word.as_deref(), brackets, &chars) => {
                let end = end(c, &mut chars);
                splitter.sign(Piece::End(end));
            }
            (None, '(' | ')') if splitter.has_signs() => splitter.bracket(c, &mut chars),
            (None, c) => splitter.word().push(c),
        }
    }
    splitter.end_word();
    splitter.pieces
}

/// The words of a text in which brackets are letters, without the signs between commands.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> {
    let pieces = split(text, Brackets::Letters).into_iter();
    pieces.filter_map(|piece| match piece {
        Piece::Word(word) => Some(word),
        Piece::Inner(_)
        | Piece::Several
        | Piece::Torn
        | Piece::Open
        | Piece::Close
        | Piece::End(_) => None,
    })
}

struct Splitter {
    pieces: Vec<Piece>,
    word: Option<String>,
    brackets: Brackets,
    /// Brackets that are letters and open: `a=(b c)`.
    letters: usize,
    tests: Tests,
    /// Whether the end of a `$(` is in another line.
    is_cut: bool,
    /// Whether that of a `((` is.
    is_cut_sum: bool,
}

/// Whether these are the words of `[[ ... ]]`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tests {
    Yes,
    No,
}

impl Splitter {
    fn word(&mut self) -> &mut String {
        self.word.get_or_insert_default()
    }

    fn end_word(&mut self) {
        if let Some(word) = self.word.take() {
            self.tests = match word.as_str() {
                "[[" => Tests::Yes,
                "]]" => Tests::No,
                _ => self.tests,
            };
            self.pieces.push(Piece::Word(word));
        }
    }

    fn sign(&mut self, sign: Piece) {
        self.end_word();
        self.pieces.push(sign);
    }

    fn has_signs(&self) -> bool {
        self.brackets == Brackets::Signs && self.tests == Tests::No
    }

    /// Whether a setting of a URI follows: `postgresql://h/d?a=b&c=d`. A shell takes it for the next command.
    fn is_in_uri(&self, rest: &Peekable<Chars<'_>>) -> bool {
        let is_uri = || {
            self.word
                .as_deref()
                .is_some_and(|word| word.contains("://"))
        };
        let mut rest = rest
            .clone()
            .skip_while(|c| c.is_ascii_alphanumeric() || *c == '_');
        self.brackets == Brackets::Signs && is_uri() && rest.next() == Some('=')
    }

    /// A letter that may make several words of one.
    fn several(&mut self, letter: char) {
        self.pieces.push(Piece::Several);
        self.word().push(letter);
    }

    fn inner(&mut self, command: String, quote: Option<char>) {
        self.pieces.push(Piece::Inner(command));
        if quote.is_none() {
            self.pieces.push(Piece::Several);
        }
        self.word().push_str(UNKNOWN);
    }

    /// `$(...)`, from its bracket on.
    fn command(&mut self, chars: &mut Peekable<Chars<'_>>, quote: Option<char>) {
        let mut ahead = chars.clone();
        ahead.next();
        // One that has no end is looked for once.
        let whole = if self.is_cut {
            None
        } else {
            closed(&mut ahead)
        };
        if let Some(command) = whole {
            *chars = ahead;
            self.inner(command, quote);
            return;
        }
        self.is_cut = true;
        chars.next();
        self.word().push_str(UNKNOWN);
        if quote.is_none() && self.has_signs() {
            self.sign(Piece::Open);
        }
    }

    fn bracket(&mut self, bracket: char, chars: &mut Peekable<Chars<'_>>) {
        match (bracket, &self.word) {
            (')', _) if self.letters == 0 => self.sign(Piece::Close),
            (')', _) => {
                self.letters = self.letters.saturating_sub(1);
                self.word().push(')');
            }
            // `f()`
            (_, Some(_)) if chars.peek() == Some(&')') => self.sign(Piece::Open),
            // `a=(b c)`
            (_, Some(_)) => {
                self.letters = self.letters.saturating_add(1);
                self.word().push('(');
            }
            (_, None) => {
                // `((a < b))`
                let mut ahead = chars.clone();
                let is_sum = !self.is_cut_sum && chars.peek() == Some(&'(');
                match is_sum.then(|| closed(&mut ahead)) {
                    Some(Some(sum)) if sum.ends_with(')') => {
                        *chars = ahead;
                        self.word().push_str(UNKNOWN);
                    }
                    Some(None) => {
                        self.is_cut_sum = true;
                        self.sign(Piece::Open);
                    }
                    Some(Some(_)) | None => self.sign(Piece::Open),
                }
            }
        }
    }
}

/// Whether a dollar sign before it begins a variable.
fn expands(next: char) -> bool {
    next.is_ascii_alphanumeric() || "_{@*#?!-$[".contains(next)
}

/// What stands before the bracket that closes an open one.
fn closed(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut inner = String::new();
    for c in chars {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '(') => depth = depth.saturating_add(1),
            (None, ')') if depth == 0 => return Some(inner),
            (None, ')') => depth = depth.saturating_sub(1),
            (Some(_) | None, _) => {}
        }
        inner.push(c);
    }
    None
}

/// Whether a sign ends a command. In a value of a Dockerfile, it may be a part of a string.
fn separates(
    sign: char,
    word: Option<&str>,
    brackets: Brackets,
    rest: &Peekable<Chars<'_>>,
) -> bool {
    let mut rest = rest.clone();
    let next = rest.next();
    match (sign, word, brackets) {
        // `&> file`
        ('&', None, _) => next != Some('>'),
        (_, None, _) => true,
        // `>& file`, `>| file`
        ('&' | '|', Some(word), _) if word.ends_with(['<', '>']) => false,
        (_, Some(_), Brackets::Signs) => true,
        (';', Some(word), Brackets::Letters) => {
            next.is_none_or(char::is_whitespace) || !word.contains('=')
        }
        ('&', Some(word), Brackets::Letters) => next == Some('&') && !word.contains("://"),
        (_, Some(word), Brackets::Letters) => !word.contains('='),
    }
}

/// All of a sign that ends a command.
fn end(first: char, chars: &mut Peekable<Chars<'_>>) -> End {
    let mut follows = |next: char| chars.next_if_eq(&next).is_some();
    match first {
        '&' if follows('&') => End::And,
        '&' => End::Background,
        '|' if follows('|') => End::Or,
        '|' => {
            follows('&');
            End::Pipe
        }
        _ => match (follows(';'), follows('&')) {
            (_, true) => End::Through,
            (true, false) => End::Branch,
            (false, false) => End::Next,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let pieces = split(text, Brackets::Signs).into_iter();
        let pieces = pieces.map(|piece| match piece {
            Piece::Word(word) => word,
            Piece::Inner(command) => format!("<{command}>"),
            Piece::Several => "+".to_owned(),
            Piece::Torn => "TORN".to_owned(),
            Piece::Open => "OPEN".to_owned(),
            Piece::Close => "CLOSE".to_owned(),
            Piece::End(end) => format!("{end:?}"),
        });
        pieces.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn brackets_and_signs_are_pieces_only_without_quotes() {
        for (text, expected) in [
            ("f() { a; }", "f OPEN CLOSE { a Next }"),
            ("f () (a)", "f OPEN CLOSE OPEN a CLOSE"),
            ("(a=b)", "OPEN a=b CLOSE"),
            (
                "case x in (a|b) c;; d) e;& esac",
                "case x in OPEN a Pipe b CLOSE c Branch d CLOSE e Through esac",
            ),
            ("a=(b c) d", "a=(b c) d"),
            ("a '(' \")\" \\( b", "a ( ) ( b"),
            ("[[ a =~ (b|c) ]] && d", "[[ a =~ (b Pipe c) ]] And d"),
            ("((a < b)) || c", "${?} Or c"),
            ("((a); b)", "OPEN OPEN a CLOSE Next b CLOSE"),
            ("a=$(b \")\" c) d", "<b \")\" c> + a=${?} d"),
            ("a=$(b; c", "a=${?} OPEN b Next c"),
            ("diff <(a) <(b)", "diff <a> + ${?} <b> + ${?}"),
            (
                "a \"$b\" $c \"$(d)\" `e` '$f' $'g' h*",
                "a $b + $c <d> ${?} <e> + ${?} $f $g + h*",
            ),
            (
                "a 2>&1 &> b >| c & d |& e",
                "a 2>&1 &> b >| c Background d Pipe e",
            ),
            (
                "A=p://h?a=b&c=d&& e; f=g;h|i",
                "TORN A=p://h?a=b&c=d And e Next f=g Next h Pipe i",
            ),
            (
                "A=p://h?a& b=c & d&e=f",
                "A=p://h?a Background b=c Background d Background e=f",
            ),
            ("a \\; b # c", "a ; b"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
        let letters = split("a(b) $(c) A=p://h?a=b&c=d", Brackets::Letters);
        let word = |word: &str| Piece::Word(word.to_owned());
        assert_eq!(
            letters,
            [
                word("a(b)"),
                Piece::Inner("c".to_owned()),
                Piece::Several,
                word(UNKNOWN),
                word("A=p://h?a=b&c=d")
            ]
        );
    }
}
