//! Where connection strings come from: arguments, a list, a configuration file, the environment.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use aws_lc_rs::digest::{SHA256, digest};
use pgtls::check::{Label, Location};
use pgtls::conninfo::{Grammar, World, shown_path};
use pgtls::os::bytes_of;
use pgtls::secrecy::{Place, Taken};
use pgtls::trust::{Mebibytes, read_at_most, read_stdin};

use crate::cli::Shard;
use crate::config::{Config, Keys};

/// A connection string and its settings. No `Debug`: it may contain a password.
#[derive(Default)]
pub(super) struct Listed {
    pub(super) text: Vec<u8>,
    /// As the user wrote it, before variables are filled in.
    written: Vec<u8>,
    pub(super) label: Label,
    pub(super) keys: Keys,
}

/// All strings: first those of the arguments, then the list's, then the file's. At least one:
/// without any, the environment decides where to connect.
pub(super) fn gather(
    arguments: &[OsString],
    from: Option<&Path>,
    config: Option<&Path>,
    world: &dyn World,
) -> anyhow::Result<Vec<Listed>> {
    let arguments = arguments.iter().map(|argument| Listed {
        text: bytes_of(argument),
        written: bytes_of(argument),
        ..Listed::default()
    });
    let mut sources: Vec<Listed> = arguments.collect();
    if let Some(file) = from {
        sources.extend(listed(file)?);
    }
    if let Some(file) = config {
        sources.extend(configured(file, world)?);
    }
    if sources.is_empty() {
        sources.push(Listed::default());
    }
    Ok(sources)
}

/// Those that belong to a shard; none if they are all in other shards.
pub(super) fn of_shard(mut sources: Vec<Listed>, shard: Shard) -> Vec<Listed> {
    sources.retain(|source| shard.holds(&source.written));
    sources
}

impl Shard {
    /// The first eight bytes of the string's SHA-256, as a big-endian number, modulo the number of
    /// shards. It never changes, it is the same on every machine, and other programs can compute
    /// it.
    fn holds(self, written: &[u8]) -> bool {
        let digest = digest(&SHA256, written);
        let number = digest
            .as_ref()
            .first_chunk()
            .map_or(0, |first| u64::from_be_bytes(*first));
        number % self.of == self.number.get() - 1
    }
}

fn listed(file: &Path) -> anyhow::Result<Vec<Listed>> {
    let bytes = read(file, MAX_LIST)?;
    let lines = bytes.split(|byte| *byte == b'\n').zip(1..);
    let lines: Vec<(&[u8], usize)> = lines
        .map(|(line, number)| (line.trim_ascii(), number))
        .filter(|(line, _)| !line.is_empty() && !line.starts_with(b"#"))
        .collect();
    let foreign = lines
        .iter()
        .find_map(|(line, number)| Some((foreign(line)?, number)));
    if let Some((taken, number)) = foreign {
        bail!(
            "{}, line {number}: not a connection string {taken}",
            shown_path(file)
        );
    }
    let sources: Vec<Listed> = lines
        .into_iter()
        .map(|(line, number)| Listed {
            text: line.to_vec(),
            written: line.to_vec(),
            label: Label {
                name: None,
                location: Some(location(file, number)),
            },
            ..Listed::default()
        })
        .collect();
    if sources.is_empty() {
        // If there is nothing to check, nothing passed.
        bail!("{} contains no connection string", shown_path(file));
    }
    Ok(sources)
}

/// What a line is if it can only come from another kind of file: a password file, a key. Then no line of the file may
/// be repeated, as the last line of a key looks like nothing at all.
fn foreign(line: &[u8]) -> Option<Taken> {
    // Base64 ends in such signs.
    let padding = line.iter().rev().take_while(|byte| **byte == b'=').count();
    let text = line.get(..line.len() - padding).unwrap_or_default();
    let mut halves = text.splitn(2, |byte| *byte == b'=');
    let name = halves.next().unwrap_or_default().trim_ascii();
    let is_setting = halves.next().is_some()
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    if is_setting || Grammar::of(line) == Grammar::Uri {
        return None;
    }
    match Taken::of(line, Place::Word)? {
        Taken::ConnectionString | Taken::Astray => None,
        taken @ (Taken::PrivateKey
        | Taken::Certificate
        | Taken::Pem
        | Taken::PasswordLine
        | Taken::Random) => Some(taken),
    }
}

fn configured(file: &Path, world: &dyn World) -> anyhow::Result<Vec<Listed>> {
    let bytes = read(file, MAX_LIST)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| anyhow!("{} is not TOML: it is not UTF-8", shown_path(file)))?;
    let config = Config::parse(&text, |name| world.var(name)).with_context(|| shown_path(file))?;
    let sources = config.endpoints.into_iter().map(|entry| Listed {
        text: entry.conninfo,
        written: entry.written.into_bytes(),
        label: Label {
            name: entry.name.map(shown_name),
            location: Some(location(file, entry.line)),
        },
        keys: entry.keys,
    });
    Ok(sources.collect())
}

/// The name that the user gave to an endpoint.
fn shown_name(name: String) -> String {
    match Taken::of(name.as_bytes(), Place::Word) {
        Some(taken) => taken.to_string(),
        None => name,
    }
}

fn location(file: &Path, line: usize) -> Location {
    Location {
        file: file.to_owned(),
        line,
    }
}

/// A list or a configuration has a line or so for each endpoint.
const MAX_LIST: Mebibytes = Mebibytes(16);

pub(super) fn read(file: &Path, most: Mebibytes) -> anyhow::Result<Vec<u8>> {
    let read = if file == Path::new("-") {
        read_stdin(most)
    } else {
        read_at_most(file, most)
    };
    read.with_context(|| format!("could not read {}", shown_path(file)))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;

    #[test]
    fn a_string_is_always_in_the_same_one_shard() {
        let shards = |of: u64, written: &[u8]| -> Vec<u64> {
            let of = NonZeroU64::new(of).unwrap();
            (1..=of.get())
                .filter(|number| {
                    let number = NonZeroU64::new(*number).unwrap();
                    Shard { number, of }.holds(written)
                })
                .collect()
        };
        // printf host=a | sha256sum | cut -c 1-16, modulo the number of shards, plus 1.
        for (written, of, expected) in [("host=a", 5, 2), ("host=b", 5, 3), ("", 7, 2)] {
            assert_eq!(shards(of, written.as_bytes()), [expected], "{written}");
        }
        for number in 0..100 {
            let written = format!("host=db-{number}.example.com");
            assert_eq!(shards(1, written.as_bytes()), [1]);
            assert_eq!(shards(7, written.as_bytes()).len(), 1);
        }
    }
}
