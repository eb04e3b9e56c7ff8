//! Messages: a byte for the kind, a length word that includes itself, and the contents.
//!
//! PostgreSQL documentation, "Message Formats".

use crate::wire::Malformed;

/// Kinds of messages that a server sends.
pub mod backend {
    /// Authentication*: a request, or acceptance.
    pub const AUTHENTICATION: u8 = b'R';
    /// BackendKeyData.
    pub const BACKEND_KEY_DATA: u8 = b'K';
    /// BindComplete.
    pub const BIND_COMPLETE: u8 = b'2';
    /// CloseComplete.
    pub const CLOSE_COMPLETE: u8 = b'3';
    /// CommandComplete.
    pub const COMMAND_COMPLETE: u8 = b'C';
    /// DataRow.
    pub const DATA_ROW: u8 = b'D';
    /// EmptyQueryResponse.
    pub const EMPTY_QUERY_RESPONSE: u8 = b'I';
    /// ErrorResponse.
    pub const ERROR_RESPONSE: u8 = b'E';
    /// NegotiateProtocolVersion.
    pub const NEGOTIATE_PROTOCOL_VERSION: u8 = b'v';
    /// NoData.
    pub const NO_DATA: u8 = b'n';
    /// ParameterDescription.
    pub const PARAMETER_DESCRIPTION: u8 = b't';
    /// ParameterStatus.
    pub const PARAMETER_STATUS: u8 = b'S';
    /// ParseComplete.
    pub const PARSE_COMPLETE: u8 = b'1';
    /// ReadyForQuery.
    pub const READY_FOR_QUERY: u8 = b'Z';
    /// RowDescription.
    pub const ROW_DESCRIPTION: u8 = b'T';
}

/// Kinds of messages that a client sends.
pub mod frontend {
    /// Bind.
    pub const BIND: u8 = b'B';
    /// Close.
    pub const CLOSE: u8 = b'C';
    /// Describe.
    pub const DESCRIBE: u8 = b'D';
    /// Execute.
    pub const EXECUTE: u8 = b'E';
    /// Flush.
    pub const FLUSH: u8 = b'H';
    /// Parse.
    pub const PARSE: u8 = b'P';
    /// PasswordMessage, and the messages of SASL and GSSAPI.
    pub const PASSWORD: u8 = b'p';
    /// Query.
    pub const QUERY: u8 = b'Q';
    /// Sync.
    pub const SYNC: u8 = b'S';
    /// Terminate.
    pub const TERMINATE: u8 = b'X';
}

/// A whole Terminate message.
pub const TERMINATE: [u8; 5] = [frontend::TERMINATE, 0, 0, 0, 4];

/// Bytes of the length word.
pub const LENGTH_WORD: usize = 4;

/// A message of this kind. pgtls sends no message that is too long for its length word.
pub fn message(kind: u8, contents: &[u8]) -> Vec<u8> {
    let length = length_word(contents.len().saturating_add(LENGTH_WORD));
    [&[kind], &length[..], contents].concat()
}

/// A length, as encoded in messages.
pub fn length_word(length: usize) -> [u8; LENGTH_WORD] {
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
}

/// Splits what a server sends into messages, in whatever pieces it arrives. Keeps the contents of
/// [`backend::AUTHENTICATION`], [`backend::ERROR_RESPONSE`] and [`backend::NEGOTIATE_PROTOCOL_VERSION`], and the start
/// of [`backend::BACKEND_KEY_DATA`]; all others are skipped.
#[derive(Debug, Default)]
pub struct Frames {
    kind: Option<u8>,
    /// The length word and the contents, of messages that are kept.
    body: Vec<u8>,
    /// Bytes that are still to come; known after the length word.
    left: Option<usize>,
}

