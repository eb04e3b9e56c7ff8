//! Connection strings in the lines of an env file: one line with a string, or several that belong together.

use super::beside::Beside;
use super::read::{by_signs, libpq_settings, trap};
use super::settings::{Param, Table};
use super::{Damage, Dialect, Fault, Reading};
use super::{adonet, damage, dotenv_line, laravel, odbc, shell_line};
use crate::conninfo::{Keyword, Nowhere, Unread, World, is_quote};

/// One line that sets a variable to a connection string of any dialect, or several that belong together.
pub(super) fn lines(text: &str, world: &dyn World) -> Result<Option<Reading>, Fault> {
    let Some(lines) = dotenv_line::lines(text) else {
        return match shell_line::fault(text) {
            Some(shell) => Err(Fault::Damaged(Damage::ShellLine(shell))),
            None => Ok(None),
        };
    };
    // `PGSERVICE=x psql` is a command.
    if super::psql_command::is_command(text) {
        return Ok(None);
    }
    let lines: Vec<dotenv_line::Line> = lines.into_iter().map(|(_, _, line)| line).collect();
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
    let groups = Group::of_all(lines);
    let is_beside = |line: &dotenv_line::Line| stands_beside(&line.name, &groups);
    let variables: Vec<Param> = lines
        .iter()
        .filter(|line| is_beside(line))
        .map(dotenv_line::Line::param)
        .collect();
    let beside = Beside::new(world, &variables);
    let complete = |reading: Reading, group: Option<Group>| {
        let mut reading = beside.add(reading)?;
        let counts = |line: &dotenv_line::Line| {
            is_beside(line) || group.is_some() && Group::of(&line.name) == group
        };
        for line in lines.iter().filter(|line| counts(line)) {
            dotenv_line::doubts(line, &mut reading);
        }
        Ok(reading)
    };
    let mut found: Vec<Result<Reading, Fault>> = groups
        .iter()
        .map(|group| complete(group.read(&group.variables(lines))?, Some(*group)))
        .collect();
    for line in lines
        .iter()
        .filter(|line| group_in(line, &groups).is_none())
    {
        let read = value(line, &beside);
        if lines.len() > 1 && is_secret(line, &read) {
            continue;
        }
        match read {
            Ok(Some(reading)) => found.push(complete(reading, None)),
            Err(fault) if lines.len() == 1 || is_meant(line, &fault) => found.push(Err(fault)),
            Ok(None) if lines.len() > 1 && may_be_string(line) => {
                return Err(Fault::Damaged(Damage::Lines(lines.len())));
            }
            Ok(None) | Err(_) => {}
        }
    }
    match found.len() {
        0 | 1 => found.pop().transpose(),
        _ => Err(Fault::Damaged(Damage::Lines(lines.len()))),
    }
}

/// Variables that say together where to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    /// `PGHOST` and so on.
    Libpq,
    /// `DB_CONNECTION=pgsql`, `DB_HOST` and so on.
    Laravel,
}

impl Group {
    const ALL: [Self; 2] = [Self::Libpq, Self::Laravel];

    /// Whose a variable is.
    fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| match group {
            Self::Libpq => dotenv_line::counts_beside(name) || Unread::of(name).is_some(),
            Self::Laravel => laravel::takes(name),
        })
    }

    /// Its variables among these.
    fn variables(self, lines: &[dotenv_line::Line]) -> Vec<Param> {
        let own = lines
            .iter()
            .filter(|line| Self::of(&line.name) == Some(self));
        own.map(dotenv_line::Line::param).collect()
    }

    /// Those whose variables are enough to connect with.
    fn of_all(lines: &[dotenv_line::Line]) -> Vec<Self> {
        let mut all = Self::ALL.to_vec();
        all.retain(|group| {
            let variables = group.variables(lines);
            match group {
                Self::Libpq => dotenv_line::is_group(&variables),
                Self::Laravel => laravel::owns(&variables),
            }
        });
        all
    }

    fn read(self, variables: &[Param]) -> Result<Reading, Fault> {
        match self {
            Self::Libpq => dotenv_line::group(variables),
            Self::Laravel => laravel::group(variables),
        }
    }
}

/// Whether a variable is one of libpq, and those do not say where to connect: they count for every other string of the
/// place.
fn stands_beside(name: &str, groups: &[Group]) -> bool {
    Group::of(name) == Some(Group::Libpq) && !groups.contains(&Group::Libpq)
}

