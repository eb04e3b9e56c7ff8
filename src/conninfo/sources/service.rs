//! `pg_service.conf`: named groups of settings (`parseServiceInfo` and `parseServiceFile` in libpq's `fe-connect.c`).

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::conninfo::World;
use crate::conninfo::error::{Error, ServiceFault};
use crate::conninfo::parameter::Keyword;
use crate::conninfo::space::is_space;
use crate::conninfo::value::{Origin, Setting, Settings, Value, Word};
use crate::os::{self, bytes_of, path_of};

/// The settings of the service that the string or `PGSERVICE` names; none if nothing names one. `file` is the
/// string's `servicefile`, which comes before `PGSERVICEFILE`.
///
/// # Errors
/// The service is not in any file, or there is a syntax error before or in it.
pub(in crate::conninfo) fn lookup(
    named: Option<&[u8]>,
    file: Option<&[u8]>,
    world: &dyn World,
) -> Result<Settings, Error> {
    let from_environment = world.var("PGSERVICE").map(|value| bytes_of(&value));
    let Some(service) = named.map(<[u8]>::to_vec).or(from_environment) else {
        return Ok(Settings::new());
    };

    let mut searched = Vec::new();
    let mut marked = None;
    for (file, presence) in files(file, world) {
        let text = match world.read(&file) {
            Ok(text) => text,
            Err(error) if presence == Presence::Optional && is_absent(error.kind()) => {
                searched.push(file);
                continue;
            }
            // For C's `fopen` a directory is a file without lines.
            Err(error) if error.kind() == ErrorKind::IsADirectory => Vec::new(),
            Err(error) => return Err(Error::ServiceFileUnreadable { file, error }),
        };
        if let Some(settings) = section(os::text_file(&text), &service, &file)? {
            return Ok(settings);
        }
        // With one, the first line is not a heading to libpq; in UTF-16 no line is.
        if MARKS.iter().any(|mark| text.starts_with(mark)) {
            marked.get_or_insert_with(|| file.clone());
        }
        searched.push(file);
    }
    Err(Error::ServiceNotFound {
        service: Word::from(&Value::new(Keyword::Service, service)),
        searched,
        marked,
    })
}

/// Byte-order marks of UTF-8 and of both forms of UTF-16.
const MARKS: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Demanded,
    Optional,
}

fn files(file: Option<&[u8]>, world: &dyn World) -> Vec<(PathBuf, Presence)> {
    let named = file.map(path_of);
    let named = named.or_else(|| world.var("PGSERVICEFILE").map(|file| seen(&file)));
    let own = match named {
        Some(file) => Some((file, Presence::Demanded)),
        None => world
            .home()
            .map(|home| (home.join(".pg_service.conf"), Presence::Optional)),
    };
    let directories = match world.var("PGSYSCONFDIR") {
        Some(directory) => vec![seen(&directory)],
        None => os::SERVICE_DIRECTORIES.iter().map(PathBuf::from).collect(),
    };
    let system = directories
        .into_iter()
        .map(|directory| (directory.join("pg_service.conf"), Presence::Optional));
    own.into_iter().chain(system).collect()
}

/// The path in a variable, as libpq sees it.
fn seen(variable: &OsStr) -> PathBuf {
    path_of(&bytes_of(variable))
}

const fn is_absent(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// The section of that name, if the text has one. Reading stops at its end: what comes after it is not checked.
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
            // Anything can follow the bracket.
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

/// `keyword=value`, without spaces around the sign and without quotes.
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
        Some(Keyword::ServiceFile) => Err(ServiceFault::NestedFile),
        Some(keyword) => Ok((keyword, Value::new(keyword, value.to_vec()))),
        None => Err(ServiceFault::UnknownKeyword {
            word: Word::new(name),
            suggestion: Keyword::nearest(name),
        }),
    }
}

