//! GSSAPI encryption as it passes by: packets behind their lengths, of which nothing is kept. Pure and bounded.
//!
//! PostgreSQL's `secure_open_gssapi` in be-secure-gssapi.c and `pqsecure_open_gss` in fe-secure-gssapi.c.

use super::login::Attention;
use super::seen::{Channel, Seen, Side};
use super::units::Units;
use crate::wire::Malformed;
use crate::wire::postgres::frame::LENGTH_WORD;

/// Both directions after the server's consent. The first packet of each side is a token that sets up the keys. What the
/// application sends after the server's token is its session, which exists when the server has answered.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    application: Units<LENGTH_WORD>,
    server: Units<LENGTH_WORD>,
    progress: Progress,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Progress {
    #[default]
    Nothing,
    /// The application has sent a token.
    Offered,
    /// The server has answered with its own.
    Agreed,
    /// The application has sent something encrypted.
    Asked,
    /// The server has answered.
    Answered,
}

impl Exchange {
    /// What one side sends.
    ///
    /// # Errors
    /// If it is not such a packet.
    pub(super) fn hear(
        &mut self,
        side: Side,
        bytes: &[u8],
        seen: &mut Seen,
    ) -> Result<Attention, Malformed> {
        let progress = &mut self.progress;
        let packets = match side {
            Side::Application => &mut self.application,
            Side::Server => &mut self.server,
        };
        packets.feed(bytes, length, || *progress = progress.after(side))?;
        Ok(match self.progress {
            Progress::Answered => {
                seen.channel = Channel::Gssapi;
                Attention::Over
            }
            Progress::Nothing | Progress::Offered | Progress::Agreed | Progress::Asked => {
                Attention::Needed
            }
        })
    }
}

impl Progress {
    const fn after(self, side: Side) -> Self {
        match (self, side) {
            (Self::Nothing, Side::Application) => Self::Offered,
            (Self::Offered, Side::Server) => Self::Agreed,
            (Self::Agreed, Side::Application) => Self::Asked,
            (Self::Asked, Side::Server) => Self::Answered,
            (
                Self::Nothing | Self::Offered | Self::Agreed | Self::Asked | Self::Answered,
                Side::Application | Side::Server,
            ) => self,
        }
    }
}

/// The length of a packet that begins with this word.
fn length(word: [u8; LENGTH_WORD]) -> Result<usize, Malformed> {
    match usize::try_from(u32::from_be_bytes(word)) {
        Ok(length @ 1..=MAX_PACKET) => Ok(length),
        Ok(_) | Err(_) => Err(Malformed),
    }
}

/// `PQ_GSS_AUTH_BUFFER_SIZE`, the larger of PostgreSQL's two limits (bytes).
const MAX_PACKET: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    use Side::{Application, Server};

    const PACKET: &[u8] = b"\0\0\0\x03abc";

    fn channel(parts: &[(Side, &[u8])]) -> Result<Channel, Malformed> {
        let (mut exchange, mut seen) = (Exchange::default(), Seen::default());
        for (side, bytes) in parts {
            for byte in *bytes {
                exchange.hear(*side, &[*byte], &mut seen)?;
            }
        }
        Ok(seen.channel)
    }

    #[test]
    fn a_session_is_tokens_of_both_sides_and_packets_of_both_sides() {
        let all = [
            (Application, PACKET),
            (Server, PACKET),
            (Application, PACKET),
            (Server, PACKET),
        ];
        assert_eq!(channel(&all), Ok(Channel::Gssapi));
        for length in 0..all.len() {
            assert_eq!(channel(&all[..length]), Ok(Channel::None), "{length}");
        }
        let cut = [&all[..3], &[(Server, &PACKET[..6])]].concat();
        assert_eq!(channel(&cut), Ok(Channel::None));
    }

    #[test]
    fn other_bytes_are_not_packets() {
        for bytes in [
            &b"Q\0\0\0\x05"[..],
            b"\0\0\0\0",
            b"\0\x01\0\x01",
            b"E\0\0\0",
        ] {
            assert_eq!(
                channel(&[(Application, bytes)]),
                Err(Malformed),
                "{bytes:?}"
            );
        }
    }
}
