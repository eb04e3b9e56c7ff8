//! The table of all endpoints. The script lets readers sort and filter it.

use maud::{Markup, html};

use super::{EndpointReport, anchor, badge, day};

pub(super) fn section<'a>(
    endpoints: impl Iterator<Item = (&'a EndpointReport, &'a String)>,
) -> Markup {
    html! {
        section aria-labelledby="all" {
            h2 #all { "Endpoints" }
            // It scrolls sideways on a small screen, so it must be reachable by keyboard.
            div.wide role="group" aria-label="Table of all endpoints" tabindex="0" {
                table.endpoints {
                    thead {
                        tr {
                            th scope="col" { "Result" }
                            th scope="col" { "Endpoint" }
                            th scope="col" { "Finding" }
                            th scope="col" { "sslmode" }
                            th scope="col" { "TLS" }
                            th scope="col" { "Expires" }
                            th scope="col" class="number" { "Days left" }
                        }
                    }
                    tbody {
                        @for (index, (endpoint, label)) in endpoints.enumerate() {
                            (row(endpoint, label, index))
                        }
                    }
                }
            }
        }
    }
}

fn row(endpoint: &EndpointReport, label: &str, index: usize) -> Markup {
    let finding = endpoint.decisive();
    let tls = endpoint.tls.as_ref();
    let first = endpoint.first_to_end();
    html! {
        tr {
            td data-value=(endpoint.exit_code.number()) { (badge(endpoint)) }
            td { a href={ "#" (anchor(index)) } { (label) } }
            td { @if let Some(finding) = finding { code { (finding.code) } } @else { "none" } }
            td { (endpoint.sslmode.as_ref().map_or_else(dash, ToString::to_string)) }
            td { (tls.and_then(|tls| tls.protocol.as_ref()).map_or_else(dash, ToString::to_string)) }
            td { (first.map_or_else(dash, |first| day(&first.not_after).to_owned())) }
            @match endpoint.days_left() {
                Some(days) => td.number data-value=(days) {
                    @if days < 0 { "expired" } @else { (days) }
                },
                // Behind all others.
                None => td.number data-value=(i64::MAX) { "–" },
            }
        }
    }
}

fn dash() -> String {
    "–".to_owned()
}
