//! Lines of env files, compose files and the like: `KEY=VALUE`, `export KEY=VALUE`, `KEY: VALUE`, `- KEY=VALUE`. What such a
//! file says about a connection is the value, in any dialect, or a group of variables.

use super::promise::Promise;
use super::settings::Param;
use super::shell_line::{self, LineShell, Set};
use super::{Dialect, Fault, Reading, Stack, adonet, odbc};
use crate::conninfo::{Keyword, Unread};

const DIALECT: Dialect = Dialect::DotenvLine;

/// A line, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) quotes: Quotes,
    pub(super) form: Form,
    pub(super) sign: Sign,
}

impl Line {
    pub(super) fn param(&self) -> Param {
        Param::new(self.name.as_str(), self.value.as_str())
    }
}

/// What stands around the sign between name and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Bare,
    /// `NAME = VALUE`
    Spaced,
}

/// Whose line it is. What one reads means nothing to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `NAME=VALUE`, `export NAME=VALUE`: shells and readers of env files.
    Shell,
    /// `set NAME=VALUE`, `setx NAME VALUE`, `$env:NAME = "VALUE"`.
    Windows(LineShell),
    /// `ENV NAME=VALUE`
    Dockerfile,
    /// `- NAME=VALUE`
    Item,
    /// `NAME: VALUE`
    Mapping,
}

/// Whether the value was in quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    None,
    /// There were none, and a comment stood behind it.
    Commented,
    Single,
    Double,
    /// Only Node.js takes them for quotes.
    Backtick,
}

/// The variable that a line sets; nothing if it does not.
pub(super) fn line(text: &str) -> Option<Line> {
    if let Some(set) = shell_line::read(text) {
        let Set { shell, name, value } = set.ok()?;
        // Names have no case there.
        let capitals = name.to_ascii_uppercase();
        let name_there = match counts_beside(&capitals) {
            true => capitals,
            false => name.to_owned(),
        };
        return is_name(name).then(|| Line {
            name: name_there,
            value: value.to_owned(),
            quotes: Quotes::None,
            form: Form::Windows(shell),
            sign: Sign::Bare,
        });
    }
    let text = text.trim();
    let (form, text) = match text.strip_prefix("- ") {
        Some(item) => (Form::Item, item.trim_start()),
        None => (Form::Shell, text),
    };
    let text = whole_in_quotes(text).unwrap_or(text);
    let (form, text) = [("export ", form), ("ENV ", Form::Dockerfile)]
        .into_iter()
        .find_map(|(word, form)| Some((form, text.strip_prefix(word)?)))
        .unwrap_or((form, text));
    let text = text.trim_start();
    // `"ConnectionStrings__Db": "..."`, in YAML or JSON.
    let text = text.strip_suffix(',').unwrap_or(text);
    let end = text.find(['=', ':'])?;
    let (name, behind) = text.split_at(end);
    let is_spaced = name.ends_with(' ') || behind.starts_with("= ");
    let name = name.trim().trim_matches('"');
    let colon = behind.starts_with(':');
    let value = behind.get(1..)?;
    // A colon without a blank is part of a scheme or a host.
    if colon && !value.starts_with([' ', '\t']) {
        return None;
    }
    if !is_name(name) {
        return None;
    }
    // In the list of a compose file, quotes within an item are part of the value.
    let keeps = form == Form::Item && !colon && value.trim_start().starts_with(['"', '\'']);
    let (value, quotes) = match keeps {
        true => without_comment(value.trim()),
        false => unquoted(value.trim()),
    };
    Some(Line {
        name: name.to_owned(),
        value,
        quotes,
        form: if colon { Form::Mapping } else { form },
        sign: match is_spaced {
            true => Sign::Spaced,
            false => Sign::Bare,
        },
    })
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/'))
}

/// Whether a line sets a variable, as its name in capitals shows, and is not a setting of a driver.
pub(super) fn sets_variable(line: &Line) -> bool {
    let is_capital = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let is_setting = Keyword::from_bytes(line.name.to_ascii_lowercase().as_bytes()).is_some()
        || [&adonet::TABLE, &odbc::TABLE]
            .iter()
            .any(|table| table.row(&line.name).is_some());
    line.form != Form::Mapping && line.name.chars().all(is_capital) && !is_setting
}

/// The lines of a text, each with its number, counted from 1. A value in quotes may go on over several; nothing if other
/// text follows its end, because readers differ on what that means.
pub(crate) fn numbered(text: &str) -> Option<Vec<(usize, String)>> {
    let mut found = Vec::new();
    let mut lines = (1..).zip(text.lines()).peekable();
    while let Some((number, first)) = lines.next() {
        let mut whole = first.to_owned();
        if let Some(quote) = open_quote(first)
            && let Some((last, behind)) = lines
                .clone()
                .find_map(|(number, line)| Some((number, line.split_once(quote)?.1)))
        {
            if !ends(behind) {
                return None;
            }
            while let Some((_, line)) = lines.next_if(|(number, _)| *number <= last) {
                whole.push('\n');
                whole.push_str(line);
            }
        }
        found.push((number, whole));
    }
    Some(found)
}

