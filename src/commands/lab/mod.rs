//! `pgtls lab`: throw-away endpoints to try clients against.

mod clients;
pub(super) mod process;
mod trial;

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use anyhow::{Context, bail};
use pgtls::conninfo::shown_path;
use pgtls::exit::Exit;
use pgtls::lab::{self, Fault, Observation, Place, Watcher};
use serde_json::json;
use tempfile::TempDir;
use time::OffsetDateTime;

use super::output;
use super::run::{self, Interrupted};
use crate::cli::{Lab, LabAction, LabFormat, LabPlace};

pub(crate) fn run(args: &Lab) -> anyhow::Result<Exit> {
    match &args.action {
        Some(LabAction::List) => {
            output::to_stdout(|out| lab::write_list(out))?;
            Ok(Exit::Passed)
        }
        Some(LabAction::Run(args)) => trial::run(args),
        None => serve(args),
    }
}

/// Runs until Ctrl-C.
fn serve(args: &Lab) -> anyhow::Result<Exit> {
    let (tell, told) = channel();
    run::watch(tell.clone())?;
    let directory = Directory::open(&args.place)?;
    let faults = if args.faults.is_empty() {
        Fault::ALL
    } else {
        &args.faults
    };
    let expected = match args.format {
        LabFormat::Text => clients::expectations(faults, &place_in(&args.place, &directory))?,
        LabFormat::Jsonl => HashMap::new(),
    };
    let watcher = printer(args.format, tell);
    let lab = start(faults, &args.place, &directory, &watcher)?;
    match args.format {
        LabFormat::Text => {
            output::to_stdout(|out| lab::write_started(out, &lab, &expected))?;
            let place = shown_path(directory.path());
            let _ = writeln!(
                io::stderr(),
                "pgtls: {} endpoints, any password; files in {place}; stop with Ctrl-C",
                lab.benches.len()
            );
        }
        LabFormat::Jsonl => {
            let ready = json!({ "event": "ready", "directory": directory.path() });
            output::to_stdout(|out| writeln!(out, "{ready}"))?;
        }
    }
    // Interrupted, or the reader of our output has gone. Both end the lab.
    let _ = told.recv();
    Ok(Exit::Passed)
}

/// Prints what clients do. If the reader of the output has gone, the lab ends.
fn printer(format: LabFormat, tell: Sender<Interrupted>) -> Watcher {
    Arc::new(move |fault, seen: &Observation| {
        let line = match format {
            LabFormat::Text => lab::observation_line(fault, seen),
            LabFormat::Jsonl => {
                let mut line = lab::observation_json(fault, seen);
                if let Some(fields) = line.as_object_mut() {
                    fields.insert("event".to_owned(), json!("connection"));
                }
                line.to_string()
            }
        };
        let mut out = io::stdout().lock();
        if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
            let _ = tell.send(Interrupted);
        }
    })
}

fn start(
    faults: &[Fault],
    place: &LabPlace,
    directory: &Directory,
    watcher: &Watcher,
) -> anyhow::Result<lab::Lab> {
    if !place.listen.is_loopback() {
        let _ = writeln!(
            io::stderr(),
            "pgtls: warning: anyone who can reach {} can use these endpoints; do not reuse their keys",
            place.listen
        );
    }
    lab::Lab::start(
        faults,
        &place_in(place, directory),
        watcher,
        OffsetDateTime::now_utc(),
    )
    .context("could not start the lab")
}

fn place_in(place: &LabPlace, directory: &Directory) -> Place {
    Place {
        listen: place.listen,
        port_base: place.port_base,
        name: place.name.clone(),
        directory: directory.path().to_owned(),
    }
}

/// Where the files of clients are.
enum Directory {
    /// Removed at the end.
    Temporary(TempDir),
    /// The user's choice; it is kept.
    Chosen(PathBuf),
}

impl Directory {
    fn open(place: &LabPlace) -> anyhow::Result<Self> {
        let Some(chosen) = &place.dir else {
            let directory = tempfile::Builder::new().prefix("pgtls-lab-").tempdir();
            return directory
                .map(Self::Temporary)
                .context("could not make a temporary directory");
        };
        let shown = shown_path(chosen);
        let chosen = std::fs::create_dir_all(chosen)
            // Not its canonical form, which on Windows begins with \\?\: libpq takes it for an OpenSSL engine.
            .and_then(|()| std::path::absolute(chosen))
            .with_context(|| format!("could not make the directory {shown}"))?;
        if !lab::may_own(&chosen).with_context(|| format!("could not read {shown}"))? {
            bail!("{shown} contains other files; set an empty directory or one that a lab made");
        }
        Ok(Self::Chosen(chosen))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Temporary(directory) => directory.path(),
            Self::Chosen(directory) => directory,
        }
    }
}
