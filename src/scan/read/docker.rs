//! Dockerfiles: each `FROM` begins a stage with the variables of the image that it names, and no others.

use std::collections::BTreeMap;
use std::ops::Range;

use super::command::assignment;
use super::shell::Shell;
use super::variables::{Exported, State};
use super::words::words;
use crate::dialect::is_psql_program;
use crate::scan::document::{Effect, Followed};

/// What was read of a Dockerfile.
#[derive(Default)]
pub(super) struct Image {
    /// The stages with a name.
    stages: BTreeMap<String, Stage>,
    /// The name of the stage that is read.
    name: Option<String>,
    /// Where its settings begin.
    first: usize,
    /// What `ARG` sets, and its scope. It exists while the image is built, and not when it runs.
    arguments: State,
    built: Option<usize>,
    entry: Entry,
}

/// What runs `CMD`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Entry {
    #[default]
    Itself,
    /// A program that may change the environment.
    Other,
}

/// What a stage sets.
struct Stage {
    state: State,
    scope: usize,
    /// Where its settings stand in the document.
    entries: Range<usize>,
}

/// How long a variable exists.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lives {
    /// `ENV`
    WhenItRuns,
    /// `ARG`
    WhileItIsBuilt,
}

impl Shell {
    /// A line of a Dockerfile.
    pub(super) fn instruction(&mut self, line: &str, number: usize) {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        match word.to_ascii_uppercase().as_str() {
            "FROM" => self.stage(rest),
            "ENV" => self.variables(rest, number, Lives::WhenItRuns),
            "ARG" => self.variables(rest, number, Lives::WhileItIsBuilt),
            "RUN" => {
                let before = self.state.clone();
                for name in Followed::ALL {
                    if self.state.effect(name) == Effect::Inherited {
                        let argument = self.image.arguments.effect(name);
                        self.state.give(name, argument);
                    }
                }
                self.process(rest, number);
                self.state = before;
            }
            // They run with what the whole stage sets.
            "ENTRYPOINT" => {
                if !rest.split(['"', ' ', '\'']).any(is_psql_program) {
                    self.image.entry = Entry::Other;
                }
                self.later.push((rest.to_owned(), number));
            }
            // Every command runs in another way.
            "SHELL" => self.lose(),
            "CMD" => self.later.push((rest.to_owned(), number)),
            "HEALTHCHECK" => {
                let command = rest.split_once("CMD ").map_or("", |(_, command)| command);
                self.later.push((command.to_owned(), number));
            }
            _ => {
                for word in words(rest) {
                    self.document.say(self.scope, &word, number);
                }
            }
        }
    }

    /// `FROM image AS name`
    fn stage(&mut self, rest: &str) {
        self.end_stage();
        let mut words = rest
            .split_whitespace()
            .filter(|word| !word.starts_with("--"));
        let base = words.next().unwrap_or_default();
        self.image.name = words.nth(1).map(str::to_ascii_lowercase);
        self.image.arguments = State::default();
        self.image.built = None;
        self.image.first = self.document.entries.len();
        self.scope = self.document.open(Some(0), String::new());
        self.state = State::default();
        let Some(stage) = self.image.stages.get(&base.to_ascii_lowercase()) else {
            return;
        };
        self.state = stage.state.clone();
        for at in stage.entries.clone() {
            let entry = self.document.entries.get(at).cloned();
            let own = entry.filter(|entry| entry.scope == stage.scope);
            if let Some(entry) = own.filter(|_| !self.document.is_cut()) {
                self.document
                    .set(self.scope, &entry.key, &entry.value, entry.line);
            }
        }
    }

    /// Runs what runs when a stage is whole.
    pub(super) fn end_stage(&mut self) {
        let whole = self.state.clone();
        if self.image.entry == Entry::Other && self.later.len() > 1 {
            self.state.doubt_all();
        }
        for (command, number) in std::mem::take(&mut self.later) {
            self.process(&command, number);
        }
        self.state = whole;
        if let Some(name) = self.image.name.take() {
            let stage = Stage {
                state: self.state.clone(),
                scope: self.scope,
                entries: self.image.first..self.document.entries.len(),
            };
            self.image.stages.insert(name, stage);
        }
    }

    /// `NAME=value NAME=value`, or `NAME value`.
    fn variables(&mut self, rest: &str, number: usize, lives: Lives) {
        let all: Vec<String> = words(rest).collect();
        let pairs: Vec<(&str, &str)> = match rest.split_once(char::is_whitespace) {
            Some((name, value)) if lives == Lives::WhenItRuns && !name.contains('=') => {
                vec![(name, value.trim().trim_matches(['"', '\'']))]
            }
            _ => all.iter().filter_map(|word| assignment(word)).collect(),
        };
        for (name, value) in pairs {
            match lives {
                Lives::WhenItRuns => self.assign(name, value, number, Exported::Yes),
                Lives::WhileItIsBuilt => {
                    let document = &mut self.document;
                    let scope = self
                        .image
                        .built
                        .get_or_insert_with(|| document.open(Some(0), String::new()));
                    document.set(*scope, name, value, number);
                    let arguments = &mut self.image.arguments;
                    arguments.assign(name, value, number, Exported::Yes);
                }
            }
        }
    }

    /// A command for a shell, or `["program", "argument"]`.
    fn process(&mut self, command: &str, number: usize) {
        if !command.starts_with('[') {
            self.alone(command, number);
            return;
        }
        let words: Vec<String> = serde_json::from_str(command).unwrap_or_else(|_| {
            let inner = command.split('"').skip(1).step_by(2);
            inner.map(str::to_owned).collect()
        });
        // The `ENTRYPOINT` may be `sh -c`.
        if let [script] = &words[..]
            && script.contains(char::is_whitespace)
        {
            self.alone(script, number);
            return;
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let before = self.state.clone();
        self.simple(&words, number);
        self.state = before;
    }
}
