//! The signal by which news on a lifeline ends a call that sleeps on something else.
//!
//! A call that waits for ever on a message queue does not notice that its peer died. A time limit on each call would,
//! and would arm a timer whenever the call sleeps: 10 % of a round trip. So the kernel sends `SIGIO` to the thread
//! instead when something happens on its lifeline (`O_ASYNC`), and the handler sets `O_NONBLOCK` on the descriptors
//! that the thread blocks on. A call that sleeps is interrupted, and started again says `EAGAIN`; a call that was
//! about to begin says it at once. No wake-up is lost between the two, and while there is no news nothing is paid.
//!
//! What the handler reads is a static table of slots, one a descriptor, each a word: thread number above, descriptor
//! below, 0 where free.

use super::Peer::Here;
use super::{Lifeline, ticker};
use crate::fd::set_nonblocking;
use ipcmark_core::{Called, Error, Result};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::thread::gettid;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// Blocking halves that one process may hold; a side has two for each of its links.
const SLOTS_MAX: usize = 1024;
const FREE: u64 = 0;
static SLOTS: [AtomicU64; SLOTS_MAX] = [const { AtomicU64::new(FREE) }; SLOTS_MAX];

/// Commands of `asm-generic/fcntl.h`; the libc crate lacks them for glibc.
const F_SETOWN_EX: libc::c_int = 15;
const F_OWNER_TID: libc::c_int = 0;

/// `struct f_owner_ex` of fcntl(2).
#[repr(C)]
struct Owner {
    kind: libc::c_int,
    id: libc::pid_t,
}

/// While it lives, news on its lifeline makes a descriptor non-blocking. Drop it before the descriptor is closed, else
/// another that is given the same number could be touched.
#[derive(Debug)]
pub struct Interruption {
    slot: &'static AtomicU64,
}

impl Drop for Interruption {
    fn drop(&mut self) {
        self.slot.store(FREE, Release);
    }
}

impl Lifeline {
    /// Makes the peer's farewell and its end end this thread's call on `fd` with `EAGAIN`, whether it sleeps or has yet to
    /// begin: `O_NONBLOCK` is set and stays. If there is such news already, it is set here.
    ///
    /// Calls that sleep must be made by the thread that asked for it. The flag belongs to the open file description,
    /// which must be this side's own.
    ///
    /// # Errors
    /// When this process holds too many blocking halves, or what the kernel said.
    ///
    /// # References
    /// [F_SETOWN_EX(2const)](https://man7.org/linux/man-pages/man2/F_SETOWN_EX.2const.html),
    /// [fcntl(2)](https://man7.org/linux/man-pages/man2/fcntl.2.html), `O_ASYNC`
    pub fn interrupts(&self, fd: BorrowedFd<'_>) -> Result<Interruption> {
        let interruption = register(fd)?;
        self.sends_news()?;
        // What came before that sent no signal.
        if self.peer() != Here {
            set_nonblocking(fd, true)?;
        }
        Ok(interruption)
    }

    /// Lets news on this lifeline send `SIGIO` to this thread, whose handler uses what was registered before.
    pub(super) fn sends_news(&self) -> Result<()> {
        listen()?;
        own(&self.end)?;
        let flags = fcntl_getfl(&self.end).called("fcntl(F_GETFL)")?;
        fcntl_setfl(&self.end, flags | OFlags::ASYNC).called("fcntl(F_SETFL, O_ASYNC)")
    }
}

