//! Writing and checking messages, and how the loops reach a link: with its types known, or erased.

use ipcmark_core::{
    Buffer, Checker, Fault, Info, Integrity, Receiver, Result, Sender, Stamper, Transport, Verdict,
    copy_message,
};
use ipcmark_sys::clock::Clock;

/// Any transport's sending half.
pub(crate) type AnySender = dyn Sender;
/// Any transport's receiving half.
pub(crate) type AnyReceiver = dyn Receiver;

/// How a loop sees the two halves of a link. A loop is written once; which patterns know their types is said where the
/// loops are named, in [`crate::pattern`].
pub(crate) trait Ends {
    type Tx: Sender + ?Sized;
    type Rx: Receiver + ?Sized;
    fn zero_copy(desk: &Desk) -> bool;
    fn zero_copy_rx(desk: &Desk) -> bool;
    fn lossy(desk: &Desk) -> bool;
    fn tx(tx: &mut Self::Tx) -> &mut AnySender;
    fn rx(rx: &mut Self::Rx) -> &mut AnyReceiver;
}

/// Types known: a copy of the loop for each transport, no branch that a constant decides.
impl<T: Transport> Ends for T {
    type Tx = T::Tx;
    type Rx = T::Rx;

    #[inline(always)]
    fn zero_copy(_: &Desk) -> bool {
        T::INFO.zero_copy
    }

    #[inline(always)]
    fn zero_copy_rx(_: &Desk) -> bool {
        T::INFO.zero_copy_rx
    }

    #[inline(always)]
    fn lossy(_: &Desk) -> bool {
        T::INFO.lossy
    }

    fn tx(tx: &mut T::Tx) -> &mut AnySender {
        tx
    }

    fn rx(rx: &mut T::Rx) -> &mut AnyReceiver {
        rx
    }
}

/// Types erased: one copy of the loop for all transports, some ns dearer a message.
#[derive(Debug)]
pub(crate) struct Erased;

impl Ends for Erased {
    type Tx = AnySender;
    type Rx = AnyReceiver;

    #[inline(always)]
    fn zero_copy(desk: &Desk) -> bool {
        desk.zero_copy
    }

    #[inline(always)]
    fn zero_copy_rx(desk: &Desk) -> bool {
        desk.zero_copy_rx
    }

    #[inline(always)]
    fn lossy(desk: &Desk) -> bool {
        desk.lossy
    }

    fn tx(tx: &mut AnySender) -> &mut AnySender {
        tx
    }

    fn rx(rx: &mut AnyReceiver) -> &mut AnyReceiver {
        rx
    }
}

/// What a process needs to write and check the messages of one link, through all phases of an invocation.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) clock: Clock,
    stamper: Stamper,
    pub(crate) checker: Checker,
    /// The first sequence number, and the next one to send.
    first: u64,
    next: u64,
    /// Where messages are copied to that lie in a lent slot.
    inbox: Buffer,
    /// The private buffer of a copying transport holds the body.
    filled: bool,
    size: usize,
    zero_copy: bool,
    zero_copy_rx: bool,
    lossy: bool,
    /// Of a lossy mechanism: ends of phases sent, and messages that came whole, ends left out. Its checker cannot count
    /// them where sequence numbers wrap within a loss.
    ends: u64,
    arrived: u64,
}

/// What became of the messages of one process, over all phases.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) sent: u64,
    pub(crate) found: Integrity,
}

impl Tally {
    /// Both together.
    pub(crate) const fn and(self, other: Tally) -> Tally {
        let (a, b) = (self.found, other.found);
        let found = Integrity {
            received: a.received + b.received,
            lost: a.lost + b.lost,
            repeated: a.repeated + b.repeated,
            reordered: a.reordered + b.reordered,
            damaged: a.damaged + b.damaged,
        };
        Tally { sent: self.sent + other.sent, found }
    }
}

impl Desk {
    /// `send` and `receive` seed the contents of the two directions; `info` is the transport's.
    pub(crate) fn new(
        clock: Clock,
        size: usize,
        (send, receive): (u64, u64),
        &Info { zero_copy, zero_copy_rx, lossy, .. }: &Info,
    ) -> Desk {
        Desk {
            clock,
            stamper: Stamper::new(send, size),
            checker: Checker::new(receive, size),
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
        }
    }

    /// The same, with messages numbered from `first` on.
    pub(crate) fn numbered_from(self, first: u64) -> Desk {
        Desk { first, next: first, ..self }
    }

