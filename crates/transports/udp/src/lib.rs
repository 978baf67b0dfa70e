//! UDP over loopback: datagrams between two sockets that are connected to each other.
//!
//! The mechanism's own rules, as [udp(7)](https://man7.org/linux/man-pages/man7/udp.7.html) has them:
//!
//! - A datagram arrives whole or not at all, and over loopback in order. The longest holds 65,507 bytes over IPv4.
//! - No sender waits for room at the receiver: what finds its buffer (`SO_RCVBUF`) full is dropped and counted (`drops` in
//!   `/proc/net/udp`, `SO_RXQ_OVFL`), and the sender learns nothing. So these rows are lossy.
//! - A datagram to a port without a socket is answered with ICMP; a connected sender then learns
//!   `ECONNREFUSED` by its next call, whichever that is. A receiver hears nothing of a peer that is gone: an empty
//!   datagram ends the stream here, and a [`Lifeline`](ipcmark_sys::lifeline) tells of a death.
//! - Many processes may send to one socket, and receive from one; each datagram goes whole to one receiver.
//! - With `UDP_SEGMENT` one call sends a row of datagrams of one size, cut by the kernel or the network card; a receiver
//!   with `UDP_GRO` is handed them joined. `udp-gso` cuts each message so into datagrams that fit an Ethernet frame.
//!   Several messages in one call would mean holding back the first until the last is there; so `udp-mmsg` sends
//!   several (`sendmmsg(2)`) only where the sender says that more follow.
#![forbid(unsafe_code)]

mod batch;
mod pair;
mod port;
mod variant;

pub use batch::UdpBatch;
pub use pair::Pair;
pub use port::UdpPort;
pub use variant::{Gso, V4, V6, Variant};

use ipcmark_core::{
    Availability, Capacity, Info, Limits, Link, MeetBy, Plan, Result, Side, Transport,
};
use ipcmark_sys::fd::{FdWait, MessageReceiver, MessageSender, availability, message_halves};
use ipcmark_sys::lifeline::LifelinePair;
use std::marker::PhantomData;

/// Messages over UDP.
#[derive(Debug)]
pub struct Udp<W, V = V4>(PhantomData<(W, V)>);

/// Both sockets and their lifeline.
#[derive(Debug)]
pub struct UdpFixture {
    pair: Pair,
    lifelines: LifelinePair,
    size: usize,
}

impl<W: FdWait, V: Variant> Transport for Udp<W, V> {
    const INFO: Info = Info {
        lossy: true,
        many_senders: W::SHARES,
        many_receivers: W::SHARES,
        overlaps: W::OVERLAPS,
        family: "udp",
        mechanism: V::MECHANISM,
        wait: W::KIND,
        meet_by: MeetBy::Port,
        summary: V::SUMMARY,
        reference: "udp(7)",
        ..Info::DEFAULT
    };
    type Fixture = UdpFixture;
    type Tx = MessageSender<W, UdpPort>;
    type Rx = MessageReceiver<W, UdpPort>;

    fn available() -> Availability {
        availability(Pair::new::<V>(V::BYTES_MAX, None).and_then(|pair| {
            pair.try_message(V::BYTES_MAX)?;
            Ok(Limits { max_message: Some(V::BYTES_MAX), limited_by: V::LIMITED_BY, remedy: None })
        }))
    }

    fn fixture(plan: &Plan) -> Result<UdpFixture> {
        Ok(UdpFixture {
            pair: Pair::new::<V>(plan.size, plan.capacity)?,
            lifelines: LifelinePair::new()?,
            size: plan.size,
        })
    }

    /// Returns the receiver's `SO_RCVBUF`, read back. Beyond it nothing waits: it is lost.
    fn capacity(fixture: &UdpFixture) -> Result<Capacity> {
        fixture.pair.capacity::<V>(fixture.size)
    }

    fn split(fixture: UdpFixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>> {
        let UdpFixture { pair, lifelines, size } = fixture;
        let [tx, rx] = pair.split(side)?;
        message_halves(tx, rx, size, Some(lifelines.split(side)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_core::{Error, Names, Receiver, Sender};
    use ipcmark_sys::fd::{Block, Poll};

    fn plan(size: usize, capacity: Option<usize>) -> Plan {
        let names = Names { token: "test".into(), dir: "/nonexistent".into() };
        Plan { capacity, ..Plan::new(size, names) }
    }

    #[test]
    fn an_asked_capacity_is_granted_and_read_back() {
        let fixture = Udp::<Block>::fixture(&plan(64, Some(50_000))).unwrap();
        assert_eq!(Udp::<Block>::capacity(&fixture).unwrap().bytes, Some(100_000));
    }

    #[test]
    fn a_plan_over_the_longest_datagram_is_refused() {
        let error = Udp::<Block>::fixture(&plan(65_508, None)).unwrap_err();
        assert!(matches!(error, Error::TooLong { len: 65_508, max: 65_507, .. }), "{error}");
    }

    #[test]
    fn what_was_queued_comes_before_the_news_that_the_port_is_closed() {
        let pair = Pair::new::<V4>(8, None).unwrap();
        let lifelines = LifelinePair::new().unwrap().into_both();
        let [a, b] = pair.into_ports();
        let [la, lb] = lifelines;
        let second = a.try_clone().unwrap();
        let mut mine = message_halves::<Poll, _>(second, a, 8, Some(la)).unwrap();
        let sending = b.try_clone().unwrap();
        let mut theirs = message_halves::<Poll, _>(sending, b, 8, Some(lb)).unwrap();
        theirs.tx.claim(4).unwrap().copy_from_slice(b"last");
        theirs.tx.commit().unwrap();
        drop(theirs);
        // It is answered by ICMP, before this side looks.
        mine.tx.claim(1).unwrap().fill(1);
        mine.tx.commit().unwrap();
        assert_eq!(mine.rx.receive().unwrap(), b"last");
        assert!(mine.rx.receive().unwrap_err().is_end());
        assert!(mine.rx.receive().unwrap_err().is_end());
    }
}
