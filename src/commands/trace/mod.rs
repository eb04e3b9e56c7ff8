//! `pgtls trace`: a relay between an application and its server, and a report of what the application does.

mod child;
mod environment;
#[cfg(feature = "lab")]
mod probe;
mod shown;
mod url;

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use pgtls::conninfo::{Host, Route, Secret, shown_path};
use pgtls::dialect::Understood;
use pgtls::escape::{Shown as Text, escape};
use pgtls::exit::Exit;
use pgtls::login::password_of;
use pgtls::os::{self, Signals};
use pgtls::report::text::{Page, Palette, View};
use pgtls::report::{TraceReport, json, trace_junit, trace_markdown, trace_text};
use pgtls::trace::{
    Command, Completion, Destination, Event, Limits, Log, Naming, Probe, Relay, Switch, To, Trace,
};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use self::environment::{Environment, Given};
use self::shown::Shown;
use super::conninfo::one_as_written;
use super::{file, output, run as runtime};
use crate::cli::{Shape, Trace as Arguments, TraceFormat};

pub(crate) fn run(args: &Arguments) -> anyhow::Result<ExitCode> {
    let strings = args.to.as_slice();
    let shape = match args.format {
        TraceFormat::Json => Shape::Json,
        TraceFormat::Text | TraceFormat::Junit | TraceFormat::Markdown => Shape::Text,
    };
    let (understood, written) = match one_as_written(strings, &args.origin, shape)? {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    let endpoints = &understood.conninfo.endpoints;
    if let Some(socket) = endpoints
        .iter()
        .find(|endpoint| matches!(endpoint.route(), Route::Socket))
    {
        let host = socket.host.as_ref().map_or(&[][..], Host::as_bytes);
        let message = match host {
            [] => "the string names no host: the server is behind a Unix-domain socket".to_owned(),
            host => format!("\"{}\" is a Unix-domain socket", escape(host)),
        };
        let _ = writeln!(
            io::stderr(),
            "pgtls: {message}, where PostgreSQL does not use TLS (pgtls explain unix-socket)"
        );
        return Ok(Exit::NoTls.into());
    }
    let trace = runtime::block_on(observe(args, &understood, &written))??;
    let report = TraceReport::of(trace);
    output::settle(write(&report, args).err(), report.exit_code)?;
    Ok(report.exit_code.into())
}

/// Runs the relay, and the command or until Ctrl-C.
async fn observe(
    args: &Arguments,
    understood: &Understood,
    written: &Secret,
) -> anyhow::Result<Trace> {
    let conninfo = &understood.conninfo;
    let address = args
        .listen
        .unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let limits = Limits {
        patience: args.timeout,
        most: os::raise_file_limit()
            .saturating_sub(RESERVED_FILES)
            .clamp(1, MOST_FILES)
            / 2,
    };
    let relay = Relay::bind(address, limits)
        .await
        .with_context(|| format!("could not listen on {address}"))?;
    let server = Destination {
        to: To::Server,
        endpoints: conninfo.endpoints.clone(),
    };
    let switch = Switch::new(server.clone());
    if !args.quiet {
        announce(&relay, understood, args);
    }

    let (events, heard) = channel(EVENTS);
    let (stop, stopped) = watch::channel(false);
    let stage = Stage {
        args,
        understood,
        written,
        relay: &relay,
        #[cfg(feature = "lab")]
        switch: &switch,
        #[cfg(feature = "lab")]
        server,
    };
    let passing = async {
        let most = relay.run(&switch, &events, &stopped).await;
        drop(events);
        most
    };
    let acting = async {
        let acted = stage.act().await;
        let _ = stop.send(true);
        acted
    };
    let shown = (args.command.is_empty()
        && args.format == TraceFormat::Text
        && args.output.is_none()
        && !args.quiet)
        .then(Shown::start)
        .transpose()?;
    // Whoever leads the connections comes first: some may wait already.
    let (acted, most, mut log) = tokio::join!(acting, passing, collect(heard, shown.as_ref()));
    let Acted {
        command,
        probes,
        completion,
    } = acted?;
    if let Some(shown) = shown {
        shown.finish();
    }
    log.counts.open_at_once = most;
    let probes = match command {
        Some(_) => {
            let sessions = log.counts.sessions();
            let probes = probes.into_iter();
            probes.map(|probe| probe.of_sessions(sessions)).collect()
        }
        // How many of its connections belong to one endpoint is a matter of time.
        None => probes,
    };
    Ok(Trace {
        server: Text::new(&shown_servers(understood)),
        naming: naming(args, understood),
        dialect: understood.read_as.dialect,
        command,
        log,
        probes,
        completion,
    })
}

fn shown_servers(understood: &Understood) -> String {
    let endpoints = understood.conninfo.endpoints.iter();
    let names: Vec<String> = endpoints.map(ToString::to_string).collect();
    names.join(",")
}

/// The name or the address that the command connects to.
fn host(args: &Arguments, understood: &Understood) -> Vec<u8> {
    if let Some(name) = &args.name {
        return name.clone().into_bytes();
    }
    let first = understood.conninfo.endpoints.first();
    let host = first.and_then(|endpoint| endpoint.host.as_ref());
    match (host, first.and_then(|endpoint| endpoint.hostaddr.as_ref())) {
        (Some(host), _) => host.as_bytes().to_vec(),
        (None, Some(address)) => address.to_string().into_bytes(),
        (None, None) => b"localhost".to_vec(),
    }
}

fn naming(args: &Arguments, understood: &Understood) -> Naming {
    let host = host(args, understood);
    let is_address = String::from_utf8_lossy(&host)
        .parse::<std::net::IpAddr>()
        .is_ok();
    match (is_address, args.command.is_empty()) {
        (true, _) => Naming::Address,
        (false, true) => Naming::Unknown,
        (false, false) => Naming::Told,
    }
}

/// What runs beside the relay.
struct Stage<'a> {
    args: &'a Arguments,
    understood: &'a Understood,
    written: &'a Secret,
    relay: &'a Relay,
    #[cfg(feature = "lab")]
    switch: &'a Switch,
    #[cfg(feature = "lab")]
    server: Destination,
}

