//! The sending half.

use super::records;
use crate::RingError;
use crate::layout::{CLOSED, HEADER, Header, PART, largest_message, record_bytes};
use crate::memory::Memory;
use crate::sync::AtomicU32;
#[cfg(not(loom))]
use core::ptr::NonNull;

/// The sending half of a ring.
///
/// Dropping it closes nothing, because after a `fork(2)` both processes hold a copy of whatever was attached before:
/// [`close`](Producer::close) does.
pub struct Producer<'m> {
    memory: Memory<'m>,
    /// Where the first record that is not published begins.
    tail: u64,
    /// The header that will publish it.
    first: Header,
    /// Where the next claim begins; what is claimed lies before it.
    ///
    /// Of all that a claim and a commit write, the next claim waits for this alone: one trip through memory for each message.
    next: u64,
    /// A message is claimed, and neither staged nor committed.
    claimed: bool,
    /// Where that claim began, padding included.
    from: u64,
    /// Position of the claimed record's header.
    start: u64,
    /// Length of the claimed message.
    len: u64,
    /// The consumer's index as last seen; it may have gone on since.
    head: u64,
    /// This side has closed.
    closed: bool,
    /// The consumer's caches are far away.
    far: bool,
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
            far: false,
        })
    }

    /// Bytes of records the ring has memory for; 8 of them always stay empty.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.memory.capacity() as usize
    }

    /// Says where the consumer's caches are, which decides how [`try_send`](Producer::try_send) copies long messages: into
    /// the caches, or, where a transfer from the consumer's costs more than one from memory, around them. Nothing breaks
    /// when it is wrong.
    pub fn set_far(&mut self, far: bool) {
        self.far = far;
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

    /// As [`try_claim`](Producer::try_claim), without lending the space yet: [`claimed`](Producer::claimed) does.
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
        let record = record_bytes(len as u64);
        let before_wrap = capacity - self.memory.offset(self.next);
        // A branch, not a selection: nearly always the place is known without the comparison.
        let start = if record > before_wrap { beyond(self.next, before_wrap) } else { self.next };
        let end = start.wrapping_add(record);
        if !self.has_room(end) {
            self.look()?;
            if !self.has_room(end) {
                // The consumer may be waiting for it.
                self.publish();
                return Ok(false);
            }
        }
        (self.from, self.start, self.len) = (self.next, start, len as u64);
        (self.next, self.claimed) = (end, true);
        Ok(true)
    }

    #[cold]
    fn abandon(&mut self) {
        (self.next, self.len, self.claimed) = (self.from, 0, false);
    }

    /// The space claimed last; empty when nothing is claimed.
    #[inline(always)]
    pub fn claimed(&mut self) -> &mut [u8] {
        let position = self.start.wrapping_add(HEADER);
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
        self.memory.track_write(self.start.wrapping_add(HEADER), self.len);
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
        self.memory.track_write(self.start.wrapping_add(HEADER), self.len);
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

    /// Sends up to `count` messages of `len` bytes with one publication: each one's number, from 0, and its space are given
    /// to `fill`. Says how many there was room for; they are published, and so is what was staged before.
    ///
    /// Fails as [`try_claim`](Producer::try_claim) does, and then nothing was sent.
    #[inline]
    pub fn send_many(
        &mut self,
        count: usize,
        len: usize,
        mut fill: impl FnMut(usize, &mut [u8]),
    ) -> Result<usize, RingError> {
        let mut sent = 0;
        while sent < count {
            match self.poll_claim(len) {
                Ok(true) => {}
                Err(e) if sent == 0 => return Err(e),
                // What fails fails again at the next call.
                Ok(false) | Err(_) => break,
            }
            fill(sent, self.claimed());
            self.stage();
            sent += 1;
            sent += self.stage_run(count - sent, len, |n, space| fill(sent + n, space));
        }
        self.publish();
        Ok(sent)
    }

    /// Stages up to `count` messages behind one that is staged, as far as that needs no look and no padding. All state is in
    /// registers here: that is what makes many short messages cheaper than as many single ones.
    #[inline]
    fn stage_run(
        &mut self,
        count: usize,
        len: usize,
        mut fill: impl FnMut(usize, &mut [u8]),
    ) -> usize {
        let memory = &self.memory;
        let record = record_bytes(len as u64);
        let room = (memory.capacity() - HEADER).saturating_sub(self.next.wrapping_sub(self.head));
        let before_wrap = memory.capacity() - memory.offset(self.next);
        let count = count.min((room.min(before_wrap) / record) as usize);
        let mut next = self.next;
        for n in 0..count {
            let position = next.wrapping_add(HEADER);
            memory.track_write(position, len as u64);
            let bytes = memory.bytes(position);
            // SAFETY: these bytes are unpublished, in one piece, and within the room that the consumer gave back.
            fill(n, unsafe { core::slice::from_raw_parts_mut(bytes.as_ptr(), len) });
            memory.set_header(next, Header::message(len as u64));
            let end = next.wrapping_add(record);
            memory.prepare_to_write(next, end);
            next = end;
        }
        self.next = next;
        count
    }

    /// Copies a message in and publishes it; false when there is no room yet. Of a long one each 16 KiB are published as
    /// soon as they are there, so that a consumer that [copies](super::Consumer::try_copy) reads along.
    ///
    /// Fails as [`try_claim`](Producer::try_claim) does.
    #[inline]
    pub fn try_send(&mut self, message: &[u8]) -> Result<bool, RingError> {
        if !self.poll_claim(message.len())? {
            return Ok(false);
        }
        if message.len() as u64 > PART {
            self.send_in_parts(message);
        } else {
            self.claimed().copy_from_slice(message);
            self.commit();
        }
        Ok(true)
    }

    #[cold]
    fn send_in_parts(&mut self, message: &[u8]) {
        self.publish();
        self.memory.set_end(self.next);
        let (len, mut there) = (self.len, 0);
        for part in message.chunks(PART as usize) {
            let position = self.start.wrapping_add(HEADER + there);
            self.memory.copy_in(position, part, self.far);
            there += part.len() as u64;
            let header = if there == len { Header::message(len) } else { Header::part(len, there) };
            if self.tail == self.start {
                self.memory.publish_header(self.start, header);
            } else {
                self.memory.set_header(self.start, header);
                let padding = Header::padding(self.start.wrapping_sub(self.tail) - HEADER);
                self.memory.publish_header(self.tail, padding);
                self.tail = self.start;
            }
        }
        (self.tail, self.len, self.claimed) = (self.next, 0, false);
    }

    /// Ends the stream: the consumer gets what was committed or staged, then [`RingError::Closed`].
    pub fn close(&mut self) {
        if self.claimed {
            self.abandon();
        }
        self.publish();
        self.closed = true;
        self.memory.publish_header(self.tail, Header::END);
        // The next claim looks, and is told.
        self.head = self.tail.wrapping_sub(self.memory.capacity());
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

    /// True when records up to `end`, and the empty word behind them, surely fit.
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

/// The front, for what does not fit before the wrap.
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
