//! How long checks took.

use std::time::Duration;

/// Counts durations within bounds.
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    /// How many were within each of [`BOUNDS`], and in none of those before it.
    counts: [u64; BOUNDS.len()],
    /// How many there were.
    pub(super) count: u64,
    /// All of them together.
    pub(super) sum: Duration,
}

/// The bounds in milliseconds, each with its label in seconds. A check takes milliseconds, or else as long as its time
/// limit.
const BOUNDS: [(u64, &str); 10] = [
    (10, "0.01"),
    (50, "0.05"),
    (100, "0.1"),
    (250, "0.25"),
    (500, "0.5"),
    (1_000, "1"),
    (2_500, "2.5"),
    (5_000, "5"),
    (10_000, "10"),
    (30_000, "30"),
];

impl Histogram {
    /// Counts one.
    pub(super) fn record(&mut self, took: Duration) {
        self.count = self.count.saturating_add(1);
        self.sum = self.sum.saturating_add(took);
        let within = |(bound, _): &(u64, &str)| took <= Duration::from_millis(*bound);
        if let Some(place) = BOUNDS.iter().position(within)
            && let Some(count) = self.counts.get_mut(place)
        {
            *count = count.saturating_add(1);
        }
    }

    /// Each bound with how many were within it.
    pub(super) fn buckets(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let mut within = 0_u64;
        let bounds = BOUNDS
            .iter()
            .zip(self.counts)
            .map(move |((_, label), count)| {
                within = within.saturating_add(count);
                (*label, within)
            });
        bounds.chain(std::iter::once(("+Inf", self.count)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_counts_all_that_are_within_it() {
        let mut histogram = Histogram::default();
        for milliseconds in [10, 11, 300, 60_000] {
            histogram.record(Duration::from_millis(milliseconds));
        }
        let buckets: Vec<_> = histogram.buckets().collect();
        assert_eq!(buckets.first(), Some(&("0.01", 1)));
        assert_eq!(buckets.get(1), Some(&("0.05", 2)));
        assert_eq!(buckets.get(4), Some(&("0.5", 3)));
        assert_eq!(buckets.get(9), Some(&("30", 3)));
        assert_eq!(buckets.get(10), Some(&("+Inf", 4)));
        assert_eq!(histogram.sum, Duration::from_millis(60_321));
    }

    #[test]
    fn the_labels_are_the_bounds_in_seconds() {
        for (milliseconds, label) in BOUNDS {
            let seconds: f64 = label.parse().unwrap();
            assert_eq!((seconds * 1e3).round() as u64, milliseconds);
        }
    }
}
