//! What a test does on a machine that lacks a program it needs.

use std::io::Write as _;

/// Says visibly that a test did not run; where `CI` is set that is a failure.
pub(crate) fn skip(missing: &str) {
    assert!(std::env::var_os("CI").is_none(), "{missing}");
    // Not eprintln!: the test harness would swallow it.
    std::io::stderr()
        .write_all(format!("SKIPPED: {missing}\n").as_bytes())
        .unwrap();
}
