//! The command line of `pgtls trace`.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum, ValueHint};

use super::value::{output_file, parse_timeout};
use super::{Color, StringOptions};

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Trace {
    /// The server, as a connection string of any driver. Its TLS settings do not change what passes. - is
    /// standard input. PG* variables, services and defaults set what it leaves out
    #[arg(long, value_name = "CONNINFO")]
    pub(crate) to: Option<OsString>,

    #[command(flatten)]
    pub(crate) origin: StringOptions,

    /// Where to listen: an address, a port, or both [default: a free port of 127.0.0.1]
    #[arg(long, value_name = "ADDRESS", value_parser = parse_listen)]
    pub(crate) listen: Option<SocketAddr>,

    /// The host name that the command connects to [default: the server's]. libpq also gets the relay's
    /// address; for other drivers the name must lead to this machine
    #[arg(long, value_name = "HOST")]
    pub(crate) name: Option<String>,

    /// Also lead connections to endpoints that must be refused: unknown CA, wrong name, no TLS. The
    /// command runs once more for each, and may send its password there, which is not kept
    #[cfg(feature = "lab")]
    #[arg(long)]
    pub(crate) probe: bool,

    /// How long to wait for the server to accept a connection, and for the command at an endpoint of --probe
    #[arg(long, value_name = "DURATION", value_parser = parse_timeout, default_value = "10s")]
    pub(crate) timeout: Duration,

    /// The output format
    #[arg(long, value_enum, default_value_t = TraceFormat::Text)]
    pub(crate) format: TraceFormat,

    /// Write the report to this file. Standard output is then the command's; without it, what the command
    /// prints goes to standard error
    #[arg(short, long, value_name = "FILE", value_parser = output_file(), value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,

    /// Print nothing. Only the exit code tells the result
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// When to use colour in the text report. auto honours NO_COLOR and TERM=dumb
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,

    /// The program and its arguments. pgtls sets PGHOST, PGHOSTADDR, PGPORT and DATABASE_URL, and what the
    /// string says besides. Without it, the relay runs until Ctrl-C and shows each connection
    #[arg(value_name = "COMMAND", last = true, value_hint = ValueHint::CommandWithArguments)]
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TraceFormat {
    /// For people.
    Text,
    /// One JSON document.
    Json,
    /// JUnit XML (Jenkins, GitLab and others).
    Junit,
    /// Markdown, for pull requests and tickets.
    Markdown,
}

/// `127.0.0.1:5433`, `[::1]:5433`, `127.0.0.1`, `5433`.
pub(super) fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix(':').unwrap_or(text).parse::<u16>();
    let by_port = port.map(|port| (IpAddr::from(Ipv4Addr::LOCALHOST), port).into());
    text.parse::<SocketAddr>()
        .or_else(|_| {
            text.trim_matches(['[', ']'])
                .parse::<IpAddr>()
                .map(|address| (address, 0).into())
        })
        .or(by_port)
        .map_err(|_| "write an address as 127.0.0.1:5433, or a port as 5433".to_owned())
}

const EXAMPLES: &str = "\
Examples:
  pgtls trace --to \"$DATABASE_URL\" -- ./my-application --health-check
      what does the application really do?
  pgtls trace --to host=db.example.com --probe -- psql -c 'select 1'
      does it verify the server?
  pgtls trace --to host=db.example.com --listen 5433
      a relay for an application that runs elsewhere, until Ctrl-C
  pgtls trace --to host=db.example.com -o trace.txt -- pg_dump app > app.sql
      the report in a file, the command's output where it belongs";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_port_or_get_one() {
        for (text, expected) in [
            ("127.0.0.1:5433", "127.0.0.1:5433"),
            ("127.0.0.1", "127.0.0.1:0"),
            ("5433", "127.0.0.1:5433"),
            (":5433", "127.0.0.1:5433"),
            ("::1", "[::1]:0"),
            ("[::1]:5433", "[::1]:5433"),
            ("0.0.0.0:5433", "0.0.0.0:5433"),
        ] {
            assert_eq!(parse_listen(text).unwrap().to_string(), expected, "{text}");
        }
        for wrong in ["", "x", "localhost", "1.2.3", "99999", "127.0.0.1:"] {
            assert!(parse_listen(wrong).is_err(), "{wrong}");
        }
    }
}
