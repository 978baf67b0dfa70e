//! Memory that forked processes share: lines of atomics, parcels of bytes, and an input that all read.
//!
//! All lie in a memfd without a name, so that nothing is left when the processes end. All are made before the fork and
//! offer only what is sound while other processes run: atomics, bytes that change hands through one, and bytes that
//! no one writes any more.

use ipcmark_core::{Called, Error, Result};
use memmap2::{MmapOptions, MmapRaw};
use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use std::os::fd::{AsFd, AsRawFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Returns a zeroed, shared, page-aligned mapping of at least `len` bytes.
///
/// `map_anon` would be private to each process after the fork; so a memfd.
pub(crate) fn map(len: usize) -> Result<MmapRaw> {
    let file = memfd_create("ipcmark", MemfdFlags::CLOEXEC).called("memfd_create")?;
    ftruncate(&file, len as u64).called("ftruncate(memfd)")?;
    MmapOptions::new().len(len).map_raw(&file).called("mmap(MAP_SHARED)")
}

/// Zeroed, page-aligned memory that children inherit, for what is shared by other means than [`Line`]s.
#[derive(Debug)]
pub(crate) struct Pages {
    map: MmapRaw,
}

impl Pages {
    /// Maps at least `len` bytes.
    pub(crate) fn new(len: usize) -> Result<Pages> {
        Ok(Pages { map: map(len)? })
    }

    /// Returns the first byte.
    pub(crate) fn base(&self) -> NonNull<u8> {
        NonNull::new(self.map.as_mut_ptr()).expect("a mapping is not at address 0")
    }
}

/// Two words on a cache line of their own (two, where the CPU fetches lines in pairs).
#[derive(Debug, Default)]
#[repr(C, align(128))]
pub struct Line {
    /// For counters, stamps and the distance probe.
    pub word: AtomicU64,
    /// For [`crate::futex`].
    pub futex: AtomicU32,
}

/// Lines of atomics that forked processes share. They begin at zero.
#[derive(Debug)]
pub struct Lines {
    map: MmapRaw,
    count: usize,
}

impl Lines {
    /// Makes `count` lines.
    pub fn new(count: usize) -> Result<Lines> {
        Ok(Lines { map: map(count * size_of::<Line>())?, count })
    }

    /// Makes `count` lines of an empty file, e.g. a shared memory object, which it gives that length.
    ///
    /// # References
    /// - [mmap(2)](https://man7.org/linux/man-pages/man2/mmap.2.html), `MAP_SHARED`
    pub fn of_file(file: impl AsFd, count: usize) -> Result<Lines> {
        let len = count * size_of::<Line>();
        ftruncate(&file, len as u64).called("ftruncate")?;
        let map = MmapOptions::new().len(len).map_raw(file.as_fd().as_raw_fd());
        Ok(Lines { map: map.called("mmap(MAP_SHARED)")?, count })
    }

    /// Returns the lines.
    #[inline]
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        let first = self.map.as_ptr().cast::<Line>();
        // SAFETY: the mapping is page-aligned, zeroed, holds `count` lines of atomics only, and lives as long as self.
        unsafe { std::slice::from_raw_parts(first, self.count) }
    }
}

const EMPTY: u32 = 0;
const WRITING: u32 = 1;
const FULL: u32 = 2;

/// Bytes that one process writes once and another reads: how results come home, so that they never travel through
/// the mechanism under test.
#[derive(Debug)]
pub struct Parcel {
    map: MmapRaw,
    capacity: usize,
}

impl Parcel {
    const HEADER: usize = size_of::<Line>();

    /// Makes an empty parcel for up to `capacity` bytes.
    pub fn new(capacity: usize) -> Result<Parcel> {
        Ok(Parcel { map: map(Self::HEADER + capacity)?, capacity })
    }

