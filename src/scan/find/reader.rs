//! Which program reads a variable. The same words of a URL mean something else to Prisma, Ecto or node-postgres than
//! to libpq, and the file with the URL does not show it.

use std::collections::BTreeMap;

use crate::dialect::Dialect;

/// Who reads each variable of a tree.
#[derive(Debug, Default)]
pub(in crate::scan) struct Readers(BTreeMap<String, Reader>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    One(Dialect),
    /// With different rules: none of them can be preferred.
    Several,
}

impl Readers {
    /// The driver that reads the variable; nothing if none is known, or more than one.
    pub(in crate::scan) fn of(&self, variable: &str) -> Option<Dialect> {
        match self.0.get(variable)? {
            Reader::One(dialect) => Some(*dialect),
            Reader::Several => None,
        }
    }
}

impl FromIterator<(String, Dialect)> for Readers {
    fn from_iter<T: IntoIterator<Item = (String, Dialect)>>(readers: T) -> Self {
        let mut known = BTreeMap::new();
        for (variable, dialect) in readers {
            let reader = known.entry(variable).or_insert(Reader::One(dialect));
            if *reader != Reader::One(dialect) {
                *reader = Reader::Several;
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

const JAVASCRIPT: &[&str] = &["js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx"];
const ELIXIR: &[&str] = &["ex", "exs"];

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

/// Source files that configure a database are shorter.
const LONGEST: usize = 1024 * 1024;

/// The variables that a file reads a URL from.
pub(super) fn find(path: &str, text: &str) -> Vec<(String, Dialect)> {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    let mut signs = SIGNS
        .iter()
        .filter(|sign| sign.endings.contains(&ending))
        .peekable();
    if signs.peek().is_none() || text.len() > LONGEST {
        return Vec::new();
    }
    let squeezed: String = text.split_whitespace().collect();
    signs
        .filter(|sign| squeezed.contains(sign.beside))
        .flat_map(|sign| {
            let after = squeezed.split(sign.before).skip(1);
            after.filter_map(|rest| Some((variable(rest)?, sign.dialect)))
        })
        .collect()
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
    fn two_readers_with_different_rules_are_none() {
        let one = |dialect| ("URL".to_owned(), dialect);
        let readers: Readers = [one(Dialect::Prisma), one(Dialect::Prisma)]
            .into_iter()
            .collect();
        assert_eq!(readers.of("URL"), Some(Dialect::Prisma));
        assert_eq!(readers.of("OTHER"), None);
        let readers: Readers = [one(Dialect::Prisma), one(Dialect::NodePostgres)]
            .into_iter()
            .collect();
        assert_eq!(readers.of("URL"), None);
    }
}
