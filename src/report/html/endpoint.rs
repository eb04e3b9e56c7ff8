//! The section of one endpoint: findings, fixes, chain and evidence.

use maud::{Markup, html};

use super::{EndpointReport, Outcome, anchor, badge, chain, class_of, evidence};
use crate::diagnose::{Advice, Fix, FixKind, Hint, Level};
use crate::report::{FindingReport, FixReport};

pub(super) fn section(endpoint: &EndpointReport, label: &str, index: usize) -> Markup {
    let id = anchor(index);
    let heading = format!("{id}-name");
    html! {
        article.endpoint.(class_of(Outcome::of(endpoint))) id=(id) aria-labelledby=(heading) {
            h2 id=(heading) { (label) " " (badge(endpoint)) }
            (place(endpoint))
            @for found in endpoint.all_findings() { (finding(found)) }
            @if !endpoint.fixes.is_empty() {
                h3 { "Proven fixes" }
                p.note { "Each was judged by what was observed before it was written here. It leads to a pass, or to the next fault, which is named above." }
                @for one in &endpoint.fixes { (fix(one)) }
            }
            h3 { "Evidence" }
            (chain::drawing(endpoint))
            (evidence::rows(endpoint))
        }
    }
}

/// Where it is, and how it is reached.
fn place(endpoint: &EndpointReport) -> Markup {
    html! {
        dl.place {
            @if let Some(conninfo) = &endpoint.conninfo {
                div { dt { "Connection" } dd { code { (conninfo) } } }
            }
            @if let Some(dialect) = &endpoint.dialect {
                div { dt { "Dialect" } dd { (dialect) } }
            }
            @if let Some(address) = &endpoint.hostaddr {
                div { dt { "Address" } dd { (address) } }
            }
            @if let Some(location) = &endpoint.location {
                div { dt { "From" } dd { (location.file) ", line " (location.line) } }
            }
        }
    }
}

fn finding(finding: &FindingReport) -> Markup {
    let (class, word) = match finding.level.known() {
        Some(Level::Error) => ("fail", "Error"),
        Some(Level::Warning) => ("warn", "Warning"),
        Some(Level::Info) | None => ("info", "Info"),
    };
    html! {
        div.finding.(class) {
            h3 { (word) ": " code { (finding.code) } }
            p { (finding.message) }
            (advice(&finding.hint))
        }
    }
}

/// Sentences as paragraphs, and lines to copy in one block.
fn advice(hint: &Hint) -> Markup {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    for advice in hint.lines() {
        match (advice, blocks.last_mut()) {
            (Advice::Say(text), _) => blocks.push(Block::Sentence(text)),
            (
                Advice::Show(line) | Advice::Do(Fix { after: line, .. }),
                Some(Block::Copy(lines)),
            ) => {
                lines.push(line);
            }
            (Advice::Show(line) | Advice::Do(Fix { after: line, .. }), _) => {
                blocks.push(Block::Copy(vec![line]));
            }
        }
    }
    html! {
        @for block in &blocks {
            @match block {
                Block::Sentence(text) => p { (text) },
                Block::Copy(lines) => pre { code { (lines.join("\n")) } },
            }
        }
    }
}

enum Block<'a> {
    Sentence(&'a str),
    Copy(Vec<&'a str>),
}

fn fix(fix: &FixReport) -> Markup {
    html! {
        div.fix {
            h4 { (fix.target) }
            @if let Some(before) = &fix.before {
                p { "Now:" }
                pre { code { (before) } }
            }
            p {
                @match fix.kind.known() {
                    Some(FixKind::Command) => "Run:",
                    Some(FixKind::String | FixKind::File | FixKind::ServerSetting) | None => "Write:",
                }
            }
            pre { code { (fix.after) } }
        }
    }
}
