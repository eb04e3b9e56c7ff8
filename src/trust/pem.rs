//! PEM blocks, split and decoded as OpenSSL's `PEM_read_bio` does it (crypto/pem/pem_lib.c).
//!
//! Existing parsers know neither `Proc-Type` headers nor all of OpenSSL's labels. They also treat
//! spaces, broken blocks and text between blocks differently.

use data_encoding::BASE64;
use memchr::{memchr, memchr2, memmem};

/// One block between `-----BEGIN` and `-----END`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block<'a> {
    /// `CERTIFICATE` in `-----BEGIN CERTIFICATE-----`.
    pub(crate) label: &'a [u8],
    /// The lines before the empty line, if there is one (RFC 1421 section 4.6).
    pub(crate) header: Vec<&'a [u8]>,
    /// The decoded contents.
    pub(crate) contents: Vec<u8>,
    /// Of the BEGIN line, counted from 1.
    pub(crate) line: usize,
}

/// What is wrong with a block. `line` counts from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PemFault {
    /// The file ends inside the block.
    #[error("the block that begins on line {line} has no END line")]
    NoEnd {
        /// Of the BEGIN line.
        line: usize,
    },
    /// A BEGIN follows on the END line, as after `cat` of a file without a final line break.
    #[error("END and BEGIN are on the same line {line}: a line break is missing between them")]
    Glued {
        /// Of the END line.
        line: usize,
    },
    /// The END line has another label than the BEGIN line.
    #[error("the END on line {line} does not match its BEGIN line")]
    WrongEnd {
        /// Of the END line.
        line: usize,
    },
    /// After a header: a second empty line, or lines of uneven length.
    #[error("line {line} is not valid in an encrypted block")]
    Layout {
        /// Of the line that does not fit.
        line: usize,
    },
    /// The contents are not base64.
    #[error("the block that begins on line {line} is not valid base64")]
    Base64 {
        /// Of the BEGIN line.
        line: usize,
    },
}

/// One block, in lines of 64 characters as OpenSSL writes them.
pub fn encode_pem(label: &str, contents: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in contents.chunks(48) {
        BASE64.encode_append(line, &mut text);
        text.push('\n');
    }
    text + &format!("-----END {label}-----\n")
}

/// The blocks of `text` in order. A broken block does not end the sequence: some of OpenSSL's
/// readers continue after it, others give up.
pub(crate) fn blocks(text: &[u8]) -> Blocks<'_> {
    Blocks {
        lines: Lines {
            rest: Some(text),
            number: 0,
            begins_line: true,
        },
    }
}

/// An iterator over blocks; made by [`blocks`].
pub(crate) struct Blocks<'a> {
    lines: Lines<'a>,
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Result<Block<'a>, PemFault>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut first = true;
        loop {
            let mut line = self.lines.next()?;
            if std::mem::take(&mut first) {
                line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
            }
            if let Some(label) = label(line, BEGIN) {
                return Some(self.block(label));
            }
        }
    }
}

impl<'a> Blocks<'a> {
    fn block(&mut self, label_of_begin: &'a [u8]) -> Result<Block<'a>, PemFault> {
        let begin = self.lines.number;
        let mut header = Vec::new();
        let mut data = Vec::new();
        let mut has_header = false;
        let mut ended = false;
        loop {
            let Some(line) = self.lines.next() else {
                return Err(PemFault::NoEnd { line: begin });
            };
            let number = self.lines.number;
            if line.is_empty() {
                if has_header {
                    return Err(PemFault::Layout { line: number });
                }
                has_header = true;
                header = std::mem::take(&mut data);
                continue;
            }
            if line.starts_with(b"-----END ") {
                if label(line, b"-----END ") == Some(label_of_begin) {
                    break;
                }
                return Err(if memmem::find(line, BEGIN).is_some() {
                    PemFault::Glued { line: number }
                } else {
                    PemFault::WrongEnd { line: number }
                });
            }
            // After a header, only the last line may be shorter than the usual 64.
            if ended || (has_header && line.len() > 64) {
                return Err(PemFault::Layout { line: number });
            }
            ended = has_header && line.len() < 64;
            data.push(line);
        }
        // If there is a colon, everything before an empty line is a header.
        if !has_header && data.iter().any(|line| line.contains(&b':')) {
            return Err(PemFault::Base64 { line: begin });
        }
        let contents = base64(&data).ok_or(PemFault::Base64 { line: begin })?;
        Ok(Block {
            label: label_of_begin,
            header,
            contents,
            line: begin,
        })
    }
}

/// The text between `start` and the final dashes.
fn label<'a>(line: &'a [u8], start: &[u8]) -> Option<&'a [u8]> {
    line.strip_prefix(start)?.strip_suffix(b"-----")
}

