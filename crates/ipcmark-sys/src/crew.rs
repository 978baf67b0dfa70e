//! A crew: processes that are forked, watched and ended together, and return their results.
//!
//! Each member runs one closure in a process of its own. It returns bytes, or a [`Fault`] in words,
//! through memory that it shares with the parent: results never travel through the mechanism under
//! test. A panic becomes a fault.
//!
//! The parent watches all members by pidfd until they have ended, or until the deadline, or until a
//! signal interrupts the parent ([`Interrupts`](crate::process::Interrupts)). When one member
//! fails, the others get [`GRACE`] to report what they saw. The parent then kills and reaps the
//! rest, so no wait is without a bound.
//!
//! Only time in which the members could run counts. While this process itself did not run (stopped
//! by `SIGSTOP`, frozen with its container, on a machine that slept), they did not either, and the
//! deadline moves by as much. So it does by the time that a member waited for a CPU that others had, unless
//! the caller has no such time ([`Crew::finish_by`]).

use crate::process::{self, Child, Exit};
use crate::shared::Parcel;
use crate::spent::Spent;
use ipcmark_core::{Error, Refusal, Result};
use std::any::Any;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// Time that the other members get after one has failed.
pub const GRACE: Duration = Duration::from_millis(300);
/// Time between two looks for an interrupt that came between two waits.
pub const LOOK: Duration = Duration::from_millis(100);
/// Lateness of a look by which this process knows that it did not run.
const ABSENCE: Duration = Duration::from_secs(1);
/// The deadline moves to this many times its length at most, for want of a CPU.
const STRETCH_MOST: u32 = 4;
/// End of a member that a law has killed on purpose.
const KILLED: Exit = Exit::Signal(9);

// The last byte of a parcel says what the other bytes are.
const DONE: u8 = 0;
const FAILED: u8 = 1;
const FOLLOWED: u8 = 2;
const SHORT: u8 = 3;
/// Separates what a member is short of from what would change that, in its parcel.
const REMEDY: char = '\n';

/// Result of a member's closure.
pub type Work = std::result::Result<Vec<u8>, Fault>;

/// The reason for which a member could not do its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The reason, in words.
    pub what: String,
    /// True if the member only saw the end of another, which knows the cause.
    pub follows: bool,
    /// Set if this machine is short of something: see [`Error::refusal`].
    pub refusal: Option<Refusal>,
}

impl<E: Display> From<E> for Fault {
    fn from(error: E) -> Fault {
        Fault { what: error.to_string(), follows: false, refusal: None }
    }
}

impl Fault {
    /// Describes the failure of a member's own work.
    #[must_use]
    pub fn of(error: &Error) -> Fault {
        Fault { refusal: error.refusal(), ..Fault::from(error) }
    }
}

/// End of one member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It returned this result.
    Done(Vec<u8>),
    /// It failed and gave a reason.
    Failed(Fault),
    /// It ended without a result.
    Died(Exit),
    /// It still ran at the end, and was killed.
    Killed,
}

/// The reason for which the watch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// All members ended well.
    Well,
    /// A member failed, and all ended or the grace is over.
    Failed,
    /// A signal asked this process to stop.
    Interrupted,
    /// The deadline is over and some members still ran.
    Late,
}

/// The failure that explains those of all other members.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Failure {
    /// The member that failed; `None` if this process was interrupted.
    pub member: Option<usize>,
    /// The reason, in words.
    pub what: String,
    /// Set if this machine is short of something.
    pub refusal: Option<Refusal>,
}

/// Time in which this process did not run: it looks every [`LOOK`], and notes a look that is late by more than any scheduler
/// makes it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Absence {
    /// Moment by which the next look is due.
    due: Option<Instant>,
    total: Duration,
}

impl Absence {
    /// Looks. To be called at least every [`LOOK`] while this process runs.
    pub fn look(&mut self) {
        let now = Instant::now();
        let late = self.due.map_or(Duration::ZERO, |due| now.saturating_duration_since(due));
        if late > ABSENCE {
            self.total += late;
        }
        self.due = Some(now + LOOK);
    }

    /// Returns all of it so far; zero if this process always ran.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.total
    }
}

