//! What of a shell runs only under a condition: `if`, `case`, loops, functions, `&&`, and shells in the shell.

use super::variables::State;

/// Which rules the lines follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rules {
    /// A script, a Dockerfile.
    Script,
    /// A Makefile: every line of a recipe is a script of its own.
    Make,
    /// Commands in a text for people, where `if` is a word like others.
    Prose,
}

/// The open blocks.
#[derive(Debug, Default)]
pub(super) struct Control {
    frames: Vec<Frame>,
    /// The state before a command that runs only if another one succeeds or fails.
    condition: Option<State>,
    follows: Follows,
    /// Whether a function is being defined.
    defines: Defines,
}

#[derive(Debug)]
struct Frame {
    block: Block,
    before: State,
    /// What other branches left.
    branches: Vec<State>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    /// `if`, `case`, a loop, a function.
    Condition,
    /// `{ ... }`
    Group,
    /// `( ... )`
    Subshell,
    /// The lines that a command gets as its input.
    Input,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Defines {
    Function,
    #[default]
    Nothing,
}

/// How a command depends on the one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Follows {
    /// It does not.
    #[default]
    Always,
    /// By `&&`, `||` or `|`.
    Condition,
}

/// What a list of commands must restore.
pub(super) struct Known(Option<State>, Follows);

/// Blocks in blocks; what is deeper is not sure.
const DEEPEST: usize = 100;

impl Control {
    pub(super) fn begin_list(&mut self) -> Known {
        Known(self.condition.take(), std::mem::take(&mut self.follows))
    }

    pub(super) fn end_list(&mut self, known: Known, state: &mut State) {
        if let Some(before) = self.condition.take() {
            state.doubt_changes(&before);
        }
        (self.condition, self.follows) = (known.0, known.1);
    }

    /// A command ran.
    pub(super) fn ran(&mut self, before: &State, after: &State) {
        if self.follows == Follows::Condition && before != after && self.condition.is_none() {
            self.condition = Some(before.clone());
        }
    }

    /// The signs behind a command.
    pub(super) fn follows(&mut self, signs: &[String], state: &mut State) {
        let signs: String = signs.iter().map(String::as_str).collect();
        match signs.as_str() {
            "&&" => self.follows = Follows::Condition,
            "||" | "|" => {
                self.follows = Follows::Condition;
                if let Some(before) = self.condition.take() {
                    state.doubt_changes(&before);
                }
            }
            _ => {
                self.follows = Follows::Always;
                if let Some(before) = self.condition.take() {
                    state.doubt_changes(&before);
                }
            }
        }
    }

    /// Passes over the words of the language at the beginning of a command.
    pub(super) fn words<'a, 'w>(
        &mut self,
        words: &'a [&'w str],
        state: &mut State,
    ) -> &'a [&'w str] {
        let mut rest = words;
        while let [word, behind @ ..] = rest {
            match *word {
                "if" | "while" | "until" => self.open(Block::Condition, state),
                "for" | "case" | "select" => {
                    self.open(Block::Condition, state);
                    return &[];
                }
                "then" | "do" | "!" => {}
                "else" | "elif" => self.branch(state),
                "fi" | "done" | "esac" | "}" => self.close(state),
                "{" => {
                    let block = match std::mem::take(&mut self.defines) {
                        Defines::Function => Block::Condition,
                        Defines::Nothing => Block::Group,
                    };
                    self.open(block, state);
                }
                "function" => {
                    self.defines = Defines::Function;
                    rest = behind.get(1..).unwrap_or_default();
                    continue;
                }
                _ if word.ends_with("()") => self.defines = Defines::Function,
                // `production)` of `case`
                _ if word.ends_with(')') && !word.contains(['(', '$', '=']) => {
                    self.branch(state);
                }
                _ => {
                    for _ in 0..word
                        .len()
                        .saturating_sub(word.trim_start_matches('(').len())
                    {
                        self.open(Block::Subshell, state);
                    }
                    return rest;
                }
            }
            rest = behind;
        }
        rest
    }

    /// The brackets at the ends of words.
    pub(super) fn close_subshells(&mut self, count: usize, state: &mut State) {
        for _ in 0..count {
            let is_open = self
                .frames
                .last()
                .is_some_and(|frame| frame.block == Block::Subshell);
            if is_open {
                self.close(state);
            }
        }
    }

    pub(super) fn enter_input(&mut self, state: &mut State) {
        self.open(Block::Input, state);
        state.doubt_all();
    }

    pub(super) fn leave_input(&mut self, state: &mut State) {
        while let Some(frame) = self.frames.pop() {
            if frame.block == Block::Input {
                *state = frame.before;
                return;
            }
        }
    }

    fn open(&mut self, block: Block, state: &mut State) {
        if self.frames.len() >= DEEPEST {
            state.doubt_all();
            return;
        }
        self.frames.push(Frame {
            block,
            before: state.clone(),
            branches: Vec::new(),
        });
    }

    /// Another branch begins where the first one did.
    fn branch(&mut self, state: &mut State) {
        let frame = self.frames.last_mut();
        if let Some(frame) = frame.filter(|frame| frame.block == Block::Condition) {
            let before = frame.before.clone();
            let left = std::mem::replace(state, before);
            let is_new = left != *state && !frame.branches.contains(&left);
            if is_new && frame.branches.len() < DEEPEST {
                frame.branches.push(left);
            }
        }
    }

    fn close(&mut self, state: &mut State) {
        let is_input = self
            .frames
            .last()
            .is_some_and(|frame| frame.block == Block::Input);
        if is_input {
            return;
        }
        let Some(frame) = self.frames.pop() else {
            return;
        };
        match frame.block {
            Block::Condition => {
                state.doubt_changes(&frame.before);
                for branch in &frame.branches {
                    state.doubt_changes(branch);
                }
            }
            Block::Subshell => *state = frame.before,
            Block::Group | Block::Input => {}
        }
    }
}
