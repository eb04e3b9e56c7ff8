//! YAML, also with the templates of Helm, Ansible and ERB in it, which no YAML parser reads.

mod scalar;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use scalar::{scalar, split_flow, split_key};

use super::{is_variable, sets_variables_of_psql};
use crate::scan::document::{Block, Document, UNKNOWN};

/// Reads all documents of the text. Each is a scope below the first.
pub(in crate::scan) fn read(text: &str, first_line: usize) -> Document {
    let mut reader = Reader::new();
    for (number, line) in (first_line..).zip(text.lines()) {
        reader.line(line.trim_end(), number);
    }
    reader.end_block();
    reader.merge();
    reader.document
}

struct Reader {
    document: Document,
    frames: Vec<Frame>,
    block: Option<Open>,
    anchors: BTreeMap<String, usize>,
    merges: Vec<(usize, String)>,
    /// The first setting of this document.
    first: usize,
    /// The open conditions of a template.
    conditions: usize,
}

/// What a line further right belongs to.
struct Frame {
    /// The column of the key or the dash that opened it; nothing for a document.
    column: Option<usize>,
    scope: usize,
    kind: Kind,
    /// How many conditions of a template were open.
    conditions: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Map,
    Item,
}

/// A block scalar (`|`, `>`) that is being read.
struct Open {
    /// The column of its key.
    column: usize,
    /// An item has no key.
    block: Block,
    folded: bool,
    /// The indentation of its first line.
    indentation: Option<usize>,
}

impl Reader {
    fn new() -> Self {
        let mut reader = Self {
            document: Document::new(),
            frames: Vec::new(),
            block: None,
            anchors: BTreeMap::new(),
            merges: Vec::new(),
            first: 0,
            conditions: 0,
        };
        reader.begin();
        reader
    }

    /// A new document.
    fn begin(&mut self) {
        let scope = self.document.open(Some(0), String::new());
        self.frames = vec![Frame {
            column: None,
            scope,
            kind: Kind::Map,
            conditions: 0,
        }];
        self.conditions = 0;
        self.anchors.clear();
        self.first = self.document.entries.len();
    }

    fn scope(&self) -> usize {
        self.frames.last().map_or(0, |frame| frame.scope)
    }

    fn line(&mut self, line: &str, number: usize) {
        let column = line.len() - line.trim_start().len();
        let content = line.trim_start();
        if self.is_in_block(column, content) {
            return;
        }
        if content.is_empty() || content.starts_with('#') {
            return;
        }
        if column == 0 && (content == "---" || content.starts_with("--- ")) {
            self.merge();
            self.begin();
            return;
        }
        // A line of a template: `{{- if .Values.x }}`, `<% if x %>`.
        let is_template = ["{{", "<%", "{%"]
            .iter()
            .any(|open| content.starts_with(open))
            && split_key(content).is_none();
        if is_template {
            self.condition(content);
            return;
        }
        self.content(content, column, number, 0);
    }

    /// `{{- if .Values.tls }}`, `{% endif %}`, `<% unless x %>`
    fn condition(&mut self, content: &str) {
        let words = content.split(|c: char| !c.is_ascii_alphanumeric());
        match words.into_iter().find(|word| !word.is_empty()) {
            Some("if" | "unless" | "with" | "range" | "for" | "case" | "define" | "block") => {
                self.conditions = self.conditions.saturating_add(1);
            }
            Some("end" | "endif" | "endfor") => {
                self.conditions = self.conditions.saturating_sub(1);
            }
            Some(_) | None => {}
        }
    }

    /// Sets a value. A promise that counts only under a condition is none, if its map is there without it.
    fn set(&mut self, scope: usize, key: &str, value: &str, number: usize) {
        let above = if key.eq_ignore_ascii_case("value") {
            1
        } else {
            0
        };
        let around = self.frames.iter().rev().nth(above);
        let is_open = around.is_some_and(|frame| frame.conditions < self.conditions);
        let is_promise = ["verify", "true", "strict"]
            .iter()
            .any(|word| value.to_ascii_lowercase().starts_with(word));
        let value = if is_open && is_promise {
            UNKNOWN
        } else {
            value
        };
        self.document.set(scope, key, value, number);
    }

