//! Ctrl-C ends the check at once, and the results so far are printed.

use std::fs::File;
use std::process::{Child, Stdio};

use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use serde_json::Value;

use super::{Client, Run, run_of};
use crate::support::peer::Peer;
use crate::support::postgres::{signal, wait_until};

#[test]
fn what_is_known_is_printed_and_the_code_is_130() {
    let client = Client::new();
    let plain = Peer::start(|c| c.request().and_then(|()| c.say(b"N")));
    let silent = Peer::start(crate::support::peer::Conversation::listen);
    let at = |peer: &Peer| format!("host=127.0.0.1 port={} sslmode=require", peer.port);
    let check = start(
        &client,
        "check",
        &["--jobs", "1", "--timeout", "600", &at(&plain), &at(&silent)],
    );
    wait_until("the second server to be asked", || {
        !silent.heard().is_empty()
    });
    let run = interrupt(check);
    let document = run.json();
    assert_eq!(
        (run.code, &document["exit_code"]),
        (130, &130.into()),
        "{run:?}"
    );
    assert_eq!(document["verdict"], "fail");
    let endpoints = document["endpoints"].as_array().unwrap();
    let codes: Vec<&Value> = endpoints
        .iter()
        .map(|endpoint| &endpoint["error"]["code"])
        .collect();
    assert_eq!(codes, ["no-tls", "not-finished"]);
    assert_eq!(endpoints[1]["port"], silent.port);
    assert!(run.stderr.contains("interrupted"), "{run:?}");
}

#[test]
fn a_pipe_does_not_hold_it_up() {
    for command in ["check", "audit"] {
        let client = Client::new();
        let pipe = client.home.path().join("pipe");
        nix::unistd::mkfifo(&pipe, Mode::S_IRWXU).unwrap();
        let check = start(
            &client,
            command,
            &["host=127.0.0.1 port=1 sslrootcert=pipe"],
        );
        // Opens as soon as the other side waits for data.
        let _writer = File::options().write(true).open(&pipe).unwrap();
        let run = interrupt(check);
        assert_eq!(run.code, 130, "{command}: {run:?}");
        let document = run.json();
        let endpoints = document["endpoints"].as_array().unwrap();
        assert_eq!(endpoints.len(), 1, "{command}: {run:?}");
        assert_eq!(endpoints[0]["error"]["code"], "not-finished", "{command}");
    }
}

fn start(client: &Client, command: &str, arguments: &[&str]) -> Child {
    let arguments = [&[command, "--format", "json"], arguments].concat();
    let mut command = client.command(&arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn interrupt(check: Child) -> Run {
    signal(&check, Signal::SIGINT);
    run_of(check.wait_with_output().unwrap())
}
