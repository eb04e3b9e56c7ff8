//! What to do about a finding, line by line.

use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Fix, FixKind, Program, Standing};
use crate::escape::Shown;
use crate::os;

/// What to do about a finding. In JSON it is one string. Text to copy is on separate lines that
/// begin with four spaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hint(Vec<Line>);

/// A line, and when it is true.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    advice: Advice,
    holds: Holds,
}

/// When a line is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Always,
    /// The same, and it must be read before any change is made.
    First,
    /// Only as long as no file is known that has the root of the chain.
    WithoutRoot,
}

/// One line of a hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advice {
    /// A sentence, which may be wrapped.
    Say(Shown),
    /// A value to compare or to copy unchanged.
    Show(Shown),
    /// A change to make, to be copied unchanged.
    Do(Fix),
}

impl Hint {
    /// A hint that begins with this sentence.
    pub fn say(text: impl Into<Shown>) -> Self {
        Self::default().then(text)
    }

    /// Adds this sentence.
    #[must_use]
    pub fn then(self, text: impl Into<Shown>) -> Self {
        self.with(Advice::Say(in_words_of_this_system(text.into())))
    }

    /// Adds this value.
    #[must_use]
    pub fn show(self, text: impl Into<Shown>) -> Self {
        self.with(Advice::Show(text.into()))
    }

    /// Adds this change.
    #[must_use]
    pub fn fix(self, fix: Fix) -> Self {
        self.with(Advice::Do(fix))
    }

    /// Adds all lines of another hint.
    #[must_use]
    pub fn and(mut self, other: impl Into<Self>) -> Self {
        self.0.extend(other.into().0);
        self
    }

    fn with(mut self, advice: Advice) -> Self {
        let holds = Holds::Always;
        self.0.push(Line { advice, holds });
        self
    }

    /// The same, true only as long as no file is known that has the root of the chain.
    #[must_use]
    pub fn without_root(mut self) -> Self {
        for line in &mut self.0 {
            line.holds = Holds::WithoutRoot;
        }
        self
    }

    /// The same, to be read before any change is made.
    #[must_use]
    pub fn first(mut self) -> Self {
        for line in &mut self.0 {
            line.holds = Holds::First;
        }
        self
    }

    /// What is still true now that a file is known that has the root of the chain, around the lines about that file.
    #[must_use]
    pub fn knowing_the_root(self, of_the_file: Self) -> Self {
        let (mut before, mut after) = (Self::default(), Self::default());
        for line in self.0 {
            match line.holds {
                Holds::First => before.0.push(line),
                Holds::Always => after.0.push(line),
                Holds::WithoutRoot => {}
            }
        }
        before.and(of_the_file).and(after)
    }

    /// Whether it has no lines.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Line by line. A setting of a server that was not tried is followed by a sentence that says so.
    pub fn lines(&self) -> impl Iterator<Item = &Advice> {
        self.0.iter().flat_map(|line| {
            let note = match &line.advice {
                Advice::Do(fix) => is_untried(fix).then_some(&*UNTRIED),
                Advice::Say(_) | Advice::Show(_) => None,
            };
            std::iter::once(&line.advice).chain(note)
        })
    }

    /// The changes, in order.
    pub fn fixes(&self) -> impl Iterator<Item = &Fix> {
        self.0.iter().filter_map(|line| match &line.advice {
            Advice::Do(fix) => Some(fix),
            Advice::Say(_) | Advice::Show(_) => None,
        })
    }

    /// The same with each change settled. One that is left out takes along the words that lead to it, which end with
    /// a colon or a question mark.
    #[must_use]
    pub fn settled(self, mut settle: impl FnMut(Fix) -> Settled) -> Self {
        let mut lines: Vec<Line> = Vec::with_capacity(self.0.len());
        for Line { advice, holds } in self.0 {
            match advice {
                Advice::Say(_) | Advice::Show(_) => lines.push(Line { advice, holds }),
                Advice::Do(fix) => match settle(fix) {
                    Settled::Kept(fix) => {
                        let advice = Advice::Do(fix);
                        lines.push(Line { advice, holds });
                    }
                    Settled::LeftOut => forget_lead(&mut lines, Elsewhere::Not),
                    Settled::Elsewhere => forget_lead(&mut lines, Elsewhere::Shown),
                },
            }
        }
        Self(lines)
    }

    /// The same with all of these settings of a program where its first one is.
    #[must_use]
    pub fn with_settings(self, settings: &[Fix], program: Program) -> Self {
        let mut left = settings.iter();
        let mut hint = Self::default();
        for line in self.0 {
            match &line.advice {
                Advice::Do(fix) if fix.is_setting_of(program) => {
                    hint = left.by_ref().cloned().fold(hint, Self::fix);
                }
                Advice::Say(_) | Advice::Show(_) | Advice::Do(_) => hint.0.push(line),
            }
        }
        hint
    }

    /// Reads what [`Display`](std::fmt::Display) wrote. The kind of a change is lost.
    fn parse(text: &str) -> Self {
        let lines = text.split('\n').filter(|_| !text.is_empty());
        lines.fold(Self::default(), |hint, line| {
            hint.with(match line.strip_prefix(COPY) {
                Some(line) => Advice::Show(line.into()),
                None => Advice::Say(line.into()),
            })
        })
    }
}

/// What becomes of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is shown like this.
    Kept(Fix),
    /// It does not help.
    LeftOut,
    /// It is part of one that is shown elsewhere.
    Elsewhere,
}

/// Whether what a sentence announces is shown elsewhere.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Elsewhere {
    Not,
    Shown,
}

