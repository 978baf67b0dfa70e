//! The timer of a loop: it takes each time into a histogram, and reports the end of the phase.
//!
//! It is neither generic nor inlined. A loop calls it after it has read the clock, so its cost is
//! in no figure, and all loops of all transports use one copy.

use crate::raw::{self, Raw};
use crate::warmup::WarmUp;
use ipcmark_core::{Error, Extent, Result, SizeClass};
use ipcmark_record::{Encoded, Histogram, OfSize, Unit};
use ipcmark_sys::clock::{Clock, Ticks};
use serde::{Deserialize, Serialize};

/// Significant digits of every histogram.
const DIGITS: u8 = 3;
/// Largest value kept exactly: 100 s in ns, 100 ms a message in ps.
const LARGEST: u64 = 100_000_000_000;

/// Times one phase of one process.
#[derive(Debug)]
pub(crate) struct Timer {
    clock: Clock,
    /// Unit of the histogram; `None` if this side times nothing.
    unit: Option<Unit>,
    histogram: Histogram,
    /// Values of messages of each class of sizes, if there are several.
    classes: Vec<Histogram>,
    /// Times of each message of the measured phase, on request.
    pub(crate) raw: Option<Raw>,
    /// Present while warming up.
    watch: Option<WarmUp>,
    steady: bool,
    /// First value of the process, ns.
    first_ns: Option<u64>,
    /// Turns of a loop behind one value.
    pub(crate) block_len: u64,
    /// Messages of one turn.
    pub(crate) per_turn: u64,
    limit: u64,
    end: Ticks,
    done: u64,
}

impl Timer {
    pub(crate) fn new(clock: Clock, unit: Option<Unit>) -> Result<Timer> {
        Ok(Timer {
            clock,
            unit,
            histogram: empty()?,
            classes: Vec::new(),
            raw: None,
            watch: None,
            steady: false,
            first_ns: None,
            block_len: 1,
            per_turn: 1,
            limit: u64::MAX,
            end: Ticks::MAX,
            done: 0,
        })
    }

    /// Keeps the values of that many classes of sizes apart.
    pub(crate) fn with_classes(mut self, classes: usize) -> Result<Timer> {
        self.classes = (0..classes).map(|_| empty()).collect::<Result<_>>()?;
        Ok(self)
    }

    /// Keeps the times of each of `most` messages, if they are timed one by one.
    pub(crate) fn with_raw(mut self, most: Option<usize>) -> Timer {
        self.raw = most.filter(|_| raw::keeps(self.unit)).map(Raw::new);
        self
    }

    pub(crate) const fn unit(&self) -> Option<Unit> {
        self.unit
    }

    /// Begins a warm-up. It judges the values, and records them so that the histogram's pages are
    /// mapped later.
    pub(crate) fn warm_up(&mut self, watch: WarmUp) {
        self.watch = Some(watch);
    }

    /// Returns the first value since the process began, ns; `None` if it timed nothing.
    pub(crate) const fn first_ns(&self) -> Option<u64> {
        self.first_ns
    }

    pub(crate) fn is_steady(&self) -> bool {
        self.steady
    }

    /// Empties the histogram.
    pub(crate) fn forget(&mut self) {
        self.histogram.reset();
        self.classes.iter_mut().for_each(Histogram::reset);
        self.raw.iter_mut().for_each(Raw::forget);
    }

    /// Begins a measured phase of length `extent`.
    pub(crate) fn measure(&mut self, extent: Extent, start: Ticks) {
        self.watch = None;
        self.done = 0;
        (self.limit, self.end) = match extent {
            Extent::Messages(n) => (n.max(1), Ticks::MAX),
            Extent::Time(time) => (u64::MAX, start + self.clock.ticks(time)),
        };
    }

    /// Returns the largest number of messages of the phase; `u64::MAX` if only time bounds it.
    pub(crate) const fn limit(&self) -> u64 {
        self.limit
    }

    /// Returns the number of messages behind one value.
    const fn each(&self) -> u64 {
        self.block_len * self.per_turn
    }

    /// Returns true if the phase has at most `turns` turns left, including those under way.
    pub(crate) const fn ends_within(&self, turns: u64) -> bool {
        self.done + turns * self.each() >= self.limit
    }

    /// Takes one turn's time; returns true if the next turn is the last one.
    #[inline(never)]
    pub(crate) fn take(&mut self, now: Ticks, ticks: Ticks) -> bool {
        self.record(now, ticks, ticks) || self.ends_within(1)
    }

    /// Takes a block's time; returns true if the phase's time is over. The loop counts its messages
    /// against [`limit`](Timer::limit) itself.
    #[inline(never)]
    pub(crate) fn block(&mut self, now: Ticks, ticks: Ticks) -> bool {
        self.record(now, ticks, ticks)
    }

    /// Takes one turn's time; returns true if the phase is over.
    #[inline(never)]
    pub(crate) fn turn(&mut self, now: Ticks, ticks: Ticks) -> bool {
        self.record(now, ticks, ticks) || self.done >= self.limit
    }