/// The quote that a line's value begins with, if the line does not end it.
fn open_quote(text: &str) -> Option<char> {
    let line = line(text).filter(|line| !matches!(line.form, Form::Windows(_)))?;
    ['"', '\'', '`'].into_iter().find(|quote| {
        line.value
            .strip_prefix(*quote)
            .is_some_and(|rest| !rest.contains(*quote))
    })
}

/// Whether nothing that counts follows a quote.
fn ends(behind: &str) -> bool {
    let behind = behind.trim_start();
    behind.is_empty() || behind.starts_with('#')
}

/// `- "KEY=VALUE"`: what is in quotes that enclose the whole item.
fn whole_in_quotes(text: &str) -> Option<&str> {
    ['"', '\''].into_iter().find_map(|quote| {
        let (inner, behind) = text.strip_prefix(quote)?.split_once(quote)?;
        (inner.contains('=') && ends(behind)).then_some(inner)
    })
}

fn unquoted(value: &str) -> (String, Quotes) {
    for (quote, quotes) in [
        ('"', Quotes::Double),
        ('\'', Quotes::Single),
        ('`', Quotes::Backtick),
    ] {
        let inner = value.strip_prefix(quote);
        let closed = inner.and_then(|inner| inner.split_once(quote));
        if let Some((inner, behind)) = closed
            && ends(behind)
        {
            return (inner.to_owned(), quotes);
        }
    }
    without_comment(value)
}

/// Only after a blank do most readers take # for a comment.
fn without_comment(value: &str) -> (String, Quotes) {
    match value.split_once(" #") {
        Some((value, _)) => (value.trim_end().to_owned(), Quotes::Commented),
        None => (value.to_owned(), Quotes::None),
    }
}

/// The lines of a text that set variables, each with its number and its text; nothing if one line is not a variable, a
/// comment or empty, or if they are not all of one form.
pub(super) fn lines(text: &str) -> Option<Vec<(usize, String, Line)>> {
    let mut found: Vec<(usize, String, Line)> = Vec::new();
    for (number, text) in numbered(text)? {
        let bare = text.trim();
        if bare.is_empty() || bare.starts_with('#') || bare == "environment:" {
            continue;
        }
        let line = line(&text)?;
        if found
            .first()
            .is_some_and(|(_, _, first)| first.form != line.form)
        {
            return None;
        }
        found.push((number, text, line));
    }
    (!found.is_empty()).then_some(found)
}

/// The same, as settings.
pub(super) fn variables(text: &str) -> Option<Vec<Param>> {
    let lines = lines(text)?.into_iter();
    Some(lines.map(|(_, _, line)| line.param()).collect())
}

/// The keyword that libpq reads a variable for.
pub(super) fn keyword(name: &str) -> Option<Keyword> {
    Keyword::ALL
        .iter()
        .copied()
        .find(|keyword| keyword.variable() == Some(name))
}

/// The old variable for `sslmode=require`.
const REQUIRE_SSL: &str = "PGREQUIRESSL";

/// Whether libpq reads a variable for a connection.
pub(super) fn is_of_libpq(name: &str) -> bool {
    keyword(name).is_some() || name == REQUIRE_SSL || SERVICE_FILES.contains(&name)
}

/// Variables that name the file in which libpq looks for a service.
const SERVICE_FILES: &[&str] = &["PGSERVICEFILE", "PGSYSCONFDIR"];

/// Variables of no driver that change what it accepts all the same: those of Node.js, which its readers look at, and those
/// of OpenSSL and of the home directory.
const OF_RUNTIME: &[&str] = &[
    "NODE_TLS_REJECT_UNAUTHORIZED",
    "HOME",
    "OPENSSL_CONF",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
];

/// Whether a variable counts for every string of its place.
pub(super) fn counts_beside(name: &str) -> bool {
    is_of_libpq(name) || OF_RUNTIME.contains(&name)
}

