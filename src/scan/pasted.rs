//! A line of a program in place of a connection string: `psycopg2.connect("host=h")`. The one string in it is read as
//! its driver reads it, if nothing else in the line decides about TLS. Pure.

use std::collections::BTreeSet;

use serde::de::IgnoredAny;

use super::candidate::{Besides, Candidate, Form};
use super::find;
use super::kind::Kind;
use super::read::language::of_ending;
use super::template::{Mode, Variables};
use crate::conninfo::{Keyword, Secret, World};
use crate::dialect::{Dialect, Input, understand};

/// What a text is that was given for a connection string.
pub enum Pasted {
    /// No line of a program, or nothing that is known.
    Nothing,
    /// A line with one connection string.
    One(Line),
    /// A line of a program that cannot be read alone.
    Unclear(Unclear),
    /// JSON, as secret stores write it, and what it names: see [`named`].
    Json(Vec<String>),
}

/// The connection string of a line. No `Debug`: it may contain a password.
pub struct Line {
    /// The string.
    pub text: Secret,
    /// Who reads it, if the line shows it and the string does not.
    pub dialect: Option<Dialect>,
    /// The string in libpq's words, secrets masked.
    pub shown: String,
}

/// Why a line of a program cannot be read alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    /// There is none.
    #[error(
        "no connection string stands in it. Paste the string itself, as the program passes it to its driver"
    )]
    None,
    /// There are several.
    #[error(
        "it contains more than one connection string. Paste one of them, without the quotes around it"
    )]
    Several,
    /// A part of it is filled in later.
    #[error(
        "the connection string in it has variables. Paste the string that the running program makes of it"
    )]
    Variables,
    /// The program joins it to something, or changes it.
    #[error(
        "the program puts the connection string in it together. Paste the string that the running program makes of it"
    )]
    Joined,
    /// A setting that stands beside it.
    #[error(
        "settings beside the connection string decide about TLS. Paste the string alone, with these settings in it"
    )]
    Beside,
    /// A setting beside it names another server, or another part of the connection.
    #[error(
        "settings beside the connection string count, too. Paste the string alone, with these settings in it"
    )]
    Server,
    /// A dictionary or a call whose program may set more.
    #[error(
        "it sets host and port one by one. Paste them as one string: \"host=NAME port=5432 sslmode=verify-full\""
    )]
    Parts,
}

/// Words of a line that show which driver reads a URL.
const SIGNS: &[(&str, Dialect)] = &[
    ("create_engine", Dialect::Sqlalchemy),
    ("connectionString", Dialect::NodePostgres),
    ("new Pool(", Dialect::NodePostgres),
    ("new Client(", Dialect::NodePostgres),
    ("pg.Client(", Dialect::NodePostgres),
    ("pg.Pool(", Dialect::NodePostgres),
    ("= postgres(", Dialect::PostgresJs),
    ("sql.Open(", Dialect::Go),
    ("postgres.Open(", Dialect::Go),
    ("pgx.", Dialect::Go),
    ("pgxpool.", Dialect::Go),
    (":=", Dialect::Go),
    ("PrismaClient", Dialect::Prisma),
];

/// Words that decide about TLS where they stand beside a string.
const DECISIVE: &[&str] = &["ssl", "tls", "cert", "verif", "rejectunauthorized", "trust"];

/// A line is not longer.
const LONGEST: usize = 64 * 1024;

/// Looks for the connection string in a text that is none itself.
#[must_use]
pub fn pasted(text: &[u8], world: &dyn World) -> Pasted {
    let Ok(text) = str::from_utf8(text) else {
        return Pasted::Nothing;
    };
    if text.len() > LONGEST
        || !is_code(text)
        || understand(Input::Given(text.as_bytes()), None, world).is_ok()
    {
        return Pasted::Nothing;
    }
    // Python's comments are other languages' strings, and the other way round.
    let is_python = ["psycopg", "create_engine", "DATABASES", "asyncpg"]
        .iter()
        .any(|sign| text.contains(sign));
    let ending = if is_python { "py" } else { "js" };
    let Some(language) = of_ending(ending) else {
        return Pasted::Nothing;
    };
    let mut found = find::all(&format!("line.{ending}"), Kind::Code(language), text).candidates;
    found.retain(|candidate| candidate.form != Form::Address);
    found.sort_by(|a, b| a.filled.text.cmp(&b.filled.text));
    found.dedup_by(|a, b| a.filled.text == b.filled.text);
    let read = match found.as_slice() {
        // `connect(host="h")` of a driver that the line does not name.
        [] if text.to_ascii_lowercase().contains("host") => Pasted::Unclear(Unclear::Parts),
        [] => Pasted::Unclear(Unclear::None),
        [one] => of_candidate(text, one, world),
        _ => Pasted::Unclear(Unclear::Several),
    };
    match read {
        Pasted::Unclear(_) if serde_json::from_str::<IgnoredAny>(text).is_ok() => {
            Pasted::Json(named("line.json", text, world))
        }
        read => read,
    }
}

