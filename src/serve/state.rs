//! The last result of every target, and how old it is. Pure: the time is an argument.
//!
//! A result counts for two intervals from the moment at which its check began, and a pass no longer than the certificates
//! on which it depends. After that the target counts as failed: it must never look like a fresh pass.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use crate::diagnose::{Code, NoResult, no_result};
use crate::escape::Shown;
use crate::exit::Exit;
use crate::report::{EndpointReport, Report, Verdict};

use super::histogram::Histogram;
use super::schedule::Id;
use super::target::Target;

/// One moment by both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// By the clock that never jumps, and that stands still while the machine sleeps.
    pub(super) instant: Instant,
    /// By the calendar, in seconds since 1970-01-01T00:00:00Z.
    pub(super) wall: i64,
}

impl Moment {
    /// The time from then until now: the longer one by either clock. So neither a machine that slept nor a calendar
    /// that was set back makes a result look younger.
    pub(super) fn age(self, now: Self) -> Duration {
        let passed = now.instant.saturating_duration_since(self.instant);
        let by_calendar = now.wall.saturating_sub(self.wall);
        let by_calendar = Duration::from_secs(u64::try_from(by_calendar).unwrap_or(0));
        // The calendar is read in whole seconds.
        passed.max(by_calendar.saturating_sub(Duration::from_secs(1)))
    }
}

/// What a check found.
pub(super) struct Found {
    /// The reports of the string's endpoints.
    pub(super) reports: Vec<EndpointReport>,
    /// When the check began.
    pub(super) begun: Moment,
    /// How long it took, from its turn in the schedule.
    pub(super) took: Duration,
    /// When something ends on which a pass among them depends, by the calendar.
    pub(super) ends: Option<i64>,
}

impl Found {
    fn exit(&self) -> Exit {
        Exit::of_all(self.reports.iter().map(|report| report.exit_code))
    }
}

/// How often a target was checked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) passed: u64,
    pub(super) failed: u64,
    /// How often there was no result, because the check itself broke.
    pub(super) broken: u64,
}

/// A target with what is known of it.
pub(super) struct Slot {
    pub(super) id: Id,
    pub(super) target: Target,
    /// Since when it is in the configuration as it is.
    added: Moment,
    last: Last,
    /// How long the last result counts, or how long the first one is awaited.
    counts_for: Duration,
    pub(super) counts: Counts,
    pub(super) durations: Histogram,
    /// What was said of it last.
    said: Option<State>,
}

enum Last {
    /// There was none yet.
    Nothing,
    Found(Found),
    /// The last check ended without a result, for this reason.
    Broken(String),
}

/// What is known of a target now.
#[derive(Clone, Copy)]
pub(super) enum Standing<'a> {
    /// Its first check is not done, and not overdue.
    Awaited,
    /// The last result counts.
    Fresh(&'a Found),
    /// No result counts, for this reason.
    Stale(NoResult<'a>),
}

/// The report of an endpoint, and what metrics call it.
pub(super) type Labelled<'a> = (String, Cow<'a, EndpointReport>);

/// What is worth a line when it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    exit: Exit,
    code: Option<Code>,
}

