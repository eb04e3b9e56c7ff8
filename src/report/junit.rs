//! JUnit XML for Jenkins, GitLab and others: one test case per endpoint.

use std::io::{self, Write};
use std::time::Duration;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::{EndpointReport, Report, labels, text};
use crate::escape::escape;
use crate::exit::Junit;

/// Writes one suite. What could not be checked is an error, any other failure a failure
/// ([`Exit::junit`](crate::exit::Exit::junit)); the text report of the endpoint is the output of its test case. Of
/// several hosts one may be enough: the others are skipped.
///
/// # Errors
/// If `out` cannot be written.
pub fn write(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let labels = labels(&report.endpoints);
    let endpoints = report.endpoints.iter().zip(labels);
    let cases: Vec<Case> = endpoints.map(|(one, label)| case(one, label)).collect();
    let suite = Suite {
        name: "pgtls check",
        checked_at: report.checked_at.as_deref(),
        version: report.tool.as_ref().map(|tool| &*tool.version),
    };
    write_suite(out, &suite, &cases)
}

fn case(endpoint: &EndpointReport, name: String) -> Case {
    Case {
        class: "pgtls.check",
        time: endpoint
            .timings_ms
            .as_ref()
            .map(|timings| Duration::try_from_secs_f64(timings.total / 1e3).unwrap_or_default()),
        place: endpoint
            .location
            .as_ref()
            .map(|location| (location.file.to_string(), location.line)),
        problem: endpoint.error.as_ref().map(|error| Problem {
            tag: match (endpoint.spare, endpoint.exit_code.junit()) {
                (true, _) => Tag::Skipped,
                (false, Junit::Error) => Tag::Error,
                (false, Junit::Success | Junit::Failure) => Tag::Failure,
            },
            kind: error.code.to_string(),
            message: error.message.to_string(),
            advice: error.hint.to_string(),
        }),
        output: text::endpoint(endpoint, &name),
        name,
    }
}

/// What is said of all test cases.
pub(crate) struct Suite<'a> {
    pub(crate) name: &'a str,
    /// RFC 3339 in UTC.
    pub(crate) checked_at: Option<&'a str>,
    /// Of pgtls.
    pub(crate) version: Option<&'a str>,
}

/// A test case.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) class: &'static str,
    pub(crate) time: Option<Duration>,
    /// A file, and a line in it.
    pub(crate) place: Option<(String, usize)>,
    pub(crate) problem: Option<Problem>,
    pub(crate) output: String,
}

/// Why a test case did not succeed.
pub(crate) struct Problem {
    pub(crate) tag: Tag,
    pub(crate) kind: String,
    pub(crate) message: String,
    pub(crate) advice: String,
}

/// JUnit's name for a problem.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    /// The test could not be run.
    Error,
    /// The test was run, and failed.
    Failure,
    /// Its result does not matter.
    Skipped,
}

impl Tag {
    fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Failure => "failure",
            Self::Skipped => "skipped",
        }
    }
}

/// Writes a document with one suite.
pub(crate) fn write_suite(
    out: &mut dyn Write,
    suite: &Suite<'_>,
    cases: &[Case],
) -> io::Result<()> {
    let mut writer = Writer::new_with_indent(out, b' ', 4);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let count = |tag: Tag| {
        let with_it = |case: &&Case| {
            case.problem
                .as_ref()
                .is_some_and(|problem| problem.tag == tag)
        };
        cases.iter().filter(with_it).count().to_string()
    };
    let (tests, failures, errors, skipped) = (
        cases.len().to_string(),
        count(Tag::Failure),
        count(Tag::Error),
        count(Tag::Skipped),
    );
    let failures = ("failures", failures.as_str());
    let errors = ("errors", errors.as_str());
    let tests = [("tests", tests.as_str()), ("skipped", skipped.as_str())];
    writer
        .create_element("testsuites")
        .with_attribute(("name", "pgtls"))
        .with_attributes(tests)
        .with_attributes([failures, errors])
        .write_inner_content(|writer| {
            let element = writer
                .create_element("testsuite")
                .with_attribute(("name", suite.name))
                .with_attributes(tests)
                .with_attributes([errors, failures])
                .with_attributes(suite.checked_at.map(|instant| ("timestamp", instant)));
            element.write_inner_content(|writer| {
                if let Some(version) = suite.version {
                    write_version(writer, version)?;
                }
                cases.iter().try_for_each(|case| write_case(writer, case))
            })?;
            Ok(())
        })?;
    writer.write_indent()
}

fn write_version<W: Write>(writer: &mut Writer<W>, version: &str) -> io::Result<()> {
    let property = [("name", "pgtls.version"), ("value", version)];
    let properties = writer.create_element("properties");
    properties.write_inner_content(|writer| {
        let element = writer.create_element("property");
        element.with_attributes(property).write_empty()?;
        Ok(())
    })?;
    Ok(())
}

fn write_case<W: Write>(writer: &mut Writer<W>, case: &Case) -> io::Result<()> {
    let name = xml(&case.name);
    let mut element = writer
        .create_element("testcase")
        .with_attributes([("name", name.as_str()), ("classname", case.class)]);
    if let Some(time) = case.time {
        let seconds = format!("{:.3}", time.as_secs_f64());
        element = element.with_attribute(("time", seconds.as_str()));
    }
    if let Some((file, line)) = &case.place {
        let (file, line) = (xml(file), line.to_string());
        element = element.with_attributes([("file", file.as_str()), ("line", line.as_str())]);
    }
    element.write_inner_content(|writer| {
        if let Some(problem) = &case.problem {
            let (message, kind) = (xml(&problem.message), xml(&problem.kind));
            writer
                .create_element(problem.tag.name())
                .with_attributes([("message", message.as_str()), ("type", kind.as_str())])
                .write_text_content(BytesText::new(&xml(&problem.advice)))?;
        }
        writer
            .create_element("system-out")
            .write_text_content(BytesText::new(&xml(&case.output)))?;
        Ok(())
    })?;
    Ok(())
}

/// Text with only the characters that XML allows (XML 1.0 section 2.2): neither controls nor the two
/// noncharacters.
fn xml(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| escape(line).to_string())
        .collect();
    lines
        .join("\n")
        .replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_host_that_a_run_does_not_need_is_skipped() {
        let mut out = Vec::new();
        write(&mut out, &sample::of_one_host()).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(
            out.contains(r#"tests="2" skipped="1" failures="0" errors="0""#),
            "{out}"
        );
        assert!(
            out.contains("<skipped message=") && !out.contains("<failure"),
            "{out}"
        );
    }

    #[test]
    fn every_endpoint_is_a_test_case() {
        let mut out = Vec::new();
        write(&mut out, &sample::report()).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }
}
