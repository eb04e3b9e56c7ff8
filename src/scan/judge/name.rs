//! What a string is called, if its name can be shown.

use crate::escape::Shown;
use crate::scan::candidate::Candidate;

/// The name of the string. A name that looks like a secret is not shown, nor one that is the password, nor what no
/// program would call a variable: in a broken file anything can stand in its place.
pub(super) fn shown_key(candidate: &Candidate, password: Option<&[u8]>) -> Option<Shown> {
    use crate::secrecy::{Place, Taken};
    // Go and Python drop what is assigned to `_`: it names nothing.
    let key = candidate.key.as_deref().filter(|key| *key != "_")?;
    let beside = candidate
        .password
        .as_ref()
        .map(|beside| beside.value.as_bytes());
    let holds =
        |text: &[u8], part: &[u8]| !part.is_empty() && memchr::memmem::find(text, part).is_some();
    let is_password = [password, beside]
        .into_iter()
        .flatten()
        .any(|password| holds(key.as_bytes(), password) || holds(password, key.as_bytes()));
    if is_password || key.len() > LONGEST_KEY || !is_a_name(key) {
        return None;
    }
    Some(match Taken::of(key.as_bytes(), Place::Word) {
        None => Shown::new(key),
        // `DB_PASSWORD` only names one.
        Some(Taken::ConnectionString) if !key.contains(['=', '@']) => Shown::new(key),
        Some(taken) => Shown::new(&taken.to_string()),
    })
}

const LONGEST_KEY: usize = 100;

/// Whether the text can be a name: words, with digits in one place of each at most. Passwords that are made by
/// programs have them in several.
fn is_a_name(key: &str) -> bool {
    let is_of_names =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '[' | ']' | ':' | '$');
    let digits = |word: &str| {
        let runs = word.split(|c: char| !c.is_ascii_digit());
        runs.filter(|run| !run.is_empty()).count()
    };
    key.chars().all(is_of_names)
        && key
            .split(|c: char| !c.is_alphanumeric())
            .all(|word| digits(word) <= 1)
}
