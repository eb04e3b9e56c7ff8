//! Puts into the advice what the trials have shown: what helps stays and is proven, what does not help goes.

use std::path::Path;

use super::candidates::{Candidate, Origin};
use super::reach::Reached;
use super::{Case, State, Step, is_cured};
use crate::conninfo::Keyword;
use crate::diagnose::{Diagnosis, Finding, Fix, FixKind, Hint, Level, Settled};
use crate::escape::Shown;

/// The diagnosis with its advice settled.
pub(super) async fn settle(
    case: &Case<'_>,
    start: &State,
    begin: Reached,
    path: Vec<Step>,
) -> Diagnosis {
    let before = begin
        .conninfo
        .as_ref()
        .map(|conninfo| Shown::new(&conninfo.redacted()));
    let mut diagnosis = begin.diagnosis;
    let cured = path
        .last()
        .map_or_else(|| is_cured(&diagnosis), |step| is_cured(&step.to.diagnosis));
    let mut kept = match cured {
        true => {
            let base = path.last().map_or(start, |step| &step.taken.state);
            notices(case, base, &diagnosis, before.as_ref()).await
        }
        false => Vec::new(),
    };
    let rooted = rooted(&diagnosis, &path);
    let cure = Cure::of(&diagnosis, (before, case.source.roots()), path, &mut kept);
    for (index, finding) in all_mut(&mut diagnosis).enumerate() {
        let mut hint = std::mem::take(&mut finding.hint);
        if rooted.contains(&index) {
            hint = hint.knowing_the_root(Hint::default());
        }
        finding.hint = match &cure {
            Some(cure) if cure.finding == index => cure.hint.clone(),
            _ => {
                let fixes: Vec<&Fix> = hint.fixes().collect();
                let untriable = case.untriable(start, &fixes);
                keep(hint, index, &kept, &untriable)
            }
        };
    }
    diagnosis
}

/// The findings that a root file answers which was found near: their positions.
fn rooted(diagnosis: &Diagnosis, path: &[Step]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut before: Option<&Reached> = None;
    for step in path {
        let met = before.map_or(diagnosis, |before| &before.diagnosis);
        let fault = met.all().nth(step.taken.finding);
        if matches!(step.taken.origin, Origin::Near(..)) {
            found.extend(fault.and_then(|fault| position(diagnosis, fault)));
        }
        before = Some(&step.to);
    }
    found
}

/// A change of the advice that helps.
struct Kept {
    /// The position of its finding.
    finding: usize,
    /// Its position among the changes of that finding.
    fix: usize,
    /// What to show in its place, if the rest of the string has to change, too.
    instead: Option<Fix>,
}

/// The changes of warnings and notices that help, in addition to what is known to cure.
async fn notices(
    case: &Case<'_>,
    base: &State,
    diagnosis: &Diagnosis,
    before: Option<&Shown>,
) -> Vec<Kept> {
    let mut helpful = Vec::new();
    for (finding, one) in diagnosis.all().enumerate() {
        if one.level == Level::Error {
            continue;
        }
        let fixes: Vec<&Fix> = one.hint.fixes().collect();
        for Candidate { origin, state, .. } in case.of_advice(base, finding, &fixes) {
            let reached = case.reach(&state).await;
            let cured = reached.filter(|reached| is_cured(&reached.diagnosis));
            let (Some(cured), Origin::Advice(indices)) = (cured, origin) else {
                continue;
            };
            for fix in indices {
                let is_string = fixes
                    .get(fix)
                    .is_some_and(|fix| fix.kind == FixKind::String);
                let instead = is_string
                    .then(|| string(&cured, before.cloned(), case.source.roots()))
                    .flatten();
                helpful.push(Kept {
                    finding,
                    fix,
                    instead,
                });
            }
        }
    }
    helpful
}

/// The hint with only these of the changes that can be tried; those are proven. What cannot be tried stays as it is.
fn keep(hint: Hint, finding: usize, kept: &[Kept], untriable: &[usize]) -> Hint {
    let mut index = 0_usize;
    hint.settled(|fix| {
        let here = index;
        index = index.saturating_add(1);
        let kept = kept
            .iter()
            .find(|kept| kept.finding == finding && kept.fix == here);
        match (&fix.trial, kept) {
            (None, _) => Settled::Kept(fix),
            (Some(_), Some(kept)) => Settled::Kept(kept.instead.clone().unwrap_or(fix).proven()),
            (Some(_), None) if untriable.contains(&here) => Settled::Kept(fix),
            (Some(_), None) => Settled::LeftOut,
        }
    })
}

