//! Commands that set variables: `docker run -e NAME=VALUE`, `kubectl create secret ... --from-literal=NAME=VALUE`,
//! `export NAME=VALUE NAME=VALUE`.

use std::iter;

use super::dotenv_line::{Form, Line, Quotes, Sign, is_of_libpq, keyword};
use super::reading::Runs;
use super::shell::{Ending, ShellWord, is_name, words};
use super::{Dialect, Fault, Reading, env_file, psql_command, reading};
use crate::conninfo::{Keyword, Nowhere, Secrecy, World};

/// How a program takes variables for another one.
#[derive(Clone, Copy)]
enum Command {
    /// By `-e` or `--env` before the image; what follows is the command that runs there.
    Container,
    /// `export`: every word is a variable.
    Export,
    /// As words or behind options, before the command if there is one.
    Words,
}

impl Command {
    fn of(program: &str) -> Option<Self> {
        Some(match program {
            "docker" | "podman" | "nerdctl" | "docker-compose" | "podman-compose" => {
                Self::Container
            }
            "export" => Self::Export,
            "kubectl" | "oc" | "helm" | "heroku" | "fly" | "flyctl" | "railway" | "gh" | "eb"
            | "cf" | "dokku" | "az" | "gcloud" | "setx" => Self::Words,
            _ => return None,
        })
    }
}

/// Options of these programs with a `NAME=VALUE` that no program gets as a variable when it runs.
const OTHERS: &[&str] = &[
    "-l",
    "--label",
    "--labels",
    "--annotation",
    "--annotations",
    "--build-arg",
    "--log-opt",
    "--opt",
    "--selector",
    "--storage-opt",
    "--sysctl",
    "--tag",
    "--tags",
    "--ulimit",
];

/// Options that set variables whose values stand elsewhere.
const ELSEWHERE: &[&str] = &[
    "--env-file",
    "--env-from-file",
    "--env-host",
    "--env-vars-file",
    "--from",
    "--from-env-file",
    "--set-secrets",
    "--update-secrets",
];

/// Letters and names of options of docker, podman and nerdctl that have no argument.
const FLAGS: (&str, &[&str]) = (
    "ditPqTA",
    &[
        "--build",
        "--detach",
        "--disable-content-trust",
        "--env-host",
        "--help",
        "--http-proxy",
        "--init",
        "--interactive",
        "--no-deps",
        "--no-healthcheck",
        "--no-hosts",
        "--no-TTY",
        "--oom-kill-disable",
        "--privileged",
        "--publish-all",
        "--quiet",
        "--quiet-build",
        "--quiet-pull",
        "--read-only",
        "--remove-orphans",
        "--replace",
        "--rm",
        "--rmi",
        "--service-ports",
        "--sig-proxy",
        "--tls-verify",
        "--tty",
        "--use-aliases",
    ],
);

/// What a command gives another one.
struct Given<'w> {
    runs: Runs,
    variables: Vec<Line>,
    /// Names without a value: they have the one that is set where the command runs.
    inherited: Vec<&'w str>,
    /// What sets variables that are not known here.
    elsewhere: Vec<&'w str>,
    /// What runs with the variables.
    command: Vec<&'w ShellWord>,
}

/// Reads the variables that one command sets, or several on one line; nothing if that is not what the text is.
pub(super) fn read(text: &str, world: &dyn World) -> Result<Option<Reading>, Fault> {
    let (words, ending) = words(text.trim());
    let given = match ending {
        Ending::Line => given(&words)?,
        Ending::MoreCommands | Ending::OpenQuote => None,
    };
    match given {
        Some(given) => given.read(match given.runs {
            Runs::Here => world,
            Runs::Elsewhere => &Nowhere,
        }),
        None => Ok(None),
    }
}

/// Whether a text is such a command.
pub(super) fn is_command(text: &str) -> bool {
    let (words, ending) = words(text.trim());
    ending == Ending::Line && !matches!(given(&words), Ok(None))
}

