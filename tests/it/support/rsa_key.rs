//! RSA keys that `openssl` has made once and that stay below cargo's target directory, each used once in a run.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many have been used.
static USED: AtomicUsize = AtomicUsize::new(0);

/// Writes a key of 2048 bits that no other caller of this process gets.
pub(crate) fn put(path: &Path) {
    let number = USED.fetch_add(1, Ordering::Relaxed);
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("rsa-2048-{number}.key"));
    if !kept.exists() {
        // Another process may do the same: each renames a whole file.
        let ours = kept.with_extension(std::process::id().to_string());
        let made = Command::new("openssl")
            .args(["genpkey", "-algorithm", "RSA", "-pkeyopt"])
            .args(["rsa_keygen_bits:2048", "-out"])
            .arg(&ours)
            .output()
            .unwrap();
        assert!(made.status.success(), "openssl genpkey");
        fs::rename(&ours, &kept).unwrap();
    }
    fs::copy(&kept, path).unwrap();
}
