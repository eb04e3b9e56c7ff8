//! The commands.

use clap::{Parser, Subcommand};

use super::start::{epilogue, exit_words};
use super::{
    Audit, Check, Completions, Conninfo, Diff, Explain, Format, Help, Merge, Output, Roots,
    ScanFiles, Serve, Trace, Translate, Verify,
};

#[cfg(feature = "lab")]
use super::Lab;

// No documentation comment: clap would show it.
#[derive(Debug, Parser)]
#[command(
    name = "pgtls",
    version,
    long_version = concat!(
        env!("CARGO_PKG_VERSION"),
        "\nanswers for libpq 15 to 18 (14 with --min-libpq 14) with OpenSSL 3.0 to 3.5"
    ),
    about = "Checks TLS to PostgreSQL endpoints by libpq's own rules, and explains every failure",
    max_term_width = 100,
    help_expected = true,
    disable_help_subcommand = true,
    after_help = exit_words(),
    after_long_help = epilogue()
)]
pub(super) struct Line {
    #[command(subcommand)]
    pub(super) command: Command,
}

/// A command with its options.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(about = CHECK, after_long_help = epilogue())]
    Check(Check),
    /// Find out what else an endpoint accepts: plaintext, old versions, weak suites
    Audit(Audit),
    /// Show every parameter of a connection string and where its value comes from (offline)
    Conninfo(Conninfo),
    /// Say what a connection string promises in another driver's words (offline)
    Translate(Translate),
    /// Find every PostgreSQL connection string in files, and judge each without connecting
    Scan(ScanFiles),
    /// Pass an application's connections on to its server, and report what it really does
    Trace(Trace),
    /// Check endpoints on a schedule, and serve the results to Prometheus
    Serve(Serve),
    /// Verify a server's certificate files before they are deployed (offline)
    Verify(Verify),
    /// Compare two JSON reports: a renewal is quiet, lost protection fails (offline)
    Diff(Diff),
    /// Merge the reports of several runs into one, in any format (offline)
    Report(Merge),
    /// Show the built-in root certificates
    Roots(Roots),
    /// Explain a finding code, or list all of them
    Explain(Explain),
    /// Start throw-away endpoints, good and broken, for testing clients and CI checks
    #[cfg(feature = "lab")]
    Lab(Lab),
    /// Start a good endpoint on this machine and check it. Needs no server and no network
    #[cfg(feature = "lab")]
    Demo(Output),
    /// Write a completion script for a shell
    Completions(Completions),
    /// Write the manual page
    Man,
    /// Print the help of the program, or of a command
    Help(Help),
    /// Print the version
    Version,
}

// Only `check`, and without long help: clap prepares every command and every text that it knows, and preparing
// all of them costs 8 % of a check. Where it fails, the whole line knows what to say.
#[derive(Debug, Parser)]
#[command(name = "pgtls", disable_help_subcommand = true)]
pub(super) struct Brief {
    #[command(subcommand)]
    pub(super) command: OnlyCheck,
}

#[derive(Debug, Subcommand)]
pub(super) enum OnlyCheck {
    Check(Check),
}

const CHECK: &str = "Connect, verify TLS as libpq does, and report. The exit code is the verdict";

impl Command {
    /// The format of its report, if it makes one.
    pub(crate) fn format(&self) -> Option<Format> {
        self.output().map(|output| output.format)
    }

    /// How its report is written, if it makes one.
    pub(super) fn output(&self) -> Option<&Output> {
        match self {
            Self::Check(args) => Some(&args.output),
            Self::Audit(args) => Some(&args.output),
            Self::Verify(args) => Some(&args.output),
            Self::Report(args) => Some(&args.output),
            #[cfg(feature = "lab")]
            Self::Demo(output) => Some(output),
            Self::Conninfo(_)
            | Self::Translate(_)
            | Self::Diff(_)
            | Self::Scan(_)
            | Self::Trace(_)
            | Self::Serve(_)
            | Self::Roots(_)
            | Self::Explain(_)
            | Self::Completions(_)
            | Self::Man
            | Self::Help(_)
            | Self::Version => None,
            #[cfg(feature = "lab")]
            Self::Lab(_) => None,
        }
    }
}
