//! Made-up paired comparisons: cells whose truth is known, so that what judges them can be judged. Nothing here was measured.
//!
//! [`paired`] has a cell of each kind that a judge meets; [`paired_of`] makes cells to order and [`look_again`] their second
//! stage, so that a simulation can go through a whole comparison. The same seed gives the same document.

use super::DISTANCE_NS;
use super::frame::frame;
use crate::Refusal;
use crate::{
    Arm, CellKey, Contender, Distance, Integrity, InvocationOutcome, Outcome, PAIRED_SCHEMA, Pair,
    Paired, PairedCell, PairedSettings, Placement, Slice, Stage, State, Workload,
};
use fastrand::Rng;
use std::time::Duration;

/// One slice, ns.
const SLICE_NS: f64 = 3e6;
/// Measured turns of each arm in one pair: three palindromes.
const TURNS: u32 = 6;
/// Pairs of a first stage that [`paired`] makes, and of a second.
const PAIRS: (u32, u32) = (8, 16);

/// Properties of a made-up cell.
#[derive(Debug, Clone, PartialEq)]
pub struct MadeUp {
    /// Key of the cell.
    pub key: CellKey,
    /// True for a floor.
    pub floor: bool,
    /// The canary's known delay, thousandths; `None` for every other cell. It does not slow the cell down by itself.
    pub canary_permille: Option<u32>,
    /// Time of the base for one value, or for one message of a rate, ns.
    pub ns: f64,
    /// True ratio new / base.
    pub slow_down: f64,
    /// True ratio of the second base to the first: 1, if all is well.
    pub again: f64,
    /// Standard deviation of the logarithm of new / base over pairs.
    pub spread: f64,
    /// Fault of the cell.
    pub trouble: Trouble,
}

/// Fault of a made-up cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    None,
    /// Every fifth invocation takes half as long again, whatever its side.
    Bimodal,
    /// The new side fails in every third pair.
    FailsInNew,
    /// All sides fail in every pair.
    FailsInBoth,
    /// The CPUs move apart in the second lap of every second pair, and everything takes twice as
    /// long from then on.
    Moves,
    /// The CPUs are somewhere else at each turn of every pair.
    MovesAlways,
    /// The machine lacks it.
    Unavailable,
    /// The budget ended before it.
    NotReached,
}

impl MadeUp {
    /// Makes a quiet cell that takes `ns` and did not change: one pair differs by about 1 %.
    #[must_use]
    pub fn quiet(key: CellKey, ns: f64) -> MadeUp {
        MadeUp {
            key,
            floor: false,
            canary_permille: None,
            ns,
            slow_down: 1.0,
            again: 1.0,
            spread: 0.01,
            trouble: Trouble::None,
        }
    }
}

/// Returns one cell of each kind that [`paired`] has, in its order; the canary last.
#[must_use]
pub fn paired_kinds() -> Vec<MadeUp> {
    let of = |transport: &str, workload, ns: f64| {
        MadeUp::quiet(CellKey::new(transport, workload, 64, Placement::CrossCore), ns)
    };
    let trouble = |trouble, made: MadeUp| MadeUp { trouble, ..made };
    let ring = || of("shm-ring/spin", Workload::PingPong, 240.0);
    vec![
        MadeUp { floor: true, ..of("null", Workload::PingPong, 34.0) },
        of("pipe/block", Workload::PingPong, 9_100.0),
        MadeUp { spread: 0.09, ..of("unix-stream/block", Workload::PingPong, 11_500.0) },
        MadeUp { slow_down: 1.05, ..of("fifo/block", Workload::PingPong, 9_400.0) },
        MadeUp { slow_down: 0.93, ..of("mq/block", Workload::PingPong, 14_000.0) },
        MadeUp { slow_down: 1.25, ..ring() },
        trouble(Trouble::Bimodal, of("tcp/block", Workload::PingPong, 17_000.0)),
        trouble(Trouble::FailsInNew, of("udp4/block", Workload::PingPong, 16_000.0)),
        trouble(Trouble::FailsInBoth, of("pty/block", Workload::PingPong, 21_000.0)),
        trouble(Trouble::Unavailable, of("vsock/block", Workload::PingPong, 30_000.0)),
        trouble(Trouble::NotReached, of("sysv/block", Workload::PingPong, 12_000.0)),
        trouble(Trouble::Moves, of("shm-ring/pause", Workload::PingPong, 260.0)),
        trouble(Trouble::MovesAlways, of("shm-ring/hybrid", Workload::PingPong, 270.0)),
        of("pipe/block", Workload::Stream, 610.0),
        MadeUp { slow_down: 1.08, ..of("shm-ring/spin", Workload::Stream, 21.0) },
        MadeUp { slow_down: 1.05, canary_permille: Some(50), ..ring() },
    ]
}

