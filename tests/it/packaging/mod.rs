//! The packages that need no build of their own: the GitHub Action's steps and the GitLab component, run as a runner runs
//! them, the npm package's script, the recording, and the versions in all of them.

mod gitlab;
mod recording;
mod release;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::support::fleet_lab::Lab;
use crate::support::skip::skip;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const ARCHIVE: &str = "pgtls-x86_64-unknown-linux-musl.tgz";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A runner of GitHub's, and a place with releases.
struct Runner<'a> {
    lab: &'a Lab,
}

impl<'a> Runner<'a> {
    /// With a release whose program is the built one.
    fn new(lab: &'a Lab) -> Self {
        let runner = Self { lab };
        let release = runner.release();
        fs::create_dir_all(release.join("content")).unwrap();
        let program = release.join("content/pgtls");
        let text = format!("#!/bin/sh\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_pgtls"));
        fs::write(&program, text).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let pack = format!("tar -C content -czf {ARCHIVE} . && sha256sum {ARCHIVE} > SHA256SUMS");
        let mut shell = Command::new("sh");
        shell.args(["-c", &pack]).current_dir(&release);
        assert!(shell.status().unwrap().success());
        runner
    }

    fn path(&self, name: &str) -> PathBuf {
        self.lab.client.home.path().join(name)
    }

    fn release(&self) -> PathBuf {
        self.path(&format!("releases/v{VERSION}"))
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// A step, with what the runner sets and the inputs of the action.
    fn step(&self, script: &str, inputs: &[(&str, &str)]) -> Output {
        let mut path = self.read("path").trim().to_owned();
        if !path.is_empty() {
            path.push(':');
        }
        path.push_str(&std::env::var("PATH").unwrap());
        let mut command = Command::new(Path::new(ROOT).join("packaging/action").join(script));
        command
            .env_clear()
            .current_dir(self.lab.client.home.path())
            .env("PATH", path)
            .env("HOME", self.lab.client.home.path())
            .env("RUNNER_OS", "Linux")
            .env("RUNNER_ARCH", "X64")
            .env("RUNNER_TEMP", self.path("temp"))
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_PATH", self.path("path"))
            .env("GITHUB_OUTPUT", self.path("output"))
            .env("GITHUB_STEP_SUMMARY", self.path("summary"))
            .envs(inputs.iter().copied());
        command.output().unwrap()
    }

    fn install(&self, inputs: &[(&str, &str)]) -> Output {
        let releases = format!("file://{}", self.path("releases").display());
        let ours = [
            ("PGTLS_ACTION_VERSION", VERSION),
            ("PGTLS_ACTION_RELEASES", releases.as_str()),
        ];
        self.step("install", &[&ours, inputs].concat())
    }

    fn check(&self, inputs: &[(&str, &str)]) -> Output {
        fs::write(self.path("output"), "").unwrap();
        fs::write(self.path("summary"), "").unwrap();
        self.step("check", inputs)
    }
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn has(program: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if found.is_err() {
        skip(&format!("{program} is not installed"));
    }
    found.is_ok()
}

#[test]
fn the_action_installs_and_checks_red_and_green() {
    if !has("curl") {
        return;
    }
    let lab = Lab::new();
    let runner = Runner::new(&lab);
    let installed = runner.install(&[]);
    assert!(installed.status.success(), "{installed:?}");
    assert!(stdout(&installed).starts_with(&format!("pgtls {VERSION}\n")));

    let good = lab.good();
    let green = runner.check(&[
        ("PGTLS_ACTION_CONNINFO", &good),
        ("PGTLS_ACTION_ARGS", "  --valid-for=30d\n\n"),
        ("PGTLS_ACTION_SARIF", "pgtls.sarif"),
    ]);
    assert_eq!(green.status.code(), Some(0), "{green:?}");
    assert_eq!(runner.read("output"), "exit-code=0\nsarif=pgtls.sarif\n");
    assert!(runner.read("summary").contains("PASS"));
    assert!(!stdout(&green).contains("::error"));

    // The string comes from a secret in a variable. Its password appears nowhere.
    let red = format!("{} password=hunter2hunter2", lab.wrong_host());
    let red = runner.check(&[("PGTLS_ACTION_ENV", "DATABASE_URL"), ("DATABASE_URL", &red)]);
    assert_eq!(red.status.code(), Some(7), "{red:?}");
    assert_eq!(runner.read("output"), "exit-code=7\n");
    assert!(stdout(&red).contains("::error title="), "{red:?}");
    assert!(runner.read("summary").contains("FAIL"));
    let all = stdout(&red) + &String::from_utf8_lossy(&red.stderr) + &runner.read("summary");
    assert!(!all.contains("hunter2"), "{all}");
}

#[test]
fn the_action_refuses_what_it_cannot_trust_or_understand() {
    if !has("curl") {
        return;
    }
    let lab = Lab::new();
    let runner = Runner::new(&lab);
    let refused = |output: Output, code: i32, words: &str| {
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let text = stdout(&output);
        assert!(text.starts_with("::error title=pgtls::"), "{text}");
        assert!(text.contains(words), "{text}");
    };
    let mac = [("RUNNER_OS", "macOS"), ("RUNNER_ARCH", "X64")];
    refused(runner.install(&mac), 1, "no program for macOS X64");
    let version = [("PGTLS_ACTION_VERSION", "1/../2")];
    refused(runner.install(&version), 1, "must be a version");
    let version = [("PGTLS_ACTION_VERSION", "99.0.0")];
    refused(runner.install(&version), 1, "Cannot download");
    assert!(runner.install(&[]).status.success());

    let both = [("PGTLS_ACTION_CONNINFO", "x"), ("PGTLS_ACTION_ENV", "X")];
    refused(runner.check(&both), 2, "exactly one");
    refused(runner.check(&[]), 2, "exactly one");
    let string = [("PGTLS_ACTION_ENV", "postgres://u:hunter2@h/d")];
    let output = runner.check(&string);
    assert!(!stdout(&output).contains("hunter2"));
    refused(output, 2, "must be the name of a variable");
    let good = lab.good();
    let words = [
        ("PGTLS_ACTION_CONNINFO", good.as_str()),
        ("PGTLS_ACTION_ARGS", "30d"),
    ];
    refused(runner.check(&words), 2, "one option a line");

    // One byte of the archive is other than when it was released.
    let archive = runner.release().join(ARCHIVE);
    let mut bytes = fs::read(&archive).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&archive, bytes).unwrap();
    refused(runner.install(&[]), 1, "does not have the checksum");
    fs::write(runner.release().join("SHA256SUMS"), "").unwrap();
    refused(runner.install(&[]), 1, "has no checksum");
}

