//! A command line of psql or its relatives.

use std::borrow::Cow;
use std::path::Path;

use super::damage::Damage;
use super::dotenv_line::{add_environment, is_of_libpq};
use super::promise::Promise;
use super::psql_programs::{Argument, Long, PROGRAMS, Priority, Program, Words};
use super::reading::Runs;
use super::shell::{Ending, ShellWord, is_name, quoted, words, words_at};
use super::{Dialect, Fault, Reading};
use crate::conninfo::{Keyword, Typographic, Word, World, parse};
use crate::secrecy::{Place, Taken};

const DIALECT: Dialect = Dialect::PsqlCommand;

/// Whether a word of a command line, a path perhaps, is psql or one of its relatives.
#[must_use]
pub fn is_psql_program(word: &str) -> bool {
    program_of(word).is_some()
}

/// The name of psql or one of its relatives, without its directory.
#[must_use]
pub fn psql_program(word: &str) -> Option<&'static str> {
    program_of(word).map(|program| program.name)
}

fn program_of(word: &str) -> Option<&'static Program> {
    let base = word.rsplit(['/', '\\']).next().unwrap_or_default();
    let base = base.strip_suffix(".exe").unwrap_or(base);
    PROGRAMS.iter().find(|program| program.name == base)
}

/// A program that a line runs.
struct Run<'l> {
    program: &'static Program,
    /// Where its arguments begin.
    arguments: usize,
    /// The variables that the line sets for it, the last value of each at the end.
    variables: Vec<(&'l str, &'l str)>,
    /// The variables that are set before `sudo`.
    withheld: Vec<(&'l str, &'l str)>,
    /// Whether the line takes variables away, which are not known here.
    cleans: bool,
    runs: Runs,
}

/// The program of a line; nothing if it runs none of them.
fn run_of(line: &[ShellWord]) -> Option<Run<'_>> {
    let mut run: Option<&str> = None;
    let mut variables: Vec<(&str, &str)> = Vec::new();
    let mut withheld = Vec::new();
    let mut cleans = false;
    let mut runs = Runs::Here;
    let mut at = 0;
    loop {
        let word = line.get(at)?.text.as_str();
        at = at.saturating_add(1);
        if let Some(program) = program_of(word) {
            return Some(Run {
                program,
                arguments: at,
                variables,
                withheld,
                cleans,
                runs,
            });
        }
        let assigned = word.split_once('=').filter(|(name, _)| is_name(name));
        match (run, word) {
            (_, "$" | "#" | "exec" | "time" | "command" | "nohup") => run = None,
            (_, "env") => run = Some(word),
            (_, "sudo") => {
                // Unless its policy says otherwise, it passes nothing on (`env_reset` in sudoers).
                withheld.append(&mut variables);
                runs = Runs::Elsewhere;
                run = Some(word);
            }
            (Some("sudo"), "-u" | "-U") => at = at.saturating_add(1),
            (Some("sudo"), "-E" | "--preserve-env") => {
                variables = std::mem::take(&mut withheld);
                runs = Runs::Here;
            }
            (Some("sudo"), "-H" | "-i" | "-n") => {}
            (Some("env"), option) if option.starts_with('-') => {
                cleans = true;
                if matches!(option, "-u" | "--unset") {
                    at = at.saturating_add(1);
                }
            }
            _ => variables.push(assigned?),
        }
    }
}

/// The command of a pasted line: without the prompt before it, and with psql for psql's own `\connect`.
fn command_of(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    let begins = |text: &str| {
        let word = text.split_whitespace().next().unwrap_or_default();
        CONNECT.contains(&word) || is_psql_program(word)
    };
    let prompts = ["$ ", "# ", "> "]
        .iter()
        .filter_map(|end| text.split_once(end));
    let mut behind = prompts.filter(|(prompt, rest)| {
        let is_prompt = !prompt.contains(['"', '\'']) && !prompt.ends_with(' ');
        is_prompt && begins(rest.trim_start())
    });
    let line = behind.next().map_or(text, |(_, rest)| rest.trim_start());
    let mut arguments = CONNECT.iter().filter_map(|word| line.strip_prefix(word));
    let Some(argument) = arguments.find(|rest| rest.starts_with(' ')) else {
        return line.into();
    };
    let argument = argument.trim();
    let in_quotes = ['\'', '"'].into_iter().find_map(|quote| {
        let inner = argument.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.contains(quote)).then_some(inner)
    });
    let string =
        in_quotes.or_else(|| Some(argument).filter(|word| !word.contains([' ', '\'', '"'])));
    // Anything else takes what it leaves out from the session.
    match string.filter(|string| is_string(string)) {
        Some(string) => format!("psql {}", quoted(string)).into(),
        None => line.into(),
    }
}

