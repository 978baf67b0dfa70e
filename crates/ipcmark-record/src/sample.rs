//! Made-up records, for the tests of what comes after measuring. Nothing here was measured.
//!
//! [`record`] has a cell of each kind that a reader meets: fast and slow ones, both patterns, both framings, a floor, cells
//! that are unavailable, unsupported, pending, failed once and failed always, an invocation that was not steady and one
//! whose CPUs moved apart. The same seed gives the same record; another seed another run of it.

use crate::{
    Capacity, Cell, CellKey, Cpu, Distance, Encoded, GroupNote, HarnessCost, Histogram, Host,
    Integrity, Invocation, InvocationOutcome, KernelLimits, Outcome, Placed, Record, SCHEMA,
    Settings, SideReport, State, SuiteNote, Tool, Unit, Usage, WarmUp,
};
use fastrand::Rng;

/// Message sizes of the sample, bytes.
pub const SIZES_BYTES: [u64; 3] = [64, 1024, 65_536];
/// Measured phase of one invocation, ns.
const MEASURE_NS: f64 = 1e8;
/// Cache-line round trip between the sample's two CPUs, ns; and after they have moved apart.
const DISTANCE_NS: (f64, f64) = (112.0, 350.0);

/// How one transport of the sample behaves at one placement.
struct Profile {
    transport: &'static str,
    family: &'static str,
    framing: &'static str,
    placement: &'static str,
    /// Median round trip of a small message, ns, and what each byte adds.
    round_trip_ns: (f64, f64),
    /// Median time of a small message in a stream, ns, and what each byte adds.
    stream_ns: (f64, f64),
    capacity: Option<Capacity>,
}

const fn bytes(bytes: u64) -> Option<Capacity> {
    Some(Capacity { bytes: Some(bytes), messages: None })
}

const PROFILES: [Profile; 7] = [
    Profile {
        transport: "null/none",
        family: "floor",
        framing: "message",
        placement: "same-core",
        round_trip_ns: (34.0, 0.0001),
        stream_ns: (14.0, 0.0001),
        capacity: None,
    },
    Profile {
        transport: "pipe/block",
        family: "pipe",
        framing: "stream",
        placement: "cross-core",
        round_trip_ns: (88_000.0, 0.9),
        stream_ns: (560.0, 0.21),
        capacity: bytes(65_536),
    },
    Profile {
        transport: "pipe/block",
        family: "pipe",
        framing: "stream",
        placement: "same-core",
        round_trip_ns: (8_500.0, 0.25),
        stream_ns: (610.0, 0.19),
        capacity: bytes(65_536),
    },
    Profile {
        transport: "unix-stream/epoll",
        family: "unix",
        framing: "stream",
        placement: "cross-core",
        round_trip_ns: (97_000.0, 0.7),
        stream_ns: (2_000.0, 0.16),
        capacity: bytes(212_992),
    },
    Profile {
        transport: "shm-ring/spin",
        family: "shm",
        framing: "message",
        placement: "cross-core",
        round_trip_ns: (240.0, 0.3),
        stream_ns: (28.0, 0.15),
        capacity: bytes(262_144),
    },
    Profile {
        transport: "shm-ring/spin",
        family: "shm",
        framing: "message",
        placement: "same-core",
        round_trip_ns: (0.0, 0.0),
        stream_ns: (0.0, 0.0),
        capacity: None,
    },
    Profile {
        transport: "mq/block",
        family: "mq",
        framing: "message",
        placement: "cross-core",
        round_trip_ns: (91_000.0, 0.5),
        stream_ns: (1_500.0, 0.22),
        capacity: Some(Capacity { bytes: None, messages: Some(10) }),
    },
];

/// A record of 42 cells with `invocations` of each that can be measured.
#[must_use]
pub fn record(seed: u64, invocations: u32) -> Record {
    record_of(seed, invocations, |_| true)
}

/// Those cells of [`record`] that `keep` says; quicker than making all of them.
#[must_use]
pub fn record_of(seed: u64, invocations: u32, keep: impl Fn(&CellKey) -> bool) -> Record {
    let mut record = frame(seed, invocations);
    let mut number = 0;
    for pattern in ["ping-pong", "stream"] {
        for profile in &PROFILES {
            for size_bytes in SIZES_BYTES {
                // Each cell draws for itself, so that it is the same in whatever company.
                let mut rng = Rng::with_seed(seed.wrapping_mul(1_000_003).wrapping_add(number));
                number += 1;
                if keep(&key(profile.transport, pattern, size_bytes, profile.placement)) {
                    record.cells.push(cell(profile, pattern, size_bytes, invocations, &mut rng));
                }
            }
        }
    }
    spoil(&mut record);
    record
}

