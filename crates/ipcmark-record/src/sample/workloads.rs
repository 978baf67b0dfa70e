//! Cells of the workloads beside ping-pong and stream, and of what carries no messages.

use super::rules::rules;
use super::values::{long_tailed, pack};
use super::{MEASURE_NS, record};
use crate::{
    Capacity, Cell, CellKey, Distance, GroupNote, Histogram, Integrity, Invocation,
    InvocationOutcome, LoadKey, Overlap, Placed, Record, SideReport, State, Task, Unit, Usage,
    WarmUp,
};
use fastrand::Rng;

/// How one transport behaves under one workload.
struct Made {
    transport: &'static str,
    family: &'static str,
    carries: &'static str,
    lossy: bool,
    pattern: &'static str,
    sizes_bytes: &'static [u64],
    /// Median time of what the pattern measures, ns; of a rate, of one message.
    ns: f64,
    load: LoadKey,
}

const NO_LOAD: LoadKey =
    LoadKey { peers: None, depth: None, rate_per_s: None, arrivals: None, input: None };

const fn made(
    transport: &'static str,
    family: &'static str,
    pattern: &'static str,
    ns: f64,
) -> Made {
    let (carries, lossy, sizes_bytes) = ("messages", false, &[64, 1024]);
    Made { transport, family, carries, lossy, pattern, sizes_bytes, ns, load: NO_LOAD }
}

/// [`record`], and beside its cells those of every other workload, calls, notifications, losses and rules.
#[must_use]
pub fn every(seed: u64, invocations: u32) -> Record {
    let mut record = record(seed, invocations);
    for name in ["workloads", "many"] {
        record.suite.groups.push(GroupNote { name: name.into(), prose: format!("Some {name}.") });
    }
    for (number, made) in all().into_iter().enumerate() {
        let mut rng = Rng::with_seed(seed.wrapping_mul(9_000_011).wrapping_add(number as u64));
        for size_bytes in made.sizes_bytes {
            record.cells.push(cell(&made, *size_bytes, invocations, &mut rng));
        }
    }
    record.rules = rules();
    record
}

fn all() -> Vec<Made> {
    let paced = |transport, family, rate, ns| Made {
        load: LoadKey { rate_per_s: Some(rate), ..NO_LOAD },
        ..made(transport, family, "paced", ns)
    };
    let deep = |transport, family, pattern, depth, ns| Made {
        load: LoadKey { depth: Some(depth), ..NO_LOAD },
        ..made(transport, family, pattern, ns)
    };
    let many = |transport, family, pattern, peers, ns| Made {
        load: LoadKey { peers: Some(peers), ..NO_LOAD },
        ..made(transport, family, pattern, ns)
    };
    let task = |transport, family, peers, input: &str, ns| Made {
        sizes_bytes: &[65_536],
        load: LoadKey { peers: Some(peers), input: Some(input.into()), ..NO_LOAD },
        ..made(transport, family, "scatter-gather", ns)
    };
    let news = |transport, family, pattern, ns| Made {
        carries: "notifications",
        sizes_bytes: &[0],
        ..made(transport, family, pattern, ns)
    };
    let call =
        |transport, pattern, ns| Made { carries: "calls", ..made(transport, "rpc", pattern, ns) };
    let mut all = vec![
        call("rpc-unix/block", "ping-pong", 99_000.0),
        call("rpc-unix/block", "stream", 0.0),
        news("eventfd/block", "notify", "wake-up", 61_000.0),
        news("eventfd/block", "notify", "ping-pong", 0.0),
        Made { lossy: true, ..news("signal/handler", "signal", "wake-up", 64_000.0) },
        Made { sizes_bytes: &[0], ..made("pipe/block", "pipe", "wake-up", 0.0) },
        made("pipe/poll", "pipe", "overlap", 91_000.0),
        made("shm-ring/pause", "shm", "overlap", 310.0),
        made("pipe/block", "pipe", "overlap", 0.0),
    ];
    for (rate, slow) in [(1_000, 1.0), (50_000, 1.4)] {
        all.push(paced("pipe/block", "pipe", rate, 55_000.0 / slow));
        all.push(paced("shm-ring/pause", "shm", rate, 160.0));
        all.push(Made { lossy: true, ..paced("udp4/block", "udp", rate, 58_000.0) });
    }
    for depth in [8, 32] {
        let times = f64::from(depth);
        all.push(deep("pipe/block", "pipe", "burst", depth, 88_000.0 + 500.0 * times));
        all.push(deep("shm-ring/pause", "shm", "burst", depth, 220.0 + 25.0 * times));
        all.push(deep("pipe/block", "pipe", "duplex", depth, 1_900.0 / times.sqrt()));
        all.push(deep("shm-ring/pause", "shm", "duplex", depth, 40.0));
    }
    for peers in [2, 4] {
        all.push(many("pipe/block", "pipe", "fan-in", peers, 700.0));
        all.push(many("unix-stream/epoll", "unix", "fan-in", peers, 1_400.0));
        all.push(many("pipe/block", "pipe", "fan-out", peers, 900.0));
        all.push(many("mq/block", "mq", "fan-out", peers, 1_700.0));
        all.push(many("pipe/block", "pipe", "broadcast", peers, 900.0));
        for (input, ns) in [("sent", 5.2e6), ("shared", 4.4e6)] {
            all.push(task("pipe/block", "pipe", peers, input, ns / f64::from(peers)));
            all.push(task("shm-ring/pause", "shm", peers, input, 0.96 * ns / f64::from(peers)));
        }
    }
    all
}

