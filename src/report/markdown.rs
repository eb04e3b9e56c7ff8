//! Markdown for pull requests, tickets and `$GITHUB_STEP_SUMMARY`: a table of all endpoints, then what is wrong and
//! what to do, with the evidence folded.
//!
//! GitHub and GitLab look for links, mentions and references in rendered text, after every escape is resolved. Only
//! code is exempt ("Basic writing and formatting syntax" in GitHub's documentation; `IGNORED_ANCESTOR_TAGS` in GitLab).
//! So each word that could be more than a word becomes code (`prose`).

use std::io::{self, Write};

use super::outcome::{Outcome, headline};
use super::{EndpointReport, FindingReport, Report, labels, text};
use crate::diagnose::{Advice, Fix, Hint, Level};

/// Writes the whole report.
///
/// # Errors
/// If `out` cannot be written.
pub fn write(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    out.write_all(within(report, usize::MAX).as_bytes())
}

/// The report in at most about this many bytes: rows and details that do not fit are left out, and their number is
/// stated. Failures come first.
pub fn within(report: &Report, limit: usize) -> String {
    let labels = labels(&report.endpoints);
    let labelled = report.endpoints.iter().zip(&labels);
    let mut ordered: Vec<(&EndpointReport, &String)> = labelled.collect();
    ordered.sort_by_key(|(endpoint, _)| Weight::of(endpoint));
    let mut page = Page {
        text: title(report),
        limit: limit.saturating_sub(ROOM_FOR_NOTE),
    };
    let rows: Vec<String> = ordered
        .iter()
        .map(|(endpoint, label)| row(endpoint, label))
        .collect();
    page.text.push_str(HEADER);
    page.take(&rows, "endpoints are not listed");
    let few = ordered.len() <= FEW;
    let details: Vec<String> = ordered
        .iter()
        .filter(|(endpoint, _)| few || Weight::of(endpoint) != Weight::Quiet)
        .map(|(endpoint, label)| details(endpoint, label))
        .collect();
    page.take(&details, "endpoints have no details here");
    page.text
}

/// How much attention an endpoint needs; the first needs most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Failed,
    Skipped,
    Open,
    Warned,
    Quiet,
}

impl Weight {
    fn of(endpoint: &EndpointReport) -> Self {
        match Outcome::of(endpoint) {
            Outcome::Fail => Self::Failed,
            Outcome::Skip => Self::Skipped,
            Outcome::Open => Self::Open,
            Outcome::Unverified => Self::Warned,
            Outcome::Pass if endpoint.warnings().next().is_some() => Self::Warned,
            Outcome::Pass => Self::Quiet,
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Failed => FAILED,
            Self::Skipped => SKIPPED,
            Self::Open => OPEN,
            Self::Warned => WARNED,
            Self::Quiet => PASSED,
        }
    }
}

struct Page {
    text: String,
    limit: usize,
}

impl Page {
    /// Adds as many parts as fit, and says how many do not.
    fn take(&mut self, parts: &[String], missing: &str) {
        for (index, part) in parts.iter().enumerate() {
            if self.text.len().saturating_add(part.len()) > self.limit {
                let left = parts.len().saturating_sub(index);
                self.text.push_str(&format!(
                    "\n{left} {missing}: the report would be too long.\n"
                ));
                return;
            }
            self.text.push_str(part);
        }
    }
}

fn title(report: &Report) -> String {
    let sign = match Outcome::of_run(report) {
        Outcome::Pass => PASSED,
        Outcome::Unverified => WARNED,
        Outcome::Skip => SKIPPED,
        Outcome::Open => OPEN,
        Outcome::Fail => FAILED,
    };
    let told = headline(report);
    let made = match (&report.checked_at, &report.tool) {
        (Some(instant), Some(tool)) => {
            let tool = format!("{} {}", tool.name, tool.version);
            format!("Checked at {} by {}.\n\n", code(instant), code(&tool))
        }
        (Some(_) | None, _) => String::new(),
    };
    format!("## {sign} pgtls: {told}\n\n{made}")
}

const PASSED: &str = "✅";
const WARNED: &str = "⚠️";
const SKIPPED: &str = "⏭️";
const OPEN: &str = "❔";
const FAILED: &str = "❌";

const HEADER: &str =
    "| Result | Endpoint | Finding | TLS | Days left |\n| --- | --- | --- | --- | ---: |\n";

