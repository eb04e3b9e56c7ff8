//! Lines of env files, compose files and the like: `KEY=VALUE`, `export KEY=VALUE`, `KEY: VALUE`, `- KEY=VALUE`. What such a
//! file says about a connection is the value, in any dialect, or a group of variables.

use super::promise::Promise;
use super::settings::Param;
use super::{Dialect, Fault, Reading};
use crate::conninfo::Keyword;

const DIALECT: Dialect = Dialect::DotenvLine;

/// A line, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) quotes: Quotes,
}

/// Whether the value was in quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    None,
    Single,
    Double,
}

/// The variable that a line sets; nothing if it does not.
pub(super) fn line(text: &str) -> Option<Line> {
    let text = text.trim();
    let text = text.strip_prefix("- ").unwrap_or(text).trim_start();
    let text = whole_in_quotes(text).unwrap_or(text);
    let text = ["export ", "set ", "setx ", "ENV ", "$env:"]
        .iter()
        .find_map(|word| text.strip_prefix(word))
        .unwrap_or(text)
        .trim_start();
    // `"ConnectionStrings__Db": "..."`, in YAML or JSON.
    let text = text.strip_suffix(',').unwrap_or(text);
    let end = text.find(['=', ':'])?;
    let (name, behind) = text.split_at(end);
    let name = name.trim().trim_matches('"');
    let colon = behind.starts_with(':');
    let value = behind.get(1..)?;
    // A colon without a blank is part of a scheme or a host.
    if colon && !value.starts_with([' ', '\t']) {
        return None;
    }
    let is_name = name
        .chars()
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/'));
    if !is_name {
        return None;
    }
    let (value, quotes) = unquoted(value.trim());
    Some(Line {
        name: name.to_owned(),
        value,
        quotes,
    })
}

/// `- "KEY=VALUE"`: what is in quotes that enclose the whole item.
fn whole_in_quotes(text: &str) -> Option<&str> {
    ['"', '\''].into_iter().find_map(|quote| {
        let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
        (inner.contains('=') && !inner.contains(quote)).then_some(inner)
    })
}

fn unquoted(value: &str) -> (String, Quotes) {
    for (quote, quotes) in [
        ('"', Quotes::Double),
        ('\'', Quotes::Single),
        ('`', Quotes::Single),
    ] {
        let inner = value.strip_prefix(quote);
        let closed = inner.and_then(|inner| inner.split_once(quote));
        if let Some((inner, behind)) = closed {
            let comment = behind.trim_start();
            if comment.is_empty() || comment.starts_with('#') {
                return (inner.to_owned(), quotes);
            }
        }
    }
    // Only after a blank do all readers take # for a comment.
    let value = value
        .split_once(" #")
        .map_or(value, |(value, _)| value.trim_end());
    (value.to_owned(), Quotes::None)
}

/// The variables of all lines; nothing if one line is not a variable, a comment or empty.
pub(super) fn variables(text: &str) -> Option<Vec<Param>> {
    let mut found = Vec::new();
    for text in text.lines() {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') || text == "environment:" {
            continue;
        }
        let line = line(text)?;
        found.push(Param::new(line.name, line.value));
    }
    (!found.is_empty()).then_some(found)
}

/// The keyword that libpq reads a variable for.
pub(super) fn keyword(name: &str) -> Option<Keyword> {
    Keyword::ALL
        .iter()
        .copied()
        .find(|keyword| keyword.variable() == Some(name))
}

/// Variables that name the file in which libpq looks for a service.
pub(super) const SERVICE_FILES: &[&str] = &["PGSERVICEFILE", "PGSYSCONFDIR"];

/// Refuses a service of a file that only the text's own environment, these variables, names.
pub(super) fn no_other_service_file<'n>(
    mut variables: impl Iterator<Item = &'n str>,
    reading: &Reading,
) -> Result<(), Fault> {
    match reading.get(Keyword::Service) {
        Some(_) if variables.any(|name| SERVICE_FILES.contains(&name)) => Err(Fault::refused_but(
            reading.dialect,
            "it names a service file of its own, and pgtls reads services from that of this machine",
            "Set PGSERVICEFILE for pgtls itself.",
        )),
        Some(_) | None => Ok(()),
    }
}

/// Whether libpq's variables say where to connect.
pub(super) fn is_group(variables: &[Param]) -> bool {
    let set = |name| super::parts::find(variables, name).is_some();
    set("PGHOST") || set("PGHOSTADDR") || set("PGSERVICE")
}

/// The variables of libpq, as settings.
pub(super) fn group(variables: &[Param]) -> Result<Reading, Fault> {
    let mut reading = Reading::new(DIALECT);
    for variable in variables
        .iter()
        .filter(|variable| !variable.value.is_empty())
    {
        if let Some(keyword) = keyword(&variable.name) {
            reading.set_beneath(keyword, variable.value.as_bytes());
        }
    }
    let names = variables.iter().map(|variable| variable.name.as_str());
    no_other_service_file(names, &reading)?;
    reading.without_nul()
}

/// What readers of such lines do not agree on.
pub(super) fn remarks(line: &Line, reading: &mut Reading) {
    let name = &line.name;
    match line.quotes {
        Quotes::None if line.value.contains('#') => reading.warn(name, "the value has a # and no quotes: dotenv for Node.js and Ruby cuts it there. Put the value in single quotes"),
        Quotes::None if line.value.contains('$') => reading.warn(name, "the value has a $ and no quotes: some readers replace what follows. Put the value in single quotes"),
        Quotes::Double if line.value.contains('$') => reading.warn(name, "the value has a $ in double quotes: some readers replace what follows. Put the value in single quotes"),
        Quotes::Double | Quotes::Single => reading.info(name, "docker --env-file keeps the quotes as part of the value; other readers remove them"),
        Quotes::None => {}
    }
}

/// A value for a line. docker --env-file takes quotes for a part of the value, so there are none without need.
pub(super) fn quoted(value: &str) -> String {
    let plain = value
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-._~:/?&=@%+,*[]".contains(c));
    if plain {
        value.to_owned()
    } else if value.contains('\'') {
        format!("\"{value}\"")
    } else {
        format!("'{value}'")
    }
}

pub(super) fn write(promise: &mut Promise) -> String {
    format!(
        "DATABASE_URL={}",
        quoted(&super::translate::libpq_uri(promise))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_every_form_are_taken_apart() {
        for (text, name, value) in [
            ("A=b", "A", "b"),
            ("export A='b c'", "A", "b c"),
            ("A: \"b\" # c", "A", "b"),
            ("- A=b #c", "A", "b"),
            ("\"A\": \"b\",", "A", "b"),
            (
                "spring.datasource.url=jdbc:postgresql://h/d",
                "spring.datasource.url",
                "jdbc:postgresql://h/d",
            ),
            ("A=b#c", "A", "b#c"),
        ] {
            let line = line(text).unwrap();
            assert_eq!(
                (line.name.as_str(), line.value.as_str()),
                (name, value),
                "{text}"
            );
        }
        for text in [
            "postgres://h/d",
            "jdbc:postgresql://h/d",
            "h:5432",
            "a b=c",
            "=b",
        ] {
            assert_eq!(line(text), None, "{text}");
        }
    }
}
