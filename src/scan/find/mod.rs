//! Finders: what of a document is a connection string.

mod beside;
mod cloud;
mod commands;
mod connection;
mod environment;
mod group;
mod jdbc;
mod kubernetes;
mod later;
mod mangled;
mod ours;
mod parts;
mod passwords;
mod pooler;
mod reader;
mod replacement;
mod service;
mod string;

pub(super) use reader::Readers;

use environment::{Environment, Outside};
use group::Groups;
use replacement::Replacement;

use super::candidate::Candidate;
use super::content;
use super::document::{Block, Document};
use super::kind::Kind;
use super::place::Services;
use super::read::lines::Style;
use crate::dialect::Dialect;

/// What a file holds.
#[derive(Default)]
pub(super) struct Finds {
    pub(super) candidates: Vec<Candidate>,
    /// The containers that it defines.
    pub(super) services: Services,
    /// The variables that it reads, and the driver that gets their values.
    pub(super) readers: Vec<(String, Dialect)>,
    /// Whether something was too much to read.
    pub(super) is_cut: bool,
}

/// What is known of a file besides its settings.
#[derive(Clone, Copy)]
pub(super) struct Clues<'f> {
    /// Its path, with `/`.
    pub(super) path: &'f str,
    pub(super) about: About,
    pub(super) kind: Kind,
    /// All of it.
    pub(super) text: &'f str,
}

/// Which databases a file is about, by the words in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// PostgreSQL alone.
    Postgres,
    /// PostgreSQL and others.
    Several,
    /// None that is known, or others.
    Unknown,
}

impl About {
    fn of(text: &str) -> Self {
        let lower = text.to_ascii_lowercase();
        let has = |words: &[&str]| {
            words
                .iter()
                .any(|word| memchr::memmem::find(lower.as_bytes(), word.as_bytes()).is_some())
        };
        let ours = has(&["postgres", "pgsql", "psycopg", "npgsql"]);
        let others = has(&[
            "mysql",
            "mariadb",
            "sqlserver",
            "sqlclient",
            "mssql",
            "oracle",
            "mongodb",
            "sqlite",
        ]);
        match (ours, others) {
            (true, false) => Self::Postgres,
            (true, true) => Self::Several,
            (false, _) => Self::Unknown,
        }
    }
}

/// Texts in texts in texts.
const DEEPEST: usize = 3;

/// A file has no more connection strings than this.
const MOST: usize = 10_000;

/// Everything that a text holds.
pub(super) fn all(path: &str, kind: Kind, text: &str) -> Finds {
    let mut finds = Finds {
        readers: reader::find(path, text),
        ..Finds::default()
    };
    within(path, kind, text, 1, 0, Outside::NOTHING, &mut finds);
    finds
        .candidates
        .sort_by(|a, b| (a.line, &a.key).cmp(&(b.line, &b.key)));
    // An anchor of YAML is read again wherever it is merged.
    finds.candidates.dedup_by(|a, b| {
        let what = |one: &Candidate| (one.line, one.beside, one.filled.mode);
        what(a) == what(b) && (&a.key, &a.filled.text) == (&b.key, &b.filled.text)
    });
    if finds.candidates.len() > MOST {
        finds.candidates.truncate(MOST);
        finds.is_cut = true;
    }
    finds
}

/// `outside` is the mode that the environment of a script sets. Returns what a script makes of it.
fn within(
    path: &str,
    kind: Kind,
    text: &str,
    first_line: usize,
    depth: usize,
    outside: Outside,
    finds: &mut Finds,
) -> Vec<Replacement> {
    let clues = Clues {
        path,
        about: About::of(text),
        kind,
        text,
    };
    if let Kind::Passwords = kind {
        finds.candidates.extend(passwords::find(text, first_line));
        return Vec::new();
    }
    let mut document = kind.read(text, first_line);
    if ours::is_service_file(clues) {
        ours::as_libpq_reads(&mut document, text, first_line);
    }
    document.join_names_and_values();
    document.add_inherited_modes();
    kubernetes::decode(&mut document);
    let scripts = commands::take(&mut document, kind);
    finds.is_cut |= document.is_cut();
    service::add(&document, &mut finds.services);
    let mode_outside = outside.mode;
    let environment = Environment::of(&document, outside, text, &scripts);
    let mut replaced = environment.replaced();
    if depth >= DEEPEST {
        let mut left = document.blocks.iter().chain(&scripts);
        finds.is_cut |= left.any(|block| content::is_worth_reading(block.value.as_bytes()));
    } else {
        for block in &document.blocks {
            let of_block = within(
                &inner_path(path, &block.key),
                kind_of_block(&document, block),
                &block.value,
                block.line,
                depth.saturating_add(1),
                environment.outside_of(block.scope),
                finds,
            );
            replaced.extend(of_block.into_iter().map(|one| one.seen_from(block.scope)));
        }
        for script in &scripts {
            let known = finds.candidates.len();
            let of_script = within(
                path,
                Kind::Lines(Style::Shell),
                &script.value,
                script.line,
                depth.saturating_add(1),
                environment.outside_of(script.scope),
                finds,
            );
            replaced.extend(of_script.into_iter().map(|one| one.seen_from(script.scope)));
            // A list has no key.
            if script.key.is_empty() {
                continue;
            }
            for candidate in finds.candidates.iter_mut().skip(known) {
                candidate.key.get_or_insert_with(|| script.key.clone());
            }
        }
    }
    let groups = Groups::of(&document, clues, replaced);
    let mut found = if pooler::is_one(path) {
        pooler::find(&document)
    } else {
        let mut found = string::find(&document, clues);
        let groups_found = connection::find(&groups, &found, clues);
        found.extend(groups_found);
        found.extend(cloud::find(&document));
        found
    };
    beside::join(&groups, &mut found, clues);
    environment.apply(kind, &groups, &mut found);
    mangled::mark(&document, kind, &mut found);
    finds.candidates.extend(found);
    match kind {
        Kind::Lines(Style::Shell) => groups.of_script(mode_outside),
        Kind::Lines(_) | Kind::Ini | Kind::Yaml | Kind::Code(_) | Kind::Passwords | Kind::Prose => {
            Vec::new()
        }
    }
}

fn kind_of_block(document: &Document, block: &Block) -> Kind {
    if block.key.contains('.') {
        return Kind::of(&block.key);
    }
    if document.commands_under(block.scope, &block.key).is_some() {
        return Kind::Lines(Style::Shell);
    }
    Kind::of_text(&block.value)
}

fn inner_path(path: &str, key: &str) -> String {
    if key.contains('.') {
        key.to_owned()
    } else {
        path.to_owned()
    }
}
