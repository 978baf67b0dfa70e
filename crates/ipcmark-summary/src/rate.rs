//! The rate of an open loop, asked and reached.
//!
//! Where messages are sent faster than they are carried, each waits behind all those before it. The
//! time from its intended start then grows as long as the phase goes on: it says how long that was,
//! and nothing of the mechanism. So a rate that was not reached has no latency.

use crate::{Figure, Row};
use ipcmark_record::{Arrivals, Parameter, Workload};

/// Least share of the asked rate that counts as reached, of very many messages.
const SHARE: f64 = 0.95;

/// The rate of a `paced` cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Messages a second that were to be sent.
    pub asked_per_s: f64,
    /// Messages a second that were received and verified.
    pub reached_per_s: f64,
}

impl Row {
    /// Returns the rate, asked and reached; `None` of other workloads, and without a figure.
    #[must_use]
    pub fn rate(&self) -> Option<Rate> {
        let reached_per_s = self.figure.as_ref()?.messages_per_s.value;
        let asked_per_s = self.key.workload.value(Parameter::Rate)?.into();
        Some(Rate { asked_per_s, reached_per_s })
    }

    /// Returns true if the asked rate was not reached.
    #[must_use]
    pub fn misses_rate(&self) -> bool {
        let good = (self.made_invocations - self.failed_invocations).max(1) as u64;
        let least = least_share(self.key.workload, self.messages / good);
        self.rate().is_some_and(|rate| rate.reached_per_s < least * rate.asked_per_s)
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
        self.refused.get_or_insert(why);
    }
}

/// Returns the share of the asked rate that counts as reached by an invocation of `messages`. A phase
/// of few messages is lengthened by a late last one, and Poisson arrivals are not evenly many.
fn least_share(workload: Workload, messages: u64) -> f64 {
    let deviations = if workload.arrivals() == Some(Arrivals::Poisson) { 2.0 } else { 1.0 };
    SHARE - deviations / (messages.max(1) as f64).sqrt()
}
