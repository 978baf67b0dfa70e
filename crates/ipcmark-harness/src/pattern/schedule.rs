//! The times at which the messages of an open loop are due: at equal distances, or at random, as
//! users arrive.
//!
//! Both sides need every time, and neither may send it, since the mechanism under test would carry
//! it. So each draws the same times from the plan's seed, one after another; none is stored,
//! however long the phase. Random arrivals are a Poisson process: independent gaps with an
//! exponential distribution, whose mean is the rate's. Its counts vary from phase to phase, as
//! counts of users do. Only a phase that would have no message gets a first one within its time.

use crate::stage::Stage;
use fastrand::Rng;
use ipcmark_core::{Arrivals, Extent, Parameter, Workload};
use ipcmark_sys::clock::{Clock, Ticks};
use std::time::Duration;

/// Time from the barrier to the beginning of the schedule.
const LEAD: Duration = Duration::from_nanos(Workload::LEAD_NS);
/// Further time for each process of a crowd: the kernel wakes them one after another.
const LEAD_EACH: Duration = Duration::from_micros(30);
/// Processes that are awake within the lead.
const FEW: usize = 8;
/// Share of a phase, as its divisor, in which a sender that was late may catch up after it.
const CATCH_UP: u32 = 4;
/// Separates these draws from others of the plan's seed.
const SALT: u64 = 0x6172_7269_7661_6c73;

/// Returns the mean number of messages that are due within `extent`.
pub(crate) fn messages_in(extent: Extent, rate_per_s: u32) -> u64 {
    match extent {
        Extent::Messages(n) => n.max(1),
        Extent::Time(time) => (time.as_secs_f64() * f64::from(rate_per_s)) as u64,
    }
}

/// The times of one phase, from the first to the last.
#[derive(Debug)]
pub(super) struct Schedule {
    begin: Ticks,
    /// Mean distance of two messages, in ticks.
    gap: f64,
    /// Draws the gaps, if they are random.
    random: Option<Rng>,
    /// The end of the phase.
    end: End,
    /// The current message, and its time in ticks after `begin`.
    n: u64,
    at: f64,
    /// Time of the message after it.
    next: f64,
}

/// The end of a phase.
#[derive(Debug, Clone, Copy)]
enum End {
    /// After this number of messages.
    Count(u64),
    /// Before this many ticks have passed; the first message is within them.
    Before(f64),
}

impl Schedule {
    /// Returns the schedule of the messages that this process sends, or receives from the only sender.
    pub(super) fn of(stage: &Stage<'_>) -> Schedule {
        let is_one_of_several = stage.plan.workload.senders() > 1;
        let sender = stage.seat.peer.filter(|_| is_one_of_several);
        Schedule::of_sender(stage, sender.unwrap_or_default())
    }

    /// Returns the schedule of one of several senders. At a constant rate they are staggered: each begins a further
    /// share of the distance of two messages later. At random each has draws of its own.
    pub(super) fn of_sender(stage: &Stage<'_>, sender: usize) -> Schedule {
        // Two phases of an invocation never have their messages at the same distances.
        let seed = stage.plan.seed ^ SALT ^ (u64::from(stage.phase) << 60) ^ (sender as u64) << 32;
        let (clock, workload) = (&stage.clock, stage.plan.workload);
        let rate = workload.value(Parameter::Rate).unwrap_or(1);
        let arrivals = workload.arrivals().unwrap_or(Arrivals::Constant);
        let crowd = stage.control.processes().saturating_sub(FEW) as u32;
        let mut begin = stage.start + clock.ticks(LEAD + LEAD_EACH * crowd);
        if arrivals == Arrivals::Constant {
            let share = sender as f64 / workload.senders() as f64;
            begin += (share * clock.hz() / f64::from(rate)) as Ticks;
        }
        Schedule::new(begin, clock, (rate, arrivals), stage.extent, seed)
    }

