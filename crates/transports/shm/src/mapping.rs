//! One shared mapping.

use ipcmark_core::{Error, Result};
use ipcmark_sys::cgroup::Groups;
use ipcmark_sys::segment::Segment;
use memmap2::{MmapOptions, MmapRaw};
use rustix::fs::{FallocateFlags, fallocate, ftruncate};
use rustix::io::{Errno, pwrite};
use rustix::mm::{Advice, madvise};
use std::os::fd::{AsFd, AsRawFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU8, Ordering};

/// Bytes of the smallest page Linux has; touching more often than needed does no harm.
const PAGE: usize = 4096;

/// Mappings from this length on are compared with the memory that is left.
const LONG: usize = 1 << 20;

/// Pages that both sides see, read and write.
#[derive(Debug)]
pub(crate) enum Mapping {
    /// `mmap(MAP_SHARED)` of a file or something like one.
    File(MmapRaw),
    /// `shmat(2)`.
    Segment(Segment),
}

impl Mapping {
    /// Gives the empty file `len` bytes that are really there, and maps them.
    pub(crate) fn of_file(file: impl AsFd, len: usize) -> Result<Self> {
        let (fd, bytes) = (file.as_fd(), len as u64);
        // All its pages are this process's, and beyond the limit the kernel would kill it.
        if len >= LONG {
            Groups::of_this_process().refuse_memory(bytes)?;
        }
        ftruncate(fd, bytes).map_err(|e| Error::os(format!("ftruncate({len} bytes)"), e))?;
        // A hole in a file system that is full would be a SIGBUS at the first touch.
        match fallocate(fd, FallocateFlags::empty(), 0, bytes) {
            Ok(()) => {}
            Err(Errno::OPNOTSUPP) => fill(fd, len)?,
            Err(e) => {
                return Err(Error::os_hint(
                    format!("fallocate({len} bytes of shared memory)"),
                    e,
                    "enlarge it (mount -o remount,size=1G /dev/shm; docker run --shm-size=1g) or ask for less capacity",
                ));
            }
        }
        let pages = MmapOptions::new()
            .len(len)
            .map_raw(fd.as_raw_fd())
            .map_err(|e| Error::os(format!("mmap({len} bytes, MAP_SHARED)"), e))?;
        Ok(Mapping::File(pages))
    }

    fn base(&self) -> *mut u8 {
        match self {
            Mapping::File(pages) => pages.as_mut_ptr(),
            Mapping::Segment(segment) => segment.base().as_ptr(),
        }
    }

    /// Returns bytes mapped.
    pub(crate) fn len(&self) -> usize {
        match self {
            Mapping::File(pages) => pages.len(),
            Mapping::Segment(segment) => segment.len(),
        }
    }

    /// Maps every page into this process. A fork does not copy the page table of a shared mapping, so each side does
    /// it again. Left out, the first lap of a ring pays for it message by message: some 1.1 µs for each page of 4 KiB, twenty times
    /// a later lap with messages of 4,000 B through 256 KiB in one process; done at once it costs 0.9 µs a page.
    pub(crate) fn populate(&self) {
        // SAFETY: the range is this mapping, and the advice changes none of its bytes.
        let advised =
            unsafe { madvise(self.base().cast(), self.len(), Advice::LinuxPopulateWrite) };
        // Linux 5.14 and later; before that, touching one byte a page does the same, slower.
        if advised.is_ok() {
            return;
        }
        for at in (0..self.len()).step_by(PAGE) {
            // SAFETY: `at` is inside the mapping.
            let byte = unsafe { self.base().add(at) };
            // SAFETY: a mapped byte, touched as an atomic because the peer may be writing it.
            unsafe { AtomicU8::from_ptr(byte) }.load(Ordering::Relaxed);
        }
    }

    /// `len` bytes at `offset`.
    pub(crate) fn slice(&self, offset: usize, len: usize) -> NonNull<u8> {
        assert!(offset + len <= self.len(), "{len} bytes at {offset} lie in the mapping");
        // SAFETY: the offset was checked.
        let at = unsafe { self.base().add(offset) };
        NonNull::new(at).expect("a mapping is not at address 0")
    }
}

/// Writes `len` zeros, where the file system cannot reserve them in one call.
fn fill(fd: impl AsFd, len: usize) -> Result<()> {
    let zeros = [0; 16 * PAGE];
    let mut done = 0;
    while done < len {
        let next = &zeros[..zeros.len().min(len - done)];
        done += pwrite(&fd, next, done as u64)
            .map_err(|e| Error::os(format!("write({len} bytes of zeros)"), e))?;
    }
    Ok(())
}
