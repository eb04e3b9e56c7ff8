//! Calls that are settings: `.host("h")`, `os.environ.get("A", "b")`, `fmt.Sprintf("host=%s", "h")`.

use super::super::is_variable;
use super::{Reader, is_number};
use crate::scan::document::{Mark, UNKNOWN};

/// Calls whose values have their meaning by their place.
const BY_PLACE: &[(&str, &[&str])] = &[
    ("getConnection", &["url", "user", "password"]),
    ("PDO", &["dsn", "user", "password"]),
    ("postgres", &["url"]),
    ("Sequelize", &["database", "user", "password"]),
];

/// Calls that set a variable of the environment.
const SETTERS: &[&str] = &[
    "SetEnvironmentVariable",
    "setenv",
    "Setenv",
    "setdefault",
    // Java's properties of a connection.
    "setProperty",
    "addDataSourceProperty",
    "put",
];

/// Methods of a text that leave its settings as they are.
const HARMLESS: &[&str] = &[
    "format",
    "formatted",
    "strip",
    "rstrip",
    "lstrip",
    "trim",
    "chomp",
    "squish",
    "stripIndent",
    "trimIndent",
    "encode",
    "decode",
    "getBytes",
    "as_bytes",
    "bytes",
    "as_str",
    "as_ref",
    "c_str",
    "to_s",
    "to_str",
    "to_string",
    "to_owned",
    "toString",
    "into",
    "parse",
    "clone",
    "dup",
    "freeze",
    "unwrap",
    "html_safe",
];

/// Tokens of a call's arguments.
const LONGEST: usize = 200;

/// Whether a call puts a text in the place of another: `strings.Replace`, `re.sub`.
pub(in crate::scan) fn is_replacement(call: &str) -> bool {
    let name = call
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    name.starts_with("replace") || matches!(name.as_str(), "sub" | "gsub")
}