/// Members that run. Dropping the crew kills and reaps them.
#[derive(Debug, Default)]
pub struct Crew {
    children: Vec<Child>,
    /// Exit of a member that ended well: 0, or a kill where that is the plan.
    good: Vec<Exit>,
    parcels: Vec<Parcel>,
    grace: Option<Instant>,
    absence: Absence,
}

impl Crew {
    /// Makes room for `size` members and results of up to `room` bytes each.
    pub fn new(size: usize, room: usize) -> Result<Crew> {
        let parcels = (0..size).map(|_| Parcel::new(room + 1)).collect::<Result<_>>()?;
        Ok(Crew { parcels, ..Crew::default() })
    }

    /// Forks the next member, which runs `work`.
    pub fn fork(&mut self, work: impl FnOnce() -> Work) -> Result<()> {
        self.start(Exit::Code(0), work)
    }

    /// Forks a member that is to end by `SIGKILL`; any other end is a failure.
    pub fn fork_victim(&mut self, work: impl FnOnce() -> Work) -> Result<()> {
        self.start(KILLED, work)
    }

    fn start(&mut self, good: Exit, work: impl FnOnce() -> Work) -> Result<()> {
        let parcel = self.parcels.get(self.children.len());
        let parcel = parcel.ok_or_else(|| Error::Protocol("the crew is complete".into()))?;
        self.children.push(process::fork(|| report(parcel, work))?);
        self.good.push(good);
        Ok(())
    }

    /// Returns the members' processes.
    pub fn children(&mut self) -> &mut [Child] {
        &mut self.children
    }

    /// Returns true if all members have ended.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.children.iter().all(|child| child.exit().is_some())
    }

    /// Waits a short time for news. Returns the reason once there is nothing more to wait for.
    pub fn step(&mut self, end: Instant) -> Result<Option<Over>> {
        let left = self.grace.map_or(end, |grace| grace.min(end));
        let left = left.saturating_duration_since(Instant::now());
        if !self.ended() {
            self.absence.look();
            process::wait_any(self.children.iter_mut(), left.min(LOOK))?;
            self.absence.look();
        }
        let exits = || self.children.iter().map(Child::exit).zip(&self.good);
        let all_well = exits().all(|(exit, good)| exit == Some(*good));
        let failed = exits().any(|(exit, good)| exit.is_some_and(|exit| exit != *good));
        Ok(match failed {
            _ if all_well => Some(Over::Well),
            true if self.ended() || left.is_zero() => Some(Over::Failed),
            _ if process::is_interrupted() => Some(Over::Interrupted),
            true => {
                self.grace.get_or_insert_with(|| Instant::now() + GRACE);
                None
            }
            false => left.is_zero().then_some(Over::Late),
        })
    }

    /// Watches all members until `end`, and longer if they waited for a CPU; then kills the rest.
    pub fn finish(self, end: Instant) -> Result<Finished> {
        self.finish_by(end, None)
    }

    /// Does the same, but never watches beyond `last`.
    pub fn finish_by(mut self, end: Instant, last: Option<Instant>) -> Result<Finished> {
        let allowed = end.saturating_duration_since(Instant::now());
        let mut stretched = Duration::ZERO;
        let (over, spent) = loop {
            let absent = self.absence.total();
            let (end, last) = (end + absent + stretched, last.map(|last| last + absent));
            match self.step(last.map_or(end, |last| last.min(end)))? {
                None => {}
                Some(Over::Late) => {
                    let spent: Vec<_> = self.children.iter().map(Child::spent).collect();
                    let waited = spent.iter().flatten().map(|spent| spent.waited).max();
                    let waited = waited.unwrap_or_default().min(allowed * (STRETCH_MOST - 1));
                    let is_last = last.is_some_and(|last| Instant::now() >= last);
                    if is_last || waited <= stretched + LOOK {
                        break (Over::Late, spent);
                    }
                    stretched = waited;
                }
                Some(over) => break (over, Vec::new()),
            }
        };
        let members = self.children.iter().zip(&self.parcels);
        let outcomes = members.map(|(child, parcel)| outcome(child, parcel)).collect();
        Ok(Finished { over, outcomes, absent: self.absence.total(), spent })
    }
}

