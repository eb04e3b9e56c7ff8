//! `packaging/release` with a stand-in for cargo: all packages hold the program that was built, and two runs give the same
//! bytes.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{ROOT, VERSION, has};
use crate::support::skip::skip;

const TARGETS: [&str; 3] = [
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "x86_64-pc-windows-gnu",
];

/// Builds a program of a few bytes, another one at each call.
const CARGO: &str = r##"#!/bin/sh
if [ "$1" = cyclonedx ]; then
    echo "{}" | tee benches/pgtls.cdx.json >pgtls.cdx.json
    exit 0
fi
echo "$*" >>"$STAND_IN/calls"
target= previous=
for argument; do
    [ "$previous" != --target ] || target=$argument
    previous=$argument
done
[ -n "$target" ] || exit 0
mkdir -p "$CARGO_TARGET_DIR/$target/release"
for name in pgtls pgtls.exe; do
    {
        echo "#!/bin/sh"
        echo "exec '$PGTLS' \"\$@\""
        echo "# $target $(grep -c -e "$target" "$STAND_IN/calls")"
    } >"$CARGO_TARGET_DIR/$target/release/$name"
    chmod +x "$CARGO_TARGET_DIR/$target/release/$name"
done
"##;

fn program(directory: &Path, name: &str, text: &str) {
    fs::write(directory.join(name), text).unwrap();
    fs::set_permissions(directory.join(name), fs::Permissions::from_mode(0o755)).unwrap();
}

/// Makes all packages in a place of their own. Returns the directory.
fn release(place: &Path) -> PathBuf {
    let programs = place.join("programs");
    fs::create_dir_all(&programs).unwrap();
    program(&programs, "cargo", CARGO);
    program(&programs, "rustup", "#!/bin/sh\n");
    let path = std::env::var("PATH").unwrap();
    let packages = place.join("packages");
    let mut script = Command::new(Path::new(ROOT).join("packaging/release"));
    script
        .args(TARGETS)
        .env("PATH", format!("{}:{path}", programs.display()))
        .env("STAND_IN", place)
        .env("PGTLS", env!("CARGO_BIN_EXE_pgtls"))
        .env("CARGO_TARGET_DIR", place.join("target"))
        .env("PGTLS_PACKAGES", &packages)
        .env("PGTLS_STAGING", place.join("staging"))
        .stdin(Stdio::null());
    let output = script.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    packages
}

/// What a shell prints in a directory.
fn shell(directory: &Path, command: &str) -> String {
    let mut sh = Command::new("sh");
    sh.args(["-ec", command]).current_dir(directory);
    let output = sh.output().unwrap();
    assert!(output.status.success(), "{command}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn files(directory: &Path, below: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in directory.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, below));
        } else {
            found.insert(path.strip_prefix(below).unwrap().display().to_string());
        }
    }
    found
}

#[test]
fn every_package_has_the_program_that_was_built() {
    if !has("npm") || !has("python3") || !has("git") {
        return;
    }
    if !Path::new(ROOT).join(".git").exists() {
        return skip("this is not a checkout");
    }
    let place = tempfile::tempdir().unwrap();
    let packages = release(place.path());
    let calls = fs::read_to_string(place.path().join("calls")).unwrap();
    let builds = calls
        .lines()
        .filter(|call| call.contains("--target"))
        .count();
    assert!(calls.starts_with("fetch --locked\n"), "{calls}");
    assert_eq!(builds, TARGETS.len(), "{calls}");

    for (target, npm, wheel) in [
        (TARGETS[0], "linux-x64", "musllinux_1_1_x86_64"),
        (TARGETS[1], "linux-arm64", "musllinux_1_1_aarch64"),
        (TARGETS[2], "win32-x64", "win_amd64"),
    ] {
        let exe = if npm.starts_with("win32") { ".exe" } else { "" };
        let built = place
            .path()
            .join(format!("target/{target}/release/pgtls{exe}"));
        let built = fs::read_to_string(built).unwrap();
        let unpack = format!("tar -xOzf pgtls-{npm}-{VERSION}.tgz package/bin/pgtls{exe}");
        assert_eq!(shell(&packages, &unpack), built, "npm");
        let unzip = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; \
                     sys.stdout.write(z.read(sys.argv[2]).decode())";
        let script = format!("pgtls-{VERSION}.data/scripts/pgtls{exe}");
        let unpack = format!("python3 -c '{unzip}' pgtls-{VERSION}-py3-none-*{wheel}.whl {script}");
        assert_eq!(shell(&packages, &unpack), built, "wheel");
        if exe.is_empty() {
            let unpack = format!("tar -xOzf pgtls-{target}.tgz ./pgtls");
            assert_eq!(shell(&packages, &unpack), built, "archive");
            let architecture = if npm.ends_with("x64") {
                "amd64"
            } else {
                "arm64"
            };
            let root = place.path().join(architecture);
            fs::create_dir(&root).unwrap();
            let unpack = format!(
                "mkdir '{0}/layout' && tar -xf pgtls-image.tar -C '{0}/layout' && \
                 python3 '{ROOT}/packaging/image/unpack' '{0}/layout' '{0}/root' {architecture} && cat '{0}/root/pgtls'",
                root.display()
            );
            assert_eq!(shell(&packages, &unpack), built, "image");
        }
    }

    // The list has every file once, but not itself.
    let list = fs::read_to_string(packages.join("SHA256SUMS")).unwrap();
    shell(&packages, "sha256sum --check --quiet SHA256SUMS");
    let listed: Vec<&str> = list.lines().map(|line| &line[66..]).collect();
    let mut there = files(&packages, &packages);
    assert!(there.remove("SHA256SUMS"));
    assert_eq!(listed, there.iter().map(String::as_str).collect::<Vec<_>>());

    fs::remove_file(place.path().join("calls")).unwrap();
    let again = fs::read_to_string(release(place.path()).join("SHA256SUMS")).unwrap();
    assert_eq!(list, again, "two runs on one commit");
}
