//! Made-up records, for the tests of what comes after measuring. Nothing here was measured.
//!
//! [`record`] has a cell of each kind that a reader meets: fast and slow ones, both patterns, both framings, a floor, cells
//! that are unavailable, unsupported, pending, failed once and failed always, an invocation that was not steady, one
//! whose CPUs moved apart and, with 12 invocations or more, one that is marked for noise and a cell that was measured in two
//! distance classes. [`every`] also has a cell of every other workload, calls, notifications, losses and rules.
//! The same seed gives the same record; another seed another run of it.

mod frame;
mod machine;
mod paired;
mod profiles;
mod rules;
mod values;
mod workloads;

pub use paired::{MadeUp, Trouble, look_again, paired, paired_kinds, paired_of};
pub use workloads::every;

use crate::{
    Carries, Cell, CellKey, Distance, Histogram, Invocation, InvocationOutcome, Mark, Placed,
    Placement, Record, Setup, SideReport, State, SystemCalls, Unit, Usage, WaitKind, WarmUp,
    Workload,
};
use crate::{Parameter, Refusal};
use fastrand::Rng;
use frame::frame;
use profiles::{PROFILES, Profile};
use values::{empty, long_tailed, pack};

/// Message sizes of the sample, bytes.
pub const SIZES_BYTES: [u64; 3] = [64, 1024, 65_536];
/// Measured phase of one invocation, ns.
const MEASURE_NS: f64 = 1e8;
/// Number of invocations from which on some are marked, and one cell is measured in two distance
/// classes.
const MARKED: usize = 12;
/// Cache-line round trip between the sample's two CPUs, ns; and after they have moved apart.
const DISTANCE_NS: (f64, f64) = (112.0, 350.0);

/// Makes a record of 42 cells with `invocations` of each that can be measured.
#[must_use]
pub fn record(seed: u64, invocations: u32) -> Record {
    record_of(seed, invocations, |_| true)
}

/// Makes only the cells of [`record`] that `keep` accepts, which is quicker.
#[must_use]
pub fn record_of(seed: u64, invocations: u32, keep: impl Fn(&CellKey) -> bool) -> Record {
    let mut record = frame(seed, invocations);
    let mut number = 0;
    for workload in [Workload::PingPong, Workload::Stream] {
        for profile in &PROFILES {
            for size_bytes in SIZES_BYTES {
                // Each cell draws for itself, so that it is the same in whatever company.
                let mut rng = Rng::with_seed(seed.wrapping_mul(1_000_003).wrapping_add(number));
                number += 1;
                if keep(&CellKey::new(profile.transport, workload, size_bytes, profile.placement)) {
                    record.cells.push(cell(profile, workload, size_bytes, invocations, &mut rng));
                }
            }
        }
    }
    spoil(&mut record);
    machine::around(&mut record);
    record
}

/// Makes everything in `cell` take `factor` times as long.
///
/// # Panics
/// When one of its histograms cannot be unpacked.
pub fn slow_down(cell: &mut Cell, factor: f64) {
    for invocation in &mut cell.invocations {
        // The rate of an open loop is set, however long each message takes.
        if cell.key.workload.value(Parameter::Rate).is_none() {
            invocation.elapsed_ns = (invocation.elapsed_ns as f64 * factor) as u64;
        }
        for encoded in invocation.sides.iter_mut().filter_map(|s| s.histogram.as_mut()) {
            let before = encoded.unpack().expect("the sample's histograms are whole");
            let mut after = empty();
            for step in before.iter_recorded() {
                let value = (step.value_iterated_to() as f64 * factor).round() as u64;
                after.record_n(value, step.count_at_value()).expect("the histogram resizes");
            }
            *encoded = pack(&after, encoded.unit, encoded.messages_per_value);
        }
    }
}

/// Returns the wait in a transport's name.
fn wait_of(transport: &str) -> WaitKind {
    let word = transport.split_once('/').map_or("", |(_, wait)| wait);
    word.parse().expect("the sample's waits are known")
}

