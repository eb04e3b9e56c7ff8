//! Lists of words and lists of lines that a container or a job runs: `command: [sh, -c, "psql -h h"]`.

use std::collections::BTreeMap;

use crate::dialect::shell_quoted;
use crate::scan::document::{Block, Commands, Document, Text};
use crate::scan::kind::Kind;
use crate::scan::read::language::JSON;
use crate::scan::read::{is_shell, says_where};

/// Takes the lists out of a document, as scripts.
pub(super) fn take(document: &mut Document, kind: Kind) -> Vec<Block> {
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
    let mut others = Vec::new();
    for text in std::mem::take(&mut document.texts) {
        let scope = document.scope(text.scope);
        match scope.and_then(|scope| Some((scope.parent, Commands::under(&scope.name)?))) {
            Some((process, (commands, place))) => {
                let list = lists.entry((process, commands)).or_default();
                list.push((place, text));
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
    scripts.collect()
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
