//! One invocation: fixture, fork, watch, bring home.

use crate::bench::Bench;
use crate::control::Control;
use crate::side::{self, Findings, Home};
use ipcmark_core::{Error, Pattern, Plan, Role, Side, Transport};
use ipcmark_record::{Capacity, Distance, Integrity, Invocation, InvocationOutcome, WarmUp};
use ipcmark_sys::process::{self, Child, Exit};
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
    /// Why the fixture cannot be made here at all, and what would change it: no failure of the transport's, and the
    /// invocation says nothing.
    pub unavailable: Option<(String, Option<String>)>,
    /// True when a signal told this process to stop: the invocation was cut off and says nothing of the transport.
    pub interrupted: bool,
}

/// A failure, and whose it was.
struct Failure {
    side: &'static str,
    what: String,
    unavailable: Option<(String, Option<String>)>,
}

impl Failure {
    fn of(side: &'static str, what: impl Into<String>) -> Failure {
        Failure { side, what: what.into(), unavailable: None }
    }

    fn ours(error: impl ToString) -> Failure {
        Failure::of("supervisor", error.to_string())
    }

    /// A fixture that could not be made.
    fn fixture(error: Error) -> Failure {
        let unavailable = match &error {
            Error::Unavailable { reason, remedy } => Some((reason.clone(), remedy.clone())),
            Error::TooLong { .. } => Some((error.to_string(), None)),
            _ => None,
        };
        Failure { unavailable, ..Failure::ours(error) }
    }
}

/// Makes one invocation of `T`. Whatever goes wrong is part of the report.
pub(crate) fn invoke<T: Transport>(plan: &Plan, bench: &Bench) -> Report {
    let mut capacity = None;
    let outcome = attempt::<T>(plan, bench, &mut capacity);
    let interrupted = outcome.is_err() && process::is_interrupted();
    let (invocation, unavailable) = match outcome {
        Ok(sides) => (combine(plan, sides), None),
        Err(Failure { side, what, unavailable }) => (failed(side, what), unavailable),
    };
    Report { invocation, capacity, unavailable, interrupted }
}

pub(crate) fn not_built(_: &Plan, _: &Bench) -> Report {
    let invocation = failed("supervisor", "this is not measured yet".into());
    Report { invocation, capacity: None, unavailable: None, interrupted: false }
}

fn attempt<T: Transport>(
    plan: &Plan,
    bench: &Bench,
    capacity: &mut Option<Capacity>,
) -> Result<Vec<Findings>, Failure> {
    let control = Control::new().map_err(Failure::ours)?;
    let fixture = T::fixture(plan).map_err(Failure::fixture)?;
    let read_back = T::capacity(&fixture).map_err(Failure::ours)?;
    *capacity = Some(Capacity {
        bytes: read_back.bytes.map(|n| n as u64),
        messages: read_back.messages.map(|n| n as u64),
    });
    let sides: &[Side] = if T::INFO.role == Role::Floor { &[Side::Initiator] } else { &Side::ALL };
    // Each child takes the fixture out of its own copy of this process.
    let mut fixture = Some(fixture);
    let mut children = Vec::with_capacity(sides.len());
    for &side in sides {
        let child = process::fork(|| match fixture.take() {
            Some(fixture) => side::run::<T>(fixture, side, plan, bench, &control),
            None => 1,
        });
        children.push(child.map_err(Failure::ours)?);
    }
    // Ours would keep the link open after a side is gone.
    drop(fixture);
    watch(&mut children, sides, plan.deadline)?;
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for (&side, child) in sides.iter().zip(&children) {
        match bring_home(&control, side, child) {
            Ok(findings) => found.push(findings),
            Err(ranked) => failures.push(ranked),
        }
    }
    match failures.into_iter().min_by_key(|(rank, _)| *rank) {
        None => Ok(found),
        Some((_, failure)) => Err(failure),
    }
}

/// Waits for all sides to end, or for one to fail.
fn watch(children: &mut [Child], sides: &[Side], deadline: Duration) -> Result<(), Failure> {
    let end = Instant::now() + deadline;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        process::wait_any(children.iter_mut(), left.min(Duration::from_millis(100)))
            .map_err(Failure::ours)?;
        if children.iter().all(|c| c.exit() == Some(Exit::Code(0))) {
            return Ok(());
        }
        if process::is_interrupted() {
            return Err(Failure::ours("interrupted"));
        }
        if children.iter().any(|c| c.exit().is_some_and(|exit| exit != Exit::Code(0))) {
            return settle(children);
        }
        if left.is_zero() {
            let running = sides.iter().zip(children.iter()).filter(|(_, c)| c.exit().is_none());
            let hung: Vec<_> = running.map(|(side, _)| side.name()).collect();
            let what = format!(
                "hung: {} had not ended {:.1} s after the start and was killed",
                hung.join(" and "),
                deadline.as_secs_f64()
            );
            return Err(Failure::of(hung.first().unwrap_or(&"supervisor"), what));
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

fn bring_home(control: &Control, side: Side, child: &Child) -> Result<Findings, (Rank, Failure)> {
    let lost = |rank, what: String| (rank, Failure::of(side.name(), what));
    let Some(parcel) = control.parcel(side).get() else {
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

/// Puts the sides' findings together. The side that keeps the time is the initiator in ping-pong and the receiver in a
/// stream: a rate at the sender would count what is still under way.
fn combine(plan: &Plan, sides: Vec<Findings>) -> Invocation {
    let keeper = match plan.pattern {
        Pattern::PingPong => &sides[0],
        _ => &sides[sides.len() - 1],
    };
    let integrity = sides.iter().fold(Integrity::default(), |sum, side| Integrity {
        lost: sum.lost + side.integrity.lost,
        repeated: sum.repeated + side.integrity.repeated,
        reordered: sum.reordered + side.integrity.reordered,
        damaged: sum.damaged + side.integrity.damaged,
    });
    let outcome = if integrity == Integrity::default() {
        InvocationOutcome::Ok
    } else {
        let Integrity { lost, repeated, reordered, damaged } = integrity;
        let faulty = sides.iter().find(|side| side.integrity != Integrity::default());
        InvocationOutcome::Failed {
            side: faulty.map(|side| side.report.side.clone()).unwrap_or_default(),
            what: format!(
                "messages did not arrive as they were sent: {lost} lost, {repeated} repeated, {reordered} reordered, {damaged} damaged"
            ),
        }
    };
    Invocation {
        round: 0,
        started_ns: 0,
        outcome,
        elapsed_ns: keeper.elapsed_ns,
        messages: keeper.messages,
        warm_up: sides[0].warm_up,
        distance: sides[0].distance.map(|(before_ns, after_ns)| Distance { before_ns, after_ns }),
        integrity,
        overlap: None,
        task: None,
        links: None,
        sides: sides.into_iter().map(|side| side.report).collect(),
    }
}

fn failed(side: &str, what: String) -> Invocation {
    Invocation {
        round: 0,
        started_ns: 0,
        outcome: InvocationOutcome::Failed { side: side.into(), what },
        elapsed_ns: 0,
        messages: 0,
        warm_up: WarmUp { messages: 0, elapsed_ns: 0, steady: false },
        distance: None,
        integrity: Integrity::default(),
        overlap: None,
        task: None,
        links: None,
        sides: Vec::new(),
    }
}
