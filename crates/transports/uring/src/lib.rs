//! io_uring between two processes: each posts completions into the other's ring.
//!
//! The mechanism's own rules, as [io_uring_enter(2)](https://man7.org/linux/man-pages/man2/io_uring_enter.2.html) has
//! them for `IORING_OP_MSG_RING`:
//!
//! - A message is what a completion holds: 64 bits of `user_data` and 31 of `res`. Here the first carry up to eight bytes,
//!   the second their number, and 0 the end of the stream.
//! - To post is an operation of the sender's own ring, and completes there too: one `io_uring_enter(2)`.
//! - The receiver sleeps in `io_uring_enter(2)`, or looks into its completion queue, which is memory, without any call.
//! - A completion queue that is full loses nothing: the kernel keeps the rest in a list without bound. So the sender counts
//!   what the receiver has taken, in shared memory, and waits when as many are under way as the queue holds.
//!
//! Both rings are made before the fork; each side looks into its own and keeps a descriptor of the other's. A ring does not
//! tell that its sender is gone; a [`Lifeline`](ipcmark_sys::lifeline) does.
#![forbid(unsafe_code)]

use ipcmark_core::{
    Availability, Called, Capacity, Error, Info, Limits, Link, MeetBy, Plan, Receiver, Result,
    Sender, Side, Transport, WaitKind,
};
use ipcmark_sys::fd::availability;
use ipcmark_sys::lifeline::{Lifeline, LifelinePair, Peer, Ticker};
use ipcmark_sys::msg_ring::{Inbox, Outbox};
use ipcmark_sys::shared::Lines;
use ipcmark_sys::word::{Payload, WORD_BYTES, WordIn, WordOut, check_size};
use rustix::io::Errno;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};

/// Messages under way in one direction, unless the plan asks for another number.
const DEFAULT_DEPTH: usize = 256;
/// The kernel makes no completion queue beyond this (`IORING_MAX_CQ_ENTRIES`, halved).
const DEPTH_MAX: usize = 1 << 15;
/// Tries between two looks for the peer.
const LONG_YIELDS: u32 = 1 << 8;

/// Messages of up to eight bytes, from ring to ring.
#[derive(Debug)]
pub struct MsgRing;

/// Both rings, what was taken from each, and the lifeline.
#[derive(Debug)]
pub struct MsgRingFixture {
    /// The initiator's and the responder's.
    inboxes: [Inbox; 2],
    /// Messages taken from each.
    taken: Arc<Lines>,
    lifelines: LifelinePair,
    depth: usize,
    size: usize,
}

impl Transport for MsgRing {
    const INFO: Info = Info {
        overlaps: true,
        family: "uring",
        mechanism: "uring-msg-ring",
        wait: WaitKind::Uring,
        meet_by: MeetBy::Descriptor,
        summary: "a completion posted into the other process's io_uring; up to 8 bytes",
        reference: "io_uring(7)",
        ..Info::DEFAULT
    };
    type Fixture = MsgRingFixture;
    type Tx = RingSender;
    type Rx = RingReceiver;

    fn available() -> Availability {
        availability(Inbox::available().map(|()| Limits {
            max_message: Some(WORD_BYTES),
            limited_by: "the user_data of a completion",
            remedy: None,
        }))
    }

    fn fixture(plan: &Plan) -> Result<MsgRingFixture> {
        check_size(plan.size)?;
        let asked = plan.capacity.map_or(DEFAULT_DEPTH, |bytes| bytes / plan.size.max(1));
        let depth = asked.clamp(1, DEPTH_MAX).next_power_of_two();
        Ok(MsgRingFixture {
            inboxes: [Inbox::new(depth as u32)?, Inbox::new(depth as u32)?],
            taken: Arc::new(Lines::new(2)?),
            lifelines: LifelinePair::new()?,
            depth,
            size: plan.size,
        })
    }

    /// Returns messages that the sender lets be under way.
    fn capacity(fixture: &MsgRingFixture) -> Result<Capacity> {
        let messages = fixture.depth;
        Ok(Capacity { bytes: Some(messages * fixture.size), messages: Some(messages) })
    }

