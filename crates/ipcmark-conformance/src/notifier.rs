//! The laws of mechanisms that carry no payload.
//!
//! A lost wake-up hangs its listener, and one too many lets it run before there is anything to do.
//! So the laws count notifications made and notifications heard.

use crate::board::{Board, Step, Told};
use crate::holdings::{Holdings, bury_orphans};
use crate::laws::ends::{LastBreath, SETTLE, killing};
use crate::pair::Pair;
use crate::scratch::{DEADLINE, Scratch};
use crate::{Case, Law};
use ipcmark_core::{Availability, Error, Limits, Link, Listen, Notifier, Notify, Side};
use ipcmark_sys::affinity;
use std::ops::RangeInclusive;

/// Returns all cases of one notifier, in the order in which they build on each other.
#[must_use]
pub fn notifier_cases<N: Notifier>() -> Vec<Case> {
    let case = |name: &str, law: fn(&Limits) -> Told| Case {
        name: format!("{}::{name}", N::INFO.name()),
        law: Law::Of(law),
        available: N::available,
        moot: |_, _| None,
        info: N::INFO,
    };
    vec![
        case("asking-leaves-nothing", on_asking::<N>),
        case("one-notify-one-wake", one_wake::<N>),
        case("none-lost", none_lost::<N>),
        case("ping-pong", ping_pong::<N>),
        case("farewell", farewell::<N>),
        case("notices-a-dead-peer", a_dead_peer::<N>),
    ]
}

/// One side of a notifier as a law sees it, each step noted on the board.
struct Ends<'a, N: Notifier> {
    side: Side,
    tx: Option<N::Tx>,
    rx: Option<N::Rx>,
    board: &'a Board,
    heard: u64,
}

impl<N: Notifier> Ends<'_, N> {
    fn notify(&mut self) -> Told {
        let n = self.board.sent(self.side);
        self.board.note(self.side, Step::Notify, n);
        let tx = self.tx.as_mut().ok_or("the law dropped this half")?;
        tx.notify().map_err(|e| format!("notification {n}: {e}"))?;
        self.board.count_sent(self.side);
        Ok(())
    }

    fn try_listen(&mut self) -> Result<u64, Error> {
        self.board.note(self.side, Step::Listen, self.heard);
        let rx = self.rx.as_mut().ok_or_else(|| Error::Protocol("no half to listen".into()))?;
        let news = rx.listen()?;
        self.heard += news;
        if news == 0 {
            return Err(Error::Protocol("listen returned without news".into()));
        }
        Ok(news)
    }

    /// Listens for exactly one notification.
    fn listen_one(&mut self) -> Told {
        let n = self.heard;
        match self.try_listen().map_err(|e| format!("listening after {n}: {e}"))? {
            1 => Ok(()),
            more => Err(format!("{more} notifications were heard where 1 was made")),
        }
    }

    /// Listens to all notifications until the end; `right` is their allowed number.
    fn hear_out(&mut self, right: RangeInclusive<u64>) -> Result<Error, String> {
        let before = self.heard;
        let end = loop {
            match self.try_listen() {
                Ok(_) => {}
                Err(e) if e.is_end() => break e,
                Err(e) => return Err(format!("the end, after {}, came as: {e}", self.heard)),
            }
        };
        let heard = self.heard - before;
        if right.contains(&heard) {
            Ok(end)
        } else {
            Err(format!("{heard} notifications were heard until the end, not {right:?}"))
        }
    }

    fn raise(&self, stage: u32) -> Told {
        self.board.raise(self.side, stage)
    }

    fn await_peer(&self, stage: u32) -> Told {
        self.board.note(self.side, Step::AwaitFlag, 0);
        self.board.await_flag(self.side.peer(), stage)
    }
}

/// Returns how many of `made` notifications are heard: all of them, or at least one if they may
/// merge.
fn of<N: Notifier>(made: u64) -> RangeInclusive<u64> {
    if N::INFO.lossy { made.min(1)..=made } else { made..=made }
}

