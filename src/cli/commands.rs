//! The commands. clap prepares the options of the one that is meant, and of no other: they are many,
//! and a check is short.

use std::ffi::OsStr;

use clap::{Args, Subcommand};

use super::start::epilogue;
use super::{Audit, Check, Completions, Conninfo, Explain, Format, Merge, Roots, Verify};

#[cfg(feature = "lab")]
use super::{Lab, Output};

/// What is to be done, with its options.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Check(Check),
    Audit(Audit),
    Conninfo(Conninfo),
    Verify(Verify),
    Report(Merge),
    Roots(Roots),
    Explain(Explain),
    #[cfg(feature = "lab")]
    Lab(Lab),
    #[cfg(feature = "lab")]
    Demo(Output),
    Completions(Completions),
    Man,
}

impl Command {
    /// The format of its report, if it makes one.
    pub(crate) fn format(&self) -> Option<Format> {
        match self {
            Self::Check(args) => Some(args.output.format),
            Self::Audit(args) => Some(args.output.format),
            Self::Verify(args) => Some(args.output.format),
            Self::Report(args) => Some(args.output.format),
            #[cfg(feature = "lab")]
            Self::Demo(output) => Some(output.format),
            Self::Conninfo(_)
            | Self::Roots(_)
            | Self::Explain(_)
            | Self::Completions(_)
            | Self::Man => None,
            #[cfg(feature = "lab")]
            Self::Lab(_) => None,
        }
    }
}

/// The command of that name.
pub(super) fn named(name: &OsStr) -> Option<clap::Command> {
    COMMANDS.iter().find(|row| name == row.0).map(prepare)
}

/// Every command.
pub(super) fn all() -> impl Iterator<Item = clap::Command> {
    COMMANDS.iter().map(prepare)
}

fn prepare(&(name, about, options): &Row) -> clap::Command {
    clap::Command::new(name).about(about).defer(options)
}

/// Name, purpose, options.
type Row = (
    &'static str,
    &'static str,
    fn(clap::Command) -> clap::Command,
);

const COMMANDS: &[Row] = &[
    (
        "check",
        "Connect, verify TLS as libpq does, and report. The exit code is the verdict",
        check,
    ),
    (
        "audit",
        "Find out what else an endpoint accepts: plaintext, old versions, weak suites",
        Audit::augment_args,
    ),
    (
        "conninfo",
        "Show every parameter of a connection string and where its value comes from (offline)",
        Conninfo::augment_args,
    ),
    (
        "verify",
        "Verify a server's certificate files before they are deployed (offline)",
        Verify::augment_args,
    ),
    (
        "report",
        "Merge the reports of several runs into one, in any format (offline)",
        Merge::augment_args,
    ),
    (
        "roots",
        "Show the built-in root certificates",
        Roots::augment_args,
    ),
    (
        "explain",
        "Explain a finding code, or list all of them",
        Explain::augment_args,
    ),
    #[cfg(feature = "lab")]
    (
        "lab",
        "Start throw-away endpoints, good and broken, for testing clients and CI checks",
        Lab::augment_args,
    ),
    #[cfg(feature = "lab")]
    (
        "demo",
        "Start a good endpoint on this machine and check it. Needs no server and no network",
        Output::augment_args,
    ),
    (
        "completions",
        "Write a completion script for a shell",
        Completions::augment_args,
    ),
    ("man", "Write the manual page", bare),
];

fn check(command: clap::Command) -> clap::Command {
    Check::augment_args(command).after_long_help(epilogue())
}

/// Without options.
fn bare(command: clap::Command) -> clap::Command {
    command
}
