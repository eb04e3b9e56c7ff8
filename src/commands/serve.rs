//! `pgtls serve`: the checks of a configuration on a schedule.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context as _, bail};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use pgtls::exit::Exit;
use pgtls::serve::{Door, Limits, Service, Settings, Strangers, Target, Wanted, is_open};
use tokio::net::TcpListener;

use super::demands::now;
use super::{run as runtime, sources};
use crate::cli::{Serve, StringOptions};
use crate::config::Keys;
use crate::machine::{Machine, jobs_beside};

pub(crate) fn run(args: &Serve) -> anyhow::Result<Exit> {
    let targets = targets(args)?;
    let door = Rc::new(Door::open(args.web_config.as_deref())?);
    guard(args, &door)?;
    let limits = Limits::default();
    let settings = Settings {
        jobs: jobs_beside(limits.descriptors(), args.jobs),
        timeout: args.timeout,
        seed: seed(),
        calendar: now,
        strangers: match args.allow_targets {
            true => Strangers::Allowed,
            false => Strangers::Refused,
        },
        limits,
    };
    runtime::block_on(async {
        let (end, mut reloads) = runtime::service_signals()?;
        let listener = listen(args.listen).await?;
        announce(&listener, &door, targets.len());
        let service = Service::new(settings, targets, Box::new(Machine), |event| {
            say(&event.to_string());
        });
        let reload = async || reloads.next().await;
        let load = || self::targets(args).map_err(|error| format!("{error:#}"));
        service.run(listener, door, reload, load, end).await;
        Ok(Exit::Passed)
    })?
}

fn targets(args: &Serve) -> anyhow::Result<Vec<Target>> {
    let usual = PathBuf::from(sources::USUAL_CONFIG);
    let config = args.config.as_ref().unwrap_or(&usual);
    if config == Path::new("-") {
        bail!("the configuration must be a file: it is read again later");
    }
    let origin = StringOptions {
        env: Vec::new(),
        dialect: None,
    };
    let given = sources::Given {
        arguments: &[],
        origin: &origin,
        from: None,
        config: Some(config),
        unnamed: sources::Unnamed::Environment,
    };
    let listed = sources::gather(given, &Machine)?;
    let wanted = listed.into_iter().map(|listed| {
        let keys = &listed.keys;
        Wanted {
            interval: keys.interval.unwrap_or(args.interval),
            // No option of this command names roots: the file alone does.
            source: listed.source(keys, Keys::default().roots_over(keys)),
        }
    });
    Ok(Target::all(wanted.collect(), &Machine))
}

/// Everybody who reaches the port learns the names of servers and when their certificates end.
fn guard(args: &Serve, door: &Door) -> anyhow::Result<()> {
    if is_open(args.listen) && !door.is_guarded() {
        match &args.web_config {
            None => bail!(
                "{} can be reached from other machines: set --web-config FILE with TLS or users, or listen on 127.0.0.1",
                args.listen
            ),
            Some(_) => bail!(
                "{} can be reached from other machines, and the web configuration has neither TLS nor users",
                args.listen
            ),
        }
    }
    if is_open(args.listen) && door.shows_passwords() {
        say(
            "warning: passwords go over the network in clear: set tls_server_config in the web configuration",
        );
    }
    if is_open(args.listen) && args.allow_targets {
        say(
            "warning: everybody who can use the port can make this machine connect to other servers (--allow-targets)",
        );
    }
    Ok(())
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("could not listen on {address}"))
}

fn announce(listener: &TcpListener, door: &Door, targets: usize) {
    let address = listener
        .local_addr()
        .map_or_else(|_| "its port".to_owned(), |address| address.to_string());
    let scheme = if door.has_tls() { "https" } else { "http" };
    let words = if targets == 1 { "target" } else { "targets" };
    say(&format!(
        "checking {targets} {words}; metrics at {scheme}://{address}/metrics"
    ));
}

/// Two services do not check at the same seconds.
fn seed() -> u64 {
    let mut bytes = [0; 8];
    // Without randomness, they do.
    let _ = SystemRandom::new().fill(&mut bytes);
    u64::from_be_bytes(bytes)
}

/// A line of the log. If standard error is closed, the metrics still tell.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "pgtls: {line}");
}