/// Lets `SIGIO` through to this thread and installs its handler. Interrupted calls are started again by the kernel
/// where it can, so that the other calls of this process are disturbed least; a queue's or a socket's then looks at
/// `O_NONBLOCK` again.
fn listen() -> Result<()> {
    let action =
        SigAction::new(SigHandler::Handler(end_blocking), SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: the handler calls nothing but what signal-safety(7) allows.
    unsafe { sigaction(Signal::SIGIO, &action) }.called("sigaction(SIGIO)")?;
    SigSet::from(Signal::SIGIO).thread_unblock().called("pthread_sigmask(SIG_UNBLOCK, SIGIO)")
}

/// `fcntl(F_SETOWN_EX)` - names this thread as the one that is sent `SIGIO` for `end`.
pub(crate) fn own(end: impl AsFd) -> Result<()> {
    let owner = Owner { kind: F_OWNER_TID, id: gettid().as_raw_nonzero().get() };
    let fd = end.as_fd().as_raw_fd();
    // SAFETY: the command reads one `struct f_owner_ex`, which `owner` is.
    let rc = unsafe { libc::fcntl(fd, F_SETOWN_EX, &raw const owner) };
    if rc == 0 {
        Ok(())
    } else {
        Err(Error::os("fcntl(F_SETOWN_EX)", std::io::Error::last_os_error()))
    }
}

/// Takes a free slot for `fd` and this thread.
fn register(fd: BorrowedFd<'_>) -> Result<Interruption> {
    let entry = entry(gettid().as_raw_nonzero().get(), fd.as_raw_fd());
    let slot =
        SLOTS.iter().find(|slot| slot.compare_exchange(FREE, entry, Release, Relaxed).is_ok());
    slot.map(|slot| Interruption { slot }).ok_or_else(|| {
        Error::unavailable(format!("one process holds {SLOTS_MAX} blocking halves at most"))
    })
}

fn entry(thread: i32, fd: i32) -> u64 {
    u64::from(thread as u32) << 32 | u64::from(fd as u32)
}

/// Handles the signal: sets `O_NONBLOCK` on what this thread registered, and starts its ticks.
extern "C" fn end_blocking(_: libc::c_int) {
    let errno = nix::errno::Errno::last_raw();
    let thread = gettid().as_raw_nonzero().get();
    for slot in &SLOTS {
        let registered = slot.load(Acquire);
        let fd = registered as u32 as i32;
        if registered == entry(thread, fd) {
            // SAFETY: a slot is freed before its descriptor is closed.
            let fd = unsafe { BorrowedFd::borrow_raw(fd) };
            if let Ok(flags) = fcntl_getfl(fd) {
                let _ = fcntl_setfl(fd, flags | OFlags::NONBLOCK);
            }
        }
    }
    ticker::start_those_of(thread);
    nix::errno::Errno::set_raw(errno);
}

#[cfg(test)]
mod tests {
    use super::super::LifelinePair;
    use super::*;
    use rustix::io::Errno;
    use rustix::pipe::pipe;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    fn is_nonblocking(fd: impl AsFd) -> bool {
        fcntl_getfl(fd).unwrap().contains(OFlags::NONBLOCK)
    }

    #[test]
    fn a_farewell_is_news_and_so_is_the_end_after_it() {
        let [here, there] = LifelinePair::new().unwrap().into_both();
        let (reader, _writer) = pipe().unwrap();
        let _interruption = here.interrupts(reader.as_fd()).unwrap();
        assert!(!is_nonblocking(&reader));
        there.farewell();
        assert!(is_nonblocking(&reader), "the signal is handled before the next instruction");
        set_nonblocking(&reader, false).unwrap();
        drop(there);
        assert!(is_nonblocking(&reader));
    }

    // F4
    #[test]
    fn a_process_holds_the_halves_of_256_links() {
        let [here, there] = LifelinePair::new().unwrap().into_both();
        let (reader, _writer) = pipe().unwrap();
        let held: Vec<_> = (0..512).map(|_| here.interrupts(reader.as_fd()).unwrap()).collect();
        there.farewell();
        assert!(is_nonblocking(&reader));
        drop(held);
    }

    #[test]
    fn news_from_before_counts() {
        let [here, there] = LifelinePair::new().unwrap().into_both();
        drop(there);
        let (reader, _writer) = pipe().unwrap();
        let _interruption = here.interrupts(reader.as_fd()).unwrap();
        assert!(is_nonblocking(&reader));
    }

    #[test]
    fn a_call_that_sleeps_is_ended() {
        let [here, there] = LifelinePair::new().unwrap().into_both();
        let (armed, is_armed) = mpsc::channel();
        let sleeper = thread::spawn(move || {
            let (reader, _writer) = pipe().unwrap();
            let _interruption = here.interrupts(reader.as_fd()).unwrap();
            armed.send(()).unwrap();
            rustix::io::retry_on_intr(|| rustix::io::read(&reader, &mut [0]))
        });
        is_armed.recv().unwrap();
        thread::sleep(Duration::from_millis(30));
        drop(there);
        assert_eq!(sleeper.join().unwrap(), Err(Errno::AGAIN));
    }

    #[test]
    fn other_threads_and_freed_descriptors_are_left_alone() {
        let [here, there] = LifelinePair::new().unwrap().into_both();
        let (freed, _w) = pipe().unwrap();
        drop(here.interrupts(freed.as_fd()).unwrap());
        let (mine, _w) = pipe().unwrap();
        let _mine = here.interrupts(mine.as_fd()).unwrap();
        let (others, _w) = pipe().unwrap();
        let _others =
            thread::scope(|s| s.spawn(|| register(others.as_fd()).unwrap()).join().unwrap());
        there.farewell();
        assert!(is_nonblocking(&mine));
        assert!(!is_nonblocking(&freed) && !is_nonblocking(&others));
    }
}
