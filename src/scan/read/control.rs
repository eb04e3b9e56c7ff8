//! What of a shell runs only under a condition, later, or in a shell of its own: `if`, `case`, loops, functions, `&&`,
//! pipelines, brackets.

use std::collections::BTreeSet;

use super::variables::State;
use super::words::End;
use crate::scan::document::Followed;

/// The open blocks, and the list of commands that is read.
#[derive(Debug)]
pub(super) struct Control {
    frames: Vec<Frame>,
    list: List,
    /// Blocks that are open and too deep for a frame.
    too_deep: usize,
}

/// An open block.
#[derive(Debug)]
struct Frame {
    block: Block,
    before: State,
    /// Where another branch begins.
    otherwise: State,
    /// What other branches left.
    branches: Vec<State>,
    /// How many commands were known before it.
    commands: usize,
    runs: Runs,
    /// The list that goes on behind it.
    outer: List,
}

/// A block that was read.
#[derive(Debug)]
pub(super) struct Closed {
    pub(super) runs: Runs,
    /// What it changes.
    pub(super) changes: BTreeSet<Followed>,
    /// The state before it.
    pub(super) before: State,
    /// How many commands were known before it.
    pub(super) commands: usize,
}

/// How often a block runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Runs {
    Once,
    /// A loop: what its end does counts for its beginning.
    Again,
    /// The body of a function.
    Later(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// `if`, and `ifdef` of Makefiles
    If,
    Loop,
    Case,
    /// `{ ... }`
    Group,
    /// `( ... )`
    Subshell,
    /// The lines that a command gets as its input.
    Input,
}

/// Commands with `&&`, `||` and `|` between them.
#[derive(Clone, Debug)]
struct List {
    head: Head,
    /// The function whose body comes next.
    defines: Option<String>,
    /// The state before the first command.
    whole: State,
    /// The state before the pipeline that is read.
    start: State,
    pipeline: Pipeline,
    joined: Option<Joined>,
    /// Whether the next line goes on with it.
    goes_on: GoesOn,
}

/// What the words that come next are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// A command.
    Command,
    /// What `for` and `ifdef` need; the end of the line, or `do`, ends it.
    Words,
    /// What `case` looks at, up to `in`.
    Subject,
    /// A pattern of `case`, up to its bracket.
    Pattern,
    /// The name of a function.
    Name,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pipeline {
    /// A command alone.
    One,
    /// Several: each runs in a shell of its own.
    Several,
}

/// How a pipeline depends on those before it in its list. The other outcome had left a state, too.
#[derive(Clone, Debug)]
enum Joined {
    /// It runs if they succeed. This is the state if they fail.
    And(State),
    /// It runs if they fail. This is the state if they succeed.
    Or(State),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GoesOn {
    Yes,
    No,
}

/// Blocks in blocks; what is deeper is not sure.
const DEEPEST: usize = 100;

impl List {
    fn at(state: &State) -> Self {
        Self {
            head: Head::Command,
            defines: None,
            whole: state.clone(),
            start: state.clone(),
            pipeline: Pipeline::One,
            joined: None,
            goes_on: GoesOn::No,
        }
    }
}

impl Control {
    pub(super) fn at(state: &State) -> Self {
        Self {
            frames: Vec::new(),
            list: List::at(state),
            too_deep: 0,
        }
    }

    /// Whether a line begins a command for which nothing around it matters.
    pub(super) fn is_plain(&self) -> bool {
        let is_in_brackets = self
            .frames
            .iter()
            .any(|frame| frame.block == Block::Subshell);
        self.list.head == Head::Command && self.list.goes_on == GoesOn::No && !is_in_brackets
    }

    pub(super) const fn head(&self) -> Head {
        self.list.head
    }

    pub(super) const fn expect(&mut self, head: Head) {
        self.list.head = head;
    }

    /// The next block is the body of a function, if a name is given.
    pub(super) fn define(&mut self, name: Option<String>) {
        self.list.defines = name;
    }

    /// A line ends, and no command with it.
    pub(super) fn end_line(&mut self, state: &mut State) {
        if self.list.goes_on == GoesOn::No {
            self.end(End::Next, state);
        }
    }

