//! Two real processes over one fixture, watched by a third.
//!
//! The process that runs the law forks one process for each side, or several if the law is about
//! that, and takes no part itself. So it can kill the side that hangs, whichever that is, and the
//! law fails with the step that the side was in.

use crate::board::{Board, Step, Told};
use crate::end::End;
use crate::holdings::Holdings;
use crate::row::{Fixture, Row};
use ipcmark_core::{Capacity, Link, Plan, Side};
use ipcmark_sys::affinity;
use ipcmark_sys::crew::{Crew, Outcome};
use ipcmark_sys::fd::{pass_address, take_address};
use ipcmark_sys::process::Exit;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use std::fmt;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// Room for the description of one side's failure, bytes.
pub(crate) const WORDS_MAX: usize = 4096;
const SIGKILL: i32 = 9;

/// Plan of a law's two processes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair<'a> {
    pub(crate) plan: &'a Plan,
    /// Time from the forks to the end of both sides.
    pub(crate) deadline: Duration,
    /// The side that ends by `SIGKILL`, if the law is about that.
    pub(crate) victim: Option<Side>,
    /// Processes of each side: initiators, responders.
    pub(crate) processes: [usize; 2],
}

/// One process of a side.
#[derive(Debug, Clone, Copy)]
struct Seat {
    side: Side,
    /// Number among the processes of its side, from 0.
    number: usize,
    /// True if its side has several processes.
    of_several: bool,
}

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of_several {
            true => write!(f, "{} {}", self.side, self.number),
            false => self.side.fmt(f),
        }
    }
}

impl<'a> Pair<'a> {
    /// Plans two sides that end on their own within the plan's deadline.
    pub(crate) fn new(plan: &'a Plan) -> Self {
        Pair { plan, deadline: plan.deadline, victim: None, processes: [1, 1] }
    }

    fn seats(&self) -> Vec<Seat> {
        let of = |side: Side| {
            let count = self.processes[side.index()];
            (0..count).map(move |number| Seat { side, number, of_several: count > 1 })
        };
        Side::ALL.into_iter().flat_map(of).collect()
    }