    fn split(fixture: MsgRingFixture, side: Side) -> Result<Link<RingSender, RingReceiver>> {
        let MsgRingFixture { inboxes: [initiators, responders], taken, lifelines, depth, size } =
            fixture;
        let (mine, peers) = match side {
            Side::Initiator => (initiators, responders),
            Side::Responder => (responders, initiators),
        };
        let lifeline = Arc::new(lifelines.split(side));
        Ok(Link {
            tx: RingSender {
                outbox: Outbox::new(&peers)?,
                taken: taken.clone(),
                at: side.peer().index(),
                sent: 0,
                depth: depth as u64,
                lifeline: lifeline.clone(),
                buffer: WordOut::new(size),
            },
            rx: RingReceiver {
                inbox: mine,
                taken,
                at: side.index(),
                count: 0,
                _ticker: lifeline.ticks()?,
                lifeline,
                buffer: WordIn::default(),
            },
        })
    }
}

/// The sending half. Dropping it ends the stream.
#[derive(Debug)]
pub struct RingSender {
    outbox: Outbox,
    taken: Arc<Lines>,
    /// Index of the count of messages taken that this side reads.
    at: usize,
    sent: u64,
    depth: u64,
    lifeline: Arc<Lifeline>,
    buffer: WordOut,
}

impl RingSender {
    /// Returns true if fewer messages are under way than the ring holds.
    ///
    /// # Errors
    /// The peer says that it has taken what was never sent.
    #[inline]
    fn has_room(&self) -> Result<bool> {
        let taken = self.taken.lines()[self.at].word.load(Acquire);
        match self.sent.checked_sub(taken) {
            Some(under_way) => Ok(under_way < self.depth),
            None => Err(Error::Protocol(format!(
                "the peer damaged its count: {taken} messages taken of {}",
                self.sent
            ))),
        }
    }

    #[cold]
    fn until_there_is_room(&self) -> Result<()> {
        for tries in 1u32.. {
            if self.has_room()? {
                break;
            }
            std::thread::yield_now();
            if tries.is_multiple_of(LONG_YIELDS) && self.lifeline.peer_is_gone() {
                return Err(self.lifeline.end());
            }
        }
        Ok(())
    }
}

impl Sender for RingSender {
    #[inline]
    fn claim(&mut self, len: usize) -> Result<&mut [u8]> {
        self.buffer.claim(len)
    }

    #[inline]
    fn commit(&mut self) -> Result<()> {
        let payload = self.buffer.payload()?;
        if !self.has_room()? {
            self.until_there_is_room()?;
        }
        self.outbox.post(payload).called("io_uring MSG_RING")?;
        self.sent += 1;
        Ok(())
    }
}

impl Drop for RingSender {
    fn drop(&mut self) {
        self.lifeline.farewell();
        let _ = self.outbox.post(Payload::END);
    }
}

/// The receiving half, in the thread that made it.
#[derive(Debug)]
pub struct RingReceiver {
    inbox: Inbox,
    taken: Arc<Lines>,
    /// Index of its own count of messages taken.
    at: usize,
    count: u64,
    _ticker: Ticker,
    lifeline: Arc<Lifeline>,
    buffer: WordIn,
}

impl RingReceiver {
    fn taken(&self) -> &AtomicU64 {
        &self.taken.lines()[self.at].word
    }
}

impl Receiver for RingReceiver {
    #[inline]
    fn receive(&mut self) -> Result<&[u8]> {
        let mut news = Peer::Here;
        let payload = loop {
            if let Some(post) = self.inbox.take() {
                break post;
            }
            match (self.inbox.sleep(), news) {
                (Ok(()), _) => {}
                // It slept again, from the news to the next tick, and nothing came.
                (Err(Errno::INTR), Peer::Closed) => return Err(Error::Closed),
                (Err(Errno::INTR), Peer::Gone) => return Err(Error::PeerDied),
                (Err(Errno::INTR), Peer::Here) => news = self.lifeline.peer(),
                (Err(Errno::AGAIN | Errno::BUSY), _) => {}
                (Err(errno), _) => return Err(Error::os("io_uring_enter", errno)),
            }
        };
        self.buffer.message(payload)
    }

    /// Gives the sender its room back.
    #[inline]
    fn release(&mut self) -> Result<()> {
        self.count += 1;
        self.taken().store(self.count, Release);
        Ok(())
    }

    /// Looks into the completion queue: no call, unless nothing came and the peer may be gone.
    fn ready(&mut self) -> Result<bool> {
        Ok(self.inbox.is_full() || self.lifeline.peer() != Peer::Here)
    }
}