/// White space is ignored, and a dash ends the text (`EVP_DecodeUpdate`).
fn base64(lines: &[&[u8]]) -> Option<Vec<u8>> {
    let mut text = lines.concat();
    text.truncate(memchr(b'-', &text).unwrap_or(text.len()));
    text.retain(|byte| !byte.is_ascii_whitespace());
    let padding = memchr(b'=', &text).and_then(|start| text.get(start..));
    // The crate would accept several padded texts in a row.
    if padding.is_some_and(|padding| padding.iter().any(|byte| *byte != b'=')) {
        return None;
    }
    BASE64.decode(&text).ok()
}

/// Lines without their ends and without the spaces and control characters before those. OpenSSL's
/// file BIO reads them as C strings: a NUL ends a line early, and at the start of a line it ends
/// the file.
struct Lines<'a> {
    rest: Option<&'a [u8]>,
    /// Number of the line that was read last, counted from 1.
    number: usize,
    /// Is the next piece the start of a line, not the rest of a long one?
    begins_line: bool,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let rest = self.rest.filter(|rest| !rest.is_empty())?;
            let (piece, behind) = rest.split_at(length_of_piece(rest));
            let end = memchr2(0, b'\n', piece).unwrap_or(piece.len());
            let line = piece.get(..end)?;
            if line.is_empty() && piece.first() == Some(&0) {
                self.rest = None;
                return None;
            }
            self.rest = Some(behind);
            let begins_line = self.begins_line;
            self.begins_line = piece.ends_with(b"\n");
            if begins_line {
                self.number = self.number.saturating_add(1);
            }
            let blanks = line.iter().rev().take_while(|byte| **byte <= b' ').count();
            let line = line.get(..line.len().saturating_sub(blanks))?;
            // The end of a long line is not an empty line.
            if begins_line || !line.is_empty() {
                return Some(line);
            }
        }
    }
}

/// OpenSSL reads lines into a buffer. What does not fit becomes the next line.
fn length_of_piece(text: &[u8]) -> usize {
    let longest = text.get(..MAX_PIECE).unwrap_or(text);
    memchr(b'\n', longest).map_or(longest.len(), |end| end.saturating_add(1))
}

/// What fits into the buffer before its final NUL (`LINESIZE` in crypto/pem/pem_lib.c).
const MAX_PIECE: usize = 254;

/// How a block starts.
const BEGIN: &[u8] = b"-----BEGIN ";

/// The UTF-8 byte-order mark, which OpenSSL skips at the start of a PEM file.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[cfg(test)]
mod tests {
    use super::*;

    /// Label, lines of the header, contents.
    type Read = Result<(String, usize, Vec<u8>), PemFault>;

    fn read(text: &str) -> Vec<Read> {
        blocks(text.as_bytes())
            .map(|block| {
                let block = block?;
                Ok((
                    String::from_utf8_lossy(block.label).into(),
                    block.header.len(),
                    block.contents,
                ))
            })
            .collect()
    }

    fn good(label: &str, header: usize, contents: &[u8]) -> Read {
        Ok((label.to_owned(), header, contents.to_vec()))
    }

    #[test]
    fn a_block_is_found_in_any_surrounding_text() {
        let a = [good("A", 0, b"hello")];
        for text in [
            "-----BEGIN A-----\naGVsbG8=\n-----END A-----\n",
            "-----BEGIN A-----\naGVsbG8=\n-----END A-----",
            "-----BEGIN A-----\r\naGVsbG8=\r\n-----END A-----\r\n",
            "-----BEGIN A-----  \naGVsbG8= \t\n-----END A-----\t \n",
            "\u{feff}-----BEGIN A-----\naGVsbG8=\n-----END A-----\n",
            "some\ntext: here\n\n-----BEGIN A-----\naGVsbG8=\n-----END A-----\nand there\n",
            "-----BEGIN A-----\n\naGVsbG8=\n-----END A-----\n",
            "-----BEGIN A-----\naGV\nsbG 8=\n-----END A-----\n",
            "-----BEGIN A-----\naGVsbG8=\n-----BEGIN B-----\n!\n-----END A-----\n",
            " -----BEGIN B-----\naGVsbG8=\n-----END B-----\n-----BEGIN A-----\naGVsbG8=\n-----END A-----\n",
        ] {
            assert_eq!(read(text), a, "{text}");
        }
        for text in [
            "",
            "text",
            "----BEGIN A-----\n",
            "-----BEGIN A----\n",
            " -----BEGIN A-----\n",
            "\n\n\n",
        ] {
            assert_eq!(read(text), [], "{text}");
        }
    }

