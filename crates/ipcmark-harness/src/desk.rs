//! Writes and checks the messages of one link.

use crate::halves::Halves;
use crate::holds::Holds;
use crate::varied::Varied;
use ipcmark_core::{
    Buffer, Checker, Fault, Info, Integrity, Plan, Receiver, Result, Sender, Stamper, Verdict,
    copy_message,
};
use ipcmark_sys::clock::{Clock, Ticks};

/// The state that a process needs to write and check the messages of one link, through all phases
/// of an invocation.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) clock: Clock,
    pub(crate) stamper: Stamper,
    pub(crate) checker: Checker,
    /// The first sequence number, and the next one to send.
    first: u64,
    pub(crate) next: u64,
    /// Sizes of the messages, if they have several.
    pub(crate) varied: Option<Box<Varied>>,
    /// Private copy of a message that is in a lent slot.
    pub(crate) inbox: Buffer,
    /// The private buffer of a copying transport holds the body.
    filled: bool,
    size: usize,
    pub(crate) zero_copy: bool,
    pub(crate) zero_copy_rx: bool,
    pub(crate) lossy: bool,
    /// Ends of phases sent, and whole messages received, ends excluded, over a mechanism that may
    /// lose some. The checker cannot count them if sequence numbers wrap within a loss.
    ends: u64,
    arrived: u64,
    /// Messages that had a number and were not sent, because there was no room.
    dropped: u64,
}

/// The message that follows one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follows {
    /// One follows at once: a transport may keep this one until then.
    AtOnce,
    /// One follows when it is due.
    Later,
    /// None: this one is the phase's last.
    Nothing,
}

/// Messages sent and received by one process, over all phases.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) sent: u64,
    pub(crate) dropped: u64,
    pub(crate) found: Integrity,
}

impl Tally {
    /// Adds two tallies.
    pub(crate) const fn and(self, other: Tally) -> Tally {
        let (a, b) = (self.found, other.found);
        let found = Integrity {
            received: a.received + b.received,
            lost: a.lost + b.lost,
            repeated: a.repeated + b.repeated,
            reordered: a.reordered + b.reordered,
            damaged: a.damaged + b.damaged,
        };
        let (sent, dropped) = (self.sent + other.sent, self.dropped + other.dropped);
        Tally { sent, dropped, found }
    }
}

impl Desk {
    /// Makes a desk for the messages of `plan`. `send` and `receive` seed the contents of the two
    /// directions; `info` is the transport's.
    pub(crate) fn new(clock: Clock, plan: &Plan, (send, receive): (u64, u64), info: &Info) -> Desk {
        let Plan { size, check_all, .. } = *plan;
        let Info { zero_copy, zero_copy_rx, lossy, .. } = *info;
        Desk {
            clock,
            varied: Varied::of(plan, info).map(Box::new),
            stamper: Stamper::new(send, size),
            checker: Checker::new(receive, size).comparing(check_all),
            first: 0,
            next: 0,
            inbox: Buffer::new(size),
            filled: false,
            size,
            zero_copy,
            zero_copy_rx,
            lossy,
            ends: 0,
            arrived: 0,
            dropped: 0,
        }
    }

    /// Numbers the messages from `first` on.
    pub(crate) const fn number_from(&mut self, first: u64) {
        (self.first, self.next) = (first, first);
    }

    pub(crate) fn tally(&self) -> Tally {
        let mut found = self.checker.integrity;
        if self.lossy {
            found.received = self.arrived;
        }
        let dropped = self.dropped;
        Tally { sent: self.next - self.first - self.ends - dropped, dropped, found }
    }

    /// Returns the body of each message.
    pub(crate) fn body(&self) -> &[u8] {
        self.stamper.body()
    }

    /// Makes a message of the caller's own, to be stamped again and again.
    pub(crate) fn draft(&self) -> Buffer {
        let mut draft = Buffer::new(self.size);
        draft.copy_from_slice(self.stamper.body());
        draft
    }

    /// Makes the next message out of one that holds the body.
    #[inline(always)]
    pub(crate) fn stamp(&mut self, message: &mut [u8], last: bool) {
        self.stamper.stamp(message, self.next, last);
        self.next += 1;
    }

    /// Takes back the count of a message that ends a phase: if it came again, the harness repeated
    /// it.
    pub(crate) fn excuse(&mut self, end: Verdict) {
        if end.fault == Some(Fault::Late) {
            let found = &mut self.checker.integrity;
            found.repeated = found.repeated.saturating_sub(1);
        }
    }

    /// Counts a message of a lossy mechanism that does not end a phase.
    pub(crate) fn count(&mut self, verdict: Verdict) {
        self.arrived += u64::from(verdict.fault != Some(Fault::Damaged));
    }

    /// Sends a message that ends the phase and is not part of it.
    pub(crate) fn send_end(&mut self, tx: &mut dyn Sender) -> Result<()> {
        self.ends += 1;
        self.send_erased(tx, true)
    }

    /// Sends the newest message again, as the phase's last.
    pub(crate) fn send_again(&mut self, tx: &mut dyn Sender) -> Result<()> {
        self.next -= 1;
        self.send_erased(tx, true)
    }

    /// Sends a message and times how long that holds this process, from `begun` on.
    #[inline(never)]
    pub(crate) fn send_held(
        &mut self,
        tx: &mut dyn Sender,
        begun: Ticks,
        follows: Follows,
        holds: &mut Holds,
    ) -> Result<()> {
        let mut refused = false;
        if holds.asks() {
            refused = !self.try_send(tx, follows == Follows::Nothing)?;
        }
        if refused || !holds.asks() {
            match self.varied {
                None => self.write(tx, self.zero_copy, follows == Follows::Nothing)?,
                Some(_) => self.write_varied(tx, follows == Follows::Nothing)?,
            }
            match follows {
                Follows::AtOnce => tx.commit_more()?,
                Follows::Later | Follows::Nothing => tx.commit()?,
            }
        }
        holds.take(begun, self.clock.now(), refused);
        Ok(())
    }

