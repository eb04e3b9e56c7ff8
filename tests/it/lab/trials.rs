//! `pgtls lab run`: verdicts, deadlines and formats.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use pgtls::lab::Fault;

use crate::support::client::{Client, Run};
use crate::support::fed::fed;
use crate::support::postgres::{programs, wait_until};
use crate::support::skip::skip;

/// `pgtls lab run` with a shell script as the program.
fn trial(client: &Client, arguments: &[&str], script: &str) -> Run {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let arguments = [&["lab", "run"], arguments, &["--", "sh", "-c", script]].concat();
    let output = client
        .command(&arguments)
        .env("PATH", path)
        .output()
        .unwrap();
    Run {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn a_gate_of_ours_passes_everywhere() {
    let client = Client::new().with("PGCONNECT_TIMEOUT", "10");
    let program = env!("CARGO_BIN_EXE_pgtls");
    // More than it waits itself for an endpoint that never answers.
    let arguments = ["--gate", "--timeout", "60"];
    let run = trial(&client, &arguments, &format!("exec {program} check"));
    assert_eq!(run.code, 0, "{}", run.stdout);
    let all_safe = format!("sh: {} safe", Fault::ALL.len());
    assert_eq!(run.stdout.lines().last(), Some(all_safe.as_str()));
}

#[test]
fn a_gate_that_accepts_everything_fails() {
    let client = Client::new();
    let script = format!("{} check; exit 0", env!("CARGO_BIN_EXE_pgtls"));
    let run = trial(
        &client,
        &["--gate", "--format", "json", "wrong-host"],
        &script,
    );
    assert_eq!(run.code, 1);
    let document = run.json();
    assert_eq!(document["verdict"], "fail");
    assert_eq!(document["attempts"][0]["verdict"], "safe");
    assert_eq!(document["attempts"][1]["verdict"], "unsafe");
}

#[test]
fn a_client_that_never_connects_has_not_passed() {
    for arguments in [&["wrong-host"][..], &["--gate", "wrong-host"]] {
        let run = trial(&Client::new(), arguments, "echo here I am; exit 1");
        assert_eq!(run.code, 1);
        // The good endpoint is always included.
        assert_eq!(run.stdout.matches("UNTESTED").count(), 2, "{}", run.stdout);
        assert_eq!(run.stdout.matches("\n    here I am\n").count(), 2);
    }
}

/// psql verifies everything here, but it is not all that the program would have done.
#[test]
fn a_refusal_that_proves_nothing_has_not_passed() {
    let Some(directory) = programs() else {
        return skip("PostgreSQL is not installed");
    };
    let psql = format!("'{}' -Xqwc 'SELECT 1'", directory.join("psql").display());
    for (arguments, script, doubt) in [
        (
            &[][..],
            format!("{psql} && exit 0; kill -KILL $$"),
            "not-ended",
        ),
        (
            &["--gate"],
            format!("{psql} && exit 0; kill -KILL $$"),
            "not-ended",
        ),
        (
            &[],
            format!("set -e; {psql}; PGSSLMODE=require PGSSLROOTCERT=/nonexistent {psql}"),
            "fewer-connections",
        ),
        // The first kind of connection is tried twice here, and the second kind not at all.
        (
            &[],
            format!(
                "{psql} || {psql} || exit 1; PGSSLMODE=require PGSSLROOTCERT=/nonexistent {psql}"
            ),
            "not-told-apart",
        ),
    ] {
        let more = ["--timeout", "60", "--format", "json", "unknown-ca"];
        let run = trial(&Client::new(), &[arguments, &more].concat(), &script);
        assert_eq!(run.code, 1, "{run:?}");
        let document = run.json();
        let [good, bad] = [0, 1].map(|place| &document["attempts"][place]);
        assert_eq!(good["verdict"], "safe", "{good}");
        assert_eq!(bad["verdict"], "untested", "{bad}");
        assert_eq!(bad["doubt"], doubt, "{bad}");
    }
}

#[test]
fn a_program_that_cannot_be_started_is_a_usage_error() {
    let run = Client::new().pgtls(&["lab", "run", "good", "--", "/nowhere/psql"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(
        run.stderr.contains("could not run /nowhere/psql"),
        "{run:?}"
    );
}

#[test]
fn the_program_gets_what_libpq_and_frameworks_read() {
    let client = Client::new()
        .with("PGHOSTADDR", "192.0.2.1")
        .with("PGSERVICE", "elsewhere")
        .with("PGSSLCERT", "mine.crt");
    let script = "env | grep -E '^(PG|DATABASE_URL)' | sort > $PGTLS_LAB_FAULT.env";
    trial(
        &client,
        &["client-cert-required", "direct-only", "ip-without-san"],
        script,
    );
    let environment = |fault: &str| {
        let file = client.home.path().join(format!("{fault}.env"));
        std::fs::read_to_string(file).unwrap()
    };
    let good = environment("good");
    for line in [
        "PGHOST=localhost\n",
        "PGUSER=lab\n",
        "PGDATABASE=lab\n",
        "PGSSLMODE=verify-full\n",
    ] {
        assert!(good.contains(line), "{good}");
    }
    for name in ["PGHOSTADDR", "PGSERVICE", "PGSSLCERT", "PGSSLNEGOTIATION"] {
        assert!(!good.contains(name), "{good}");
    }
    assert!(good.contains("DATABASE_URL=postgresql://lab:throw-away@localhost:"));
    let demanding = environment("client-cert-required");
    assert!(demanding.contains("/client.crt\n") && demanding.contains("PGSSLKEY="));
    assert!(environment("direct-only").contains("PGSSLNEGOTIATION=direct\n"));
    assert!(environment("ip-without-san").contains("PGHOST=127.0.0.1\n"));

    let client = Client::new().with("PGSSLMODE", "require");
    trial(&client, &["good"], script);
    let file = client.home.path().join("good.env");
    let text = std::fs::read_to_string(file).unwrap();
    assert!(
        text.contains("PGSSLMODE=require\n") && text.contains("?sslmode=require&"),
        "{text}"
    );
}

#[test]
fn time_is_up_for_the_program_and_for_all_that_it_started() {
    let client = Client::new();
    let began = Instant::now();
    let script = "sleep 600 & echo $! > child; wait";
    let run = trial(
        &client,
        &["--timeout", "10", "--format", "json", "good"],
        script,
    );
    assert_eq!(run.code, 1);
    assert_eq!(run.json()["attempts"][0]["program_end"], "killed");
    assert!(began.elapsed() < Duration::from_secs(300));
    gone(&client, "child");
}

#[test]
fn an_interrupted_trial_ends_with_everything_it_started() {
    let temporary = tempfile::tempdir().unwrap();
    let client = Client::new().with("TMPDIR", temporary.path());
    let script = "sleep 600 & echo $! > child; wait";
    let path = std::env::var_os("PATH").unwrap_or_default();
    let child = client
        .command(&[
            "lab",
            "run",
            "--timeout",
            "600",
            "--format",
            "json",
            "--",
            "sh",
            "-c",
            script,
        ])
        .env("PATH", path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let file = client.home.path().join("child");
    wait_until("the program to run", || {
        std::fs::read_to_string(&file).is_ok_and(|text| text.ends_with('\n'))
    });
    kill(
        Pid::from_raw(child.id().try_into().unwrap()),
        Signal::SIGINT,
    )
    .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&document["verdict"], &document["exit_code"]),
        (&"fail".into(), &130.into())
    );
    gone(&client, "child");
    let left: Vec<_> = std::fs::read_dir(temporary.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

/// The process with the ID in the file has ended, or is a zombie that is not reaped here.
fn gone(client: &Client, file: &str) {
    let text = std::fs::read_to_string(client.home.path().join(file)).unwrap();
    let pid: i32 = text.trim().parse().unwrap();
    wait_until("the program's child to end", || {
        let status = std::fs::read_to_string(format!("/proc/{pid}/stat"));
        status.map_or(true, |status| status.contains(") Z "))
    });
}

#[test]
fn what_programs_print_cannot_break_the_report() {
    let client = Client::new();
    let script =
        r"printf 'a\033[31m]]>\000<b>'; head -c 100000 /dev/zero | tr '\0' x; printf last; exit 1";
    let text = trial(&client, &["good"], script).stdout;
    assert!(!text.contains('\x1b') && text.contains("last\n"), "{text}");
    assert!(text.len() < 4000);
    let script = r"printf 'a\033[31m]]>\000<b>'; exit 1";
    let text = trial(&client, &["good"], script).stdout;
    assert!(text.contains(r"a\x1b[31m]]>\x00<b>"), "{text}");
    let xml = trial(&client, &["--format", "junit", "good"], script).stdout;
    assert_eq!(xml.matches("<error").count(), 1, "{xml}");
    if let Some(said) = xmllint(&xml) {
        assert!(said.is_empty(), "{said}");
    }
}

/// The errors that the schema of JUnit finds.
fn xmllint(xml: &str) -> Option<String> {
    let schema =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/junit.xsd");
    let mut xmllint = Command::new("xmllint");
    xmllint.args(["--noout", "--schema"]).arg(schema).arg("-");
    let Ok(output) = fed(&mut xmllint, xml) else {
        skip("xmllint is not installed");
        return None;
    };
    let said = String::from_utf8(output.stderr).unwrap();
    Some(if output.status.success() {
        String::new()
    } else {
        said
    })
}

/// A line on the terminal says what is awaited, as `check` does.
#[test]
fn a_slow_program_is_named_while_it_runs() {
    let program = env!("CARGO_BIN_EXE_pgtls");
    let line = format!("'{program}' lab run good -- sleep 5");
    let output = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .output();
    let Ok(output) = output else {
        skip("script (util-linux) is not installed");
        return;
    };
    let complaint = String::from_utf8_lossy(&output.stderr);
    if complaint.contains("pseudo-terminal") {
        skip("there are no pseudo terminals");
        return;
    }
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("waiting for good"), "{text:?}");
    // Where there is no terminal, a short run says nothing of the kind.
    let output = Command::new(program)
        .args(["lab", "run", "good", "--", "true"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!text.contains("waiting for"), "{text:?}");
}
