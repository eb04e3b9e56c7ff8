//! Counts units that begin with their length, in whatever pieces they arrive. Of their contents nothing is kept. Pure and
//! bounded.

use crate::wire::Malformed;

/// One direction of units, each of a header and a body.
#[derive(Debug, Default)]
pub(super) struct Units<const HEADER: usize> {
    header: Vec<u8>,
    /// What is left of the body.
    left: usize,
}

impl<const HEADER: usize> Units<HEADER> {
    /// Reads what comes next. `begun` gets each header, and says how long its body is; `ended` is called after each body that
    /// is not empty.
    ///
    /// # Errors
    /// That of `begun`.
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        mut begun: impl FnMut([u8; HEADER]) -> Result<usize, Malformed>,
        mut ended: impl FnMut(),
    ) -> Result<(), Malformed> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let in_body = self.left > 0;
            let wanted = match in_body {
                true => self.left,
                false => HEADER.saturating_sub(self.header.len()),
            };
            let (part, behind) = rest.split_at_checked(wanted).unwrap_or((rest, &[]));
            rest = behind;
            if in_body {
                self.left = self.left.saturating_sub(part.len());
                if self.left == 0 {
                    ended();
                }
                continue;
            }
            self.header.extend_from_slice(part);
            if let Some(header) = self.header.first_chunk::<HEADER>() {
                self.left = begun(*header)?;
                self.header.clear();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Headers and ends, of units whose header ends with their length.
    fn read(pieces: &[&[u8]]) -> Vec<Option<[u8; 2]>> {
        let mut units = Units::<2>::default();
        let found = std::cell::RefCell::new(Vec::new());
        for piece in pieces {
            let begun = |header: [u8; 2]| {
                found.borrow_mut().push(Some(header));
                match header[1] {
                    255 => Err(Malformed),
                    length => Ok(length.into()),
                }
            };
            if units
                .feed(piece, begun, || found.borrow_mut().push(None))
                .is_err()
            {
                break;
            }
            assert!(units.header.len() < 2);
        }
        found.into_inner()
    }

    #[test]
    fn headers_and_ends_are_told() {
        let all = [Some(*b"a\x02"), None, Some(*b"b\0"), Some(*b"c\x01")];
        assert_eq!(read(&[b"a\x02xyb\0c\x01"]), all);
        assert_eq!(read(&[b"a\xffmore"]), [Some(*b"a\xff")]);
    }

    proptest! {
        #[test]
        fn units_are_the_same_in_any_pieces(
            bytes in proptest::collection::vec(prop_oneof![0..4_u8, any::<u8>()], 0..100),
            size in 1_usize..20,
        ) {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            prop_assert_eq!(read(&pieces), read(&[&bytes]));
        }
    }
}
