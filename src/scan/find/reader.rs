//! Which program reads a variable. The same words of a URL mean something else to Prisma, Ecto or node-postgres than
//! to libpq, and the file with the URL does not show it.

use std::collections::BTreeMap;

use crate::dialect::{Dialect, is_psql_program};
use crate::scan::kind::DOCUMENTS;
use crate::scan::read::language::{ELIXIR, JAVASCRIPT, PYTHON};

/// Who reads each variable of a tree.
#[derive(Debug, Default)]
pub(in crate::scan) struct Readers(BTreeMap<String, Vec<Dialect>>);

impl Readers {
    /// The drivers that read the variable, as far as they are known.
    pub(in crate::scan) fn of(&self, variable: &str) -> &[Dialect] {
        self.0.get(variable).map_or(&[], Vec::as_slice)
    }
}

impl FromIterator<(String, Dialect)> for Readers {
    fn from_iter<T: IntoIterator<Item = (String, Dialect)>>(readers: T) -> Self {
        let mut known: BTreeMap<String, Vec<Dialect>> = BTreeMap::new();
        for (variable, dialect) in readers {
            let drivers = known.entry(variable).or_default();
            if !drivers.contains(&dialect) {
                drivers.push(dialect);
            }
        }
        Self(known)
    }
}

/// Words that stand directly before the name of a variable, without blanks and line breaks.
struct Sign {
    endings: &'static [&'static str],
    /// Elsewhere in the same file.
    beside: &'static str,
    before: &'static str,
    dialect: Dialect,
}

const GO: &[&str] = &["go"];

const fn sign(
    endings: &'static [&'static str],
    beside: &'static str,
    before: &'static str,
    dialect: Dialect,
) -> Sign {
    Sign {
        endings,
        beside,
        before,
        dialect,
    }
}

const SIGNS: &[Sign] = &[
    sign(&["prisma"], "\"postgresql\"", "rl=env(\"", Dialect::Prisma),
    sign(&["prisma"], "\"postgres\"", "rl=env(\"", Dialect::Prisma),
    sign(
        JAVASCRIPT,
        "pg",
        "connectionString:process.env.",
        Dialect::NodePostgres,
    ),
    sign(
        JAVASCRIPT,
        "drizzle-orm/node-postgres",
        "drizzle(process.env.",
        Dialect::NodePostgres,
    ),
    sign(
        JAVASCRIPT,
        "drizzle-orm/postgres-js",
        "drizzle(process.env.",
        Dialect::PostgresJs,
    ),
    sign(
        JAVASCRIPT,
        "",
        "=postgres(process.env.",
        Dialect::PostgresJs,
    ),
    sign(ELIXIR, "Repo", "url:System.get_env(\"", Dialect::Ecto),
    sign(ELIXIR, "Repo", "url:System.fetch_env!(\"", Dialect::Ecto),
    sign(
        ELIXIR,
        "Repo",
        "database_url=System.get_env(\"",
        Dialect::Ecto,
    ),
    sign(
        ELIXIR,
        "Repo",
        "database_url=System.fetch_env!(\"",
        Dialect::Ecto,
    ),
];

/// The same for programs that take their variables from anywhere: how a variable is read, if the driver is named.
const ANYWHERE: &[Sign] = &[
    sign(PYTHON, "psycopg", "os.environ[\"", Dialect::Libpq),
    sign(PYTHON, "psycopg", "os.environ['", Dialect::Libpq),
    sign(PYTHON, "psycopg", "environ.get(\"", Dialect::Libpq),
    sign(PYTHON, "psycopg", "environ.get('", Dialect::Libpq),
    sign(PYTHON, "psycopg", "getenv(\"", Dialect::Libpq),
    sign(PYTHON, "psycopg", "getenv('", Dialect::Libpq),
    sign(GO, "jackc/pgx", "os.Getenv(\"", Dialect::Go),
    sign(GO, "lib/pq", "os.Getenv(\"", Dialect::Go),
];

