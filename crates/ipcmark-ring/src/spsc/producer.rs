//! The sending half.

use crate::RingError;
use crate::layout::{CLOSED, HEADER, MESSAGE, PADDING, largest_message, record_bytes};
use crate::memory::Memory;
use crate::sync::{AtomicU32, Ordering};
#[cfg(not(loom))]
use core::ptr::NonNull;

/// The sending half of a ring.
///
/// Dropping it closes nothing, because after a `fork(2)` both processes hold a copy of whatever was attached before:
/// [`close`](Producer::close) does.
pub struct Producer<'m> {
    memory: Memory<'m>,
    /// Bytes published. The ring's own line is only written, never read back.
    tail: u64,
    /// The consumer's index as last seen; it may have gone on since.
    head: u64,
    /// Position of the claimed record's header.
    start: u64,
    /// Length of the claimed message.
    len: u64,
    /// Where the tail will be after the commit; equal to `tail` when nothing is claimed.
    end: u64,
    /// [`CLOSED`] once this side has closed, else 0.
    closed: u64,
}

#[cfg(not(loom))]
impl<'m> Producer<'m> {
    /// Makes an empty ring of `capacity` bytes in the `len` bytes at `base`, and attaches to it.
    ///
    /// Fails when the capacity is no power of two in range, or the memory is too short or not on a multiple of
    /// [`ALIGNMENT`](crate::ALIGNMENT).
    ///
    /// # Safety
    /// - `base` is valid for reads and writes of `len` bytes during `'m`, and nobody else uses them during the call.
    /// - Afterwards they are used by one `Producer` and one [`Consumer`](super::Consumer) at a time, over all processes.
    pub unsafe fn create(
        base: NonNull<u8>,
        len: usize,
        capacity: usize,
    ) -> Result<Self, RingError> {
        // SAFETY: the caller's promise, passed on.
        Self::over(unsafe { Memory::create(base, len, capacity) }?)
    }

    /// Attaches to the ring in the `len` bytes at `base`, where its last producer left off.
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
        let published = memory.control().tail.load(Ordering::Relaxed);
        let (tail, closed) = (published & !CLOSED, published & CLOSED);
        if !tail.is_multiple_of(HEADER) {
            return Err(RingError::Corrupt { what: "the tail is no multiple of 8", value: tail });
        }
        // No room until the consumer's index has been looked at: a closed ring stays closed.
        let head = tail.wrapping_sub(memory.capacity());
        let mut producer = Producer { memory, tail, head, start: tail, len: 0, end: tail, closed };
        match producer.look() {
            Ok(()) | Err(RingError::Closed) => Ok(producer),
            Err(e) => Err(e),
        }
    }

    /// Bytes of records the ring holds.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.memory.capacity() as usize
    }

    /// Lends space for a message of `len` bytes; `None` when there is no room yet.
    ///
    /// A claim before the last one was committed abandons it. Fails with [`RingError::TooLong`], or, when the consumer's
    /// index had to be looked at, with [`RingError::Closed`] or [`RingError::Corrupt`].
    #[inline]
    pub fn try_claim(&mut self, len: usize) -> Result<Option<&mut [u8]>, RingError> {
        if self.poll_claim(len)? { Ok(Some(self.claimed())) } else { Ok(None) }
    }

    /// As [`try_claim`](Producer::try_claim), without lending the space yet: [`claimed`](Producer::claimed) does.
    #[inline]
    pub fn poll_claim(&mut self, len: usize) -> Result<bool, RingError> {
        (self.len, self.end) = (0, self.tail);
        let capacity = self.memory.capacity();
        let max = largest_message(capacity as usize);
        if len > max {
            return Err(RingError::TooLong { len, max });
        }
        let record = record_bytes(len as u64);
        let before_wrap = capacity - self.memory.offset(self.tail);
        let padding = if record > before_wrap { before_wrap } else { 0 };
        let needed = padding + record;
        if self.room() < needed {
            self.look()?;
            if self.room() < needed {
                return Ok(false);
            }
        }
        if padding != 0 {
            self.memory.set_header(self.tail, PADDING, (padding - HEADER) as u32);
        }
        self.start = self.tail.wrapping_add(padding);
        self.len = len as u64;
        self.end = self.start.wrapping_add(record);
        Ok(true)
    }

    /// The space claimed last; empty when nothing is claimed.
    #[inline]
    pub fn claimed(&mut self) -> &mut [u8] {
        let position = self.start.wrapping_add(HEADER);
        self.memory.track_write(position, self.len);
        let bytes = self.memory.bytes(position);
        // SAFETY: `poll_claim` found these bytes unpublished and in one piece, so they are this half's alone.
        unsafe { core::slice::from_raw_parts_mut(bytes.as_ptr(), self.len as usize) }
    }

    /// Publishes the message claimed last; nothing when there is none.
    #[inline]
    pub fn commit(&mut self) {
        if self.end == self.tail {
            return;
        }
        self.memory.set_header(self.start, MESSAGE, self.len as u32);
        self.memory.track_write(self.start.wrapping_add(HEADER), self.len);
        (self.tail, self.len) = (self.end, 0);
        self.memory.control().tail.store(self.tail | self.closed, self.memory.publish());
    }

    /// Ends the stream: the consumer gets what was committed, then [`RingError::Closed`].
    pub fn close(&mut self) {
        self.closed = CLOSED;
        self.memory.control().tail.store(self.tail | CLOSED, self.memory.publish());
    }

    /// Says that this side sleeps until there is room. Claim once more before sleeping; see [`spsc`](super).
    pub fn announce_sleep(&self) {
        self.memory.announce_sleep(&self.memory.control().producer_sleeps);
    }

    /// Says that this side runs again.
    pub fn retract_sleep(&self) {
        self.memory.retract_sleep(&self.memory.control().producer_sleeps);
    }

    /// After a commit or a close: true when the consumer sleeps, and must now be woken on [`peer_flag`](Producer::peer_flag).
    #[inline]
    #[must_use = "a sleeper that is not woken sleeps on"]
    pub fn take_wake(&self) -> bool {
        self.memory.take_wake(&self.memory.control().consumer_sleeps)
    }

    /// The word this side sleeps on while it holds [`ASLEEP`](super::ASLEEP).
    #[must_use]
    pub fn own_flag(&self) -> &AtomicU32 {
        &self.memory.control().producer_sleeps
    }

    /// The word the consumer sleeps on.
    #[must_use]
    pub fn peer_flag(&self) -> &AtomicU32 {
        &self.memory.control().consumer_sleeps
    }

    /// Bytes free for certain.
    #[inline]
    fn room(&self) -> u64 {
        self.memory.capacity() - self.tail.wrapping_sub(self.head)
    }

    /// Looks where the consumer is by now.
    #[cold]
    fn look(&mut self) -> Result<(), RingError> {
        let head = self.memory.control().head.load(Ordering::Acquire);
        if head & CLOSED != 0 {
            return Err(RingError::Closed);
        }
        let used = self.tail.wrapping_sub(head);
        if used > self.memory.capacity() || !head.is_multiple_of(HEADER) {
            return Err(RingError::Corrupt { what: "the head is outside the ring", value: head });
        }
        self.head = head;
        Ok(())
    }
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
