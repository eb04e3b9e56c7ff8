//! File names that lead to something else: pipes, devices, and names that control terminals.

use std::fs::File;
use std::io::Write as _;

use nix::sys::stat::Mode;

use super::{Ca, Client, Lab, assert_printable, restrict};
use crate::support::peer::Peer;

/// Every parameter that names a file, and the settings that are needed for it to be read.
const PARAMETERS: &[(&str, &str)] = &[
    ("sslrootcert", ""),
    ("sslcrl", "sslrootcert=root.crt"),
    ("sslcert", "sslrootcert=root.crt sslkey=client.key"),
    ("sslkey", "sslrootcert=root.crt sslcert=client.crt"),
    ("sslcrldir", "sslrootcert=root.crt"),
];

#[test]
fn no_file_keeps_the_check_waiting() {
    let lab = Lab::new();
    let fifo = lab.client.home.path().join("pipe");
    nix::unistd::mkfifo(&fifo, Mode::S_IRWXU).unwrap();
    for (parameter, others) in PARAMETERS {
        for file in ["pipe", "/dev/zero", "/dev/null", "/dev/tty", "/"] {
            if (*parameter, file) == ("sslcrldir", "/") {
                continue;
            }
            let string =
                format!("host=127.0.0.1 port=1 sslmode=verify-full {others} {parameter}={file}");
            let run = lab.client.check(&string);
            assert_eq!(run.code, 2, "{string}: {run:?}");
        }
    }
}

#[test]
fn a_service_file_may_be_a_pipe_without_a_writer() {
    let client = Client::new().with("PGSERVICEFILE", "pipe");
    nix::unistd::mkfifo(&client.home.path().join("pipe"), Mode::S_IRWXU).unwrap();
    let run = client.check("service=x");
    assert_eq!(run.code, 2, "{run:?}");
}

/// `sslrootcert=<(command)`, as shells write it, works with psql.
#[test]
fn a_root_may_come_through_a_pipe() {
    let lab = Lab::new();
    let served = lab.root.leaf(&["db.example"]);
    let config = std::sync::Arc::new(crate::support::serving::plain(
        &served,
        crate::support::serving::TLS13,
    ));
    let peer = Peer::start(move |c| c.tls(&config)?.sock.listen());
    let pipe = lab.client.home.path().join("pipe");
    nix::unistd::mkfifo(&pipe, Mode::S_IRWXU).unwrap();
    let pem = lab.root.pem.clone();
    let writer = std::thread::spawn(move || {
        let mut pipe = File::options().write(true).open(pipe).unwrap();
        pipe.write_all(pem.as_bytes()).unwrap();
    });
    let run = lab.client.check(&format!(
        "host=db.example hostaddr=127.0.0.1 port={} sslmode=verify-full sslrootcert=pipe",
        peer.port
    ));
    assert_eq!(run.code, 0, "{run:?}");
    writer.join().unwrap();
}

const NASTY: &str = "\u{1b}[2J\u{7}\n\u{9b}\u{202e}x";

#[test]
fn names_from_the_users_own_string_are_escaped() {
    let client = Client::new();
    let own = Ca::root("Client CA").leaf(&["ann"]);
    client.write("client.crt", &own.chain);
    client.write(NASTY, "no certificate");
    restrict(&client.home.path().join(NASTY));
    let quoted = format!("'{NASTY}'");
    let encoded: String = NASTY.bytes().map(|byte| format!("%{byte:02x}")).collect();
    for keyword in [
        "host",
        "hostaddr",
        "port",
        "user",
        "dbname",
        "sslmode",
        "sslrootcert",
        "sslcert",
        "sslkey",
        "sslcrl",
        "sslcrldir",
        "service",
        "application_name",
        "sslnegotiation",
        "require_auth",
        "connect_timeout",
        "options",
        "passfile",
        "sslsni",
        "ssl_min_protocol_version",
        "nonsense",
    ] {
        let others = if keyword == "sslkey" {
            "sslcert=client.crt"
        } else {
            ""
        };
        for string in [
            format!("hostaddr=127.0.0.1 port=1 connect_timeout=1 {others} {keyword}={quoted}"),
            format!("postgresql://127.0.0.1:1/?connect_timeout=1&{keyword}={encoded}"),
            format!("host=127.0.0.1 port=1 {keyword}=x{quoted}='"),
            format!("{keyword}{NASTY}=x host=127.0.0.1 port=1"),
        ] {
            for command in ["check", "conninfo"] {
                for format in ["text", "json"] {
                    let run = client.pgtls(&[command, "--format", format, &string]);
                    assert_printable(&string, &run.stdout);
                    assert_printable(&string, &run.stderr);
                }
            }
        }
    }
}

#[test]
fn names_from_options_are_escaped() {
    let client = Client::new();
    let missing = format!("missing{NASTY}");
    client.write(NASTY, "no certificate");
    for name in [NASTY, &missing] {
        for option in ["--trust", "--expect-cert", "--save-chain"] {
            let run = client.pgtls(&["check", option, name, "host=127.0.0.1 port=1"]);
            assert_printable(option, &run.stdout);
            assert_printable(option, &run.stderr);
        }
        for arguments in [
            &["verify", "--cert", name][..],
            &["verify", "--cert", name, "--key", name],
            &["verify", "--cert", name, "--host", name],
        ] {
            let run = client.pgtls(arguments);
            assert_printable("verify", &run.stdout);
            assert_printable("verify", &run.stderr);
        }
    }
}
