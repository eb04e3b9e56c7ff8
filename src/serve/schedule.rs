//! Which target is due when. Pure: the time is an argument.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

/// A target of the present configuration. A number is never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Id(u64);

impl Id {
    /// The first one.
    pub(super) const FIRST: Self = Self(0);

    /// The one after it.
    #[must_use]
    pub(super) const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// When a target is checked: at fixed times, an interval apart. Each target has its own, so that the
/// load is even, and they are whole seconds from the start, so that those of one second are checked
/// together and read their roots once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rhythm {
    interval: Duration,
    phase: Duration,
}

impl Rhythm {
    /// The rhythm of a name. Another seed gives every name another place in the interval.
    pub(super) fn new(interval: Duration, seed: u64, name: &str) -> Self {
        let interval = interval.max(SHORTEST_INTERVAL);
        Self {
            interval,
            phase: Duration::from_secs(hash(seed, name) % interval.as_secs().max(1)),
        }
    }

    /// The first of its times that is later than `after`.
    fn next(self, origin: Instant, after: Instant) -> Instant {
        let passed = after.saturating_duration_since(origin + self.phase);
        if after < origin + self.phase {
            return origin + self.phase;
        }
        let whole = passed.as_nanos() / self.interval.as_nanos().max(1);
        let whole = u32::try_from(whole).unwrap_or(u32::MAX);
        origin + self.phase + self.interval.saturating_mul(whole.saturating_add(1))
    }

    /// How many of its times lie between the two, the second included.
    fn between(self, origin: Instant, after: Instant, until: Instant) -> u64 {
        let first = self.next(origin, after);
        match until.checked_duration_since(first) {
            None => 0,
            Some(rest) => {
                let more = rest.as_nanos() / self.interval.as_nanos().max(1);
                u64::try_from(more).unwrap_or(u64::MAX).saturating_add(1)
            }
        }
    }
}