/// The advice that cures everything that can be cured from here.
struct Cure {
    /// The position of the finding that shows it.
    finding: usize,
    hint: Hint,
}

impl Cure {
    /// `None` if nothing leads further. Commands that belong to other findings of the report are kept there.
    fn of(
        diagnosis: &Diagnosis,
        (before, roots): (Option<Shown>, Option<&Path>),
        path: Vec<Step>,
        kept: &mut Vec<Kept>,
    ) -> Option<Self> {
        let whole = string(&path.last()?.to, before, roots).map(Fix::proven);
        let end = path.last().map(|step| &step.to.diagnosis)?;
        let left = end
            .error
            .as_ref()
            .filter(|left| position(diagnosis, left).is_none())
            .map(|left| format!("After that, this is left: {}: {}.", left.code, left.message));
        let (first, rest) = path.split_first()?;
        let finding = first.taken.finding;
        let own = diagnosis.all().nth(finding)?.hint.clone();
        let mut hint = match (&first.taken.origin, rest) {
            (Origin::Advice(fixes), []) => keep(own, finding, &all_of(finding, fixes), &[]),
            (Origin::Advice(fixes), _) => without_string(own, fixes),
            (Origin::Repair, []) => own.and(shown("Use:", whole.clone())),
            (Origin::Repair, _) => own,
            (Origin::Near(lead, fix), []) => keep(own, finding, &[], &[]).knowing_the_root(
                Hint::say(lead.clone())
                    .then("Use:")
                    .fix((**fix).clone().proven()),
            ),
            (Origin::Near(lead, _), _) => {
                keep(own, finding, &[], &[]).knowing_the_root(Hint::say(lead.clone()))
            }
            (Origin::Replaced, _) => keep(own, finding, &[], &[]),
        };
        let mut here = &first.to;
        for step in rest {
            hint = hint.and(next(diagnosis, here, &step.taken, kept));
            here = &step.to;
        }
        if !rest.is_empty() {
            hint = hint.and(shown("One string for all of that:", whole));
        }
        hint = hint.and(left.map(Hint::say));
        Some(Self { finding, hint })
    }
}

/// What came next, and what to do about it apart from the string.
fn next(diagnosis: &Diagnosis, here: &Reached, taken: &Candidate, kept: &mut Vec<Kept>) -> Hint {
    let Some(fault) = here.diagnosis.all().nth(taken.finding) else {
        return Hint::default();
    };
    let known = position(diagnosis, fault);
    let said = match known {
        Some(_) => Hint::default(),
        None => Hint::say(format!("Then: {}: {}.", fault.code, fault.message)),
    };
    match (&taken.origin, known) {
        (Origin::Advice(fixes), Some(finding)) => {
            let commands: Vec<usize> = fault
                .hint
                .fixes()
                .enumerate()
                .filter(|(index, fix)| fix.kind != FixKind::String && fixes.contains(index))
                .map(|(index, _)| index)
                .collect();
            kept.extend(all_of(finding, &commands));
            said
        }
        (Origin::Advice(fixes), None) => said.and(without_string(fault.hint.clone(), fixes)),
        (Origin::Repair | Origin::Replaced, _) => said,
        (Origin::Near(lead, _), _) => said.then(lead.clone()),
    }
}

/// The hint without its strings; the commands among those taken are proven.
fn without_string(hint: Hint, taken: &[usize]) -> Hint {
    let mut index = 0_usize;
    hint.settled(|fix| {
        let here = index;
        index = index.saturating_add(1);
        match (&fix.trial, fix.kind, taken.contains(&here)) {
            (None, _, _) => Settled::Kept(fix),
            (Some(_), FixKind::String, true) => Settled::Elsewhere,
            (Some(_), _, true) => Settled::Kept(fix.proven()),
            (Some(_), _, false) => Settled::LeftOut,
        }
    })
}

