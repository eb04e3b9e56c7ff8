//! Judges advice before it is shown: tries each change, and looks for the one string that cures everything.
//!
//! A change is read by the same reader, gathers the same trust, and is judged against the chain that was just
//! observed. Only where that does not settle it, the endpoint is probed once more. `reach.rs` tries one state of
//! things, `candidates.rs` knows what to try next, `settle.rs` puts what was found into words.

mod candidates;
mod reach;
mod settle;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::time::Instant;

use super::endpoint::Clock;
use super::{Checked, Source, Subject};
use crate::conninfo::{ConnInfo, Endpoint, RootCert, Secret, World};
use crate::diagnose::{Aim, Code, Diagnosis, Finding, Level, Stage};
use crate::exit::Exit;
use crate::probe::{Observation, Task};
use crate::trust::{SharedTrust, Supposed};
use crate::verify::Oldest;

use candidates::{Candidate, Origin};
use reach::{Reached, Wires};

/// What all cures share.
pub(super) struct Clinic<'a> {
    world: &'a dyn World,
    clock: Clock,
    aim: Aim,
    trusts: SharedTrust,
    near: RefCell<BTreeMap<Near, Vec<RootFile>>>,
}

/// Where root files are looked for: beside this one, and in libpq's own directory.
type Near = (Option<PathBuf>, Option<PathBuf>);

/// A file of certificates that was found.
#[derive(Clone)]
struct RootFile {
    path: PathBuf,
    /// Where it is, in words.
    place: &'static str,
    /// How many certificates of it are roots.
    roots: usize,
}

impl<'a> Clinic<'a> {
    /// The machine.
    pub(super) fn world(&self) -> &'a dyn World {
        self.world
    }

    pub(super) fn new(world: &'a dyn World, clock: Clock, aim: Aim) -> Self {
        Self {
            world,
            clock,
            aim,
            trusts: SharedTrust::default(),
            near: RefCell::default(),
        }
    }
}

/// A string in libpq's words, the machine as the string's driver sees it, and the oldest versions that count.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    pub(super) text: &'a [u8],
    pub(super) world: &'a dyn World,
    pub(super) oldest: Oldest,
}

/// One endpoint, and what may be spent on it.
pub(super) struct Case<'a> {
    clinic: &'a Clinic<'a>,
    /// What the string's driver sees of the machine.
    world: &'a dyn World,
    oldest: Oldest,
    source: &'a Source,
    place: Place,
    /// The string as it is, if it can be read.
    own: Option<Arc<ConnInfo>>,
    deadline: Instant,
    wires: Wires<'a>,
}

/// Which endpoint of a string.
#[derive(Clone)]
enum Place {
    /// Its only one.
    Only,
    /// The one at this position, with its address if that was looked up beforehand.
    At(usize, Box<Endpoint>),
}

/// A connection string, and what is supposed about the files that it names.
#[derive(Clone)]
struct State {
    text: Secret,
    supposed: Supposed,
}

/// One change that led further.
struct Step {
    taken: Candidate,
    /// What it led to.
    to: Reached,
}

/// The advice of a checked endpoint, judged.
pub(super) async fn judged<'s>(
    clinic: &Clinic<'_>,
    checked: Checked<'s>,
    words: Words<'_>,
    deadline: Instant,
) -> Checked<'s> {
    let checked = naming_roots(checked);
    let diagnosis = {
        // What a login says cannot be tried again.
        let by_login = checked.exit() != Exit::Passed && has_login(&checked.subject);
        let Some(place) = place(&checked.subject).filter(|_| !by_login) else {
            return checked;
        };
        // Most checks pass, and have nothing to try.
        if is_cured(&checked.diagnosis) && !has_trials(&checked.diagnosis) {
            return checked;
        }
        let start = State {
            text: Secret::new(words.text.to_vec()),
            supposed: Supposed::default(),
        };
        let begin = Reached::found(&start, checked.diagnosis, words.world);
        let case = Case {
            clinic,
            world: words.world,
            oldest: words.oldest,
            source: checked.source,
            place,
            own: begin.conninfo.clone(),
            deadline,
            wires: Wires::new(seen(&checked.subject)),
        };
        Box::pin(case.settled(start, begin)).await
    };
    Checked {
        diagnosis,
        ..checked
    }
}

