//! A PostgreSQL backend as far as a login and a health check can see (PostgreSQL documentation,
//! "Message Formats"): it asks for a password, accepts any, and answers a few statements.

mod queries;

use std::collections::HashMap;
use std::io::{self, Read, Write};

use crate::lab::answer::{Answer, PARAMETERS};
use crate::lab::deadline::{Deadline, IDLE};
use crate::lab::message::Encoding;
use crate::lab::observation::{Channel, End, Observation};
use crate::wire::Malformed;
use crate::wire::postgres::AuthRequest;
use crate::wire::postgres::error::{self, Severity, sqlstate};
use crate::wire::postgres::frame::{LENGTH_WORD, backend, frontend, length_word, message};
use crate::wire::postgres::startup::PROTOCOL_3_0;

/// Serves a client from its startup packet on, and records in `seen` what it does.
///
/// # Errors
/// If the connection breaks.
pub(super) fn serve(
    stream: &mut (impl Read + Write),
    startup: &[u8],
    channel: Channel,
    deadline: &Deadline,
    seen: &mut Observation,
) -> io::Result<End> {
    seen.startup = Some(channel);
    if startup.get(..2) != PROTOCOL_3_0.get(..2) {
        let reason = "only protocol version 3 is supported here";
        let refusal = error::encode(Severity::Fatal, sqlstate::FEATURE_NOT_SUPPORTED, reason);
        stream.write_all(&refusal)?;
        return Ok(End::ByServer);
    }
    let mut session = Session {
        stream,
        reply: Vec::new(),
        statements: HashMap::new(),
        portals: HashMap::new(),
        in_transaction: false,
        skipping: false,
    };
    session.negotiate_version(startup);
    session.request(AuthRequest::CleartextPassword);
    session.flush()?;
    match session.read()? {
        Some((frontend::PASSWORD, _)) => seen.password = Some(channel),
        Some((frontend::TERMINATE, _)) => return Ok(End::Terminated),
        Some(_) => return session.refuse("a password was expected"),
        None => return Ok(End::HungUp),
    }
    session.welcome()?;
    loop {
        deadline.extend(IDLE);
        match session.read()? {
            None => return Ok(End::HungUp),
            Some((frontend::TERMINATE, _)) => return Ok(End::Terminated),
            Some((kind, body)) => {
                if matches!(kind, frontend::QUERY | frontend::EXECUTE) {
                    seen.queries = seen.queries.saturating_add(1);
                }
                if session.obey(kind, &body)? == Next::Break {
                    return Ok(End::ByServer);
                }
            }
        }
    }
}

struct Session<'a, S> {
    stream: &'a mut S,
    /// What will be sent with the next flush.
    reply: Vec<u8>,
    /// Prepared statements by name.
    statements: HashMap<Vec<u8>, Answer>,
    /// Bound statements by name.
    portals: HashMap<Vec<u8>, (Answer, Encoding)>,
    in_transaction: bool,
    /// After an error everything up to the next Sync is skipped.
    skipping: bool,
}

/// Whether a conversation continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Message,
    Break,
}

impl<S: Read + Write> Session<'_, S> {
    /// A message's type and body; `None` if the client has hung up between two messages.
    fn read(&mut self) -> io::Result<Option<(u8, Vec<u8>)>> {
        let mut kind = [0];
        if self.stream.read(&mut kind)? == 0 {
            return Ok(None);
        }
        let mut length = [0; LENGTH_WORD];
        self.stream.read_exact(&mut length)?;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        let Some(length @ ..=MAX_MESSAGE) = length.checked_sub(LENGTH_WORD) else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "message length"));
        };
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        let [kind] = kind;
        Ok(Some((kind, body)))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.reply)?;
        self.reply.clear();
        self.stream.flush()
    }

    fn message(&mut self, kind: u8, body: &[u8]) {
        self.reply.extend(message(kind, body));
    }

    fn request(&mut self, request: AuthRequest) {
        self.message(backend::AUTHENTICATION, &request.code().to_be_bytes());
    }

    /// Minor versions and options beyond 3.0 are declined.
    fn negotiate_version(&mut self, startup: &[u8]) {
        let minor = startup.get(2..4) != PROTOCOL_3_0.get(2..);
        let names = startup
            .get(4..)
            .unwrap_or_default()
            .split(|byte| *byte == 0);
        let unknown: Vec<&[u8]> = names
            .step_by(2)
            .filter(|name| name.starts_with(b"_pq_."))
            .collect();
        if minor || !unknown.is_empty() {
            let mut body = PROTOCOL_3_0.to_vec();
            body.extend(length_word(unknown.len()));
            for name in unknown {
                body.extend_from_slice(name);
                body.push(0);
            }
            self.message(backend::NEGOTIATE_PROTOCOL_VERSION, &body);
        }
    }

    /// Accepts the login.
    fn welcome(&mut self) -> io::Result<()> {
        self.request(AuthRequest::Ok);
        for (name, value) in PARAMETERS {
            self.message(
                backend::PARAMETER_STATUS,
                format!("{name}\0{value}\0").as_bytes(),
            );
        }
        self.message(backend::BACKEND_KEY_DATA, &[0; 8]);
        self.ready()
    }

    fn ready(&mut self) -> io::Result<()> {
        let status = if self.in_transaction { b'T' } else { b'I' };
        self.message(backend::READY_FOR_QUERY, &[status]);
        self.flush()
    }

    fn refuse(&mut self, reason: &str) -> io::Result<End> {
        let refusal = error::encode(Severity::Fatal, sqlstate::PROTOCOL_VIOLATION, reason);
        self.reply.extend(refusal);
        self.flush()?;
        Ok(End::ByServer)
    }

    /// Executes a message.
    fn obey(&mut self, kind: u8, body: &[u8]) -> io::Result<Next> {
        let obeyed = match kind {
            frontend::QUERY => return self.query(body).map(|()| Next::Message),
            frontend::SYNC => {
                self.skipping = false;
                self.portals.clear();
                return self.ready().map(|()| Next::Message);
            }
            frontend::FLUSH => return self.flush().map(|()| Next::Message),
            _ if self.skipping => return Ok(Next::Message),
            frontend::PARSE => self.parse(body),
            frontend::BIND => self.bind(body),
            frontend::DESCRIBE => self.describe(body),
            frontend::EXECUTE => self.execute(body),
            frontend::CLOSE => self.close(body),
            _ => Err(Malformed),
        };
        if obeyed.is_err() {
            self.refuse("this message is not understood here")?;
            return Ok(Next::Break);
        }
        if self.reply.len() > MAX_MESSAGE {
            self.flush()?;
        }
        Ok(Next::Message)
    }
}

