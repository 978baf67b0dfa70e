//! A half that reads.

use super::memory::{CLOSED, FLAGS, Header, PRESENT, Records, record_bytes};
use crate::sync::{AtomicU32, Ordering};
use crate::{RingError, words};
#[cfg(not(loom))]
use core::ptr::NonNull;

/// Looks at the newest record before a lapped reader says that there is nothing yet, so that its caller can look around.
const TRIES: u32 = 8;

/// Result of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Nothing yet.
    Nothing,
    /// The next message, of this many bytes.
    Message(usize),
    /// The writer has lapped this reader, which goes on at the newest message.
    Missed {
        /// Messages between the one read last and the newest.
        messages: u64,
        /// The memory they took, headers included.
        bytes: u64,
    },
}

/// A reader; there may be many, and each gets every message that it is fast enough for.
///
/// Dropping it closes nothing, because after a `fork(2)` both processes hold a copy of whatever was attached before:
/// [`close`](Reader::close) does.
pub struct Reader<'m> {
    records: Records<'m>,
    /// Start of the next record, and its number; private, as is all that follows.
    position: u64,
    number: u64,
    /// The newest record this reader knows of and one more, 0 when none: with a position below it there is something to read.
    until: u64,
    /// Messages that were overwritten before this reader came to them.
    missed: u64,
}

#[cfg(not(loom))]
impl Reader<'_> {
    /// Attaches, before the first message that was ever written: a late reader learns how many were overwritten.
    ///
    /// Fails when the memory holds no ring of this kind, a damaged one, or a part of one.
    ///
    /// # Safety
    /// - `base` is valid for reads and writes of `len` initialised bytes during the reader's life.
    /// - They are used by halves of this kind alone.
    pub unsafe fn attach(base: NonNull<u8>, len: usize) -> Result<Self, RingError> {
        // SAFETY: the caller's promise, passed on.
        Ok(Self::over(unsafe { Records::attach(base, len) }?))
    }
}

impl<'m> Reader<'m> {
    pub(crate) fn over(records: Records<'m>) -> Self {
        records.control().attendance.fetch_add(1 << 32, Ordering::Relaxed);
        Reader { records, position: 0, number: 0, until: 0, missed: 0 }
    }

    /// Returns true if there is something to read.
    ///
    /// Fails with [`RingError::Closed`] when there is nothing and nothing will come.
    #[inline]
    pub fn has_news(&mut self) -> Result<bool, RingError> {
        if self.position < self.until {
            return Ok(true);
        }
        // Acquire: the records before it.
        let published = self.records.control().published.load(self.records.observe());
        self.until = (published & !FLAGS) + (published & PRESENT);
        if self.position < self.until {
            return Ok(true);
        }
        if published & CLOSED != 0 { Err(RingError::Closed) } else { Ok(false) }
    }

    /// Copies the next message, whole, to the front of `into`.
    ///
    /// Fails with [`RingError::Closed`] after the last message, with [`RingError::TooSmall`] when `into` cannot hold the
    /// message, which remains, and with [`RingError::Corrupt`] when the writer broke the rules.
    #[inline]
    pub fn read(&mut self, into: &mut [u8]) -> Result<News, RingError> {
        while self.has_news()? {
            let start = self.position;
            let header = Header(self.records.header(start).load(Ordering::Relaxed));
            let len = header.len();
            let mut fits = false;
            if let (true, Some(into), Some(from)) =
                (header.is_message(), into.get_mut(..len), self.records.message(start, len))
            {
                words::load(from, into);
                fits = true;
            }
            self.records.readers_fence();
            let reserved = self.records.control().reservation.end.load(Ordering::Relaxed);
            if self.records.is_lapped(start, reserved) {
                return self.catch_up();
            }
            // Only what belongs together may be judged.
            if fits && header.number() == self.number as u32 && len <= self.records.largest() {
                self.position = start.wrapping_add(record_bytes(len));
                self.number = self.number.wrapping_add(1);
                return Ok(News::Message(len));
            }
            if header == Header::PADDING && self.records.offset(start) != 0 {
                self.position = start.wrapping_add(self.records.to_wrap(start));
                continue;
            }
            return Err(self.complaint(header, into.len()));
        }
        Ok(News::Nothing)
    }

    /// Returns what is wrong with a record that was not overwritten.
    #[cold]
    fn complaint(&self, header: Header, len: usize) -> RingError {
        let what = if !header.is_message() {
            "a record is of no known kind"
        } else if header.number() != self.number as u32 {
            "messages are numbered out of turn"
        } else if self.records.message(self.position, header.len()).is_none()
            || header.len() > self.records.largest()
        {
            "a message is too long"
        } else {
            return RingError::TooSmall { len, needed: header.len() };
        };
        RingError::Corrupt { what, value: header.0 }
    }

    /// Goes on at the newest message, and counts what lies between.
    #[cold]
    fn catch_up(&mut self) -> Result<News, RingError> {
        let control = self.records.control();
        for _ in 0..TRIES {
            // Acquire: the newest record, its reservation and the number stored with that.
            let published = control.published.load(self.records.observe());
            let newest = published & !FLAGS;
            let header = Header(self.records.header(newest).load(Ordering::Relaxed));
            let numbered = control.reservation.number.load(Ordering::Relaxed);
            self.records.readers_fence();
            if self.records.is_lapped(newest, control.reservation.end.load(Ordering::Relaxed)) {
                continue;
            }
            let number = header.number_near(numbered);
            if !header.is_message() || newest <= self.position || number <= self.number {
                let what = "the newest record is no message that comes after those before it";
                return Err(RingError::Corrupt { what, value: header.0 });
            }
            let (messages, bytes) = (number - self.number, newest - self.position);
            self.missed = self.missed.saturating_add(messages);
            (self.position, self.number, self.until) = (newest, number, newest + 1);
            return Ok(News::Missed { messages, bytes });
        }
        let reserved = control.reservation.end.load(Ordering::Relaxed);
        if reserved < self.position {
            let what = "less is reserved than was written";
            return Err(RingError::Corrupt { what, value: reserved });
        }
        Ok(News::Nothing)
    }

    /// Returns messages that were overwritten before this reader came to them.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// Returns the longest message, in bytes.
    #[must_use]
    pub fn largest_message(&self) -> usize {
        self.records.largest()
    }

    /// Says that this reader reads no more; see [`Writer::attendance`](super::Writer::attendance). Once.
    pub fn close(&mut self) {
        self.records.control().attendance.fetch_add(1, Ordering::Release);
    }

    /// Says that a reader sleeps until there is news; returns the value of the flag to sleep on. Look again before
    /// sleeping; see [`broadcast`](super).
    #[must_use = "it is what the flag must still hold when the sleep begins"]
    pub fn announce_sleep(&self) -> u32 {
        self.records.announce_sleep()
    }

    /// Returns the word all readers sleep on.
    #[must_use]
    pub fn own_flag(&self) -> &AtomicU32 {
        &self.records.control().readers_sleep
    }
}

impl core::fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Reader")
            .field("number", &self.number)
            .field("missed", &self.missed)
            .finish_non_exhaustive()
    }
}
