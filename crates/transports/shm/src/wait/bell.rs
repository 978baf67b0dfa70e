//! Waits that sleep on something next to the ring: a bell that the peer rings.

use super::{RingWait, Seat, Site, Turn, sleep};
use ipcmark_core::{Availability, Error, Limits, Names, Refusal, Result, Wait, WaitKind};
use ipcmark_sys::bell::{Bell, Sleeper, Woken};
use ipcmark_sys::lifeline::Lifeline;
use rustix::io::Errno;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

/// The bells of one link: one for each half of each side.
#[derive(Debug)]
pub struct Bells<B>([Arc<B>; 4]);

impl<B> Bells<B> {
    /// Returns four, made alike.
    pub(super) fn made(mut bell: impl FnMut() -> Result<B>) -> Result<Self> {
        let mut bell = || bell().map(Arc::new);
        Ok(Bells([bell()?, bell()?, bell()?, bell()?]))
    }

    /// Returns the bell that wakes the half at `seat`.
    pub(super) fn of(&self, seat: Seat) -> Arc<B> {
        self.0[place(seat)].clone()
    }
}

fn place(seat: Seat) -> usize {
    2 * seat.side.index() + seat.half as usize
}

/// Sleeps on a bell at once, until the peer publishes and rings it. A ring that comes before the sleep makes it return at
/// once; one that is left over from a look that found something wakes for nothing, once.
#[derive(Debug)]
pub struct Belled<B: Bell> {
    own: Sleeper<B>,
    peers: Arc<B>,
}

impl<B: Bell + 'static> Wait for Belled<B> {
    const KIND: WaitKind = B::KIND;
}

impl<B: Bell + Sync + 'static> RingWait for Belled<B> {
    const SLEEPS: bool = true;
    type Bells = Bells<B>;

    fn available() -> Availability {
        match B::new() {
            Ok(_) => Availability::Available(Limits::none()),
            Err(Error::Unavailable(refusal)) => Availability::Unavailable(refusal),
            Err(e) => Availability::Unavailable(Refusal::new(e.to_string())),
        }
    }

    fn bells(_: &Names) -> Result<Bells<B>> {
        Bells::made(B::new)
    }

    fn prepare(_: Site, bells: &Bells<B>, seat: Seat, lifeline: &Arc<Lifeline>) -> Result<Self> {
        Ok(Belled {
            own: Sleeper::new(bells.of(seat), lifeline.clone())?,
            peers: bells.of(seat.opposite()),
        })
    }

    fn until(&self, turn: &mut impl Turn, lifeline: &Lifeline) -> Result<()> {
        sleep(turn, lifeline, self.fencing(), |_, _| {
            Ok(matches!(self.own.sleep()?, Woken::Rung(_)))
        })
    }

    fn wake(&self, _: &AtomicU32) -> Result<()> {
        match self.peers.ring() {
            // A bell that counts no further wakes all the same.
            Ok(()) | Err(Errno::AGAIN) => Ok(()),
            Err(errno) => Err(Error::os(B::RING, errno)),
        }
    }
}

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
        let mut places: Vec<usize> = seats.iter().map(|&seat| place(seat)).collect();
        places.sort_unstable();
        assert_eq!(places, [0, 1, 2, 3]);
        for seat in seats {
            assert_eq!(seat.opposite().opposite(), seat);
            assert_ne!(seat.opposite().side, seat.side);
        }
    }
}
