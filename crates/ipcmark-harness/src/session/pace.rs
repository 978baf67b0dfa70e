//! Keeping a promise about wall time.

use ipcmark_record::Outcome;
use std::time::Duration;

/// No visit measures for less than this: below it a figure holds too few round trips to mean anything.
const LEAST: Duration = Duration::from_millis(3);
/// What a visit takes beyond its measured phase, until one has shown.
const FIRST_OVERHEAD: Duration = Duration::from_millis(15);

/// Gives each visit its share of what is left of the budget.
#[derive(Debug)]
pub(crate) struct Pace {
    budget: Option<Duration>,
    wanted: Duration,
    visits_left: u32,
    /// Moving average of fork, warm-up, probes and reaping.
    overhead: Duration,
}

impl Pace {
    pub(crate) fn new(budget: Option<Duration>, wanted: Duration, visits: usize) -> Pace {
        Pace { budget, wanted, visits_left: visits as u32, overhead: FIRST_OVERHEAD }
    }

    /// The measured phase of the next visit; `None` when the budget no longer holds one.
    pub(crate) fn next(&mut self, elapsed: Duration) -> Option<Duration> {
        let visits = self.visits_left.max(1);
        self.visits_left = self.visits_left.saturating_sub(1);
        let Some(budget) = self.budget else { return Some(self.wanted) };
        let left = budget.checked_sub(elapsed)?;
        if left < self.overhead + LEAST {
            return None;
        }
        let share = (left / visits).saturating_sub(self.overhead);
        Some(share.clamp(LEAST.min(self.wanted), self.wanted))
    }

    /// How a run ended that was given no more: with all visits that were sure made, it had what it asked for.
    pub(crate) fn outcome(&self) -> Outcome {
        if self.visits_left == 0 { Outcome::Complete } else { Outcome::BudgetSpent }
    }

    /// A visit that was to measure for `measured` took `taken` in all.
    pub(crate) fn spent(&mut self, taken: Duration, measured: Duration) {
        self.overhead = (self.overhead * 7 + taken.saturating_sub(measured)) / 8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays a run in which each visit costs its measured phase and `overhead`; returns the time it took and how many
    /// visits it made.
    fn play(budget: Duration, visits: usize, overhead: Duration) -> (Duration, usize) {
        let mut pace = Pace::new(Some(budget), Duration::from_millis(50), visits);
        let mut elapsed = Duration::ZERO;
        for made in 0..visits {
            let Some(measure) = pace.next(elapsed) else { return (elapsed, made) };
            elapsed += measure + overhead;
            pace.spent(measure + overhead, measure);
        }
        (elapsed, visits)
    }

    #[test]
    fn the_budget_is_kept_and_used() {
        let budget = Duration::from_secs(60);
        let (elapsed, visits) = play(budget, 1_500, Duration::from_millis(12));
        assert_eq!(visits, 1_500);
        assert!(elapsed <= budget && elapsed > budget * 9 / 10, "{elapsed:?}");
    }

    #[test]
    fn costly_visits_are_left_out_rather_than_the_promise_broken() {
        let budget = Duration::from_secs(2);
        let (elapsed, visits) = play(budget, 1_000, Duration::from_millis(40));
        assert!(visits < 1_000 && elapsed <= budget + Duration::from_millis(50), "{elapsed:?}");
    }

    #[test]
    fn without_a_budget_each_visit_gets_what_was_asked() {
        let mut pace = Pace::new(None, Duration::from_millis(7), 1);
        assert_eq!(pace.next(Duration::from_secs(1_000)), Some(Duration::from_millis(7)));
    }
}