/// Runs one function on each of two sides.
fn both<N: Notifier>(pair: Pair<'_>, mut law: impl FnMut(&mut Ends<'_, N>) -> Told) -> Told {
    let board = Board::new()?;
    let fixture = || N::fixture(pair.plan).map_err(|e| format!("fixture: {e}"));
    pair.over(&board, fixture, |side, fixture| {
        board.note(side, Step::Split, 0);
        let Link { tx, rx } = N::split(fixture, side).map_err(|e| format!("split: {e}"))?;
        let mut ends = Ends { side, tx: Some(tx), rx: Some(rx), board: &board, heard: 0 };
        law(&mut ends)?;
        board.note(side, Step::Close, 0);
        ends.tx = None;
        ends.rx = None;
        Ok(())
    })
}

/// Makes a plan of notifications: they have no size.
fn scratch() -> Result<Scratch, String> {
    Scratch::new(0, true)
}

/// Plans two sides. Notifications are short: a side that has not ended by then hangs.
fn pair(scratch: &Scratch) -> Pair<'_> {
    Pair { deadline: DEADLINE / 2, ..Pair::new(&scratch.plan) }
}

/// Returns a smaller count if both sides spin on the only CPU.
fn pace<N: Notifier>(count: u64) -> u64 {
    let cpus = affinity::allowed().map_or(1, |cpus| cpus.len());
    if N::INFO.wait.burns_cpu() && cpus < 2 { (count / 200).max(3) } else { count }
}

/// Checks that **asking leaves nothing**: `available` gives the same answer each time and holds
/// nothing afterwards, and a fixture can be made.
fn on_asking<N: Notifier>(limits: &Limits) -> Told {
    let held = Holdings::now()?;
    for _ in 0..3 {
        let answer = N::available();
        if answer != Availability::Available(limits.clone()) {
            return Err(format!("first {limits:?}, then {answer:?}"));
        }
    }
    let scratch = scratch()?;
    drop(N::fixture(&scratch.plan).map_err(|e| format!("fixture: {e}"))?);
    let gained = held.gained()?;
    if gained.is_empty() {
        Ok(())
    } else {
        Err(format!("still held after the fixture was dropped: {}", gained.join(", ")))
    }
}

/// Checks that **one notification is one wake-up**, whether the listener sleeps already or comes
/// later.
fn one_wake<N: Notifier>(_: &Limits) -> Told {
    for notifier in Side::ALL {
        for asleep in [true, false] {
            let scratch = scratch()?;
            both::<N>(pair(&scratch), |ends| {
                if ends.side == notifier {
                    if asleep {
                        ends.await_peer(1)?;
                        std::thread::sleep(SETTLE);
                    }
                    ends.notify()?;
                    ends.raise(1)?;
                    ends.await_peer(2)?;
                    // A second wake-up would come before the end.
                    ends.tx = None;
                    return ends.await_peer(3);
                }
                if asleep {
                    ends.raise(1)?;
                } else {
                    ends.await_peer(1)?;
                }
                ends.listen_one()?;
                ends.raise(2)?;
                ends.hear_out(0..=0)?;
                ends.raise(3)
            })
            .map_err(|what| {
                let when = if asleep { "to a sleeping listener" } else { "before it is awaited" };
                format!("the {notifier} notifies {when}: {what}")
            })?;
            scratch.finish()?;
        }
    }
    Ok(())
}

