//! Observation in, findings out: what is wrong, how we know, what to do. Pure.
//!
//! What to *do* stands here and nowhere else. Diagnosis goes by evidence (types, certificates,
//! bytes), never by the text of somebody's error message.

mod chain;
mod code;
mod notices;
mod request;
mod wire;

use crate::exit::Exit;
use crate::probe::{Observation, Stop, Task};
use crate::verify::Unsatisfied;

pub use code::Code;
pub use request::{conninfo_error, trust_error, unchecked};

/// Everything there is to say about one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The exit code.
    pub exit: Exit,
    /// Why it failed; `None` exactly if `exit` is [`Exit::Passed`].
    pub error: Option<Finding>,
    /// Everything else, most useful first.
    pub findings: Vec<Finding>,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// Its stable name.
    pub code: Code,
    /// Where on the straight line it was found.
    pub stage: Stage,
    /// What was seen; fit for a terminal.
    pub message: String,
    /// What to do; a line that starts with four blanks is to be copied as it stands.
    pub hint: Option<String>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It decides the verdict.
    Error,
    /// It does not, but somebody will be sorry.
    Warning,
    /// Good to know.
    Info,
}

/// The stages of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Reading the connection string.
    Conninfo,
    /// Reading the files it names.
    Trust,
    /// Name resolution and TCP.
    Connect,
    /// SSLRequest.
    Negotiate,
    /// TLS.
    Handshake,
    /// Chain and name.
    Verify,
}

impl Level {
    /// As JSON has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

impl Stage {
    /// As JSON has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Conninfo => "conninfo",
            Self::Trust => "trust",
            Self::Connect => "connect",
            Self::Negotiate => "negotiate",
            Self::Handshake => "handshake",
            Self::Verify => "verify",
        }
    }
}

impl Finding {
    fn new(level: Level, code: Code, stage: Stage, message: impl Into<String>) -> Self {
        Self {
            level,
            code,
            stage,
            message: message.into(),
            hint: None,
        }
    }

    fn error(code: Code, stage: Stage, message: impl Into<String>) -> Self {
        Self::new(Level::Error, code, stage, message)
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }
}

impl Diagnosis {
    fn failed(exit: Exit, error: Finding) -> Self {
        Self {
            exit,
            error: Some(error),
            findings: Vec::new(),
        }
    }
}

/// Says what happened at an endpoint, and why.
pub fn diagnose(task: &Task, observation: &Observation) -> Diagnosis {
    let mut diagnosis = verdict(task, observation);
    diagnosis
        .findings
        .extend(notices::notices(task, observation));
    diagnosis
}

fn verdict(task: &Task, observation: &Observation) -> Diagnosis {
    match &observation.outcome {
        Ok(session) => {
            let refused = session
                .first_answer
                .as_ref()
                .and_then(|answer| wire::client_certificate(task, answer));
            match (session.judgement.satisfies(task.trust.level), refused) {
                (Err(reason), _) => unsatisfied(task, &session.judgement, &reason),
                (Ok(()), Some(error)) => Diagnosis::failed(Exit::Handshake, error),
                (Ok(()), None) => Diagnosis {
                    exit: Exit::Passed,
                    error: None,
                    findings: Vec::new(),
                },
            }
        }
        Err(Stop::Connect(error)) => wire::connect(task, error),
        Err(Stop::Negotiate(error)) => wire::negotiate(error),
        Err(Stop::Handshake {
            error,
            tls,
            judgement,
        }) => {
            let refused = judgement.as_ref().and_then(|judgement| {
                let reason = judgement.satisfies(task.trust.level).err()?;
                Some(unsatisfied(task, judgement, &reason))
            });
            refused.unwrap_or_else(|| wire::handshake(error, tls))
        }
    }
}

fn unsatisfied(
    task: &Task,
    judgement: &crate::verify::Judgement,
    reason: &Unsatisfied<'_>,
) -> Diagnosis {
    match reason {
        Unsatisfied::Unparsable { position, error } => {
            let message = format!(
                "certificate {position} of the chain (0 is the server's own) cannot be parsed: {error}"
            );
            let finding = Finding::error(Code::MalformedCertificate, Stage::Verify, message)
                .hint("Reissue that certificate, or remove it from the server's ssl_cert_file.");
            Diagnosis::failed(Exit::Untrusted, finding)
        }
        Unsatisfied::Chain(fault) => {
            Diagnosis::failed(Exit::Untrusted, chain::explain(task, judgement, fault))
        }
        Unsatisfied::Name(fault) => {
            Diagnosis::failed(Exit::WrongHost, chain::wrong_name(task, judgement, fault))
        }
        Unsatisfied::NoHost => Diagnosis::failed(Exit::Usage, request::no_host_name()),
    }
}
