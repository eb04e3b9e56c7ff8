//! Does `pgtls check` keep its promises for many endpoints?

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, ToSocketAddrs};
use std::process::Stdio;

use crate::support::client::Client;
use crate::support::fed::fed;
use crate::support::fleet_lab::{Gate, Lab, at};
use crate::support::pki::Ca;
use crate::support::port::closed_port;
use serde_json::Value;

#[test]
fn a_list_is_checked_and_reported_in_its_order() {
    let lab = Lab::new();
    let mut list = String::from("# a comment\n\n");
    for number in 0..100 {
        let string = if number % 10 == 3 {
            lab.wrong_host()
        } else {
            lab.good()
        };
        list.push_str(&format!("  {string} application_name=n{number}\r\n"));
    }
    lab.client.write("list", list);
    let run = lab.check(&["--format", "json", "--from", "list"]);
    assert_eq!(run.code, 7, "{}", run.stderr);
    let document = run.json();
    let endpoints = document["endpoints"].as_array().unwrap();
    assert_eq!(endpoints.len(), 100);
    for (number, endpoint) in endpoints.iter().enumerate() {
        let name = format!("application_name=n{number}");
        let conninfo = endpoint["conninfo"].as_str().unwrap();
        assert!(conninfo.contains(&name), "{endpoint}");
        let code = if number % 10 == 3 { 7 } else { 0 };
        assert_eq!(endpoint["exit_code"], code, "{endpoint}");
        let place = serde_json::json!({"file": "list", "line": number + 3});
        assert_eq!(endpoint["location"], place);
    }
}

#[test]
fn a_line_is_never_swallowed_by_the_one_before() {
    let lab = Lab::new();
    let (good, bad) = (lab.good(), lab.wrong_host());
    for list in [
        format!("{bad}\r{good}\r"),
        format!("{bad}\r\r{good}\r\n"),
        format!("{good}\n# a comment\r{bad}\r"),
    ] {
        lab.client.write("list", &list);
        let run = lab.check(&["--format", "json", "--from", "list"]);
        assert_eq!(run.code, 7, "{list:?}: {run:?}");
        assert_eq!(run.json()["endpoints"].as_array().unwrap().len(), 2);
    }
    // Two strings where one is wanted: libpq would read the last word of each.
    for two in [format!("{bad}\n{good}\n"), format!("{bad}\x0c{good}")] {
        let mut command = lab.client.command(&["check", "--format", "json", "-"]);
        let output = fed(&mut command, two.as_str()).unwrap();
        assert_eq!(output.status.code(), Some(2), "{two:?}");
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let error = &document["endpoints"][0]["error"];
        assert_eq!(error["code"], "mangled-conninfo", "{document}");
    }
    // Lines of one string.
    let one = good.replace(' ', "\n");
    let mut command = lab.client.command(&["check", "-"]);
    assert_eq!(fed(&mut command, one).unwrap().status.code(), Some(0));
}

#[test]
fn many_endpoints_end_with_a_summary() {
    let lab = Lab::new();
    let mut list = String::new();
    for _ in 0..3 {
        list.push_str(&format!("{}\n{}\n", lab.good(), lab.wrong_host()));
    }
    lab.client.write("list", list);
    let run = lab.check(&["--from", "list"]);
    let (answer, rest) = run.stdout.split_once('\n').unwrap();
    assert_eq!(answer, "FAIL  3 of 6 endpoints passed  exit 7");
    let summary = "6 endpoints: 3 passed, 3 failed (3 host-name-mismatch)";
    assert!(rest.contains(summary), "{run:?}");
}

#[test]
fn standard_input_is_a_list_too() {
    let lab = Lab::new();
    let mut command = lab
        .client
        .command(&["check", "--format", "json", "--from", "-"]);
    let output = fed(&mut command, lab.good() + "\n").unwrap();
    assert_eq!(output.status.code(), Some(0));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["endpoints"][0]["location"]["file"], "-");
}

#[test]
fn an_empty_list_is_not_a_pass() {
    let client = Client::new();
    client.write("list", "# all is commented out\n\n");
    client.write("empty.toml", "");
    for arguments in [
        ["--from", "list"],
        ["--from", "missing"],
        ["--config", "empty.toml"],
    ] {
        let run = client.pgtls(&[&["check"], &arguments[..]].concat());
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.contains(arguments[1]), "{run:?}");
    }
}

