//! A command line of psql or its relatives.

use super::promise::Promise;
use super::shell::{Ending, words};
use super::{Dialect, Fault, Reading};
use crate::conninfo::{Keyword, Word, parse};

const DIALECT: Dialect = Dialect::PsqlCommand;

/// How a program takes words that are not options.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Words {
    /// The database, then the user.
    DatabaseAndUser,
    /// The database.
    Database,
    /// Something else.
    Others,
}

struct Program {
    name: &'static str,
    words: Words,
    /// Short options with an argument, besides those for the connection.
    arguments: &'static str,
}

const PROGRAMS: &[Program] = &[
    program("psql", Words::DatabaseAndUser, "cfFLoPRTv"),
    program("pg_dump", Words::Database, "bBEfFjnNStTZ"),
    program("pg_restore", Words::Others, "fFIjLnNPStT"),
    program("pg_dumpall", Words::Others, "flrE"),
    program("pg_isready", Words::Others, "t"),
    program("pg_basebackup", Words::Others, "cDFrRSTXZ"),
    program("pg_receivewal", Words::Others, "DESsZ"),
    program("pg_recvlogical", Words::Others, "EfFIoPSs"),
    program("pgbench", Words::Database, "bcDfFjlLMPRsStT"),
    program("vacuumdb", Words::Database, "jnNPt"),
    program("reindexdb", Words::Database, "ijSt"),
    program("clusterdb", Words::Database, "t"),
    program("createdb", Words::Others, "DElOST"),
    program("dropdb", Words::Others, ""),
    program("createuser", Words::Others, "cg"),
    program("dropuser", Words::Others, ""),
    program("pg_amcheck", Words::Database, "ijrRst"),
];

const fn program(name: &'static str, words: Words, arguments: &'static str) -> Program {
    Program {
        name,
        words,
        arguments,
    }
}

/// Options of psql that a long name introduces and that have an argument.
const LONG_WITH_ARGUMENT: &[&str] = &[
    "command",
    "file",
    "set",
    "variable",
    "log-file",
    "output",
    "field-separator",
    "record-separator",
    "pset",
    "table-attr",
    "schema",
    "table",
    "format",
    "jobs",
    "encoding",
    "compress",
    "pgdata",
    "timeout",
    "role",
    "superuser",
];

/// Whether a word of a command line, a path perhaps, is psql or one of its relatives.
#[must_use]
pub fn is_psql_program(word: &str) -> bool {
    program_of(word).is_some()
}

fn program_of(word: &str) -> Option<&'static Program> {
    let base = word.rsplit(['/', '\\']).next().unwrap_or_default();
    let base = base.strip_suffix(".exe").unwrap_or(base);
    PROGRAMS.iter().find(|program| program.name == base)
}

/// The program, and where its arguments begin; nothing if the line does not run one.
fn program_at(line: &[super::shell::ShellWord]) -> Option<(&'static Program, usize)> {
    let mut at = 0;
    loop {
        let word = line.get(at)?.text.as_str();
        if let Some(program) = program_of(word) {
            return Some((program, at.saturating_add(1)));
        }
        let assigns = word.split_once('=').is_some_and(|(name, _)| is_name(name));
        let skip = match word {
            "$" | "#" | "sudo" | "env" | "exec" | "time" | "command" => 1,
            // Of sudo.
            "-u" | "-U" => 2,
            "-E" | "-H" | "-i" => 1,
            _ if assigns => 1,
            _ => return None,
        };
        at = at.saturating_add(skip);
    }
}

fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether the line runs one of the programs.
pub(super) fn is_command(text: &str) -> bool {
    let line = text.strip_prefix("$ ").unwrap_or(text);
    let line = words(line).0;
    program_at(&line).is_some_and(|(_, at)| line.len() > at || at > 1)
}

