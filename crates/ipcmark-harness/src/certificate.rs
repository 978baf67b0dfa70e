//! The clocks of two CPUs: a bound on the difference of their readings.
//!
//! There is one process on each CPU. The first takes a stamp and writes it to a line that both
//! share. The second takes its own stamp as soon as it sees the line change, and writes that. The
//! first takes another when it sees the answer. The second stamp was taken between the other two,
//! so the offset of the clocks is in a span as long as the round trip. Each exchange gives one
//! span, and the offset is in all of them. The intersection of thousands of spans is narrow.
//!
//! Half a round trip is never used as an estimate: the two ways need not be equally long. The span
//! is right either way.

use crate::findings::{pack, unpack};
use crate::{Error, Result};
use ipcmark_core::Error as Refusal;
use ipcmark_record::ClockBound;
use ipcmark_sys::affinity;
use ipcmark_sys::clock::{Clock, Ticks};
use ipcmark_sys::crew::{Crew, Over};
use ipcmark_sys::shared::{Line, Lines};
use serde::{Deserialize, Serialize};
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::{Duration, Instant};

/// Batches of exchanges. Within one the offset does not change.
const BATCHES: usize = 16;
/// Exchanges of a batch.
const BATCH: usize = 250;
/// Time that two processes may take for all of it. On a quiet machine it takes a few milliseconds.
const PATIENCE: Duration = Duration::from_millis(500);
/// Word that the first process writes at the end. No stamp is zero, because clocks count from boot.
const ENOUGH: u64 = 0;

/// Bounds of the offset of two clocks, in ticks: the second's reading less the first's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// At least this.
    pub low: i64,
    /// At most this.
    pub high: i64,
}

impl Span {
    /// Returns the span of one exchange: `asked` and `heard` are the first's stamps, `answered` the
    /// second's.
    #[must_use]
    pub fn of(asked: Ticks, answered: Ticks, heard: Ticks) -> Span {
        let since = |then: Ticks| answered.wrapping_sub(then) as i64;
        Span { low: since(heard), high: since(asked) }
    }

    /// Returns the intersection of both spans; `None` if they have none.
    #[must_use]
    pub fn narrowed(self, other: Span) -> Option<Span> {
        let both = Span { low: self.low.max(other.low), high: self.high.min(other.high) };
        (both.low <= both.high).then_some(both)
    }