fn given(words: &[ShellWord]) -> Result<Option<Given<'_>>, Fault> {
    let before = |word: &&ShellWord| matches!(word.text.as_str(), "sudo" | "$");
    let prefixes = words.iter().take_while(before).count();
    let Some((first, all)) = words.get(prefixes..).and_then(<[_]>::split_first) else {
        return Ok(None);
    };
    let program = first.text.rsplit('/').next().unwrap_or(&first.text);
    let mut given = match Command::of(program) {
        Some(Command::Container) => Given::of_container(all)?,
        Some(Command::Export) => Given::of_export(all)?,
        Some(Command::Words) if program == "setx" => Given::of_words(all, Runs::Here),
        Some(Command::Words) => Given::of_words(all, Runs::Elsewhere),
        // Without a command, every word must be a variable.
        None => {
            let all_words = words.get(prefixes..).unwrap_or_default();
            if let Some(given) = Given::before_a_program(all_words) {
                return Ok(Some(given));
            }
            let given = Given::of_words(all_words, Runs::Here);
            let is_list =
                given.variables.len() > 1 && given.variables.len() == all.len().saturating_add(1);
            return Ok(is_list.then_some(given));
        }
    };
    if program.ends_with("-compose") {
        given.elsewhere.push("compose");
    }
    let is_one =
        !given.variables.is_empty() || given.command.first().copied().is_some_and(begins_command);
    Ok(is_one.then_some(given))
}

impl<'w> Given<'w> {
    const fn new(runs: Runs) -> Self {
        Self {
            runs,
            variables: Vec::new(),
            inherited: Vec::new(),
            elsewhere: Vec::new(),
            command: Vec::new(),
        }
    }

    /// `docker run OPTIONS IMAGE COMMAND`
    fn of_container(all: &'w [ShellWord]) -> Result<Self, Fault> {
        let mut given = Self::new(Runs::Elsewhere);
        let is_verb =
            |word: &ShellWord| matches!(word.text.as_str(), "run" | "exec" | "create" | "update");
        let verb = all.iter().position(is_verb).unwrap_or(all.len());
        if all.iter().take(verb).any(|word| word.text == "compose") {
            given.elsewhere.push("compose");
        }
        let mut rest = all.iter().skip(verb.saturating_add(1)).peekable();
        while let Some(option) = rest.next_if(|word| word.text.starts_with('-')) {
            let text = option.text.as_str();
            if text == "--" {
                break;
            }
            let (name, attached) = option_of(text);
            // No value of an option begins so in earnest.
            let has_argument = attached.is_none() && !is_flag(name);
            let argument = has_argument
                .then(|| rest.next_if(|word| !word.text.starts_with('-')))
                .flatten();
            let value = attached.or_else(|| argument.map(|word| word.text.as_str()));
            match (name, value) {
                ("-e" | "--env" | "--env-add", Some(value)) => given.add(value)?,
                ("--entrypoint", Some(_)) => given.command.push(argument.unwrap_or(option)),
                _ if ELSEWHERE.contains(&name) => given.elsewhere.push(name),
                _ => {}
            }
        }
        // An image is no program, unless it is the argument of an option that is not known here.
        if let Some(image) = rest.next_if(|word| !begins_command(word)) {
            given.elsewhere.extend(only_expansion(image));
        }
        given.command.extend(rest);
        Ok(given)
    }

    /// `export NAME=VALUE NAME`
    fn of_export(all: &'w [ShellWord]) -> Result<Self, Fault> {
        let mut given = Self::new(Runs::Here);
        for word in all {
            if word.text.starts_with('-') {
                return Err(beyond(
                    "an option of export may take variables away",
                    "Give the variables without it.",
                ));
            }
            given.add(&word.text)?;
        }
        Ok(given)
    }

