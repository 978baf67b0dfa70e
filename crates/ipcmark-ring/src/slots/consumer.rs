//! The receiving half.

use super::cells::{Cells, Word};
use crate::RingError;
use crate::sleep;
use crate::sync::{AtomicU32, Ordering};
#[cfg(not(loom))]
use core::ptr::NonNull;

/// The receiving half of a ring of slots.
///
/// Dropping it closes nothing, because after a `fork(2)` both processes hold a copy of whatever was attached before:
/// [`close`](Consumer::close) does.
pub struct Consumer<'m> {
    cells: Cells<'m>,
    /// The message that comes next, or is lent now.
    head: u64,
    /// Its place.
    place: usize,
    /// The length of the message that is lent, if one is.
    lent: Option<usize>,
    /// Messages released since the batch was last taken.
    batch: u32,
    /// 1 once this side has closed.
    closed: u64,
}

#[cfg(not(loom))]
impl Consumer<'_> {
    /// Attaches to the ring in the `len` bytes at `base`, where its last consumer left off. A message that was lent and
    /// not given back comes again.
    ///
    /// Fails when the memory holds no ring of this kind, a damaged one, or a part of one.
    ///
    /// # Safety
    /// - `base` is valid for reads and writes of `len` bytes during `'m`.
    /// - They are used by one [`Producer`](super::Producer) and one `Consumer` at a time, over all processes.
    pub unsafe fn attach(base: NonNull<u8>, len: usize) -> Result<Self, RingError> {
        // SAFETY: the caller's promise, passed on.
        Ok(Self::over(unsafe { Cells::attach(base, len) }?))
    }
}

impl<'m> Consumer<'m> {
    pub(crate) fn over(cells: Cells<'m>) -> Self {
        let published = cells.control().head.load(Ordering::Relaxed);
        let (head, closed) = (published >> 1, published & 1);
        let place = cells.place(head);
        Consumer { cells, head, place, lent: None, batch: 0, closed }
    }

    /// Slots of the ring.
    #[must_use]
    pub fn count(&self) -> usize {
        self.cells.count as usize
    }

    /// Returns the longest message, in bytes.
    #[must_use]
    pub fn largest(&self) -> usize {
        self.cells.largest
    }

    /// Lends the next message; `None` when there is none yet. The same one again until it is released.
    ///
    /// Fails with [`RingError::Closed`] after the last message, and with [`RingError::Corrupt`] when what the producer
    /// wrote is no message of this ring.
    #[inline]
    pub fn try_receive(&mut self) -> Result<Option<&[u8]>, RingError> {
        if self.poll_receive()? { Ok(Some(self.received())) } else { Ok(None) }
    }

    /// Works as [`try_receive`](Consumer::try_receive), without lending the message yet: [`received`](Consumer::received) does.
    #[inline]
    pub fn poll_receive(&mut self) -> Result<bool, RingError> {
        if self.lent.is_some() {
            return Ok(true);
        }
        let word = Word(self.cells.word(self.place).load(self.cells.observe()));
        if word.is_of(self.head) {
            return self.lend(word);
        }
        self.nothing(word)
    }

    #[inline]
    fn lend(&mut self, word: Word) -> Result<bool, RingError> {
        if word.len() > self.cells.largest {
            return corrupt("a message is longer than its slot", word);
        }
        self.lent = Some(word.len());
        Ok(true)
    }

    /// Returns the slot holds `word`, which is not that of the next message. Is anything to come?
    fn nothing(&mut self, word: Word) -> Result<bool, RingError> {
        if !word.is_of(self.head.wrapping_sub(self.cells.count)) {
            return corrupt("a slot holds a message of neither this lap nor the last", word);
        }
        // Acquire: all messages before the end.
        if self.cells.control().ended.load(Ordering::Acquire) == 0 {
            return Ok(false);
        }
        // It may have been published between the two looks.
        let word = Word(self.cells.word(self.place).load(self.cells.observe()));
        if word.is_of(self.head) && self.cells.looks_again_at_the_end() {
            return self.lend(word);
        }
        Err(RingError::Closed)
    }

