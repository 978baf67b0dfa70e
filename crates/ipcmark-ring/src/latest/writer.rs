//! The half that writes.

use super::places::{LENGTH, MARK, Places, VALUE};
use crate::sync::Ordering;
use crate::{RingError, words};
#[cfg(not(loom))]
use core::ptr::NonNull;

/// The writer; there is one. It never waits.
///
/// Dropping it closes nothing, because after a `fork(2)` both processes hold a copy of whatever was attached before:
/// [`close`](Writer::close) does.
pub struct Writer<'m> {
    places: Places<'m>,
    /// Number of the value written last.
    number: u64,
}

#[cfg(not(loom))]
impl Writer<'_> {
    /// Attaches, after the newest value there is.
    ///
    /// Fails when the memory holds no places of this kind, damaged ones, or a part of them.
    ///
    /// # Safety
    /// - `base` is valid for reads and writes of `len` bytes during the writer's life.
    /// - They are used by halves of this kind alone, of which one at a time is a writer.
    pub unsafe fn attach(base: NonNull<u8>, len: usize) -> Result<Self, RingError> {
        // SAFETY: the caller's promise, passed on.
        Ok(Self::over(unsafe { Places::attach(base, len) }?))
    }
}

impl<'m> Writer<'m> {
    pub(crate) fn over(places: Places<'m>) -> Self {
        let number = places.control().newest.load(Ordering::Relaxed);
        Writer { places, number }
    }

    /// Writes the next value, over the oldest one there is.
    ///
    /// Fails with [`RingError::Closed`] when a reader has closed, and with [`RingError::TooLong`].
    #[inline]
    pub fn write(&mut self, value: &[u8]) -> Result<(), RingError> {
        if value.len() > self.places.largest {
            return Err(RingError::TooLong { len: value.len(), max: self.places.largest });
        }
        if self.places.control().reader_closed.load(Ordering::Relaxed) != 0 {
            return Err(RingError::Closed);
        }
        let number = self.number + 1;
        let place = self.places.place(number);
        place[MARK].store(2 * number - 1, Ordering::Relaxed);
        self.places.writers_fence();
        place[LENGTH].store(value.len() as u64, Ordering::Relaxed);
        words::store(&place[VALUE..], value);
        place[MARK].store(2 * number, Ordering::Release);
        self.places.control().newest.store(number, Ordering::Release);
        self.number = number;
        Ok(())
    }

    /// Says that no more values come: a reader gets the newest, if it has not had it, then [`RingError::Closed`].
    pub fn close(&mut self) {
        self.places.control().writer_closed.store(1, Ordering::Release);
    }
}

impl core::fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Writer").field("number", &self.number).finish_non_exhaustive()
    }
}
