//! One invocation: fixture, fork, watch, bring home.

use crate::bench::Bench;
use crate::children::{self, Over};
use crate::combine::{combine, failed};
use crate::control::Control;
use crate::counting::{self, Counted, Purpose};
use crate::noise;
use crate::pattern::{Make, NotMade};
use crate::seat::{Seat, seats};
use crate::setup::{Making, setup};
use crate::side::{self, Findings, Home};
use crate::slices::{Sliced, Turns, together};
use ipcmark_core::{Error, Extent, Info, Plan};
use ipcmark_record::{
    Arm, Capacity, Cycles, Invocation, InvocationOutcome, State, SystemCalls, Usage,
};
use ipcmark_sys::contention::Steal;
use ipcmark_sys::counters::Modes;
use ipcmark_sys::process::{self, Child};
use std::time::{Duration, Instant};

/// How long the other side may go on after one has failed, to say what it saw.
const GRACE: Duration = Duration::from_millis(300);

/// What one invocation brought.
#[derive(Debug, Clone)]
pub struct Report {
    /// As it goes into the record; `round` and `started_ns` are the caller's to fill in.
    pub invocation: Invocation,
    /// The fixture's real capacity, when there was a fixture.
    pub capacity: Option<Capacity>,
    /// Why this cell cannot be measured here, or anywhere: no failure of the transport's, and the invocation says nothing.
    pub refused: Option<State>,
    /// True when a signal told this process to stop: the invocation was cut off and says nothing of the transport.
    pub interrupted: bool,
}

/// A failure, and whose it was.
struct Failure {
    side: String,
    what: String,
    refused: Option<State>,
}

impl Failure {
    fn of(side: impl Into<String>, what: impl Into<String>) -> Failure {
        Failure { side: side.into(), what: what.into(), refused: None }
    }

    fn ours(error: impl ToString) -> Failure {
        Failure::of("supervisor", error.to_string())
    }

    /// An invocation that could not be made.
    fn not_made(why: NotMade) -> Failure {
        let (what, refused) = match why {
            NotMade::Unsupported(reason) => (reason.clone(), Some(State::Unsupported { reason })),
            NotMade::Failed(error) => {
                let what = error.to_string();
                let refused = match error {
                    Error::Unavailable { reason, remedy } => {
                        Some(State::Unavailable { reason, remedy })
                    }
                    Error::TooLong { .. } => {
                        Some(State::Unavailable { reason: what.clone(), remedy: None })
                    }
                    _ => None,
                };
                (what, refused)
            }
        };
        Failure { refused, ..Failure::ours(what) }
    }
}

/// Makes one invocation of what `make` makes. Whatever goes wrong is part of the report.
pub(crate) fn invoke(info: &Info, make: Make, plan: &Plan, bench: &Bench) -> Report {
    let mut capacity = None;
    let before = Steal::now();
    let wanted = Wanted { purpose: Purpose::Times, turns: None };
    let outcome = attempt(info, make, plan, bench, (wanted, &mut capacity));
    let interrupted = outcome.is_err() && process::is_interrupted();
    let (invocation, refused) = match outcome {
        Ok(Brought { sides, making, .. }) => {
            let setup = Some(setup(making, &sides));
            let stolen_ns = noise::stolen_ns(before.as_ref(), &noise::cpus(bench, sides.len()));
            let noise = noise::around(&sides, stolen_ns);
            let mut invocation = combine(info, plan, sides);
            invocation.marks.extend(noise::marks(&noise, invocation.elapsed_ns));
            (Invocation { setup, noise: Some(noise), ..invocation }, None)
        }
        Err(Failure { side, what, refused }) => (failed(&side, what), refused),
    };
    Report { invocation, capacity, refused, interrupted }
}

/// Makes an invocation in which something is counted. No time of it goes anywhere.
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
    match attempt(info, make, &plan, bench, (wanted, &mut None)) {
        Err(_) if process::is_interrupted() => Counted::Interrupted,
        Err(Failure { side, what, .. }) => Counted::Not(format!("{side}: {what}")),
        Ok(Brought { sides, calls, .. }) => {
            let found = combine(info, &plan, sides);
            let messages = found.task.map_or(found.messages, |task| task.runs);
            let sum = |of: fn(&Usage) -> Option<u64>| {
                found.sides.iter().map(|side| of(&side.usage)).sum::<Option<u64>>()
            };
            match (&found.outcome, calls, sum(|u| u.cycles), sum(|u| u.instructions)) {
                (InvocationOutcome::Ok, Some(calls), ..) if messages > 0 => {
                    Counted::Calls(SystemCalls { messages, calls })
                }
                (InvocationOutcome::Ok, _, Some(cycles), Some(instructions)) if messages > 0 => {
                    let kernel = purpose == Purpose::Cycles(Modes::UserAndKernel);
                    Counted::Cycles(Cycles { messages, cycles, instructions, kernel })
                }
                (InvocationOutcome::Failed { side, what }, ..) => {
                    Counted::Not(format!("{side}: {what}"))
                }
                _ => Counted::Not("not one message came through".into()),
            }
        }
    }
}

