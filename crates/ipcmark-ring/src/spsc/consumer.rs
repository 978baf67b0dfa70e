//! The receiving half.

use super::records::{self, corrupt};
use crate::RingError;
use crate::layout::{CLOSED, HEADER, Kind, record_bytes};
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
    /// Position of the lent message.
    start: u64,
    /// Length of the lent message.
    len: u64,
    /// Where the head will be after the release; equal to `head` when nothing is lent.
    end: u64,
    /// Bytes of the next message that were copied already.
    copied: u64,
    /// Messages released since the last poll that found nothing.
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
        let (head, closed) = (records::head(published & !CLOSED)?, published & CLOSED);
        // Finds a damaged ring here rather than at the first message.
        records::front(&memory, head)?;
        Ok(Consumer { memory, head, start: head, len: 0, end: head, copied: 0, batch: 0, closed })
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
        let (at, header) = records::front(&self.memory, self.head)?;
        match header.kind() {
            Kind::Message => {
                self.lend(at, header.len());
                Ok(true)
            }
            Kind::End => Err(RingError::Closed),
            _ => Ok(false),
        }
    }

    #[inline]
    fn lend(&mut self, at: u64, len: u64) {
        self.start = at.wrapping_add(HEADER);
        self.len = len;
        self.end = at.wrapping_add(record_bytes(len));
    }

    /// Copies the next message to the front of `into` and releases it; gives its length in bytes. `None` when it is not
    /// there yet, or not all of it: what is there of a long message is copied already, and the next call goes on where this
    /// one ended, into the same `into`.
    ///
    /// Fails as [`try_receive`](Consumer::try_receive) does, and with [`RingError::TooSmall`] when `into` cannot hold it.
    #[inline]
    pub fn try_copy(&mut self, into: &mut [u8]) -> Result<Option<usize>, RingError> {
        if !self.poll_receive()? {
            return self.read_along(into);
        }
        let len = self.len as usize;
        let Some(space) = into.get_mut(self.copied as usize..len) else {
            return too_small(into, len);
        };
        self.memory.copy_out(self.start + self.copied, space);
        self.release();
        Ok(Some(len))
    }

    /// Copies what is there of a message that is being written.
    #[cold]
    fn read_along(&mut self, into: &mut [u8]) -> Result<Option<usize>, RingError> {
        let (at, header) = records::front(&self.memory, self.head)?;
        if header.kind() != Kind::Part {
            return Ok(None);
        }
        if into.len() < header.len() as usize {
            return too_small(into, header.len() as usize);
        }
        let there = header.there();
        if there < self.copied || there >= header.len() {
            return corrupt("a message in the making shrank, or is longer than itself", header.0);
        }
        let position = at.wrapping_add(HEADER + self.copied);
        self.memory.copy_out(position, &mut into[self.copied as usize..there as usize]);
        self.copied = there;
        Ok(None)
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
        (self.head, self.len, self.copied) = (self.end, 0, 0);
        self.batch = self.batch.wrapping_add(1);
        self.memory.control().head.store(self.head | self.closed, self.memory.give_back());
    }

    /// Says that nothing more will be received: the producer's next look at this side gives [`RingError::Closed`].
    pub fn close(&mut self) {
        self.closed = CLOSED;
        self.memory.control().head.store(self.head | CLOSED, self.memory.give_back());
    }

    /// Messages released since this was last asked; to be asked when a poll found nothing. Two or more mean that the
    /// producer runs ahead: a caller that then pauses a little before its next poll leaves it the line that it is writing,
    /// and lets it fill a batch.
    #[inline]
    #[must_use]
    pub fn take_batch(&mut self) -> u32 {
        core::mem::take(&mut self.batch)
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
}

#[cold]
fn too_small<T>(into: &[u8], needed: usize) -> Result<T, RingError> {
    Err(RingError::TooSmall { len: into.len(), needed })
}

impl core::fmt::Debug for Consumer<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Consumer")
            .field("capacity", &self.memory.capacity())
            .field("head", &self.head)
            .finish_non_exhaustive()
    }
}
