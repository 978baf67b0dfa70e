//! Messages of several sizes: how a desk sends and checks them, and whose times belong to which size.
//!
//! These loops reach the link by virtual calls, and each message is copied and stamped whole: what is
//! in the buffer from the message before has another length.

use crate::desk::Desk;
use ipcmark_core::{
    Checker, Info, Plan, Receiver, Result, Role, Sender, Sizes, Verdict, Workload, copy_message,
    sent_len,
};
use std::sync::Arc;

/// The sizes of a desk's messages.
#[derive(Debug)]
pub(crate) struct Varied {
    sizes: Arc<Sizes>,
    seed: u64,
    /// Messages that have one size: the two of a round trip that a floor makes have consecutive
    /// numbers.
    each: u64,
    /// Sequence numbers of the phase's first messages, sent and received.
    from: (u64, u64),
    /// Size of the newest message that was received, bytes.
    received: usize,
}

impl Varied {
    /// Returns the sizes of a plan's messages; `None` if all have one.
    pub(crate) fn of(plan: &Plan, info: &Info) -> Option<Varied> {
        let sizes = Arc::clone(plan.sizes.as_ref()?);
        let trips = matches!(plan.workload, Workload::PingPong | Workload::PacedPingPong { .. });
        let each = if info.role == Role::Floor && trips { 2 } else { 1 };
        Some(Varied { sizes, seed: plan.seed, each, from: (0, 0), received: 0 })
    }

    /// Returns the size of message `n` of a direction whose phase began with `from`, bytes.
    fn len_of(&self, n: u64, from: u64) -> usize {
        self.sizes.len_of(self.seed, n.saturating_sub(from) / self.each)
    }

    fn check(&mut self, checker: &mut Checker, message: &[u8]) -> Verdict {
        let len_of = |n| self.len_of(n, self.from.1);
        let verdict = checker.check_sized(message, &len_of);
        self.received = len_of(checker.expected().saturating_sub(1));
        verdict
    }
}

impl Desk {
    /// Begins a phase: a trace starts again. Nothing may be under way.
    pub(crate) fn begin_phase(&mut self) {
        let from = (self.next, self.checker.expected());
        if let Some(varied) = &mut self.varied {
            varied.from = from;
        }
    }

    /// Sends the next message.
    pub(crate) fn send_varied(&mut self, tx: &mut dyn Sender, last: bool) -> Result<()> {
        self.write_varied(tx, last)?;
        tx.commit()
    }

    /// Sends `count` messages, each followed by another.
    pub(crate) fn send_block_varied(&mut self, tx: &mut dyn Sender, count: u64) -> Result<()> {
        for _ in 0..count {
            self.write_varied(tx, false)?;
            tx.commit_more()?;
        }
        Ok(())
    }

    /// Sends the next message unless that would wait. Returns true if it was sent.
    pub(crate) fn try_send_varied(&mut self, tx: &mut dyn Sender, last: bool) -> Result<bool> {
        let Some(varied) = &self.varied else { return Ok(false) };
        let len = varied.len_of(self.next, varied.from.0);
        let Some(space) = tx.try_claim(sent_len(len, last))? else { return Ok(false) };
        self.stamper.write(space, self.next, last);
        let sent = tx.try_commit()?;
        self.next += u64::from(sent);
        Ok(sent)
    }

    pub(crate) fn write_varied(&mut self, tx: &mut dyn Sender, last: bool) -> Result<()> {
        let Some(varied) = &self.varied else { return Ok(()) };
        let len = varied.len_of(self.next, varied.from.0);
        let space = tx.claim(sent_len(len, last))?;
        self.stamper.write(space, self.next, last);
        self.next += 1;
        Ok(())
    }

    /// Receives one message, runs `then`, and checks the message after that.
    pub(crate) fn receive_varied(
        &mut self,
        rx: &mut dyn Receiver,
        then: impl FnOnce(&mut Desk) -> Result<()>,
    ) -> Result<Verdict> {
        let message = rx.receive()?;
        if !self.zero_copy_rx {
            then(self)?;
            let verdict = self.check_varied(message);
            rx.release()?;
            return Ok(verdict);
        }
        let len = message.len();
        let fits = len <= self.inbox.len();
        if fits {
            copy_message(&mut self.inbox[..len], message);
        }
        rx.release()?;
        then(self)?;
        let Desk { varied, checker, inbox, .. } = self;
        Ok(match varied {
            Some(varied) if fits => varied.check(checker, &inbox[..len]),
            _ => checker.misfit(),
        })
    }

    /// Receives `count` messages, or up to one that says it is the last.
    pub(crate) fn receive_block_varied(
        &mut self,
        rx: &mut dyn Receiver,
        count: u64,
    ) -> Result<(u64, bool)> {
        for received in 1..=count {
            if self.receive_varied(rx, |_| Ok(()))?.last {
                return Ok((received, true));
            }
        }
        Ok((count, false))
    }

    fn check_varied(&mut self, message: &[u8]) -> Verdict {
        match &mut self.varied {
            Some(varied) => varied.check(&mut self.checker, message),
            None => self.checker.misfit(),
        }
    }

    /// Returns the class of the size of the newest message that was received; 0 if there is one size.
    pub(crate) fn class(&self) -> usize {
        self.varied.as_ref().map_or(0, |varied| varied.sizes.class_of(varied.received))
    }
}
