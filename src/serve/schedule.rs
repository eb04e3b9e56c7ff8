//! Which target is due when. Pure: the time is an argument.

use std::collections::{BTreeSet, HashMap};
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
    /// Those that are not being checked, the next one first.
    waiting: BTreeSet<(Instant, Id)>,
}

#[derive(Debug)]
struct Entry {
    rhythm: Rhythm,
    /// How much room its check takes.
    room: usize,
    due: Instant,
    missed: u64,
}

impl Schedule {
    pub(super) fn new(origin: Instant) -> Self {
        Self {
            origin,
            entries: HashMap::new(),
            waiting: BTreeSet::new(),
        }
    }

    /// Adds a target, which is due at once. Its check takes this much room.
    pub(super) fn add(&mut self, id: Id, rhythm: Rhythm, room: usize, now: Instant) {
        let entry = Entry {
            rhythm,
            room,
            due: now,
            missed: 0,
        };
        self.entries.insert(id, entry);
        self.waiting.insert((now, id));
    }

    /// Removes a target. If it is being checked, its result goes nowhere.
    pub(super) fn remove(&mut self, id: Id) {
        if let Some(entry) = self.entries.remove(&id) {
            self.waiting.remove(&(entry.due, id));
        }
    }

    /// Gives a target another rhythm. What is due stays due; if it is being checked, its end decides.
    pub(super) fn change(&mut self, id: Id, rhythm: Rhythm, now: Instant) {
        if let Some(entry) = self.entries.get_mut(&id)
            && entry.rhythm != rhythm
        {
            let due = entry.due.min(rhythm.next(self.origin, now));
            if self.waiting.remove(&(entry.due, id)) {
                self.waiting.insert((due, id));
            }
            (entry.rhythm, entry.due) = (rhythm, due);
        }
    }

    /// A target is due now, whatever its rhythm is, unless it is being checked.
    pub(super) fn hurry(&mut self, id: Id, now: Instant) {
        if let Some(entry) = self.entries.get_mut(&id)
            && now < entry.due
            && self.waiting.remove(&(entry.due, id))
        {
            entry.due = now;
            self.waiting.insert((now, id));
        }
    }

    /// Those that begin now, the longest due first, as many as there is room for. Each with the room that it takes.
    pub(super) fn begin(&mut self, now: Instant, mut room: usize) -> Vec<(Id, usize)> {
        let mut begun = Vec::new();
        while let Some((due, id)) = self.waiting.first().copied()
            && due <= now
            && let Some(entry) = self.entries.get_mut(&id)
            // One that needs more room than there is lets no other go first, or its turn might never come.
            && let Some(left) = room.checked_sub(entry.room)
        {
            room = left;
            self.waiting.pop_first();
            let rhythm = entry.rhythm;
            // What waited for room too long has missed some of its times.
            let missed = rhythm.between(self.origin, due, now);
            entry.missed = entry.missed.saturating_add(missed);
            // After the first check, which is at once, the next is not a moment later.
            entry.due = rhythm.next(self.origin, now + rhythm.interval / 4);
            begun.push((id, entry.room));
        }
        begun
    }

    /// A check has ended. Its times that have passed meanwhile are missed.
    pub(super) fn end(&mut self, id: Id, now: Instant) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        if entry.due <= now {
            let more = entry.rhythm.between(self.origin, entry.due, now);
            entry.missed = entry.missed.saturating_add(more).saturating_add(1);
            entry.due = entry.rhythm.next(self.origin, now);
        }
        self.waiting.insert((entry.due, id));
    }

    /// When the next one is due, if one is waiting.
    pub(super) fn wake(&self) -> Option<Instant> {
        self.waiting.first().map(|(due, _)| *due)
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
            schedule.add(own, Rhythm::new(interval, 7, name), 1, origin);
            own
        });
        let ids = ids.collect();
        (schedule, ids, origin)
    }

    impl Schedule {
        fn ids(&mut self, now: Instant, room: usize) -> Vec<Id> {
            let begun = self.begin(now, room);
            begun.into_iter().map(|(id, _)| id).collect()
        }
    }

    #[test]
    fn everything_is_due_at_once_and_then_an_interval_apart() {
        let (mut schedule, ids, origin) = schedule(&["a"], MINUTE);
        assert_eq!(schedule.ids(origin, 9), ids);
        assert_eq!(schedule.wake(), None);
        schedule.end(ids[0], origin + SECOND);
        let second = schedule.wake().unwrap();
        // Never so late that the first result is too old by then.
        assert!(second - origin > MINUTE / 4 && second - origin <= MINUTE + MINUTE / 4);
        let mut last = second;
        for _ in 0..5 {
            assert_eq!(schedule.ids(last - SECOND, 9), []);
            assert_eq!(schedule.ids(last, 9), ids);
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
        assert_eq!(schedule.ids(late, 9), []);
        schedule.end(ids[0], late);
        assert!((4..=5).contains(&schedule.missed(ids[0])));
        let next = schedule.wake().unwrap();
        assert!(next > late && next <= late + MINUTE, "its own rhythm");
    }

    #[test]
    fn what_was_due_first_begins_first_and_only_as_many_as_there_is_room_for() {
        let (mut schedule, ids, origin) = schedule(&["a", "b", "c"], MINUTE);
        assert_eq!(schedule.ids(origin, 2), ids[..2]);
        assert_eq!(schedule.ids(origin, 0), []);
        assert_eq!(schedule.wake(), Some(origin));
        assert_eq!(schedule.ids(origin + MINUTE * 3, 9), ids[2..]);
        assert!(
            (2..=3).contains(&schedule.missed(ids[2])),
            "it waited for room"
        );
    }

    #[test]
    fn one_that_needs_much_room_waits_for_it_and_is_not_overtaken() {
        let (mut schedule, ids, origin) = schedule(&["a"], MINUTE);
        let (large, late) = (ids[0].next(), ids[0].next().next());
        let rhythm = Rhythm::new(MINUTE, 7, "b");
        schedule.add(large, rhythm, 3, origin);
        schedule.add(late, rhythm, 1, origin + SECOND);
        assert_eq!(schedule.begin(origin + SECOND, 3), [(ids[0], 1)]);
        assert_eq!(schedule.begin(origin + SECOND, 2), []);
        assert_eq!(schedule.begin(origin + SECOND, 4), [(large, 3), (late, 1)]);
    }

    #[test]
    fn one_in_a_hurry_is_due_at_once_and_has_missed_nothing() {
        let (mut schedule, ids, origin) = schedule(&["a"], MINUTE);
        schedule.ids(origin, 9);
        // It is being checked already.
        schedule.hurry(ids[0], origin);
        assert_eq!(schedule.ids(origin, 9), []);
        schedule.end(ids[0], origin + SECOND);
        schedule.hurry(ids[0], origin + SECOND * 2);
        assert_eq!(schedule.wake(), Some(origin + SECOND * 2));
        assert_eq!(schedule.ids(origin + SECOND * 2, 9), ids);
        assert_eq!(schedule.missed(ids[0]), 0);
    }

    #[test]
    fn what_was_removed_is_never_due_and_its_end_is_nothing() {
        let (mut schedule, ids, origin) = schedule(&["a"], MINUTE);
        schedule.begin(origin, 9);
        schedule.remove(ids[0]);
        schedule.end(ids[0], origin + MINUTE);
        assert_eq!(schedule.wake(), None);
        assert_eq!(schedule.ids(origin + MINUTE, 9), []);
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
