//! Two real processes over one fixture, watched by a third.
//!
//! The process that runs the law forks one child for each side, or several where the law is about that, and takes no part
//! itself. So a side that hangs can be
//! killed, whichever it is, and the law fails with the words of what it was doing.

use crate::board::{Board, Step};
use crate::end::End;
use crate::holdings::Holdings;
use ipcmark_core::{Link, Plan, Side, Transport};
use ipcmark_sys::affinity;
use ipcmark_sys::process::{Child, Exit, fork, wait_any};
use ipcmark_sys::shared::Parcel;
use std::fmt;
use std::time::{Duration, Instant};

/// How long the other side may go on after one has failed, to say what it saw.
const GRACE: Duration = Duration::from_millis(300);
/// Room for one side's failure, in bytes.
const WORDS_MAX: usize = 4096;
const SIGKILL: i32 = 9;

/// What a side does: success, or what was wrong in words.
pub(crate) type Told = Result<(), String>;

/// How a law's two processes are run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair<'a> {
    pub(crate) plan: &'a Plan,
    /// From the forks to the end of both sides.
    pub(crate) deadline: Duration,
    /// The side that ends by SIGKILL, where the law is about that.
    pub(crate) victim: Option<Side>,
    /// Processes of each side: initiators, responders.
    pub(crate) processes: [usize; 2],
}

/// One process of a side.
#[derive(Debug, Clone, Copy)]
struct Seat {
    side: Side,
    /// From 0, among those of its side.
    number: usize,
    /// It is not the only one.
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
    /// Both sides end by themselves, within the plan's deadline.
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

    /// Makes the fixture, forks, and runs one function on each side. The end that each is given closes its halves when
    /// it goes, and must give back all it took: that is checked each time.
    pub(crate) fn run<T: Transport>(
        self,
        initiator: impl FnOnce(&mut End<'_, T>) -> Told,
        responder: impl FnOnce(&mut End<'_, T>) -> Told,
    ) -> Told {
        let board = Board::new()?;
        let (mut initiator, mut responder) = (once(initiator), once(responder));
        let fixture = || {
            let fixture = T::fixture(self.plan).map_err(|e| format!("fixture: {e}"))?;
            let capacity = T::capacity(&fixture).map_err(|e| format!("capacity: {e}"))?;
            Ok((fixture, capacity))
        };
        self.over_seats(&board, fixture, |Seat { side, number, .. }, (fixture, capacity)| {
            board.note(side, Step::Split, 0);
            let Link { tx, rx } = T::split(fixture, side).map_err(|e| format!("split: {e}"))?;
            let mut end = End {
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

    /// The same for any seam: makes a fixture, forks, and runs `law` on each side with that side's copy of it. What the
    /// law took it must give back before it returns.
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
        let parcels = seats.iter().map(|_| parcel()).collect::<Result<Vec<_>, _>>()?;
        let held = Holdings::now()?;
        // Each child takes the fixture out of its own copy of this process.
        let mut fixture = Some(fixture()?);
        let mut process = |place: usize| -> i32 {
            let told = pin(seats[place].side).and_then(|()| {
                let fixture = fixture.take().ok_or("the fixture was taken twice")?;
                law(seats[place], fixture)?;
                gave_back(&held, place)
            });
            match told {
                Ok(()) => 0,
                Err(words) => {
                    let cut = words.len().min(WORDS_MAX);
                    // The exit status says that it failed, should the parcel not.
                    let _ = parcels[place].put(&words.as_bytes()[..cut]);
                    1
                }
            }
        };
        let mut children = Vec::with_capacity(seats.len());
        for place in 0..seats.len() {
            children.push(fork(|| process(place)).map_err(|e| e.to_string())?);
        }
        // Ours would keep the link open after a side is gone.
        drop(fixture);
        self.watch(&seats, &mut children)?;
        let faults: Vec<String> = seats
            .iter()
            .zip(&children)
            .zip(&parcels)
            .filter_map(|((seat, child), parcel)| self.fault(*seat, child, parcel.get(), board))
            .collect();
        // What still hangs is killed and reaped before anyone counts children.
        drop(children);
        if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
    }

    /// What was wrong with the end of one process.
    fn fault(
        &self,
        seat: Seat,
        child: &Child,
        words: Option<Vec<u8>>,
        board: &Board,
    ) -> Option<String> {
        let killed = self.victim == Some(seat.side);
        match (child.exit(), words) {
            (_, Some(words)) => Some(format!("{seat}: {}", String::from_utf8_lossy(&words))),
            (Some(Exit::Code(0)), None) if !killed => None,
            (Some(Exit::Signal(SIGKILL)), None) if killed => None,
            (Some(exit), None) => Some(format!("{seat}: {exit}, while {}", board.step(seat.side))),
            (None, None) => Some(format!(
                "{seat}: hung while {}; killed {:.1} s after the start",
                board.step(seat.side),
                self.deadline.as_secs_f64()
            )),
        }
    }

    /// Waits for all of them. One that fails ends the wait soon; a deadline that passes ends it at once.
    fn watch(&self, seats: &[Seat], children: &mut [Child]) -> Told {
        let mut end = Instant::now() + self.deadline;
        let mut failed = false;
        while children.iter().any(|c| c.exit().is_none()) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            wait_any(children.iter_mut(), left).map_err(|e| e.to_string())?;
            let fails = |(seat, child): (&Seat, &Child)| match child.exit() {
                None | Some(Exit::Code(0)) => false,
                Some(_) => self.victim != Some(seat.side),
            };
            if !failed && seats.iter().zip(&*children).any(fails) {
                failed = true;
                end = end.min(Instant::now() + GRACE);
            }
        }
        Ok(())
    }
}

fn parcel() -> Result<Parcel, String> {
    Parcel::new(WORDS_MAX).map_err(|e| e.to_string())
}

/// Makes a function that is called once callable through a reference.
fn once<T: Transport>(
    law: impl FnOnce(&mut End<'_, T>) -> Told,
) -> impl FnMut(&mut End<'_, T>) -> Told {
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

/// After both halves are closed, the process forked at `place` holds what its parent held before the fixture, and nothing
/// else.
fn gave_back(held: &Holdings, place: usize) -> Told {
    let mut gained = held.gained()?;
    for _ in 0..place {
        // Its parent's hold on a child that was forked before, inherited.
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
