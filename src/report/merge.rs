//! Reads endpoints from lines of JSON: the reports of other runs, to be combined.

use serde_json::Value;

use super::{EndpointReport, RunEnd, Verdict};
use crate::escape::Shown;
use crate::exit::Exit;

/// Why a file is refused. Nothing of its text is repeated.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct Error {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not JSON, or incomplete JSON.
    #[error("not a complete JSON object; only files of --format jsonl can be merged")]
    Json,
    /// Some other JSON.
    #[error("JSON, but not an endpoint as --format jsonl writes it")]
    Endpoint,
    /// A verdict that contradicts its exit code or its error.
    #[error("the verdict, the exit code and the error contradict each other")]
    Contradiction,
    /// The run was stopped, or an older version wrote the file.
    #[error("the file ends without the number of endpoints of its run: the run did not finish")]
    NoEnd,
    /// Lines are missing, or there twice.
    #[error("the file ends with {found} endpoints, but its runs had {expected}")]
    Count {
        /// In its runs.
        expected: usize,
        /// In the file.
        found: usize,
    },
}

/// The endpoints of one or more runs.
#[derive(Debug, Default)]
pub struct Merged {
    /// Each with its exit code.
    pub endpoints: Vec<(EndpointReport, Exit)>,
    /// When the first run began, if all of them say so. RFC 3339 in UTC.
    pub checked_at: Option<Shown>,
}

/// Reads a file of `--format jsonl`. It may contain several runs.
///
/// # Errors
/// The first line that is not complete, and the end of the file if it does not have as many endpoints as its runs had:
/// what was not read must not count as passed.
pub fn read(text: &[u8]) -> Result<Merged, Error> {
    let mut endpoints = Vec::new();
    let mut expected: Option<usize> = None;
    let mut begun: Vec<Option<Shown>> = Vec::new();
    let mut last = 1;
    for (text, number) in text.split(|byte| *byte == b'\n').zip(1..) {
        if text.trim_ascii().is_empty() {
            continue;
        }
        last = number;
        match line(text).map_err(|fault| Error {
            line: number,
            fault,
        })? {
            Line::Endpoint(report, exit) => endpoints.push((*report, exit)),
            Line::End(end) => {
                expected = Some(expected.unwrap_or(0).saturating_add(end.run_endpoints));
                begun.push(end.checked_at);
            }
        }
    }
    let fault = match expected {
        None => Fault::NoEnd,
        Some(expected) if expected != endpoints.len() => Fault::Count {
            expected,
            found: endpoints.len(),
        },
        Some(_) => {
            return Ok(Merged {
                endpoints,
                checked_at: earliest(begun),
            });
        }
    };
    Err(Error { line: last, fault })
}

/// The earliest, if all are known: in UTC the order of the texts is that of the times.
pub fn earliest(begun: Vec<Option<Shown>>) -> Option<Shown> {
    let all: Option<Vec<Shown>> = begun.into_iter().collect();
    all?.into_iter().min()
}

enum Line {
    Endpoint(Box<EndpointReport>, Exit),
    End(RunEnd),
}

