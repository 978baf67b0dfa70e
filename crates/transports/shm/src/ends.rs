//! The two halves of a link over a ring, whichever ring it is: claim and wait for room, receive and wait for news, wake who sleeps.

use crate::common::{looked_in_vain, word};
use crate::mapping::Mapping;
use crate::wait::{Look, RingWait, Turn};
use ipcmark_core::{Error, Receiver, Result, Sender};
use ipcmark_ring::{slots, spsc};
use ipcmark_sys::lifeline::Lifeline;
use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

/// Pauses before a receiver that drained a batch looks again: a sender that runs ahead gets to finish the line it is
/// writing, and lines move once. From 32 to 128 does equally well; 16 is too few where the CPUs are far apart.
pub const BATCH_PAUSES: u32 = 64;

/// The words by which the halves of a ring sleep and wake each other; see [`ipcmark_ring::sleep`].
pub trait Flags {
    /// Returns the word this half sleeps on.
    fn own_flag(&self) -> &AtomicU32;
    /// Returns the word the other half sleeps on.
    fn peer_flag(&self) -> &AtomicU32;
}

/// The sending half of a ring for one producer.
pub trait RingTx: Flags {
    /// Is there room for `len` bytes? Then it is claimed.
    fn poll_claim(&mut self, len: usize) -> Result<bool>;
    /// Returns the room claimed last.
    fn claimed(&mut self) -> &mut [u8];
    /// Publishes it.
    fn commit(&mut self);
    /// Ends the stream.
    fn close(&mut self);
}

/// The receiving half of a ring for one consumer.
pub trait RingRx: Flags {
    /// Is there a message? Then it is lent.
    fn poll_receive(&mut self) -> Result<bool>;
    /// Returns the message lent last.
    fn received(&self) -> &[u8];
    /// Gives its space back.
    fn release(&mut self);
    /// Says that nothing more will be received.
    fn close(&mut self);
}

/// The rings' own methods have these very names.
macro_rules! ring {
    ($($ring:ident)::+) => {
        ring!(@flags $($ring)::+::Producer);
        ring!(@flags $($ring)::+::Consumer);
        impl RingTx for $($ring)::+::Producer<'_> {
            #[inline(always)]
            fn poll_claim(&mut self, len: usize) -> Result<bool> {
                self.poll_claim(len).map_err(word)
            }
            #[inline(always)]
            fn claimed(&mut self) -> &mut [u8] {
                self.claimed()
            }
            #[inline(always)]
            fn commit(&mut self) {
                self.commit();
            }
            fn close(&mut self) {
                self.close();
            }
        }
        impl RingRx for $($ring)::+::Consumer<'_> {
            #[inline(always)]
            fn poll_receive(&mut self) -> Result<bool> {
                self.poll_receive().map_err(word)
            }
            #[inline(always)]
            fn received(&self) -> &[u8] {
                self.received()
            }
            #[inline(always)]
            fn release(&mut self) {
                self.release();
            }
            fn close(&mut self) {
                self.close();
            }
        }
    };
    (@flags $($half:ident)::+) => {
        impl Flags for $($half)::+<'_> {
            fn own_flag(&self) -> &AtomicU32 {
                self.own_flag()
            }
            #[inline(always)]
            fn peer_flag(&self) -> &AtomicU32 {
                self.peer_flag()
            }
        }
    };
}

ring!(slots);
ring!(spsc);

/// Resources that both halves of a side hold next to their ring.
#[derive(Debug)]
pub(crate) struct Rest<W> {
    pub(crate) wait: W,
    lifeline: Arc<Lifeline>,
    /// Memory that the ring points into.
    _mapping: Arc<Mapping>,
}

impl<W: RingWait> Rest<W> {
    pub(crate) fn new(wait: W, lifeline: &Arc<Lifeline>, mapping: &Arc<Mapping>) -> Self {
        Rest { wait, lifeline: lifeline.clone(), _mapping: mapping.clone() }
    }

    /// Wakes the other half if it sleeps.
    #[inline]
    fn wake(&self, ring: &impl Flags) -> Result<()> {
        self.wait.published(ring.peer_flag())
    }
}

/// The sending half. Dropping it ends the stream.
#[derive(Debug)]
pub struct RingSender<R: RingTx, W: RingWait> {
    pub(crate) ring: R,
    pub(crate) rest: Rest<W>,
    /// Largest message, in bytes.
    max: usize,
    /// Refusals since it last asked the lifeline.
    refusals: u32,
}

impl<R: RingTx, W: RingWait> RingSender<R, W> {
    pub(crate) fn new(ring: R, rest: Rest<W>, max: usize) -> Self {
        RingSender { ring, rest, max, refusals: 0 }
    }

