//! The receiving half.

use super::slots::{Slots, State, TAG_MAX, Word, after};
use crate::RingError;
use crate::sleep;
use crate::sync::{AtomicU32, Ordering};
#[cfg(not(loom))]
use core::ptr::NonNull;

/// The receiving half of a ring. Several may be attached, and the first that polls is the one consumer from then on.
///
/// Dropping it closes nothing, because after a `fork(2)` both processes hold a copy of whatever was attached before:
/// [`close`](Consumer::close) does.
pub struct Consumer<'m> {
    slots: Slots<'m>,
    tag: u32,
    /// This half is the consumer.
    owns: bool,
    /// The message that comes next.
    head: u64,
    /// The length of the message that is lent, if one is.
    lent: Option<usize>,
}

#[cfg(not(loom))]
impl Consumer<'_> {
    /// Attaches. `tag`, not 0, tells this half from others.
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

impl<'m> Consumer<'m> {
    pub(crate) fn over(slots: Slots<'m>, tag: u32) -> Self {
        Consumer { slots, tag: (tag & TAG_MAX).max(1), owns: false, head: 0, lent: None }
    }

    /// Becomes the consumer, or says who is.
    #[cold]
    fn own(&mut self) -> Result<(), RingError> {
        let control = self.slots.control();
        let (success, failure) = (Ordering::Acquire, Ordering::Relaxed);
        match control.consumer.compare_exchange(0, self.tag, success, failure) {
            Ok(_) => {
                self.head = control.head.load(Ordering::Relaxed);
                self.owns = true;
                Ok(())
            }
            Err(tag) => Err(RingError::Occupied { tag }),
        }
    }

    /// True when there is a message to lend; [`received`](Consumer::received) does.
    ///
    /// Fails with [`RingError::Closed`] after the last message of the last producer, with [`RingError::Occupied`] when
    /// another half is the consumer, and with [`RingError::Corrupt`] when what stands in a slot breaks the rules.
    #[inline]
    pub fn poll_receive(&mut self) -> Result<bool, RingError> {
        if self.lent.is_some() {
            return Ok(true);
        }
        if !self.owns {
            self.own()?;
        }
        loop {
            // Acquire: the message before its commit.
            let word = Word(self.slots.word(self.head).load(Ordering::Acquire));
            if word.number() != self.head {
                let what = "a slot is for another message than the next";
                return Err(RingError::Corrupt { what, value: word.0 });
            }
            match word.state() {
                State::Committed => return self.lend(),
                State::Skipped => self.free(),
                State::Claimed => return Ok(false),
                State::Free => return self.end(),
            }
        }
    }

    #[inline]
    fn lend(&mut self) -> Result<bool, RingError> {
        let len = self.slots.length(self.head).load(Ordering::Relaxed);
        if len > self.slots.largest as u64 {
            let what = "a message is longer than its slot";
            return Err(RingError::Corrupt { what, value: len });
        }
        self.lent = Some(len as usize);
        Ok(true)
    }

    /// Nothing is there: is anything to come?
    #[inline]
    fn end(&self) -> Result<bool, RingError> {
        // Acquire: what a producer claimed and committed before it left.
        let attendance = self.slots.control().attendance.load(Ordering::Acquire);
        let (came, left) = (attendance >> 32, attendance & 0xffff_ffff);
        if came == 0 || came != left {
            return Ok(false);
        }
        let word = Word(self.slots.word(self.head).load(Ordering::Acquire));
        if word.state() == State::Free { Err(RingError::Closed) } else { Ok(false) }
    }

    /// The message lent last; empty when none is.
    #[inline]
    #[must_use]
    pub fn received(&self) -> &[u8] {
        let Some(len) = self.lent else { return &[] };
        self.slots.track_read(self.head);
        let bytes = self.slots.message(self.head);
        // SAFETY: the slot is committed: its producer is done with it, and no other gets it until it is freed.
        unsafe { core::slice::from_raw_parts(bytes.as_ptr(), len) }
    }

    /// Gives the space of the message lent last back; nothing when there is none.
    #[inline]
    pub fn release(&mut self) {
        if self.lent.take().is_some() {
            self.slots.track_read(self.head);
            self.free();
        }
    }

    /// Frees the slot of the next message for the next lap.
    #[inline]
    fn free(&mut self) {
        let free = Word::new(after(self.head, self.slots.count), State::Free, 0);
        self.slots.word(self.head).store(free.0, self.slots.give_back());
        self.head = after(self.head, 1);
        self.slots.control().head.store(self.head, Ordering::Relaxed);
    }

    /// The tag of the producer that has claimed the next message and not committed it.
    #[must_use]
    pub fn stalled(&self) -> Option<u32> {
        let word = Word(self.slots.word(self.head).load(Ordering::Relaxed));
        (self.owns && word.state() == State::Claimed).then(|| word.tag())
    }

    /// Skips the claim that [`stalled`](Consumer::stalled) told of, if it is still there.
    ///
    /// # Safety
    /// The producer of that tag has ended: it writes no more into the slot, which others will be given.
    pub unsafe fn skip(&mut self, tag: u32) {
        let claimed = Word::new(self.head, State::Claimed, tag);
        let skipped = Word::new(self.head, State::Skipped, tag);
        let relaxed = Ordering::Relaxed;
        let word = self.slots.word(self.head);
        let _ = word.compare_exchange(claimed.0, skipped.0, relaxed, relaxed);
    }

    /// Says that nothing more will be received: producers that claim get [`RingError::Closed`]. Nothing where another half is
    /// the consumer.
    pub fn close(&mut self) {
        if self.owns || self.own().is_ok() {
            self.slots.control().consumer_closed.store(1, Ordering::Release);
        }
    }

    /// Says that this side sleeps until there is a message; returns the value of the flag to sleep on. Poll once more
    /// before sleeping; see [`mpsc`](super).
    #[must_use = "it is what the flag must still hold when the sleep begins"]
    pub fn announce_sleep(&self) -> u32 {
        self.slots.announce_sleep(self.own_flag())
    }

    /// Says that this side runs again.
    pub fn retract_sleep(&self) {
        sleep::retract(self.own_flag());
    }

    /// After a release or a close: true when producers sleep, and all must now be woken on
    /// [`peer_flag`](Consumer::peer_flag).
    #[inline]
    #[must_use = "a sleeper that is not woken sleeps on"]
    pub fn take_wake(&self) -> bool {
        self.slots.take_wake(self.peer_flag())
    }

    /// The word this side sleeps on.
    #[must_use]
    pub fn own_flag(&self) -> &AtomicU32 {
        &self.slots.control().consumer_sleeps
    }

    /// The word all producers sleep on.
    #[must_use]
    pub fn peer_flag(&self) -> &AtomicU32 {
        &self.slots.control().producers_sleep
    }
}

impl core::fmt::Debug for Consumer<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Consumer")
            .field("owns", &self.owns)
            .field("head", &self.head)
            .finish_non_exhaustive()
    }
}