/// Makes a comparison with a cell of each kind in [`paired_kinds`], all screened and those that
/// changed confirmed.
#[must_use]
pub fn paired(seed: u64) -> Paired {
    let kinds = paired_kinds();
    let mut paired = paired_of(seed, PAIRS.0, &kinds);
    let changed = |made: &MadeUp| (made.slow_down - 1.0).abs() > 0.02;
    let candidates: Vec<usize> = (0..kinds.len()).filter(|at| changed(&kinds[*at])).collect();
    look_again(&mut paired, &kinds, &candidates, PAIRS.1);
    paired
}

/// Makes a comparison of these cells after its first stage.
#[must_use]
pub fn paired_of(seed: u64, screen_pairs: u32, made: &[MadeUp]) -> Paired {
    let record = frame(seed, 0);
    let side = |program: &str| Contender {
        program: program.into(),
        tool: record.tool.clone(),
        env: Vec::new(),
        args: Vec::new(),
        conditions: Vec::new(),
    };
    let mut paired = Paired {
        schema: PAIRED_SCHEMA.into(),
        base: side("base/ipcmark"),
        new: side("new/ipcmark"),
        other_runs: None,
        tool: record.tool,
        started: record.started,
        finished: record.finished,
        outcome: Outcome::Complete,
        settings: PairedSettings {
            seed,
            budget_s: 120.0,
            screen_pairs,
            confirm_pairs: 2 * screen_pairs,
            turns: TURNS,
            slice_ms: SLICE_NS / 1e6,
            screen_p: 0.05,
            clock_step_ns: 10.0,
            command: vec!["ipcmark".into(), "ab".into()],
        },
        suite: record.suite,
        host: record.host,
        cells: made.iter().map(cell).collect(),
    };
    let all: Vec<usize> = (0..made.len()).collect();
    add(&mut paired, made, &all, Stage::Screen, screen_pairs);
    paired
}

/// Makes `pairs` fresh pairs of these cells, as a second stage does; `made` is what the document was made of.
pub fn look_again(paired: &mut Paired, made: &[MadeUp], cells: &[usize], pairs: u32) {
    add(paired, made, cells, Stage::Confirm, pairs);
}

fn cell(made: &MadeUp) -> PairedCell {
    PairedCell {
        key: made.key.clone(),
        family: made.key.transport.split('/').next().unwrap_or_default().into(),
        floor: made.floor,
        group: "latency".into(),
        canary: made.canary_permille.is_some(),
        slow_down_permille: made.canary_permille,
        state: match made.trouble {
            Trouble::Unavailable => {
                State::Unavailable(Refusal::new("the kernel was built without it"))
            }
            Trouble::NotReached => State::Pending,
            _ => State::Measured,
        },
        pairs: Vec::new(),
    }
}

