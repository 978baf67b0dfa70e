//! Buffers whose place in memory does not depend on chance.
//!
//! What a copy of 64 KiB costs depends on where in its page the buffer begins: up to ten percent
//! between two offsets that an allocator may hand out, and another one after the next change of the
//! program. So every buffer that messages are in begins at a page.

use memmap2::MmapMut;
use std::fmt;
use std::ops::{Deref, DerefMut};

/// A fixed number of bytes that begin at a page. They are zero at first.
pub struct Buffer(MmapMut);

impl Buffer {
    /// Makes one of `len` bytes.
    ///
    /// # Panics
    /// If there is no memory left.
    #[must_use]
    pub fn new(len: usize) -> Buffer {
        let mut pages = MmapMut::map_anon(len).expect("memory for a message");
        // A first write makes a page fault, which no measurement should pay for.
        pages.fill(0);
        Buffer(pages)
    }

    /// Returns its length in bytes, without a look at the bytes themselves.
    #[inline(always)]
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns true if it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Buffer {
        let mut copy = Buffer::new(self.len());
        copy.copy_from_slice(self);
        copy
    }
}

impl Deref for Buffer {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl DerefMut for Buffer {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} bytes)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_at_a_page_and_has_its_length() {
        for len in [0, 1, 64, 4_096, 4_097, 65_540] {
            let mut buffer = Buffer::new(len);
            assert_eq!(buffer.len(), len);
            assert!(buffer.iter().all(|&b| b == 0));
            buffer.fill(7);
            assert_eq!(buffer.as_ptr().align_offset(4_096), 0);
        }
    }
}
