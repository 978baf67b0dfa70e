//! A sender that lends its pages to a pipe instead of copying them in.
//!
//! The pipe refers to the pages until its reader has copied them out; a write into them before changes what the reader will
//! see. The kernel does not say when that is over, but a pipe is a queue of slots, and a piece of a page takes one. So the
//! sender cycles through one buffer more than the pipe has slots: when a buffer's turn comes again, as many pages as the
//! pipe holds have gone in after its own, which must have left.
//!
//! The buffers are a mapping of their own. When it is unmapped, pages that the pipe still refers to live on there; in
//! memory given back to an allocator, somebody else's bytes would appear in them.

use super::pipe_capacity;
use crate::fd::{FdWait, Interest, set_nonblocking, until_sent};
use ipcmark_core::{Called, Error, Result, Sender};
use memmap2::MmapMut;
use rustix::io;
use rustix::pipe::{IoSliceRaw, SpliceFlags, vmsplice};
use std::os::fd::{AsFd, OwnedFd};

/// Bytes of the length that goes before a message where not all have one size, as `ipcmark_core::Framed` writes it.
const PREFIX: usize = 4;

/// Sends messages by lending their pages to a pipe, waiting as `W` says. A
/// [`FramedReceiver`](ipcmark_core::FramedReceiver) at the other end receives them.
#[derive(Debug)]
pub struct VmspliceSender<W> {
    /// Before the descriptor, so that it lets go of it before that is closed.
    wait: W,
    writer: OwnedFd,
    /// The buffers, each of whole pages.
    pages: MmapMut,
    buffer_bytes: usize,
    /// Start of the buffer that is lent next or now.
    at: usize,
    /// Longest message in bytes.
    size: usize,
    prefix: usize,
    /// Bytes of the claimed frame; 0 before the first claim.
    frame: usize,
}

impl<W: FdWait> VmspliceSender<W> {
    /// Takes the writing end of a pipe for messages of exactly (`fixed`) or at most `size` bytes, and sets its
    /// `O_NONBLOCK` as `W` needs it. The pipe's capacity must not change from now on.
    pub fn new(writer: OwnedFd, size: usize, fixed: bool) -> Result<Self> {
        set_nonblocking(&writer, W::NONBLOCKING)?;
        let page = rustix::param::page_size();
        let slots = pipe_capacity(&writer)? / page;
        let prefix = if fixed { 0 } else { PREFIX };
        let too_long =
            || Error::TooLong { len: size, max: isize::MAX as usize, limited_by: "memory" };
        let buffer_bytes = size
            .checked_add(prefix)
            .and_then(|n| n.checked_next_multiple_of(page))
            .ok_or_else(too_long)?;
        // A message may be short and take one page of its buffer, so each buffer after the first counts for one slot
        // at least; where all have one size it counts for all its pages.
        let taken = if fixed { buffer_bytes / page } else { 1 };
        let buffers = slots.div_ceil(taken) + 1;
        let bytes = buffers.checked_mul(buffer_bytes).ok_or_else(too_long)?;
        let pages = MmapMut::map_anon(bytes).called("mmap")?;
        let wait = W::arm(writer.as_fd(), Interest::Writable, None)?;
        Ok(VmspliceSender { wait, writer, pages, buffer_bytes, at: 0, size, prefix, frame: 0 })
    }
}

impl<W: FdWait> Sender for VmspliceSender<W> {
    #[inline]
    fn claim(&mut self, len: usize) -> Result<&mut [u8]> {
        if len > self.size {
            return Err(Error::misfit(len, self.size));
        }
        let wrong = if self.prefix == 0 { len != self.size } else { len == 0 };
        if wrong {
            return Err(Error::Protocol(format!("this link carries no message of {len} bytes")));
        }
        let buffer = &mut self.pages[self.at..self.at + self.prefix + len];
        self.frame = buffer.len();
        let (prefix, message) = buffer.split_at_mut(self.prefix);
        if !prefix.is_empty() {
            prefix.copy_from_slice(&(len as u32).to_le_bytes());
        }
        Ok(message)
    }

    /// `vmsplice()` - lends the pages to the pipe.
    ///
    /// # References
    /// [vmsplice(2)](https://man7.org/linux/man-pages/man2/vmsplice.2.html)
    #[inline]
    fn commit(&mut self) -> Result<()> {
        let flags = if W::NONBLOCKING { SpliceFlags::NONBLOCK } else { SpliceFlags::empty() };
        let mut rest = &self.pages[self.at..self.at + self.frame];
        if rest.is_empty() {
            return Err(Error::Protocol("nothing was claimed".into()));
        }
        let writer = &self.writer;
        while !rest.is_empty() {
            let lent = until_sent(&mut self.wait, writer.as_fd(), None, "vmsplice", || {
                lend(writer, rest, flags)
            })?;
            rest = &rest[lent..];
        }
        self.at = if self.at + 2 * self.buffer_bytes > self.pages.len() {
            0
        } else {
            self.at + self.buffer_bytes
        };
        self.frame = 0;
        Ok(())
    }
}

fn lend(writer: impl AsFd, bytes: &[u8], flags: SpliceFlags) -> io::Result<usize> {
    let pieces = [IoSliceRaw::from_slice(bytes)];
    // SAFETY: the piece is readable memory that is mapped until the call returns.
    unsafe { vmsplice(writer, &pieces, flags) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fd::{Block, Spin};
    use crate::pipe::set_pipe_capacity;
    use rustix::pipe::pipe;

    /// Keeps the pipe as full as it gets, so that each buffer is written again as early as possible.
    fn nothing_changes_under_the_reader<W: FdWait>(size: usize, fixed: bool) {
        let (reader, writer) = pipe().unwrap();
        set_pipe_capacity(&writer, 16_384).unwrap();
        let mut tx = VmspliceSender::<W>::new(writer, size, fixed).unwrap();
        let frame = size + tx.prefix;
        let ahead = 4 / frame.div_ceil(rustix::param::page_size());
        let mut space = vec![0; frame];
        for n in 0..200usize {
            tx.claim(size).unwrap().fill(n as u8);
            tx.commit().unwrap();
            if n + 1 >= ahead {
                assert_eq!(io::read(&reader, &mut space).unwrap(), frame);
                let expected = (n + 1 - ahead) as u8;
                assert!(space[tx.prefix..].iter().all(|&b| b == expected), "message {n}");
            }
        }
        tx.claim(size).unwrap().fill(99);
        tx.commit().unwrap();
        drop(tx);
        for _ in 1..ahead {
            io::read(&reader, &mut space).unwrap();
        }
        io::read(&reader, &mut space).unwrap();
        assert!(
            space[frame - size..].iter().all(|&b| b == 99),
            "the mapping is gone, the page is not"
        );
        assert_eq!(io::read(&reader, &mut space).unwrap(), 0);
    }

    #[test]
    fn a_buffer_is_written_again_only_when_it_has_been_read() {
        for fixed in [true, false] {
            nothing_changes_under_the_reader::<Block>(64, fixed);
            nothing_changes_under_the_reader::<Spin>(4_096, fixed);
            nothing_changes_under_the_reader::<Block>(5_000, fixed);
        }
    }
}
