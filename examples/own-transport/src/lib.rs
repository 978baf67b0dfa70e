//! A transport of your own: a door between two processes, which is a pair of sockets.
//! It carries bytes, so it is a [`ByteStream`]; [`Framed`] adds the boundaries of messages. `W` is a wait on descriptors.
use ipcmark_core::*;
use ipcmark_sys::fd::{Block, ByteWait, FdSink, FdSource, Spin, availability, socket_halves};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair, sockopt};
use std::{io::Read, marker::PhantomData, os::fd::OwnedFd, os::unix::net::UnixStream};

// Makes CATALOG for the program and visit_all for the laws.
ipcmark::catalog! {
    messages Framed<Door<Block>>,
    messages Framed<Door<Spin>>,
}

pub struct Door<W>(PhantomData<W>);

impl<W: ByteWait> ByteStream for Door<W> {
    const INFO: Info = Info {
        overlaps: W::OVERLAPS,
        family: "own",
        mechanism: "door",
        wait: W::KIND,
        framing: Framing::Stream,
        meet_by: MeetBy::Descriptor,
        summary: "a pair of sockets",
        reference: "unix(7)",
        ..Info::DEFAULT
    };
    type Fixture = (OwnedFd, OwnedFd);
    type Sink = FdSink<W>;
    type Source = FdSource<W>;

    fn available() -> Availability {
        availability(W::available().and_then(|()| pair()).map(|_| Limits::none()))
    }

    // Runs before the fork, so that both sides inherit what it makes.
    fn fixture(_: &Plan) -> Result<Self::Fixture> {
        pair()
    }

    // What the kernel really gave: a sender waits once it has this much under way.
    fn capacity((end, _): &Self::Fixture) -> Result<Capacity> {
        let bytes = sockopt::socket_send_buffer_size(end);
        Ok(Capacity { bytes: Some(bytes.map_err(|e| Error::os("getsockopt", e))?), messages: None })
    }

    // Runs on each side. It closes the peer's end: if both held it, neither would see the other go.
    fn split((a, b): Self::Fixture, side: Side) -> Result<Link<FdSink<W>, FdSource<W>>> {
        socket_halves(if side == Side::Initiator { a } else { b })
    }
}

fn pair() -> Result<(OwnedFd, OwnedFd)> {
    socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)
        .map_err(|e| Error::os("socketpair", e))
}

/// A rule of the mechanism, which `ipcmark rules own` shows.
pub const ENDS: ipcmark::Trial = ipcmark::Trial {
    family: "own",
    mechanism: "door",
    name: "ends",
    rule: "A door whose other end is closed reads as the end of the stream.",
    calls: &["socketpair(AF_UNIX, SOCK_STREAM)", "close(one end)", "read(the other)"],
    reference: "unix(7)",
    run: |_| {
        let (open, _) = pair()?;
        let read = UnixStream::from(open).read(&mut [0]).map_err(|e| Error::os("read", e))?;
        Ok(ipcmark::Seen::new(read == 0, format!("read(2) returned {read}.")))
    },
};