    /// Sends the message that is due, or drops it if there is no room.
    pub(crate) fn send_or_drop(&mut self, tx: &mut dyn Sender) -> Result<()> {
        if !self.try_send(tx, false)? {
            // The number shows the receiver when a later message was due.
            self.next += 1;
            self.dropped += 1;
        }
        Ok(())
    }

    /// Sends the next message unless that would wait. Returns true if it was sent; else the next message is
    /// the same one.
    fn try_send(&mut self, tx: &mut dyn Sender, last: bool) -> Result<bool> {
        if self.varied.is_some() {
            return self.try_send_varied(tx, last);
        }
        let Some(space) = tx.try_claim(self.size)? else { return Ok(false) };
        if self.zero_copy {
            copy_message(space, self.stamper.body());
        } else if !self.filled {
            space.copy_from_slice(self.stamper.body());
            self.filled = true;
        }
        self.stamper.stamp(space, self.next, last);
        let sent = tx.try_commit()?;
        self.next += u64::from(sent);
        Ok(sent)
    }

    /// Sends one message through a half of any type.
    pub(crate) fn send_erased(&mut self, tx: &mut dyn Sender, last: bool) -> Result<()> {
        if self.varied.is_some() {
            return self.send_varied(tx, last);
        }
        self.write(tx, self.zero_copy, last)?;
        tx.commit()
    }

    #[inline(always)]
    pub(crate) fn send<H: Halves>(&mut self, tx: &mut H::Tx, last: bool) -> Result<()> {
        if H::varied(self) {
            return self.send_varied(tx, last);
        }
        self.write(tx, H::zero_copy(self), last)?;
        tx.commit()
    }

    /// Sends `count` messages, each followed by another: a transport may send several in one call.
    #[inline(always)]
    pub(crate) fn send_block(
        &mut self,
        tx: &mut (impl Sender + ?Sized),
        zero_copy: bool,
        count: u64,
    ) -> Result<()> {
        for _ in 0..count {
            self.write(tx, zero_copy, false)?;
            tx.commit_more()?;
        }
        Ok(())
    }

    /// Sends `count` messages through slots: see [`send_block`](Desk::send_block). All that this
    /// loop needs stays in registers, because a ring takes a message in a few ns.
    #[inline(always)]
    pub(crate) fn send_block_in_place(&mut self, tx: &mut impl Sender, count: u64) -> Result<()> {
        let (body, size) = (self.stamper.body(), self.size);
        for next in self.next..self.next + count {
            let space = tx.claim(size)?;
            copy_message(space, body);
            self.stamper.stamp(space, next, false);
            tx.commit_more()?;
        }
        self.next += count;
        Ok(())
    }

    #[inline(always)]
    fn write(
        &mut self,
        tx: &mut (impl Sender + ?Sized),
        zero_copy: bool,
        last: bool,
    ) -> Result<()> {
        let space = tx.claim(self.size)?;
        if zero_copy {
            copy_message(space, self.stamper.body());
        } else if !self.filled {
            space.copy_from_slice(self.stamper.body());
            self.filled = true;
        }
        self.stamper.stamp(space, self.next, last);
        self.next += 1;
        Ok(())
    }

    /// Receives one message, runs `then`, and checks the message after that.
    #[inline(always)]
    pub(crate) fn receive<H: Halves>(
        &mut self,
        rx: &mut H::Rx,
        then: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<Verdict> {
        if H::varied(self) {
            return self.receive_varied(rx, then);
        }
        self.read(rx, H::zero_copy_rx(self), then)
    }

    pub(crate) fn receive_erased(&mut self, rx: &mut dyn Receiver) -> Result<Verdict> {
        if self.varied.is_some() {
            return self.receive_varied(rx, |_| Ok(()));
        }
        self.read(rx, self.zero_copy_rx, |_| Ok(()))
    }

    #[inline(always)]
    fn read(
        &mut self,
        rx: &mut (impl Receiver + ?Sized),
        zero_copy: bool,
        then: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<Verdict> {
        let message = rx.receive()?;
        if !zero_copy {
            then(self)?;
            let verdict = self.checker.check(message);
            rx.release()?;
            return Ok(verdict);
        }
        let fits = message.len() == self.size;
        if fits {
            copy_message(&mut self.inbox, message);
        }
        rx.release()?;
        then(self)?;
        Ok(if fits { self.checker.check(&self.inbox) } else { self.checker.misfit() })
    }

    /// Receives `count` messages, or up to one that says it is the last. Returns their number, and
    /// true if the last one came.
    #[inline(always)]
    pub(crate) fn receive_block(
        &mut self,
        rx: &mut impl Receiver,
        zero_copy: bool,
        count: u64,
    ) -> Result<(u64, bool)> {
        let size = self.size;
        let inbox = &mut self.inbox[..];
        for received in 1..=count {
            let message = rx.receive()?;
            let verdict = if !zero_copy {
                let verdict = self.checker.check(message);
                rx.release()?;
                verdict
            } else if message.len() == size {
                copy_message(inbox, message);
                rx.release()?;
                self.checker.check(inbox)
            } else {
                rx.release()?;
                self.checker.misfit()
            };
            if verdict.last {
                return Ok((received, true));
            }
        }
        Ok((count, false))
    }
}