fn all_of(finding: usize, fixes: &[usize]) -> Vec<Kept> {
    let kept = fixes.iter().map(|fix| Kept {
        finding,
        fix: *fix,
        instead: None,
    });
    kept.collect()
}

fn shown(lead: &str, string: Option<Fix>) -> Hint {
    string.map_or_else(Hint::default, |string| Hint::say(lead).fix(string))
}

/// The string of a state of things, with its secrets masked; `None` where it cannot be read, and may therefore hold a
/// secret in the wrong place. It names the roots of `--trust`.
fn string(reached: &Reached, before: Option<Shown>, roots: Option<&Path>) -> Option<Fix> {
    let conninfo = reached.conninfo.as_ref()?;
    let text = match roots {
        Some(file) => {
            let file = file.as_os_str().as_encoded_bytes();
            conninfo.changed(&[(Keyword::SslRootCert, file)])
        }
        None => conninfo.redacted(),
    };
    // An escape for the eye is nothing to paste.
    if text.contains(char::is_control) {
        return None;
    }
    let fix = Fix::string(Shown::new(&text));
    Some(match before {
        Some(before) => fix.instead_of(before),
        None => fix,
    })
}

/// Where the report has this fault already.
fn position(diagnosis: &Diagnosis, fault: &Finding) -> Option<usize> {
    diagnosis
        .all()
        .position(|finding| finding.code == fault.code)
}

fn all_mut(diagnosis: &mut Diagnosis) -> impl Iterator<Item = &mut Finding> {
    diagnosis.error.iter_mut().chain(&mut diagnosis.findings)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::conninfo::fake::Fake;
    use crate::conninfo::{ConnInfo, Keyword, Secret};
    use crate::diagnose::{Code, Stage};
    use crate::exit::Exit;
    use crate::trust::Supposed;

    fn failed(hint: Hint) -> Diagnosis {
        let error = Finding {
            level: Level::Error,
            code: Code::UnknownIssuer,
            stage: Stage::Verify,
            message: "no root".into(),
            hint,
        };
        Diagnosis {
            exit: Exit::Untrusted,
            error: Some(error),
            findings: Vec::new(),
        }
    }

    /// One change leads to a pass.
    fn cured(own: Hint, origin: Origin, rest: Option<Origin>) -> String {
        let string = b"user=u host=h sslrootcert=good.crt";
        let conninfo = ConnInfo::read(string, &Fake::default()).unwrap();
        let conninfo = Arc::new(conninfo);
        let step = |origin, diagnosis| Step {
            taken: Candidate {
                finding: 0,
                origin,
                state: State {
                    text: Secret::new(string.to_vec()),
                    supposed: Supposed::default(),
                },
            },
            to: Reached {
                diagnosis,
                conninfo: Some(Arc::clone(&conninfo)),
                refusal: None,
            },
        };
        let passed = Diagnosis {
            exit: Exit::Passed,
            error: None,
            findings: Vec::new(),
        };
        let path = match rest {
            None => vec![step(origin, passed)],
            Some(rest) => vec![step(origin, failed(Hint::default())), step(rest, passed)],
        };
        let cure = Cure::of(&failed(own), (None, None), path, &mut Vec::new());
        cure.unwrap().hint.to_string()
    }

    fn own() -> Hint {
        let disproven =
            Fix::string("sslrootcert=bad.crt").changing(&[(Keyword::SslRootCert, b"bad.crt")]);
        Hint::say("Get the root. Use:")
            .fix(disproven)
            .without_root()
            .then("This file contains another one.")
    }

    #[test]
    fn a_proven_root_file_comes_first_and_what_it_excludes_is_not_said() {
        let fix = Box::new(Fix::string("sslrootcert=good.crt"));
        let hint = cured(
            own(),
            Origin::Near("good.crt has the root.".into(), fix),
            None,
        );
        assert_eq!(
            hint,
            "good.crt has the root.\nUse:\n    sslrootcert=good.crt\nThis file contains another one."
        );
    }

    #[test]
    fn a_guess_that_was_replaced_keeps_nothing_that_was_disproven() {
        let hint = cured(own(), Origin::Replaced, Some(Origin::Repair));
        assert!(!hint.contains("bad.crt"), "{hint}");
        assert!(hint.contains("good.crt"), "{hint}");
    }
}