/// The directory of an npm installation whose program is this script.
fn npm(script: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let modules = place.path().join("node_modules");
    fs::create_dir_all(modules.join("pgtls/bin")).unwrap();
    let shim = Path::new(ROOT).join("packaging/npm/pgtls/bin/pgtls.js");
    fs::copy(shim, modules.join("pgtls/bin/pgtls.js")).unwrap();
    for platform in ["pgtls-linux-x64", "pgtls-linux-arm64"] {
        let bin = modules.join(platform).join("bin");
        fs::create_dir_all(&bin).unwrap();
        fs::write(bin.join("pgtls"), script).unwrap();
        fs::set_permissions(bin.join("pgtls"), fs::Permissions::from_mode(0o755)).unwrap();
    }
    place
}

fn node(place: &tempfile::TempDir, arguments: &[&str]) -> Output {
    let shim = place.path().join("node_modules/pgtls/bin/pgtls.js");
    let mut node = Command::new("node");
    node.arg(shim).args(arguments).stdin(Stdio::null());
    node.output().unwrap()
}

#[test]
fn the_npm_package_ends_as_the_program_ends() {
    if !has("node") {
        return;
    }
    let place = npm("#!/bin/sh\necho \"$#\" \"$1\"\nexit 7\n");
    let output = node(&place, &["check", "host=a b"]);
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    assert_eq!(stdout(&output), "2 check\n");

    let place = npm("#!/bin/sh\nkill -TERM $$\n");
    assert_eq!(node(&place, &[]).status.code(), Some(128 + 15));

    // The signal that the script gets is handed on: the program says so and ends.
    let place = npm(
        "#!/bin/sh\nsleep 60 & sleeper=$!\ntrap 'kill $sleeper; echo got it; exit 130' TERM\nkill -TERM $PPID\nwait\n",
    );
    let output = node(&place, &[]);
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert_eq!(stdout(&output), "got it\n");

    fs::remove_dir_all(place.path().join("node_modules/pgtls-linux-x64")).unwrap();
    fs::remove_dir_all(place.path().join("node_modules/pgtls-linux-arm64")).unwrap();
    let output = node(&place, &[]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("is not installed"), "{message}");
}

#[test]
fn every_package_has_this_version() {
    let read = |name: &str| fs::read_to_string(Path::new(ROOT).join(name)).unwrap();
    let action = read("action.yml");
    assert!(action.contains(&format!("    default: {VERSION}\n")));
    let changelog = read("CHANGELOG.md");
    let sections = changelog
        .lines()
        .filter_map(|line| line.strip_prefix("## "));
    let mut sections = sections.peekable();
    let is_developed = sections.next_if_eq(&"Unreleased").is_some();
    let newest = sections.next().and_then(|title| title.split(' ').next());
    let number = |version: &str| -> Vec<u32> {
        let core = version.split('-').next().unwrap();
        core.split('.').map(|part| part.parse().unwrap()).collect()
    };
    match newest {
        Some(newest) if newest == VERSION => {}
        // A version without a section is the next one.
        newest => {
            assert!(is_developed, "CHANGELOG.md has no section of {VERSION}");
            let newest = newest.map(number);
            assert!(newest < Some(number(VERSION)), "{newest:?} {VERSION}");
        }
    }
}
