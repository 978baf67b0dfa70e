//! One read handed to io_uring ahead of the data, while the process does something else.

use super::wait::set_nonblocking;
use io_uring::{IoUring, opcode, types};
use ipcmark_core::{Called, Error, Result};
use rustix::io::Errno;
use std::fmt;
use std::os::fd::{AsRawFd, OwnedFd};

/// Name of a completion.
const READ: u64 = 0;
const CANCEL: u64 = 1;

/// A read that the kernel has, and the memory that it fills.
pub struct ReadAhead {
    ring: IoUring,
    space: Vec<u8>,
    /// Bytes that came, once they did.
    len: Option<usize>,
    _fd: OwnedFd,
}

impl fmt::Debug for ReadAhead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadAhead").field("len", &self.len).finish_non_exhaustive()
    }
}

impl ReadAhead {
    /// Asks for at most `len` bytes of `fd` and comes back without waiting for them.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if io_uring is denied, with the line that changes it.
    ///
    /// # References
    /// [io_uring(7)](https://man7.org/linux/man-pages/man7/io_uring.7.html)
    pub fn start(fd: OwnedFd, len: usize) -> Result<ReadAhead> {
        set_nonblocking(&fd, false)?;
        let ring = super::uring::ring(2)?;
        let mut ahead = ReadAhead { ring, space: vec![0; len], len: None, _fd: fd };
        let bytes = u32::try_from(len).unwrap_or(u32::MAX);
        let fd = types::Fd(ahead._fd.as_raw_fd());
        let read = opcode::Read::new(fd, ahead.space.as_mut_ptr(), bytes).offset(u64::MAX);
        ahead.push(&read.build().user_data(READ))?;
        ahead.ring.submit().called("io_uring_enter")?;
        Ok(ahead)
    }

    /// Returns the bytes, once they have come; `Some` of none is the end of the stream. Looks at the completion queue,
    /// which is memory: no system call.
    pub fn completed(&mut self) -> Result<Option<&[u8]>> {
        if self.len.is_none()
            && let Some(completion) = self.ring.completion().next()
        {
            match completion.result() {
                done @ 0.. => self.len = Some(done as usize),
                failed => {
                    // There is nothing left to wait for.
                    self.len = Some(0);
                    return Err(Error::os("io_uring READ", Errno::from_raw_os_error(-failed)));
                }
            }
        }
        Ok(self.len.map(|len| &self.space[..len]))
    }

    fn push(&mut self, entry: &io_uring::squeue::Entry) -> Result<()> {
        // SAFETY: the memory lives until the read has completed: dropping waits for that.
        let pushed = unsafe { self.ring.submission().push(entry) };
        pushed.map_err(|_| Error::Protocol("the submission queue of a ring is full".into()))
    }
}

/// Takes the read back and waits until the kernel has let go of the memory.
impl Drop for ReadAhead {
    fn drop(&mut self) {
        if self.len.is_some() {
            return;
        }
        let cancel = opcode::AsyncCancel::new(READ).build().user_data(CANCEL);
        let _ = self.push(&cancel);
        loop {
            let entered = self.ring.submit_and_wait(1);
            if self.ring.completion().any(|completion| completion.user_data() == READ) {
                return;
            }
            if entered.is_err_and(|e| Errno::from_io_error(&e) != Some(Errno::INTR)) {
                // The kernel may still write there, and will not say when it is done.
                std::mem::forget(std::mem::take(&mut self.space));
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::pipe::pipe;

    #[test]
    fn it_completes_when_data_come_and_is_taken_back_when_none_do() {
        let (reader, writer) = pipe().unwrap();
        let mut ahead = match ReadAhead::start(reader, 8) {
            Err(Error::Unavailable(_)) => return,
            started => started.unwrap(),
        };
        assert_eq!(ahead.completed().unwrap(), None);
        rustix::io::write(&writer, b"data").unwrap();
        assert_eq!(ahead.completed().unwrap(), Some(&b"data"[..]));
        assert_eq!(ahead.completed().unwrap(), Some(&b"data"[..]), "it stays");

        let (reader, writer) = pipe().unwrap();
        drop(ReadAhead::start(reader, 8).unwrap());
        assert_eq!(rustix::io::write(&writer, &[1]), Err(Errno::PIPE));
    }
}
