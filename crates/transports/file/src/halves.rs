//! The two halves of a side: try under the lock, wait without it, try again.

use crate::access::Access;
use crate::lock::Lock;
use crate::mailbox::{Mailbox, Taken, message, set_len};
use crate::wait::{FileWait, is_long};
use ipcmark_core::{Buffer, Error, Receiver, Result, Sender};
use ipcmark_sys::lifeline::Lifeline;
use std::marker::PhantomData;
use std::sync::Arc;

/// Puts messages into the file.
#[derive(Debug)]
pub struct FileSender<L: Lock, A: Access, W> {
    mailbox: Mailbox<L, A>,
    lifeline: Arc<Lifeline>,
    /// The length, then the message.
    slot: Buffer,
    /// Length of the claimed message; 0 before the first claim.
    len: usize,
    looks: u32,
    wait: PhantomData<W>,
}

impl<L: Lock, A: Access, W> FileSender<L, A, W> {
    pub(crate) fn new(mailbox: Mailbox<L, A>, lifeline: Arc<Lifeline>) -> Self {
        let slot = mailbox.slot_buffer();
        FileSender { mailbox, lifeline, slot, len: 0, looks: 0, wait: PhantomData }
    }
}

impl<L: Lock, A: Access, W: FileWait> Sender for FileSender<L, A, W> {
    #[inline]
    fn claim(&mut self, len: usize) -> Result<&mut [u8]> {
        let max = self.mailbox.size();
        if len.wrapping_sub(1) >= max {
            return Err(Error::misfit(len, max));
        }
        self.len = len;
        set_len(&mut self.slot, len);
        Ok(&mut self.slot[message(len)])
    }

    #[inline]
    fn commit(&mut self) -> Result<()> {
        if self.len == 0 {
            return Err(Error::misfit(0, self.mailbox.size()));
        }
        let slot = &self.slot[..message(self.len).end];
        while !self.mailbox.try_put(slot)? {
            if is_long::<W>(&mut self.looks) && self.lifeline.peer_is_gone() {
                return Err(self.lifeline.end());
            }
            W::pass();
        }
        Ok(())
    }
}

/// Ends the stream.
impl<L: Lock, A: Access, W> Drop for FileSender<L, A, W> {
    fn drop(&mut self) {
        // The lifeline shows what the file cannot.
        let _ = self.mailbox.close();
        self.lifeline.farewell();
    }
}

/// Takes messages out of the file.
#[derive(Debug)]
pub struct FileReceiver<L, A, W> {
    mailbox: Mailbox<L, A>,
    lifeline: Arc<Lifeline>,
    slot: Buffer,
    looks: u32,
    wait: PhantomData<W>,
}

impl<L: Lock, A: Access, W> FileReceiver<L, A, W> {
    pub(crate) fn new(mailbox: Mailbox<L, A>, lifeline: Arc<Lifeline>) -> Self {
        let slot = mailbox.slot_buffer();
        FileReceiver { mailbox, lifeline, slot, looks: 0, wait: PhantomData }
    }
}

impl<L: Lock, A: Access, W: FileWait> Receiver for FileReceiver<L, A, W> {
    #[inline]
    fn receive(&mut self) -> Result<&[u8]> {
        let mut peer_is_gone = false;
        let len = loop {
            match self.mailbox.try_take(&mut self.slot)? {
                Taken::Message(len) => break len,
                Taken::Closed => return Err(Error::Closed),
                // What it sent it had put there before it went.
                Taken::Nothing if peer_is_gone => return Err(self.lifeline.end()),
                Taken::Nothing => {
                    peer_is_gone = is_long::<W>(&mut self.looks) && self.lifeline.peer_is_gone();
                    W::pass();
                }
            }
        };
        Ok(&self.slot[message(len)])
    }

    #[inline]
    fn release(&mut self) -> Result<()> {
        Ok(())
    }

    #[inline]
    fn ready(&mut self) -> Result<bool> {
        Ok(self.mailbox.is_ready()? || self.lifeline.peer_is_gone())
    }
}
