//! What to do about a finding, line by line.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::escape::Shown;
use crate::words::words;

/// What to do about a finding. In JSON it is one string. Text to copy is on separate lines that
/// begin with four spaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hint(Vec<Advice>);

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

/// A change to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What to change.
    pub kind: FixKind,
    /// What to write or to run.
    pub text: Shown,
}

words! {
    /// What a fix changes.
    FixKind {
        /// The connection string.
        String = "string",
        /// A file of the client, or a file of the server other than its settings.
        File = "file",
        /// A setting of the server.
        ServerSetting = "server-setting",
        /// What a command changes; run it.
        Command = "command",
    }
}

impl Fix {
    /// A connection string, or settings of one.
    pub fn string(text: impl Into<Shown>) -> Self {
        Self::new(FixKind::String, text)
    }

    /// A line of a file.
    pub fn file(text: impl Into<Shown>) -> Self {
        Self::new(FixKind::File, text)
    }

    /// A setting of the server.
    pub fn setting(text: impl Into<Shown>) -> Self {
        Self::new(FixKind::ServerSetting, text)
    }

    /// A command for a shell, or for psql.
    pub fn command(text: impl Into<Shown>) -> Self {
        Self::new(FixKind::Command, text)
    }

    fn new(kind: FixKind, text: impl Into<Shown>) -> Self {
        Self {
            kind,
            text: text.into(),
        }
    }
}

impl Hint {
    /// A hint that begins with this sentence.
    pub fn say(text: impl Into<Shown>) -> Self {
        Self::default().then(text)
    }

    /// Adds this sentence.
    #[must_use]
    pub fn then(self, text: impl Into<Shown>) -> Self {
        self.with(Advice::Say(text.into()))
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
        self.0.push(advice);
        self
    }

    /// Whether it has no lines.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Line by line.
    pub fn lines(&self) -> impl Iterator<Item = &Advice> {
        self.0.iter()
    }

    /// Reads what [`Display`](std::fmt::Display) wrote. The kind of a change is lost.
    fn parse(text: &str) -> Self {
        let lines = text.split('\n').filter(|_| !text.is_empty());
        let advice = lines.map(|line| match line.strip_prefix(COPY) {
            Some(line) => Advice::Show(line.into()),
            None => Advice::Say(line.into()),
        });
        Self(advice.collect())
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
        for (index, advice) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            match advice {
                Advice::Say(text) => f.write_str(text)?,
                Advice::Show(text) | Advice::Do(Fix { text, .. }) => write!(f, "{COPY}{text}")?,
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

/// The indent of a line to copy, in JSON and in text.
const COPY: &str = "    ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_is_written_as_lines_and_read_as_it_was_written() {
        let hint = Hint::say("On the server:")
            .fix(Fix::setting("ssl = on"))
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
}
