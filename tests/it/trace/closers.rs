//! Who closes first, with scripted peers: each waits for the other to have closed.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;

use serde_json::Value;

use super::{Running, echo};
use crate::support::client::Client;
use crate::support::peer::Peer;
use crate::support::port::closed_port;

fn first_connection(report: &Value) -> (String, String) {
    let connection = &report["connections"][0];
    let text = |field: &str| connection[field].as_str().unwrap_or_default().to_owned();
    (text("closed_by"), text("detail"))
}

#[test]
fn the_application_closes_first() {
    let peer = echo();
    let client = Client::new();
    let string = format!("host=127.0.0.1 port={}", peer.port);
    let relay = Running::start(&client, &string, &["--format", "json"]);
    let mut stream = relay.connect();
    stream.write_all(b"\0\0\0\x08\x04\xd2\x16\x2f").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut back = Vec::new();
    stream.read_to_end(&mut back).unwrap();
    assert_eq!(back.len(), 8);
    let report = relay.stop().json();
    assert_eq!(first_connection(&report).0, "application", "{report:#}");
}

#[test]
fn the_server_closes_first() {
    let peer = Peer::start(|conversation| {
        conversation.request()?;
        conversation.say(b"N")?;
        conversation.stream.shutdown(Shutdown::Write)?;
        // Ends when the application has closed in reply.
        conversation.listen()
    });
    let client = Client::new();
    let string = format!("host=127.0.0.1 port={}", peer.port);
    let relay = Running::start(&client, &string, &["--format", "json"]);
    let mut stream = relay.connect();
    stream.write_all(b"\0\0\0\x08\x04\xd2\x16\x2f").unwrap();
    let mut back = Vec::new();
    stream.read_to_end(&mut back).unwrap();
    assert_eq!(back, b"N");
    drop(stream);
    let report = relay.stop().json();
    assert_eq!(first_connection(&report).0, "server", "{report:#}");
}

/// The other half is still open when the trace ends.
#[test]
fn whoever_closes_its_half_has_closed_first() {
    let client = Client::new();
    let server_first = Peer::start(|conversation| {
        conversation.request()?;
        conversation.finish()
    });
    let application_first = Peer::start(|conversation| {
        conversation.listen()?;
        // It never closes.
        std::mem::forget(conversation.stream.try_clone()?);
        conversation.say(b"N")
    });
    for (peer, application, expected) in [
        (server_first, None, "server"),
        (application_first, Some(Shutdown::Write), "application"),
    ] {
        let string = format!("host=127.0.0.1 port={}", peer.port);
        let relay = Running::start(&client, &string, &["--format", "json"]);
        let mut stream = relay.connect();
        stream.write_all(b"\0\0\0\x08\x04\xd2\x16\x2f").unwrap();
        if let Some(half) = application {
            stream.shutdown(half).unwrap();
        }
        // The byte, or the end.
        let _ = stream.read(&mut [0]).unwrap();
        let report = relay.stop().json();
        assert_eq!(first_connection(&report).0, expected, "{report:#}");
    }
}

#[test]
fn the_relay_closes_what_it_cannot_lead_to_the_server() {
    let client = Client::new();
    let string = format!("host=127.0.0.1 port={}", closed_port());
    let relay = Running::start(&client, &string, &["--format", "json"]);
    let mut stream = relay.connect();
    let mut back = Vec::new();
    // It may be reset.
    let _ = stream.read_to_end(&mut back);
    assert!(back.is_empty());
    let run = relay.stop();
    assert_eq!(run.code, 3, "{run:?}");
    let report = run.json();
    let (closed_by, detail) = first_connection(&report);
    assert_eq!(closed_by, "relay", "{report:#}");
    assert!(detail.contains("could not reach"), "{report:#}");
}

#[test]
fn nobody_closes_what_is_open_at_the_end() {
    let peer = Peer::start(|conversation| {
        conversation.request()?;
        conversation.say(b"N")?;
        conversation.listen()
    });
    let client = Client::new();
    let string = format!("host=127.0.0.1 port={}", peer.port);
    let relay = Running::start(&client, &string, &["--format", "json"]);
    let mut stream = relay.connect();
    stream.write_all(b"\0\0\0\x08\x04\xd2\x16\x2f").unwrap();
    stream.read_exact(&mut [0]).unwrap();
    let report = relay.stop().json();
    assert_eq!(first_connection(&report).0, "none", "{report:#}");
}