/// Makes one invocation that shares its time with others. Whatever goes wrong is part of what comes back.
pub(crate) fn slices(info: &Info, make: Make, plan: &Plan, bench: &Bench, turns: &Turns) -> Sliced {
    let wanted = Wanted { purpose: Purpose::Times, turns: Some(turns) };
    let outcome = attempt(info, make, plan, bench, (wanted, &mut None));
    let interrupted = outcome.is_err() && process::is_interrupted();
    match outcome {
        Ok(Brought { mut sides, .. }) => {
            let slices = together(plan, &mut sides);
            let Invocation { outcome, integrity, .. } = combine(info, plan, sides);
            Sliced { arm: Arm { outcome, integrity, slices }, refused: None, interrupted }
        }
        Err(Failure { side, what, refused }) => {
            let Invocation { outcome, integrity, .. } = failed(&side, what);
            let slices = Vec::new();
            Sliced { arm: Arm { outcome, integrity, slices }, refused, interrupted }
        }
    }
}

/// What an invocation is made for, and with whom it shares its time.
struct Wanted<'a> {
    purpose: Purpose,
    turns: Option<&'a Turns>,
}

/// What the sides of an invocation that ended well brought home, and what was seen of them.
struct Brought {
    sides: Vec<Findings>,
    making: Making,
    /// System calls of all sides, where they were to be counted.
    calls: Option<u64>,
}

fn attempt(
    info: &Info,
    make: Make,
    plan: &Plan,
    bench: &Bench,
    (Wanted { purpose, turns }, capacity): (Wanted, &mut Option<Capacity>),
) -> Result<Brought, Failure> {
    let seats = seats(plan, info.role);
    let mut control = Control::made_for(purpose, seats.len()).map_err(Failure::ours)?;
    control.turns = turns.cloned();
    let (play, making) = make(plan).map_err(Failure::not_made)?;
    let read_back = play.capacity().map_err(Failure::ours)?;
    *capacity = read_back.map(|read_back| Capacity {
        bytes: read_back.bytes.map(|n| n as u64),
        messages: read_back.messages.map(|n| n as u64),
    });
    // Each child takes what it inherits out of its own copy of this process.
    let mut play = Some(play);
    let mut children = Vec::with_capacity(seats.len());
    for &seat in &seats {
        let child = process::fork(|| match play.take() {
            Some(play) => side::run(play, seat, plan, bench, &control),
            None => 1,
        });
        children.push(child.map_err(Failure::ours)?);
    }
    // Ours would keep the link open after a side is gone.
    drop(play);
    let end = Instant::now() + plan.deadline;
    let calls = match purpose {
        Purpose::Times | Purpose::Cycles(_) => None,
        Purpose::SystemCalls => {
            control.counting.count(&mut children, end).map_err(Failure::ours)?
        }
    };
    watch(&mut children, &seats, (info, plan.deadline), end)?;
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for (&seat, child) in seats.iter().zip(&children) {
        match bring_home(&control, seat, child) {
            Ok(findings) => found.push(findings),
            Err(ranked) => failures.push(ranked),
        }
    }
    match failures.into_iter().min_by_key(|(rank, _)| *rank) {
        None => Ok(Brought { sides: found, making, calls }),
        Some((_, failure)) => Err(failure),
    }
}

/// Waits for all sides to end, or for one to fail.
fn watch(
    children: &mut [Child],
    seats: &[Seat],
    (info, deadline): (&Info, Duration),
    end: Instant,
) -> Result<(), Failure> {
    match children::wait(children, end).map_err(Failure::ours)? {
        Over::Well => Ok(()),
        Over::Interrupted => Err(Failure::ours("interrupted")),
        Over::Failed(_) => settle(children),
        Over::Late => {
            let running = seats.iter().zip(children.iter()).filter(|(_, c)| c.exit().is_none());
            let hung: Vec<_> = running.map(|(seat, _)| seat.name()).collect();
            let (were, perhaps) = match (hung.len(), info.lossy) {
                (1, false) => ("was", ""),
                (_, false) => ("were", ""),
                (_, true) => (
                    "were",
                    "; the mechanism may lose messages, and here one that is lost is waited for without end",
                ),
            };
            let what = format!(
                "hung, or too slow: {} had not ended {:.1} s after the start and {were} killed{perhaps}",
                hung.join(" and "),
                deadline.as_secs_f64()
            );
            let first = hung.into_iter().next().unwrap_or_else(|| "supervisor".into());
            Err(Failure::of(first, what))
        }
    }
}

/// One side has failed: lets the other end within the grace and say what it saw. Dropping the children kills what is
/// left then.
fn settle(children: &mut [Child]) -> Result<(), Failure> {
    let end = Instant::now() + GRACE;
    while children.iter().any(|c| c.exit().is_none()) {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        process::wait_any(children.iter_mut(), left).map_err(Failure::ours)?;
    }
    Ok(())
}

/// Which of two sides' failures explains the other's: the least rank does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// It was killed, or ended, without a word.
    Died,
    /// It failed by itself.
    Failed,
    /// It saw its peer's end.
    Followed,
    /// It had to be killed because its peer had failed.
    WasLeft,
}

fn bring_home(control: &Control, seat: Seat, child: &Child) -> Result<Findings, (Rank, Failure)> {
    let lost = |rank, what: String| (rank, Failure::of(seat.name(), what));
    let Some(parcel) = control.parcel(seat.process).get() else {
        return Err(match child.exit() {
            Some(exit) => lost(Rank::Died, format!("{exit} before it could report")),
            None => lost(Rank::WasLeft, "did not notice that its peer had failed".into()),
        });
    };
    match serde_json::from_slice(&parcel) {
        Ok(Home::Done(findings)) => Ok(*findings),
        Ok(Home::Failed { what, follows }) => {
            Err(lost(if follows { Rank::Followed } else { Rank::Failed }, what))
        }
        Err(e) => Err(lost(Rank::Failed, format!("brought home what cannot be read: {e}"))),
    }
}