    pub(crate) fn tally(&self) -> Tally {
        let mut found = self.checker.integrity;
        if self.lossy {
            found.received = self.arrived;
        }
        Tally { sent: self.next - self.first - self.ends, found }
    }

    pub(crate) const fn is_lossy(&self) -> bool {
        self.lossy
    }

    /// The body of each message.
    pub(crate) fn body(&self) -> &[u8] {
        self.stamper.body()
    }

    /// A message of one's own, to be stamped again and again.
    pub(crate) fn draft(&self) -> Buffer {
        let mut draft = Buffer::new(self.size);
        draft.copy_from_slice(self.stamper.body());
        draft
    }

    /// Makes the next message of one that holds the body.
    #[inline(always)]
    pub(crate) fn stamp(&mut self, message: &mut [u8], last: bool) {
        self.stamper.stamp(message, self.next, last);
        self.next += 1;
    }

    /// Takes back what was counted for a message that ends a phase: if it came again, the harness repeated it.
    pub(crate) fn excuse(&mut self, end: Verdict) {
        if end.fault == Some(Fault::Late) {
            let found = &mut self.checker.integrity;
            found.repeated = found.repeated.saturating_sub(1);
        }
    }

    /// Counts a message of a lossy mechanism that is no end of a phase.
    pub(crate) fn count(&mut self, verdict: Verdict) {
        self.arrived += u64::from(verdict.fault != Some(Fault::Damaged));
    }

    /// Sends a message that ends the phase and is none of it.
    pub(crate) fn send_end(&mut self, tx: &mut AnySender) -> Result<()> {
        self.ends += 1;
        self.send::<Erased>(tx, true)
    }

    #[inline(always)]
    pub(crate) fn send<E: Ends + ?Sized>(&mut self, tx: &mut E::Tx, last: bool) -> Result<()> {
        self.write::<E>(tx, last)?;
        tx.commit()
    }

    /// Sends `count` messages, each of which another one follows at once: a transport may send several in one call.
    ///
    /// A loop of its own, because what it needs stays in registers here: over a ring a message is a matter of a few ns.
    #[inline(always)]
    pub(crate) fn send_more<E: Ends + ?Sized>(&mut self, tx: &mut E::Tx, count: u64) -> Result<()> {
        if !E::zero_copy(self) {
            for _ in 0..count {
                self.write::<E>(tx, false)?;
                tx.commit_more()?;
            }
            return Ok(());
        }
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
    fn write<E: Ends + ?Sized>(&mut self, tx: &mut E::Tx, last: bool) -> Result<()> {
        let space = tx.claim(self.size)?;
        if E::zero_copy(self) {
            copy_message(space, self.stamper.body());
        } else if !self.filled {
            space.copy_from_slice(self.stamper.body());
            self.filled = true;
        }
        self.stamper.stamp(space, self.next, last);
        self.next += 1;
        Ok(())
    }

    /// Sends the newest message once more, as the phase's last.
    pub(crate) fn send_again(&mut self, tx: &mut AnySender) -> Result<()> {
        self.next -= 1;
        self.send::<Erased>(tx, true)
    }

    /// Receives one message, runs `then`, and checks the message after that.
    #[inline(always)]
    pub(crate) fn receive<E: Ends + ?Sized>(
        &mut self,
        rx: &mut E::Rx,
        then: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<Verdict> {
        let message = rx.receive()?;
        if E::zero_copy_rx(self) {
            let fits = message.len() == self.size;
            if fits {
                copy_message(&mut self.inbox, message);
            }
            rx.release()?;
            then(self)?;
            Ok(if fits { self.checker.check(&self.inbox) } else { self.checker.misfit() })
        } else {
            then(self)?;
            let verdict = self.checker.check(message);
            rx.release()?;
            Ok(verdict)
        }
    }

    /// Receives `count` messages, or up to one that says it is the last: gives how many, and whether that was it.
    #[inline(always)]
    pub(crate) fn receive_more<E: Ends + ?Sized>(
        &mut self,
        rx: &mut E::Rx,
        count: u64,
    ) -> Result<(u64, bool)> {
        let (zero_copy_rx, size) = (E::zero_copy_rx(self), self.size);
        let inbox = &mut self.inbox[..];
        for received in 1..=count {
            let message = rx.receive()?;
            let verdict = if !zero_copy_rx {
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
