//! The time for which a hybrid wait spins before it sleeps: fixed, or adapted to the waits before it.
//!
//! The adaptive rule goes by the length of each wait that slept, spinning included. A wait shorter than a wake-up
//! costs at its longest (75 µs) would have ended sooner without the sleep: the budget doubles, up to 150 µs. A longer
//! one would have spun in vain: the budget halves, down to nothing. So a side whose messages come close together stops
//! sleeping after a few waits, and one whose messages are rare stops spinning. A wait that ends while it spins changes
//! nothing: the hot path reads no clock.

use ipcmark_core::{Result, SpinBudget};
use std::cell::Cell;
use std::hint::{black_box, spin_loop};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Length of a wait up to which spinning is worth more than a sleep.
const WORTH: Duration = Duration::from_micros(75);
/// Least and largest budget that the rule chooses; under the least it is nothing.
const LEAST: Duration = Duration::from_micros(1);
const MOST: Duration = Duration::from_micros(150);

/// Looks that one half makes before it sleeps.
#[derive(Debug)]
pub(super) struct Budget {
    looks: Cell<u32>,
    adaptive: Option<Adaptive>,
}

/// Bounds of an adaptive budget, in looks, and the time of one.
#[derive(Debug, Clone, Copy)]
struct Adaptive {
    least: u32,
    most: u32,
    look_ns: f64,
}

impl Budget {
    /// Finds how many looks fit into the time, in the thread that will wait.
    pub(super) fn new(budget: SpinBudget) -> Budget {
        match budget {
            SpinBudget::Fixed { us } => {
                let time = Duration::from_micros(us.into());
                Budget { looks: Cell::new(looks_in(time)), adaptive: None }
            }
            SpinBudget::Adaptive => {
                let (least, most) = (looks_in(LEAST).max(1), looks_in(MOST));
                let look_ns = MOST.as_nanos() as f64 / f64::from(most.max(1));
                // It begins in the middle of what it may become.
                let looks = Cell::new(most / 2);
                Budget { looks, adaptive: Some(Adaptive { least, most, look_ns }) }
            }
        }
    }

    /// Returns the looks before the next sleep.
    #[inline]
    pub(super) fn looks(&self) -> u32 {
        self.looks.get()
    }

    /// Sleeps, and learns from the length of the whole wait.
    #[cold]
    pub(super) fn around_sleep(&self, sleep: impl FnOnce() -> Result<()>) -> Result<()> {
        let Some(adaptive) = self.adaptive else { return sleep() };
        let begun = Instant::now();
        let slept = sleep();
        let spun = Duration::from_nanos((f64::from(self.looks()) * adaptive.look_ns) as u64);
        self.learn(adaptive, spun + begun.elapsed());
        slept
    }

    fn learn(&self, Adaptive { least, most, .. }: Adaptive, waited: Duration) {
        let looks = self.looks();
        self.looks.set(match waited <= WORTH {
            true => (2 * looks).clamp(least, most),
            false if looks / 2 < least => 0,
            false => looks / 2,
        });
    }
}

/// Returns how many looks with their pauses fit into `time` on this CPU. The fastest of a few trials counts: whatever
/// disturbs a trial makes it slower.
fn looks_in(time: Duration) -> u32 {
    const TRIALS: u32 = 5;
    const TURNS: u32 = 512;
    if time.is_zero() {
        return 0;
    }
    let word = AtomicU32::new(0);
    let trial = || {
        let start = Instant::now();
        for _ in 0..TURNS {
            black_box(&word).load(Ordering::Acquire);
            spin_loop();
        }
        start.elapsed()
    };
    let fastest_ns = (0..TRIALS).map(|_| trial().as_nanos()).min().unwrap_or(0).max(1);
    let turns = time.as_nanos() * u128::from(TURNS) / fastest_ns;
    // A pause lasts 1 to 100 ns on the CPUs there are; a clock that says otherwise is not believed.
    turns.clamp(time.as_nanos() / 150, time.as_nanos()) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPIN: Duration = Duration::from_micros(75);

    #[test]
    fn no_time_holds_no_look_and_twice_the_time_holds_more() {
        assert_eq!(looks_in(Duration::ZERO), 0);
        assert!(looks_in(SPIN) >= 500);
        assert!(looks_in(SPIN * 16) > looks_in(SPIN));
    }

    #[test]
    fn a_fixed_budget_never_changes() {
        let budget = Budget::new(SpinBudget::Fixed { us: 10 });
        let before = budget.looks();
        budget.around_sleep(|| Ok(())).unwrap();
        assert!(before > 0);
        assert_eq!(budget.looks(), before);
    }

    #[test]
    fn short_waits_raise_an_adaptive_budget_and_long_ones_lower_it_to_nothing() {
        let budget = Budget::new(SpinBudget::Adaptive);
        let adaptive = budget.adaptive.unwrap();
        let first = budget.looks();
        assert!(first > adaptive.least && first < adaptive.most);
        for _ in 0..32 {
            budget.learn(adaptive, WORTH);
        }
        assert_eq!(budget.looks(), adaptive.most);
        for _ in 0..32 {
            budget.learn(adaptive, WORTH * 2);
        }
        assert_eq!(budget.looks(), 0);
        budget.learn(adaptive, Duration::from_micros(5));
        assert_eq!(budget.looks(), adaptive.least, "it comes back from nothing");
    }

    #[test]
    fn an_adaptive_budget_learns_from_the_sleep_itself() {
        let budget = Budget::new(SpinBudget::Adaptive);
        let before = budget.looks();
        let sleep = || {
            std::thread::sleep(Duration::from_millis(2));
            Ok(())
        };
        budget.around_sleep(sleep).unwrap();
        assert!(budget.looks() < before);
    }
}
