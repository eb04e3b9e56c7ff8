//! Checks of the ServerHello that libpq's TLS library makes and rustls does not.

use super::Error;
use crate::wire::tls::TlsVersion;
use crate::wire::tls::reply::{Step, Want, read};

/// Reads the server's first bytes until its ServerHello is complete.
#[derive(Debug, Default)]
pub(crate) struct ServerHelloCheck {
    /// What has arrived; dropped when the ServerHello is known.
    heard: Vec<u8>,
    state: State,
    /// The suite that the server chose, as soon as its ServerHello is complete.
    suite: Option<u16>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Listening,
    /// libpq accepts the ServerHello.
    Accepted,
    /// The server refuses, or the bytes are not a ServerHello. rustls then ends the handshake, with the
    /// better error.
    Unreadable,
}

impl ServerHelloCheck {
    /// Takes what arrives, before rustls does.
    ///
    /// # Errors
    /// [`Error::InsecureRenegotiation`] if the server chooses TLS 1.2 and does not answer the
    /// renegotiation_info that every client sends. OpenSSL 3.0 and newer then end the handshake
    /// (`final_renegotiate` in `ssl/statem/extensions.c`). [`Error::TooMuch`] if it is too large.
    pub(crate) fn hear(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.state != State::Listening {
            return Ok(());
        }
        self.heard.extend(bytes);
        let step = read(&self.heard, Want::Hello);
        if let Step::Chosen(chosen) = &step {
            self.suite = Some(chosen.suite);
        }
        self.state = match step {
            // Every piece that arrives is read together with those before it.
            Step::More if self.heard.len() > MAX_SERVER_HELLO => return Err(Error::TooMuch),
            Step::More => return Ok(()),
            Step::Chosen(chosen)
                if chosen.version < TlsVersion::V1_3.number() && !chosen.renegotiation_info =>
            {
                return Err(Error::InsecureRenegotiation);
            }
            Step::Chosen(_) => State::Accepted,
            Step::Alert(_) | Step::Malformed => State::Unreadable,
        };
        self.heard = Vec::new();
        Ok(())
    }

    /// The suite that the server chose.
    pub(crate) fn suite(&self) -> Option<u16> {
        self.suite
    }

    /// To be asked when rustls has finished the handshake: a ServerHello that was not checked must not pass.
    ///
    /// # Errors
    /// [`Error::Misbehaved`] if no ServerHello could be read. rustls accepts record versions that we do not.
    pub(crate) fn accepted(&self) -> Result<(), Error> {
        match self.state {
            State::Accepted => Ok(()),
            State::Listening | State::Unreadable => Err(Error::Misbehaved(
                "its ServerHello cannot be read".to_owned(),
            )),
        }
    }
}

/// With every extension that a client may be answered, a post-quantum key share included, it has some
/// 1,300 bytes.
const MAX_SERVER_HELLO: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::tls::record;

    /// A ServerHello with these extensions, each after its kind and length.
    fn hello(extensions: &[u8]) -> Vec<u8> {
        let mut body = [&[3, 3][..], &[9; 32], &[0, 0xc0, 0x2f, 0]].concat();
        body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
        body.extend(extensions);
        let [_, length @ ..] = u32::try_from(body.len()).unwrap().to_be_bytes();
        let message = [&[2][..], &length, &body].concat();
        record::encode(record::HANDSHAKE, TlsVersion::V1_2, &message)
    }

    #[test]
    fn tls_1_2_must_answer_renegotiation_info_with_an_empty_value() {
        let empty = [0xff, 1, 0, 1, 0];
        let filled = [0xff, 1, 0, 2, 1, 7];
        let tls13 = [0, 43, 0, 2, 3, 4];
        for (extensions, accepted) in [
            (&empty[..], true),
            (&filled, false),
            (&[0, 35, 0, 0], false),
            (&tls13, true),
        ] {
            let mut check = ServerHelloCheck::default();
            // Byte by byte: the answer may come in pieces of any size.
            let heard = hello(extensions);
            let result = heard.iter().try_for_each(|byte| check.hear(&[*byte]));
            assert_eq!(result.is_ok(), accepted, "{extensions:?}");
            assert_eq!(check.accepted().is_ok(), accepted, "{extensions:?}");
            assert_eq!(check.suite(), Some(0xc02f), "{extensions:?}");
        }
    }

    #[test]
    fn a_server_hello_that_was_not_read_does_not_pass() {
        let mut odd = hello(&[0, 35, 0, 0]);
        // A minor version that rustls accepts in the header of a record.
        odd[2] = 5;
        let whole = hello(&[0xff, 1, 0, 1, 0]);
        for bytes in [&[][..], &odd, &whole[..whole.len() - 1], b"HTTP/1.1 400"] {
            let mut check = ServerHelloCheck::default();
            check.hear(bytes).unwrap();
            assert!(check.accepted().is_err(), "{bytes:?}");
            assert_eq!(check.suite(), None, "{bytes:?}");
        }
    }

    #[test]
    fn a_server_hello_without_end_is_refused() {
        let mut check = ServerHelloCheck::default();
        // Records of a message that says that it has 16 MiB.
        let record =
            |contents: &[u8]| record::encode(record::HANDSHAKE, TlsVersion::V1_2, contents);
        check.hear(&record(&[2, 0xff, 0xff, 0xff])).unwrap();
        let more = record(&[0; 1000]);
        let refused = (0..100).find_map(|_| check.hear(&more).err());
        assert!(matches!(refused, Some(Error::TooMuch)), "{refused:?}");
    }
}