/// The maximum size of a message (bytes). Health checks need a few dozen.
const MAX_MESSAGE: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::wire::postgres::frame::length_word;

    /// A client whose messages are all written in advance.
    struct Script {
        said: io::Cursor<Vec<u8>>,
        heard: Vec<u8>,
    }

    impl Read for Script {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.said.read(buffer)
        }
    }

    impl Write for Script {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.heard.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut message = vec![kind];
        message.extend(length_word(body.len() + 4));
        message.extend(body);
        message
    }

    /// Types of the messages that the server answers with, and what it recorded.
    fn converse(said: &[Vec<u8>]) -> (String, Observation, io::Result<End>) {
        let mut script = Script {
            said: io::Cursor::new(said.concat()),
            heard: Vec::new(),
        };
        let mut seen = Observation::new(1);
        let deadline = Deadline::after(Duration::from_secs(60));
        let startup = b"\0\x03\0\0user\0ann\0\0";
        let end = serve(&mut script, startup, Channel::Tls, &deadline, &mut seen);
        let mut kinds = String::new();
        let mut rest = &script.heard[..];
        while let [kind, a, b, c, d, ..] = rest {
            kinds.push(char::from(*kind));
            let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
            rest = &rest[length + 1..];
        }
        (kinds.replace(&"S".repeat(12), "S"), seen, end)
    }

    #[test]
    fn a_login_and_a_simple_query_succeed() {
        let (heard, seen, end) = converse(&[
            message(b'p', b"secret\0"),
            message(b'Q', b"SELECT 1\0"),
            message(b'X', b""),
        ]);
        assert_eq!(heard, "RRSKZTDCZ");
        assert_eq!(seen.password, Some(Channel::Tls));
        assert_eq!((seen.queries, end.unwrap()), (1, End::Terminated));
        assert!(!format!("{seen:?}").contains("secret"));
    }

    #[test]
    fn an_extended_query_succeeds() {
        let (heard, ..) = converse(&[
            message(b'p', b"\0"),
            message(b'P', b"s\0SELECT 1\0\0\0"),
            message(b'D', b"Ss\0"),
            message(b'S', b""),
            message(b'B', b"\0s\0\0\0\0\0\0\x01\0\x01"),
            message(b'E', b"\0\0\0\0\0"),
            message(b'S', b""),
        ]);
        assert_eq!(heard, "RRSKZ1tTZ2DCZ");
    }

    #[test]
    fn an_error_skips_everything_up_to_the_next_sync() {
        let (heard, ..) = converse(&[
            message(b'p', b"\0"),
            message(b'P', b"\0DROP TABLE t\0\0\0"),
            message(b'B', b"\0\0\0\0\0\0\0\0"),
            message(b'E', b"\0\0\0\0\0"),
            message(b'D', b"Snowhere\0"),
            message(b'S', b""),
        ]);
        assert_eq!(heard, "RRSKZ12EZ");
    }

    #[test]
    fn who_hangs_up_at_the_request_has_sent_no_password() {
        let (heard, seen, end) = converse(&[]);
        assert_eq!((heard.as_str(), seen.password), ("R", None));
        assert_eq!(end.unwrap(), End::HungUp);
    }

    #[test]
    fn broken_and_oversized_messages_end_the_session() {
        for broken in [
            message(b'B', b"\0s\0\xff\xff"),
            message(b'P', b"no end"),
            message(b'D', b""),
            message(b'E', b"nowhere\0"),
            message(b'?', b""),
        ] {
            let (_, _, end) = converse(&[message(b'p', b"\0"), broken.clone()]);
            assert_eq!(end.unwrap(), End::ByServer, "{broken:?}");
        }
        for length in [[0, 0, 0, 3], [0, 2, 0, 0], [0xff; 4]] {
            let broken = [b"Q", &length[..]].concat();
            let (_, _, end) = converse(&[message(b'p', b"\0"), broken]);
            assert!(end.is_err(), "{length:?}");
        }
        let names =
            (0..=queries::MAX_NAMES).map(|n| message(b'P', format!("{n}\0\0\0\0").as_bytes()));
        let said: Vec<_> = std::iter::once(message(b'p', b"\0")).chain(names).collect();
        let (_, _, end) = converse(&said);
        assert_eq!(end.unwrap(), End::ByServer);
    }
}
