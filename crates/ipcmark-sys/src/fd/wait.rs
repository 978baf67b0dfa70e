//! The wait strategies of file descriptors, each a type.

use ipcmark_core::{Error, Result, Wait, WaitKind};
use rustix::event::{PollFd, PollFlags, Timespec, epoll, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// How long a bounded wait goes on before its side looks for its peer.
pub const PATIENCE: Duration = Duration::from_millis(500);

/// Spins between two looks for the peer: tens of milliseconds, at a fraction of a microsecond a call.
const LONG_SPINS: u32 = 1 << 16;
/// The same for `sched_yield(2)`, whose every turn may cost a time slice.
const LONG_YIELDS: u32 = 1 << 12;

/// What a descriptor is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interest {
    /// Bytes or a message to take, or the end of the stream.
    Readable,
    /// Room to send, or the news that nobody will read.
    Writable,
}

/// Whether a wait may sleep for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// The descriptor itself tells when the peer is gone (pipes, connected streams): no timer is armed.
    Endless,
    /// It does not (message queues, datagrams): the wait ends after [`PATIENCE`] with [`Waited::Long`].
    Bounded,
}

impl Patience {
    fn timeout(self) -> Option<Timespec> {
        match self {
            Patience::Endless => None,
            Patience::Bounded => {
                Some(Timespec { tv_sec: 0, tv_nsec: PATIENCE.subsec_nanos().into() })
            }
        }
    }
}

/// What came of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// The call may succeed now.
    Ready,
    /// It has been long: see whether the peer is still there.
    Long,
}

/// A wait strategy for file descriptors.
pub trait FdWait: Wait + Sized {
    /// True when the descriptor must answer `EAGAIN` instead of sleeping.
    const NONBLOCKING: bool;

