//! Two pipes with all four ends, before the fork.

use ipcmark_core::{Address, Called, Capacity, Error, Result, Side};
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

    /// Returns descriptors of all four ends, in the order that [`attach`](PipeFixture::attach) takes them.
    pub(crate) fn address(&self) -> Result<Address> {
        let ends = [&self.forth.reader, &self.forth.writer, &self.back.reader, &self.back.writer];
        let descriptors = ends.into_iter().map(OwnedFd::try_clone).collect::<std::io::Result<_>>();
        let descriptors = descriptors.called("fcntl(F_DUPFD_CLOEXEC)")?;
        Ok(Address { descriptors, ..Address::default() })
    }

    /// Makes the pipes of descriptors that another process passed.
    pub(crate) fn attach(address: Address) -> Result<PipeFixture> {
        let ends = <[OwnedFd; 4]>::try_from(address.descriptors);
        let [forth_reader, forth_writer, back_reader, back_writer] = ends.map_err(|passed| {
            Error::Protocol(format!("two pipes have 4 ends, and {} were passed", passed.len()))
        })?;
        let forth = Ends { reader: forth_reader, writer: forth_writer };
        Ok(PipeFixture { forth, back: Ends { reader: back_reader, writer: back_writer } })
    }

    /// Keeps `side`'s writer and reader and closes the other two ends.
    pub(crate) fn split(self, side: Side) -> (OwnedFd, OwnedFd) {
        match side {
            Side::Initiator => (self.forth.writer, self.back.reader),
            Side::Responder => (self.back.writer, self.forth.reader),
        }
    }
}