/// The lines as C's `fgets` gives them to libpq's buffer of 1,024 bytes: at most 1,022 bytes with the line feed
/// (longer lines are an error), cut at a NUL. White space at both ends is dropped.
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
        .position(|byte| !is_space(*byte))
        .unwrap_or(line.len());
    let end = line
        .iter()
        .rposition(|byte| !is_space(*byte))
        .map_or(start, |last| last.saturating_add(1));
    line.get(start..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conninfo::fake::Fake;
    use crate::conninfo::{ConnInfo, Error};

    const HOME: &str = "/home/me/.pg_service.conf";

    fn user(text: &str, world: &Fake) -> String {
        match ConnInfo::read(text.as_bytes(), world) {
            Ok(info) => info.user.value.to_string(),
            Err(Error::ServiceSyntax { line, fault, .. }) => format!("line {line}: {fault}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_section_is_read_as_libpq_reads_it() {
        for (section, meaning) in [
            ("[s]\nuser=a", "a"),
            ("[s]\r\n  user=a  \r\n", "a"),
            (
                "nonsense\n[t]\nuser=b\n[s]x\n# no\n\nuser=a\n[s]\nuser=c\nnonsense",
                "a",
            ),
            ("[s]\nuser=a\nuser=b", "a"),
            ("[s]\nuser='a'", "'a'"),
            ("[s]\nuser=a=b", "a=b"),
            ("[s]\nuser=a\0b", "a"),
            ("[s]\nuser", "line 2: no \"=\" in the line"),
            ("[s]\nuser =a", "line 2: unknown parameter \"user \""),
            ("[s]\nssl=true", "line 2: unknown parameter \"ssl\""),
            (
                "[s]\nrequiressl=1",
                "line 2: unknown parameter \"requiressl\"",
            ),
            (
                "[s]\nservice=t",
                "line 2: a service cannot refer to another service",
            ),
            (
                "[s]\nservicefile=x",
                "line 2: a service cannot name another service file",
            ),
            (
                "[s]\nldap://x/y",
                "line 2: the service must be looked up in LDAP, which pgtls does not support",
            ),
            (
                "\u{feff}[s]\nuser=a",
                "service \"s\" is not defined in any of the service files (/home/me/.pg_service.conf, /etc/x/pg_service.conf)",
            ),
        ] {
            let world = Fake::default()
                .var("PGSYSCONFDIR", "/etc/x")
                .file(HOME, section);
            let found = os::slashed(user("service=s", &world));
            assert_eq!(found, meaning, "{section:?}");
        }
    }

    #[test]
    fn a_long_line_anywhere_before_is_an_error() {
        let file = |length: usize| format!("[a]\nuser=a\n[b]\n{}\n[s]\nuser=b", "#".repeat(length));
        assert_eq!(
            user("service=s", &Fake::default().file(HOME, file(1021))),
            "b"
        );
        let long = Fake::default().file(HOME, file(1022));
        assert_eq!(
            user("service=s", &long),
            "line 4: the line is longer than the 1,022 bytes that libpq reads"
        );
        assert_eq!(user("service=a", &long), "a");
    }

    #[test]
    fn files_are_asked_in_libpqs_order() {
        let world = || {
            Fake::default()
                .var("PGSYSCONFDIR", "/etc/x")
                .file(HOME, "[both]\nuser=home\n[home]\nuser=home")
                .file(
                    "/etc/x/pg_service.conf",
                    "[both]\nuser=system\n[system]\nuser=system",
                )
                .file("/own.conf", "[own]\nuser=own")
        };
        for (service, meaning) in [("both", "home"), ("home", "home"), ("system", "system")] {
            assert_eq!(user(&format!("service={service}"), &world()), meaning);
        }
        assert_eq!(
            user("service=own", &world().var("PGSERVICEFILE", "/own.conf")),
            "own"
        );
        assert_eq!(
            user("service=system", &world().var("PGSERVICEFILE", "/own.conf")),
            "system"
        );
        assert_eq!(user("", &world().var("PGSERVICE", "home")), "home");
        assert_eq!(
            user("service=system", &world().var("PGSERVICE", "home")),
            "system"
        );
        assert_eq!(
            user(
                "service=own servicefile=/own.conf",
                &world().var("PGSERVICEFILE", "/none.conf")
            ),
            "own"
        );
        assert_eq!(
            user("service=home servicefile=", &world()),
            "the service file \"\" does not exist"
        );
        assert_eq!(
            user("service=home", &world().var("PGSERVICEFILE", "/none.conf")),
            "the service file \"/none.conf\" does not exist"
        );
        assert_eq!(
            user(
                "service=both",
                &Fake::default()
                    .var("PGSYSCONFDIR", "/etc/x")
                    .file("/etc/x/pg_service.conf", "[both]\nuser=x")
            ),
            "x"
        );
    }

    #[test]
    fn a_setting_knows_its_file_and_line() {
        let world = Fake::default().file(HOME, "[s]\n\nsslmode=verify-ca");
        let info = ConnInfo::read(b"service=s", &world).unwrap();
        let origin = Origin::Service {
            name: "s".to_owned(),
            file: PathBuf::from(HOME),
            line: 3,
        };
        assert_eq!(info.sslmode.origin, origin);
    }
}
