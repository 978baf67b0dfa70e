//! POSIX message queues as descriptors; nix opens them and lacks the timed calls and the closing.
//!
//! On Linux a message queue descriptor is a file descriptor: it can be polled, inherited and closed as one
//! ([mq_overview(7)](https://man7.org/linux/man-pages/man7/mq_overview.7.html)).

use nix::mqueue::{MQ_OFlag, MqAttr, mq_getattr, mq_open, mq_unlink};
use nix::sys::stat::Mode;
use rustix::io::{self, Errno};
use rustix::time::{ClockId, clock_gettime};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};
use std::ptr;
use std::time::Duration;

/// A point on CLOCK_REALTIME, where the timed calls of message queues stop waiting.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(libc::timespec);

impl Deadline {
    /// A deadline that has passed: the call does not wait.
    pub const PAST: Deadline = Deadline(libc::timespec { tv_sec: 0, tv_nsec: 0 });

    /// A deadline `ahead` from now. One clock read.
    #[must_use]
    pub fn after(ahead: Duration) -> Self {
        let now = clock_gettime(ClockId::Realtime);
        let nanos = now.tv_nsec + i64::from(ahead.subsec_nanos());
        Deadline(libc::timespec {
            tv_sec: now.tv_sec + ahead.as_secs() as i64 + nanos / 1_000_000_000,
            tv_nsec: nanos % 1_000_000_000,
        })
    }
}

/// A message queue that has no name any more and lives as long as its descriptors.
#[derive(Debug)]
pub struct Queue {
    fd: OwnedFd,
    /// Messages it holds.
    depth: usize,
    /// Bytes of its longest message.
    message_bytes: usize,
}

impl Queue {
    /// `mq_open()` - creates a queue for `depth` messages of at most `message_bytes`, for this user only, and removes
    /// its `name` at once.
    ///
    /// # Errors
    /// What the kernel said; nothing is left behind.
    ///
    /// # References
    /// [mq_open(3)](https://man7.org/linux/man-pages/man3/mq_open.3.html)
    pub fn create(name: &str, depth: usize, message_bytes: usize) -> io::Result<Queue> {
        let attr = MqAttr::new(0, depth as i64, message_bytes as i64, 0);
        let flags = MQ_OFlag::O_RDWR | MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL | MQ_OFlag::O_CLOEXEC;
        let mode = Mode::S_IRUSR | Mode::S_IWUSR;
        let mqd = mq_open(name, flags, mode, Some(&attr)).map_err(errno)?;
        let granted = mq_getattr(&mqd);
        let unlinked = mq_unlink(name);
        // SAFETY: `mq_open` has just returned this descriptor, and `into_raw_fd` gives up the only other owner.
        let fd = unsafe { OwnedFd::from_raw_fd(mqd.into_raw_fd()) };
        unlinked.map_err(errno)?;
        let granted = granted.map_err(errno)?;
        Ok(Queue {
            fd,
            depth: granted.maxmsg() as usize,
            message_bytes: granted.msgsize() as usize,
        })
    }

    /// Messages the queue holds.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Bytes of the longest message.
    #[must_use]
    pub fn message_bytes(&self) -> usize {
        self.message_bytes
    }

    /// A second descriptor for the same open queue.
    pub fn try_clone(&self) -> std::io::Result<Queue> {
        Ok(Queue { fd: self.fd.try_clone()?, ..*self })
    }

    /// `mq_timedsend()` - sends `message` with priority 0, waiting for room until `deadline`; without one, for ever
    /// (`mq_send(3)`). `ETIMEDOUT` when it has passed, `EAGAIN` when the queue is full and `O_NONBLOCK` is set.
    ///
    /// # References
    /// [mq_send(3)](https://man7.org/linux/man-pages/man3/mq_send.3.html)
    #[inline]
    pub fn send(&self, message: &[u8], deadline: Option<&Deadline>) -> io::Result<()> {
        let until = deadline.map_or(ptr::null(), |d| ptr::from_ref(&d.0));
        let start = message.as_ptr().cast();
        // SAFETY: `start` is readable for `message.len()` bytes, and `until` is null or points to a timespec.
        let rc = unsafe { libc::mq_timedsend(self.fd.as_raw_fd(), start, message.len(), 0, until) };
        if rc == 0 { Ok(()) } else { Err(last_errno()) }
    }

