//! What both sides know of one direction: how far the sender got, how far the receiver, and the length of each message.

use crate::wait::{self, VmWait};
use ipcmark_core::{Error, Result};
use ipcmark_sys::lifeline::Lifeline;
use ipcmark_sys::shared::{Line, Lines};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Release, SeqCst};

/// Lines before those of the slots.
const HEAD: usize = 4;
/// Content of the fourth line's futex.
const CLOSED: u32 = 1;

/// Returns lines that one direction takes.
pub(crate) const fn lines(slots: usize) -> usize {
    HEAD + slots
}

/// One direction.
///
/// Its lines: where the window begins; messages sent, and the receiver's bell; messages taken, and the sender's bell;
/// whether a write is under way, and whether the sender has closed; then the length of the message in each slot.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    lines: Arc<Lines>,
    first: usize,
    slots: usize,
}

impl Way {
    pub(crate) fn new(lines: Arc<Lines>, first: usize, slots: usize) -> Way {
        Way { lines, first, slots }
    }

    #[inline]
    fn line(&self, n: usize) -> &Line {
        &self.lines.lines()[self.first + n]
    }

    pub(crate) fn slots(&self) -> usize {
        self.slots
    }

    /// Tells the peer where the window begins.
    pub(crate) fn set_window(&self, address: u64) {
        self.line(0).word.store(address, Release);
    }

    /// Returns where the peer's window begins.
    pub(crate) fn window(&self) -> u64 {
        self.line(0).word.load(Acquire)
    }

    #[inline]
    pub(crate) fn sent(&self) -> u64 {
        self.line(1).word.load(Acquire)
    }

    #[inline]
    pub(crate) fn taken(&self) -> u64 {
        self.line(2).word.load(Acquire)
    }

    fn receivers_bell(&self) -> &AtomicU32 {
        &self.line(1).futex
    }

    fn senders_bell(&self) -> &AtomicU32 {
        &self.line(2).futex
    }

    fn is_closed(&self) -> bool {
        self.line(3).futex.load(Acquire) == CLOSED
    }

    /// Waits (sender of `sent` messages) until at most `most` are in flight.
    #[inline]
    pub(crate) fn await_room<W: VmWait>(
        &self,
        lifeline: &Lifeline,
        sent: u64,
        most: u64,
    ) -> Result<()> {
        let mut taken = 0;
        W::until(self.senders_bell(), lifeline, || {
            taken = self.taken();
            taken > sent || sent - taken <= most
        })?;
        if taken > sent {
            return Err(damaged(format!("{taken} messages taken of {sent}")));
        }
        Ok(())
    }

    /// Announces (sender) that message number `n`, of `len` bytes, is in its slot.
    #[inline]
    pub(crate) fn publish<W: VmWait>(&self, n: u64, len: usize) -> Result<()> {
        self.line(HEAD + self.slot(n)).word.store(len as u64, Release);
        self.line(1).word.store(n + 1, Release);
        wait::wake::<W>(self.receivers_bell())
    }

    /// Waits (receiver) for message number `n`; returns its length, of at most `max` bytes.
    #[inline]
    pub(crate) fn await_message<W: VmWait>(
        &self,
        lifeline: &Lifeline,
        n: u64,
        max: usize,
    ) -> Result<usize> {
        W::until(self.receivers_bell(), lifeline, || self.is_ready(n))?;
        if self.sent() <= n {
            return Err(Error::Closed);
        }
        let len = self.line(HEAD + self.slot(n)).word.load(Acquire);
        if len.wrapping_sub(1) >= max as u64 {
            return Err(damaged(format!("a message of {len} bytes, where {max} are the most")));
        }
        Ok(len as usize)
    }

    /// Returns message number `n` is there, or never comes.
    #[inline]
    pub(crate) fn is_ready(&self, n: u64) -> bool {
        self.sent() > n || self.is_closed()
    }

    /// Releases (receiver) message number `n`.
    #[inline]
    pub(crate) fn take<W: VmWait>(&self, n: u64) -> Result<()> {
        self.line(2).word.store(n + 1, Release);
        wait::wake::<W>(self.senders_bell())
    }

    /// Returns the slot of message number `n`.
    #[inline]
    pub(crate) fn slot(&self, n: u64) -> usize {
        (n % self.slots as u64) as usize
    }

    /// Announces (sender) that nothing more comes.
    pub(crate) fn close<W: VmWait>(&self) {
        self.line(3).futex.store(CLOSED, Release);
        let _ = wait::wake::<W>(self.receivers_bell());
    }

    /// Announces (sender) a write into the receiver's memory; returns false if the receiver is about to free it.
    #[inline]
    pub(crate) fn begin_write(&self) -> bool {
        self.line(3).word.store(1, SeqCst);
        let goes_on = self.line(0).futex.load(SeqCst) != CLOSED;
        if !goes_on {
            self.end_write();
        }
        goes_on
    }

    #[inline]
    pub(crate) fn end_write(&self) {
        self.line(3).word.store(0, SeqCst);
    }

    /// Forbids (receiver) new writes. Returns true once none is in progress.
    pub(crate) fn forbid_writes(&self) -> bool {
        self.line(0).futex.store(CLOSED, SeqCst);
        self.line(3).word.load(SeqCst) == 0
    }
}

/// Returns the error of shared words that cannot be right.
#[cold]
fn damaged(what: String) -> Error {
    Error::Protocol(format!("the peer damaged the shared words: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wait::Spin;
    use ipcmark_sys::lifeline::LifelinePair;

    const EDGES: [u64; 8] = [0, 1, 2, 7, 1 << 32, 1 << 63, u64::MAX - 1, u64::MAX];

    /// A peer may write what it likes into the shared words.
    #[test]
    fn words_that_cannot_be_are_errors() {
        let way = Way::new(Arc::new(Lines::new(lines(4)).unwrap()), 0, 4);
        let [lifeline, _peer] = LifelinePair::new().unwrap().into_both();
        for (sent, len) in EDGES.iter().flat_map(|sent| EDGES.map(|len| (*sent, len))) {
            way.line(1).word.store(sent, Release);
            (0..4).for_each(|slot| way.line(HEAD + slot).word.store(len, Release));
            // With no message there it would wait.
            if way.is_ready(2) {
                match way.await_message::<Spin>(&lifeline, 2, 64) {
                    Ok(found) => assert!((1..=64).contains(&len) && found as u64 == len),
                    Err(e) => {
                        assert!(!(1..=64).contains(&len) && e.to_string().contains("damaged"))
                    }
                }
            }
        }
        for taken in EDGES {
            way.line(2).word.store(taken, Release);
            // With too many in flight it would wait.
            if taken > 0 {
                let room = way.await_room::<Spin>(&lifeline, 4, 3);
                assert_eq!(room.is_err(), taken > 4, "{taken} taken of 4: {room:?}");
            }
        }
    }
}
