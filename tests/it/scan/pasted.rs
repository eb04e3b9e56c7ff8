//! A line of a program in place of a connection string.

use crate::support::client::Client;
use crate::support::fleet_lab::Lab;

#[test]
fn the_string_of_a_line_is_checked() {
    let lab = Lab::new();
    let good = lab.good();
    for line in [
        format!("psycopg2.connect(\"{good}\")"),
        format!("conn = psycopg.connect('{good}')"),
    ] {
        let run = lab.client.pgtls(&["check", &line]);
        assert_eq!(run.code, 0, "{run:?}");
        assert!(
            run.stderr.starts_with(
                "pgtls: reading the connection string in a line of source code: host="
            ),
            "{run:?}"
        );
    }
    let wrong = format!("psycopg2.connect(\"{}\")", lab.wrong_host());
    assert_eq!(lab.client.pgtls(&["check", &wrong]).code, 7);
}

#[test]
fn the_driver_of_the_line_counts() {
    for (line, mode) in [
        (
            "new Pool({connectionString: 'postgres://u:li-7719@h/d?sslmode=require'})",
            "verify-full",
        ),
        (
            "conn = psycopg2.connect('postgres://u:li-7719@h/d?sslmode=require')",
            "require",
        ),
        (
            "DriverManager.getConnection(\"jdbc:postgresql://h/d?ssl=true\", \"u\", \"li-7719\");",
            "verify-full",
        ),
    ] {
        let run = Client::new().pgtls(&["conninfo", line]);
        assert_eq!(run.code, 0, "{run:?}");
        let set = run
            .stdout
            .lines()
            .find(|line| line.trim_start().starts_with("sslmode"));
        assert!(set.is_some_and(|set| set.contains(mode)), "{run:?}");
        assert!(
            !format!("{run:?}").replace(line, "").contains("li-7719"),
            "{run:?}"
        );
    }
}

/// It says what to paste, and never what the line contains.
#[test]
fn a_line_that_cannot_be_read_alone_is_exit_2() {
    for (line, said) in [
        ("print(\"li-7719\")", "no connection string stands in it"),
        (
            "f('postgres://u:li-7719@h/d', 'postgres://u:li-7719@i/d')",
            "more than one",
        ),
        (
            "create_engine(f\"postgresql://u:{pw}@h/li-7719\")",
            "has variables",
        ),
        (
            "new Pool({connectionString: 'postgres://u:li-7719@h/d', ssl: {rejectUnauthorized: false}})",
            "settings beside",
        ),
        ("connect(host='h', password='li-7719')", "one by one"),
    ] {
        let run = Client::new().pgtls(&["check", line]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{line}");
        assert!(
            run.stderr
                .starts_with("pgtls: this is a line of source code, and "),
            "{run:?}"
        );
        assert!(run.stderr.contains(said), "{run:?}");
        assert!(!run.stderr.contains("li-7719"), "{run:?}");
    }
}
