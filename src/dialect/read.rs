//! Whose string it is, and its reading by the rules of that dialect.

use super::damage::{self, Damage};
use super::env_file::lines;
use super::fault::Fault;
use super::name::Dialect;
use super::reading::Reading;
use super::{
    adonet, arguments, django, ecto, go, jdbc, laravel, node_postgres, odbc, pdo, postgres_js,
    prisma, psql_command, r2dbc, rails, recognise, sqlalchemy,
};
use crate::conninfo::{self, Keyword, Secrecy, Word, World};

/// Reads a string of another dialect than libpq's; nothing if it is libpq's own, or nothing that is known.
///
/// # Errors
/// It is damaged, for another database, may be of several dialects, or its own driver refuses it.
pub fn read(
    text: &[u8],
    asked: Option<Dialect>,
    world: &dyn World,
) -> Result<Option<Reading>, Fault> {
    let reading = read_alone(text, asked, world)?;
    Ok(reading.map(|reading| reading.under_service(world)))
}

/// The same without a look at the service that the string names.
fn read_alone(
    text: &[u8],
    asked: Option<Dialect>,
    world: &dyn World,
) -> Result<Option<Reading>, Fault> {
    if text.trim_ascii().is_empty() {
        return Err(Fault::Empty);
    }
    if let Some(damage) = damage::of_bytes(text) {
        return Err(Fault::Damaged(damage));
    }
    // Other drivers read UTF-8 only.
    let Ok(text) = str::from_utf8(text) else {
        return Ok(None);
    };
    if let Some(asked) = asked {
        return as_asked(text, asked, world);
    }
    if let Some(damage) = damage::of_uri(text) {
        return Err(Fault::Damaged(damage));
    }
    if let Some(settings) = libpq_settings(text) {
        match trap(text, &settings) {
            None => return Ok(None),
            // To libpq, `host=h;database=d` is a host of that name.
            Some(Fault::Damaged(Damage::Semicolons)) if !recognise::signs(text)?.is_empty() => {}
            Some(fault) => return Err(fault),
        }
    }
    if let Some(reading) = arguments::read(text, world)? {
        return Ok(Some(reading));
    }
    if let Some(reading) = lines(text, world)? {
        return Ok(Some(reading));
    }
    if let Some(damage) = damage::around(text) {
        return Err(Fault::Damaged(damage));
    }
    let untrimmed = text;
    let text = text.trim();
    if let Some(variable) = damage::whole_variable(text) {
        return Err(Fault::Unexpanded(variable));
    }
    if let Some(reading) = by_signs(text, world)? {
        return whole(untrimmed, reading).map(Some);
    }
    if let Some(fault) = scheme_in_capitals(text)? {
        return Err(fault);
    }
    match damage::of_unknown(text) {
        Some(damage) => Err(Fault::Damaged(damage)),
        None => match damage::unexpanded(text) {
            Some(variable) => Err(Fault::Unexpanded(variable)),
            None => Ok(None),
        },
    }
}

/// Reads the string by the rules of the dialect whose signs it has; nothing if it has none.
pub(super) fn by_signs(text: &str, world: &dyn World) -> Result<Option<Reading>, Fault> {
    let signs = recognise::signs(text)?;
    match signs.as_slice() {
        [] => Ok(None),
        [first, others @ ..] if others.iter().all(|sign| sign.dialect == first.dialect) => {
            one(text, first.dialect, world).map(Some)
        }
        _ => Err(Fault::Ambiguous { candidates: signs }),
    }
}

/// `JDBC:postgresql://h/d`: a beginning that would be right in small letters.
fn scheme_in_capitals(text: &str) -> Result<Option<Fault>, Fault> {
    let Some((scheme, behind)) = text.split_once(':') else {
        return Ok(None);
    };
    let small = scheme.to_ascii_lowercase();
    if small == scheme {
        return Ok(None);
    }
    let signs = recognise::signs(&format!("{small}:{behind}"))?;
    Ok(signs.first().map(|sign| {
        Fault::refused_but(
            sign.dialect,
            "the beginning of the string must be in small letters",
            format!("Write {small}:"),
        )
    }))
}

/// The settings of a string that libpq accepts. A mode that it does not know is another driver's, perhaps.
pub(super) fn libpq_settings(text: &str) -> Option<Vec<conninfo::Assignment>> {
    let settings = conninfo::parse(text.as_bytes()).ok()?;
    let strange = settings
        .iter()
        .any(|made| made.keyword == Keyword::SslMode && made.value.as_bytes() == b"no-verify");
    (!strange).then_some(settings)
}

