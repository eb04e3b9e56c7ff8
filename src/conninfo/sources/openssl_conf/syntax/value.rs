//! The value of an assignment: its quotes, escapes and variables.

use std::borrow::Cow;

use memchr::{memchr2, memchr3};

use super::{Keep, Reading, Refused};

impl<'t> Reading<'_, 't> {
    /// `str_copy`: quotes, escapes and variables.
    pub(super) fn expanded<'a>(
        &self,
        text: &'a str,
        keep: Keep<'a, 't>,
    ) -> Result<Cow<'t, str>, Refused> {
        let bytes = text.as_bytes();
        let has_special =
            memchr3(b'"', b'\\', b'$', bytes).is_some() || memchr2(b'\'', b'`', bytes).is_some();
        if text.len() <= MAX_VALUE && !has_special {
            return Ok(keep(text));
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            match first {
                '"' | '\'' | '`' => {
                    let (inside, after) = rest.split_once(first).unwrap_or((rest, ""));
                    out.push_str(inside);
                    rest = after;
                }
                '\\' => {
                    let escaped = rest.chars().next();
                    rest = rest
                        .get(escaped.map_or(0, char::len_utf8)..)
                        .unwrap_or_default();
                    out.extend(escaped);
                }
                '$' if !self.dollar_in_names || rest.starts_with(['{', '(']) => {
                    let (value, after) = self.variable(rest)?;
                    out.push_str(&value);
                    rest = after;
                }
                other => out.push(other),
            }
            if out.len() > MAX_VALUE {
                return Err(Refused::TooMuch);
            }
        }
        Ok(Cow::Owned(out))
    }

    /// The value of the variable that the text begins with, and what follows.
    fn variable<'a>(&self, text: &'a str) -> Result<(String, &'a str), Refused> {
        let close = match text.chars().next() {
            Some('{') => Some('}'),
            Some('(') => Some(')'),
            _ => None,
        };
        let (name, after) = match close {
            Some(close) => text
                .get(1..)
                .and_then(|inside| inside.split_once(close))
                .ok_or(Refused::Broken)?,
            None => {
                let of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let plain = |text: &str| text.find(|c| !of_name(c)).unwrap_or(text.len());
                let first = plain(text);
                let length = match text.get(first..).and_then(|rest| rest.strip_prefix("::")) {
                    Some(second) => first.saturating_add(2).saturating_add(plain(second)),
                    None => first,
                };
                text.split_at_checked(length).ok_or(Refused::Broken)?
            }
        };
        let here = || (self.config.name(self.section), name);
        let (section, name) = name.split_once("::").unwrap_or_else(here);
        let from_environment = || {
            let value = self.world.var(name)?;
            Some(value.to_string_lossy().into_owned())
        };
        let value = match section {
            "ENV" => from_environment(),
            _ => self.config.value(section, name).map(str::to_owned),
        };
        Ok((value.ok_or(Refused::Broken)?, after))
    }
}

/// Bytes. Variables can double a value in each line.
const MAX_VALUE: usize = 64 * 1024;