impl Reader<'_> {
    /// The values of a call that have no names; `at` is its bracket.
    pub(super) fn by_place(&mut self, at: usize) {
        let word = at.checked_sub(1).and_then(|before| self.word(before));
        let last = word.and_then(|word| word.rsplit('.').next());
        let Some((_, names)) = BY_PLACE.iter().find(|(call, _)| Some(*call) == last) else {
            return;
        };
        let mut at = at.saturating_add(1);
        let mut found = Vec::new();
        for name in *names {
            let Some(token) = self.token(at) else {
                break;
            };
            let behind = if self.text(at).is_some() {
                let (value, behind) = self.joined(at);
                found.push((*name, value, token.line));
                behind
            } else {
                at.saturating_add(1)
            };
            if self.sign(behind) != Some(",") {
                break;
            }
            at = behind.saturating_add(1);
        }
        if self.sign(at) == Some("{") {
            self.handed = found;
            return;
        }
        let scope = self.scope();
        for (name, value, line) in found {
            self.document.set(scope, name, &value, line);
        }
    }

    /// Notes that a method makes another text of one with a mode: `"...".replace("verify-full", "disable")`.
    pub(super) fn note_change(&mut self, value: &str, line: usize, behind: usize) {
        if value.to_ascii_lowercase().contains("ssl") && self.is_changed(behind) {
            self.document.mark(line, Mark::Changed);
        }
    }

    fn is_changed(&self, behind: usize) -> bool {
        let mut at = behind;
        while self.sign(at) == Some(".")
            && let Some(method) = self.word(at.saturating_add(1))
            && self.sign(at.saturating_add(2)) == Some("(")
        {
            if !HARMLESS.contains(&method) {
                return true;
            }
            at = self.behind_brackets(at.saturating_add(3));
        }
        false
    }

    /// What stands behind the bracket that closes the one before this token.
    fn behind_brackets(&self, start: usize) -> usize {
        let mut depth = 0_usize;
        let end = start.saturating_add(LONGEST);
        (start..end)
            .find(|at| match self.sign(*at) {
                Some("(" | "[" | "{") => {
                    depth = depth.saturating_add(1);
                    false
                }
                Some(")" | "]" | "}") if depth == 0 => true,
                Some(")" | "]" | "}") => {
                    depth = depth.saturating_sub(1);
                    false
                }
                Some(_) | None => false,
            })
            .unwrap_or(end)
            .saturating_add(1)
    }

    /// The bracket in which a token stands.
    pub(super) fn bracket(&self, at: usize) -> Option<&str> {
        let mut depth = 0_usize;
        let before = (at.saturating_sub(LONGEST)..at).rev();
        before
            .filter_map(|at| self.sign(at))
            .find(|sign| match *sign {
                ")" | "]" | "}" => {
                    depth = depth.saturating_add(1);
                    false
                }
                "(" | "[" | "{" if depth == 0 => true,
                "(" | "[" | "{" => {
                    depth = depth.saturating_sub(1);
                    false
                }
                _ => false,
            })
    }

    /// The second star of `**options` among values.
    pub(super) fn is_spread(&self, at: usize) -> bool {
        let before = |back: usize| at.checked_sub(back).and_then(|before| self.sign(before));
        before(1) == Some("*") && matches!(before(2), Some("(" | "," | "{"))
    }

    /// A variable as the last value of a call, behind a string with a mode: `PG.connect("...", options)`.
    pub(super) fn may_be_options(&self, at: usize) -> bool {
        let back = |count: usize| at.checked_sub(count);
        let is_last = back(1).and_then(|at| self.sign(at)) == Some(",")
            && self.sign(at.saturating_add(1)) == Some(")");
        is_last
            && back(2)
                .and_then(|at| self.text(at))
                .is_some_and(|text| text.to_ascii_lowercase().contains("ssl"))
    }

    /// `fmt.Sprintf("host=%s", "h")` with its literals; other values stay variables.
    pub(super) fn formatted(&self, value: String, at: usize, behind: usize) -> String {
        let call = at.checked_sub(2).and_then(|before| self.word(before));
        let formats = call.is_some_and(|word| word.ends_with("printf"))
            && at.checked_sub(1).and_then(|before| self.sign(before)) == Some("(");
        if !formats || !value.contains('%') {
            return value;
        }
        let mut filled = String::with_capacity(value.len());
        let mut rest = value.as_str();
        let mut at = behind;
        while let Some((before, after)) = rest.split_once('%') {
            filled.push_str(before);
            let Some(verb @ ('s' | 'd' | 'v' | 'q')) = after.chars().next() else {
                filled.push('%');
                rest = after;
                continue;
            };
            rest = after.get(verb.len_utf8()..).unwrap_or_default();
            let literal = at
                .checked_add(1)
                .filter(|_| self.sign(at) == Some(","))
                .and_then(|value| {
                    let number = self.word(value).filter(|word| is_number(word));
                    let literal = self.text(value).or(number)?;
                    let end = value.checked_add(1)?;
                    matches!(self.sign(end), Some("," | ")")).then_some((literal, end))
                });
            match literal {
                Some((literal, end)) => {
                    filled.push_str(literal);
                    at = end;
                }
                // What follows is not counted.
                None => {
                    filled.push_str(UNKNOWN);
                    at = usize::MAX;
                }
            }
        }
        filled.push_str(rest);
        filled
    }

    /// `.host("h")`, `setPort(5432)`: a setting by a call with one value.
    pub(super) fn call(&mut self, name: &str, at: usize) -> Option<usize> {
        let word = self.word(at)?;
        let (open, value, close) = (at.checked_add(1)?, at.checked_add(2)?, at.checked_add(3)?);
        if self.sign(open) != Some("(") {
            return None;
        }
        let key = name.rsplit('.').next().unwrap_or_default();
        let key = ["set", "with"]
            .iter()
            .find_map(|start| {
                key.strip_prefix(start)
                    .filter(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase() || c == '_'))
            })
            .unwrap_or(key);
        let scope = self.scope();
        let line = self.token(at)?.line;
        let constant = self.word(value).map(|word| self.constant(value, word));
        if let Some((text, behind)) = constant
            && self.sign(behind) == Some(")")
            && text != UNKNOWN
        {
            self.document.set(scope, key, &text, line);
            return behind.checked_add(1);
        }
        self.text(value)?;
        if SETTERS.contains(&name.rsplit('.').next().unwrap_or_default())
            && self.sign(close) == Some(",")
            && let Some(second) = close.checked_add(1)
            && self.text(second).is_some()
        {
            let (set, behind) = self.joined(second);
            if self.sign(behind) == Some(")") {
                let (variable, line) = (self.text(value)?.to_owned(), self.token(value)?.line);
                self.document.set(scope, &variable, &set, line);
                return behind.checked_add(1);
            }
        }
        if self.sign(close) == Some(")") {
            let (text, line) = (self.text(value)?, self.token(value)?.line);
            // `os.getenv("DB_HOST")` names a variable.
            if word.to_ascii_lowercase().contains("env") {
                return close.checked_add(1);
            }
            self.document.set(scope, key, text, line);
            return close.checked_add(1);
        }
        None
    }

    /// The last text of a call like `env("NAME", "default")`; `at` is its bracket.
    pub(super) fn default_of_call(&self, at: usize) -> Option<(String, usize)> {
        let call = at.checked_sub(1).and_then(|before| self.word(before));
        let name = self.text(at.checked_add(1)?)?;
        if call.is_some_and(is_replacement)
            || !is_variable(name)
            || self.sign(at.checked_add(2)?) != Some(",")
        {
            return None;
        }
        let third = at.checked_add(3)?;
        let third = match (self.word(third), self.sign(third.checked_add(1)?)) {
            // `default="x"`, `default: "x"`
            (Some("default" | "defaultValue" | "fallback"), Some("=" | ":")) => {
                third.checked_add(2)?
            }
            _ => third,
        };
        let (value, behind) = match self.text(third) {
            Some(_) => self.joined(third),
            None => (
                self.word(third).filter(|word| is_number(word))?.to_owned(),
                third.checked_add(1)?,
            ),
        };
        (self.sign(behind) == Some(")")).then_some((value, behind.checked_add(1)?))
    }
}
