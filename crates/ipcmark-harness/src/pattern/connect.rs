//! A connection for each message: connect, send, wait for the answer, close. The initiator times all
//! of it.
//!
//! The initiator closes first, as soon as it has the answer. The responder reads on until it sees that
//! end, closes, and takes the next connection: a server that leaves it to its client to send another
//! request. So it is always the client's port that waits in `TIME_WAIT`, as in most programs.

use super::{Made, Play};
use crate::desk::{Desk, Tally};
use crate::setup::making;
use crate::stage::{Done, Stage};
use ipcmark_core::{Capacity, Connections, Error, Info, Listener, Plan, Result, Side, Transport};

/// The call that makes a transport's listener.
pub(crate) type Listen = fn(&Plan) -> Result<Listener>;

/// Returns the call of a transport that has one. In a constant, this compiles nothing for the others.
pub(super) const fn listen<T: Transport>() -> Option<Listen> {
    if T::INFO.listens { Some(T::listen) } else { None }
}

/// The place to connect to.
struct Place {
    listener: Listener,
    info: &'static Info,
}

/// Makes the place.
pub(super) fn make(info: &'static Info, listen: Listen, plan: &Plan) -> Result<Made> {
    let (listener, took) = making(|| listen(plan))?;
    Ok((Box::new(Place { listener, info }), took))
}

impl Play for Place {
    fn capacity(&self) -> Result<Option<Capacity>> {
        Ok(None)
    }

    fn perform(self: Box<Self>, stage: &mut Stage<'_>) -> Result<Tally> {
        let Place { listener, info } = *self;
        let side = stage.seat.side;
        let mut connections = stage.split(|| listener(side))?;
        let (towards, back) = stage.seeds(0);
        let seeds = match side {
            Side::Initiator => (towards, back),
            Side::Responder => (back, towards),
        };
        let mut desk = Desk::new(stage.clock, stage.plan, seeds, info);
        match side {
            Side::Initiator => stage.phases(&mut |s| initiate(&mut *connections, &mut desk, s)),
            Side::Responder => stage.phases(&mut |s| respond(&mut *connections, &mut desk, s)),
        }?;
        stage.tear_down(connections);
        Ok(desk.tally())
    }
}

fn initiate(
    connections: &mut dyn Connections,
    desk: &mut Desk,
    stage: &mut Stage<'_>,
) -> Result<Done> {
    let mut last = stage.timer.ends_within(1);
    let mut trips = 0;
    loop {
        let begun = desk.clock.now();
        connections.open()?;
        desk.send_erased(connections.tx(), last)?;
        desk.receive_erased(connections.rx())?;
        connections.close();
        let end = desk.clock.now();
        trips += 1;
        let next_is_last = stage.timer.take(end, end - begun);
        if last {
            return Ok(Done { messages: trips, end });
        }
        last = next_is_last;
    }
}

fn respond(
    connections: &mut dyn Connections,
    desk: &mut Desk,
    stage: &mut Stage<'_>,
) -> Result<Done> {
    let mut answers = 0;
    loop {
        connections.open()?;
        let verdict = desk.receive_erased(connections.rx())?;
        desk.send_erased(connections.tx(), false)?;
        answers += 1;
        match connections.rx().receive() {
            Err(error) if error.is_end() => {}
            Err(error) => return Err(error),
            Ok(_) => {
                let what = "a second message came over a connection for one";
                return Err(Error::Protocol(what.into()));
            }
        }
        connections.close();
        if verdict.last {
            return Ok(Done { messages: answers, end: stage.clock.now() });
        }
    }
}
