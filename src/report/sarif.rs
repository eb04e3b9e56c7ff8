//! SARIF 2.1.0 (OASIS "Static Analysis Results Interchange Format"), for code scanning: one rule
//! per finding code, one result per finding. It also meets GitHub's requirements ("SARIF support
//! for code scanning" in its documentation): GitHub refuses a whole log if one result has no
//! physical location.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde::Serialize;

use super::{EndpointReport, LocationReport, Report, ScanReport, full_text, json, labels};
use crate::diagnose::{Code, Level};
use crate::exit::{Execution, Exit};
use crate::os;
use crate::percent;

/// Writes one log with one run. The location of a result is the line of the connection string in
/// its file. For an argument, the endpoint itself replaces the file.
///
/// # Errors
/// If `out` cannot be written.
pub fn write(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let checked_at = report.checked_at.as_ref().map(ToString::to_string);
    let items = Item::of_endpoints(&report.endpoints);
    json::write(out, &log(&items, report.exit_code, checked_at))
}

/// Writes the log of a scan, with the findings of its endpoints.
///
/// # Errors
/// If `out` cannot be written.
pub fn write_scan(out: &mut dyn Write, report: &ScanReport) -> io::Result<()> {
    let found = report.findings.iter().map(|finding| Item {
        label: finding.label(),
        location: Some(finding.location()),
        level: Some(finding.level),
        code: finding.code.name().to_owned(),
        text: finding.full_text(),
    });
    let endpoints = report.endpoints.as_deref().unwrap_or_default();
    let items: Vec<Item> = found.chain(Item::of_endpoints(endpoints)).collect();
    json::write(out, &log(&items, report.exit_code, None))
}

/// One finding, of an endpoint or of a file.
struct Item {
    label: String,
    location: Option<LocationReport>,
    level: Option<Level>,
    code: String,
    text: String,
}

impl Item {
    /// The findings of one endpoint that have one code are one.
    fn of_endpoints(endpoints: &[EndpointReport]) -> Vec<Self> {
        let mut items = Vec::new();
        for (endpoint, label) in endpoints.iter().zip(labels(endpoints)) {
            for findings in endpoint.findings_by_code() {
                items.extend(findings.first().map(|first| Self {
                    label: label.clone(),
                    location: endpoint.location.clone(),
                    level: endpoint.level_of(first),
                    code: first.code.to_string(),
                    text: format!("{label}: {}", full_text(&findings)),
                }));
            }
        }
        items
    }
}

fn log(found: &[Item], exit_code: Exit, start_time_utc: Option<String>) -> Log {
    // In the order of their names, each once.
    let names: BTreeSet<String> = found.iter().map(|item| item.code.clone()).collect();
    let positions: BTreeMap<String, usize> = names.into_iter().zip(0..).collect();
    let results = found
        .iter()
        .map(|item| result(item, positions.get(&item.code).copied().unwrap_or_default()))
        .collect();
    Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "pgtls",
                    version: env!("CARGO_PKG_VERSION"),
                    rules: positions.into_keys().map(rule).collect(),
                },
            },
            invocations: [Invocation {
                execution_successful: exit_code.execution() == Execution::Successful,
                exit_code,
                start_time_utc,
            }],
            results,
        }],
    }
}

fn rule(name: String) -> Rule {
    let known = Code::from_name(&name);
    let unknown = || name.clone();
    let page = known.map_or_else(unknown, |code| code.page().to_owned());
    let title = known.map_or_else(unknown, |code| code.title().to_owned());
    Rule {
        short_description: Text { text: title },
        full_description: Text {
            text: meaning(&page),
        },
        help: Help {
            text: page.clone(),
            markdown: page,
        },
        id: name,
    }
}

