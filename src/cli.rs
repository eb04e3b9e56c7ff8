//! What can be typed: commands, options, help. Typed text only; what it means is found elsewhere.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint};
use pgtls::exit::Exit;
use pgtls::trust::{BundledRoot, Choice};

/// Checks TLS to PostgreSQL endpoints with libpq's own rules, and says why it fails.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    help_expected = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Connect, negotiate TLS, verify as libpq does, report; the exit code is the verdict
    Check(Check),
    /// Show every parameter of a connection string and where it comes from; connects to nothing
    Conninfo(Conninfo),
    /// Show the root certificates that are compiled in
    Roots(Roots),
    /// Start a good endpoint on this machine and check it: needs no server and no network
    Demo(Output),
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// libpq connection strings: "host=... sslmode=verify-full" or postgresql://...; PG*
    /// variables, services and ~/.postgresql fill in what they leave out
    #[arg(value_name = "CONNINFO")]
    pub(crate) conninfo: Vec<OsString>,

    /// Trust these roots, whatever the string says: bundled, bundled:NAME, mozilla, system or FILE
    #[arg(long, value_name = "ROOTS", value_parser = parse_trust, value_hint = ValueHint::FilePath)]
    pub(crate) trust: Option<Choice>,

    /// Time for the whole check of one endpoint [default: connect_timeout, else 10]
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    pub(crate) timeout: Option<Duration>,

    /// Several hosts in one string: check all, or go on only after a failed connect, as libpq does
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = Hosts::All)]
    pub(crate) hosts: Hosts,

    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Conninfo {
    /// A libpq connection string; without one, what the environment says
    #[arg(value_name = "CONNINFO")]
    pub(crate) conninfo: Option<OsString>,

    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Roots {
    #[command(subcommand)]
    pub(crate) action: Option<RootsAction>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RootsAction {
    /// List them: name, expiry, SHA-256 (the default)
    List,
    /// Show one in full
    Show {
        /// Its name, as `pgtls roots list` prints it
        #[arg(value_parser = parse_root)]
        name: &'static BundledRoot,
    },
    /// Write one as PEM to standard output
    Export {
        /// Its name, as `pgtls roots list` prints it
        #[arg(value_parser = parse_root)]
        name: &'static BundledRoot,
    },
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Output {
    /// How to print the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,

    /// Print nothing; the exit code says it all
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// Colour in the text report; auto honours NO_COLOR and TERM=dumb
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One JSON document.
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// If standard output is a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Hosts {
    /// Every host is an endpoint, and all must pass.
    All,
    /// The first host that accepts a connection decides.
    Any,
}

/// Reads argv. Help, version and usage errors end the process here, with clap's exit codes, of
/// which 2 is ours for usage.
pub(crate) fn parse() -> Cli {
    let matches = command().get_matches();
    match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    }
}

/// The command line with the parts of its help that are made from code.
pub(crate) fn command() -> clap::Command {
    let epilogue = format!("{EXAMPLES}\n{}\n{ENVIRONMENT}", exit_codes());
    Cli::command()
        .after_help("Exit codes: 0 pass, 1 policy, 2 usage, 3 unreachable, 4 no TLS, 5 handshake, 6 untrusted,\n7 wrong host, 8 login. `--help` explains them and gives examples.")
        .after_long_help(epilogue.clone())
        .mut_subcommand("check", |check| check.after_long_help(epilogue))
}

fn exit_codes() -> String {
    let mut text = "Exit codes:\n".to_owned();
    for exit in Exit::ALL {
        text.push_str(&format!("  {}  {}\n", exit.number(), exit.meaning()));
    }
    text
}

fn parse_trust(text: &str) -> Result<Choice, String> {
    Ok(match text {
        "bundled" => Choice::Bundled,
        "mozilla" => Choice::Mozilla,
        "system" => Choice::System,
        _ => match text.strip_prefix("bundled:") {
            Some(name) => Choice::BundledRoot(parse_root(name)?),
            None => Choice::File(PathBuf::from(text)),
        },
    })
}

fn parse_root(name: &str) -> Result<&'static BundledRoot, String> {
    BundledRoot::by_name(name).ok_or_else(|| {
        let names: Vec<&str> = pgtls::trust::ROOTS.iter().map(|root| root.name).collect();
        format!("the roots compiled in are {}", names.join(", "))
    })
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    f64::from_str(text)
        .ok()
        .filter(|seconds| *seconds > 0.0)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|duration| *duration <= MAX_TIMEOUT)
        .ok_or_else(|| "seconds must be a number above 0 and at most 86400".to_owned())
}

const MAX_TIMEOUT: Duration = Duration::from_secs(86_400);

const EXAMPLES: &str = "\
Examples:
  pgtls check \"host=db.example.com sslmode=verify-full sslrootcert=root.crt\"
      the main job: does this string get the TLS that it promises?
  pgtls check postgresql://ann@db.example.com/app?sslrootcert=system
      the same with a URI and the roots of this machine
  pgtls check --format json \"service=prod\" | jq .verdict
      for scripts
  pgtls roots export digicert-global-root-g2 > root.crt
      write a root that is compiled in, for sslrootcert
  pgtls demo
      see it work, without a server and without a network
";

const ENVIRONMENT: &str = "\
Environment:
  PGHOST, PGPORT, PGSSLMODE, PGSSLROOTCERT, PGSERVICE, PGPASSWORD, ...   as libpq reads them
  SSL_CERT_FILE, SSL_CERT_DIR   the machine's roots, for sslrootcert=system
  NO_COLOR                      no colour in the text report";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn trust_is_a_keyword_or_a_file() {
        assert!(matches!(parse_trust("bundled"), Ok(Choice::Bundled)));
        assert!(matches!(parse_trust("system"), Ok(Choice::System)));
        assert!(matches!(parse_trust("./system"), Ok(Choice::File(_))));
        assert!(matches!(
            parse_trust("bundled:digicert-global-root-g2"),
            Ok(Choice::BundledRoot(root)) if root.name == "digicert-global-root-g2"
        ));
        assert!(parse_trust("bundled:nonsense").is_err());
    }

    #[test]
    fn seconds_are_positive_and_bounded() {
        assert_eq!(parse_seconds("2.5"), Ok(Duration::from_millis(2500)));
        for wrong in ["0", "-1", "nan", "inf", "1e9", "ten", ""] {
            assert!(parse_seconds(wrong).is_err(), "{wrong}");
        }
    }
}