    /// Returns the message lent last; empty when none is.
    #[inline]
    #[must_use]
    pub fn received(&self) -> &[u8] {
        let Some(len) = self.lent else { return &[] };
        self.cells.track_read(self.place);
        let bytes = self.cells.message(self.place);
        // SAFETY: the message is published and no longer than its slot; the producer leaves it until it is given back.
        unsafe { core::slice::from_raw_parts(bytes.as_ptr(), len) }
    }

    /// Gives the space of the message lent last back; nothing when there is none.
    #[inline]
    pub fn release(&mut self) {
        if self.lent.take().is_none() {
            return;
        }
        self.pass();
        self.give_back();
    }

    /// Shows up to `most` messages that are there to `take`, one after the other, and gives their space back together; says how
    /// many they were. A message that is lent comes first. Fails as [`try_receive`](Consumer::try_receive) does where there
    /// is not one.
    #[inline]
    pub fn drain(&mut self, most: u64, mut take: impl FnMut(&[u8])) -> Result<u64, RingError> {
        let mut taken = 0;
        while taken < most {
            match self.poll_receive() {
                Ok(true) => {}
                Err(end) if taken == 0 => return Err(end),
                // What fails fails again.
                Ok(false) | Err(_) => break,
            }
            take(self.received());
            self.lent = None;
            self.pass();
            taken += 1;
        }
        if taken > 0 {
            self.give_back();
        }
        Ok(taken)
    }

    #[inline]
    fn pass(&mut self) {
        self.cells.track_read(self.place);
        (self.head, self.place) = (self.head.wrapping_add(1), self.cells.next(self.place));
        self.batch = self.batch.wrapping_add(1);
    }

    #[inline]
    fn give_back(&mut self) {
        let order = self.cells.give_back();
        self.cells.control().head.store(self.head << 1 | self.closed, order);
    }

    /// Says that nothing more will be received: the producer's next look at this side gives [`RingError::Closed`].
    pub fn close(&mut self) {
        self.closed = 1;
        self.give_back();
    }

    /// Returns messages released since the last call, to be asked when there is nothing to receive. Two or more mean that the
    /// producer
    /// runs ahead: a caller that then pauses a little before its next poll leaves the producer the line it writes, and lines
    /// move once for all the messages they hold.
    #[inline]
    #[must_use]
    pub fn take_batch(&mut self) -> u32 {
        core::mem::take(&mut self.batch)
    }

    /// Says that this side sleeps until there is a message; returns what its flag holds meanwhile. Poll again before sleeping; see [`sleep`].
    #[must_use = "it is what the flag must still hold when the sleep begins"]
    pub fn announce_sleep(&self) -> u32 {
        self.cells.announce_sleep(self.own_flag())
    }

    /// Says that this side runs again.
    pub fn retract_sleep(&self) {
        sleep::retract(self.own_flag());
    }

    /// Returns true after a release or a close if the producer sleeps and must be woken on [`peer_flag`](Consumer::peer_flag).
    #[inline]
    #[must_use = "a sleeper that is not woken sleeps on"]
    pub fn take_wake(&self) -> bool {
        self.cells.take_wake(self.peer_flag())
    }

    /// Returns the word this side sleeps on.
    #[must_use]
    pub fn own_flag(&self) -> &AtomicU32 {
        &self.cells.control().consumer_sleeps
    }

    /// Returns the word the producer sleeps on.
    #[must_use]
    pub fn peer_flag(&self) -> &AtomicU32 {
        &self.cells.control().producer_sleeps
    }
}

#[cold]
fn corrupt<T>(what: &'static str, word: Word) -> Result<T, RingError> {
    Err(RingError::Corrupt { what, value: word.0 })
}

impl core::fmt::Debug for Consumer<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Consumer")
            .field("count", &self.cells.count)
            .field("head", &self.head)
            .finish_non_exhaustive()
    }
}
