//! Redirections among the words of a command.

/// The words without redirections, up to the one that `is_last` accepts; what stands behind it stays as it is.
pub(super) fn without_redirections<'w>(
    words: &[&'w str],
    is_last: impl Fn(&str) -> bool,
) -> Vec<&'w str> {
    let mut rest = words.iter().copied();
    let mut bare = Vec::new();
    while let Some(word) = rest.next() {
        match redirection(word) {
            Some(Target::Next) => {
                rest.next();
            }
            Some(Target::Own) => {}
            None => {
                bare.push(word);
                if is_last(word) {
                    break;
                }
            }
        }
    }
    bare.extend(rest);
    bare
}

/// `unset NAME>file`
pub(super) fn without_redirection(word: &str) -> &str {
    word.split(['<', '>']).next().unwrap_or_default()
}

/// Whether a word is the file of a redirection, with or without its sign.
pub(super) fn is_redirected(last: Option<&str>, word: &str) -> bool {
    last.and_then(redirection) == Some(Target::Next) || redirection(word).is_some()
}

/// Where the file of a redirection stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    /// `>file`
    Own,
    /// `> file`
    Next,
}

/// Whether a word is a redirection.
fn redirection(word: &str) -> Option<Target> {
    let sign = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '&');
    // `{name}>file`
    let sign = match sign.strip_prefix('{').and_then(|name| name.split_once('}')) {
        Some((_, sign)) => sign,
        None => sign,
    };
    if !sign.starts_with(['<', '>']) {
        None
    } else if sign.ends_with(['<', '>', '|']) {
        Some(Target::Next)
    } else {
        Some(Target::Own)
    }
}
