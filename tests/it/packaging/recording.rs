//! The recording for terminals: is its text what the program prints today?

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{ROOT, has};

/// The text on the screen, with every number replaced: ports, times and dates differ each time. The rows about time are
/// left out: what took long enough to be named differs, too.
fn screen(cast: &str) -> String {
    let mut text = String::new();
    for line in cast.lines().skip(1) {
        let event: Value = serde_json::from_str(line).unwrap();
        text.push_str(event[2].as_str().unwrap());
    }
    while let Some((before, rows)) = text.split_once("\r\n  time ") {
        let (_, after) = rows.split_once("\r\nchecked ").unwrap();
        text = format!("{before}\r\nchecked {after}");
    }
    let mut screen = String::new();
    let mut in_number = false;
    for c in text.chars() {
        let goes_on = c.is_ascii_digit() || in_number && c == '.';
        if goes_on && !in_number {
            screen.push('0');
        } else if !goes_on {
            screen.push(c);
        }
        in_number = goes_on;
    }
    screen
}

#[test]
fn the_recording_shows_what_the_program_prints() {
    if !has("python3") {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let new = place.path().join("demo.cast");
    let mut script = Command::new(Path::new(ROOT).join("packaging/recording"));
    script.arg(env!("CARGO_BIN_EXE_pgtls")).arg(&new);
    let output = script.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let new = std::fs::read_to_string(new).unwrap();
    let page = Path::new(ROOT).join("docs/demo.cast");
    if std::env::var_os("PGTLS_UPDATE_DOCS").is_some() {
        return std::fs::write(page, new).unwrap();
    }
    let old = std::fs::read_to_string(page).unwrap();
    assert_eq!(
        screen(&old),
        screen(&new),
        "packaging/recording writes docs/demo.cast"
    );
    assert!(old.lines().count() > 100 && screen(&old).contains("FAIL"));
}
