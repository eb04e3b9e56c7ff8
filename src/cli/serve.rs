//! The command line of `pgtls serve`.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};

use super::trace::parse_listen;
use super::value::{parse_interval, parse_timeout};

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Serve {
    /// Check the endpoints of this TOML file [default: ./pgtls.toml]; see `pgtls explain config`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,

    /// Where to listen: an address, a port, or both. Any address but loopback needs --web-config
    #[arg(long, value_name = "ADDRESS", value_parser = parse_listen, default_value = "127.0.0.1:9187")]
    pub(crate) listen: SocketAddr,

    /// TLS, users and passwords for the port: a web configuration file of Prometheus
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) web_config: Option<PathBuf>,

    /// How often to check an endpoint whose interval the file does not set
    #[arg(long, value_name = "DURATION", value_parser = parse_interval, default_value = "60s")]
    pub(crate) interval: Duration,

    /// Timeout for each endpoint [default: connect_timeout, else 10s]
    #[arg(long, value_name = "DURATION", value_parser = parse_timeout, env = "PGTLS_TIMEOUT", hide_env_values = true)]
    pub(crate) timeout: Option<Duration>,

    /// Maximum number of parallel checks [default: what the limit of open files allows]
    #[arg(long, value_name = "N", env = "PGTLS_JOBS", hide_env_values = true)]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Let /probe check servers that the file does not name. Everybody who can reach the port can then make this
    /// machine connect to others
    #[arg(long)]
    pub(crate) allow_targets: bool,
}

const EXAMPLES: &str = "\
Examples:
  pgtls serve --config pgtls.toml
      check every endpoint once a minute; metrics at http://127.0.0.1:9187/metrics
  pgtls serve --config pgtls.toml --listen 0.0.0.0:9187 --web-config web.yml
      for a Prometheus on another machine, with TLS and a password
  kill -HUP $(pidof pgtls)
      read the configuration again";
