//! Two pipes with all four ends, before the fork.

use ipcmark_core::{Called, Capacity, Result, Side};
use ipcmark_sys::pipe::{match_pipe_capacities, pipe_capacity};
use rustix::pipe::{PipeFlags, pipe_with};
use std::os::fd::OwnedFd;

/// Both pipes, with all four ends.
#[derive(Debug)]
pub struct PipeFixture {
    pub(crate) forth: Ends,
    pub(crate) back: Ends,
}

/// One pipe.
#[derive(Debug)]
pub(crate) struct Ends {
    pub(crate) reader: OwnedFd,
    pub(crate) writer: OwnedFd,
}

impl Ends {
    /// `pipe2()` - creates a pipe.
    ///
    /// # References
    /// [pipe(2)](https://man7.org/linux/man-pages/man2/pipe.2.html)
    pub(crate) fn new(flags: PipeFlags) -> Result<Ends> {
        let (reader, writer) = pipe_with(flags | PipeFlags::CLOEXEC).called("pipe2")?;
        Ok(Ends { reader, writer })
    }
}

impl PipeFixture {
    /// Returns two pipes that hold `capacity` bytes each, where that is asked, or what the kernel grants
    /// of them.
    pub(crate) fn new(flags: PipeFlags, capacity: Option<usize>) -> Result<PipeFixture> {
        let (forth, back) = (Ends::new(flags)?, Ends::new(flags)?);
        match_pipe_capacities([&forth.writer, &back.writer], capacity)?;
        Ok(PipeFixture { forth, back })
    }

    /// Returns what one direction holds, read back: the kernel may grant less than was asked, and both get
    /// the same.
    pub(crate) fn capacity(&self) -> Result<Capacity> {
        Ok(Capacity { bytes: Some(pipe_capacity(&self.forth.writer)?), messages: None })
    }

    /// Keeps `side`'s writer and reader and closes the other two ends.
    pub(crate) fn split(self, side: Side) -> (OwnedFd, OwnedFd) {
        match side {
            Side::Initiator => (self.forth.writer, self.back.reader),
            Side::Responder => (self.back.writer, self.forth.reader),
        }
    }
}