impl Slot {
    pub(super) fn standing(&self, now: Moment) -> Standing<'_> {
        let counts_for = self.counts_for;
        let found = match &self.last {
            Last::Found(found) => found,
            Last::Nothing if self.added.age(now) <= counts_for => return Standing::Awaited,
            Last::Nothing => return Standing::Stale(NoResult::Awaited),
            Last::Broken(why) => return Standing::Stale(NoResult::Broken(why)),
        };
        let age = found.begun.age(now);
        match found.ends.filter(|end| *end <= now.wall) {
            _ if age > counts_for => Standing::Stale(NoResult::TooOld { age, counts_for }),
            Some(end) => Standing::Stale(NoResult::Ended(end)),
            None => Standing::Fresh(found),
        }
    }

    /// How old the last result is.
    pub(super) fn age(&self, now: Moment) -> Option<Duration> {
        match &self.last {
            Last::Found(found) => Some(found.begun.age(now)),
            Last::Nothing | Last::Broken(_) => None,
        }
    }

    /// How old the last result is, or how long there is none.
    fn waited(&self, now: Moment) -> Duration {
        self.age(now).unwrap_or_else(|| self.added.age(now))
    }

    /// Each endpoint with its label; none while the first result is awaited. Those whose result is too old have
    /// failed.
    pub(super) fn reports(&self, now: Moment) -> Vec<Labelled<'_>> {
        match self.standing(now) {
            Standing::Awaited => Vec::new(),
            Standing::Fresh(found) => {
                let reports = found.reports.iter().enumerate();
                reports
                    .map(|(place, report)| (self.target.label(place), Cow::Borrowed(report)))
                    .collect()
            }
            Standing::Stale(why) => self.without_result(why),
        }
    }

    /// Each endpoint as one that failed, because no result counts.
    fn without_result(&self, why: NoResult<'_>) -> Vec<Labelled<'_>> {
        let report = EndpointReport::unread(&no_result(why));
        let labels = self.target.labels.iter();
        labels
            .map(|label| {
                let named = EndpointReport {
                    name: Some(Shown::new(label)),
                    ..report.clone()
                };
                (label.clone(), Cow::Owned(named))
            })
            .collect()
    }

    /// What has changed since it was said last. A pass at the beginning is not news.
    fn news(&mut self, now: Moment) -> Option<Change> {
        let reports: Cow<'_, [EndpointReport]> = match self.standing(now) {
            Standing::Awaited => return None,
            Standing::Fresh(found) => found.reports.as_slice().into(),
            Standing::Stale(why) => vec![EndpointReport::unread(&no_result(why))].into(),
        };
        let exit = Exit::of_all(reports.iter().map(|report| report.exit_code));
        let errors = || reports.iter().filter_map(|report| report.error.as_ref());
        let error = errors()
            .find(|error| {
                error
                    .code
                    .known()
                    .is_some_and(|code| code.exits().contains(&exit))
            })
            .or_else(|| errors().next());
        let state = State {
            exit,
            code: error.and_then(|error| error.code.known()),
        };
        if self.said == Some(state) {
            return None;
        }
        let change = Change {
            target: Shown::new(self.target.name()),
            before: self.said.map(|said| said.exit),
            exit,
            code: error.map(|error| error.code.to_string()),
            message: error.map(|error| error.message.clone()),
        };
        let first_pass = self.said.is_none() && exit == Exit::Passed;
        self.said = Some(state);
        (!first_pass).then_some(change)
    }
}

/// A target is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its name.
    pub target: Shown,
    /// The exit code before; nothing if this is the first result.
    pub before: Option<Exit>,
    /// The exit code now.
    pub exit: Exit,
    /// The code of the finding that decided.
    pub code: Option<String>,
    /// What was seen.
    pub message: Option<Shown>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            target,
            before,
            exit,
            code,
            message,
        } = self;
        match Verdict::of(*exit) {
            Verdict::Pass => write!(f, "{target}: PASS")?,
            Verdict::Fail => write!(f, "{target}: FAIL, exit {}", exit.number())?,
        }
        if let Some(code) = code {
            write!(f, ", {code}")?;
        }
        if let Some(message) = message {
            write!(f, ": {message}")?;
        }
        match before {
            Some(Exit::Passed) => f.write_str(" (passed before)"),
            Some(before) => write!(f, " (exit {} before)", before.number()),
            None => Ok(()),
        }
    }
}

/// All targets, in the order of the configuration.
pub(super) struct Board {
    slots: Vec<Slot>,
    next: Id,
}

/// What became of the targets when a configuration was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Replaced {
    /// New ones, and those that are not as they were.
    pub(super) added: Vec<Id>,
    pub(super) removed: Vec<Id>,
    /// Those whose results stay, but that may be due at other times.
    pub(super) kept: Vec<Id>,
}

impl Board {
    pub(super) fn new() -> Self {
        Self {
            slots: Vec::new(),
            next: Id::FIRST,
        }
    }

