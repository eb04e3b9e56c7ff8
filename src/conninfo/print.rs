//! Settings back into text.

use super::keyword::is_blank;
use super::parameter::{Keyword, Secrecy};
use super::parse::Assignment;
use super::value::MASK;

/// A value that lost backslashes, and the settings that keep them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostBackslashes {
    /// The value as it was typed, which libpq never sees.
    pub typed: String,
    /// The setting with `/` in place of each backslash, as Windows takes it too.
    pub with_slashes: String,
    /// The setting with every backslash doubled.
    pub doubled: String,
}

/// The settings as a keyword/value string, secrets masked.
pub(super) fn redacted(settings: &[Assignment]) -> String {
    let words: Vec<String> = settings
        .iter()
        .map(|made| match made.value.secrecy() {
            Secrecy::Public => {
                String::from_utf8_lossy(&setting(made.keyword, made.value.as_bytes())).into_owned()
            }
            Secrecy::Secret => format!("{}={MASK}", made.keyword),
        })
        .collect();
    words.join(" ")
}

/// What the user typed for this keyword, if libpq dropped backslashes from it.
pub(super) fn lost_backslashes(
    settings: &[Assignment],
    keyword: Keyword,
) -> Option<LostBackslashes> {
    let typed = settings
        .iter()
        .find(|made| made.keyword == keyword)?
        .as_typed
        .as_ref()?;
    if typed.secrecy() == Secrecy::Secret {
        return None;
    }
    let slashes: Vec<u8> = typed
        .as_bytes()
        .iter()
        .map(|byte| if *byte == b'\\' { b'/' } else { *byte })
        .collect();
    let shown = |bytes: &[u8]| String::from_utf8_lossy(&setting(keyword, bytes)).into_owned();
    Some(LostBackslashes {
        typed: typed.to_string(),
        with_slashes: shown(&slashes),
        doubled: shown(typed.as_bytes()),
    })
}

/// `keyword=value`, quoted where the value is empty or holds a blank, escaped where it holds a quote or backslash.
fn setting(keyword: Keyword, value: &[u8]) -> Vec<u8> {
    let mut text = format!("{keyword}=").into_bytes();
    let quoted = value.is_empty() || value.iter().any(|byte| is_blank(*byte));
    text.extend(quoted.then_some(b'\''));
    for byte in value {
        text.extend(matches!(byte, b'\'' | b'\\').then_some(b'\\'));
        text.push(*byte);
    }
    text.extend(quoted.then_some(b'\''));
    text
}
