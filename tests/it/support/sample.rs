//! Long lists of cases: a sample by default, all of them if `CI` or `PGTLS_ALL` is set.

use std::path::Path;

use super::skip::tell;

/// How many cases there are for each one to try. Says so if it is not every one.
pub(crate) fn one_in(step: usize, what: &str) -> usize {
    if ["CI", "PGTLS_ALL"]
        .iter()
        .any(|name| std::env::var_os(name).is_some())
    {
        return 1;
    }
    tell(&format!(
        "SAMPLED: one in {step} of {what}; PGTLS_ALL=1 tries all"
    ));
    step
}

/// The answers to all questions, in order, found on every core. Each core has a file of its own to ask with.
pub(crate) fn each<Q: Sync, A: Send>(
    questions: &[Q],
    answer: impl Fn(&Path, &Q) -> A + Sync,
) -> Vec<A> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = questions.len().div_ceil(threads).max(1);
    let directory = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        let shares = questions.chunks(share).enumerate();
        let running: Vec<_> = shares
            .map(|(number, share)| {
                let file = directory.path().join(number.to_string());
                let answer = &answer;
                scope.spawn(move || -> Vec<A> {
                    share
                        .iter()
                        .map(|question| answer(&file, question))
                        .collect()
                })
            })
            .collect();
        let answers = running.into_iter().map(|one| one.join().unwrap());
        answers.flatten().collect()
    })
}
