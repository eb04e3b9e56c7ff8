//! Commands of a shell, with the environment that each of them gets. What a shell does under a condition, and what may
//! not reach a command, is known as doubtful.

use super::control::{Control, Rules};
use super::lines::{BEFORE, LONGEST_LINE, Style, assigned_alone, is_name};
use super::variables::{Exported, State, Variable};
use super::words::{Split, split};
use crate::dialect::is_psql_program;
use crate::scan::document::{Command, Document, Effect, Server};

/// Reads commands, one line after the other.
pub(super) struct Shell {
    pub(super) document: Document,
    rules: Rules,
    state: State,
    control: Control,
    /// What ends the text that a command gets as its input.
    ends: Option<String>,
}

/// A command that is being read.
#[derive(Default)]
struct Simple<'w> {
    /// Assignments before it and in it, with what is sure about them.
    assigned: Vec<(&'w str, &'w str, Sure)>,
    /// Variables that `env -u` removes.
    removed: Vec<&'w str>,
    reach: Reach,
}

/// Whether an assignment surely reaches the program.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sure {
    Yes,
    No,
}

/// What of the environment reaches a program.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Reach {
    /// All of it.
    #[default]
    All,
    /// What `sudo` keeps.
    Doubtful,
    /// Nothing.
    Nothing,
}

/// Programs that run another one elsewhere, without the environment.
const ELSEWHERE: &[&str] = &[
    "ssh",
    "docker",
    "podman",
    "nerdctl",
    "kubectl",
    "oc",
    "su",
    "runuser",
    "chroot",
    "nsenter",
    "vagrant",
    "lxc",
    "machinectl",
    "systemd-run",
    "docker-compose",
    "heroku",
    "fly",
    "flyctl",
];

/// `$(...)` in `$(...)`.
const DEEPEST: usize = 3;

