//! `unix-mmsg`: sequenced packets, several a system call.
//!
//! It gathers where the sender says that more follows, i.e. in a stream and in a burst; a message that is alone costs
//! what it costs over `unix-seqpacket`, and a little. One receiver takes what is there, also what another would have
//! wanted, so that several cannot share its end.

use crate::pair::{Pair, longest_message};
use ipcmark_core::{Availability, Capacity, Info, Link, MeetBy, Plan, Result, Side, Transport};
use ipcmark_sys::fd::{BatchReceiver, BatchSender, FdWait, availability, batch_halves};
use rustix::net::SocketType;
use std::marker::PhantomData;

/// Messages over a sequenced-packet socket, several a call.
#[derive(Debug)]
pub struct UnixBatch<W>(PhantomData<W>);

impl<W: FdWait> Transport for UnixBatch<W> {
    const INFO: Info = Info {
        overlaps: W::OVERLAPS,
        many_senders: W::SHARES,
        family: "unix",
        mechanism: "unix-mmsg",
        wait: W::KIND,
        meet_by: MeetBy::Descriptor,
        summary: "Unix-domain sequenced-packet socket pair, several messages a call; sendmmsg(2) and recvmmsg(2)",
        reference: "sendmmsg(2)",
        ..Info::DEFAULT
    };
    type Fixture = Pair;
    type Tx = BatchSender<W>;
    type Rx = BatchReceiver<W>;

    fn available() -> Availability {
        availability(longest_message(SocketType::SEQPACKET))
    }

    fn fixture(plan: &Plan) -> Result<Pair> {
        Pair::messages(SocketType::SEQPACKET, plan.size, plan.capacity)
    }

    fn capacity(fixture: &Pair) -> Result<Capacity> {
        fixture.capacity(SocketType::SEQPACKET)
    }

    fn split(fixture: Pair, side: Side) -> Result<Link<Self::Tx, Self::Rx>> {
        let (socket, size) = fixture.split(side);
        batch_halves(socket, size, None)
    }
}
