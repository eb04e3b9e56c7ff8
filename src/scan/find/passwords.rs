//! `.pgpass`: `host:port:database:user:password`, one a line (`passwordFromFile` in libpq's `fe-connect.c`).

use crate::scan::candidate::{Beside, Besides, Candidate, Form, in_libpqs_form};
use crate::scan::document::UNKNOWN;
use crate::scan::template::fill;

/// One address for each line.
pub(super) fn find(text: &str, first_line: usize) -> Vec<Candidate> {
    let lines = (first_line..).zip(text.lines());
    lines
        .filter_map(|(number, line)| one(line, number))
        .collect()
}

fn one(line: &str, number: usize) -> Option<Candidate> {
    let line = line.trim_end();
    if line.starts_with('#') {
        return None;
    }
    let mut fields = fields(line).into_iter();
    let (host, port, dbname, user) = (
        fields.next()?,
        fields.next()?,
        fields.next()?,
        fields.next()?,
    );
    let password = fields.next()?;
    let known = |value: &str| value != "*" && !value.is_empty();
    // Any host is not this machine, which an absent one is.
    let host = if host == "*" {
        UNKNOWN.to_owned()
    } else {
        host
    };
    let pairs = [
        ("host", host),
        ("port", port),
        ("dbname", dbname),
        ("user", user),
    ];
    let pairs = pairs.iter().filter(|(_, value)| known(value));
    let pairs = pairs.map(|(name, value)| (name, value.as_str()));
    Some(Candidate {
        line: number,
        key: None,
        filled: fill(&in_libpqs_form(pairs)),
        asked: None,
        reader: None,
        form: Form::Address,
        password: Some(Beside {
            value: password,
            line: number,
        }),
        beside: Besides::Nothing,
        server: None,
        scope: 0,
    })
}

/// A backslash makes a colon part of a field.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        let c = match c {
            ':' => {
                fields.push(String::new());
                continue;
            }
            '\\' => chars.next().unwrap_or('\\'),
            other => other,
        };
        if let Some(last) = fields.last_mut() {
            last.push(c);
        }
    }
    fields
}
