//! The times at which the messages of an open loop are due: at equal distances, at random, as
//! users arrive, in bursts, or as a trace has them.
//!
//! Both sides need every time, and neither may send it, since the mechanism under test would carry
//! it. So each draws the same times from the plan's seed, one after another; none is stored,
//! however long the phase. Random arrivals are a Poisson process: independent gaps with an
//! exponential distribution, whose mean is the rate's. Its counts vary from phase to phase, as
//! counts of users do. Only a phase that would have no message gets a first one within its time.

use crate::stage::Stage;
use fastrand::Rng;
use ipcmark_core::{Arrivals, Extent, Parameter, Trace, Workload};
use ipcmark_sys::clock::{Clock, Ticks};
use std::sync::Arc;
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

/// Returns the mean number of messages that are due within `extent`; of bursts, those of whole ones.
pub(crate) fn messages_in(extent: Extent, rate_per_s: u32, arrivals: Arrivals) -> u64 {
    let together = u64::from(arrivals.together());
    match extent {
        Extent::Messages(n) => n.max(1).next_multiple_of(together),
        Extent::Time(time) => {
            let due = (time.as_secs_f64() * f64::from(rate_per_s)) as u64;
            due - due % together
        }
    }
}

/// The times of one phase, from the first to the last.
#[derive(Debug)]
pub(super) struct Schedule {
    begin: Ticks,
    /// Mean distance of two messages, in ticks.
    gap: f64,
    gaps: Gaps,
    /// The end of the phase.
    end: End,
    /// The current message, and its time in ticks after `begin`.
    n: u64,
    at: f64,
    /// Time of the message after it.
    next: f64,
}

