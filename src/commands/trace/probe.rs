//! `--probe`: endpoints of a lab in place of the server, and what the application does there.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::Context as _;
use pgtls::conninfo::{Endpoint, HostAddr, Keyword};
use pgtls::lab::{Bench, Channel, Deed, Fault, Lab, Observation, Place, Watcher};
use pgtls::os::bytes_of;
use pgtls::trace::{Destination, Probe, Reaction, To, Trap};
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};

use super::environment::Environment;
use super::{LOOK, Stage, child, host};
use crate::commands::lab::process;

/// The endpoints, in the order in which they are tried.
const TRAPS: [Trap; 3] = [Trap::UnknownCa, Trap::WrongHost, Trap::NoTls];

struct Traps {
    lab: Lab,
    directory: tempfile::TempDir,
}

impl Traps {
    fn set(name: &[u8]) -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("pgtls-trace-")
            .tempdir()
            .context("could not make a temporary directory")?;
        let place = Place {
            listen: IpAddr::from(Ipv4Addr::LOCALHOST),
            port_base: None,
            name: String::from_utf8_lossy(name).into_owned(),
            directory: directory.path().to_owned(),
        };
        let faults = [
            Fault::UnknownCa,
            Fault::WrongHost,
            Fault::NoTls,
            Fault::Good,
        ];
        let nobody: Watcher = Arc::new(|_, _| {});
        let lab = Lab::start(&faults, &place, &nobody, OffsetDateTime::now_utc())
            .context("could not start the endpoints of --probe")?;
        Ok(Self { lab, directory })
    }

    fn bench(&self, fault: Fault) -> anyhow::Result<&Bench> {
        let mut benches = self.lab.benches.iter();
        benches
            .find(|bench| bench.fault == fault)
            .context("an endpoint of --probe is missing")
    }

    fn root(&self) -> Vec<u8> {
        bytes_of(self.directory.path().join("root.crt").as_os_str())
    }
}

fn fault_of(trap: Trap) -> (Fault, To) {
    match trap {
        Trap::UnknownCa => (Fault::UnknownCa, To::UnknownCa),
        Trap::WrongHost => (Fault::WrongHost, To::WrongHost),
        Trap::NoTls => (Fault::NoTls, To::NoTls),
    }
}

fn destination(bench: &Bench, to: To) -> anyhow::Result<Destination> {
    let mut parameters = bench.parameters().iter();
    let port = parameters.find(|(name, _)| *name == "port");
    let port = port.and_then(|(_, port)| port.parse().ok());
    Ok(Destination {
        to,
        endpoints: vec![Endpoint {
            host: None,
            hostaddr: Some(HostAddr {
                ip: IpAddr::from(Ipv4Addr::LOCALHOST),
                zone: None,
            }),
            port: port.context("an endpoint of --probe has no port")?,
        }],
    })
}

/// Runs the command once for each endpoint. For the wrong name it is told to trust the endpoint's authority, and must
/// show that it does: otherwise its refusal says nothing about names.
pub(super) async fn with_command(
    stage: &Stage<'_>,
    environment: &Environment,
) -> anyhow::Result<Vec<Probe>> {
    let traps = Traps::set(&host(stage.args, stage.understood))?;
    let trusting = environment.with(Keyword::SslRootCert, &traps.root());
    let mut probes = Vec::new();
    for trap in TRAPS {
        let (fault, to) = fault_of(trap);
        let environment = match trap {
            Trap::WrongHost => &trusting,
            Trap::UnknownCa | Trap::NoTls => environment,
        };
        let bench = traps.bench(fault)?;
        let seen = lead(stage, environment, bench, to).await?;
        let mut probe = judged(trap, &seen);
        if trap == Trap::WrongHost && refused(probe.reaction) {
            let good = traps.bench(Fault::Good)?;
            let control = lead(stage, &trusting, good, To::Control).await?;
            if !went_on(reaction(&control)) {
                probe.reaction = Reaction::NotTested;
            }
        }
        probes.push(probe);
    }
    stage.switch.turn(stage.server.clone());
    Ok(probes)
}

