//! `pgtls scan`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use pgtls::diagnose::Code;

use super::Color;
use super::value::{parse_code, parse_size};

#[derive(Debug, Args)]
pub(crate) struct ScanFiles {
    /// Files and directories. - is standard input, such as the output of kubectl, az or aws
    #[arg(value_name = "PATH", default_value = ".", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,

    /// Also connect with every string that has no variables, as check does
    #[arg(long)]
    pub(crate) check: bool,

    /// The output format
    #[arg(long, value_enum, default_value_t = ScanFormat::Text)]
    pub(crate) format: ScanFormat,

    /// Leave out findings with this code. Repeatable. In a file, a comment does it for one line:
    /// pgtls: allow CODE
    #[arg(long, value_name = "CODE", value_parser = parse_code)]
    pub(crate) ignore: Vec<Code>,

    /// Do not search files that match this pattern, as in .gitignore. Repeatable
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,

    /// Search the files that .gitignore names, too
    #[arg(long)]
    pub(crate) no_ignore: bool,

    /// Do not search larger files: 16M. One that mentions PostgreSQL is then reported
    #[arg(long, value_name = "SIZE", value_parser = parse_size, default_value = "16M")]
    pub(crate) max_file_size: u64,

    /// Treat warnings as failures (exit 1)
    #[arg(long)]
    pub(crate) strict: bool,

    /// List all connection strings, also those without findings
    #[arg(short, long)]
    pub(crate) verbose: bool,

    /// Print nothing. Only the exit code tells the result
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// When to use colour in the text report. auto honours NO_COLOR and TERM=dumb
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScanFormat {
    /// For people.
    Text,
    /// One JSON document.
    Json,
    /// SARIF, for code scanning.
    Sarif,
    /// Annotations for GitHub Actions.
    Github,
}
