//! How long a send holds its sender, how many sends had to wait, and how many messages were dropped.

use crate::figure::estimate;
use crate::pooled::Told;
use crate::samples::enough;
use crate::{Context, Estimate, PERCENTILES, Percentile, Result, Row};
use ipcmark_record::{Blocked, Cell, Invocation, KnownBy};
use serde::Serialize;

/// Drift of shares: they contain no time.
const NO_TIME: f64 = 0.0;

/// The sends of one cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sending {
    /// Time that a send held its sender, ns, one entry for each of [`PERCENTILES`]: from the claim of a
    /// message's space until it was handed over, two reads of the clock included.
    pub held: Vec<Percentile>,
    /// Longest time that a send held its sender in any invocation, ns.
    pub held_max_ns: f64,
    /// Share of the sends that had to wait, 0 to 1; absent where that cannot be known.
    pub blocked_share: Option<Estimate>,
    /// The way that it is known; absent with the share.
    pub blocked_known_by: Option<KnownBy>,
    /// Messages that were dropped instead of waiting for room, and those that were due; absent of a
    /// sender that waits.
    pub dropped: Option<Dropped>,
}

/// Messages that a sender dropped, over all invocations.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Dropped {
    /// Dropped messages.
    pub messages: u64,
    /// Their share of those that were due, 0 to 1.
    pub share: f64,
}

impl Row {
    /// Returns the number of messages that its sender dropped instead of waiting for room.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        let dropped = self.sending.as_ref().and_then(|sending| sending.dropped);
        dropped.map_or(0, |dropped| dropped.messages)
    }

    /// Returns the CPUs that third parties used: CPU time over wall time; `None` if there are none.
    #[must_use]
    pub fn third_parties_cpus(&self) -> Option<Estimate> {
        let each_ns = self.cost.as_ref()?.third_parties_ns_per_message?;
        Some(self.figure.as_ref()?.cpus_of(each_ns))
    }
}

impl Sending {
    /// Returns a percentile of the time held, one of [`PERCENTILES`], if there are values.
    #[must_use]
    pub fn held(&self, quantile: f64) -> Option<&Percentile> {
        self.held.iter().find(|p| p.quantile == quantile)
    }
}

/// Returns the sends of some of a cell's invocations, which must be good ones; `None` if none was timed.
pub(crate) fn sending(
    cell: &Cell,
    invocations: &[&Invocation],
    context: &Context,
) -> Result<Option<Sending>> {
    let held = context.memo.tell(cell, invocations, Told::Hold)?;
    let drift = context.drift_of(cell);
    let samples = held.iter().map(|own| own.values).fold(0, u64::saturating_add);
    let each: Vec<u64> = held.iter().map(|own| own.values).collect();
    let percentiles = PERCENTILES.iter().enumerate().filter_map(|(at, &quantile)| {
        let own: Vec<f64> = held.iter().map(|own| own.percentiles_ns[at]).collect();
        let ns = estimate(&own, drift)?;
        Some(Percentile { quantile, ns, samples, enough: enough(samples, &each, quantile) })
    });
    let blocked = invocations.iter().filter_map(|i| blocked(i)).collect::<Vec<_>>();
    let shares: Vec<f64> = blocked.iter().map(|b| b.blocked as f64 / b.sends as f64).collect();
    let Some(held_max_ns) = held.iter().map(|own| own.max_ns).reduce(f64::max) else {
        return Ok(None);
    };
    Ok(Some(Sending {
        held: percentiles.collect(),
        held_max_ns,
        blocked_share: estimate(&shares, NO_TIME),
        blocked_known_by: blocked.first().map(|blocked| blocked.known_by),
        dropped: dropped(cell),
    }))
}

