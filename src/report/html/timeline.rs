//! What expires when: one bar for each certificate that a session depends on, the first to end on top.
//!
//! The scale is logarithmic: next week has as much room as the years until a root ends.

use maud::{Markup, html};

use super::{EndpointReport, day, left, urgency};
use crate::report::expiry::{Expiry, expiries};
use crate::words::first_few;

pub(super) fn section(endpoints: &[EndpointReport]) -> Markup {
    let lines = expiries(endpoints);
    let more = lines.len().saturating_sub(MAX_LINES);
    html! {
        @if !lines.is_empty() {
            section aria-labelledby="expiry" {
                h2 #expiry { "What expires when" }
                div.axis aria-hidden="true" {
                    @for (days, name) in TICKS { span.{ "at-" (days) } { (name) } }
                }
                ol.timeline {
                    @for line in lines.iter().take(MAX_LINES) { (bar(line)) }
                }
                @if more > 0 {
                    p { (more) " more certificates end later." }
                }
            }
        }
    }
}

fn bar(line: &Expiry<'_>) -> Markup {
    let Expiry { certificate, users } = line;
    let days = certificate.days_left;
    let end = position(days);
    let named = first_few(users, MAX_USERS, ", ");
    html! {
        li {
            div.what {
                strong { (certificate.subject) }
                " " span.role { (certificate.role) " of " (named) }
            }
            svg.(urgency(days)) viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
                @for (tick, _) in TICKS {
                    rect.tick x=(position(tick)) y="0" width="1" height="10" {}
                }
                @if days < 0 {
                    rect.bar x="0" y="1" width="8" height="8" {}
                } @else {
                    rect.bar x="0" y="3" width=(end.max(8)) height="4" {}
                    rect.bar x=(end.max(8).saturating_sub(8)) y="1" width="8" height="8" {}
                }
            }
            div.when { (day(&certificate.not_after)) " " span.badge.(urgency(days)) { (left(days)) } }
        }
    }
}

/// From 0, now, to 1000, twenty years ahead.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "clamped to the range of the drawing"
)]
fn position(days: i64) -> u32 {
    let scale = |days: i64| (1.0 + days.clamp(0, LAST) as f64 / 5.0).ln();
    (scale(days) / scale(LAST) * 1000.0)
        .round()
        .clamp(0.0, 1000.0) as u32
}

/// Days. `style.css` has the place of each.
const TICKS: [(i64, &str); 7] = [
    (0, "now"),
    (7, "7 d"),
    (30, "30 d"),
    (90, "90 d"),
    (365, "1 y"),
    (1825, "5 y"),
    (LAST, "20 y"),
];

/// Twenty years, in days.
const LAST: i64 = 7_300;

/// More lines than this are no longer a picture.
const MAX_LINES: usize = 80;

/// Endpoints that are named on one line.
const MAX_USERS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_places_each_tick_where_its_line_is() {
        for (days, name) in TICKS {
            let place = f64::from(position(days)) / 10.0;
            let rule = format!(".at-{days} {{ left: {place}% }}");
            assert!(super::super::STYLE.contains(&rule), "{name}: {rule}");
        }
    }

    #[test]
    fn the_scale_rises_and_ends() {
        assert_eq!(
            (
                position(-5),
                position(0),
                position(LAST),
                position(i64::MAX)
            ),
            (0, 0, 1000, 1000)
        );
        let all: Vec<u32> = [1, 2, 7, 30, 90, 365, 3650].map(position).into();
        assert!(all.is_sorted_by(|a, b| a < b), "{all:?}");
    }
}