/// The distances between messages.
#[derive(Debug)]
enum Gaps {
    /// All equal; or none within a group of that many, with the mean kept.
    Even(u64),
    /// Drawn one by one.
    Random(Rng),
    /// Those of a trace, with the number of ticks in a ns.
    Traced(Arc<Trace>, f64),
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
        match (arrivals, &stage.plan.trace) {
            (Arrivals::Replay { .. }, Some(trace)) => {
                Schedule::traced(begin, clock, trace, stage.extent)
            }
            _ => Schedule::new(begin, clock, (rate, arrivals), stage.extent, seed),
        }
    }

    /// Makes the schedule of a trace, from its beginning.
    fn traced(begin: Ticks, clock: &Clock, trace: &Arc<Trace>, extent: Extent) -> Schedule {
        let ticks_per_ns = clock.hz() / 1e9;
        let end = match extent {
            Extent::Messages(n) => End::Count(n.max(1)),
            Extent::Time(time) => End::Before(clock.ticks(time) as f64),
        };
        let gap = trace.pass_ns() as f64 / trace.len() as f64 * ticks_per_ns;
        let gaps = Gaps::Traced(Arc::clone(trace), ticks_per_ns);
        let mut schedule = Schedule { begin, gap, gaps, end, n: 0, at: 0.0, next: 0.0 };
        schedule.next = schedule.following();
        schedule
    }

    fn new(
        begin: Ticks,
        clock: &Clock,
        (rate, arrivals): (u32, Arrivals),
        extent: Extent,
        seed: u64,
    ) -> Schedule {
        let gap = clock.hz() / f64::from(rate);
        let together = u64::from(arrivals.together());
        let (gaps, end) = match (arrivals, extent) {
            (Arrivals::Poisson, Extent::Messages(n)) => {
                (Gaps::Random(Rng::with_seed(seed)), End::Count(n.max(1)))
            }
            (Arrivals::Poisson, Extent::Time(time)) => {
                (Gaps::Random(Rng::with_seed(seed)), End::Before(clock.ticks(time) as f64))
            }
            _ => {
                let count = messages_in(extent, rate, arrivals).max(together);
                (Gaps::Even(together), End::Count(count))
            }
        };
        let mut schedule = Schedule { begin, gap, gaps, end, n: 0, at: 0.0, next: 0.0 };
        schedule.at = schedule.first();
        schedule.next = schedule.following();
        schedule
    }

    /// Returns the time that belongs to the messages: from when the first may be due to the end of
    /// the last one's turn, or the beginning again if chance decides that.
    pub(super) fn span(&self) -> (Ticks, Ticks) {
        let length = match (self.end, &self.gaps) {
            (End::Before(length), _) => length,
            (End::Count(count), Gaps::Even(_)) => count as f64 * self.gap,
            (End::Count(_), Gaps::Random(_)) => 0.0,
            (End::Count(count), Gaps::Traced(trace, per_ns)) => {
                trace.time_ns(count) as f64 * per_ns
            }
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
        match (&mut self.gaps, self.end) {
            (Gaps::Even(_) | Gaps::Traced(..), _) => 0.0,
            (Gaps::Random(_), End::Count(_)) => self.following(),
            (Gaps::Random(random), End::Before(length)) => {
                let within = -(-length / self.gap).exp_m1();
                -self.gap * (-random.f64() * within).ln_1p()
            }
        }
    }

    /// Returns the time of the message after the current one.
    fn following(&mut self) -> f64 {
        match &mut self.gaps {
            // A sum would show a million roundings.
            Gaps::Even(together) => {
                let next = self.n + 1;
                (next - next % *together) as f64 * self.gap
            }
            Gaps::Traced(trace, per_ns) => trace.time_ns(self.n + 1) as f64 * *per_ns,
            // f64() is below 1, so the logarithm is finite.
            Gaps::Random(random) => self.at - self.gap * (-random.f64()).ln_1p(),
        }
    }

    /// Returns the time at which message `n` is due. Calls must have rising numbers; skipped ones
    /// were due, too.
    pub(super) fn due(&mut self, n: u64) -> Ticks {
        while self.n < n {
            self.n += 1;
            self.at = self.next;
            self.next = self.following();
        }
        self.begin + self.at as Ticks
    }

    /// Returns true if several messages may be due at the same time: then one waits for the sends before
    /// it, which is no lag of its sender.
    pub(super) const fn shares_times(&self) -> bool {
        matches!(self.gaps, Gaps::Even(2..) | Gaps::Traced(..))
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
        let even = |extent, rate| messages_in(extent, rate, Arrivals::Constant);
        assert_eq!(even(time(50), 1_000), 50);
        assert_eq!(even(time(50), 10), 0);
        assert_eq!(even(time(100), 10), 1);
        assert_eq!(even(Extent::Messages(7), 10), 7);
        let bursts = |extent| messages_in(extent, 1_000, Arrivals::Bursts { of: 16 });
        assert_eq!([bursts(time(50)), bursts(time(15))], [48, 0], "whole ones");
        assert_eq!(bursts(Extent::Messages(17)), 32);
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
    fn a_burst_is_due_at_once_and_the_mean_rate_is_kept() {
        for (of, bursts) in [(2, 500), (7, 142), (1_000, 1)] {
            let schedule = schedule(1_000, Arrivals::Bursts { of }, SECOND, 0);
            let length = schedule.span().1 - schedule.begin;
            assert_eq!(length, (f64::from(of * bursts) * schedule.gap) as Ticks);
            let moments = moments(schedule);
            assert_eq!(moments.len() as u32, of * bursts);
            for (n, at) in moments.iter().enumerate() {
                let group = f64::from(n as u32 / of * of);
                // The clock has whole ticks.
                assert!((at - group).abs() < 1e-4, "{n} of {of}: {at}");
            }
        }
        let early = Extent::Time(Duration::from_millis(1));
        assert_eq!(moments(schedule(1_000, Arrivals::Bursts { of: 9 }, early, 0)).len(), 9);
    }

    #[test]
    fn a_trace_is_replayed_at_its_times_again_and_again() {
        let rows = [(0, 64), (100_000_000, 64), (100_000_000, 64), (399_000_000, 9)];
        let trace = Arc::new(Trace::new("t", rows.to_vec()).unwrap());
        let mut replay = Schedule::traced(1_000, &CLOCK, &trace, SECOND);
        let mut times = Vec::new();
        for n in 0.. {
            let due = replay.due(n);
            times.push((CLOCK.ns(due - 1_000) / 1e6).round() as u64);
            if replay.is_last() {
                break;
            }
        }
        // A pass takes 532 ms.
        assert_eq!(times, [0, 100, 100, 399, 532, 632, 632, 931]);
        assert_eq!(replay.span().1 - 1_000, CLOCK.ticks(Duration::from_secs(1)));
        let counted = Schedule::traced(0, &CLOCK, &trace, Extent::Messages(4));
        assert_eq!((CLOCK.ns(counted.span().1) / 1e6).round() as u64, 532);
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
