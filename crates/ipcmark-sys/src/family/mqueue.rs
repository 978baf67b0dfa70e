//! POSIX message queues as descriptors; nix opens them, and what it opens would not be closed by itself.
//!
//! On Linux a message queue descriptor is a file descriptor: it can be polled, inherited and closed as one
//! ([mq_overview(7)](https://man7.org/linux/man-pages/man7/mq_overview.7.html)).

use crate::ground::{done, last_errno};
use crate::names::under_new_name;
use crate::registry::Entry;
use nix::mqueue::{MQ_OFlag, MqAttr, MqdT, mq_getattr, mq_open, mq_unlink};
use nix::sys::stat::Mode;
use rustix::io::{self, Errno};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};
use std::ptr;

/// One end of a message queue that has no name any more and lives as long as its ends.
///
/// Each end is an open file description of its own, so that `O_NONBLOCK` on one is nothing to the other, also where
/// two processes inherited both.
#[derive(Debug)]
pub struct Queue {
    fd: OwnedFd,
    /// Messages it holds.
    depth: usize,
    /// Bytes of its longest message.
    message_bytes: usize,
}

impl Queue {
    /// `mq_open()` - creates a queue for `depth` messages of at most `message_bytes`, for this user only, opens its
    /// sending and its receiving end, and removes its name at once. The name begins with `token`.
    ///
    /// # Errors
    /// What the kernel said; nothing is left behind.
    ///
    /// # References
    /// [mq_open(3)](https://man7.org/linux/man-pages/man3/mq_open.3.html)
    pub fn create(token: &str, depth: usize, message_bytes: usize) -> io::Result<[Queue; 2]> {
        under_new_name(token, |name| {
            let name = format!("/{name}");
            let entry = Entry::of_queue(&name)?;
            let made = Queue::named(&name, depth, message_bytes);
            entry.clear();
            made
        })
    }

    fn named(name: &str, depth: usize, message_bytes: usize) -> io::Result<[Queue; 2]> {
        let attr = MqAttr::new(0, depth as i64, message_bytes as i64, 0);
        let mode = Mode::S_IRUSR | Mode::S_IWUSR;
        let flags = MQ_OFlag::O_WRONLY | MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL | MQ_OFlag::O_CLOEXEC;
        let sending = mq_open(name, flags, mode, Some(&attr)).map(owned);
        // Nothing to remove where it failed: the name may be another's.
        let sending = sending.map_err(errno)?;
        let receiving = mq_open(name, MQ_OFlag::O_RDONLY | MQ_OFlag::O_CLOEXEC, mode, None)
            .map(|mqd| (mq_getattr(&mqd), owned(mqd)));
        mq_unlink(name).map_err(errno)?;
        let (granted, receiving) = receiving.map_err(errno)?;
        let granted = granted.map_err(errno)?;
        let end = |fd| Queue {
            fd,
            depth: granted.maxmsg() as usize,
            message_bytes: granted.msgsize() as usize,
        };
        Ok([sending, receiving].map(end))
    }

    /// Returns the number of messages that the queue holds.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Returns the length of the longest message, bytes.
    #[must_use]
    pub fn message_bytes(&self) -> usize {
        self.message_bytes
    }

    /// `mq_send()` - sends `message` at a priority (0 is the lowest), waiting for room; `EAGAIN` when the queue is full and
    /// `O_NONBLOCK` is set. For the sending end.
    ///
    /// # References
    /// [mq_send(3)](https://man7.org/linux/man-pages/man3/mq_send.3.html)
    #[inline]
    pub fn send(&self, message: &[u8], priority: u32) -> io::Result<()> {
        let start = message.as_ptr().cast();
        // SAFETY: `start` is readable for `message.len()` bytes.
        done(unsafe { libc::mq_send(self.fd.as_raw_fd(), start, message.len(), priority) })
    }

    /// `mq_receive()` - takes the oldest message of the highest priority, waiting for one; `EAGAIN` when the queue is
    /// empty and `O_NONBLOCK` is set. Returns its length in bytes. `space` must hold [`Queue::message_bytes`], else
    /// `EMSGSIZE`. For the receiving end.
    ///
    /// # References
    /// [mq_receive(3)](https://man7.org/linux/man-pages/man3/mq_receive.3.html)
    #[inline]
    pub fn receive(&self, space: &mut [u8]) -> io::Result<usize> {
        let start = space.as_mut_ptr().cast();
        let fd = self.fd.as_raw_fd();
        // SAFETY: `start` is writable for `space.len()` bytes, and the priority may be null.
        let rc = unsafe { libc::mq_receive(fd, start, space.len(), ptr::null_mut()) };
        usize::try_from(rc).map_err(|_| last_errno())
    }
}

fn owned(mqd: MqdT) -> OwnedFd {
    // SAFETY: `mqd` comes from `mq_open`, and `into_raw_fd` gives up the only other owner.
    unsafe { OwnedFd::from_raw_fd(mqd.into_raw_fd()) }
}

impl AsFd for Queue {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn errno(errno: nix::errno::Errno) -> Errno {
    Errno::from_raw_os_error(errno as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fd::set_nonblocking;
    use rustix::fs::{OFlags, fcntl_getfl};

    fn queue(suffix: &str) -> [Queue; 2] {
        Queue::create(&format!("ipcmark-sys-{}-{suffix}", std::process::id()), 2, 16).unwrap()
    }

    #[test]
    fn messages_keep_boundaries_and_the_queue_its_size() {
        let [tx, rx] = queue("boundaries");
        assert_eq!((tx.depth(), rx.message_bytes()), (2, 16));
        tx.send(b"one", 0).unwrap();
        tx.send(&[], 0).unwrap();
        let mut space = [0; 16];
        assert_eq!(rx.receive(&mut space).unwrap(), 3);
        assert_eq!(&space[..3], b"one");
        assert_eq!(rx.receive(&mut space).unwrap(), 0);
        assert_eq!(tx.send(&[0; 17], 0), Err(Errno::MSGSIZE));
    }

    #[test]
    fn a_non_blocking_end_says_again_and_the_other_end_still_blocks() {
        let [tx, rx] = queue("again");
        set_nonblocking(&rx, true).unwrap();
        assert_eq!(rx.receive(&mut [0; 16]), Err(Errno::AGAIN));
        assert!(!fcntl_getfl(&tx).unwrap().contains(OFlags::NONBLOCK));
        set_nonblocking(&tx, true).unwrap();
        tx.send(b"a", 0).unwrap();
        tx.send(b"b", 0).unwrap();
        assert_eq!(tx.send(b"c", 0), Err(Errno::AGAIN));
    }

    #[test]
    fn no_name_is_left() {
        let name = format!("/ipcmark-sys-{}-name", std::process::id());
        let _q = Queue::named(&name, 1, 1).unwrap();
        let second = Queue::named(&name, 1, 1);
        assert!(second.is_ok(), "the name is free while the first queue lives: {second:?}");
    }
}