/// Checks that **none is lost**: of two thousand notifications in a row, to a listener that runs at
/// the same time or comes when no more are taken, all are heard; if they may merge, at least one.
fn none_lost<N: Notifier>(_: &Limits) -> Told {
    let count = pace::<N>(2_000);
    for late in [false, true] {
        let scratch = scratch()?;
        both::<N>(pair(&scratch), |ends| match ends.side {
            Side::Initiator => {
                for _ in 0..count {
                    ends.notify()?;
                }
                Ok(())
            }
            Side::Responder => {
                if late {
                    ends.board.note(ends.side, Step::AwaitStall, 0);
                    ends.board.await_stall(ends.side.peer());
                }
                ends.hear_out(of::<N>(count)).map(drop)
            }
        })
        .map_err(|what| {
            format!("{}: {what}", if late { "a late listener" } else { "a listener at work" })
        })?;
        scratch.finish()?;
    }
    Ok(())
}

/// Checks **ping-pong**: round trips begun by one side, then by the other. Each is one notification
/// there and one back, so none can merge.
fn ping_pong<N: Notifier>(_: &Limits) -> Told {
    let count = pace::<N>(200);
    let scratch = scratch()?;
    both::<N>(pair(&scratch), |ends| {
        for first in Side::ALL {
            for _ in 0..count {
                if ends.side == first {
                    ends.notify()?;
                    ends.listen_one()?;
                } else {
                    ends.listen_one()?;
                    ends.notify()?;
                }
            }
            // The side that answered last begins the next phase. Its two notifications could merge
            // into one wake-up.
            if ends.side == first {
                ends.raise(first.index() as u32 + 1)?;
            } else {
                ends.await_peer(first.index() as u32 + 1)?;
            }
        }
        Ok(())
    })?;
    scratch.finish()
}

/// Checks the **farewell**: after a side drops its notifying half, the peer hears all
/// notifications, then `Error::Closed`, and again when it asks again. The closing side's process
/// lives on, so that nothing else tells the peer.
fn farewell<N: Notifier>(_: &Limits) -> Told {
    for notifier in Side::ALL {
        for count in [0, 3] {
            let scratch = scratch()?;
            both::<N>(pair(&scratch), |ends| {
                if ends.side == notifier {
                    (0..count).try_for_each(|_| ends.notify())?;
                    ends.tx = None;
                    return ends.await_peer(1);
                }
                let mut end = ends.hear_out(of::<N>(count))?;
                for time in ["first", "second"] {
                    if !matches!(end, Error::Closed) {
                        return Err(format!(
                            "an orderly end is Error::Closed; the {time} time it came as: {end}"
                        ));
                    }
                    end = ends.hear_out(0..=0)?;
                }
                ends.raise(1)
            })
            .map_err(|what| format!("the {notifier} closes after {count}: {what}"))?;
            scratch.finish()?;
        }
    }
    Ok(())
}

/// Checks that **a listener notices a dead peer**. The peer is killed while this side is in
/// `listen`; and it is killed right after it notified, before this side looks: what was notified is
/// heard, then the end. What processes it had ended with it.
fn a_dead_peer<N: Notifier>(_: &Limits) -> Told {
    for victim in Side::ALL {
        for asleep in [true, false] {
            let scratch = scratch()?;
            let last_breath = LastBreath::new()?;
            both::<N>(killing(&scratch, victim), |ends| {
                if ends.side == victim {
                    (0..3).try_for_each(|_| ends.notify())?;
                    if asleep {
                        ends.await_peer(1)?;
                        std::thread::sleep(SETTLE);
                    }
                    return last_breath.die();
                }
                if asleep {
                    let (least, most) = (*of::<N>(3).start(), *of::<N>(3).end());
                    while ends.heard < least {
                        ends.try_listen().map_err(|e| format!("listening: {e}"))?;
                    }
                    ends.raise(1)?;
                    ends.hear_out(0..=most.saturating_sub(ends.heard))?;
                } else {
                    last_breath.await_death();
                    ends.hear_out(of::<N>(3))?;
                }
                last_breath.noticed_in_time()
            })
            .map_err(|what| {
                let when = if asleep { "while it is awaited" } else { "after it notified" };
                format!("the {victim} is killed {when}: {what}")
            })?;
            scratch.finish()?;
            bury_orphans()?;
        }
    }
    Ok(())
}
