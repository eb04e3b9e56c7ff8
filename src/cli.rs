//! What can be typed: commands, options, help. Typed text only; what it means is found elsewhere.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use pgtls::conninfo::TlsVersion;
use pgtls::diagnose::Code;
use pgtls::exit::Exit;
use pgtls::report::nagios::{self, Thresholds};
use pgtls::trust::{BundledRoot, Choice};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

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
    /// Verify a server's certificate files before they are deployed; connects to nothing
    Verify(Verify),
    /// Show the root certificates that are compiled in
    Roots(Roots),
    /// Explain a finding code at length; without one, list them all
    Explain(Explain),
    /// Start a good endpoint on this machine and check it: needs no server and no network
    Demo(Output),
    /// Write a completion script for a shell
    Completions(Completions),
    /// Write the manual page
    Man,
}

impl Command {
    /// The format of its report, if it makes one.
    pub(crate) fn format(&self) -> Option<Format> {
        match self {
            Self::Check(args) => Some(args.output.format),
            Self::Verify(args) => Some(args.output.format),
            Self::Demo(output) => Some(output.format),
            Self::Conninfo(_)
            | Self::Roots(_)
            | Self::Explain(_)
            | Self::Completions(_)
            | Self::Man => None,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// libpq connection strings: "host=... sslmode=verify-full" or postgresql://...; PG*
    /// variables, services and ~/.postgresql fill in what they leave out
    #[arg(value_name = "CONNINFO")]
    pub(crate) conninfo: Vec<OsString>,

    /// Read more of them from a file, one a line; - is standard input; # begins a comment line
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) from: Option<PathBuf>,

    /// Read named endpoints, and what to demand of them, from a TOML file: see the README
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,

    /// Every address that a host name has is an endpoint
    #[arg(long)]
    pub(crate) all_addresses: bool,

    /// Endpoints in flight at once [default: as many as the limit of open files allows, at most 256]
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Retry what cannot be reached, or is starting up, until it answers, but at most that long: 60s
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) wait: Option<Duration>,

    /// Trust these roots, whatever the string says: bundled, bundled:NAME, mozilla, system or FILE
    #[arg(long, value_name = "ROOTS", value_parser = parse_trust, value_hint = ValueHint::FilePath)]
    pub(crate) trust: Option<Choice>,

    /// Time for the whole check of one endpoint [default: connect_timeout, else 10]
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    pub(crate) timeout: Option<Duration>,

    /// Several hosts in one string: check all, or go on only after a failed connect, as libpq does
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = Hosts::All)]
    pub(crate) hosts: Hosts,

    /// Fail (1) below this TLS version: 1.2 or 1.3
    #[arg(long, value_name = "VERSION", value_parser = parse_tls_version)]
    pub(crate) min_tls: Option<TlsVersion>,

    /// Fail (1) unless this very certificate is served: catches "renewed, but not reloaded"
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) expect_cert: Option<PathBuf>,

    /// Write the certificates that the server presents, as PEM
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) save_chain: Option<PathBuf>,

    /// Add what each of twelve client libraries would do with this string and this server
    #[arg(long)]
    pub(crate) clients: bool,

    #[command(flatten)]
    pub(crate) demands: Demands,

    #[command(flatten)]
    pub(crate) output: Output,
}

/// What `check` and `verify` can ask for besides libpq's verdict.
#[derive(Debug, Default, Args)]
pub(crate) struct Demands {
    /// Judge validity at that instant: RFC 3339 (2027-01-31T12:00:00Z), or from now: +30d, -1h
    #[arg(long, value_name = "TIME", value_parser = parse_at, allow_hyphen_values = true)]
    pub(crate) at: Option<At>,

    /// Fail (1) unless the whole path, root and CRLs included, holds that much longer: 30d, 12h
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) valid_for: Option<Duration>,

    /// Fail (1) unless a certificate of the chain has this public key (curl's notation); repeatable
    #[arg(long, value_name = "sha256//BASE64", value_parser = parse_pin)]
    pub(crate) pin: Vec<[u8; 32]>,

    /// Warnings count as failures (1)
    #[arg(long)]
    pub(crate) strict: bool,
}

/// `--at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    Instant(OffsetDateTime),
    FromNow(time::Duration),
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The server's certificate file, as ssl_cert_file will name it: PEM, its own certificate first
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) cert: PathBuf,

    /// Its private key, as ssl_key_file will name it: must match, and be readable by its owner only
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) key: Option<PathBuf>,

    /// A name that clients will connect by; repeatable. Without one, only the chain is verified
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Vec<OsString>,

    /// The roots that clients will trust: a PEM file, or system [default: those compiled in]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) sslrootcert: Option<PathBuf>,

    /// The CRLs that clients will check against
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) sslcrl: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) demands: Demands,

    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Conninfo {
    /// A libpq connection string; without one, what the environment says
    #[arg(value_name = "CONNINFO")]
    pub(crate) conninfo: Option<OsString>,

    /// How to print
    #[arg(long, value_enum, default_value_t = Shape::Text)]
    pub(crate) format: Shape,
}

