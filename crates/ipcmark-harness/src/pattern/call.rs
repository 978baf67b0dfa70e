//! Calls under ping-pong: an argument there, a result back, both of the cell's size, both stamped and checked. The caller
//! keeps the time.
//!
//! The argument stands in the caller's memory and is stamped within the clock, as a user would change it; the procedure
//! writes a whole result. It must check its argument before it answers, because the last one says so there and nowhere
//! else: what that check costs is in the figure, and printed in each run.

use super::Play;
use crate::desk::{Desk, Tally};
use crate::stage::{Done, Stage};
use ipcmark_core::{Call, Capacity, Flow, Procedure, Remote, Result, Serve, Side};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A caller and a server.
pub(crate) struct Pair<R: Remote> {
    pub(crate) fixture: R::Fixture,
}

impl<R: Remote> Play for Pair<R> {
    fn capacity(&self) -> Result<Option<Capacity>> {
        Ok(None)
    }

    fn perform(self: Box<Self>, stage: &mut Stage<'_>) -> Result<Tally> {
        let (towards, back) = stage.seeds(0);
        let (clock, size) = (stage.clock, stage.plan.size);
        let desk = |seeds| Desk::new(clock, size, seeds, &R::INFO);
        match stage.seat.side {
            Side::Initiator => {
                let mut desk = desk((towards, back));
                let mut caller = stage.split(|| R::caller(self.fixture))?;
                stage.phases(&mut |stage| initiate(&mut caller, &mut desk, stage))?;
                stage.tear_down(caller);
                Ok(desk.tally())
            }
            Side::Responder => {
                let mut server = stage.split(|| R::server(self.fixture))?;
                let desk = Arc::new(Mutex::new(desk((back, towards))));
                stage.phases(&mut |_| respond(&mut |procedure| server.serve(procedure), &desk))?;
                stage.tear_down(server);
                Ok(lock(&desk).tally())
            }
        }
    }
}

#[inline(never)]
fn initiate(caller: &mut impl Call, desk: &mut Desk, stage: &mut Stage<'_>) -> Result<Done> {
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

/// Serves until an argument says it is the last. The procedure may run on another thread, so that it shares the desk
/// with this one.
fn respond(
    serve: &mut dyn FnMut(Procedure) -> Result<()>,
    desk: &Arc<Mutex<Desk>>,
) -> Result<Done> {
    let before = lock(desk).checker.integrity.received;
    let shared = Arc::clone(desk);
    serve(Box::new(move |argument, result| {
        let mut desk = lock(&shared);
        let verdict = desk.checker.check(argument);
        result.extend_from_slice(desk.body());
        desk.stamp(result, verdict.last);
        if verdict.last { Flow::Stop } else { Flow::Continue }
    }))?;
    let desk = lock(desk);
    Ok(Done { messages: desk.checker.integrity.received - before, end: desk.clock.now() })
}

/// A procedure that panicked has failed its call already.
fn lock(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}
