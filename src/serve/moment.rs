//! Time by two clocks, so that neither of them makes a result look younger.

use std::time::Duration;

use tokio::time::Instant;

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
