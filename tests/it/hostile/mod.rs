//! How does pgtls handle broken or hostile servers?
//!
//! Regardless of the server: the exit code is right, the check ends, memory is bounded, no server
//! text reaches the terminal unescaped, and the server learns nothing that it should not. `cargo
//! test hostile -- --nocapture` prints a line for each peer.

mod addresses;
mod after;
pub(crate) mod before;
mod certificates;
mod crowd;
mod files;
mod interrupted;
mod traps;

use std::path::Path;
use std::process::Output;
use std::sync::{Arc, OnceLock};

use crate::support::client::{Client, Run};
use crate::support::peer::{Peer, records};
use crate::support::pki::Ca;
use crate::support::python::{STANDARD_LIBRARY, python3};
use crate::support::serving::{TLS13, plain, welcome};

/// A client that has secrets, and trusts one authority.
struct Lab {
    client: Client,
    root: Ca,
}

impl Lab {
    fn new() -> Self {
        let root = Ca::root("Lab CA");
        let client = Client::trusting(&root);
        let own = Ca::root("Client CA").leaf(&["ann"]);
        client.write("client.crt", &own.chain);
        client.write("client.key", &own.key);
        restrict(&client.home.path().join("client.key"));
        Self { client, root }
    }

    /// Checks one peer for everything that must hold for any peer.
    fn judge(&self, name: &str, peer: &Peer, settings: &str, expected: (i32, &str)) {
        let json = self.run(name, "json", peer.port, settings, expected.1);
        let came = (json.code, json.outcome());
        assert_eq!(
            came,
            (expected.0, expected.1.to_owned()),
            "{name}: {json:?}"
        );
        if expected.0 != 0 {
            let message = json.endpoint()["error"]["message"].take();
            let sentence = message.as_str().unwrap();
            assert!(
                !sentence.is_empty() && sentence.len() < 2_500,
                "{name}: {sentence}"
            );
            assert!(!sentence.contains('\n'), "{name}: {sentence}");
        }
        let text = self.run(name, "text", peer.port, settings, expected.1);
        assert_eq!(text.code, expected.0, "{name}: {text:?}");
        for run in [&json, &text] {
            assert_eq!(run.stderr, "", "{name}");
            assert_printable(name, &run.stdout);
        }
        // A server that hangs up on one way to ask for TLS is asked the other way, once.
        let each = 1 + usize::from(text.stdout.contains("(sslnegotiation="));
        // Up to three more looks prove advice.
        let looks = peer.heard().len();
        assert!(
            (2 * each..=2 * (each + 3)).contains(&looks),
            "{name}: {looks} connections"
        );
        for heard in peer.heard() {
            assert_discreet(name, &heard);
        }
    }

    /// The same for a trusted server, which gets the client's certificate.
    fn judge_trusted(&self, name: &str, peer: &Peer, settings: &str, expected: (i32, &str)) {
        for format in ["json", "text"] {
            let run = self.run(name, format, peer.port, settings, expected.1);
            assert_eq!(run.code, expected.0, "{name}: {run:?}");
            if format == "json" {
                assert_eq!(run.outcome(), expected.1, "{name}: {run:?}");
            }
            assert_eq!(run.stderr, "", "{name}");
            assert_printable(name, &run.stdout);
        }
    }

    fn string(port: u16, settings: &str) -> String {
        format!(
            "host=db.example hostaddr=127.0.0.1 port={port} user=ann password=hunter2 \
             sslrootcert=root.crt sslcert=client.crt sslkey=client.key sslmode=verify-full {settings}"
        )
    }

    /// One check, measured. It has a shorter time limit only if it is expected to end there: what comes before must fit
    /// into it on a busy machine, too.
    fn run(&self, name: &str, format: &str, port: u16, settings: &str, expected: &str) -> Run {
        let limit = if expected == "timeout" { "10" } else { "30" };
        let string = Self::string(port, settings);
        let arguments = ["check", "--format", format, "--timeout", limit, &string];
        self.measured(name, &arguments)
    }