    fn of_words(all: &'w [ShellWord], runs: Runs) -> Self {
        let mut given = Self::new(runs);
        let before = iter::once("").chain(all.iter().map(|word| word.text.as_str()));
        // `kubectl set env`
        let is_end = |(before, word): (&str, &ShellWord)| begins_command(word) && before != "set";
        // A pod may have the name of a program.
        let dashes = all.iter().position(|word| word.text == "--");
        let end = dashes.or_else(|| before.zip(all).position(is_end));
        let end = end.unwrap_or(all.len());
        let (before, command) = all.split_at(end);
        let mut last = "";
        for word in before {
            let text = word.text.as_str();
            let (name, attached) = option_of(text);
            given.elsewhere.extend(only_expansion(word));
            if ELSEWHERE.contains(&name) {
                given.elsewhere.push(name);
            } else if !OTHERS.contains(&name) && !OTHERS.contains(&last) {
                let variable = attached.unwrap_or(text);
                given
                    .variables
                    .extend(line(variable).filter(has_usual_name));
            }
            last = text;
        }
        given
            .command
            .extend(command.iter().skip_while(|word| word.text == "--"));
        given
    }

    /// `DATABASE_URL=URL npm start`, `env DATABASE_URL=URL ./app`. psql has a reader of its own.
    fn before_a_program(words: &'w [ShellWord]) -> Option<Self> {
        let (env, rest) = match words.split_first() {
            Some((first, rest)) if first.text == "env" => (true, rest),
            Some(_) | None => (false, words),
        };
        let mut given = Self::new(Runs::Here);
        let variables = rest.iter().map_while(|word| line(&word.text));
        given.variables.extend(variables.filter(has_usual_name));
        let command = rest.get(given.variables.len()..).unwrap_or_default();
        given.command.extend(command);
        let names_string = given
            .variables
            .iter()
            .any(|line| env_file::named_for_string(&line.name));
        let program = command.first()?;
        let is_program = (env || !program.text.contains('=')) && !program.text.starts_with('-');
        (names_string && is_program && !psql_command::runs(words)).then_some(given)
    }

    /// `NAME=VALUE`, or the name alone.
    fn add(&mut self, word: &'w str) -> Result<(), Fault> {
        match line(word) {
            Some(line) => self.variables.push(line),
            None if is_name(word) => self.inherited.push(word),
            None => {
                return Err(beyond(
                    "the name of a variable is not written out",
                    "Write NAME=VALUE.",
                ));
            }
        }
        Ok(())
    }

    fn read(&self, world: &dyn World) -> Result<Option<Reading>, Fault> {
        let unknown = self.inherited.iter().find(|name| counts(name));
        if let Some(name) = unknown {
            let name = reading::shown(name);
            return Err(beyond(
                format!("it passes {name} on, and pgtls does not know the value"),
                format!("Write {name}=VALUE."),
            ));
        }
        let Some(mut reading) = self.read_known(world)? else {
            return Ok(None);
        };
        reading.runs = self.runs;
        let root = reading.get(Keyword::SslRootCert);
        if self.runs == Runs::Elsewhere && root == Some(&b"system"[..]) {
            reading.warn(
                "sslrootcert",
                "pgtls looks into the roots of this machine. Where the command runs, there may be others",
            );
        }
        for source in &self.elsewhere {
            reading.warn(
                source,
                "may set other variables that count, such as PGSSLMODE. pgtls has not read them",
            );
        }
        Ok(Some(reading))
    }

