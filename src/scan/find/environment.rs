//! `PGSSLMODE` and `PGPASSWORD` beside commands: they count for the command that gets them in its environment, or for the
//! container or job whose environment sets them.

use std::collections::{BTreeMap, BTreeSet};

use super::group::Groups;
use super::parts::LIBPQ;
use super::replacement::Replacement;
use crate::scan::candidate::{Beside, Besides, Candidate, Form};
use crate::scan::document::{
    Arguments, Block, Command, Document, ENVIRONMENTS, Effect, Entry, Server, UNKNOWN,
};
use crate::scan::kind::Kind;
use crate::scan::read::lines::Style;
use crate::scan::template::{Variables, fill};

const MODE: &str = "PGSSLMODE";
const ROOT: &str = "PGSSLROOTCERT";

/// What the text around a script sets for it.
#[derive(Clone)]
pub(super) struct Outside {
    pub(super) mode: Besides,
    server: Option<String>,
}

impl Outside {
    pub(super) const NOTHING: Self = Self {
        mode: Besides::Nothing,
        server: None,
    };
}

/// The modes that a document sets for commands.
pub(super) struct Environment<'d> {
    document: &'d Document,
    /// By the scope whose commands have it.
    of_scopes: BTreeMap<usize, Besides>,
    /// Those outside of such a scope, with the root that stands beside them.
    others: Vec<(&'d Entry, Option<&'d str>)>,
    commands: BTreeMap<usize, &'d Command>,
    /// The servers that it names, in the same way.
    servers: BTreeMap<usize, &'d str>,
    /// Those of the text around this one.
    outside: Outside,
    changes: Changes,
}

/// Whether a step of a workflow may set the mode for those behind it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Changes {
    Some,
    None,
}

/// Where steps of workflows write what later ones get: GitHub, CircleCI, Azure.
const FOR_LATER: &[&str] = &["GITHUB_ENV", "BASH_ENV", "task.setvariable"];

impl<'d> Environment<'d> {
    pub(super) fn of(
        document: &'d Document,
        outside: Outside,
        text: &str,
        scripts: &[Block],
    ) -> Self {
        let changes = |line: &str| {
            line.contains(MODE) && FOR_LATER.iter().any(|written| line.contains(written))
        };
        let entries = || document.entries.iter();
        let roots: BTreeMap<usize, &str> = entries()
            .filter(|entry| entry.key == ROOT)
            .map(|entry| (entry.scope, entry.value.as_str()))
            .collect();
        let (mut of_scopes, mut others) = (BTreeMap::new(), Vec::new());
        for entry in entries().filter(|entry| is_mode(&entry.key)) {
            let root = roots.get(&entry.scope).copied();
            match process(document, entry.scope) {
                Some(parent) => {
                    of_scopes.insert(parent, Besides::of_mode(&entry.value, root));
                }
                None => others.push((entry, root)),
            }
        }
        let commands = document.commands.iter();
        let servers = entries().filter_map(|entry| {
            let server = match entry.key.as_str() {
                "PGHOST" | "PGHOSTADDR" => entry.value.as_str(),
                "PGSERVICE" => UNKNOWN,
                _ => return None,
            };
            let scope = process(document, entry.scope).unwrap_or(entry.scope);
            Some((scope, server))
        });
        Self {
            document,
            servers: servers.filter(|(_, server)| !server.is_empty()).collect(),
            of_scopes,
            others,
            commands: commands.map(|command| (command.scope, command)).collect(),
            outside,
            changes: match text.lines().any(changes) || changes_others(document, scripts) {
                true => Changes::Some,
                false => Changes::None,
            },
        }
    }

    /// What steps of a workflow may make of the mode for those behind them.
    pub(super) fn replaced(&self) -> Vec<Replacement> {
        match self.changes {
            Changes::Some => vec![Replacement {
                prefix: LIBPQ.to_owned(),
                scope: None,
                besides: Besides::Something,
            }],
            Changes::None => Vec::new(),
        }
    }

    /// The mode of what stands in this scope.
    pub(super) fn of_scope(&self, scope: usize) -> Besides {
        let mut around = self.document.around(scope);
        let known = around.find_map(|scope| self.of_scopes.get(&scope));
        let mode = known.copied().unwrap_or(self.outside.mode);
        match self.changes {
            Changes::Some => mode.in_doubt(),
            Changes::None => mode,
        }
    }