/// Whether a line sets a secret, which is no string, whatever it looks like. Names such as `AUTH_DB_DSN` and `PASSPORT_DB`
/// only seem to be those of secrets: a URL, and what a driver reads as several settings, is a string, and so may be what is
/// called a database.
fn is_secret(line: &dotenv_line::Line, read: &Result<Option<Reading>, Fault>) -> bool {
    let has_several = matches!(read, Ok(Some(_))) && line.value.matches('=').count() > 1;
    let words = words(&line.name);
    let last = words.last().map_or("", String::as_str);
    let is_string = line.value.contains("://")
        || has_several
        || ends_as_string(&words)
        || DATABASE.contains(&last);
    named_for_secret(&line.name) && !is_string
}

/// The one of these groups whose variable the line sets.
fn group_in(line: &dotenv_line::Line, groups: &[Group]) -> Option<Group> {
    Group::of(&line.name).filter(|group| groups.contains(group))
}

/// Whether what is wrong with a line's value shows, or leaves open, that a PostgreSQL server is meant: then it must not be
/// passed over.
fn is_meant(line: &dotenv_line::Line, fault: &Fault) -> bool {
    match fault {
        Fault::OtherDatabase(_) => named_for_postgres(&line.name),
        // Any variable may come from another.
        Fault::Unexpanded(_) => named_for_string(&line.name),
        Fault::Empty
        | Fault::Damaged(_)
        | Fault::OtherDriver { .. }
        | Fault::Ambiguous { .. }
        | Fault::NoPrefix { .. }
        | Fault::Refused { .. }
        | Fault::UnknownSettings { .. }
        | Fault::TooManyWords { .. }
        | Fault::Beyond { .. } => true,
    }
}

fn named_for_postgres(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["DATABASE_URL", "POSTGRES", "PG_"]
        .iter()
        .any(|part| name.contains(part))
}

/// The words of a name, in capitals.
fn words(name: &str) -> Vec<String> {
    let name = name.to_ascii_uppercase();
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .map(str::to_owned)
        .collect()
}

fn has_one(words: &[String], known: &[&str]) -> bool {
    words.iter().any(|word| known.contains(&word.as_str()))
}

/// What the name of a variable says of the server.
const DATABASE: &[&str] = &[
    "DATABASE",
    "DB",
    "PG",
    "POSTGRES",
    "POSTGRESQL",
    "SQL",
    "JDBC",
    "REPLICA",
    "PRIMARY",
    "STANDBY",
];

/// Whether a name says by its last word that it is that of a string, or by the section that .NET reads strings from
/// (`ConnectionStrings__Name`).
fn ends_as_string(words: &[String]) -> bool {
    let last = words.last().map_or("", String::as_str);
    ["DSN", "CONNINFO", "JDBC", "DATASOURCE"].contains(&last)
        || ["URL", "URI", "CONN", "CONNECTION", "STRING"].contains(&last)
            && has_one(words, DATABASE)
        || has_one(words, &["CONNECTIONSTRINGS"])
}

/// Whether a variable has the name of a connection string, and not of one to something else.
pub(super) fn named_for_string(name: &str) -> bool {
    let words = words(name);
    let others = [
        "REDIS", "MONGO", "MONGODB", "MYSQL", "MARIADB", "SENTRY", "AMQP", "SQLITE",
    ];
    let name = name.to_ascii_uppercase();
    let is_string = ends_as_string(&words)
        || words.len() == 1 && (has_one(&words, DATABASE) || name.contains("DATABASEURL"))
        || name.contains("DATABASE_URL");
    is_string && !has_one(&words, &others)
}

/// Whether a variable has the name of a secret: its value is shown nowhere.
fn named_for_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    [
        "PASS", "PWD", "SECRET", "TOKEN", "KEY", "CRED", "AUTH", "SALT", "PRIVATE",
    ]
    .iter()
    .any(|part| name.contains(part))
}

/// Whether a value that no driver reads looks as if it were meant as a string for PostgreSQL: with a misspelt word, say, or
/// with a quote too many.
fn may_be_string(line: &dotenv_line::Line) -> bool {
    let value = line.value.to_ascii_lowercase();
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let sets = |name: &str| {
        value.match_indices(name).any(|(at, _)| {
            let before = value.get(..at).unwrap_or_default();
            let behind = value.get(at + name.len()..).unwrap_or_default();
            !before.ends_with(word) && behind.trim_start().starts_with('=')
        })
    };
    // Another scheme is another server.
    let elsewhere = value.contains("://") && !value.contains("postgres");
    !elsewhere
        && (value.contains("postgres://")
            || value.contains("postgresql:")
            || value.contains(":5432")
            || is_server_and_database(&value) && is_of_database(&line.name)
            || line.name.to_ascii_uppercase().contains("DATABASE_URL")
            || [
                "host",
                "hostaddr",
                "server",
                "data source",
                "service",
                "dbname",
                "database",
            ]
            .into_iter()
            .any(sets))
}

