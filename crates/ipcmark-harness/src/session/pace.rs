//! Division of the budget among visits, so that a run keeps its wall time.

use std::time::Duration;

/// Shortest measured phase of a visit: a shorter one has too few round trips to mean anything.
const LEAST: Duration = Duration::from_millis(3);
/// Assumed time of a visit beyond its measured phase, before the first one.
const FIRST_OVERHEAD: Duration = Duration::from_millis(15);

/// Gives each visit its share of what is left of the budget.
///
/// Sure visits come first: they share the time that is left, and measure for less if it is short.
/// Other visits get the time that those leave. They measure for as long as was asked or not at all,
/// because a shorter phase would widen the interval.
#[derive(Debug)]
pub(crate) struct Pace {
    budget: Option<Duration>,
    wanted: Duration,
    /// Visits that are sure to be made.
    sure: u32,
    /// Visits in one round.
    in_round: u32,
    /// Moving average of fork, warm-up, probes and reaping.
    overhead: Duration,
    /// Moving average of the time that a round takes in addition to its visits.
    between: Duration,
}

impl Pace {
    pub(crate) fn new(budget: Option<Duration>, wanted: Duration) -> Pace {
        Pace {
            budget,
            wanted,
            sure: 0,
            in_round: 1,
            overhead: FIRST_OVERHEAD,
            between: Duration::ZERO,
        }
    }

    /// Begins a round. `sure` is the number of sure visits from here on, `in_round` that of this
    /// round's visits.
    pub(crate) fn round(&mut self, sure: usize, in_round: usize) {
        self.sure = sure as u32;
        self.in_round = in_round.max(1) as u32;
    }

    /// Returns the part of the budget that is left for visits. It excludes the time between rounds
    /// and at the end.
    fn left(&self, elapsed: Duration) -> Option<Duration> {
        let left = self.budget?.saturating_sub(elapsed);
        if self.sure == 0 {
            return Some(left.saturating_sub(self.between));
        }
        let ends = self.sure.div_ceil(self.in_round) + 1;
        // Sure visits get half of it in any case.
        Some(left.saturating_sub((self.between * ends).min(left / 2)))
    }

    /// Returns true if the budget has time for another round beyond the sure visits: for the work
    /// before it, and one visit.
    pub(crate) fn holds_round(&self, elapsed: Duration) -> bool {
        self.spare(elapsed + self.between).is_some()
    }

    /// Returns the measured phase of the round's next visit; `None` if the budget has no time for
    /// one.
    pub(crate) fn next(&mut self, elapsed: Duration) -> Option<Duration> {
        if self.sure == 0 {
            return self.spare(elapsed);
        }
        let left = self.left(elapsed);
        let share = left.map(|left| (left / self.sure).saturating_sub(self.overhead));
        self.sure -= 1;
        if left.is_some_and(|left| left < self.overhead + LEAST) {
            return None;
        }
        Some(share.map_or(self.wanted, |share| share.clamp(LEAST.min(self.wanted), self.wanted)))
    }

    /// Returns the measured phase of a visit beyond the sure ones; `None` if they leave no time for
    /// it.
    pub(crate) fn spare(&self, elapsed: Duration) -> Option<Duration> {
        let visit = self.overhead + self.wanted;
        let holds = |left: Duration| left >= visit * (self.sure + 1);
        self.left(elapsed).is_none_or(holds).then_some(self.wanted)
    }

    /// Notes that a visit with a measured phase of `measured` took `taken` in all.
    pub(crate) fn spent(&mut self, taken: Duration, measured: Duration) {
        self.overhead = (self.overhead * 7 + taken.saturating_sub(measured)) / 8;
    }

    /// Notes that `taken` passed between the last visit of a round and the first of the next.
    pub(crate) fn spent_beside(&mut self, taken: Duration) {
        let before = if self.between.is_zero() { taken } else { self.between };
        self.between = (before * 3 + taken) / 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND: usize = 100;

    /// Plays a run in which each visit costs its measured phase and `overhead`. Each round
    /// costs `between` in addition. Returns the run's time and the number of its visits.
    fn play(
        budget: Duration,
        sure: usize,
        most: usize,
        overhead: Duration,
        between: Duration,
    ) -> (Duration, usize) {
        let mut pace = Pace::new(Some(budget), Duration::from_millis(50));
        let mut elapsed = Duration::ZERO;
        for made in 0..most {
            if made % ROUND == 0 {
                pace.round(sure.saturating_sub(made), ROUND);
                if made >= sure && !pace.holds_round(elapsed) {
                    return (elapsed + between, made);
                }
                pace.spent_beside(between);
                elapsed += between;
            }
            let Some(measure) = pace.next(elapsed) else { return (elapsed + between, made) };
            elapsed += measure + overhead;
            pace.spent(measure + overhead, measure);
        }
        (elapsed + between, most)
    }

    #[test]
    fn the_budget_is_kept_and_used() {
        let budget = Duration::from_secs(60);
        for between in [0, 300] {
            let between = Duration::from_millis(between);
            let (elapsed, visits) = play(budget, 1_500, 1_500, Duration::from_millis(12), between);
            assert_eq!(visits, 1_500);
            assert!(elapsed <= budget && elapsed > budget * 9 / 10, "{elapsed:?}");
        }
    }

    #[test]
    fn visits_beyond_the_sure_ones_keep_it_too() {
        let (budget, overhead) = (Duration::from_secs(60), Duration::from_millis(12));
        let between = Duration::from_millis(200);
        let (elapsed, visits) = play(budget, 300, 100_000, overhead, between);
        assert!(visits > 700, "{visits}");
        assert!(elapsed <= budget && elapsed > budget * 9 / 10, "{elapsed:?}");
    }

    #[test]
    fn costly_visits_are_left_out_rather_than_the_promise_broken() {
        let budget = Duration::from_secs(2);
        let (elapsed, visits) =
            play(budget, 1_000, 1_000, Duration::from_millis(40), Duration::ZERO);
        assert!(visits < 1_000 && elapsed <= budget + Duration::from_millis(50), "{elapsed:?}");
    }

    #[test]
    fn what_is_made_again_takes_nothing_from_what_is_sure() {
        let wanted = Duration::from_millis(50);
        let mut pace = Pace::new(Some(Duration::from_secs(10)), wanted);
        pace.round(100, 100);
        assert_eq!(pace.spare(Duration::ZERO), Some(wanted), "6.5 s of 10 s are spoken for");
        pace.round(200, 100);
        assert_eq!(pace.spare(Duration::ZERO), None, "13 s are");
        assert!(pace.next(Duration::ZERO).is_some_and(|m| m < wanted), "each gets its share");
    }

    #[test]
    fn without_a_budget_each_visit_gets_what_was_asked() {
        let mut pace = Pace::new(None, Duration::from_millis(7));
        let late = Duration::from_secs(1_000);
        assert_eq!(pace.next(late), Some(Duration::from_millis(7)));
        assert_eq!(pace.spare(late), Some(Duration::from_millis(7)));
    }
}
