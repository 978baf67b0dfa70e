//! One invocation: makes the fixture, forks a crew of sides, and returns what they found.

use crate::bench::Bench;
use crate::combine::{self, combine, failed};
use crate::control::Control;
use crate::counting::{self, Counted, Purpose};
use crate::findings::{Findings, unpack};
use crate::memory::Memory;
use crate::noise;
use crate::pattern::{Make, NotMade};
use crate::raw::{self, RawMessages};
use crate::seat::{Seat, seats};
use crate::setup::Making;
use crate::side;
use crate::slices::{Sliced, together};
use crate::turns::Turns;
use ipcmark_core::{Error, Extent, Info, Plan, WhenFull};
use ipcmark_record::{
    Arm, Capacity, Cycles, Invocation, InvocationOutcome, Mark, State, SystemCalls, Usage,
};
use ipcmark_sys::contention::Steal;
use ipcmark_sys::counters::Modes;
use ipcmark_sys::crew::{Crew, Finished, Over};
use ipcmark_sys::process;
use std::time::{Duration, Instant};

/// Room for one process's findings, bytes: a dense histogram of three digits deflates to some ten
/// kB.
const FINDINGS_MAX: usize = 1 << 20;
/// Room for the findings of one of very many processes, bytes.
const FINDINGS_LEAST: usize = 1 << 17;
/// Processes that have all that room.
const CROWD: usize = 128;

/// Share of the time in which a side that is not asleep has a CPU, or waits for one.
const WORKS: f64 = 0.1;

/// Result of one invocation.
#[derive(Debug, Clone)]
pub struct Report {
    /// The invocation in the form that the record holds. The caller fills in `round` and
    /// `started_ns`.
    pub invocation: Invocation,
    /// The fixture's real capacity, if there was a fixture.
    pub capacity: Option<Capacity>,
    /// The reason why this cell cannot be measured, here or anywhere. It is not a failure of the
    /// transport, and the invocation shows nothing.
    pub refused: Option<State>,
    /// True if a signal told this process to stop: the invocation was cut off and shows nothing
    /// about the transport.
    pub interrupted: bool,
    /// The times of each message, if they were asked for and the invocation ended well.
    pub raw: RawMessages,
    /// Time in which this process did not run, because it was stopped or the machine slept.
    pub absent: Duration,
}

/// A failure, and the side that it happened in.
struct Failure {
    side: String,
    what: String,
    refused: Option<State>,
    /// Time in which this process did not run, which may be the cause.
    absent: Duration,
}

impl Failure {
    fn of(side: impl Into<String>, what: impl Into<String>) -> Failure {
        Failure { side: side.into(), what: what.into(), refused: None, absent: Duration::ZERO }
    }

    fn ours(error: Error) -> Failure {
        let refused = error.refusal().map(State::Unavailable);
        Failure { refused, ..Failure::of("supervisor", error.to_string()) }
    }

    /// Describes an invocation that could not be made.
    fn not_made(why: NotMade) -> Failure {
        match why {
            NotMade::Failed(error) => Failure::ours(error),
            NotMade::Unsupported(reason) => {
                let refused = Some(State::Unsupported { reason: reason.clone() });
                Failure { refused, ..Failure::of("supervisor", reason) }
            }
        }
    }
}

/// Makes one invocation of what `make` makes. Failures are part of the report.
pub(crate) fn invoke(info: &Info, make: Make, plan: &Plan, bench: &Bench) -> Report {
    let mut capacity = None;
    let (before, quota) = (Steal::now(), noise::Quota::now());
    let wanted = Wanted { purpose: Purpose::Times, turns: None };
    let mut outcome = attempt(info, make, plan, bench, (wanted, &mut capacity));
    let mut absent = Duration::ZERO;
    if let Err(Failure { absent: stopped, .. }) = &outcome
        && !stopped.is_zero()
        && !process::is_interrupted()
    {
        absent = *stopped;
        let again = Wanted { purpose: Purpose::Times, turns: None };
        outcome = attempt(info, make, plan, bench, (again, &mut capacity));
    }
    let interrupted = outcome.is_err() && process::is_interrupted();
    let (invocation, refused) = match outcome {
        Ok(Returned { sides, making, absent: stopped, .. }) => {
            absent += stopped;
            let setup = Some(combine::setup(making, plan, &sides));
            let counted = sides.iter().find_map(|side| side.frame.near);
            let stolen_ns = noise::stolen_ns(before.as_ref(), &noise::cpus(bench, sides.len()));
            let noise = combine::noise(&sides, stolen_ns);
            let mut invocation = combine(info, plan, sides);
            let near = bench.neighbours.as_ref();
            let overlong = near.is_none() && noise::is_overlong(plan, &invocation);
            let stopped = !stopped.is_zero() || overlong;
            // Neighbours are meant to take the CPU.
            let heard = if near.is_some() { noise::without_gaps(&noise) } else { noise };
            invocation.marks.extend(noise::marks(&heard, invocation.elapsed_ns, stopped));
            invocation.neighbours = near.and_then(|near| near.kept(counted));
            invocation.marks.extend(quota.was_used_up().then_some(Mark::Throttled));
            (Invocation { setup, noise: Some(noise), ..invocation }, None)
        }
        Err(Failure { side, what, refused, absent: stopped }) => {
            absent += stopped;
            (failed(&side, what), refused)
        }
    };
    let raw = if invocation.is_ok() { raw::collect(plan) } else { RawMessages::default() };
    Report { invocation, capacity, refused, interrupted, raw, absent }
}

