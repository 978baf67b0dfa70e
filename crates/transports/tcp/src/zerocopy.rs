//! `tcp-zerocopy`: the sender's pages are lent to the kernel, which says when they may be written to again.
//!
//! `claim` lends one of several buffers, so that a stream can run ahead; it waits until the kernel has given that buffer
//! back. The notice comes when the peer's kernel has acknowledged the bytes, on the socket's error queue. Over loopback
//! the kernel copies the pages anyway, when it hands them to the receiving side, and each notice says so (`SO_EE_CODE_ZEROCOPY_COPIED`). The row measures what asking
//! for it costs there, not what it saves on a network card.
//!
//! Only a blocking side can use it: a notice makes the socket poll as `POLLERR`, so that a receiver that waits with
//! `poll(2)` or `epoll_wait(2)` on the same socket would be woken by its own sender's notices.

use crate::Connection;
use ipcmark_core::{
    Availability, Buffer, Called, Capacity, Error, FramedReceiver, Framing, Info, Limits, Link,
    MeetBy, Plan, Result, Sender, Side, Transport, WaitKind,
};
use ipcmark_sys::fd::{Block, FdSource, availability};
use ipcmark_sys::zerocopy::{self, Completion};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{Shutdown, shutdown};
use std::os::fd::{AsFd, OwnedFd};

/// Buffers that may be with the kernel at a time, as long as they hold no more than [`LENT_BYTES`].
const SLOTS_MAX: usize = 64;
/// Bytes that may be with the kernel at a time, unless two messages are more.
const LENT_BYTES: usize = 4 << 20;
/// Longest piece of a message that is lent by one call: pages that are lent count against `RLIMIT_MEMLOCK`.
const PIECE_BYTES: usize = 256 << 10;
/// Bytes of the length that goes before a message, where messages are not all of one size.
const PREFIX: usize = 4;
/// Time that a sender that ends waits for its buffers.
const FAREWELL_WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// Messages over TCP, lent instead of copied.
#[derive(Debug)]
pub struct TcpZeroCopy;

/// The connection, and the frame both sides agreed on.
#[derive(Debug)]
pub struct ZeroCopyFixture {
    connection: Connection,
    size: usize,
    fixed: bool,
}

impl Transport for TcpZeroCopy {
    const INFO: Info = Info {
        zero_copy: true,
        family: "tcp",
        mechanism: "tcp-zerocopy",
        wait: WaitKind::Block,
        framing: Framing::Stream,
        meet_by: MeetBy::Port,
        summary: "TCP over loopback; send(2) with MSG_ZEROCOPY, which loopback completes as copied",
        reference: "send(2)",
        ..Info::DEFAULT
    };
    type Fixture = ZeroCopyFixture;
    type Tx = ZeroCopySender;
    type Rx = FramedReceiver<FdSource<Block>>;

    fn available() -> Availability {
        availability(probe().map(|()| Limits::none()))
    }

    fn fixture(plan: &Plan) -> Result<ZeroCopyFixture> {
        let connection = Connection::new(plan.capacity)?;
        connection.ends().iter().try_for_each(zerocopy::enable)?;
        Ok(ZeroCopyFixture { connection, size: plan.size, fixed: plan.fixed })
    }

    /// Returns the capacity of `tcp`; a sender also waits when all its buffers are with the kernel.
    fn capacity(fixture: &ZeroCopyFixture) -> Result<Capacity> {
        let ZeroCopyFixture { connection, size, fixed } = fixture;
        let frame = size + if *fixed { 0 } else { PREFIX };
        let messages = connection.room("tcp", frame, Connection::new)?.min(SLOTS_MAX);
        Ok(Capacity { messages: Some(messages), ..connection.capacity()? })
    }

