//! The command line: commands, options, help. Only the text; other modules interpret it.

mod commands;
#[cfg(feature = "lab")]
mod lab;
mod scan;
mod serve;
mod start;
mod trace;
mod value;

use std::ffi::OsString;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::{Args, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use pgtls::conninfo::TlsVersion;
use pgtls::demands::Remaining;
use pgtls::diagnose::{Code, Symptom};
use pgtls::dialect::Dialect;
use pgtls::report::nagios::Thresholds;
use pgtls::trust::{BundledRoot, Choice};
use pgtls::verify::{Libpq, OpenSsl};
use time::OffsetDateTime;

pub(crate) use commands::Command;
#[cfg(feature = "lab")]
pub(crate) use lab::{Lab, LabAction, LabFormat, LabPlace, LabRun, TrialFormat};
pub(crate) use scan::{ScanFiles, ScanFormat};
pub(crate) use serve::Serve;
pub(crate) use start::{command, parse};
pub(crate) use trace::{Trace, TraceFormat};
pub(crate) use value::{
    Exported, parse_duration, parse_interval, parse_libpq, parse_openssl, parse_pin,
    parse_remaining, parse_tls_version, parse_trust,
};
use value::{
    dialect, exported, output_file, parse_at, parse_report, parse_shard, parse_timeout, root,
    target, topic,
};

// The headings of the help.
const ENDPOINTS: &str = "Endpoints";
const TRUST: &str = "Trust";
const FILES: &str = "Files";
const DEMANDS: &str = "Demands";
const LOGIN: &str = "Login and clients";
const SPEED: &str = "Speed and patience";
const OUTPUT: &str = "Output";

#[derive(Debug, Args)]
pub(crate) struct Help {
    /// A command, and a command of that
    #[arg(value_name = "COMMAND")]
    pub(crate) commands: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Connection strings: of libpq ("host=... sslmode=verify-full", postgresql://...) or of another
    /// driver (jdbc:postgresql://..., Host=...;SSL Mode=..., a line of an env file). - is standard
    /// input. PG* variables, services and ~/.postgresql set what they leave out
    #[arg(value_name = "CONNINFO")]
    pub(crate) conninfo: Vec<OsString>,

    #[command(flatten)]
    pub(crate) origin: StringOptions,

    /// Read more strings from a file, one per line. - is standard input. # starts a comment line
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = ENDPOINTS)]
    pub(crate) from: Option<PathBuf>,

    /// Read named endpoints and their demands from a TOML file; see `pgtls explain config`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = ENDPOINTS)]
    pub(crate) config: Option<PathBuf>,

    /// Check only the K-th of N parts of the strings: 2/5. Each string belongs to exactly one part
    #[arg(long, value_name = "K/N", value_parser = parse_shard, help_heading = ENDPOINTS)]
    pub(crate) shard: Option<Shard>,

    /// Check every address that the host name resolves to
    #[arg(long, help_heading = ENDPOINTS)]
    pub(crate) all_addresses: bool,

    /// Maximum number of parallel checks [default: what the limit of open files allows]
    #[arg(long, value_name = "N", env = "PGTLS_JOBS", hide_env_values = true, help_heading = SPEED)]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Retry unreachable servers for at most this long: 60s. With --login, also those that are starting up
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, help_heading = SPEED)]
    pub(crate) wait: Option<Duration>,

    /// Trust these roots, not those of the string: bundled, bundled:NAME, mozilla, system or FILE
    #[arg(long, value_name = "ROOTS", value_parser = parse_trust, value_hint = ValueHint::FilePath, help_heading = TRUST)]
    pub(crate) trust: Option<Choice>,

    /// Timeout for each endpoint [default: connect_timeout, else 10s]
    #[arg(long, value_name = "DURATION", value_parser = parse_timeout, env = "PGTLS_TIMEOUT", hide_env_values = true, help_heading = SPEED)]
    pub(crate) timeout: Option<Duration>,

    /// Which hosts to check if a string names several
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = Hosts::All, help_heading = ENDPOINTS)]
    pub(crate) hosts: Hosts,

    /// Fail (exit 1) where the mode proves nothing about the server: require without roots, prefer, allow
    #[arg(long, env = "PGTLS_REQUIRE_VERIFIED", value_parser = FalseyValueParser::new(), hide_env_values = true, help_heading = DEMANDS)]
    pub(crate) require_verified: bool,

    /// Fail (exit 1) below this TLS version: 1.2 or 1.3
    #[arg(long, value_name = "VERSION", value_parser = parse_tls_version, env = "PGTLS_MIN_TLS", hide_env_values = true, help_heading = DEMANDS)]
    pub(crate) min_tls: Option<TlsVersion>,

    /// Fail (exit 1) unless the server presents this certificate. Detects "renewed, but not reloaded"
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = DEMANDS)]
    pub(crate) expect_cert: Option<PathBuf>,

    /// Rehearse a CA rotation: show the verdict with today's roots, with this file alone and with both
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = TRUST)]
    pub(crate) also_trust: Option<PathBuf>,

    /// Write the certificates that the server presents, as PEM
    #[arg(long, value_name = "FILE", value_parser = output_file(), value_hint = ValueHint::FilePath, help_heading = OUTPUT)]
    pub(crate) save_chain: Option<PathBuf>,

    /// Fail (exit 1) if protection was lost since this JSON report; see `pgtls diff`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = DEMANDS)]
    pub(crate) baseline: Option<PathBuf>,

    /// Write the report to the baseline instead of comparing, if the check passes
    #[arg(long, requires = "baseline", help_heading = DEMANDS)]
    pub(crate) update: bool,

    /// If everything else passes, log in as well (exit 8 if that fails). The password comes from the
    /// string, PGPASSWORD or ~/.pgpass. Then compare the server's pg_stat_ssl with the TLS session
    #[arg(long, help_heading = LOGIN)]
    pub(crate) login: bool,

    /// Show what other client libraries would do with this string and this server
    #[arg(long, help_heading = LOGIN)]
    pub(crate) clients: bool,

    /// Fail (exit 1) if the server would also start a session without TLS for this user and database. Makes up to two
    /// more connections and sends no password
    #[arg(long, env = "PGTLS_REFUSE_PLAINTEXT", value_parser = FalseyValueParser::new(), hide_env_values = true, help_heading = DEMANDS)]
    pub(crate) refuse_plaintext: bool,

    #[command(flatten)]
    pub(crate) demands: DemandOptions,

    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// Connection strings, as for check. Set a user and dbname that may log in. No password is
    /// ever sent
    #[arg(value_name = "CONNINFO")]
    pub(crate) conninfo: Vec<OsString>,

    #[command(flatten)]
    pub(crate) origin: StringOptions,

    /// Read named endpoints and what they may accept from a TOML file; see `pgtls explain config`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = ENDPOINTS)]
    pub(crate) config: Option<PathBuf>,

    /// Check every address that the host name resolves to
    #[arg(long, help_heading = ENDPOINTS)]
    pub(crate) all_addresses: bool,

    /// Compare with the rules of a standard, or with your own in a TOML file: bsi-tr-02102-2,
    /// cis-postgresql, fips-140-3, mozilla-intermediate, nist-800-52r2, pci-dss-4 or FILE. A rule
    /// that is not met fails (exit 1). Repeatable
    #[arg(long, value_name = "PROFILE", value_hint = ValueHint::FilePath)]
    pub(crate) profile: Vec<PathBuf>,

    /// Write a profile of what these servers do today, for --profile
    #[arg(long, value_name = "FILE", value_parser = output_file(), value_hint = ValueHint::FilePath)]
    pub(crate) make_profile: Option<PathBuf>,

    /// Maximum number of parallel connections to an endpoint
    #[arg(long, value_name = "N", default_value_t = NonZeroUsize::MIN, help_heading = SPEED)]
    pub(crate) jobs: NonZeroUsize,

    /// Trust these roots, not those of the string: bundled, bundled:NAME, mozilla, system or FILE
    #[arg(long, value_name = "ROOTS", value_parser = parse_trust, value_hint = ValueHint::FilePath, help_heading = TRUST)]
    pub(crate) trust: Option<Choice>,

    /// Timeout for each connection [default: connect_timeout, else 10s]
    #[arg(long, value_name = "DURATION", value_parser = parse_timeout, env = "PGTLS_TIMEOUT", hide_env_values = true, help_heading = SPEED)]
    pub(crate) timeout: Option<Duration>,

    /// Timeout for the whole audit of one endpoint. Questions without an answer by then fail
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "5m", help_heading = SPEED)]
    pub(crate) deadline: Duration,

    #[command(flatten)]
    pub(crate) demands: DemandOptions,

    #[command(flatten)]
    pub(crate) output: Output,
}

