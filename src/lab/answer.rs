//! How an endpoint without a database answers a statement, so that health checks succeed. Pure.

/// The result of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// There was no statement.
    Empty,
    /// One column and one row.
    Row { column: String, value: Value },
    /// No column and no row.
    NoRows,
    /// Done, with this tag.
    Done(String, Transaction),
    /// That needs a database.
    Impossible,
}

/// The value in the only row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Number(i32),
    Text(String),
}

/// What happens to the transaction block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transaction {
    Stays,
    Begins,
    Ends,
}

/// The parameters that clients get at login, and with SHOW.
pub(super) const PARAMETERS: [(&str, &str); 12] = [
    ("server_version", "17.0 (pgtls lab)"),
    ("server_encoding", "UTF8"),
    ("client_encoding", "UTF8"),
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("integer_datetimes", "on"),
    ("standard_conforming_strings", "on"),
    ("default_transaction_read_only", "off"),
    ("in_hot_standby", "off"),
    ("is_superuser", "off"),
    ("scram_iterations", "4096"),
];

/// Reads one statement.
pub(super) fn answer(statement: &str) -> Answer {
    let statement = without_comments(statement).trim().trim_end_matches(';');
    let lower = statement.to_lowercase();
    let mut words = lower.split_whitespace();
    let first = words.next().unwrap_or_default();
    let second = words.next().unwrap_or_default();
    let done = |transaction| Answer::Done(first.to_uppercase(), transaction);
    match first {
        "" => Answer::Empty,
        "select" => select(&lower, second),
        "show" => Answer::Row {
            column: second.to_owned(),
            value: Value::Text(parameter(second)),
        },
        "begin" | "start" => done(Transaction::Begins),
        "commit" | "end" | "abort" => done(Transaction::Ends),
        "rollback" if second != "to" => done(Transaction::Ends),
        "rollback" | "set" | "reset" | "discard" | "listen" | "unlisten" | "deallocate"
        | "close" | "savepoint" | "release" => done(Transaction::Stays),
        _ => Answer::Impossible,
    }
}

fn select(statement: &str, second: &str) -> Answer {
    let text = |column: &str, value: &str| Answer::Row {
        column: column.to_owned(),
        value: Value::Text(value.to_owned()),
    };
    if let Ok(number) = second.trim_end_matches([',', ';']).parse() {
        Answer::Row {
            column: "?column?".to_owned(),
            value: Value::Number(number),
        }
    } else if statement.contains("version()") {
        text("version", "PostgreSQL 17.0 (pgtls lab)")
    } else if statement.contains("current_schema()") {
        text("current_schema", "public")
    } else {
        Answer::NoRows
    }
}

fn parameter(name: &str) -> String {
    let name = name.trim_matches('"');
    match name {
        "transaction_read_only" => "off".to_owned(),
        "transaction" => "read committed".to_owned(),
        _ => PARAMETERS
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| (*value).to_owned())
            .unwrap_or_default(),
    }
}

/// The statement without its leading comments.
fn without_comments(mut statement: &str) -> &str {
    loop {
        statement = statement.trim_start();
        let rest = if let Some(comment) = statement.strip_prefix("--") {
            comment.split_once('\n').map_or("", |(_, rest)| rest)
        } else if let Some(comment) = statement.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, rest)| rest)
        } else {
            return statement;
        };
        statement = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_checks_get_their_row() {
        let one = Answer::Row {
            column: "?column?".to_owned(),
            value: Value::Number(1),
        };
        for statement in [
            "SELECT 1",
            "select 1;",
            " Select 1 AS alive",
            "/* ping */ select 1",
        ] {
            assert_eq!(answer(statement), one, "{statement}");
        }
        for statement in ["", " ; ", "-- ping", "/* ping"] {
            assert_eq!(answer(statement), Answer::Empty, "{statement}");
        }
    }

    #[test]
    fn settings_and_transactions_succeed() {
        for (statement, tag, transaction) in [
            ("SET x = 1", "SET", Transaction::Stays),
            ("BEGIN", "BEGIN", Transaction::Begins),
            ("commit", "COMMIT", Transaction::Ends),
            ("ROLLBACK", "ROLLBACK", Transaction::Ends),
            ("rollback to a", "ROLLBACK", Transaction::Stays),
            ("DISCARD ALL", "DISCARD", Transaction::Stays),
        ] {
            let expected = Answer::Done(tag.to_owned(), transaction);
            assert_eq!(answer(statement), expected, "{statement}");
        }
        let Answer::Row { value, .. } = answer("show Server_Encoding") else {
            panic!("no row");
        };
        assert_eq!(value, Value::Text("UTF8".to_owned()));
    }

    #[test]
    fn what_needs_a_database_fails() {
        assert_eq!(answer("INSERT INTO t VALUES (1)"), Answer::Impossible);
        assert_eq!(answer("SELECT * FROM t"), Answer::NoRows);
    }
}