/// Psql knows no `--trust`: what is advised must name its file.
fn naming_roots(mut checked: Checked<'_>) -> Checked<'_> {
    let conninfo = match &checked.subject {
        Subject::Unread => return checked,
        Subject::Unchecked { conninfo, .. } => conninfo,
        Subject::Observed(observed) => &observed.task.conninfo,
    };
    if let Some(file) = checked.source.roots() {
        checked.diagnosis = checked.diagnosis.with_roots(conninfo, file);
    }
    checked
}

impl Case<'_> {
    async fn settled(&self, start: State, begin: Reached) -> Diagnosis {
        let mut path: Vec<Step> = Vec::new();
        for _ in 0..MAX_STEPS {
            let (from, here) = path
                .last()
                .map_or((&start, &begin), |step| (&step.taken.state, &step.to));
            if is_cured(&here.diagnosis) {
                break;
            }
            match self.further(from, here).await {
                Some(step) => path.push(step),
                None => break,
            }
        }
        settle::settle(self, &start, begin, without_guesses(path)).await
    }

    /// The best of the changes that lead further.
    async fn further(&self, from: &State, here: &Reached) -> Option<Step> {
        let mut best: Option<Step> = None;
        for taken in self.candidates(from, here) {
            let Some(to) = self.reach(&taken.state).await else {
                continue;
            };
            let fits = leads_on(here, &to) && may_be_true(&taken.origin, here, &to);
            let cured = fits && is_cured(&to.diagnosis);
            let is_better = best
                .as_ref()
                .is_none_or(|best| rank(&best.to.diagnosis) < rank(&to.diagnosis));
            if is_better && fits {
                best = Some(Step { taken, to });
            }
            if cured {
                break;
            }
        }
        best
    }
}

/// What announces a root file says that it has the root of this chain. The chain must not say otherwise. Where none was
/// seen yet, because a file or the host is wrong, too, [`without_guesses`] has the last word. A file that has what the
/// server should send hides the cause.
fn may_be_true(origin: &Origin, from: &Reached, to: &Reached) -> bool {
    let lacks_an_issuer = |error: &Finding| error.code == Code::UnknownIssuer;
    let mut after = to.diagnosis.findings.iter();
    let hides_the_cause = from.diagnosis.error.as_ref().is_some_and(lacks_an_issuer)
        && after.any(|finding| finding.code == Code::MissingIntermediate);
    let is_before_a_chain =
        |error: &Finding| matches!(error.stage, Stage::Conninfo | Stage::Trust | Stage::Connect);
    match origin {
        Origin::Near(..) => {
            !hides_the_cause
                && (shows_a_trusted_chain(&to.diagnosis)
                    || to.diagnosis.error.as_ref().is_some_and(is_before_a_chain))
        }
        Origin::Advice(_) | Origin::Repair | Origin::Replaced => true,
    }
}

/// The steps up to the first root file that was only guessed: the chain was never verified with it. What was verified in
/// the end is the root file of the last step, so only that one is announced.
fn without_guesses(mut path: Vec<Step>) -> Vec<Step> {
    let near = |step: &Step| matches!(step.taken.origin, Origin::Near(..));
    let root = |step: &Step| -> Option<RootCert> {
        let root = step.to.conninfo.as_ref()?.sslrootcert.as_ref()?;
        Some(root.value.clone())
    };
    let Some(last) = path.last() else { return path };
    if !shows_a_trusted_chain(&last.to.diagnosis) {
        let first = path.iter().position(near).unwrap_or(path.len());
        path.truncate(first);
        return path;
    }
    let verified = root(last);
    for step in &mut path {
        if near(step) && root(step) != verified {
            step.taken.origin = Origin::Replaced;
        }
    }
    path
}

/// Nothing is wrong, for psql neither.
fn is_cured(diagnosis: &Diagnosis) -> bool {
    diagnosis.exit == Exit::Passed
        && diagnosis
            .findings
            .iter()
            .all(|finding| finding.code != Code::LibpqRootMissing)
}

/// Does any finding have a change that can be tried?
fn has_trials(diagnosis: &Diagnosis) -> bool {
    let mut findings = diagnosis.all();
    findings.any(|finding| finding.hint.fixes().any(|fix| fix.trial.is_some()))
}

/// Does this change lead to a pass, or to a fault that libpq would only have found later?
fn leads_on(from: &Reached, to: &Reached) -> bool {
    let (before, after) = (&from.diagnosis, &to.diagnosis);
    if is_cured(after) || rank(before) < rank(after) {
        return true;
    }
    let same = |finding: &Finding| {
        let error = before.error.as_ref();
        error.is_some_and(|error| error.code == finding.code && error.message == finding.message)
    };
    match (&from.refusal, &after.error) {
        // One of several mistakes in a string that cannot be read.
        (Some(_), Some(error)) => !same(error),
        _ => {
            let left = errors(after);
            let had = errors(before);
            left.len() < had.len() && left.iter().all(|code| had.contains(code))
        }
    }
}

/// Did a server present a chain that a root of the file signed? OpenSSL compares the signatures after purposes, constraints
/// and CRLs, and before times: an earlier fault says nothing of who signed.
fn shows_a_trusted_chain(diagnosis: &Diagnosis) -> bool {
    let after_signatures = |error: &Finding| {
        matches!(
            error.code,
            Code::Expired | Code::NotYetValid | Code::IntermediateExpired | Code::RootExpired
        )
    };
    rank(diagnosis) > RANK_OF_VERIFYING || diagnosis.error.as_ref().is_some_and(after_signatures)
}

/// The codes of all faults.
fn errors(diagnosis: &Diagnosis) -> Vec<Code> {
    diagnosis
        .all()
        .filter(|finding| finding.level == Level::Error)
        .map(|finding| finding.code)
        .collect()
}