    fn measured(&self, name: &str, arguments: &[&str]) -> Run {
        let (run, spent) = self.spent(arguments);
        let Some(spent) = spent else {
            return run;
        };
        println!(
            "| {name} | {} | {:.2} s | {} KiB | {:.1} ms of CPU |",
            run.code, spent.seconds, spent.kilobytes, spent.cpu
        );
        // A slow machine may take longer, but the check must end.
        assert!(spent.seconds < 60.0, "{run:?}");
        let more = spent.kilobytes.saturating_sub(peak_of_a_good_check());
        // At full size the files of the client alone take more.
        let room = match std::env::var_os("PGTLS_TRAPS_BESIDE") {
            Some(_) => 64 * 1024,
            None => 12 * 1024,
        };
        assert!(more < room, "{more} KiB more than usual: {run:?}");
        run
    }

    /// `None`, with a visible line, on a machine without Python.
    fn spent(&self, arguments: &[&str]) -> (Run, Option<Spent>) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/hostile/measure.py");
        let mut wrapped = self.client.command(arguments);
        let program = wrapped.get_program().to_owned();
        let spent = tempfile::NamedTempFile::new().unwrap();
        let mut command = self.client.other(python3());
        command
            .arg(STANDARD_LIBRARY)
            .arg(script)
            .arg(spent.path())
            .arg(program)
            .args(arguments);
        let Ok(output) = command.output() else {
            crate::support::skip::skip("python3 is not installed, memory is not measured");
            return (run_of(wrapped.output().unwrap()), None);
        };
        let run = run_of(output);
        let text = std::fs::read_to_string(spent.path()).unwrap();
        let [seconds, kilobytes, cpu] = text.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{text}");
        };
        let spent = Spent {
            seconds: seconds.parse().unwrap(),
            kilobytes: kilobytes.parse().unwrap(),
            cpu: cpu.parse().unwrap(),
        };
        (run, Some(spent))
    }
}

/// What a run cost.
struct Spent {
    seconds: f64,
    /// The peak of its resident memory, in KiB.
    kilobytes: u64,
    /// In milliseconds.
    cpu: f64,
}

/// What this build takes for itself, in KiB: a debug build takes several times as much as a release build.
fn peak_of_a_good_check() -> u64 {
    static PEAK: OnceLock<u64> = OnceLock::new();
    *PEAK.get_or_init(|| {
        let lab = Lab::new();
        let config = Arc::new(plain(&lab.root.leaf(&["db.example"]), TLS13));
        let peer = Peer::start(move |conversation| welcome(conversation, &config));
        let string = Lab::string(peer.port, "");
        let (run, spent) = lab.spent(&["check", "--format", "json", &string]);
        assert_eq!((run.code, run.outcome().as_str()), (0, "pass"), "{run:?}");
        spent.unwrap().kilobytes
    })
}

fn run_of(output: Output) -> Run {
    Run {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// No control characters, nothing that reorders text, and no password.
fn assert_printable(name: &str, text: &str) {
    let harmful = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!text.contains(harmful), "{name}: {text:?}");
    assert!(!text.contains("hunter2"), "{name}: {text}");
    assert!(!text.contains("panicked"), "{name}: {text}");
}

/// The server received an SSLRequest, a ClientHello and perhaps an alert, but not the client's
/// name, certificate or password.
fn assert_discreet(name: &str, heard: &[u8]) {
    let behind = match heard {
        // TLS from the first byte. A peer that stops reading has received a part of a ClientHello.
        [22, ..] => heard,
        _ => match heard.strip_prefix(SSL_REQUEST) {
            Some(behind) => behind,
            None => {
                assert!(SSL_REQUEST.starts_with(heard), "{name}: {heard:?}");
                return;
            }
        },
    };
    for (position, record) in records(behind).into_iter().enumerate() {
        match (position, record) {
            // ClientHello, or its beginning.
            (0, (22 | 0, _)) => {}
            // Key exchange and Finished, in the clear or encrypted, or alerts: all too small for a
            // certificate.
            (1.., (20, 1) | (21, 0..=32) | (22 | 23, 0..=80)) => {}
            _ => panic!("{name}: record {position} is {record:?}"),
        }
    }
}

const SSL_REQUEST: &[u8] = &[0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

pub(crate) fn restrict(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}
