//! The wait strategies of file descriptors, each a type.
//!
//! If a descriptor does not show that its peer is gone, a [`Lifeline`] next to it does. No strategy looks at it on a clock:
//! a timer armed for each sleep cost 10 % of a round trip. [`Block`] is interrupted by a signal; [`Poll`] and
//! [`Epoll`] have the lifeline in their set; [`Spin`] and [`Yield`] say now and then that it has been long. On the one
//! CPU of a virtual machine, a round trip over message queues took with `poll(2)` 7.6 µs with a timeout, 7.1 with the
//! lifeline and 6.9 with neither, and with `epoll_wait(2)` 8.3, 7.6 and 7.4.

use crate::lifeline::{Interruption, Lifeline};
use ipcmark_core::{Called, Error, Result, Wait, WaitKind};
use rustix::event::{PollFd, PollFlags, Timespec, epoll, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Spins between two looks for the peer: tens of milliseconds, at a fraction of a microsecond a call.
const LONG_SPINS: u32 = 1 << 16;
/// Number of turns for `sched_yield(2)`, each of which may cost a time slice.
const LONG_YIELDS: u32 = 1 << 8;

/// Event that a side waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interest {
    /// Bytes or a message to take, or the end of the stream.
    Readable,
    /// Room to send, or the news that no one will read.
    Writable,
}

impl Interest {
    fn of_poll(self) -> PollFlags {
        match self {
            Interest::Readable => PollFlags::IN,
            Interest::Writable => PollFlags::OUT,
        }
    }

    /// Returns the events that are news on a lifeline. A receiver ends with its peer's farewell; a sender continues until its
    /// peer is gone, which poll always reports.
    fn of_news(self) -> PollFlags {
        match self {
            Interest::Readable => PollFlags::IN,
            Interest::Writable => PollFlags::empty(),
        }
    }
}

/// Result of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// The call may succeed now.
    Ready,
    /// There is news on the lifeline, or it has been long: see whether the peer is still there.
    Long,
}

/// A wait strategy for file descriptors.
pub trait FdWait: Wait + Sized {
    /// True when the descriptor must answer `EAGAIN` instead of sleeping.
    const NONBLOCKING: bool;
    /// Value of [`Info::overlaps`](ipcmark_core::Info) for a row that waits like this: a side whose call sleeps has
    /// nothing else to do.
    const OVERLAPS: bool = Self::NONBLOCKING;
    /// True when several processes may wait like this on one open file description.
    const SHARES: bool = true;

