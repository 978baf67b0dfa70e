//! Cells of the workloads other than ping-pong and stream, of notifications and of calls.

use super::rules::rules;
use super::values::{long_tailed, pack};
use super::{MEASURE_NS, record, wait_of};
use crate::{
    Arrivals, Capacity, Carries, Cell, CellKey, Distance, Framing, GroupNote, Histogram, Input,
    Integrity, Invocation, InvocationOutcome, Overlap, Parameter, PeerTimes, Placed, Placement,
    Record, Shape, SideReport, State, Task, Timed, Unit, Usage, WarmUp, Workload,
};
use fastrand::Rng;

/// Behavior of one transport under one workload.
struct Made {
    transport: &'static str,
    family: &'static str,
    carries: Carries,
    lossy: bool,
    workload: Workload,
    sizes_bytes: &'static [u64],
    /// Median time of what the pattern measures, ns; of a rate, of one message.
    ns: f64,
}

const fn made(transport: &'static str, family: &'static str, workload: Workload, ns: f64) -> Made {
    let (carries, lossy, sizes_bytes) = (Carries::Messages, false, &[64, 1024]);
    Made { transport, family, carries, lossy, workload, sizes_bytes, ns }
}

/// Makes [`record`], and cells of every other workload, calls, notifications, losses and rules.
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
    let paced = |transport, family, rate, ns| {
        made(transport, family, Workload::Paced { rate, arrivals: Arrivals::Constant }, ns)
    };
    let paced_trip = |transport, family, ns| {
        made(transport, family, Workload::PACED_PING_PONG.with_value(50_000), ns)
    };
    let task = |transport, family, peers, input, ns| Made {
        sizes_bytes: &[65_536],
        ..made(transport, family, Workload::ScatterGather { peers, input }, ns)
    };
    let news = |transport, family, workload, ns| Made {
        carries: Carries::Notifications,
        sizes_bytes: &[0],
        ..made(transport, family, workload, ns)
    };
    let call = |transport, workload, ns| Made {
        carries: Carries::Calls,
        ..made(transport, "rpc", workload, ns)
    };
    let mut all = vec![
        call("rpc-unix/block", Workload::PingPong, 99_000.0),
        call("rpc-unix/block", Workload::Stream, 0.0),
        news("eventfd/block", "notify", Workload::WAKE_UP, 61_000.0),
        news("eventfd/block", "notify", Workload::PingPong, 0.0),
        Made { lossy: true, ..news("signal/handler", "signal", Workload::WAKE_UP, 64_000.0) },
        Made { sizes_bytes: &[0], ..made("pipe/block", "pipe", Workload::WAKE_UP, 0.0) },
        made("pipe/poll", "pipe", Workload::Overlap, 91_000.0),
        made("shm-ring/pause", "shm", Workload::Overlap, 310.0),
        made("pipe/block", "pipe", Workload::Overlap, 0.0),
    ];
    for (rate, slow) in [(1_000, 1.0), (50_000, 1.4)] {
        all.push(paced("pipe/block", "pipe", rate, 55_000.0 / slow));
        all.push(paced("shm-ring/pause", "shm", rate, 160.0));
        all.push(Made { lossy: true, ..paced("udp4/block", "udp", rate, 58_000.0) });
    }
    all.push(paced_trip("pipe/block", "pipe", 62_000.0));
    all.push(paced_trip("shm-ring/pause", "shm", 330.0));
    for peers in [2, 8, 32] {
        let many = |workload: Workload| workload.with(Parameter::Peers, peers);
        let (few, slow) = (f64::from(peers).ln(), f64::from(peers));
        all.push(made("pipe/block", "pipe", many(Workload::PACED_FAN_IN), 56_000.0 + 9e3 * few));
        all.push(made("pipe/block", "pipe", many(Workload::PACED_BROADCAST), 55_000.0 * slow));
        let ring = many(Workload::PACED_BROADCAST);
        all.push(made("shm-broadcast/hybrid", "shm", ring, 41_000.0 + 2e3 * slow));
    }
    all.push(made("mq/block", "mq", Workload::PACED_FAN_OUT, 61_000.0));
    all.push(made("pipe/block", "pipe", Workload::PACED_PAIRS.with_idle(6), 66_000.0));
    for depth in [8, 32] {
        let times = f64::from(depth);
        let (burst, duplex) = (Workload::Burst { depth }, Workload::Duplex { depth });
        all.push(made("pipe/block", "pipe", burst, 88_000.0 + 500.0 * times));
        all.push(made("shm-ring/pause", "shm", burst, 220.0 + 25.0 * times));
        all.push(made("pipe/block", "pipe", duplex, 1_900.0 / times.sqrt()));
        all.push(made("shm-ring/pause", "shm", duplex, 40.0));
    }
    for peers in [2, 4] {
        let (fan_in, fan_out) = (Workload::FanIn { peers }, Workload::FanOut { peers });
        all.push(made("pipe/block", "pipe", fan_in, 700.0));
        all.push(made("unix-stream/epoll", "unix", fan_in, 1_400.0));
        all.push(made("pipe/block", "pipe", fan_out, 900.0));
        all.push(made("mq/block", "mq", fan_out, 1_700.0));
        all.push(made("pipe/block", "pipe", Workload::Broadcast { peers }, 900.0));
        for (input, ns) in [(Input::Sent, 5.2e6), (Input::Shared, 4.4e6)] {
            all.push(task("pipe/block", "pipe", peers, input, ns / f64::from(peers)));
            all.push(task("shm-ring/pause", "shm", peers, input, 0.96 * ns / f64::from(peers)));
        }
    }
    all
}

