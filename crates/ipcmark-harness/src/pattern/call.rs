//! Calls, one after another or at a set rate: an argument there, a result back, both of the cell's size, both stamped
//! and checked. The caller times them.
//!
//! The argument is in the caller's memory. The caller stamps it within the clock, as a user would
//! change it; the procedure writes a whole result. It checks its argument before it answers,
//! because only the argument says which call is the last. The check's cost is in the figure, and
//! each run prints it.

use super::{Play, pacer};
use crate::desk::{Desk, Tally};
use crate::stage::{Done, Stage};
use ipcmark_core::{Call, Capacity, Flow, Info, Remote, Result, Serve, Side};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One side of calls, with its type erased.
enum Party {
    Caller(Box<dyn Call>),
    Server(Box<dyn Serve>),
}

/// The part that two processes inherit. Each side takes its own by one call.
struct Pair {
    info: &'static Info,
    split: Box<dyn FnOnce(Side) -> Result<Party>>,
}

/// Erases the type of a caller and a server.
pub(super) fn pair<R: Remote>(fixture: R::Fixture) -> Box<dyn Play> {
    let split = Box::new(|side| {
        Ok(match side {
            Side::Initiator => Party::Caller(Box::new(R::caller(fixture)?)),
            Side::Responder => Party::Server(Box::new(R::server(fixture)?)),
        })
    });
    Box::new(Pair { info: const { &R::INFO }, split })
}

impl Play for Pair {
    fn capacity(&self) -> Result<Option<Capacity>> {
        Ok(None)
    }

    fn perform(self: Box<Self>, stage: &mut Stage<'_>) -> Result<Tally> {
        let (towards, back) = stage.seeds(0);
        let (clock, plan, side) = (stage.clock, stage.plan, stage.seat.side);
        let desk = |seeds| Desk::new(clock, plan, seeds, self.info);
        match stage.split(|| (self.split)(side))? {
            Party::Caller(mut caller) => {
                let mut desk = desk((towards, back));
                let act = if stage.plan.workload.arrivals().is_some() { at_rate } else { initiate };
                stage.phases(&mut |stage| act(&mut *caller, &mut desk, stage))?;
                stage.tear_down(caller);
                Ok(desk.tally())
            }
            Party::Server(mut server) => {
                let desk = Arc::new(Mutex::new(desk((back, towards))));
                stage.phases(&mut |_| respond(&mut *server, &desk))?;
                stage.tear_down(server);
                Ok(lock(&desk).tally())
            }
        }
    }
}

fn initiate(caller: &mut dyn Call, desk: &mut Desk, stage: &mut Stage<'_>) -> Result<Done> {
    let mut argument = desk.draft();
    let mut last = stage.timer.ends_within(1);
    let mut calls = 0;
    loop {
        let sent = desk.clock.now();
        desk.stamp(&mut argument, last);
        let result = caller.call(&argument)?;
        let back = desk.clock.now();
        desk.checker.check(result);
        calls += 1;
        let next_is_last = stage.timer.take(back, back - sent);
        if last {
            return Ok(Done { messages: calls, end: back });
        }
        last = next_is_last;
    }
}

/// Makes each call when it is due, or when the one before it is answered. Its time begins when it
/// was due.
fn at_rate(caller: &mut dyn Call, desk: &mut Desk, stage: &mut Stage<'_>) -> Result<Done> {
    let mut argument = desk.draft();
    pacer::one_by_one(stage, |last| {
        desk.stamp(&mut argument, last);
        let result = caller.call(&argument)?;
        let back = desk.clock.now();
        desk.checker.check(result);
        Ok((back, 0))
    })
}

/// Serves until an argument says that it is the last. The procedure may run on another thread, so
/// it shares the desk with this one.
fn respond(server: &mut dyn Serve, desk: &Arc<Mutex<Desk>>) -> Result<Done> {
    let before = lock(desk).checker.integrity.received;
    let shared = Arc::clone(desk);
    server.serve(Box::new(move |argument, result| {
        let mut desk = lock(&shared);
        let verdict = desk.checker.check(argument);
        result.extend_from_slice(desk.body());
        desk.stamp(result, verdict.last);
        if verdict.last { Flow::Stop } else { Flow::Continue }
    }))?;
    let desk = lock(desk);
    Ok(Done { messages: desk.checker.integrity.received - before, end: desk.clock.now() })
}

/// Locks the desk, even after a panic: a procedure that panicked has failed its call already.
fn lock(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}