    /// A command ended.
    pub(super) fn end(&mut self, end: End, state: &mut State) {
        match self.list.head {
            Head::Pattern | Head::Subject => return,
            Head::Words | Head::Name => self.list.head = Head::Command,
            Head::Command => {}
        }
        let list = &mut self.list;
        list.goes_on = match end {
            End::And | End::Or | End::Pipe => GoesOn::Yes,
            End::Background | End::Next | End::Branch | End::Through => GoesOn::No,
        };
        if end == End::Pipe {
            *state = list.start.clone();
            list.pipeline = Pipeline::Several;
            return;
        }
        if list.pipeline == Pipeline::Several {
            // Some shells run the last one themselves.
            state.doubt_changes(&list.start);
            list.pipeline = Pipeline::One;
        }
        let with = |state: &State, other: &State| {
            let mut state = state.clone();
            state.doubt_changes(other);
            state
        };
        let (success, failure) = match list.joined.take() {
            None => (state.clone(), state.clone()),
            Some(Joined::And(failure)) => (state.clone(), with(state, &failure)),
            Some(Joined::Or(success)) => (with(state, &success), state.clone()),
        };
        match end {
            End::And => {
                *state = success;
                list.joined = Some(Joined::And(failure));
            }
            End::Or => {
                *state = failure;
                list.joined = Some(Joined::Or(success));
            }
            // The whole list runs in a shell of its own.
            End::Background => *state = list.whole.clone(),
            End::Pipe | End::Next | End::Branch | End::Through => {
                *state = with(&success, &failure);
            }
        }
        if list.joined.is_none() {
            list.whole = state.clone();
        }
        list.start = state.clone();
        match (end, self.frames.last()) {
            (End::Branch, Some(frame)) if frame.block == Block::Case => self.branch(state),
            (End::Through, Some(frame)) if frame.block == Block::Case => {
                state.doubt_changes(&frame.before);
            }
            _ => return,
        }
        self.list = List::at(state);
        self.list.head = Head::Pattern;
    }

    pub(super) fn open(&mut self, block: Block, commands: usize, state: &mut State) {
        if self.frames.len() >= DEEPEST {
            self.too_deep = self.too_deep.saturating_add(1);
            state.doubt_all();
            return;
        }
        let before = state.clone();
        let runs = match (self.list.defines.take(), block) {
            (Some(name), _) => Runs::Later(name),
            (None, Block::Loop) => Runs::Again,
            (None, _) => Runs::Once,
        };
        if let Runs::Later(_) = runs {
            *state = state.in_function();
        }
        let outer = std::mem::replace(&mut self.list, List::at(state));
        self.frames.push(Frame {
            block,
            otherwise: before.clone(),
            before,
            branches: Vec::new(),
            commands,
            runs,
            outer,
        });
    }

    /// The condition of an `if` was read: the other branch begins behind it, too.
    pub(super) fn then(&mut self, state: &State) {
        let frame = self.frames.last_mut();
        if let Some(frame) = frame.filter(|frame| frame.block == Block::If) {
            frame.otherwise = state.clone();
        }
    }

    /// Another branch of `if` or `case` begins.
    pub(super) fn branch(&mut self, state: &mut State) {
        let frame = self.frames.last_mut();
        let branches = |frame: &&mut Frame| matches!(frame.block, Block::If | Block::Case);
        if let Some(frame) = frame.filter(branches) {
            let left = std::mem::replace(state, frame.otherwise.clone());
            if frame.branches.len() < DEEPEST {
                frame.branches.push(left);
            } else {
                state.doubt_changes(&left);
                frame.otherwise = state.clone();
            }
            self.list = List::at(state);
        }
    }

    /// Closes a block and those in it that were left open.
    pub(super) fn close(&mut self, block: Block, state: &mut State) -> Option<Closed> {
        if self.too_deep > 0 {
            self.too_deep = self.too_deep.saturating_sub(1);
            state.doubt_all();
            return None;
        }
        let is_end = |frame: &Frame| frame.block == block || frame.block == Block::Input;
        let at = self.frames.iter().rposition(is_end)?;
        if self.frames.get(at)?.block != block {
            return None;
        }
        self.list.head = Head::Command;
        self.end(End::Next, state);
        loop {
            let frame = self.frames.pop()?;
            self.list = frame.outer.clone();
            self.list.goes_on = GoesOn::No;
            let closed = frame.closed(state);
            if self.frames.len() <= at {
                return Some(closed);
            }
        }
    }
}

impl Frame {
    fn closed(self, state: &mut State) -> Closed {
        let changes = state.differing(&self.before);
        match self.block {
            Block::If | Block::Loop | Block::Case => {
                state.doubt_changes(&self.before);
                for branch in &self.branches {
                    state.doubt_changes(branch);
                }
            }
            Block::Subshell | Block::Input => *state = self.before.clone(),
            Block::Group => {}
        }
        let changes = match (&self.runs, self.block) {
            (Runs::Later(_), Block::Subshell) => BTreeSet::new(),
            (Runs::Later(_), _) => state.changed().clone(),
            (Runs::Once | Runs::Again, _) => changes,
        };
        if let Runs::Later(_) = self.runs {
            let body = std::mem::replace(state, self.before.clone());
            state.doubt_changes(&body);
            state.doubt(&changes);
        }
        Closed {
            runs: self.runs,
            changes,
            before: self.before,
            commands: self.commands,
        }
    }
}
