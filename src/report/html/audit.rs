//! What an audit found at an endpoint, and what became of the requirements of each profile.

use maud::{Markup, html};

use super::day;
use crate::profile::Compliance;
use crate::report::accepted::tickets_told;
use crate::report::{
    AcceptedReport, AnswerReport, AuditReport, ProfileReport, RequirementReport, ShownReport,
};

pub(super) fn section(audit: &AuditReport) -> Markup {
    html! {
        h4 { "What the server accepts" }
        div.wide role="group" aria-label="What the server accepts" tabindex="0" {
            table {
                thead { tr { th scope="col" { "Asked" } th scope="col" { "Answer" } th scope="col" { "Details" } } }
                tbody {
                    (answer("Sessions without TLS", &audit.plaintext))
                    (answer("GSSAPI encryption", &audit.gss))
                    (answer("Direct TLS", &audit.direct_tls))
                    @if let Some(tls) = &audit.tls {
                        (answer("Direct TLS without ALPN", &tls.direct_tls_without_alpn))
                        @if let Some(large) = &tls.large_hello { (answer("A large ClientHello", large)) }
                        (answer("Plaintext behind the SSLRequest", &tls.plaintext_behind_ssl_request))
                        @for protocol in &tls.protocols {
                            tr {
                                th scope="row" { (protocol.version) }
                                td { (protocol.answer.outcome) }
                                td {
                                    @if let Some(detail) = &protocol.answer.detail { (detail) }
                                    @if let Some(found) = &protocol.accepted { (accepted(found)) }
                                }
                            }
                        }
                        @for shown in &tls.certificates { (certificate(shown)) }
                        @if let Some(count) = tls.tls13_tickets {
                            tr { th scope="row" { "Session tickets" } td { (tickets_told(count)) } td {} }
                        }
                    }
                }
            }
        }
        @for one in &audit.profiles { (profile(one)) }
    }
}

fn answer(label: &str, answer: &AnswerReport) -> Markup {
    html! {
        tr {
            th scope="row" { (label) }
            td { (answer.outcome) }
            td { @if let Some(detail) = &answer.detail { (detail) } }
        }
    }
}

fn accepted(accepted: &AcceptedReport) -> Markup {
    html! {
        p { (accepted.suites_told()) }
        ul {
            @for suite in &accepted.suites {
                li {
                    code { (suite.cipher) }
                    @for weakness in &suite.weaknesses { " " span.badge.warn { (weakness) } }
                }
            }
        }
        @if let Some(groups) = accepted.groups_told() { p { (groups) } }
        @for line in accepted.features_told() { p { (line) } }
    }
}

fn certificate(shown: &ShownReport) -> Markup {
    html! {
        tr {
            th scope="row" { "Certificate, " (shown.asked) }
            td {
                @match shown.verifies {
                    Some(true) => "verifies",
                    Some(false) => span.badge.fail { "does not verify" },
                    None if shown.subject.is_some() => "not verified",
                    None => (shown.answer.outcome),
                }
            }
            td {
                @if let Some(subject) = &shown.subject { (subject) }
                @if let Some(key) = &shown.key { ", " (key) }
                @if let Some(end) = &shown.not_after { ", until " (day(end)) }
                @if let Some(detail) = &shown.answer.detail { (detail) }
            }
        }
    }
}

fn profile(profile: &ProfileReport) -> Markup {
    let label = format!("Profile {}", profile.name);
    html! {
        h4 { (label) ": " (profile.outcomes_told()) }
        p.note { (profile.title) " (" (profile.date) "), " (profile.source) }
        @if let Some(note) = &profile.note { p.note { (note) } }
        div.wide role="group" aria-label=(label) tabindex="0" {
            table {
                thead { tr {
                    th scope="col" { "Clause" } th scope="col" { "Requirement" }
                    th scope="col" { "Outcome" } th scope="col" { "Observed" }
                } }
                tbody {
                    @for one in &profile.requirements {
                        tr {
                            th scope="row" { (one.clause) } td { (one.requirement) }
                            td { (outcome(one)) }
                            td { @if let Some(observed) = &one.observed { (observed) } }
                        }
                    }
                }
            }
        }
    }
}

fn outcome(requirement: &RequirementReport) -> Markup {
    let word = requirement.outcome.to_string().replace('-', " ");
    match requirement.outcome.known() {
        Some(Compliance::Failed) => html! { span.badge.fail { (word) } },
        Some(Compliance::Unknown) => html! { span.badge.warn { (word) } },
        Some(Compliance::Met | Compliance::NotApplicable | Compliance::NotChecked) | None => {
            html! { (word) }
        }
    }
}
