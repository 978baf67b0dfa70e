//! Waits that sleep on something beside the ring: a bell that the peer rings.

use super::{NAP, RingWait, Seat, Site, Turn, sleep};
use ipcmark_core::{Availability, Limits, Names, Result, Wait, WaitKind};
use ipcmark_sys::lifeline::Lifeline;
use ipcmark_sys::robust::RobustMutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Something one process sleeps on and another wakes it by. A ring that comes before the sleep makes it return at once;
/// two rings may count as one or as two, since whoever wakes looks again.
pub trait Bell: Sized + Send + Sync + 'static {
    /// The word for a wait on it.
    const KIND: WaitKind;
    /// Can it be had here, now?
    fn available() -> Availability {
        Availability::Available(Limits::none())
    }
    /// Makes one that children inherit.
    fn new(names: &Names) -> Result<Self>;
    /// Sleeps until it rings; false when `timeout` passed first.
    fn wait(&self, timeout: Duration) -> Result<bool>;
    /// Rings.
    fn ring(&self) -> Result<()>;
}

/// The bells of one link: one for each half of each side.
#[derive(Debug)]
pub struct Bells<B>(Arc<[B; 4]>);

impl<B> Bells<B> {
    /// Which bell wakes the half at `seat`. A ring has the number of the side that sends.
    fn place(seat: Seat) -> usize {
        2 * seat.side.index() + seat.half as usize
    }
}

/// Sleeps on a bell at once, until the peer publishes and rings it.
#[derive(Debug)]
pub struct Belled<B> {
    bells: Arc<[B; 4]>,
    own: usize,
    peers: usize,
}

impl<B: Bell> Wait for Belled<B> {
    const KIND: WaitKind = B::KIND;
}

impl<B: Bell> RingWait for Belled<B> {
    const SLEEPS: bool = true;
    type Bells = Bells<B>;

    fn available() -> Availability {
        B::available()
    }

    fn bells(names: &Names) -> Result<Bells<B>> {
        let bell = || B::new(names);
        Ok(Bells(Arc::new([bell()?, bell()?, bell()?, bell()?])))
    }

    fn prepare(_: Site, bells: &Bells<B>, seat: Seat) -> Self {
        Belled {
            bells: bells.0.clone(),
            own: Bells::<B>::place(seat),
            peers: Bells::<B>::place(seat.opposite()),
        }
    }

    fn until(&self, turn: &mut impl Turn, lifeline: &Lifeline) -> Result<()> {
        sleep(turn, lifeline, |_| self.bells[self.own].wait(NAP))
    }

    fn wake(&self, _: &AtomicU32) -> Result<()> {
        self.bells[self.peers].ring()
    }
}

/// A process-shared robust mutex with its condition variable; the word under it says that it rang.
impl Bell for RobustMutex {
    const KIND: WaitKind = WaitKind::Condvar;

    fn new(_: &Names) -> Result<Self> {
        RobustMutex::new()
    }

    fn wait(&self, timeout: Duration) -> Result<bool> {
        let mut locked = self.lock()?;
        // A peer that died with the mutex may or may not have rung: the word says which, being one store.
        while locked.word().load(Ordering::Relaxed) == 0 {
            if !locked.wait(timeout)? {
                break;
            }
        }
        Ok(locked.word().swap(0, Ordering::Relaxed) != 0)
    }

    fn ring(&self) -> Result<()> {
        let locked = self.lock()?;
        locked.word().store(1, Ordering::Relaxed);
        locked.notify()
    }
}

/// A robust mutex with its condition variable.
pub type Condvar = Belled<RobustMutex>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wait::Half;
    use ipcmark_core::Side;

    #[test]
    fn each_half_has_a_bell_that_its_opposite_rings() {
        let seats: Vec<Seat> = Side::ALL
            .into_iter()
            .flat_map(|side| [Half::Sender, Half::Receiver].map(|half| Seat { side, half }))
            .collect();
        let mut places: Vec<usize> = seats.iter().map(|&s| Bells::<()>::place(s)).collect();
        places.sort_unstable();
        assert_eq!(places, [0, 1, 2, 3]);
        for seat in seats {
            assert_eq!(seat.opposite().opposite(), seat);
            assert_ne!(seat.opposite().side, seat.side);
        }
    }
}
