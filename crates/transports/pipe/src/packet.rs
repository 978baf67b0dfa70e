//! `pipe-packet`: a pipe in packet mode keeps boundaries, up to `PIPE_BUF` bytes a message.
//!
//! With `O_DIRECT` each write is a separate packet, and a read takes one. A packet takes a whole page's slot, however
//! short it is. A longer write would come as several packets, so the fixture refuses longer messages.

use crate::ends::{Ends, PipeFixture};
use ipcmark_core::{
    Availability, Capacity, Error, Info, Limits, Link, MeetBy, Plan, Result, Side, Transport,
};
use ipcmark_sys::fd::{
    FdWait, MessagePort, MessageReceiver, MessageSender, availability, message_halves,
};
use ipcmark_sys::pipe::pipe_capacity;
use rustix::io;
use rustix::pipe::{PIPE_BUF, PipeFlags};
use std::marker::PhantomData;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Messages over two pipes in packet mode.
#[derive(Debug)]
pub struct PipePacket<W>(PhantomData<W>);

/// Both pipes and the longest message.
#[derive(Debug)]
pub struct PacketFixture {
    pipes: PipeFixture,
    size: usize,
}

/// One end of a pipe in packet mode.
#[derive(Debug)]
pub struct PacketPort(OwnedFd);

impl AsFd for PacketPort {
    #[inline]
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl MessagePort for PacketPort {
    const SEND: &'static str = "write";
    const RECEIVE: &'static str = "read";
    const LIMITED_BY: &'static str = "the size this link was made for, within PIPE_BUF";

    #[inline]
    fn try_send(&self, message: &[u8]) -> io::Result<()> {
        io::write(&self.0, message).map(|_| ())
    }

    /// Reads a packet. Returns 0 when the last writer is gone: there are no empty packets.
    #[inline]
    fn try_receive(&self, space: &mut [u8]) -> io::Result<usize> {
        io::read(&self.0, space)
    }

    /// Ends the stream by closing the last writer.
    fn try_end(&self) -> io::Result<()> {
        Ok(())
    }
}

fn limits() -> Limits {
    Limits { max_message: Some(PIPE_BUF), limited_by: "PIPE_BUF", remedy: None }
}

impl<W: FdWait> Transport for PipePacket<W> {
    const INFO: Info = Info {
        overlaps: W::OVERLAPS,
        never_waits: W::NONBLOCKING,
        many_senders: W::SHARES,
        many_receivers: W::SHARES,
        family: "pipe",
        mechanism: "pipe-packet",
        wait: W::KIND,
        meet_by: MeetBy::Descriptor,
        summary: "anonymous pipe in packet mode (O_DIRECT), one a direction; write(2) and read(2)",
        reference: "pipe(2)",
        ..Info::DEFAULT
    };
    type Fixture = PacketFixture;
    type Tx = MessageSender<W, PacketPort>;
    type Rx = MessageReceiver<W, PacketPort>;

    fn available() -> Availability {
        availability(Ends::new(PipeFlags::DIRECT).map(|_| limits()))
    }

    fn fixture(plan: &Plan) -> Result<PacketFixture> {
        if plan.size > PIPE_BUF {
            let limited_by = limits().limited_by;
            return Err(Error::TooLong { len: plan.size, max: PIPE_BUF, limited_by });
        }
        let pipes = PipeFixture::new(PipeFlags::DIRECT, plan.capacity)?;
        Ok(PacketFixture { pipes, size: plan.size })
    }

    /// Returns a packet a page, however short.
    fn capacity(fixture: &PacketFixture) -> Result<Capacity> {
        let bytes = pipe_capacity(&fixture.pipes.forth.writer)?;
        Ok(Capacity { bytes: Some(bytes), messages: Some(bytes / rustix::param::page_size()) })
    }

    fn split(fixture: PacketFixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>> {
        let (writer, reader) = fixture.pipes.split(side);
        message_halves(PacketPort(writer), PacketPort(reader), fixture.size, None)
    }
}