/// Nothing observed shows that this setting of a server helps.
fn is_untried(fix: &Fix) -> bool {
    fix.kind == FixKind::ServerSetting && fix.standing == Standing::Untried
}

/// Takes back the sentence that announces what does not follow. If it follows elsewhere, a sentence that says more
/// than "use this" stays.
fn forget_lead(lines: &mut Vec<Line>, elsewhere: Elsewhere) {
    let Some(Line {
        advice: Advice::Say(text),
        ..
    }) = lines.last_mut()
    else {
        return;
    };
    let leads = text.ends_with(':') || text.ends_with('?');
    if !leads {
        return;
    }
    let last = text.rsplit(". ").next().unwrap_or_default();
    let only_leads = last.starts_with("To ") || last.starts_with("Use");
    let says_more = last.split_whitespace().count() > 3 && !only_leads;
    if let (Elsewhere::Shown, true, Some(sentence)) = (elsewhere, says_more, text.strip_suffix(':'))
    {
        *text = format!("{sentence}.").into();
        return;
    }
    match text.rfind(". ").and_then(|end| text.get(..=end)) {
        Some(kept) => *text = kept.into(),
        None => drop(lines.pop()),
    }
}

impl<T: Into<Shown>> From<T> for Hint {
    fn from(text: T) -> Self {
        Self::say(text)
    }
}

impl From<Option<Self>> for Hint {
    fn from(hint: Option<Self>) -> Self {
        hint.unwrap_or_default()
    }
}

impl FromIterator<Self> for Hint {
    fn from_iter<I: IntoIterator<Item = Self>>(hints: I) -> Self {
        Self(hints.into_iter().flat_map(|hint| hint.0).collect())
    }
}

impl std::fmt::Display for Hint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, advice) in self.lines().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            match advice {
                Advice::Say(text) => f.write_str(text)?,
                Advice::Show(text) | Advice::Do(Fix { after: text, .. }) => {
                    write!(f, "{COPY}{text}")?
                }
            }
        }
        Ok(())
    }
}

impl Serialize for Hint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::parse(&text))
    }
}

/// With the names that libpq's files have on this system.
pub(super) fn in_words_of_this_system(text: Shown) -> Shown {
    os::files_named_here(&text).map_or(text, Shown::from)
}

#[cfg(test)]
impl schemars::JsonSchema for Hint {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Hint".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }
}

/// Said of a setting of the server that nothing observed shows to help.
static UNTRIED: LazyLock<Advice> =
    LazyLock::new(|| Advice::Say("pgtls could not try this setting.".into()));

/// The indent of a line to copy, in JSON and in text.
const COPY: &str = "    ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_is_written_as_lines_and_read_as_it_was_written() {
        let hint = Hint::say("On the server:")
            .fix(Fix::setting("ssl = on").proven())
            .then("then compare")
            .show("ab\u{1b}cd");
        let text = hint.to_string();
        assert_eq!(
            text,
            "On the server:\n    ssl = on\nthen compare\n    ab\\x1bcd"
        );
        let read: Hint = serde_json::from_value(text.clone().into()).unwrap();
        assert_eq!(read.to_string(), text);
        assert_eq!(Hint::parse(""), Hint::default());
    }

    #[test]
    fn a_setting_that_was_not_tried_says_so_until_it_is() {
        let hint = Hint::say("On the server:").fix(Fix::setting("ssl = on"));
        let untried = "On the server:\n    ssl = on\npgtls could not try this setting.";
        assert_eq!(hint.to_string(), untried);
        assert_eq!(Hint::parse(untried).to_string(), untried);
        let proven = hint.settled(|fix| Settled::Kept(fix.proven()));
        assert_eq!(proven.to_string(), "On the server:\n    ssl = on");
    }

    #[test]
    fn what_a_known_root_excludes_is_not_said() {
        let hint = Hint::say("Get the root:")
            .fix(Fix::command("fetch"))
            .without_root()
            .then("The file is old.");
        assert_eq!(
            hint.to_string(),
            "Get the root:\n    fetch\nThe file is old."
        );
        let hint = hint.and(Hint::say("An impostor answers.").first());
        assert_eq!(
            hint.knowing_the_root("It has the root.".into()).to_string(),
            "An impostor answers.\nIt has the root.\nThe file is old."
        );
    }

    #[test]
    fn a_change_that_falls_away_takes_its_announcement_along() {
        let hint = Hint::say("It is a directory. Use:")
            .fix(Fix::setting("a").proven())
            .then("Or this?")
            .fix(Fix::setting("b").proven())
            .then("Reload.");
        let none = hint.clone().settled(|_| Settled::LeftOut);
        assert_eq!(none.to_string(), "It is a directory.\nReload.");
        let second = hint.settled(|fix| match &*fix.after {
            "b" => Settled::Kept(fix),
            _ => Settled::LeftOut,
        });
        assert_eq!(
            second.to_string(),
            "It is a directory.\nOr this?\n    b\nReload."
        );
        let untried = Hint::say("Reload after:").fix(Fix::setting("a = 1"));
        assert_eq!(
            untried.to_string(),
            "Reload after:\n    a = 1\npgtls could not try this setting."
        );
        let untried = untried.settled(|_| Settled::LeftOut);
        assert_eq!(untried.to_string(), "");
        let swapped = Hint::say("The two files are swapped:").fix(Fix::setting("a").proven());
        let swapped = swapped.settled(|_| Settled::Elsewhere);
        assert_eq!(swapped.to_string(), "The two files are swapped.");
    }
}
