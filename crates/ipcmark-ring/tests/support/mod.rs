//! Memory for rings in one process, for tests.
#![allow(unsafe_code, reason = "the rings are made over raw memory")]

use ipcmark_ring::spsc::{Consumer, Producer};
use ipcmark_ring::{ALIGNMENT, RingError, footprint};
use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::NonNull;

/// Zeroed memory, aligned for a ring.
pub(crate) struct Memory {
    base: NonNull<u8>,
    layout: Layout,
}

impl Memory {
    /// As long as a ring of `capacity` bytes needs.
    #[allow(dead_code, reason = "each test program has its own copy")]
    pub(crate) fn new(capacity: usize) -> Self {
        Memory::of_bytes(footprint(capacity))
    }

    /// `len` bytes long.
    pub(crate) fn of_bytes(len: usize) -> Self {
        let layout = Layout::from_size_align(len, ALIGNMENT).unwrap();
        // SAFETY: the layout is not empty.
        let base = unsafe { alloc_zeroed(layout) };
        let base = NonNull::new(base).unwrap_or_else(|| handle_alloc_error(layout));
        Memory { base, layout }
    }

    /// Returns the first byte, for halves that may be several.
    #[allow(dead_code, reason = "each test program has its own copy")]
    pub(crate) fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// Returns both halves of a fresh ring; the borrow keeps a second pair from being made.
    #[allow(dead_code, reason = "each test program has its own copy")]
    pub(crate) fn ring(
        &mut self,
        capacity: usize,
    ) -> Result<(Producer<'_>, Consumer<'_>), RingError> {
        // SAFETY: the memory lives as long as the borrow, which is exclusive.
        let producer = unsafe { Producer::create(self.base, self.layout.size(), capacity) }?;
        // SAFETY: the same memory; one half of each kind.
        let consumer = unsafe { Consumer::attach(self.base, self.layout.size()) }?;
        Ok((producer, consumer))
    }

    /// Returns a second consumer over memory that holds `len` bytes, whatever they are.
    #[allow(dead_code, reason = "each test program has its own copy")]
    pub(crate) fn consumer(&mut self, len: usize) -> Result<Consumer<'_>, RingError> {
        assert!(len <= self.layout.size());
        // SAFETY: the memory lives as long as the borrow, which is exclusive.
        unsafe { Consumer::attach(self.base, len) }
    }

    /// Works as [`Memory::consumer`].
    #[allow(dead_code, reason = "each test program has its own copy")]
    pub(crate) fn producer(&mut self, len: usize) -> Result<Producer<'_>, RingError> {
        assert!(len <= self.layout.size());
        // SAFETY: the memory lives as long as the borrow, which is exclusive.
        unsafe { Producer::attach(self.base, len) }
    }

    /// Overwrites 8 bytes, as a hostile peer would.
    #[allow(dead_code, reason = "each test program has its own copy")]
    pub(crate) fn poke(&mut self, offset: usize, value: u64) {
        assert!(offset + 8 <= self.layout.size() && offset.is_multiple_of(8));
        // SAFETY: the offset was checked.
        let at = unsafe { self.base.add(offset) };
        // SAFETY: 8 bytes of this allocation, aligned.
        unsafe { at.cast::<u64>().write(value) };
    }

    /// Reads 8 bytes.
    #[allow(dead_code, reason = "each test program has its own copy")]
    pub(crate) fn peek(&mut self, offset: usize) -> u64 {
        assert!(offset + 8 <= self.layout.size() && offset.is_multiple_of(8));
        // SAFETY: the offset was checked.
        let at = unsafe { self.base.add(offset) };
        // SAFETY: 8 bytes of this allocation, aligned and written at least with zeros.
        unsafe { at.cast::<u64>().read() }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout in `new`.
        unsafe { dealloc(self.base.as_ptr(), self.layout) };
    }
}
