//! Signal-driven I/O: the kernel sends `SIGIO` when something happens on a descriptor; the side waits for the signal.
//!
//! The signal is blocked and taken with `sigwait(3)`, so that one which comes between a call that said `EAGAIN` and the
//! wait stays pending, and no handler runs. It is the standard `SIGIO`, not a real-time signal chosen with `F_SETSIG`:
//! standard signals merge, and here that is what is wanted. A real-time one would queue for each message that comes
//! while the side is busy, wake it in vain for each, and, past `RLIMIT_SIGPENDING`, turn into `SIGIO` all the same.
//!
//! What is known of one signal is that something happened since; so the order is try, wait, try.

use super::wait::{FdWait, Interest, Waited};
use crate::lifeline::{Lifeline, own};
use ipcmark_core::{Called, Result, Wait, WaitKind};
use nix::sys::signal::{SigSet, Signal};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use std::os::fd::{AsFd, BorrowedFd};

/// `sigwait(3)` for the `SIGIO` of `O_ASYNC`, then the call.
#[derive(Debug)]
pub struct Sigio {
    interest: Interest,
    /// The kernel signals for the descriptor. A sender asks for it when it first must wait: else each of the peer's
    /// reads would signal this side, and wake it while it waits for something else.
    asked: bool,
    signals: SigSet,
}

impl Wait for Sigio {
    const KIND: WaitKind = WaitKind::Sigio;
}

impl FdWait for Sigio {
    const NONBLOCKING: bool = true;
    /// An open file description has one owner that is signalled.
    const SHARES: bool = false;

    fn arm(fd: BorrowedFd<'_>, interest: Interest, lifeline: Option<&Lifeline>) -> Result<Self> {
        let signals = SigSet::from(Signal::SIGIO);
        signals.thread_block().called("pthread_sigmask(SIG_BLOCK, SIGIO)")?;
        if let Some(lifeline) = lifeline {
            ask(lifeline.as_fd())?;
        }
        let asked = interest == Interest::Readable;
        if asked {
            ask(fd)?;
        }
        Ok(Sigio { interest, asked, signals })
    }

    fn wait(&mut self, fd: BorrowedFd<'_>, lifeline: Option<&Lifeline>) -> Result<Waited> {
        if !self.asked {
            ask(fd)?;
            self.asked = true;
        }
        // A socket signals that there is room only after a call found none, and may have made room while that call
        // returned: so a sender looks again.
        if self.interest == Interest::Writable {
            let mut fds = [PollFd::from_borrowed_fd(fd, PollFlags::OUT)];
            let now = Some(&Timespec { tv_sec: 0, tv_nsec: 0 });
            if matches!(poll(&mut fds, now), Ok(1)) {
                return Ok(Waited::Ready);
            }
        }
        self.signals.wait().called("sigwait(SIGIO)")?;
        Ok(if lifeline.is_some() { Waited::Long } else { Waited::Ready })
    }
}

/// Has the kernel send `SIGIO` to this thread when something happens on `fd`. The caller tries its call again before it waits: what happened before sent no signal.
///
/// # References
/// [fcntl(2)](https://man7.org/linux/man-pages/man2/fcntl.2.html), `O_ASYNC`
fn ask(fd: BorrowedFd<'_>) -> Result<()> {
    own(fd)?;
    let flags = fcntl_getfl(fd).called("fcntl(F_GETFL)")?;
    fcntl_setfl(fd, flags | OFlags::ASYNC).called("fcntl(F_SETFL, O_ASYNC)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fd::set_nonblocking;
    use rustix::io::Errno;
    use rustix::pipe::pipe;

    #[test]
    fn what_came_before_the_wait_is_not_lost() {
        let (reader, writer) = pipe().unwrap();
        let mut wait = Sigio::arm(reader.as_fd(), Interest::Readable, None).unwrap();
        for byte in 0..3 {
            rustix::io::write(&writer, &[byte]).unwrap();
        }
        // Three writes, one signal: they merged.
        assert_eq!(wait.wait(reader.as_fd(), None).unwrap(), Waited::Ready);
        assert_eq!(rustix::io::read(&reader, &mut [0; 8]), Ok(3));
        drop(writer);
        assert_eq!(wait.wait(reader.as_fd(), None).unwrap(), Waited::Ready, "the end signals too");
        assert_eq!(rustix::io::read(&reader, &mut [0; 8]), Ok(0));
    }

    #[test]
    fn room_made_before_the_first_wait_is_seen() {
        let (reader, writer) = pipe().unwrap();
        set_nonblocking(&writer, true).unwrap();
        let mut wait = Sigio::arm(writer.as_fd(), Interest::Writable, None).unwrap();
        while rustix::io::write(&writer, &[0; 4096]).is_ok() {}
        rustix::io::read(&reader, &mut [0; 4096]).unwrap();
        assert_eq!(wait.wait(writer.as_fd(), None).unwrap(), Waited::Ready);
        assert_eq!(rustix::io::write(&writer, &[0; 4096]), Ok(4096));
        assert_eq!(rustix::io::write(&writer, &[0; 4096]), Err(Errno::AGAIN));
        rustix::io::read(&reader, &mut [0; 4096]).unwrap();
        assert_eq!(wait.wait(writer.as_fd(), None).unwrap(), Waited::Ready);
    }
}
