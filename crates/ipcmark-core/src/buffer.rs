//! Buffers whose place in memory does not depend on chance.
//!
//! What a copy of 64 KiB costs depends on where in its page the buffer begins: up to ten percent
//! between two offsets that an allocator may hand out, and another one after the next change of the
//! program. So every buffer that messages are in begins at a page.

use std::fmt;
use std::ops::{Deref, DerefMut};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

const PAGE: usize = 4096;

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(4096))]
struct Page([u8; PAGE]);

/// A fixed number of bytes that begin at a page. They are zero at first.
#[derive(Clone)]
pub struct Buffer {
    pages: Box<[Page]>,
    len: usize,
}

impl Buffer {
    /// Makes one of `len` bytes.
    #[must_use]
    pub fn new(len: usize) -> Buffer {
        let pages = vec![Page([0; PAGE]); len.div_ceil(PAGE)].into();
        Buffer { pages, len }
    }

    /// Returns its length in bytes, without a look at the bytes themselves.
    #[inline(always)]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Returns true if it has no bytes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl Deref for Buffer {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        &self.pages.as_bytes()[..self.len]
    }
}

impl DerefMut for Buffer {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.pages.as_mut_bytes()[..self.len]
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} bytes)", self.len)
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
            assert_eq!(buffer.as_ptr().align_offset(PAGE), 0);
        }
    }
}