/// FNV-1a, 64 bits, with a finish that spreads the last letters over all bits.
fn hash(seed: u64, name: &str) -> u64 {
    let mut state = 0xcbf2_9ce4_8422_2325 ^ seed;
    for byte in name.bytes() {
        state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    state ^= state >> 33;
    state = state.wrapping_mul(0xff51_afd7_ed55_8ccd);
    state ^ (state >> 33)
}

/// Nothing is checked more often.
pub const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

/// The times of all targets.
#[derive(Debug)]
pub(super) struct Schedule {
    origin: Instant,
    entries: HashMap<Id, Entry>,
}

#[derive(Debug)]
struct Entry {
    rhythm: Rhythm,
    due: Instant,
    state: State,
    missed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
}

impl Schedule {
    pub(super) fn new(origin: Instant) -> Self {
        Self {
            origin,
            entries: HashMap::new(),
        }
    }

    /// Adds a target, which is due at once.
    pub(super) fn add(&mut self, id: Id, rhythm: Rhythm, now: Instant) {
        let entry = Entry {
            rhythm,
            due: now,
            state: State::Waiting,
            missed: 0,
        };
        self.entries.insert(id, entry);
    }

    /// Removes a target. If it is being checked, its result goes nowhere.
    pub(super) fn remove(&mut self, id: Id) {
        self.entries.remove(&id);
    }

    /// Gives a target another rhythm. What is due stays due; if it is being checked, its end decides.
    pub(super) fn change(&mut self, id: Id, rhythm: Rhythm, now: Instant) {
        let origin = self.origin;
        if let Some(entry) = self.entries.get_mut(&id)
            && entry.rhythm != rhythm
        {
            entry.rhythm = rhythm;
            entry.due = entry.due.min(rhythm.next(origin, now));
        }
    }

    /// Those that begin now, the longest due first, at most `room` of them.
    pub(super) fn begin(&mut self, now: Instant, room: usize) -> Vec<Id> {
        let mut due: Vec<(Instant, Id)> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.state == State::Waiting && entry.due <= now)
            .map(|(id, entry)| (entry.due, *id))
            .collect();
        due.sort_unstable();
        due.truncate(room);
        for (_, id) in &due {
            if let Some(entry) = self.entries.get_mut(id) {
                let Entry { rhythm, due, .. } = *entry;
                // What waited for room too long has missed some of its times.
                let missed = rhythm.between(self.origin, due, now);
                entry.missed = entry.missed.saturating_add(missed);
                entry.state = State::Running;
                // After the first check, which is at once, the next is not a moment later.
                entry.due = rhythm.next(self.origin, now + rhythm.interval / 4);
            }
        }
        due.into_iter().map(|(_, id)| id).collect()
    }

    /// A check has ended. Its times that have passed meanwhile are missed.
    pub(super) fn end(&mut self, id: Id, now: Instant) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        entry.state = State::Waiting;
        if entry.due <= now {
            let more = entry.rhythm.between(self.origin, entry.due, now);
            entry.missed = entry.missed.saturating_add(more).saturating_add(1);
            entry.due = entry.rhythm.next(self.origin, now);
        }
    }

    /// When the next one is due, if one is waiting.
    pub(super) fn wake(&self) -> Option<Instant> {
        let entries = self.entries.values();
        let waiting = entries.filter(|entry| entry.state == State::Waiting);
        waiting.map(|entry| entry.due).min()
    }

    /// How long until the next check of a target begins; nothing if it should have begun.
    pub(super) fn until_next(&self, id: Id, now: Instant) -> Duration {
        let entry = self.entries.get(&id);
        entry.map_or(Duration::ZERO, |entry| {
            entry.due.saturating_duration_since(now)
        })
    }

    /// How many times a target should have been checked and was not.
    pub(super) fn missed(&self, id: Id) -> u64 {
        self.entries.get(&id).map_or(0, |entry| entry.missed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MINUTE: Duration = Duration::from_secs(60);

    fn schedule(names: &[&str], interval: Duration) -> (Schedule, Vec<Id>, Instant) {
        let origin = Instant::now();
        let mut schedule = Schedule::new(origin);
        let mut id = Id::FIRST;
        let ids = names.iter().map(|name| {
            let own = id;
            id = id.next();
            schedule.add(own, Rhythm::new(interval, 7, name), origin);
            own
        });
        let ids = ids.collect();
        (schedule, ids, origin)
    }

    #[test]
    fn everything_is_due_at_once_and_then_an_interval_apart() {
        let (mut schedule, ids, origin) = schedule(&["a"], MINUTE);
        assert_eq!(schedule.begin(origin, 9), ids);
        assert_eq!(schedule.wake(), None);
        schedule.end(ids[0], origin + SECOND);
        let second = schedule.wake().unwrap();
        // Never so late that the first result is too old by then.
        assert!(second - origin > MINUTE / 4 && second - origin <= MINUTE + MINUTE / 4);
        let mut last = second;
        for _ in 0..5 {
            assert_eq!(schedule.begin(last - SECOND, 9), []);
            assert_eq!(schedule.begin(last, 9), ids);
            schedule.end(ids[0], last + SECOND);
            let next = schedule.wake().unwrap();
            assert_eq!(next - last, MINUTE);
            last = next;
        }
        assert_eq!(schedule.missed(ids[0]), 0);
    }

    #[test]
    fn the_load_is_even_and_the_same_for_one_seed() {
        let interval = MINUTE;
        let mut seconds = vec![0_u32; 60];
        for number in 0..6_000 {
            let name = format!("db-{number}");
            let rhythm = Rhythm::new(interval, 7, &name);
            assert_eq!(rhythm, Rhythm::new(interval, 7, &name));
            let second = usize::try_from(rhythm.phase.as_secs()).unwrap();
            assert_eq!(rhythm.phase.subsec_nanos(), 0);
            seconds[second] += 1;
        }
        // 100 each on average; more than five times the standard deviation away is no chance.
        assert!(seconds.iter().all(|n| (50..150).contains(n)), "{seconds:?}");
        let other = |seed| Rhythm::new(interval, seed, "db-1").phase;
        assert!((0..20).any(|seed| other(seed) != other(7)));
    }

    #[test]
    fn a_check_that_takes_longer_than_its_interval_is_not_begun_twice() {
        let (mut schedule, ids, origin) = schedule(&["a"], MINUTE);
        schedule.begin(origin, 9);
        let late = origin + MINUTE * 5;
        assert_eq!(schedule.begin(late, 9), []);
        schedule.end(ids[0], late);
        assert!((4..=5).contains(&schedule.missed(ids[0])));
        let next = schedule.wake().unwrap();
        assert!(next > late && next <= late + MINUTE, "its own rhythm");
    }

    #[test]
    fn what_was_due_first_begins_first_and_only_as_many_as_there_is_room_for() {
        let (mut schedule, ids, origin) = schedule(&["a", "b", "c"], MINUTE);
        assert_eq!(schedule.begin(origin, 2), ids[..2]);
        assert_eq!(schedule.begin(origin, 0), []);
        assert_eq!(schedule.wake(), Some(origin));
        assert_eq!(schedule.begin(origin + MINUTE * 3, 9), ids[2..]);
        assert!(
            (2..=3).contains(&schedule.missed(ids[2])),
            "it waited for room"
        );
    }

    #[test]
    fn what_was_removed_is_never_due_and_its_end_is_nothing() {
        let (mut schedule, ids, origin) = schedule(&["a"], MINUTE);
        schedule.begin(origin, 9);
        schedule.remove(ids[0]);
        schedule.end(ids[0], origin + MINUTE);
        assert_eq!(schedule.wake(), None);
        assert_eq!(schedule.begin(origin + MINUTE, 9), []);
        assert_eq!(schedule.until_next(ids[0], origin), Duration::ZERO);
    }

    #[test]
    fn no_interval_is_shorter_than_the_shortest() {
        let (mut schedule, ids, origin) = schedule(&["a"], Duration::ZERO);
        schedule.begin(origin, 9);
        schedule.end(ids[0], origin);
        assert!(schedule.wake().unwrap() > origin);
    }
}
