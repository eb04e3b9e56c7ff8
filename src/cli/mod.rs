//! What can be typed: commands, options, help. Typed text only; what it means is found elsewhere.

mod commands;
mod lab;
mod start;
mod value;

use std::ffi::OsString;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use pgtls::conninfo::TlsVersion;
use pgtls::diagnose::Code;
use pgtls::report::nagios::Thresholds;
use pgtls::trust::{BundledRoot, Choice};
use time::OffsetDateTime;

pub(crate) use commands::Command;
pub(crate) use lab::{Lab, LabAction, LabFormat, LabPlace, LabRun, TrialFormat};
pub(crate) use start::{command, parse};
use value::{parse_at, parse_report, parse_root, parse_seconds, parse_shard, parse_topic};
pub(crate) use value::{parse_duration, parse_pin, parse_tls_version, parse_trust};

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

    /// Read named endpoints and their demands from a TOML file; see `pgtls explain config`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,

    /// Check only the strings of this shard, of so many: 2/5. A string is in the same one wherever it
    /// stands, and the shards hold each string once
    #[arg(long, value_name = "K/N", value_parser = parse_shard)]
    pub(crate) shard: Option<Shard>,

    /// Every address that a host name has is an endpoint
    #[arg(long)]
    pub(crate) all_addresses: bool,

    /// Endpoints in flight at once [default: as many as the limit of open files allows]; they begin
    /// 256 at a time, those aside that wait for a silent server
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

    /// Rehearse a CA rotation: the verdict with today's trust, with this file alone and with both
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) also_trust: Option<PathBuf>,

    /// Write the certificates that the server presents, as PEM
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) save_chain: Option<PathBuf>,

    /// Log in as well, if all else passes (8 if that fails): password from the string, PGPASSWORD or
    /// ~/.pgpass, bound to the TLS channel where the server can; then compare its pg_stat_ssl
    #[arg(long)]
    pub(crate) login: bool,

    /// Add what each client library would do with this string and this server
    #[arg(long)]
    pub(crate) clients: bool,

    #[command(flatten)]
    pub(crate) demands: Demands,

    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// libpq connection strings, as for check; user and dbname should be ones that may log in, as
    /// far as the question for a password, which is never sent
    #[arg(value_name = "CONNINFO")]
    pub(crate) conninfo: Vec<OsString>,

    /// Read named endpoints and what they may accept from a TOML file; see `pgtls explain config`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,

    /// Every address that a host name has is an endpoint
    #[arg(long)]
    pub(crate) all_addresses: bool,

    /// Connections to an endpoint at once
    #[arg(long, value_name = "N", default_value_t = NonZeroUsize::MIN)]
    pub(crate) jobs: NonZeroUsize,

    /// Trust these roots, whatever the string says: bundled, bundled:NAME, mozilla, system or FILE
    #[arg(long, value_name = "ROOTS", value_parser = parse_trust, value_hint = ValueHint::FilePath)]
    pub(crate) trust: Option<Choice>,

    /// Time for each connection [default: connect_timeout, else 10]
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    pub(crate) timeout: Option<Duration>,

    /// Time for the whole audit of one endpoint; what is not known by then fails
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "5m")]
    pub(crate) deadline: Duration,

    #[command(flatten)]
    pub(crate) demands: Demands,

    #[command(flatten)]
    pub(crate) output: Output,
}

impl Check {
    /// These strings, and nothing that has to be asked for.
    pub(crate) fn of(conninfo: Vec<OsString>, output: Output) -> Self {
        Self {
            conninfo,
            from: None,
            config: None,
            shard: None,
            all_addresses: false,
            jobs: None,
            wait: None,
            trust: None,
            timeout: None,
            hosts: Hosts::All,
            min_tls: None,
            expect_cert: None,
            also_trust: None,
            save_chain: None,
            login: false,
            clients: false,
            demands: Demands::default(),
            output,
        }
    }
}

// What `check` and `verify` can ask for besides libpq's verdict. No documentation comment, as clap
// would take it for the purpose of the command.
#[derive(Debug, Default, Args)]
pub(crate) struct Demands {
    /// Judge validity at that instant: RFC 3339 (2027-01-31T12:00:00Z), or from now: +30d, -1h
    #[arg(long, value_name = "TIME", value_parser = parse_at, allow_hyphen_values = true)]
    pub(crate) at: Option<At>,

    /// Fail (1) unless the whole path, root and CRLs included, holds that much longer: 30d, 12h
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) valid_for: Option<Duration>,

    /// Fail (1) unless a certificate on the verified path has this public key (curl's notation), or,
    /// where no path is verified, the server's own certificate; repeatable
    #[arg(long, value_name = "sha256//BASE64", value_parser = parse_pin)]
    pub(crate) pin: Vec<[u8; 32]>,

    /// Warnings count as failures (1)
    #[arg(long)]
    pub(crate) strict: bool,
}

/// `--shard K/N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shard {
    /// Counted from 1.
    pub(crate) number: NonZeroU64,
    pub(crate) of: NonZeroU64,
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
pub(crate) struct Merge {
    /// Files that `check --format jsonl` has written, such as one a shard; - is standard input
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,

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
    /// The code, as reports print it: unknown-issuer; or config, for the keys of pgtls.toml
    #[arg(value_name = "CODE", value_parser = parse_topic)]
    pub(crate) topic: Option<Topic>,
}

/// What there is a page about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    /// A finding code.
    Code(Code),
    /// `pgtls.toml`.
    Config,
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
    /// Nothing is to be printed.
    pub(crate) fn none() -> Self {
        let Thresholds { warning, critical } = Thresholds::default();
        Self {
            format: Format::Text,
            reports: Vec::new(),
            warning,
            critical,
            quiet: true,
            color: Color::Never,
        }
    }

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