fn cell(made: &Made, size_bytes: u64, invocations: u32, rng: &mut Rng) -> Cell {
    let wait = made.transport.split_once('/').map_or("", |(_, wait)| wait);
    // Nothing takes no time: what stands there with 0 ns cannot run the workload.
    let state = if made.ns > 0.0 {
        State::Measured
    } else {
        let reason = match (made.carries, made.pattern) {
            ("notifications", _) => "it carries no payload: see wake-up",
            ("calls", _) => "a call waits for its answer: see ping-pong",
            (_, "wake-up") => "it carries messages: see ping-pong",
            _ => "a side that waits like this can do nothing else meanwhile",
        };
        State::Unsupported { reason: reason.into() }
    };
    let count = if state == State::Measured { invocations } else { 0 };
    Cell {
        key: CellKey {
            load: made.load.clone(),
            ..CellKey::new(made.transport, made.pattern, size_bytes, "cross-core")
        },
        family: made.family.into(),
        wait: wait.into(),
        framing: if made.family == "pipe" { "stream" } else { "message" }.into(),
        zero_copy: made.family == "shm",
        floor: false,
        carries: made.carries.into(),
        lossy: made.lossy,
        group: if made.load.peers.is_some() { "many" } else { "workloads" }.into(),
        capacity: (count > 0).then_some(Capacity { bytes: Some(65_536), messages: None }),
        state,
        standing: None,
        system_calls: None,
        cycles: None,
        invocations: (0..count).map(|round| invocation(made, size_bytes, round, rng)).collect(),
    }
}