/// How far libpq gets: the order in which it finds faults.
fn rank(diagnosis: &Diagnosis) -> u8 {
    let Some(error) = &diagnosis.error else {
        return if is_cured(diagnosis) { 100 } else { 90 };
    };
    match (error.stage, error.code) {
        (Stage::Conninfo, Code::WeakSslmode) => 12,
        (Stage::Conninfo, _) => 0,
        (Stage::Trust, Code::RootFileMissing | Code::RootFileInvalid) => 5,
        (Stage::Trust, Code::CrlFileMissing | Code::CrlFileInvalid) => 6,
        (Stage::Trust, Code::ClientKeyFileMissing) => 8,
        (Stage::Trust, Code::KeyFilePermissions) => 9,
        (Stage::Trust, Code::ClientKeyFileInvalid) => 10,
        (Stage::Trust, Code::ClientKeyMismatch) => 11,
        (Stage::Trust, _) => 7,
        (Stage::Connect, Code::Dns) => 18,
        (Stage::Connect, _) => 20,
        (Stage::Negotiate, _) => 25,
        (
            Stage::Handshake,
            Code::ClientCertRequired | Code::ClientCertRefused | Code::ClientCertNotRequested,
        ) => 60,
        (Stage::Handshake, _) => 30,
        (Stage::Verify, Code::HostNameMismatch) => 50,
        (Stage::Verify, _) => RANK_OF_VERIFYING,
        (Stage::Policy | Stage::Audit, _) => 70,
        (Stage::Login, _) => 80,
    }
}

/// Which endpoint of its string was checked; `None` if its advice cannot be judged.
fn place(subject: &Subject) -> Option<Place> {
    let (conninfo, endpoint) = match subject {
        Subject::Unread => return Some(Place::Only),
        Subject::Unchecked { conninfo, endpoint } => (conninfo, endpoint),
        Subject::Observed(observed) => (&observed.task.conninfo, &observed.task.endpoint),
    };
    let position = conninfo
        .endpoints
        .iter()
        .position(|one| one.host == endpoint.host && one.port == endpoint.port)?;
    Some(Place::At(position, Box::new(endpoint.clone())))
}

fn has_login(subject: &Subject) -> bool {
    match subject {
        Subject::Unread | Subject::Unchecked { .. } => false,
        Subject::Observed(observed) => observed.login.is_some(),
    }
}

fn seen(subject: &Subject) -> Option<(&Task, &Observation)> {
    match subject {
        Subject::Unread | Subject::Unchecked { .. } => None,
        Subject::Observed(observed) => Some((&observed.task, &observed.observation)),
    }
}

/// The rank of what libpq finds while it verifies the chain.
const RANK_OF_VERIFYING: u8 = 40;

/// Changes one after the other.
const MAX_STEPS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conninfo::fake::Fake;
    use crate::diagnose::{Fix, Stage};

    fn step(origin: Origin, string: &str, diagnosis: Diagnosis) -> Step {
        let conninfo = ConnInfo::read(string.as_bytes(), &Fake::default()).unwrap();
        Step {
            taken: Candidate {
                finding: 0,
                origin,
                state: State {
                    text: Secret::new(string.into()),
                    supposed: Supposed::default(),
                },
            },
            to: Reached {
                diagnosis,
                conninfo: Some(Arc::new(conninfo)),
                refusal: None,
            },
        }
    }

    fn near(string: &str) -> Origin {
        Origin::Near("is near".into(), Box::new(Fix::string(string)))
    }

    fn passed() -> Diagnosis {
        Diagnosis {
            exit: Exit::Passed,
            error: None,
            findings: Vec::new(),
        }
    }

    fn unknown_name() -> Diagnosis {
        let error = Finding {
            level: Level::Error,
            code: Code::Dns,
            stage: Stage::Connect,
            message: "no such name".into(),
            hint: crate::diagnose::Hint::default(),
        };
        Diagnosis {
            exit: Exit::Unreachable,
            error: Some(error),
            findings: Vec::new(),
        }
    }

    #[test]
    fn a_root_file_that_another_one_replaced_is_not_announced() {
        let one = "user=u host=wrong sslrootcert=one.crt";
        for (last, announced) in [
            ("user=u host=right sslrootcert=one.crt", true),
            ("user=u host=right sslrootcert=two.crt", false),
            ("user=u host=right sslrootcert=system", false),
        ] {
            let path = without_guesses(vec![
                step(near(one), one, unknown_name()),
                step(Origin::Advice(vec![0]), last, passed()),
            ]);
            assert_eq!(path.len(), 2);
            let origin = path.first().map(|step| &step.taken.origin);
            assert_eq!(
                matches!(origin, Some(Origin::Near(..))),
                announced,
                "{last}"
            );
        }
        let unverified = without_guesses(vec![step(near(one), one, unknown_name())]);
        assert!(unverified.is_empty());
    }
}