/// psql's own command for another connection.
const CONNECT: [&str; 2] = ["\\c", "\\connect"];

/// Whether the line runs one of the programs.
pub(super) fn is_command(text: &str) -> bool {
    let line = command_of(text);
    let line = words(&line).0;
    run_of(&line).is_some_and(|run| line.len() > run.arguments || run.arguments > 1)
}

/// The words of a command line that psql ignores. Each may be a string with a password all the same.
#[must_use]
pub fn ignored_words(text: &str) -> Vec<String> {
    take_apart(text, None).map_or_else(|_| Vec::new(), |(_, ignored)| ignored)
}

pub(super) fn read(text: &str, world: &dyn World) -> Result<Reading, Fault> {
    let home = world.home();
    let (mut reading, ignored) = take_apart(text, home.as_deref().and_then(Path::to_str))?;
    warn_of_ignored(&ignored, &mut reading);
    Ok(reading)
}

/// Words are not shown: one may be a password.
fn warn_of_ignored(words: &[String], reading: &mut Reading) {
    for _ in words {
        reading.warn(
            "one word more",
            "psql ignores it. A word without an option is the database, a second one the user, and here both are set already",
        );
    }
}

/// What a command line says, and the words that its program ignores.
fn take_apart(text: &str, home: Option<&str>) -> Result<(Reading, Vec<String>), Fault> {
    let text = command_of(text);
    let (line, ending) = words_at(home, &text);
    match ending {
        Ending::Line => of_words(&line),
        Ending::MoreCommands => Err(Fault::refused_but(
            DIALECT,
            "there is more than one command",
            "Give one command, or its connection string alone.",
        )),
        Ending::OpenQuote => Err(Fault::refused(DIALECT, "a quote is not closed")),
    }
}

/// Whether the words run one of the programs.
pub(super) fn runs(line: &[ShellWord]) -> bool {
    run_of(line).is_some()
}

/// What the words of a command say.
pub(super) fn read_words(line: &[ShellWord]) -> Result<Reading, Fault> {
    let (mut reading, ignored) = of_words(line)?;
    warn_of_ignored(&ignored, &mut reading);
    Ok(reading)
}

