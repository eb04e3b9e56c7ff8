//! A command line of psql or its relatives.

use std::path::Path;

use super::damage::Damage;
use super::dotenv_line::{add_environment, is_of_libpq};
use super::promise::Promise;
use super::psql_programs::{Argument, Long, PROGRAMS, Priority, Program, Words};
use super::shell::{Ending, is_name, words, words_at};
use super::{Dialect, Fault, Reading};
use crate::conninfo::{Keyword, Typographic, Word, World, parse};

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
}

/// The program of a line; nothing if it runs none of them.
fn run_of(line: &[super::shell::ShellWord]) -> Option<Run<'_>> {
    let mut run: Option<&str> = None;
    let mut variables: Vec<(&str, &str)> = Vec::new();
    let mut withheld = Vec::new();
    let mut cleans = false;
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
            });
        }
        let assigned = word.split_once('=').filter(|(name, _)| is_name(name));
        match (run, word) {
            (_, "$" | "#" | "exec" | "time" | "command") => run = None,
            (_, "env") => run = Some(word),
            (_, "sudo") => {
                // Unless its policy says otherwise, it passes nothing on (`env_reset` in sudoers).
                withheld.append(&mut variables);
                run = Some(word);
            }
            (Some("sudo"), "-u" | "-U") => at = at.saturating_add(1),
            (Some("sudo"), "-E" | "--preserve-env") => variables = std::mem::take(&mut withheld),
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

/// Whether the line runs one of the programs.
pub(super) fn is_command(text: &str) -> bool {
    let line = text.strip_prefix("$ ").unwrap_or(text);
    let line = words(line).0;
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
    // Not shown: it may be a password.
    for _ in ignored {
        reading.warn(
            "one word more",
            "psql ignores it. A word without an option is the database, a second one the user, and here both are set already",
        );
    }
    Ok(reading)
}

/// What a command line says, and the words that its program ignores.
fn take_apart(text: &str, home: Option<&str>) -> Result<(Reading, Vec<String>), Fault> {
    let (line, ending) = words_at(home, text);
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
    let run = run_of(&line).ok_or_else(|| {
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
    let expansion = |word: &super::shell::ShellWord| {
        let expansion = word.expands.as_ref()?;
        // It may be a piece of a password with a raw `$`.
        let before = word.text.get(..expansion.at).unwrap_or_default();
        Some(Word::after(before.as_bytes(), expansion.name.as_bytes()))
    };
    if let Some(variable) = line.iter().find_map(expansion) {
        return Err(Fault::Unexpanded(variable));
    }
    // `–h`, or `“host=h`.
    let begins = |word: &super::shell::ShellWord| Typographic::of(word.text.chars().next()?);
    if let Some(sign) = line.iter().skip(run.arguments).find_map(begins) {
        return Err(Fault::Damaged(Damage::Typographic(sign)));
    }
    let mut reading = Reading::new(DIALECT);
    let mut given = Given::default();
    let mut plain: Vec<&str> = Vec::new();
    let mut rest = line
        .iter()
        .skip(run.arguments)
        .map(|word| word.text.as_str());
    while let Some(word) = rest.next() {
        if word == "--" {
            plain.extend(rest.by_ref());
        } else if let Some(long) = word.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (long, None),
            };
            let Some(Long { name, argument }) = program.long(name) else {
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
                "maintenance-db" => given.maintenance = value,
                "all" => given.flags.push('a'),
                _ => given.store(keyword, value, &mut reading),
            }
        } else if let Some(short) = word.strip_prefix('-').filter(|short| !short.is_empty()) {
            short_options(short, program, &mut rest, &mut reading, &mut given);
        } else {
            plain.push(word);
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
    // An empty one is as good as none (`conninfo_array_parse` in libpq's `fe-connect.c`).
    match given.database_of(program).filter(|name| !name.is_empty()) {
        Some(database) => set_database(database, program.priority(), &mut reading)?,
        None => no_string_for_name(program, &run.variables)?,
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
    format!(
        "psql {}",
        super::shell::quoted(&super::translate::libpq_text(promise))
    )
}

#[cfg(test)]
mod tests {
    use super::{read as read_at, *};
    use crate::conninfo::fake::Fake;

    fn read(text: &str) -> Result<Reading, Fault> {
        read_at(text, &Fake::default())
    }

    /// The programs themselves were asked.
    #[test]
    fn an_option_takes_its_own_argument() {
        for (line, dbname, mode) in [
            (
                "createdb -h h --maintenance-db=sslmode=disable x",
                None,
                Some("disable"),
            ),
            (
                "pg_dump -h h sslmode=disable --exclude-table-data t",
                None,
                Some("disable"),
            ),
            ("pg_dump -h h --section data d", Some("d"), None),
            ("pgbench -h h --time 5 --protocol simple d", Some("d"), None),
            ("psql -h h --dbn=sslmode=disable", None, Some("disable")),
            (
                "psql -h h --comm x sslmode=verify-full",
                None,
                Some("verify-full"),
            ),
            ("vacuumdb -h h --analyze d", Some("d"), None),
            (
                "vacuumdb -h h --maintenance-db=sslmode=disable d",
                Some("d"),
                None,
            ),
            ("pg_restore -h h -d d a.dump", Some("d"), None),
            ("createdb -h h a comment", None, None),
            ("pg_dump -h h -b sslmode=disable", None, Some("disable")),
            ("pg_dump -h h sslmode=disable -e x", None, Some("disable")),
            ("pgbench -S -l -I d sslmode=disable", None, Some("disable")),
            (
                "pg_dumpall -r -S x -d sslmode=disable",
                None,
                Some("disable"),
            ),
            (
                "pg_basebackup -R -l x -d sslmode=disable",
                None,
                Some("disable"),
            ),
            ("psql -h h -p '' -d sslmode=disable", None, Some("disable")),
            (
                "psql -h h <<E -d sslmode=disable\nselect 1\nE",
                None,
                Some("disable"),
            ),
        ] {
            let reading = read(line).unwrap();
            let text = |keyword| {
                reading
                    .get(keyword)
                    .map(|value| str::from_utf8(value).unwrap())
            };
            assert_eq!(
                (text(Keyword::Dbname), text(Keyword::SslMode)),
                (dbname, mode),
                "{line}"
            );
        }
        for line in [
            "psql -h h --unknown d",
            "psql -h h --no d",
            "PGDATABASE=sslmode=disable vacuumdb -h h",
            "PGUSER=sslmode=disable pgbench -h h",
            "pg_dump -d a b",
            "pg_dump -h h a b",
            "vacuumdb -h h -d a b",
            "createdb -h h a b c",
            "pg_isready -h h a",
            "pg_dumpall -h h sslmode=verify-full",
            "PGSERVICEFILE=/f psql service=x",
            "psql -h h <<E\nE\npsql -h i",
            "psql -h h \"$@\"",
            "psql -h h $1",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
        for line in [
            "PGPASSWORD=Hun$Ter9 psql -h h",
            "psql postgresql://u:Hun$Ter9@h/d",
            "psql postgresql://u:Hun7@Ter9/x@h/d",
            "psql postgresql://u:12/Ter9@h/d",
        ] {
            let fault = read(line).unwrap_err();
            let said = format!("{fault} {:?}", fault.advice());
            assert!(!said.contains("Hun") && !said.contains("Ter9"), "{said}");
        }
    }

    /// Of the four programs, pg_dumpall and pg_basebackup 15 were asked.
    #[test]
    fn options_of_some_programs_count_more_than_the_string() {
        for (program, host) in [
            ("pg_dumpall", "h"),
            ("pg_basebackup", "h"),
            ("pg_receivewal", "h"),
            ("pg_recvlogical", "h"),
            ("pg_dump", "i"),
            ("psql", "i"),
        ] {
            let line = format!("{program} -h h -d 'host=i sslmode=require'");
            let reading = read(&line).unwrap();
            assert_eq!(reading.get(Keyword::Host), Some(host.as_bytes()), "{line}");
            assert_eq!(
                reading.get(Keyword::SslMode),
                Some(&b"require"[..]),
                "{line}"
            );
        }
    }

    /// createuser and pgbench 15 were asked: their `-d` has no argument.
    #[test]
    fn a_flag_takes_no_argument() {
        for line in ["createuser -d -h h u", "pgbench -d -h h d"] {
            let reading = read(line).unwrap();
            assert_eq!(reading.get(Keyword::Host), Some(&b"h"[..]), "{line}");
        }
    }

    /// psql itself was asked for its mode in each of these lines.
    #[test]
    fn the_environment_of_a_command_is_what_it_gets() {
        for (line, mode) in [
            ("PGSSLMODE=verify-full psql -h h", Some("verify-full")),
            (
                "PGSSLMODE=verify-full PGSSLMODE=disable psql -h h",
                Some("disable"),
            ),
            (
                "env PGSSLMODE=disable PGSSLMODE=require psql -h h",
                Some("require"),
            ),
            (
                "PGSSLMODE=verify-full psql -h h >out.txt -d sslmode=disable",
                Some("disable"),
            ),
            (
                "PGSSLMODE=verify-full psql 'sslmode=disable'",
                Some("disable"),
            ),
            ("PGSSLMODE=verify-full sudo -u postgres psql -h h", None),
            ("PGREQUIRESSL=1 psql -h h", Some("require")),
            ("PGREQUIRESSL=1 PGSSLMODE= psql -h h", Some("")),
            (
                "PGSSLMODE=verify-full sudo PGSSLMODE=require psql -h h",
                Some("require"),
            ),
            (
                "PGSSLMODE=disable sudo -E psql 'host=h sslrootcert=/r'",
                Some("disable"),
            ),
            // The programs of PostgreSQL 15 were asked for what they give to libpq.
            ("psql -h h -d sslmode=verify-full -d ''", None),
            ("psql -h h -d '' sslmode=verify-full", None),
            ("pg_dump -h h -d sslmode=verify-full --dbname=", None),
            ("vacuumdb -h h --maintenance-db=sslmode=verify-full", None),
            (
                "vacuumdb -h h -a --maintenance-db=sslmode=disable",
                Some("disable"),
            ),
            (
                "reindexdb -h h --all --maintenance-db=sslmode=disable",
                Some("disable"),
            ),
        ] {
            let reading = read(line).unwrap();
            let found = reading.get(Keyword::SslMode);
            assert_eq!(found, mode.map(str::as_bytes), "{line}");
        }
        for withheld in ["PGSSLMODE=require", "PGREQUIRESSL=1", "PGSERVICEFILE=/f"] {
            let reading = read(&format!("X=1 {withheld} sudo psql -h h")).unwrap();
            assert_eq!(reading.notes.len(), 1, "{withheld}");
        }
        for line in [
            "PGSSLMODE=verify-full env -i psql -h h",
            "PGSSLMODE=verify-full env - psql -h h",
            "PGSSLMODE=verify-full env -u PGSSLMODE psql -h h",
            "PGSSLMODE=verify-full env -uPGSSLMODE psql -h h",
            "env --unset=PGSSLMODE psql -h h",
        ] {
            assert!(read(line).is_err(), "{line}");
            assert!(is_command(line), "{line}");
        }
    }

    /// bash and dash were asked: behind `=` before a command, both know `~`. In an argument, dash does not.
    #[test]
    fn a_shell_replaces_a_tilde_before_a_command() {
        let at_home = Fake::default().home("/home/me");
        for (line, root) in [
            ("PGSSLROOTCERT=~/r.crt psql -h h", "/home/me/r.crt"),
            ("$ X=1 PGSSLROOTCERT=~/r.crt psql -h h", "/home/me/r.crt"),
            ("PGSSLROOTCERT='~/r.crt' psql -h h", "~/r.crt"),
            ("PGSSLROOTCERT=\\~/r.crt psql -h h", "~/r.crt"),
            ("PGSSLROOTCERT=~other/r.crt psql -h h", "~other/r.crt"),
            ("PGSSLROOTCERT=a~/r.crt psql -h h", "a~/r.crt"),
            ("env PGSSLROOTCERT=~/r.crt psql -h h", "~/r.crt"),
            ("psql 'host=h sslrootcert=~/r.crt'", "~/r.crt"),
            ("psql sslrootcert=~/r.crt", "~/r.crt"),
        ] {
            let reading = read_at(line, &at_home).unwrap();
            let found = reading.get(Keyword::SslRootCert);
            assert_eq!(found, Some(root.as_bytes()), "{line}");
        }
    }

    /// psql 15 was asked for `current_user` and `current_database()` in each of these lines.
    #[test]
    fn a_word_sets_only_what_no_option_sets() {
        for (line, dbname, user, ignored) in [
            ("psql -h h -U me app other", "app", Some("me"), 1),
            ("psql -h h -d app -U me extra", "app", Some("me"), 1),
            ("psql -h h -d app me", "app", Some("me"), 0),
            ("psql -h h app me third", "app", Some("me"), 1),
            ("psql -h h --username=me app other", "app", Some("me"), 1),
            ("psql -h h app", "app", None, 0),
            ("psql -h h -U '' app other", "app", None, 1),
            (
                "psql -U me app postgresql://u:secret@h/x",
                "app",
                Some("me"),
                1,
            ),
        ] {
            let reading = read(line).unwrap();
            let text = |keyword| {
                reading
                    .get(keyword)
                    .map(|value| str::from_utf8(value).unwrap())
            };
            let found = (text(Keyword::Dbname), text(Keyword::User));
            assert_eq!(found, (Some(dbname), user), "{line}");
            assert_eq!(reading.notes.len(), ignored, "{line}");
            assert!(!format!("{:?}", reading.notes).contains("secret"), "{line}");
            assert_eq!(ignored_words(line).len(), ignored, "{line}");
        }
    }

    #[test]
    fn a_redirection_is_no_argument() {
        for line in [
            "psql -h h d 2>/dev/null",
            "psql -h h 2>&1 d >> 'a file'",
            "psql -h h &>/dev/null d",
            "psql -h h d <a.sql",
            "<a.sql psql -h h d",
            "psql -h h d <<E\nselect 2;\nE\n",
            "psql -h h d <<<'select 2'",
        ] {
            let reading = read(line).unwrap();
            assert_eq!(reading.get(Keyword::Host), Some(&b"h"[..]), "{line}");
            assert_eq!(reading.get(Keyword::Dbname), Some(&b"d"[..]), "{line}");
            assert_eq!(reading.get(Keyword::User), None, "{line}");
        }
    }

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
