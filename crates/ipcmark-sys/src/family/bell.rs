//! Bells: what one process rings to wake another that sleeps, and nothing more.
//!
//! Four of the kernel's ways to wake a process, under one trait, so that a mechanism that waits in memory (a ring, a
//! latest value) and a mechanism that is only a wake-up use the same code. A bell counts: what was rung before the
//! sleeper came is not lost. It is made before the fork, each process has its own copy of the handle, one process
//! sleeps at a time.
//!
//! A bell does not know who is there to ring it. A [`Sleeper`] holds it together with a [`Lifeline`]: news of the peer
//! ends the sleep, and while there is none nothing is paid for it ([`Lifeline::ticks`]).

mod counter;
mod futex;
mod posix;
mod systemv;

pub use counter::EventBell;
pub use futex::FutexBell;
pub use posix::SemBell;
pub use systemv::SemopBell;

use crate::lifeline::{Lifeline, Peer, Ticker};
use ipcmark_core::{Error, Result, Wait, WaitKind};
use rustix::io::{self, Errno};
use std::sync::Arc;

/// A counter of the kernel's that one process adds to and another sleeps on.
///
/// [`Wait::KIND`] is the word for a wait on it.
pub trait Bell: Wait + Sized + Send {
    /// The call that rings, for errors.
    const RING: &'static str;
    /// The call that sleeps, for errors.
    const SLEEP: &'static str;
    /// Manual page that documents it.
    const REFERENCE: &'static str;

    /// Makes it, silent. Before the fork.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where this machine has none to give.
    fn new() -> Result<Self>;

    /// Rings once; never sleeps. `EAGAIN` when it counts no further: who sleeps is woken all the same.
    fn ring(&self) -> io::Result<()>;

    /// Sleeps until it has been rung; returns how many rings it took off the count, at least 1. `EINTR` when a signal's
    /// handler ran meanwhile.
    fn sleep(&self) -> io::Result<u64>;
}

/// Reason for the end of a sleep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// Number of rings, at least 1.
    Rung(u64),
    /// The peer said farewell or is gone, and no ring was left.
    News(Peer),
}

/// The half of a bell that sleeps, in the thread that made it.
#[derive(Debug)]
pub struct Sleeper<B> {
    bell: Arc<B>,
    lifeline: Arc<Lifeline>,
    _ticker: Ticker,
}

impl<B: Bell> Sleeper<B> {
    /// Prepares this thread to sleep on `bell`. After the fork.
    pub fn new(bell: Arc<B>, lifeline: Arc<Lifeline>) -> Result<Sleeper<B>> {
        let ticker = lifeline.ticks()?;
        Ok(Sleeper { bell, lifeline, _ticker: ticker })
    }

    /// Sleeps until the bell is rung or there is news of the peer.
    ///
    /// News comes after the last ring: a peer that said farewell, or died, has rung before.
    #[inline]
    pub fn sleep(&self) -> Result<Woken> {
        let mut news = None;
        loop {
            match (self.bell.sleep(), news) {
                (Ok(rings), _) => return Ok(Woken::Rung(rings)),
                // It slept again, from the news to the next tick, and no ring came.
                (Err(Errno::INTR), Some(peer)) => return Ok(Woken::News(peer)),
                (Err(Errno::INTR), None) => news = self.news(),
                (Err(errno), _) => return Err(Error::os(B::SLEEP, errno)),
            }
        }
    }

    #[cold]
    fn news(&self) -> Option<Peer> {
        Some(self.lifeline.peer()).filter(|peer| *peer != Peer::Here)
    }

    /// Returns its lifeline.
    #[must_use]
    pub fn lifeline(&self) -> &Lifeline {
        &self.lifeline
    }
}

/// The word for a wait on a bell, as a type of its own, for mechanisms that take waits as types.
impl<B: Bell> Wait for Sleeper<B> {
    const KIND: WaitKind = B::KIND;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifeline::LifelinePair;
    use std::thread;
    use std::time::Duration;

    const PAUSE: Duration = Duration::from_millis(30);

    /// Checks that all rings are heard, before and while the other sleeps, and then the end.
    fn works<B: Bell + Sync>() {
        let bell = Arc::new(B::new().unwrap());
        let [here, there] = LifelinePair::new().unwrap().into_both();
        let other = bell.clone();
        for _ in 0..3 {
            bell.ring().unwrap();
        }
        let ringer = thread::spawn(move || {
            thread::sleep(PAUSE);
            for _ in 0..1000 {
                other.ring().unwrap();
            }
            there.farewell();
            thread::sleep(2 * PAUSE);
            drop(there);
        });
        let sleeper = Sleeper::new(bell, Arc::new(here)).unwrap();
        let mut heard = 0;
        let end = loop {
            match sleeper.sleep().unwrap() {
                Woken::Rung(rings) => heard += rings,
                Woken::News(peer) => break peer,
            }
        };
        assert_eq!((heard, end), (1003, Peer::Closed));
        ringer.join().unwrap();
    }

    #[test]
    fn an_eventfd_rings() {
        works::<EventBell>();
    }

    #[test]
    fn a_futex_rings() {
        works::<FutexBell>();
    }

    #[test]
    fn a_posix_semaphore_rings() {
        works::<SemBell>();
    }

    #[test]
    fn a_system_v_semaphore_rings() {
        works::<SemopBell>();
    }

    #[test]
    fn a_death_is_news() {
        let bell = Arc::new(EventBell::new().unwrap());
        let [here, there] = LifelinePair::new().unwrap().into_both();
        let killer = thread::spawn(move || {
            thread::sleep(PAUSE);
            drop(there);
        });
        let sleeper = Sleeper::new(bell, Arc::new(here)).unwrap();
        assert_eq!(sleeper.sleep().unwrap(), Woken::News(Peer::Gone));
        killer.join().unwrap();
    }
}