    /// These are the targets from now on. What is known of one stays only if nothing about it has changed.
    pub(super) fn replace(&mut self, targets: Vec<Target>, now: Moment) -> Replaced {
        let mut old = std::mem::take(&mut self.slots);
        let mut replaced = Replaced::default();
        for target in targets {
            let same = old
                .iter()
                .position(|slot| slot.target.is_checked_like(&target));
            let slot = match same {
                Some(place) => {
                    let slot = old.swap_remove(place);
                    replaced.kept.push(slot.id);
                    // With a shorter interval the result is not too old at once: its next check comes within two of them.
                    let from_now = slot.waited(now).saturating_add(twice(&target));
                    Slot {
                        counts_for: slot.counts_for.min(from_now),
                        target,
                        ..slot
                    }
                }
                None => {
                    let id = self.next;
                    self.next = id.next();
                    replaced.added.push(id);
                    Slot {
                        id,
                        counts_for: twice(&target),
                        target,
                        added: now,
                        last: Last::Nothing,
                        counts: Counts::default(),
                        durations: Histogram::default(),
                        said: None,
                    }
                }
            };
            self.slots.push(slot);
        }
        replaced.removed = old.into_iter().map(|slot| slot.id).collect();
        replaced
    }

    pub(super) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    pub(super) fn get(&self, id: Id) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.id == id)
    }

    /// The target that `/probe` calls so.
    pub(super) fn named(&self, name: &str) -> Option<&Slot> {
        let mut slots = self.slots.iter();
        slots.find(|slot| slot.target.labels.iter().any(|label| label == name))
    }

    /// A check has ended. If its target is not in the configuration any more, nothing happens.
    pub(super) fn publish(&mut self, id: Id, found: Found) {
        if found.reports.is_empty() {
            // No endpoint would mean that none failed.
            return self.break_off(id, "the check has no result");
        }
        let Some(slot) = self.slots.iter_mut().find(|slot| slot.id == id) else {
            return;
        };
        let count = match Verdict::of(found.exit()) {
            Verdict::Pass => &mut slot.counts.passed,
            Verdict::Fail => &mut slot.counts.failed,
        };
        *count = count.saturating_add(1);
        slot.durations.record(found.took);
        slot.last = Last::Found(found);
        slot.counts_for = twice(&slot.target);
    }

    /// A check has ended without a result. What was known before does not count any more.
    pub(super) fn break_off(&mut self, id: Id, why: &str) {
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.id == id) {
            slot.counts.broken = slot.counts.broken.saturating_add(1);
            slot.last = Last::Broken(why.to_owned());
        }
    }

    /// Those whose last pass has ended, as something has on which it depended.
    pub(super) fn ended(&self, now: Moment) -> impl Iterator<Item = Id> {
        let has_ended =
            move |slot: &&Slot| matches!(slot.standing(now), Standing::Stale(NoResult::Ended(_)));
        self.slots.iter().filter(has_ended).map(|slot| slot.id)
    }

    /// Whether every target has a result, or has been waited for long enough.
    pub(super) fn is_ready(&self, now: Moment) -> bool {
        let mut slots = self.slots.iter();
        slots.all(|slot| !matches!(slot.standing(now), Standing::Awaited))
    }

    /// What has changed since this was called last.
    pub(super) fn news(&mut self, now: Moment) -> Vec<Change> {
        let slots = self.slots.iter_mut();
        slots.filter_map(|slot| slot.news(now)).collect()
    }

    /// How many targets pass, and how many do not.
    pub(super) fn tally(&self, now: Moment) -> (usize, usize) {
        let passes = |slot: &&Slot| match slot.standing(now) {
            Standing::Fresh(found) => found.exit() == Exit::Passed,
            Standing::Awaited | Standing::Stale(_) => false,
        };
        let passed = self.slots.iter().filter(passes).count();
        (passed, self.slots.len().saturating_sub(passed))
    }

    /// A report of all targets. Those without a result have not passed.
    pub(super) fn report(&self, now: Moment) -> Report {
        let all = self.slots.iter().flat_map(|slot| match slot.standing(now) {
            Standing::Awaited => slot.without_result(NoResult::Awaited),
            Standing::Fresh(_) | Standing::Stale(_) => slot.reports(now),
        });
        let endpoints: Vec<EndpointReport> = all
            .map(|(label, report)| EndpointReport {
                name: Some(Shown::new(&label)),
                ..report.into_owned()
            })
            .collect();
        let exit = Exit::of_all(endpoints.iter().map(|endpoint| endpoint.exit_code));
        Report::new(endpoints, exit, now.wall)
    }
}

