//! A bell that is an unnamed POSIX semaphore in shared memory: `sem_overview(7)`.

use super::Bell;
use crate::ground::last_errno;
use crate::shared::map;
use ipcmark_core::{Error, Result, Wait, WaitKind};
use memmap2::MmapRaw;
use rustix::io::{self, Errno};

/// A `sem_t` that processes share. The C library counts in memory and calls the kernel only to sleep and to wake.
#[derive(Debug)]
pub struct SemBell {
    /// Begins with the `sem_t`.
    page: MmapRaw,
}

impl SemBell {
    #[inline]
    fn sem(&self) -> *mut libc::sem_t {
        self.page.as_mut_ptr().cast()
    }
}

impl Wait for SemBell {
    const KIND: WaitKind = WaitKind::Sem;
}

impl Bell for SemBell {
    const RING: &'static str = "sem_post";
    const SLEEP: &'static str = "sem_wait";
    const REFERENCE: &'static str = "sem_overview(7)";

    fn new() -> Result<SemBell> {
        let bell = SemBell { page: map(size_of::<libc::sem_t>())? };
        // SAFETY: the page is aligned, has room for a `sem_t`, and no one else uses it yet.
        let rc = unsafe { libc::sem_init(bell.sem(), 1, 0) };
        if rc == 0 { Ok(bell) } else { Err(Error::os("sem_init", std::io::Error::last_os_error())) }
    }

    #[inline]
    fn ring(&self) -> io::Result<()> {
        // SAFETY: `new` initialized the semaphore, and the page lives as long as self.
        match unsafe { libc::sem_post(self.sem()) } {
            0 => Ok(()),
            _ => Err(full(last_errno())),
        }
    }

    #[inline]
    fn sleep(&self) -> io::Result<u64> {
        // SAFETY: as above.
        match unsafe { libc::sem_wait(self.sem()) } {
            0 => Ok(1),
            _ => Err(last_errno()),
        }
    }
}

/// Returns the error of a full count: a semaphore counts to `SEM_VALUE_MAX`, 2^31 - 1.
#[cold]
fn full(errno: Errno) -> Errno {
    if errno == Errno::OVERFLOW { Errno::AGAIN } else { errno }
}
