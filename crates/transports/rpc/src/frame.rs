//! Frames over a byte stream: a length of four bytes, little-endian, then one marshalled message.
//!
//! The reader reads ahead: length and message come in one `read(2)` where they are there. It keeps what it has when
//! its stream's timeout passes in the middle of a frame, and goes on from there.

use crate::socket::Stream;
use crate::wire::{ARGUMENT_MAX, marshal};
use ipcmark_core::{Error, Result};
use serde::Serialize;
use std::io::ErrorKind;

const PREFIX: usize = 4;
/// Bytes that a message may take on top of its argument or result.
const OVERHEAD_MAX: usize = 64;
/// Read at once, at least, in bytes.
const READ_MIN: usize = 64 << 10;

/// Result of one read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filled {
    /// Some bytes.
    Some,
    /// None, until the stream's timeout.
    TimedOut,
}

/// Bytes that were read and not yet used.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    space: Vec<u8>,
    /// The bytes that are there: `space[start..end]`.
    start: usize,
    end: usize,
    /// The frame that was lent last, prefix and all; it goes when the next one is asked for.
    lent: usize,
}

impl Inbox {
    /// Returns the next frame, waiting for it; `None` when the stream's timeout passed.
    ///
    /// # Errors
    /// [`Error::Closed`] when the peer has ended, [`Error::Protocol`] for a length over the largest.
    pub(crate) fn next(&mut self, stream: &impl Stream) -> Result<Option<&[u8]>> {
        self.start += std::mem::take(&mut self.lent);
        while self.needed()? > self.end - self.start {
            if self.fill(stream)? == Filled::TimedOut {
                return Ok(None);
            }
        }
        self.lent = self.needed()?;
        Ok(Some(&self.space[self.start + PREFIX..self.start + self.lent]))
    }

    /// Returns the last `len` bytes of the frame lent last.
    pub(crate) fn tail(&self, len: usize) -> &[u8] {
        let end = self.start + self.lent;
        &self.space[end - len..end]
    }

    /// Returns true if part of a frame is there: the rest is on its way.
    pub(crate) fn is_midway(&self) -> bool {
        self.end > self.start + self.lent
    }

    /// Forgets all: the stream is another one.
    pub(crate) fn clear(&mut self) {
        (self.start, self.end, self.lent) = (0, 0, 0);
    }

    /// Returns bytes of the frame that begins here, as far as that is known.
    fn needed(&self) -> Result<usize> {
        let Some(prefix) = self.space[self.start..self.end].first_chunk::<PREFIX>() else {
            return Ok(PREFIX);
        };
        match u32::from_le_bytes(*prefix) as usize {
            len if len <= ARGUMENT_MAX + OVERHEAD_MAX => Ok(PREFIX + len),
            len => Err(Error::Protocol(format!("a frame of {len} bytes was announced"))),
        }
    }

    /// Returns one read.
    pub(crate) fn fill(&mut self, stream: &impl Stream) -> Result<Filled> {
        if self.lent == 0 {
            let needed = self.needed()?.max(READ_MIN);
            if self.space.len() - self.start < needed {
                self.space.copy_within(self.start..self.end, 0);
                (self.start, self.end) = (0, self.end - self.start);
            }
            if self.space.len() < needed {
                self.space.resize(needed, 0);
            }
        } else if self.end == self.space.len() {
            // The lent frame must stay where it is.
            self.space.resize(self.end + READ_MIN, 0);
        }
        loop {
            return match stream.read(&mut self.space[self.end..]) {
                Ok(0) => Err(Error::Closed),
                Ok(n) => {
                    self.end += n;
                    Ok(Filled::Some)
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) if is_timeout(e.kind()) => Ok(Filled::TimedOut),
                Err(e) => Err(failed("read", e)),
            };
        }
    }
}

/// One marshalled message, as it travels.
#[derive(Debug, Default)]
pub(crate) struct Outbox(Vec<u8>);

