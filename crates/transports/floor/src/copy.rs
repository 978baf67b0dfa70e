//! `copy`: one copy in, one copy out, as through a kernel buffer.

use crate::slot::Slot;
use crate::{empty, full, info};
use ipcmark_core::{
    Availability, Buffer, Capacity, Error, Info, Limits, Link, Plan, Receiver, Result, Sender,
    Side, Transport,
};
use std::rc::Rc;

/// The harness loop over two memory copies.
#[derive(Debug)]
pub struct Copy;

impl Transport for Copy {
    const INFO: Info =
        info("copy", "two memory copies in one process: in and out, as a kernel path");
    type Fixture = usize;
    type Tx = CopySender;
    type Rx = CopyReceiver;

    fn available() -> Availability {
        Availability::Available(Limits::none())
    }

    fn fixture(plan: &Plan) -> Result<usize> {
        Ok(plan.size)
    }

    fn capacity(size: &usize) -> Result<Capacity> {
        Ok(Capacity { bytes: Some(*size), messages: Some(1) })
    }

    fn split(size: usize, _: Side) -> Result<Link<CopySender, CopyReceiver>> {
        let buffer = || Buffer::new(size);
        let slot = Slot::new(size);
        Ok(Link {
            tx: CopySender { slot: Rc::clone(&slot), buffer: buffer(), len: 0 },
            rx: CopyReceiver { slot, buffer: buffer() },
        })
    }
}

/// The sending half of [`Copy`](struct@Copy).
#[derive(Debug)]
pub struct CopySender {
    slot: Rc<Slot>,
    buffer: Buffer,
    len: usize,
}

impl Sender for CopySender {
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
        if self.len == 0 {
            return Err(Error::Protocol("commit without claim".into()));
        }
        match self.slot.free.take() {
            Some(mut slot) => {
                slot[..self.len].copy_from_slice(&self.buffer[..self.len]);
                self.slot.len.set(self.len);
                self.slot.committed.set(Some(slot));
                Ok(())
            }
            None => Err(full(Rc::strong_count(&self.slot) > 1)),
        }
    }
}

/// The receiving half of [`Copy`](struct@Copy).
#[derive(Debug)]
pub struct CopyReceiver {
    slot: Rc<Slot>,
    buffer: Buffer,
}

impl Receiver for CopyReceiver {
    #[inline]
    fn receive(&mut self) -> Result<&[u8]> {
        match self.slot.committed.take() {
            Some(slot) => {
                let len = self.slot.len.get();
                self.buffer[..len].copy_from_slice(&slot[..len]);
                self.slot.free.set(Some(slot));
                Ok(&self.buffer[..len])
            }
            None => Err(empty(Rc::strong_count(&self.slot) > 1)),
        }
    }

    #[inline]
    fn release(&mut self) -> Result<()> {
        Ok(())
    }
}