    #[inline(never)]
    fn wait_for_room(&mut self, len: usize) -> Result<()> {
        self.rest.wait.until(&mut Room { ring: &mut self.ring, len }, &self.rest.lifeline)
    }
}

impl<R: RingTx, W: RingWait> Sender for RingSender<R, W> {
    #[inline(always)]
    fn claim(&mut self, len: usize) -> Result<&mut [u8]> {
        if len > self.max {
            return Err(Error::misfit(len, self.max));
        }
        if !self.ring.poll_claim(len)? {
            self.wait_for_room(len)?;
        }
        Ok(self.ring.claimed())
    }

    #[inline(always)]
    fn commit(&mut self) -> Result<()> {
        self.ring.commit();
        self.rest.wake(&self.ring)
    }

    fn try_claim(&mut self, len: usize) -> Result<Option<&mut [u8]>> {
        if len > self.max {
            return Err(Error::misfit(len, self.max));
        }
        if self.ring.poll_claim(len)? {
            return Ok(Some(self.ring.claimed()));
        }
        match looked_in_vain(&mut self.refusals, &self.rest.lifeline) {
            true => Err(self.rest.lifeline.end()),
            false => Ok(None),
        }
    }

    fn try_commit(&mut self) -> Result<bool> {
        self.commit().map(|()| true)
    }
}

impl<R: RingTx, W: RingWait> Drop for RingSender<R, W> {
    fn drop(&mut self) {
        self.ring.close();
        // A futex that cannot be woken leaves a sleeper to its timeout.
        let _ = self.rest.wake(&self.ring);
    }
}

/// The receiving half. Dropping it tells the sender that nothing more will be read.
#[derive(Debug)]
pub struct RingReceiver<R: RingRx, W: RingWait> {
    pub(crate) ring: R,
    pub(crate) rest: Rest<W>,
    /// The message lent next was there when the one before was released.
    in_batch: bool,
    /// So was the one released last, and nothing is behind it: the sender runs ahead.
    drained_batch: bool,
    /// Times that [`ready`](Receiver::ready) found nothing since it last asked the lifeline.
    vain_looks: u32,
}

impl<R: RingRx, W: RingWait> RingReceiver<R, W> {
    pub(crate) fn new(ring: R, rest: Rest<W>) -> Self {
        RingReceiver { ring, rest, in_batch: false, drained_batch: false, vain_looks: 0 }
    }

    #[inline]
    fn wait_for_message(&mut self) -> Result<()> {
        if self.drained_batch {
            for _ in 0..BATCH_PAUSES {
                spin_loop();
            }
        }
        self.rest.wait.until(&mut Message { ring: &mut self.ring }, &self.rest.lifeline)
    }
}

impl<R: RingRx, W: RingWait> Receiver for RingReceiver<R, W> {
    #[inline(always)]
    fn receive(&mut self) -> Result<&[u8]> {
        if !self.ring.poll_receive()? {
            self.wait_for_message()?;
        }
        Ok(self.ring.received())
    }

    #[inline(always)]
    fn release(&mut self) -> Result<()> {
        self.ring.release();
        self.rest.wake(&self.ring)?;
        // What was behind this one already, if anything: a sender that waits for its answer has sent nothing more. The
        // next `receive` need not look again.
        let behind = matches!(self.ring.poll_receive(), Ok(true));
        self.drained_batch = !behind && self.in_batch;
        self.in_batch = behind;
        Ok(())
    }

    #[inline]
    fn ready(&mut self) -> Result<bool> {
        // What fails fails again in `receive`.
        if !matches!(self.ring.poll_receive(), Ok(false)) {
            return Ok(true);
        }
        Ok(looked_in_vain(&mut self.vain_looks, &self.rest.lifeline))
    }
}

impl<R: RingRx, W: RingWait> Drop for RingReceiver<R, W> {
    fn drop(&mut self) {
        self.ring.close();
        // A futex that cannot be woken leaves a sleeper to its timeout.
        let _ = self.rest.wake(&self.ring);
    }
}

/// A sender's turn.
struct Room<'a, R> {
    ring: &'a mut R,
    len: usize,
}

/// A receiver's turn.
struct Message<'a, R> {
    ring: &'a mut R,
}

impl<R: RingTx> Look for Room<'_, R> {
    #[inline]
    fn look(&mut self) -> Result<bool> {
        self.ring.poll_claim(self.len)
    }
}

impl<R: RingRx> Look for Message<'_, R> {
    #[inline]
    fn look(&mut self) -> Result<bool> {
        self.ring.poll_receive()
    }
}

impl<R: RingTx> Turn for Room<'_, R> {
    fn flag(&self) -> &AtomicU32 {
        self.ring.own_flag()
    }
}

impl<R: RingRx> Turn for Message<'_, R> {
    fn flag(&self) -> &AtomicU32 {
        self.ring.own_flag()
    }
}
