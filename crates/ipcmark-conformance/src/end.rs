//! One side of a link as a law sees it: the transport's halves, with each step noted on the board.

use crate::board::{Board, Step, Told};
use crate::row::Row;
use ipcmark_core::{self as core, Capacity, Error, Receiver, Sender, Side};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::time::Duration;

/// One side.
pub(crate) struct End<'a> {
    pub(crate) row: &'a Row,
    pub(crate) side: Side,
    /// Number among the processes of its side, from 0.
    pub(crate) number: usize,
    pub(crate) tx: Option<Box<dyn Sender>>,
    pub(crate) rx: Option<Box<dyn Receiver>>,
    /// Capacity that the fixture reported before the fork.
    pub(crate) capacity: Capacity,
    pub(crate) board: &'a Board,
    pub(crate) received: u64,
    /// Messages of this side that a lossy transport has lost, if the law knows it.
    pub(crate) lost: u64,
}

impl End<'_> {
    /// Returns the sending half.
    pub(crate) fn tx(&mut self) -> core::Result<&mut dyn Sender> {
        match &mut self.tx {
            Some(tx) => Ok(&mut **tx),
            None => Err(Error::Protocol("the law dropped this sender".into())),
        }
    }

    /// Sends one message: claims, fills, commits. On a lossy transport it first waits until the
    /// peer has received the message before, so that none is lost because there is no room.
    pub(crate) fn try_send(&mut self, message: &[u8]) -> core::Result<()> {
        if self.row.info.lossy {
            let n = self.board.sent(self.side);
            self.board.note(self.side, Step::AwaitReceipt, n);
            if !self.board.await_received(self.side.peer(), n - self.lost) {
                let last = n.saturating_sub(1);
                return Err(Error::Protocol(format!(
                    "message {last} was lost, although it was alone on its way"
                )));
            }
        }
        self.try_send_regardless(message)
    }

    /// Counts as lost what the peer has not received by now.
    pub(crate) fn count_lost(&mut self) {
        self.lost = self.board.sent(self.side) - self.board.received(self.side.peer());
    }

    /// Sends as [`try_send`](End::try_send) does, but does not wait for the peer.
    pub(crate) fn try_send_regardless(&mut self, message: &[u8]) -> core::Result<()> {
        self.put(message, |tx| tx.commit())
    }

    /// Sends one message and announces that another follows. A failure is in words.
    pub(crate) fn send_more(&mut self, message: &[u8]) -> Told {
        let n = self.board.sent(self.side);
        self.put(message, |tx| tx.commit_more()).map_err(|e| format!("sending message {n}: {e}"))
    }

    /// Claims, fills, commits.
    fn put(
        &mut self,
        message: &[u8],
        commit: impl FnOnce(&mut dyn Sender) -> core::Result<()>,
    ) -> core::Result<()> {
        let (side, board) = (self.side, self.board);
        let n = board.sent(side);
        let tx = self.tx()?;
        board.note(side, Step::Claim, n);
        let space = tx.claim(message.len())?;
        if space.len() != message.len() {
            return Err(Error::Protocol(format!(
                "claim({}) lent {} bytes",
                message.len(),
                space.len()
            )));
        }
        space.copy_from_slice(message);
        board.note(side, Step::Commit, n);
        commit(tx)?;
        board.count_sent(side);
        Ok(())
    }

    /// Sends as [`try_send`](End::try_send) does. A failure is in words.
    pub(crate) fn send(&mut self, message: &[u8]) -> Told {
        let n = self.board.sent(self.side);
        self.try_send(message).map_err(|e| format!("sending message {n}: {e}"))
    }

    /// Sends one message if that takes no waiting; returns false if it would.
    pub(crate) fn send_now(&mut self, message: &[u8]) -> Result<bool, String> {
        let (side, board) = (self.side, self.board);
        let n = board.sent(side);
        let tx = self.tx().map_err(|e| e.to_string())?;
        board.note(side, Step::Claim, n);
        match tx.try_claim(message.len()).map_err(|e| format!("try_claim, message {n}: {e}"))? {
            Some(space) => space.copy_from_slice(message),
            None => return Ok(false),
        }
        board.note(side, Step::Commit, n);
        let sent = tx.try_commit().map_err(|e| format!("try_commit, message {n}: {e}"))?;
        if sent {
            board.count_sent(side);
        }
        Ok(sent)
    }

    /// Receives one message, looks at it and releases it.
    pub(crate) fn try_receive<R>(&mut self, look: impl FnOnce(&[u8]) -> R) -> core::Result<R> {
        let (side, board, n) = (self.side, self.board, self.received);
        let rx = self
            .rx
            .as_mut()
            .ok_or_else(|| Error::Protocol("the law dropped this receiver".into()))?;
        board.note(side, Step::Receive, n);
        let seen = look(rx.receive()?);
        board.note(side, Step::Release, n);
        rx.release()?;
        self.received += 1;
        board.count_received(side);
        Ok(seen)
    }

    /// Returns without waiting: true if a message or the end is there.
    pub(crate) fn ready(&mut self) -> Result<bool, String> {
        let rx = self.rx.as_mut().ok_or("the law dropped this receiver")?;
        rx.ready().map_err(|e| format!("ready: {e}"))
    }

    /// Returns true if the receiver's descriptor becomes readable within `patience`; `None` if it gives none.
    pub(crate) fn is_told(&mut self, patience: Duration) -> Result<Option<bool>, String> {
        let rx = self.rx.as_ref().ok_or("the law dropped this receiver")?;
        let Some(fd) = rx.descriptor() else { return Ok(None) };
        let patience = Timespec {
            tv_sec: patience.as_secs() as i64,
            tv_nsec: i64::from(patience.subsec_nanos()),
        };
        let told = poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::IN)], Some(&patience));
        told.map(|told| Some(told > 0)).map_err(|e| format!("poll: {e}"))
    }

    /// Receives one message, which must be `expected`, byte for byte.
    pub(crate) fn expect(&mut self, expected: &[u8]) -> Told {
        let n = self.received;
        self.try_receive(|message| same(message, expected))
            .map_err(|e| format!("receiving message {n}: {e}"))?
            .map_err(|what| format!("message {n}: {what}"))
    }

    /// Receives the end of the stream: an error that names it, and no message.
    pub(crate) fn expect_end(&mut self) -> Result<Error, String> {
        let n = self.received;
        match self.try_receive(<[u8]>::len) {
            Ok(len) => Err(format!("message {n} of {len} bytes came where none was sent")),
            Err(e) if e.is_end() => Ok(e),
            Err(e) => Err(format!("the end of the stream, after {n} messages, came as: {e}")),
        }
    }

    /// Tells the peer outside the mechanism that this side got to `stage`.
    pub(crate) fn raise(&self, stage: u32) -> Told {
        self.board.raise(self.side, stage)
    }

    /// Announces that this process is done, and waits until `count` of its side are.
    pub(crate) fn join(&self, count: u32) -> Told {
        self.board.add(self.side)?;
        self.board.note(self.side, Step::AwaitFlag, 0);
        self.board.await_flag(self.side, count)
    }

    /// Waits until the peer got to `stage`.
    pub(crate) fn await_peer(&self, stage: u32) -> Told {
        self.board.note(self.side, Step::AwaitFlag, 0);
        self.board.await_flag(self.side.peer(), stage)
    }

    /// Waits until the peer has sent something and then waits for room; returns how many messages
    /// it sent.
    pub(crate) fn await_peer_stall(&self) -> u64 {
        self.board.note(self.side, Step::AwaitStall, 0);
        self.board.await_stall(self.side.peer())
    }

    /// Waits until the peer has sent `count` messages.
    pub(crate) fn await_peer_sent(&self, count: u64) {
        self.board.note(self.side, Step::AwaitStall, 0);
        while self.board.sent(self.side.peer()) < count {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Closes both halves, in the order in which a user's struct would.
    pub(crate) fn close(&mut self) {
        self.board.note(self.side, Step::Close, 0);
        self.tx = None;
        self.rx = None;
    }
}

/// Compares two messages, and describes the first difference.
pub(crate) fn same(received: &[u8], sent: &[u8]) -> Told {
    if received == sent {
        return Ok(());
    }
    if received.len() != sent.len() {
        return Err(format!("{} bytes were sent and {} received", sent.len(), received.len()));
    }
    let differing: Vec<usize> = (0..sent.len()).filter(|&i| sent[i] != received[i]).collect();
    let at = differing[0];
    Err(format!(
        "{} of {} bytes differ, the first at {at}: {:#04x} was sent and {:#04x} received",
        differing.len(),
        sent.len(),
        sent[at],
        received[at]
    ))
}