// Where connection strings come from, and whose they are.
#[derive(Debug, Args)]
pub(crate) struct StringOptions {
    /// Read a string from this environment variable, so that it is in no process list. Repeatable
    #[arg(long, value_name = "NAME", help_heading = ENDPOINTS)]
    pub(crate) env: Vec<OsString>,

    /// The driver that reads the strings, where they do not show it [default: libpq, or recognised]
    #[arg(long, value_name = "DIALECT", value_parser = dialect(), hide_possible_values = true, help_heading = ENDPOINTS)]
    pub(crate) dialect: Option<Dialect>,
}

// What `check` and `verify` can demand beyond libpq's verdict. Not a doc comment: clap would take it
// for the purpose of the command.
#[derive(Debug, Args)]
pub(crate) struct DemandOptions {
    /// Judge validity at this time: RFC 3339 (2027-01-31T12:00:00Z), or relative to now: +30d, -1h
    #[arg(long, value_name = "TIME", value_parser = parse_at, allow_hyphen_values = true, help_heading = DEMANDS)]
    pub(crate) at: Option<At>,

    /// Fail (exit 1) unless the whole path, root, CRLs and client certificate included, stays valid for this long:
    /// 30d, 12h, at least 1h. 33% is of the own lifetime of each
    #[arg(long, value_name = "DURATION", value_parser = parse_remaining, env = "PGTLS_VALID_FOR", hide_env_values = true, help_heading = DEMANDS)]
    pub(crate) valid_for: Option<Remaining>,

