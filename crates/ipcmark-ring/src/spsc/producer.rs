//! The sending half.

mod whole;

use super::records;
use crate::RingError;
use crate::layout::{CLOSED, HEADER, Header, largest_message, lead, record_bytes};
use crate::memory::Memory;
use crate::sleep;
use crate::sync::AtomicU32;
#[cfg(not(loom))]
use core::ptr::NonNull;

/// The sending half of a ring.
///
/// Dropping it closes nothing, because after a `fork(2)` both processes hold a copy of whatever was attached before:
/// [`close`](Producer::close) does.
pub struct Producer<'m> {
    memory: Memory<'m>,
    /// Start of the first record that is not published.
    tail: u64,
    /// The header that will publish it.
    first: Header,
    /// Start of the next claim; claimed space is before it.
    ///
    /// Of all that a claim and a commit write, the next claim waits for this alone: one trip through memory for each message.
    next: u64,
    /// A message is claimed, and neither staged nor committed.
    claimed: bool,
    /// Start of that claim, padding included.
    from: u64,
    /// Position of the claimed record's header.
    start: u64,
    /// Length of the claimed message.
    len: u64,
    /// The consumer's index as last seen; it may have gone on since.
    head: u64,
    /// This side has closed.
    closed: bool,
}

#[cfg(not(loom))]
impl<'m> Producer<'m> {
    /// Makes an empty ring of `capacity` bytes in the `len` bytes at `base`, and attaches to it.
    ///
    /// Fails when the capacity is no power of two in range, or the memory is too short or not on a multiple of
    /// [`ALIGNMENT`](crate::ALIGNMENT).
    ///
    /// # Safety
    /// - `base` is valid for reads and writes of `len` bytes during `'m`, and no one else uses them during the call.
    /// - Afterwards they are used by one `Producer` and one [`Consumer`](super::Consumer) at a time, over all processes.
    pub unsafe fn create(
        base: NonNull<u8>,
        len: usize,
        capacity: usize,
    ) -> Result<Self, RingError> {
        // SAFETY: the caller's promise, passed on.
        Self::over(unsafe { Memory::create(base, len, capacity) }?)
    }

    /// Attaches to the ring in the `len` bytes at `base`, where its last producer left off: behind the last record that was
    /// published, which it walks to from the consumer's index.
    ///
    /// Fails when the memory holds no ring of this kind and version, a damaged one, or a part of one.
    ///
    /// # Safety
    /// - `base` is valid for reads and writes of `len` bytes during `'m`.
    /// - They are used by one `Producer` and one [`Consumer`](super::Consumer) at a time, over all processes.
    pub unsafe fn attach(base: NonNull<u8>, len: usize) -> Result<Self, RingError> {
        // SAFETY: the caller's promise, passed on.
        Self::over(unsafe { Memory::attach(base, len) }?)
    }
}

impl<'m> Producer<'m> {
    pub(crate) fn over(memory: Memory<'m>) -> Result<Self, RingError> {
        let head = records::head(memory.control().head.load(memory.regain()) & !CLOSED)?;
        let (tail, closed) = records::walk(&memory, head)?;
        // No room until the consumer's index has been looked at: a closed ring stays closed.
        let head = tail.wrapping_sub(memory.capacity());
        Ok(Producer {
            memory,
            tail,
            first: Header::EMPTY,
            next: tail,
            claimed: false,
            from: tail,
            start: tail,
            len: 0,
            head,
            closed,
        })
    }