    fn new(
        begin: Ticks,
        clock: &Clock,
        (rate, arrivals): (u32, Arrivals),
        extent: Extent,
        seed: u64,
    ) -> Schedule {
        let gap = clock.hz() / f64::from(rate);
        let (random, end) = match (arrivals, extent) {
            (Arrivals::Constant, _) => (None, End::Count(messages_in(extent, rate).max(1))),
            (Arrivals::Poisson, Extent::Messages(n)) => {
                (Some(Rng::with_seed(seed)), End::Count(n.max(1)))
            }
            (Arrivals::Poisson, Extent::Time(time)) => {
                (Some(Rng::with_seed(seed)), End::Before(clock.ticks(time) as f64))
            }
        };
        let mut schedule = Schedule { begin, gap, random, end, n: 0, at: 0.0, next: 0.0 };
        schedule.at = schedule.first();
        schedule.next = schedule.at + schedule.draw();
        schedule
    }

    /// Returns the time that belongs to the messages: from when the first may be due to the end of
    /// the last one's turn, or the beginning again if chance decides that.
    pub(super) fn span(&self) -> (Ticks, Ticks) {
        let length = match self.end {
            End::Before(length) => length,
            End::Count(count) if self.random.is_none() => count as f64 * self.gap,
            End::Count(_) => 0.0,
        };
        (self.begin, self.begin + length as Ticks)
    }

    /// Returns the moment at which a sender that is late sends no more.
    pub(super) fn over(&self, clock: &Clock, extent: Extent) -> Ticks {
        match extent {
            Extent::Messages(_) => Ticks::MAX,
            Extent::Time(time) => self.begin + clock.ticks(time + time / CATCH_UP),
        }
    }

    /// Returns the first message's time. At a constant rate it is due at once. At a random one it
    /// comes after a gap, as all do: one drawn from those that end within the phase.
    fn first(&mut self) -> f64 {
        let (Some(random), End::Before(length)) = (&mut self.random, self.end) else {
            return if self.random.is_some() { self.draw() } else { 0.0 };
        };
        let within = -(-length / self.gap).exp_m1();
        -self.gap * (-random.f64() * within).ln_1p()
    }

    /// Returns the distance to the next message.
    fn draw(&mut self) -> f64 {
        match &mut self.random {
            None => self.gap,
            // f64() is below 1, so the logarithm is finite.
            Some(random) => -self.gap * (-random.f64()).ln_1p(),
        }
    }

    /// Returns the time at which message `n` is due. Calls must have rising numbers; skipped ones
    /// were due, too.
    pub(super) fn due(&mut self, n: u64) -> Ticks {
        while self.n < n {
            self.n += 1;
            self.at = self.next;
            self.next = match self.random {
                // A sum would show a million roundings.
                None => (self.n + 1) as f64 * self.gap,
                Some(_) => self.at + self.draw(),
            };
        }
        self.begin + self.at as Ticks
    }