fn row(endpoint: &EndpointReport, label: &str) -> String {
    let outcome = Outcome::of(endpoint);
    let word = outcome.text();
    let result = match outcome {
        Outcome::Pass => format!("{PASSED} {word}"),
        Outcome::Unverified => format!("{WARNED} {word}"),
        Outcome::Skip => format!("{SKIPPED} {word}"),
        Outcome::Open => format!("{OPEN} {word}, exit {}", endpoint.exit_code.number()),
        Outcome::Fail => format!("{FAILED} {word}, exit {}", endpoint.exit_code.number()),
    };
    let decisive = endpoint.decisive();
    let tls = endpoint.tls.as_ref().and_then(|tls| tls.protocol.as_ref());
    let days = endpoint.days_left();
    format!(
        "| {result} | {} | {} | {} | {} |\n",
        cell(label),
        decisive.map_or_else(String::new, |one| cell(&one.code.to_string())),
        tls.map_or_else(String::new, |protocol| cell(&protocol.to_string())),
        days.map_or_else(String::new, |days| match days {
            ..0 => "expired".to_owned(),
            days => days.to_string(),
        }),
    )
}

fn details(endpoint: &EndpointReport, label: &str) -> String {
    let sign = Weight::of(endpoint).sign();
    let mut text = format!("\n### {sign} {}\n\n", code(label));
    for found in endpoint.all_findings() {
        text.push_str(&finding(found));
    }
    let evidence = text::evidence(endpoint, label);
    text.push_str(&format!(
        "<details><summary>Evidence</summary>\n\n{}\n</details>\n",
        fenced(evidence.trim_end())
    ));
    text
}

fn finding(finding: &FindingReport) -> String {
    let level = finding.level.known().unwrap_or(Level::Info);
    told(
        level,
        &finding.code.to_string(),
        &finding.message,
        &finding.hint,
    )
}

/// A finding: its level and code, what was observed, and what to do.
pub(super) fn told(level: Level, name: &str, message: &str, hint: &Hint) -> String {
    let level = match level {
        Level::Error => "Error",
        Level::Warning => "Warning",
        Level::Info => "Info",
    };
    let mut text = format!("**{level}** {}: {}\n\n", code(name), prose(message));
    let mut copied: Vec<&str> = Vec::new();
    for advice in hint.lines() {
        match advice {
            Advice::Say(said) => {
                flush(&mut text, &mut copied);
                text.push_str(&format!("{}\n\n", prose(said)));
            }
            Advice::Show(line) | Advice::Do(Fix { after: line, .. }) => copied.push(line),
        }
    }
    flush(&mut text, &mut copied);
    text
}

/// Ends a block of lines to copy.
fn flush(text: &mut String, copied: &mut Vec<&str>) {
    if !copied.is_empty() {
        text.push_str(&format!("{}\n", fenced(&copied.join("\n"))));
        copied.clear();
    }
}

/// A block that is shown as it is: its fence is longer than any run of backticks in it.
pub(super) fn fenced(text: &str) -> String {
    let fence = "`".repeat(longest_run(text).saturating_add(1).max(3));
    format!("{fence}text\n{text}\n{fence}\n")
}