fn of_words(line: &[ShellWord]) -> Result<(Reading, Vec<String>), Fault> {
    let run = run_of(line).ok_or_else(|| {
        Fault::refused(
            DIALECT,
            "the line does not run psql or one of its relatives",
        )
    })?;
    if run.cleans {
        return Err(Fault::refused_but(
            DIALECT,
            "env takes variables away, and pgtls does not know which count then",
            "Give the command without env's options, where those variables are not set.",
        ));
    }
    let program = run.program;
    let expansion = |word: &ShellWord| {
        let expansion = word.expands.as_ref()?;
        // It may be a piece of a password with a raw `$`.
        let before = word.text.get(..expansion.at).unwrap_or_default();
        Some(Word::after(before.as_bytes(), expansion.name.as_bytes()))
    };
    if let Some(variable) = line.iter().find_map(expansion) {
        return Err(Fault::Unexpanded(variable));
    }
    // `–h`, or `“host=h`.
    let begins = |word: &ShellWord| Typographic::of(word.text.chars().next()?);
    if let Some(sign) = line.iter().skip(run.arguments).find_map(begins) {
        return Err(Fault::Damaged(Damage::Typographic(sign)));
    }
    let mut reading = Reading::new(DIALECT);
    reading.runs = run.runs;
    let mut given = Given::default();
    let mut plain: Vec<&str> = Vec::new();
    let mut behind_password = Vec::new();
    let mut asks_password = false;
    let mut rest = line
        .iter()
        .skip(run.arguments)
        .map(|word| word.text.as_str());
    while let Some(word) = rest.next() {
        let after_password = asks_password && !begins_string(word);
        asks_password = matches!(word, "--password" | "-W")
            || word.starts_with('-') && !word.starts_with("--") && word.ends_with('W');
        if word == "--" {
            plain.extend(rest.by_ref());
        } else if let Some(long) = word.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (long, None),
            };
            let Some(Long { name, argument }) = program.long(name) else {
                if let Some(keyword) = Keyword::from_bytes(name.as_bytes()) {
                    return Err(no_option(program, keyword));
                }
                return Err(Fault::refused_but(
                    DIALECT,
                    format!("pgtls does not know this option of {}", program.name),
                    "Write the option in full, or leave it out.",
                ));
            };
            let keyword = match name {
                "host" => Some(Keyword::Host),
                "port" => Some(Keyword::Port),
                "username" => Some(Keyword::User),
                "dbname" => Some(Keyword::Dbname),
                _ => None,
            };
            let value = match argument {
                Argument::Needed => value.or_else(|| rest.next()),
                Argument::None => None,
            };
            if matches!(name, "set" | "variable") {
                no_setting(value, &mut reading);
            }
            match name {
                "database" if program.takes_first_database() => given.first = value,
                "maintenance-db" => given.maintenance = value,
                "all" => given.flags.push('a'),
                _ => given.store(keyword, value, &mut reading),
            }
        } else if let Some(short) = word.strip_prefix('-').filter(|short| !short.is_empty()) {
            short_options(short, program, &mut rest, &mut reading, &mut given);
        } else if after_password || !behind_password.is_empty() {
            // Which of them is the password is not known.
            behind_password.push(word);
        } else {
            plain.push(word);
        }
    }
    if let [word, ..] = behind_password.as_slice() {
        let message = format!(
            "takes no password: {} takes the word behind it for the database or the user. It is left out here, because it may be a password. Write the database with -d, and the password into PGPASSWORD or ~/.pgpass",
            program.name
        );
        // With a word for each already, or a word that looks like one, it is.
        let is_password = !plain.is_empty()
            || given.database.is_some()
            || Taken::of(word.as_bytes(), Place::Keyword).is_some();
        match is_password {
            true => reading.warn("-W", message),
            false => reading.info("-W", message),
        }
    }
    let mut plain = plain.into_iter();
    let mut ignored = Vec::new();
    match program.words {
        Words::DatabaseAndUser => {
            given.database = given.database.or_else(|| plain.next());
            if !given.has_user
                && let Some(user) = plain.next()
            {
                if let Some(keyword) = assigned(user) {
                    reading.warn(
                        "user",
                        format!("psql takes the second word for the user: {keyword}=... in it sets nothing. Write all settings as one word, in quotes: psql 'host=NAME dbname=NAME {keyword}=...'"),
                    );
                }
                reading.set_or_unset(Keyword::User, user);
            }
            ignored.extend(plain.map(str::to_owned));
        }
        Words::Database => {
            given.database = given.database.or_else(|| plain.next());
            too_many(plain, 0, program)?;
        }
        Words::Others(most) => too_many(plain, most, program)?,
    }
    if given.database.is_some() && given.flags.contains('a') && program.takes_all_or_one() {
        return Err(Fault::refused_but(
            DIALECT,
            format!("{} takes either all databases or one", program.name),
            "Leave out --all, or the database.",
        ));
    }
    // An empty one is as good as none (`conninfo_array_parse` in libpq's `fe-connect.c`).
    match given.database_of(program).filter(|name| !name.is_empty()) {
        Some(database) => set_database(database, program.priority(), &mut reading)?,
        None => no_string_for_name(program, &run.variables)?,
    }
    if let Some(database) = given.first.filter(|name| !name.is_empty()) {
        set_database(database, Priority::String, &mut reading)?;
    }
    for (name, _) in run.withheld {
        if is_of_libpq(name) {
            reading.warn(
                name,
                "sudo does not pass it on, unless its policy says so: write it behind sudo",
            );
        }
    }
    // `PGX=.. psql`: the environment comes after the string.
    add_environment(&mut reading, run.variables.into_iter())?;
    Ok((reading.without_nul()?, ignored))
}

/// What the options of a command say. What is there and empty still counts as given.
#[derive(Default)]
struct Given<'w> {
    database: Option<&'w str>,
    /// What counts more than the database and the options.
    first: Option<&'w str>,
    maintenance: Option<&'w str>,
    has_user: bool,
    /// Letters without an argument.
    flags: String,
}