    /// Returns the span that covers both.
    #[must_use]
    pub fn around(self, other: Span) -> Span {
        Span { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// Returns the intersection of the spans of all batches. If they have none, the offset moved on
    /// the way, and the result covers all of them. `None` if there are no spans.
    #[must_use]
    pub fn of_all(batches: &[Span]) -> Option<Span> {
        let (first, rest) = batches.split_first()?;
        let common = rest.iter().try_fold(*first, |sum, one| sum.narrowed(*one));
        Some(common.unwrap_or_else(|| rest.iter().fold(*first, |sum, one| sum.around(*one))))
    }
}

/// The offset of two clocks, measured once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Offset {
    /// Bounds of the offset.
    pub span: Span,
    /// Exchanges made.
    pub exchanges: u64,
}

impl Offset {
    /// Returns the bound in the form that the record holds, measured `at_ns` after the run's start.
    /// `step_ns` is the step of the clock: no reading is finer than that, on either CPU, so the
    /// bound is at least as wide.
    #[must_use]
    pub fn bound(&self, clock: &Clock, step_ns: f64, at_ns: u64) -> ClockBound {
        let ns = |ticks: i64| ticks as f64 * 1e9 / clock.hz();
        let (low_ns, high_ns) = (ns(self.span.low), ns(self.span.high));
        ClockBound {
            at_ns,
            offset_ns: f64::midpoint(low_ns, high_ns),
            bound_ns: (high_ns - low_ns) / 2.0 + step_ns,
            exchanges: self.exchanges,
        }
    }
}

/// Measures the difference of the readings of `clock` on two different CPUs, `a` and `b`.
///
/// # Errors
/// If the processes cannot be made or pinned, or do not end in time.
pub fn offset(clock: &Clock, (a, b): (u32, u32)) -> Result<Offset> {
    between((a, || clock.now()), (b, || clock.now()))
}

/// Does the same for any two ways to read a clock, each on its own CPU. No reading is zero, and
/// none needs all 64 bits.
///
/// # Errors
/// See [`offset`].
pub fn between(
    (a, read_a): (u32, impl Fn() -> Ticks),
    (b, read_b): (u32, impl Fn() -> Ticks),
) -> Result<Offset> {
    if a == b {
        return Err(Refusal::Protocol(format!("CPU {a} has one clock, and no offset")).into());
    }
    let lines = Lines::new(1)?;
    let line = &lines.lines()[0];
    let mut crew = Crew::new(2, 4096)?;
    crew.fork(|| {
        affinity::pin(b)?;
        answer(line, read_b);
        pack(&())
    })?;
    crew.fork(|| {
        affinity::pin(a)?;
        pack(&ask(line, read_a))
    })?;
    let end = Instant::now() + PATIENCE;
    let finished = crew.finish_by(end, Some(end))?;
    if matches!(finished.over, Over::Interrupted | Over::Late) {
        return Err(lost((a, b), "the exchange did not end in time"));
    }
    let results = finished.results().map_err(|e| lost((a, b), &e.what))?;
    let found: Option<Offset> = unpack(&results[1])?;
    found.ok_or_else(|| lost((a, b), "in no batch did the exchanges agree"))
}

fn lost((a, b): (u32, u32), what: &str) -> Error {
    Refusal::Protocol(format!("the clocks of CPU {a} and CPU {b} were not compared: {what}")).into()
}

// A question is a stamp shifted left, so it is even, and an answer is odd. The written word depends
// on the stamp, so no processor can write before it has read its clock.

fn ask(line: &Line, read: impl Fn() -> Ticks) -> Option<Offset> {
    let mut batches = Vec::with_capacity(BATCHES);
    for _ in 0..BATCHES {
        let mut own = Some(Span { low: i64::MIN, high: i64::MAX });
        for _ in 0..BATCH {
            let asked = read();
            line.word.store(asked << 1, Release);
            let answered = await_word(line, |word| word & 1 == 1) >> 1;
            let heard = read();
            own = own.and_then(|own| own.narrowed(Span::of(asked, answered, heard)));
        }
        // The exchanges of a batch contradict each other if the host moved a CPU in the middle of
        // it.
        batches.extend(own);
    }
    line.word.store(ENOUGH, Release);
    let exchanges = (batches.len() * BATCH) as u64;
    Some(Offset { span: Span::of_all(&batches)?, exchanges })
}

fn answer(line: &Line, read: impl Fn() -> Ticks) {
    // The line is zero until the first question.
    let mut begun = false;
    loop {
        let asked = await_word(line, |word| word & 1 == 0 && (begun || word != ENOUGH));
        if asked == ENOUGH {
            return;
        }
        begun = true;
        let now = read();
        line.word.store(now << 1 | 1, Release);
    }
}

/// Spins until `is` accepts the word. A peer that is gone never writes; the parent then kills the
/// one that waits.
fn await_word(line: &Line, is: impl Fn(u64) -> bool) -> u64 {
    loop {
        let word = line.word.load(Acquire);
        if is(word) {
            return word;
        }
        std::hint::spin_loop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offset_lies_in_the_span_of_each_exchange() {
        // The second clock is 1,000 ahead; the message takes 30 one way and 70 the other.
        let span = Span::of(100, 1_130, 200);
        assert_eq!(span, Span { low: 930, high: 1_030 });
        assert!(Span::of(500, 400, 510).high < 0, "a clock that is behind");
    }

    #[test]
    fn more_exchanges_never_widen_it() {
        let mut random = fastrand::Rng::with_seed(1);
        let offset = -250;
        let mut span = Span { low: i64::MIN, high: i64::MAX };
        for _ in 0..1_000 {
            let asked = 1_000_000 + random.u64(..1_000);
            let (there, back) = (random.u64(20..400), random.u64(20..400));
            let answered = (asked + there).wrapping_add_signed(offset);
            let next = span.narrowed(Span::of(asked, answered, asked + there + back)).unwrap();
            assert!(next.low >= span.low && next.high <= span.high);
            assert!((next.low..=next.high).contains(&offset));
            span = next;
        }
        assert!(span.high - span.low < 100, "{span:?}");
    }

    #[test]
    fn batches_that_contradict_each_other_cover_what_they_saw() {
        let [near, also_near, far] =
            [(-20, 30), (0, 60), (400, 450)].map(|(low, high)| Span { low, high });
        assert_eq!(Span::of_all(&[near, also_near]), Some(Span { low: 0, high: 30 }));
        assert_eq!(Span::of_all(&[near, far, also_near]), Some(Span { low: -20, high: 450 }));
        assert_eq!(Span::of_all(&[]), None);
    }
}
