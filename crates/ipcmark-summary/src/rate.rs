//! The rate of an open loop, asked and reached.
//!
//! Where messages are sent faster than they are carried, each waits behind all those before it. The
//! time from its intended start then grows as long as the phase goes on: it says how long that was,
//! and nothing of the mechanism. So a rate that was not reached has no latency.

use crate::{Figure, Row};
use ipcmark_record::{Arrivals, Invocation, Replayed, WhenFull, Workload};

/// Least share of the asked rate that counts as reached, of very many messages.
const SHARE: f64 = 0.95;

/// The rate of a `paced` cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Messages a second that all receivers were to get together.
    pub asked_per_s: f64,
    /// Messages a second that were received and verified.
    pub reached_per_s: f64,
}

impl Row {
    /// Returns the rate, asked and reached; `None` of other workloads, and without a figure.
    #[must_use]
    pub fn rate(&self) -> Option<Rate> {
        let reached_per_s = self.figure.as_ref()?.messages_per_s.value;
        let asked_per_s = self.key.workload.due_per_s()?;
        // A phase may hold a part of a trace, whose rate is its own.
        Some(Rate { asked_per_s: self.replayed_per_s.unwrap_or(asked_per_s), reached_per_s })
    }

    /// Returns true if the asked rate was not reached.
    #[must_use]
    pub fn misses_rate(&self) -> bool {
        let good = (self.made_invocations - self.failed_invocations).max(1) as u64;
        let (messages, workload) = (self.messages / good, self.key.workload);
        let missed = |rate: Rate| {
            let elapsed_s = messages as f64 / rate.reached_per_s;
            let phase = Phase { messages, elapsed_s, by_schedule: self.by_schedule };
            phase.misses(rate.asked_per_s, least_share(workload, messages))
        };
        // What a sender drops is missing, and its latency does not grow.
        self.key.when_full == WhenFull::Wait && self.rate().is_some_and(missed)
    }

    /// Takes the latency away from a row that did not reach its rate.
    #[must_use]
    pub(crate) fn held_to_its_rate(mut self) -> Row {
        if let Some(rate) = self.rate().filter(|_| self.misses_rate()) {
            let others = self.others.iter_mut().map(|other| &mut other.figure);
            self.figure.iter_mut().chain(others).for_each(|figure| {
                figure.refuse(format!(
                    "rate not reached: {:.0}/s of {:.0}/s asked; a latency would grow with the run",
                    rate.reached_per_s, rate.asked_per_s
                ));
            });
        }
        self
    }
}

impl Figure {
    /// Takes the times away, because they would mislead, and keeps the reason. The first reason
    /// stays.
    pub(crate) fn refuse(&mut self, why: String) {
        self.percentiles.clear();
        self.max_ns = None;
        self.worst_peer = None;
        self.refused.get_or_insert(why);
    }
}

/// A phase at a set rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Phase {
    /// Messages that were received and verified.
    pub messages: u64,
    /// Its time, s.
    pub elapsed_s: f64,
    /// True if that is the schedule's: see [`Invocation::by_schedule`](ipcmark_record::Invocation::by_schedule).
    pub by_schedule: bool,
}

/// Returns true if a phase has too few messages for the rate of `paced`.
#[must_use]
pub fn misses_rate(workload: Workload, phase: Phase) -> bool {
    let Some(asked_per_s) = workload.due_per_s() else { return false };
    phase.misses(asked_per_s, least_share(workload, phase.messages))
}

impl Phase {
    fn misses(self, asked_per_s: f64, least_share: f64) -> bool {
        let Phase { messages, elapsed_s, by_schedule } = self;
        let (sent, sending_s) = match by_schedule {
            true => (messages, elapsed_s),
            // The first was sent after the lead, and at once: the others took the time behind it.
            false => (messages.saturating_sub(1), elapsed_s - Workload::LEAD_NS as f64 / 1e9),
        };
        (sent as f64) < least_share * sending_s * asked_per_s
    }
}

/// Returns the rate that replayed phases had, messages a second; `None` of other phases.
pub(crate) fn replayed_per_s(invocations: &[&Invocation]) -> Option<f64> {
    let sum = |of: fn(&Replayed) -> u64| {
        invocations.iter().filter_map(|i| i.replayed.as_ref()).map(of).fold(0, u64::saturating_add)
    };
    let (due, span_ns) = (sum(|replayed| replayed.due), sum(|replayed| replayed.span_ns));
    (span_ns > 0).then(|| due as f64 * 1e9 / span_ns as f64)
}

/// Returns the share of the asked rate that counts as reached by an invocation of `messages`. A phase
/// of few messages is lengthened by a late last one, and Poisson arrivals are not evenly many.
fn least_share(workload: Workload, messages: u64) -> f64 {
    let deviations = if workload.arrivals() == Some(Arrivals::Poisson) { 2.0 } else { 1.0 };
    SHARE - deviations / (messages.max(1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn misses(workload: Workload, messages: u64, elapsed_s: f64, by_schedule: bool) -> bool {
        misses_rate(workload, Phase { messages, elapsed_s, by_schedule })
    }

    #[test]
    fn the_time_before_the_first_message_of_an_older_record_does_not_count() {
        let paced = Workload::PACED.with_value(1_000_000);
        // 3 ms at full rate, behind a lead of half a millisecond.
        assert!(!misses(paced, 3_000, 3.5e-3, false));
        assert!(misses(paced, 2_700, 3.5e-3, false));
        assert!(misses(paced, 10_000, 1.0, false) && !misses(Workload::Stream, 1, 1.0, false));
        let poisson = Workload::Paced { rate: 1_000, arrivals: Arrivals::Poisson };
        assert!(!misses(poisson, 33, 50.5e-3, false), "chance");
        assert!(misses(poisson, 30, 200.5e-3, false));
    }

    // F3
    #[test]
    fn a_phase_by_its_schedule_is_judged_by_all_its_time_and_all_its_messages() {
        let paced = Workload::PACED.with_value(1_000_000);
        assert!(!misses(paced, 3_000, 3e-3, true));
        // Of a time with the lead in it these would be enough.
        assert!(misses(paced, 2_700, 3e-3, true) && !misses(paced, 2_700, 3e-3, false));
        // One message has its turn: it is all that was asked.
        let slow = Workload::PACED.with_value(100);
        assert!(!misses(slow, 1, 10e-3, true) && !misses(slow, 2, 20e-3, true));
        assert!(misses(slow, 4, 160e-3, true));
    }
}
