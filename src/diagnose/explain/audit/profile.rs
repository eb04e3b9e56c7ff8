//! What of a profile is not met, or may not be.

use super::{MAX_NAMES, error};
use crate::demands::Strictness;
use crate::diagnose::{Code, Diagnosis, Hint, apply_strictness};
use crate::escape::escape;
use crate::profile::{Compliance, Judged, Profile, Verdict};
use crate::words::first_few;

/// Adds a finding for each requirement of a profile that is not met, and one for those that may not be: what is not known
/// does not pass.
pub fn add_profiles(diagnosis: &mut Diagnosis, judged: &[Judged], strictness: Strictness) {
    for judged in judged {
        let profile = &judged.profile;
        for verdict in judged.with(Compliance::Failed) {
            let finding = error(Code::ProfileViolated, required(profile, verdict));
            diagnosis.fail_or_add(finding.hint(Hint::say(format!(
                "{}, {}: {}",
                escape(&profile.title),
                escape(&profile.date),
                escape(&profile.source)
            ))));
        }
    }
    let is_told = diagnosis
        .all()
        .any(|finding| finding.code == Code::AuditIncomplete);
    if !is_told {
        let unknown = judged.iter().flat_map(|judged| {
            let verdicts = judged.with(Compliance::Unknown);
            verdicts.map(|verdict| required(&judged.profile, verdict))
        });
        let unknown: Vec<String> = unknown.collect();
        if !unknown.is_empty() {
            let message = format!(
                "it is not known whether every requirement is met: {}",
                first_few(&unknown, MAX_NAMES, "; ")
            );
            diagnosis.fail_or_add(error(Code::AuditIncomplete, message).hint(
                "Each requirement is followed by the reason. Remove the reason, then run the audit again.",
            ));
        }
    }
    diagnosis.findings.sort_by_key(|finding| finding.level);
    apply_strictness(diagnosis, strictness);
}

/// A requirement, and what was observed.
fn required(profile: &Profile, verdict: &Verdict) -> String {
    format!(
        "{} {}: {}: {}",
        escape(&profile.name),
        escape(&verdict.clause),
        escape(&verdict.requirement),
        escape(&verdict.observed)
    )
}