pub(super) fn read(text: &str) -> Result<Reading, Fault> {
    let (line, ending) = words(text);
    match ending {
        Ending::Line => {}
        Ending::MoreCommands => {
            return Err(Fault::refused_but(
                DIALECT,
                "there is more than one command",
                "Give one command, or its connection string alone.",
            ));
        }
        Ending::OpenQuote => return Err(Fault::refused(DIALECT, "a quote is not closed")),
    }
    let (program, start) = program_at(&line).ok_or_else(|| {
        Fault::refused(
            DIALECT,
            "the line does not run psql or one of its relatives",
        )
    })?;
    if let Some(variable) = line.iter().find_map(|word| word.expands.as_ref()) {
        return Err(Fault::Unexpanded(Word::new(variable.as_bytes())));
    }
    let mut reading = Reading::new(DIALECT);
    let mut database: Option<String> = None;
    let mut plain: Vec<&str> = Vec::new();
    let mut rest = line.iter().skip(start).map(|word| word.text.as_str());
    while let Some(word) = rest.next() {
        if word == "--" {
            plain.extend(rest.by_ref());
        } else if let Some(long) = word.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (long, None),
            };
            let keyword = match name {
                "host" => Some(Keyword::Host),
                "port" => Some(Keyword::Port),
                "username" => Some(Keyword::User),
                "dbname" => Some(Keyword::Dbname),
                _ => None,
            };
            let takes = keyword.is_some() || LONG_WITH_ARGUMENT.contains(&name);
            let value = value.or_else(|| if takes { rest.next() } else { None });
            if matches!(name, "set" | "variable") {
                no_setting(value, &mut reading);
            }
            store(keyword, value, &mut reading, &mut database);
        } else if let Some(short) = word.strip_prefix('-').filter(|short| !short.is_empty()) {
            short_options(short, program, &mut rest, &mut reading, &mut database);
        } else {
            plain.push(word);
        }
    }
    let mut plain = plain.into_iter();
    match program.words {
        Words::DatabaseAndUser => {
            if database.is_none() {
                database = plain.next().map(str::to_owned);
            }
            if let Some(user) = plain.next() {
                reading.set(Keyword::User, user);
            }
        }
        Words::Database => database = database.or_else(|| plain.next_back().map(str::to_owned)),
        Words::Others => {}
    }
    if let Some(database) = database {
        set_database(&database, &mut reading)?;
    }
    // `PGX=.. psql`: the environment comes after the string.
    for word in line.iter().take(start) {
        let Some((name, value)) = word.text.split_once('=') else {
            continue;
        };
        let keyword = Keyword::ALL
            .iter()
            .find(|keyword| keyword.variable() == Some(name));
        if let Some(keyword) = keyword
            && reading.get(*keyword).is_none()
        {
            reading.set(*keyword, value);
        }
    }
    reading.without_nul()
}

fn short_options<'w>(
    short: &'w str,
    program: &Program,
    rest: &mut impl Iterator<Item = &'w str>,
    reading: &mut Reading,
    database: &mut Option<String>,
) {
    for (at, letter) in short.char_indices() {
        let keyword = match letter {
            'h' => Some(Keyword::Host),
            'p' => Some(Keyword::Port),
            'U' => Some(Keyword::User),
            'd' => Some(Keyword::Dbname),
            _ => None,
        };
        if keyword.is_none() && !program.arguments.contains(letter) {
            continue;
        }
        let attached = short
            .get(at.saturating_add(letter.len_utf8())..)
            .filter(|text| !text.is_empty());
        let value = attached.or_else(|| rest.next());
        if letter == 'v' && program.words == Words::DatabaseAndUser {
            no_setting(value, reading);
        }
        store(keyword, value, reading, database);
        return;
    }
}

/// A variable of psql that has the name of a setting for TLS. psql connects without it. Names such as `user` are usual
/// for variables of a script.
fn no_setting(assignment: Option<&str>, reading: &mut Reading) {
    let name = assignment.and_then(|assignment| Some(assignment.split_once('=')?.0));
    let Some(name) = name.filter(|name| name.starts_with("ssl")) else {
        return;
    };
    let Some(keyword) = Keyword::from_bytes(name.as_bytes()) else {
        return;
    };
    let variable = keyword.variable().map_or_else(String::new, |variable| {
        format!(", or the environment variable {variable}")
    });
    reading.warn(
        &format!("--set={keyword}"),
        format!("sets a variable of psql, not the connection's {keyword}. Write it into the string ({keyword}=...){variable}."),
    );
}

fn store(
    keyword: Option<Keyword>,
    value: Option<&str>,
    reading: &mut Reading,
    database: &mut Option<String>,
) {
    match (keyword, value) {
        (Some(Keyword::Dbname), Some(value)) => *database = Some(value.to_owned()),
        (Some(keyword), Some(value)) => reading.set(keyword, value),
        (None, _) | (Some(_), None) => {}
    }
}

/// A string or URI in place of a database's name overrides the options; what it leaves out stays
/// (`expand_dbname` in libpq's `fe-connect.c`).
fn set_database(database: &str, reading: &mut Reading) -> Result<(), Fault> {
    let is_string = database.contains('=')
        || database.starts_with("postgresql://")
        || database.starts_with("postgres://");
    if !is_string {
        reading.set(Keyword::Dbname, database);
        return Ok(());
    }
    let settings =
        parse(database.as_bytes()).map_err(|error| Fault::refused(DIALECT, error.to_string()))?;
    for setting in settings {
        reading.set(setting.keyword, setting.value.as_bytes());
    }
    Ok(())
}

pub(super) fn write(promise: &mut Promise) -> String {
    format!(
        "psql {}",
        super::shell::quoted(&super::translate::libpq_text(promise))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_of_psql_is_no_setting_of_the_connection() {
        for (line, warned) in [
            ("psql -h db --set=sslmode=require", true),
            ("psql -h db --set sslmode=require", true),
            ("psql -h db -v sslrootcert=root.crt", true),
            ("psql -h db -v user=ann", false),
            ("psql -h db --set=ON_ERROR_STOP=1", false),
        ] {
            let reading = read(line).unwrap();
            assert_eq!(reading.get(Keyword::SslMode), None, "{line}");
            assert_eq!(!reading.notes.is_empty(), warned, "{line}");
        }
    }
}