fn cell(
    profile: &Profile,
    workload: Workload,
    size_bytes: u64,
    invocations: u32,
    rng: &mut Rng,
) -> Cell {
    let floor = profile.family == "floor";
    let wait = wait_of(profile.transport);
    let state = if wait.burns_cpu() && profile.placement == Placement::SameCore {
        State::Unsupported {
            reason: "two spinning sides on one CPU wait out each other's time slices".into(),
        }
    } else if profile.family == "mq" && size_bytes > 8_192 {
        State::Unavailable(
            Refusal::new(
                "a message of 65536 bytes is longer than the 8192 bytes this queue carries \
                     (fs.mqueue.msgsize_max)",
            )
            .with_remedy("sysctl fs.mqueue.msgsize_max=65536"),
        )
    } else {
        State::Measured
    };
    let made = if state == State::Measured { invocations } else { 0 };
    Cell {
        key: CellKey::new(profile.transport, workload, size_bytes, profile.placement),
        family: profile.family.into(),
        wait,
        framing: profile.framing,
        zero_copy: profile.family == "shm",
        floor,
        carries: Carries::Messages,
        lossy: false,
        works_elsewhere: false,
        group: if workload == Workload::Stream { "throughput" } else { "latency" }.into(),
        capacity: profile.capacity.filter(|_| made > 0),
        state,
        standing: None,
        system_calls: (made > 0 && !floor).then(|| SystemCalls {
            messages: 1_000,
            calls: if wait.burns_cpu() { 4 } else { 4_010 },
        }),
        cycles: None,
        memory: None,
        deaths: 0,
        invocations: (0..made)
            .map(|round| invocation(profile, workload, size_bytes, round, rng))
            .collect(),
    }
}

fn invocation(
    profile: &Profile,
    workload: Workload,
    size_bytes: u64,
    round: u32,
    rng: &mut Rng,
) -> Invocation {
    let stream = workload == Workload::Stream;
    let (ns, per_byte_ns) = if stream { profile.stream_ns } else { profile.round_trip_ns };
    // Invocations differ by a few percent, as they do on a quiet machine.
    let level = (0.04 * (rng.f64() + rng.f64() + rng.f64() - 1.5)).exp();
    let median_ns = (ns + per_byte_ns * size_bytes as f64) * level;
    let (unit, scale, per_value) = if stream {
        (Unit::PsPerMessageBlock, 1_000.0, (20_000.0 / median_ns).clamp(1.0, 1024.0) as u64)
    } else {
        (Unit::NsPerRoundTrip, 1.0, 1)
    };
    let values = (MEASURE_NS / median_ns / per_value as f64).ceil() as u64;
    let histogram = long_tailed(median_ns * scale, values, rng);
    let messages = values * per_value;
    let elapsed_ns = (histogram.mean() / scale * messages as f64) as u64;
    let one_sided = profile.family == "floor";
    let two_cpus = profile.placement == Placement::CrossCore;
    let spins = profile.transport.ends_with("/spin") || one_sided;
    let side = |name: &str, cpu: u32, histogram: Option<&Histogram>| SideReport {
        side: name.into(),
        placed: Placed { allowed: vec![cpu], cpu_before: cpu, cpu_after: cpu },
        usage: Usage {
            user_ns: if spins { elapsed_ns } else { messages * 180 },
            system_ns: if spins { 0 } else { (elapsed_ns / 3).min(messages * 2_900) },
            voluntary_switches: if spins { 0 } else { messages / per_value },
            involuntary_switches: 1 + elapsed_ns / 40_000_000,
            minor_faults: 12,
            major_faults: 0,
            ..Usage::default()
        },
        histogram: histogram.map(|h| pack(h, unit, per_value)),
        lag: None,
        peers: Vec::new(),
        lost: None,
        hold: None,
        third_parties: None,
        sizes: Vec::new(),
    };
    let mut sides = vec![side("initiator", 0, Some(&histogram))];
    if !one_sided {
        sides.push(side("responder", u32::from(two_cpus), stream.then_some(&histogram)));
    }
    Invocation {
        round,
        started_ns: u64::from(round) * 9_000_000_000 + rng.u64(0..1_000_000_000),
        elapsed_ns,
        messages,
        warm_up: WarmUp { messages: messages / 5, elapsed_ns: elapsed_ns / 5, steady: true },
        distance: two_cpus.then(|| {
            let mut near = || DISTANCE_NS.0 * (1.0 + 0.03 * rng.f64());
            Distance { before_ns: near(), after_ns: near() }
        }),
        setup: (!one_sided).then_some(Setup {
            fixture_ns: 21_000,
            split_ns: 9_000,
            teardown_ns: 14_000,
            mapped_bytes: if profile.family == "shm" { 528_384 } else { 0 },
            first_ns: None,
        }),
        sides,
        ..Invocation::new(InvocationOutcome::Ok)
    }
}