fn cell(made: &Made, size_bytes: u64, invocations: u32, rng: &mut Rng) -> Cell {
    // Nothing takes no time: what stands there with 0 ns cannot run the workload.
    let state = if made.ns > 0.0 {
        State::Measured
    } else {
        let reason = match (made.carries, made.workload) {
            (Carries::Notifications, _) => "it carries no payload: see wake-up",
            (Carries::Calls, _) => "a call waits for its answer: see ping-pong",
            (_, Workload::WakeUp { .. }) => "it carries messages: see ping-pong",
            _ => "a side that waits like this can do nothing else meanwhile",
        };
        State::Unsupported { reason: reason.into() }
    };
    let count = if state == State::Measured { invocations } else { 0 };
    Cell {
        key: CellKey::new(made.transport, made.workload, size_bytes, Placement::CrossCore),
        family: made.family.into(),
        wait: wait_of(made.transport),
        framing: if made.family == "pipe" { Framing::Stream } else { Framing::Message },
        zero_copy: made.family == "shm",
        floor: false,
        carries: made.carries,
        lossy: made.lossy,
        works_elsewhere: false,
        group: if made.workload.has_peers() { "many" } else { "workloads" }.into(),
        capacity: (count > 0).then_some(Capacity { bytes: Some(65_536), messages: None }),
        state,
        standing: None,
        system_calls: None,
        cycles: None,
        memory: None,
        deaths: 0,
        invocations: (0..count).map(|round| invocation(made, size_bytes, round, rng)).collect(),
    }
}

