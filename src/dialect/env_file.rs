//! Connection strings in the lines of an env file: one line with a string, or several that belong together.

use super::settings::{Param, Table};
use super::{
    Damage, Dialect, Fault, Reading, adonet, by_signs, damage, dotenv_line, libpq_settings, odbc,
    trap,
};
use crate::conninfo::{Keyword, Nowhere, World};

/// One line that sets a variable to a connection string of any dialect, or several that belong together.
pub(super) fn lines(text: &str, world: &dyn World) -> Result<Option<Reading>, Fault> {
    if dotenv_line::variables(text).is_none() {
        return Ok(None);
    }
    let lines: Vec<dotenv_line::Line> = text.lines().filter_map(dotenv_line::line).collect();
    // A string of other drivers, whose first setting looks like a variable.
    if lines.iter().any(|line| setting_of_others(line, text)) {
        return Ok(None);
    }
    of_lines(&lines, world)
}

/// The variables of one place: a group, or one of them that is a connection string.
pub(super) fn of_lines(
    lines: &[dotenv_line::Line],
    world: &dyn World,
) -> Result<Option<Reading>, Fault> {
    let variables: Vec<Param> = lines
        .iter()
        .map(|line| Param::new(line.name.as_str(), line.value.as_str()))
        .collect();
    if dotenv_line::is_group(&variables) {
        return dotenv_line::group(&variables).map(Some);
    }
    let mut found = None;
    for line in lines {
        let reading = match value(line, world) {
            Ok(reading) => reading,
            Err(_) if lines.len() > 1 && !is_meant(line) => continue,
            Err(fault) => return Err(fault),
        };
        match (reading, &found) {
            (None, _) => {}
            (Some(_), Some(_)) => {
                return Err(Fault::Damaged(Damage::Lines(lines.len())));
            }
            (reading, None) => found = reading,
        }
    }
    Ok(found)
}

/// Whether a line of many is about a PostgreSQL server: its name says so, or its value.
fn is_meant(line: &dotenv_line::Line) -> bool {
    let name = line.name.to_ascii_uppercase();
    line.value.contains("postgres")
        || ["DATABASE_URL", "POSTGRES", "PG_"]
            .iter()
            .any(|part| name.contains(part))
}

/// The connection strings in an env file, each with its line, counted from 1: variables that hold one, and the group
/// `PGHOST` and so on. Nothing if it is not an env file.
#[must_use]
pub fn of_env_file(text: &str) -> Option<Vec<(usize, String)>> {
    let variables = dotenv_line::variables(text)?;
    let is_keyword = |name: &str| Keyword::from_bytes(name.as_bytes()).is_some();
    if variables.iter().any(|variable| is_keyword(&variable.name)) {
        return None;
    }
    let numbered = || text.lines().zip(1..);
    if dotenv_line::is_group(&variables) {
        let first = numbered().find(|(text, _)| {
            dotenv_line::line(text)
                .is_some_and(|line| line.name.starts_with("PG") || line.name.starts_with("DB_"))
        });
        return Some(vec![(
            first.map_or(1, |(_, number)| number),
            text.to_owned(),
        )]);
    }
    let strings = numbered().filter_map(|(text, number)| {
        let line = dotenv_line::line(text)?;
        let is_string = match value(&line, &Nowhere) {
            Ok(reading) => reading.is_some(),
            Err(_) => is_meant(&line),
        };
        is_string.then(|| (number, text.to_owned()))
    });
    Some(strings.collect())
}

/// Whether the line is not one of an env file, but a string whose first setting looks like a variable.
fn setting_of_others(line: &dotenv_line::Line, text: &str) -> bool {
    let known = |table: &Table| table.row(&line.name).is_some();
    let with_semicolons = text.contains(';') && (known(&adonet::TABLE) || known(&odbc::TABLE));
    with_semicolons || Keyword::from_bytes(line.name.as_bytes()).is_some()
}

/// The value of a line, read as its driver reads it.
fn value(line: &dotenv_line::Line, world: &dyn World) -> Result<Option<Reading>, Fault> {
    let text = line.value.trim();
    if text.is_empty() {
        return if line.name.contains("DATABASE_URL") {
            Err(Fault::Empty)
        } else {
            Ok(None)
        };
    }
    if let Some(variable) = damage::whole_variable(text) {
        return Err(Fault::Unexpanded(variable));
    }
    let mut reading = match libpq_settings(text) {
        Some(settings) => {
            if let Some(fault) = trap(text, &settings) {
                return Err(fault);
            }
            let mut reading = Reading::new(Dialect::DotenvLine);
            for setting in settings {
                reading.set(setting.keyword, setting.value.as_bytes());
            }
            reading
        }
        None => match by_signs(text, world)? {
            Some(reading) => reading,
            None if damage::is_base64_of_string(text) => {
                return Err(Fault::Damaged(Damage::Base64));
            }
            None => return Ok(None),
        },
    };
    reading.info(
        &line.name,
        "the name of the variable; the string is its value",
    );
    dotenv_line::remarks(line, &mut reading);
    Ok(Some(reading))
}
