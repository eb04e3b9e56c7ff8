//! Every system call of a run fails in turn, as in curl's torture tests: strace makes it fail.
//!
//! Whatever fails: no pass without a whole check, no panic, no endless wait, no half of a report. By default
//! a sample is tried; `PGTLS_TORTURE=all` tries every call.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use serde_json::Value;

use crate::support::client::Client;
use crate::support::peer::Peer;
use crate::support::pki::{Ca, Served};
use crate::support::serving::{TLS13, asking, plain};
use crate::support::skip::skip;

/// The calls that a run depends on, and how each of them may fail. Not in the list: memory of the
/// program itself (mmap, brk), without which Rust ends it, and what cannot fail.
const CALLS: &[(&str, &[&str])] = &[
    ("access", &["EACCES"]),
    ("clone3", &["EAGAIN", "ENOMEM"]),
    ("close", &["EIO"]),
    ("connect", &["ECONNRESET", "EINTR", "ENETUNREACH"]),
    ("epoll_create1", &["EMFILE", "ENOMEM"]),
    ("epoll_ctl", &["ENOMEM"]),
    ("epoll_wait", &["EINTR"]),
    ("eventfd2", &["EMFILE", "ENOMEM"]),
    ("fchmod", &["EPERM"]),
    ("fchown", &["EPERM"]),
    ("fcntl", &["EINVAL"]),
    ("fsync", &["EIO", "ENOSPC"]),
    ("getdents64", &["EIO", "ENOMEM"]),
    ("getsockopt", &["ENOBUFS"]),
    ("ioctl", &["ENOTTY"]),
    ("lseek", &["EIO"]),
    ("newfstatat", &["EIO", "EACCES", "ENOMEM"]),
    ("openat", &["EMFILE", "EACCES", "ENOSPC", "ENOMEM"]),
    ("poll", &["ENOMEM", "EINTR"]),
    ("prlimit64", &["EPERM"]),
    ("read", &["EIO", "EINTR"]),
    ("readlink", &["EIO"]),
    ("recvfrom", &["ECONNRESET", "EINTR", "EIO", "ENOMEM"]),
    ("rename", &["EIO", "ENOSPC"]),
    ("sendto", &["EPIPE", "ECONNRESET", "EINTR"]),
    ("setsockopt", &["ENOBUFS"]),
    ("shutdown", &["ENOTCONN"]),
    ("socket", &["EMFILE", "ENOBUFS", "ENOMEM"]),
    ("socketpair", &["EMFILE"]),
    ("statx", &["EIO", "EACCES", "ENOMEM"]),
    ("unlink", &["EIO"]),
    ("write", &["EIO", "ENOSPC", "EINTR", "EPIPE"]),
    ("writev", &["EIO", "EPIPE"]),
];

/// Errors that last.
const LASTING: [&str; 2] = ["EMFILE", "EAGAIN"];

