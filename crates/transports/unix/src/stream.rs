//! `unix-stream`: bytes over a connection, as over a pipe, both ways.

use crate::pair::{Pair, room};
use ipcmark_core::{
    Availability, ByteStream, Capacity, Framed, Framing, Info, Limits, Link, MeetBy, Plan, Result,
    Side,
};
use ipcmark_sys::fd::{ByteWait, FdSink, FdSource, availability, socket_halves};
use rustix::net::SocketType;
use std::marker::PhantomData;

/// Messages over a stream socket.
pub type UnixStream<W> = Framed<UnixByteStream<W>>;

/// Bytes over a stream socket.
#[derive(Debug)]
pub struct UnixByteStream<W>(PhantomData<W>);

impl<W: ByteWait> ByteStream for UnixByteStream<W> {
    const INFO: Info = Info {
        overlaps: W::OVERLAPS,
        family: "unix",
        mechanism: "unix-stream",
        wait: W::KIND,
        framing: Framing::Stream,
        meet_by: MeetBy::Descriptor,
        summary: "Unix-domain stream socket pair; write(2) and read(2)",
        reference: "unix(7)",
        ..Info::DEFAULT
    };
    type Fixture = Pair;
    type Sink = FdSink<W>;
    type Source = FdSource<W>;

    fn available() -> Availability {
        let probe = || {
            W::available()?;
            Pair::stream(1, None)?;
            Ok(Limits::none())
        };
        availability(probe())
    }

    fn fixture(plan: &Plan) -> Result<Pair> {
        Pair::stream(plan.size, plan.capacity)
    }

    fn capacity(fixture: &Pair) -> Result<Capacity> {
        Ok(Capacity { bytes: Some(fixture.send_buffer()?), messages: None })
    }

    fn messages(fixture: &Pair, frame: usize) -> Result<Option<usize>> {
        room(SocketType::STREAM, fixture.send_buffer()?, frame).map(Some)
    }

    fn split(fixture: Pair, side: Side) -> Result<Link<FdSink<W>, FdSource<W>>> {
        socket_halves(fixture.split(side).0)
    }
}