    /// What a script that stands in this scope gets.
    pub(super) fn outside_of(&self, scope: usize) -> Outside {
        let mut around = self.document.around(scope);
        let server = around.find_map(|scope| self.servers.get(&scope));
        let server = server.map(|server| (*server).to_owned());
        Outside {
            mode: self.of_scope(scope),
            server: server.or_else(|| self.outside.server.clone()),
        }
    }

    /// Gives strings without a name their mode, and commands their password.
    pub(super) fn apply(&self, kind: Kind, groups: &Groups<'_>, found: &mut [Candidate]) {
        for candidate in found.iter_mut() {
            if candidate.form == Form::Text && !matches!(kind, Kind::Code(_) | Kind::Prose) {
                candidate.server = self.outside_of(candidate.scope).server;
            }
            if candidate.key.is_some() {
                self.apply_beside(kind, groups, candidate);
                continue;
            }
            let command = self.commands.get(&candidate.scope).copied();
            if candidate.form == Form::Text
                && candidate.password.is_none()
                && let Some(Effect::Value(value, line)) = command.map(|command| &command.password)
            {
                candidate.password = Some(Beside {
                    value: value.clone(),
                    line: *line,
                });
            }
            let is_open = command.is_some_and(|command| command.arguments == Arguments::Open);
            if is_open {
                candidate.filled.doubt_mode();
            }
            if candidate.beside != Besides::Nothing {
                continue;
            }
            candidate.beside = match kind {
                Kind::Lines(Style::Batch) => self.before(candidate.line),
                Kind::Lines(
                    Style::Shell
                    | Style::Docker
                    | Style::Unit
                    | Style::Make
                    | Style::Env
                    | Style::Properties,
                )
                | Kind::Prose
                | Kind::Passwords => match command {
                    Some(command) => of_command(command, self.outside.mode),
                    None => self.outside.mode,
                },
                Kind::Yaml => self.of_scope(candidate.scope),
                Kind::Ini | Kind::Code(_) => match self.of_scope(candidate.scope) {
                    // `os.environ["PGSSLMODE"] = "require"`
                    Besides::Nothing => self.of_program(candidate),
                    mode => mode,
                },
            };
        }
    }

    /// Gives a URI the mode that stands beside it in its environment, as libpq reads it.
    fn apply_beside(&self, kind: Kind, groups: &Groups<'_>, candidate: &mut Candidate) {
        let is_ours = candidate.form == Form::Text
            && candidate.is_uri()
            && candidate.beside == Besides::Nothing;
        if !is_ours {
            return;
        }
        let mode = match (kind, process(self.document, candidate.scope)) {
            (Kind::Lines(Style::Env), _) => self.before(usize::MAX),
            (Kind::Yaml | Kind::Code(_), Some(_)) => self.of_scope(candidate.scope),
            _ => return,
        };
        let weaker = groups.weaker(candidate.scope, LIBPQ, mode);
        candidate.beside = weaker.unwrap_or(mode);
    }

    /// The last mode that was set before a line.
    fn before(&self, line: usize) -> Besides {
        let mut before = self.others.iter().rev();
        let last = before.find(|(entry, _)| entry.line <= line);
        last.map_or(self.outside.mode, |(entry, root)| {
            Besides::of_mode(&entry.value, *root)
        })
    }

    /// The mode of a program that sets it always in the same way, before it connects and where it connects.
    fn of_program(&self, candidate: &Candidate) -> Besides {
        let Some(((first, root), others)) = self.others.split_first() else {
            return Besides::Nothing;
        };
        let is_other = |(other, _): &(&Entry, _)| other.value != first.value;
        let is_around = self
            .document
            .around(candidate.scope)
            .any(|scope| scope == first.scope);
        if others.iter().any(is_other) || first.line > candidate.line || !is_around {
            return Besides::Something;
        }
        Besides::of_mode(&first.value, *root)
    }
}

/// The scope whose processes get the settings of this one as their environment.
pub(super) fn process(document: &Document, scope: usize) -> Option<usize> {
    let scope = document.scope(scope)?;
    scope
        .parent
        .filter(|_| ENVIRONMENTS.contains(&scope.name.as_str()))
}

/// Whether a script that sets a mode runs before those of other jobs: a `before_script` that belongs to none.
fn changes_others(document: &Document, scripts: &[Block]) -> bool {
    const BEFORE: &str = "before_script";
    let job = |script: &Block| {
        let list = document.scope(script.scope)?;
        match script.key.as_str() {
            BEFORE => Some(script.scope),
            _ => list.parent.filter(|_| list.name == BEFORE),
        }
    };
    let changing = scripts.iter().filter(|script| script.value.contains(MODE));
    let mut jobs: BTreeSet<usize> = changing.filter_map(job).collect();
    for scope in document
        .scopes
        .iter()
        .filter(|scope| scope.name == "script")
    {
        jobs.remove(&scope.parent.unwrap_or_default());
    }
    for entry in document
        .entries
        .iter()
        .filter(|entry| entry.key == "script")
    {
        jobs.remove(&entry.scope);
    }
    !jobs.is_empty()
}

