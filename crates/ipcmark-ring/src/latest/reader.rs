//! A half that reads.

use super::places::{LENGTH, MARK, Places, VALUE};
use crate::sync::Ordering;
use crate::{RingError, words};
#[cfg(not(loom))]
use core::ptr::NonNull;

/// Copies that a reader begins again before it says that there is nothing yet, so that its caller can look around.
const TRIES: u32 = 8;

/// A reader; there may be many, and each gets every value that it is fast enough for.
///
/// Dropping it closes nothing, because after a `fork(2)` both processes hold a copy of whatever was attached before:
/// [`close`](Reader::close) does.
pub struct Reader<'m> {
    places: Places<'m>,
    /// Number of the value read last.
    seen: u64,
    /// Values that were overwritten before this reader came to them.
    missed: u64,
    /// Copies thrown away because the writer had got into them.
    torn: u64,
}

#[cfg(not(loom))]
impl Reader<'_> {
    /// Attaches; the newest value there is counts as new.
    ///
    /// Fails when the memory holds no places of this kind, damaged ones, or a part of them.
    ///
    /// # Safety
    /// - `base` is valid for reads and writes of `len` bytes during the reader's life.
    /// - They are used by halves of this kind alone.
    pub unsafe fn attach(base: NonNull<u8>, len: usize) -> Result<Self, RingError> {
        // SAFETY: the caller's promise, passed on.
        Ok(Self::over(unsafe { Places::attach(base, len) }?))
    }
}

impl<'m> Reader<'m> {
    pub(crate) fn over(places: Places<'m>) -> Self {
        Reader { places, seen: 0, missed: 0, torn: 0 }
    }

    /// Returns true if there is a newer value than the one read last.
    ///
    /// Fails with [`RingError::Closed`] when there is none and none will come.
    #[inline]
    pub fn has_news(&self) -> Result<bool, RingError> {
        let control = self.places.control();
        if control.newest.load(Ordering::Relaxed) != self.seen {
            return Ok(true);
        }
        // Acquire: the last value before the close.
        if control.writer_closed.load(Ordering::Acquire) == 0 {
            return Ok(false);
        }
        let news = control.newest.load(Ordering::Relaxed) != self.seen;
        if news { Ok(true) } else { Err(RingError::Closed) }
    }

    /// Copies the newest value to the front of `into`, whole, if it is newer than the one read last; returns its length in
    /// bytes. `None` when there is none, or the writer was faster time and again: try again.
    ///
    /// Fails with [`RingError::Closed`] after the last value, with [`RingError::TooSmall`] when `into` cannot hold it,
    /// and with [`RingError::Corrupt`] when the writer broke the rules.
    #[inline]
    pub fn read(&mut self, into: &mut [u8]) -> Result<Option<usize>, RingError> {
        for _ in 0..TRIES {
            if !self.has_news()? {
                return Ok(None);
            }
            // Acquire: the mark and the value before the number.
            let number = self.places.control().newest.load(Ordering::Acquire);
            // A mark is twice its number.
            if number <= self.seen || number > u64::MAX / 2 {
                let what = "values are numbered backwards, or beyond all numbers";
                return Err(RingError::Corrupt { what, value: number });
            }
            if let Some(len) = self.copy(number, into)? {
                self.missed = self.missed.saturating_add(number - self.seen - 1);
                self.seen = number;
                return Ok(Some(len));
            }
            self.torn += 1;
        }
        Ok(None)
    }

    /// Copies value `number`; `None` when it was overwritten meanwhile.
    #[inline]
    fn copy(&self, number: u64, into: &mut [u8]) -> Result<Option<usize>, RingError> {
        let place = self.places.place(number);
        if place[MARK].load(Ordering::Acquire) != 2 * number {
            return Ok(None);
        }
        let len = place[LENGTH].load(Ordering::Relaxed) as usize;
        let copied = into.get_mut(..len).filter(|_| len <= self.places.largest);
        if let Some(into) = copied {
            words::load(&place[VALUE..], into);
        }
        self.places.readers_fence();
        if place[MARK].load(Ordering::Relaxed) != 2 * number {
            return Ok(None);
        }
        // Only a length that belongs to the value may be judged.
        if len > self.places.largest {
            return Err(RingError::Corrupt { what: "a value is too long", value: len as u64 });
        }
        if len > into.len() {
            return Err(RingError::TooSmall { len: into.len(), needed: len });
        }
        Ok(Some(len))
    }

    /// Values that were overwritten before this reader came to them.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// Copies thrown away because the writer had got into them.
    #[must_use]
    pub fn torn(&self) -> u64 {
        self.torn
    }

    /// Says that nothing more will be read: the writer's next value gives [`RingError::Closed`].
    pub fn close(&mut self) {
        self.places.control().reader_closed.store(1, Ordering::Release);
    }
}

impl core::fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Reader")
            .field("seen", &self.seen)
            .field("missed", &self.missed)
            .field("torn", &self.torn)
            .finish_non_exhaustive()
    }
}