impl<'w> Given<'w> {
    fn store(&mut self, keyword: Option<Keyword>, value: Option<&'w str>, reading: &mut Reading) {
        match (keyword, value) {
            (Some(Keyword::Dbname), Some(value)) => self.database = Some(value),
            (Some(keyword), Some(value)) => {
                self.has_user |= keyword == Keyword::User;
                reading.set_or_unset(keyword, value);
            }
            (None, _) | (Some(_), None) => {}
        }
    }

    /// Where the program connects. All but createdb and dropdb have a database of their own, unless they take all.
    fn database_of(&self, program: &Program) -> Option<&'w str> {
        let has_own = !matches!(program.name, "createdb" | "dropdb") && !self.flags.contains('a');
        match (self.database, has_own) {
            (None, false) => self.maintenance,
            (database, _) => database,
        }
    }
}

/// Some programs take these variables for the database, and so for a string.
fn no_string_for_name(program: &Program, variables: &[(&str, &str)]) -> Result<(), Fault> {
    let takes_them = matches!(
        program.name,
        "vacuumdb" | "reindexdb" | "clusterdb" | "pgbench"
    );
    let string = variables
        .iter()
        .find(|(name, value)| matches!(*name, "PGDATABASE" | "PGUSER") && is_string(value));
    match string.filter(|_| takes_them) {
        None => Ok(()),
        Some((name, _)) => Err(Fault::refused_but(
            DIALECT,
            format!("{} takes {name} for a connection string", program.name),
            "Give the string behind -d.",
        )),
    }
}

/// All but psql refuse a word too many.
fn too_many<'w>(
    words: impl Iterator<Item = &'w str>,
    most: usize,
    program: &Program,
) -> Result<(), Fault> {
    if words.count() > most {
        return Err(Fault::TooManyWords {
            program: program.name,
        });
    }
    Ok(())
}

fn short_options<'w>(
    short: &'w str,
    program: &Program,
    rest: &mut impl Iterator<Item = &'w str>,
    reading: &mut Reading,
    given: &mut Given<'w>,
) {
    for (at, letter) in short.char_indices() {
        let keyword = match letter {
            'h' => Some(Keyword::Host),
            'p' => Some(Keyword::Port),
            'U' => Some(Keyword::User),
            'd' if program.takes_database() => Some(Keyword::Dbname),
            _ => None,
        };
        if keyword.is_none() && !program.arguments.contains(letter) {
            given.flags.push(letter);
            continue;
        }
        let attached = short
            .get(at.saturating_add(letter.len_utf8())..)
            .filter(|text| !text.is_empty());
        let value = attached.or_else(|| rest.next());
        if letter == 'l' && program.takes_first_database() {
            given.first = value;
        }
        if letter == 'v' && program.words == Words::DatabaseAndUser {
            no_setting(value, reading);
        }
        given.store(keyword, value, reading);
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

/// Whether a word is a connection string, and no password with an `=` in it.
fn begins_string(word: &str) -> bool {
    is_string(word) && parse(word.as_bytes()).is_ok()
}

/// The setting of a connection string that a word is.
fn assigned(word: &str) -> Option<Keyword> {
    Keyword::from_bytes(word.split_once('=')?.0.as_bytes())
}

/// A setting of a connection string that was written as an option.
fn no_option(program: &Program, keyword: Keyword) -> Fault {
    let variable = keyword.variable().map_or_else(String::new, |variable| {
        format!(", or set the environment variable {variable}")
    });
    Fault::refused_but(
        DIALECT,
        format!("{} has no option --{keyword}", program.name),
        format!("Write {keyword}=... into the connection string{variable}."),
    )
}

fn is_string(database: &str) -> bool {
    database.contains('=')
        || database.starts_with("postgresql://")
        || database.starts_with("postgres://")
}

/// A string or URI in place of a database's name; what it leaves out stays as it is.
fn set_database(database: &str, priority: Priority, reading: &mut Reading) -> Result<(), Fault> {
    if !is_string(database) {
        reading.set(Keyword::Dbname, database);
        return Ok(());
    }
    let mut settings =
        parse(database.as_bytes()).map_err(|error| Fault::refused(DIALECT, error.to_string()))?;
    if priority == Priority::Options {
        settings.retain(|made| reading.get(made.keyword).is_none());
    }
    reading.adopt(settings)
}

pub(super) fn write(promise: &mut Promise) -> String {
    format!("psql {}", quoted(&super::translate::libpq_text(promise)))
}

#[cfg(test)]
mod tests;
