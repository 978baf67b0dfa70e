//! The times of each message, one by one, on request.
//!
//! A side keeps two numbers a message in memory that it has touched before the phase, and writes them
//! into the run's private folder after it. Beyond a stated number of messages it keeps none, and
//! counts them.

use crate::seat::Seat;
use crate::timer::Timer;
use ipcmark_core::{Error, Plan, Result, Timed};
use ipcmark_record::Unit;
use ipcmark_sys::clock::{Clock, Ticks};
use std::hint::black_box;
use std::io::Write as _;
use std::path::PathBuf;

/// Messages of an invocation that are kept at most.
pub const MOST_RAW: usize = 1_000_000;
/// Bytes of a message in a side's file: two numbers.
const ROW: usize = 16;

/// Times of one message, ns after the beginning of the phase; none where no side knows one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawMessage {
    /// The time at which it was due; of a closed loop, none.
    pub intended_ns: Option<u64>,
    /// The call that sent it.
    pub sent_ns: Option<u64>,
    /// The receipt of it, or of its answer; none if it was lost.
    pub received_ns: Option<u64>,
}

/// The messages of one invocation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RawMessages {
    /// The messages in the order in which they were sent.
    pub messages: Vec<RawMessage>,
    /// Messages beyond the bound.
    pub left_out: u64,
}

/// The moments of one timer: for each message the end of its time, and its length.
#[derive(Debug)]
pub(crate) struct Raw {
    rows: Vec<[Ticks; 2]>,
    kept: usize,
    left_out: u64,
}

impl Raw {
    /// Makes room for `most` messages, and touches it.
    pub(crate) fn new(most: usize) -> Raw {
        let mut rows = vec![[0; 2]; most];
        // Zeroed pages are not there before something is written to them.
        rows.iter_mut().for_each(|row| *row = black_box([1, 1]));
        Raw { rows, kept: 0, left_out: 0 }
    }

    /// Forgets all messages.
    pub(crate) fn forget(&mut self) {
        (self.kept, self.left_out) = (0, 0);
    }

    /// Keeps one.
    #[inline]
    pub(crate) fn keep(&mut self, now: Ticks, ticks: Ticks) {
        match self.rows.get_mut(self.kept) {
            Some(row) => {
                *row = [now, ticks];
                self.kept += 1;
            }
            None => self.left_out += 1,
        }
    }

    /// Returns for each message the beginning and the end of its time, ns after `start`.
    fn spans(&self, clock: &Clock, start: Ticks) -> impl Iterator<Item = [u64; 2]> {
        let after = move |ticks: Ticks| clock.ns(ticks.saturating_sub(start)).round() as u64;
        self.rows[..self.kept].iter().map(move |[end, time]| [after(end - time), after(*end)])
    }
}

/// Measures what keeping one message costs, ns.
pub(crate) fn cost_ns(clock: &Clock) -> f64 {
    const EACH: usize = 2_000;
    let mut raw = Raw::new(EACH);
    let mut each: Vec<f64> = (0..21)
        .map(|_| {
            raw.forget();
            let begun = clock.now();
            for n in 0..EACH as u64 {
                black_box(&mut raw).keep(n, n);
            }
            clock.ns(clock.now() - begun) / EACH as f64
        })
        .collect();
    each.sort_by(f64::total_cmp);
    each[each.len() / 2]
}

fn file(plan: &Plan, side: &str, what: &str) -> PathBuf {
    plan.names.dir.join(format!("raw-{side}-{what}"))
}

/// Writes a timer's messages where the supervisor finds them.
pub(crate) fn write(
    plan: &Plan,
    seat: Seat,
    what: &str,
    timer: &Timer,
    (clock, start): (&Clock, Ticks),
) -> Result<()> {
    let Some(raw) = &timer.raw else { return Ok(()) };
    let path = file(plan, &seat.name(), what);
    let failed = |e| Error::os(format!("write({})", path.display()), e);
    let mut out = std::io::BufWriter::new(std::fs::File::create(&path).map_err(failed)?);
    out.write_all(&raw.left_out.to_le_bytes()).map_err(failed)?;
    for [begin, end] in raw.spans(clock, start) {
        out.write_all(&begin.to_le_bytes()).map_err(failed)?;
        out.write_all(&end.to_le_bytes()).map_err(failed)?;
    }
    out.flush().map_err(failed)
}

