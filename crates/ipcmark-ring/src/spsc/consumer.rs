//! The receiving half.

use crate::RingError;
use crate::layout::{CLOSED, HEADER, MESSAGE, PADDING, largest_message, record_bytes};
use crate::memory::Memory;
use crate::sync::{AtomicU32, Ordering};
#[cfg(not(loom))]
use core::ptr::NonNull;

/// The receiving half of a ring.
///
/// Dropping it closes nothing, because after a `fork(2)` both processes hold a copy of whatever was attached before:
/// [`close`](Consumer::close) does.
pub struct Consumer<'m> {
    memory: Memory<'m>,
    /// Bytes given back. The ring's own line is only written, never read back.
    head: u64,
    /// The producer's index as last seen; it may have gone on since.
    tail: u64,
    /// The producer had closed when it was last looked at.
    sender_closed: bool,
    /// Position of the lent message.
    start: u64,
    /// Length of the lent message.
    len: u64,
    /// Where the head will be after the release; equal to `head` when nothing is lent.
    end: u64,
    /// Messages released since the producer's index was last looked at.
    batch: u32,
    /// [`CLOSED`] once this side has closed, else 0.
    closed: u64,
}

#[cfg(not(loom))]
impl Consumer<'_> {
    /// Attaches to the ring in the `len` bytes at `base`, where its last consumer left off. A message that was lent and
    /// not released comes again.
    ///
    /// Fails when the memory holds no ring of this kind and version, a damaged one, or a part of one.
    ///
    /// # Safety
    /// - `base` is valid for reads and writes of `len` bytes during `'m`.
    /// - They are used by one [`Producer`](super::Producer) and one `Consumer` at a time, over all processes.
    pub unsafe fn attach(base: NonNull<u8>, len: usize) -> Result<Self, RingError> {
        // SAFETY: the caller's promise, passed on.
        Self::over(unsafe { Memory::attach(base, len) }?)
    }
}

impl<'m> Consumer<'m> {
    pub(crate) fn over(memory: Memory<'m>) -> Result<Self, RingError> {
        let published = memory.control().head.load(Ordering::Relaxed);
        let (head, closed) = (published & !CLOSED, published & CLOSED);
        if !head.is_multiple_of(HEADER) {
            return Err(RingError::Corrupt { what: "the head is no multiple of 8", value: head });
        }
        let mut consumer = Consumer {
            memory,
            head,
            tail: head,
            sender_closed: false,
            start: head,
            len: 0,
            end: head,
            batch: 0,
            closed,
        };
        consumer.look()?;
        Ok(consumer)
    }

