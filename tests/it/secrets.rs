//! Does a password ever show?

use crate::support::client::{Client, FORMATS};
use crate::support::sample::one_in;

/// Strings that contain the password in some way; `{port}` answers, but does not speak TLS.
const STRINGS: &[&str] = &[
    // Correct strings.
    "host=127.0.0.1 port={port} password=hunter2",
    "host=127.0.0.1 port={port} password = 'my hunter2'",
    "host=127.0.0.1 port={port} sslpassword=hunter2",
    "host=127.0.0.1 port={port} password=a password=hunter2",
    "host=127.0.0.1,127.0.0.1 port={port} password=hunter2",
    "host=127.0.0.1 port={port} user=ann:hunter2",
    "postgresql://ann%3Ahunter2@127.0.0.1:{port}/app",
    "postgresql://ann:hunter2@127.0.0.1:{port}/app",
    "postgresql://ann:%68unter2@127.0.0.1:{port}/app",
    "postgresql://ann@127.0.0.1:{port}/app?password=hunter2",
    "postgres://ann:hunter2@127.0.0.1:{port},127.0.0.1:{port}/app",
    // With another mistake.
    "host=127.0.0.1 password=hunter2 sslmode=required",
    "host=127.0.0.1 password=hunter2 port=5432x",
    "host=127.0.0.1 password=hunter2 sslmod=require",
    "host=127.0.0.1 password=hunter2 sslrootcert=missing.crt",
    "host=127.0.0.1 password=hunter2 service=missing",
    "postgresql://ann:hunter2@127.0.0.1:port/app",
    "postgresql://ann:hunter2@127.0.0.1/app?sslmode=required",
    "postgresql://ann:hunter2@127.0.0.1/app?sslmod=require",
    "postgresql://ann:hunter2@[::1/app",
    // With a mistake in the password itself.
    "host=127.0.0.1 password=my hunter2",
    "host=127.0.0.1 password='my hunter2",
    "host=127.0.0.1 pasword=hunter2",
    "host=127.0.0.1 PASSWORD=hunter2",
    "host=127.0.0.1 password:hunter2",
    "app:hunter2word=x@127.0.0.1:1/app",
    "host=127.0.0.1 port={port} user=app:hunter2/x@127.0.0.1",
    "psql -h 127.0.0.1 -p {port} -W hunter2 app",
    "password=a' hunter2 'b",
    "postgresql://ann:hunter2%zz@127.0.0.1/app",
    "postgresql://ann:hunter2%00@127.0.0.1/app",
    "postgresql://ann:first@hunter2@127.0.0.1:1/app",
    "postgresql://ann:first/hunter2@127.0.0.1:1/app",
    "postgresql://ann:first?hunter2@127.0.0.1:1/app",
    "postgresql://127.0.0.1/app?pasword=hunter2",
    "postgresql:/ann:hunter2@127.0.0.1/app",
    "postgresqll://ann:hunter2@127.0.0.1/app",
];

/// Where a string can be typed, correctly or by mistake.
const PLACES: &[&[&str]] = &[
    &["check", "STRING"],
    &["check", "--format", "json", "STRING"],
    &["conninfo", "STRING"],
    &["conninfo", "--format", "json", "STRING"],
    &["STRING"],
    &["demo", "STRING"],
    &["roots", "STRING"],
    &["roots", "show", "STRING"],
    &["check", "--timeout", "STRING", "host=127.0.0.1"],
    &["check", "--color", "STRING", "host=127.0.0.1"],
];

#[test]
fn no_password_is_printed_from_a_string() {
    let port = crate::support::scripted::answering(b"N").to_string();
    let client = Client::new()
        .with("PGCONNECT_TIMEOUT", "2")
        .with("RUST_BACKTRACE", "1");
    let mut shown = Vec::new();
    for string in STRINGS {
        let string = string.replace("{port}", &port);
        for place in PLACES {
            let arguments: Vec<&str> = place
                .iter()
                .map(|word| {
                    if *word == "STRING" {
                        string.as_str()
                    } else {
                        word
                    }
                })
                .collect();
            let run = client.pgtls(&arguments);
            if [&run.stdout, &run.stderr]
                .iter()
                .any(|text| text.contains("unter2"))
            {
                shown.push(format!("{arguments:?}: {}{}", run.stdout, run.stderr));
            }
        }
    }
    assert!(shown.is_empty(), "{}", shown.join("\n"));
}

