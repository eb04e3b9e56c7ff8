//! Does `verify` judge chains as OpenSSL does?
//!
//! Every chain of a generated corpus goes through [`pgtls::verify::check`] and through `openssl
//! verify` with the settings that libpq uses. Both must give the same verdict and, if they refuse,
//! the same first error. And what pgtls reports for rustls-webpki must be its own verdict.

mod corpus;
mod engine;
mod habits;
mod mutants;
mod referee;
mod rows;
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::skip::has_openssl;
use habits::Habit;
use world::{Outcome, World};

/// Chains on which pgtls differs from every OpenSSL, and why. A row that is no longer true fails.
const KNOWN: &[(&str, &str)] = &[
    ("key: Ed448 CA", "aws-lc-rs has no Ed448"),
    ("key: brainpool CA", "aws-lc-rs has no brainpool curves"),
    ("key: secp224r1 CA", "aws-lc-rs has no secp224r1"),
    (
        "encoding: Internet addresses, intermediate",
        "RFC 3779 is not implemented",
    ),
    (
        "encoding: Internet addresses, leaf",
        "RFC 3779 is not implemented",
    ),
    (
        "notAfter: unused certificate's is no time",
        "OpenSSL 3.3 and newer cannot decode it, but the openssl program goes on without it",
    ),
];

#[test]
fn chains_are_judged_as_openssl_judges_them() {
    if !has_openssl() {
        return;
    }
    let mut cases = rows::all();
    cases.extend(corpus::singles_and_pairs());
    cases.extend(mutants::all());
    assert!(cases.len() >= 300, "only {} chains", cases.len());
    let habits = Habit::of_the_referee();
    let mut expected: Vec<(&str, String)> = KNOWN
        .iter()
        .map(|(chain, reason)| (*chain, (*reason).to_owned()))
        .collect();
    for habit in Habit::ALL {
        let (chains, reason) = if habits.contains(&habit) {
            (
                habit.chains(),
                format!("this OpenSSL has the habit {habit:?}"),
            )
        } else {
            (
                habit.chains_without(),
                format!("this OpenSSL is without {habit:?}"),
            )
        };
        expected.extend(chains.iter().map(|chain| (*chain, reason.clone())));
    }
    let disagreements = judge(&cases);
    let unexpected: Vec<&String> = disagreements
        .iter()
        .filter(|(name, _)| !expected.iter().any(|(chain, _)| chain == name))
        .map(|(_, text)| text)
        .collect();
    assert!(
        unexpected.is_empty(),
        "{} of {}:\n{unexpected:#?}",
        unexpected.len(),
        cases.len()
    );
    for (chain, reason) in &expected {
        let still = disagreements.iter().any(|(name, _)| name == chain);
        assert!(
            still,
            "{chain:?} no longer differs though {reason}: drop the row"
        );
    }
    println!(
        "{} chains, {} known differences, habits {habits:?}",
        cases.len(),
        expected.len()
    );
}

/// The names of the cases on which the two differ, with what each says.
fn judge(cases: &[(String, World)]) -> Vec<(String, String)> {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let directory = tempfile::tempdir().unwrap();
                while let Some((name, world)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let made = world.make();
                    let theirs = referee::judge(&made, directory.path());
                    let ours = made.judge();
                    if !ours.agrees_with(&theirs) {
                        let text = format!("{name}: we {ours:?}, openssl {theirs:?}");
                        found.lock().unwrap().push((name.clone(), text));
                    }
                    if let Some((ours, theirs)) = engine::verdicts(&made)
                        && ours != theirs
                    {
                        let text = format!("{name}: strict {ours}, rustls-webpki {theirs}");
                        found.lock().unwrap().push((name.clone(), text));
                    }
                }
            });
        }
    });
    found.into_inner().unwrap()
}

impl Outcome {
    /// Passed or not, and the first error's number. If one side cannot read the bytes, only the
    /// refusal counts: the openssl program continues without untrusted certificates and CRLs that
    /// it cannot read, but a TLS handshake would end.
    fn agrees_with(&self, theirs: &Self) -> bool {
        let comparable = !self.unreadable && !theirs.unreadable;
        self.passes == theirs.passes && (!comparable || self.code == theirs.code)
    }
}