    /// Bytes of records the ring holds.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.memory.capacity() as usize
    }

    /// Lends the next message; `None` when there is none yet. The same one again until it is released.
    ///
    /// Fails with [`RingError::Closed`] after the last message, and with [`RingError::Corrupt`] when what the producer
    /// wrote is no record of this ring.
    #[inline]
    pub fn try_receive(&mut self) -> Result<Option<&[u8]>, RingError> {
        if self.poll_receive()? { Ok(Some(self.received())) } else { Ok(None) }
    }

    /// As [`try_receive`](Consumer::try_receive), without lending the message yet: [`received`](Consumer::received) does.
    #[inline]
    pub fn poll_receive(&mut self) -> Result<bool, RingError> {
        if self.end != self.head {
            return Ok(true);
        }
        if self.is_drained() {
            self.look()?;
            if self.is_drained() {
                return if self.sender_closed { Err(RingError::Closed) } else { Ok(false) };
            }
        }
        let mut start = self.head;
        let (mut kind, mut len) = self.memory.header(start);
        if kind == PADDING {
            let offset = self.memory.offset(start);
            let before_wrap = self.memory.capacity() - offset;
            // The padding and the message behind it are published together.
            let fills = u64::from(len) + HEADER == before_wrap;
            if !fills || offset == 0 || before_wrap >= self.tail.wrapping_sub(start) {
                return corrupt("a padding record does not end at the wrap", len.into());
            }
            start = start.wrapping_add(before_wrap);
            (kind, len) = self.memory.header(start);
        }
        if kind != MESSAGE {
            return corrupt("a record is of no known kind", kind.into());
        }
        let capacity = self.memory.capacity();
        let record = record_bytes(len.into());
        let in_one_piece = self.memory.offset(start) + record <= capacity;
        let published = record <= self.tail.wrapping_sub(start);
        if len as usize > largest_message(capacity as usize) || !in_one_piece || !published {
            return corrupt("a record is longer than what was published", len.into());
        }
        self.start = start.wrapping_add(HEADER);
        self.len = len.into();
        self.end = start.wrapping_add(record);
        Ok(true)
    }

    /// The message lent last; empty when none is.
    #[inline]
    #[must_use]
    pub fn received(&self) -> &[u8] {
        self.memory.track_read(self.start, self.len);
        let bytes = self.memory.bytes(self.start);
        // SAFETY: `poll_receive` found these bytes published and in one piece; the producer leaves them until released.
        unsafe { core::slice::from_raw_parts(bytes.as_ptr(), self.len as usize) }
    }

    /// Gives the space of the message lent last back; nothing when there is none.
    #[inline]
    pub fn release(&mut self) {
        if self.end == self.head {
            return;
        }
        self.memory.track_read(self.start, self.len);
        (self.head, self.len) = (self.end, 0);
        self.batch = self.batch.wrapping_add(1);
        self.memory.control().head.store(self.head | self.closed, self.memory.give_back());
    }

    /// Says that nothing more will be received: the producer's next look at this side gives [`RingError::Closed`].
    pub fn close(&mut self) {
        self.closed = CLOSED;
        self.memory.control().head.store(self.head | CLOSED, self.memory.give_back());
    }

    /// True when everything seen so far is released, so that the next poll looks at the producer's line.
    #[inline]
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.head == self.tail
    }

    /// Messages released since the producer's line was last looked at. Two or more mean that the producer runs ahead: a
    /// caller that then pauses a little before its next poll lets it fill a batch, and both move fewer cache lines.
    #[inline]
    #[must_use]
    pub fn batch(&self) -> u32 {
        self.batch
    }

    /// Says that this side sleeps until there is a message. Poll once more before sleeping; see [`spsc`](super).
    pub fn announce_sleep(&self) {
        self.memory.announce_sleep(&self.memory.control().consumer_sleeps);
    }

    /// Says that this side runs again.
    pub fn retract_sleep(&self) {
        self.memory.retract_sleep(&self.memory.control().consumer_sleeps);
    }

    /// After a release or a close: true when the producer sleeps, and must now be woken on [`peer_flag`](Consumer::peer_flag).
    #[inline]
    #[must_use = "a sleeper that is not woken sleeps on"]
    pub fn take_wake(&self) -> bool {
        self.memory.take_wake(&self.memory.control().producer_sleeps)
    }

    /// The word this side sleeps on while it holds [`ASLEEP`](super::ASLEEP).
    #[must_use]
    pub fn own_flag(&self) -> &AtomicU32 {
        &self.memory.control().consumer_sleeps
    }

    /// The word the producer sleeps on.
    #[must_use]
    pub fn peer_flag(&self) -> &AtomicU32 {
        &self.memory.control().producer_sleeps
    }

    /// Looks where the producer is by now.
    #[inline]
    fn look(&mut self) -> Result<(), RingError> {
        let published = self.memory.control().tail.load(self.memory.observe());
        let tail = published & !CLOSED;
        if tail == self.tail {
            self.sender_closed = published & CLOSED != 0;
            return Ok(());
        }
        let available = tail.wrapping_sub(self.head);
        if available > self.memory.capacity() || !tail.is_multiple_of(HEADER) {
            return corrupt("the tail is outside the ring", tail);
        }
        self.tail = tail;
        self.sender_closed = published & CLOSED != 0;
        self.batch = 0;
        Ok(())
    }
}

#[cold]
fn corrupt<T>(what: &'static str, value: u64) -> Result<T, RingError> {
    Err(RingError::Corrupt { what, value })
}

impl core::fmt::Debug for Consumer<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Consumer")
            .field("capacity", &self.memory.capacity())
            .field("head", &self.head)
            .field("tail", &self.tail)
            .finish_non_exhaustive()
    }
}
