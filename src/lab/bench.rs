//! A whole lab: one running endpoint for each fault, and the files of their clients.

use std::fs;
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use time::OffsetDateTime;

use super::fault::{Fault, Libpq};
use super::material::{self, HostForm, Material, RootFile};
use super::observation::{Channel, Deed, Observation};
use super::server::{self, Endpoint};
use super::workshop::Workshop;
use crate::conninfo::shown_path;
use crate::{os, percent};

/// A running lab. Its endpoints stop when it is dropped; its files stay.
pub struct Lab {
    /// In the requested order.
    pub benches: Vec<Bench>,
}

/// One endpoint of a lab.
pub struct Bench {
    /// What is wrong with it.
    pub fault: Fault,
    endpoint: Endpoint,
    parameters: Vec<(&'static str, String)>,
    seen: Arc<Mutex<Vec<Observation>>>,
}

/// Where a lab runs.
#[derive(Clone, Debug)]
pub struct Place {
    /// The address to listen on.
    pub listen: IpAddr,
    /// The first port; each further endpoint gets the next one. `None` for any free ports.
    pub port_base: Option<u16>,
    /// The host name in certificates and connection strings.
    pub name: String,
    /// A directory for the files of clients. It must exist.
    pub directory: PathBuf,
}

/// Called for every connection that has ended, with the fault of its endpoint.
pub type Watcher = Arc<dyn Fn(Fault, &Observation) + Send + Sync>;

/// Why a lab does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// See there.
    #[error(transparent)]
    Material(#[from] material::Error),
    /// See there.
    #[error(transparent)]
    Server(#[from] server::Error),
    /// More endpoints than ports after the first one.
    #[error("there are not enough ports from {0} upwards")]
    Ports(u16),
    /// A file could not be written.
    #[error("could not write {}", shown_path(.0))]
    File(PathBuf, #[source] io::Error),
}

impl Lab {
    /// Makes certificates, writes the files and starts an endpoint for each fault.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn start(
        faults: &[Fault],
        place: &Place,
        watcher: &Watcher,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        let workshop = Workshop::new(&place.name, now)?;
        write(&place.directory, "root.crt", &workshop.root.root_pem)?;
        let mut benches = Vec::new();
        for (&fault, index) in faults.iter().zip(0_u16..) {
            let port = match place.port_base {
                None => 0,
                Some(base) => base.checked_add(index).ok_or(Error::Ports(base))?,
            };
            let material = workshop.make(fault)?;
            benches.push(Bench::start(fault, material, place, port, watcher)?);
        }
        let lab = Self { benches };
        write(&place.directory, ENV_FILE, &lab.env())?;
        write(&place.directory, JSON_FILE, &lab.json())?;
        Ok(lab)
    }

    /// Shell variables, one connection URI for each fault.
    fn env(&self) -> String {
        let line = |bench: &Bench| {
            let name = bench.fault.name().to_uppercase().replace('-', "_");
            format!("PGTLS_LAB_{name}='{}'\n", bench.uri(Secret::Shown))
        };
        self.benches.iter().map(line).collect()
    }

    fn json(&self) -> String {
        let endpoint = |bench: &Bench| {
            let (exit_code, code) = match bench.fault.libpq() {
                Libpq::Connects => (0, None),
                Libpq::Refuses(exit, code) => (exit.number(), Some(code.name())),
            };
            let parameters: serde_json::Map<_, _> = bench
                .parameters
                .iter()
                .map(|(name, value)| ((*name).to_owned(), json!(value)))
                .collect();
            json!({
                "fault": bench.fault.name(),
                "description": bench.fault.description(),
                "uri": bench.uri(Secret::Shown),
                "parameters": parameters,
                "libpq_connects": bench.fault.libpq() == Libpq::Connects,
                "check": { "exit_code": exit_code, "code": code },
            })
        };
        let endpoints: Vec<_> = self.benches.iter().map(endpoint).collect();
        format!(
            "{:#}\n",
            json!({ "schema_version": super::SCHEMA_VERSION, "endpoints": endpoints })
        )
    }
}

/// Whether to show the throw-away password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secret {
    /// For programs.
    Shown,
    /// For the screen.
    Hidden,
}

impl Bench {
    fn start(
        fault: Fault,
        material: Material,
        place: &Place,
        port: u16,
        watcher: &Watcher,
    ) -> Result<Self, Error> {
        let seen = Arc::<Mutex<Vec<Observation>>>::default();
        let observer = {
            let (seen, watcher) = (Arc::clone(&seen), Arc::clone(watcher));
            move |observation: Observation| {
                watcher(fault, &observation);
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                let worst = seen.iter().map(danger).max();
                // The worst is always kept, however many there are.
                if seen.len() < MAX_OBSERVATIONS || worst < Some(danger(&observation)) {
                    seen.push(observation);
                }
            }
        };
        let address = SocketAddr::new(place.listen, port);
        let endpoint = Endpoint::serve(material.service, address, Box::new(observer))?;
        let mut parameters = whereabouts(material.host, place, endpoint.address.port());
        let root = match material.roots {
            RootFile::Shared => place.directory.join("root.crt"),
            RootFile::Own(pem) => write(&place.directory, &format!("{}.crt", fault.name()), &pem)?,
        };
        parameters.push(("sslrootcert", root.display().to_string()));
        for file in material.files {
            let path = write(&place.directory, file.name, &file.pem)?;
            parameters.push((file.parameter, path.display().to_string()));
        }
        for (name, value) in material.parameters {
            parameters.push((name, value.to_owned()));
        }
        Ok(Self {
            fault,
            endpoint,
            parameters,
            seen,
        })
    }