#[test]
fn no_password_is_printed_from_elsewhere() {
    let port = crate::support::scripted::answering(b"N");
    let client = Client::new().with("PGPASSWORD", "hunter2");
    client.write(
        ".pg_service.conf",
        format!("[prod]\nhost=127.0.0.1\nport={port}\npassword=hunter2\n[bad]\npasword=hunter2\n"),
    );
    client.write(".pgpass", "*:*:*:*:hunter2\n");
    for string in ["", "service=prod", "service=bad", "host=127.0.0.1 port=1"] {
        for command in ["check", "conninfo"] {
            for format in ["text", "json"] {
                let run = client.pgtls(&[command, "--format", format, string]);
                let shown = run.stdout.contains("hunter2") || run.stderr.contains("hunter2");
                assert!(!shown, "{command} {string}: {run:?}");
            }
        }
    }
}

/// A whole string instead of a value is an easy mistake.
#[test]
fn no_password_is_printed_from_a_variable_of_another_purpose() {
    let mistakes = [
        "password=hunter2",
        "host=db.example password=hunter2 sslmode=require",
        "postgresql://ann:hunter2@db.example/app",
    ];
    for variable in [
        "PGHOST",
        "PGHOSTADDR",
        "PGPORT",
        "PGUSER",
        "PGDATABASE",
        "PGSERVICE",
        "PGSERVICEFILE",
        "PGSSLMODE",
        "PGSSLROOTCERT",
        "PGSSLCERT",
        "PGSSLKEY",
        "PGSSLCRL",
        "PGSSLNEGOTIATION",
        "PGSSLMINPROTOCOLVERSION",
        "PGREQUIREAUTH",
        "PGCONNECT_TIMEOUT",
    ] {
        for mistake in mistakes {
            let client = Client::new()
                .with(variable, mistake)
                .with("RUST_BACKTRACE", "1");
            for command in ["check", "conninfo"] {
                for format in ["text", "json"] {
                    let string = match variable {
                        "PGHOST" => "port=1 connect_timeout=1",
                        "PGSERVICEFILE" => "service=x",
                        _ => "host=127.0.0.1 connect_timeout=1",
                    };
                    let run = client.pgtls(&[command, "--format", format, string]);
                    let shown = run.stdout.contains("hunter2") || run.stderr.contains("hunter2");
                    assert!(!shown, "{variable}={mistake}: {run:?}");
                }
            }
        }
    }
}

#[test]
fn no_password_of_a_key_is_printed() {
    let client = Client::new().with("RUST_BACKTRACE", "1");
    let own = crate::support::pki::Ca::root("Client CA").leaf(&["ann"]);
    client.write("client.crt", &own.chain);
    client.write("client.key", &own.key);
    client.write(
        "broken.key",
        own.key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"),
    );
    for key in ["client.key", "broken.key", "missing.key"] {
        for format in ["text", "json"] {
            let string = format!(
                "host=127.0.0.1 port=1 sslcert=client.crt sslkey={key} sslpassword=hunter2"
            );
            for command in ["check", "conninfo"] {
                let run = client.pgtls(&[command, "--format", format, &string]);
                let shown = run.stdout.contains("hunter2") || run.stderr.contains("hunter2");
                assert!(!shown, "{run:?}");
            }
        }
    }
}

/// Secrets that were pasted into the wrong place, and the words by which they would be known.
fn misplaced() -> Vec<(String, Vec<String>)> {
    let key = crate::support::pki::Ca::root("CA").leaf(&["ann"]).key;
    let body: String = key.lines().filter(|line| !line.starts_with('-')).collect();
    let first = key.lines().nth(1).unwrap();
    let pieces = |text: &str| -> Vec<String> {
        let digits: Vec<char> = text.chars().collect();
        digits.windows(12).map(String::from_iter).collect()
    };
    let base64 = data_encoding::BASE64.encode(key.as_bytes());
    let random = "v1aGxmYqQ0p7Xs9dWk3RtZb5NcJ2uE8h";
    let hex = "3f786850e387550fdab836ed7e6dc881de23001b3f786850e387550fdab836ed";
    let hunter = || vec!["hunter2".to_owned()];
    vec![
        ("db.example:5432:app:ann:hunter2".to_owned(), hunter()),
        ("*:*:*:*:hunter2".to_owned(), hunter()),
        (
            "postgresql://ann:hunter2@db.invalid/app".to_owned(),
            hunter(),
        ),
        ("host=db.invalid password=hunter2".to_owned(), hunter()),
        (key.clone(), pieces(&body)),
        (key.replace('\n', "\\n"), pieces(&body)),
        (base64.clone(), pieces(&base64)),
        (body.clone(), pieces(&body)),
        (first.to_owned(), pieces(first)),
        (random.to_owned(), pieces(random)),
        (hex.to_owned(), pieces(hex)),
    ]
}

