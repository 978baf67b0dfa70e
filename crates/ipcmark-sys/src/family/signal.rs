//! Signals as a means to communicate: sent through a pidfd, taken by a handler, by `sigwaitinfo` or by a `signalfd`.
//!
//! A signal is blocked before the fork that makes its receiver, so that none comes before somebody waits for it, and
//! what is pending stays pending. It is sent through the receiver's pidfd and not to its number: a number may be another
//! process's by then, and `SIGUSR1` ends a process that does not expect it.
//!
//! A process that receives a signal ignores it from then on, also after it stopped listening: a blocked signal is still
//! queued (the kernel decides what to do with it when it is taken), and a late one does no harm.
//!
//! # References
//! [signal(7)](https://man7.org/linux/man-pages/man7/signal.7.html)

mod taking;
mod tally;

pub use taking::{Handled, Taking, Waited, Watched};
pub use tally::Tally;

use crate::ground::done;
use crate::word::Payload;
use ipcmark_core::{Called, Error, Result};
use nix::sys::signal::SigSet;
use rustix::io::{self, Errno};
use rustix::process::{Pid, PidfdFlags, Resource, Rlimit, getrlimit, pidfd_open, setrlimit};
use std::os::fd::{AsRawFd, OwnedFd};

/// Number of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// `SIGUSR1`: a standard signal; those still pending merge.
    User,
    /// `SIGRTMIN + 1`: a real-time signal; each is queued, with its word.
    RealTime,
}

impl Number {
    /// Returns the kernel's number; the C library keeps the first real-time signals for itself.
    #[must_use]
    pub fn raw(self) -> i32 {
        match self {
            Number::User => libc::SIGUSR1,
            Number::RealTime => libc::SIGRTMIN() + 1,
        }
    }

    /// Returns the set that holds it alone.
    fn set(self) -> libc::sigset_t {
        // SAFETY: a set is numbers only, for which zero is valid; on Linux it is the empty set.
        let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
        // SAFETY: the set lies there, and the number is a signal's.
        unsafe { libc::sigaddset(&raw mut set, self.raw()) };
        set
    }
}

/// While it lives, a signal is blocked in this thread, and in the processes it forks. Dropping it restores the mask; what
/// is pending then is dropped with it, where this process [receives](Blocked::ignore_late) the signal.
#[derive(Debug)]
pub struct Blocked {
    before: SigSet,
}

impl Blocked {
    /// `sigprocmask(SIG_BLOCK)`.
    ///
    /// # References
    /// [sigprocmask(2)](https://man7.org/linux/man-pages/man2/sigprocmask.2.html)
    pub fn new(number: Number) -> Result<Blocked> {
        let before = SigSet::thread_get_mask().called("pthread_sigmask")?;
        let set = number.set();
        // SAFETY: the set lies there, and the old mask is not wanted.
        let rc =
            unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) };
        if rc == 0 {
            Ok(Blocked { before })
        } else {
            Err(Error::os("pthread_sigmask(SIG_BLOCK)", Errno::from_raw_os_error(rc)))
        }
    }

    /// Ignores the signal from now on, if it comes unblocked.
    pub fn ignore_late(number: Number) -> Result<()> {
        set_action(number, libc::SIG_IGN)
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        let _ = self.before.thread_set_mask();
    }
}

/// `sigaction()` with a handler or `SIG_IGN`, and no flags: a call that sleeps ends with `EINTR`.
fn set_action(number: Number, handler: libc::sighandler_t) -> Result<()> {
    // SAFETY: a `sigaction` is numbers and sets, for which zero is valid.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler;
    // SAFETY: what runs is nothing, or a handler of this crate that adds to an atomic.
    let rc = unsafe { libc::sigaction(number.raw(), &raw const action, std::ptr::null_mut()) };
    if rc == 0 { Ok(()) } else { Err(Error::os("sigaction", std::io::Error::last_os_error())) }
}

/// `siginfo_t` of a queued signal, as the kernel reads and writes it on 64-bit Linux. The tag is `si_errno`, which queued
/// signals do not use and the kernel passes on unchanged.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
struct Info {
    signo: i32,
    tag: i32,
    code: i32,
    _pad: i32,
    pid: i32,
    uid: u32,
    word: u64,
    _rest: [u64; 12],
}

