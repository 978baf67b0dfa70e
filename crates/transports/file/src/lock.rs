//! The two locks.

use ipcmark_core::{Error, Result};
use nix::fcntl::{FcntlArg, fcntl};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::fs::File;
use std::ops::Range;

/// A lock on a file, as a type.
pub trait Lock: 'static {
    /// Names of the mechanism: with plain reads and writes, and with a mapping.
    const NAMES: [&'static str; 2];
    /// Summary in one line.
    const SUMMARIES: [&'static str; 2];
    /// Manual page that documents it.
    const REFERENCE: &'static str;
    /// True when each process is its own owner, whatever descriptors it inherited.
    const PER_PROCESS: bool;

    /// Runs `critical` while the lock is held, over `range` or more of the file; sleeps until it can be had.
    fn locked<R>(file: &File, range: Range<u64>, critical: impl FnOnce() -> Result<R>)
    -> Result<R>;
}

/// The record lock of a process: `fcntl(F_SETLKW)`.
#[derive(Debug)]
pub struct Record;

impl Record {
    /// `fcntl(F_SETLKW)` - takes or drops the lock on `range`.
    ///
    /// # References
    /// [fcntl_locking(2)](https://man7.org/linux/man-pages/man2/fcntl_locking.2.html)
    #[inline]
    fn set(file: &File, range: &Range<u64>, kind: i32) -> Result<()> {
        let lock = libc_flock(range, kind);
        loop {
            match fcntl(file, FcntlArg::F_SETLKW(&lock)) {
                Ok(_) => return Ok(()),
                Err(nix::errno::Errno::EINTR) => {}
                Err(e) => {
                    return Err(Error::os(
                        "fcntl(F_SETLKW)",
                        std::io::Error::from_raw_os_error(e as i32),
                    ));
                }
            }
        }
    }
}

fn libc_flock(range: &Range<u64>, kind: i32) -> nix::libc::flock {
    nix::libc::flock {
        l_type: kind as i16,
        l_whence: nix::libc::SEEK_SET as i16,
        l_start: range.start as i64,
        l_len: (range.end - range.start) as i64,
        l_pid: 0,
    }
}

impl Lock for Record {
    const NAMES: [&'static str; 2] = ["file-fcntl", "file-fcntl-mmap"];
    const SUMMARIES: [&'static str; 2] = [
        "mailbox in a file under a record lock (F_SETLKW); pread(2) and pwrite(2)",
        "mailbox in a mapped file under a record lock (F_SETLKW)",
    ];
    const REFERENCE: &'static str = "fcntl_locking(2)";
    const PER_PROCESS: bool = true;

    #[inline]
    fn locked<R>(
        file: &File,
        range: Range<u64>,
        critical: impl FnOnce() -> Result<R>,
    ) -> Result<R> {
        Record::set(file, &range, nix::libc::F_WRLCK)?;
        let done = critical();
        Record::set(file, &range, nix::libc::F_UNLCK)?;
        done
    }
}

/// The lock of an open file description, over the whole file: `flock(2)`.
#[derive(Debug)]
pub struct Flock;

impl Flock {
    /// `flock()` - takes or drops the lock.
    ///
    /// # References
    /// [flock(2)](https://man7.org/linux/man-pages/man2/flock.2.html)
    #[inline]
    fn set(file: &File, operation: FlockOperation) -> Result<()> {
        loop {
            match flock(file, operation) {
                Ok(()) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(e) => return Err(Error::os("flock", e)),
            }
        }
    }
}

impl Lock for Flock {
    const NAMES: [&'static str; 2] = ["file-flock", "file-flock-mmap"];
    const SUMMARIES: [&'static str; 2] = [
        "mailbox in a file under flock(2); pread(2) and pwrite(2)",
        "mailbox in a mapped file under flock(2)",
    ];
    const REFERENCE: &'static str = "flock(2)";
    const PER_PROCESS: bool = false;

    #[inline]
    fn locked<R>(file: &File, _: Range<u64>, critical: impl FnOnce() -> Result<R>) -> Result<R> {
        Flock::set(file, FlockOperation::LockExclusive)?;
        let done = critical();
        Flock::set(file, FlockOperation::Unlock)?;
        done
    }
}