/// Of what is no report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// For people.
    Text,
    /// One JSON document.
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The code, as reports print it: unknown-issuer
    #[arg(value_name = "CODE", value_parser = parse_code)]
    pub(crate) code: Option<Code>,
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

#[derive(Debug, Clone, Args)]
pub(crate) struct Output {
    /// How to print the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,

    /// Write the report to a file as well, in a format of its own: junit=report.xml; repeatable
    #[arg(long = "report", value_name = "FORMAT=FILE", value_parser = parse_report)]
    pub(crate) reports: Vec<FileReport>,

    /// With nagios: fewer days left than this are a warning
    #[arg(short, long, value_name = "DAYS", default_value_t = Thresholds::default().warning)]
    pub(crate) warning: u32,

    /// With nagios: fewer days left than this are critical
    #[arg(short, long, value_name = "DAYS", default_value_t = Thresholds::default().critical)]
    pub(crate) critical: u32,

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
    /// One JSON object an endpoint and line, as they come.
    Jsonl,
    /// For Jenkins, GitLab and their kin.
    Junit,
    /// For code scanning.
    Sarif,
    /// Annotations for GitHub Actions.
    Github,
    /// One line, and the exit codes of a monitoring plugin: 0 OK, 1 warning, 2 critical, 3 unknown.
    Nagios,
    /// For node_exporter's textfile collector.
    Prometheus,
}

/// `--report FORMAT=FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileReport {
    pub(crate) format: Format,
    pub(crate) file: PathBuf,
}

impl Output {
    pub(crate) fn thresholds(&self) -> Thresholds {
        Thresholds {
            warning: self.warning,
            critical: self.critical,
        }
    }
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
    let matches = command().try_get_matches();
    match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => end(&without_secrets(error)),
    }
}

/// A monitoring system takes 2 for "critical"; a plugin that cannot start is "unknown", and says so
/// on standard output.
fn end(error: &clap::Error) -> ! {
    if error.use_stderr() && nagios_is_asked_for(std::env::args_os()) {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default();
        // Where standard output is closed, the exit code says so alone.
        let _ = nagios::write_unknown(&mut std::io::stdout(), line);
        #[allow(clippy::exit, reason = "the one place beside clap's own exit")]
        std::process::exit(nagios::State::Unknown.number().into());
    }
    error.exit()
}

fn nagios_is_asked_for(arguments: impl Iterator<Item = OsString>) -> bool {
    let mut format = false;
    for argument in arguments {
        if argument == "--format=nagios" || (format && argument == "nagios") {
            return true;
        }
        format = argument == "--format";
    }
    false
}

/// A connection string in the wrong place may hold a password: it is not repeated.
fn without_secrets(mut error: clap::Error) -> clap::Error {
    let places = [
        ContextKind::InvalidSubcommand,
        ContextKind::InvalidArg,
        ContextKind::InvalidValue,
    ];
    for place in places {
        let is_conninfo = match error.get(place) {
            Some(ContextValue::String(text)) => text.contains(['=', '@']),
            _ => false,
        };
        if is_conninfo {
            let shown = ContextValue::String("(a connection string?)".to_owned());
            error.insert(place, shown);
            if place == ContextKind::InvalidSubcommand {
                let advice = "to check a connection string: pgtls check CONNINFO".into();
                error.insert(
                    ContextKind::Suggested,
                    ContextValue::StyledStrs(vec![advice]),
                );
            }
        }
    }
    error
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
        text.push_str(&format!(" {:>3}  {}\n", exit.number(), exit.meaning()));
    }
    text
}

pub(crate) fn parse_trust(text: &str) -> Result<Choice, String> {
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

fn parse_code(name: &str) -> Result<Code, String> {
    Code::from_name(name).ok_or_else(|| {
        let near: Vec<&str> = Code::nearest(name).into_iter().map(Code::name).collect();
        if near.is_empty() {
            "no such code; `pgtls explain` lists them all".to_owned()
        } else {
            format!("no such code; did you mean {}?", near.join(" or "))
        }
    })
}

fn parse_report(text: &str) -> Result<FileReport, String> {
    let (format, file) = text
        .split_once('=')
        .filter(|(_, file)| !file.is_empty())
        .ok_or_else(|| "a report is written FORMAT=FILE, such as junit=report.xml".to_owned())?;
    let format = Format::from_str(format, false).map_err(|_| {
        let formats = Format::value_variants().iter();
        let names: Vec<String> = formats
            .filter_map(|format| Some(format.to_possible_value()?.get_name().to_owned()))
            .collect();
        format!("the formats are {}", names.join(", "))
    })?;
    Ok(FileReport {
        format,
        file: file.into(),
    })
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    text.parse::<f64>()
        .ok()
        .filter(|seconds| *seconds > 0.0)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|duration| *duration <= MAX_TIMEOUT)
        .ok_or_else(|| "seconds must be a number above 0 and at most 86400".to_owned())
}