    /// Whether the line belongs to the open block.
    fn is_in_block(&mut self, column: usize, content: &str) -> bool {
        let Some(open) = &mut self.block else {
            return false;
        };
        if !content.is_empty() && column <= open.column {
            self.end_block();
            return false;
        }
        let indentation = *open.indentation.get_or_insert(column);
        if !open.block.value.is_empty() {
            open.block.value.push(if open.folded { ' ' } else { '\n' });
        }
        let deeper = " ".repeat(column.saturating_sub(indentation).min(200));
        open.block.value.push_str(&deeper);
        open.block.value.push_str(content);
        true
    }

    fn end_block(&mut self) {
        let Some(Open { block, .. }) = self.block.take() else {
            return;
        };
        let value = block.value.trim();
        let is_command = || self.document.commands_of(block.scope).is_some();
        if block.key.is_empty() && (!value.contains('\n') || is_command()) {
            self.document.say(block.scope, value, block.line);
            return;
        }
        // A file of one line.
        let is_json = value.starts_with('{') && !value.starts_with("{{");
        if value.contains('\n') || is_json {
            self.document.blocks.push(block);
        } else {
            self.document
                .set(block.scope, &block.key, block.value.trim(), block.line);
        }
    }

    /// A line without its indentation, or the rest of one behind a dash.
    fn content(&mut self, content: &str, column: usize, number: usize, depth: usize) {
        let item = content
            .strip_prefix('-')
            .filter(|rest| rest.is_empty() || rest.starts_with(' '));
        if let (Some(rest), true) = (item, depth < DEEPEST) {
            self.frames.retain(|frame| {
                frame.column.is_none_or(|opened| {
                    opened < column || opened == column && frame.kind == Kind::Map
                })
            });
            let inner = rest.trim_start();
            if inner.is_empty() || split_key(inner).is_some() || inner.starts_with("- ") {
                let scope = self.document.open(Some(self.scope()), String::new());
                self.frames.push(Frame {
                    column: Some(column),
                    scope,
                    kind: Kind::Item,
                    conditions: self.conditions,
                });
                if !inner.is_empty() {
                    let behind = column.saturating_add(1 + rest.len() - inner.len());
                    self.content(inner, behind, number, depth.saturating_add(1));
                }
            } else {
                self.item(inner, column, number);
            }
            return;
        }
        let Some((key, rest)) = split_key(content) else {
            // A line that goes on from the one before.
            self.document.say(self.scope(), &scalar(content), number);
            return;
        };
        self.frames
            .retain(|frame| frame.column.is_none_or(|opened| opened < column));
        self.value(&key, rest, column, number);
    }

    /// An item of a list that is one scalar: `- KEY=value` in compose files.
    fn item(&mut self, text: &str, column: usize, number: usize) {
        if is_block(text) {
            self.open_block("", text, column, number);
            return;
        }
        if text.starts_with(['{', '[']) && !text.starts_with("{{") {
            let scope = self.scope();
            self.flow(scope, "", text, number, 0);
            return;
        }
        self.variable_or_text(self.scope(), &scalar(text), number);
    }

    fn variable_or_text(&mut self, scope: usize, text: &str, number: usize) {
        let variable = text.split_once('=').filter(|(name, value)| {
            // `host=h dbname=d` is a string.
            is_variable(name) && !(value.contains(' ') && value.contains('='))
        });
        let is_command =
            || self.document.commands_of(scope).is_some() || sets_variables_of_psql(text);
        match variable {
            Some((name, value)) if !is_command() => self.set(scope, name, value, number),
            Some(_) | None => self.document.say(scope, text, number),
        }
    }

