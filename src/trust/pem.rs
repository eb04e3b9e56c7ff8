//! PEM framing as OpenSSL's `PEM_read_bio` sees it, which is neither stricter nor laxer than what
//! decides whether libpq loads a file.

/// One `-----BEGIN X-----` block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block<'a> {
    /// The X.
    pub(super) label: &'a [u8],
    /// What stands between the BEGIN and the END line.
    pub(super) body: &'a [u8],
    /// Line of the BEGIN line, counted from 1.
    pub(super) line: usize,
}

/// A BEGIN line whose END line is missing or names something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unfinished {
    /// Line of the BEGIN line, counted from 1.
    pub(super) line: usize,
}

/// The blocks of a file, in order. Text around them is skipped, and so is a byte-order mark;
/// a BEGIN line that does not start its line is text.
pub(super) fn blocks(text: &[u8]) -> impl Iterator<Item = Result<Block<'_>, Unfinished>> {
    Blocks {
        rest: text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text),
        line: 0,
    }
}

struct Blocks<'a> {
    rest: &'a [u8],
    line: usize,
}

impl<'a> Blocks<'a> {
    /// The next line without its newline and trailing blanks, and what follows it.
    fn next_line(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self
            .rest
            .iter()
            .position(|&byte| byte == b'\n')
            .unwrap_or(self.rest.len());
        let (line, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest.get(1..).unwrap_or_default();
        self.line += 1;
        Some(trim_end(line))
    }
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Result<Block<'a>, Unfinished>;

    fn next(&mut self) -> Option<Self::Item> {
        let label = loop {
            if let Some(label) = boundary(self.next_line()?, b"-----BEGIN ") {
                break label;
            }
        };
        let line = self.line;
        let start = self.rest;
        loop {
            let unread = self.rest.len();
            let Some(text) = self.next_line() else {
                return Some(Err(Unfinished { line }));
            };
            if text.starts_with(b"-----") {
                let body = start.get(..start.len() - unread).unwrap_or_default();
                let finished = boundary(text, b"-----END ") == Some(label);
                return Some(if finished {
                    Ok(Block { label, body, line })
                } else {
                    Err(Unfinished { line })
                });
            }
        }
    }
}

fn boundary<'a>(line: &'a [u8], start: &[u8]) -> Option<&'a [u8]> {
    line.strip_prefix(start)?.strip_suffix(b"-----")
}

fn trim_end(line: &[u8]) -> &[u8] {
    let end = line
        .iter()
        .rposition(|&byte| byte > b' ')
        .map_or(0, |last| last + 1);
    line.get(..end).unwrap_or_default()
}

/// UTF-8's, which OpenSSL skips at the start of a PEM file.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &[u8]) -> Vec<Result<Vec<u8>, usize>> {
        blocks(text)
            .map(|block| {
                block
                    .map(|b| b.label.to_vec())
                    .map_err(|unfinished| unfinished.line)
            })
            .collect()
    }

    #[test]
    fn finds_blocks_among_text_with_any_line_ending() {
        let text = b"\xef\xbb\xbf-----BEGIN A-----\r\nAAAA\r\n-----END A-----  \r\ntext\n-----BEGIN B C-----\nBBBB\n-----END B C-----";
        assert_eq!(labels(text), [Ok(b"A".to_vec()), Ok(b"B C".to_vec())]);
    }

    #[test]
    fn knows_where_a_block_starts_and_what_it_holds() {
        let text = b"one\ntwo\n-----BEGIN A-----\nQUJD\nREVG\n-----END A-----\n";
        let block = blocks(text).next().unwrap().unwrap();
        assert_eq!((block.line, block.body), (3, &b"QUJD\nREVG\n"[..]));
    }

    #[test]
    fn a_block_without_its_end_line_is_unfinished() {
        for text in [
            &b"-----BEGIN A-----\nQUJD\n"[..],
            b"-----BEGIN A-----\nQUJD\n-----END B-----\n",
            b"-----BEGIN A-----\nQUJD\n-----BEGIN A-----\nQUJD\n-----END A-----\n",
            b"-----BEGIN A-----",
        ] {
            assert_eq!(
                labels(text).first(),
                Some(&Err(1)),
                "{}",
                text.escape_ascii()
            );
        }
    }

    #[test]
    fn an_indented_block_is_text() {
        assert_eq!(
            labels(b"  -----BEGIN A-----\n  QUJD\n  -----END A-----\n"),
            []
        );
    }
}
