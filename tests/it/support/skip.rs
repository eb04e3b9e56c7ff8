//! Skips a test on a machine without something that it needs.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Lines that have been said: each is said once, not for every test.
static TOLD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Reports visibly that a test, or a part of it, did not run. If `CI` is set, that is a failure.
pub(crate) fn skip(missing: &str) {
    assert!(std::env::var_os("CI").is_none(), "{missing}");
    tell(&format!("SKIPPED: {missing}"));
}

/// Says a line about the tests, once.
pub(crate) fn tell(line: &str) {
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    if told.insert(line.to_owned()) {
        // Not eprintln!: the test harness would hide it.
        std::io::stderr()
            .write_all(format!("{line}\n").as_bytes())
            .unwrap();
    }
}

/// Is there an openssl command? Without one the test is skipped.
pub(crate) fn has_openssl() -> bool {
    let found = Command::new("openssl").arg("version").output().is_ok();
    if !found {
        skip("the openssl command is not installed");
    }
    found
}
