//! Long lists of cases: a sample by default, all of them if `CI` or `PGTLS_ALL` is set.

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