impl Outbox {
    /// Marshals `message` into it.
    pub(crate) fn pack(&mut self, message: &impl Serialize) -> Result<()> {
        let mut space = std::mem::take(&mut self.0);
        space.clear();
        space.extend([0; PREFIX]);
        self.0 = marshal(message, space)?;
        let len = u32::try_from(self.0.len() - PREFIX)
            .map_err(|_| Error::Protocol("a message is longer than a frame".into()))?;
        self.0[..PREFIX].copy_from_slice(&len.to_le_bytes());
        Ok(())
    }

    /// Takes over a frame that was packed before.
    pub(crate) fn copy(&mut self, frame: &[u8]) {
        self.0.clear();
        self.0.extend_from_slice(frame);
    }

    /// Returns the frame.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Sends a whole frame. When the peer takes nothing for as long as the stream's timeout, `when_full` is asked, and then
/// it goes on.
///
/// # Errors
/// [`Error::Closed`] when the peer has ended.
pub(crate) fn send(
    stream: &impl Stream,
    mut frame: &[u8],
    mut when_full: impl FnMut() -> Result<()>,
) -> Result<()> {
    while !frame.is_empty() {
        match stream.write(frame) {
            Ok(n) => frame = &frame[n..],
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) if is_timeout(e.kind()) => when_full()?,
            Err(e) => return Err(failed("write", e)),
        }
    }
    Ok(())
}

/// Returns the kernel says `EAGAIN` when `SO_RCVTIMEO` or `SO_SNDTIMEO` has passed, socket(7).
fn is_timeout(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

#[cold]
fn failed(call: &str, e: std::io::Error) -> Error {
    match e.kind() {
        ErrorKind::BrokenPipe
        | ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::NotConnected => Error::Closed,
        _ => Error::os(call, e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cell::RefCell;
    use std::io;
    use std::time::Duration;

    /// A stream that gives what it has in pieces of given lengths, and times out at a length of 0.
    struct Pieces(RefCell<(Vec<u8>, Vec<usize>)>);

    impl Stream for Pieces {
        fn read(&self, space: &mut [u8]) -> io::Result<usize> {
            let (bytes, pieces) = &mut *self.0.borrow_mut();
            let most = pieces.pop().unwrap_or(usize::MAX);
            if most == 0 {
                return Err(ErrorKind::WouldBlock.into());
            }
            let n = most.min(space.len()).min(bytes.len());
            space[..n].copy_from_slice(&bytes[..n]);
            bytes.drain(..n);
            Ok(n)
        }
        fn write(&self, _: &[u8]) -> io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }
        fn set_timeout(&self, _: Option<Duration>) -> io::Result<()> {
            Ok(())
        }
    }

    proptest! {
        #[test]
        fn frames_come_whole_however_they_are_cut(
            lengths in proptest::collection::vec(0usize..200_000, 1..6),
            pieces in proptest::collection::vec(0usize..90_000, 0..40),
        ) {
            let bodies: Vec<Vec<u8>> = lengths.iter().enumerate()
                .map(|(n, &len)| (0..len).map(|i| (i * 7 + n) as u8).collect()).collect();
            let mut bytes = Vec::new();
            for body in &bodies {
                bytes.extend((body.len() as u32).to_le_bytes());
                bytes.extend(body);
            }
            let stream = Pieces(RefCell::new((bytes, pieces)));
            let mut inbox = Inbox::default();
            for body in &bodies {
                loop {
                    if let Some(frame) = inbox.next(&stream).unwrap() {
                        prop_assert_eq!(frame, &body[..]);
                        break;
                    }
                }
                prop_assert_eq!(inbox.tail(body.len().min(9)), &body[body.len() - body.len().min(9)..]);
            }
            prop_assert!(matches!(inbox.next(&stream), Err(Error::Closed)));
        }
    }

    #[test]
    fn an_absurd_length_is_refused_and_not_made_room_for() {
        let stream = Pieces(RefCell::new((vec![0xff; 8], Vec::new())));
        assert!(matches!(Inbox::default().next(&stream), Err(Error::Protocol(_))));
    }

    #[test]
    fn a_peer_that_is_gone_is_the_end() {
        let stream = Pieces(RefCell::default());
        assert!(matches!(send(&stream, b"x", || Ok(())), Err(Error::Closed)));
    }
}
