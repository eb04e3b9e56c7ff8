//! A connection string, of either grammar, as the settings it makes (`PQconninfoParse`).

use super::error::Error;
use super::parameter::Keyword;
use super::value::Value;
use super::{keyword, uri};

/// One setting of a connection string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// What is set.
    pub keyword: Keyword,
    /// The value after unescaping.
    pub value: Value,
    /// Offset in bytes at which the value begins in the string.
    pub at: usize,
    /// The value with its backslashes, where libpq dropped one that stood before an ordinary character.
    pub as_typed: Option<Value>,
}

/// Reads the settings of a connection string, in the order of their first mention; the last value of a repeated
/// keyword counts. Nothing is filled in and no value is judged.
///
/// # Errors
/// What `PQconninfoParse` refuses, and NUL bytes, which no C string can hold.
pub fn parse(text: &[u8]) -> Result<Vec<Assignment>, Error> {
    if let Some(at) = text.iter().position(|byte| *byte == 0) {
        return Err(Error::Nul { at });
    }
    match uri::SCHEMES.iter().find(|scheme| text.starts_with(scheme)) {
        Some(scheme) => uri::parse(text, scheme.len()),
        None => keyword::parse(text),
    }
}

/// Stores a value under the keyword of that name, or returns the keyword that was probably meant.
///
/// `requiressl` is a spelling of `sslmode` from before PostgreSQL 8 (`conninfo_storeval`).
pub(super) fn store(
    assignments: &mut Vec<Assignment>,
    name: &[u8],
    value: Vec<u8>,
    at: usize,
    as_typed: Option<Vec<u8>>,
) -> Result<(), Option<Keyword>> {
    let (keyword, value) = match name {
        b"requiressl" if value.starts_with(b"1") => (Keyword::SslMode, b"require".to_vec()),
        b"requiressl" => (Keyword::SslMode, b"prefer".to_vec()),
        _ => (
            Keyword::from_bytes(name).ok_or_else(|| Keyword::nearest(name))?,
            value,
        ),
    };
    let made = Assignment {
        keyword,
        value: Value::new(keyword, value),
        at,
        as_typed: as_typed.map(|bytes| Value::new(keyword, bytes)),
    };
    match assignments
        .iter_mut()
        .find(|earlier| earlier.keyword == keyword)
    {
        Some(earlier) => *earlier = made,
        None => assignments.push(made),
    }
    Ok(())
}