fn line(line: &[u8]) -> Result<Line, Fault> {
    // Text is escaped as it is read, because other programs may have changed the file. serde_json
    // limits the depth.
    let value: Value = serde_json::from_slice(line).map_err(|_| Fault::Json)?;
    if value.get("run_endpoints").is_some() {
        let end = serde_json::from_value(value).map_err(|_| Fault::Endpoint)?;
        return Ok(Line::End(end));
    }
    let report: EndpointReport = serde_json::from_value(value).map_err(|_| Fault::Endpoint)?;
    let exit = report.exit_code;
    let passed = exit == Exit::Passed;
    if (report.verdict == Verdict::Pass) != passed || report.error.is_none() != passed {
        return Err(Fault::Contradiction);
    }
    Ok(Line::Endpoint(Box::new(report), exit))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::{json, sample};

    fn lines() -> String {
        let mut out = Vec::new();
        json::write_lines(&mut out, &sample::report()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_was_written_is_read() {
        let endpoints = read(lines().as_bytes()).unwrap().endpoints;
        let written = sample::report().endpoints;
        assert_eq!(endpoints.len(), written.len());
        for ((read, exit), written) in endpoints.into_iter().zip(written) {
            assert_eq!(exit, written.exit_code);
            let value = serde_json::to_value(written).unwrap();
            assert_eq!(serde_json::to_value(read).unwrap(), value);
        }
    }

    #[test]
    fn a_new_field_is_not_a_fault() {
        let line = lines().replacen('{', "{\"news\": [1], ", 1);
        assert!(read(line.as_bytes()).is_ok());
    }

    #[test]
    fn a_word_of_a_newer_version_is_kept() {
        let line = lines().replacen("\"libpq-root-missing\"", "\"news\"", 1);
        let line = line.replacen("\"warning\"", "\"rumour\"", 1);
        let (endpoint, _) = read(line.as_bytes()).unwrap().endpoints.remove(0);
        let finding = endpoint.findings.first().unwrap();
        assert_eq!((finding.code.known(), finding.level.known()), (None, None));
        let written = serde_json::to_string(&endpoint).unwrap();
        assert!(
            written.contains("\"level\":\"rumour\",\"code\":\"news\""),
            "{written}"
        );
    }

    #[test]
    fn lines_that_are_not_an_endpoint_are_refused_with_their_number() {
        let good = lines();
        let first = good.lines().next().unwrap();
        for wrong in [
            "{}",
            "null",
            "[]",
            "PASS  db.example.com:5432",
            "{\"schema_version\": 1, \"verdict\": \"pass\", \"exit_code\": 0, \"endpoints\": []}",
            &first.replace("\"pass\"", "\"fail\""),
            &first.replace("\"exit_code\":0", "\"exit_code\":7"),
            &first.replace("\"exit_code\":0", "\"exit_code\":99"),
            &first.replace("\"pass\"", "\"perhaps\""),
        ] {
            let error = read(format!("{first}\n\n{wrong}\n").as_bytes()).unwrap_err();
            assert_eq!(error.line, 3, "{wrong}");
        }
    }

    #[test]
    fn no_line_that_was_cut_short_is_taken() {
        let good = lines();
        for line in good.lines() {
            for end in 1..line.len() {
                let cut = line.as_bytes().get(..end).unwrap();
                assert!(read(cut).is_err(), "{end}");
            }
        }
    }

    #[test]
    fn no_file_that_lacks_a_line_is_taken() {
        let whole = lines();
        let all: Vec<&str> = whole.lines().collect();
        for gone in 0..all.len() {
            let rest: Vec<&str> = [&all[..gone], &all[gone + 1..]].concat();
            let error = read(rest.join("\n").as_bytes()).map(|_| ()).unwrap_err();
            let ends = matches!(error.fault, Fault::NoEnd | Fault::Count { .. });
            assert!(ends, "{error}");
        }
        for end in 0..all.len() {
            assert!(read(all[..end].join("\n").as_bytes()).is_err(), "{end}");
        }
        let twice = format!("{whole}{}\n", all[0]);
        assert!(read(twice.as_bytes()).is_err());
    }

    #[test]
    fn several_runs_may_be_in_one_file_in_any_order() {
        let whole = lines();
        let mut all: Vec<&str> = whole.lines().chain(whole.lines()).collect();
        all.push("{\"run_endpoints\": 0}");
        all.reverse();
        let endpoints = read(all.join("\n").as_bytes()).unwrap().endpoints;
        assert_eq!(endpoints.len(), 2 * sample::report().endpoints.len());
    }

    #[test]
    fn nothing_steers_the_terminal() {
        let line = lines().replacen("psql would", "\\u001b[31m psql \\u202e would", 1);
        let (endpoint, _) = read(line.as_bytes()).unwrap().endpoints.remove(0);
        let message = &endpoint.findings.first().unwrap().message;
        assert!(
            message.starts_with("\\x1b[31m psql \\u{202e} would"),
            "{message}"
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&text);
        }
    }
}