/// A sentence, in which each word that could be a link, an image, a mention, a tag or a format is code.
pub(crate) fn prose(text: &str) -> String {
    let words = text.trim().split(' ').enumerate();
    let words = words.map(|(index, word)| match word {
        "" => String::new(),
        word if is_plain(word) && (index > 0 || begins_a_sentence(word)) => word.to_owned(),
        word => code(word),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Whether the word at the beginning of a line is not a list, a rule or a bot's command.
fn begins_a_sentence(word: &str) -> bool {
    let number = word.trim_end_matches(['.', ')']);
    let is_list = number != word && number.bytes().all(|byte| byte.is_ascii_digit());
    word.starts_with(|c: char| c.is_alphanumeric() || "'\"(".contains(c)) && !is_list
}

/// Whether no renderer takes the word for anything else: GitHub links `www.`, `scheme:`, `@name`, `#1`, `GH-1` and
/// commits, and shows `:name:` as an image.
fn is_plain(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let colons = word.matches(':').count();
    let is_commit = |part: &str| {
        (7..=40).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    word.chars()
        .all(|c| c.is_alphanumeric() || ".,;:'\"()/=?-…–".contains(c))
        && !lower.contains("www.")
        && !lower.contains("://")
        && !lower.contains("gh-")
        && colons < 2
        && !word.split(|c: char| !c.is_alphanumeric()).any(is_commit)
}

/// Text as code, in which nothing has a meaning.
pub(super) fn code(text: &str) -> String {
    // Without any character it would be two backticks.
    if text.trim().is_empty() {
        return "(empty)".to_owned();
    }
    let line = text.replace(['\n', '\r'], " ");
    let fence = "`".repeat(longest_run(&line).saturating_add(1));
    // Blanks at both ends are taken away again.
    let blank = match line.starts_with(['`', ' ']) || line.ends_with(['`', ' ']) {
        true => " ",
        false => "",
    };
    format!("{fence}{blank}{line}{blank}{fence}")
}

/// Code in a table. A bar ends the cell even in code, and escapes of it differ between renderers.
pub(crate) fn cell(text: &str) -> String {
    code(&text.replace('|', "\\x7c"))
}

fn longest_run(text: &str) -> usize {
    let runs = text.split(|c| c != '`').map(str::len);
    runs.max().unwrap_or(0)
}

/// Up to this many endpoints have details even if there is nothing to say about them.
const FEW: usize = 4;

/// Bytes for the sentence about what was left out, twice.
const ROOM_FOR_NOTE: usize = 256;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::sample;

    #[test]
    fn failures_come_first_and_say_what_to_do() {
        let mut out = Vec::new();
        write(&mut out, &sample::report()).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }

    #[test]
    fn each_finding_is_told_once() {
        let report = sample::with(&[sample::passing()]);
        let text = within(&report, usize::MAX);
        for told in ["psql would find no root file here", "sslrootcert=root.crt"] {
            assert_eq!(text.matches(told).count(), 1, "{told}: {text}");
        }
    }

    #[test]
    fn what_could_be_more_than_a_word_is_code() {
        for plain in [
            "server certificate for \"pg-1.internal\" does not match host name \"db.example.com\"",
            "Did you mean sslmode?",
            "psql would find no root file here: sslmode=require",
            "Zürich, 例え",
        ] {
            assert_eq!(prose(plain), plain);
        }
        for (text, expected) in [
            ("see @root now", "see `@root` now"),
            ("<img src=x>", "`<img` `src=x>`"),
            ("[a](b) ![a](b)", "`[a](b)` `![a](b)`"),
            ("www.evil.example", "`www.evil.example`"),
            ("(https://evil.example)", "`(https://evil.example)`"),
            ("a@b.example", "`a@b.example`"),
            ("#1 GH-1 :bug: $x$", "`#1` `GH-1` `:bug:` `$x$`"),
            ("at deadbeef", "at `deadbeef`"),
            ("`x` ``", "`` `x` `` ``` `` ```"),
            ("a_b* c|d", "`a_b*` `c|d`"),
            ("- a", "`-` a"),
            ("1. a", "`1.` a"),
            ("/close a", "`/close` a"),
        ] {
            assert_eq!(prose(text), expected);
        }
        assert_eq!(code(""), "(empty)");
        assert_eq!(cell("a|b"), "`a\\x7cb`");
        assert_eq!(fenced("a ```` b"), "`````text\na ```` b\n`````\n");
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let endpoints = vec![sample::passing(); 300];
        let mut report = sample::report();
        report.endpoints.extend(endpoints);
        let whole = within(&report, usize::MAX);
        for limit in [1_000, 5_000, whole.len().saturating_sub(1)] {
            let text = within(&report, limit);
            assert!(text.len() <= limit, "{limit}: {}", text.len());
            assert!(text.contains("the report would be too long"), "{text}");
            assert!(text.contains("pgtls: 4 of 305 endpoints failed"), "{text}");
        }
        assert!(!whole.contains("too long"));
    }

    proptest! {
        /// Outside of code nothing is left that any renderer could act on.
        #[test]
        fn no_sentence_has_a_sign_outside_of_code(text in "[ -~`@<\\[|]{0,60}") {
            let told = prose(&text);
            let mut rest = told.as_str();
            let mut outside = String::new();
            while let Some(start) = rest.find('`') {
                outside.push_str(&rest[..start]);
                let run = rest[start..].len() - rest[start..].trim_start_matches('`').len();
                let fence = "`".repeat(run);
                let body = &rest[start + run..];
                let mut from = 0;
                let end = loop {
                    let at = from + body[from..].find('`').unwrap();
                    let length = body[at..].len() - body[at..].trim_start_matches('`').len();
                    if length == fence.len() {
                        break at + length;
                    }
                    from = at + length;
                };
                rest = &body[end..];
            }
            outside.push_str(rest);
            prop_assert!(!outside.contains(['@', '<', '[', ']', '|', '*', '_', '#', '&', '\\', '~', '$']), "{told}");
        }
    }
}