/// Spoils some cells, as happens in every real run.
fn spoil(record: &mut Record) {
    let mut with = |transport, workload, size_bytes, placement, change: &dyn Fn(&mut Cell)| {
        let key = CellKey::new(transport, workload, size_bytes, placement);
        record.cells.iter_mut().filter(|c| c.key == key).for_each(change);
    };
    with("mq/block", Workload::Stream, 1024, Placement::CrossCore, &|cell| {
        for invocation in &mut cell.invocations {
            fail(invocation, "responder", "still waiting at the deadline of 5 s, and killed");
        }
    });
    with("unix-stream/epoll", Workload::Stream, 65_536, Placement::CrossCore, &|cell| {
        if let Some(first) = cell.invocations.first_mut() {
            fail(
                first,
                "responder",
                "1 message damaged, though the mechanism promises to lose nothing",
            );
            first.integrity.damaged = 1;
        }
    });
    with("pipe/block", Workload::Stream, 65_536, Placement::SameCore, &|cell| {
        cell.state = State::Pending;
        cell.capacity = None;
        cell.invocations.clear();
    });
    with("pipe/block", Workload::PingPong, 65_536, Placement::SameCore, &|cell| {
        if let Some(first) = cell.invocations.first_mut() {
            first.warm_up.steady = false;
        }
    });
    with("shm-ring/spin", Workload::Stream, 1024, Placement::CrossCore, &|cell| {
        let marks = cell.invocations.len() >= MARKED;
        if let Some(moved) = cell.invocations.get_mut(1) {
            moved.marks.extend(marks.then_some(Mark::Moved));
            moved.distance.iter_mut().for_each(|distance| distance.after_ns = DISTANCE_NS.1);
        }
    });
    with("pipe/block", Workload::PingPong, 1024, Placement::CrossCore, &|cell| {
        if cell.invocations.len() >= MARKED {
            cell.invocations[6].marks = vec![Mark::Stolen, Mark::Gaps];
        }
    });
    with("unix-stream/epoll", Workload::PingPong, 1024, Placement::CrossCore, &far_at_last);
}

/// Makes the last half far apart, and half as long again, if there are enough invocations.
fn far_at_last(cell: &mut Cell) {
    let half = cell.invocations.len() / 2;
    if cell.invocations.len() < MARKED {
        return;
    }
    let mut far = Cell { invocations: cell.invocations.split_off(half), ..cell.clone() };
    slow_down(&mut far, 1.5);
    for invocation in &mut far.invocations {
        invocation.distance =
            Some(Distance { before_ns: DISTANCE_NS.1, after_ns: DISTANCE_NS.1 + 2.0 });
    }
    cell.invocations.extend(far.invocations);
}

fn fail(invocation: &mut Invocation, side: &str, what: &str) {
    invocation.outcome = InvocationOutcome::Failed { side: side.into(), what: what.into() };
    invocation.sides.clear();
}