/// The first section of a page, as one paragraph; a page without sections unchanged.
fn meaning(page: &str) -> String {
    let section = page.split("\n## ").nth(1);
    let text = section.and_then(|section| section.split_once('\n'));
    let text = text.map_or(page, |(_, text)| text);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn result(item: &Item, rule_index: usize) -> Outcome {
    let Item { label, code, .. } = item;
    let mut fingerprints = BTreeMap::new();
    fingerprints.insert("pgtlsEndpointAndCode/v1", format!("{label} {code}"));
    Outcome {
        rule_id: code.clone(),
        rule_index,
        level: match item.level {
            Some(Level::Error) => "error",
            Some(Level::Warning) => "warning",
            Some(Level::Info) | None => "note",
        },
        message: Text {
            text: item.text.clone(),
        },
        locations: [Location {
            physical_location: physical(item),
            logical_locations: [Logical {
                fully_qualified_name: label.clone(),
                kind: "resource",
            }],
        }],
        partial_fingerprints: fingerprints,
    }
}

fn physical(item: &Item) -> Physical {
    let (uri, start_line) = match &item.location {
        Some(location) => (file_uri(&location.file), location.line),
        // A name, not a path.
        None => (percent::component(item.label.as_bytes()), 1),
    };
    Physical {
        artifact_location: Artifact { uri },
        region: Region { start_line },
    }
}

/// A path as a URI reference: relative (RFC 3986 section 4.2), because readers resolve it from the
/// root of the repository, or else a file URI (RFC 8089), which they make relative themselves.
fn file_uri(path: &str) -> String {
    if path.starts_with('/') {
        return format!("file://{}", percent::path(path));
    }
    if os::is_windows_path(path.as_bytes())
        && let Some((drive, below)) = path.split_once(':')
    {
        return format!("file:///{drive}:{}", percent::path(below));
    }
    let mut path = path;
    while let Some(rest) = path.strip_prefix("./") {
        path = rest.trim_start_matches('/');
    }
    percent::path(path)
}

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
struct Run {
    tool: Tool,
    invocations: [Invocation; 1],
    results: Vec<Outcome>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
struct Driver {
    name: &'static str,
    version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: String,
    short_description: Text,
    full_description: Text,
    help: Help,
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    exit_code: Exit,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time_utc: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    rule_id: String,
    rule_index: usize,
    level: &'static str,
    message: Text,
    locations: [Location; 1],
    partial_fingerprints: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
struct Text {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: Physical,
    logical_locations: [Logical; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical {
    fully_qualified_name: String,
    kind: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn rendered() -> String {
        let mut out = Vec::new();
        write(&mut out, &sample::report()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_finding_is_a_result_and_every_code_a_rule() {
        let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
        insta::assert_snapshot!(rendered().replace(&version, "\"version\": \"VERSION\""));
    }

    #[test]
    fn results_name_rules_that_exist() {
        let log: serde_json::Value = serde_json::from_str(&rendered()).unwrap();
        let run = &log["runs"][0];
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(
                run["tool"]["driver"]["rules"][index]["id"],
                result["ruleId"]
            );
        }
    }

    #[test]
    fn a_path_becomes_a_uri_reference() {
        for (path, uri) in [
            ("a b/c:d%.toml", "a%20b/c%3Ad%25.toml"),
            ("././/ops/pgtls.toml", "ops/pgtls.toml"),
            ("../pgtls.toml", "../pgtls.toml"),
            ("/srv/a b.toml", "file:///srv/a%20b.toml"),
            ("-", "-"),
        ] {
            assert_eq!(file_uri(path), uri);
        }
    }

    #[test]
    fn a_rule_is_described_by_the_first_section_of_its_page() {
        let page =
            "Title.\n\n## What it means\n\nOne line\nand another.\n\n## What to do\n\nMore.\n";
        assert_eq!(meaning(page), "One line and another.");
        assert_eq!(meaning("no-such-code"), "no-such-code");
        for code in Code::ALL {
            let length = meaning(code.page()).chars().count();
            assert!((20..=1024).contains(&length), "{}: {length}", code.name());
        }
    }
}