/// Makes an invocation in which something is counted. Its times are not used.
pub(crate) fn count(
    info: &Info,
    make: Make,
    plan: &Plan,
    bench: &Bench,
    purpose: Purpose,
) -> Counted {
    let mut plan = plan.clone();
    if purpose == Purpose::SystemCalls {
        let Some(messages) = counting::messages(&plan) else { return Counted::Nothing };
        plan.extent = Extent::Messages(messages);
    }
    let wanted = Wanted { purpose, turns: None };
    let mut capacity = None;
    match attempt(info, make, &plan, bench, (wanted, &mut capacity)) {
        Err(_) if process::is_interrupted() => Counted::Interrupted,
        Err(Failure { side, what, .. }) => Counted::Not(format!("{side}: {what}")),
        Ok(Returned { sides, calls, .. }) => {
            let memory = combine::memory(info, &plan, &sides, capacity);
            let found = combine(info, &plan, sides);
            let messages = found.task.map_or(found.messages, |task| task.runs);
            let sum = |of: fn(&Usage) -> Option<u64>| {
                found.sides.iter().map(|side| of(&side.usage)).sum::<Option<u64>>()
            };
            match (&found.outcome, calls, sum(|u| u.cycles), sum(|u| u.instructions)) {
                (InvocationOutcome::Ok, Some(calls), ..) if messages > 0 => {
                    Counted::Calls(SystemCalls { messages, calls }, memory)
                }
                (InvocationOutcome::Ok, _, Some(cycles), Some(instructions)) if messages > 0 => {
                    let kernel = purpose == Purpose::Cycles(Modes::UserAndKernel);
                    Counted::Cycles(Cycles { messages, cycles, instructions, kernel })
                }
                (InvocationOutcome::Failed { side, what }, ..) => {
                    Counted::Not(format!("{side}: {what}"))
                }
                _ => Counted::Not("no message arrived".into()),
            }
        }
    }
}

/// Makes one invocation that shares its time with others. Failures are part of the result.
pub(crate) fn slices(info: &Info, make: Make, plan: &Plan, bench: &Bench, turns: &Turns) -> Sliced {
    if plan.when_full == WhenFull::Drop {
        let what =
            "one of two builds could win by dropping more: compare senders that wait".to_owned();
        let Invocation { outcome, integrity, .. } = failed("supervisor", what.clone());
        let refused = Some(State::Unsupported { reason: what });
        let arm = Arm { outcome, integrity, slices: Vec::new() };
        return Sliced { arm, refused, interrupted: false };
    }
    let wanted = Wanted { purpose: Purpose::Times, turns: Some(turns) };
    let outcome = attempt(info, make, plan, bench, (wanted, &mut None));
    let interrupted = outcome.is_err() && process::is_interrupted();
    match outcome {
        Ok(Returned { mut sides, .. }) => {
            let slices = together(plan, &mut sides);
            let Invocation { outcome, integrity, .. } = combine(info, plan, sides);
            Sliced { arm: Arm { outcome, integrity, slices }, refused: None, interrupted }
        }
        Err(Failure { side, what, refused, .. }) => {
            let Invocation { outcome, integrity, .. } = failed(&side, what);
            let slices = Vec::new();
            Sliced { arm: Arm { outcome, integrity, slices }, refused, interrupted }
        }
    }
}

