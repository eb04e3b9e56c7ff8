//! What stands before the program of a command, and what of the environment reaches it: assignments, `env`, `sudo`,
//! `docker exec`.

use super::arguments::program_of_variable;
use super::command::{assignment, file_name};
use super::env::taken_apart;
use super::redirection::without_redirections;
use super::shell::Shell;
use super::variables::Exported;
use crate::dialect::{is_psql_program, shell_quoted};
use crate::scan::document::{Arguments, Command, Effect, Followed, Server};

/// A command that was read.
struct Simple<'w> {
    /// Assignments before it and in it, with what is sure about them.
    assigned: Vec<(&'w str, &'w str, Sure)>,
    /// Variables that `env -u` removes.
    removed: Vec<&'w str>,
    /// Variables that `docker exec -e` passes on.
    passed: Vec<&'w str>,
    reach: Reach,
    /// The words that are no assignments.
    words: Vec<&'w str>,
    program: Program<'w>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Program<'w> {
    /// psql or one of its relatives, with what it gets.
    Psql(&'w [&'w str]),
    /// The commands for another shell.
    Script(&'w str),
    Other,
}

/// Whether an assignment surely reaches the program.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sure {
    Yes,
    No,
}

/// What of the environment reaches a program.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    All,
    /// What `sudo` keeps, or a program that is not known.
    Doubtful,
    Nothing,
}

/// What runs the program.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Runner {
    /// The shell that reads the command.
    Itself,
    Env,
    Sudo,
    /// Like sudo, and what it runs is a script.
    Su,
    /// A program that passes its environment on.
    Passing,
    /// Another shell.
    Shell,
    /// A program that runs others elsewhere, without the environment.
    Elsewhere,
    /// A program that is not known.
    Unknown,
    /// A program to which words are text.
    Text,
}

/// Whether a command runs another, whose words stand behind it.
pub(super) fn runs_others(name: &str) -> bool {
    Runner::of(name).is_some()
}

/// Whether a program, with or without its directory, is a shell of Unix.
pub(in crate::scan) fn is_shell(program: &str) -> bool {
    Runner::of(program) == Some(Runner::Shell)
}

impl Runner {
    fn of(word: &str) -> Option<Self> {
        Some(match file_name(word) {
            "env" => Self::Env,
            "sudo" | "doas" => Self::Sudo,
            "su" | "runuser" => Self::Su,
            "exec" | "time" | "command" | "builtin" | "nohup" | "nice" | "ionice" | "timeout"
            | "xargs" | "sshpass" | "stdbuf" | "setsid" | "chronic" | "watch" | "strace" | "!"
            | "@" => Self::Passing,
            "sh" | "bash" | "dash" | "zsh" | "ksh" | "ash" => Self::Shell,
            "ssh" | "mosh" | "docker" | "docker-compose" | "podman" | "nerdctl" | "crictl"
            | "kubectl" | "oc" | "vagrant" | "lxc" | "incus" | "machinectl" | "systemd-run"
            | "heroku" | "fly" | "flyctl" | "aws" | "gcloud" | "az" => Self::Elsewhere,
            _ => return None,
        })
    }

    /// Whether it takes a word such as `name=value` for a variable of the environment.
    fn takes(self, name: &str) -> bool {
        match self {
            Self::Itself | Self::Env | Self::Sudo | Self::Su => true,
            Self::Passing | Self::Shell | Self::Elsewhere | Self::Unknown => {
                name.contains(|c: char| c.is_ascii_uppercase())
            }
            // It may write the setting into a file, but sets none.
            Self::Text => Followed::of(name).is_none() && Self::Unknown.takes(name),
        }
    }

    /// One that runs no other, as far as is known.
    fn other(word: &str) -> Self {
        match word {
            "echo" | "printf" | "[" | "[[" | "test" | "grep" | "sed" | "awk" => Self::Text,
            _ => Self::Unknown,
        }
    }
}

