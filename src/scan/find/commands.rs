//! What a container or a job runs: `run: psql -h h`, `command: [sh, -c, "psql -h h"]`.

use std::collections::BTreeMap;

use crate::dialect::shell_quoted;
use crate::scan::document::{Block, Commands, Document, Entry, Text};
use crate::scan::kind::Kind;
use crate::scan::read::language::JSON;
use crate::scan::read::{is_shell, says_where, sets_variables_of_psql};

/// The scripts of a document. Lists are taken out of it.
pub(super) fn take(document: &mut Document, kind: Kind) -> Vec<Block> {
    let mut scripts = lists(document, kind);
    let lines = document.entries.iter();
    let lines = lines.filter(|entry| is_script(document, entry));
    scripts.extend(lines.map(|entry| {
        let value = match document.commands_under(entry.scope, &entry.key) {
            // Compose takes the words apart itself.
            Some((Commands::Words, _)) if matches!(kind, Kind::Yaml) => without_signs(&entry.value),
            Some(_) | None => entry.value.clone(),
        };
        Block {
            scope: entry.scope,
            key: entry.key.clone(),
            value,
            line: entry.line,
        }
    }));
    scripts
}

/// A command for a shell, with each `&` of a URI in quotes.
fn without_signs(command: &str) -> String {
    let quoted = |word: &str| match word.contains("://") && word.contains('&') {
        true if !word.contains(['\'', '"', '\\', '$']) => shell_quoted(word),
        true | false => word.to_owned(),
    };
    let words: Vec<String> = command.split(' ').map(quoted).collect();
    words.join(" ")
}

/// Whether a setting is a command line.
pub(super) fn is_script(document: &Document, entry: &Entry) -> bool {
    let is_command = || {
        // `CMD = ...` is a variable.
        let is_key = entry.key.contains(|c: char| c.is_ascii_lowercase());
        is_key && document.commands_under(entry.scope, &entry.key).is_some()
    };
    let is_in_package = || document.path(entry.scope).next() == Some("scripts");
    entry.value.contains(' ')
        && (is_command() || is_in_package() || sets_variables_of_psql(&entry.value))
}

/// Lists of words and lists of lines.
fn lists(document: &mut Document, kind: Kind) -> Vec<Block> {
    let has_lists = match kind {
        Kind::Yaml => true,
        // Those of a program may have variables between their literals.
        Kind::Code(language) => language.endings == JSON.endings,
        Kind::Lines(_) | Kind::Ini | Kind::Passwords | Kind::Prose => false,
    };
    if !has_lists {
        return Vec::new();
    }
    // By the process that runs them, and in its order.
    let mut lists: Lists = BTreeMap::new();
    let mut alone = Vec::new();
    let mut others = Vec::new();
    for text in std::mem::take(&mut document.texts) {
        match document.commands_of(text.scope) {
            Some((commands, place)) => {
                let process = document.scope(text.scope).and_then(|scope| scope.parent);
                let list = lists.entry((process, commands)).or_default();
                list.push((place, text));
            }
            None if sets_variables_of_psql(&text.value) => {
                alone.push(block(&text, text.value.clone()));
            }
            None => others.push(text),
        }
    }
    document.texts = others;
    let scripts = lists.into_iter().filter_map(|((_, commands), mut list)| {
        list.sort_by_key(|(place, _)| *place);
        let items: Vec<Text> = list.into_iter().map(|(_, text)| text).collect();
        script(commands, &items)
    });
    alone.into_iter().chain(scripts).collect()
}

type Lists = BTreeMap<(Option<usize>, Commands), Vec<(usize, Text)>>;

fn script(commands: Commands, items: &[Text]) -> Option<Block> {
    let first = items.first()?;
    // An `ENTRYPOINT` that stands elsewhere, such as `sh -c`, takes several words in one.
    let is_line = first.value.contains(char::is_whitespace);
    match (commands, items) {
        (Commands::Words, [shell, option, script, ..])
            if is_shell(&shell.value) && is_command_option(&option.value) =>
        {
            Some(block(script, script.value.clone()))
        }
        (Commands::Words, _) if !is_line => {
            let words = items.iter().map(|item| shell_quoted(&item.value));
            let string = items.iter().find(|item| says_where(&item.value));
            Some(block(
                string.unwrap_or(first),
                words.collect::<Vec<_>>().join(" "),
            ))
        }
        (Commands::Words | Commands::Lines, _) => Some(block(first, lines(items, first.line))),
    }
}

/// `-c`, `-ec`
fn is_command_option(word: &str) -> bool {
    word.starts_with('-') && word.ends_with('c')
}

fn block(at: &Text, value: String) -> Block {
    Block {
        scope: at.scope,
        key: String::new(),
        value,
        line: at.line,
    }
}

/// Items as lines of one text, each with its own number as far as there is room.
fn lines(items: &[Text], first_line: usize) -> String {
    let mut text = String::new();
    let mut line = first_line;
    for item in items {
        while line < item.line {
            text.push('\n');
            line = line.saturating_add(1);
        }
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
            line = line.saturating_add(1);
        }
        text.push_str(&item.value);
        line = line.saturating_add(item.value.matches('\n').count());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::find::all;

    #[test]
    fn arguments_of_a_build_are_variables() {
        let text = "services:\n  a:\n    build:\n      args:\n        - DATABASE_URL=postgres://u@db.acme.io/d\n        - PGHOST=e.acme.io\n        - PGUSER=u\n";
        let finds = all("compose.yml", Kind::Yaml, text);
        let found = finds.candidates.iter();
        let found: Vec<_> = found.map(|one| (one.line, one.key.as_deref())).collect();
        assert_eq!(found, [(5, Some("DATABASE_URL")), (6, Some("PGHOST"))]);
    }
}
