//! Where connection strings come from: arguments, a list, a configuration file, the environment.

use std::ffi::OsString;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use pgtls::conninfo::World;
use pgtls::escape::escape;
use pgtls::report::LocationReport;

use crate::config::{Config, Policy};
use crate::machine::bytes_of;

/// A connection string, and what is said about it.
#[derive(Debug, Default)]
pub(super) struct Source {
    pub(super) text: Vec<u8>,
    pub(super) name: Option<String>,
    pub(super) location: Option<LocationReport>,
    pub(super) policy: Policy,
}

/// All strings: those of the arguments first, then the list's, then the file's. At least one:
/// without any, the environment alone says where to connect.
pub(super) fn gather(
    arguments: &[OsString],
    from: Option<&Path>,
    config: Option<&Path>,
    world: &dyn World,
) -> anyhow::Result<Vec<Source>> {
    let arguments = arguments.iter().map(|argument| Source {
        text: bytes_of(argument),
        ..Source::default()
    });
    let mut sources: Vec<Source> = arguments.collect();
    if let Some(file) = from {
        sources.extend(listed(file)?);
    }
    if let Some(file) = config {
        sources.extend(configured(file, world)?);
    }
    if sources.is_empty() {
        sources.push(Source::default());
    }
    Ok(sources)
}

fn listed(file: &Path) -> anyhow::Result<Vec<Source>> {
    let bytes = read(file)?;
    let lines = bytes.split(|byte| *byte == b'\n').zip(1..);
    let sources: Vec<Source> = lines
        .map(|(line, number)| (line.trim_ascii(), number))
        .filter(|(line, _)| !line.is_empty() && !line.starts_with(b"#"))
        .map(|(line, number)| Source {
            text: line.to_vec(),
            location: Some(location(file, number)),
            ..Source::default()
        })
        .collect();
    if sources.is_empty() {
        // Nothing to check is nothing that passed.
        bail!("{} holds no connection string", file.display());
    }
    Ok(sources)
}

fn configured(file: &Path, world: &dyn World) -> anyhow::Result<Vec<Source>> {
    let bytes = read(file)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| anyhow!("{} is no TOML: it is not UTF-8", file.display()))?;
    let config =
        Config::parse(&text, |name| world.var(name)).with_context(|| file.display().to_string())?;
    let sources = config.endpoints.into_iter().map(|entry| Source {
        text: entry.conninfo,
        name: entry.name.map(|name| escape(&name).to_string()),
        location: Some(location(file, entry.line)),
        policy: entry.policy,
    });
    Ok(sources.collect())
}

fn location(file: &Path, line: usize) -> LocationReport {
    LocationReport {
        file: escape(&file.to_string_lossy().as_bytes()).to_string(),
        line,
    }
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let read = if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(file)
    };
    read.with_context(|| format!("could not read {}", file.display()))
}