/// A process that signals are sent to, held by its pidfd.
#[derive(Debug)]
pub struct Target {
    pidfd: OwnedFd,
    number: Number,
    info: Info,
}

impl Target {
    /// `pidfd_open()` - for signals of this number to process `pid`.
    ///
    /// # References
    /// [pidfd_open(2)](https://man7.org/linux/man-pages/man2/pidfd_open.2.html)
    pub fn open(pid: i32, number: Number) -> Result<Target> {
        let pid = Pid::from_raw(pid).ok_or_else(|| Error::Protocol("no such process".into()))?;
        let pidfd = match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(pidfd) => pidfd,
            Err(Errno::SRCH) => return Err(Error::PeerDied),
            Err(e) => return Err(Error::os("pidfd_open", e)),
        };
        let info = Info {
            signo: number.raw(),
            code: libc::SI_QUEUE,
            pid: rustix::process::getpid().as_raw_nonzero().get(),
            uid: rustix::process::getuid().as_raw(),
            ..Info::default()
        };
        Ok(Target { pidfd, number, info })
    }

    /// `pidfd_send_signal()` - sends the signal, as `kill(2)` would.
    ///
    /// # References
    /// [pidfd_send_signal(2)](https://man7.org/linux/man-pages/man2/pidfd_send_signal.2.html)
    #[inline]
    pub fn send(&self) -> io::Result<()> {
        self.call(std::ptr::null())
    }

    /// `pidfd_send_signal()` with a payload, as `sigqueue(3)` would: `EAGAIN` when as many signals are queued as
    /// `RLIMIT_SIGPENDING` allows the receiver's user.
    ///
    /// # References
    /// [sigqueue(3)](https://man7.org/linux/man-pages/man3/sigqueue.3.html)
    #[inline]
    pub fn queue(&self, payload: Payload) -> io::Result<()> {
        let info = Info { tag: payload.tag, word: payload.word, ..self.info };
        self.call(&raw const info)
    }

    #[inline]
    fn call(&self, info: *const Info) -> io::Result<()> {
        let (fd, number) = (self.pidfd.as_raw_fd(), self.number.raw());
        // SAFETY: the call reads one `siginfo_t` where it is given one, and `Info` has its size and layout.
        let rc = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, number, info, 0) };
        done(rc as libc::c_int)
    }
}

/// `sigpending()` - true when a signal of this number waits to be taken.
///
/// # References
/// [sigpending(2)](https://man7.org/linux/man-pages/man2/sigpending.2.html)
#[must_use]
pub fn is_pending(number: Number) -> bool {
    // SAFETY: a set is numbers only, for which zero is valid.
    let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: the set lies there.
    unsafe { libc::sigpending(&raw mut set) };
    // SAFETY: the set was filled just now, and the number is a signal's.
    unsafe { libc::sigismember(&raw const set, number.raw()) == 1 }
}

/// Limit on the signals queued for this process and those it forks, while it lives: the soft `RLIMIT_SIGPENDING`, against
/// which all processes of a user count.
#[derive(Debug)]
pub struct PendingLimit {
    before: Rlimit,
    limit: u64,
}

impl PendingLimit {
    /// `setrlimit()` - lowers the limit to `count`; a lower one stays as it is.
    ///
    /// # References
    /// [getrlimit(2)](https://man7.org/linux/man-pages/man2/getrlimit.2.html)
    pub fn lower(count: u64) -> Result<PendingLimit> {
        let before = getrlimit(Resource::Sigpending);
        let limit = before.current.unwrap_or(u64::MAX).min(count);
        let lowered = Rlimit { current: Some(limit), ..before };
        setrlimit(Resource::Sigpending, lowered).called("setrlimit(RLIMIT_SIGPENDING)")?;
        Ok(PendingLimit { before, limit })
    }

    /// Returns how many signals may be queued.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.limit
    }
}

impl Drop for PendingLimit {
    fn drop(&mut self) {
        // Several limits are dropped in any order. A later one found the limit that an earlier one had lowered; it must not
        // lower again what the earlier one has restored.
        let now = getrlimit(Resource::Sigpending).current;
        let current = now.zip(self.before.current).map(|(now, before)| now.max(before));
        let _ = setrlimit(Resource::Sigpending, Rlimit { current, ..self.before });
    }
}

#[cfg(test)]
mod tests;
