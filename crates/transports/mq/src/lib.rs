//! POSIX message queues: two of them, one a direction.
//!
//! The mechanism's own rules, as [mq_overview(7)](https://man7.org/linux/man-pages/man7/mq_overview.7.html) has them:
//!
//! - Messages keep their boundaries and carry a priority; the oldest of the highest priority comes first. All of a link
//!   have one priority here, 0 in `mq` and 1 in `mq-priority`, so the order is first in, first out.
//! - A queue holds a fixed number of messages (`mq_maxmsg`) of a fixed largest size (`mq_msgsize`), both set when it is
//!   made: a full queue makes the sender wait, or gives `EAGAIN`. Without a right beyond an ordinary user's they are
//!   bounded by `fs.mqueue.msg_max` (10) and `fs.mqueue.msgsize_max` (8192 bytes), and all queues of a user together by
//!   `RLIMIT_MSGQUEUE` (800 KiB), also root's. Where the plan asks for more messages, the queue is made as deep as the
//!   limits allow.
//! - A queue outlives its processes until it is unlinked and its last descriptor is closed. Here the name goes as soon
//!   as the queue is made: the sides inherit the descriptor, and a killed process leaves nothing behind.
//! - On Linux the descriptor is a file descriptor, so it can be polled.
//! - Nothing tells a receiver that its sender is gone. An empty message ends the stream here, and a
//!   [`Lifeline`](ipcmark_sys::lifeline) tells of a death.
//!
//! A blocking side calls `mq_send(3)` and `mq_receive(3)`, which wait for ever, and yet notices a death: the lifeline's
//! signal ends the call ([`Lifeline::interrupts`](ipcmark_sys::lifeline::Lifeline::interrupts)). So nothing is paid
//! for it while the peer lives: on the machine this was written on, a round trip of 64 bytes on one CPU takes 5.50 µs,
//! and 5.46 µs in a loop of the bare calls. `mq_timedreceive(3)` with a deadline would notice a death too and takes
//! 6.1 µs, as the kernel arms a timer whenever the call sleeps. `mq/poll` has the lifeline in its set and pays 0.2 µs
//! of some 7 for it; `mq/epoll` pays less.
//!
//! Each end of a queue is opened by itself: the signal's handler sets `O_NONBLOCK`, which belongs to the open file
//! description, and the peer's must stay as it is.
#![forbid(unsafe_code)]

mod limits;
mod port;

pub use port::QueuePort;

use ipcmark_core::{Availability, Capacity, Info, Link, MeetBy, Plan, Result, Side, Transport};
use ipcmark_sys::fd::{FdWait, MessageReceiver, MessageSender, availability, message_halves};
use ipcmark_sys::lifeline::LifelinePair;
use ipcmark_sys::mqueue::Queue;
use rustix::io::Errno;
use std::marker::PhantomData;

/// Messages over two POSIX queues, all at one priority; 0 is the lowest, and what a queue without priorities has.
#[derive(Debug)]
pub struct Mq<W, const PRIORITY: u32 = 0>(PhantomData<W>);

/// Messages at a priority above it: the kernel then keeps a place in its tree of priorities for them.
pub type MqPriority<W> = Mq<W, 1>;

/// Both queues and the lifeline.
#[derive(Debug)]
pub struct MqFixture {
    /// Initiator to responder: the sending end, the receiving end.
    forth: [Queue; 2],
    back: [Queue; 2],
    lifelines: LifelinePair,
}

/// Messages a queue holds unless the plan asks for another number; the kernel's own default
/// (`fs.mqueue.msg_default`).
const DEFAULT_DEPTH: usize = 10;

/// Makes both queues, as deep as the plan asks and the limits allow.
///
/// A depth over `fs.mqueue.msg_max` is cut down to it, and one that takes more bytes than `RLIMIT_MSGQUEUE` leaves is
/// halved until it does not, as the capacity then shows. Links of one row share those bytes evenly. A size over its limit is an error, since a message cannot be
/// cut, and so is a depth of one that cannot be had.
fn queues(plan: &Plan) -> Result<[[Queue; 2]; 2]> {
    let size = plan.size;
    let asked = match plan.capacity {
        Some(bytes) => (bytes / size.max(1)).max(1),
        None => DEFAULT_DEPTH,
    };
    let links = limits::links(plan);
    let mut depth = if links > 1 { asked.min(limits::share(links, size)) } else { asked };
    loop {
        match both(&plan.names.token, depth, size) {
            Ok(queues) => return Ok(queues),
            Err(Errno::INVAL) if depth > limits::HARD_DEPTH_MAX => depth = limits::HARD_DEPTH_MAX,
            Err(Errno::INVAL) if limits::msg_max().is_some_and(|max| max < depth) => {
                depth = limits::msg_max().unwrap_or(1).max(1);
            }
            // Without /proc the limit is found by trying.
            Err(Errno::INVAL) if depth > 1 && limits::msg_max().is_none() => depth /= 2,
            Err(Errno::MFILE) if depth > 1 && !limits::no_descriptor_is_left() => depth /= 2,
            Err(errno) => return Err(limits::explain(errno, links, depth, size)),
        }
    }
}

fn both(token: &str, depth: usize, size: usize) -> rustix::io::Result<[[Queue; 2]; 2]> {
    Ok([Queue::create(token, depth, size)?, Queue::create(token, depth, size)?])
}

impl<W: FdWait, const PRIORITY: u32> Transport for Mq<W, PRIORITY> {
    const INFO: Info = Info {
        many_senders: true,
        many_receivers: true,
        overlaps: W::OVERLAPS,
        never_waits: W::NONBLOCKING,
        family: "mq",
        mechanism: if PRIORITY == 0 { "mq" } else { "mq-priority" },
        wait: W::KIND,
        meet_by: MeetBy::Name,
        summary: if PRIORITY == 0 {
            "POSIX message queue, one a direction; mq_send(3) and mq_receive(3)"
        } else {
            "the same, every message sent at a priority above the lowest"
        },
        reference: "mq_overview(7)",
        ..Info::DEFAULT
    };
    type Fixture = MqFixture;
    type Tx = MessageSender<W, QueuePort<PRIORITY>>;
    type Rx = MessageReceiver<W, QueuePort<PRIORITY>>;

    fn available() -> Availability {
        availability(limits::probe())
    }

    fn fixture(plan: &Plan) -> Result<MqFixture> {
        let [forth, back] = queues(plan)?;
        Ok(MqFixture { forth, back, lifelines: LifelinePair::new()? })
    }

    /// Returns what one queue holds, as the kernel made it: fewer messages than were asked for where a limit cut
    /// the depth.
    fn capacity(fixture: &MqFixture) -> Result<Capacity> {
        let [queue, _] = &fixture.forth;
        Ok(Capacity {
            bytes: Some(queue.depth() * queue.message_bytes()),
            messages: Some(queue.depth()),
        })
    }

    fn split(fixture: MqFixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>> {
        let MqFixture { forth, back, lifelines } = fixture;
        let ([to_peer, _], [_, from_peer]) = match side {
            Side::Initiator => (forth, back),
            Side::Responder => (back, forth),
        };
        let size = to_peer.message_bytes();
        let lifeline = lifelines.split(side);
        message_halves(QueuePort(to_peer), QueuePort(from_peer), size, Some(lifeline))
    }
}

#[cfg(test)]
mod tests;
