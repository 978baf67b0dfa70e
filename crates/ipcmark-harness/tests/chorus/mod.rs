//! A toy that broadcasts: one pipe for each receiver behind one fixture, and the sender writes into
//! all. One that may lose leaves out most messages for the receiver that came first.

use ipcmark_core::{
    Availability, Capacity, Error, Info, Limits, Link, Plan, Receiver, Result, Sender, Side,
    Transport, WaitKind,
};
use ipcmark_sys::shared::Lines;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{read, write};
use rustix::pipe::pipe;
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering;

/// Of this many messages in a row the first receiver of a lossy chorus gets the last.
pub(crate) const EVERY: u64 = 3;

/// Pipes; `LOSSY` says whether messages are lost.
pub(crate) struct Chorus<const LOSSY: bool>;

pub(crate) struct Fixture {
    size: usize,
    /// The next receiver takes the pipe of this number.
    came: Lines,
    pipes: Vec<(OwnedFd, OwnedFd)>,
}

pub(crate) struct ChorusSender<const LOSSY: bool> {
    pipes: Vec<OwnedFd>,
    buffer: Vec<u8>,
    sent: u64,
}

pub(crate) struct ChorusReceiver {
    pipe: Option<OwnedFd>,
    buffer: Vec<u8>,
}

impl<const LOSSY: bool> Transport for Chorus<LOSSY> {
    const INFO: Info = Info {
        lossy: LOSSY,
        broadcasts: true,
        overlaps: true,
        family: "toy",
        mechanism: "chorus",
        wait: WaitKind::Block,
        summary: "a chorus",
        reference: "pipe(7)",
        ..Info::DEFAULT
    };
    type Fixture = Fixture;
    type Tx = ChorusSender<LOSSY>;
    type Rx = ChorusReceiver;

    fn available() -> Availability {
        Availability::Available(Limits::none())
    }

    fn fixture(plan: &Plan) -> Result<Fixture> {
        let pipes = (0..plan.workload.peers()).map(|_| pipe().map_err(|e| Error::os("pipe", e)));
        Ok(Fixture { size: plan.size, came: Lines::new(1)?, pipes: pipes.collect::<Result<_>>()? })
    }

    fn capacity(_: &Fixture) -> Result<Capacity> {
        Ok(Capacity { bytes: Some(1 << 16), messages: None })
    }

    fn split(fixture: Fixture, side: Side) -> Result<Link<Self::Tx, ChorusReceiver>> {
        let Fixture { size, came, mut pipes } = fixture;
        let (senders, receiver) = match side {
            Side::Initiator => (pipes.into_iter().map(|(_, writer)| writer).collect(), None),
            Side::Responder => {
                let number = came.lines()[0].word.fetch_add(1, Ordering::AcqRel) as usize;
                (Vec::new(), Some(pipes.swap_remove(number).0))
            }
        };
        Ok(Link {
            tx: ChorusSender { pipes: senders, buffer: vec![0; size], sent: 0 },
            rx: ChorusReceiver { pipe: receiver, buffer: vec![0; size] },
        })
    }
}

impl<const LOSSY: bool> Sender for ChorusSender<LOSSY> {
    fn claim(&mut self, len: usize) -> Result<&mut [u8]> {
        Ok(&mut self.buffer[..len])
    }

    fn commit(&mut self) -> Result<()> {
        self.sent += 1;
        for (number, pipe) in self.pipes.iter().enumerate() {
            if LOSSY && number == 0 && !self.sent.is_multiple_of(EVERY) {
                continue;
            }
            // Shorter than PIPE_BUF, so whole.
            write(pipe, &self.buffer).map_err(|e| Error::os("write", e))?;
        }
        Ok(())
    }
}

impl Receiver for ChorusReceiver {
    fn receive(&mut self) -> Result<&[u8]> {
        let pipe = self.pipe.as_ref().ok_or(Error::Closed)?;
        match read(pipe, &mut self.buffer[..]).map_err(|e| Error::os("read", e))? {
            0 => Err(Error::Closed),
            n => Ok(&self.buffer[..n]),
        }
    }

    fn release(&mut self) -> Result<()> {
        Ok(())
    }

    fn ready(&mut self) -> Result<bool> {
        let pipe = self.pipe.as_ref().ok_or(Error::Closed)?;
        let mut fds = [PollFd::new(pipe, PollFlags::IN)];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        Ok(poll(&mut fds, Some(&at_once)).map_err(|e| Error::os("poll", e))? > 0)
    }
}
