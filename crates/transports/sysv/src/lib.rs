//! System V message queues: one a direction, or one for both, separated by type.
//!
//! The mechanism's own rules, as [msgop(2)](https://man7.org/linux/man-pages/man2/msgop.2.html) and
//! [sysvipc(7)](https://man7.org/linux/man-pages/man7/sysvipc.7.html) have them:
//!
//! - Messages keep their boundaries and carry a type, a positive number. A receiver takes the oldest message, or the
//!   oldest of one type, and leaves the others where they are: so one queue serves both directions in `sysv-msg-typed`.
//! - A message has at most `kernel.msgmax` bytes (8192), a queue holds `msg_qbytes` bytes, which a user may raise to
//!   `kernel.msgmnb` (16384) and beyond that with `CAP_SYS_RESOURCE` alone. A full queue makes the sender wait, or gives
//!   `EAGAIN`.
//! - A queue is no descriptor: it cannot be polled, and a call that sleeps on it ends with `EINTR` when a handler ran.
//! - It outlives its processes until it is removed, and cannot be removed ahead of time, since `IPC_RMID` takes effect at
//!   once. The last process that holds it removes it, see [`ipcmark_sys::sysv`].
//! - Nothing tells a receiver that its sender is gone. An empty message ends the stream here, and a
//!   [`Lifeline`](ipcmark_sys::lifeline) tells of a death: its ticks end a call that sleeps, and cost nothing before.
#![forbid(unsafe_code)]

mod halves;
mod limits;
mod wait;

pub use halves::{QueueReceiver, QueueSender};
pub use wait::{QueueWait, Turns};

use halves::{ANY, BACK, FORTH};
use ipcmark_core::{
    Availability, Capacity, Info, Link, MeetBy, Plan, Result, Side, Transport, Wait,
};
use ipcmark_sys::fd::availability;
use ipcmark_sys::lifeline::LifelinePair;
use ipcmark_sys::sysv::MessageQueue;
use std::marker::PhantomData;
use std::sync::Arc;

/// Messages over two System V queues, one a direction.
#[derive(Debug)]
pub struct SysvMsg<W>(PhantomData<W>);

/// Messages over one System V queue, the directions separated by type.
#[derive(Debug)]
pub struct SysvMsgTyped<W>(PhantomData<W>);

/// The queues and the lifeline.
#[derive(Debug)]
pub struct SysvFixture {
    /// Initiator to responder, and back; one and the same where types tell the directions apart.
    queues: [Arc<MessageQueue>; 2],
    lifelines: LifelinePair,
    /// Longest message, in bytes.
    size: usize,
}

const REFERENCE: &str = "msgop(2)";

impl<W: QueueWait> Transport for SysvMsg<W> {
    const INFO: Info = Info {
        many_senders: true,
        many_receivers: true,
        overlaps: W::OVERLAPS,
        family: "sysv",
        mechanism: "sysv-msg",
        wait: <W as Wait>::KIND,
        meet_by: MeetBy::Key,
        summary: "System V message queue, one a direction; msgsnd(2) and msgrcv(2)",
        reference: REFERENCE,
        ..Info::DEFAULT
    };
    type Fixture = SysvFixture;
    type Tx = QueueSender<W>;
    type Rx = QueueReceiver<W>;

    fn available() -> Availability {
        availability(limits::probe())
    }

    fn fixture(plan: &Plan) -> Result<SysvFixture> {
        let queues = [limits::queue(plan, 1)?, limits::queue(plan, 1)?].map(Arc::new);
        Ok(SysvFixture { queues, lifelines: LifelinePair::new()?, size: plan.size })
    }

    fn capacity(fixture: &SysvFixture) -> Result<Capacity> {
        limits::capacity(&fixture.queues[0], 1, fixture.size)
    }

    fn split(fixture: SysvFixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>> {
        halves::split(fixture, side, [ANY, ANY])
    }
}

impl<W: QueueWait> Transport for SysvMsgTyped<W> {
    const INFO: Info = Info {
        many_senders: true,
        many_receivers: true,
        family: "sysv",
        mechanism: "sysv-msg-typed",
        wait: <W as Wait>::KIND,
        meet_by: MeetBy::Key,
        summary: "one System V message queue for both directions, separated by type",
        reference: REFERENCE,
        ..Info::DEFAULT
    };
    type Fixture = SysvFixture;
    type Tx = QueueSender<W>;
    type Rx = QueueReceiver<W>;

    fn available() -> Availability {
        availability(limits::probe())
    }

    fn fixture(plan: &Plan) -> Result<SysvFixture> {
        let queue = Arc::new(limits::queue(plan, 2)?);
        let queues = [queue.clone(), queue];
        Ok(SysvFixture { queues, lifelines: LifelinePair::new()?, size: plan.size })
    }

    /// Returns a direction's share: half of the queue, although one that is alone may fill all of
    /// it.
    fn capacity(fixture: &SysvFixture) -> Result<Capacity> {
        limits::capacity(&fixture.queues[0], 2, fixture.size)
    }

    fn split(fixture: SysvFixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>> {
        halves::split(fixture, side, [FORTH, BACK])
    }
}

#[cfg(test)]
mod tests;