    /// Fail (exit 1) unless a certificate on the verified path has this public key (curl's notation).
    /// If no path is verified, the server's own certificate must have it. Repeatable
    #[arg(long, value_name = "sha256//BASE64", value_parser = parse_pin, help_heading = DEMANDS)]
    pub(crate) pin: Vec<[u8; 32]>,

    /// Judge for clients whose OpenSSL is at least this: 3.0 or 3.5. With 3.5, ML-DSA certificates and
    /// X25519MLKEM768 pass [default: 3.0]
    #[arg(long, value_name = "VERSION", value_parser = parse_openssl, help_heading = DEMANDS)]
    pub(crate) min_openssl: Option<OpenSsl>,

    /// Judge for clients whose libpq is at least this: 14, 15 or 17. With 14, a host that is an IP address
    /// cannot match an iPAddress in subjectAltName. With 17, a server may demand ALPN [default: 15]
    #[arg(long, value_name = "VERSION", value_parser = parse_libpq, help_heading = DEMANDS)]
    pub(crate) min_libpq: Option<Libpq>,

    /// Treat warnings as failures (exit 1)
    #[arg(long, env = "PGTLS_STRICT", value_parser = FalseyValueParser::new(), hide_env_values = true, help_heading = DEMANDS)]
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
    /// What to verify: certificates of servers (as --cert), pg_hosts.conf (as --hosts-file), PKCS#12 files (.p12, .pfx),
    /// certificate requests (.csr; exit 3 at best), or directories with pg_hosts.conf or certificates (.crt, .cer, .pem).
    /// Repeatable
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath, conflicts_with_all = ["cert", "hosts_file"])]
    pub(crate) files: Vec<PathBuf>,

    /// The server's certificate file, as for ssl_cert_file: PEM, the server's own certificate first
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, required_unless_present_any = ["hosts_file", "files"], help_heading = FILES)]
    pub(crate) cert: Option<PathBuf>,

    /// PostgreSQL 19's pg_hosts.conf: verify the files of every line for its host names
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["cert", "key"], help_heading = FILES)]
    pub(crate) hosts_file: Option<PathBuf>,

    /// The private key, as for ssl_key_file. It must match and be readable by its owner only
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = FILES)]
    pub(crate) key: Option<PathBuf>,

    /// Read the password of a PKCS#12 file from the first line of this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "password_env", help_heading = FILES)]
    pub(crate) password_file: Option<PathBuf>,

    /// Read the password of a PKCS#12 file from this environment variable
    #[arg(long, value_name = "NAME", help_heading = FILES)]
    pub(crate) password_env: Option<OsString>,

    /// A name that clients will connect to. Repeatable. Without it, only the chain is verified
    #[arg(long, value_name = "NAME", help_heading = FILES)]
    pub(crate) host: Vec<OsString>,

    /// The roots that clients will trust: a PEM file, or system [default: the built-in roots]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = TRUST)]
    pub(crate) sslrootcert: Option<PathBuf>,

    /// Rehearse a CA rotation: show the verdict with today's roots, with this file alone and with both
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = TRUST)]
    pub(crate) also_trust: Option<PathBuf>,

    /// The CRLs that clients will check against
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = TRUST)]
    pub(crate) sslcrl: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) demands: DemandOptions,

    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The older report, of check or audit with --format json. - is standard input
    #[arg(value_name = "OLD", value_hint = ValueHint::FilePath)]
    pub(crate) old: PathBuf,

    /// The newer report
    #[arg(value_name = "NEW", value_hint = ValueHint::FilePath)]
    pub(crate) new: PathBuf,

    /// The output format
    #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
    pub(crate) format: DiffFormat,

    /// Print nothing. Only the exit code tells the result
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// The format of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFormat {
    /// For people.
    Text,
    /// One JSON document.
    Json,
    /// For pull requests and tickets.
    Markdown,
    /// Annotations for GitHub Actions, and a summary of the job.
    Github,
}

