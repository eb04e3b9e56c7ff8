//! `pg_service.conf`: named groups of settings (`parseServiceInfo` and `parseServiceFile` in libpq's `fe-connect.c`).

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::World;
use super::env::bytes_of;
use super::error::{Error, ServiceFault};
use super::keyword::is_blank;
use super::parameter::Keyword;
use super::value::{Origin, Setting, Value, Word};

/// One group of settings, by keyword.
pub(super) type Settings = BTreeMap<Keyword, Setting<Value>>;

/// The settings of the service that the string or `PGSERVICE` names; none if nothing names one.
///
/// # Errors
/// The service is in no file, or the text before or in it breaks the grammar.
pub(super) fn lookup(named: Option<&[u8]>, world: &dyn World) -> Result<Settings, Error> {
    let from_environment = world.var("PGSERVICE").map(|value| bytes_of(&value));
    let Some(service) = named.map(<[u8]>::to_vec).or(from_environment) else {
        return Ok(Settings::new());
    };

    let mut searched = Vec::new();
    for (file, presence) in files(world) {
        let text = match world.read(&file) {
            Ok(text) => text,
            Err(error) if presence == Presence::Optional && is_absent(error.kind()) => {
                searched.push(file);
                continue;
            }
            // To C's `fopen` a directory is a file without lines.
            Err(error) if error.kind() == ErrorKind::IsADirectory => Vec::new(),
            Err(error) => return Err(Error::ServiceFileUnreadable { file, error }),
        };
        if let Some(settings) = section(&text, &service, &file)? {
            return Ok(settings);
        }
        searched.push(file);
    }
    Err(Error::ServiceNotFound {
        service: String::from_utf8_lossy(&service).into_owned(),
        searched,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Demanded,
    Optional,
}

fn files(world: &dyn World) -> Vec<(PathBuf, Presence)> {
    let own = match world.var("PGSERVICEFILE") {
        Some(file) => Some((PathBuf::from(file), Presence::Demanded)),
        None => world
            .home()
            .map(|home| (home.join(".pg_service.conf"), Presence::Optional)),
    };
    let directories = match world.var("PGSYSCONFDIR") {
        Some(directory) => vec![PathBuf::from(directory)],
        None => SYSTEM_DIRECTORIES.iter().map(PathBuf::from).collect(),
    };
    let system = directories
        .into_iter()
        .map(|directory| (directory.join("pg_service.conf"), Presence::Optional));
    own.into_iter().chain(system).collect()
}

/// libpq has one such directory compiled in: Debian's, Red Hat's (PGDG), and PostgreSQL's own default.
const SYSTEM_DIRECTORIES: &[&str] = if cfg!(unix) {
    &[
        "/etc/postgresql-common",
        "/etc/sysconfig/pgsql",
        "/usr/local/pgsql/etc",
    ]
} else {
    &[]
};

const fn is_absent(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// The section of that name, if the text has one. Reading stops at its end: what comes after it is not judged.
fn section(text: &[u8], service: &[u8], file: &Path) -> Result<Option<Settings>, Error> {
    let mut found: Option<Settings> = None;
    for (line, number) in lines(text).zip(1..) {
        let fault = |fault| Error::ServiceSyntax {
            file: file.to_path_buf(),
            line: number,
            fault,
        };
        let line = line.map_err(fault)?;
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        if let Some(heading) = line.strip_prefix(b"[") {
            if found.is_some() {
                break;
            }
            // Anything may follow the bracket.
            let ours = heading
                .strip_prefix(service)
                .is_some_and(|rest| rest.starts_with(b"]"));
            found = ours.then(Settings::new);
        } else if let Some(settings) = &mut found {
            let (keyword, value) = setting(line).map_err(fault)?;
            let name = String::from_utf8_lossy(service).into_owned();
            let origin = Origin::Service {
                name,
                file: file.to_path_buf(),
                line: number,
            };
            // The first assignment counts.
            settings.entry(keyword).or_insert(Setting { value, origin });
        }
    }
    Ok(found)
}

/// `keyword=value`, without blanks round the sign and without quotes.
fn setting(line: &[u8]) -> Result<(Keyword, Value), ServiceFault> {
    if line.starts_with(b"ldap") {
        return Err(ServiceFault::Ldap);
    }
    let equals = line
        .iter()
        .position(|byte| *byte == b'=')
        .ok_or(ServiceFault::MissingEquals)?;
    let (name, rest) = line
        .split_at_checked(equals)
        .ok_or(ServiceFault::MissingEquals)?;
    let value = rest.get(1..).unwrap_or_default();
    match Keyword::from_bytes(name) {
        Some(Keyword::Service) => Err(ServiceFault::Nested),
        Some(keyword) => Ok((keyword, Value::new(keyword, value.to_vec()))),
        None => Err(ServiceFault::UnknownKeyword {
            word: Word::after(&[], name),
            suggestion: Keyword::nearest(name),
        }),
    }
}

/// The lines as C's `fgets` gives them to libpq's buffer of 1,024 bytes: at most 1,023 bytes with the line feed, which
/// many are an error, and cut at a NUL. Blanks at both ends are dropped.
fn lines(text: &[u8]) -> impl Iterator<Item = Result<&[u8], ServiceFault>> {
    text.split_inclusive(|byte| *byte == b'\n')
        .flat_map(|line| line.chunks(LINE_LIMIT))
        .map(|line| {
            let line = line.split(|byte| *byte == 0).next().unwrap_or_default();
            if line.len() >= LINE_LIMIT {
                Err(ServiceFault::LongLine)
            } else {
                Ok(trim(line))
            }
        })
}

const LINE_LIMIT: usize = 1023;

fn trim(line: &[u8]) -> &[u8] {
    let start = line
        .iter()
        .position(|byte| !is_blank(*byte))
        .unwrap_or(line.len());
    let end = line
        .iter()
        .rposition(|byte| !is_blank(*byte))
        .map_or(start, |last| last.saturating_add(1));
    line.get(start..end).unwrap_or_default()
}