impl<'w> Simple<'w> {
    fn of(words: &'w [&'w str]) -> Self {
        let found = program(words);
        let (program, end) = found.unwrap_or((Program::Other, words.len()));
        let mut simple = Self {
            assigned: Vec::new(),
            removed: Vec::new(),
            passed: Vec::new(),
            reach: Reach::All,
            words: Vec::new(),
            program,
        };
        let mut runner = Runner::Itself;
        let mut has_unknown = false;
        let mut last = "";
        let mut rest = words.get(..end).unwrap_or_default();
        while let [word, behind @ ..] = rest {
            rest = behind;
            // `docker run --label NAME=value`
            let is_of_option = runner == Runner::Elsewhere
                && last.starts_with('-')
                && !matches!(last, "-e" | "--env");
            let pair = assignment(word).filter(|(name, _)| !is_of_option && runner.takes(name));
            if let Some((name, value)) = pair {
                simple.assigned.push((name, value, Sure::Yes));
                continue;
            }
            simple.words.push(word);
            // Behind a program that is not known, words are its own, unless psql comes.
            let known = Runner::of(word).filter(|next| {
                // `docker exec`
                let is_word_of_it = runner == Runner::Elsewhere && *next == Runner::Passing;
                !is_word_of_it && (!has_unknown || found.is_some())
            });
            if let Some(next) = known {
                simple.enter(next);
                runner = next;
            } else if word.starts_with('-') {
                rest = simple.option(runner, word, behind);
            } else if runner != Runner::Elsewhere && !is_argument(runner, last, word) {
                runner = Runner::other(word);
                has_unknown = true;
            }
            last = word;
        }
        if has_unknown && found.is_some() {
            simple.doubt();
        }
        simple
    }

    fn enter(&mut self, runner: Runner) {
        match runner {
            Runner::Sudo | Runner::Su => self.doubt(),
            Runner::Elsewhere => self.lose(),
            Runner::Itself
            | Runner::Env
            | Runner::Passing
            | Runner::Shell
            | Runner::Unknown
            | Runner::Text => {}
        }
    }

    /// An option of what runs the program. What stands behind it and its argument is given back.
    fn option(&mut self, runner: Runner, word: &str, behind: &'w [&'w str]) -> &'w [&'w str] {
        let (argument, others) = match behind.split_first() {
            Some((first, others)) => (Some(*first), others),
            None => (None, behind),
        };
        match (runner, word) {
            (Runner::Env, "-" | "-i" | "--ignore-environment") => self.lose(),
            (Runner::Env, "-u" | "--unset") => {
                argument.into_iter().for_each(|name| self.remove(name));
                return others;
            }
            (Runner::Env, "-C" | "--chdir") => return others,
            (Runner::Env, "--" | "-0" | "--null" | "-v" | "--debug") => {}
            (Runner::Env, _) => {
                let name = word.strip_prefix("--unset=");
                match name
                    .or_else(|| word.strip_prefix("-u"))
                    .and_then(Followed::of)
                {
                    Some(name) => self.remove(name.name()),
                    None => self.doubt(),
                }
            }
            (Runner::Sudo | Runner::Su, "-E" | "--preserve-env") => self.keep(),
            (
                Runner::Sudo | Runner::Su,
                "-u" | "-U" | "-g" | "-h" | "-p" | "-C" | "-T" | "-r" | "-t" | "-R" | "-D"
                | "--user" | "--group",
            ) => return others,
            // `command -v` runs nothing.
            (Runner::Passing, "-v" | "-V" | "-E") => self.doubt(),
            // `exec -c` runs with an empty environment.
            (Runner::Passing, flags) if is_cluster(flags, "acl") && flags.contains('c') => {
                self.doubt();
            }
            (Runner::Elsewhere, "-e" | "--env") => {
                self.passed.extend(argument);
            }
            _ => {}
        }
        behind
    }

    fn remove(&mut self, name: &'w str) {
        self.removed.push(name);
        self.assigned.retain(|(assigned, _, _)| *assigned != name);
    }

    /// Whether the program gets words that are read when it runs.
    fn has_more(&self) -> bool {
        // The second is the name of GNU's on other systems.
        let is_xargs = |word: &&str| matches!(file_name(word), "xargs" | "gxargs");
        self.words.iter().any(is_xargs)
    }

    /// `sudo` may drop what stands before it.
    fn doubt(&mut self) {
        if self.reach == Reach::All {
            self.reach = Reach::Doubtful;
        }
        for (_, _, sure) in &mut self.assigned {
            *sure = Sure::No;
        }
    }

    /// `sudo -E`
    fn keep(&mut self) {
        if self.reach == Reach::Doubtful {
            self.reach = Reach::All;
        }
        for (_, _, sure) in &mut self.assigned {
            *sure = Sure::Yes;
        }
    }

    /// What stands before `ssh` is not for the program that it runs.
    fn lose(&mut self) {
        self.reach = Reach::Nothing;
        self.assigned.retain(|(name, _, _)| !name.starts_with("PG"));
    }

    /// Who says which server the program connects with, if no argument does. The environment that has its mode has its
    /// `PGHOST`, too.
    fn server(&self, mode: &Effect) -> Server {
        let is_host = |name: &str| matches!(name, "PGHOST" | "PGHOSTADDR" | "PGSERVICE");
        let gets_environment = match self.reach {
            Reach::All => true,
            Reach::Doubtful => matches!(mode, Effect::Value(_, _)),
            Reach::Nothing => false,
        };
        if !gets_environment || self.assigned.iter().any(|(name, _, _)| is_host(name)) {
            return Server::Named;
        }
        match self.program {
            Program::Psql(_) => Server::OfEnvironment,
            Program::Script(_) | Program::Other => Server::Unknown,
        }
    }
}

