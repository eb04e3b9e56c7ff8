//! The result of both grammars: settings. The last one of each keyword counts.

use crate::conninfo::parameter::Keyword;
use crate::conninfo::value::Value;

/// One setting of a connection string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// What is set.
    pub keyword: Keyword,
    /// The value after unescaping.
    pub value: Value,
    /// Offset in bytes of the value in the string.
    pub at: usize,
    /// The value with its backslashes, if libpq dropped one before an ordinary character.
    pub as_typed: Option<Value>,
    /// The other name by which it was set, if other clients do not know that name.
    pub alias: Option<Alias>,
    /// What the string sets before, and this undoes.
    pub undone: Option<Value>,
}

/// What the string has instead of a keyword and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alias {
    /// `ssl=true` in a URI, which means `sslmode=require` (`conninfo_uri_parse_params`).
    SslTrue,
    /// An `sslmode` that libpq does not know, read as `verify-full`: see
    /// [`crate::conninfo::ConnInfo::read_as_others_might`].
    UnknownMode,
    /// The same with node-postgres' own word `no-verify`.
    NoVerify,
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
        alias: None,
        undone: None,
    };
    replace(assignments, made);
    Ok(())
}

/// Adds a setting, replacing an earlier one of the same keyword.
pub(super) fn replace(assignments: &mut Vec<Assignment>, made: Assignment) {
    let keyword = made.keyword;
    match assignments
        .iter_mut()
        .find(|earlier| earlier.keyword == keyword)
    {
        Some(earlier) => {
            let undone = std::mem::replace(earlier, made);
            earlier.undone = Some(undone.value);
        }
        None => assignments.push(made),
    }
}
