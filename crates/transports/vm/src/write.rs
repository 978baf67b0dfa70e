//! `vm-write`: the sender pushes.

use crate::meet::Party;
use crate::probe;
use crate::wait::VmWait;
use crate::way::Way;
use crate::{VmFixture, failed, slots};
use ipcmark_core::{
    Availability, Buffer, Capacity, Error, Info, Link, MeetBy, Plan, Receiver, Result, Sender,
    Side, Transport,
};
use ipcmark_sys::lifeline::Lifeline;
use ipcmark_sys::vm::{Window, push};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Time that a receiver that ends waits for a write that is under way.
const FAREWELL_WAIT: Duration = Duration::from_secs(1);

/// Messages that the sender pushes into the receiver's memory.
#[derive(Debug)]
pub struct VmWrite<W>(PhantomData<W>);

impl<W: VmWait> Transport for VmWrite<W> {
    const INFO: Info = Info {
        overlaps: true,
        family: "vm",
        mechanism: "vm-write",
        wait: W::KIND,
        meet_by: MeetBy::Process,
        summary: "the sender writes into the receiver\'s memory: process_vm_writev(2)",
        reference: "process_vm_writev(2)",
        ..Info::DEFAULT
    };
    type Fixture = VmFixture;
    type Tx = WriteSender<W>;
    type Rx = WriteReceiver<W>;

    fn available() -> Availability {
        probe::available::<Self>("process_vm_writev")
    }

    fn fixture(plan: &Plan) -> Result<VmFixture> {
        VmFixture::new(plan, slots(plan))
    }

    fn capacity(fixture: &VmFixture) -> Result<Capacity> {
        Ok(fixture.capacity())
    }

    fn split(fixture: VmFixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>> {
        let party = Party::meet(fixture, side)?;
        let size = party.size;
        let window = Window::new(party.back.slots() * size)?;
        party.back.set_window(window.address());
        party.ready()?;
        let Party { lifeline, peer_pid, out, back, .. } = party;
        let tx = WriteSender {
            window: out.window(),
            way: out,
            lifeline: Arc::clone(&lifeline),
            peer_pid,
            buffer: Buffer::new(size),
            len: 0,
            sent: 0,
            wait: PhantomData,
        };
        let window = Some(window);
        let rx = WriteReceiver { way: back, lifeline, window, size, taken: 0, wait: PhantomData };
        Ok(Link { tx, rx })
    }
}

/// Pushes messages.
#[derive(Debug)]
pub struct WriteSender<W: VmWait> {
    way: Way,
    lifeline: Arc<Lifeline>,
    peer_pid: i32,
    /// Start of the peer's window.
    window: u64,
    buffer: Buffer,
    len: usize,
    sent: u64,
    wait: PhantomData<W>,
}

impl<W: VmWait> Sender for WriteSender<W> {
    #[inline]
    fn claim(&mut self, len: usize) -> Result<&mut [u8]> {
        let max = self.buffer.len();
        if len.wrapping_sub(1) >= max {
            return Err(Error::misfit(len, max));
        }
        self.len = len;
        Ok(&mut self.buffer[..len])
    }

    #[inline]
    fn commit(&mut self) -> Result<()> {
        let size = self.buffer.len();
        if self.len == 0 {
            return Err(Error::misfit(0, size));
        }
        let most = self.way.slots() as u64 - 1;
        self.way.await_room::<W>(&self.lifeline, self.sent, most)?;
        if !self.way.begin_write() {
            return Err(Error::Closed);
        }
        let address = self.window.wrapping_add((self.way.slot(self.sent) * size) as u64);
        let pushed = push(self.peer_pid, address, &self.buffer[..self.len]);
        self.way.end_write();
        pushed.map_err(|e| failed("process_vm_writev", e, &self.lifeline))?;
        self.way.publish::<W>(self.sent, self.len)?;
        self.sent += 1;
        Ok(())
    }
}

/// Ends the stream.
impl<W: VmWait> Drop for WriteSender<W> {
    fn drop(&mut self) {
        self.way.close::<W>();
        self.lifeline.farewell();
    }
}

/// Lends what was pushed.
#[derive(Debug)]
pub struct WriteReceiver<W> {
    way: Way,
    lifeline: Arc<Lifeline>,
    /// Memory that the peer writes to; taken out when it must outlive this half.
    window: Option<Window>,
    size: usize,
    taken: u64,
    wait: PhantomData<W>,
}

impl<W: VmWait> Receiver for WriteReceiver<W> {
    #[inline]
    fn receive(&mut self) -> Result<&[u8]> {
        let len = self.way.await_message::<W>(&self.lifeline, self.taken, self.size)?;
        let window = self.window.as_ref().expect("the window stays as long as its half");
        Ok(window.bytes(self.way.slot(self.taken) * self.size, len))
    }

    #[inline]
    fn release(&mut self) -> Result<()> {
        self.way.take::<W>(self.taken)?;
        self.taken += 1;
        Ok(())
    }

    #[inline]
    fn ready(&mut self) -> Result<bool> {
        Ok(self.way.is_ready(self.taken) || self.lifeline.peer_is_gone())
    }
}

/// The pages go when no write is under way: what lies there next is not the peer's to write to. Should the peer be
/// stopped in the middle of one, they stay as long as the process.
impl<W> Drop for WriteReceiver<W> {
    fn drop(&mut self) {
        let begun = Instant::now();
        while !self.way.forbid_writes() && !self.lifeline.peer_is_gone() {
            if begun.elapsed() > FAREWELL_WAIT {
                std::mem::forget(self.window.take());
                return;
            }
            std::thread::yield_now();
        }
    }
}