/// Whether a word has no other flags than these.
fn is_cluster(word: &str, flags: &str) -> bool {
    let letters = word.strip_prefix('-');
    letters.is_some_and(|letters| letters.chars().all(|letter| flags.contains(letter)))
}

/// The program of a command, and where it stands, if it is psql or runs psql.
fn program<'w>(words: &'w [&'w str]) -> Option<(Program<'w>, usize)> {
    let mut runs_scripts = None;
    words.iter().enumerate().find_map(|(at, word)| {
        let is_quoted = word.contains(char::is_whitespace);
        let is_script = is_quoted && runs_scripts.is_some();
        if word.starts_with('-') || assignment(word).is_some() && !is_script {
            return None;
        }
        let mut parts = word.split(|c: char| c.is_whitespace() || ";&|()".contains(c));
        let is_psql = |word: &str| is_psql_program(word) || program_of_variable(word).is_some();
        // Commands that set a mode for others. What runs elsewhere does not get the settings of here.
        let sets = matches!(runs_scripts, Some(Runner::Su | Runner::Shell))
            && Followed::named_in(word).contains(&Followed::Mode);
        let runs_psql = if is_script {
            sets || parts.any(is_psql)
        } else {
            parts.next().is_some_and(is_psql)
        };
        let runs =
            |runner: &Runner| matches!(runner, Runner::Su | Runner::Shell | Runner::Elsewhere);
        runs_scripts = Runner::of(word).filter(runs).or(runs_scripts);
        let program = match (is_script, is_quoted) {
            (true, _) => Program::Script(word),
            (false, true) => Program::Psql(words.get(at..=at)?),
            (false, false) => Program::Psql(words.get(at..)?),
        };
        runs_psql.then_some((program, at))
    })
}

/// Whether a word belongs to what runs the program, and is not the program.
fn is_argument(runner: Runner, last: &str, word: &str) -> bool {
    match runner {
        Runner::Passing | Runner::Shell => {
            last.starts_with('-') || word.starts_with(|c: char| c.is_ascii_digit())
        }
        Runner::Unknown | Runner::Text => true,
        Runner::Itself | Runner::Env | Runner::Sudo | Runner::Su | Runner::Elsewhere => false,
    }
}

impl Shell {
    /// A program, with the environment that it gets.
    pub(super) fn run(&mut self, words: &[&str], arguments: Arguments, number: usize) {
        let taken = taken_apart(words);
        let taken = taken.as_ref().map(|words| words.iter().map(AsRef::as_ref));
        let taken: Option<Vec<&str>> = taken.map(Iterator::collect);
        let simple = Simple::of(taken.as_deref().unwrap_or(words));
        if let Program::Script(script) = simple.program {
            self.script(script, &simple, number);
        }
        let mut mode = self.effect(Followed::Mode, &simple, number);
        let is_psql = matches!(simple.program, Program::Psql(_));
        let is_plain = simple.assigned.is_empty() && !is_psql && mode == Effect::Inherited;
        let scope = if is_plain {
            self.scope
        } else {
            self.document.open(Some(self.scope), String::new())
        };
        for (name, value, _) in &simple.assigned {
            self.lose_by_name(name);
            self.document.set(scope, name, value, number);
        }
        let arguments = match simple.program {
            Program::Psql(command) if self.is_open(command) || simple.has_more() => Arguments::Open,
            Program::Psql(_) | Program::Script(_) | Program::Other => arguments,
        };
        let (server, password) = match simple.program {
            Program::Psql(command) => {
                let text = text(command);
                self.document.say(scope, &text, number);
                let server = if says_where(&text) {
                    Server::Named
                } else {
                    simple.server(&mode)
                };
                if let Some(own) = weak_mode_in(&text).filter(|_| server != Server::Named) {
                    mode = Effect::Value(own.to_owned(), number);
                }
                (server, self.effect(Followed::Password, &simple, number))
            }
            Program::Script(_) | Program::Other => {
                for word in &simple.words {
                    self.document.say(scope, word, number);
                }
                (simple.server(&mode), Effect::Inherited)
            }
        };
        if !is_plain {
            self.document.commands.push(Command {
                scope,
                mode,
                root: self.effect(Followed::Root, &simple, number),
                password,
                server,
                arguments,
            });
        }
    }

