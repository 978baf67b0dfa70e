//! A file as memory that processes share, copied in and out.

use crate::shared;
use ipcmark_core::{Error, Result};
use memmap2::{MmapOptions, MmapRaw};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::{Ordering, fence};

/// A shared mapping of a file. No reference into it is ever made: bytes are copied out and in, and what keeps two
/// processes from copying the same ones at once is a lock of the caller's. Without one, bytes may come torn.
#[derive(Debug)]
pub struct MappedFile {
    pages: MmapRaw,
}

impl MappedFile {
    /// `mmap(MAP_SHARED)` - maps the first `len` bytes of a file that has that many.
    ///
    /// # References
    /// [mmap(2)](https://man7.org/linux/man-pages/man2/mmap.2.html)
    pub fn new(file: impl AsFd, len: usize) -> Result<MappedFile> {
        let pages = MmapOptions::new()
            .len(len)
            .map_raw(file.as_fd().as_raw_fd())
            .map_err(|e| Error::os(format!("mmap({len} bytes of a file, MAP_SHARED)"), e))?;
        Ok(MappedFile { pages })
    }

    /// `memfd_create()`, `mmap(MAP_SHARED)` - `len` zeroed bytes of a file without a name, which children inherit.
    ///
    /// # References
    /// [memfd_create(2)](https://man7.org/linux/man-pages/man2/memfd_create.2.html)
    pub fn of_memory(len: usize) -> Result<MappedFile> {
        Ok(MappedFile { pages: shared::map(len)? })
    }

    /// Copies bytes out, from offset `at`.
    ///
    /// # Panics
    /// When they are not in the mapping.
    #[inline]
    pub fn read(&self, at: usize, space: &mut [u8]) {
        self.check(at, space.len());
        fence(Ordering::Acquire);
        // SAFETY: the offset was checked.
        let from = unsafe { self.pages.as_ptr().add(at) };
        // SAFETY: that many mapped bytes are there, and `space` is memory of this process alone.
        unsafe { std::ptr::copy_nonoverlapping(from, space.as_mut_ptr(), space.len()) };
    }

    /// Copies bytes in, to offset `at`.
    ///
    /// # Panics
    /// When they do not fit the mapping.
    #[inline]
    pub fn write(&self, at: usize, bytes: &[u8]) {
        self.check(at, bytes.len());
        // SAFETY: the offset was checked.
        let to = unsafe { self.pages.as_mut_ptr().add(at) };
        // SAFETY: that many mapped bytes are there, and `bytes` is memory of this process alone.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
        fence(Ordering::Release);
    }

    #[inline]
    fn check(&self, at: usize, len: usize) {
        let whole = self.pages.len();
        assert!(at <= whole && len <= whole - at, "{len} bytes at {at} lie in {whole}");
    }
}
