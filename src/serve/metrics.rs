//! What Prometheus reads: the metrics of `--format prometheus`, and how the schedule goes.

use std::time::Duration;

use crate::report::exposition::{Family, Kind, Samples, Text, ready};

use super::Totals;
use super::board::Board;
use super::moment::Moment;
use super::schedule::Schedule;
use super::slot::{Labelled, Slot, Standing};

/// All of them.
pub(super) fn all(board: &Board, schedule: &Schedule, totals: &Totals, now: Moment) -> String {
    let mut text = Text::default();
    let reports: Vec<Labelled<'_>> = board
        .slots()
        .iter()
        .flat_map(|slot| slot.reports(now))
        .collect();
    add_reports(&mut text, &reports);
    let targets: Vec<(String, Of<'_>)> = board
        .slots()
        .iter()
        .map(|slot| {
            let of = Of {
                slot,
                schedule,
                now,
            };
            (ready(&[("target", slot.target.name())]), of)
        })
        .collect();
    for metric in PER_TARGET {
        text.family(metric.family, |samples| {
            for (target, of) in &targets {
                (metric.fill)(of, &mut samples.with(target));
            }
        });
    }
    of_the_process(&mut text, board, totals, now);
    text.0
}

/// Those of a check.
pub(super) fn of_check(reports: &[Labelled<'_>], took: Duration) -> String {
    let mut text = Text::default();
    add_reports(&mut text, reports);
    let duration = gauge("pgtls_probe_duration_seconds", "How long this check took");
    text.family(duration, |samples| samples.add(&[], took.as_secs_f64()));
    text.0
}

fn add_reports(text: &mut Text, reports: &[Labelled<'_>]) {
    let reports = reports.iter();
    text.endpoints(reports.map(|(label, report)| (label.as_str(), &**report)));
}

/// What a metric is about.
struct Of<'a> {
    slot: &'a Slot,
    schedule: &'a Schedule,
    now: Moment,
}

struct Metric {
    family: Family,
    fill: fn(&Of<'_>, &mut Samples<'_>),
}

const fn gauge(name: &'static str, help: &'static str) -> Family {
    Family {
        name,
        help,
        kind: Kind::Gauge,
    }
}

const fn counter(name: &'static str, help: &'static str) -> Family {
    Family {
        name,
        help,
        kind: Kind::Counter,
    }
}

const PER_TARGET: &[Metric] = &[
    Metric {
        family: gauge(
            "pgtls_result_age_seconds",
            "How long ago the check of the last result began",
        ),
        fill: |of, samples| {
            if let Some(age) = of.slot.age(of.now) {
                samples.add(&[], age.as_secs_f64());
            }
        },
    },
    Metric {
        family: gauge(
            "pgtls_result_stale",
            "Whether no result counts, because the last one is too old or missing, or a date in it has passed; then ssl_probe_success is 0",
        ),
        fill: |of, samples| match of.slot.standing(of.now) {
            Standing::Awaited => {}
            Standing::Fresh(_) => samples.add(&[], 0.0),
            Standing::Stale(_) => samples.add(&[], 1.0),
        },
    },
    Metric {
        family: gauge(
            "pgtls_next_check_timestamp_seconds",
            "When the next check is due, in seconds since 1970",
        ),
        fill: |of, samples| {
            let wait = of.schedule.until_next(of.slot.id, of.now.instant);
            samples.add(&[], seconds(of.now.wall) + wait.as_secs_f64().round());
        },
    },
    Metric {
        family: gauge("pgtls_check_interval_seconds", "How often it is checked"),
        fill: |of, samples| samples.add(&[], of.slot.target.wanted.interval.as_secs_f64()),
    },
    Metric {
        family: counter(
            "pgtls_checks_total",
            "How many checks have ended; broken ones have no result",
        ),
        fill: |of, samples| {
            let counts = of.slot.counts;
            for (result, count) in [
                ("passed", counts.passed),
                ("failed", counts.failed),
                ("broken", counts.broken),
            ] {
                samples.add(&[("result", result)], number(count));
            }
        },
    },
    Metric {
        family: counter(
            "pgtls_checks_missed_total",
            "How many checks of the schedule did not begin, because the one before was still running or there was no room",
        ),
        fill: |of, samples| samples.add(&[], number(of.schedule.missed(of.slot.id))),
    },
    Metric {
        family: Family {
            name: "pgtls_scheduled_check_duration_seconds",
            help: "How long the checks took, with the wait for their turn",
            kind: Kind::Histogram,
        },
        fill: |of, samples| {
            let durations = &of.slot.durations;
            for (bound, count) in durations.buckets() {
                samples.part("_bucket", &[("le", bound)], number(count));
            }
            samples.part("_sum", &[], durations.sum.as_secs_f64());
            samples.part("_count", &[], number(durations.count));
        },
    },
];

fn of_the_process(text: &mut Text, board: &Board, totals: &Totals, now: Moment) {
    text.family(
        gauge("pgtls_build_info", "The version of pgtls"),
        |samples| {
            samples.add(&[("version", env!("CARGO_PKG_VERSION"))], 1.0);
        },
    );
    let ready = if totals.is_ready(board, now) {
        1.0
    } else {
        0.0
    };
    let loaded = if totals.load_failed { 0.0 } else { 1.0 };
    for (name, help, value) in [
        (
            "pgtls_start_timestamp_seconds",
            "When this program started, in seconds since 1970",
            seconds(totals.started),
        ),
        (
            "pgtls_ready",
            "Whether the first round of checks is done",
            ready,
        ),
        (
            "pgtls_targets",
            "How many connection strings are checked",
            count(board.slots().len()),
        ),
        (
            "pgtls_checks_in_flight",
            "How many checks of the schedule are running",
            count(totals.in_flight),
        ),
        (
            "pgtls_probes_in_flight",
            "How many checks for /probe are running",
            count(totals.probes),
        ),
        (
            "pgtls_config_reload_success",
            "Whether the configuration could be read when that was last tried; if not, the one before is in use",
            loaded,
        ),
        (
            "pgtls_config_reload_success_timestamp_seconds",
            "When the configuration in use was read, in seconds since 1970",
            seconds(totals.loaded),
        ),
    ] {
        text.family(gauge(name, help), |samples| samples.add(&[], value));
    }
    let refused = "How many requests for a check were refused, because too many were running";
    let refused = counter("pgtls_probes_refused_total", refused);
    text.family(refused, |samples| samples.add(&[], number(totals.refused)));
}

/// Exact below 2^53, which no count reaches.
fn number(count: u64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    let number = count as f64;
    number
}

fn count(length: usize) -> f64 {
    number(u64::try_from(length).unwrap_or(u64::MAX))
}

fn seconds(wall: i64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "the calendar ends below 2^53")]
    let seconds = wall as f64;
    seconds
}