pub(crate) fn parse_tls_version(text: &str) -> Result<TlsVersion, String> {
    match text.trim_start_matches("TLSv") {
        "1.2" => Ok(TlsVersion::V1_2),
        "1.3" => Ok(TlsVersion::V1_3),
        _ => Err("the versions are 1.2 and 1.3".to_owned()),
    }
}

pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .ok()
        .filter(|duration| *duration <= MAX_VALIDITY)
        .ok_or_else(|| "a duration is written 30d, 12h or 90m, and is at most 100 years".to_owned())
}

fn parse_at(text: &str) -> Result<At, String> {
    let shift = |text| {
        let duration = parse_duration(text)?;
        time::Duration::try_from(duration).map_err(|error| error.to_string())
    };
    if let Some(later) = text.strip_prefix('+') {
        return Ok(At::FromNow(shift(later)?));
    }
    if let Some(earlier) = text.strip_prefix('-') {
        return Ok(At::FromNow(-shift(earlier)?));
    }
    OffsetDateTime::parse(text, &Rfc3339)
        .map(At::Instant)
        .map_err(|_| "a time is written 2027-01-31T12:00:00Z, or +30d from now".to_owned())
}

pub(crate) fn parse_pin(text: &str) -> Result<[u8; 32], String> {
    text.strip_prefix("sha256//")
        .and_then(|base64| data_encoding::BASE64.decode(base64.as_bytes()).ok())
        .and_then(|digest| digest.try_into().ok())
        .ok_or_else(|| "a pin is sha256// and the base64 of 32 bytes".to_owned())
}

const MAX_VALIDITY: Duration = Duration::from_secs(100 * 366 * 86_400);
const MAX_TIMEOUT: Duration = Duration::from_secs(86_400);

const EXAMPLES: &str = "\
Examples:
  pgtls check \"host=db.example.com sslmode=verify-full sslrootcert=root.crt\"
      the main job: does this string get the TLS that it promises?
  pgtls check \"postgresql://ann@db.example.com/app?sslrootcert=system\"
      the same with a URI and the roots of this machine
  pgtls check --format json \"service=prod\" | jq .verdict
      for scripts
  pgtls check --config pgtls.toml --report junit=report.xml
      a fleet, for CI; the file holds [policy] and [[endpoint]] name, conninfo
  pgtls check --wait 60s --quiet \"host=db sslmode=verify-full\" && start-the-application
      before the application starts
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
    fn times_are_absolute_or_from_now() {
        assert_eq!(parse_at("+30d"), Ok(At::FromNow(time::Duration::days(30))));
        assert_eq!(parse_at("-1h"), Ok(At::FromNow(time::Duration::hours(-1))));
        assert!(matches!(
            parse_at("2027-01-31T12:00:00Z"),
            Ok(At::Instant(_))
        ));
        for wrong in ["", "tomorrow", "2027-01-31", "+", "+30", "+999999999d"] {
            assert!(parse_at(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_report_is_a_format_and_a_file() {
        let expected = FileReport {
            format: Format::Junit,
            file: "a=b.xml".into(),
        };
        assert_eq!(parse_report("junit=a=b.xml"), Ok(expected));
        for wrong in ["", "junit", "junit=", "=a.xml", "xml=a.xml", "JUNIT=a.xml"] {
            assert!(parse_report(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn nagios_is_noticed_even_in_a_command_line_that_is_wrong() {
        let asks = |line: &str| nagios_is_asked_for(line.split(' ').map(OsString::from));
        assert!(asks("pgtls check --nonsense --format nagios"));
        assert!(asks("pgtls check --format=nagios --nonsense"));
        assert!(!asks("pgtls check --format text nagios"));
        assert!(!asks("pgtls check nagios --format"));
    }

    #[test]
    fn pins_are_in_curls_notation() {
        let pin = format!("sha256//{}", data_encoding::BASE64.encode(&[7; 32]));
        assert_eq!(parse_pin(&pin), Ok([7; 32]));
        for wrong in ["", "sha256//", "sha256//AAAA", "sha512//AAAA", "7777"] {
            assert!(parse_pin(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn seconds_are_positive_and_bounded() {
        assert_eq!(parse_seconds("2.5"), Ok(Duration::from_millis(2500)));
        for wrong in ["0", "-1", "nan", "inf", "1e9", "ten", ""] {
            assert!(parse_seconds(wrong).is_err(), "{wrong}");
        }
    }
}
