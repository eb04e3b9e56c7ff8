//! What Prometheus reads: the metrics of `--format prometheus`, and how the schedule goes.

use std::io::{self, Write};

use crate::report::prometheus::{Family, Kind, write_labelled};

use super::Totals;
use super::schedule::Schedule;
use super::state::{Board, Labelled, Moment, Slot, Standing};

/// Writes everything.
///
/// # Errors
/// If `out` cannot be written.
pub(super) fn write(
    out: &mut dyn Write,
    board: &Board,
    schedule: &Schedule,
    totals: &Totals,
    now: Moment,
) -> io::Result<()> {
    let reports: Vec<Labelled<'_>> = board
        .slots()
        .iter()
        .flat_map(|slot| slot.reports(now))
        .collect();
    write_reports(out, &reports)?;
    for metric in PER_TARGET {
        metric.family.write(out, |sample| {
            for slot in board.slots() {
                let of = Of {
                    slot,
                    schedule,
                    now,
                };
                (metric.fill)(&of, &mut |suffix, labels, value| {
                    let target = ("target", slot.target.name());
                    let all: Vec<_> = std::iter::once(&target).chain(labels).copied().collect();
                    sample(suffix, &all, value);
                });
            }
        })?;
    }
    of_the_process(out, board, totals, now)
}

/// Writes the metrics of these endpoints alone.
///
/// # Errors
/// If `out` cannot be written.
pub(super) fn write_reports(out: &mut dyn Write, reports: &[Labelled<'_>]) -> io::Result<()> {
    let reports = reports.iter();
    write_labelled(
        out,
        reports.map(|(label, report)| (label.as_str(), &**report)),
    )
}

/// What a metric is about.
struct Of<'a> {
    slot: &'a Slot,
    schedule: &'a Schedule,
    now: Moment,
}

struct Metric {
    family: Family,
    fill: fn(&Of<'_>, &mut Fill<'_>),
}

type Fill<'a> = dyn FnMut(&str, &[(&str, &str)], f64) + 'a;

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
        fill: |of, sample| {
            if let Some(age) = of.slot.age(of.now) {
                sample("", &[], age.as_secs_f64());
            }
        },
    },
    Metric {
        family: gauge(
            "pgtls_result_stale",
            "Whether the last result is too old to count, or missing; then ssl_probe_success is 0",
        ),
        fill: |of, sample| match of.slot.standing(of.now) {
            Standing::Awaited => {}
            Standing::Fresh(_) => sample("", &[], 0.0),
            Standing::Stale => sample("", &[], 1.0),
        },
    },
    Metric {
        family: gauge(
            "pgtls_next_check_timestamp_seconds",
            "When the next check is due, in seconds since 1970",
        ),
        fill: |of, sample| {
            let wait = of.schedule.until_next(of.slot.id, of.now.instant);
            sample("", &[], seconds(of.now.wall) + wait.as_secs_f64().round());
        },
    },
    Metric {
        family: gauge("pgtls_check_interval_seconds", "How often it is checked"),
        fill: |of, sample| sample("", &[], of.slot.target.wanted.interval.as_secs_f64()),
    },
    Metric {
        family: counter(
            "pgtls_checks_total",
            "How many checks have ended; broken ones have no result",
        ),
        fill: |of, sample| {
            let counts = of.slot.counts;
            for (result, count) in [
                ("passed", counts.passed),
                ("failed", counts.failed),
                ("broken", counts.broken),
            ] {
                sample("", &[("result", result)], number(count));
            }
        },
    },
    Metric {
        family: counter(
            "pgtls_checks_missed_total",
            "How many checks of the schedule did not begin, because the one before was still running or there was no room",
        ),
        fill: |of, sample| sample("", &[], number(of.schedule.missed(of.slot.id))),
    },
    Metric {
        family: Family {
            name: "pgtls_scheduled_check_duration_seconds",
            help: "How long the checks took, with the wait for their turn",
            kind: Kind::Histogram,
        },
        fill: |of, sample| {
            let durations = &of.slot.durations;
            for (bound, count) in durations.buckets() {
                sample("_bucket", &[("le", bound)], number(count));
            }
            sample("_sum", &[], durations.sum.as_secs_f64());
            sample("_count", &[], number(durations.count));
        },
    },
];

fn of_the_process(
    out: &mut dyn Write,
    board: &Board,
    totals: &Totals,
    now: Moment,
) -> io::Result<()> {
    gauge("pgtls_build_info", "The version of pgtls").write(out, |sample| {
        sample("", &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    })?;
    let ready = if board.is_ready(now) { 1.0 } else { 0.0 };
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
        gauge(name, help).write(out, |sample| sample("", &[], value))?;
    }
    let refused = "How many requests for a check were refused, because too many were running";
    counter("pgtls_probes_refused_total", refused)
        .write(out, |sample| sample("", &[], number(totals.refused)))
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
