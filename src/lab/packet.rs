//! The start of a connection: a packet without a kind, or a TLS record.

use std::io::{self, Read};

use crate::wire::postgres::startup::{self, MAX_PACKET};
use crate::wire::tls::record;

/// What a client sends first.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Packet {
    /// It has hung up.
    Nothing,
    /// The first byte of a TLS record; the rest is still to be read.
    Tls,
    SslRequest,
    GssencRequest,
    CancelRequest,
    /// With its version and what follows it.
    Startup(Vec<u8>),
    /// Not from a client, but from the lab itself: see [`BARRIER`].
    Barrier,
    Nonsense,
}

/// Reads one.
///
/// # Errors
/// If the connection breaks.
pub(super) fn read(stream: &mut impl Read) -> io::Result<Packet> {
    let mut first = [0];
    if stream.read(&mut first)? == 0 {
        return Ok(Packet::Nothing);
    }
    if first == [record::HANDSHAKE] {
        return Ok(Packet::Tls);
    }
    let mut rest = [0; 3];
    stream.read_exact(&mut rest)?;
    let ([a], [b, c, d]) = (first, rest);
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    if !(8..=MAX_PACKET).contains(&length) {
        return Ok(Packet::Nonsense);
    }
    let mut body = vec![0; length.saturating_sub(4)];
    stream.read_exact(&mut body)?;
    Ok(match startup::Packet::decode(&body) {
        Some(startup::Packet::SslRequest) => Packet::SslRequest,
        Some(startup::Packet::GssencRequest) => Packet::GssencRequest,
        Some(startup::Packet::CancelRequest) => Packet::CancelRequest,
        Some(startup::Packet::Startup) => Packet::Startup(body),
        None if body == BARRIER => Packet::Barrier,
        None => Packet::Nonsense,
    })
}

/// Connections are accepted in the order in which they came. An answer to this one means that all
/// earlier ones are being served.
pub(super) const BARRIER: [u8; 4] = [0x7e, 0x70, 0x67, 0x6c];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_packets_are_distinguished() {
        let packets: [(&[u8], Packet); 10] = [
            (b"", Packet::Nothing),
            (b"\x16\x03\x01", Packet::Tls),
            (b"\0\0\0\x08\x04\xd2\x16\x2f", Packet::SslRequest),
            (b"\0\0\0\x08\x04\xd2\x16\x30", Packet::GssencRequest),
            (b"\0\0\0\x10\x04\xd2\x16\x2e12345678", Packet::CancelRequest),
            (
                b"\0\0\0\x09\0\x03\0\0\0",
                Packet::Startup(b"\0\x03\0\0\0".to_vec()),
            ),
            (b"GET / HTTP/1.1", Packet::Nonsense),
            (b"\0\0\0\x07", Packet::Nonsense),
            (b"\0\0\x27\x11", Packet::Nonsense),
            (b"\0\0\0\x08\xff\xff\xff\xff", Packet::Nonsense),
        ];
        for (bytes, expected) in packets {
            assert_eq!(read(&mut { bytes }).unwrap(), expected, "{bytes:?}");
        }
        assert!(read(&mut &b"\0\0\0\x08\x04"[..]).is_err());
    }
}