    fn split(fixture: ZeroCopyFixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>> {
        let ZeroCopyFixture { connection, size, fixed } = fixture;
        let socket = connection.split(side);
        let second = socket.try_clone().called("fcntl(F_DUPFD_CLOEXEC)")?;
        let rx = FramedReceiver::new(FdSource::new(socket)?, size, fixed);
        Ok(Link { tx: ZeroCopySender::new(second, size, fixed), rx })
    }
}

/// Lends one byte, and waits for the notice.
fn probe() -> Result<()> {
    let plan =
        Plan::new(1, ipcmark_core::Names { token: String::new(), dir: std::path::PathBuf::new() });
    let fixture = TcpZeroCopy::fixture(&plan)?;
    let [socket, _peer] = fixture.connection.into_ends();
    let mut tx = ZeroCopySender::new(socket, 1, true);
    tx.claim(1)?.fill(1);
    tx.commit()?;
    tx.await_slot(0)
}

/// A buffer, and the sends that still hold it.
#[derive(Debug)]
struct Slot {
    buffer: Buffer,
    /// Number of the first send of the message in it.
    first: u32,
    /// Sends that its message took.
    sends: u32,
    /// Sends of those whose notice has not come.
    pending: u32,
}

/// Lends messages to the kernel.
#[derive(Debug)]
pub struct ZeroCopySender {
    socket: OwnedFd,
    slots: Vec<Slot>,
    /// The slot that is lent next.
    at: usize,
    /// Number of the next send; the kernel counts with it.
    next: u32,
    size: usize,
    prefix: usize,
    /// End of the claimed frame in its slot; 0 when there is none.
    end: usize,
}

impl ZeroCopySender {
    fn new(socket: OwnedFd, size: usize, fixed: bool) -> ZeroCopySender {
        let prefix = if fixed { 0 } else { PREFIX };
        let frame = prefix + size;
        let slot = || Slot { buffer: Buffer::new(frame), first: 0, sends: 0, pending: 0 };
        let count = (LENT_BYTES / frame).clamp(2, SLOTS_MAX);
        let slots = std::iter::repeat_with(slot).take(count).collect();
        ZeroCopySender { socket, slots, at: 0, next: 0, size, prefix, end: 0 }
    }

    /// Takes the notices that are there; false when there are none.
    fn reap(&mut self) -> Result<bool> {
        let mut any = false;
        while let Some(Completion { first, last, .. }) = zerocopy::take_completion(&self.socket)? {
            any = true;
            for n in 0..=last.wrapping_sub(first) {
                let send = first.wrapping_add(n);
                let holder = self
                    .slots
                    .iter_mut()
                    .find(|slot| slot.pending > 0 && send.wrapping_sub(slot.first) < slot.sends);
                if let Some(slot) = holder {
                    slot.pending -= 1;
                }
            }
        }
        Ok(any)
    }

    /// Sleeps until there is a notice, and takes it.
    #[cold]
    fn await_notice(&mut self) -> Result<()> {
        let mut fds = [PollFd::new(&self.socket, PollFlags::empty())];
        match poll(&mut fds, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(e) => return Err(Error::os("poll", e)),
        }
        let ended = fds[0].revents().intersects(PollFlags::ERR | PollFlags::HUP);
        // Something is wrong with the socket, and it is not a notice.
        if !self.reap()? && ended { Err(Error::Closed) } else { Ok(()) }
    }

    fn await_slot(&mut self, at: usize) -> Result<()> {
        while self.slots[at].pending > 0 {
            if !self.reap()? {
                self.await_notice()?;
            }
        }
        Ok(())
    }

    fn is_lending(&self) -> bool {
        self.slots.iter().any(|slot| slot.pending > 0)
    }

