//! Commands of a shell, with the environment that each of them gets. What a shell does under a condition, and what may
//! not reach a command, is known as doubtful.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;

use super::control::{Block, Control};
use super::docker::Image;
use super::keyword::Taken;
use super::lines::{LONGEST_LINE, Style, assigned_alone};
use super::make::{self, Section};
use super::unclosed::{HereDocument, Quoted, Rest, Unclosed};
use super::variables::{Exported, State};
use super::words::{Brackets, End, Piece, split};
use crate::scan::document::{Arguments, Command, Document, Effect, Followed, Mark, Server};

/// Which rules the lines follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rules {
    Script,
    /// A Dockerfile.
    Docker,
    /// A Makefile: every line of a recipe is a script of its own.
    Make,
    /// A unit of systemd.
    Unit,
    /// Commands in a text for people, where `if` is a word like others.
    Prose,
}

/// Whether a line goes on with those before it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Earlier {
    Something,
    Nothing,
}

/// Reads commands, one line after the other.
pub(super) struct Shell {
    pub(super) document: Document,
    pub(super) rules: Rules,
    pub(super) state: State,
    pub(super) control: Control,
    /// The scope of what the shell sets.
    pub(super) scope: usize,
    /// What the functions of the script change, by their names.
    pub(super) functions: BTreeMap<String, BTreeSet<Followed>>,
    /// Variables that take no other value.
    pub(super) locked: BTreeSet<Followed>,
    /// Commands of functions, with what each variable was where the function stands: it may run after a change.
    pub(super) waiting: BTreeMap<Followed, Vec<(Range<usize>, Effect)>>,
    /// What ends the texts that commands get as their input.
    ends: VecDeque<HereDocument>,
    open: Option<Open>,
    /// Commands that run when everything is set: recipes, `CMD`.
    pub(super) later: Vec<(String, usize)>,
    pub(super) image: Image,
    pub(super) section: Section,
    /// Those of the command that is read.
    pub(super) arguments: Arguments,
    depth: usize,
    certainty: Certainty,
}

/// Whether the text can be followed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Certainty {
    Sure,
    /// It does something that is not followed: no setting surely reaches a command.
    Lost,
}

/// Lines with a quote that is open.
struct Open {
    text: String,
    /// The number of the first.
    first: usize,
    unclosed: Unclosed,
}

/// `$(...)` in `$(...)`.
const DEEPEST: usize = 3;

