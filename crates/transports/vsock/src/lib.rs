//! Sockets of virtual machines, `AF_VSOCK`, over the loopback that lets one machine talk to itself.
//!
//! The mechanism's own rules, as [vsock(7)](https://man7.org/linux/man-pages/man7/vsock.7.html) has them:
//!
//! - An address is a context (a machine: the host, a guest, or this one, `VMADDR_CID_LOCAL`) and a port.
//! - `SOCK_STREAM` carries bytes, `SOCK_SEQPACKET` (Linux 5.14) messages; both over a connection, in order, none lost.
//! - A sender may have as many bytes on their way as its peer's buffer holds (`SO_VM_SOCKETS_BUFFER_SIZE`), and then
//!   waits for credit. A message must fit that buffer.
//! - Each packet passes the protocol and a worker of the kernel, as one from another machine would; the loopback is a
//!   separate module, `vsock_loopback`.
#![forbid(unsafe_code)]

mod connect;

pub use connect::Connection;

use ipcmark_core::{
    Availability, ByteStream, Capacity, Error, Framed, Framing, Info, Limits, Link, MeetBy, Plan,
    Result, Side, Transport,
};
use ipcmark_sys::fd::{
    FdSink, FdSource, FdWait, MessageReceiver, MessageSender, SocketPort, availability,
    socket_halves, socket_message_halves,
};
use nix::sys::socket::SockType;
use std::marker::PhantomData;

/// Bytes of the longest message that is offered: the buffer that holds it is memory of the kernel.
const MESSAGE_MAX: usize = 16 << 20;
const LIMITED_BY: &str = "the buffer of the socket, SO_VM_SOCKETS_BUFFER_SIZE";

/// Messages over a stream socket.
pub type VsockStream<W> = Framed<VsockByteStream<W>>;

/// Bytes over a stream socket.
#[derive(Debug)]
pub struct VsockByteStream<W>(PhantomData<W>);

impl<W: FdWait> ByteStream for VsockByteStream<W> {
    const INFO: Info = Info {
        overlaps: W::OVERLAPS,
        family: "vsock",
        mechanism: "vsock-stream",
        wait: W::KIND,
        framing: Framing::Stream,
        meet_by: MeetBy::Port,
        summary: "vsock stream over its loopback; write(2) and read(2)",
        reference: "vsock(7)",
        ..Info::DEFAULT
    };
    type Fixture = Connection;
    type Sink = FdSink<W>;
    type Source = FdSource<W>;

    fn available() -> Availability {
        availability(Connection::new(SockType::Stream, None).map(|_| Limits::none()))
    }

    fn fixture(plan: &Plan) -> Result<Connection> {
        Connection::new(SockType::Stream, plan.capacity)
    }

    fn capacity(fixture: &Connection) -> Result<Capacity> {
        fixture.capacity()
    }

    fn messages(fixture: &Connection, frame: usize) -> Result<Option<usize>> {
        fixture.room(SockType::Stream, frame).map(Some)
    }

    fn split(fixture: Connection, side: Side) -> Result<Link<FdSink<W>, FdSource<W>>> {
        socket_halves(fixture.split(side))
    }
}

/// Messages over a sequenced-packet socket.
#[derive(Debug)]
pub struct VsockSeqpacket<W>(PhantomData<W>);

/// The connection, and the longest message of the plan.
#[derive(Debug)]
pub struct SeqpacketFixture {
    connection: Connection,
    size: usize,
}

impl<W: FdWait> Transport for VsockSeqpacket<W> {
    const INFO: Info = Info {
        overlaps: W::OVERLAPS,
        family: "vsock",
        mechanism: "vsock-seqpacket",
        wait: W::KIND,
        meet_by: MeetBy::Port,
        summary: "vsock sequenced packets over its loopback; send(2) and recv(2)",
        reference: "vsock(7)",
        ..Info::DEFAULT
    };
    type Fixture = SeqpacketFixture;
    type Tx = MessageSender<W, SocketPort>;
    type Rx = MessageReceiver<W, SocketPort>;

    fn available() -> Availability {
        availability(Connection::new(SockType::SeqPacket, Some(MESSAGE_MAX)).map(|_| Limits {
            max_message: Some(MESSAGE_MAX),
            limited_by: LIMITED_BY,
            remedy: None,
        }))
    }

    fn fixture(plan: &Plan) -> Result<SeqpacketFixture> {
        let size = plan.size;
        if size > MESSAGE_MAX {
            return Err(Error::TooLong { len: size, max: MESSAGE_MAX, limited_by: LIMITED_BY });
        }
        let connection = Connection::new(SockType::SeqPacket, plan.capacity)?;
        connection.hold(size)?;
        Ok(SeqpacketFixture { connection, size })
    }

    fn capacity(fixture: &SeqpacketFixture) -> Result<Capacity> {
        let capacity = fixture.connection.capacity()?;
        let messages = fixture.connection.room(SockType::SeqPacket, fixture.size)?;
        Ok(Capacity { messages: Some(messages), ..capacity })
    }

    fn split(fixture: SeqpacketFixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>> {
        socket_message_halves(fixture.connection.split(side), fixture.size, None)
    }
}
