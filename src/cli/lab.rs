//! The command line of `pgtls lab`.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum, ValueHint};
use pgtls::lab::Fault;

use super::value::parse_timeout;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub(crate) struct Lab {
    #[command(subcommand)]
    pub(crate) action: Option<LabAction>,

    /// Start only these endpoints. `pgtls lab list` names them all
    #[arg(value_name = "FAULT", value_parser = fault(), hide_possible_values = true)]
    pub(crate) faults: Vec<Fault>,

    #[command(flatten)]
    pub(crate) place: LabPlace,

    /// The output format
    #[arg(long, value_enum, default_value_t = LabFormat::Text)]
    pub(crate) format: LabFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LabAction {
    /// List the faults: name, what libpq does under verify-full, what is special
    List,
    /// Run a program once for each endpoint. Exit 0 only if it refuses every bad endpoint and no good one
    Run(LabRun),
}

#[derive(Debug, Args)]
pub(crate) struct LabRun {
    /// Try only these endpoints. The good one is always tried: without it the others prove nothing
    #[arg(value_name = "FAULT", value_parser = fault(), hide_possible_values = true)]
    pub(crate) faults: Vec<Fault>,

    /// Leave out this endpoint. Repeatable
    #[arg(long, value_name = "FAULT", value_parser = fault(), hide_possible_values = true)]
    pub(crate) except: Vec<Fault>,

    /// Trust the program's exit status if it connected. For programs that check TLS and do not log in
    #[arg(long)]
    pub(crate) gate: bool,

    /// Kill the program, and everything it started, after this time
    #[arg(long, value_name = "DURATION", value_parser = parse_timeout, default_value = "10s")]
    pub(crate) timeout: Duration,

    #[command(flatten)]
    pub(crate) place: LabPlace,

    /// The output format
    #[arg(long, value_enum, default_value_t = TrialFormat::Text)]
    pub(crate) format: TrialFormat,

    /// The program and its arguments. pgtls sets PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE,
    /// PGSSLMODE (verify-full unless it is already set), PGSSLROOTCERT and DATABASE_URL
    #[arg(value_name = "COMMAND", last = true, required = true, value_hint = ValueHint::CommandWithArguments)]
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct LabPlace {
    /// Listen on this port and the next ones, one per endpoint, instead of free ports
    #[arg(long, value_name = "PORT")]
    pub(crate) port_base: Option<u16>,

    /// Write the files for clients here and keep them. Without it they are in a temporary directory,
    /// which is removed at the end
    #[arg(long, value_name = "DIRECTORY", value_hint = ValueHint::DirPath)]
    pub(crate) dir: Option<PathBuf>,

    /// Listen on this address instead of loopback only
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) listen: IpAddr,

    /// The host name in certificates and connection strings
    #[arg(long, value_name = "HOST", value_parser = parse_host, default_value = "localhost")]
    pub(crate) name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LabFormat {
    /// For people.
    Text,
    /// JSON Lines: one object per line.
    Jsonl,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TrialFormat {
    /// For people.
    Text,
    /// One JSON document.
    Json,
    /// JUnit XML (Jenkins, GitLab and others).
    Junit,
}

fn fault() -> impl TypedValueParser<Value = Fault> {
    PossibleValuesParser::new(Fault::ALL.iter().map(|fault| fault.name()))
        .try_map(|name| Fault::from_name(&name).ok_or("no such fault"))
}

/// A name or an address without characters that need quoting.
fn parse_host(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let is_name = !text.is_empty() && text.len() <= MAX_HOST && text.chars().all(plain);
    if !is_name && text.parse::<IpAddr>().is_err() {
        return Err("a host name contains only letters, digits, dots and hyphens".to_owned());
    }
    Ok(text.to_owned())
}

/// Bytes of a host name (RFC 1035 section 2.3.4).
const MAX_HOST: usize = 253;

const EXAMPLES: &str = "\
Examples:
  pgtls lab
      start all endpoints until Ctrl-C, and show what each client did
  pgtls lab run -- psql -c 'select 1'
      is psql safe?
  pgtls lab run --except revoked -- ./my-application --health-check
      test an application whose library does not support CRLs
  pgtls lab run --gate -- pgtls check
      test a program that checks TLS
  pgtls lab --dir lab --port-base 6500 good wrong-host
      two endpoints with fixed ports, and files that are kept";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_plain_names_and_addresses() {
        for host in ["localhost", "db_1.lab.test", "192.0.2.1", "2001:db8::1"] {
            assert_eq!(parse_host(host), Ok(host.to_owned()));
        }
        for wrong in ["", "a:1:b", "a b", "a'b", "a/b", "é.test", &"a".repeat(254)] {
            assert!(parse_host(wrong).is_err(), "{wrong}");
        }
    }
}
