//! `vm-read`: the receiver pulls.

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
use ipcmark_sys::vm::{Window, pull};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Messages up to this length, in bytes, are put into a slot first.
const SHORT: usize = 4096;
/// Time that a sender that ends keeps its messages for a peer that does not pull.
const FAREWELL_WAIT: Duration = Duration::from_secs(1);

/// Messages that the receiver pulls out of the sender's memory.
#[derive(Debug)]
pub struct VmRead<W>(PhantomData<W>);

impl<W: VmWait> Transport for VmRead<W> {
    const INFO: Info = Info {
        dies_with_sender: true,
        overlaps: true,
        family: "vm",
        mechanism: "vm-read",
        wait: W::KIND,
        meet_by: MeetBy::Process,
        summary: "the receiver reads the sender\'s memory: process_vm_readv(2)",
        reference: "process_vm_readv(2)",
        ..Info::DEFAULT
    };
    type Fixture = VmFixture;
    type Tx = ReadSender<W>;
    type Rx = ReadReceiver<W>;

    fn available() -> Availability {
        probe::available::<Self>("process_vm_readv")
    }

    fn fixture(plan: &Plan) -> Result<VmFixture> {
        VmFixture::new(plan, if plan.size > SHORT { 1 } else { slots(plan) })
    }

    fn capacity(fixture: &VmFixture) -> Result<Capacity> {
        Ok(fixture.capacity())
    }

    fn split(fixture: VmFixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>> {
        let party = Party::meet(fixture, side)?;
        let size = party.size;
        let window = Window::new(party.out.slots() * size)?;
        party.out.set_window(window.address());
        party.ready()?;
        let Party { lifeline, peer_pid, out, back, .. } = party;
        let buffer = Buffer::new(if size > SHORT { 0 } else { size });
        let tx = ReadSender {
            way: out,
            lifeline: Arc::clone(&lifeline),
            window: Some(window),
            buffer,
            size,
            len: 0,
            sent: 0,
            wait: PhantomData,
        };
        let rx = ReadReceiver {
            window: back.window(),
            way: back,
            lifeline,
            peer_pid,
            buffer: Buffer::new(size),
            taken: 0,
            wait: PhantomData,
        };
        Ok(Link { tx, rx })
    }
}

/// Says where messages stand.
#[derive(Debug)]
pub struct ReadSender<W: VmWait> {
    way: Way,
    lifeline: Arc<Lifeline>,
    /// Memory that the peer reads; taken out when it must outlive this half.
    window: Option<Window>,
    /// Place where short messages are written before they go into a slot.
    buffer: Buffer,
    size: usize,
    len: usize,
    sent: u64,
    wait: PhantomData<W>,
}

impl<W: VmWait> Sender for ReadSender<W> {
    #[inline]
    fn claim(&mut self, len: usize) -> Result<&mut [u8]> {
        if len.wrapping_sub(1) >= self.size {
            return Err(Error::misfit(len, self.size));
        }
        self.len = len;
        if self.size <= SHORT {
            return Ok(&mut self.buffer[..len]);
        }
        // The peer may still be reading the last one.
        self.way.await_room::<W>(&self.lifeline, self.sent, 0)?;
        Ok(window(&mut self.window).bytes_mut(0, len))
    }

    #[inline]
    fn commit(&mut self) -> Result<()> {
        if self.len == 0 {
            return Err(Error::misfit(0, self.size));
        }
        if self.size <= SHORT {
            let most = self.way.slots() as u64 - 1;
            self.way.await_room::<W>(&self.lifeline, self.sent, most)?;
            let at = self.way.slot(self.sent) * self.size;
            let slot = window(&mut self.window).bytes_mut(at, self.len);
            slot.copy_from_slice(&self.buffer[..self.len]);
        }
        self.way.publish::<W>(self.sent, self.len)?;
        self.sent += 1;
        Ok(())
    }
}

/// Returns the window is there until the half is dropped.
#[inline]
fn window(window: &mut Option<Window>) -> &mut Window {
    window.as_mut().expect("the window stays as long as its half")
}

/// Ends the stream, and keeps what was sent until it is pulled. A peer that takes too long finds the old pages, which
/// then stay as long as the process.
impl<W: VmWait> Drop for ReadSender<W> {
    fn drop(&mut self) {
        self.way.close::<W>();
        self.lifeline.farewell();
        let begun = Instant::now();
        while self.way.taken() < self.sent && !self.lifeline.peer_is_gone() {
            if begun.elapsed() > FAREWELL_WAIT {
                std::mem::forget(self.window.take());
                return;
            }
            std::thread::sleep(Duration::from_micros(100));
        }
    }
}

/// Pulls messages.
#[derive(Debug)]
pub struct ReadReceiver<W> {
    way: Way,
    lifeline: Arc<Lifeline>,
    peer_pid: i32,
    /// Start of the peer's window.
    window: u64,
    buffer: Buffer,
    taken: u64,
    wait: PhantomData<W>,
}

impl<W: VmWait> Receiver for ReadReceiver<W> {
    #[inline]
    fn receive(&mut self) -> Result<&[u8]> {
        let size = self.buffer.len();
        let len = self.way.await_message::<W>(&self.lifeline, self.taken, size)?;
        let address = self.window.wrapping_add((self.way.slot(self.taken) * size) as u64);
        let space = &mut self.buffer[..len];
        pull(self.peer_pid, address, space)
            .map_err(|e| failed("process_vm_readv", e, &self.lifeline))?;
        self.way.take::<W>(self.taken)?;
        self.taken += 1;
        Ok(&self.buffer[..len])
    }

    #[inline]
    fn release(&mut self) -> Result<()> {
        Ok(())
    }

    #[inline]
    fn ready(&mut self) -> Result<bool> {
        Ok(self.way.is_ready(self.taken) || self.lifeline.peer_is_gone())
    }
}
