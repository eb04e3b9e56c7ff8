//! Does every command of the README do what it says? Each runs as it stands there, in a home where its
//! hosts, files and variables exist.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/client.rs"]
mod client;
#[path = "support/pki.rs"]
mod pki;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "support/skip.rs"]
mod skip;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use client::Client;
use pem::Pem;
use pgtls::lab::{Authority, Endpoint};
use time::OffsetDateTime;

const README: &str = include_str!("../README.md");

/// Every host that the README's strings name.
const HOSTS: &[&str] = &[
    "db.example.com",
    "orders.db.example.com",
    "db-1",
    "db-2",
    "mypgserver.postgres.database.azure.com",
    "127.0.0.1",
];

/// What stands before a command where it is not alone on its line.
const BEFORE: &[&str] = &[
    "$ ",
    "- run: ",
    "script: ",
    "*/15 * * * *  ",
    "command_line  /usr/local/bin/",
    "npm install --no-save pg@8.23.1 && ",
];

/// What is elsewhere here than on a reader's machine.
const ELSEWHERE: &[(&str, &str)] = &[
    ("/etc/pgtls/", ""),
    ("/etc/", ""),
    ("/reports/", ""),
    ("/var/lib/node_exporter/", ""),
    (" port=5432 ", " "),
    ("$(DATABASE_URL)", "$DATABASE_URL"),
    ("$HOSTADDRESS$", "127.0.0.1"),
    ("$ARG1$", "verify-full"),
    ("$ARG2$", "root.crt"),
];

#[test]
fn every_command_of_the_readme_works() {
    let commands = commands();
    assert!(commands.len() > 40, "{commands:#?}");
    let house = House::new();
    let mut wrong = Vec::new();
    for command in commands {
        let (code, output) = house.run(&command);
        let expected = match command.as_str() {
            // The lab's own root is none of Azure's.
            _ if command.contains("sslrootcert=azure.crt") => 6,
            // There is no database behind the endpoint, and it says so.
            _ if command.contains("--login") || command.starts_with("pgtls audit") => 3,
            _ => 0,
        };
        if code != expected {
            wrong.push(format!("{command}\nexit {code}: {output}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The commands of all blocks of code, a line each, and then those within sentences that need no filling in.
fn commands() -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in blocks().iter().flat_map(|block| block.lines()) {
        let text = line.trim();
        match lines.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push_str(text);
            }
            // Folded YAML.
            Some(last) if text.starts_with("--") => last.push_str(&format!(" {text}")),
            _ => lines.push(text.to_owned()),
        }
    }
    let prose = README.split("\n```").step_by(2);
    let spans = prose.flat_map(|text| text.split('`').skip(1).step_by(2));
    let whole = |span: &&str| span.starts_with("pgtls ") && !span.contains(['|', '\n']);
    lines.extend(spans.filter(whole).map(str::to_owned));
    lines.iter().filter_map(|line| command(line)).collect()
}

fn command(line: &str) -> Option<String> {
    let arguments = line
        .strip_prefix("args: [")
        .and_then(|l| l.strip_suffix(']'));
    if let Some(arguments) = arguments {
        return Some(format!("pgtls {}", arguments.replace(", ", " ")));
    }
    let before = BEFORE.iter().find_map(|before| line.strip_prefix(before));
    let line = before.unwrap_or(line);
    let program = line.split(' ').find(|word| !word.contains('='));
    (program == Some("pgtls")).then(|| line.to_owned())
}

/// The blocks of code.
fn blocks() -> Vec<&'static str> {
    README.split("\n```").skip(1).step_by(2).collect()
}

/// The README's own `pgtls.toml`, which stands there in two parts.
fn configuration() -> String {
    let parts = blocks()
        .into_iter()
        .filter_map(|b| b.strip_prefix("toml\n"));
    parts.collect::<Vec<_>>().join("\n")
}

/// A home with everything that the commands name, and one endpoint behind all their hosts.
struct House {
    client: Client,
    endpoint: Endpoint,
}

impl House {
    fn new() -> Self {
        let now = OffsetDateTime::now_utc();
        let authority = Authority::new("CA of the README", now).unwrap();
        let issued = authority.issue(HOSTS, now).unwrap();
        let client = Client::new();
        for file in ["root.crt", "new-root.crt", "certs/root.crt"] {
            client.write(file, &authority.root_pem);
        }
        let chain = Pem::new("CERTIFICATE", issued.chain[0].as_ref());
        let key = Pem::new("PRIVATE KEY", issued.key.secret_der());
        client.write("server.crt", pem::encode(&chain));
        client.write("server.key", pem::encode(&key));
        let private = Permissions::from_mode(0o600);
        std::fs::set_permissions(client.home.path().join("server.key"), private).unwrap();
        let string = "host=db.example.com user=app sslmode=verify-full sslrootcert=root.crt";
        client.write("endpoints.txt", format!("# one\n{string}\n"));
        client.write(
            ".pg_service.conf",
            format!("[production]\n{}\n", string.replace(' ', "\n")),
        );
        client.write("pgtls.toml", configuration());
        Self {
            client,
            endpoint: Endpoint::start(issued).unwrap(),
        }
    }

    /// Runs a command in a shell; its exit code and what it prints. One of the lab, which would run until
    /// Ctrl-C or wants other programs, only has its options read.
    fn run(&self, command: &str) -> (i32, String) {
        let mut command = command.to_owned();
        for (there, here) in ELSEWHERE {
            command = command.replace(there, here);
        }
        if let Some(lab) = command.find("pgtls lab") {
            let end = command
                .find(" -- ")
                .or_else(|| command.find("  "))
                .unwrap_or(command.len());
            command = format!("{} --help", &command[lab..end]);
        }
        let hosts = command.matches("db-").count().max(1);
        let programs = Path::new(env!("CARGO_BIN_EXE_pgtls")).parent().unwrap();
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        let string = "postgresql://app@db.example.com/app?sslrootcert=root.crt";
        let output = self
            .client
            .other("sh")
            .env("PATH", path)
            .env("PGHOSTADDR", vec!["127.0.0.1"; hosts].join(","))
            .env("PGPORT", self.endpoint.address.port().to_string())
            .env("PGUSER", "app")
            .env("PGSSLROOTCERT", "root.crt")
            .env("SSL_CERT_FILE", "root.crt")
            .env("DATABASE_URL", string)
            .env("LEGACY_DATABASE_URL", string)
            .env("ORDERS_PASSWORD", "a quoted 'password'")
            .env("JOB_COMPLETION_INDEX", "0")
            .args(["-c", &command])
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        (output.status.code().unwrap(), text)
    }
}