/// Warns of those that pgtls reads from its own environment alone.
fn not_used(name: &str, reading: &mut Reading) {
    let is_of_node = name.starts_with("NODE_");
    let reads = match reading.stack {
        Stack::Java => false,
        Stack::NodePostgres | Stack::PostgresJs => name.starts_with("SSL_"),
        Stack::Libpq
        | Stack::Dotnet
        | Stack::Go
        | Stack::Asyncpg
        | Stack::NativeTls
        | Stack::Other => true,
    };
    if OF_RUNTIME.contains(&name) && reads && !is_of_node {
        reading.warn(
            name,
            "pgtls uses that of its own environment, not this one. Set it for pgtls itself",
        );
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
    add_environment(
        &mut reading,
        variables
            .iter()
            .map(|variable| (variable.name.as_str(), variable.value.as_str())),
    )?;
    for unread in variables
        .iter()
        .filter_map(|variable| Unread::of(&variable.name))
    {
        reading.info(unread.variable, unread.to_string());
    }
    reading.without_nul()
}

/// Variables of libpq that count beside a string. An empty one is a value, too (`conninfo_add_defaults` in libpq's
/// `fe-connect.c`).
pub(super) fn add_environment<'n>(
    reading: &mut Reading,
    variables: impl Iterator<Item = (&'n str, &'n str)>,
) -> Result<(), Fault> {
    let mut names_services = false;
    let mut requires = false;
    let mut others = Vec::new();
    for (name, value) in variables {
        match keyword(name) {
            Some(keyword) => reading.set_beneath(keyword, value),
            None if name == REQUIRE_SSL => requires = value.starts_with('1'),
            None => {
                names_services |= SERVICE_FILES.contains(&name);
                others.push(name);
            }
        }
    }
    // libpq looks into the machine's store only where the string or a variable says so.
    let own_root = reading.stack == Stack::Libpq
        && (reading.get(Keyword::SslRootCert))
            .is_some_and(|root| !root.is_empty() && root != b"system");
    for name in others {
        if !(own_root && name.starts_with("SSL_CERT_")) {
            not_used(name, reading);
        }
    }
    if requires && reading.get(Keyword::SslMode).is_none() {
        reading.set_beneath(Keyword::SslMode, "require");
    }
    // Services of a file that only the text's own environment names.
    match reading.get(Keyword::Service) {
        Some(_) if names_services => Err(Fault::refused_but(
            reading.dialect,
            "it names a service file of its own, and pgtls reads services from that of this machine",
            "Set PGSERVICEFILE for pgtls itself.",
        )),
        Some(_) | None => Ok(()),
    }
}

/// What readers of such lines do not agree on.
pub(super) fn remarks(line: &Line, reading: &mut Reading) {
    let name = &line.name;
    doubts(line, reading);
    match line.quotes {
        Quotes::None if line.form == Form::Shell && line.value.contains(['&', ';']) => reading.info(name, "the value has a & or ; and no quotes: a shell that reads the file ends the command there"),
        Quotes::Double | Quotes::Single => reading.info(name, "docker --env-file keeps the quotes as part of the value; other readers remove them"),
        Quotes::None | Quotes::Commented | Quotes::Backtick => {}
    }
}

/// Those that may give the program another value.
pub(super) fn doubts(line: &Line, reading: &mut Reading) {
    let name = &line.name;
    // A file of another kind, where blanks are usual, has names in small letters.
    let of_environment = !name.contains(|c: char| c.is_ascii_lowercase());
    if line.sign == Sign::Spaced && line.form == Form::Shell && of_environment {
        reading.warn(name, "there are blanks around =: dotenv reads the line, shells and docker --env-file do not. Remove the blanks");
    }
    if line.quotes == Quotes::Commented && line.form == Form::Shell {
        reading.info(name, "docker --env-file and systemd keep the # and what follows as part of the value; other readers cut it there");
    }
    match line.quotes {
        Quotes::None | Quotes::Commented if line.value.contains('#') => reading.warn(name, "the value has a # and no quotes: dotenv for Node.js and Ruby cuts it there. Put the value in single quotes"),
        Quotes::None | Quotes::Commented if line.value.contains('$') => reading.warn(name, "the value has a $ and no quotes: some readers replace what follows. Put the value in single quotes"),
        Quotes::Double if line.value.contains('$') => reading.warn(name, "the value has a $ in double quotes: some readers replace what follows. Put the value in single quotes"),
        Quotes::Backtick => reading.warn(name, "the value is in backticks: only dotenv for Node.js removes them, and a shell runs what is between them. Put the value in single quotes"),
        Quotes::None | Quotes::Commented | Quotes::Double | Quotes::Single => {}
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
            ("- \"A=b c\" # d", "A", "b c"),
            ("- A='b c'", "A", "'b c'"),
            ("set pgSslMode=b", "PGSSLMODE", "b"),
            ("$env:pghost = 'b'", "PGHOST", "b"),
            ("set My_Url=b", "My_Url", "b"),
        ] {
            let line = line(text).unwrap();
            assert_eq!(
                (line.name.as_str(), line.value.as_str()),
                (name, value),
                "{text}"
            );
        }
        let whole = "A=\"b\nC=d\" # e\nF='g'\n";
        let found: Vec<_> = lines(whole)
            .unwrap()
            .into_iter()
            .map(|(number, _, line)| (number, line.name, line.value))
            .collect();
        assert_eq!(
            found,
            [
                (1, "A".to_owned(), "b\nC=d".to_owned()),
                (3, "F".to_owned(), "g".to_owned())
            ]
        );
        for strange in [
            "A=\"b\nC=\"d\"\n",
            "A=b\nset C=d",
            "A=b\nC: d",
            "- A=b\nC=d",
            "setx A b\nset C=d",
        ] {
            assert_eq!(lines(strange), None, "{strange}");
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
