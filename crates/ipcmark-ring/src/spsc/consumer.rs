//! The receiving half.

use super::records::{self, corrupt};
use crate::RingError;
use crate::layout::{CLOSED, HEADER, Header, Kind, LONG, lead, record_bytes};
use crate::memory::Memory;
use crate::sleep;
use crate::sync::{AtomicU32, Ordering};
#[cfg(not(loom))]
use core::ptr::NonNull;

/// The receiving half of a ring.
///
/// Dropping it closes nothing, because after a `fork(2)` both processes hold a copy of whatever was attached before:
/// [`close`](Consumer::close) does.
pub struct Consumer<'m> {
    memory: Memory<'m>,
    /// Start of the next record, behind the lent message if one is lent. What was given back ends there after the
    /// release; the line that says so is only written, never read back.
    ///
    /// Of all that a poll and a release write, the next poll waits for this alone: one trip through memory for each message.
    next: u64,
    /// A message is lent.
    lent: bool,
    /// Position of the lent message.
    start: u64,
    /// Length of the lent message.
    len: u64,
    /// The header of the last message, and the bytes of its record if it is not long: a predicted branch, where messages are of one
    /// length, lets the next poll begin before this one knows the length.
    usual: (Header, u64),
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
        Ok(Consumer {
            memory,
            next: head,
            lent: false,
            start: head,
            len: 0,
            usual: (Header::message(0), HEADER),
            copied: 0,
            batch: 0,
            closed,
        })
    }

    /// Returns bytes of records the ring holds.
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

    /// Works as [`try_receive`](Consumer::try_receive), without lending the message yet: [`received`](Consumer::received) does.
    #[inline(always)]
    pub fn poll_receive(&mut self) -> Result<bool, RingError> {
        if self.lent {
            return Ok(true);
        }
        let header = self.memory.header(self.next);
        if header == Header::EMPTY {
            return Ok(false);
        }
        if header != self.usual.0 {
            if header != Header::message(header.len()) {
                return self.poll_front();
            }
            self.usual = unusual(header);
        }
        let mut record = self.usual.1;
        if header.len() >= LONG {
            record = record_bytes(self.next, header.len());
        }
        if !self.is_in_one_piece(record) {
            return self.poll_front();
        }
        self.lend(self.next, header.len(), record);
        Ok(true)
    }

    /// Returns what is no message in one piece: padding before one, a part of one, the end, or
    /// damage.
    #[inline(never)]
    fn poll_front(&mut self) -> Result<bool, RingError> {
        let (at, header) = records::front(&self.memory, self.next)?;
        match header.kind() {
            Kind::Message => {
                self.lend(at, header.len(), record_bytes(at, header.len()));
                Ok(true)
            }
            Kind::End => Err(RingError::Closed),
            _ => Ok(false),
        }
    }

    #[inline]
    fn is_in_one_piece(&self, record: u64) -> bool {
        self.memory.offset(self.next) + record <= self.memory.capacity()
    }

    #[inline(always)]
    fn lend(&mut self, at: u64, len: u64, record: u64) {
        self.start = at.wrapping_add(lead(at, len));
        self.len = len;
        (self.next, self.lent) = (at.wrapping_add(record), true);
    }

    /// Receives up to `most` messages, of which each is lent to `user`, and gives the space of all of them back at once; says
    /// how many there were.
    ///
    /// Fails as [`try_receive`](Consumer::try_receive) does, and then nothing was received.
    #[inline]
    pub fn receive_many(
        &mut self,
        most: usize,
        mut user: impl FnMut(&[u8]),
    ) -> Result<usize, RingError> {
        let mut taken = 0;
        while taken < most {
            match self.poll_receive() {
                Ok(true) => {}
                Err(e) if taken == 0 => return Err(e),
                // What fails fails again at the next call.
                Ok(false) | Err(_) => break,
            }
            user(self.received());
            self.memory.track_read(self.start, self.len);
            (self.lent, self.len, self.copied) = (false, 0, 0);
            taken += 1;
            taken += self.receive_run(most - taken, &mut user);
        }
        if taken > 0 {
            self.batch = self.batch.wrapping_add(taken as u32);
            self.memory.control().head.store(self.next | self.closed, self.memory.give_back());
        }
        Ok(taken)
    }

    /// Receives up to `most` messages as usual that follow each other. All state is in registers here.
    #[inline]
    fn receive_run(&mut self, most: usize, mut user: impl FnMut(&[u8])) -> usize {
        let memory = &self.memory;
        let (usual, record) = self.usual;
        let (mut next, mut taken) = (self.next, 0);
        if usual.len() >= LONG {
            return 0;
        }
        let fits = |next| memory.offset(next) + record <= memory.capacity();
        while taken < most && memory.header(next) == usual && fits(next) {
            let position = next.wrapping_add(HEADER);
            let bytes = memory.bytes(position);
            // SAFETY: its header was found published and in one piece; the producer leaves it until it is given back.
            user(unsafe { core::slice::from_raw_parts(bytes.as_ptr(), usual.len() as usize) });
            memory.track_read(position, usual.len());
            next = next.wrapping_add(record);
            taken += 1;
        }
        self.next = next;
        taken
    }

    /// Copies the next message to the front of `into` and releases it; gives its length in bytes. `None` when it is not
    /// there yet, or not all of it: what is there of a long message is copied already, and the next call goes on where this
    /// one ended, into the same `into`.
    ///
    /// Fails as [`try_receive`](Consumer::try_receive) does, and with [`RingError::TooSmall`] when `into` cannot hold it.
    #[inline]
    pub fn try_copy(&mut self, into: &mut [u8]) -> Result<Option<usize>, RingError> {
        if !self.lent && self.memory.header(self.next) == Header::EMPTY {
            return Ok(None);
        }
        if !self.poll_receive()? {
            return self.read_along(into);
        }
        let len = self.len as usize;
        let Some(space) = into.get_mut(self.copied as usize..len) else {
            return too_small(into, len);
        };
        self.memory.copy_out(self.start.wrapping_add(self.copied), space);
        self.release();
        Ok(Some(len))
    }

    /// Copies what is there of a message that is being written.
    #[cold]
    fn read_along(&mut self, into: &mut [u8]) -> Result<Option<usize>, RingError> {
        let (at, header) = records::front(&self.memory, self.next)?;
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
        let position = at.wrapping_add(lead(at, header.len()) + self.copied);
        self.memory.copy_out(position, &mut into[self.copied as usize..there as usize]);
        self.copied = there;
        Ok(None)
    }

    /// Returns the message lent last; empty when none is.
    #[inline(always)]
    #[must_use]
    pub fn received(&self) -> &[u8] {
        self.memory.track_read(self.start, self.len);
        let bytes = self.memory.bytes(self.start);
        // SAFETY: `poll_receive` found these bytes published and in one piece; the producer leaves them until released.
        unsafe { core::slice::from_raw_parts(bytes.as_ptr(), self.len as usize) }
    }

    /// Gives the space of the message lent last back; nothing when there is none.
    #[inline(always)]
    pub fn release(&mut self) {
        if !self.lent {
            return;
        }
        self.memory.track_read(self.start, self.len);
        (self.lent, self.len, self.copied) = (false, 0, 0);
        self.batch = self.batch.wrapping_add(1);
        self.memory.control().head.store(self.next | self.closed, self.memory.give_back());
    }

    /// Says that nothing more will be received: the producer's next look at this side gives [`RingError::Closed`].
    pub fn close(&mut self) {
        self.closed = CLOSED;
        self.memory.control().head.fetch_or(CLOSED, self.memory.give_back());
    }

    /// Returns messages released since this was last asked; to be asked when a poll found nothing. Two or more mean that
    /// the
    /// producer runs ahead: a caller that then pauses a little before its next poll leaves it the line that it is writing,
    /// and lets it fill a batch.
    #[inline]
    #[must_use]
    pub fn take_batch(&mut self) -> u32 {
        core::mem::take(&mut self.batch)
    }

    /// Says that this side sleeps until there is a message; returns what its flag holds meanwhile.
    /// Poll again before sleeping; see [`sleep`].
    #[must_use = "it is what the flag must still hold when the sleep begins"]
    pub fn announce_sleep(&self) -> u32 {
        self.memory.announce_sleep(self.own_flag())
    }

    /// Says that this side runs again.
    pub fn retract_sleep(&self) {
        sleep::retract(self.own_flag());
    }

    /// Returns true after a release or a close if the producer sleeps and must be woken on [`peer_flag`](Consumer::peer_flag).
    #[inline]
    #[must_use = "a sleeper that is not woken sleeps on"]
    pub fn take_wake(&self) -> bool {
        self.memory.take_wake(&self.memory.control().producer_sleeps)
    }

    /// Returns the word this side sleeps on.
    #[must_use]
    pub fn own_flag(&self) -> &AtomicU32 {
        &self.memory.control().consumer_sleeps
    }

    /// Returns the word the producer sleeps on.
    #[must_use]
    pub fn peer_flag(&self) -> &AtomicU32 {
        &self.memory.control().producer_sleeps
    }
}

/// Returns what is usual from now on. Out of line, so that the common case remains a branch and is
/// predicted.
#[inline(never)]
fn unusual(header: Header) -> (Header, u64) {
    (header, record_bytes(0, header.len()))
}

#[cold]
fn too_small<T>(into: &[u8], needed: usize) -> Result<T, RingError> {
    Err(RingError::TooSmall { len: into.len(), needed })
}

impl core::fmt::Debug for Consumer<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Consumer")
            .field("capacity", &self.memory.capacity())
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}