fn add(paired: &mut Paired, made: &[MadeUp], cells: &[usize], stage: Stage, pairs: u32) {
    for at in cells {
        if paired.cells[*at].state != State::Measured {
            continue;
        }
        let before = paired.cells[*at].pairs.len();
        // Each cell draws for itself, and afresh in each stage.
        let stream = (*at * 1_000 + before) as u64;
        let mut rng = Rng::with_seed(paired.settings.seed.wrapping_mul(1_000_003) + stream);
        let fresh = (0..pairs).map(|number| {
            let round = before as u32 + number;
            let started = Duration::from_secs(u64::from(round)) + Duration::from_millis(*at as u64);
            let [base, new, again] = arms(&made[*at], number, &mut rng);
            Pair { stage, round, started_ns: started.as_nanos() as u64, base, new, again }
        });
        paired.cells[*at].pairs.extend(fresh);
    }
}

/// Makes the three sides of one pair: base, new, again.
fn arms(made: &MadeUp, number: u32, rng: &mut Rng) -> [Arm; 3] {
    // Each arm has its own level; their difference has the spread that was asked for.
    let levels = [1.0, made.slow_down, made.again].map(|truth| {
        let mode = made.trouble == Trouble::Bimodal && rng.u32(0..5) == 0;
        made.ns * truth * normal(made.spread / 2f64.sqrt(), rng) * if mode { 1.5 } else { 1.0 }
    });
    let mut order = [0, 1, 2];
    rng.shuffle(&mut order);
    let mut slices: [Vec<Slice>; 3] = Default::default();
    for turn in 0..3 * TURNS {
        let at = turn as usize % 6;
        let arm = order[at.min(5 - at)];
        let (distance, far) = distance(made, number, turn, rng);
        // What a neighbour does to one slice, and not to the next.
        let ns = levels[arm] * normal(made.spread / 4.0, rng) * if far { 2.0 } else { 1.0 };
        slices[arm].push(slice(made, turn, ns, distance, rng));
    }
    let fails = match made.trouble {
        Trouble::FailsInNew => [false, number.is_multiple_of(3), false],
        Trouble::FailsInBoth => [true; 3],
        _ => [false; 3],
    };
    let mut number = 0;
    slices.map(|slices| {
        let failed = fails[number];
        number += 1;
        let what = "still waiting at the deadline of 5 s, and killed".into();
        Arm {
            outcome: match failed {
                true => InvocationOutcome::Failed { side: "responder".into(), what },
                false => InvocationOutcome::Ok,
            },
            integrity: Integrity::default(),
            slices: if failed { Vec::new() } else { slices },
        }
    })
}

/// Returns the distance of the CPUs around a turn, and true if that is far.
fn distance(made: &MadeUp, number: u32, turn: u32, rng: &mut Rng) -> (Option<Distance>, bool) {
    if made.floor || made.key.placement != Placement::CrossCore {
        return (None, false);
    }
    let mut of = |far: bool| {
        let (near_ns, far_ns) = DISTANCE_NS;
        (if far { far_ns } else { near_ns }) * (1.0 + 0.03 * rng.f64())
    };
    let even = turn.is_multiple_of(2);
    let (before, after) = match made.trouble {
        Trouble::Moves if number % 2 == 1 => (turn > 8, turn >= 8),
        Trouble::MovesAlways => (even, even),
        _ => (false, false),
    };
    (Some(Distance { before_ns: of(before), after_ns: of(after) }), before)
}

fn slice(made: &MadeUp, turn: u32, ns: f64, distance: Option<Distance>, rng: &mut Rng) -> Slice {
    let messages = ((SLICE_NS / ns) as u64).max(1);
    Slice {
        turn,
        midmean_ns: ns,
        p99_ns: 1.6 * ns * normal(made.spread, rng),
        values: if made.key.is_rate() { messages / 64 } else { messages },
        messages,
        elapsed_ns: (ns * messages as f64) as u64,
        by_schedule: false,
        distance,
    }
}

/// Draws a factor whose logarithm is about normal: the sum of twelve uniform numbers.
fn normal(spread: f64, rng: &mut Rng) -> f64 {
    let sum: f64 = (0..12).map(|_| rng.f64()).sum();
    (spread * (sum - 6.0)).exp()
}
