//! `unix-dgram`: messages without a connection.

use crate::pair::{Pair, longest_message};
use ipcmark_core::{Availability, Capacity, Info, Link, MeetBy, Plan, Result, Side, Transport};
use ipcmark_sys::fd::{
    FdWait, MessageReceiver, MessageSender, SocketPort, availability, socket_message_halves,
};
use ipcmark_sys::lifeline::LifelinePair;
use rustix::net::SocketType;
use std::marker::PhantomData;

/// Messages over a datagram socket with a lifeline.
#[derive(Debug)]
pub struct UnixDatagram<W>(PhantomData<W>);

/// The socket pair and the lifeline.
#[derive(Debug)]
pub struct DatagramFixture {
    pair: Pair,
    lifelines: LifelinePair,
}

impl<W: FdWait> Transport for UnixDatagram<W> {
    const INFO: Info = Info {
        overlaps: W::OVERLAPS,
        never_waits: true,
        many_senders: W::SHARES,
        many_receivers: W::SHARES,
        family: "unix",
        mechanism: "unix-dgram",
        wait: W::KIND,
        meet_by: MeetBy::Descriptor,
        summary: "Unix-domain datagram socket pair; send(2) and recv(2)",
        reference: "unix(7)",
        ..Info::DEFAULT
    };
    type Fixture = DatagramFixture;
    type Tx = MessageSender<W, SocketPort>;
    type Rx = MessageReceiver<W, SocketPort>;

    fn available() -> Availability {
        availability(longest_message(SocketType::DGRAM))
    }

    fn fixture(plan: &Plan) -> Result<DatagramFixture> {
        Ok(DatagramFixture {
            pair: Pair::messages(SocketType::DGRAM, plan.size, plan.capacity)?,
            lifelines: LifelinePair::new()?,
        })
    }

    /// `net.unix.max_dgram_qlen` does not bound it: the kernel asks it of strangers only, not of a peer that is
    /// connected back (`unix_dgram_sendmsg` in `net/unix/af_unix.c`), as both ends of a pair are.
    fn capacity(fixture: &DatagramFixture) -> Result<Capacity> {
        fixture.pair.capacity(SocketType::DGRAM)
    }

    fn split(fixture: DatagramFixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>> {
        let (socket, size) = fixture.pair.split(side);
        socket_message_halves(socket, size, Some(fixture.lifelines.split(side)))
    }
}
