//! `--probe`: endpoints of a lab in place of the server, and what the application does there.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::Context as _;
use pgtls::conninfo::{Endpoint, HostAddr};
use pgtls::lab::{Bench, Channel, Deed, Fault, Lab, Observation, Place, ProgramEnd, Watcher};
use pgtls::os::bytes_of;
use pgtls::trace::{Completion, Destination, Probe, Reaction, To, Trap};
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};

use super::environment::Environment;
use super::{LOOK, Stage, child, host};
use crate::cli::Trace as Arguments;
use crate::commands::lab::process;
use crate::commands::run::{self, Interrupted};

/// What tells that the user wants to end.
pub(super) struct Interruptions(mpsc::Receiver<Interrupted>);

impl Interruptions {
    /// From now on; `None` without `--probe`.
    pub(super) fn watch(args: &Arguments) -> anyhow::Result<Option<Self>> {
        if !args.probe {
            return Ok(None);
        }
        let (tell, told) = mpsc::channel();
        run::watch(tell)?;
        Ok(Some(Self(told)))
    }
}

/// Was every endpoint tried?
pub(super) fn completion(probes: &[Probe]) -> Completion {
    let interrupted = |probe: &Probe| probe.reaction == Reaction::Interrupted;
    match probes.iter().any(interrupted) {
        true => Completion::Interrupted,
        false => Completion::Whole,
    }
}

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

const fn fault_of(trap: Trap) -> Fault {
    match trap {
        Trap::UnknownCa => Fault::UnknownCa,
        Trap::WrongHost => Fault::WrongHost,
        Trap::NoTls => Fault::NoTls,
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
/// show that it does: otherwise its refusal says nothing about names. Not after an interruption.
pub(super) async fn with_command(
    stage: &Stage<'_>,
    environment: &Environment,
    interruptions: Interruptions,
    completion: Completion,
) -> anyhow::Result<Vec<Probe>> {
    let traps = Arc::new(Traps::set(&host(stage.args, stage.understood))?);
    let trusting = environment.trusting(&traps.root(), &stage.understood.read_as);
    let mut session = Session {
        stage,
        traps,
        interruptions: match completion {
            Completion::Whole => Some(interruptions),
            Completion::Interrupted => None,
        },
    };
    let mut probes = Vec::new();
    for trap in TRAPS {
        let environment = match trap {
            Trap::WrongHost => &trusting,
            Trap::UnknownCa | Trap::NoTls => environment,
        };
        let led = session.lead(environment, fault_of(trap), trap.to()).await?;
        let mut probe = judged(trap, &led);
        if trap == Trap::WrongHost && probe.reaction.is_refusal() {
            let led = session.lead(&trusting, Fault::Good, To::Control).await?;
            probe.reaction = match reaction_of(&led) {
                // One of its connections may have roots of its own.
                Reaction::WentOn | Reaction::SentPassword if has_refused(&led) => {
                    Reaction::NotTested
                }
                Reaction::WentOn | Reaction::SentPassword => probe.reaction,
                Reaction::Interrupted => Reaction::Interrupted,
                Reaction::NotEnded => Reaction::NotEnded,
                Reaction::NotReached
                | Reaction::NotTested
                | Reaction::Fewer
                | Reaction::Alike
                | Reaction::Refused
                | Reaction::Looked
                | Reaction::WentOnInPlaintext
                | Reaction::SentPasswordInPlaintext => Reaction::NotTested,
            };
        }
        probes.push(probe);
    }
    stage.switch.turn(stage.server.clone());
    Ok(probes)
}

/// What is needed to run the command at an endpoint.
struct Session<'a> {
    stage: &'a Stage<'a>,
    traps: Arc<Traps>,
    /// `None` while a run has it, and after an interruption.
    interruptions: Option<Interruptions>,
}

/// One run of the command.
struct Led {
    seen: Vec<Observation>,
    /// `None` if it was interrupted.
    end: Option<ProgramEnd>,
}

impl Session<'_> {
    /// Runs the command once, with this endpoint in place of the server.
    async fn lead(
        &mut self,
        environment: &Environment,
        fault: Fault,
        to: To,
    ) -> anyhow::Result<Led> {
        let nothing = Led {
            seen: Vec::new(),
            end: None,
        };
        let Some(interruptions) = self.interruptions.take() else {
            return Ok(nothing);
        };
        if interruptions.0.try_recv().is_ok() {
            return Ok(nothing);
        }
        let stage = self.stage;
        stage
            .switch
            .turn(destination(self.traps.bench(fault)?, to)?);
        let mut command = child::command(stage.args).context("no command was given")?;
        environment.apply(&mut command);
        if std::env::var_os("PGCONNECT_TIMEOUT").is_none() {
            command.env("PGCONNECT_TIMEOUT", "5");
        }
        let patience = stage.args.timeout;
        let running = tokio::task::spawn_blocking(move || {
            let ran = process::run(command, patience, &interruptions.0);
            (ran, interruptions)
        });
        let (ran, interruptions) = running.await.context("could not run the command")?;
        let end = ran.context("could not run the command")?.end;
        // Not after an interruption: nothing is run any more.
        self.interruptions = end.map(|_| interruptions);
        stage.settle().await;
        // It waits for connections that the relay must end meanwhile.
        let traps = Arc::clone(&self.traps);
        let collecting = tokio::task::spawn_blocking(move || {
            traps.bench(fault).map(|bench| bench.collect(SETTLING))
        });
        let seen = collecting.await.context("could not ask the endpoint")??;
        Ok(Led { seen, end })
    }
}