/// What libpq accepts, but never as it was meant.
pub(super) fn trap(text: &str, settings: &[conninfo::Assignment]) -> Option<Fault> {
    for made in settings {
        let Ok(value) = str::from_utf8(made.value.as_bytes()) else {
            continue;
        };
        let swallowed = damage::swallowed(value);
        // Other values may have commas, and what follows one may look like a setting.
        let is_list = matches!(
            made.keyword,
            Keyword::Host | Keyword::Hostaddr | Keyword::Port
        );
        if let Some(damage) = swallowed.filter(|damage| is_list || *damage != Damage::Commas) {
            return Some(Fault::Damaged(damage));
        }
        if let Some(variable) = unexpanded(made.keyword, value) {
            return Some(Fault::Unexpanded(variable));
        }
        let quotes = damage::in_quotes(value);
        if let Some(damage) = quotes.filter(|_| made.keyword.secrecy() == Secrecy::Public) {
            return Some(Fault::Damaged(damage));
        }
        if text.contains("://")
            && made.keyword.secrecy() == Secrecy::Public
            && let Some(damage) = damage::line_break(value)
        {
            return Some(Fault::Damaged(damage));
        }
    }
    damage::lines_of_strings(text).map(Fault::Damaged)
}

/// A variable in a value. Passwords may look like anything, so that only a whole template counts there.
fn unexpanded(keyword: Keyword, value: &str) -> Option<Word> {
    match keyword.secrecy() {
        Secrecy::Public => damage::unexpanded(value),
        Secrecy::Secret if value.starts_with('$') && !value.starts_with("${") => None,
        Secrecy::Secret => damage::whole_variable(value)
            .filter(|_| value.starts_with("${") || value.starts_with("{{")),
    }
}

/// Reads the string by the rules of one dialect, and looks for variables in what comes out.
fn one(text: &str, dialect: Dialect, world: &dyn World) -> Result<Reading, Fault> {
    if text.contains("://")
        && dialect != Dialect::DotenvLine
        && let Some(entity) = damage::entity(text)
    {
        return Err(Fault::Damaged(entity));
    }
    let reading = match dialect {
        Dialect::Libpq => return Err(Fault::refused(dialect, "the string")),
        Dialect::Jdbc => jdbc::read(text, world),
        Dialect::R2dbc => r2dbc::read(text),
        Dialect::Adonet => adonet::read(text, world),
        Dialect::Sqlalchemy => sqlalchemy::read(text, world),
        Dialect::NodePostgres => node_postgres::read(text, world),
        Dialect::PostgresJs => postgres_js::read(text, world),
        Dialect::Prisma => prisma::read(text),
        Dialect::Ecto => ecto::read(text),
        Dialect::Rails => rails::read(text),
        Dialect::Django => django::read(text),
        Dialect::Laravel => laravel::read(text),
        Dialect::Pdo => pdo::read(text),
        Dialect::Odbc => odbc::read(text),
        Dialect::Go => go::read(text),
        Dialect::PsqlCommand => psql_command::read(text, world),
        Dialect::DotenvLine => lines(text, world)?.ok_or_else(|| {
            Fault::refused(
                dialect,
                "there is no line KEY=VALUE with a connection string",
            )
        }),
    }?;
    for (keyword, value) in &reading.settings {
        let variable = str::from_utf8(value)
            .ok()
            .and_then(|value| unexpanded(*keyword, value));
        if let Some(variable) = variable {
            return Err(Fault::Unexpanded(variable));
        }
    }
    Ok(reading)
}

/// The dialect is known: only what would be damaged in any dialect is looked for.
fn as_asked(text: &str, asked: Dialect, world: &dyn World) -> Result<Option<Reading>, Fault> {
    if asked == Dialect::Libpq {
        return Ok(None);
    }
    if asked != Dialect::DotenvLine
        && let Some(damage) = damage::around(text)
    {
        return Err(Fault::Damaged(damage));
    }
    let reading = one(text.trim(), asked, world)?;
    whole(text, reading).map(Some)
}

/// The reading of a text, unless its driver does not cut off the white space around it.
fn whole(text: &str, reading: Reading) -> Result<Reading, Fault> {
    match damage::around_url(text) {
        Some(damage) => Err(Fault::Damaged(damage)),
        None => Ok(reading),
    }
}
