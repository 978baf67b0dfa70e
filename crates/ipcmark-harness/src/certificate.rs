//! The clocks of two CPUs: how far apart their readings can be.
//!
//! One process on each CPU. The first takes a stamp and writes it to a line that both share; the second takes one of its
//! own as soon as it sees it, and writes that; the first takes another when it sees the answer. The second stamp was taken
//! between the other two, so that the offset of the clocks lies in a span as long as the round trip. Each exchange gives a
//! span of its own, the offset lies in all of them, and over some thousands what they have in common is narrow.
//!
//! A half is never taken of a round trip: the two ways need not be equally long, and the span holds however they are.

use crate::children::{self, Over};
use crate::{Error, Result};
use ipcmark_core::Error as Refusal;
use ipcmark_record::ClockBound;
use ipcmark_sys::affinity;
use ipcmark_sys::clock::{Clock, Ticks};
use ipcmark_sys::process::{self, Child};
use ipcmark_sys::shared::{Line, Lines, Parcel};
use serde::{Deserialize, Serialize};
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::{Duration, Instant};

/// Exchanges are made in batches: within one the offset stands still.
const BATCHES: usize = 16;
/// Exchanges of a batch.
const BATCH: usize = 250;
/// How long two processes may take for all of it. On a quiet machine it takes a few milliseconds.
const PATIENCE: Duration = Duration::from_secs(2);
/// What the first process writes when it asks no more. No stamp is zero, because clocks count from boot.
const ENOUGH: u64 = 0;

/// Where an offset of two clocks lies, in ticks: from `low` to `high`, the second's reading less the first's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// At least this.
    pub low: i64,
    /// At most this.
    pub high: i64,
}

impl Span {
    /// What one exchange says: `asked` and `heard` are the first's stamps, `answered` the second's.
    #[must_use]
    pub fn of(asked: Ticks, answered: Ticks, heard: Ticks) -> Span {
        let since = |then: Ticks| answered.wrapping_sub(then) as i64;
        Span { low: since(heard), high: since(asked) }
    }

    /// What both spans hold; `None` where no offset lies in both.
    #[must_use]
    pub fn narrowed(self, other: Span) -> Option<Span> {
        let both = Span { low: self.low.max(other.low), high: self.high.min(other.high) };
        (both.low <= both.high).then_some(both)
    }

    /// The span that holds both.
    #[must_use]
    pub fn around(self, other: Span) -> Span {
        Span { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// What the spans of all batches say together: what they have in common; where they have nothing in common the offset
    /// moved on the way, and lies somewhere in what they cover. `None` of no spans.
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
    /// Where it lies.
    pub span: Span,
    /// Exchanges made.
    pub exchanges: u64,
}

impl Offset {
    /// As it goes into the record, measured `at_ns` after the run's start. `step_ns` is the step of the clock: a reading
    /// tells of no moment finer than that, on either CPU, so that the bound is no narrower.
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

/// Measures how the readings of `clock` on the CPUs `a` and `b`, which are two, differ.
///
/// # Errors
/// When the processes cannot be made or put there, or do not come to an end.
pub fn offset(clock: &Clock, (a, b): (u32, u32)) -> Result<Offset> {
    between((a, || clock.now()), (b, || clock.now()))
}

/// The same for any two ways to read a clock, each on a CPU of its own. No reading is zero, and none needs all 64 bits.
///
/// # Errors
/// As [`offset`].
pub fn between(
    (a, read_a): (u32, impl Fn() -> Ticks),
    (b, read_b): (u32, impl Fn() -> Ticks),
) -> Result<Offset> {
    if a == b {
        return Err(Refusal::Protocol(format!("CPU {a} has one clock, and no offset")).into());
    }
    let lines = Lines::new(1)?;
    let line = &lines.lines()[0];
    let parcel = Parcel::new(4096)?;
    let answers = process::fork(|| side(b, || answer(line, read_b)))?;
    let asks =
        process::fork(|| side(a, || i32::from(!children::pack(&parcel, &ask(line, read_a)))))?;
    finish([answers, asks], (a, b))?;
    let found = parcel.get().and_then(|found| serde_json::from_slice(&found).ok()).flatten();
    found.ok_or_else(|| lost((a, b), "not one batch of exchanges agreed with itself"))
}

/// A process's part: on its CPU.
fn side(cpu: u32, part: impl FnOnce() -> i32) -> i32 {
    if affinity::pin(cpu).is_ok() { part() } else { 1 }
}

/// Waits for both; one that fails leaves the other waiting for it, and dropping them ends that.
fn finish(mut children: [Child; 2], cpus: (u32, u32)) -> Result<()> {
    match children::wait(&mut children, Instant::now() + PATIENCE)? {
        Over::Well => Ok(()),
        Over::Failed(exit) => Err(lost(cpus, &format!("a process {exit}"))),
        Over::Interrupted | Over::Late => Err(lost(cpus, "the exchange did not come to an end")),
    }
}

fn lost((a, b): (u32, u32), what: &str) -> Error {
    Refusal::Protocol(format!("the clocks of CPU {a} and CPU {b} were not compared: {what}")).into()
}

// A question is a stamp shifted left, so that it is even, and an answer is odd. What is written is made of the stamp, so
// that no processor writes before it has read its clock.

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
        // One whose exchanges contradict each other holds the moment at which the host moved a CPU.
        batches.extend(own);
    }
    line.word.store(ENOUGH, Release);
    let exchanges = (batches.len() * BATCH) as u64;
    Some(Offset { span: Span::of_all(&batches)?, exchanges })
}

fn answer(line: &Line, read: impl Fn() -> Ticks) -> i32 {
    // What a question looks like depends on the one before: the line is zero until the first.
    let mut begun = false;
    loop {
        let asked = await_word(line, |word| word & 1 == 0 && (begun || word != ENOUGH));
        if asked == ENOUGH {
            return 0;
        }
        begun = true;
        let now = read();
        line.word.store(now << 1 | 1, Release);
    }
}

/// Spins until the word is as asked. A peer that is gone never writes: the supervisor ends who waits for it.
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
