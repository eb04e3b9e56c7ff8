//! What all readers make of a file: settings in scopes, and texts that stand alone.

use std::collections::{BTreeMap, BTreeSet};

/// A file, or a part of one, as settings and texts.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// The first one is the whole file.
    pub(super) scopes: Vec<Scope>,
    pub(super) entries: Vec<Entry>,
    /// Texts without a name: string literals, items of lists.
    pub(super) texts: Vec<Text>,
    /// Texts of many lines, such as a script or a file inside a file.
    pub(super) blocks: Vec<Block>,
    /// Commands of psql and its relatives, with their environment.
    pub(super) commands: Vec<Command>,
    /// What a program would get behind the last line of a script.
    pub(super) at_end: Option<Command>,
    /// Whether a reader left something out.
    pub(super) is_cut: bool,
    marks: BTreeSet<(usize, Mark)>,
    /// Names of scopes that are not keys: `x = Options { ... }`, `connect(...)`.
    hidden: BTreeSet<String>,
}

/// What happens to the strings of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    /// A program makes another text of them.
    Changed,
    /// A shell ends their command at a `&` in them.
    Torn,
}

/// A variable that decides how psql connects, and that is followed through a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Followed {
    Mode,
    Root,
    Password,
}

impl Followed {
    pub(super) const ALL: [Self; 3] = [Self::Mode, Self::Root, Self::Password];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Mode => "PGSSLMODE",
            Self::Root => "PGSSLROOTCERT",
            Self::Password => "PGPASSWORD",
        }
    }

    /// The one with this name.
    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// Those that a text names.
    pub(super) fn named_in(text: &str) -> Vec<Self> {
        let all = Self::ALL.into_iter();
        all.filter(|one| text.contains(one.name())).collect()
    }
}

/// A command with its environment.
#[derive(Debug, Clone)]
pub(super) struct Command {
    /// Its text is the one in this scope.
    pub(super) scope: usize,
    /// `PGSSLMODE`
    pub(super) mode: Effect,
    /// `PGSSLROOTCERT`
    pub(super) root: Effect,
    /// `PGPASSWORD`
    pub(super) password: Effect,
    pub(super) server: Server,
    pub(super) arguments: Arguments,
}

impl Command {
    pub(super) const fn effect(&mut self, variable: Followed) -> &mut Effect {
        match variable {
            Followed::Mode => &mut self.mode,
            Followed::Root => &mut self.root,
            Followed::Password => &mut self.password,
        }
    }
}

/// Whether the text says what a command gets as its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arguments {
    Known,
    /// A variable among them may hold settings.
    Open,
}

/// Who says which server a command connects with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Server {
    /// Its arguments, or a `PGHOST` of its own.
    Named,
    /// `PGHOST`, or nobody.
    OfEnvironment,
    /// Perhaps `PGHOST`: another program than psql.
    Unknown,
}

/// What a variable is for a command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Effect {
    /// What it is outside of the text.
    #[default]
    Inherited,
    /// A value, and the line that sets it.
    Value(String, usize),
    /// It does not reach the command.
    Removed,
    /// The text sets it, but only what the shell itself got from outside is passed on.
    Assigned,
    /// Under a condition.
    Doubtful,
}

impl Effect {
    /// Makes it doubtful. What the text says nothing of may be what it is outside, or not.
    pub(super) fn lose(&mut self) {
        *self = match self {
            Self::Value(_, _) | Self::Doubtful => Self::Doubtful,
            Self::Inherited | Self::Assigned => Self::Assigned,
            Self::Removed => Self::Removed,
        };
    }
}

/// Settings that stand together: a section, a map, the arguments of a call.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    pub(super) parent: Option<usize>,
    /// The key above it, or the words before its brace.
    pub(super) name: String,
}

/// A setting.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) scope: usize,
    pub(super) key: String,
    /// [`UNKNOWN`] stands for what only the running program knows.
    pub(super) value: String,
    /// Counted from 1.
    pub(super) line: usize,
}

/// A text without a name.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub(super) scope: usize,
    pub(super) value: String,
    pub(super) line: usize,
}