/// Leads the next connections to each endpoint in turn, then to the server, until `stopped`.
pub(super) async fn until(
    stage: &Stage<'_>,
    stopped: impl Future<Output = ()>,
) -> anyhow::Result<Vec<Probe>> {
    let traps = Traps::set(&host(stage.args, stage.understood))?;
    let turning = async {
        for trap in TRAPS {
            let bench = traps.bench(fault_of(trap))?;
            stage.switch.turn(destination(bench, trap.to())?);
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
        let led = Led {
            seen: traps.bench(fault_of(trap))?.collect(Duration::ZERO),
            end: Some(ProgramEnd::Exited(0)),
        };
        let mut probe = judged(trap, &led);
        // It does not trust the endpoint's authority, so that its refusal says nothing about names.
        if trap == Trap::WrongHost && probe.reaction.is_refusal() {
            probe.reaction = Reaction::NotTested;
        }
        probes.push(probe);
    }
    Ok(probes)
}

fn judged(trap: Trap, led: &Led) -> Probe {
    let came = led.seen.iter().filter(|one| one.deed() != Deed::Nothing);
    Probe {
        endpoint: trap,
        reaction: reaction_of(led),
        connections: u64::try_from(came.count()).unwrap_or(u64::MAX),
    }
}

/// Did one of its connections refuse?
fn has_refused(led: &Led) -> bool {
    let mut deeds = led.seen.iter().map(Observation::deed);
    deeds.any(|deed| matches!(deed, Deed::Refused | Deed::Looked))
}

/// The worst that the application did. What it has not done is only known if it came to its own end.
fn reaction_of(led: &Led) -> Reaction {
    let seen = reaction(&led.seen);
    match (went_on(seen), led.end) {
        (true, _) | (false, Some(ProgramEnd::Exited(_) | ProgramEnd::Signalled)) => seen,
        (false, Some(ProgramEnd::Killed)) => Reaction::NotEnded,
        (false, None) => Reaction::Interrupted,
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

fn went_on(reaction: Reaction) -> bool {
    match reaction {
        Reaction::Refused
        | Reaction::NotReached
        | Reaction::NotTested
        | Reaction::NotEnded
        | Reaction::Fewer
        | Reaction::Alike
        | Reaction::Interrupted
        | Reaction::Looked => false,
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