    #[test]
    fn a_broken_block_is_reported_with_its_line_and_the_next_one_is_read() {
        let next = "-----BEGIN A-----\naGVsbG8=\n-----END A-----\n";
        let long = "A".repeat(68);
        for (text, fault) in [
            (
                "\n-----BEGIN B-----\naGVsbG8=\n-----END A-----\n",
                PemFault::WrongEnd { line: 4 },
            ),
            (
                "-----BEGIN B-----\naGVsbG8=\n-----END B----------BEGIN C-----\naGVsbG8=\n-----END C-----\n",
                PemFault::Glued { line: 3 },
            ),
            (
                "-----BEGIN B-----\naGVsbG8=\n-----END B----\n",
                PemFault::WrongEnd { line: 3 },
            ),
            (
                "-----BEGIN B-----\naGVsb?8=\n-----END B-----\n",
                PemFault::Base64 { line: 1 },
            ),
            (
                "-----BEGIN B-----\naGVsbG8\n-----END B-----\n",
                PemFault::Base64 { line: 1 },
            ),
            (
                "-----BEGIN B-----\naGVsbG8=\naGVsbG8=\n-----END B-----\n",
                PemFault::Base64 { line: 1 },
            ),
            (
                &format!("-----BEGIN B-----\nX: y\n\n{long}\n-----END B-----\n"),
                PemFault::Layout { line: 4 },
            ),
            (
                "-----BEGIN B-----\nX: y\n\naGVs\nbG8=\n-----END B-----\n",
                PemFault::Layout { line: 5 },
            ),
            (
                "-----BEGIN B-----\nX: y\n\n\nbG8=\n-----END B-----\n",
                PemFault::Layout { line: 4 },
            ),
        ] {
            assert_eq!(
                read(&format!("{text}{next}")),
                [Err(fault), good("A", 0, b"hello")],
                "{text}"
            );
        }
        for text in [
            "-----BEGIN A-----",
            "-----BEGIN A-----\naGVsbG8=\n",
            "-----BEGIN A-----\n -----END A-----",
        ] {
            assert_eq!(read(text), [Err(PemFault::NoEnd { line: 1 })], "{text}");
        }
    }

    #[test]
    fn a_nul_ends_a_line_and_at_its_start_the_file() {
        let a = "-----BEGIN A-----\naGVsbG8=\n-----END A-----\n";
        let one = [good("A", 0, b"hello")];
        assert_eq!(read(&format!("\0\n{a}")), []);
        assert_eq!(read(&format!("text\0\n{a}")), one);
        assert_eq!(read(&format!("{a}\0\n{a}")), one);
        assert_eq!(read(&a.replace("=\n", "=\0!\n")), one);
        assert_eq!(
            read(&a.replacen("\n", "\n\0\n", 1)),
            [Err(PemFault::NoEnd { line: 1 })]
        );
    }

    #[test]
    fn a_long_line_is_read_in_pieces() {
        let long = "x".repeat(MAX_PIECE);
        let a = "-----BEGIN A-----\naGVsbG8=\n-----END A-----\n";
        // The BEGIN line follows in the same line, but in the next piece.
        assert_eq!(read(&format!("{long}{a}")), [good("A", 0, b"hello")]);
        let label = "B".repeat(MAX_PIECE);
        let text = format!("-----BEGIN {label}-----\naGVsbG8=\n-----END {label}-----\n");
        assert_eq!(read(&text), []);
        for bytes in [900, MAX_PIECE * 3 / 2] {
            let contents = vec![7; bytes];
            let data = BASE64.encode(&contents);
            let text = format!("-----BEGIN A-----\n{data}\n-----END A-----\n");
            assert_eq!(read(&text), [good("A", 0, &contents)]);
        }
        let text = format!("{long}{long}\n{}", a.replace('=', "!"));
        assert_eq!(read(&text), [Err(PemFault::Base64 { line: 2 })]);
    }

    #[test]
    fn a_header_is_kept_apart_from_the_contents() {
        let text = "-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: X,00\n\naGVsbG8=\n-----END A-----\n";
        assert_eq!(read(text), [good("A", 2, b"hello")]);
        let block = blocks(text.as_bytes()).next().unwrap().unwrap();
        assert_eq!(
            block.header,
            [&b"Proc-Type: 4,ENCRYPTED"[..], b"DEK-Info: X,00"]
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic_or_loop_endlessly(
            parts in proptest::collection::vec(proptest::sample::select(vec![
                "-----BEGIN ", "-----END ", "A", "-----", "\n", "\r\n", "aGVsbG8=", ":", " ", "\u{feff}",
            ]), 0..40)
        ) {
            let text = parts.concat();
            assert!(blocks(text.as_bytes()).count() <= text.len());
        }
    }
}