    /// Returns true if the latest message is the phase's last.
    pub(super) fn is_last(&self) -> bool {
        match self.end {
            End::Count(count) => self.n + 1 >= count,
            End::Before(length) => self.next >= length,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::LazyLock;

    /// One for all tests: each calibration finds a slightly different rate, and takes its time.
    static CLOCK: LazyLock<Clock> = LazyLock::new(Clock::calibrate);

    fn schedule(rate: u32, arrivals: Arrivals, extent: Extent, seed: u64) -> Schedule {
        Schedule::new(1_000, &CLOCK, (rate, arrivals), extent, seed)
    }

    /// Returns the times of a phase's messages, in gaps after its beginning.
    fn moments(mut schedule: Schedule) -> Vec<f64> {
        let mut moments = Vec::new();
        for n in 0.. {
            let due = schedule.due(n);
            moments.push((due - schedule.begin) as f64 / schedule.gap);
            if schedule.is_last() {
                break;
            }
        }
        moments
    }

    const SECOND: Extent = Extent::Time(Duration::from_secs(1));

    #[test]
    fn a_phase_holds_rate_times_time_and_not_one_more() {
        let time = |ms| Extent::Time(Duration::from_millis(ms));
        assert_eq!(messages_in(time(50), 1_000), 50);
        assert_eq!(messages_in(time(50), 10), 0);
        assert_eq!(messages_in(time(100), 10), 1);
        assert_eq!(messages_in(Extent::Messages(7), 10), 7);
        assert_eq!(moments(schedule(1_000, Arrivals::Constant, time(50), 0)).len(), 50);
        assert_eq!(moments(schedule(1_000, Arrivals::Poisson, Extent::Messages(7), 0)).len(), 7);
    }

    #[test]
    fn the_millionth_message_of_a_constant_rate_is_due_when_its_rate_says() {
        let mut schedule = schedule(1_000_000, Arrivals::Constant, Extent::Messages(1 << 21), 0);
        assert_eq!(schedule.due(0), 1_000);
        let due = schedule.due(1_000_000);
        assert_eq!(due, 1_000 + (1e6 * schedule.gap) as Ticks);
    }

    #[test]
    fn random_gaps_are_exponential_and_independent() {
        let moments = moments(schedule(100_000, Arrivals::Poisson, SECOND, 3));
        let gaps: Vec<f64> = moments.windows(2).map(|w| w[1] - w[0]).collect();
        let n = gaps.len() as f64;
        // Five standard errors each.
        assert!((moments.len() as f64 - 1e5).abs() < 5.0 * 1e5f64.sqrt(), "{}", moments.len());
        let mean = gaps.iter().sum::<f64>() / n;
        let variance = gaps.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / n;
        assert!((mean - 1.0).abs() < 5.0 / n.sqrt(), "{mean}");
        assert!((variance - 1.0).abs() < 5.0 * (8.0 / n).sqrt(), "{variance}");
        for (at, share) in
            [(0.1, 0.0952), (0.5, 0.3935), (1.0, 0.6321), (3.0, 0.9502), (5.0, 0.9933)]
        {
            let below = gaps.iter().filter(|g| **g < at).count() as f64 / n;
            assert!((below - share).abs() < 5.0 * (share * (1.0 - share) / n).sqrt(), "{at}");
        }
        let pairs = gaps.windows(2).map(|w| (w[0] - mean) * (w[1] - mean));
        let correlation = pairs.sum::<f64>() / n / variance;
        assert!(correlation.abs() < 5.0 / n.sqrt(), "{correlation}");
    }

    #[test]
    fn both_sides_draw_the_same_and_one_may_pass_over_some() {
        let all = moments(schedule(1_000, Arrivals::Poisson, SECOND, 5));
        let mut other = schedule(1_000, Arrivals::Poisson, SECOND, 5);
        for n in (0..all.len()).step_by(7) {
            let due = other.due(n as u64);
            assert_eq!((due - other.begin) as f64 / other.gap, all[n], "{n}");
        }
        assert_ne!(all, moments(schedule(1_000, Arrivals::Poisson, SECOND, 6)));
    }

    #[test]
    fn a_sparse_phase_has_a_message_and_ends_in_its_time() {
        let mut counts = 0;
        for seed in 0..2_000 {
            let tenth = Extent::Time(Duration::from_millis(100));
            let moments = moments(schedule(10, Arrivals::Poisson, tenth, seed));
            assert!(moments.iter().all(|at| (0.0..1.0).contains(at)), "{moments:?}");
            counts += moments.len();
        }
        // The mean is one, over the phases that have any: 1 / (1 - 1/e).
        let mean = f64::from(u32::try_from(counts).unwrap()) / 2_000.0;
        assert!((mean - 1.582).abs() < 0.1, "{mean}");
        let none = Extent::Time(Duration::ZERO);
        assert_eq!(moments(schedule(10, Arrivals::Poisson, none, 1)), [0.0]);
    }
}