    /// Takes the lag of a message that was due at `due`: the time since then, or since `free`, when
    /// the sender was done with what was due before.
    #[inline(never)]
    pub(crate) fn lag(&mut self, now: Ticks, due: Ticks, free: Ticks) {
        self.record(now, now - due.max(free), now - due);
    }

    /// Takes the time of one message into the histogram of its class.
    pub(crate) fn sort(&mut self, class: usize, ticks: Ticks) {
        if let Some(own) = self.classes.get_mut(class) {
            own.saturating_record(self.clock.ns(ticks).round() as u64);
        }
    }

    #[inline]
    fn record(&mut self, now: Ticks, ticks: Ticks, since_due: Ticks) -> bool {
        let ns = self.clock.ns(ticks);
        let each = self.each();
        let value = match self.unit {
            Some(Unit::PsPerMessageBlock) => ns * 1e3 / each as f64,
            _ => ns,
        };
        self.histogram.saturating_record(value.round() as u64);
        if let Some(raw) = &mut self.raw {
            raw.keep(now, since_due);
        }
        self.first_ns.get_or_insert(ns as u64);
        self.done += each;
        match &mut self.watch {
            None => now >= self.end,
            Some(watch) => {
                let over = watch.take(now, ticks);
                self.steady = watch.steady;
                over
            }
        }
    }

    /// Returns the mean of the middle half of the values and their 99th percentile, ns; `None` if
    /// this side timed nothing.
    pub(crate) fn middle(&self) -> Option<Middle> {
        let unit = self.unit.filter(|_| !self.histogram.is_empty())?;
        let scale = if unit == Unit::PsPerMessageBlock { 1e-3 } else { 1.0 };
        Some(Middle {
            midmean_ns: midmean(&self.histogram) * scale,
            p99_ns: self.histogram.value_at_quantile(0.99) as f64 * scale,
            values: self.histogram.len(),
        })
    }

    /// Returns the histogram in the form that the record keeps; `None` if this side timed nothing.
    pub(crate) fn encoded(&self) -> Result<Option<Encoded>> {
        let Some(unit) = self.unit.filter(|_| !self.histogram.is_empty()) else { return Ok(None) };
        pack(&self.histogram, unit, self.each()).map(Some)
    }

    /// Returns the histograms of those of `classes` that have values.
    pub(crate) fn encoded_classes(&self, classes: &[SizeClass]) -> Result<Vec<OfSize>> {
        let Some(unit) = self.unit else { return Ok(Vec::new()) };
        let some = classes.iter().zip(&self.classes).filter(|(_, values)| !values.is_empty());
        some.map(|(class, values)| {
            let (from_bytes, to_bytes) = (class.from as u64, class.to as u64);
            Ok(OfSize { from_bytes, to_bytes, histogram: pack(values, unit, 1)? })
        })
        .collect()
    }
}

fn empty() -> Result<Histogram> {
    Histogram::new_with_bounds(1, LARGEST, DIGITS).map_err(|e| Error::Protocol(e.to_string()))
}

fn pack(values: &Histogram, unit: Unit, each: u64) -> Result<Encoded> {
    Encoded::pack(values, unit, each).map_err(|e| Error::Protocol(e.to_string()))
}

/// Summary of a short phase of one process.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Middle {
    pub(crate) midmean_ns: f64,
    pub(crate) p99_ns: f64,
    pub(crate) values: u64,
}

/// Returns the mean of the middle half of the values. A value on the border counts with the part
/// that is inside.
fn midmean(histogram: &Histogram) -> f64 {
    let n = histogram.len() as f64;
    let (from, to) = (n / 4.0, n * 0.75);
    let (mut before, mut sum) = (0.0, 0.0);
    for step in histogram.iter_recorded() {
        let count = step.count_since_last_iteration() as f64;
        let inside = (before + count).min(to) - f64::max(before, from);
        if inside > 0.0 {
            sum += inside * histogram.median_equivalent(step.value_iterated_to()) as f64;
        }
        before += count;
    }
    sum / (to - from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_midmean_moves_between_the_steps_of_a_clock_and_ignores_outliers() {
        let of = |values: &[(u64, u64)]| {
            let mut histogram = Histogram::new_with_bounds(1, LARGEST, DIGITS).unwrap();
            values.iter().for_each(|&(value, n)| histogram.record_n(value, n).unwrap());
            midmean(&histogram)
        };
        assert!((of(&[(110, 100)]) - 110.0).abs() < 1e-9);
        assert!((of(&[(110, 50), (120, 50)]) - 115.0).abs() < 1e-9);
        assert!((of(&[(110, 60), (120, 40)]) - 113.0).abs() < 1e-9, "two thirds and one third");
        assert!((of(&[(1, 20), (110, 60), (1_000_000, 20)]) - 110.0).abs() < 1e-9);
        assert!((of(&[(7, 1)]) - 7.0).abs() < 1e-9);
    }
}