/// Fails if a run shows one of the words.
fn assert_hidden(run: &crate::support::client::Run, words: &[String], what: &str) {
    for word in words {
        let shown = run.stdout.contains(word) || run.stderr.contains(word);
        assert!(!shown, "{what}: {word} in {run:?}");
    }
}

/// Where a file, a name or a word is expected.
const WRONG_PLACES: &[&[&str]] = &[
    &["check", "SECRET"],
    &["check", "--format", "json", "SECRET"],
    &["conninfo", "SECRET"],
    &["audit", "SECRET"],
    &["SECRET"],
    &["check", "--SECRET"],
    &["check", "--from", "SECRET"],
    &["check", "--config", "SECRET"],
    &["check", "--expect-cert", "SECRET", "host=127.0.0.1 port=1"],
    &["check", "--also-trust", "SECRET", "host=127.0.0.1 port=1"],
    &["check", "--save-chain", "SECRET", "host=127.0.0.1 port=1"],
    &["check", "--trust", "SECRET", "host=127.0.0.1 port=1"],
    &[
        "check",
        "--trust",
        "bundled:SECRET",
        "host=127.0.0.1 port=1",
    ],
    &[
        "check",
        "--report",
        "json=nowhere/SECRET",
        "host=127.0.0.1 port=1",
    ],
    &["check", "--report", "SECRET", "host=127.0.0.1 port=1"],
    &["check", "--shard", "SECRET", "host=127.0.0.1 port=1"],
    &["check", "--pin", "SECRET", "host=127.0.0.1 port=1"],
    &["check", "--at", "SECRET", "host=127.0.0.1 port=1"],
    &["check", "--valid-for", "SECRET", "host=127.0.0.1 port=1"],
    &["check", "--min-tls", "SECRET", "host=127.0.0.1 port=1"],
    &["check", "--jobs", "SECRET", "host=127.0.0.1 port=1"],
    &["check", "--hosts", "SECRET", "host=127.0.0.1 port=1"],
    &["check", "--format", "SECRET", "host=127.0.0.1 port=1"],
    &["report", "SECRET"],
    &["verify", "--cert", "SECRET", "host=db.invalid"],
    &[
        "verify",
        "--cert",
        "client.crt",
        "--key",
        "SECRET",
        "host=db.invalid",
    ],
    &["serve", "SECRET"],
    &["serve", "--config", "SECRET"],
    &["serve", "--listen", "SECRET"],
    &["serve", "--interval", "SECRET"],
    &["explain", "SECRET"],
    &["roots", "export", "SECRET"],
    &["completions", "SECRET"],
    &["lab", "SECRET"],
    &["lab", "--listen", "SECRET"],
    &["lab", "run", "good", "--", "SECRET"],
];

/// `pgtls check "$PGPASSWORD"`: a password in place of the whole string.
#[test]
fn a_lone_word_like_a_password_is_not_printed() {
    let client = Client::new();
    let word = "Zq7wXk9LmPv3Rt";
    for place in [
        &["check", word][..],
        &["check", "--format", "json", word],
        &["check", "--format", "sarif", word],
        &["check", word, word],
        &["check", &format!("host=127.0.0.1 {word}")],
        &["check", &format!("{word}=x host=127.0.0.1")],
        &["check", &format!("{word}:5432")],
        &["conninfo", word],
        &["audit", word],
        &["translate", "--to", "jdbc", word],
        &["trace", "--to", word],
        &["serve", word],
        &["serve", "--listen", word],
        &["check", &format!("--{word}")],
        &["check", "--format", word],
        &["check", "--shard", word],
        &["explain", word],
        &["lab", word],
        &[word],
    ] {
        let run = client.pgtls(place);
        assert_hidden(&run, &[word.to_owned()], &format!("{place:?}"));
        assert_eq!(run.code, 2, "{run:?}");
    }
}