    /// Prepares to wait for `interest` on `fd`. Call it after the fork: an epoll set belongs to its process.
    fn arm(fd: BorrowedFd<'_>, interest: Interest, patience: Patience) -> Result<Self>;

    /// Waits, after a call on `fd` has said `EAGAIN`.
    fn wait(&mut self, fd: BorrowedFd<'_>) -> Result<Waited>;
}

/// Sets or clears `O_NONBLOCK` on the open file description behind `fd`.
pub fn set_nonblocking(fd: impl AsFd, nonblocking: bool) -> Result<()> {
    let old = fcntl_getfl(&fd).map_err(|e| Error::os("fcntl(F_GETFL)", e))?;
    let mut new = old;
    new.set(OFlags::NONBLOCK, nonblocking);
    if new != old {
        fcntl_setfl(&fd, new).map_err(|e| Error::os("fcntl(F_SETFL)", e))?;
    }
    Ok(())
}

/// The call itself sleeps in the kernel.
///
/// Where a peer's death does not end that sleep, the caller gives the call a time limit (`SO_RCVTIMEO`,
/// `mq_timedreceive(3)`), and `EAGAIN` then means that it has passed.
#[derive(Debug)]
pub struct Block;

impl Wait for Block {
    const KIND: WaitKind = WaitKind::Block;
}

impl FdWait for Block {
    const NONBLOCKING: bool = false;

    fn arm(_: BorrowedFd<'_>, _: Interest, _: Patience) -> Result<Self> {
        Ok(Block)
    }

    #[inline]
    fn wait(&mut self, _: BorrowedFd<'_>) -> Result<Waited> {
        Ok(Waited::Long)
    }
}

/// The call is retried at once. There is no pause instruction between two tries: the system call is a longer one.
#[derive(Debug)]
pub struct Spin {
    spins: u32,
}

impl Wait for Spin {
    const KIND: WaitKind = WaitKind::Spin;
}

impl FdWait for Spin {
    const NONBLOCKING: bool = true;

    fn arm(_: BorrowedFd<'_>, _: Interest, _: Patience) -> Result<Self> {
        Ok(Spin { spins: 0 })
    }

    #[inline]
    fn wait(&mut self, _: BorrowedFd<'_>) -> Result<Waited> {
        Ok(every(&mut self.spins, LONG_SPINS))
    }
}

/// The call is retried after `sched_yield(2)`.
#[derive(Debug)]
pub struct Yield {
    yields: u32,
}

impl Wait for Yield {
    const KIND: WaitKind = WaitKind::Yield;
}

impl FdWait for Yield {
    const NONBLOCKING: bool = true;

    fn arm(_: BorrowedFd<'_>, _: Interest, _: Patience) -> Result<Self> {
        Ok(Yield { yields: 0 })
    }

    #[inline]
    fn wait(&mut self, _: BorrowedFd<'_>) -> Result<Waited> {
        rustix::thread::sched_yield();
        Ok(every(&mut self.yields, LONG_YIELDS))
    }
}

/// Counts a turn; every `long` turns (a power of two), across all waits, it has been long.
#[inline]
fn every(turns: &mut u32, long: u32) -> Waited {
    *turns = turns.wrapping_add(1);
    if turns.is_multiple_of(long) { Waited::Long } else { Waited::Ready }
}

/// `poll(2)` on the one descriptor, then the call.
#[derive(Debug)]
pub struct Poll {
    events: PollFlags,
    timeout: Option<Timespec>,
}

impl Wait for Poll {
    const KIND: WaitKind = WaitKind::Poll;
}

impl FdWait for Poll {
    const NONBLOCKING: bool = true;

    fn arm(_: BorrowedFd<'_>, interest: Interest, patience: Patience) -> Result<Self> {
        let events = match interest {
            Interest::Readable => PollFlags::IN,
            Interest::Writable => PollFlags::OUT,
        };
        Ok(Poll { events, timeout: patience.timeout() })
    }

    #[inline]
    fn wait(&mut self, fd: BorrowedFd<'_>) -> Result<Waited> {
        let mut fds = [PollFd::from_borrowed_fd(fd, self.events)];
        ended("poll", poll(&mut fds, self.timeout.as_ref()))
    }
}

/// `epoll_wait(2)` on a set that holds the one descriptor, level-triggered, then the call.
#[derive(Debug)]
pub struct Epoll {
    set: OwnedFd,
    timeout: Option<Timespec>,
}

impl Wait for Epoll {
    const KIND: WaitKind = WaitKind::Epoll;
}

impl FdWait for Epoll {
    const NONBLOCKING: bool = true;

    fn arm(fd: BorrowedFd<'_>, interest: Interest, patience: Patience) -> Result<Self> {
        let events = match interest {
            Interest::Readable => epoll::EventFlags::IN,
            Interest::Writable => epoll::EventFlags::OUT,
        };
        let set = epoll::create(epoll::CreateFlags::CLOEXEC)
            .map_err(|e| Error::os("epoll_create1", e))?;
        epoll::add(&set, fd, epoll::EventData::new_u64(0), events)
            .map_err(|e| Error::os("epoll_ctl(EPOLL_CTL_ADD)", e))?;
        Ok(Epoll { set, timeout: patience.timeout() })
    }

    #[inline]
    fn wait(&mut self, _: BorrowedFd<'_>) -> Result<Waited> {
        let nothing =
            epoll::Event { flags: epoll::EventFlags::empty(), data: epoll::EventData::new_u64(0) };
        let mut events = [nothing];
        ended("epoll_wait", epoll::wait(&self.set, &mut events, self.timeout.as_ref()))
    }
}

/// Reads the result of a readiness call. A signal is as good as readiness: the call is tried again.
#[inline]
fn ended(call: &'static str, result: rustix::io::Result<usize>) -> Result<Waited> {
    match result {
        Ok(0) => Ok(Waited::Long),
        Ok(_) | Err(Errno::INTR) => Ok(Waited::Ready),
        Err(e) => Err(Error::os(call, e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::pipe::pipe;

    fn is_nonblocking(fd: impl AsFd) -> bool {
        fcntl_getfl(fd).unwrap().contains(OFlags::NONBLOCK)
    }

    #[test]
    fn the_flag_is_set_and_cleared() {
        let (reader, writer) = pipe().unwrap();
        set_nonblocking(&reader, true).unwrap();
        assert!(is_nonblocking(&reader) && !is_nonblocking(&writer));
        set_nonblocking(&reader, false).unwrap();
        assert!(!is_nonblocking(&reader));
    }

    fn readiness<W: FdWait>() {
        let (reader, writer) = pipe().unwrap();
        let mut waiting = W::arm(reader.as_fd(), Interest::Readable, Patience::Bounded).unwrap();
        assert_eq!(waiting.wait(reader.as_fd()).unwrap(), Waited::Long, "nothing to read");
        rustix::io::write(&writer, &[1]).unwrap();
        assert_eq!(waiting.wait(reader.as_fd()).unwrap(), Waited::Ready);

        let mut waiting = W::arm(writer.as_fd(), Interest::Writable, Patience::Bounded).unwrap();
        assert_eq!(waiting.wait(writer.as_fd()).unwrap(), Waited::Ready, "the pipe has room");
        drop(reader);
        assert_eq!(waiting.wait(writer.as_fd()).unwrap(), Waited::Ready, "the end is news");
    }

    #[test]
    fn poll_tells_readiness_from_a_long_wait() {
        readiness::<Poll>();
    }

    #[test]
    fn epoll_tells_readiness_from_a_long_wait() {
        readiness::<Epoll>();
    }

    #[test]
    fn spinning_is_long_once_in_a_while() {
        let (reader, _writer) = pipe().unwrap();
        let mut spin = Spin::arm(reader.as_fd(), Interest::Readable, Patience::Endless).unwrap();
        let turns = 3 * LONG_SPINS;
        let long =
            (0..turns).filter(|_| spin.wait(reader.as_fd()).unwrap() == Waited::Long).count();
        assert_eq!(long, 3);
    }
}