/// The key of a cell with the default capacity.
#[must_use]
pub fn key(transport: &str, pattern: &str, size_bytes: u64, placement: &str) -> CellKey {
    CellKey::new(transport, pattern, size_bytes, placement)
}

/// Makes everything in `cell` take `factor` times as long.
///
/// # Panics
/// When one of its histograms cannot be unpacked.
pub fn slow_down(cell: &mut Cell, factor: f64) {
    for invocation in &mut cell.invocations {
        invocation.elapsed_ns = (invocation.elapsed_ns as f64 * factor) as u64;
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

fn cell(
    profile: &Profile,
    pattern: &str,
    size_bytes: u64,
    invocations: u32,
    rng: &mut Rng,
) -> Cell {
    let floor = profile.family == "floor";
    let wait = profile.transport.split_once('/').map_or("", |(_, wait)| wait);
    let state = if wait == "spin" && profile.placement == "same-core" {
        State::Unsupported {
            reason: "two spinning sides on one CPU wait out each other's time slices".into(),
        }
    } else if profile.family == "mq" && size_bytes > 8_192 {
        State::Unavailable {
            reason: "a message of 65536 bytes is longer than the 8192 bytes this queue carries \
                     (fs.mqueue.msgsize_max)"
                .into(),
            remedy: Some("sysctl fs.mqueue.msgsize_max=65536".into()),
        }
    } else {
        State::Measured
    };
    let made = if state == State::Measured { invocations } else { 0 };
    Cell {
        key: key(profile.transport, pattern, size_bytes, profile.placement),
        family: profile.family.into(),
        wait: wait.into(),
        framing: profile.framing.into(),
        zero_copy: profile.family == "shm",
        floor,
        carries: "messages".into(),
        lossy: false,
        group: if pattern == "stream" { "throughput" } else { "latency" }.into(),
        capacity: profile.capacity.filter(|_| made > 0),
        state,
        invocations: (0..made)
            .map(|round| invocation(profile, pattern, size_bytes, round, rng))
            .collect(),
    }
}

fn invocation(
    profile: &Profile,
    pattern: &str,
    size_bytes: u64,
    round: u32,
    rng: &mut Rng,
) -> Invocation {
    let stream = pattern == "stream";
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
    let two_cpus = profile.placement == "cross-core";
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
        },
        histogram: histogram.map(|h| pack(h, unit, per_value)),
    };
    let mut sides = vec![side("initiator", 0, Some(&histogram))];
    if !one_sided {
        sides.push(side("responder", u32::from(two_cpus), stream.then_some(&histogram)));
    }
    Invocation {
        round,
        started_ns: u64::from(round) * 9_000_000_000 + rng.u64(0..1_000_000_000),
        outcome: InvocationOutcome::Ok,
        elapsed_ns,
        messages,
        warm_up: WarmUp { messages: messages / 5, elapsed_ns: elapsed_ns / 5, steady: true },
        distance: two_cpus.then(|| {
            let mut near = || DISTANCE_NS.0 * (1.0 + 0.03 * rng.f64());
            Distance { before_ns: near(), after_ns: near() }
        }),
        integrity: Integrity::default(),
        overlap: None,
        task: None,
        links: None,
        sides,
    }
}

/// `count` values around `median` with a long tail: p99 at 1.6, p99.9 at 2.1, p99.99 at 2.8 times the median. The tail is
/// drawn finer than the body, so that few draws hold all percentiles.
fn long_tailed(median: f64, count: u64, rng: &mut Rng) -> Histogram {
    const DECADES: i32 = 5;
    const DRAWS: u32 = 60;
    let mut histogram = empty();
    let mut recorded = 0;
    for decade in 0..DECADES {
        let (beyond, width) = (0.1f64.powi(decade), 0.9 * 0.1f64.powi(decade) / f64::from(DRAWS));
        for draw in 0..DRAWS {
            let from = 1.0 - beyond + width * f64::from(draw);
            let u = from + width * rng.f64();
            let until = ((from + width) * count as f64).round() as u64;
            let value = if u < 0.5 { 0.9 + 0.2 * u } else { (2.0 * (1.0 - u)).powf(-0.12) };
            let n = until.saturating_sub(recorded);
            histogram.record_n((median * value).round() as u64, n).expect("the histogram resizes");
            recorded += n;
        }
    }
    histogram.record_n((4.0 * median) as u64, count - recorded).expect("the histogram resizes");
    histogram
}

