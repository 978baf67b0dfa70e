//! The two halves of a side.

use crate::SysvFixture;
use crate::wait::{QueueWait, Turns};
use ipcmark_core::{Error, Link, Receiver, Result, Sender, Side};
use ipcmark_sys::lifeline::{Lifeline, Peer};
use ipcmark_sys::sysv::{Envelope, MessageQueue, Patience};
use rustix::io::Errno;
use std::sync::Arc;

/// Any type will do: the queue has one direction.
pub(crate) const ANY: i64 = 0;
/// The type of what the initiator sends, where types tell the directions apart.
pub(crate) const FORTH: i64 = 1;
/// The type of what the responder sends.
pub(crate) const BACK: i64 = 2;

/// Takes one side's halves; `kinds` are the types that its responder and its initiator take.
pub(crate) fn split<W: QueueWait>(
    fixture: SysvFixture,
    side: Side,
    kinds: [i64; 2],
) -> Result<Link<QueueSender<W>, QueueReceiver<W>>> {
    let SysvFixture { queues: [forth, back], lifelines, size } = fixture;
    let ([to, from], [sent, taken]) = match side {
        Side::Initiator => ([forth, back], kinds),
        Side::Responder => ([back, forth], [kinds[1], kinds[0]]),
    };
    let lifeline = Arc::new(lifelines.split(side));
    Ok(Link {
        tx: QueueSender {
            turns: W::Turns::arm(&lifeline)?,
            queue: to,
            lifeline: lifeline.clone(),
            // Where any is taken, each must still have one.
            envelope: Envelope::new(size, sent.max(FORTH)),
            len: 0,
        },
        rx: QueueReceiver {
            turns: W::Turns::arm(&lifeline)?,
            queue: from,
            lifeline,
            envelope: Envelope::new(size, FORTH),
            kind: taken,
        },
    })
}

/// The sending half. Dropping it ends the stream.
#[derive(Debug)]
pub struct QueueSender<W: QueueWait> {
    pub(crate) turns: W::Turns,
    pub(crate) queue: Arc<MessageQueue>,
    pub(crate) lifeline: Arc<Lifeline>,
    pub(crate) envelope: Envelope,
    /// Length of the claimed message; 0 before the first claim.
    pub(crate) len: usize,
}

impl<W: QueueWait> Sender for QueueSender<W> {
    #[inline]
    fn claim(&mut self, len: usize) -> Result<&mut [u8]> {
        if len.wrapping_sub(1) >= self.envelope.room() {
            return Err(Error::misfit(len, self.envelope.room()));
        }
        self.len = len;
        Ok(self.envelope.text_mut(len))
    }

    #[inline]
    fn commit(&mut self) -> Result<()> {
        if self.len == 0 {
            return Err(Error::misfit(0, self.envelope.room()));
        }
        loop {
            match self.queue.send(&self.envelope, self.len, W::PATIENCE) {
                Ok(()) => return Ok(()),
                Err(Errno::AGAIN | Errno::INTR) => {
                    if self.turns.turn() && self.lifeline.peer_is_gone() {
                        return Err(self.lifeline.end());
                    }
                }
                Err(errno) => return Err(failed("msgsnd", errno)),
            }
        }
    }
}

/// End of the stream: an empty message. If there is no room for it, the peer has messages to take, and learns of the end from the lifeline
/// after them.
impl<W: QueueWait> Drop for QueueSender<W> {
    fn drop(&mut self) {
        self.lifeline.farewell();
        let _ = self.queue.send(&self.envelope, 0, Patience::None);
    }
}

/// The receiving half.
#[derive(Debug)]
pub struct QueueReceiver<W: QueueWait> {
    pub(crate) turns: W::Turns,
    pub(crate) queue: Arc<MessageQueue>,
    pub(crate) lifeline: Arc<Lifeline>,
    pub(crate) envelope: Envelope,
    /// The type it takes.
    pub(crate) kind: i64,
}

impl<W: QueueWait> Receiver for QueueReceiver<W> {
    #[inline]
    fn receive(&mut self) -> Result<&[u8]> {
        let len = loop {
            match self.queue.receive(&mut self.envelope, self.kind, W::PATIENCE) {
                Ok(len) => break len,
                Err(Errno::AGAIN | Errno::INTR) => {
                    if self.turns.turn()
                        && let Some(len) = self.after_news()?
                    {
                        break len;
                    }
                }
                Err(errno) => return Err(failed("msgrcv", errno)),
            }
        };
        if len == 0 {
            return Err(Error::Closed);
        }
        Ok(self.envelope.text(len))
    }

    #[inline]
    fn release(&mut self) -> Result<()> {
        Ok(())
    }

    /// Asks the queue how many messages it holds; only where it has one direction.
    fn ready(&mut self) -> Result<bool> {
        let status = self.queue.status().map_err(|e| failed("msgctl(IPC_STAT)", e))?;
        Ok(status.messages > 0 || self.lifeline.peer() != Peer::Here)
    }
}

impl<W: QueueWait> QueueReceiver<W> {
    /// Returns what the peer sent before it said farewell, or died, is still to be taken; then comes
    /// the end.
    #[cold]
    fn after_news(&mut self) -> Result<Option<usize>> {
        let end = match self.lifeline.peer() {
            Peer::Here => return Ok(None),
            Peer::Closed => Error::Closed,
            Peer::Gone => Error::PeerDied,
        };
        match self.queue.receive(&mut self.envelope, self.kind, Patience::None) {
            Ok(len) => Ok(Some(len)),
            Err(Errno::AGAIN) => Err(end),
            Err(Errno::INTR) => Ok(None),
            Err(errno) => Err(failed("msgrcv", errno)),
        }
    }
}

/// Returns what a failed call means: the queue was removed, or something is wrong.
#[cold]
fn failed(call: &'static str, errno: Errno) -> Error {
    match errno {
        Errno::IDRM => Error::Closed,
        Errno::TOOBIG => {
            Error::Protocol("a message longer than this link was made for came".into())
        }
        _ => Error::os(call, errno),
    }
}
