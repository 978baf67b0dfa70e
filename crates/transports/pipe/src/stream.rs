//! `pipe`: bytes, written and read.

use crate::ends::{Ends, PipeFixture};
use crate::shared::refuse_torn;
use ipcmark_core::{
    Address, Availability, ByteStream, Capacity, Framed, Framing, Info, Limits, Link, MeetBy, Plan,
    Result, Side,
};
use ipcmark_sys::fd::{ByteWait, FdSink, FdSource, availability};
use ipcmark_sys::pipe::pipe_room;
use rustix::pipe::PipeFlags;
use std::marker::PhantomData;

/// Messages over two pipes.
pub type Pipe<W> = Framed<PipeStream<W>>;

/// Bytes over two pipes.
#[derive(Debug)]
pub struct PipeStream<W>(PhantomData<W>);

impl<W: ByteWait> ByteStream for PipeStream<W> {
    const INFO: Info = Info {
        overlaps: W::OVERLAPS,
        attaches: true,
        many_senders: W::SHARES,
        many_receivers: W::SHARES,
        family: "pipe",
        mechanism: "pipe",
        wait: W::KIND,
        framing: Framing::Stream,
        meet_by: MeetBy::Descriptor,
        summary: "anonymous pipe, one a direction; write(2) and read(2)",
        reference: "pipe(7)",
        ..Info::DEFAULT
    };
    type Fixture = PipeFixture;
    type Sink = FdSink<W>;
    type Source = FdSource<W>;

    fn available() -> Availability {
        let probe = || {
            W::available()?;
            Ends::new(PipeFlags::empty())?;
            Ok(Limits::none())
        };
        availability(probe())
    }

    fn fixture(plan: &Plan) -> Result<PipeFixture> {
        refuse_torn(plan)?;
        PipeFixture::new(PipeFlags::empty(), plan.capacity)
    }

    fn capacity(fixture: &PipeFixture) -> Result<Capacity> {
        fixture.capacity()
    }

    fn messages(fixture: &PipeFixture, frame: usize) -> Result<Option<usize>> {
        Ok(fixture.capacity()?.bytes.map(|bytes| pipe_room(bytes, frame)))
    }

    fn split(fixture: PipeFixture, side: Side) -> Result<Link<FdSink<W>, FdSource<W>>> {
        let (writer, reader) = fixture.split(side);
        Ok(Link { tx: FdSink::new(writer)?, rx: FdSource::new(reader)? })
    }

    fn address(fixture: &PipeFixture) -> Result<Address> {
        fixture.address()
    }

    fn attach(_: &Plan, address: Address) -> Result<PipeFixture> {
        PipeFixture::attach(address)
    }
}