/// The servers that a text names setting by setting, or in strings of any driver, each as a string for libpq without its
/// password. The ending of `name` says how to read the text.
#[must_use]
pub fn named(name: &str, text: &str, world: &dyn World) -> Vec<String> {
    // Who gives it to pgtls says with that for which database it is.
    let text = format!("{text}\n#// postgres");
    let mut found = find::all(name, Kind::of(name), &text).candidates;
    found.retain(|one| one.form != Form::Address && one.filled.variables == Variables::None);
    // The settings beside a whole string say the same.
    if found.iter().any(|one| one.form == Form::Text) {
        found.retain(|one| one.form == Form::Text);
    }
    let strings: BTreeSet<String> = found
        .iter()
        .filter_map(|one| {
            understand(Input::Given(one.filled.text.as_bytes()), one.asked, world).ok()
        })
        .map(|read| read.conninfo.changed(&[(Keyword::Password, b"")]))
        .collect();
    strings.into_iter().collect()
}

fn of_candidate(line: &str, candidate: &Candidate, world: &dyn World) -> Pasted {
    let filled = &candidate.filled;
    if filled.variables != Variables::None || filled.mode == Mode::Variable {
        return Pasted::Unclear(Unclear::Variables);
    }
    let is_group = match candidate.form {
        Form::Text | Form::Torn | Form::Wrapped => false,
        Form::Group => true,
        // libpq takes these names.
        Form::Part if line.contains("psycopg") => true,
        Form::Part | Form::Address => return Pasted::Unclear(Unclear::Parts),
    };
    let around = match is_group {
        true => Around::Nothing,
        false => around(line, &filled.text),
    };
    let rest = line.replace(&filled.text, "").to_ascii_lowercase();
    let decides = !is_group && DECISIVE.iter().any(|word| rest.contains(word));
    match around {
        Around::Joined => return Pasted::Unclear(Unclear::Joined),
        Around::Nothing | Around::Settings if candidate.beside != Besides::Nothing || decides => {
            return Pasted::Unclear(Unclear::Beside);
        }
        Around::Settings => return Pasted::Unclear(Unclear::Server),
        Around::Nothing => {}
    }
    let is_url = candidate.is_uri();
    let sign = SIGNS.iter().find(|(sign, _)| line.contains(sign));
    let dialect = candidate
        .asked
        .or_else(|| sign.filter(|_| is_url).map(|(_, dialect)| *dialect));
    match understand(Input::Given(filled.text.as_bytes()), dialect, world) {
        Ok(understood) => Pasted::One(Line {
            text: Secret::new(filled.text.clone().into_bytes()),
            dialect,
            shown: understood.conninfo.redacted(),
        }),
        Err(_) => Pasted::Unclear(Unclear::None),
    }
}

/// What stands around a string in a line.
enum Around {
    /// Nothing that changes it.
    Nothing,
    /// It is a part of a text that the program puts together.
    Joined,
    /// Settings with the names of libpq's.
    Settings,
}