/// Runs the command once, with this endpoint in place of the server.
async fn lead(
    stage: &Stage<'_>,
    environment: &Environment,
    bench: &Bench,
    to: To,
) -> anyhow::Result<Vec<Observation>> {
    stage.switch.turn(destination(bench, to)?);
    let mut command = child::command(stage.args).context("no command was given")?;
    environment.apply(&mut command);
    if std::env::var_os("PGCONNECT_TIMEOUT").is_none() {
        command.env("PGCONNECT_TIMEOUT", "5");
    }
    let patience = stage.args.timeout;
    let (tell, told) = mpsc::channel();
    let running = tokio::task::spawn_blocking(move || process::run(command, patience, &told));
    let ran = running.await;
    drop(tell);
    ran.context("could not run the command")?
        .context("could not run the command")?;
    stage.settle().await;
    Ok(bench.collect(SETTLING))
}

/// Leads the next connections to each endpoint in turn, then to the server, until `stopped`.
pub(super) async fn until(
    stage: &Stage<'_>,
    stopped: impl Future<Output = ()>,
) -> anyhow::Result<Vec<Probe>> {
    let traps = Traps::set(&host(stage.args, stage.understood))?;
    let turning = async {
        for trap in TRAPS {
            let (fault, to) = fault_of(trap);
            let bench = traps.bench(fault)?;
            stage.switch.turn(destination(bench, to)?);
            while !stage.switch.was_taken() {
                sleep(LOOK).await;
            }
            // A second try comes at once, and belongs to the same endpoint.
            let until = Instant::now() + EPISODE;
            tokio::time::sleep_until(until).await;
        }
        stage.switch.turn(stage.server.clone());
        std::future::pending::<anyhow::Result<()>>().await
    };
    tokio::select! {
        biased;
        () = stopped => {}
        failed = turning => failed?,
    }
    let mut probes = Vec::new();
    for trap in TRAPS {
        let seen = traps.bench(fault_of(trap).0)?.collect(Duration::ZERO);
        let mut probe = judged(trap, &seen);
        // It does not trust the endpoint's authority, so that its refusal says nothing about names.
        if trap == Trap::WrongHost && refused(probe.reaction) {
            probe.reaction = Reaction::NotTested;
        }
        probes.push(probe);
    }
    Ok(probes)
}

fn judged(trap: Trap, seen: &[Observation]) -> Probe {
    Probe {
        endpoint: trap,
        reaction: reaction(seen),
        connections: u64::try_from(seen.len()).unwrap_or(u64::MAX),
    }
}

/// The worst that the application did.
fn reaction(seen: &[Observation]) -> Reaction {
    let worst = seen.iter().max_by_key(|one| (one.deed(), one.password));
    let Some(worst) = worst else {
        return Reaction::NotReached;
    };
    match (worst.deed(), worst.password) {
        (Deed::Nothing, _) => Reaction::NotReached,
        (Deed::Refused, _) => Reaction::Refused,
        (Deed::Looked, _) => Reaction::Looked,
        (Deed::Accepted, None) => Reaction::WentOn,
        (Deed::Accepted, Some(Channel::Tls | Channel::Plaintext)) => Reaction::SentPassword,
        (Deed::Plaintext, None) => Reaction::WentOnInPlaintext,
        (Deed::Plaintext, Some(Channel::Tls | Channel::Plaintext)) => {
            Reaction::SentPasswordInPlaintext
        }
    }
}

fn refused(reaction: Reaction) -> bool {
    matches!(reaction, Reaction::Refused | Reaction::Looked)
}

fn went_on(reaction: Reaction) -> bool {
    match reaction {
        Reaction::Refused | Reaction::NotReached | Reaction::NotTested | Reaction::Looked => false,
        Reaction::WentOn
        | Reaction::SentPassword
        | Reaction::WentOnInPlaintext
        | Reaction::SentPasswordInPlaintext => true,
    }
}

/// How long to wait for connections to end after the command has ended.
const SETTLING: Duration = Duration::from_millis(500);

/// How long an endpoint answers in place of the server, from its first connection on.
const EPISODE: Duration = Duration::from_secs(3);