    /// Returns bytes of records the ring has memory for; 8 of them always stay empty.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.memory.capacity() as usize
    }

    /// Lends space for a message of `len` bytes; `None` when there is no room yet, and then nothing is staged any more.
    ///
    /// A claim before the last one was committed or staged abandons it. Fails with [`RingError::TooLong`], with
    /// [`RingError::Closed`] once this side has closed, and, when the consumer's index had to be looked at, with
    /// [`RingError::Closed`] or [`RingError::Corrupt`].
    #[inline]
    pub fn try_claim(&mut self, len: usize) -> Result<Option<&mut [u8]>, RingError> {
        if self.poll_claim(len)? { Ok(Some(self.claimed())) } else { Ok(None) }
    }

    /// Works as [`try_claim`](Producer::try_claim), without lending the space yet: [`claimed`](Producer::claimed) does.
    #[inline(always)]
    pub fn poll_claim(&mut self, len: usize) -> Result<bool, RingError> {
        if self.claimed {
            self.abandon();
        }
        let capacity = self.memory.capacity();
        let max = largest_message(capacity as usize);
        if len > max {
            return Err(RingError::TooLong { len, max });
        }
        let len = len as u64;
        let before_wrap = capacity - self.memory.offset(self.next);
        let mut start = self.next;
        if record_bytes(start, len) > before_wrap {
            // A branch, not a selection: nearly always the place is known without the comparison.
            start = beyond(start, before_wrap);
        }
        let end = start.wrapping_add(record_bytes(start, len));
        if !self.has_room(end) {
            self.look()?;
            if !self.has_room(end) {
                // The consumer may be waiting for it.
                self.publish();
                return Ok(false);
            }
        }
        (self.from, self.start, self.len) = (self.next, start, len);
        (self.next, self.claimed) = (end, true);
        Ok(true)
    }

    /// Returns where the claimed message lies.
    #[inline(always)]
    fn message(&self) -> u64 {
        self.start.wrapping_add(lead(self.start, self.len))
    }

    #[cold]
    fn abandon(&mut self) {
        (self.next, self.len, self.claimed) = (self.from, 0, false);
    }

    /// Returns the space claimed last; empty when nothing is claimed.
    #[inline(always)]
    pub fn claimed(&mut self) -> &mut [u8] {
        let position = self.message();
        self.memory.track_write(position, self.len);
        let bytes = self.memory.bytes(position);
        // SAFETY: `poll_claim` found these bytes unpublished and in one piece, so they are this half's alone.
        unsafe { core::slice::from_raw_parts_mut(bytes.as_ptr(), self.len as usize) }
    }

    /// Publishes the message claimed last, and what was staged before it; nothing when there is neither.
    #[inline(always)]
    pub fn commit(&mut self) {
        if self.start != self.tail || !self.claimed {
            return self.commit_behind_others();
        }
        // One message and nothing before it, padding neither.
        self.memory.track_write(self.message(), self.len);
        self.memory.set_end(self.next);
        self.memory.publish_header(self.start, Header::message(self.len));
        self.memory.prepare_to_write(self.start, self.next);
        (self.tail, self.len, self.claimed) = (self.next, 0, false);
    }

    #[inline(never)]
    fn commit_behind_others(&mut self) {
        self.stage();
        self.publish();
    }

    /// Finishes the message claimed last without publishing it; nothing when there is none. [`publish`](Producer::publish)
    /// publishes all that is staged with one store, and so does a claim that finds no room.
    #[inline(always)]
    pub fn stage(&mut self) {
        if !self.claimed {
            return;
        }
        self.memory.track_write(self.message(), self.len);
        if self.start != self.from {
            let padding = self.start.wrapping_sub(self.from) - HEADER;
            self.finish(self.from, Header::padding(padding));
        }
        self.finish(self.start, Header::message(self.len));
        self.memory.prepare_to_write(self.start, self.next);
        (self.len, self.claimed) = (0, false);
    }

    /// Publishes what is staged, with one store: the header of the first record, after all the others'.
    #[inline(always)]
    pub fn publish(&mut self) {
        let staged = if self.claimed { self.from } else { self.next };
        if staged == self.tail {
            return;
        }
        self.memory.set_end(staged);
        self.memory.publish_header(self.tail, self.first);
        self.tail = staged;
    }

    /// Sets the header of a record that is to be published; the first one's is kept back.
    #[inline(always)]
    fn finish(&mut self, position: u64, header: Header) {
        if position == self.tail {
            self.first = header;
        } else {
            self.memory.set_header(position, header);
        }
    }

    /// Ends the stream: the consumer gets what was committed or staged, then [`RingError::Closed`].
    pub fn close(&mut self) {
        if self.claimed {
            self.abandon();
        }
        self.publish();
        self.closed = true;
        self.memory.publish_header(self.tail, Header::END);
        // The next claim looks and finds it.
        self.head = self.tail.wrapping_sub(self.memory.capacity());
    }

    /// Says that this side sleeps until there is room; returns what its flag holds meanwhile.
    /// Claim again before sleeping; see [`sleep`].
    #[must_use = "it is what the flag must still hold when the sleep begins"]
    pub fn announce_sleep(&self) -> u32 {
        self.memory.announce_sleep(self.own_flag())
    }

    /// Says that this side runs again.
    pub fn retract_sleep(&self) {
        sleep::retract(self.own_flag());
    }

    /// Returns true after a commit or a close if the consumer sleeps and must be woken on [`peer_flag`](Producer::peer_flag).
    #[inline]
    #[must_use = "a sleeper that is not woken sleeps on"]
    pub fn take_wake(&self) -> bool {
        self.memory.take_wake(&self.memory.control().consumer_sleeps)
    }

    /// Returns the word this side sleeps on.
    #[must_use]
    pub fn own_flag(&self) -> &AtomicU32 {
        &self.memory.control().producer_sleeps
    }

    /// Returns the word the consumer sleeps on.
    #[must_use]
    pub fn peer_flag(&self) -> &AtomicU32 {
        &self.memory.control().consumer_sleeps
    }

    /// Returns true if records up to `end`, and the empty word behind them, surely fit.
    #[inline(always)]
    fn has_room(&self, end: u64) -> bool {
        end.wrapping_sub(self.head) <= self.memory.capacity() - HEADER
    }

    /// Looks where the consumer is by now.
    #[cold]
    fn look(&mut self) -> Result<(), RingError> {
        if self.closed {
            return Err(RingError::Closed);
        }
        let head = self.memory.control().head.load(self.memory.regain());
        if head & CLOSED != 0 {
            return Err(RingError::Closed);
        }
        if self.tail.wrapping_sub(head) > self.memory.capacity() {
            return Err(RingError::Corrupt { what: "the head is outside the ring", value: head });
        }
        self.head = records::head(head)?;
        Ok(())
    }
}

/// Returns the front, for what does not fit before the wrap.
#[cold]
#[inline(never)]
fn beyond(position: u64, before_wrap: u64) -> u64 {
    position.wrapping_add(before_wrap)
}

impl core::fmt::Debug for Producer<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Producer")
            .field("capacity", &self.memory.capacity())
            .field("tail", &self.tail)
            .field("head", &self.head)
            .finish_non_exhaustive()
    }
}
