//! The sending half.

use super::cells::{Cells, Word};
use crate::RingError;
use crate::sleep;
use crate::sync::{AtomicU32, Ordering};
use core::ptr::NonNull;

/// Distance ahead of the written message at which a line is requested, in bytes. Streams of one message a publication, ns a
/// message: of 8 B in one cache 2.8, 2.1, 2.9, 2.9 at 0, 128, 256, 384 B ahead, far apart 12.6, 5.5, 9.1, 12.5 at 0, 256, 512,
/// 1024; of 56 B in one cache 4.2, 3.8, 3.4, 3.0 at 0, 128, 256, 384.
const AHEAD: usize = 256;
/// Longest slot for which that is worth the instruction: longer ones the CPU foresees by itself.
const FORESEEN: usize = 128;

/// The sending half of a ring of slots.
///
/// Dropping it closes nothing, because after a `fork(2)` both processes hold a copy of whatever was attached before:
/// [`close`](Producer::close) does.
pub struct Producer<'m> {
    cells: Cells<'m>,
    /// The message that is claimed next, or is claimed now; all before are written.
    tail: u64,
    /// Its place.
    place: usize,
    /// First message for which there is no room, as far as is known.
    limit: u64,
    /// Messages claimed.
    claimed: u64,
    /// Length of each, in bytes.
    len: usize,
    /// The first message that is written and not published: its place and its word. The words of those behind it
    /// are in their slots already.
    staged: Option<(usize, Word)>,
    closed: bool,
}

#[cfg(not(loom))]
impl<'m> Producer<'m> {
    /// Makes an empty ring of `count` slots for messages of up to `largest` bytes in the `len` bytes at `base`, and attaches
    /// to it.
    ///
    /// Fails when there are less than two slots or they take more than 4 GiB, or the memory is too short or not on a
    /// multiple of [`ALIGNMENT`](crate::ALIGNMENT).
    ///
    /// # Safety
    /// - `base` is valid for reads and writes of `len` bytes during `'m`, and no one else uses them during the call.
    /// - Afterwards they are used by one `Producer` and one [`Consumer`](super::Consumer) at a time, over all processes.
    pub unsafe fn create(
        base: NonNull<u8>,
        len: usize,
        count: usize,
        largest: usize,
    ) -> Result<Self, RingError> {
        // SAFETY: the caller's promise, passed on.
        Self::over(unsafe { Cells::create(base, len, (count, largest)) }?)
    }

    /// Attaches to the ring in the `len` bytes at `base`, where its last producer left off.
    ///
    /// Fails when the memory holds no ring of this kind, a damaged one, or a part of one.
    ///
    /// # Safety
    /// - `base` is valid for reads and writes of `len` bytes during `'m`.
    /// - They are used by one `Producer` and one [`Consumer`](super::Consumer) at a time, over all processes.
    pub unsafe fn attach(base: NonNull<u8>, len: usize) -> Result<Self, RingError> {
        // SAFETY: the caller's promise, passed on.
        Self::over(unsafe { Cells::attach(base, len) }?)
    }
}