    /// Returns the number of bytes that fit.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    fn header(&self) -> &Line {
        // SAFETY: the mapping begins with one zeroed line of atomics and lives as long as self.
        unsafe { &*self.map.as_ptr().cast::<Line>() }
    }

    /// Fills the parcel; the first to try wins.
    ///
    /// # Errors
    /// When it is full already, or `bytes` are too many.
    pub fn put(&self, bytes: &[u8]) -> Result<()> {
        if bytes.len() > self.capacity {
            return Err(Error::TooLong {
                len: bytes.len(),
                max: self.capacity,
                limited_by: "the parcel results come home in",
            });
        }
        let header = self.header();
        header
            .futex
            .compare_exchange(EMPTY, WRITING, Ordering::Acquire, Ordering::Relaxed)
            .map_err(|_| Error::Protocol("the parcel is full already".into()))?;
        // SAFETY: the offset lies inside the mapping, which is longer than the header.
        let body = unsafe { self.map.as_mut_ptr().add(Self::HEADER) };
        // SAFETY: capacity was checked, and WRITING gives the body to this process alone.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), body, bytes.len()) };
        header.word.store(bytes.len() as u64, Ordering::Relaxed);
        header.futex.store(FULL, Ordering::Release);
        Ok(())
    }

    /// Returns what was put into it; `None` while nothing was, or when the writer died on the way.
    #[must_use]
    pub fn get(&self) -> Option<Vec<u8>> {
        let header = self.header();
        if header.futex.load(Ordering::Acquire) != FULL {
            return None;
        }
        let len = (header.word.load(Ordering::Relaxed) as usize).min(self.capacity);
        // SAFETY: the offset lies inside the mapping, which is longer than the header.
        let body = unsafe { self.map.as_ptr().add(Self::HEADER) };
        let mut bytes = vec![0; len];
        // SAFETY: no one writes a full parcel any more, and `len` bytes lie inside the mapping.
        unsafe { std::ptr::copy_nonoverlapping(body, bytes.as_mut_ptr(), len) };
        Some(bytes)
    }
}

/// Bytes that are written before the fork and read by all after it: an input that several processes work on without
/// anybody sending it.
#[derive(Debug)]
pub struct Input {
    map: MmapRaw,
    len: usize,
}

impl Input {
    /// Maps `len` bytes (at least 1), zeroed, and lets `fill` write them; no one can afterwards.
    pub fn filled(len: usize, fill: impl FnOnce(&mut [u8])) -> Result<Input> {
        let map = map(len)?;
        // SAFETY: the mapping holds `len` zeroed bytes, and no one else has seen it yet.
        fill(unsafe { std::slice::from_raw_parts_mut(map.as_mut_ptr(), len) });
        Ok(Input { map, len })
    }

    /// Returns the bytes.
    #[inline]
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the mapping holds `len` bytes that no one writes any more, and lives as long as self.
        unsafe { std::slice::from_raw_parts(self.map.as_ptr(), self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parcel_is_filled_once_and_read_whole() {
        let parcel = Parcel::new(5).unwrap();
        assert_eq!(parcel.get(), None);
        assert!(matches!(parcel.put(b"sixsix"), Err(Error::TooLong { len: 6, max: 5, .. })));
        parcel.put(b"five!").unwrap();
        assert_eq!(parcel.get().as_deref(), Some(&b"five!"[..]));
        assert!(parcel.put(b"more").is_err());
        assert_eq!(parcel.get().as_deref(), Some(&b"five!"[..]));
    }

    #[test]
    fn an_input_is_what_it_was_filled_with() {
        let input = Input::filled(5_000, |bytes| bytes[4_999] = 7).unwrap();
        assert_eq!((input.bytes().len(), input.bytes()[4_999], input.bytes()[0]), (5_000, 7, 0));
    }

    #[test]
    fn lines_are_apart_and_zero() {
        let lines = Lines::new(3).unwrap();
        let [a, b, _] = lines.lines() else { panic!("three lines") };
        assert_eq!(std::ptr::from_ref(b) as usize - std::ptr::from_ref(a) as usize, 128);
        assert!(lines.lines().iter().all(|l| l.word.load(Ordering::Relaxed) == 0));
    }
}
