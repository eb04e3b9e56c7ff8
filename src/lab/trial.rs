//! A client that was run against a lab, and the result.

use std::time::Duration;

use serde::Serialize;

use super::outcome::{Conduct, Doubt, Verdict};
use crate::exit::Exit;

/// One program against several endpoints.
#[derive(Clone, Debug, Serialize)]
pub struct Trial {
    /// The version of this document's format; fields are only ever added.
    pub schema_version: u32,
    /// `pass` if every attempt was safe.
    pub verdict: &'static str,
    /// The exit code of pgtls.
    #[serde(rename = "exit_code", serialize_with = "number")]
    pub exit: Exit,
    /// The program, without its arguments, which may hold secrets.
    pub program: String,
    /// One for each endpoint.
    pub attempts: Vec<Attempt>,
}

/// One run of the program.
#[derive(Clone, Debug, Serialize)]
pub struct Attempt {
    /// What the server observed, and the verdict.
    #[serde(flatten)]
    pub conduct: Conduct,
    /// How the program ended.
    pub program_end: ProgramEnd,
    /// From its start to its end.
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub duration: Duration,
    /// The end of what it printed. Not in JSON, because it is the program's own output and may
    /// contain anything.
    #[serde(skip)]
    pub output: String,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProgramEnd {
    /// With this exit status.
    Exited(i32),
    /// By a signal.
    Signalled,
    /// It had to be killed when its time was up.
    Killed,
}

impl ProgramEnd {
    /// Why what a program has not done proves nothing: it was ended, or it has several sessions where nothing is wrong.
    /// Then each of its tries may be for one and the same of them.
    pub fn doubt(self, conduct: &Conduct, sessions: usize) -> Option<Doubt> {
        match self {
            Self::Killed | Self::Signalled => Some(Doubt::NotEnded),
            // Some clients refuse because of their settings, without connecting.
            Self::Exited(_) if (1..sessions).contains(&conduct.tries()) => {
                Some(Doubt::FewerConnections)
            }
            Self::Exited(_) if sessions > 1 && conduct.tries() > 0 => Some(Doubt::NotToldApart),
            Self::Exited(_) => None,
        }
    }
}

/// Whether everything was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    /// Yes.
    Whole,
    /// Ctrl-C was pressed.
    Interrupted,
}

impl Trial {
    /// Summarizes the attempts.
    pub fn new(program: String, attempts: Vec<Attempt>, completion: Completion) -> Self {
        let exit = exit(&attempts, completion);
        Self {
            schema_version: super::SCHEMA_VERSION,
            verdict: if exit == Exit::Passed { "pass" } else { "fail" },
            exit,
            program,
            attempts,
        }
    }

    /// How many attempts have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        let verdicts = self.attempts.iter().map(|attempt| attempt.conduct.verdict);
        verdicts.filter(|one| *one == verdict).count()
    }
}

/// The exit code of pgtls. What was never tested has not passed.
fn exit(attempts: &[Attempt], completion: Completion) -> Exit {
    let safe = |attempt: &Attempt| attempt.conduct.verdict == Verdict::Safe;
    match completion {
        Completion::Interrupted => Exit::Interrupted,
        Completion::Whole if !attempts.is_empty() && attempts.iter().all(safe) => Exit::Passed,
        Completion::Whole => Exit::Unmet,
    }
}

fn number<S: serde::Serializer>(exit: &Exit, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(exit.number())
}

fn seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::super::fault::Fault;
    use super::super::observation::{Channel, Observation, Opening};
    use super::*;

    fn attempt(fault: Fault, startup: Option<Channel>) -> Attempt {
        let seen = Observation {
            opening: Opening::SslRequest,
            startup,
            ..Observation::new(1)
        };
        Attempt {
            conduct: Conduct::new(fault, vec![seen]),
            program_end: ProgramEnd::Exited(0),
            duration: Duration::ZERO,
            output: String::new(),
        }
    }

    #[test]
    fn a_program_must_end_by_itself_and_try_all_its_connections() {
        let one = attempt(Fault::UnknownCa, None).conduct;
        for (end, sessions, expected) in [
            (ProgramEnd::Exited(1), 1, None),
            (ProgramEnd::Exited(0), 2, Some(Doubt::FewerConnections)),
            (ProgramEnd::Killed, 1, Some(Doubt::NotEnded)),
            (ProgramEnd::Signalled, 1, Some(Doubt::NotEnded)),
        ] {
            assert_eq!(end.doubt(&one, sessions), expected, "{end:?} {sessions}");
        }
        let twice = Conduct::new(
            Fault::UnknownCa,
            [one.connections.clone(), one.connections.clone()].concat(),
        );
        let end = ProgramEnd::Exited(1);
        assert_eq!(end.doubt(&twice, 2), Some(Doubt::NotToldApart));
        assert_eq!(end.doubt(&twice, 1), None);
        let none = Conduct::new(Fault::UnknownCa, Vec::new());
        assert_eq!(ProgramEnd::Exited(0).doubt(&none, 2), None);
    }

    #[test]
    fn only_a_whole_trial_of_safe_attempts_passes() {
        let tls = Some(Channel::Tls);
        let safe = || vec![attempt(Fault::Good, tls), attempt(Fault::UnknownCa, None)];
        let mut wrong = safe();
        wrong.push(attempt(Fault::WrongHost, tls));
        let refusing = vec![attempt(Fault::Good, None)];
        for (attempts, completion, expected) in [
            (safe(), Completion::Whole, 0),
            (safe(), Completion::Interrupted, 130),
            (wrong, Completion::Whole, 1),
            (refusing, Completion::Whole, 1),
            (Vec::new(), Completion::Whole, 1),
        ] {
            let trial = Trial::new("psql".to_owned(), attempts, completion);
            assert_eq!(trial.exit.number(), expected);
            assert_eq!(trial.verdict == "pass", expected == 0);
        }
    }
}
