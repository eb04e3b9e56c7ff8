//! Reads numbers, strings and vectors from the front of some bytes, and writes them.

/// What is left to read. Each method takes its part, or returns `None` if there is too little.
/// After `None` the rest has no meaning: the caller stops.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// A number of three bytes, such as the length of a TLS handshake message.
    pub(crate) fn u24(&mut self) -> Option<u32> {
        let [high, middle, low] = self.array()?;
        Some(u32::from_be_bytes([0, high, middle, low]))
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// Bytes after their count in one byte.
    pub(crate) fn block8(&mut self) -> Option<&'a [u8]> {
        let length = self.u8()?;
        self.take(usize::from(length))
    }

    /// Bytes after their count in two bytes.
    pub(crate) fn block16(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    /// Bytes up to a zero, which is consumed, too.
    pub(crate) fn string(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let string = self.take(end)?;
        self.u8()?;
        Some(string)
    }
}

/// Bytes after their count in one byte. What is too long for it is cut.
pub(crate) fn block8(contents: &[u8]) -> Vec<u8> {
    let length = u8::try_from(contents.len()).unwrap_or(u8::MAX);
    let contents = contents.get(..usize::from(length)).unwrap_or(contents);
    [&[length][..], contents].concat()
}

/// Bytes after their count in two bytes. What is too long for it is cut.
pub(crate) fn block16(contents: &[u8]) -> Vec<u8> {
    let length = u16::try_from(contents.len()).unwrap_or(u16::MAX);
    let contents = contents.get(..usize::from(length)).unwrap_or(contents);
    [&length.to_be_bytes()[..], contents].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_taken_in_their_order() {
        let mut fields = Fields(b"\x01\x00\x02\x00\x00\x03\x00\x00\x00\x04\x01a\x00\x02bcde\0f");
        assert_eq!(fields.u8(), Some(1));
        assert_eq!(fields.u16(), Some(2));
        assert_eq!(fields.u24(), Some(3));
        assert_eq!(fields.u32(), Some(4));
        assert_eq!(fields.block8(), Some(&b"a"[..]));
        assert_eq!(fields.block16(), Some(&b"bc"[..]));
        assert_eq!(fields.string(), Some(&b"de"[..]));
        assert_eq!(fields.0, b"f");
    }

    #[test]
    fn what_is_missing_is_not_read_and_what_is_too_long_is_cut() {
        assert_eq!(Fields(b"").u8(), None);
        assert_eq!(Fields(b"\0").u16(), None);
        assert_eq!(Fields(b"\0\0").u24(), None);
        assert_eq!(Fields(b"\0\0\0").u32(), None);
        assert_eq!(Fields(b"\x02a").block8(), None);
        assert_eq!(Fields(b"\xff\xffa").block16(), None);
        assert_eq!(Fields(b"no end").string(), None);
        assert_eq!(Fields(b"abc").take(4), None);
        let long = [7; 0x1_0002];
        assert_eq!(block8(&long).len(), 1 + 0xff);
        assert_eq!(block16(&long).len(), 2 + 0xffff);
        let mut all = Fields(b"abc");
        assert_eq!(all.take(3), Some(&b"abc"[..]));
        assert!(all.is_empty());
    }
}