/// Whether a variable is about a database: `DB_ADDRESS`, `DATA_SOURCE_URI` of postgres_exporter.
fn is_of_database(name: &str) -> bool {
    has_one(&words(name), DATABASE) || name.to_ascii_uppercase().contains("DATA_SOURCE")
}

/// `db.example.com:6432/app?sslmode=require`
fn is_server_and_database(value: &str) -> bool {
    let Some((host, rest)) = value.split_once(':') else {
        return false;
    };
    let is_name = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    let rest = rest.split('?').next().unwrap_or_default();
    rest.split_once('/').is_some_and(|(port, database)| {
        is_name(host) && is_name(database) && port.parse::<u16>().is_ok()
    })
}

/// The connection strings in an env file, each with its line, counted from 1: variables that hold one, or may be meant
/// to, and the groups of variables that are one together. Nothing if it is not an env file.
#[must_use]
pub fn of_env_file(text: &str) -> Option<Vec<(usize, String)>> {
    let read = dotenv_line::lines(text)?;
    if read
        .iter()
        .any(|(_, text, line)| setting_of_others(line, text))
    {
        return None;
    }
    let lines: Vec<dotenv_line::Line> = read.iter().map(|(_, _, line)| line.clone()).collect();
    let groups = Group::of_all(&lines);
    let mut texts: Vec<(Group, usize, String)> = Vec::new();
    let mut found = Vec::new();
    let beside = lines_beside(&read)?;
    let has_string = |(_, _, line): &(usize, String, dotenv_line::Line)| {
        matches!(value(line, &Nowhere), Ok(Some(_)))
    };
    let leaves_paths = read.iter().any(|one| names_file(&one.2)) && read.iter().any(has_string);
    for (number, text, line) in read {
        if leaves_paths && names_file(&line) {
            continue;
        }
        match group_in(&line, &groups) {
            Some(group) => match texts.iter_mut().find(|(known, ..)| *known == group) {
                Some((_, _, all)) => {
                    all.push('\n');
                    all.push_str(&text);
                }
                None => texts.push((group, number, text)),
            },
            None => found.extend(listed(&line, &text, &beside).map(|text| (number, text))),
        }
    }
    for (group, first, text) in texts {
        found.push(match group {
            // It has them itself.
            Group::Libpq => (first, text),
            Group::Laravel => (first, format!("{beside}{text}")),
        });
    }
    found.sort_by_key(|(number, _)| *number);
    Some(found)
}

/// Whether a variable has the path of a file with a string, as images of containers read it.
fn names_file(line: &dotenv_line::Line) -> bool {
    line.name.ends_with("_FILE") && line.value.starts_with('/')
}

/// The most bytes that libpq's variables of a file may have: each string of the file is read with them.
const MAX_BESIDE: usize = 16 * 1024;

/// The lines of the variables that count for every string of a file; nothing if they are too long. A string has its own
/// host.
fn lines_beside(read: &[(usize, String, dotenv_line::Line)]) -> Option<String> {
    let mut found = String::new();
    for (_, text, line) in read {
        if Group::of(&line.name) == Some(Group::Libpq) && line.name != "PGHOST" {
            found.push_str(text);
            found.push('\n');
        }
    }
    (found.len() <= MAX_BESIDE).then_some(found)
}

/// What to read of a line that is an endpoint of a list, or a fault of it. What only looks like a string is a fault by its
/// own words, without the name of the variable.
fn listed(line: &dotenv_line::Line, text: &str, beside: &str) -> Option<String> {
    let whole = || format!("{beside}{text}");
    let read = value(line, &Nowhere);
    if is_secret(line, &read) {
        return None;
    }
    match read {
        Ok(None) => may_be_string(line).then(|| line.value.clone()),
        Ok(Some(_)) => Some(whole()),
        Err(fault) => is_meant(line, &fault).then(whole),
    }
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
    if line.form == dotenv_line::Form::Item
        && let Some(quote) = text.chars().next().filter(|first| is_quote(*first))
    {
        return Err(Fault::Damaged(Damage::Quotes(quote)));
    }
    // All readers keep what is in quotes.
    if let Some(damage) = damage::around_url(&line.value) {
        return Err(Fault::Damaged(damage));
    }
    if let Some(variable) = damage::whole_variable(text) {
        return Err(Fault::Unexpanded(variable));
    }
    let damage = damage::of_uri(text)
        .or_else(|| Damage::of_variable(text).filter(|_| named_for_string(&line.name)));
    if let Some(damage) = damage {
        return Err(Fault::Damaged(damage));
    }
    let mut reading = match libpq_settings(text) {
        Some(settings) => {
            if let Some(fault) = trap(text, &settings) {
                return Err(fault);
            }
            let mut reading = Reading::new(Dialect::DotenvLine);
            reading.adopt(settings)?;
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

#[cfg(test)]
mod tests;
