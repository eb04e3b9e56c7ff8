//! Drivers that are built on libpq, and Go's: what they give to libpq, or make of a string themselves.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use data_encoding::HEXLOWER;
use pgtls::dialect::Dialect;
use tempfile::TempDir;

use super::compared::is_a_mode;
use super::parsers::{Parts, from_json, run, scripts};
use crate::support::skip::{skip, tell};

/// What Debian's psqlODBC, PDO and Active Record give to libpq.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spied {
    /// PDO, Laravel and Doctrine.
    Php,
    /// unixODBC and psqlODBC.
    Odbc,
    /// Active Record and ruby-pg.
    Ruby,
}

impl Spied {
    pub(crate) fn ask(self, questions: &[(Dialect, String)]) -> Option<Vec<Option<Parts>>> {
        let (program, script, needed) = match self {
            Self::Php => (
                "php",
                "parse.php",
                "php-cli, php-pgsql, php-illuminate-database or php-doctrine-dbal",
            ),
            // The Python of Debian, whose pyodbc it is.
            Self::Odbc => (
                "/usr/bin/python3",
                "parse_odbc.py",
                "odbc-postgresql or python3-pyodbc",
            ),
            Self::Ruby => ("ruby", "parse.rb", "ruby-activerecord or ruby-pg"),
        };
        // Loads everything that the script loads.
        let probe: &[&str] = match self {
            Self::Php => &[
                "-r",
                "require 'Illuminate/Database/autoload.php'; require 'Doctrine/DBAL/autoload.php'; exit(in_array('pgsql', PDO::getAvailableDrivers()) ? 0 : 1);",
            ],
            Self::Odbc => &[
                "-c",
                "import pyodbc, sys; sys.exit('PostgreSQL Unicode' not in pyodbc.drivers())",
            ],
            Self::Ruby => &["-e", "require 'pg'; require 'active_record'"],
        };
        let found = Command::new(program).args(probe).output();
        if !found.is_ok_and(|output| output.status.success()) {
            skip(&format!("{needed} is not installed; see .ci/install"));
            return None;
        }
        let spy = match self {
            Self::Php | Self::Odbc => Some(build_spy()?),
            Self::Ruby => None,
        };
        let mut command = Command::new(program);
        command.arg(scripts().join(script));
        if let Some(spy) = &spy {
            command.env("LD_LIBRARY_PATH", spy.path());
        }
        let lines = questions.iter().map(|(dialect, text)| match self {
            Self::Php => format!("{} {}", dialect.name(), hex(text)),
            Self::Odbc | Self::Ruby => hex(text),
        });
        let said = run(command, lines.collect());
        let mut answers = Vec::new();
        let mut settings = BTreeMap::new();
        for line in said.lines() {
            if line == "done" {
                answers.push(parts(&std::mem::take(&mut settings)));
            } else if let Some((keyword, digits)) = line.split_once(' ') {
                match unhex(digits) {
                    Some(value) => settings.insert(keyword.to_owned(), value),
                    None => settings.insert("refused".to_owned(), String::new()),
                };
            }
        }
        assert_eq!(answers.len(), questions.len(), "{self:?}: {said}");
        Some(answers)
    }
}

/// Nothing was given to libpq: the driver refuses the string, or libpq does.
fn parts(settings: &BTreeMap<String, String>) -> Option<Parts> {
    if settings.is_empty() || settings.contains_key("refused") {
        return None;
    }
    let get = |keyword: &str| settings.get(keyword).cloned().unwrap_or_default();
    let list = |text: String| text.split(',').map(str::to_owned).collect();
    // What libpq would refuse is refused.
    if !is_a_mode(&get("sslmode")) || get("host").starts_with(['[', '{']) {
        return None;
    }
    let port = get("port");
    Some(Parts {
        hosts: list(get("host")),
        ports: list(if port.is_empty() {
            "5432".to_owned()
        } else {
            port
        }),
        user: get("user"),
        password: get("password"),
        dbname: get("dbname"),
        mode: get("sslmode"),
        root: get("sslrootcert"),
    })
}

/// A directory with a `libpq.so.5` that says what it is given. Debian's own is beside it under another name.
fn build_spy() -> Option<TempDir> {
    let real = Path::new("/usr/lib/x86_64-linux-gnu/libpq.so.5");
    let directory = TempDir::new().unwrap();
    let Ok(mut library) = std::fs::read(real) else {
        skip("libpq5 is not installed; see .ci/install");
        return None;
    };
    let (name, other) = (b"libpq.so.5", b"libpq.so.0");
    let places: Vec<usize> = (0..library.len().saturating_sub(name.len()))
        .filter(|place| library[*place..].starts_with(name))
        .collect();
    for place in places {
        library[place..place + name.len()].copy_from_slice(other);
    }
    let renamed = directory.path().join("libpq.so.0");
    std::fs::write(&renamed, library).unwrap();
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-Wl,-soname,libpq.so.5"])
        .arg(format!("-Wl,-rpath,{}", directory.path().display()))
        .arg("-o")
        .arg(directory.path().join("libpq.so.5"))
        .arg(scripts().join("libpq_spy.c"))
        .arg(&renamed)
        .output()
        .unwrap();
    assert!(built.status.success(), "{built:?}");
    Some(directory)
}

/// The program that `parse.go` makes. It is not part of `.ci/install`, because Go is large.
pub(crate) fn ask_go(questions: &[(Dialect, String)]) -> Option<Vec<Option<Parts>>> {
    let Some(program) = std::env::var_os("PGTLS_TEST_GO_PARSER") else {
        // Not a failure in CI either.
        tell(
            "SKIPPED: PGTLS_TEST_GO_PARSER does not name the program that parse.go makes; see docs/dialects.md",
        );
        return None;
    };
    let lines = questions.iter().map(|(_, text)| hex(text));
    let said = run(Command::new(program), lines.collect());
    let answers: Vec<Option<Parts>> = said.lines().map(of_go).collect();
    assert_eq!(answers.len(), questions.len(), "{said}");
    Some(answers)
}

/// A line of `parse.go`. Without a mode pgx means to try more than one, and has roots where it does not verify.
fn of_go(line: &str) -> Option<Parts> {
    let mut parts = from_json(line)?;
    parts.mode = match parts.mode.as_str() {
        "require+disable" => "prefer".to_owned(),
        "disable+require" => "allow".to_owned(),
        _ => parts.mode,
    };
    if !parts.mode.starts_with("verify") {
        parts.root.clear();
    }
    Some(parts)
}

fn hex(text: &str) -> String {
    HEXLOWER.encode(text.as_bytes())
}

/// psqlODBC makes bytes of its own of a percent sign without digits. No user means that.
fn unhex(digits: &str) -> Option<String> {
    String::from_utf8(HEXLOWER.decode(digits.as_bytes()).unwrap()).ok()
}