    /// libpq's parameters for this endpoint, in the order of a connection string.
    pub fn parameters(&self) -> &[(&'static str, String)] {
        &self.parameters
    }

    /// The connection URI.
    pub fn uri(&self, secret: Secret) -> String {
        self.uri_with("verify-full", secret)
    }

    /// The connection URI with another sslmode.
    pub fn uri_with(&self, sslmode: &str, secret: Secret) -> String {
        let get = |name| {
            let mut known = self.parameters.iter();
            known
                .find(|(known, _)| *known == name)
                .map_or("", |(_, value)| value)
        };
        let host = match get("host") {
            address if address.contains(':') => format!("[{address}]"),
            name => name.to_owned(),
        };
        let password = match secret {
            Secret::Shown => format!(":{PASSWORD}"),
            Secret::Hidden => String::new(),
        };
        let mut uri = format!(
            "postgresql://{USER}{password}@{host}:{}/{DATABASE}?sslmode={}",
            get("port"),
            percent::path(sslmode)
        );
        for (name, value) in &self.parameters {
            if !matches!(*name, "host" | "port") {
                uri.push_str(&format!(
                    "&{name}={}",
                    percent::path(&os::bytes_of(value.as_ref()))
                ));
            }
        }
        uri
    }

    /// Waits until every connection that came before has been observed, hangs up on those that are
    /// still open after `patience`, and returns what was observed since the last call.
    pub fn collect(&self, patience: Duration) -> Vec<Observation> {
        self.endpoint.settle(patience);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seen = std::mem::take(&mut *seen);
        seen.sort_by_key(|observation| observation.connection);
        seen
    }
}

fn danger(seen: &Observation) -> (Deed, Option<Channel>) {
    (seen.deed(), seen.password)
}

fn whereabouts(host: HostForm, place: &Place, port: u16) -> Vec<(&'static str, String)> {
    let by_name = place.listen.is_unspecified() || LOCALHOST.contains(&place.listen);
    let mut parameters = Vec::new();
    match host {
        HostForm::Address => {
            let [here, here_too] = LOCALHOST;
            let address = match place.listen {
                IpAddr::V4(address) if address.is_unspecified() => here,
                IpAddr::V6(address) if address.is_unspecified() => here_too,
                address @ (IpAddr::V4(_) | IpAddr::V6(_)) => address,
            };
            parameters.push(("host", address.to_string()));
        }
        HostForm::Name => {
            parameters.push(("host", place.name.clone()));
            if !by_name {
                parameters.push(("hostaddr", place.listen.to_string()));
            }
        }
    }
    parameters.push(("port", port.to_string()));
    parameters
}

/// Writes a file in one step. Every user may read it, except for keys, because libpq requires that.
fn write(directory: &Path, name: &str, text: &str) -> Result<PathBuf, Error> {
    let path = directory.join(name);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".pgtls-lab-");
    if !name.ends_with(".key")
        && let Some(mode) = os::creation_mode(0o644)
    {
        builder.permissions(mode);
    }
    let written = builder.tempfile_in(directory).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        Ok(file.persist(&path)?)
    });
    match written {
        Ok(_) => Ok(path),
        Err(error) => Err(Error::File(path, error)),
    }
}

/// Whether a lab may overwrite the files of this directory, by its marker file.
///
/// # Errors
/// If it cannot be read.
pub fn may_own(directory: &Path) -> io::Result<bool> {
    let empty = fs::read_dir(directory)?.next().is_none();
    Ok(empty || directory.join(JSON_FILE).is_file())
}

/// The addresses of `localhost`.
const LOCALHOST: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::LOCALHOST),
    IpAddr::V6(Ipv6Addr::LOCALHOST),
];

/// The user of every connection string.
pub const USER: &str = "lab";
/// The password of every connection string, which protects nothing.
pub const PASSWORD: &str = "throw-away";
/// The database of every connection string.
pub const DATABASE: &str = "lab";

const ENV_FILE: &str = "pgtls-lab.env";
const JSON_FILE: &str = "pgtls-lab.json";

/// The maximum of connections of one endpoint that are kept for the next collection.
const MAX_OBSERVATIONS: usize = 1_000;
