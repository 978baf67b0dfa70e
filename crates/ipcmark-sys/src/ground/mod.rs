//! The ground: system calls that every part of ipcmark uses.

pub mod affinity;
pub mod barrier;
pub mod clock;
pub mod fd;
pub mod futex;
pub mod lifeline;
pub mod mapped;
pub mod membarrier;
pub mod names;
pub mod process;
pub mod scheduling;
pub mod shared;
pub mod spent;

use rustix::io::{Errno, Result};

/// Returns the error of this thread's last C function that failed.
#[cold]
pub(crate) fn last_errno() -> Errno {
    Errno::from_raw_os_error(nix::errno::Errno::last_raw())
}

/// Turns the result of a C function that returns 0 on success.
#[inline]
pub(crate) fn done(rc: libc::c_int) -> Result<()> {
    if rc == 0 { Ok(()) } else { Err(last_errno()) }
}
