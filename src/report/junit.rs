//! JUnit XML, as Jenkins, GitLab and their kin read it: one test case an endpoint.

use std::io::{self, Write};
use std::time::Duration;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::{EndpointReport, Report, text};
use crate::escape::escape;
use crate::exit::Junit;

/// Writes one suite. What could not be checked is an error, any other failure a failure
/// ([`Exit::junit`](crate::exit::Exit::junit)); the text report of the endpoint is the output of its test case.
///
/// # Errors
/// If `out` cannot be written.
pub fn write(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let mut suite = TestSuite::new("pgtls check");
    suite.add_test_cases(report.endpoints.iter().map(test_case));
    let mut document = quick_junit::Report::new("pgtls");
    document.add_test_suite(suite);
    document.serialize(out).map_err(io::Error::other)?;
    Ok(())
}

fn test_case(endpoint: &EndpointReport) -> TestCase {
    let status = match &endpoint.error {
        None => TestCaseStatus::success(),
        Some(error) => {
            let kind = match endpoint.exit_code.junit() {
                Junit::Error => NonSuccessKind::Error,
                Junit::Success | Junit::Failure => NonSuccessKind::Failure,
            };
            let mut status = TestCaseStatus::non_success(kind);
            status
                .set_message(xml(&error.message))
                .set_type(error.code.to_string())
                .set_description(xml(&error.hint.to_string()));
            status
        }
    };
    let mut case = TestCase::new(xml(&endpoint.label()), status);
    case.set_classname("pgtls.check");
    if let Some(timings) = &endpoint.timings_ms {
        let total = Duration::try_from_secs_f64(timings.total / 1e3);
        case.set_time(total.unwrap_or_default());
    }
    if let Some(location) = &endpoint.location {
        case.extra.insert("file".into(), xml(&location.file).into());
        case.extra
            .insert("line".into(), location.line.to_string().into());
    }
    case.set_system_out(xml(&text::endpoint(endpoint)));
    case
}

/// Text of characters that XML may hold (XML 1.0 section 2.2): neither controls nor the two
/// noncharacters.
pub(crate) fn xml(text: &str) -> String {
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
    fn every_endpoint_is_a_test_case() {
        let mut out = Vec::new();
        write(&mut out, &sample::report()).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }
}