fn is_mode(key: &str) -> bool {
    key == MODE || key == "process.env.PGSSLMODE"
}

/// Whether the shell knows nothing else of a value: it takes a default only if a variable is not set.
fn is_sure(value: &str) -> bool {
    fill(value).variables == Variables::None
}

/// The mode that a command gets; `outside` is that of the text around its own.
fn of_command(command: &Command, outside: Besides) -> Besides {
    match (&command.mode, outside) {
        (Effect::Value(mode, _), _) => {
            let root = match &command.root {
                Effect::Value(root, _) => Some(root.as_str()),
                Effect::Inherited | Effect::Removed | Effect::Assigned | Effect::Doubtful => None,
            };
            let besides = Besides::of_mode(mode, root);
            if is_sure(mode) && (root.is_none_or(is_sure) || besides.verifies_name()) {
                besides
            } else {
                besides.in_doubt()
            }
        }
        (Effect::Inherited, outside) => outside,
        (Effect::Removed, _) | (Effect::Assigned, Besides::Nothing) => Besides::Nothing,
        (Effect::Doubtful | Effect::Assigned, _) => Besides::Something,
    }
}

/// The commands that take settings of the environment which stand in a scope.
pub(super) struct Users<'d> {
    of_scopes: BTreeMap<usize, Vec<&'d Command>>,
    /// What a program would get that runs behind the script.
    at_end: Option<&'d Command>,
}

impl<'d> Users<'d> {
    pub(super) fn of(document: &'d Document) -> Self {
        let mut of_scopes: BTreeMap<usize, Vec<&Command>> = BTreeMap::new();
        for command in &document.commands {
            let around = document.around(command.scope).skip(1);
            let around = around.filter(|_| takes_server(command));
            // The settings before it are its own.
            for scope in around.chain([command.scope]) {
                of_scopes.entry(scope).or_default().push(command);
            }
        }
        Self {
            of_scopes,
            at_end: document.at_end.as_ref(),
        }
    }

    /// What the commands of a script make of the mode around it, with the server that is named there; nothing if there are
    /// none.
    pub(super) fn of_script(&self, document: &Document, outside: Besides) -> Option<Besides> {
        let commands = document.commands.iter().chain(self.at_end);
        let of_all = commands
            .filter(|command| takes_server(command))
            .map(|command| of_open(command, outside));
        of_all.reduce(Besides::worse)
    }

    /// What the commands make of the mode in a scope; nothing if they all get it.
    pub(super) fn beside(&self, scope: usize, mode: Option<&str>) -> Option<Besides> {
        let known = self.of_scopes.get(&scope).map_or(&[][..], Vec::as_slice);
        let at_end = self.at_end.filter(|command| {
            let says_nothing = matches!(command.mode, Effect::Inherited | Effect::Assigned);
            known.is_empty() && command.scope == scope && !says_nothing
        });
        let users = || known.iter().copied().chain(at_end);
        let is_set = |command: &Command| match &command.mode {
            Effect::Value(value, _) => Some(value.as_str()) == mode && is_sure(value),
            Effect::Inherited => mode.is_none(),
            Effect::Removed | Effect::Assigned | Effect::Doubtful => false,
        };
        let is_known = |command: &Command| command.arguments == Arguments::Known;
        if users().all(|command| is_set(command) && is_known(command)) {
            return None;
        }
        users()
            .map(|command| of_open(command, Besides::Nothing))
            .reduce(Besides::worse)
    }
}

/// Whether a command may connect with the server of its environment, and has a mode of its own or connects for sure.
const fn takes_server(command: &Command) -> bool {
    match command.server {
        Server::OfEnvironment => true,
        Server::Unknown => match command.mode {
            Effect::Value(_, _) | Effect::Doubtful | Effect::Removed => true,
            Effect::Inherited | Effect::Assigned => false,
        },
        Server::Named => false,
    }
}

/// The mode that a command gets, if its arguments set none.
fn of_open(command: &Command, outside: Besides) -> Besides {
    match (of_command(command, outside), command.arguments) {
        (besides, Arguments::Known) => besides,
        (besides, Arguments::Open) => besides.in_doubt(),
    }
}
