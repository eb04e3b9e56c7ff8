//! The report of a scan: every connection string with its place, and what is wrong with it.

use serde::Serialize;

use super::{EndpointReport, LocationReport, Verdict};
use crate::conninfo::SslMode;
use crate::demands::Strictness;
use crate::diagnose::{Code, Finding, Hint, Level};
use crate::dialect::Dialect;
use crate::escape::Shown;
use crate::exit::Exit;
use crate::scan::{self, InFile, Located, Place, Scan, Skipped, name_of};

/// A whole scan.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ScanReport {
    /// 1.
    pub schema_version: u32,
    /// Whether nothing that is forbidden was found, and everything was searched.
    pub verdict: Verdict,
    /// The exit code of the run.
    pub exit_code: Exit,
    /// How many files were read.
    pub files: usize,
    /// What was found, in the order of files and lines.
    pub findings: Vec<ScanFindingReport>,
    /// Every connection string, in the same order.
    pub strings: Vec<StringReport>,
    /// Files that were not searched, or not to their end.
    pub skipped: Vec<SkippedReport>,
    /// What a connection showed, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoints: Option<Vec<EndpointReport>>,
}

/// One finding.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ScanFindingReport {
    /// Its severity. Errors are forbidden.
    pub level: Level,
    /// The stable code.
    pub code: Code,
    /// The file; `-` is standard input.
    pub file: Shown,
    /// The line, counted from 1.
    pub line: usize,
    /// What the file calls the string; absent if it has no name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Shown>,
    /// What was observed.
    pub message: Shown,
    /// What to do.
    #[serde(skip_serializing_if = "Hint::is_empty")]
    pub hint: Hint,
}

/// One connection string.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StringReport {
    /// The file; `-` is standard input.
    pub file: Shown,
    /// The line, counted from 1. Of a group of settings it is that of the host.
    pub line: usize,
    /// Whose string it is; `null` if no driver can read it.
    pub dialect: Option<Dialect>,
    /// The host as written, `${...}` for a variable; `null` if the string could not be read.
    pub host: Option<Shown>,
    /// What the file calls it; `null` if it has no name.
    pub key: Option<Shown>,
    /// The string in libpq's words, secrets masked; `null` if it could not be read.
    pub conninfo: Option<Shown>,
    /// How much TLS its driver requires, in libpq's words; `null` if that is not known.
    pub sslmode: Option<SslMode>,
    /// Where the host is, by its name.
    pub place: Place,
    /// Whether the string promises enough.
    pub verdict: scan::Verdict,
    /// The codes of its findings.
    pub codes: Vec<Code>,
}

/// A file that was not searched.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SkippedReport {
    /// The file.
    pub file: Shown,
    /// Why.
    pub reason: Shown,
}

impl ScanReport {
    /// The report of a scan; `endpoints` is what connections showed, with the exit code of that check.
    #[must_use]
    pub fn of(
        scan: &Scan,
        strictness: Strictness,
        endpoints: Option<(Vec<EndpointReport>, Exit)>,
    ) -> Self {
        let mut findings: Vec<ScanFindingReport> = scan
            .strings
            .iter()
            .flat_map(|string| {
                string
                    .found
                    .findings
                    .iter()
                    .map(move |located| of_finding(string, located))
            })
            .collect();
        findings.extend(scan.skipped.iter().map(of_skipped));
        findings.sort_by(|a, b| (&a.file, a.line, a.level).cmp(&(&b.file, b.line, b.level)));
        let exit_of_check = endpoints.as_ref().map_or(Exit::Passed, |(_, exit)| *exit);
        let exit_code = exit(&findings, strictness, exit_of_check);
        Self {
            schema_version: 1,
            verdict: if exit_code == Exit::Passed {
                Verdict::Pass
            } else {
                Verdict::Fail
            },
            exit_code,
            files: scan.files,
            findings,
            strings: scan.strings.iter().map(of_string).collect(),
            skipped: scan
                .skipped
                .iter()
                .map(|skipped| SkippedReport {
                    file: Shown::new(&name_of(&skipped.path)),
                    reason: Shown::new(&skipped.reason.to_string()),
                })
                .collect(),
            endpoints: endpoints.map(|(endpoints, _)| endpoints),
        }
    }
}

/// 1 if something is forbidden, or else 2 if something was not searched.
fn exit(findings: &[ScanFindingReport], strictness: Strictness, check: Exit) -> Exit {
    let is_forbidden = |finding: &ScanFindingReport| match (finding.level, strictness) {
        (Level::Error, _) => finding.code != Code::NotSearched,
        (Level::Warning, Strictness::Strict) => true,
        (Level::Warning, Strictness::Lenient) | (Level::Info, _) => false,
    };
    if check == Exit::Interrupted {
        return check;
    }
    if findings.iter().any(is_forbidden) || check != Exit::Passed {
        return Exit::Unmet;
    }
    if findings
        .iter()
        .any(|finding| finding.code == Code::NotSearched)
    {
        return Exit::Usage;
    }
    Exit::Passed
}

fn of_finding(string: &InFile, located: &Located) -> ScanFindingReport {
    let Finding {
        level,
        code,
        message,
        hint,
        ..
    } = &located.finding;
    ScanFindingReport {
        level: *level,
        code: *code,
        file: string.file.clone(),
        line: located.line,
        key: string.found.key.clone(),
        message: message.clone(),
        hint: hint.clone(),
    }
}

fn of_skipped(skipped: &Skipped) -> ScanFindingReport {
    let file = Shown::new(&name_of(&skipped.path));
    ScanFindingReport {
        level: Level::Error,
        code: Code::NotSearched,
        message: Shown::new(&format!("{file} was not searched: {}", skipped.reason)),
        file,
        line: 1,
        key: None,
        hint: Hint::default(),
    }
}

fn of_string(string: &InFile) -> StringReport {
    let found = &string.found;
    let mut codes: Vec<Code> = found
        .findings
        .iter()
        .map(|located| located.finding.code)
        .collect();
    codes.sort_unstable();
    codes.dedup();
    StringReport {
        file: string.file.clone(),
        line: found.line,
        dialect: found.dialect,
        host: found.host.clone(),
        key: found.key.clone(),
        conninfo: found.conninfo.clone(),
        sslmode: found.sslmode,
        place: found.place,
        verdict: found.verdict,
        codes,
    }
}

impl ScanFindingReport {
    /// What was observed and what to do, on as many lines as needed.
    pub(super) fn full_text(&self) -> String {
        match self.hint.is_empty() {
            true => self.message.to_string(),
            false => format!("{}\n{}", self.message, self.hint),
        }
    }

    /// What to call the string on one line.
    pub(super) fn label(&self) -> String {
        match &self.key {
            Some(key) => format!("{} {key}", self.file),
            None => self.file.to_string(),
        }
    }

    /// Its place.
    pub(super) fn location(&self) -> LocationReport {
        LocationReport {
            file: self.file.clone(),
            line: self.line,
        }
    }
}