#[test]
fn a_configuration_names_endpoints_and_demands() {
    let lab = Lab::new();
    let good = lab.good();
    let text = format!(
        "[policy]\nvalid_for = \"30d\"\n\n\
         [[endpoint]]\nname = \"orders\"\nconninfo = \"{good} password=${{DB_PASSWORD}}\"\n\n\
         [[endpoint]]\nname = \"old\"\nconninfo = \"{good}\"\nvalid_for = \"200d\"\n"
    );
    lab.client.write("pgtls.toml", text);
    let mut command = lab
        .client
        .command(&["check", "--format", "json", "--config", "pgtls.toml"]);
    let output = command
        .env("DB_PASSWORD", "hunter2 host=evil")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(output.status.code(), Some(1), "{document}");
    let [orders, old] = document["endpoints"].as_array().unwrap().as_slice() else {
        panic!("{document}");
    };
    assert_eq!(
        (&orders["name"], &orders["exit_code"]),
        (&"orders".into(), &0.into())
    );
    assert_eq!(orders["host"], "localhost");
    assert_eq!(
        (&old["name"], &old["error"]["code"]),
        (&"old".into(), &"expires-soon".into())
    );
    assert_eq!(old["location"]["line"], 10);
    // An option applies to all.
    let run = lab.check(&["--config", "pgtls.toml", "--valid-for", "10d"]);
    assert_eq!(run.code, 2, "the variable is not set now: {run:?}");
    assert!(
        run.stderr.contains("line 6") && run.stderr.contains("DB_PASSWORD"),
        "{run:?}"
    );
}