/// How long a result of a target counts.
fn twice(target: &Target) -> Duration {
    target.wanted.interval.saturating_mul(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conninfo::Nowhere;
    use crate::report::sample;
    use crate::serve::target::tests::wanted;

    /// Two targets with an interval of a minute, `a` and `b`, from this moment.
    fn board() -> (Board, Moment, Vec<Id>) {
        let mut board = Board::new();
        let begun = Moment {
            instant: Instant::now(),
            wall: 1_800_000_000,
        };
        let replaced = board.replace(targets(&["a", "b"]), begun);
        (board, begun, replaced.added)
    }

    fn targets(names: &[&str]) -> Vec<Target> {
        let wanted = names
            .iter()
            .map(|name| wanted(Some(name), &format!("host={name} user=u")));
        Target::all(wanted.collect(), &Nowhere)
    }

    fn later(moment: Moment, seconds: u64) -> Moment {
        Moment {
            instant: moment.instant + Duration::from_secs(seconds),
            wall: moment.wall + i64::try_from(seconds).unwrap(),
        }
    }

    fn found(begun: Moment, report: EndpointReport) -> Found {
        Found {
            reports: vec![report],
            begun,
            took: Duration::from_millis(5),
            ends: None,
        }
    }

    /// Verdict, exit code and error of each target.
    fn states(board: &Board, now: Moment) -> Vec<(String, u8, Option<String>)> {
        let all = board.slots().iter().flat_map(|slot| slot.reports(now));
        let states = all.map(|(label, report)| {
            let code = report.error.as_ref().map(|error| error.code.to_string());
            (label, report.exit_code.number(), code)
        });
        states.collect()
    }

    fn stale(name: &str) -> (String, u8, Option<String>) {
        (name.to_owned(), 3, Some("stale-result".to_owned()))
    }

    #[test]
    fn a_pass_counts_for_two_intervals_and_then_it_is_a_failure() {
        let (mut board, begun, ids) = board();
        assert_eq!(states(&board, begun), []);
        assert!(!board.is_ready(begun));
        board.publish(ids[0], found(begun, sample::passing()));
        board.publish(ids[1], found(later(begun, 60), sample::passing()));
        let pass = |name: &str| (name.to_owned(), 0, None);
        assert_eq!(states(&board, later(begun, 120)), [pass("a"), pass("b")]);
        assert_eq!(states(&board, later(begun, 121)), [stale("a"), pass("b")]);
        assert_eq!(states(&board, later(begun, 181)), [stale("a"), stale("b")]);
        assert_eq!(board.tally(later(begun, 121)), (1, 1));
        let report = board.report(later(begun, 121));
        assert_eq!(report.exit_code, Exit::Unreachable);
        assert_eq!(
            board.slots()[0].age(later(begun, 121)),
            Some(Duration::from_secs(121))
        );
    }

    #[test]
    fn neither_a_machine_that_slept_nor_a_clock_that_was_set_back_makes_a_result_younger() {
        let (mut board, begun, ids) = board();
        board.publish(ids[0], found(begun, sample::passing()));
        let slept = Moment {
            wall: begun.wall + 3_600,
            ..later(begun, 1)
        };
        assert_eq!(states(&board, slept).first(), Some(&stale("a")));
        let set_back = Moment {
            wall: begun.wall - 3_600,
            ..later(begun, 121)
        };
        assert_eq!(states(&board, set_back).first(), Some(&stale("a")));
        let set_back = Moment {
            wall: begun.wall - 3_600,
            ..later(begun, 100)
        };
        assert_eq!(
            states(&board, set_back).first(),
            Some(&("a".to_owned(), 0, None))
        );
    }

    #[test]
    fn a_pass_ends_with_what_it_depends_on() {
        let (mut board, begun, ids) = board();
        let ending = |moment: Moment, ends| Found {
            ends: Some(ends),
            ..found(moment, sample::passing())
        };
        board.publish(ids[0], ending(begun, begun.wall + 30));
        board.publish(ids[1], ending(begun, begun.wall + 3_000));
        let pass = |name: &str| (name.to_owned(), 0, None);
        let last = later(begun, 29);
        assert_eq!(states(&board, last), [pass("a"), pass("b")]);
        assert_eq!(board.ended(last).count(), 0);
        let end = later(begun, 30);
        assert_eq!(states(&board, end), [stale("a"), pass("b")]);
        assert_eq!(board.ended(end).collect::<Vec<_>>(), ids[..1]);
        assert_eq!(board.tally(end), (1, 1));
        let news: Vec<String> = board.news(end).iter().map(ToString::to_string).collect();
        let why = "a certificate or CRL on which the last pass depended ended on 2027-01-15 08:00:30 UTC, and the next \
                   check is not done";
        assert_eq!(news, [format!("a: FAIL, exit 3, stale-result: {why}")]);
        // The next check decides.
        board.publish(ids[0], ending(end, begun.wall + 90));
        assert_eq!(states(&board, end), [pass("a"), pass("b")]);
        assert_eq!(board.ended(end).count(), 0);
    }

    #[test]
    fn a_shorter_interval_makes_no_result_too_old_before_its_next_check() {
        let (mut board, begun, ids) = board();
        let hourly = |interval| {
            let mut all = targets(&["a", "b"]);
            all[0].wanted.interval = Duration::from_secs(interval);
            all
        };
        board.replace(hourly(3_600), begun);
        board.publish(ids[0], found(begun, sample::passing()));
        board.publish(ids[1], found(begun, sample::passing()));
        let reload = later(begun, 3_000);
        board.replace(hourly(60), reload);
        let first = |now| states(&board, now).swap_remove(0);
        let pass = ("a".to_owned(), 0, None);
        assert_eq!(first(reload), pass);
        assert_eq!(first(later(reload, 120)), pass);
        assert_eq!(first(later(reload, 121)), stale("a"));
        // To change it again and again keeps no result alive.
        for second in 0..6_000 {
            let interval = if second % 2 == 0 { 3_599 } else { 3_600 };
            board.replace(hourly(interval), later(reload, second));
        }
        assert_eq!(states(&board, later(begun, 7_201))[0], stale("a"));
    }

    #[test]
    fn a_first_result_that_does_not_come_is_a_failure() {
        let (board, begun, _) = board();
        assert_eq!(states(&board, later(begun, 120)), []);
        assert_eq!(states(&board, later(begun, 121)), [stale("a"), stale("b")]);
        assert!(board.is_ready(later(begun, 121)));
        // The page never says that everything passed before it did.
        assert_eq!(board.report(begun).exit_code, Exit::Unreachable);
        assert_eq!(board.report(begun).endpoints.len(), 2);
    }

    #[test]
    fn a_check_that_breaks_off_takes_the_pass_away() {
        let (mut board, begun, ids) = board();
        board.publish(ids[0], found(begun, sample::passing()));
        board.break_off(ids[0], "no thread");
        assert_eq!(states(&board, later(begun, 1)), [stale("a")]);
        let nothing = Found {
            reports: Vec::new(),
            begun,
            took: Duration::ZERO,
            ends: None,
        };
        board.publish(ids[1], nothing);
        assert_eq!(states(&board, later(begun, 1)), [stale("a"), stale("b")]);
        assert_eq!(board.slots()[1].counts.broken, 1);
        assert_eq!(board.slots()[1].counts.passed, 0);
    }

    #[test]
    fn a_new_configuration_keeps_only_what_has_not_changed() {
        let (mut board, begun, ids) = board();
        for id in &ids {
            board.publish(*id, found(begun, sample::passing()));
        }
        let mut targets = targets(&["b", "c"]);
        targets[0].wanted.interval = Duration::from_secs(600);
        let replaced = board.replace(targets, begun);
        assert_eq!(replaced.kept, [ids[1]]);
        assert_eq!(replaced.removed, [ids[0]]);
        assert_eq!(replaced.added.len(), 1);
        assert_eq!(states(&board, begun), [("b".to_owned(), 0, None)]);
        // The result of a check that began before goes nowhere.
        board.publish(ids[0], found(begun, sample::passing()));
        assert_eq!(states(&board, begun).len(), 1);
        // The same name with another string is another target.
        let other = Target::all(vec![wanted(Some("b"), "host=elsewhere user=u")], &Nowhere);
        let replaced = board.replace(other, begun);
        assert_eq!(replaced.removed.len(), 2);
        assert_eq!(states(&board, begun), []);
    }

    #[test]
    fn news_are_told_once() {
        let (mut board, begun, ids) = board();
        assert_eq!(board.news(begun), []);
        let mut failing = sample::passing();
        failing.verdict = Verdict::Fail;
        failing.exit_code = Exit::Untrusted;
        board.publish(ids[0], found(begun, sample::passing()));
        board.publish(ids[1], found(begun, failing.clone()));
        let told = |changes: Vec<Change>| -> Vec<String> {
            changes.iter().map(ToString::to_string).collect()
        };
        assert_eq!(told(board.news(begun)), ["b: FAIL, exit 6"]);
        assert_eq!(told(board.news(begun)), Vec::<String>::new());
        board.publish(ids[0], found(begun, failing));
        board.publish(ids[1], found(begun, sample::passing()));
        assert_eq!(
            told(board.news(begun)),
            ["a: FAIL, exit 6 (passed before)", "b: PASS (exit 6 before)"]
        );
        let old = told(board.news(later(begun, 121)));
        assert_eq!(
            old[1],
            "b: FAIL, exit 3, stale-result: the last check began 121 s ago, and its result counts for 120 s (passed before)"
        );
    }

    #[test]
    fn metrics_of_an_old_result_have_no_certificates() {
        let (mut board, begun, ids) = board();
        board.publish(ids[0], found(begun, sample::passing()));
        let mut schedule = crate::serve::schedule::Schedule::new(begun.instant);
        let rhythm = crate::serve::schedule::Rhythm::new(Duration::from_secs(60), 1, "a");
        schedule.add(ids[0], rhythm, 1, begun.instant);
        let rendered = |now: Moment| {
            let totals = crate::serve::Totals::default();
            crate::serve::metrics::all(&board, &schedule, &totals, now)
        };
        let fresh = rendered(later(begun, 60));
        assert!(
            fresh.contains("ssl_probe_success{target=\"a\"} 1\n"),
            "{fresh}"
        );
        assert!(fresh.contains("ssl_cert_not_after{target=\"a\""), "{fresh}");
        assert!(
            fresh.contains("pgtls_result_stale{target=\"a\"} 0\n"),
            "{fresh}"
        );
        assert!(
            !fresh.contains("ssl_probe_success{target=\"b\"}"),
            "{fresh}"
        );
        let old = rendered(later(begun, 121));
        assert!(old.contains("ssl_probe_success{target=\"a\"} 0\n"), "{old}");
        assert!(old.contains("ssl_probe_success{target=\"b\"} 0\n"), "{old}");
        assert!(
            old.contains("pgtls_result_age_seconds{target=\"a\"} 121\n"),
            "{old}"
        );
        assert!(!old.contains("ssl_cert_not_after{target=\"a\""), "{old}");
        assert!(!old.contains("pgtls_verified{target=\"a\"} 1"), "{old}");
    }
}