    /// Makes the fixture, forks, and runs one function on each side. Each side's end closes its
    /// halves at the end. Each time the law checks that nothing of it is left.
    pub(crate) fn run(
        self,
        row: &Row,
        initiator: impl FnOnce(&mut End<'_>) -> Told,
        responder: impl FnOnce(&mut End<'_>) -> Told,
    ) -> Told {
        self.run_over(row, || made(row, self.plan), |_, made| Ok(made), initiator, responder)
    }

    /// Does the same without inheritance: the initiator makes the fixture after the forks, and the responder attaches
    /// to the address that it gets through a socket.
    pub(crate) fn run_apart(
        self,
        row: &Row,
        initiator: impl FnOnce(&mut End<'_>) -> Told,
        responder: impl FnOnce(&mut End<'_>) -> Told,
    ) -> Told {
        let sockets = || {
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
                .map_err(|e| format!("socketpair: {e}"))
        };
        let meet = |side, (here, there): (OwnedFd, OwnedFd)| match side {
            Side::Initiator => {
                let made = made(row, self.plan)?;
                let address = made.0.address().map_err(|e| format!("address: {e}"))?;
                pass_address(here, &address).map_err(|e| e.to_string())?;
                Ok(made)
            }
            Side::Responder => {
                // The peer's end is closed first: otherwise a peer that dies would never be missed.
                drop(here);
                let address = take_address(there).map_err(|e| e.to_string())?;
                let fixture =
                    (row.attach)(self.plan, address).map_err(|e| format!("attach: {e}"))?;
                with_capacity(fixture)
            }
        };
        self.run_over(row, sockets, meet, initiator, responder)
    }

    /// Forks over what `inherited` makes, and runs one function on each side of the link that `meet` makes of it.
    fn run_over<X>(
        self,
        row: &Row,
        inherited: impl FnOnce() -> Result<X, String>,
        mut meet: impl FnMut(Side, X) -> Result<Made, String>,
        initiator: impl FnOnce(&mut End<'_>) -> Told,
        responder: impl FnOnce(&mut End<'_>) -> Told,
    ) -> Told {
        let board = Board::new()?;
        let (mut initiator, mut responder) = (once(initiator), once(responder));
        self.over_seats(&board, inherited, |Seat { side, number, .. }, inherited| {
            let (fixture, capacity) = meet(side, inherited)?;
            board.note(side, Step::Split, 0);
            let Link { tx, rx } = fixture.split(side).map_err(|e| format!("split: {e}"))?;
            let mut end = End {
                row,
                side,
                number,
                tx: Some(tx),
                rx: Some(rx),
                capacity,
                board: &board,
                received: 0,
                lost: 0,
            };
            match side {
                Side::Initiator => initiator(&mut end)?,
                Side::Responder => responder(&mut end)?,
            }
            end.close();
            Ok(())
        })
    }

    /// Does the same for any seam: makes a fixture, forks, and runs `law` on each side with that
    /// side's copy of it. The law must give back all it took before it returns.
    pub(crate) fn over<X>(
        self,
        board: &Board,
        fixture: impl FnOnce() -> Result<X, String>,
        mut law: impl FnMut(Side, X) -> Told,
    ) -> Told {
        self.over_seats(board, fixture, |seat, fixture| law(seat.side, fixture))
    }

    fn over_seats<X>(
        self,
        board: &Board,
        fixture: impl FnOnce() -> Result<X, String>,
        mut law: impl FnMut(Seat, X) -> Told,
    ) -> Told {
        let seats = self.seats();
        let mut crew = Crew::new(seats.len(), WORDS_MAX).map_err(|e| e.to_string())?;
        let held = Holdings::now()?;
        // Each member takes the fixture out of its own copy of this process.
        let mut fixture = Some(fixture()?);
        for (place, &seat) in seats.iter().enumerate() {
            let work = || {
                pin(seat.side)?;
                law(seat, fixture.take().ok_or("the fixture was taken twice")?)?;
                gave_back(&held, place)?;
                Ok(Vec::new())
            };
            let forked = match self.victim == Some(seat.side) {
                true => crew.fork_victim(work),
                false => crew.fork(work),
            };
            forked.map_err(|e| e.to_string())?;
        }
        // This process's copy would keep the link open after a side is gone.
        drop(fixture);
        let finished = crew.finish(Instant::now() + self.deadline).map_err(|e| e.to_string())?;
        let members = seats.iter().zip(&finished.outcomes);
        let faults: Vec<_> = members.filter_map(|(s, o)| self.fault(*s, o, board)).collect();
        if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
    }

    /// Describes a process that ended in another way than it should.
    fn fault(&self, seat: Seat, outcome: &Outcome, board: &Board) -> Option<String> {
        let step = || board.step(seat.side);
        match (outcome, self.victim == Some(seat.side)) {
            (Outcome::Done(_), false) | (Outcome::Died(Exit::Signal(SIGKILL)), true) => None,
            (Outcome::Done(_), true) => Some(format!("{seat}: was not killed, while {}", step())),
            (Outcome::Failed(fault), _) => Some(format!("{seat}: {}", fault.what)),
            (Outcome::Died(exit), _) => Some(format!("{seat}: {exit}, while {}", step())),
            (Outcome::Killed, _) => Some(format!(
                "{seat}: hung while {}; killed {:.1} s after the start",
                step(),
                self.deadline.as_secs_f64()
            )),
        }
    }
}

/// A fixture, and the capacity that it reports.
type Made = (Box<dyn Fixture>, Capacity);

fn made(row: &Row, plan: &Plan) -> Result<Made, String> {
    with_capacity((row.fixture)(plan).map_err(|e| format!("fixture: {e}"))?)
}

fn with_capacity(fixture: Box<dyn Fixture>) -> Result<Made, String> {
    let capacity = fixture.capacity().map_err(|e| format!("capacity: {e}"))?;
    Ok((fixture, capacity))
}

/// Makes a function that is called once callable through a reference.
fn once(law: impl FnOnce(&mut End<'_>) -> Told) -> impl FnMut(&mut End<'_>) -> Told {
    let mut law = Some(law);
    move |end| law.take().map_or_else(|| Err("a side ran twice".into()), |law| law(end))
}

/// Puts the two sides on two CPUs, where two are allowed.
fn pin(side: Side) -> Told {
    let cpus = affinity::allowed().map_err(|e| e.to_string())?;
    match cpus[..] {
        [a, b, ..] => affinity::pin([a, b][side.index()]).map_err(|e| e.to_string()),
        _ => Ok(()),
    }
}

/// Checks that the process forked at `place` holds what its parent held before the fixture, and
/// nothing else.
fn gave_back(held: &Holdings, place: usize) -> Told {
    let mut gained = held.gained()?;
    for _ in 0..place {
        // The parent's pidfd of a process that was forked before is inherited.
        if let Some(at) = gained.iter().position(|what| what.contains("[pidfd]")) {
            gained.swap_remove(at);
        }
    }
    if gained.is_empty() {
        Ok(())
    } else {
        Err(format!("still held after both halves were closed: {}", gained.join(", ")))
    }
}
