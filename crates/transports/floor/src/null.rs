//! `null`: the buffer changes hands, no byte moves.

use crate::slot::Slot;
use crate::{empty, full, info};
use ipcmark_core::{
    Availability, Buffer, Capacity, Error, Info, Limits, Link, Plan, Receiver, Result, Sender,
    Side, Transport,
};
use std::rc::Rc;

/// The harness loop with no transport under it.
#[derive(Debug)]
pub struct Null;

impl Transport for Null {
    const INFO: Info =
        info("null", "the harness loop alone: a pointer changes hands in one process");
    type Fixture = usize;
    type Tx = NullSender;
    type Rx = NullReceiver;

    fn available() -> Availability {
        Availability::Available(Limits::none())
    }

    fn fixture(plan: &Plan) -> Result<usize> {
        Ok(plan.size)
    }

    fn capacity(size: &usize) -> Result<Capacity> {
        Ok(Capacity { bytes: Some(*size), messages: Some(1) })
    }

    fn split(size: usize, _: Side) -> Result<Link<NullSender, NullReceiver>> {
        let slot = Slot::new(size);
        Ok(Link {
            tx: NullSender { slot: Rc::clone(&slot), claimed: None, max: size },
            rx: NullReceiver { slot, lent: None },
        })
    }
}

/// The sending half of [`Null`].
#[derive(Debug)]
pub struct NullSender {
    slot: Rc<Slot>,
    claimed: Option<Box<Buffer>>,
    max: usize,
}

impl Sender for NullSender {
    #[inline]
    fn claim(&mut self, len: usize) -> Result<&mut [u8]> {
        if len.wrapping_sub(1) >= self.max {
            return Err(Error::misfit(len, self.max));
        }
        if self.claimed.is_none() {
            self.claimed = self.slot.free.take();
        }
        match &mut self.claimed {
            Some(buffer) => {
                self.slot.len.set(len);
                Ok(&mut buffer[..len])
            }
            None => Err(full(Rc::strong_count(&self.slot) > 1)),
        }
    }

    #[inline]
    fn commit(&mut self) -> Result<()> {
        match self.claimed.take() {
            Some(buffer) => {
                self.slot.committed.set(Some(buffer));
                Ok(())
            }
            None => Err(Error::Protocol("commit without claim".into())),
        }
    }
}

/// The receiving half of [`Null`].
#[derive(Debug)]
pub struct NullReceiver {
    slot: Rc<Slot>,
    lent: Option<Box<Buffer>>,
}

impl Receiver for NullReceiver {
    #[inline]
    fn receive(&mut self) -> Result<&[u8]> {
        match self.slot.committed.take() {
            Some(buffer) => Ok(&self.lent.insert(buffer)[..self.slot.len.get()]),
            None => Err(empty(Rc::strong_count(&self.slot) > 1)),
        }
    }

    #[inline]
    fn release(&mut self) -> Result<()> {
        if let Some(buffer) = self.lent.take() {
            self.slot.free.set(Some(buffer));
        }
        Ok(())
    }
}
