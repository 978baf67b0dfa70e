//! The three ways to take a signal, each a type.

use super::{Info, Number, set_action};
use crate::ground::last_errno;
use crate::word::Payload;
use ipcmark_core::{Error, Result, Wait, WaitKind};
use rustix::io::{self, Errno};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// A way to take signals of one number, which must be [blocked](super::Blocked).
pub trait Taking: Wait + Sized {
    /// The call that sleeps, for errors.
    const SLEEP: &'static str;

    /// Prepares to take them, in the process that will. After the fork.
    fn new(number: Number) -> Result<Self>;

    /// Sleeps until one comes; `EINTR` when another signal's handler ran meanwhile.
    fn take(&mut self) -> io::Result<Payload>;
}

/// Number of times that the handler ran since this was last read.
static HANDLED: AtomicU64 = AtomicU64::new(0);

extern "C" fn handle(_: libc::c_int) {
    HANDLED.fetch_add(1, Relaxed);
}

/// A handler, and `sigsuspend(2)`: unblocks the signal and sleeps in one step, so that none comes between. The handler
/// brings no payload home. One such in a process at a time.
#[derive(Debug)]
pub struct Handled {
    /// The mask while it sleeps: the thread's, without the signal.
    mask: libc::sigset_t,
    number: Number,
}

impl Wait for Handled {
    const KIND: WaitKind = WaitKind::Handler;
}

impl Taking for Handled {
    const SLEEP: &'static str = "sigsuspend";

    /// Makes it after the thread's other signals were unblocked.
    fn new(number: Number) -> Result<Handled> {
        HANDLED.store(0, Relaxed);
        set_action(number, handle as extern "C" fn(libc::c_int) as libc::sighandler_t)?;
        Ok(Handled { mask: mask_without(number)?, number })
    }

    #[inline]
    fn take(&mut self) -> io::Result<Payload> {
        if HANDLED.load(Relaxed) == 0 {
            // SAFETY: the mask lies there; the call always fails, with EINTR.
            unsafe { libc::sigsuspend(&raw const self.mask) };
        }
        // Only this thread adds to it, in the handler.
        if HANDLED.load(Relaxed) == 0 {
            return Err(Errno::INTR);
        }
        HANDLED.fetch_sub(1, Relaxed);
        Ok(Payload { word: 0, tag: 0 })
    }
}

impl Drop for Handled {
    fn drop(&mut self) {
        let _ = set_action(self.number, libc::SIG_IGN);
    }
}

/// Returns this thread's mask, without the signal.
fn mask_without(number: Number) -> Result<libc::sigset_t> {
    // SAFETY: a set is numbers only, for which zero is valid.
    let mut mask: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: nothing is set, and the old mask is written where it lies.
    let rc = unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), &raw mut mask) };
    if rc != 0 {
        return Err(Error::os("pthread_sigmask", Errno::from_raw_os_error(rc)));
    }
    // SAFETY: the set was filled just now, and the number is a signal's.
    unsafe { libc::sigdelset(&raw mut mask, number.raw()) };
    Ok(mask)
}

/// `sigwaitinfo(2)`: takes the signal without any handler.
#[derive(Debug)]
pub struct Waited {
    set: libc::sigset_t,
}

impl Wait for Waited {
    const KIND: WaitKind = WaitKind::Sigwait;
}

impl Taking for Waited {
    const SLEEP: &'static str = "sigwaitinfo";

    fn new(number: Number) -> Result<Waited> {
        super::Blocked::ignore_late(number)?;
        Ok(Waited { set: number.set() })
    }

    #[inline]
    fn take(&mut self) -> io::Result<Payload> {
        let mut info = Info::default();
        // SAFETY: the call reads the set and writes one `siginfo_t`, whose size and layout `Info` has.
        let rc = unsafe { libc::sigwaitinfo(&raw const self.set, (&raw mut info).cast()) };
        if rc < 0 {
            return Err(last_errno());
        }
        Ok(Payload { word: info.word, tag: info.tag })
    }
}

/// A read of a `signalfd(2)`: signals as records behind a descriptor.
#[derive(Debug)]
pub struct Watched {
    fd: OwnedFd,
}

impl Wait for Watched {
    const KIND: WaitKind = WaitKind::Signalfd;
}

impl Taking for Watched {
    const SLEEP: &'static str = "read(signalfd)";

    fn new(number: Number) -> Result<Watched> {
        super::Blocked::ignore_late(number)?;
        let set = number.set();
        // SAFETY: the set lies there.
        let fd = unsafe { libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC) };
        if fd < 0 {
            return Err(Error::os("signalfd", last_errno()));
        }
        // SAFETY: the descriptor was made just now, and no one else owns it.
        Ok(Watched { fd: unsafe { OwnedFd::from_raw_fd(fd) } })
    }

    #[inline]
    fn take(&mut self) -> io::Result<Payload> {
        // SAFETY: a `signalfd_siginfo` is numbers only, for which zero is valid.
        let mut record: libc::signalfd_siginfo = unsafe { std::mem::zeroed() };
        let (start, len) = ((&raw mut record).cast(), size_of::<libc::signalfd_siginfo>());
        // SAFETY: `len` bytes are writable from `start`, and any bytes make a record.
        let rc = unsafe { libc::read(self.fd.as_raw_fd(), start, len) };
        if rc < 0 {
            return Err(last_errno());
        }
        Ok(Payload { word: record.ssi_ptr, tag: record.ssi_errno })
    }
}

impl AsFd for Watched {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
