//! The parts of a frontend's messages (PostgreSQL documentation, "Message Formats"). Pure.

use crate::wire::{Fields, Malformed};

/// How a value is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Text,
    Binary,
}

/// The format of results, after the parameters of a Bind message.
pub(super) fn result_encoding(behind_names: &[u8]) -> Result<Encoding, Malformed> {
    let mut fields = Fields(behind_names);
    let binary = binary_results(&mut fields).ok_or(Malformed)?;
    Ok(if binary {
        Encoding::Binary
    } else {
        Encoding::Text
    })
}

fn binary_results(fields: &mut Fields<'_>) -> Option<bool> {
    let formats = fields.u16()?;
    fields.take(usize::from(formats).checked_mul(2)?)?;
    for _ in 0..fields.u16()? {
        // -1 means NULL.
        let length = fields.u32()?.cast_signed();
        fields.take(usize::try_from(length).unwrap_or(0))?;
    }
    Some(fields.u16()? > 0 && fields.u16()? == BINARY)
}

/// A string that ends with a zero, and what follows it.
pub(super) fn string(body: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let mut fields = Fields(body);
    let string = fields.string().ok_or(Malformed)?;
    Ok((string, fields.0))
}

const BINARY: u16 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_of_results_follows_the_parameters() {
        use Encoding::{Binary, Text};
        let cases: [(&[u8], Result<Encoding, Malformed>); 7] = [
            (&[0, 0, 0, 0, 0, 0], Ok(Text)),
            (&[0, 0, 0, 0, 0, 1, 0, 1], Ok(Binary)),
            (&[0, 0, 0, 0, 0, 1, 0, 0], Ok(Text)),
            (&[0, 1, 0, 1, 0, 1, 0, 0, 0, 1, 7, 0, 1, 0, 1], Ok(Binary)),
            (&[0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0, 0], Ok(Text)),
            (&[0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff, 0, 0], Err(Malformed)),
            (&[0xff, 0xff, 0, 0], Err(Malformed)),
        ];
        for (body, expected) in cases {
            assert_eq!(result_encoding(body), expected, "{body:?}");
        }
    }
}