#[derive(Debug, Args)]
pub(crate) struct Merge {
    /// Files written with `--format json` or `jsonl`, such as one per shard. - is standard input
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Conninfo {
    /// A connection string, as for check. - is standard input. Without it, the environment decides
    #[arg(value_name = "CONNINFO")]
    pub(crate) conninfo: Vec<OsString>,

    #[command(flatten)]
    pub(crate) origin: StringOptions,

    /// The output format
    #[arg(long, value_enum, default_value_t = Shape::Text)]
    pub(crate) format: Shape,
}

#[derive(Debug, Args)]
pub(crate) struct Translate {
    /// A connection string, as for check. - is standard input. Without it, the environment decides
    #[arg(value_name = "CONNINFO")]
    pub(crate) conninfo: Vec<OsString>,

    /// In whose words to say it: a dialect, or all of them
    #[arg(long, value_name = "DIALECT|all", value_parser = target(), hide_possible_values = true)]
    pub(crate) to: Target,

    #[command(flatten)]
    pub(crate) origin: StringOptions,

    /// The output format
    #[arg(long, value_enum, default_value_t = Shape::Text)]
    pub(crate) format: Shape,
}

/// `--to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    One(Dialect),
    All,
}

/// The format of output that is not a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// For people.
    Text,
    /// One JSON document.
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// A code from a report, such as unknown-issuer; a driver's error message, in quotes; or config for the keys of
    /// pgtls.toml
    #[arg(value_name = "CODE|MESSAGE", value_parser = topic(), hide_possible_values = true)]
    pub(crate) topic: Option<Topic>,
}