fn invocation(made: &Made, size_bytes: u64, round: u32, rng: &mut Rng) -> Invocation {
    let level = (0.04 * (rng.f64() + rng.f64() + rng.f64() - 1.5)).exp();
    let ns = (made.ns + 0.2 * size_bytes as f64) * level;
    let peers = made.load.peers.unwrap_or(1);
    // Each value of a rate is of a block; a paced sender sends as told and no faster.
    let is_rate = CellKey::new("", made.pattern, 0, "").is_rate();
    let per_value = if is_rate { (20_000.0 / ns).clamp(1.0, 1024.0) as u64 } else { 1 };
    let every_ns = made.load.rate_per_s.map_or(ns, |rate| 1e9 / f64::from(rate));
    let values = ((MEASURE_NS / every_ns / per_value as f64) as u64).max(3);
    let (unit, scale) = match made.pattern {
        _ if is_rate => (Unit::PsPerMessageBlock, 1_000.0),
        "paced" => (Unit::NsOneWay, 1.0),
        "burst" => (Unit::NsPerBurst, 1.0),
        "scatter-gather" => (Unit::NsPerTask, 1.0),
        _ => (Unit::NsPerRoundTrip, 1.0),
    };
    let histogram = long_tailed(ns * scale, values, rng);
    let elapsed_ns = (values * per_value) as f64 * every_ns;
    let messages = values
        * per_value
        * made.load.depth.filter(|_| made.pattern == "burst").unwrap_or(1) as u64;
    let lost = if made.lossy { messages / 250 } else { 0 };
    // One in so many messages leaves late: at the higher rate the sender cannot keep up.
    let late = if every_ns < 100_000.0 && made.family == "udp" { 0.3 } else { 0.002 };
    let lag = |rng: &mut Rng| long_tailed((ns * late).max(2.0), values, rng);
    let sides = names(made.pattern, peers)
        .into_iter()
        .enumerate()
        .map(|(at, name)| {
            let keeps = match (made.pattern, name.starts_with("initiator")) {
                ("paced", true) => Some((lag(rng), Unit::NsLag)),
                ("paced", false) => Some((histogram.clone(), unit)),
                (_, initiator) => (is_rate || initiator).then(|| (histogram.clone(), unit)),
            };
            side(name, at as u32, elapsed_ns as u64, keeps.as_ref(), per_value)
        })
        .collect();
    let share = if made.family == "shm" { 0.4 } else { 0.9 };
    Invocation {
        round,
        started_ns: u64::from(round) * 9_000_000_000 + rng.u64(0..1_000_000_000),
        elapsed_ns: elapsed_ns as u64,
        messages: messages - lost,
        warm_up: WarmUp { messages: 0, elapsed_ns: 1, steady: true },
        distance: made
            .load
            .peers
            .is_none()
            .then_some(Distance { before_ns: 112.0, after_ns: 113.0 }),
        integrity: Integrity { lost, ..Integrity::default() },
        overlap: (made.pattern == "overlap").then(|| Overlap {
            pieces: (elapsed_ns * share * (1.0 - 0.02 * rng.f64()) / 50.0) as u64,
            piece_ns: 50.0,
            look_ns: if made.family == "shm" { 4.0 } else { 310.0 },
        }),
        task: (made.pattern == "scatter-gather").then_some(Task {
            input_bytes: 64 << 20,
            serial_ns: (4.1e6 * level) as u64,
            parallel_ns: ns as u64,
            runs: values,
        }),
        links: made
            .pattern
            .starts_with("fan")
            .then(|| if made.family == "pipe" { "shared" } else { "per-peer" }.into()),
        sides,
        ..Invocation::new(InvocationOutcome::Ok)
    }
}

/// The sides' names: the one, then the several.
fn names(pattern: &str, peers: u32) -> Vec<String> {
    let (one, several) = match pattern {
        "fan-in" => ("responder", "initiator"),
        _ => ("initiator", "responder"),
    };
    let others = match pattern {
        "fan-in" | "fan-out" | "broadcast" | "scatter-gather" => {
            (0..peers).map(|n| format!("{several}-{n}")).collect()
        }
        _ => vec![several.to_owned()],
    };
    std::iter::once(one.to_owned()).chain(others).collect()
}

fn side(
    side: String,
    cpu: u32,
    elapsed_ns: u64,
    keeps: Option<&(Histogram, Unit)>,
    messages_per_value: u64,
) -> SideReport {
    SideReport {
        side,
        placed: Placed { allowed: vec![cpu], cpu_before: cpu, cpu_after: cpu },
        usage: Usage {
            user_ns: elapsed_ns / 5,
            system_ns: elapsed_ns / 4,
            voluntary_switches: elapsed_ns / 90_000,
            ..Usage::default()
        },
        histogram: keeps.map(|(histogram, unit)| pack(histogram, *unit, messages_per_value)),
        lost: None,
    }
}
