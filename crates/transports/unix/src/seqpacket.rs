//! `unix-seqpacket`: messages over a connection.

use crate::pair::{Pair, longest_message};
use ipcmark_core::{Availability, Capacity, Info, Link, MeetBy, Plan, Result, Side, Transport};
use ipcmark_sys::fd::{
    FdWait, MessageReceiver, MessageSender, SocketPort, availability, socket_message_halves,
};
use rustix::net::SocketType;
use std::marker::PhantomData;

/// Messages over a sequenced-packet socket, which tells by itself that its peer is gone.
#[derive(Debug)]
pub struct UnixSeqpacket<W>(PhantomData<W>);

impl<W: FdWait> Transport for UnixSeqpacket<W> {
    const INFO: Info = Info {
        overlaps: W::OVERLAPS,
        never_waits: true,
        many_senders: W::SHARES,
        many_receivers: W::SHARES,
        family: "unix",
        mechanism: "unix-seqpacket",
        wait: W::KIND,
        meet_by: MeetBy::Descriptor,
        summary: "Unix-domain sequenced-packet socket pair; send(2) and recv(2)",
        reference: "unix(7)",
        ..Info::DEFAULT
    };
    type Fixture = Pair;
    type Tx = MessageSender<W, SocketPort>;
    type Rx = MessageReceiver<W, SocketPort>;

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
        socket_message_halves(socket, size, None)
    }
}