/// A text of many lines under a name.
#[derive(Debug, Clone)]
pub(super) struct Block {
    pub(super) scope: usize,
    pub(super) key: String,
    pub(super) value: String,
    /// The line of its first line.
    pub(super) line: usize,
}

/// A value that only the running program knows.
pub(super) const UNKNOWN: &str = "${?}";

/// The value of another setting with this name.
pub(super) fn reference(name: &str) -> String {
    format!("${{{name}}}")
}

/// The key of settings that stand elsewhere, and what its value is where they cannot replace others.
pub(super) const SPREAD: &str = "...";
pub(super) const ADDED: &str = "+";

/// What stands under a key is to the process that runs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Commands {
    /// The words of one command.
    Words,
    /// The lines of a script.
    Lines,
}

/// `entrypoint` and `command` of compose files make one command, and so do `command` and `args` of Kubernetes.
const WORDS: &[&str] = &["entrypoint", "command", "cmd", "args"];
const LINES: &[&str] = &["before_script", "script", "commands", "run", "shell"];

/// Keys above the environment of a process.
pub(super) const ENVIRONMENTS: &[&str] = &["env", "environment", "variables"];

/// Variables that somebody else sets.
const MOST_INHERITED: usize = 1000;

/// A file has no more settings and scopes than this.
const MOST: usize = 100_000;

impl Document {
    pub(super) fn new() -> Self {
        let mut document = Self::default();
        document.open(None, String::new());
        document
    }

    /// What stands before a bracket names its scope, but is not its key. In a broken file it may be a password.
    pub(super) fn hide(&mut self, name: &str) {
        if self.hidden.len() < MOST {
            self.hidden.insert(name.to_owned());
        }
    }

    /// Whether the name of a scope can be shown.
    pub(super) fn is_shown(&self, name: &str) -> bool {
        !self.hidden.contains(name)
    }

    pub(super) fn mark(&mut self, line: usize, mark: Mark) {
        if self.marks.len() < MOST {
            self.marks.insert((line, mark));
        }
    }

    pub(super) fn has_mark(&self, line: usize, mark: Mark) -> bool {
        self.marks.contains(&(line, mark))
    }

    /// A new scope; the outermost one if there are too many.
    pub(super) fn open(&mut self, parent: Option<usize>, name: String) -> usize {
        if self.scopes.len() >= MOST {
            return 0;
        }
        self.scopes.push(Scope { parent, name });
        self.scopes.len().saturating_sub(1)
    }

    pub(super) fn set(&mut self, scope: usize, key: &str, value: &str, line: usize) {
        if self.entries.len() < MOST {
            self.entries.push(Entry {
                scope,
                key: key.to_owned(),
                value: value.to_owned(),
                line,
            });
        }
    }

    pub(super) fn say(&mut self, scope: usize, value: &str, line: usize) {
        if !value.trim().is_empty() && self.texts.len() < MOST {
            self.texts.push(Text {
                scope,
                value: value.to_owned(),
                line,
            });
        }
    }

