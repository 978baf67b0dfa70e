//! The bells of `ipcmark_sys` as notifiers: one in each direction.

use crate::ring;
use ipcmark_core::{
    Availability, Error, Info, Limits, Link, Listen, MeetBy, Notifier, Notify, Plan, Result, Side,
};
use ipcmark_sys::bell::{Bell, FutexBell, SemBell, SemopBell, Sleeper, Woken};
use ipcmark_sys::fd::availability;
use ipcmark_sys::lifeline::{Lifeline, LifelinePair, Peer};
use std::marker::PhantomData;
use std::sync::Arc;

/// A bell with the words of its row.
pub trait NamedBell: Bell + 'static {
    /// The mechanism.
    const MECHANISM: &'static str;
    /// The thing by which two processes find it.
    const MEET_BY: MeetBy;
    /// One line for people.
    const SUMMARY: &'static str;
}

impl NamedBell for FutexBell {
    const MECHANISM: &'static str = "futex";
    const MEET_BY: MeetBy = MeetBy::Descriptor;
    const SUMMARY: &'static str = "a count in shared memory; FUTEX_WAKE and FUTEX_WAIT";
}

impl NamedBell for SemBell {
    const MECHANISM: &'static str = "sem-posix";
    const MEET_BY: MeetBy = MeetBy::Descriptor;
    const SUMMARY: &'static str = "POSIX semaphore in shared memory; sem_post(3) and sem_wait(3)";
}

impl NamedBell for SemopBell {
    const MECHANISM: &'static str = "sem-sysv";
    const MEET_BY: MeetBy = MeetBy::Key;
    const SUMMARY: &'static str = "System V semaphore; semop(2) on both sides";
}

/// Notifies with a bell.
#[derive(Debug)]
pub struct BellNotifier<B>(PhantomData<B>);

/// Both bells and the lifeline.
#[derive(Debug)]
pub struct BellFixture<B> {
    /// Rung by the initiator, by the responder.
    bells: [Arc<B>; 2],
    lifelines: LifelinePair,
}

impl<B: NamedBell> Notifier for BellNotifier<B> {
    const INFO: Info = Info {
        carries: ipcmark_core::Carries::Notifications,
        family: "notify",
        mechanism: B::MECHANISM,
        wait: B::KIND,
        meet_by: B::MEET_BY,
        summary: B::SUMMARY,
        reference: B::REFERENCE,
        ..Info::DEFAULT
    };
    type Fixture = BellFixture<B>;
    type Tx = Ringer<B>;
    type Rx = Hearer<B>;

    fn available() -> Availability {
        availability(B::new().map(|_| Limits::none()))
    }

    fn fixture(_: &Plan) -> Result<BellFixture<B>> {
        let bells = [Arc::new(B::new()?), Arc::new(B::new()?)];
        Ok(BellFixture { bells, lifelines: LifelinePair::new()? })
    }

    fn split(fixture: BellFixture<B>, side: Side) -> Result<Link<Ringer<B>, Hearer<B>>> {
        let BellFixture { bells: [initiators, responders], lifelines } = fixture;
        let (ours, theirs) = match side {
            Side::Initiator => (initiators, responders),
            Side::Responder => (responders, initiators),
        };
        let lifeline = Arc::new(lifelines.split(side));
        Ok(Link {
            tx: Ringer { bell: ours, lifeline: lifeline.clone() },
            rx: Hearer { sleeper: Sleeper::new(theirs, lifeline)? },
        })
    }
}

/// The notifying half. Dropping it says farewell.
#[derive(Debug)]
pub struct Ringer<B> {
    bell: Arc<B>,
    lifeline: Arc<Lifeline>,
}

impl<B: Bell> Notify for Ringer<B> {
    #[inline]
    fn notify(&mut self) -> Result<()> {
        ring(&self.lifeline, B::RING, || self.bell.ring())
    }
}

impl<B> Drop for Ringer<B> {
    fn drop(&mut self) {
        self.lifeline.farewell();
    }
}

/// The listening half.
#[derive(Debug)]
pub struct Hearer<B> {
    sleeper: Sleeper<B>,
}

impl<B: Bell> Listen for Hearer<B> {
    #[inline]
    fn listen(&mut self) -> Result<u64> {
        match self.sleeper.sleep()? {
            Woken::Rung(rings) => Ok(rings),
            Woken::News(Peer::Closed) => Err(Error::Closed),
            Woken::News(_) => Err(Error::PeerDied),
        }
    }
}
