//! A sending half; there may be many.

use super::slots::{Slots, State, TAG_MAX, Word, after};
use crate::RingError;
use crate::sync::{AtomicU32, Ordering};
#[cfg(not(loom))]
use core::ptr::NonNull;

/// A sending half of a ring.
///
/// Dropping it closes nothing, because after a `fork(2)` both processes hold a copy of whatever was attached before:
/// [`close`](Producer::close) does.
pub struct Producer<'m> {
    slots: Slots<'m>,
    tag: u32,
    /// The message this half has claimed.
    claimed: Option<u64>,
    /// Length of that message.
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
        Producer { slots, tag: tag & TAG_MAX, claimed: None, len: 0, closed: false }
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
        let control = self.slots.control();
        if self.closed || control.consumer_closed.load(Ordering::Relaxed) != 0 {
            return Err(RingError::Closed);
        }
        self.len = len;
        if self.claimed.is_some() {
            return Ok(true);
        }
        // Relaxed: only a hint. It is never ahead of the first slot that nobody has claimed, since it moves on from a
        // message only after that message's slot was seen claimed.
        let mut number = control.tail.load(Ordering::Relaxed);
        loop {
            let word = Word(self.slots.word(number).load(Ordering::Relaxed));
            if word.is_before(number) {
                // The consumer has yet to free it.
                return Ok(false);
            }
            if word == Word::new(number, State::Free, 0) {
                let claimed = Word::new(number, State::Claimed, self.tag);
                if self.slots.exchange(number, word, claimed) {
                    self.pass(number);
                    self.claimed = Some(number);
                    return Ok(true);
                }
                // Another was faster; its word says so next time.
                continue;
            }
            // Somebody has it, or had it a lap ago, and did not yet move the tail on, or never will.
            self.pass(number);
            number = after(number, 1);
        }
    }

    /// Moves the tail beyond `number`, unless it is there already.
    #[inline]
    fn pass(&self, number: u64) {
        let next = after(number, 1);
        let relaxed = Ordering::Relaxed;
        let _ = self.slots.control().tail.compare_exchange(number, next, relaxed, relaxed);
    }

    /// The space claimed last; empty when nothing is claimed.
    #[inline]
    pub fn claimed(&mut self) -> &mut [u8] {
        let Some(number) = self.claimed else { return &mut [] };
        self.slots.track_write(number);
        let bytes = self.slots.message(number);
        // SAFETY: the slot is claimed by this half, which alone touches its message until it commits.
        unsafe { core::slice::from_raw_parts_mut(bytes.as_ptr(), self.len) }
    }

    /// Publishes the message claimed last; nothing when there is none.
    #[inline]
    pub fn commit(&mut self) {
        let Some(number) = self.claimed.take() else { return };
        self.slots.track_write(number);
        self.slots.length(number).store(self.len as u64, Ordering::Relaxed);
        let committed = Word::new(number, State::Committed, self.tag);
        self.slots.word(number).store(committed.0, self.slots.publish());
    }

    /// Ends this half: what it claimed and did not commit is skipped. When all producers have closed, the consumer gets
    /// what was committed, then [`RingError::Closed`].
    pub fn close(&mut self) {
        if let Some(number) = self.claimed.take() {
            let skipped = Word::new(number, State::Skipped, self.tag);
            self.slots.word(number).store(skipped.0, self.slots.publish());
        }
        if !self.closed {
            self.closed = true;
            // Release: a consumer that counts this half out finds all that it committed.
            self.slots.control().attendance.fetch_add(1, Ordering::Release);
        }
    }

    /// Says that this side sleeps until there is room; returns the value of the flag to sleep on. Claim once more before
    /// sleeping; see [`mpsc`](super). There is nothing to retract: others may sleep on the same flag.
    #[must_use = "it is what the flag must still hold when the sleep begins"]
    pub fn announce_sleep(&self) -> u32 {
        self.slots.announce_sleep(self.own_flag())
    }

    /// After a commit or a close: true when the consumer sleeps, and must now be woken on
    /// [`peer_flag`](Producer::peer_flag).
    #[inline]
    #[must_use = "a sleeper that is not woken sleeps on"]
    pub fn take_wake(&self) -> bool {
        self.slots.take_wake(self.peer_flag())
    }

    /// The word all producers sleep on.
    #[must_use]
    pub fn own_flag(&self) -> &AtomicU32 {
        &self.slots.control().producers_sleep
    }

    /// The word the consumer sleeps on.
    #[must_use]
    pub fn peer_flag(&self) -> &AtomicU32 {
        &self.slots.control().consumer_sleeps
    }
}

impl core::fmt::Debug for Producer<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Producer")
            .field("tag", &self.tag)
            .field("claimed", &self.claimed)
            .finish_non_exhaustive()
    }
}
