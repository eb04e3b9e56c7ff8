//! Checks of the ServerHello that libpq's TLS library makes and rustls does not.

use super::Error;
use crate::wire::tls::TlsVersion;
use crate::wire::tls::reply::{MAX_REPLY, Step, Want, read};

/// Reads the server's first bytes until its ServerHello is complete.
#[derive(Debug, Default)]
pub(crate) struct ServerHelloCheck {
    /// What has arrived; dropped when the ServerHello is known.
    heard: Vec<u8>,
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Listening,
    /// The ServerHello is one that libpq accepts, or the bytes are something that rustls refuses.
    Settled,
}

impl ServerHelloCheck {
    /// Takes what arrives, before rustls does.
    ///
    /// # Errors
    /// [`Error::InsecureRenegotiation`] if the server chooses TLS 1.2 and does not answer the
    /// renegotiation_info that every client sends. OpenSSL 3.0 and newer then end the handshake
    /// (`final_renegotiate` in `ssl/statem/extensions.c`).
    pub(crate) fn hear(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if matches!(self.state, State::Settled) {
            return Ok(());
        }
        let room = MAX_REPLY.saturating_sub(self.heard.len());
        self.heard.extend(bytes.iter().take(room));
        match read(&self.heard, Want::Hello) {
            Step::More => Ok(()),
            Step::Chosen(chosen)
                if chosen.version < TlsVersion::V1_3.number() && !chosen.renegotiation_info =>
            {
                Err(Error::InsecureRenegotiation)
            }
            Step::Chosen(_) | Step::Alert(_) | Step::Malformed => {
                self.state = State::Settled;
                self.heard = Vec::new();
                Ok(())
            }
        }
    }
}

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
        }
    }
}
