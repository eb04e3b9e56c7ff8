//! The OpenSSL of one library, set up as libpq sets OpenSSL up: a process that judges many chains.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use data_encoding::HEXLOWER;

use super::world::{Made, Outcome};
use crate::support::certs::pem;
use crate::support::library::Library;

pub(crate) struct Referee {
    pub(crate) library: &'static Library,
    process: Child,
    /// `None` after it was closed.
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Referee {
    pub(crate) fn start(library: &'static Library) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/openssl_verify/judge.py");
        let mut process = library
            .python(&script)
            .arg(&library.libcrypto)
            .env("OPENSSL_CONF", "/dev/null")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = process.stdin.take();
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        let version = output.next().unwrap().unwrap();
        assert!(
            version.starts_with(&format!("OpenSSL {}", library.openssl)),
            "{version}"
        );
        Self {
            library,
            process,
            input,
            output,
        }
    }

    /// The verdicts on chains, written by [`Made::line`], in order.
    pub(crate) fn judge(&mut self, lines: &str) -> Vec<Outcome> {
        let Self { input, output, .. } = self;
        let input = input.as_mut().unwrap();
        let count = lines.lines().count();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                input.write_all(lines.as_bytes()).unwrap();
                input.flush().unwrap();
            });
            (0..count)
                .map(|_| outcome(output.next().unwrap().unwrap()))
                .collect()
        })
    }
}

impl Drop for Referee {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.process.wait();
    }
}

/// `code depth text`, or `unreadable` and what.
fn outcome(text: String) -> Outcome {
    let code = text.split(' ').next().and_then(|code| code.parse().ok());
    Outcome {
        passes: code == Some(0),
        code: code.filter(|code| *code != 0),
        unreadable: code.is_none(),
        faults: Vec::new(),
        dissent: None,
        old: None,
        text,
    }
}

impl Made {
    /// The situation as `judge.py` reads it.
    pub(crate) fn line(&self) -> String {
        let anchors: String = self
            .anchors
            .iter()
            .map(|(label, der)| pem(label, der))
            .collect();
        let crls: String = self.crls.iter().map(|der| pem("X509 CRL", der)).collect();
        let crls = match crls.as_str() {
            "" => "-".to_owned(),
            some => HEXLOWER.encode(some.as_bytes()),
        };
        let chain: Vec<String> = self
            .presented
            .iter()
            .map(|der| HEXLOWER.encode(der))
            .collect();
        format!(
            "{} {} {} {crls} {}\n",
            self.now,
            u8::from(self.revocation),
            HEXLOWER.encode(anchors.as_bytes()),
            chain.join(",")
        )
    }
}
