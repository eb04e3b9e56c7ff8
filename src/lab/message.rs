//! The parts of a frontend's messages (PostgreSQL documentation, "Message Formats"). Pure.

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Text,
    Binary,
}

/// A message that is not what the protocol says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// The format of results, behind the parameters of a Bind message.
pub(super) fn result_encoding(body: &[u8]) -> Result<Encoding, Malformed> {
    let (formats, rest) = number(body)?;
    let mut rest = rest
        .get(usize::from(formats).saturating_mul(2)..)
        .ok_or(Malformed)?;
    let parameters;
    (parameters, rest) = number(rest)?;
    for _ in 0..parameters {
        let (length, behind) = rest.split_first_chunk::<4>().ok_or(Malformed)?;
        // -1 stands for NULL.
        let length = usize::try_from(i32::from_be_bytes(*length)).unwrap_or(0);
        rest = behind.get(length..).ok_or(Malformed)?;
    }
    let (count, rest) = number(rest)?;
    let binary = count > 0 && number(rest)?.0 == 1;
    Ok(if binary {
        Encoding::Binary
    } else {
        Encoding::Text
    })
}

fn number(body: &[u8]) -> Result<(u16, &[u8]), Malformed> {
    let (number, rest) = body.split_first_chunk::<2>().ok_or(Malformed)?;
    Ok((u16::from_be_bytes(*number), rest))
}

/// A string that ends with a zero, and what stands behind it.
pub(super) fn string(body: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let end = body.iter().position(|byte| *byte == 0).ok_or(Malformed)?;
    let (string, rest) = body.split_at(end);
    Ok((string, rest.get(1..).unwrap_or_default()))
}

/// A length as messages have it.
pub(super) fn length_of(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_of_results_stands_behind_the_parameters() {
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