impl<'m> Producer<'m> {
    /// Returns where the last producer left off is written in the slots alone: at the first that holds no message of
    /// its lap.
    pub(crate) fn over(cells: Cells<'m>) -> Result<Self, RingError> {
        let head = cells.control().head.load(cells.find_room()) >> 1;
        let closed = cells.control().ended.load(Ordering::Relaxed) != 0;
        let (mut tail, mut place) = (head, cells.place(head));
        while tail != head + cells.count
            && Word(cells.word(place).load(Ordering::Relaxed)).is_of(tail)
        {
            (tail, place) = (tail + 1, cells.next(place));
        }
        // No room until the consumer has been looked at: a closed ring stays closed.
        Ok(Producer { cells, tail, place, limit: tail, claimed: 0, len: 0, staged: None, closed })
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

    /// Lends space for a message of `len` bytes; `None` when there is no room yet.
    ///
    /// A claim before the last one was committed abandons it. Fails with [`RingError::TooLong`]; after a
    /// [`close`](Producer::close), and when the consumer had to be looked at and has closed, with [`RingError::Closed`];
    /// with [`RingError::Corrupt`] when the consumer's number is outside the ring.
    #[inline]
    pub fn try_claim(&mut self, len: usize) -> Result<Option<&mut [u8]>, RingError> {
        if self.poll_claim(len)? { Ok(Some(self.claimed())) } else { Ok(None) }
    }

    /// Works as [`try_claim`](Producer::try_claim), without lending the space yet: [`claimed`](Producer::claimed) does.
    #[inline]
    pub fn poll_claim(&mut self, len: usize) -> Result<bool, RingError> {
        Ok(self.poll_claim_many(1, len)? == 1)
    }

    /// Claims space for up to `most` messages of `len` bytes each; says for how many there is room.
    /// [`claims`](Producer::claims) lends it. Fails as [`try_claim`](Producer::try_claim) does.
    #[inline]
    pub fn poll_claim_many(&mut self, most: u64, len: usize) -> Result<u64, RingError> {
        self.claimed = 0;
        if len > self.cells.largest {
            return Err(RingError::TooLong { len, max: self.cells.largest });
        }
        if self.limit.wrapping_sub(self.tail) < most {
            self.look()?;
        }
        self.claimed = self.limit.wrapping_sub(self.tail).min(most);
        self.len = len;
        Ok(self.claimed)
    }

    /// Returns the space claimed last, the first message's where several are claimed; empty when nothing is
    /// claimed.
    #[inline]
    pub fn claimed(&mut self) -> &mut [u8] {
        let len = if self.claimed == 0 { 0 } else { self.len };
        // SAFETY: the slot at `place` is this half's until it is published: no room is known of but what was given back.
        unsafe { space(&self.cells, self.place, len).as_mut() }
    }

    /// Returns the space claimed last, message by message.
    #[inline]
    pub fn claims(&mut self) -> Claims<'_, 'm> {
        Claims { cells: &self.cells, place: self.place, left: self.claimed, len: self.len }
    }

    /// Publishes what was claimed last, and what is staged before it; nothing when there is none.
    #[inline]
    pub fn commit(&mut self) {
        self.stage();
        self.publish();
    }

    /// Finishes what was claimed last without publishing it yet: [`publish`](Producer::publish) does, or the next
    /// [`commit`](Producer::commit), or a claim that finds no room.
    #[inline]
    pub fn stage(&mut self) {
        for _ in 0..self.claimed {
            self.cells.track_write(self.place);
            let word = Word::new(self.tail, self.len as u32);
            if self.staged.is_some() {
                // Relaxed: no one comes here before the first of them is published.
                self.cells.word(self.place).store(word.0, Ordering::Relaxed);
            } else {
                self.staged = Some((self.place, word));
                if !self.cells.first_comes_last() {
                    self.cells.word(self.place).store(word.0, self.cells.publish());
                }
            }
            if self.cells.stride <= FORESEEN {
                self.cells.prepare(self.place, AHEAD);
            }
            (self.tail, self.place) = (self.tail.wrapping_add(1), self.cells.next(self.place));
        }
        self.claimed = 0;
    }

    /// Publishes what is staged, with one store.
    #[inline]
    pub fn publish(&mut self) {
        if let Some((place, word)) = self.staged.take() {
            self.cells.word(place).store(word.0, self.cells.publish());
        }
    }

    /// Ends the stream: the consumer gets what was committed or staged, then [`RingError::Closed`].
    pub fn close(&mut self) {
        self.publish();
        (self.closed, self.limit, self.claimed) = (true, self.tail, 0);
        // Release: who sees the end sees all messages before it.
        self.cells.control().ended.store(1, Ordering::Release);
    }

    /// Looks where the consumer is by now.
    #[cold]
    fn look(&mut self) -> Result<(), RingError> {
        // It might have to read what is staged before it can give anything back.
        self.publish();
        if self.closed {
            return Err(RingError::Closed);
        }
        let found = self.cells.control().head.load(self.cells.find_room());
        if found & 1 != 0 {
            return Err(RingError::Closed);
        }
        let head = found >> 1;
        if self.tail.wrapping_sub(head) > self.cells.count {
            return Err(RingError::Corrupt { what: "the head is outside the ring", value: head });
        }
        self.limit = head + self.cells.count + self.cells.credit();
        Ok(())
    }

    /// Says that this side sleeps until there is room; returns what its flag holds meanwhile. Claim again before sleeping; see [`sleep`].
    #[must_use = "it is what the flag must still hold when the sleep begins"]
    pub fn announce_sleep(&self) -> u32 {
        self.cells.announce_sleep(self.own_flag())
    }

    /// Says that this side runs again.
    pub fn retract_sleep(&self) {
        sleep::retract(self.own_flag());
    }

    /// Returns true after a publication or a close if the consumer sleeps and must be woken on
    /// [`peer_flag`](Producer::peer_flag).
    #[inline]
    #[must_use = "a sleeper that is not woken sleeps on"]
    pub fn take_wake(&self) -> bool {
        self.cells.take_wake(self.peer_flag())
    }

    /// Returns the word this side sleeps on.
    #[must_use]
    pub fn own_flag(&self) -> &AtomicU32 {
        &self.cells.control().producer_sleeps
    }

    /// Returns the word the consumer sleeps on.
    #[must_use]
    pub fn peer_flag(&self) -> &AtomicU32 {
        &self.cells.control().consumer_sleeps
    }
}

/// Space for messages of one length, each in its slot.
pub struct Claims<'p, 'm> {
    cells: &'p Cells<'m>,
    place: usize,
    left: u64,
    len: usize,
}

impl<'p> Iterator for Claims<'p, '_> {
    type Item = &'p mut [u8];

    #[inline]
    fn next(&mut self) -> Option<&'p mut [u8]> {
        if self.left == 0 {
            return None;
        }
        let place = self.place;
        (self.left, self.place) = (self.left - 1, self.cells.next(place));
        // SAFETY: the slot is claimed, the producer is borrowed meanwhile, and each place comes once.
        Some(unsafe { space(self.cells, place, self.len).as_mut() })
    }
}

/// Returns where the `len` bytes of the message at `place` lie; they are about to be written.
#[inline]
fn space(cells: &Cells<'_>, place: usize, len: usize) -> NonNull<[u8]> {
    if len == 0 {
        return NonNull::from(&mut []);
    }
    cells.track_write(place);
    NonNull::slice_from_raw_parts(cells.message(place), len)
}

impl core::fmt::Debug for Claims<'_, '_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Claims").field("left", &self.left).finish_non_exhaustive()
    }
}

impl core::fmt::Debug for Producer<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Producer")
            .field("count", &self.cells.count)
            .field("tail", &self.tail)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
