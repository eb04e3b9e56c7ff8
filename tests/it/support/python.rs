//! Python, which measures programs and loads libpq.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Without site packages: our scripts need only the standard library, and start hundreds of times.
pub(crate) const STANDARD_LIBRARY: &str = "-IS";

/// The interpreter itself. The one in the path may be the shim of a version manager, which takes
/// longer than most scripts.
pub(crate) fn python3() -> &'static Path {
    static INTERPRETER: OnceLock<PathBuf> = OnceLock::new();
    INTERPRETER.get_or_init(|| {
        let output = Command::new("python3")
            .args(["-c", "import sys; print(sys.executable)"])
            .output();
        let path = output
            .ok()
            .and_then(|output| String::from_utf8(output.stdout).ok())
            .map(|path| PathBuf::from(path.trim()));
        path.filter(|path| path.is_file())
            .unwrap_or_else(|| "python3".into())
    })
}