    fn read_known(&self, world: &dyn World) -> Result<Option<Reading>, Fault> {
        let assigned = self.variables.iter().map(|line| ShellWord {
            text: format!("{}={}", line.name, line.value),
            expands: None,
        });
        let command = self.command.iter().map(|word| (*word).clone());
        let whole: Vec<ShellWord> = assigned.chain(command).collect();
        if psql_command::runs(&whole) {
            return psql_command::read_words(&whole).map(Some);
        }
        let sets_again = |word: &&ShellWord| {
            let text = word.text.as_str();
            let mut parts = text.split(|c: char| c.is_ascii_whitespace() || ";&|'\"".contains(c));
            let is_ours = |name: &str| {
                env_file::named_for_string(name)
                    || self.variables.iter().any(|line| line.name == name)
            };
            parts.any(|part| {
                part == "unset" || part.split_once('=').is_some_and(|(name, _)| is_ours(name))
            })
        };
        let mut command = self.command.iter();
        if command.any(|word| speaks_of_connection(word) || sets_again(word)) {
            return Err(beyond(
                "the command that runs there may have settings of its own",
                "Give its connection string alone.",
            ));
        }
        env_file::of_lines(&self.variables, world)
    }
}

/// The name of an option, and what is written behind it: `-eX`, `-e=X`, `-ite X`, `--env=X`.
fn option_of(text: &str) -> (&str, Option<&str>) {
    if text.starts_with("--") {
        return match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
    }
    let Some(letters) = text.strip_prefix('-') else {
        return ("", None);
    };
    let last = letters.trim_start_matches(|letter| FLAGS.0.contains(letter));
    let Some(letter) = last.chars().next() else {
        return (text, None);
    };
    let value = last
        .get(letter.len_utf8()..)
        .filter(|value| !value.is_empty());
    let name = match letter {
        'e' => "-e",
        'l' => "-l",
        _ => "-",
    };
    (
        name,
        value.map(|value| value.strip_prefix('=').unwrap_or(value)),
    )
}

fn is_flag(name: &str) -> bool {
    let letters = name.strip_prefix('-').unwrap_or_default();
    let (short, long) = FLAGS;
    long.contains(&name)
        || !letters.is_empty() && letters.chars().all(|letter| short.contains(letter))
}

fn line(word: &str) -> Option<Line> {
    let (name, value) = word.split_once('=')?;
    is_name(name).then(|| Line {
        name: name.to_owned(),
        value: value.to_owned(),
        // The shell has removed them.
        quotes: Quotes::None,
        form: Form::Shell,
        sign: Sign::Bare,
    })
}

/// A word that is nothing but a variable of the shell may become several words.
fn only_expansion(word: &ShellWord) -> Option<&'static str> {
    let of_expansion = |c: char| c.is_ascii_alphanumeric() || "_${}[]()@*` ".contains(c);
    let expansion = word.expands.as_ref()?;
    (expansion.at == 0 && word.text.chars().all(of_expansion)).then_some("the shell")
}

/// Names are in capitals, where anything else is an option or a setting.
fn has_usual_name(line: &Line) -> bool {
    line.name.starts_with(|c: char| c.is_ascii_uppercase())
        && !line.name.contains(|c: char| c.is_ascii_lowercase())
}

/// Whether the value of a variable may say how to connect. A password says nothing about TLS.
fn counts(name: &str) -> bool {
    match keyword(name).map(Keyword::secrecy) {
        Some(Secrecy::Secret) => false,
        Some(Secrecy::Public) => true,
        None => is_of_libpq(name) || env_file::named_for_string(name),
    }
}

/// Whether a word runs a program that connects, or changes its variables first.
fn begins_command(word: &ShellWord) -> bool {
    word.text == "env" || psql_command::is_psql_program(&word.text)
}

/// Whether a word of a command, a script perhaps, says how to connect.
fn speaks_of_connection(word: &ShellWord) -> bool {
    let text = word.text.as_str();
    let mut names = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    text.contains("postgres://")
        || text.contains("postgresql:")
        || names.any(|name| {
            is_of_libpq(name)
                || name.to_ascii_lowercase().starts_with("sslmode")
                || psql_command::is_psql_program(name)
        })
}

fn beyond(reason: impl Into<String>, instead: impl Into<String>) -> Fault {
    Fault::Beyond {
        dialect: Dialect::DotenvLine,
        reason: reason.into(),
        instead: instead.into(),
    }
}

#[cfg(test)]
mod tests;
