//! `unix-memfd`: a descriptor passes instead of the bytes.
//!
//! Each message is written into its own memory file (`memfd_create(2)`), the file's descriptor goes through a
//! sequenced-packet socket with `SCM_RIGHTS`, and the receiver reads it and closes it. Nothing is reused: the side that wrote
//! into a file again would have to know that the receiver is done with it. So a message costs a file made, a copy in, a
//! descriptor passed, a copy out and a file given back, and the socket holds descriptors, not bytes: what is under way
//! is bounded by [`UNDER_WAY_BYTES`] here, as far as the least send buffer allows it.
//!
//! The kernel lets a user have as many descriptors under way as `RLIMIT_NOFILE` says.

use crate::pair::Pair;
use ipcmark_core::{
    Availability, Called, Capacity, Error, Info, Limits, Link, MeetBy, Plan, Result, Side,
    Transport,
};
use ipcmark_sys::fd::{
    FdWait, MessagePort, MessageReceiver, MessageSender, availability, message_halves,
};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::{self, Errno, IoSlice, IoSliceMut, pread};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, Shutdown, SocketType, recvmsg, sendmsg, shutdown,
};
use std::cell::RefCell;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Bytes of messages that may be under way in one direction where the plan does not ask for another capacity.
const UNDER_WAY_BYTES: usize = 8 << 20;
/// Least charge to a socket's send buffer for a packet with a descriptor, in bytes.
const PACKET_BYTES: usize = 512;
/// Packets under way that no plan needs more of, well under the usual `RLIMIT_NOFILE`.
const PACKETS_MAX: usize = 128;
/// A packet carries the message's length.
const WORD: usize = 8;

/// Messages in memory files, whose descriptors pass through a socket.
#[derive(Debug)]
pub struct UnixMemfd<W>(PhantomData<W>);

/// The socket pair, and how many packets one direction of it holds.
#[derive(Debug)]
pub struct MemfdFixture {
    pair: Pair,
    packets: usize,
}

/// One end of the socket.
#[derive(Debug)]
pub struct MemfdPort {
    socket: OwnedFd,
    /// The message that found no room: it is not written again for each try.
    written: RefCell<Option<OwnedFd>>,
}

impl MemfdPort {
    fn new(socket: OwnedFd) -> MemfdPort {
        MemfdPort { socket, written: RefCell::new(None) }
    }
}

impl AsFd for MemfdPort {
    #[inline]
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// `memfd_create()`, `write()` - a memory file that holds `message`.
fn written(message: &[u8]) -> io::Result<OwnedFd> {
    let file = memfd_create("ipcmark-message", MemfdFlags::CLOEXEC)?;
    let mut rest = message;
    while !rest.is_empty() {
        let done = io::write(&file, rest)?;
        rest = &rest[done..];
    }
    Ok(file)
}

impl MessagePort for MemfdPort {
    const SEND: &'static str = "sendmsg(SCM_RIGHTS)";
    const RECEIVE: &'static str = "recvmsg(SCM_RIGHTS)";
    const LIMITED_BY: &'static str = "the size this link was made for";

    /// `sendmsg()` - passes the file. Called again with the same message after `EAGAIN`, it passes the same file.
    ///
    /// # References
    /// [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html), `SCM_RIGHTS`;
    /// [memfd_create(2)](https://man7.org/linux/man-pages/man2/memfd_create.2.html)
    fn try_send(&self, message: &[u8]) -> io::Result<()> {
        let file = match self.written.take() {
            Some(file) => file,
            None => written(message)?,
        };
        let sent = pass(&self.socket, &file, message.len() as u64, SendFlags::NOSIGNAL);
        if matches!(sent, Err(Errno::AGAIN | Errno::INTR)) {
            self.written.replace(Some(file));
        }
        sent
    }