    /// The commands for another shell, in the environment that it gets.
    fn script(&mut self, script: &str, simple: &Simple<'_>, number: usize) {
        let before = self.state.clone();
        for (name, effect) in Followed::ALL.map(|name| (name, self.effect(name, simple, number))) {
            self.state.give(name, effect);
        }
        self.state.export_all(Exported::No);
        let first = self.document.commands.len();
        self.alone(script, number);
        if simple.reach == Reach::Nothing {
            // They do not get the server of here.
            for command in self.document.commands.iter_mut().skip(first) {
                command.server = Server::Named;
            }
        }
        self.state = before;
    }

    /// What a variable is for a command.
    fn effect(&self, name: Followed, simple: &Simple<'_>, number: usize) -> Effect {
        let own = simple
            .assigned
            .iter()
            .rev()
            .find(|(one, _, _)| *one == name.name());
        if let Some((_, value, sure)) = own {
            return match sure {
                Sure::Yes => Effect::Value((*value).to_owned(), number),
                Sure::No => Effect::Doubtful,
            };
        }
        if simple.removed.contains(&name.name()) {
            return Effect::Removed;
        }
        match (self.state.effect(name), simple.reach) {
            (effect, Reach::All) => effect,
            (effect, Reach::Nothing) if simple.passed.contains(&name.name()) => effect,
            (_, Reach::Nothing) => Effect::Removed,
            (Effect::Value(_, _), _) => Effect::Doubtful,
            (Effect::Inherited, _) => Effect::Assigned,
            (effect @ (Effect::Removed | Effect::Assigned | Effect::Doubtful), _) => effect,
        }
    }
}

/// A command of psql without its redirections, as one text. A string inside is found without its options.
fn text(command: &[&str]) -> String {
    if let [quoted] = command
        && quoted.contains(char::is_whitespace)
    {
        return (*quoted).to_owned();
    }
    let mut words = without_redirections(command, |_| false);
    let program = words.first().copied().and_then(program_of_variable);
    if let (Some(program), Some(first)) = (program, words.first_mut()) {
        *first = program;
    }
    let words = words.into_iter().map(quoted);
    words.collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let plain = word
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_./:=@,+%".contains(c));
    if plain && !word.is_empty() {
        word.to_owned()
    } else {
        shell_quoted(word)
    }
}

/// The mode in the arguments of a command. One that verifies may be a part of something else.
fn weak_mode_in(command: &str) -> Option<&str> {
    let (_, value) = command.rsplit_once("sslmode=")?;
    let end = value.find(|c: char| c.is_whitespace() || "&'\"".contains(c));
    let value = value.get(..end.unwrap_or(value.len()));
    value.filter(|mode| !mode.starts_with("verify"))
}

/// Whether the arguments of a command say which server it connects with.
pub(in crate::scan) fn says_where(command: &str) -> bool {
    ["://", "host=", "hostaddr=", "service=", " -h", " --host"]
        .iter()
        .any(|sign| command.contains(sign))
}

/// Whether a text is a command whose environment is written before it: `PGSSLMODE=disable psql -h h`.
pub(in crate::scan) fn sets_variables_of_psql(text: &str) -> bool {
    let mut words = text.split_ascii_whitespace();
    let begins = words.clone().next().and_then(assignment).is_some();
    let program = words.find(|word| assignment(word).is_none());
    begins && program.is_some_and(|program| file_name(program) == "psql")
}