/// A key, a line of a password file or a connection string in place of something else is shown neither in
/// whole nor in part.
#[test]
fn no_secret_in_the_wrong_place_is_printed() {
    let client = Client::new();
    let own = crate::support::pki::Ca::root("Client CA").leaf(&["ann"]);
    client.write("client.crt", &own.chain);
    for (secret, words) in misplaced() {
        for place in WRONG_PLACES {
            let arguments: Vec<String> = place
                .iter()
                .map(|word| word.replace("SECRET", &secret))
                .collect();
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let run = client.pgtls(&arguments);
            assert_hidden(&run, &words, &format!("{place:?}"));
        }
    }
}

/// The same of parameters that take a file, in strings and in variables; the finding says what stands there.
#[test]
fn no_secret_in_place_of_a_path_is_printed() {
    let own = crate::support::pki::Ca::root("Client CA").leaf(&["ann"]);
    let step = one_in(3, "the secrets in place of a path");
    let mut number = 0;
    for (secret, words) in misplaced() {
        for variable in [
            "PGSSLROOTCERT",
            "PGSSLCERT",
            "PGSSLKEY",
            "PGSSLCRL",
            "PGSSLCRLDIR",
            "PGPASSFILE",
            "PGSERVICEFILE",
            "PGSERVICE",
            "PGHOST",
            "PGPORT",
            "PGSSLMODE",
        ] {
            if variable == "PGHOST" && !secret.contains([':', '=', '-']) {
                // A host may have a name that a machine made up.
                continue;
            }
            number += 1;
            if number % step != 0 {
                continue;
            }
            let client = Client::new().with(variable, &secret);
            client.write("client.crt", &own.chain);
            let string = match variable {
                "PGHOST" => "connect_timeout=1",
                "PGPORT" => "host=127.0.0.1",
                "PGSSLKEY" => "host=127.0.0.1 port=1 sslcert=client.crt",
                "PGSERVICEFILE" => "service=x",
                _ => "host=127.0.0.1 port=1",
            };
            for arguments in [
                ["check", "--format", "text", string],
                ["check", "--format", "json", string],
                ["check", "--format", "sarif", string],
                ["conninfo", "--format", "text", string],
                ["conninfo", "--format", "json", string],
            ] {
                let run = client.pgtls(&arguments);
                assert_hidden(&run, &words, &format!("{variable} {arguments:?}"));
                if secret.starts_with("-----")
                    && variable == "PGSSLKEY"
                    && arguments[2] == "text"
                    && arguments[0] == "check"
                {
                    let text = run.stdout.replace("\n    ", " ").replace("\n  ", " ");
                    assert!(
                        text.contains("not shown: it looks like a private key"),
                        "{text}"
                    );
                    assert!(text.contains("save it to a file"), "{text}");
                }
            }
        }
        let client = Client::new();
        client.write("client.crt", &own.chain);
        for keyword in [
            "sslrootcert",
            "sslcert",
            "sslcert=client.crt sslkey",
            "sslcrl",
            "passfile",
            "host",
        ] {
            if keyword == "host" && !secret.contains([':', '=', '-']) {
                continue;
            }
            let quoted = secret.replace('\\', r"\\").replace('\'', r"\'");
            let string = format!("host=127.0.0.1 port=1 {keyword}='{quoted}'");
            for command in ["check", "conninfo"] {
                let run = client.pgtls(&[command, "--format", "json", &string]);
                assert_hidden(&run, &words, &format!("{command} {keyword}"));
            }
        }
    }
}

