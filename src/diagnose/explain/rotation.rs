//! The rehearsal of a CA rotation: today's trust, the new file alone, both together.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files::quoted_path;
use super::{corrected, joining};
use crate::conninfo::{Keyword, shown_path};
use crate::diagnose::{
    Code, Contents, Context, Diagnosis, Finding, Fix, Hint, Level, Stage, unsatisfied,
};
use crate::escape::Shown;
use crate::exit::Exit;
use crate::os;
use crate::probe::{Observation, Task};
use crate::trust::{self, Source, Trust};
use crate::verify::{Judgement, judge};
use crate::x509::{Anchor, AnchorStore, Name};

/// The verdicts on a server's chain while its clients move from one root file to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The new file, as the user wrote it.
    pub file: Shown,
    /// With what is trusted today.
    pub today: Rehearsal,
    /// With the new file alone.
    pub alone: Rehearsal,
    /// With the old roots and the new ones in one file.
    pub both: Rehearsal,
    /// What that means, and what to deploy in which order.
    pub finding: Finding,
}

/// The verdict on a chain with one set of roots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rehearsal {
    /// The resulting exit code.
    pub exit: Exit,
    /// Why it would fail.
    pub code: Option<Code>,
}

impl Rehearsal {
    fn passes(self) -> bool {
        self.exit == Exit::Passed
    }

    fn of(diagnosis: &Diagnosis) -> Self {
        Self {
            exit: diagnosis.exit,
            code: diagnosis.error.as_ref().map(|error| error.code),
        }
    }
}

/// Judges the chain that was presented once more, with the new roots. `None` if none was presented.
pub fn rehearse(
    task: &Task,
    observation: &Observation,
    file: &Path,
    new: &Trust,
) -> Option<Rotation> {
    let judgement = observation.judgement()?;
    let rules = task.rules();
    Some(rehearse_for(
        &Context::of(task, &rules),
        judgement,
        file,
        new,
    ))
}

/// The same for a chain of files.
pub fn rehearse_for(
    context: &Context<'_>,
    judgement: &Judgement,
    file: &Path,
    new: &Trust,
) -> Rotation {
    let today = verdict(context, context.trust, context.level, judgement);
    // If there is a root file, libpq verifies the chain in every mode.
    let level = context.level.max(trust::Level::Chain);
    let alone = verdict(context, new, level, &judged(context, judgement, new));
    let together = Both {
        old: context.trust,
        new,
    };
    let both = verdict(context, new, level, &judged(context, judgement, &together));
    let shown = shown_path(file);
    let case = Case {
        context,
        file: &shown,
        why: alone.error.as_ref().map(|error| error.message.clone()),
    };
    let [today, alone, both] = [&today, &alone, &both].map(Rehearsal::of);
    let finding = case.finding(today, alone, both);
    Rotation {
        file: shown.into(),
        today,
        alone,
        both,
        finding,
    }
}

/// The anchors of two files, as if the second were appended to the first.
struct Both<'a> {
    old: &'a Trust,
    new: &'a Trust,
}

impl AnchorStore for Both<'_> {
    fn by_subject(&self, subject: &Name) -> Vec<Arc<Anchor>> {
        let mut found = self.old.by_subject(subject);
        found.extend(self.new.by_subject(subject));
        found
    }
}

fn judged(context: &Context<'_>, judgement: &Judgement, anchors: &dyn AnchorStore) -> Judgement {
    let presented: Vec<&[u8]> = judgement.certificates.iter().map(|c| &*c.der).collect();
    judge(&presented, anchors, context.host, context.rules).since(judgement.oldest)
}

fn verdict(
    context: &Context<'_>,
    trust: &Trust,
    level: trust::Level,
    judgement: &Judgement,
) -> Diagnosis {
    let context = Context {
        conninfo: None,
        address: None,
        trust,
        level,
        ..*context
    };
    match judgement.satisfies(level) {
        Ok(()) => Diagnosis::passed(),
        Err(reason) => unsatisfied(&context, judgement, &reason),
    }
}

struct Case<'a> {
    context: &'a Context<'a>,
    file: &'a str,
    /// Why the new file alone fails.
    why: Option<Shown>,
}

impl Case<'_> {
    fn finding(&self, today: Rehearsal, alone: Rehearsal, both: Rehearsal) -> Finding {
        let file = self.file;
        let why = self.why.as_deref().unwrap_or_default();
        let (level, message, hint) = match (today.passes(), alone.passes(), both.passes()) {
            (true, true, true) => (
                Level::Info,
                format!("this server verifies with today's roots, with \"{file}\" alone, and with both"),
                Hint::say("Clients of this server can switch to the new file. Remove the old roots when all their servers pass with the new file alone:")
                    .and(self.string(file)),
            ),
            (true, false, true) => (
                Level::Info,
                format!("this server still needs today's roots; with \"{file}\" alone: {why}"),
                Hint::say("First give every client one file with both the old and the new roots:")
                    .fix(self.join())
                    .and(self.string(BOTH))
                    .then(format!("Then install a certificate of the new CA on the server, and reload it. When this check passes with \"{file}\" alone, remove the old roots.")),
            ),
            (false, true, true) => (
                Level::Warning,
                format!("this server has moved: it verifies with \"{file}\", but no longer with today's roots"),
                Hint::say("Give every client the new file now. If other servers have not moved yet, the file must also contain the old roots:")
                    .and(self.string(file)),
            ),
            (false, false, true) => (
                Level::Warning,
                format!("this server verifies only with today's roots and \"{file}\" together: neither contains the whole path"),
                Hint::say("Put both into one file. Then find out which certificate is missing from the new file:")
                    .fix(self.join())
                    .and(self.string(BOTH)),
            ),
            (false, false, false) => (
                Level::Warning,
                format!("\"{file}\" does not help; with it alone: {why}"),
                "Get the root of this server's chain from the operator of the server.".into(),
            ),
            (_, _, false) => (
                Level::Warning,
                format!("today's roots and \"{file}\" conflict: together they lead libpq to a path that fails"),
                "Do not put them into one file. If two roots have the same name, keep the newer one, or change clients and server at the same time.".into(),
            ),
        };
        Finding::new(level, Code::CaRotation, Stage::Policy, message).hint(hint)
    }

    /// The string with these roots; without a string, only the setting.
    fn string(&self, roots: &str) -> Hint {
        let change = (Keyword::SslRootCert, roots.as_bytes());
        match self.context.conninfo {
            Some(conninfo) => Hint::default().fix(corrected(conninfo, &[change])),
            None => Hint::default().show(format!("sslrootcert={roots}")),
        }
    }

    /// The command that joins both files.
    fn join(&self) -> Fix {
        let old_file = match &self.context.trust.source {
            Source::SslRootCert { path, .. } | Source::Option { path } | Source::Home { path } => {
                Some(path.clone())
            }
            Source::System => os::SYSTEM_BUNDLE.map(PathBuf::from),
            Source::Bundled | Source::Mozilla | Source::Fallback => None,
        };
        let old = old_file
            .as_deref()
            .map_or_else(|| "OLD-ROOTS.pem".to_owned(), quoted_path);
        let new = quoted_path(Path::new(self.file));
        let join = Fix::command(joining("cat", &old, &new, BOTH)).of(BOTH);
        match old_file {
            Some(old) => join.making(BOTH, Contents::Joined(vec![old, self.file.into()])),
            None => join,
        }
    }
}

const BOTH: &str = "both.pem";