fn around(line: &str, text: &str) -> Around {
    let Some((before, behind)) = line.split_once(text) else {
        // It is written in another way, with backslashes: what joins it is not seen.
        return Around::Joined;
    };
    let before = before.trim_end_matches(['"', '\'', '`']);
    let before = before
        .strip_suffix(['r', 'b', 'u', 'R', 'B', 'U'])
        .map_or(before, |head| {
            // A prefix of a literal, and not the end of a word.
            match head.ends_with(|c: char| c.is_alphanumeric() || c == '_') {
                true => before,
                false => head,
            }
        });
    let before = before.trim_end();
    let behind = behind.trim_start_matches(['"', '\'', '`']).trim_start();
    let begins = before.is_empty() || before.ends_with(['(', ',', '=', ':', '[', '{', '>']);
    let is_arrow = !before.ends_with('>') || before.ends_with("=>");
    let ends = behind.is_empty()
        || behind.starts_with([')', ',', ';', '}', ']', '#'])
        || behind.starts_with("//");
    if !(begins && is_arrow && ends) {
        return Around::Joined;
    }
    // `connect("host=a", host="b")`; the second argument of `getConnection` has no name.
    let names = behind.split([',', '(', '{']).filter_map(|part| {
        let end = part.find(['=', ':'])?;
        let name = part.get(..end)?.trim_matches(['"', '\'', ' ']);
        name.split_whitespace().last()
    });
    let mut names = names.filter(|name| !name.is_empty());
    let decides = |name: &str| {
        let lower = name.to_ascii_lowercase();
        Keyword::from_bytes(lower.as_bytes()).is_some()
            || matches!(
                lower.as_str(),
                "database" | "username" | "server" | "hostname"
            )
    };
    if names.any(decides) {
        Around::Settings
    } else {
        Around::Nothing
    }
}