    /// `mq_timedreceive()` - takes the oldest message of the highest priority, waiting until `deadline`; without one,
    /// for ever (`mq_receive(3)`). Returns its length in bytes. `space` must hold [`Queue::message_bytes`], else
    /// `EMSGSIZE`.
    ///
    /// # References
    /// [mq_receive(3)](https://man7.org/linux/man-pages/man3/mq_receive.3.html)
    #[inline]
    pub fn receive(&self, space: &mut [u8], deadline: Option<&Deadline>) -> io::Result<usize> {
        let until = deadline.map_or(ptr::null(), |d| ptr::from_ref(&d.0));
        let start = space.as_mut_ptr().cast();
        let fd = self.fd.as_raw_fd();
        // SAFETY: `start` is writable for `space.len()` bytes, the priority may be null, `until` is as in `send`.
        let rc = unsafe { libc::mq_timedreceive(fd, start, space.len(), ptr::null_mut(), until) };
        usize::try_from(rc).map_err(|_| last_errno())
    }
}

impl AsFd for Queue {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn errno(errno: nix::errno::Errno) -> Errno {
    Errno::from_raw_os_error(errno as i32)
}

#[cold]
fn last_errno() -> Errno {
    errno(nix::errno::Errno::last())
}

#[cfg(test)]
mod tests {
    use super::super::wait::set_nonblocking;
    use super::*;

    fn queue(suffix: &str) -> Queue {
        Queue::create(&format!("/ipcmark-sys-{}-{suffix}", std::process::id()), 2, 16).unwrap()
    }

    #[test]
    fn messages_keep_boundaries_and_the_queue_its_size() {
        let q = queue("boundaries");
        assert_eq!((q.depth(), q.message_bytes()), (2, 16));
        q.send(b"one", None).unwrap();
        q.send(&[], None).unwrap();
        let mut space = [0; 16];
        assert_eq!(q.receive(&mut space, None).unwrap(), 3);
        assert_eq!(&space[..3], b"one");
        assert_eq!(q.receive(&mut space, None).unwrap(), 0);
        assert_eq!(q.send(&[0; 17], None), Err(Errno::MSGSIZE));
    }

    #[test]
    fn a_passed_deadline_is_a_try() {
        let q = queue("deadline");
        let mut space = [0; 16];
        let past = Some(&Deadline::PAST);
        assert_eq!(q.receive(&mut space, past), Err(Errno::TIMEDOUT));
        q.send(b"a", past).unwrap();
        q.send(b"b", past).unwrap();
        assert_eq!(q.send(b"c", past), Err(Errno::TIMEDOUT));
        assert_eq!(q.receive(&mut space, past), Ok(1));
    }

    #[test]
    fn a_deadline_ahead_is_waited_for() {
        let q = queue("ahead");
        let start = std::time::Instant::now();
        let deadline = Deadline::after(Duration::from_millis(30));
        assert_eq!(q.receive(&mut [0; 16], Some(&deadline)), Err(Errno::TIMEDOUT));
        assert!(start.elapsed() >= Duration::from_millis(25));
    }

    #[test]
    fn a_non_blocking_queue_says_again() {
        let q = queue("again");
        set_nonblocking(&q, true).unwrap();
        assert_eq!(q.receive(&mut [0; 16], None), Err(Errno::AGAIN));
    }

    #[test]
    fn no_name_is_left() {
        let name = format!("/ipcmark-sys-{}-name", std::process::id());
        let _q = Queue::create(&name, 1, 1).unwrap();
        let second = Queue::create(&name, 1, 1);
        assert!(second.is_ok(), "the name is free while the first queue lives: {second:?}");
    }
}
