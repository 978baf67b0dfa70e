//! A made-up machine around the cells: its clocks, its limits and its noise while the run went on.

use super::DISTANCE_NS;
use crate::{
    ClockBound, ClockCertificate, ClockPair, Distance, Gaps, Limit, LimitKind, LimitSample,
    Listened, MachineNoise, Placement, Record,
};

/// Length of the sample's run, ns.
const RUN_NS: u64 = 60_000_000_000;
/// Times each limit was measured, spread over the run; in the last but one the CPUs were far apart.
const TIMES: u64 = 8;

/// Sets what the run says of its machine.
pub(super) fn around(record: &mut Record) {
    record.clock = Some(clock());
    record.limits = limits();
    record.noise = Some(noise());
    record.not_counted =
        vec!["cycles and instructions: this virtual machine has no performance counters".into()];
}

fn clock() -> ClockCertificate {
    let bound =
        |at_ns, offset_ns, bound_ns| ClockBound { at_ns, offset_ns, bound_ns, exchanges: 5_000 };
    let bounds = vec![bound(200_000_000, 3.0, 28.0), bound(RUN_NS, 5.0, 31.0)];
    ClockCertificate { pairs: vec![ClockPair { a: 0, b: 1, bounds }], drift_ppm: Some(0.8) }
}

fn noise() -> MachineNoise {
    let heard = |cpu, count, total_ns, longest_ns| Listened {
        cpu,
        listened_ns: 400_000_000,
        gaps: Gaps { count, total_ns, longest_ns },
    };
    MachineNoise {
        elapsed_ns: RUN_NS,
        listened: vec![heard(0, 14, 410_000.0, 180_000.0), heard(1, 31, 5_900_000.0, 4_100_000.0)],
        stolen_ns: Some(740_000_000),
        pressure_ns: Some(4_200_000_000),
        throttled: None,
        other_runs: None,
    }
}

fn limits() -> Vec<Limit> {
    let of = |kind, placement, size_bytes, ns: f64| {
        let two_cpus = placement != Placement::SameCore;
        let sample = |at: u64| {
            let far = two_cpus && at == TIMES - 2;
            let (near_ns, far_ns) = DISTANCE_NS;
            let distance_ns = if far { far_ns } else { near_ns };
            let median_ns = ns * if far { far_ns / near_ns } else { 1.0 + 0.01 * at as f64 };
            LimitSample {
                at_ns: at * RUN_NS / TIMES,
                median_ns,
                least_ns: 0.96 * median_ns,
                distance: two_cpus
                    .then_some(Distance { before_ns: distance_ns, after_ns: distance_ns }),
            }
        };
        let samples = (0..TIMES).map(sample).collect();
        Limit { kind, placement, size_bytes, samples }
    };
    let mut limits = vec![
        of(LimitKind::HandOff, Placement::CrossCore, None, DISTANCE_NS.0),
        of(LimitKind::NullCall, Placement::SameCore, None, 92.0),
        of(LimitKind::WakeUp, Placement::SameCore, None, 5_600.0),
        of(LimitKind::WakeUp, Placement::CrossCore, None, 34_000.0),
        of(LimitKind::Switch, Placement::SameCore, None, 1_900.0),
    ];
    for (size_bytes, copy_ns, shared_ns) in
        [(64, 4.0, 21.0), (1024, 14.0, 120.0), (65_536, 1_900.0, 6_400.0)]
    {
        limits.push(of(LimitKind::Copy, Placement::SameCore, Some(size_bytes), copy_ns));
        limits.push(of(LimitKind::SharedCopy, Placement::CrossCore, Some(size_bytes), shared_ns));
    }
    limits
}
