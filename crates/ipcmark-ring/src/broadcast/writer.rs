//! The half that writes.

use super::memory::{CLOSED, FLAGS, HEADER, Header, PRESENT, Records, record_bytes};
use crate::sync::{AtomicU32, Ordering};
use crate::{RingError, words};
#[cfg(not(loom))]
use core::ptr::NonNull;

/// The writer; there is one. It never waits.
///
/// Dropping it closes nothing, because after a `fork(2)` both processes hold a copy of whatever was attached before:
/// [`close`](Writer::close) does.
pub struct Writer<'m> {
    records: Records<'m>,
    /// Start of the next record; private, as is all that follows.
    position: u64,
    /// Its number.
    number: u64,
    /// Up to where the memory is reserved.
    reserved: u64,
    /// The newest record, published or not, as *published* says it.
    newest: u64,
    /// End of the last publication.
    published: u64,
}

#[cfg(not(loom))]
impl Writer<'_> {
    /// Attaches; its first message comes after the newest there is.
    ///
    /// Fails when the memory holds no ring of this kind, a damaged one, or a part of one.
    ///
    /// # Safety
    /// - `base` is valid for reads and writes of `len` initialised bytes during the writer's life.
    /// - They are used by halves of this kind alone, of which one at a time is a writer.
    pub unsafe fn attach(base: NonNull<u8>, len: usize) -> Result<Self, RingError> {
        // SAFETY: the caller's promise, passed on.
        Self::over(unsafe { Records::attach(base, len) }?)
    }
}

impl<'m> Writer<'m> {
    pub(crate) fn over(records: Records<'m>) -> Result<Self, RingError> {
        let control = records.control();
        // Acquire: what the writer before this one wrote.
        let newest = control.published.load(Ordering::Acquire) & !CLOSED;
        let reserved = control.reservation.end.load(Ordering::Relaxed);
        let numbered = control.reservation.number.load(Ordering::Relaxed);
        let mut position = newest & !FLAGS;
        let mut number = 0;
        if newest & PRESENT != 0 {
            let header = Header(records.header(position).load(Ordering::Relaxed));
            if !header.is_message() || header.len() > records.largest() {
                let what = "the newest record is no message";
                return Err(RingError::Corrupt { what, value: header.0 });
            }
            position = position.wrapping_add(record_bytes(header.len()));
            number = header.number_near(numbered).wrapping_add(1);
        }
        Ok(Writer { records, position, number, reserved, newest, published: position })
    }

    /// Writes the next message, over the oldest there are, and publishes it.
    ///
    /// Fails with [`RingError::TooLong`].
    #[inline]
    pub fn write(&mut self, message: &[u8]) -> Result<(), RingError> {
        self.write_more(message)?;
        self.publish();
        Ok(())
    }

    /// Works as [`write`](Writer::write), but readers may see the message only after the next [`publish`](Writer::publish): one
    /// cache line handed over for several messages.
    #[inline]
    pub fn write_more(&mut self, message: &[u8]) -> Result<(), RingError> {
        let largest = self.records.largest();
        if message.len() > largest {
            return Err(RingError::TooLong { len: message.len(), max: largest });
        }
        let bytes = record_bytes(message.len());
        let to_wrap = self.records.to_wrap(self.position);
        let padding = if to_wrap < bytes { to_wrap } else { 0 };
        let start = self.position.wrapping_add(padding);
        let end = start.wrapping_add(bytes);
        // What readers know as the newest must not be overwritten before they can know a newer one.
        if end.wrapping_sub(self.published) > self.records.capacity / 4 {
            self.publish();
        }
        if (end.wrapping_sub(self.reserved) as i64) > 0 {
            self.reserve(end);
        }
        if padding != 0 {
            self.records.header(self.position).store(Header::PADDING.0, Ordering::Relaxed);
        }
        let header = Header::message(message.len(), self.number);
        self.records.header(start).store(header.0, Ordering::Relaxed);
        if let Some(to) = self.records.message(start, message.len()) {
            words::store(to, message);
        }
        self.newest = start | PRESENT;
        self.position = end;
        self.number = self.number.wrapping_add(1);
        Ok(())
    }

    /// Lets readers see all that was written.
    #[inline]
    pub fn publish(&mut self) {
        if self.published != self.position {
            self.published = self.position;
            self.records.control().published.store(self.newest, self.records.publish());
        }
    }

    /// Says that everything before `end`, and a stretch beyond, may be overwritten from now on.
    #[inline(never)]
    fn reserve(&mut self, end: u64) {
        let stretch = (self.records.capacity / 8).max(HEADER);
        self.reserved = end.wrapping_add(stretch);
        let control = self.records.control();
        control.reservation.number.store(self.number, Ordering::Relaxed);
        control.reservation.end.store(self.reserved, Ordering::Relaxed);
        self.records.writers_fence();
    }

    /// Publishes what was written and says that no more messages come: a reader gets those that are left, then
    /// [`RingError::Closed`].
    pub fn close(&mut self) {
        self.published = self.position;
        self.records.control().published.store(self.newest | CLOSED, self.records.publish());
    }

    /// Returns the longest message, in bytes.
    #[must_use]
    pub fn largest_message(&self) -> usize {
        self.records.largest()
    }

    /// Returns how many readers have come, and how many of them have left. Readers do not hold the writer up, and it may
    /// not care.
    #[must_use]
    pub fn attendance(&self) -> (u32, u32) {
        let attendance = self.records.control().attendance.load(Ordering::Relaxed);
        ((attendance >> 32) as u32, attendance as u32)
    }

    /// Returns true after a publication or a close if readers sleep; all must be woken on
    /// [`peer_flag`](Writer::peer_flag).
    #[inline]
    #[must_use = "a sleeper that is not woken sleeps on"]
    pub fn take_wake(&self) -> bool {
        self.records.take_wake()
    }

    /// Returns the word all readers sleep on.
    #[must_use]
    pub fn peer_flag(&self) -> &AtomicU32 {
        &self.records.control().readers_sleep
    }
}

impl core::fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Writer")
            .field("number", &self.number)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}