/// A command line, and what it must have done if it ends with 0.
struct Scenario {
    name: &'static str,
    arguments: Vec<String>,
    whole: Whole,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Whole {
    /// One JSON document that says that this many endpoints pass, and the report.
    Passes(usize),
    /// A line of JSON for each, and the end.
    Lines(usize),
    /// It can never pass.
    Never,
}

const REPORT: &str = "report.xml";
const OLD_REPORT: &str = "<old/>\n";

#[test]
fn whatever_fails_nothing_passes_unchecked() {
    let client = Client::new();
    let Some(strace) = Strace::find(&client) else {
        return;
    };
    let root = Ca::root("Root");
    client.write("root.crt", &root.pem);
    let own = Ca::root("Client CA").leaf(&["ann"]);
    client.write("client.crt", &own.chain);
    client.write("client.key", &own.key);
    super::hostile::restrict(&client.home.path().join("client.key"));

    let good = root.leaf(&["db.example", "localhost"]);
    let filler: String = (0..20).map(|_| Ca::root("Filler").pem).collect();
    let servers = [
        serving(&good, Asks::Nothing),
        serving(&good, Asks::Certificate),
        serving(&good.clone().and(&filler), Asks::Nothing),
        serving(&Ca::root("Root").leaf(&["db.example"]), Asks::Nothing),
    ];
    let [simple, demanding, large, stranger] = servers.each_ref().map(|server| server.port);
    let at = |port: u16, more: &str| {
        format!(
            "host=db.example hostaddr=127.0.0.1 port={port} user=ann sslmode=verify-full \
             sslrootcert=root.crt {more}"
        )
    };
    let by_name = at(simple, "").replace("host=db.example hostaddr=127.0.0.1", "host=localhost");
    client.write("list", format!("{}\n{}\n", at(simple, ""), by_name));
    let client_key = "sslcert=client.crt sslkey=client.key";
    let json = ["check", "--format", "json", "--timeout", "20"];
    let reported = [&json[..], &["--report", "junit=report.xml"]].concat();
    let (report, chain) = (at(simple, ""), at(large, ""));
    let (certificate, refused) = (at(demanding, client_key), at(stranger, ""));
    let scenario = |name, fixed: &[&str], last: &str, whole| Scenario {
        name,
        arguments: fixed
            .iter()
            .copied()
            .chain([last])
            .map(str::to_owned)
            .collect(),
        whole,
    };
    let lines = ["check", "--format", "jsonl", "--timeout", "20", "--from"];
    client.write("server.crt", &good.chain);
    let offline = [
        "verify",
        "--format",
        "json",
        "--host",
        "db.example",
        "--sslrootcert",
        "root.crt",
        "--cert",
    ];
    let scenarios = [
        scenario("a report", &reported, &report, Whole::Passes(1)),
        scenario(
            "a client certificate",
            &json,
            &certificate,
            Whole::Passes(1),
        ),
        scenario("a large chain", &json, &chain, Whole::Passes(1)),
        scenario("a list", &lines, "list", Whole::Lines(2)),
        scenario("files", &offline, "server.crt", Whole::Passes(1)),
        scenario("a refused server", &reported, &refused, Whole::Never),
    ];
    let mut wrong = Vec::new();
    for (turn, scenario) in scenarios.iter().enumerate() {
        let (ends, found) = torture(&client, &strace, scenario, turn);
        println!("| {} | {:?} |", scenario.name, ends.exits);
        for (code, said) in &ends.said {
            println!("    {code}: {said}");
        }
        wrong.extend(found);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A lack of descriptors or threads, a directory that has gone.
#[test]
fn the_machine_is_named_where_it_is_at_fault() {
    let client = Client::new();
    let Some(strace) = Strace::find(&client) else {
        return;
    };
    let root = Ca::root("Root");
    client.write("root.crt", &root.pem);
    let server = serving(&root.leaf(&["localhost"]), Asks::Nothing);
    let string = |host: &str| {
        let port = server.port;
        format!("{host} port={port} user=ann sslmode=verify-full sslrootcert=root.crt")
    };
    let by_address = string("host=localhost hostaddr=127.0.0.1");
    let by_name = string("host=localhost");
    let scenario = |more: &[&str], string: &str| Scenario {
        name: "",
        arguments: [
            &["check", "--format", "json", "--timeout", "20"],
            more,
            &[string],
        ]
        .concat()
        .into_iter()
        .map(str::to_owned)
        .collect(),
        whole: Whole::Passes(1),
    };
    let run = |scenario: &Scenario, options: &[&str]| {
        let output = strace.run(&client, scenario, options);
        (output.status.code().unwrap(), said(&output), output)
    };

    let poor = ["-e", "inject=socket:error=EMFILE"];
    let (code, said, output) = run(&scenario(&[], &by_address), &poor);
    assert_eq!(code, 3, "{said}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("ulimit -n"), "{text}");

    let no_thread = ["-e", "inject=clone3:error=EAGAIN"];
    let (code, said, output) = run(&scenario(&[], &by_name), &no_thread);
    assert_eq!(code, 3, "{said}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("--jobs"), "{text}");

    // The directory goes while the check waits for the server.
    let gone = client.home.path().join("gone");
    std::fs::create_dir(&gone).unwrap();
    let directory = gone.clone();
    let config = Arc::new(plain(&root.leaf(&["localhost"]), TLS13));
    let slow = Peer::start(move |conversation| {
        std::fs::remove_dir(&directory)?;
        conversation.tls(&config)?.sock.listen()
    });
    let into_gone = by_address.replace(&server.port.to_string(), &slow.port.to_string());
    let (code, said, _) = run(
        &scenario(&["--report", "junit=gone/report.xml"], &into_gone),
        &[],
    );
    assert_eq!(code, 2, "{said}");
    assert!(
        said.contains("could not write the report gone/report.xml: No such file"),
        "{said}"
    );
}

/// The resolver waits for a pipe in the place of /etc/hosts.
#[test]
fn a_resolver_that_hangs_delays_nothing() {
    let client = Client::new();
    let string = "host=slow.test port=1 sslmode=require";
    let output = client
        .other("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c"])
        .arg("mkfifo pipe && mount --bind pipe /etc/hosts || exit 99; exec \"$@\"")
        .args(["sh", env!("CARGO_BIN_EXE_pgtls"), "check", "--timeout", "1"])
        .args(["--format", "json", string])
        .output();
    let Ok(output) = output else {
        return skip("no unshare to give the resolver a pipe with");
    };
    if output.status.code() == Some(99) || output.stdout.is_empty() {
        return skip("this system lets us mount nothing over /etc/hosts");
    }
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = said(&output);
    assert!(
        said.contains("no answer from the resolver within 1 s"),
        "{said}"
    );
}

enum Asks {
    Nothing,
    Certificate,
}

fn serving(served: &Served, asks: Asks) -> Peer {
    let config = Arc::new(match asks {
        Asks::Nothing => plain(served, TLS13),
        Asks::Certificate => asking(served, TLS13),
    });
    Peer::start(move |conversation| {
        let mut session = conversation.tls(&config)?;
        if session.conn.peer_certificates().is_some() {
            // The answer to the startup packet: AuthenticationOk.
            use std::io::{Read as _, Write as _};
            session.read_exact(&mut [0; 8])?;
            session.write_all(b"R\0\0\0\x08\0\0\0\0")?;
            session.flush()?;
        }
        session.sock.listen()
    })
}

/// What came how often, and what went wrong.
fn torture(
    client: &Client,
    strace: &Strace,
    scenario: &Scenario,
    turn: usize,
) -> (Ends, Vec<String>) {
    let (good, counts) = strace.count(client, scenario);
    let mut ends = Ends::default();
    let mut wrong = Vec::new();
    let expected = match scenario.whole {
        Whole::Passes(_) | Whole::Lines(_) => Some(0),
        Whole::Never => Some(6),
    };
    let fault = fault_of(&good, scenario, client, "nothing", Reader::Waits);
    if fault.is_some() || good.status.code() != expected {
        wrong.push(format!(
            "{}, without a fault: {fault:?} {good:?}",
            scenario.name
        ));
    }
    for (call, errors) in CALLS {
        let count = counts.get(*call).copied().unwrap_or_default();
        for (place, error) in errors.iter().enumerate() {
            for number in chosen(count, place == turn % errors.len()) {
                let lasts = LASTING.contains(error) && number % 2 == 0;
                let plus = if lasts { "+" } else { "" };
                let injection = format!("{call}:error={error}:when={number}{plus}");
                client.write(REPORT, OLD_REPORT);
                let output = strace.run(client, scenario, &["-e", &format!("inject={injection}")]);
                let code = output.status.code().unwrap_or(-1);
                *ends.exits.entry(code).or_default() += 1;
                ends.said.insert((code, said(&output)));
                let reader = match (*call, *error) {
                    ("write" | "writev", "EPIPE") => Reader::MayHaveLeft,
                    _ => Reader::Waits,
                };
                if let Some(fault) = fault_of(&output, scenario, client, call, reader) {
                    wrong.push(format!("{}, {injection}: {fault}", scenario.name));
                }
            }
        }
    }
    (ends, wrong)
}

/// How runs ended.
#[derive(Default)]
struct Ends {
    exits: BTreeMap<i32, usize>,
    said: BTreeSet<(i32, String)>,
}

/// The first line of standard error, or else the first message of the report.
fn said(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let stdout = String::from_utf8_lossy(&output.stdout);
    let message = stdout.split("\"message\":").nth(1);
    let line = stderr.lines().next().or_else(|| message?.lines().next());
    line.unwrap_or_default().chars().take(150).collect()
}

/// The numbers of the calls that fail. The sample is the last call, once for each scenario: most others are the
/// loader's, or like the last one.
fn chosen(count: usize, is_sample: bool) -> Vec<usize> {
    let all = std::env::var_os("PGTLS_TORTURE").is_some();
    match (all, count) {
        (_, 0) => Vec::new(),
        (true, _) => (1..=count).collect(),
        (false, _) if is_sample => vec![count],
        (false, _) => Vec::new(),
    }
}

/// Who reads standard output.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    Waits,
    /// As `| head` does: then the rest is not written, and the exit code stays that of the verdict.
    MayHaveLeft,
}

/// What is wrong with the way in which it ended.
fn fault_of(
    output: &Output,
    scenario: &Scenario,
    client: &Client,
    call: &str,
    reader: Reader,
) -> Option<String> {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let stdout = String::from_utf8_lossy(&output.stdout);
    let report = std::fs::read_to_string(client.home.path().join(REPORT)).unwrap_or_default();
    let complain = |what: &str| {
        let end: String = stdout.chars().take(300).collect();
        Some(format!("{what}: {:?}\n{stderr}\n{end}", output.status))
    };
    if report != OLD_REPORT && !report.trim_end().ends_with("</testsuites>") {
        return complain("half of a report");
    }
    match output.status.code() {
        Some(0) => match scenario.whole {
            Whole::Never => complain("it passes"),
            Whole::Passes(_) if scenario.name == "a report" && report == OLD_REPORT => {
                complain("no report")
            }
            Whole::Passes(_) | Whole::Lines(_) if reader == Reader::MayHaveLeft => None,
            Whole::Passes(count) if passes(&stdout) != Some(count) => complain("not all is there"),
            Whole::Lines(count) if lines(&stdout) != Some(count) => complain("not all is there"),
            Whole::Passes(_) | Whole::Lines(_) => None,
        },
        // What it says may be what could not be written.
        Some(1..=8) if call.starts_with("write") => None,
        Some(1..=8) if stderr.is_empty() && !stdout.contains("\"message\"") => {
            complain("it does not say why")
        }
        Some(1..=8) => None,
        // Its eventfd, which no kernel refuses to write to.
        _ if stderr.contains("failed to wake I/O driver") => None,
        // The standard library's: to close a directory fails on no file system.
        _ if stderr.contains("unexpected error during closedir") => None,
        // The loader's.
        Some(127) if stderr.contains("shared libraries") || stderr.contains("loading") => None,
        // `os::try_to_watch_signals` has just been able to do the same.
        _ if stderr.contains("failed to create UnixStream") => None,
        _ => complain("it does not end as it should"),
    }
}

/// How many endpoints pass in a whole document.
fn passes(stdout: &str) -> Option<usize> {
    let document: Value = serde_json::from_str(stdout).ok()?;
    let endpoints = document["endpoints"].as_array()?;
    let passed = endpoints.iter().filter(|one| one["verdict"] == "pass");
    (document["verdict"] == "pass").then(|| passed.count())
}

fn lines(stdout: &str) -> Option<usize> {
    let lines: Option<Vec<Value>> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).ok())
        .collect();
    let (_, endpoints) = lines.as_ref()?.split_last()?;
    Some(
        endpoints
            .iter()
            .filter(|one| one["verdict"] == "pass")
            .count(),
    )
}

struct Strace;

impl Strace {
    /// `None`, with a visible line, where there is none, or where it may not trace.
    fn find(client: &Client) -> Option<Self> {
        let mut command = client.other("strace");
        let tried = command.args(["-f", "-o", "/dev/null", "true"]).output();
        if tried.is_ok_and(|output| output.status.success()) {
            return Some(Self);
        }
        skip("strace is not installed, or may not trace, to make system calls fail with");
        None
    }