#[test]
fn a_mistake_in_a_configuration_is_reported_with_its_line() {
    let client = Client::new();
    client.write(
        "pgtls.toml",
        "[policy]\nstrict = true\nvalid_fro = \"30d\"\n",
    );
    let run = client.pgtls(&["check", "--config", "pgtls.toml"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(
        run.stderr.contains("line 3") && run.stderr.contains("valid_fro"),
        "{run:?}"
    );
}

#[test]
fn lines_come_as_the_endpoints_are_done() {
    let lab = Lab::new();
    // Accepts, and sends nothing.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let slow = at(silent.local_addr().unwrap().port());
    let arguments = [
        "check",
        "--format",
        "jsonl",
        "--timeout",
        "600",
        &slow,
        &lab.good(),
    ];
    let mut child = lab
        .client
        .command(&arguments)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(first["verdict"], "pass");
    // Hangs up on the other.
    drop(silent);
    let second: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(second["verdict"], "fail");
    let end: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(end["run_endpoints"], 2, "{end}");
    assert!(lines.next().is_none());
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

#[test]
fn waiting_ends_when_the_server_starts_and_reports_each_state_once() {
    let lab = Lab::new();
    let gate = Gate::before(lab.endpoint.address);
    let mut child = lab
        .client
        .command(&["check", "--wait", "600s", &at(gate.port)])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let first = said.next().unwrap().unwrap();
    assert!(
        first.starts_with("pgtls: localhost:") && first.contains(": closed: "),
        "{first}"
    );
    gate.open();
    let rest: Vec<String> = said.map(Result::unwrap).collect();
    assert_eq!(rest.len(), 1, "{rest:?}");
    assert!(rest[0].ends_with(": passes"), "{rest:?}");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn waiting_ends_with_its_time_and_for_what_time_does_not_fix() {
    let lab = Lab::new();
    // The system refuses at once: no attempt ends in another way, however late it comes.
    let run = lab.check(&["--wait", "300ms", &at(closed_port())]);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stdout.contains("Gave up after 300ms"), "{run:?}");
    assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
    let run = lab.check(&["--wait", "600s", &lab.wrong_host()]);
    assert_eq!((run.code, run.stderr.as_str()), (7, ""), "{run:?}");
}

#[cfg(unix)]
#[test]
fn more_at_once_than_files_may_be_open_is_not_a_failure() {
    let lab = Lab::new();
    lab.client
        .write("list", format!("{}\n", lab.good()).repeat(200));
    let output = std::process::Command::new("sh")
        .args([
            "-c",
            "ulimit -n 48 && exec \"$0\" \"$@\"",
            env!("CARGO_BIN_EXE_pgtls"),
        ])
        .args([
            "check", "--jobs", "200", "--from", "list", "--format", "nagios",
        ])
        .current_dir(lab.client.home.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn every_address_is_an_endpoint() {
    let lab = Lab::new();
    let port = lab.endpoint.address.port();
    let addresses: Vec<_> = ("localhost", port).to_socket_addrs().unwrap().collect();
    let string = format!("host=localhost port={port} sslmode=verify-full sslrootcert=root.crt");
    let run = lab.check(&["--format", "json", "--all-addresses", &string]);
    let document = run.json();
    let endpoints = document["endpoints"].as_array().unwrap();
    assert_eq!(endpoints.len(), addresses.len(), "{document}");
    for (endpoint, address) in endpoints.iter().zip(addresses) {
        assert_eq!(endpoint["host"], "localhost");
        assert_eq!(endpoint["hostaddr"], address.ip().to_string());
        let code = if address == lab.endpoint.address {
            0
        } else {
            3
        };
        assert_eq!(endpoint["exit_code"], code, "{endpoint}");
    }
}

/// libpq takes the first address that answers, whatever it says.
#[test]
fn another_address_of_the_name_is_advised_where_it_passes() {
    let lab = Lab::new();
    let right = lab.endpoint.address;
    let addresses: Vec<_> = ("localhost", right.port())
        .to_socket_addrs()
        .unwrap()
        .collect();
    let wrong = match addresses[..] {
        [first, second] if second == right => TcpListener::bind(first).ok(),
        _ => None,
    };
    let Some(wrong) = wrong else {
        eprintln!("SKIPPED: localhost is not ::1 and then 127.0.0.1");
        return;
    };
    std::thread::spawn(move || {
        for stream in wrong.incoming() {
            let mut stream = stream.unwrap();
            // The client may hang up first.
            let _ = stream.read(&mut [0; 8]);
            let _ = stream.write_all(b"N");
        }
    });
    let string = format!("host=localhost port={} sslmode=verify-full", right.port());
    let says = "is also 127.0.0.1, where this passes";
    let run = lab.check(&[
        "--format",
        "json",
        &format!("{string} sslrootcert=root.crt"),
    ]);
    assert_eq!((run.code, run.outcome().as_str()), (4, "no-tls"), "{run:?}");
    assert!(run.hint().contains(says), "{run:?}");
    let cure = run.hint().lines().nth(1).unwrap().trim().to_owned();
    assert!(cure.contains("hostaddr=127.0.0.1"), "{cure}");
    let cured = lab.check(&["--format", "json", &cure]);
    assert_eq!(cured.code, 0, "{cured:?}");
    // Nobody passes there with another root.
    lab.client.write("other.crt", Ca::root("other").pem);
    let run = lab.check(&[
        "--format",
        "json",
        &format!("{string} sslrootcert=other.crt"),
    ]);
    assert_eq!(run.code, 4, "{run:?}");
    assert!(!run.hint().contains("is also"), "{run:?}");
}

#[test]
fn completions_and_the_manual_know_every_command() {
    let client = Client::new();
    for arguments in [
        &["completions", "bash"][..],
        &["completions", "zsh"],
        &["man"],
    ] {
        let run = client.pgtls(arguments);
        assert_eq!(run.code, 0, "{run:?}");
        for word in ["check", "conninfo", "verify", "valid-for"] {
            // Headings of the manual page are in capitals.
            let text = run.stdout.replace('\\', "").to_lowercase();
            assert!(text.contains(word), "{word} in {arguments:?}");
        }
    }
}

#[test]
fn every_string_is_in_one_shard_and_their_reports_merge_into_one() {
    let lab = Lab::new();
    let mut list = String::new();
    for number in 0..40 {
        let string = if number == 7 {
            lab.wrong_host()
        } else {
            lab.good()
        };
        list.push_str(&format!("{string} application_name=n{number}\n"));
    }
    lab.client.write("list", list);
    let mut codes = Vec::new();
    for shard in ["1/3", "2/3", "3/3"] {
        let file = format!("jsonl=shard-{}", &shard[..1]);
        let run = lab.check(&["--from", "list", "--shard", shard, "--report", &file]);
        codes.push(run.code);
    }
    codes.sort_unstable();
    assert_eq!(codes, [0, 0, 7]);

    let merged = ["report", "shard-1", "shard-2", "shard-3"];
    let run = lab
        .client
        .pgtls(&[&merged[..], &["--format", "json"]].concat());
    assert_eq!(run.code, 7, "{}", run.stderr);
    let document = run.json();
    let endpoints = document["endpoints"].as_array().unwrap();
    let mut lines: Vec<u64> = endpoints
        .iter()
        .map(|one| one["location"]["line"].as_u64().unwrap())
        .collect();
    lines.sort_unstable();
    assert_eq!(lines, (1..=40).collect::<Vec<_>>());
    assert_eq!(document["verdict"], "fail");

    let run = lab.client.pgtls(&merged);
    assert!(run.stdout.contains("39 of 40 endpoints passed"), "{run:?}");
    let run = lab
        .client
        .pgtls(&[&merged[..], &["--format", "nagios"]].concat());
    assert_eq!(run.code, 2, "{run:?}");
}

#[test]
fn an_empty_shard_passes_and_says_so() {
    let lab = Lab::new();
    let codes = ["1/2", "2/2"].map(|shard| {
        let run = lab.check(&["--shard", shard, &lab.good()]);
        assert_eq!(run.code, 0, "{run:?}");
        (
            run.stdout.contains("PASS"),
            run.stderr.contains("nothing to check"),
        )
    });
    assert!(codes.contains(&(true, false)) && codes.contains(&(false, true)));
}

#[test]
fn a_file_that_cannot_be_merged_is_not_a_pass() {
    let lab = Lab::new();
    let line = lab.check(&["--format", "jsonl", &lab.good()]).stdout;
    lab.client.write("good", &line);
    lab.client.write("cut", format!("{line}{}", &line[..100]));
    lab.client.write("empty", "");
    let (endpoint, end) = line.trim_end().split_once('\n').unwrap();
    lab.client.write("stopped", endpoint);
    lab.client.write("short", end);
    for (files, word) in [
        (&["empty"][..], "did not finish"),
        (&["good", "empty"], "did not finish"),
        (&["good", "stopped"], "did not finish"),
        (&["good", "short"], "but its runs had 1"),
        (&["good", "missing"], "missing"),
        (&["good", "cut"], "line 3"),
    ] {
        let run = lab.client.pgtls(&[&["report"], files].concat());
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
        assert!(run.stderr.contains(word), "{run:?}");
    }
    // A shard without a string.
    lab.client.write("none", "{\"run_endpoints\": 0}\n");
    let run = lab.client.pgtls(&["report", "good", "none"]);
    assert_eq!(run.code, 0, "{run:?}");

    // Documents merge like lines, and with lines.
    let document = lab.check(&["--format", "json", &lab.good()]).stdout;
    lab.client.write("document", &document);
    lab.client.write("half", &document[..document.len() / 2]);
    lab.client
        .write("list", format!("[{document},{endpoint},{end}]"));
    let run = lab.client.pgtls(&["report", "document", "good", "list"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("4 of 4 endpoints passed"), "{run:?}");
    let run = lab.client.pgtls(&["report", "document", "half"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
    assert!(run.stderr.contains("not complete JSON"), "{run:?}");
}

#[test]
fn a_configuration_can_ask_about_clients() {
    let lab = Lab::new();
    let good = lab.good();
    let text = format!(
        "[policy]\nclients = true\n[[endpoint]]\nconninfo = \"{good}\"\n\
         [[endpoint]]\nconninfo = \"{good}\"\nclients = false\n"
    );
    lab.client.write("pgtls.toml", text);
    let run = lab.check(&["--config", "pgtls.toml", "--format", "json"]);
    let document = run.json();
    let clients = [0, 1].map(|place| document["endpoints"][place]["clients"].is_array());
    assert_eq!(clients, [true, false], "{document}");
}
