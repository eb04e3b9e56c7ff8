//! Scripts that real shells run, too. Wherever the scan is sure of the mode that psql gets, the shells must agree.

mod arguments;
mod blocks;
mod meaning;
mod reach;
mod strange;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

use crate::support::client::Client;
use crate::support::skip::skip;

/// Which shells know the words of a script.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    All,
    Bash,
}

/// A script, and what the scan says of each command of psql in it, in the order of the lines.
type Row = (For, &'static str, &'static [&'static str]);

/// Programs that the scripts run: `BIN` is where they are.
const PROGRAMS: &[(&str, &str)] = &[
    (
        "psql",
        "#!/bin/sh\nfor x; do [ \"$last\" = -h ] && host=$x; last=$x; done\necho \"$host ${PGSSLMODE:-prefer}\" >>BIN/log\n",
    ),
    (
        "docker",
        "#!/bin/sh\nshift 2\nexec env -i PATH=\"$PATH\" \"$@\"\n",
    ),
    ("weaken", "#!/bin/sh\nPGSSLMODE=disable \"$@\"\n"),
    ("weak.sh", "PGSSLMODE=disable\n"),
];

/// What psql gets from a shell: hosts and modes.
fn run(shell: &str, script: &str) -> Option<Vec<(String, String)>> {
    let client = Client::new();
    let bin = client.home.path();
    let place = bin.to_str().unwrap();
    for (name, text) in PROGRAMS {
        client.write(name, text.replace("BIN", place));
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new(shell);
    let path = std::env::var("PATH").unwrap_or_default();
    command.env_clear().env("PATH", format!("{place}:{path}"));
    command.current_dir(bin).args(["-c", script]);
    command.output().ok()?;
    let log = fs::read_to_string(bin.join("log")).unwrap_or_default();
    let lines = log.lines().map(|line| {
        let (host, mode) = line.split_once(' ').unwrap();
        (host.to_owned(), mode.to_owned())
    });
    Some(lines.collect())
}

/// Hosts, verdicts and modes.
fn scanned(script: &str) -> Vec<(String, String, String)> {
    let client = Client::new();
    client.write("a.sh", format!("{script}\n"));
    let report: Value = client.pgtls(&["scan", "--format", "json"]).json();
    let strings = report["strings"].as_array().unwrap().iter();
    let text = |one: &Value, name: &str| one[name].as_str().unwrap_or("-").to_owned();
    strings
        .map(|one| {
            (
                text(one, "host"),
                text(one, "verdict"),
                text(one, "sslmode"),
            )
        })
        .collect()
}

#[test]
fn shells_give_psql_the_mode_that_the_scan_is_sure_of() {
    let mut missing = BTreeSet::new();
    let mut answers = 0;
    let scripts = [
        arguments::SCRIPTS,
        blocks::SCRIPTS,
        meaning::SCRIPTS,
        reach::SCRIPTS,
        strange::SCRIPTS,
    ];
    for (shells, script, expected) in scripts.into_iter().flatten() {
        // A name with a dot is on a network.
        let script = script
            .replace("-h a", "-h a.acme.io")
            .replace("-h b", "-h b.acme.io");
        let found = scanned(&script);
        let verdicts: Vec<&str> = found
            .iter()
            .map(|(_, verdict, _)| verdict.as_str())
            .collect();
        assert_eq!(verdicts, *expected, "{script}");
        for shell in ["bash", "dash"] {
            if shell == "dash" && *shells == For::Bash {
                continue;
            }
            let Some(given) = run(shell, &script) else {
                missing.insert(shell);
                continue;
            };
            answers += given.len();
            for (host, mode) in given {
                let (_, verdict, sure) = found
                    .iter()
                    .find(|(one, _, _)| *one == host)
                    .unwrap_or_else(|| panic!("{host} is not found: {script}"));
                assert!(
                    verdict == "unknown" || *sure == mode,
                    "{shell} gives {mode}, and the scan says {verdict} {sure}: {script}"
                );
            }
        }
    }
    assert!(missing.len() == 2 || answers > 50, "only {answers} answers");
    for shell in missing {
        skip(&format!("{shell} is not installed"));
    }
}