fn invocation(made: &Made, size_bytes: u64, round: u32, rng: &mut Rng) -> Invocation {
    let level = (0.04 * (rng.f64() + rng.f64() + rng.f64() - 1.5)).exp();
    let ns = (made.ns + 0.2 * size_bytes as f64) * level;
    // Each value of a rate is of a block; a paced sender sends as told and no faster.
    let is_rate = made.workload.is_rate();
    let per_value = if is_rate { (20_000.0 / ns).clamp(1.0, 1024.0) as u64 } else { 1 };
    let every_ns = made.workload.value(Parameter::Rate).map_or(ns, |rate| 1e9 / f64::from(rate));
    let values = ((MEASURE_NS / every_ns / per_value as f64) as u64).max(3);
    let (unit, scale) = match made.workload.timed() {
        Timed::Block => (Unit::PsPerMessageBlock, 1_000.0),
        Timed::OneWay => (Unit::NsOneWay, 1.0),
        Timed::Burst => (Unit::NsPerBurst, 1.0),
        Timed::Task => (Unit::NsPerTask, 1.0),
        Timed::RoundTrip | Timed::PacedRoundTrip => (Unit::NsPerRoundTrip, 1.0),
    };
    let histogram = long_tailed(ns * scale, values, rng);
    let elapsed_ns = (values * per_value) as f64 * every_ns;
    let messages = values * per_value * if is_rate { 1 } else { made.workload.depth() as u64 };
    let rate = made.workload.value(Parameter::Rate).map(f64::from);
    let senders = made.workload.due_per_s().zip(rate).map_or(1.0, |(all, each)| all / each);
    let messages = messages * senders as u64;
    let lost = if made.lossy { messages / 250 } else { 0 };
    // This share of the messages leaves late: at the higher rate the sender cannot keep up.
    let late = if every_ns < 100_000.0 && made.family == "udp" { 0.3 } else { 0.002 };
    let lag = |rng: &mut Rng| long_tailed((ns * late).max(2.0), values, rng);
    let sides = names(made.workload)
        .into_iter()
        .enumerate()
        .map(|(at, name)| {
            let initiates = name.starts_with("initiator");
            let keeps = match made.workload.timed() {
                Timed::OneWay if initiates => Some((lag(rng), Unit::NsLag)),
                Timed::OneWay | Timed::Block => Some((histogram.clone(), unit)),
                _ => initiates.then(|| (histogram.clone(), unit)),
            };
            let told = side(name, at as u32, elapsed_ns as u64, keeps.as_ref(), per_value);
            let lags = initiates && made.workload.timed() == Timed::PacedRoundTrip;
            let is_one = made.workload.is_kind(Workload::PACED_FAN_IN) && !initiates;
            let peers = (0..if is_one { made.workload.peers() } else { 0 })
                .filter_map(|_| PeerTimes::of(&long_tailed(ns * 1.1, values, rng)));
            let peers = peers.collect();
            SideReport { lag: lags.then(|| pack(&lag(rng), Unit::NsLag, 1)), peers, ..told }
        })
        .collect();
    let share = if made.family == "shm" { 0.4 } else { 0.9 };
    Invocation {
        round,
        started_ns: u64::from(round) * 9_000_000_000 + rng.u64(0..1_000_000_000),
        elapsed_ns: elapsed_ns as u64,
        messages: messages - lost,
        warm_up: WarmUp { messages: 0, elapsed_ns: 1, steady: true },
        distance: (!made.workload.has_peers())
            .then_some(Distance { before_ns: 112.0, after_ns: 113.0 }),
        integrity: Integrity { lost, ..Integrity::default() },
        overlap: (made.workload == Workload::Overlap).then(|| Overlap {
            pieces: (elapsed_ns * share * (1.0 - 0.02 * rng.f64()) / 50.0) as u64,
            piece_ns: 50.0,
            look_ns: if made.family == "shm" { 4.0 } else { 310.0 },
        }),
        task: (made.workload.timed() == Timed::Task).then_some(Task {
            input_bytes: 64 << 20,
            serial_ns: (4.1e6 * level) as u64,
            parallel_ns: ns as u64,
            runs: values,
        }),
        links: matches!(made.workload, Workload::FanIn { .. } | Workload::FanOut { .. })
            .then(|| if made.family == "pipe" { "shared" } else { "per-peer" }.into()),
        sides,
        ..Invocation::new(InvocationOutcome::Ok)
    }
}

/// Returns the sides' names: the one, then the several; or pairs.
fn names(workload: Workload) -> Vec<String> {
    let peers = workload.peers() + workload.idle();
    let (one, several) = match workload.shape() {
        Some(Shape::FanIn) => ("responder", "initiator"),
        Some(Shape::Pairs) => {
            let pair = |n| [format!("initiator-{n}"), format!("responder-{n}")];
            return (0..peers).flat_map(pair).collect();
        }
        _ => ("initiator", "responder"),
    };
    let others = match workload.has_peers() {
        true => (0..peers).map(|n| format!("{several}-{n}")).collect(),
        false => vec![several.to_owned()],
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
        lag: None,
        peers: Vec::new(),
        lost: None,
        hold: None,
        third_parties: None,
        sizes: Vec::new(),
    }
}