impl Shell {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            document: Document::new(),
            rules,
            state: State::default(),
            control: Control::at(&State::default()),
            scope: 0,
            functions: BTreeMap::new(),
            locked: BTreeSet::new(),
            waiting: BTreeMap::new(),
            ends: VecDeque::new(),
            open: None,
            later: Vec::new(),
            image: Image::default(),
            section: Section::Process,
            arguments: Arguments::Known,
            depth: 0,
            certainty: Certainty::Sure,
        }
    }

    /// What was read.
    pub(super) fn finished(mut self) -> Document {
        // A quote that nothing closes was none.
        if let Some(open) = self.open.take() {
            for (number, line) in (open.first..).zip(open.text.lines()) {
                self.whole_line(line, number);
            }
        }
        if self.rules == Rules::Docker {
            self.end_stage();
        } else {
            for (text, number) in std::mem::take(&mut self.later) {
                self.alone(&text, number);
            }
            self.document.at_end = Some(Command {
                scope: self.scope,
                mode: self.state.effect(Followed::Mode),
                root: self.state.effect(Followed::Root),
                password: Effect::Inherited,
                server: Server::Unknown,
                arguments: Arguments::Known,
            });
        }
        if self.certainty == Certainty::Lost {
            let commands = self.document.commands.iter_mut();
            for command in commands.chain(&mut self.document.at_end) {
                for name in [Followed::Mode, Followed::Root] {
                    command.effect(name).lose();
                }
            }
        }
        self.document
    }

    /// Something was read that is not followed.
    pub(super) const fn lose(&mut self) {
        self.certainty = Certainty::Lost;
    }

    /// Whether a line that ends with a backslash goes on in the next: a comment does not. `earlier` says what stands before it.
    pub(super) fn goes_on(&mut self, line: &str, earlier: Earlier) -> bool {
        if self
            .ends
            .front()
            .is_some_and(|end| end.quoted == Quoted::Yes)
        {
            return false;
        }
        if !self.ends.is_empty() || !line.contains('#') {
            return true;
        }
        let mut unclosed = Unclosed::default();
        let is_comment = unclosed.read(line) == Rest::Comment;
        if earlier == Earlier::Something || self.open.is_some() {
            // What is open there decides.
            self.lose();
        }
        !is_comment
    }

    /// A line; those that go on behind a backslash are one. So are those with an open quote between them.
    pub(super) fn line(&mut self, line: &str, number: usize) {
        // `$'it\'s'` is for some shells one string.
        if line
            .split_once("$'")
            .is_some_and(|(_, behind)| behind.contains("\\'"))
        {
            self.lose();
        }
        let is_text = || !self.ends.is_empty() || !here_documents(line).is_empty();
        if self.rules != Rules::Script || self.open.is_none() && is_text() {
            self.whole_line(line, number);
            return;
        }
        let mut open = match self.open.take() {
            Some(mut open) => {
                open.text.push('\n');
                open
            }
            None => Open {
                text: String::new(),
                first: number,
                unclosed: Unclosed::default(),
            },
        };
        open.text.push_str(line);
        open.unclosed.read(line);
        if open.unclosed.is_empty() || open.text.len() >= LONGEST_LINE {
            self.whole_line(&open.text, open.first);
        } else {
            self.open = Some(open);
        }
    }

    fn whole_line(&mut self, line: &str, number: usize) {
        if let Some(end) = self.ends.front() {
            if end.is_end(line, self.rules) {
                self.ends.pop_front();
                if self.ends.is_empty() {
                    self.close(Block::Input);
                }
            } else {
                self.command_line(line, number);
            }
            return;
        }
        let ends = here_documents(line);
        self.command_line(line, number);
        if ends.is_empty() {
            return;
        }
        // In several lines, its text may have been read with them.
        if line.contains('\n') {
            self.lose();
        }
        self.ends.extend(ends);
        self.open(Block::Input);
        self.state.doubt_all();
    }

    /// A `&` without quotes in a URI. In the input of a command it is text.
    pub(super) fn torn(&mut self, number: usize) {
        if self.ends.is_empty() {
            self.document.mark(number, Mark::Torn);
        }
    }

    fn command_line(&mut self, line: &str, number: usize) {
        let sets_within = sets_within(line);
        if sets_within {
            self.lose();
        }
        self.bare_line(line, number);
        if sets_within || self.rules == Rules::Make && make::keeps_more(line) {
            let mut named = Followed::named_in(line);
            // A password that may be replaced stands in the file all the same.
            named.retain(|name| *name != Followed::Password);
            self.state.doubt(&named);
        }
    }

    fn bare_line(&mut self, line: &str, number: usize) {
        let text = line.trim_start();
        if text.is_empty() || text.starts_with('#') {
            // `# escape=` decides which lines go on.
            if self.rules == Rules::Docker && text.to_ascii_lowercase().contains("escape") {
                self.lose();
            }
            return;
        }
        if self.rules == Rules::Docker && self.ends.is_empty() {
            self.instruction(text, number);
            return;
        }
        let taken = match self.rules {
            Rules::Make => self.make_line(line, number),
            Rules::Unit => self.unit_line(text, number),
            Rules::Script | Rules::Docker | Rules::Prose => Taken::No,
        };
        if taken == Taken::Yes {
            return;
        }
        // `target: export NAME = value`
        let of_target = text.split_once(':').filter(|_| self.rules == Rules::Make);
        if let Some((_, name, _)) = of_target
            .and_then(|(_, rest)| assigned_alone(rest.trim_start_matches(':').trim(), Style::Make))
        {
            self.state.doubt(Followed::of(&name).as_ref());
        }
        let run = text.split_once(char::is_whitespace);
        if let Some(("RUN" | "CMD" | "ENTRYPOINT", command)) = run {
            self.alone(command, number);
            return;
        }
        let brackets = match self.rules {
            Rules::Script | Rules::Docker => Brackets::Signs,
            Rules::Make | Rules::Unit | Rules::Prose => Brackets::Letters,
        };
        let pieces = split(text, brackets);
        if self.control.is_plain()
            && !pieces.contains(&Piece::Open)
            && let Some((before, name, value)) = assigned_alone(text, Style::Shell)
            && !matches!(before, "declare" | "local" | "readonly")
        {
            for piece in pieces {
                match piece {
                    Piece::Inner(command) => self.alone(&command, number),
                    Piece::Torn => self.torn(number),
                    Piece::Word(_)
                    | Piece::Several
                    | Piece::Open
                    | Piece::Close
                    | Piece::End(_) => {}
                }
            }
            let is_set = match self.rules {
                Rules::Script | Rules::Docker => {
                    matches!(before, "" | "export") && text.contains(&format!("{name}="))
                }
                // The environment of make may have another value.
                Rules::Make => !text.contains("?="),
                Rules::Unit | Rules::Prose => true,
            };
            let exported = match before {
                "export" | "ENV" | "ARG" | "setx" | "-x" => Exported::Yes,
                _ => Exported::No,
            };
            let earlier = self.state.clone();
            if is_set {
                self.assign(&name, &value, number, exported);
            } else {
                self.assign_perhaps(&name, &value, number);
            }
            self.changed_since(&earlier);
            self.control.end(End::Next, &mut self.state);
            return;
        }
        self.list(&pieces, number);
    }

    /// Commands in a shell of their own.
    pub(super) fn alone(&mut self, text: &str, number: usize) {
        if self.depth >= DEEPEST {
            return;
        }
        let state = self.state.clone();
        let control = std::mem::replace(&mut self.control, Control::at(&state));
        let arguments = std::mem::replace(&mut self.arguments, Arguments::Known);
        self.depth = self.depth.saturating_add(1);
        let brackets = match self.rules {
            // systemd runs no shell.
            Rules::Prose | Rules::Unit => Brackets::Letters,
            Rules::Script | Rules::Docker | Rules::Make => Brackets::Signs,
        };
        self.list(&split(text, brackets), number);
        self.depth = self.depth.saturating_sub(1);
        self.arguments = arguments;
        self.control = control;
        self.state = state;
    }

    pub(super) fn assign(&mut self, name: &str, value: &str, number: usize, exported: Exported) {
        self.lose_by_name(name);
        self.document.set(self.scope, name, value, number);
        self.state.assign(name, value, number, exported);
    }

    /// An assignment to a variable that takes none, or to one that counts more: what a service says is written elsewhere.
    pub(super) fn lose_by_name(&mut self, name: &str) {
        let is_locked = || Followed::of(name).is_some_and(|name| self.locked.contains(&name));
        if name == "PGSERVICE" || is_locked() {
            self.lose();
        }
    }

    /// What a shell takes for something else, but may still be a setting that somebody reads.
    pub(super) fn assign_perhaps(&mut self, name: &str, value: &str, number: usize) {
        self.document.set(self.scope, name, value, number);
        self.state.doubt(Followed::of(name).as_ref());
    }
}

/// Whether a word of a line may set a followed variable: a sum, as `[[ NAME=1 -eq 1 ]]` has one, too, or `${NAME:=default}`.
fn sets_within(line: &str) -> bool {
    Followed::named_in(line).into_iter().any(|name| {
        let name = name.name();
        let behind = |sign: &str| line.split_once(sign).map_or("", |(_, behind)| behind);
        let assigned = format!("{name}=");
        ["((", "$["].iter().any(|sum| behind(sum).contains(name))
            || behind("[[")
                .split_once(&assigned)
                .is_some_and(|(_, value)| !value.starts_with('='))
            || [":=", "="]
                .iter()
                .any(|sign| line.contains(&format!("${{{name}{sign}")))
    })
}

/// The words that end the lines which commands get as their input: `psql <<EOF`.
fn here_documents(text: &str) -> Vec<HereDocument> {
    if !text.contains("<<") {
        return Vec::new();
    }
    let mut unclosed = Unclosed::default();
    unclosed.read(text);
    unclosed.documents
}
