//! Two real processes over one fixture, watched by a third.
//!
//! The process that runs the law forks one child for each side and takes no part itself. So a side that hangs can be
//! killed, whichever it is, and the law fails with the words of what it was doing.

use crate::board::{Board, Step};
use crate::end::End;
use crate::holdings::Holdings;
use ipcmark_core::{Link, Plan, Side, Transport};
use ipcmark_sys::affinity;
use ipcmark_sys::process::{Child, Exit, fork, wait_any};
use ipcmark_sys::shared::Parcel;
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
}

impl<'a> Pair<'a> {
    /// Both sides end by themselves, within the plan's deadline.
    pub(crate) fn new(plan: &'a Plan) -> Self {
        Pair { plan, deadline: plan.deadline, victim: None }
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
        self.over(&board, fixture, |side, (fixture, capacity)| {
            board.note(side, Step::Split, 0);
            let Link { tx, rx } = T::split(fixture, side).map_err(|e| format!("split: {e}"))?;
            let mut end = End {
                side,
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
        let parcels = [parcel()?, parcel()?];
        let held = Holdings::now()?;
        // Each child takes the fixture out of its own copy of this process.
        let mut fixture = Some(fixture()?);
        let mut side = |side: Side| -> i32 {
            let told = pin(side).and_then(|()| {
                let fixture = fixture.take().ok_or("the fixture was taken twice")?;
                law(side, fixture)?;
                gave_back(&held, side)
            });
            match told {
                Ok(()) => 0,
                Err(words) => {
                    let cut = words.len().min(WORDS_MAX);
                    // The exit status says that it failed, should the parcel not.
                    let _ = parcels[side.index()].put(&words.as_bytes()[..cut]);
                    1
                }
            }
        };
        let mut children = vec![
            fork(|| side(Side::Initiator)).map_err(|e| e.to_string())?,
            fork(|| side(Side::Responder)).map_err(|e| e.to_string())?,
        ];
        // Ours would keep the link open after a side is gone.
        drop(fixture);
        watch(&mut children, self.deadline, self.victim)?;
        let faults: Vec<String> = Side::ALL
            .into_iter()
            .filter_map(|side| {
                let words = parcels[side.index()].get();
                self.fault(side, &children[side.index()], words, board)
            })
            .collect();
        // What still hangs is killed and reaped before anyone counts children.
        drop(children);
        if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
    }

    /// What was wrong with the end of one side.
    fn fault(
        &self,
        side: Side,
        child: &Child,
        words: Option<Vec<u8>>,
        board: &Board,
    ) -> Option<String> {
        let killed = self.victim == Some(side);
        match (child.exit(), words) {
            (_, Some(words)) => Some(format!("{side}: {}", String::from_utf8_lossy(&words))),
            (Some(Exit::Code(0)), None) if !killed => None,
            (Some(Exit::Signal(SIGKILL)), None) if killed => None,
            (Some(exit), None) => Some(format!("{side}: {exit}, while {}", board.step(side))),
            (None, None) => Some(format!(
                "{side}: hung while {}; killed {:.1} s after the start",
                board.step(side),
                self.deadline.as_secs_f64()
            )),
        }
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

/// Waits for both sides. One that fails ends the wait soon; a deadline that passes ends it at once.
fn watch(children: &mut [Child], deadline: Duration, victim: Option<Side>) -> Told {
    let mut end = Instant::now() + deadline;
    let mut failed = false;
    while children.iter().any(|c| c.exit().is_none()) {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        wait_any(children.iter_mut(), left).map_err(|e| e.to_string())?;
        let fails = |side: Side| match children[side.index()].exit() {
            None | Some(Exit::Code(0)) => false,
            Some(_) => victim != Some(side),
        };
        if !failed && Side::ALL.into_iter().any(fails) {
            failed = true;
            end = end.min(Instant::now() + GRACE);
        }
    }
    Ok(())
}

/// After both halves are closed, a side holds what its parent held before the fixture, and nothing else.
fn gave_back(held: &Holdings, side: Side) -> Told {
    let mut gained = held.gained()?;
    if side == Side::Responder
        && let Some(at) = gained.iter().position(|what| what.contains("[pidfd]"))
    {
        // Its parent's hold on the child that was forked first, inherited.
        gained.swap_remove(at);
    }
    if gained.is_empty() {
        Ok(())
    } else {
        Err(format!("still held after both halves were closed: {}", gained.join(", ")))
    }
}