    /// The line of a key or an item before a block.
    fn open_block(&mut self, key: &str, header: &str, column: usize, number: usize) {
        self.block = Some(Open {
            column,
            folded: header.starts_with('>'),
            indentation: None,
            block: Block {
                scope: self.scope(),
                key: key.to_owned(),
                value: String::new(),
                line: number.saturating_add(1),
            },
        });
    }

    fn value(&mut self, key: &str, rest: &str, column: usize, number: usize) {
        let scope = self.scope();
        let mut rest = rest.trim();
        if key == "<<" {
            let names = rest.split(['*', ',', '[', ']', ' ']);
            let names = names.filter(|name| !name.is_empty());
            self.merges
                .extend(names.map(|name| (scope, name.to_owned())));
            return;
        }
        let mut anchor = None;
        while let Some(mark) = rest.chars().next().filter(|c| matches!(c, '&' | '!')) {
            let (word, behind) = rest.split_once(' ').unwrap_or((rest, ""));
            if mark == '&' {
                anchor = word.get(1..);
            }
            if word.starts_with("!vault") || word == "!reset" {
                // Encrypted by Ansible; taken back in a compose file.
                self.document.set(scope, key, UNKNOWN, number);
                return;
            }
            rest = behind.trim_start();
        }
        if rest.is_empty() || rest.starts_with('#') {
            let inner = self.document.open(Some(scope), key.to_owned());
            if let Some(name) = anchor {
                self.anchors.insert(name.to_owned(), inner);
            }
            self.frames.push(Frame {
                column: Some(column),
                scope: inner,
                kind: Kind::Map,
                conditions: self.conditions,
            });
            return;
        }
        if is_block(rest) {
            self.open_block(key, rest, column, number);
        } else if rest.starts_with(['{', '[']) && !rest.starts_with("{{") {
            self.flow(scope, key, rest, number, 0);
        } else if rest.starts_with('*') {
            self.document.set(scope, key, UNKNOWN, number);
        } else {
            self.set(scope, key, &scalar(rest), number);
        }
    }

    /// `{a: b, c: {d: e}}` or `[a, b]` on one line.
    fn flow(&mut self, around: usize, key: &str, text: &str, number: usize, depth: usize) {
        let scope = self.document.open(Some(around), key.to_owned());
        let inner = text.get(1..).unwrap_or_default();
        let inner = inner
            .rsplit_once(['}', ']'])
            .map_or(inner, |(inner, _)| inner);
        let is_flow = |value: &str| {
            value.starts_with(['{', '[']) && !value.starts_with("{{") && depth < DEEPEST
        };
        for part in split_flow(inner) {
            let part = part.trim();
            let (key, value) = match split_key(part) {
                Some((key, value)) => (Some(key), value.trim()),
                None => (None, part),
            };
            match key {
                key if is_flow(value) => {
                    let key = key.unwrap_or_default();
                    self.flow(scope, &key, value, number, depth.saturating_add(1));
                }
                Some(key) => self.set(scope, &key, &scalar(value), number),
                None => {
                    let text = scalar(value);
                    // `A=b psql` is a command.
                    if text.contains(' ') {
                        self.document.say(scope, &text, number);
                    } else {
                        self.variable_or_text(scope, &text, number);
                    }
                }
            }
        }
    }

    /// `<<: *default`: the settings of the anchor that are not set here.
    fn merge(&mut self) {
        let merges = std::mem::take(&mut self.merges);
        if merges.is_empty() {
            return;
        }
        let mut of_scopes: BTreeMap<usize, BTreeMap<String, (String, usize)>> = BTreeMap::new();
        let of_document = self.document.entries.get(self.first..);
        for entry in of_document.unwrap_or_default() {
            let settings = of_scopes.entry(entry.scope).or_default();
            // Of one name, the last value counts.
            settings.insert(entry.key.clone(), (entry.value.clone(), entry.line));
        }
        let mut done = BTreeSet::new();
        let mut left = MOST_MERGED;
        for (scope, name) in merges {
            let source = self.anchors.get(&name).copied();
            let Some(source) = source.filter(|one| *one != scope && done.insert((scope, *one)))
            else {
                continue;
            };
            let of_source = of_scopes.get(&source).cloned().unwrap_or_default();
            let own = of_scopes.entry(scope).or_default();
            for (key, (value, line)) in of_source {
                left = left.saturating_sub(1);
                if left == 0 || self.document.is_cut() {
                    self.document.is_cut = true;
                    return;
                }
                if let Entry::Vacant(free) = own.entry(key) {
                    self.document.set(scope, free.key(), &value, line);
                    free.insert((value, line));
                }
            }
        }
    }
}