/// Reads what a side wrote; nothing if it wrote nothing.
fn read(plan: &Plan, side: &str, what: &str) -> (Vec<[u64; 2]>, u64) {
    let bytes = std::fs::read(file(plan, side, what)).unwrap_or_default();
    let number = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
    let (left_out, rows) = bytes.split_at(bytes.len().min(ROW / 2));
    let row = |row: &[u8]| [number(&row[..ROW / 2]), number(&row[ROW / 2..])];
    (rows.chunks_exact(ROW).map(row).collect(), number(left_out))
}

/// Returns the messages of an invocation whose sides have ended.
pub(crate) fn collect(plan: &Plan) -> RawMessages {
    if plan.raw.is_none() {
        return RawMessages::default();
    }
    let (first, left_out) = read(plan, "initiator", "times");
    let messages = match plan.workload.timed() {
        Timed::OneWay => {
            let (received, _) = read(plan, "responder", "times");
            one_way(&first, &received)
        }
        Timed::PacedRoundTrip => {
            let (sent, _) = read(plan, "initiator", "lags");
            let sent = sent.into_iter().map(|[_, sent]| Some(sent)).chain(std::iter::repeat(None));
            let trips = first.iter().zip(sent);
            trips
                .map(|([due, back], sent_ns)| RawMessage {
                    intended_ns: Some(*due),
                    sent_ns,
                    received_ns: Some(*back),
                })
                .collect()
        }
        _ => {
            let trip = |[sent, back]: &[u64; 2]| RawMessage {
                intended_ns: None,
                sent_ns: Some(*sent),
                received_ns: Some(*back),
            };
            first.iter().map(trip).collect()
        }
    };
    RawMessages { messages, left_out }
}

/// Joins what was sent with what was received by the time at which it was due: both sides know it. What was
/// lost of several messages that were due at once counts as the last of them.
fn one_way(sent: &[[u64; 2]], received: &[[u64; 2]]) -> Vec<RawMessage> {
    let mut received = received.iter().peekable();
    let mut of = |[due, sent]: &[u64; 2]| {
        while received.next_if(|[other, _]| other < due).is_some() {}
        let own = received.next_if(|[other, _]| other == due);
        RawMessage {
            intended_ns: Some(*due),
            sent_ns: Some(*sent),
            received_ns: own.map(|[_, at]| *at),
        }
    };
    sent.iter().map(&mut of).collect()
}

/// Returns the timers of a unit whose messages can be kept.
pub(crate) const fn keeps(unit: Option<Unit>) -> bool {
    matches!(unit, Some(Unit::NsPerRoundTrip | Unit::NsOneWay | Unit::NsLag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_lost_has_no_receipt() {
        let sent = [[10, 11], [20, 22], [20, 23], [30, 31]];
        let joined = one_way(&sent, &[[10, 15], [20, 29], [30, 39]]);
        let received: Vec<_> = joined.iter().map(|row| row.received_ns).collect();
        assert_eq!(received, [Some(15), Some(29), None, Some(39)]);
        assert_eq!(joined[2].intended_ns.zip(joined[2].sent_ns), Some((20, 23)));
    }

    #[test]
    fn what_is_beyond_the_room_is_counted() {
        let mut raw = Raw::new(2);
        (0..5).for_each(|n| raw.keep(100 + n, n));
        assert_eq!((raw.kept, raw.left_out), (2, 3));
        raw.forget();
        assert_eq!((raw.kept, raw.left_out), (0, 0));
        assert!(cost_ns(&Clock::calibrate()) > 0.0);
    }
}
