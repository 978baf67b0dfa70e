//! Real-time signals as messages of up to eight bytes.

use crate::meet::{Meeting, Met};
use crate::standard::probe;
use ipcmark_core::{
    Availability, Capacity, Error, Info, Limits, Link, MeetBy, Plan, Receiver, Result, Sender,
    Side, Transport, Wait,
};
use ipcmark_sys::fd::availability;
use ipcmark_sys::lifeline::{Lifeline, Peer, Ticker};
use ipcmark_sys::signal::{Blocked, Number, PendingLimit, Taking, Target, is_pending};
use ipcmark_sys::word::{Payload, WORD_BYTES, WordIn, WordOut, check_size};
use rustix::io::Errno;
use std::marker::PhantomData;
use std::sync::Arc;

/// Signals that may be queued in all, unless the plan asks for another number: of the hundred thousand that a user
/// commonly has, what no other process of his will miss.
const DEFAULT_DEPTH: u64 = 4096;
/// Tries between two looks for the peer.
const LONG_YIELDS: u32 = 1 << 8;

/// Messages in the words of real-time signals, taken as `T` does.
#[derive(Debug)]
pub struct SignalRt<T>(PhantomData<T>);

/// Resources that both sides inherit.
#[derive(Debug)]
pub struct SignalFixture {
    meeting: Meeting,
    /// Signal mask of the processes forked while it lives.
    limit: PendingLimit,
    size: usize,
}

impl<T: Taking> Transport for SignalRt<T> {
    const INFO: Info = Info {
        overlaps: true,
        one_link: true,
        family: "signal",
        mechanism: "signal-rt",
        wait: <T as Wait>::KIND,
        meet_by: MeetBy::Process,
        summary: "real-time signals, queued; up to 8 bytes in each one's word",
        reference: "sigqueue(3)",
        ..Info::DEFAULT
    };
    type Fixture = SignalFixture;
    type Tx = SignalSender;
    type Rx = SignalReceiver<T>;

    fn available() -> Availability {
        availability(probe().map(|_| Limits {
            max_message: Some(WORD_BYTES),
            limited_by: "a signal's sigval",
            remedy: None,
        }))
    }

    fn fixture(plan: &Plan) -> Result<SignalFixture> {
        check_size(plan.size)?;
        let depth = plan.capacity.map_or(DEFAULT_DEPTH, |bytes| (bytes / plan.size.max(1)) as u64);
        Ok(SignalFixture {
            // Above what other processes of this user may have queued at any time.
            limit: PendingLimit::lower(depth.max(DEFAULT_DEPTH / 4))?,
            meeting: Meeting::new(Number::RealTime)?,
            size: plan.size,
        })
    }

    /// Signals that may be queued for a side, as its `RLIMIT_SIGPENDING` says; all of this user's count against it.
    fn capacity(fixture: &SignalFixture) -> Result<Capacity> {
        let messages = fixture.limit.count() as usize;
        Ok(Capacity { bytes: Some(messages * fixture.size), messages: Some(messages) })
    }

    fn split(fixture: SignalFixture, side: Side) -> Result<Link<SignalSender, SignalReceiver<T>>> {
        let SignalFixture { meeting, limit, size } = fixture;
        let Met { target, lifeline, taking, ticker, blocked } = meeting.meet(side)?;
        Ok(Link {
            tx: SignalSender { target, lifeline: lifeline.clone(), buffer: WordOut::new(size) },
            rx: SignalReceiver {
                taking,
                lifeline,
                buffer: WordIn::default(),
                _ticker: ticker,
                _blocked: blocked,
                _limit: limit,
            },
        })
    }
}

/// The sending half. Dropping it ends the stream.
#[derive(Debug)]
pub struct SignalSender {
    target: Target,
    lifeline: Arc<Lifeline>,
    buffer: WordOut,
}

impl SignalSender {
    /// Lets the receiver run; fails when it is gone.
    #[cold]
    fn until_there_is_room(&self, tries: u32) -> Result<()> {
        std::thread::yield_now();
        if tries.is_multiple_of(LONG_YIELDS) && self.lifeline.peer_is_gone() {
            return Err(self.lifeline.end());
        }
        Ok(())
    }
}

impl Sender for SignalSender {
    #[inline]
    fn claim(&mut self, len: usize) -> Result<&mut [u8]> {
        self.buffer.claim(len)
    }

    #[inline]
    fn commit(&mut self) -> Result<()> {
        let payload = self.buffer.payload()?;
        for tries in 1u32.. {
            match self.target.queue(payload) {
                Ok(()) => return Ok(()),
                Err(Errno::AGAIN) => self.until_there_is_room(tries)?,
                Err(Errno::SRCH) => return Err(self.lifeline.end()),
                Err(errno) => return Err(Error::os("pidfd_send_signal", errno)),
            }
        }
        Ok(())
    }
}

/// End of the stream: an empty message. If there is no room for it, the peer learns of the end from the lifeline, after what is queued.
impl Drop for SignalSender {
    fn drop(&mut self) {
        self.lifeline.farewell();
        let _ = self.target.queue(Payload::END);
    }
}

/// The receiving half, in the thread that made it.
#[derive(Debug)]
pub struct SignalReceiver<T> {
    taking: T,
    lifeline: Arc<Lifeline>,
    buffer: WordIn,
    _ticker: Ticker,
    /// After `taking`: see [`Met`].
    _blocked: Blocked,
    _limit: PendingLimit,
}

impl<T: Taking> Receiver for SignalReceiver<T> {
    #[inline]
    fn receive(&mut self) -> Result<&[u8]> {
        let mut news = Peer::Here;
        let payload = loop {
            match (self.taking.take(), news) {
                (Ok(payload), _) => break payload,
                // It slept again, from the news to the next tick, and no signal came.
                (Err(Errno::INTR), Peer::Closed) => return Err(Error::Closed),
                (Err(Errno::INTR), Peer::Gone) => return Err(Error::PeerDied),
                (Err(Errno::INTR), Peer::Here) => news = self.lifeline.peer(),
                (Err(errno), _) => return Err(Error::os(T::SLEEP, errno)),
            }
        };
        self.buffer.message(payload)
    }

    #[inline]
    fn release(&mut self) -> Result<()> {
        Ok(())
    }

    fn ready(&mut self) -> Result<bool> {
        Ok(is_pending(Number::RealTime) || self.lifeline.peer() != Peer::Here)
    }
}