/// Whether a value is the sign before a block (`|`, `>`).
fn is_block(value: &str) -> bool {
    value.starts_with(['|', '>'])
        && value
            .chars()
            .skip(1)
            .take_while(|c| *c != '#')
            .all(|c| matches!(c, '+' | '-' | ' ') || c.is_ascii_digit())
}

/// Settings that the merges of a document look at.
const MOST_MERGED: usize = 1_000_000;

/// Dashes one after another in a line.
const DEEPEST: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Vec<(String, String, String, usize)> {
        let document = read(text, 1);
        let entries = document.entries.iter().map(|entry| {
            let path: Vec<&str> = document
                .path(entry.scope)
                .filter(|name| !name.is_empty())
                .collect();
            let path = path.into_iter().rev().collect::<Vec<_>>().join(".");
            (path, entry.key.clone(), entry.value.clone(), entry.line)
        });
        entries.collect()
    }

    fn row(path: &str, key: &str, value: &str, line: usize) -> (String, String, String, usize) {
        (path.to_owned(), key.to_owned(), value.to_owned(), line)
    }

    #[test]
    fn maps_and_lists_of_a_compose_file_are_settings_with_their_path() {
        let text = "services:\n  app:\n    environment:\n      A: \"b \\u0023 c\" # d\n      E: 'it''s'\n    ports:\n    - 80:80\n  web:\n    environment:\n    - X=y z\n    - Q=\"q\"\nother: 1\n";
        assert_eq!(
            entries(text),
            [
                row("services.app.environment", "A", "b # c", 4),
                row("services.app.environment", "E", "it's", 5),
                row("services.web.environment", "X", "y z", 10),
                row("services.web.environment", "Q", "\"q\"", 11),
                row("", "other", "1", 12),
            ]
        );
    }

    #[test]
    fn items_that_are_maps_have_scopes_of_their_own() {
        let text = "env:\n  - name: A\n    value: b\n  - name: C\n    value: {{ .Values.c | quote }}\nflow: {a: b, c: 'd, e'}\n";
        let mut document = read(text, 1);
        document.join_names_and_values();
        let joined: Vec<(&str, &str)> = document
            .entries
            .iter()
            .filter(|entry| document.path(entry.scope).next() == Some("env"))
            .map(|entry| (entry.key.as_str(), entry.value.as_str()))
            .collect();
        assert_eq!(joined, [("A", "b"), ("C", "{{ .Values.c | quote }}")]);
        assert!(entries(text).contains(&row("flow", "c", "d, e", 6)));
    }

    #[test]
    fn blocks_keep_their_lines_and_anchors_are_merged() {
        let text = "data:\n  app.properties: |\n    a=b\n      c=d\n\n    e=f\n  one: >-\n    g\ndefault: &default\n  adapter: postgresql\n  host: a\nproduction:\n  <<: *default\n  host: b\n";
        let document = read(text, 1);
        assert_eq!(document.blocks.len(), 1);
        assert_eq!(document.blocks[0].value.trim_end(), "a=b\n  c=d\n\ne=f");
        assert_eq!(document.blocks[0].line, 3);
        let found = entries(text);
        assert!(found.contains(&row("data", "one", "g", 8)), "{found:?}");
        assert!(found.contains(&row("production", "adapter", "postgresql", 10)));
        assert!(!found.contains(&row("production", "host", "a", 11)));
    }
}