    fn try_receive(&self, space: &mut [u8]) -> io::Result<usize> {
        let mut word = [0; WORD];
        let mut control = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut control);
        let mut pieces = [IoSliceMut::new(&mut word)];
        let got = recvmsg(&self.socket, &mut pieces, &mut control, RecvFlags::CMSG_CLOEXEC)?;
        if got.bytes == 0 {
            return Ok(0);
        }
        let files = control.drain().filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(files) => Some(files),
            _ => None,
        });
        let Some(file) = files.flatten().last() else { return Err(Errno::BADMSG) };
        let len = u64::from_le_bytes(word) as usize;
        let space = space.get_mut(..len).ok_or(Errno::MSGSIZE)?;
        let mut done = 0;
        while done < len {
            match pread(&file, &mut space[done..], done as u64)? {
                0 => return Err(Errno::BADMSG),
                n => done += n,
            }
        }
        Ok(len)
    }

    fn try_end(&self) -> io::Result<()> {
        shutdown(&self.socket, Shutdown::Write)
    }
}

/// Sends a descriptor and the length of what is behind it.
fn pass(socket: &OwnedFd, file: &OwnedFd, len: u64, flags: SendFlags) -> io::Result<()> {
    let files = [file.as_fd()];
    let mut control = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut control);
    control.push(SendAncillaryMessage::ScmRights(&files));
    sendmsg(socket, &[IoSlice::new(&len.to_le_bytes())], &mut control, flags).map(|_| ())
}

/// Returns how many packets one direction of `pair` holds: it is filled and emptied.
fn packets(pair: &Pair) -> Result<usize> {
    let [from, to] = pair.ends();
    let file = written(&[0]).called("memfd_create")?;
    let mut count = 0;
    loop {
        match pass(from, &file, 1, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
            Ok(()) => count += 1,
            Err(Errno::AGAIN) => break,
            Err(e @ Errno::TOOMANYREFS) => {
                let hint = "this user's processes have RLIMIT_NOFILE descriptors under way; ulimit -n raises it";
                return Err(Error::os_hint("sendmsg(SCM_RIGHTS)", e, hint));
            }
            Err(e) => return Err(Error::os("sendmsg(SCM_RIGHTS)", e)),
        }
    }
    for _ in 0..count {
        let mut word = [0; WORD];
        let mut none = RecvAncillaryBuffer::default();
        recvmsg(to, &mut [IoSliceMut::new(&mut word)], &mut none, RecvFlags::DONTWAIT)
            .called("recvmsg")?;
    }
    Ok(count)
}

fn fixture(size: usize, capacity: Option<usize>) -> Result<MemfdFixture> {
    let under_way = capacity.unwrap_or(UNDER_WAY_BYTES) / size.max(1);
    let buffer = under_way.clamp(1, PACKETS_MAX) * PACKET_BYTES;
    let pair = Pair::messages(SocketType::SEQPACKET, WORD, Some(buffer))?.of(size);
    let packets = packets(&pair)?;
    Ok(MemfdFixture { pair, packets })
}

impl<W: FdWait> Transport for UnixMemfd<W> {
    const INFO: Info = Info {
        overlaps: W::OVERLAPS,
        never_waits: W::NONBLOCKING,
        many_senders: W::SHARES,
        many_receivers: W::SHARES,
        family: "unix",
        mechanism: "unix-memfd",
        wait: W::KIND,
        meet_by: MeetBy::Descriptor,
        summary: "a memory file a message, its descriptor passed by SCM_RIGHTS; sendmsg(2) and recvmsg(2)",
        reference: "unix(7)",
        ..Info::DEFAULT
    };
    type Fixture = MemfdFixture;
    type Tx = MessageSender<W, MemfdPort>;
    type Rx = MessageReceiver<W, MemfdPort>;

    fn available() -> Availability {
        availability(fixture(1, None).map(|_| Limits::none()))
    }

    fn fixture(plan: &Plan) -> Result<MemfdFixture> {
        fixture(plan.size, plan.capacity)
    }

    fn capacity(fixture: &MemfdFixture) -> Result<Capacity> {
        Ok(Capacity { bytes: None, messages: Some(fixture.packets) })
    }

    fn split(fixture: MemfdFixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>> {
        let (socket, size) = fixture.pair.split(side);
        let second = socket.try_clone().called("fcntl(F_DUPFD_CLOEXEC)")?;
        message_halves(MemfdPort::new(second), MemfdPort::new(socket), size, None)
    }
}