/// Whether what stands before the first literal is a call, an assignment or a dictionary.
fn is_code(text: &str) -> bool {
    let Some(end) = text.find(['"', '\'', '`']) else {
        return false;
    };
    let head = text.get(..end).unwrap_or_default();
    // `host = 'h'`, `hots=h password=a(b'`, `hots = 'h' port = 1` are meant for libpq.
    let names_keywords = |part: &str| {
        part.split_whitespace()
            .filter_map(|word| word.split('=').next())
            .any(|name| Keyword::from_bytes(name.to_ascii_lowercase().as_bytes()).is_some())
    };
    let before_bracket = head.split(['(', '{']).next().unwrap_or_default();
    if names_keywords(before_bracket) || head.contains("://") {
        return false;
    }
    let mut outside = text.split(['"', '\'', '`']).step_by(2);
    before_bracket.len() < head.len()
        || [":=", "=>"].iter().any(|sign| head.contains(sign))
        || head.contains("= ") && !outside.any(names_keywords)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::io;
    use std::path::{Path, PathBuf};

    use super::*;

    struct Empty;

    impl World for Empty {
        fn var(&self, _: &str) -> Option<OsString> {
            None
        }

        fn home(&self) -> Option<PathBuf> {
            None
        }

        fn user(&self) -> Option<Vec<u8>> {
            Some(b"me".to_vec())
        }

        fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
            Err(io::ErrorKind::NotFound.into())
        }

        fn list(&self, _: &Path) -> io::Result<Vec<PathBuf>> {
            Err(io::ErrorKind::NotFound.into())
        }
    }

    /// The string and its reader, or why there is none.
    fn read(line: &str) -> String {
        match pasted(line.as_bytes(), &Empty) {
            Pasted::Nothing => "nothing".to_owned(),
            Pasted::Unclear(why) => format!("{why:?}"),
            Pasted::Json(strings) => format!("JSON {}", strings.join("; ")),
            Pasted::One(line) => {
                let dialect = line.dialect.map_or("-", Dialect::name);
                format!("{dialect} {}", String::from_utf8_lossy(line.text.expose()))
            }
        }
    }

    #[test]
    fn json_of_a_secret_store_is_named_and_what_is_in_it() {
        for (json, expected) in [
            (
                r#"{"username":"app","password":"hunter2","engine":"postgres","host":"db","port":5433,"dbname":"d"}"#,
                "JSON user=app host=db port=5433 dbname=d",
            ),
            (
                r#"{"username":"app","password":"hunter2","host":"db","port":5433,"dbname":"d"}"#,
                "JSON user=app host=db port=5433 dbname=d",
            ),
            (
                r#"{"postgresql":[{"credentials":{"hostname":"db","port":"5433","password":"hunter2","uri":"postgres://app:hunter2@db:5433/d","ca":"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"}}]}"#,
                "JSON user=app host=db port=5433 dbname=d",
            ),
            (
                r#"{"engine":"mysql","username":"app","password":"hunter2","host":"db","port":3306}"#,
                "JSON ",
            ),
            (r#"{"a":{"b":"c"}}"#, "JSON "),
        ] {
            assert_eq!(read(json), expected, "{json}");
        }
    }

    #[test]
    fn the_string_of_a_line_is_read_as_its_driver_reads_it() {
        for (line, expected) in [
            ("psycopg2.connect(\"host=h user=u\")", "- host=h user=u"),
            (
                "conn = psycopg2.connect(\"postgres://u:p@h/d?sslmode=require\")",
                "- postgres://u:p@h/d?sslmode=require",
            ),
            (
                "psycopg2.connect(host=\"h\", port=1, sslmode=\"require\")",
                "libpq host=h port=1 sslmode=require",
            ),
            (
                "const pool = new Pool({ connectionString: 'postgres://u@h/d' });",
                "node-postgres postgres://u@h/d",
            ),
            (
                "const sql = postgres('postgres://u@h/d')",
                "postgres.js postgres://u@h/d",
            ),
            (
                "DriverManager.getConnection(\"jdbc:postgresql://h/d?ssl=true\", \"u\", \"p\");",
                "- jdbc:postgresql://h/d?ssl=true",
            ),
            (
                "engine = create_engine(\"postgresql+psycopg2://u:p@h/d\")",
                "- postgresql+psycopg2://u:p@h/d",
            ),
            (
                "dsn := \"host=h user=u sslmode=disable\"",
                "- host=h user=u sslmode=disable",
            ),
            (
                "$pdo = new PDO('pgsql:host=h;dbname=d', 'u', 'p');",
                "- pgsql:host=h;dbname=d",
            ),
            (
                "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'HOST': 'h', 'NAME': 'd', 'OPTIONS': {'sslmode': 'require'}}}",
                "libpq host=h dbname=d sslmode=require",
            ),
        ] {
            assert_eq!(read(line), expected, "{line}");
        }
    }

    #[test]
    fn a_line_that_says_too_little_or_too_much_is_not_read() {
        for (line, expected) in [
            ("f(\"a\")", "None"),
            ("connect(host=\"h\", port=1)", "Parts"),
            ("f(\"postgres://h/d\", \"postgres://i/d\")", "Several"),
            ("f(\"postgres://${H}/d\")", "Variables"),
            ("create_engine(f\"postgresql://u:{pw}@h/d\")", "Variables"),
            (
                "new Pool({connectionString: 'postgres://h/d', ssl: {rejectUnauthorized: false}})",
                "Beside",
            ),
            (
                "psycopg2.connect(\"host=h user=u sslmode=verify-full\", sslmode=\"disable\")",
                "Beside",
            ),
            ("new Client({ host: 'h', port: 5432, user: 'u' })", "Parts"),
            ("psycopg2.connect(\"host=a user=u\", host=\"b\")", "Server"),
            (
                "new Pool({connectionString: 'postgres://a/d', host: 'b'})",
                "Server",
            ),
            ("psycopg2.connect(\"host=a user=u\", port = 6)", "Server"),
            ("$c = pg_connect(\"host=a dbname=d\" . $more);", "Joined"),
            ("Repo.start(\"postgres://a/d\" <> rest)", "Joined"),
            ("connect(prefix . \"host=a dbname=d\")", "Joined"),
            ("psycopg2.connect(\"host=a user=u\" % x)", "Joined"),
            ("f(\"postgres://h/d\".replace(x, y))", "Joined"),
        ] {
            assert_eq!(read(line), expected, "{line}");
        }
    }

    #[test]
    fn connection_strings_and_other_texts_are_left_alone() {
        for text in [
            "host=h password='a(b'",
            "host = 'h' pasword = 'x'",
            "hots=h password='a(b'",
            "hots = 'h' port = 1",
            "hots = 'h' port=1",
            "hots=h password=a(b'c",
            "postgres://u:p'(@h/d",
            "jdbc:postgresql://h/d?user='(",
            "DATABASE_URL='postgres://h/d'",
            "url: \"jdbc:postgresql://h/d\"",
            "",
            "word",
        ] {
            assert_eq!(read(text), "nothing", "{text}");
        }
    }
}
