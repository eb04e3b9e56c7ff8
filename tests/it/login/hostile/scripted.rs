//! A server whose side of a login is a script.

use std::io::{self, Read as _, Write as _};
use std::sync::{Arc, Mutex};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::client::{Client, Run};
use crate::support::peer::{Conversation, Peer};
use crate::support::pki::{Ca, Served};
use crate::support::serving::plain;

type Session<'a> = StreamOwned<ServerConnection, &'a mut Conversation>;
pub(super) type Script = fn(&mut Session<'_>) -> io::Result<()>;

pub(super) const OK: &[u8] = b"R\0\0\0\x08\0\0\0\0";
pub(super) const READY: &[u8] = b"Z\0\0\0\x05I";

pub(super) struct Lab {
    pub(super) client: Client,
    pub(super) root: Ca,
}

impl Lab {
    pub(super) fn new() -> Self {
        let root = Ca::root("Lab CA");
        let client = Client::trusting(&root);
        Self { client, root }
    }

    pub(super) fn playing(
        &self,
        served: &Served,
        version: &'static rustls::SupportedProtocolVersion,
        script: Script,
    ) -> Peer {
        playing(plain(served, version), script)
    }

    pub(super) fn run(&self, peer: &Peer, format: &str, settings: &str, more: &[&str]) -> Run {
        let string = format!(
            "host=db.example hostaddr=127.0.0.1 port={} user=ann password=hunter2 \
             sslrootcert=root.crt sslmode=verify-full {settings}",
            peer.port
        );
        let mut arguments = vec!["check", "--login", "--format", format];
        arguments.extend(more);
        arguments.push(&string);
        self.client.pgtls(&arguments)
    }
}

/// The first of two connections only shakes hands. The script begins after the startup packet of
/// the second.
pub(super) fn playing(
    config: ServerConfig,
    script: impl Fn(&mut Session<'_>) -> io::Result<()> + Send + Sync + 'static,
) -> Peer {
    let config = Arc::new(config);
    Peer::start(move |conversation| {
        let mut session = conversation.tls(&config)?;
        if session.read(&mut [0; 1024])? == 0 {
            return Ok(());
        }
        script(&mut session)
    })
}

/// Serves one configuration to the connections before `first_other`, and the other from there on.
/// Also returns what was received inside the sessions.
pub(super) fn changing(
    first: ServerConfig,
    other: ServerConfig,
    first_other: usize,
) -> (Peer, Arc<Mutex<Vec<u8>>>) {
    let (first, other) = (Arc::new(first), Arc::new(other));
    let got = Arc::<Mutex<Vec<u8>>>::default();
    let notes = Arc::clone(&got);
    let peer = Peer::start(move |conversation| {
        let config = if conversation.number < first_other {
            &first
        } else {
            &other
        };
        let mut session = conversation.tls(config)?;
        let mut buffer = [0; 1024];
        let count = session.read(&mut buffer)?;
        notes.lock().unwrap().extend(&buffer[..count]);
        Ok(())
    });
    (peer, got)
}

/// Accepts the login, and reads the question.
pub(super) fn enter(session: &mut Session<'_>) -> io::Result<()> {
    say(session, OK)?;
    say(session, READY)?;
    hear(session)
}

/// Reads what the client sends next.
pub(super) fn hear(session: &mut Session<'_>) -> io::Result<()> {
    session.read(&mut [0; 1024]).map(drop)
}

/// Answers the question and waits for Terminate.
pub(super) fn answer(session: &mut Session<'_>, bytes: &[u8]) -> io::Result<()> {
    say(session, bytes)?;
    say(session, b"C\0\0\0\x0dSELECT 1\0")?;
    say(session, READY)?;
    session.sock.listen()
}

pub(super) fn columns(names: &[&str]) -> Vec<u8> {
    let count = u16::try_from(names.len()).unwrap();
    let mut body = count.to_be_bytes().to_vec();
    for name in names {
        body.extend(name.as_bytes());
        // Table, column, type text, length, modifier, format.
        body.extend([
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 0xff, 0xff, 0, 0, 0, 0, 0, 0,
        ]);
    }
    message(b'T', &body)
}

pub(super) fn row(values: &[&str]) -> Vec<u8> {
    let count = u16::try_from(values.len()).unwrap();
    let mut body = count.to_be_bytes().to_vec();
    for value in values {
        body.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
        body.extend(value.as_bytes());
    }
    message(b'D', &body)
}

pub(super) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

pub(super) fn say(session: &mut Session<'_>, bytes: &[u8]) -> io::Result<()> {
    session.write_all(bytes)?;
    session.flush()
}

/// Hanging up while the client still sends would discard what was sent.
pub(super) fn last(session: &mut Session<'_>, bytes: &[u8]) -> io::Result<()> {
    say(session, bytes)?;
    session.sock.finish()
}
