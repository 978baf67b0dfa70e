//! A sending half; there may be many.

use super::slots::{Claim, Mark, RUN_MAX, Slots, TAG_MAX};
use crate::RingError;
use crate::sync::{AtomicU32, Ordering};
#[cfg(not(loom))]
use core::ptr::NonNull;

/// Claims of others that a producer walks over before it looks whether the consumer is beyond them.
const STRIDES: u64 = 32;
/// Pauses after a lost claim at most, as a power of two.
#[cfg(not(loom))]
const PAUSES_LOG_MAX: u32 = 6;

/// A sending half of a ring.
///
/// Dropping it closes nothing, because after a `fork(2)` both processes hold a copy of whatever was attached before:
/// [`close`](Producer::close) does.
pub struct Producer<'m> {
    slots: Slots<'m>,
    tag: u32,
    /// The first message that this half does not know to be claimed.
    next: u64,
    /// Slots that the consumer has released, as last read.
    head: u64,
    /// The message to be committed next, once something is claimed: the slots up to `end` are this half's.
    number: u64,
    end: u64,
    /// There is a claim at `number`, of `len` bytes.
    claimed: bool,
    len: usize,
    closed: bool,
}

#[cfg(not(loom))]
impl Producer<'_> {
    /// Attaches one more producer. `tag` (1 to [`TAG_MAX`](super::TAG_MAX)) names it to the consumer: its process number.
    ///
    /// Fails when the memory holds no ring of this kind, a damaged one, or a part of one.
    ///
    /// # Safety
    /// - `base` is valid for reads and writes of `len` bytes during the half's life.
    /// - They are used by halves of this ring alone.
    pub unsafe fn attach(base: NonNull<u8>, len: usize, tag: u32) -> Result<Self, RingError> {
        // SAFETY: the caller's promise, passed on.
        Ok(Self::over(unsafe { Slots::attach(base, len) }?, tag))
    }
}

impl<'m> Producer<'m> {
    pub(crate) fn over(slots: Slots<'m>, tag: u32) -> Self {
        slots.control().attendance.fetch_add(1 << 32, Ordering::Relaxed);
        Producer {
            slots,
            tag: tag & TAG_MAX,
            next: 0,
            head: 0,
            number: 0,
            end: 0,
            claimed: false,
            len: 0,
            closed: false,
        }
    }

    /// Claims a slot for a message of `len` bytes; false when there is no room. Claiming again before the commit keeps the
    /// slot, with the new length.
    ///
    /// Fails with [`RingError::Closed`] when the consumer has closed, and with [`RingError::TooLong`] when no slot is
    /// that long.
    #[inline]
    pub fn poll_claim(&mut self, len: usize) -> Result<bool, RingError> {
        if len > self.slots.largest {
            return Err(RingError::TooLong { len, max: self.slots.largest });
        }
        if self.number == self.end && self.poll_reserve(1)? == 0 {
            return Ok(false);
        }
        self.claimed = true;
        self.len = len;
        Ok(true)
    }

    /// Claims up to `count` slots in a row (at most [`RUN_MAX`], and half the ring) by one exchange, and says how many; 0 when
    /// there is no room. The claims that follow take them one by one. They hold up what others claim after them until each
    /// is committed, or [given up](Producer::give_up).
    ///
    /// Fails with [`RingError::Closed`] when the consumer has closed.
    #[inline]
    pub fn poll_reserve(&mut self, count: usize) -> Result<usize, RingError> {
        if self.closed || self.slots.control().consumer_closed.load(Ordering::Relaxed) != 0 {
            return Err(RingError::Closed);
        }
        if self.number == self.end {
            let most = (self.slots.count / 2).min(RUN_MAX as u64);
            self.take((count as u64).clamp(1, most));
        }
        Ok((self.end - self.number) as usize)
    }

    /// Claims up to `run` slots, if there is room.
    #[inline]
    fn take(&mut self, run: u64) {
        // Others claim too: it need not be the first look that finds the place. One that goes on and on means that they
        // are faster, and is as good as no room.
        let mut lost = 0;
        for look in 1..=2 * self.slots.count + STRIDES {
            let number = self.next;
            let mut room = self.room(number);
            if room < run {
                self.head = self.slots.head();
                room = self.room(number);
                if room == 0 {
                    return;
                }
            }
            // Relaxed: who has the slot is all that it says.
            let found = Claim(self.slots.claim(number).load(Ordering::Relaxed));
            let lap = self.slots.lap(number);
            if found.lap() == lap.wrapping_sub(1) {
                let run = run.min(room);
                if self.slots.exchange(number, found, Claim::new(lap, run, self.tag)) {
                    self.own(number, run);
                    return;
                }
                lost += 1;
                pause(lost);
            } else if found.lap() == lap && !look.is_multiple_of(STRIDES) {
                self.next = number + self.slots.step(found);
            } else {
                self.catch_up();
            }
        }
    }

