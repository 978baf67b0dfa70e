//! `pipe-vmsplice`: the sender hands its pages to the pipe instead of copying them; the receiver's read copies.
//!
//! The pages stay the sender's (no `SPLICE_F_GIFT`, which only a further splice could make use of) and must keep what
//! they hold until it has been read: [`VmspliceSender`] has as many buffers as the pipe can refer to, and one more. A
//! relay would `splice(2)` on from such a pipe without a copy; between two processes that end up with the bytes in
//! their own memory there is nothing to splice to, so there is no row for it.

use crate::ends::{Ends, PipeFixture};
use ipcmark_core::{
    Availability, Capacity, FramedReceiver, Framing, Info, Limits, Link, MeetBy, Plan, Result,
    Sender, Side, Transport,
};
use ipcmark_sys::fd::{FdSource, FdWait, availability};
use ipcmark_sys::pipe::VmspliceSender;
use rustix::pipe::PipeFlags;
use std::marker::PhantomData;

/// Bytes of the length before a message, where messages are not all of one size.
const PREFIX: usize = 4;

/// Messages over two pipes that are lent pages.
#[derive(Debug)]
pub struct PipeVmsplice<W>(PhantomData<W>);

/// Both pipes and the frame both sides agreed on.
#[derive(Debug)]
pub struct VmspliceFixture {
    pipes: PipeFixture,
    size: usize,
    fixed: bool,
}

/// Lends a page to a pipe that no one reads.
fn probe<W: FdWait>() -> Result<Limits> {
    let ends = Ends::new(PipeFlags::empty())?;
    let mut tx = VmspliceSender::<W>::new(ends.writer, 1, true)?;
    tx.claim(1)?;
    tx.commit()?;
    Ok(Limits::none())
}

impl<W: FdWait> Transport for PipeVmsplice<W> {
    const INFO: Info = Info {
        overlaps: W::OVERLAPS,
        zero_copy: true,
        family: "pipe",
        mechanism: "pipe-vmsplice",
        wait: W::KIND,
        framing: Framing::Stream,
        meet_by: MeetBy::Descriptor,
        summary: "anonymous pipe that is lent the sender's pages; vmsplice(2) and read(2)",
        reference: "vmsplice(2)",
        ..Info::DEFAULT
    };
    type Fixture = VmspliceFixture;
    type Tx = VmspliceSender<W>;
    type Rx = FramedReceiver<FdSource<W>>;

    fn available() -> Availability {
        availability(probe::<W>())
    }

    fn fixture(plan: &Plan) -> Result<VmspliceFixture> {
        let pipes = PipeFixture::new(PipeFlags::empty(), plan.capacity)?;
        Ok(VmspliceFixture { pipes, size: plan.size, fixed: plan.fixed })
    }

    /// Returns the pipe's capacity. Each message takes pages of its own, however short it is.
    fn capacity(fixture: &VmspliceFixture) -> Result<Capacity> {
        let capacity = fixture.pipes.capacity()?;
        let prefix = if fixture.fixed { 0 } else { PREFIX };
        let pages = (fixture.size + prefix).next_multiple_of(rustix::param::page_size());
        Ok(Capacity { messages: capacity.bytes.map(|bytes| bytes / pages), ..capacity })
    }

    fn split(fixture: VmspliceFixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>> {
        let VmspliceFixture { pipes, size, fixed } = fixture;
        let (writer, reader) = pipes.split(side);
        Ok(Link {
            tx: VmspliceSender::new(writer, size, fixed)?,
            rx: FramedReceiver::new(FdSource::new(reader)?, size, fixed),
        })
    }
}