/// What came of it.
struct Acted {
    command: Option<Command>,
    probes: Vec<Probe>,
    completion: Completion,
}

impl Stage<'_> {
    async fn act(&self) -> anyhow::Result<Acted> {
        match child::command(self.args) {
            Some(command) => self.run(command).await,
            None => self.wait().await,
        }
    }

    /// Runs the command, and at endpoints that it must refuse if that was asked for.
    async fn run(&self, mut command: std::process::Command) -> anyhow::Result<Acted> {
        let mut signals = Signals::watch().context("could not watch for signals")?;
        #[cfg(feature = "lab")]
        let interruptions = probe::Interruptions::watch(self.args)?;
        let environment = self.environment().await;
        environment.apply(&mut command);
        let program = Text::new(&shown_path(Path::new(command.get_program())));
        let mut child = child::start(command, self.args)?;
        let ended = child::wait(&mut child, &mut signals, self.args).await?;
        self.settle().await;
        let command = Some(Command {
            program,
            status: ended.status,
        });
        #[cfg(feature = "lab")]
        if let Some(interruptions) = interruptions {
            let probes =
                probe::with_command(self, &environment, interruptions, ended.completion).await?;
            return Ok(Acted {
                command,
                completion: probe::completion(&probes),
                probes,
            });
        }
        Ok(Acted {
            command,
            probes: Vec::new(),
            completion: Completion::Whole,
        })
    }

    async fn environment(&self) -> Environment {
        let conninfo = &self.understood.conninfo;
        let password = match conninfo.endpoints.first() {
            Some(endpoint) => password_of(conninfo, endpoint).await,
            None => None,
        };
        Environment::new(Given {
            understood: self.understood,
            written: self.written,
            password,
            name: self.args.name.as_deref(),
            host: host(self.args, self.understood),
            relay: self.relay.address,
        })
    }

    /// Waits for Ctrl-C, which is its usual end.
    async fn wait(&self) -> anyhow::Result<Acted> {
        let stopped = os::termination().context("could not watch for Ctrl-C")?;
        #[cfg(feature = "lab")]
        if self.args.probe {
            let probes = probe::until(self, stopped).await?;
            return Ok(Acted {
                command: None,
                probes,
                completion: Completion::Whole,
            });
        }
        stopped.await;
        Ok(Acted {
            command: None,
            probes: Vec::new(),
            completion: Completion::Whole,
        })
    }

    /// Waits for connections that the command has left, for a moment.
    async fn settle(&self) {
        let deadline = Instant::now() + SETTLING;
        while self.relay.open() > 0 && Instant::now() < deadline {
            sleep(LOOK).await;
        }
    }
}

/// Says where the relay is.
fn announce(relay: &Relay, understood: &Understood, args: &Arguments) {
    let mut err = io::stderr();
    let (address, server) = (relay.address, shown_servers(understood));
    if !address.ip().is_loopback() {
        let _ = writeln!(
            err,
            "pgtls: warning: anyone who can reach {address} can reach {server} through it"
        );
    }
    #[cfg(feature = "lab")]
    if args.probe {
        let _ = writeln!(
            err,
            "pgtls: --probe leads connections to endpoints of its own; the application may send its password there"
        );
    }
    if args.command.is_empty() {
        let _ = writeln!(err, "pgtls: {address} leads to {server}; stop with Ctrl-C");
    }
}

/// Keeps what happens, and shows it.
async fn collect(mut events: Receiver<Event>, shown: Option<&Shown>) -> Log {
    let mut log = Log::default();
    while let Some(event) = events.recv().await {
        let (Event::Read(connection) | Event::Ended(connection)) = &event;
        if let Some(shown) = shown {
            shown.show(connection);
        }
        if let Event::Ended(connection) = event {
            log.add(*connection);
        }
    }
    log
}

fn write(report: &TraceReport, args: &Arguments) -> anyhow::Result<()> {
    if let Some(file) = &args.output {
        let view = View {
            palette: Palette::Plain,
            page: Page::Stream,
            ..View::PLAIN
        };
        let mut text = Vec::new();
        render(&mut text, report, args.format, view)
            .and_then(|()| file::replace(file, &text))
            .with_context(|| format!("could not write the report {}", shown_path(file)))?;
        return Ok(());
    }
    if args.quiet {
        return Ok(());
    }
    let view = View {
        palette: output::palette(args.color),
        ..output::usual()
    };
    output::to_stdout(|out| render(out, report, args.format, view))
}

fn render(
    out: &mut dyn io::Write,
    report: &TraceReport,
    format: TraceFormat,
    view: View,
) -> io::Result<()> {
    match format {
        TraceFormat::Text => trace_text::write(out, report, view),
        TraceFormat::Json => json::write(out, report),
        TraceFormat::Junit => trace_junit::write(out, report),
        TraceFormat::Markdown => trace_markdown::write(out, report),
    }
}

/// How long connections may take to end after the command has ended.
const SETTLING: Duration = Duration::from_secs(2);

const LOOK: Duration = Duration::from_millis(10);

/// Events that wait to be kept.
const EVENTS: usize = 256;

const RESERVED_FILES: usize = 32;
/// More connections wait in the queue of the system.
const MOST_FILES: usize = 20_000;
