//! The clock's certificate: before the first invocation, and after the last, because offsets drift.

use super::cpus::pairs;
use crate::certificate;
use ipcmark_record::{ClockCertificate, ClockPair, Record};
use ipcmark_sys::clock::{Clock, Ticks};

/// Shortest run that shows a rate: each of the two readings of both clocks is exact to some 50 ns.
const LEAST_NS: u64 = 1_000_000_000;

#[derive(Debug)]
pub(super) struct Clocks {
    clock: Clock,
    /// Both clocks before the first round.
    first: Option<(Ticks, u64)>,
}

impl Clocks {
    pub(super) fn new(clock: Clock) -> Clocks {
        Clocks { clock, first: None }
    }

    pub(super) fn round(&mut self, record: &mut Record, at_ns: u64) {
        if self.first.is_none() {
            self.first = Some(self.clock.beside_raw());
            self.certify(record, at_ns);
        }
    }

    pub(super) fn end(&mut self, record: &mut Record, at_ns: u64) {
        let Some(first) = self.first else { return };
        self.certify(record, at_ns);
        let drift_ppm = drift_ppm(&self.clock, first, self.clock.beside_raw());
        record.clock.get_or_insert_default().drift_ppm = drift_ppm;
    }

    /// Adds a bound to each pair of CPUs that can be measured now.
    fn certify(&self, record: &mut Record, at_ns: u64) {
        let step_ns = record.harness.clock_step_ns;
        let pairs = pairs(&record.cells, &record.host.cpus);
        let certificate = record.clock.get_or_insert_default();
        for (a, b) in pairs {
            let Ok(offset) = certificate::offset(&self.clock, (a, b)) else { continue };
            let bound = offset.bound(&self.clock, step_ns, at_ns);
            pair_of(certificate, (a, b)).bounds.push(bound);
        }
    }
}

fn pair_of(certificate: &mut ClockCertificate, (a, b): (u32, u32)) -> &mut ClockPair {
    let known = certificate.pairs.iter().position(|pair| (pair.a, pair.b) == (a, b));
    let at = known.unwrap_or_else(|| {
        certificate.pairs.push(ClockPair { a, b, bounds: Vec::new() });
        certificate.pairs.len() - 1
    });
    &mut certificate.pairs[at]
}

/// Returns the drift of a clock against `CLOCK_MONOTONIC_RAW` between two readings of both, parts
/// per million.
fn drift_ppm(clock: &Clock, first: (Ticks, u64), last: (Ticks, u64)) -> Option<f64> {
    let raw_ns = last.1.saturating_sub(first.1);
    let own_ns = clock.ns(last.0.saturating_sub(first.0));
    (raw_ns >= LEAST_NS).then(|| (own_ns / raw_ns as f64 - 1.0) * 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_runs_fast_by_a_millionth_drifts_by_one() {
        let clock = Clock::calibrate();
        let two_s = clock.ticks(std::time::Duration::from_secs(2));
        let drift = drift_ppm(&clock, (5, 7), (5 + two_s, 7 + 2_000_000_000)).unwrap();
        assert!(drift.abs() < 0.01, "{drift}");
        let fast = two_s + two_s / 1_000_000;
        let drift = drift_ppm(&clock, (5, 7), (5 + fast, 7 + 2_000_000_000)).unwrap();
        assert!((drift - 1.0).abs() < 0.01, "{drift}");
        assert_eq!(drift_ppm(&clock, (5, 7), (5 + two_s, 8)), None);
    }
}
