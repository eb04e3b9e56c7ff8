//! `docs/dialects.md` says what the program does.

use super::*;
use crate::conninfo::Value;

const PAGE: &str = include_str!("../../../docs/dialects.md");

/// The cells of the rows that begin with the name of a dialect, below this heading cell.
fn rows(heading: &str) -> Vec<(Dialect, Vec<&'static str>)> {
    let (_, behind) = PAGE.split_once(heading).unwrap();
    let rows = behind
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with("| `"));
    rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let name = Dialect::from_name(cells[0].trim_matches('`')).unwrap();
        (name, cells[1..].to_vec())
    })
    .collect()
}

#[test]
fn the_examples_of_the_page_are_read_as_it_says() {
    let rows = rows("| dialect | example |");
    assert_eq!(rows.len(), Dialect::ALL.len() - 1);
    for (dialect, cells) in rows {
        let example = cells[0].trim_matches('`');
        if example == "-" {
            continue;
        }
        let reading = read_example(example).unwrap().unwrap();
        let conninfo = String::from_utf8(reading.conninfo()).unwrap();
        assert_eq!(
            (reading.dialect, conninfo.as_str()),
            (dialect, cells[1].trim_matches('`'))
        );
    }
}

#[test]
fn the_page_says_what_each_dialect_can_keep() {
    let rows = rows("| dialect | `disable` |");
    assert_eq!(rows.len(), Dialect::ALL.len());
    for (dialect, cells) in rows {
        let kept = [
            "disable",
            "prefer",
            "require",
            "require sslrootcert=/r.crt",
            "verify-ca sslrootcert=/r.crt",
            "verify-full sslrootcert=/r.crt",
            "verify-full sslrootcert=system",
        ]
        .map(|words| {
            let text = format!("host=h dbname=d sslmode={words}");
            let values: Vec<(Keyword, Value)> = assignments(&text)
                .into_iter()
                .map(|(keyword, value)| (keyword, Value::new(keyword, value)))
                .collect();
            let kept = translate(&values, dialect, Passwords::Masked).keeps_the_promise();
            if kept { "yes" } else { "no" }
        });
        assert_eq!(cells, kept, "{dialect}");
    }
}

#[test]
fn the_page_has_each_drivers_own_words() {
    let rows = rows("| dialect | `sslmode=verify-full sslrootcert=root.crt` in the program |");
    assert_eq!(rows.len(), Dialect::ALL.len());
    for (dialect, cells) in rows {
        assert_eq!(cells[0].trim_matches('`'), dialect.own_words().program);
    }
}