    /// Prepares to wait for `interest` on `fd`, or for news on the `lifeline` of a descriptor that does not tell that
    /// its peer is gone. Call it after the fork, in the thread that will wait, and drop it before `fd` is closed.
    fn arm(fd: BorrowedFd<'_>, interest: Interest, lifeline: Option<&Lifeline>) -> Result<Self>;

    /// Waits, after a call on `fd` has said `EAGAIN`; both arguments are those it was armed with.
    fn wait(&mut self, fd: BorrowedFd<'_>, lifeline: Option<&Lifeline>) -> Result<Waited>;
}

/// Looks once, without waiting: true when a call that takes bytes or a message from `fd` would not wait, or when there
/// is news on the `lifeline`, so that it would fail at once. `poll(2)` with timeout 0.
pub fn readable_now(fd: BorrowedFd<'_>, lifeline: Option<&Lifeline>) -> Result<bool> {
    let fd = PollFd::from_borrowed_fd(fd, PollFlags::IN);
    let now = Some(&Timespec { tv_sec: 0, tv_nsec: 0 });
    let found = match lifeline {
        None => poll(&mut [fd], now),
        Some(lifeline) => poll(&mut [fd, PollFd::new(lifeline, PollFlags::IN)], now),
    };
    match found {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(false),
        Err(e) => Err(Error::os("poll", e)),
    }
}

/// Sets or clears `O_NONBLOCK` on the open file description behind `fd`.
pub fn set_nonblocking(fd: impl AsFd, nonblocking: bool) -> Result<()> {
    let old = fcntl_getfl(&fd).called("fcntl(F_GETFL)")?;
    let mut new = old;
    new.set(OFlags::NONBLOCK, nonblocking);
    if new != old {
        fcntl_setfl(&fd, new).called("fcntl(F_SETFL)")?;
    }
    Ok(())
}

/// The call itself sleeps in the kernel, without a time limit.
///
/// It says `EAGAIN` only once news on the lifeline has set `O_NONBLOCK` ([`Lifeline::interrupts`]); what is left to
/// wait for then, room at a peer that said farewell and still receives, is waited for with `poll(2)`.
#[derive(Debug)]
pub struct Block {
    interest: Interest,
    _interruption: Option<Interruption>,
}

impl Wait for Block {
    const KIND: WaitKind = WaitKind::Block;
}

impl FdWait for Block {
    const NONBLOCKING: bool = false;

    fn arm(fd: BorrowedFd<'_>, interest: Interest, lifeline: Option<&Lifeline>) -> Result<Self> {
        let interruption = lifeline.map(|lifeline| lifeline.interrupts(fd)).transpose()?;
        Ok(Block { interest, _interruption: interruption })
    }

    #[cold]
    fn wait(&mut self, fd: BorrowedFd<'_>, lifeline: Option<&Lifeline>) -> Result<Waited> {
        poll_with(fd, self.interest, lifeline)
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

    fn arm(_: BorrowedFd<'_>, _: Interest, _: Option<&Lifeline>) -> Result<Self> {
        Ok(Spin { spins: 0 })
    }

    #[inline]
    fn wait(&mut self, _: BorrowedFd<'_>, _: Option<&Lifeline>) -> Result<Waited> {
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

    fn arm(_: BorrowedFd<'_>, _: Interest, _: Option<&Lifeline>) -> Result<Self> {
        Ok(Yield { yields: 0 })
    }

    #[inline]
    fn wait(&mut self, _: BorrowedFd<'_>, _: Option<&Lifeline>) -> Result<Waited> {
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

/// `poll(2)` on the descriptor, and on the lifeline where there is one; then the call.
#[derive(Debug)]
pub struct Poll {
    interest: Interest,
}

impl Wait for Poll {
    const KIND: WaitKind = WaitKind::Poll;
}

impl FdWait for Poll {
    const NONBLOCKING: bool = true;

    fn arm(_: BorrowedFd<'_>, interest: Interest, _: Option<&Lifeline>) -> Result<Self> {
        Ok(Poll { interest })
    }

    #[inline]
    fn wait(&mut self, fd: BorrowedFd<'_>, lifeline: Option<&Lifeline>) -> Result<Waited> {
        poll_with(fd, self.interest, lifeline)
    }
}

/// `poll(2)` without a timeout. A signal is as good as readiness: the call is tried again.
#[inline(always)]
fn poll_with(
    fd: BorrowedFd<'_>,
    interest: Interest,
    lifeline: Option<&Lifeline>,
) -> Result<Waited> {
    let fd = PollFd::from_borrowed_fd(fd, interest.of_poll());
    let (result, news) = match lifeline {
        None => (poll(&mut [fd], None), false),
        Some(lifeline) => {
            let mut fds = [fd, PollFd::new(lifeline, interest.of_news())];
            (poll(&mut fds, None), !fds[1].revents().is_empty())
        }
    };
    match result {
        Ok(_) if news => Ok(Waited::Long),
        Ok(_) | Err(Errno::INTR) => Ok(Waited::Ready),
        Err(e) => Err(Error::os("poll", e)),
    }
}

/// `epoll_wait(2)` on a set that holds the descriptor and the lifeline, level-triggered; then the call.
#[derive(Debug)]
pub struct Epoll {
    set: OwnedFd,
}

/// Name of the set's first member.
const THE_FD: u64 = 0;
const THE_LIFELINE: u64 = 1;

impl Wait for Epoll {
    const KIND: WaitKind = WaitKind::Epoll;
}

impl FdWait for Epoll {
    const NONBLOCKING: bool = true;

    fn arm(fd: BorrowedFd<'_>, interest: Interest, lifeline: Option<&Lifeline>) -> Result<Self> {
        let set = epoll::create(epoll::CreateFlags::CLOEXEC).called("epoll_create1")?;
        let add = |fd: BorrowedFd<'_>, name, events: PollFlags| {
            // The events have the same bits in both interfaces, epoll_ctl(2).
            let events = epoll::EventFlags::from_bits_retain(events.bits().into());
            epoll::add(&set, fd, epoll::EventData::new_u64(name), events)
                .called("epoll_ctl(EPOLL_CTL_ADD)")
        };
        add(fd, THE_FD, interest.of_poll())?;
        if let Some(lifeline) = lifeline {
            add(lifeline.as_fd(), THE_LIFELINE, interest.of_news())?;
        }
        Ok(Epoll { set })
    }

    #[inline]
    fn wait(&mut self, _: BorrowedFd<'_>, _: Option<&Lifeline>) -> Result<Waited> {
        let nothing = epoll::Event {
            flags: epoll::EventFlags::empty(),
            data: epoll::EventData::new_u64(THE_FD),
        };
        let mut events = [nothing];
        match epoll::wait(&self.set, &mut events, None) {
            Ok(_) if events[0].data.u64() == THE_LIFELINE => Ok(Waited::Long),
            Ok(_) | Err(Errno::INTR) => Ok(Waited::Ready),
            Err(e) => Err(Error::os("epoll_wait", e)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifeline::LifelinePair;
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

    #[test]
    fn looking_does_not_wait_and_sees_bytes_news_and_the_end() {
        let (reader, writer) = pipe().unwrap();
        let [here, there] = LifelinePair::new().unwrap().into_both();
        let look = |news| readable_now(reader.as_fd(), news).unwrap();
        assert!(!look(None) && !look(Some(&here)));
        rustix::io::write(&writer, &[1]).unwrap();
        assert!(look(None));
        rustix::io::read(&reader, &mut [0]).unwrap();
        there.farewell();
        assert!(!look(None) && look(Some(&here)));
        drop(writer);
        assert!(look(None), "the end of the stream is no wait");
    }

    /// Readiness at either end of a pipe, then the farewell and the end of the peer on the lifeline.
    fn readiness<W: FdWait>() {
        let (reader, writer) = pipe().unwrap();
        let [here, there] = LifelinePair::new().unwrap().into_both();
        let (rx, tx, news) = (reader.as_fd(), writer.as_fd(), Some(&here));
        let mut readable = W::arm(rx, Interest::Readable, news).unwrap();
        let mut writable = W::arm(tx, Interest::Writable, news).unwrap();
        assert_eq!(writable.wait(tx, news).unwrap(), Waited::Ready, "the pipe has room");
        rustix::io::write(tx, &[1]).unwrap();
        assert_eq!(readable.wait(rx, news).unwrap(), Waited::Ready);
        rustix::io::read(rx, &mut [0]).unwrap();

        there.farewell();
        assert_eq!(readable.wait(rx, news).unwrap(), Waited::Long, "it sends nothing more");
        assert_eq!(writable.wait(tx, news).unwrap(), Waited::Ready, "it may still receive");
        set_nonblocking(tx, true).unwrap();
        while rustix::io::write(tx, &[1; 4096]).is_ok() {}
        drop(there);
        assert_eq!(writable.wait(tx, news).unwrap(), Waited::Long, "there will be no room");
    }

    #[test]
    fn poll_tells_readiness_from_news() {
        readiness::<Poll>();
    }

    #[test]
    fn a_blocking_side_that_must_wait_polls() {
        readiness::<Block>();
    }

    #[test]
    fn epoll_tells_readiness_from_news() {
        readiness::<Epoll>();
    }

    #[test]
    fn spinning_is_long_once_in_a_while() {
        let (reader, _writer) = pipe().unwrap();
        let mut spin = Spin::arm(reader.as_fd(), Interest::Readable, None).unwrap();
        let turns = 3 * LONG_SPINS;
        let long =
            (0..turns).filter(|_| spin.wait(reader.as_fd(), None).unwrap() == Waited::Long).count();
        assert_eq!(long, 3);
    }
}