fn outcome(child: &Child, parcel: &Parcel) -> Outcome {
    let Some(mut bytes) = parcel.get() else {
        return child.exit().map_or(Outcome::Killed, Outcome::Died);
    };
    match bytes.pop() {
        Some(DONE) => Outcome::Done(bytes),
        tag => {
            let what = String::from_utf8_lossy(&bytes).into_owned();
            let refusal = (tag == Some(SHORT)).then(|| match what.split_once(REMEDY) {
                Some((reason, remedy)) => Refusal::new(reason).with_remedy(remedy),
                None => Refusal::new(&*what),
            });
            let what = refusal.as_ref().map_or(what, Refusal::to_string);
            Outcome::Failed(Fault { what, follows: tag == Some(FOLLOWED), refusal })
        }
    }
}

/// Runs a member's work and reports its result. Returns the exit status.
fn report(parcel: &Parcel, work: impl FnOnce() -> Work) -> i32 {
    process::die_first();
    // The parcel takes a panic's words to the parent; they would only disturb the terminal.
    std::panic::set_hook(Box::new(|_| {}));
    let done = catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(format!("panicked: {}", panic_words(&*panic)).into()));
    let max = parcel.capacity() - 1;
    let fault = match done {
        Ok(mut bytes) if bytes.len() <= max => {
            bytes.push(DONE);
            return i32::from(parcel.put(&bytes).is_err());
        }
        Ok(bytes) => format!("a result of {} bytes; there is room for {max}", bytes.len()).into(),
        Err(fault) => fault,
    };
    let (words, tag) = match fault.refusal {
        Some(Refusal { reason, remedy: Some(remedy) }) => {
            (format!("{reason}{REMEDY}{remedy}"), SHORT)
        }
        Some(Refusal { reason, remedy: None }) => (reason, SHORT),
        None => (fault.what, if fault.follows { FOLLOWED } else { FAILED }),
    };
    let mut bytes = words.into_bytes();
    bytes.truncate(max);
    bytes.push(tag);
    // The exit status shows the failure even if the parcel cannot.
    let _ = parcel.put(&bytes);
    1
}

/// Returns the message of a panic.
#[must_use]
pub fn panic_words(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without words")
}

/// A crew that has ended.
#[derive(Debug)]
pub struct Finished {
    /// The reason for which the watch ended.
    pub over: Over,
    /// End of each member, in the order of the forks.
    pub outcomes: Vec<Outcome>,
    /// Time in which this process, and so most probably its members, did not run; zero if it always did.
    pub absent: Duration,
    /// CPU time of each member that still ran at the deadline; empty if none was reached.
    pub spent: Vec<Option<Spent>>,
}

/// Rank of a failure: the least explains the others.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// It died without a word.
    Died,
    /// It failed on its own.
    Failed,
    /// It saw the end of another.
    Followed,
    /// It noticed nothing and was killed.
    Killed,
}

impl Finished {
    /// Returns the members that still ran at the end.
    pub fn hung(&self) -> impl Iterator<Item = usize> {
        let members = self.outcomes.iter().enumerate();
        members.filter(|(_, outcome)| **outcome == Outcome::Killed).map(|(member, _)| member)
    }

    /// Returns all results, or the one failure that explains the others.
    pub fn results(self) -> std::result::Result<Vec<Vec<u8>>, Failure> {
        if self.over == Over::Interrupted {
            return Err(Failure { member: None, what: "interrupted".into(), refusal: None });
        }
        let (mut results, mut failures) = (Vec::new(), Vec::new());
        for (member, outcome) in self.outcomes.into_iter().enumerate() {
            let (rank, what, refusal) = match outcome {
                Outcome::Done(bytes) => {
                    results.push(bytes);
                    continue;
                }
                Outcome::Died(exit) => (Rank::Died, format!("{exit} before it could report"), None),
                Outcome::Failed(Fault { what, follows: false, refusal }) => {
                    (Rank::Failed, what, refusal)
                }
                Outcome::Failed(Fault { what, .. }) => (Rank::Followed, what, None),
                Outcome::Killed if self.over == Over::Late => {
                    (Rank::Killed, "did not end in time and was killed".into(), None)
                }
                Outcome::Killed => {
                    (Rank::Killed, "did not notice that its peer had failed".into(), None)
                }
            };
            failures.push((rank, Failure { member: Some(member), what, refusal }));
        }
        match failures.into_iter().min_by(|(a, _), (b, _)| a.cmp(b)) {
            Some((_, failure)) => Err(failure),
            None => Ok(results),
        }
    }
}