    /// Lends the frame from `from` on; returns how many bytes of it the kernel took.
    fn lend(&mut self, from: usize) -> Result<usize> {
        loop {
            let slot = &mut self.slots[self.at];
            let to = self.end.min(from + PIECE_BYTES);
            match zerocopy::send(&self.socket, &slot.buffer[from..to]) {
                Ok(sent) => {
                    slot.sends += 1;
                    slot.pending += 1;
                    self.next = self.next.wrapping_add(1);
                    return Ok(sent);
                }
                Err(Errno::INTR) => {}
                // So much may be lent and no more: something must come back first.
                Err(Errno::NOBUFS) if self.is_lending() => {
                    if !self.reap()? {
                        self.await_notice()?;
                    }
                }
                Err(e) => return Err(explain(e)),
            }
        }
    }
}

impl Sender for ZeroCopySender {
    #[inline]
    fn claim(&mut self, len: usize) -> Result<&mut [u8]> {
        if len > self.size {
            return Err(Error::misfit(len, self.size));
        }
        if self.prefix == 0 && len != self.size {
            return Err(Error::Protocol(format!(
                "this link was made for messages of exactly {} bytes, not {len}",
                self.size
            )));
        }
        self.await_slot(self.at)?;
        let slot = &mut self.slots[self.at];
        self.end = self.prefix + len;
        slot.buffer[..self.prefix].copy_from_slice(&(len as u32).to_le_bytes()[..self.prefix]);
        Ok(&mut slot.buffer[self.prefix..self.end])
    }

    #[inline]
    fn commit(&mut self) -> Result<()> {
        let slot = &mut self.slots[self.at];
        (slot.first, slot.sends) = (self.next, 0);
        let mut sent = 0;
        while sent < self.end {
            sent += self.lend(sent)?;
        }
        self.end = 0;
        self.at = (self.at + 1) % self.slots.len();
        Ok(())
    }
}

/// Ends the stream, and waits a while for what is lent: memory that the kernel still reads must not be used for
/// something else. What does not come back in time is given up, with its memory.
impl Drop for ZeroCopySender {
    fn drop(&mut self) {
        let _ = shutdown(&self.socket, Shutdown::Write);
        while self.is_lending() {
            match self.reap() {
                Ok(true) => {}
                Ok(false) => {
                    let mut fds =
                        [PollFd::from_borrowed_fd(self.socket.as_fd(), PollFlags::empty())];
                    let woken = poll(&mut fds, Some(&FAREWELL_WAIT));
                    if !matches!(woken, Ok(1..)) || !self.reap().unwrap_or(false) {
                        break;
                    }
                }
                Err(_) => break,
            }
        }
        for slot in self.slots.drain(..).filter(|slot| slot.pending > 0) {
            std::mem::forget(slot.buffer);
        }
    }
}

#[cold]
fn explain(errno: Errno) -> Error {
    match errno {
        Errno::PIPE | Errno::CONNRESET | Errno::NOTCONN => Error::Closed,
        Errno::NOBUFS => Error::os_hint(
            "send(MSG_ZEROCOPY)",
            errno,
            "not one message can be lent; raise `ulimit -l` or net.core.optmem_max",
        ),
        _ => Error::os("send(MSG_ZEROCOPY)", errno),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_core::{Names, Receiver};

    #[test]
    fn every_buffer_comes_back_and_its_bytes_arrive() {
        let names = Names { token: "test".into(), dir: "/nonexistent".into() };
        let plan = Plan::new(1000, names);
        let fixture = TcpZeroCopy::fixture(&plan).unwrap();
        let [a, b] = fixture.connection.into_ends();
        let mut tx = ZeroCopySender::new(a, 1000, true);
        let mut rx = FramedReceiver::new(FdSource::<Block>::new(b).unwrap(), 1000, true);
        for n in 0..10 * SLOTS_MAX {
            tx.claim(1000).unwrap().fill(n as u8);
            tx.commit().unwrap();
            assert_eq!(rx.receive().unwrap(), [n as u8; 1000]);
        }
        (0..tx.slots.len()).for_each(|at| tx.await_slot(at).unwrap());
        assert!(!tx.is_lending());
    }
}