impl Frames {
    /// Takes in some bytes and calls `each` with kind and body (length word included) of every
    /// message that ends in them.
    ///
    /// # Errors
    /// [`Malformed`] for a length that libpq would not accept, before any of it is kept; or the
    /// error of `each`.
    pub fn feed<E: From<Malformed>>(
        &mut self,
        bytes: &[u8],
        each: impl FnMut(u8, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.split(bytes, |_, _| (), each)
    }

    /// The same, and calls `piece` with every piece of a message, its kind included, and that kind.
    ///
    /// # Errors
    /// Those of [`Frames::feed`].
    pub fn split<E: From<Malformed>>(
        &mut self,
        bytes: &[u8],
        mut piece: impl FnMut(u8, &[u8]),
        mut each: impl FnMut(u8, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rest = bytes;
        while let Some((first, behind)) = rest.split_first() {
            let Some(kind) = self.kind else {
                self.kind = Some(*first);
                piece(*first, &[*first]);
                rest = behind;
                continue;
            };
            let wanted = self
                .left
                .unwrap_or_else(|| LENGTH_WORD.saturating_sub(self.body.len()));
            let (part, behind) = rest.split_at_checked(wanted).unwrap_or((rest, &[]));
            rest = behind;
            piece(kind, part);
            let wanted = match self.left {
                None => LENGTH_WORD,
                Some(_) => kept(kind),
            };
            let room = wanted.saturating_sub(self.body.len()).min(part.len());
            self.body
                .extend_from_slice(part.get(..room).unwrap_or_default());
            match self.left {
                Some(left) => self.left = Some(left.saturating_sub(part.len())),
                None => self.left = self.length(kind)?,
            }
            if self.left == Some(0) {
                each(kind, &self.body)?;
                *self = Self::default();
            }
        }
        Ok(())
    }

    /// What follows the length word, once that is complete.
    fn length(&self, kind: u8) -> Result<Option<usize>, Malformed> {
        let Some(word) = self.body.first_chunk::<LENGTH_WORD>() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes(*word)).unwrap_or(usize::MAX);
        match (kind, length) {
            // The bounds of `PQconnectPoll`.
            (backend::AUTHENTICATION | backend::NEGOTIATE_PROTOCOL_VERSION, 8..=2_000)
            | (backend::ERROR_RESPONSE, 4..=30_000) => {}
            (
                backend::AUTHENTICATION
                | backend::NEGOTIATE_PROTOCOL_VERSION
                | backend::ERROR_RESPONSE,
                _,
            )
            | (_, 0..LENGTH_WORD) => {
                return Err(Malformed);
            }
            _ => {}
        }
        Ok(Some(length.saturating_sub(LENGTH_WORD)))
    }
}

/// How much of a message is kept, its length word included (bytes).
const fn kept(kind: u8) -> usize {
    match kind {
        // Their length is checked.
        backend::AUTHENTICATION | backend::NEGOTIATE_PROTOCOL_VERSION | backend::ERROR_RESPONSE => {
            usize::MAX
        }
        // The number of the process. What follows is secret.
        backend::BACKEND_KEY_DATA => LENGTH_WORD + 4,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(bytes: &[u8], size: usize) -> Result<Vec<(u8, Vec<u8>)>, Malformed> {
        let mut frames = Frames::default();
        let mut found = Vec::new();
        for chunk in bytes.chunks(size) {
            frames.feed(chunk, |kind, body| {
                found.push((kind, body.to_vec()));
                Ok::<_, Malformed>(())
            })?;
        }
        Ok(found)
    }

    #[test]
    fn messages_are_cut_wherever_the_reads_fall() {
        let bytes = b"R\0\0\0\x08\0\0\0\0S\0\0\0\x08a\0b\0Z\0\0\0\x05IE\0\0\0\x08Mx\0\0C\0\0\0\x04";
        for size in 1..=bytes.len() {
            let found = cut(bytes, size).unwrap();
            let kinds: Vec<u8> = found.iter().map(|(kind, _)| *kind).collect();
            assert_eq!(kinds, b"RSZEC", "{size}");
            assert_eq!(found[0].1, b"\0\0\0\x08\0\0\0\0", "{size}");
            assert_eq!(found[1].1, b"\0\0\0\x08", "what is not read is not kept");
            assert_eq!(found[3].1, b"\0\0\0\x08Mx\0\0", "{size}");
        }
    }

    #[test]
    fn of_a_key_only_the_process_is_kept() {
        let bytes = b"K\0\0\0\x0c\0\x01\x02\x03keyyZ\0\0\0\x05I";
        for size in 1..=bytes.len() {
            let found = cut(bytes, size).unwrap();
            assert_eq!(
                found[0],
                (b'K', b"\0\0\0\x0c\0\x01\x02\x03".to_vec()),
                "{size}"
            );
            assert_eq!(found[1].0, b'Z', "{size}");
        }
    }

    #[test]
    fn every_byte_is_a_piece_of_its_message() {
        let bytes = b"v\0\0\0\x0c\0\x03\0\0\0\0\0\0R\0\0\0\x08\0\0\0\0K\0\0\0\x0c\0\x01\x02\x03keyyZ\0\0\0\x05I";
        for size in 1..=bytes.len() {
            let mut frames = Frames::default();
            let (mut passed, mut others) = (Vec::new(), 0);
            for chunk in bytes.chunks(size) {
                let piece = |kind: u8, piece: &[u8]| match kind {
                    b'R' | b'Z' => passed.extend_from_slice(piece),
                    _ => others += piece.len(),
                };
                frames
                    .split(chunk, piece, |_, _| Ok::<_, Malformed>(()))
                    .unwrap();
            }
            assert_eq!(passed, b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I", "{size}");
            assert_eq!(passed.len() + others, bytes.len(), "{size}");
        }
    }

    #[test]
    fn a_part_of_a_message_is_none() {
        let bytes = message(backend::ERROR_RESPONSE, b"Mx\0\0");
        for end in 0..bytes.len() {
            assert_eq!(cut(&bytes[..end], 2), Ok(Vec::new()), "{end}");
        }
    }

    #[test]
    fn lengths_that_libpq_refuses_are_refused_before_anything_is_kept() {
        for bytes in [
            &b"R\0\0\0\x07"[..],
            b"R\0\0\x10\0",
            b"R\x7f\xff\xff\xff",
            b"v\x7f\xff\xff\xff",
            b"E\x7f\xff\xff\xff",
            b"E\xff\xff\xff\xff",
            b"S\0\0\0\x03",
            b"S\0\0\0\0",
        ] {
            assert_eq!(cut(bytes, 3), Err(Malformed), "{bytes:?}");
        }
        assert_eq!(cut(b"D\x7f\xff\xff\xffabc", 4), Ok(Vec::new()));
    }

    #[test]
    fn a_message_is_cut_as_it_was_made() {
        let bytes = message(backend::AUTHENTICATION, &[0; 4]);
        let body = b"\0\0\0\x08\0\0\0\0".to_vec();
        assert_eq!(cut(&bytes, 1), Ok(vec![(b'R', body)]));
        assert_eq!(TERMINATE[..], message(frontend::TERMINATE, b""));
    }

    proptest! {
        #[test]
        fn hostile_streams_keep_no_more_than_was_sent(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            size in 1_usize..50,
        ) {
            let mut frames = Frames::default();
            for chunk in bytes.chunks(size) {
                if frames.feed(chunk, |_, _| Ok::<_, Malformed>(())).is_err() {
                    break;
                }
                prop_assert!(frames.body.len() <= bytes.len());
            }
        }
    }
}