/// A password file or a key given as a list, and a configuration file with a secret for a key or a value.
#[test]
fn no_secret_of_a_file_of_the_wrong_kind_is_printed() {
    let client = Client::new();
    for (secret, words) in misplaced() {
        if secret.contains("db.invalid") {
            // That is what belongs into a list.
            continue;
        }
        client.write("list", format!("# hosts\n{secret}\n"));
        for format in FORMATS.into_iter().chain(["nagios"]) {
            let run = client.pgtls(&["check", "--format", format, "--from", "list"]);
            assert_hidden(&run, &words, format);
            let code = if format == "nagios" { 3 } else { 2 };
            assert_eq!(run.code, code, "{run:?}");
            assert!(
                run.stderr.contains("list, line 2: not a connection string"),
                "{run:?}"
            );
        }
    }
    // A password over two lines.
    for list in [
        "host=127.0.0.1 port=1 password=quiet\nharbour77\n",
        "host=127.0.0.1 port=1 password=quiet\nharbour77=x user=u\n",
        "host=127.0.0.1 port=1 password='quiet\n\nharbour77' user=u\n",
        "postgres://u:quiet\nharbour77@127.0.0.1:1/d\n",
        "postgres://u:p@127.0.0.1:1/d\nharbour77 x\n",
    ] {
        client.write("list", list);
        let run = client.pgtls(&["check", "--from", "list"]);
        assert_hidden(&run, &["harbour77".to_owned()], list);
        assert_eq!(run.code, 2, "{run:?}");
    }
    // Where a file belongs.
    for text in [
        "host=h pass=harbour77",
        r#"{"username":"u","password":"harbour77","host":"h"}"#,
        "u:harbour77@h:5432/d",
        "//u:harbour77@h/d",
        "password: harbour77",
    ] {
        for options in [
            &["check", "--from", text][..],
            &["check", "--trust", text, "host=h"],
            &["verify", "--cert", text],
            &["scan", text],
        ] {
            let run = client.pgtls(options);
            assert_hidden(&run, &["harbour77".to_owned()], text);
        }
    }
    // One that only stands in a line before is no reason.
    client.write(
        "list",
        "host=127.0.0.1 port=1 password=quiet\nhost=127.0.0.1 port=x\n",
    );
    let run = client.pgtls(&["check", "--from", "list"]);
    assert!(run.stdout.contains("list:2"), "{run:?}");
    for (secret, words) in misplaced() {
        let quoted = format!("{secret:?}");
        for text in [
            format!("{quoted} = \"x\"\n"),
            format!("[policy]\n{quoted} = 1\n"),
            format!("[policy]\nstrict = {quoted}\n"),
            format!(
                "[policy]\ntrust = {quoted}\n[[endpoint]]\nconninfo = \"host=127.0.0.1 port=1\"\n"
            ),
            format!("[policy]\nvalid_for = {quoted}\n"),
            format!("[[endpoint]]\nconninfo = [{quoted}]\n"),
            format!("[[endpoint]]\nname = {quoted}\nconninfo = \"host=127.0.0.1 port=1\"\n"),
            format!(
                "[[endpoint]]\nconninfo = {:?}\n",
                format!("host=${{{secret}}}")
            ),
            format!("endpoint = {quoted}\n"),
            format!("[[endpoint]]\n{quoted} = 1\n{quoted} = 2\n"),
            format!("[{quoted}]\n[{quoted}]\n"),
        ] {
            client.write("pgtls.toml", &text);
            let run = client.pgtls(&["check", "--config", "pgtls.toml"]);
            assert_ne!(run.code, 0);
            assert_hidden(&run, &words, &text);
        }
    }
}

/// What has no end, or no beginning, is given up.
#[cfg(unix)]
#[test]
fn no_file_is_read_without_bound() {
    let client = Client::new();
    let sparse = std::fs::File::create(client.home.path().join("sparse")).unwrap();
    sparse.set_len(2 << 30).unwrap();
    let pipe = client.home.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    for file in ["/dev/zero", "sparse", "pipe"] {
        for arguments in [
            &["check", "--from", file][..],
            &["check", "--config", file],
            &["report", file],
        ] {
            let run = client.pgtls(arguments);
            assert_eq!(run.code, 2, "{arguments:?}: {run:?}");
            let reason = if file == "pipe" { "in time" } else { "MiB" };
            assert!(run.stderr.contains(reason), "{arguments:?}: {run:?}");
        }
    }
}

/// A key in place of the root certificates is not to be saved as such a file.
#[test]
fn a_private_key_is_not_advised_as_a_root_file() {
    let key = crate::support::pki::Ca::root("Root")
        .leaf(&["localhost"])
        .key;
    for keyword in ["sslrootcert", "sslcrl"] {
        let run = Client::new().check(&format!("host=127.0.0.1 port=1 {keyword}='{key}'"));
        assert_eq!(run.code, 2, "{run:?}");
        let hint = run.hint();
        assert!(hint.contains("Remove the private key"), "{hint}");
        assert!(hint.contains(&format!("Set {keyword} to")), "{hint}");
        assert!(!hint.contains("save it"), "{hint}");
    }
}

#[test]
fn an_argument_that_is_the_rest_of_a_password_is_not_shown() {
    let client = Client::new();
    for arguments in [
        ["host=h", "password=", "hunter2=x"],
        ["host=h", "password=correct", "hunter2"],
    ] {
        let run = client.pgtls(&[&["check"][..], &arguments].concat());
        assert_eq!(run.code, 2, "{run:?}");
        let shown = format!("{}{}", run.stdout, run.stderr);
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("the rest of a password"), "{shown}");
    }
}
