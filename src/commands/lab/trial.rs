//! `pgtls lab run`: a program against every endpoint.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::Context;
use pgtls::conninfo::shown_path;
use pgtls::exit::Exit;
use pgtls::lab::{
    self, Attempt, Bench, Completion, Conduct, DATABASE, Deed, Fault, Observation, PASSWORD,
    ProgramEnd, Secret, Trial, USER, Watcher,
};

use super::process::{self, Ran};
use super::{Directory, start};
use crate::cli::{LabRun, TrialFormat};
use crate::commands::output;
use crate::commands::progress::{Manner, Noise, Progress};
use crate::commands::run::{self, Interrupted};

pub(super) fn run(args: &LabRun) -> anyhow::Result<Exit> {
    let (tell, told) = channel();
    run::watch(tell)?;
    let directory = Directory::open(&args.place)?;
    let nobody: Watcher = Arc::new(|_, _| {});
    let lab = start(&faults(args), &args.place, &directory, &nobody)?;

    let progress = Progress::new(Manner::of(Noise::Usual));
    progress.expect(lab.benches.len());
    let mut runs = Vec::new();
    let mut completion = Completion::Whole;
    progress.during(|| {
        for (place, bench) in lab.benches.iter().enumerate() {
            progress.call(place, bench.fault.name().to_owned());
            progress.begun(place);
            let ran = start_program(bench, args, &told)?;
            let seen = bench.collect(SETTLING);
            progress.ended(place);
            let Some(end) = ran.end else {
                completion = Completion::Interrupted;
                break;
            };
            runs.push((bench, ran, end, seen));
        }
        anyhow::Ok(())
    })?;
    let attempts = runs.into_iter().map(|(bench, ran, end, mut seen)| {
        // Something that the program left running elsewhere, such as a container, may have
        // connected later.
        seen.extend(bench.collect(LATECOMERS));
        Attempt {
            conduct: conduct(bench.fault, args, end, seen),
            program_end: end,
            duration: ran.duration,
            output: ran.output,
        }
    });
    let mut attempts: Vec<Attempt> = attempts.collect();
    // A gate says itself whether it accepts, however many connections that takes.
    let good = attempts.first().filter(|_| !args.gate);
    let sessions = good.map_or(0, |good| good.conduct.sessions());
    for attempt in &mut attempts {
        let doubt = attempt.program_end.doubt(&attempt.conduct, sessions);
        attempt.conduct = attempt.conduct.clone().doubted(doubt);
    }
    let program = args.command.first().map(|name| shown_path(Path::new(name)));
    let trial = Trial::new(program.unwrap_or_default(), attempts, completion);
    output::to_stdout(|out| match args.format {
        TrialFormat::Text => lab::write_table(out, &trial),
        TrialFormat::Json => lab::write_json(out, &trial),
        TrialFormat::Junit => lab::write_junit(out, &trial),
    })?;
    Ok(trial.exit)
}

/// The good one first: a client that refuses everything is not safe but broken.
fn faults(args: &LabRun) -> Vec<Fault> {
    let wanted = if args.faults.is_empty() {
        Fault::ALL
    } else {
        &args.faults
    };
    let mut faults = vec![Fault::Good];
    for fault in wanted {
        if !faults.contains(fault) && !args.except.contains(fault) {
            faults.push(*fault);
        }
    }
    faults
}

fn conduct(fault: Fault, args: &LabRun, end: ProgramEnd, seen: Vec<Observation>) -> Conduct {
    match (args.gate, end) {
        (false, _) => Conduct::new(fault, seen),
        (true, ProgramEnd::Exited(0)) => Conduct::of_gate(fault, Deed::Accepted, seen),
        (true, _) => Conduct::of_gate(fault, Deed::Refused, seen),
    }
}

fn start_program(
    bench: &Bench,
    args: &LabRun,
    interrupted: &Receiver<Interrupted>,
) -> anyhow::Result<Ran> {
    let (program, arguments) = args.command.split_first().context("no command was given")?;
    let mut command = Command::new(program);
    command.args(arguments);
    for name in UNWANTED {
        command.env_remove(name);
    }
    command.envs(environment(bench, std::env::var_os("PGSSLMODE")));
    if std::env::var_os("PGCONNECT_TIMEOUT").is_none() {
        command.env("PGCONNECT_TIMEOUT", "5");
    }
    process::run(command, args.timeout, interrupted)
        .with_context(|| format!("could not run {}", shown_path(Path::new(program))))
}

/// The variables that lead a program to the endpoint: libpq's, and the one that many frameworks
/// read.
fn environment(bench: &Bench, sslmode: Option<OsString>) -> Vec<(&'static str, OsString)> {
    let sslmode = sslmode.unwrap_or_else(|| "verify-full".into());
    let uri = bench.uri_with(&sslmode.to_string_lossy(), Secret::Shown);
    let mut variables: Vec<(_, OsString)> = vec![
        ("PGUSER", USER.into()),
        ("PGPASSWORD", PASSWORD.into()),
        ("PGDATABASE", DATABASE.into()),
        ("PGSSLMODE", sslmode),
        ("DATABASE_URL", uri.into()),
        ("PGTLS_LAB_FAULT", bench.fault.name().into()),
    ];
    for (parameter, value) in bench.parameters() {
        if let Some((_, variable)) = VARIABLES.iter().find(|(known, _)| known == parameter) {
            variables.push((variable, value.into()));
        }
    }
    variables
}

/// The variables of the parameters that an endpoint may have (PostgreSQL documentation,
/// "Environment Variables").
const VARIABLES: [(&str, &str); 8] = [
    ("host", "PGHOST"),
    ("hostaddr", "PGHOSTADDR"),
    ("port", "PGPORT"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcrl", "PGSSLCRL"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("sslnegotiation", "PGSSLNEGOTIATION"),
];

/// Variables that would lead to another server or its files, unless the endpoint sets them.
const UNWANTED: [&str; 10] = [
    "PGHOSTADDR",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGREQUIRESSL",
    "PGSSLCRL",
    "PGSSLCRLDIR",
    "PGSSLCERT",
    "PGSSLKEY",
    "PGSSLNEGOTIATION",
    "PGSSLCERTMODE",
];

/// How long to wait for connections to end after the program has ended.
const SETTLING: Duration = Duration::from_secs(2);

/// The same at the end of the trial.
const LATECOMERS: Duration = Duration::from_millis(200);
