//! `eventfd(2)`, under every wait that a descriptor has.

use crate::ring;
use ipcmark_core::{
    Availability, Carries, Error, Info, Limits, Link, Listen, MeetBy, Notifier, Notify, Plan,
    Result, Side,
};
use ipcmark_sys::bell::{Bell, EventBell};
use ipcmark_sys::fd::{FdWait, Interest, Waited, availability, set_nonblocking};
use ipcmark_sys::lifeline::{Lifeline, LifelinePair, Peer};
use rustix::io::Errno;
use std::marker::PhantomData;
use std::os::fd::AsFd;
use std::sync::Arc;

/// Notifies with an `eventfd(2)` in each direction.
#[derive(Debug)]
pub struct Eventfd<W>(PhantomData<W>);

/// Both counters and the lifeline.
#[derive(Debug)]
pub struct EventFixture {
    /// Added to by the initiator, by the responder.
    counters: [EventBell; 2],
    lifelines: LifelinePair,
}

impl<W: FdWait> Notifier for Eventfd<W> {
    const INFO: Info = Info {
        carries: Carries::Notifications,
        family: "notify",
        mechanism: "eventfd",
        wait: W::KIND,
        meet_by: MeetBy::Descriptor,
        summary: "a count behind a descriptor: a write adds, a read takes all",
        reference: "eventfd(2)",
        ..Info::DEFAULT
    };
    type Fixture = EventFixture;
    type Tx = EventNotify;
    type Rx = EventListen<W>;

    fn available() -> Availability {
        availability(EventBell::new().map(|_| Limits::none()))
    }

    /// Returns each counter has one reader, so that its `O_NONBLOCK`, which both sides share, is that reader's alone:
    /// a writer would meet it after 2^64 notifications.
    fn fixture(_: &Plan) -> Result<EventFixture> {
        let counters = [EventBell::new()?, EventBell::new()?];
        for counter in &counters {
            set_nonblocking(counter, W::NONBLOCKING)?;
        }
        Ok(EventFixture { counters, lifelines: LifelinePair::new()? })
    }

    fn split(fixture: EventFixture, side: Side) -> Result<Link<EventNotify, EventListen<W>>> {
        let EventFixture { counters: [initiators, responders], lifelines } = fixture;
        let (ours, theirs) = match side {
            Side::Initiator => (initiators, responders),
            Side::Responder => (responders, initiators),
        };
        let lifeline = Arc::new(lifelines.split(side));
        let wait = W::arm(theirs.as_fd(), Interest::Readable, Some(&lifeline))?;
        Ok(Link {
            tx: EventNotify { counter: ours, lifeline: lifeline.clone() },
            rx: EventListen { wait, counter: theirs, lifeline },
        })
    }
}

/// The notifying half. Dropping it says farewell.
#[derive(Debug)]
pub struct EventNotify {
    counter: EventBell,
    lifeline: Arc<Lifeline>,
}

impl Notify for EventNotify {
    #[inline]
    fn notify(&mut self) -> Result<()> {
        ring(&self.lifeline, EventBell::RING, || self.counter.ring())
    }
}

impl Drop for EventNotify {
    fn drop(&mut self) {
        self.lifeline.farewell();
    }
}

/// The listening half.
#[derive(Debug)]
pub struct EventListen<W> {
    /// Before the counter, so that it lets go of the descriptor before that is closed.
    wait: W,
    counter: EventBell,
    lifeline: Arc<Lifeline>,
}

impl<W: FdWait> Listen for EventListen<W> {
    #[inline]
    fn listen(&mut self) -> Result<u64> {
        let mut peer = Peer::Here;
        loop {
            match (self.counter.take(), peer) {
                (Ok(count), _) => return Ok(count),
                (Err(Errno::INTR), _) => {}
                // It was looked at again after the news.
                (Err(Errno::AGAIN), Peer::Closed) => return Err(Error::Closed),
                (Err(Errno::AGAIN), Peer::Gone) => return Err(Error::PeerDied),
                (Err(Errno::AGAIN), Peer::Here) => {
                    let lifeline = &*self.lifeline;
                    if self.wait.wait(self.counter.as_fd(), Some(lifeline))? == Waited::Long {
                        peer = lifeline.peer();
                    }
                }
                (Err(errno), _) => return Err(Error::os(EventBell::SLEEP, errno)),
            }
        }
    }
}
