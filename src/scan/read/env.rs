//! `env -S`: one word that holds several.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::command::{assignment, file_name};
use super::words::words;
use crate::scan::document::UNKNOWN;

/// The words of a command, with those that `env -S` makes of one; nothing if it has no `env`.
pub(super) fn taken_apart<'w>(command: &[&'w str]) -> Option<Vec<Cow<'w, str>>> {
    let is_env = |word: &str| file_name(word) == "env";
    if !command.iter().any(|word| is_env(word)) {
        return None;
    }
    let mut taken = Vec::new();
    let mut left: VecDeque<Cow<'w, str>> = command.iter().copied().map(Cow::Borrowed).collect();
    let mut place = Place::Elsewhere;
    while let Some(word) = left.pop_front() {
        if place == Place::Elsewhere {
            if is_env(&word) {
                place = Place::BehindEnv;
            }
            taken.push(word);
            continue;
        }
        if let Some((flags, text)) = split_option(&word) {
            taken.extend(flags.chars().map(|flag| Cow::Owned(format!("-{flag}"))));
            let text = if text.is_empty() {
                left.pop_front().unwrap_or_default()
            } else {
                Cow::Owned(text.to_owned())
            };
            for word in words(&text).collect::<Vec<_>>().into_iter().rev() {
                left.push_front(Cow::Owned(word));
            }
            // A backslash has a meaning of its own there.
            if text.contains('\\') {
                left.push_front(Cow::Borrowed(UNKNOWN));
            }
            continue;
        }
        let has_argument = matches!(&*word, "-u" | "--unset" | "-C" | "--chdir");
        if !word.starts_with('-') && assignment(&word).is_none() {
            place = Place::Elsewhere;
        }
        taken.push(word);
        if has_argument {
            taken.extend(left.pop_front());
        }
    }
    Some(taken)
}

/// Where a word stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Among the options and settings of `env`.
    BehindEnv,
    Elsewhere,
}

/// The flags before `S` in an option of `env`, and the text that it takes apart: an empty one is the next word.
fn split_option(word: &str) -> Option<(&str, &str)> {
    if let Some(long) = word.strip_prefix("--s") {
        return Some(("", long.split_once('=').map_or("", |(_, text)| text)));
    }
    let (flags, text) = word.strip_prefix('-')?.split_once('S')?;
    let are_flags = flags.chars().all(|flag| "i0v".contains(flag));
    are_flags.then_some((flags, text))
}