/// Returns the sends of all senders of an invocation that had to wait; `None` if that is not known of each.
fn blocked(invocation: &Invocation) -> Option<Blocked> {
    let holds = invocation.sides.iter().filter_map(|side| side.hold.as_ref());
    let mut all = holds.map(|hold| hold.blocked);
    let first = all.next()??;
    let sum = all.try_fold(first, |sum, blocked| {
        let blocked = blocked?;
        Some(Blocked {
            sends: sum.sends.saturating_add(blocked.sends),
            blocked: sum.blocked.saturating_add(blocked.blocked),
            ..sum
        })
    })?;
    (sum.sends > 0).then_some(sum)
}

/// Returns what was dropped in all invocations that were made, as losses are counted.
fn dropped(cell: &Cell) -> Option<Dropped> {
    let drops = || cell.invocations.iter().filter_map(|i| i.drops);
    let offered = drops().map(|drops| drops.offered).fold(0, u64::saturating_add);
    let messages = drops().map(|drops| drops.dropped).fold(0, u64::saturating_add);
    (offered > 0).then(|| Dropped { messages, share: messages as f64 / offered as f64 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_record::{Drops, Encoded, Histogram, Hold, Unit, Workload, sample};

    fn record() -> ipcmark_record::Record {
        sample::record_of(1, 7, |key| {
            key.transport == "pipe/block" && key.workload == Workload::Stream
        })
    }

    fn hold(values: &[u64], known_by: KnownBy, blocked: u64) -> Option<Hold> {
        let mut histogram = Histogram::new(3).unwrap();
        values.iter().for_each(|value| histogram.record(*value).unwrap());
        let times = Encoded::pack(&histogram, Unit::NsPerSend, 1).unwrap();
        Some(Hold { times, blocked: Some(Blocked { known_by, sends: 10, blocked }) })
    }

    #[test]
    fn a_send_has_percentiles_and_the_share_that_waited() {
        let mut record = record();
        let cell = &mut record.cells[0];
        for (at, invocation) in cell.invocations.iter_mut().enumerate() {
            invocation.sides[0].hold = hold(&[100, 200, 900], KnownBy::Sleep, at as u64);
        }
        let context = Context::of(&record).unwrap();
        let cell = &record.cells[0];
        let good: Vec<&Invocation> = cell.invocations.iter().collect();
        let found = sending(cell, &good, &context).unwrap().unwrap();
        assert_eq!((found.held[0].ns.value, found.held_max_ns), (200.0, 900.0));
        assert!(!found.held[2].enough, "three values have no p99");
        let middle = (good.len() - 1) as f64 / 20.0;
        assert_eq!(found.blocked_share.map(|share| share.value), Some(middle));
        assert_eq!((found.blocked_known_by, found.dropped), (Some(KnownBy::Sleep), None));
    }

    #[test]
    fn what_is_not_known_of_one_sender_is_not_known() {
        let mut record = record();
        let cell = &mut record.cells[0];
        for invocation in &mut cell.invocations {
            invocation.sides[0].hold = hold(&[1], KnownBy::Refusal, 3);
            invocation.sides[1].hold = hold(&[1], KnownBy::Refusal, 1);
        }
        assert_eq!(blocked(&cell.invocations[0]).map(|b| (b.sends, b.blocked)), Some((20, 4)));
        cell.invocations[0].sides[1].hold.as_mut().unwrap().blocked = None;
        assert_eq!(blocked(&cell.invocations[0]), None);
        let none = record.cells[0].invocations[0].sides.clone();
        assert!(none.iter().any(|side| side.hold.is_some()));
    }

    #[test]
    fn what_was_dropped_is_a_share_of_what_was_due_over_all_invocations() {
        let mut record = record();
        let cell = &mut record.cells[0];
        assert_eq!(dropped(cell), None, "a sender that waits");
        for (at, invocation) in cell.invocations.iter_mut().enumerate() {
            let gone = if at == 0 { 50 } else { 0 };
            invocation.drops = Some(Drops { offered: 100, dropped: gone, received: 100 - gone });
        }
        let share = 50.0 / (100.0 * cell.invocations.len() as f64);
        assert_eq!(dropped(cell), Some(Dropped { messages: 50, share }));
    }
}