impl Shell {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            document: Document::new(),
            rules,
            state: State::default(),
            control: Control::default(),
            ends: None,
        }
    }

    /// What was read.
    pub(super) fn finished(mut self) -> Document {
        self.document.mode_at_end = self.state.effect("PGSSLMODE");
        self.document
    }

    /// A line without its comment; those that go on are one.
    pub(super) fn line(&mut self, line: &str, number: usize) {
        let text = line.trim_start();
        if let Some(end) = &self.ends {
            if text.trim_end() == end {
                self.ends = None;
                self.control.leave_input(&mut self.state);
                return;
            }
        } else if let Some(end) = here_document(text) {
            self.command_line(line, number);
            self.ends = Some(end);
            self.control.enter_input(&mut self.state);
            return;
        }
        self.command_line(line, number);
    }

    fn command_line(&mut self, line: &str, number: usize) {
        let text = line.trim_start();
        if text.is_empty() || text.starts_with('#') {
            return;
        }
        let is_recipe = self.rules == Rules::Make && line.starts_with([' ', '\t']);
        let run = text.split_once(char::is_whitespace);
        let run = run.filter(|(word, _)| matches!(*word, "RUN" | "CMD" | "ENTRYPOINT"));
        // Each of them is a shell of its own.
        if is_recipe || run.is_some() {
            let text = run.map_or(text, |(_, rest)| rest);
            let text = text.trim_start_matches(['@', '-', '+']).trim_start();
            let before = self.state.clone();
            let control = std::mem::take(&mut self.control);
            self.list(text, number, 0);
            self.control = control;
            self.state = before;
            return;
        }
        if let Some((before, name, value)) = assigned_alone(text, Style::Shell) {
            let exported = match before {
                "export" | "ENV" | "ARG" | "setx" | "-x" => Exported::Yes,
                _ => Exported::No,
            };
            // A unit of systemd.
            if name == "Environment" {
                let value = value.trim_matches('"').to_owned();
                if let Some((name, value)) = value.split_once('=').filter(|(name, _)| is_name(name))
                {
                    self.assign(name, value, number, Exported::Yes);
                }
                return;
            }
            let is_recursive = self.control.begin_list();
            self.assign(&name, &value, number, exported);
            self.control.end_list(is_recursive, &mut self.state);
            self.inner(text, number, 0);
            return;
        }
        self.list(text, number, 0);
    }

    /// The commands in `$(...)`.
    fn inner(&mut self, text: &str, number: usize, depth: usize) {
        if depth < DEEPEST && text.contains(['`', '(']) && text.len() <= LONGEST_LINE {
            for inner in split(text).inner {
                self.subshell(&inner, number, depth);
            }
        }
    }

    fn subshell(&mut self, text: &str, number: usize, depth: usize) {
        let before = self.state.clone();
        let control = std::mem::take(&mut self.control);
        self.list(text, number, depth.saturating_add(1));
        self.control = control;
        self.state = before;
    }

    /// Commands with `;`, `&&`, `||` and `|` between them.
    fn list(&mut self, text: &str, number: usize, depth: usize) {
        let Split { words, inner } = split(text);
        if depth < DEEPEST {
            for inner in &inner {
                self.subshell(inner, number, depth);
            }
        }
        let known = self.control.begin_list();
        let mut rest = words.as_slice();
        while !rest.is_empty() {
            let end = rest.iter().position(|word| is_separator(word));
            let (command, behind) = rest.split_at(end.unwrap_or(rest.len()));
            let before = self.state.clone();
            self.simple(command, number);
            self.control.ran(&before, &self.state);
            let signs = behind.iter().take_while(|word| is_separator(word)).count();
            let (signs, behind) = behind.split_at(signs);
            self.control.follows(signs, &mut self.state);
            rest = behind;
        }
        self.control.end_list(known, &mut self.state);
    }

    /// One command with the words that belong to it.
    fn simple(&mut self, words: &[String], number: usize) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut rest = words.as_slice();
        if self.rules != Rules::Prose {
            rest = self.control.words(rest, &mut self.state);
        }
        let closes = rest.iter().filter(|word| word.ends_with(')')).count();
        let mut simple = Simple::default();
        let mut removes = false;
        while let [word, behind @ ..] = rest {
            let word = word.trim_start_matches('(');
            if let Some((name, value)) = word.split_once('=').filter(|(name, _)| is_name(name)) {
                simple.assigned.push((name, value, Sure::Yes));
            } else {
                match word {
                    "env" | "sudo" | "doas" | "exec" | "time" | "command" | "!" | "@" | "-"
                    | "builtin" | "nohup" => {}
                    "-i" | "--ignore-environment" if removes => simple.reach = Reach::Nothing,
                    "-u" if removes => {
                        simple.removed.extend(behind.first());
                        rest = behind.get(1..).unwrap_or_default();
                        continue;
                    }
                    "-u" | "-U" if simple.reach == Reach::Doubtful => {
                        rest = behind.get(1..).unwrap_or_default();
                        continue;
                    }
                    "-E" | "--preserve-env" if simple.reach == Reach::Doubtful => {
                        simple.keep();
                    }
                    "-e" | "--env" | "--build-arg" => {}
                    _ if word.starts_with('-') && simple.reach == Reach::Doubtful => {}
                    _ => break,
                }
                removes = word == "env" || removes && word.starts_with('-');
                if matches!(word, "sudo" | "doas") {
                    simple.doubt();
                }
            }
            rest = behind;
        }
        match rest.split_first() {
            None => {
                for (name, value, _) in simple.assigned {
                    self.assign(name, value, number, Exported::No);
                }
            }
            Some((first, behind)) => {
                let first = first.trim_start_matches('(');
                if !self.builtin(first, behind, number) {
                    self.run(first, behind, simple, number);
                }
            }
        }
        if self.rules != Rules::Prose {
            self.control.close_subshells(closes, &mut self.state);
        }
    }

    /// A command that changes the shell itself.
    fn builtin(&mut self, name: &str, words: &[&str], number: usize) -> bool {
        let exported = match name {
            "export" | "ENV" | "ARG" | "setx" => Exported::Yes,
            "declare" | "typeset" if words.contains(&"-x") => Exported::Yes,
            "declare" | "typeset" | "local" | "readonly" => Exported::No,
            "unset" => {
                for word in words {
                    self.state.put(word, Variable::removed());
                }
                return true;
            }
            "set" => {
                match words {
                    ["-a", ..] | ["-o", "allexport", ..] => self.state.export_all(Exported::Yes),
                    ["+a", ..] | ["+o", "allexport", ..] => self.state.export_all(Exported::No),
                    // fish
                    [flags, name, value, ..]
                        if flags.starts_with('-') && flags.contains('x') && is_name(name) =>
                    {
                        self.assign(name, value, number, Exported::Yes);
                    }
                    _ => {}
                }
                return true;
            }
            _ => return false,
        };
        if let ("ENV", [name, value]) = (name, words)
            && !name.contains('=')
        {
            self.assign(name, value, number, exported);
            return true;
        }
        for word in words {
            match word.split_once('=') {
                Some((name, value)) if is_name(name) => {
                    self.assign(name, value, number, exported);
                }
                Some(_) => self.document.say(0, word, number),
                None if words.contains(&"-n") => self.state.export(word, Exported::No),
                None if exported == Exported::Yes => self.state.export(word, Exported::Yes),
                None => {}
            }
        }
        true
    }

    fn assign(&mut self, name: &str, value: &str, number: usize, exported: Exported) {
        self.document.set(0, name, value, number);
        self.state.assign(name, value, number, exported);
    }

    /// A program, with the environment that it gets.
    fn run<'w>(&mut self, first: &str, behind: &[&'w str], mut simple: Simple<'w>, number: usize) {
        let mut command = vec![first];
        let mut embedded = Vec::new();
        for word in behind {
            match word.split_once('=') {
                Some((name, value))
                    if is_name(name) && name.chars().any(|c| c.is_ascii_uppercase()) =>
                {
                    embedded.push((name, value, Sure::Yes));
                }
                Some(_) | None if command.len() == 1 && BEFORE.contains(word) => {}
                Some(_) | None => command.push(word),
            }
        }
        let program = first.rsplit('/').next().unwrap_or_default();
        let start = command.iter().position(|word| is_psql_program(word));
        if ELSEWHERE.contains(&program) {
            simple.reach = Reach::Nothing;
            simple.lose();
        }
        simple.assigned.extend(embedded);
        let mode = self.effect("PGSSLMODE", &simple, number);
        let is_plain = simple.assigned.is_empty() && start.is_none() && mode == Effect::Inherited;
        let scope = if is_plain {
            0
        } else {
            self.document.open(Some(0), String::new())
        };
        for (name, value, _) in &simple.assigned {
            self.document.set(scope, name, value, number);
        }
        let Some(start) = start else {
            for word in &command {
                self.document.say(scope, word, number);
            }
            if !is_plain {
                self.document.commands.push(Command {
                    scope,
                    mode,
                    root: self.effect("PGSSLROOTCERT", &simple, number),
                    password: Effect::Inherited,
                    server: Server::Named,
                });
            }
            return;
        };
        let command = command.get(start..).unwrap_or_default();
        let end = command
            .iter()
            .position(|word| word.starts_with(['<', '>']) || *word == "2>&1");
        let command = command
            .get(..end.unwrap_or(command.len()))
            .unwrap_or_default();
        // A string inside is found without its options.
        let quoted: Vec<String> = command.iter().map(|word| quote(word)).collect();
        let text = quoted.join(" ");
        let names_host = ["://", "host=", "hostaddr=", "service=", " -h", " --host"]
            .iter()
            .any(|sign| text.contains(sign));
        self.document.commands.push(Command {
            scope,
            mode,
            root: self.effect("PGSSLROOTCERT", &simple, number),
            password: self.effect("PGPASSWORD", &simple, number),
            server: if names_host {
                Server::Named
            } else {
                Server::OfEnvironment
            },
        });
        self.document.say(scope, &text, number);
    }

    /// What a variable is for a command.
    fn effect(&self, name: &str, simple: &Simple<'_>, number: usize) -> Effect {
        let own = simple
            .assigned
            .iter()
            .rev()
            .find(|(one, _, _)| *one == name);
        if let Some((_, value, sure)) = own {
            return match sure {
                Sure::Yes => Effect::Value((*value).to_owned(), number),
                Sure::No => Effect::Doubtful,
            };
        }
        if simple.reach == Reach::Nothing || simple.removed.contains(&name) {
            return Effect::Removed;
        }
        match (self.state.effect(name), simple.reach) {
            (effect, Reach::All) => effect,
            (Effect::Value(_, _), _) => Effect::Doubtful,
            (Effect::Inherited, _) => Effect::Assigned,
            (effect @ (Effect::Removed | Effect::Assigned | Effect::Doubtful), _) => effect,
        }
    }
}

