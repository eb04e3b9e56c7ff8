//! One self-contained HTML file for auditors and tickets: readable without script, in light and dark, and on paper.
//!
//! The page loads nothing, and its Content-Security-Policy allows only the style and the script that are compiled in,
//! by their hashes. So text from a server that got past the escaping could neither run nor fetch anything.
//! [`maud`] checks the markup when it is compiled, and escapes every value.

mod audit;
mod chain;
mod endpoint;
mod evidence;
mod table;
mod timeline;

use std::io::{self, Write};

use aws_lc_rs::digest;
use data_encoding::BASE64;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::outcome::{Outcome, Tally, headline};
use super::{EndpointReport, Report, Verdict, day, labels};

/// Writes the page.
///
/// # Errors
/// If `out` cannot be written.
pub fn write(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    out.write_all(page(report).into_string().as_bytes())?;
    out.write_all(b"\n")
}

fn page(report: &Report) -> Markup {
    let told = title(report);
    let labels = labels(&report.endpoints);
    let labelled = || report.endpoints.iter().zip(&labels);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { "pgtls: " (told) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header class=(class_of(Outcome::of_run(report))) {
                    p.tool { "pgtls: TLS of PostgreSQL endpoints" }
                    h1 { (told) }
                    @if let Some(instant) = &report.checked_at {
                        p.tool { "Checked at " time datetime=(instant) { (instant) } (maker(report)) }
                    }
                    (counts(report, &labels))
                }
                main {
                    (table::section(labelled()))
                    (timeline::section(&report.endpoints))
                    @for (index, (one, label)) in labelled().enumerate() {
                        (endpoint::section(one, label, index))
                    }
                }
                footer {
                    p {
                        "Written by pgtls " (env!("CARGO_PKG_VERSION"))
                        ". Each finding has a page: " code { "pgtls explain CODE" } "."
                    }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// Which program made the report; another version may have, if this is `pgtls report`.
fn maker(report: &Report) -> String {
    let tool = report.tool.as_ref();
    tool.map_or_else(String::new, |tool| {
        format!(" by {} {}", tool.name, tool.version)
    })
}

/// Nothing but what is compiled in. `base-uri` and `form-action` do not fall back to `default-src`.
fn policy() -> String {
    format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

/// The hash of an inline element: CSP level 3, section 2.3.1 "Source Lists".
fn hash(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    format!("sha256-{}", BASE64.encode(digest.as_ref()))
}

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("table.js");

/// The answer of the run as a title.
fn title(report: &Report) -> String {
    let told = headline(report);
    let mut letters = told.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// The numbers below the headline.
fn counts(report: &Report, labels: &[String]) -> Markup {
    let tally = Tally::of(&report.endpoints);
    let warned = report.endpoints.iter().filter(|one| is_warned(one)).count();
    let next = report
        .endpoints
        .iter()
        .zip(labels)
        .filter_map(|(endpoint, label)| Some((endpoint.first_to_end()?, label)))
        .min_by_key(|(certificate, _)| certificate.days_left);
    html! {
        dl.counts {
            div { dt { "Passed" } dd { (tally.passed()) } }
            div { dt { "Failed" } dd { (tally.failed) } }
            @if tally.open > 0 {
                div { dt { "Open" } dd { (tally.open) } }
            }
            @if tally.skipped > 0 {
                div { dt { "Not finished" } dd { (tally.skipped) } }
            }
            div { dt { "Passed with warnings" } dd { (warned) } }
            div { dt { "Exit code" } dd { (report.exit_code.number()) } }
            @if let Some((certificate, label)) = next {
                div {
                    dt { "First to expire" }
                    dd {
                        (label) ", " (day(&certificate.not_after))
                        " (" (left(certificate.days_left)) ")"
                    }
                }
            }
        }
    }
}

/// Whether it passed and something about it is not as it should be.
fn is_warned(endpoint: &EndpointReport) -> bool {
    endpoint.verdict == Verdict::Pass && endpoint.warnings().next().is_some()
}

/// The mark of an endpoint: a word, and a class for its colour.
fn badge(endpoint: &EndpointReport) -> Markup {
    let outcome = Outcome::of(endpoint);
    let word = outcome.text();
    match outcome {
        Outcome::Pass if is_warned(endpoint) => html! { span.badge.warn { (word) ", warning" } },
        Outcome::Pass => html! { span.badge.pass { (word) } },
        Outcome::Unverified | Outcome::Skip => html! { span.badge.warn { (word) } },
        Outcome::Open => html! {
            span.badge.warn { (word) ", exit " (endpoint.exit_code.number()) }
        },
        Outcome::Fail => html! {
            span.badge.fail { (word) ", exit " (endpoint.exit_code.number()) }
        },
    }
}

fn class_of(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "pass",
        Outcome::Unverified | Outcome::Skip | Outcome::Open => "warn",
        Outcome::Fail => "fail",
    }
}

/// How much time is left. Years are hard to read in days.
fn left(days: i64) -> String {
    match days {
        ..=-1 => "expired".to_owned(),
        1 => "1 day left".to_owned(),
        0..730 => format!("{days} days left"),
        730.. => format!("{} years left", days / 365),
    }
}

/// The class for its colour. No meaning depends on colour alone: the words stand beside it.
fn urgency(days: i64) -> &'static str {
    match days {
        ..0 => "fail",
        0..30 => "warn",
        _ => "pass",
    }
}

/// The anchor of an endpoint's section.
fn anchor(index: usize) -> String {
    format!("endpoint-{}", index.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;
    use crate::report::sample;

    fn written(report: &Report) -> String {
        let mut out = Vec::new();
        write(&mut out, report).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_pass_that_proves_nothing_is_not_green() {
        let page = written(&sample::with(&[sample::unverified()]));
        assert!(page.contains("class=\"endpoint warn\""), "{page}");
        assert!(!page.contains("class=\"endpoint pass\""), "{page}");
    }

    #[test]
    fn a_report_is_one_page() {
        let page = written(&sample::report());
        // Both have files of their own.
        let page = page.replace(STYLE, "(style)").replace(SCRIPT, "(script)");
        insta::assert_snapshot!(page.replace("><", ">\n<"));
    }

    #[test]
    fn an_audit_shows_every_answer_and_the_requirements_of_its_profiles() {
        let mut endpoint = sample::audited("orders", Exit::Unmet);
        let audit = endpoint.audit.as_mut().unwrap();
        audit.profiles = vec![sample::profile()];
        let page = written(&sample::with(&[endpoint]));
        for told in [
            "Profile &lt;i&gt;ours",
            "1 met, 1 failed, 1 unknown, 0 not applicable, 0 not checked",
            "a &lt;b&gt; requirement",
            "<span class=\"badge fail\">failed</span>",
            "<span class=\"badge warn\">unknown</span>",
            "2 suites, in the server's order",
            "Session tickets",
            "A large ClientHello",
        ] {
            assert!(page.contains(told), "{told}: {page}");
        }
    }

    #[test]
    fn the_page_loads_nothing_and_runs_only_its_own_script() {
        let page = written(&sample::report());
        for forbidden in [
            "http://",
            "https://",
            "url(",
            "@import",
            "<link",
            "<img",
            "onclick",
            " style=\"",
        ] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        assert_eq!(page.matches("<script").count(), 1);
        assert!(
            page.contains(&format!("script-src &#39;{}&#39;", hash(SCRIPT)))
                || page.contains(&format!("script-src '{}'", hash(SCRIPT)))
        );
        assert_eq!(
            hash("alert('Hello, world.');"),
            "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng="
        );
    }

    #[test]
    fn text_from_a_server_stays_text() {
        let page = written(&sample::report());
        let body = page.replace(STYLE, "").replace(SCRIPT, "");
        assert!(body.contains("a'&quot;&lt;&amp;&gt;]]&gt;"), "{body}");
        assert!(!body.contains("\"<&>"), "{body}");
    }
}