    /// A run without a fault, and how often one thread at most makes each call.
    fn count(&self, client: &Client, scenario: &Scenario) -> (Output, HashMap<String, usize>) {
        client.write(REPORT, OLD_REPORT);
        let log = client.home.path().join("strace.log");
        let output = self.run(client, scenario, &["-o", log.to_str().unwrap()]);
        let log = std::fs::read_to_string(log).unwrap();
        let mut counts: HashMap<(&str, &str), usize> = HashMap::new();
        for line in log.lines() {
            let mut words = line.splitn(2, ' ');
            let thread = words.next().unwrap_or_default();
            let call = words.next().unwrap_or_default().trim_start();
            let call = call.split('(').next().unwrap_or_default();
            *counts.entry((thread, call)).or_default() += 1;
        }
        let mut most: HashMap<String, usize> = HashMap::new();
        for ((_, call), count) in counts {
            let known = most.entry(call.to_owned()).or_default();
            *known = count.max(*known);
        }
        (output, most)
    }

    fn run(&self, client: &Client, scenario: &Scenario, options: &[&str]) -> Output {
        let arguments: Vec<&str> = scenario.arguments.iter().map(String::as_str).collect();
        let traced = client.command(&arguments);
        let mut command: Command = client.other("timeout");
        command.args(["--signal=KILL", "60", "strace", "-f", "-qq"]);
        if !options.contains(&"-o") {
            command.args(["-o", "/dev/null"]);
        }
        command
            .args(options)
            .arg(Path::new(traced.get_program()))
            .args(arguments);
        command.stdin(Stdio::null()).output().unwrap()
    }
}