fn empty() -> Histogram {
    Histogram::new(3).expect("three digits are allowed")
}

fn pack(histogram: &Histogram, unit: Unit, messages_per_value: u64) -> Encoded {
    Encoded::pack(histogram, unit, messages_per_value).expect("a small histogram packs")
}

/// What goes wrong in every real run.
fn spoil(record: &mut Record) {
    let mut with = |transport, pattern, size_bytes, placement, change: &dyn Fn(&mut Cell)| {
        let key = key(transport, pattern, size_bytes, placement);
        record.cells.iter_mut().filter(|c| c.key == key).for_each(change);
    };
    with("mq/block", "stream", 1024, "cross-core", &|cell| {
        for invocation in &mut cell.invocations {
            fail(invocation, "responder", "still waiting at the deadline of 5 s, and killed");
        }
    });
    with("unix-stream/epoll", "stream", 65_536, "cross-core", &|cell| {
        if let Some(first) = cell.invocations.first_mut() {
            fail(
                first,
                "responder",
                "1 message damaged, though the mechanism promises to lose nothing",
            );
            first.integrity.damaged = 1;
        }
    });
    with("pipe/block", "stream", 65_536, "same-core", &|cell| {
        cell.state = State::Pending;
        cell.capacity = None;
        cell.invocations.clear();
    });
    with("pipe/block", "ping-pong", 65_536, "same-core", &|cell| {
        if let Some(first) = cell.invocations.first_mut() {
            first.warm_up.steady = false;
        }
    });
    with("shm-ring/spin", "stream", 1024, "cross-core", &|cell| {
        if let Some(distance) = cell.invocations.get_mut(1).and_then(|i| i.distance.as_mut()) {
            distance.after_ns = DISTANCE_NS.1;
        }
    });
}

fn fail(invocation: &mut Invocation, side: &str, what: &str) {
    invocation.outcome = InvocationOutcome::Failed { side: side.into(), what: what.into() };
    invocation.sides.clear();
}

/// Everything around the cells.
fn frame(seed: u64, invocations: u32) -> Record {
    let cpu = |id| Cpu { id, core: Some(id), package: Some(0), node: Some(0) };
    Record {
        schema: SCHEMA.into(),
        tool: Tool {
            name: "ipcmark".into(),
            version: "0.1.0".into(),
            commit: None,
            rustc: "rustc 1.89.0".into(),
            profile: "release".into(),
            target: "x86_64-unknown-linux-gnu".into(),
        },
        started: "2025-01-02T03:04:05Z".into(),
        finished: Some("2025-01-02T03:05:05Z".into()),
        outcome: Outcome::BudgetSpent,
        settings: Settings {
            seed,
            budget_s: Some(60.0),
            rounds: invocations,
            measure_ms: MEASURE_NS / 1e6,
            warm_up_ms: 20.0,
            deep_check_every: 64,
            command: vec!["ipcmark".into(), "run".into()],
        },
        suite: SuiteNote {
            name: "sample".into(),
            title: "Made-up figures, for tests".into(),
            prose: "Nothing in this record was *measured*.".into(),
            groups: vec![
                GroupNote { name: "latency".into(), prose: "How long a message takes.".into() },
                GroupNote { name: "throughput".into(), prose: "How many get through.".into() },
            ],
        },
        host: Host {
            fingerprint: "0123456789abcdef".into(),
            kernel: "6.12.9".into(),
            architecture: "x86_64".into(),
            cpu_model: "Sample CPU at 2.50 GHz".into(),
            cpus: vec![cpu(0), cpu(1)],
            cpus_online: 2,
            memory_bytes: 4 << 30,
            hypervisor: Some("kvm".into()),
            clock_source: Some("tsc".into()),
            clock: "tsc".into(),
            clock_hz: 2.5e9,
            idle_driver: Some("haltpoll".into()),
            idle_governor: None,
            frequency_governor: None,
            root: false,
            limits: KernelLimits { mqueue_msgsize_max: Some(8_192), ..KernelLimits::default() },
            mitigations: [("meltdown".into(), "Not affected".into())].into(),
        },
        harness: HarnessCost {
            clock_ns: 12.0,
            clock_step_ns: 10.0,
            histogram_ns: 9.0,
            stamp_ns: 1.5,
            check_ns: 2.5,
            loop_ns: Some(34.0),
        },
        rules: Vec::new(),
        cells: Vec::new(),
    }
}
