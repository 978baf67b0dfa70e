//! The clock's certificate: before the first invocation, and after the last, because offsets drift.

use crate::certificate;
use crate::placement;
use ipcmark_core::{Pattern, Placement};
use ipcmark_record::{Cell, ClockCertificate, ClockPair, Cpu, Record};
use ipcmark_sys::clock::{Clock, Ticks};
use std::collections::BTreeSet;

/// Processes that are not pinned may be on any CPU; of so many each is held against the first.
const CPUS_OF_THE_FREE: usize = 16;
/// A run shorter than this does not tell a rate: each of the two readings of both clocks is good to some 50 ns.
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

    /// Adds a bound to each pair of CPUs. One that cannot be measured now goes without.
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

/// How much faster than `CLOCK_MONOTONIC_RAW` a clock ran between two looks at both, parts per million.
fn drift_ppm(clock: &Clock, first: (Ticks, u64), last: (Ticks, u64)) -> Option<f64> {
    let raw_ns = last.1.saturating_sub(first.1);
    let own_ns = clock.ns(last.0.saturating_sub(first.0));
    (raw_ns >= LEAST_NS).then(|| (own_ns / raw_ns as f64 - 1.0) * 1e6)
}

/// The pairs of CPUs between which messages of these cells go: the one side's with each of the other's.
fn pairs(cells: &[Cell], cpus: &[Cpu]) -> BTreeSet<(u32, u32)> {
    let mut pairs = BTreeSet::new();
    for cell in cells.iter().filter(|cell| super::super::is_open(cell)) {
        let Ok(placement) = cell.key.placement.parse::<Placement>() else { continue };
        if placement == Placement::Free {
            let others = cpus.iter().skip(1).take(CPUS_OF_THE_FREE - 1);
            pairs.extend(others.map(|other| (cpus[0].id, other.id)));
            continue;
        }
        let Ok(chosen) = placement::choose(placement, cpus) else { continue };
        let on = (1..processes(cell)).filter_map(|peer| chosen.of(0).zip(chosen.of(peer)));
        pairs.extend(on.filter(|(a, b)| a != b).map(|(a, b)| (a.min(b), a.max(b))));
    }
    pairs
}

/// Processes of one invocation of a cell.
fn processes(cell: &Cell) -> usize {
    let several = cell.key.pattern.parse::<Pattern>().is_ok_and(|p| p.heeds().peers);
    match cell.key.load.peers {
        _ if cell.floor => 1,
        Some(peers) if several => 1 + peers as usize,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_record::{CellKey, LoadKey, State};

    fn cell(pattern: &str, placement: &str, peers: Option<u32>) -> Cell {
        Cell {
            key: CellKey {
                transport: "toy/block".into(),
                pattern: pattern.into(),
                size_bytes: 64,
                placement: placement.into(),
                capacity_bytes: None,
                load: LoadKey { peers, ..LoadKey::default() },
            },
            family: "toy".into(),
            wait: "block".into(),
            framing: "message".into(),
            zero_copy: false,
            floor: false,
            carries: "messages".into(),
            lossy: false,
            group: String::new(),
            state: State::Pending,
            capacity: None,
            standing: None,
            system_calls: None,
            invocations: Vec::new(),
        }
    }

    fn four() -> Vec<Cpu> {
        let place = |id| Cpu { id, core: Some(id), package: Some(0), node: Some(0) };
        (0..4).map(place).collect()
    }

    fn of(cells: &[Cell]) -> Vec<(u32, u32)> {
        pairs(cells, &four()).into_iter().collect()
    }

    #[test]
    fn pairs_are_those_that_messages_cross() {
        let two = cell("ping-pong", "cross-core", None);
        assert_eq!(of(&[two.clone(), cell("paced", "cross-core", None)]), [(0, 1)]);
        assert_eq!(of(&[cell("ping-pong", "same-core", None)]), []);
        assert_eq!(of(&[cell("fan-in", "cross-core", Some(5))]), [(0, 1), (0, 2), (0, 3)]);
        assert_eq!(of(&[cell("paced", "free", None)]), [(0, 1), (0, 2), (0, 3)]);
        let closed = Cell { state: State::Unsupported { reason: "no".into() }, ..two.clone() };
        assert_eq!(of(&[closed, Cell { floor: true, ..two }]), []);
    }

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
