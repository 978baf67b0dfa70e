//! A standard signal as a notifier.

use crate::meet::{Meeting, Met};
use ipcmark_core::{
    Availability, Carries, Error, Info, Limits, Link, Listen, MeetBy, Notifier, Notify, Plan,
    Refusal, Result, Side, Wait,
};
use ipcmark_sys::fd::availability;
use ipcmark_sys::lifeline::{Lifeline, Peer, Ticker};
use ipcmark_sys::signal::{Blocked, Number, Taking, Target};
use rustix::io::Errno;
use std::marker::PhantomData;
use std::sync::Arc;

/// Notifies with `SIGUSR1`, taken as `T` does.
#[derive(Debug)]
pub struct Signal<T>(PhantomData<T>);

impl<T: Taking> Notifier for Signal<T> {
    const INFO: Info = Info {
        carries: Carries::Notifications,
        lossy: true,
        family: "signal",
        mechanism: "signal",
        wait: <T as Wait>::KIND,
        meet_by: MeetBy::Process,
        summary: "SIGUSR1, sent through a pidfd; those still pending merge",
        reference: "signal(7)",
        ..Info::DEFAULT
    };
    type Fixture = Meeting;
    type Tx = Tell;
    type Rx = Hear<T>;

    fn available() -> Availability {
        availability(probe())
    }

    fn fixture(_: &Plan) -> Result<Meeting> {
        Meeting::new(Number::User)
    }

    fn split(fixture: Meeting, side: Side) -> Result<Link<Tell, Hear<T>>> {
        let Met { target, lifeline, taking, ticker, blocked } = fixture.meet(side)?;
        Ok(Link {
            tx: Tell { target, lifeline: lifeline.clone() },
            rx: Hear { taking, lifeline, _ticker: ticker, _blocked: blocked },
        })
    }
}

/// Holds this process by a pidfd, which is what sending takes.
pub(crate) fn probe() -> Result<Limits> {
    let me = rustix::process::getpid().as_raw_nonzero().get();
    Target::open(me, Number::User).map_err(|e| {
        Error::Unavailable(
            Refusal::new(e.to_string())
                .with_remedy("take Linux 5.3 or newer, or allow pidfd_open(2) in the sandbox"),
        )
    })?;
    Ok(Limits::none())
}

/// The notifying half. Dropping it says farewell.
#[derive(Debug)]
pub struct Tell {
    target: Target,
    lifeline: Arc<Lifeline>,
}

impl Notify for Tell {
    #[inline]
    fn notify(&mut self) -> Result<()> {
        match self.target.send() {
            Ok(()) => Ok(()),
            Err(Errno::SRCH) => Err(self.lifeline.end()),
            Err(errno) => Err(Error::os("pidfd_send_signal", errno)),
        }
    }
}

impl Drop for Tell {
    fn drop(&mut self) {
        self.lifeline.farewell();
    }
}

/// The listening half, in the thread that made it.
#[derive(Debug)]
pub struct Hear<T> {
    taking: T,
    lifeline: Arc<Lifeline>,
    _ticker: Ticker,
    /// After `taking`: see [`Met`].
    _blocked: Blocked,
}

impl<T: Taking> Listen for Hear<T> {
    #[inline]
    fn listen(&mut self) -> Result<u64> {
        let mut news = Peer::Here;
        loop {
            match (self.taking.take(), news) {
                (Ok(_), _) => return Ok(1),
                // It slept again, from the news to the next tick, and no signal came.
                (Err(Errno::INTR), Peer::Closed) => return Err(Error::Closed),
                (Err(Errno::INTR), Peer::Gone) => return Err(Error::PeerDied),
                (Err(Errno::INTR), Peer::Here) => news = self.lifeline.peer(),
                (Err(errno), _) => return Err(Error::os(T::SLEEP, errno)),
            }
        }
    }
}
