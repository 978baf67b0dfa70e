//! `unix-dgram`: messages without a connection.

use crate::pair::{Pair, longest_message};
use ipcmark_core::{
    Availability, Capacity, Framing, Info, Link, Plan, Result, Role, Side, Transport,
};
use ipcmark_sys::fd::{
    FdWait, MessageReceiver, MessageSender, SocketPort, availability, socket_message_halves, sysctl,
};
use ipcmark_sys::lifeline::LifelinePair;
use rustix::net::SocketType;
use std::marker::PhantomData;

/// Messages over a datagram socket, with a lifeline beside it.
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
        family: "unix",
        mechanism: "unix-dgram",
        wait: W::KIND,
        framing: Framing::Message,
        zero_copy: false,
        role: Role::Mechanism,
        summary: "Unix-domain datagram socket pair; send(2) and recv(2)",
        reference: "unix(7)",
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

    /// The queue's length was fixed when the socket was made; the kernel tells it only as the setting.
    fn capacity(fixture: &DatagramFixture) -> Result<Capacity> {
        // The kernel lets one more in than the setting says (`unix_recvq_full` compares with `>`).
        let messages = sysctl("net.unix.max_dgram_qlen").map(|length| length as usize + 1);
        Ok(Capacity { messages, ..fixture.pair.capacity()? })
    }

    fn split(fixture: DatagramFixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>> {
        let (socket, size) = fixture.pair.split(side);
        socket_message_halves(socket, size, Some(fixture.lifelines.split(side)))
    }
}
