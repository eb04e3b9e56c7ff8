//! The component for GitLab CI, run as a runner runs it, and the YAML of pages and templates.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use super::{ROOT, Runner, VERSION, has, stdout};
use crate::support::fleet_lab::Lab;
use crate::support::skip::skip;
use crate::support::tool::Tool;

/// Runs the component's job with these inputs, and this string in `DATABASE_URL`.
fn run(yaml: &OsStr, runner: &Runner<'_>, inputs: &Value, string: &str) -> Output {
    let mut python = Command::new("python3");
    python
        .arg(Path::new(ROOT).join("tests/it/packaging/component.py"))
        .arg(Path::new(ROOT).join("templates/check.yml"))
        .arg(inputs.to_string())
        .env("PYTHONPATH", yaml);
    let output = python.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let job: Value = serde_json::from_slice(&output.stdout).unwrap();
    let variables = job["variables"].as_object().unwrap().iter();
    let script = format!("set -eo pipefail\n{}", job["script"].as_str().unwrap());
    let mut bash = Command::new("bash");
    bash.args(["-c", &script])
        .env_clear()
        .current_dir(runner.lab.client.home.path())
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", runner.lab.client.home.path())
        .env("DATABASE_URL", string)
        .envs(variables.map(|(name, value)| (name, value.as_str().unwrap())))
        .stdin(Stdio::null());
    bash.output().unwrap()
}

#[test]
fn the_gitlab_component_checks_red_and_green() {
    if std::env::consts::ARCH != "x86_64" {
        return skip("the release of this test is for x86-64");
    }
    let Some(yaml) = Tool::Yamllint.find() else {
        return;
    };
    if !has("curl") {
        return;
    }
    let lab = Lab::new();
    let runner = Runner::new(&lab);
    let releases = format!("file://{}", runner.path("releases").display());
    let inputs = json!({"releases": releases, "args": "--valid-for=30d"});
    let junit = || runner.read("pgtls.xml");

    let green = run(&yaml, &runner, &inputs, &lab.good());
    assert_eq!(green.status.code(), Some(0), "{green:?}");
    assert!(junit().contains("failures=\"0\""), "{}", junit());

    let string = format!("{} password=hunter2hunter2", lab.wrong_host());
    let red = run(&yaml, &runner, &inputs, &string);
    assert_eq!(red.status.code(), Some(7), "{red:?}");
    assert!(junit().contains("host-name-mismatch"), "{}", junit());
    let all = stdout(&red) + &String::from_utf8_lossy(&red.stderr) + &junit();
    assert!(!all.contains("hunter2"), "{all}");

    // The file of endpoints takes the place of the variable.
    let endpoints = format!("[[endpoint]]\nconninfo = \"{}\"\n", lab.wrong_host());
    fs::write(runner.path("endpoints.toml"), endpoints).unwrap();
    let config = json!({"releases": releases, "config": "endpoints.toml"});
    let red = run(&yaml, &runner, &config, &lab.good());
    assert_eq!(red.status.code(), Some(7), "{red:?}");

    // A program that is not the released one is not run.
    fs::write(runner.path("pgtls.xml"), "").unwrap();
    fs::write(runner.release().join("SHA256SUMS"), "").unwrap();
    let refused = run(&yaml, &runner, &inputs, &lab.good());
    assert_ne!(refused.status.code(), Some(0), "{refused:?}");
    assert_eq!(junit(), "");
}

/// The blocks of YAML of a page.
fn blocks(page: &Path) -> Vec<String> {
    let text = fs::read_to_string(page).unwrap();
    let blocks = text.split("\n```yaml\n").skip(1);
    blocks
        .map(|block| format!("{}\n", block.split("\n```").next().unwrap()))
        .collect()
}

#[test]
fn the_yaml_of_pages_and_templates_is_clean() {
    let Some(yamllint) = Tool::Yamllint.find() else {
        return;
    };
    let root = Path::new(ROOT);
    let files = [
        "action.yml",
        ".pre-commit-hooks.yaml",
        ".github/workflows/ci.yml",
        ".github/workflows/release.yml",
        "packaging/nfpm.yaml",
        "templates/check.yml",
    ];
    let mut texts: Vec<PathBuf> = files.iter().map(|file| root.join(file)).collect();
    let place = tempfile::tempdir().unwrap();
    for page in root.join("docs").read_dir().unwrap() {
        let page = page.unwrap().path();
        if page.extension() != Some(OsStr::new("md")) {
            continue;
        }
        for (index, block) in blocks(&page).iter().enumerate() {
            let name = page.file_stem().unwrap().to_string_lossy();
            let copy = place.path().join(format!("{name}-{index}.yaml"));
            fs::write(&copy, block).unwrap();
            texts.push(copy);
        }
    }
    assert!(texts.len() > files.len() + 5, "{texts:?}");
    let mut python = Command::new("python3");
    python
        .args(["-m", "yamllint", "--strict", "-f", "parsable", "-c"])
        .arg(root.join(".ci/yamllint.yml"))
        .args(texts)
        .env("PYTHONPATH", yamllint);
    let output = python.output().unwrap();
    assert!(output.status.success(), "{}", stdout(&output));
}

#[test]
fn the_component_has_this_version() {
    let read = |name: &str| fs::read_to_string(Path::new(ROOT).join(name)).unwrap();
    assert!(read("templates/check.yml").contains(&format!("      default: {VERSION}\n")));
    let page = read("docs/ci.md");
    assert!(page.contains(&format!("/check@{VERSION}\n")));
    assert!(page.contains(&format!("/pgtls@v{VERSION}\n")));
}