/// What has a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    /// A finding code.
    Code(Code),
    /// A driver's error message.
    Message(&'static Symptom),
    /// A message that is not known. It is not repeated: it may contain a secret.
    UnknownMessage,
    /// `pgtls.toml`.
    Config,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Roots {
    /// Show when the public root stores remove roots
    #[arg(long)]
    pub(crate) calendar: bool,

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
        #[arg(value_parser = root(), hide_possible_values = true)]
        name: &'static BundledRoot,
    },
    /// Write some as PEM: roots by name, or all that a provider's clients need
    Export {
        /// Names of roots or of sets (azure, aws-public, lets-encrypt), as `pgtls roots list` prints them
        #[arg(required = true, value_name = "NAME", value_parser = exported(), hide_possible_values = true)]
        names: Vec<Exported>,

        /// Write to this file instead of standard output
        #[arg(short, long, value_name = "FILE", value_parser = output_file())]
        output: Option<PathBuf>,
    },
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Output {
    /// The output format
    #[arg(long, value_enum, default_value_t = Format::Text, env = "PGTLS_FORMAT", hide_env_values = true, help_heading = OUTPUT)]
    pub(crate) format: Format,

    /// Also write the report to a file, in this format: junit=report.xml. Repeatable
    #[arg(long = "report", value_name = "FORMAT=FILE", value_parser = parse_report, help_heading = OUTPUT)]
    pub(crate) reports: Vec<FileReport>,

    /// For nagios: fewer days left than this are a warning [default: what expires-soon warns of]
    #[arg(short, long, value_name = "DAYS", help_heading = OUTPUT)]
    pub(crate) warning: Option<u32>,

    /// For nagios: fewer days left than this are critical [default: 7, if expires-soon warns]
    #[arg(short, long, value_name = "DAYS", help_heading = OUTPUT)]
    pub(crate) critical: Option<u32>,

    /// Show every endpoint in full, and certificates with serial number, names and fingerprint
    #[arg(short, long, help_heading = OUTPUT)]
    pub(crate) verbose: bool,

    /// The order of several endpoints in the text report
    #[arg(long, value_name = "ORDER", value_enum, default_value_t = Sort::Worst, help_heading = OUTPUT)]
    pub(crate) sort: Sort,

    /// In the text report, show only endpoints that do not pass. The others are still checked and counted
    #[arg(long, help_heading = OUTPUT)]
    pub(crate) failures_only: bool,

    /// Print nothing. Only the exit code tells the result
    #[arg(short, long, help_heading = OUTPUT)]
    pub(crate) quiet: bool,

    /// When to use colour in the text report. auto honours NO_COLOR, FORCE_COLOR, CLICOLOR and TERM=dumb
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto, env = "PGTLS_COLOR", hide_env_values = true, help_heading = OUTPUT)]
    pub(crate) color: Color,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One JSON document.
    Json,
    /// JSON Lines: one object per endpoint, in order of completion.
    Jsonl,
    /// JUnit XML (Jenkins, GitLab and others).
    Junit,
    /// SARIF, for code scanning.
    Sarif,
    /// Annotations for GitHub Actions, and a summary of the job.
    Github,
    /// One line, with a monitoring plugin's exit codes: 0 OK, 1 warning, 2 critical, 3 unknown.
    Nagios,
    /// Metrics for node_exporter's textfile collector.
    Prometheus,
    /// For pull requests and tickets.
    Markdown,
    /// One page for auditors and tickets, readable without script and network.
    Html,
    /// One row per certificate, the first to expire on top.
    Csv,
    /// A calendar with the day on which each certificate expires.
    Ics,
}

/// `--report FORMAT=FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileReport {
    pub(crate) format: Format,
    pub(crate) file: PathBuf,
}

impl Output {
    /// Why these options cannot be meant together.
    fn fault(&self) -> Option<&'static str> {
        let is_upside_down = self
            .warning
            .zip(self.critical)
            .is_some_and(|(warning, critical)| warning < critical);
        if is_upside_down {
            return Some(
                "--warning must not be fewer days than --critical: there would never be a warning",
            );
        }
        // A complete report must not be taken for one of the failures alone.
        let mut formats = self.reports.iter().map(|report| report.format);
        let is_text = self.format == Format::Text || formats.any(|one| one == Format::Text);
        (self.failures_only && !is_text).then_some(
            "--failures-only is for the text report: every other format has all endpoints, with the verdict of each",
        )
    }

    pub(crate) fn thresholds(&self) -> Thresholds {
        Thresholds {
            warning: self.warning,
            critical: self.critical,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sort {
    /// What fails first, then what expires first.
    Worst,
    /// As they were given.
    Input,
    /// By name.
    Name,
    /// What expires first.
    Expiry,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// Only if standard output is a terminal.
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
