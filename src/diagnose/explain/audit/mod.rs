//! What else an endpoint accepts, and what to do about it.

pub(super) mod accepted;
pub(in crate::diagnose) mod profile;
mod restriction;
mod settings;

use super::front::Front;
use crate::audit::{Audit, Category, Circumstance, Each, Presented, Rule, Rules, Unknown};
use crate::demands::Strictness;
use crate::diagnose::notices::large_hello;
use crate::diagnose::{
    Code, Context, Diagnosis, Finding, Hint, Level, Program, Stage, apply_strictness, unsatisfied,
};
use crate::escape::escape;
use crate::exit::Exit;
use crate::probe::{Observation, Task};
use crate::words::first_few;

use accepted::accepted;
use settings::settings_in_one_place;

/// Adds the findings of an audit to the diagnosis of the same endpoint.
///
/// Something forbidden turns a pass into exit code 1, an unanswered question into 3, and another
/// certificate that does not verify into the exit code of that fault.
pub fn add_audit(
    diagnosis: &mut Diagnosis,
    (task, observation): (&Task, &Observation),
    audit: &Audit,
    rules: &Rules,
    strictness: Strictness,
) {
    let front = observation.tls().map_or(Front::Unknown, Front::of);
    let mut failures: Vec<Finding> = Vec::new();
    let found = accepted(audit, front);
    let no_tls = diagnosis
        .error
        .as_mut()
        .filter(|error| error.code == Code::NoTls);
    let without_tls = match no_tls {
        Some(error)
            if found
                .iter()
                .any(|(category, _)| *category == Category::Plaintext) =>
        {
            let hint = std::mem::take(&mut error.hint);
            error.hint = hint.then("It starts sessions in plain text. First make TLS work; only then use hostssl in pg_hba.conf, or no one can log in.");
            true
        }
        Some(_) | None => false,
    };
    for (category, finding) in found {
        if without_tls && category == Category::Plaintext {
            continue;
        }
        match rules.rule(category) {
            Rule::Allow => {}
            Rule::Warn => diagnosis.findings.push(Finding {
                level: Level::Warning,
                ..finding
            }),
            Rule::Forbid => failures.push(finding),
        }
    }
    failures.extend(incomplete(audit));
    let large = audit.large_hello.known().and_then(large_hello);
    diagnosis.findings.extend(large.map(|finding| Finding {
        stage: Stage::Audit,
        ..finding
    }));
    diagnosis.findings.extend(sni(task, &audit.certificates));
    for (exit, finding) in certificates(task, &audit.certificates) {
        diagnosis.fail_or_add_with(exit, finding);
    }
    for finding in failures {
        diagnosis.fail_or_add(finding);
    }
    diagnosis.findings.sort_by_key(|finding| finding.level);
    for program in [Program::PostgreSql, Program::PgBouncer] {
        settings_in_one_place(diagnosis, program);
    }
    apply_strictness(diagnosis, strictness);
}

pub(super) fn error(code: Code, message: String) -> Finding {
    Finding::error(code, Stage::Audit, message)
}

/// A certificate for another kind of key that clients would refuse.
fn certificates(task: &Task, shown: &Each<Circumstance, Presented>) -> Vec<(Exit, Finding)> {
    let rules = task.rules();
    let context = Context::of(task, &rules);
    let about_key = shown
        .iter()
        .filter(|(circumstance, _)| circumstance.is_about_key());
    about_key
        .filter_map(|(circumstance, asked)| {
            let judgement = asked.known()?.chain()?;
            let reason = judgement.satisfies(context.level).err()?;
            let diagnosis = unsatisfied(&context, judgement, &reason);
            let finding = diagnosis.error?;
            let kind = match circumstance {
                Circumstance::Rsa => "RSA",
                Circumstance::Ecdsa => "ECDSA",
                Circumstance::Ed25519 | Circumstance::NoSni | Circumstance::OtherSni => "Ed25519",
            };
            let message = format!("for clients that ask for {kind}: {}", finding.message).into();
            let finding = Finding {
                message,
                stage: Stage::Audit,
                ..finding
            };
            Some((diagnosis.exit, finding))
        })
        .collect()
}

/// Clients without SNI get a certificate that they refuse, but others get one that they accept.
fn sni(task: &Task, shown: &Each<Circumstance, Presented>) -> Option<Finding> {
    let judgement = shown.known(Circumstance::NoSni)?.chain()?;
    judgement.satisfies(task.trust.level).err()?;
    let leaf = judgement.certificates.first()?;
    let named = shown
        .iter()
        .filter(|(circumstance, _)| circumstance.is_about_key());
    let is_the_same = named
        .filter_map(|(_, asked)| asked.known()?.chain()?.certificates.first())
        .any(|other| other.der == leaf.der);
    (!is_the_same).then(|| {
        let message = format!(
            "clients that send no server name get another certificate (\"{}\"), which the rules of this string refuse",
            escape(&leaf.subject.text)
        );
        Finding::new(Level::Warning, Code::SniDependent, Stage::Audit, message)
            .hint("Give the server a default certificate that such clients also accept.")
    })
}

/// Questions without an answer.
fn incomplete(audit: &Audit) -> Option<Finding> {
    let unknown = audit.gaps();
    let (_, reason) = unknown.first()?;
    let questions = unknown.iter();
    let questions: Vec<String> = questions
        .map(|(what, reason)| format!("{what}: {}", told(reason)))
        .collect();
    let message = format!(
        "the audit could not answer every question: {}",
        first_few(&questions, MAX_NAMES, "; ")
    );
    let hint = advice(
        reason,
        "Allow more time (--deadline 15m) or more parallel connections (--jobs 4).",
        "Try again when the server is less busy, or with a longer --timeout.",
    );
    Some(error(Code::AuditIncomplete, message).hint(hint))
}

/// How to get an answer: if time ran out, and if asking again is all that helps.
pub(super) fn advice(reason: &Unknown, out_of_time: &'static str, again: &'static str) -> Hint {
    match reason {
        Unknown::RefusedAnyway(_) => {
            Hint::say("Set a user and a database that may log in. No password is needed:")
                .show("user=NAME dbname=NAME")
        }
        Unknown::OutOfTime => out_of_time.into(),
        Unknown::Handshake(_) => {
            Hint::say("If every handshake with this server fails, fix that first.").then(again)
        }
        Unknown::NotAsked
        | Unknown::Connect(_)
        | Unknown::Negotiate(_)
        | Unknown::Closed
        | Unknown::Timeout
        | Unknown::NotTls
        | Unknown::NotPostgres
        | Unknown::Unoffered
        | Unknown::Contradiction
        | Unknown::Busy => again.into(),
    }
}

pub(super) fn told(reason: &Unknown) -> String {
    if let Unknown::RefusedAnyway(answer) = reason {
        let said = answer.message.get(..MAX_SAID).unwrap_or(&answer.message);
        return format!("{reason} (\"{}\")", escape(said));
    }
    reason.to_string()
}

/// The maximum of suites or questions in one message.
const MAX_NAMES: usize = 12;

/// The maximum of shown bytes of a server's message.
const MAX_SAID: usize = 300;

#[cfg(test)]
mod tests;
