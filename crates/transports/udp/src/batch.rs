//! `udp-mmsg`: UDP, several datagrams a system call.
//!
//! It gathers where the sender says that more follows, i.e. in a stream and in a burst; a message that is alone costs
//! what it costs over `udp`, and a little. One receiver takes what is there, also what another would have wanted, so
//! that several cannot share its end.

use crate::{Udp, UdpFixture, V4};
use ipcmark_core::{Availability, Capacity, Info, Link, MeetBy, Plan, Result, Side, Transport};
use ipcmark_sys::fd::{BatchReceiver, BatchSender, FdWait, batch_halves};
use std::marker::PhantomData;

/// Messages over UDP, several a call.
#[derive(Debug)]
pub struct UdpBatch<W>(PhantomData<W>);

impl<W: FdWait> Transport for UdpBatch<W> {
    const INFO: Info = Info {
        lossy: true,
        many_senders: W::SHARES,
        overlaps: W::OVERLAPS,
        family: "udp",
        mechanism: "udp-mmsg",
        wait: W::KIND,
        meet_by: MeetBy::Port,
        summary: "UDP over loopback, connected, several datagrams a call; sendmmsg(2) and recvmmsg(2); drops when full",
        reference: "sendmmsg(2)",
        ..Info::DEFAULT
    };
    type Fixture = UdpFixture;
    type Tx = BatchSender<W>;
    type Rx = BatchReceiver<W>;

    fn available() -> Availability {
        Udp::<W, V4>::available()
    }

    fn fixture(plan: &Plan) -> Result<UdpFixture> {
        Udp::<W, V4>::fixture(plan)
    }

    fn capacity(fixture: &UdpFixture) -> Result<Capacity> {
        fixture.pair.capacity::<V4>(fixture.size)
    }

    fn split(fixture: UdpFixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>> {
        let UdpFixture { pair, lifelines, size } = fixture;
        batch_halves(pair.keep(side), size, Some(lifelines.split(side)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pair;
    use ipcmark_core::{Receiver, Sender};
    use ipcmark_sys::fd::Poll;
    use ipcmark_sys::lifeline::LifelinePair;

    #[test]
    fn a_batch_that_was_queued_comes_before_the_news_that_the_port_is_closed() {
        let [a, b] = Pair::new::<V4>(8, None).unwrap().into_ports();
        let [la, lb] = LifelinePair::new().unwrap().into_both();
        let mut mine = batch_halves::<Poll>(a.0, 8, Some(la)).unwrap();
        let mut theirs = batch_halves::<Poll>(b.0, 8, Some(lb)).unwrap();
        for n in 0..5u8 {
            theirs.tx.claim(1 + usize::from(n)).unwrap().fill(n);
            theirs.tx.commit_more().unwrap();
        }
        assert!(!mine.rx.ready().unwrap(), "none has gone out");
        theirs.tx.claim(6).unwrap().fill(5);
        theirs.tx.commit().unwrap();
        drop(theirs);
        // It is answered by ICMP, before this side looks.
        mine.tx.claim(1).unwrap().fill(1);
        mine.tx.commit().unwrap();
        for n in 0..6u8 {
            assert_eq!(mine.rx.receive().unwrap(), vec![n; 1 + usize::from(n)]);
        }
        assert!(mine.rx.receive().unwrap_err().is_end());
        assert!(mine.rx.receive().unwrap_err().is_end());
    }

    #[test]
    fn a_sender_of_batches_hears_that_the_port_is_closed() {
        let [a, b] = Pair::new::<V4>(8, None).unwrap().into_ports();
        let [la, lb] = LifelinePair::new().unwrap().into_both();
        let mut mine = batch_halves::<Poll>(a.0, 8, Some(la)).unwrap();
        drop((b, lb));
        // A batch may still go out without a receiver; the next one is refused.
        let mut batch = || -> Result<()> {
            for _ in 0..3 {
                mine.tx.claim(8)?.fill(1);
                mine.tx.commit_more()?;
            }
            mine.tx.claim(8)?.fill(1);
            mine.tx.commit()
        };
        let error = batch().and_then(|()| batch()).unwrap_err();
        assert!(error.is_end(), "{error}");
    }
}