    /// Whether something was left out.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
            || [self.scopes.len(), self.entries.len(), self.texts.len()]
                .iter()
                .any(|length| *length >= MOST)
    }

    pub(super) fn scope(&self, index: usize) -> Option<&Scope> {
        self.scopes.get(index)
    }

    /// What a key of a scope has for a process, and its place among those of the same process.
    pub(super) fn commands_under(&self, scope: usize, key: &str) -> Option<(Commands, usize)> {
        let place = |keys: &[&str]| keys.iter().position(|one| key.eq_ignore_ascii_case(one));
        // Those of a compose file are variables of a Dockerfile.
        if key == "args" && self.scope(scope).is_some_and(|scope| scope.name == "build") {
            return None;
        }
        let words = place(WORDS).map(|place| (Commands::Words, place));
        words.or_else(|| place(LINES).map(|place| (Commands::Lines, place)))
    }

    /// The same for the texts of a scope, which are a list.
    pub(super) fn commands_of(&self, scope: usize) -> Option<(Commands, usize)> {
        let scope = self.scope(scope)?;
        self.commands_under(scope.parent?, &scope.name)
    }

    /// The names of the scopes around a scope and its own, innermost first.
    pub(super) fn path(&self, scope: usize) -> impl Iterator<Item = &str> {
        let mut next = self.scopes.get(scope);
        std::iter::from_fn(move || {
            let scope = next?;
            next = scope.parent.and_then(|parent| self.scopes.get(parent));
            Some(scope.name.as_str())
        })
    }

    /// The scope and those around it, innermost first.
    pub(super) fn around(&self, scope: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(scope), |scope| self.scopes.get(*scope)?.parent)
    }

    /// Variables of an environment that only say that somebody else sets them: `- PGSSLMODE`, `PGSSLMODE:`, `valueFrom`.
    pub(super) fn add_inherited_modes(&mut self) {
        let is_mode = |name: &str| name.ends_with("SSLMODE") || name.ends_with("SSL_MODE");
        let names = |scope: usize| self.scope(scope).map_or("", |scope| scope.name.as_str());
        let is_environment = |scope: usize| ENVIRONMENTS.contains(&names(scope));
        let of_lists = self.texts.iter().filter(|text| is_mode(&text.value));
        let of_lists = of_lists.map(|text| (text.scope, text.value.clone(), text.line));
        let parent = |scope: usize| self.scope(scope).and_then(|scope| scope.parent);
        let references: BTreeSet<usize> = self
            .scopes
            .iter()
            .filter(|scope| scope.name == "valueFrom")
            .filter_map(|scope| scope.parent)
            .collect();
        let of_references = self.entries.iter().filter_map(|entry| {
            let is_one =
                entry.key == "name" && is_mode(&entry.value) && references.contains(&entry.scope);
            Some((
                parent(entry.scope).filter(|_| is_one)?,
                entry.value.clone(),
                entry.line,
            ))
        });
        let of_maps = self.scopes.iter().filter(|scope| is_mode(&scope.name));
        let of_maps = of_maps.filter_map(|scope| Some((scope.parent?, scope.name.clone(), 0)));
        let inherited = of_lists.chain(of_references).chain(of_maps);
        let inherited: Vec<_> = inherited
            .filter(|(scope, _, _)| is_environment(*scope))
            .take(MOST_INHERITED)
            .collect();
        for (scope, name, line) in inherited {
            self.set(scope, &name, UNKNOWN, line);
        }
    }

    /// Containers for processes list their variables as `name` and `value`, each pair in a scope of its own: they become
    /// settings of the list.
    pub(super) fn join_names_and_values(&mut self) {
        #[derive(Default)]
        struct Pair {
            name: Option<String>,
            value: Option<(String, usize)>,
        }
        let mut pairs: BTreeMap<usize, Pair> = BTreeMap::new();
        for entry in &self.entries {
            if entry.key.eq_ignore_ascii_case("name") {
                pairs.entry(entry.scope).or_default().name = Some(entry.value.clone());
            } else if entry.key.eq_ignore_ascii_case("value") {
                pairs.entry(entry.scope).or_default().value =
                    Some((entry.value.clone(), entry.line));
            }
        }
        pairs.retain(|scope, pair| {
            let parent = self.scopes.get(*scope).and_then(|scope| scope.parent);
            pair.name.is_some() && pair.value.is_some() && parent.is_some()
        });
        // The value is found under its name alone.
        self.entries.retain(|entry| {
            !(pairs.contains_key(&entry.scope) && entry.key.eq_ignore_ascii_case("value"))
        });
        let mut joined: Vec<Entry> = pairs
            .into_iter()
            .filter_map(|(scope, pair)| {
                let (value, line) = pair.value?;
                let scope = self.scopes.get(scope)?.parent?;
                Some(Entry {
                    scope,
                    key: pair.name?,
                    value,
                    line,
                })
            })
            .collect();
        joined.sort_by_key(|entry| entry.line);
        let room = MOST.saturating_sub(self.entries.len());
        self.entries.extend(joined.into_iter().take(room));
    }
}
