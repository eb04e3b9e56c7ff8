//! Calls that are settings: `.host("h")`, `os.environ.get("A", "b")`, `fmt.Sprintf("host=%s", "h")`.

use super::super::is_variable;
use super::{Reader, is_number};
use crate::scan::document::UNKNOWN;

/// Calls whose values have their meaning by their place.
const BY_PLACE: &[(&str, &[&str])] = &[
    ("getConnection", &["url", "user", "password"]),
    ("PDO", &["dsn", "user", "password"]),
    ("postgres", &["url"]),
    ("Sequelize", &["database", "user", "password"]),
];

/// Calls that set a variable of the environment.
const SETTERS: &[&str] = &["SetEnvironmentVariable", "setenv", "Setenv", "setdefault"];

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
        let name = self.text(at.checked_add(1)?)?;
        if !is_variable(name) || self.sign(at.checked_add(2)?) != Some(",") {
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