/// The variables that commands of psql have as arguments.
fn of_commands(text: &str, found: &mut Vec<(String, Dialect)>) {
    if !PROGRAMS.iter().any(|name| text.contains(name)) {
        return;
    }
    for line in text.lines().filter(|line| line.len() < LONGEST_LINE) {
        let mut words = line.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`'));
        if !words.any(is_psql_program) {
            continue;
        }
        // `psql $URL`, `psql "${URL}"`, `psql $(URL)` of Makefiles, `psql %URL%` of Windows
        for (at, sign) in line.match_indices(['$', '%']) {
            let rest = line
                .get(at.saturating_add(sign.len())..)
                .unwrap_or_default();
            let rest = rest.strip_prefix(['{', '(', '$']).unwrap_or(rest);
            found.extend(variable(rest).map(|name| (name, Dialect::Libpq)));
        }
    }
}

/// Names of libpq's programs, to know at once that a text has none.
const PROGRAMS: &[&str] = &["psql", "pg_", "createdb", "dropdb", "vacuumdb", "reindexdb"];

const LONGEST_LINE: usize = 16 * 1024;

/// Source files that configure a database are shorter.
const LONGEST: usize = 1024 * 1024;

/// The variables that a file reads a URL from.
pub(super) fn find(path: &str, text: &str) -> Vec<(String, Dialect)> {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    let mut found = Vec::new();
    if text.len() > LONGEST {
        return found;
    }
    if !DOCUMENTS.contains(&ending) {
        of_commands(text, &mut found);
    }
    let mut signs = SIGNS
        .iter()
        .chain(ANYWHERE)
        .filter(|sign| sign.endings.contains(&ending))
        .peekable();
    if signs.peek().is_none() {
        return found;
    }
    let squeezed: String = text.split_whitespace().collect();
    let of_programs = signs
        .filter(|sign| squeezed.contains(sign.beside))
        .flat_map(|sign| {
            let after = squeezed.split(sign.before).skip(1);
            after.filter_map(|rest| Some((variable(rest)?, sign.dialect)))
        });
    found.extend(of_programs);
    found
}

/// The name that the text begins with.
fn variable(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let name = text.get(..end.unwrap_or(text.len()))?;
    (!name.is_empty() && name.len() <= LONGEST_NAME).then(|| name.to_owned())
}

const LONGEST_NAME: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reader_of_a_variable_is_known_by_the_program() {
        for (path, text, expected) in [
            (
                "prisma/schema.prisma",
                "datasource db {\n  provider = \"postgresql\"\n  url      = env(\"DATABASE_URL\")\n  directUrl = env(\"DIRECT\")\n}",
                &[
                    ("DATABASE_URL", Dialect::Prisma),
                    ("DIRECT", Dialect::Prisma),
                ][..],
            ),
            (
                "schema.prisma",
                "provider = \"mysql\"\nurl = env(\"DATABASE_URL\")",
                &[],
            ),
            (
                "src/db.ts",
                "import { Pool } from 'pg';\nnew Pool({ connectionString: process.env.DB_URL!, max: 3 })",
                &[("DB_URL", Dialect::NodePostgres)],
            ),
            (
                "db.mjs",
                "import postgres from 'postgres'\nconst sql = postgres(process.env.PG_URL)",
                &[("PG_URL", Dialect::PostgresJs)],
            ),
            (
                "config/runtime.exs",
                "database_url =\n  System.get_env(\"DATABASE_URL\") || raise \"x\"\nconfig :app, App.Repo, url: database_url",
                &[("DATABASE_URL", Dialect::Ecto)],
            ),
            (
                "bin/dump.sh",
                "pg_dump -f x \"${DATABASE_URL}\"\necho $OTHER",
                &[("DATABASE_URL", Dialect::Libpq)],
            ),
            (
                "job.py",
                "import psycopg\nc = psycopg.connect(os.environ['DATABASE_URL'])",
                &[("DATABASE_URL", Dialect::Libpq)],
            ),
            (
                "notes.md",
                "url = env(\"DATABASE_URL\") \"postgresql\"",
                &[],
            ),
        ] {
            let expected: Vec<(String, Dialect)> = expected
                .iter()
                .map(|(name, dialect)| ((*name).to_owned(), *dialect))
                .collect();
            assert_eq!(find(path, text), expected, "{path}");
        }
    }

    #[test]
    fn every_reader_counts_once() {
        let one = |dialect| ("URL".to_owned(), dialect);
        let readers: Readers = [
            one(Dialect::Prisma),
            one(Dialect::NodePostgres),
            one(Dialect::Prisma),
        ]
        .into_iter()
        .collect();
        assert_eq!(readers.of("URL"), [Dialect::Prisma, Dialect::NodePostgres]);
        assert_eq!(readers.of("OTHER"), []);
    }
}