    /// Slots between `number` and the consumer's place a lap later.
    #[inline]
    fn room(&self, number: u64) -> u64 {
        // A number that lags behind the head is known to be claimed, but not yet by this half.
        let ahead = number.saturating_sub(self.head);
        self.slots.count.saturating_sub(ahead)
    }

    /// Takes the slots from `number` on for this half.
    #[inline]
    fn own(&mut self, number: u64, run: u64) {
        for inside in 1..run {
            // Before the commit of that slot, and so before another can claim it.
            let claim = Claim::new(self.slots.lap(number + inside), run - inside, self.tag);
            self.slots.claim(number + inside).store(claim.0, Ordering::Relaxed);
        }
        (self.number, self.end) = (number, number + run);
        self.next = self.end;
    }

    /// Goes on at least where the consumer is. That may be inside a run, whose end comes from its first claim: it is
    /// visible, as the consumer took a message of this run before it published the head.
    #[cold]
    fn catch_up(&mut self) {
        self.head = self.slots.head();
        if self.next < self.head {
            let left = self.slots.covering(self.head).map_or(0, |(_, left)| left);
            self.next = self.head + left;
        }
    }

    /// Returns the space claimed last; empty when nothing is claimed.
    #[inline]
    pub fn claimed(&mut self) -> &mut [u8] {
        if !self.claimed {
            return &mut [];
        }
        self.slots.track_write(self.number);
        let bytes = self.slots.message(self.number);
        // SAFETY: the slot is claimed by this half, which alone touches its message until it commits.
        unsafe { core::slice::from_raw_parts_mut(bytes.as_ptr(), self.len) }
    }

    /// Publishes the message claimed last; nothing when there is none.
    #[inline]
    pub fn commit(&mut self) {
        if self.claimed {
            self.slots.track_write(self.number);
            self.mark(Mark::message(self.slots.lap(self.number), self.len as u32));
            self.claimed = false;
        }
    }

    /// Marks the next slot of this half's, which then is the consumer's.
    #[inline]
    fn mark(&mut self, mark: Mark) {
        self.slots.mark(self.number).store(mark.0, self.slots.publish());
        self.number += 1;
    }

    /// Gives up what is claimed or reserved and not committed: the consumer passes over it.
    pub fn give_up(&mut self) {
        while self.number != self.end {
            self.mark(Mark::skipped(self.slots.lap(self.number)));
        }
        self.claimed = false;
    }

    /// Ends this half: what it claimed and did not commit is given up. When all producers have closed, the consumer gets
    /// what was committed, then [`RingError::Closed`].
    pub fn close(&mut self) {
        self.give_up();
        if !self.closed {
            self.closed = true;
            self.slots.control().attendance.fetch_add(1, self.slots.leave());
        }
    }

    /// Says that this side sleeps until there is room; returns the value of the flag to sleep on. Claim again before
    /// sleeping; see [`mpsc`](super). There is nothing to retract: others may sleep on the same flag.
    #[must_use = "it is what the flag must still hold when the sleep begins"]
    pub fn announce_sleep(&self) -> u32 {
        self.slots.announce_sleep(self.own_flag())
    }

    /// Returns true after a commit or a close if the consumer sleeps and must be woken on
    /// [`peer_flag`](Producer::peer_flag).
    #[inline]
    #[must_use = "a sleeper that is not woken sleeps on"]
    pub fn take_wake(&self) -> bool {
        self.slots.take_wake(self.peer_flag())
    }

    /// Returns the word all producers sleep on.
    #[must_use]
    pub fn own_flag(&self) -> &AtomicU32 {
        &self.slots.control().producers_sleep
    }

    /// Returns the word the consumer sleeps on.
    #[must_use]
    pub fn peer_flag(&self) -> &AtomicU32 {
        &self.slots.control().consumer_sleeps
    }
}

/// Leaves the line to another producer that won a claim for a moment, longer each time, so that it gets several claims done
/// before the line comes over here.
#[cold]
fn pause(lost: u32) {
    #[cfg(not(loom))]
    (0..1u32 << lost.min(PAUSES_LOG_MAX)).for_each(|_| core::hint::spin_loop());
    #[cfg(loom)]
    let _ = lost;
}

impl core::fmt::Debug for Producer<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Producer")
            .field("tag", &self.tag)
            .field("claimed", &(self.number..self.end))
            .finish_non_exhaustive()
    }
}
