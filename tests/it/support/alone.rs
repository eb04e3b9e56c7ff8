//! For tests that count what their process has open, or change the user it runs as.

use std::process::{Command, Stdio};

const ALONE: &str = "PGTLS_TEST_ALONE";

/// Runs the body of a test in a process where no other test runs. `module` is the test's `module_path!()`, and
/// `test` the name of its function: a child process runs only that test, and its body.
pub(crate) fn alone(module: &str, test: &str, body: impl FnOnce()) {
    if std::env::var_os(ALONE).is_some() {
        return body();
    }
    // The harness leaves the name of the crate out.
    let (_, module) = module.split_once("::").unwrap();
    let name = format!("{module}::{test}");
    let output = Command::new(std::env::current_exe().unwrap())
        .args([&name, "--exact", "--nocapture"])
        .env(ALONE, "1")
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("test result: ok. 1 passed"),
        "{text}"
    );
}
