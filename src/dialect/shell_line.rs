//! Lines of shells that set a variable, and what the shell makes of them.

/// What such a line sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Set<'t> {
    pub(super) shell: LineShell,
    pub(super) name: &'t str,
    pub(super) value: &'t str,
}

/// Whose line it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineShell {
    /// sh, bash and so on: `export`.
    Posix,
    /// cmd.exe: `set`, for this window.
    Cmd,
    /// cmd.exe: `setx`, for later windows.
    CmdLater,
    /// PowerShell: `$env:`.
    PowerShell,
}

/// What a line of Windows' shells sets; an error if its shell makes something else of it than it seems to say. Nothing if
/// it may be read as a line of an env file, as one with `export` may be as well.
pub(super) fn read(text: &str) -> Option<Result<Set<'_>, LineShell>> {
    let text = text.trim_start();
    let (shell, set) = if behind(text, "set ").is_some() {
        (LineShell::Cmd, set(text))
    } else if behind(text, "setx ").is_some() {
        (LineShell::CmdLater, setx(text))
    } else if behind(text, "$env:").is_some() {
        (LineShell::PowerShell, powershell(text))
    } else {
        let exported = text.strip_prefix("export ")?;
        return (!is_literal(exported)).then_some(Err(LineShell::Posix));
    };
    Some(set.ok_or(shell))
}

/// Whether a shell takes an assignment as an env file would: not where it ends the command, runs another one, or finds a
/// blank.
fn is_literal(assignment: &str) -> bool {
    let Some((name, value)) = assignment.split_once('=') else {
        return true;
    };
    let value = value.split(" #").next().unwrap_or_default().trim_end();
    let in_quotes = value.starts_with(['"', '\'']);
    let special = |c: char| c.is_whitespace() || "&;|<>()`".contains(c);
    !name.ends_with(' ') && (in_quotes || !value.contains(special))
}

/// The shell of the first line that does not set what it seems to set.
pub(super) fn fault(text: &str) -> Option<LineShell> {
    text.lines().find_map(|line| read(line)?.err())
}

/// `set NAME=VALUE` of cmd.exe. Quotes and blanks around the value are a part of it, and a blank before the sign is one of
/// the name, which is another one then.
fn set(text: &str) -> Option<Set<'_>> {
    let text = behind(text, "set ")?.trim_start();
    let (text, is_quoted, ignored) = match text.strip_prefix('"') {
        Some(text) => {
            let (inner, ignored) = text.rsplit_once('"').unwrap_or((text, ""));
            (inner, true, ignored)
        }
        None => (text, false, ""),
    };
    if ignored.contains(['&', '|', '<', '>']) {
        return None;
    }
    let (name, value) = text.split_once('=')?;
    let mut in_quotes = is_quoted;
    let changed = value.chars().any(|c| match c {
        '"' => {
            in_quotes = !in_quotes;
            false
        }
        '&' | '|' | '<' | '>' | '^' => !in_quotes,
        _ => false,
    });
    (!changed && !name.ends_with(' ')).then_some(Set {
        shell: LineShell::Cmd,
        name,
        value,
    })
}

/// `setx NAME VALUE`, with quotes around the value that the program does not get.
fn setx(text: &str) -> Option<Set<'_>> {
    let (name, value) = behind(text, "setx ")?.trim_start().split_once(' ')?;
    let value = value.trim();
    let inner = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'));
    let is_one = |value: &str| !value.contains('"');
    match inner {
        Some(inner) => is_one(inner).then_some(Set {
            shell: LineShell::CmdLater,
            name,
            value: inner,
        }),
        None => (is_one(value) && !value.contains([' ', '&', '|', '<', '>', '^'])).then_some(Set {
            shell: LineShell::CmdLater,
            name,
            value,
        }),
    }
}

/// `$env:NAME = "VALUE"` of PowerShell. A word without quotes is a command there, unless it is a number.
fn powershell(text: &str) -> Option<Set<'_>> {
    let (name, value) = behind(text, "$env:")?.split_once('=')?;
    let value = value.trim();
    let is_number = !value.is_empty() && value.chars().all(|c| c.is_ascii_digit());
    let inner = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    let value = match (inner('\''), inner('"')) {
        (Some(inner), _) if !inner.contains('\'') => inner,
        (_, Some(inner)) if !inner.contains(['"', '`', '$']) => inner,
        _ if is_number => value,
        _ => return None,
    };
    Some(Set {
        shell: LineShell::PowerShell,
        name: name.trim(),
        value,
    })
}

/// What follows a word, in letters of any size.
fn behind<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let begins = text.get(..word.len())?.eq_ignore_ascii_case(word);
    text.get(word.len()..).filter(|_| begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart_as_their_shells_do() {
        for (text, expected) in [
            ("set A=b", Some(("A", "b"))),
            ("SET A= b ", Some(("A", " b "))),
            ("set A = b", None),
            ("set A=\"b c\"", Some(("A", "\"b c\""))),
            ("set \"A=b & c\" ignored", Some(("A", "b & c"))),
            ("set \"A=b\"&set C=d", None),
            ("set \"A=b\" | more", None),
            ("set A=b&c", None),
            ("set A=b^&c", None),
            ("set A=\"b&c\"", Some(("A", "\"b&c\""))),
            ("setx A b", Some(("A", "b"))),
            ("setx A \"b & c\"", Some(("A", "b & c"))),
            ("setx A b /M", None),
            ("setx A b&c", None),
            ("$env:A = \"b c\"", Some(("A", "b c"))),
            ("$Env:A='b $c'", Some(("A", "b $c"))),
            ("$env:A = 5432", Some(("A", "5432"))),
            ("$env:A = b", None),
            ("$env:A = \"b $c\"", None),
            ("$env:A = \"b\" + \"c\"", None),
        ] {
            let found = read(text).unwrap().ok().map(|set| (set.name, set.value));
            assert_eq!(found, expected, "{text}");
        }
        for text in ["export A=b", "export A='b & c'", "export A=b # c", "A=b&c"] {
            assert_eq!(read(text), None, "{text}");
        }
        for text in [
            "export A=b&c",
            "export A=`b`",
            "export A=b c",
            "export A = b",
        ] {
            assert_eq!(read(text), Some(Err(LineShell::Posix)), "{text}");
        }
    }
}