/// Purpose of an invocation, and its turns if it shares its time.
struct Wanted<'a> {
    purpose: Purpose,
    turns: Option<&'a Turns>,
}

/// Findings of an invocation that ended well.
struct Returned {
    sides: Vec<Findings>,
    making: Making,
    /// System calls of all sides, if they were counted.
    calls: Option<u64>,
    /// Time in which this process did not run, and so most probably neither did the sides.
    absent: Duration,
}

fn attempt(
    info: &Info,
    make: Make,
    plan: &Plan,
    bench: &Bench,
    (Wanted { purpose, turns }, capacity): (Wanted, &mut Option<Capacity>),
) -> Result<Returned, Failure> {
    let seats = seats(plan, info.role);
    let mut control = Control::made_for(purpose, seats.len()).map_err(Failure::ours)?;
    control.turns = turns.cloned();
    let memory = Memory::now();
    memory.holds(plan).map_err(Failure::ours)?;
    let (play, making) = make(plan).map_err(Failure::not_made)?;
    *capacity = play.capacity().map_err(Failure::ours)?;
    // Each member takes what it inherits out of its own copy of this process.
    let mut play = Some(play);
    let room = FINDINGS_MAX / seats.len().div_ceil(CROWD);
    let mut crew = Crew::new(seats.len(), room.max(FINDINGS_LEAST)).map_err(Failure::ours)?;
    for &seat in &seats {
        let forked = crew.fork(|| {
            let play = play.take().ok_or("the fixture was taken twice")?;
            side::run(play, seat, info, plan, bench, &control)
        });
        forked.map_err(Failure::ours)?;
    }
    // This process's copy would keep the link open after a side is gone.
    drop(play);
    let begun = Instant::now();
    let end = begun + plan.deadline;
    let calls = match purpose {
        Purpose::Times | Purpose::Cycles(_) => None,
        Purpose::SystemCalls => {
            control.counting.count(crew.children(), end).map_err(Failure::ours)?
        }
    };
    let latest = plan.latest.map(|latest| begun + latest);
    let finished = crew.finish_by(end, latest).map_err(Failure::ours)?;
    let absent = finished.absent;
    if finished.over == Over::Late {
        return Err(Failure { absent, ..late(&finished, &seats, info, plan) });
    }
    let results = finished.results().map_err(|failure| {
        let of = match failure.member {
            Some(member) => Failure::of(seats[member].name(), failure.what),
            None => Failure::of("supervisor", failure.what),
        };
        let refused = failure.refusal.or_else(|| memory.taken(plan)).map(State::Unavailable);
        Failure { absent, refused, ..of }
    })?;
    let sides = results
        .iter()
        .zip(&seats)
        .map(|(result, seat)| unpack(result).map_err(|e| Failure::of(seat.name(), e.to_string())));
    Ok(Returned { sides: sides.collect::<Result<_, _>>()?, making, calls, absent })
}

/// Describes sides that had not ended at the deadline. Their CPU time tells those that work from those
/// that sleep.
fn late(finished: &Finished, seats: &[Seat], info: &Info, plan: &Plan) -> Failure {
    let hung: Vec<_> = finished.hung().map(|member| seats[member].name()).collect();
    let were = if hung.len() == 1 { "was" } else { "were" };
    let perhaps = match info.lossy {
        true => "; the mechanism may lose messages, and this workload waits for each",
        false => "",
    };
    let s = plan.deadline.as_secs_f64();
    let spent: Vec<_> = finished.spent.iter().flatten().collect();
    let cpu_s = spent.iter().map(|spent| spent.cpu.as_secs_f64()).fold(0.0, f64::max);
    let wait_s = spent.iter().map(|spent| spent.waited.as_secs_f64()).fold(0.0, f64::max);
    let verdict = match () {
        () if spent.iter().any(|spent| spent.stopped) => "stopped from outside",
        () if spent.is_empty() => "hung, or too slow",
        () if cpu_s < WORKS * s && wait_s < WORKS * s => "hung",
        () if info.wait.retries() => "too slow, or hung while it polls",
        () => "too slow",
    };
    let what = format!(
        "{verdict}: {} had not ended {s:.1} s after the start and {were} killed; CPU time used: {cpu_s:.2} s, waited for: {wait_s:.2} s{perhaps}",
        hung.join(" and "),
    );
    Failure::of(hung.into_iter().next().unwrap_or_else(|| "supervisor".into()), what)
}