impl Simple<'_> {
    /// `sudo` may drop what stands before it.
    fn doubt(&mut self) {
        self.reach = Reach::Doubtful;
        for (_, _, sure) in &mut self.assigned {
            *sure = Sure::No;
        }
    }

    /// `sudo -E`
    fn keep(&mut self) {
        self.reach = Reach::All;
        for (_, _, sure) in &mut self.assigned {
            *sure = Sure::Yes;
        }
    }

    /// What stands before it is for `ssh`, and not for the program that it runs.
    fn lose(&mut self) {
        self.assigned.retain(|(name, _, _)| !name.starts_with("PG"));
    }
}

fn is_separator(word: &str) -> bool {
    matches!(word, ";" | "|" | "&")
}

/// The word that ends the lines which a command gets as its input: `psql <<EOF`.
fn here_document(text: &str) -> Option<String> {
    let (before, behind) = text.split_once("<<")?;
    if behind.starts_with('<') || before.trim_start().starts_with('#') {
        return None;
    }
    let word = behind.trim_start_matches(['-', '~', ' ', '\\', '\'', '"']);
    let end = word.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let word = word.get(..end.unwrap_or(word.len()))?;
    let is_word = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    is_word.then(|| word.to_owned())
}

fn quote(word: &str) -> String {
    let plain = word
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_./:=@,+%".contains(c));
    if plain {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
