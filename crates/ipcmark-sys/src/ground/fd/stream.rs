//! Byte streams over `read(2)` and `write(2)`: pipes, FIFOs, connected stream sockets.

use super::bytes::ByteWait;
use super::wait::Interest;
use ipcmark_core::{ByteSink, ByteSource, Called, Link, Result};
use rustix::net::{Shutdown, shutdown};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Reads bytes from a descriptor, waiting as `W` says.
#[derive(Debug)]
pub struct FdSource<W> {
    /// Before the descriptor, so that it lets go of it before that is closed.
    wait: W,
    fd: OwnedFd,
}

impl<W: ByteWait> FdSource<W> {
    /// Takes `fd`, which must be readable, and sets its `O_NONBLOCK` as `W` needs it.
    pub fn new(fd: OwnedFd) -> Result<Self> {
        let wait = W::begin(fd.as_fd(), Interest::Readable)?;
        Ok(FdSource { wait, fd })
    }
}

impl<W: ByteWait> ByteSource for FdSource<W> {
    /// Takes what is there. 0 when the last writer is gone.
    #[inline(always)]
    fn read(&mut self, space: &mut [u8]) -> Result<usize> {
        self.wait.read(self.fd.as_fd(), space)
    }

    #[inline]
    fn ready(&mut self) -> Result<bool> {
        self.wait.ready(self.fd.as_fd())
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.fd.as_fd())
    }
}

/// Writes bytes to a descriptor, waiting as `W` says.
#[derive(Debug)]
pub struct FdSink<W> {
    /// See the source's.
    wait: W,
    fd: OwnedFd,
    /// The descriptor is one of two for a socket, so that closing it alone would not end the stream.
    half_close: bool,
}

impl<W: ByteWait> FdSink<W> {
    /// Takes `fd`, which must be writable, and sets its `O_NONBLOCK` as `W` needs it. Closing it ends the stream.
    pub fn new(fd: OwnedFd) -> Result<Self> {
        let wait = W::begin(fd.as_fd(), Interest::Writable)?;
        Ok(FdSink { wait, fd, half_close: false })
    }
}

impl<W: ByteWait> ByteSink for FdSink<W> {
    /// Sends what there is room for.
    #[inline(always)]
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.wait.write(self.fd.as_fd(), bytes)
    }
}

impl<W> Drop for FdSink<W> {
    fn drop(&mut self) {
        if self.half_close {
            // A peer that is gone already is no news worth an error.
            let _ = shutdown(&self.fd, Shutdown::Write);
        }
    }
}

/// Makes both halves of one side out of its end of a connected stream socket.
///
/// The halves hold a descriptor each for the same socket; dropping the sink shuts down its direction (`shutdown(2)`,
/// `SHUT_WR`), so that the peer sees the end of the stream while this side still receives.
pub fn socket_halves<W: ByteWait>(socket: OwnedFd) -> Result<Link<FdSink<W>, FdSource<W>>> {
    let second = socket.try_clone().called("fcntl(F_DUPFD_CLOEXEC)")?;
    let mut tx = FdSink::new(second)?;
    tx.half_close = true;
    Ok(Link { tx, rx: FdSource::new(socket)? })
}

#[cfg(test)]
mod tests {
    use super::super::wait::{Block, Epoll, Poll, Spin, Yield};
    use super::super::{Sigio, Uring};
    use super::*;
    use ipcmark_core::Error;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
    use rustix::pipe::pipe;
    use std::thread;

    /// Checks a slow reader and a writer that must wait for it: every byte comes through, then the end.
    fn back_pressure<W: ByteWait>() {
        const TOTAL: usize = 1 << 20;
        let (reader, writer) = pipe().unwrap();
        let writing = thread::spawn(move || {
            let mut sink = FdSink::<W>::new(writer).unwrap();
            let bytes: Vec<u8> = (0..TOTAL).map(|i| (i % 251) as u8).collect();
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let sent = sink.write(rest).unwrap();
                rest = &rest[sent..];
            }
        });
        let mut source = FdSource::<W>::new(reader).unwrap();
        let mut space = [0; 1000];
        let mut total = 0;
        loop {
            match source.read(&mut space).unwrap() {
                0 => break,
                n => {
                    assert!(space[..n].iter().zip(total..).all(|(&b, i)| b == (i % 251) as u8));
                    total += n;
                }
            }
        }
        assert_eq!(total, TOTAL);
        writing.join().unwrap();
    }

    #[test]
    fn every_wait_gets_through_back_pressure() {
        back_pressure::<Block>();
        back_pressure::<Spin>();
        back_pressure::<Yield>();
        back_pressure::<Poll>();
        back_pressure::<Epoll>();
        back_pressure::<Sigio>();
        if Uring::available().is_ok() {
            back_pressure::<Uring>();
        }
    }

    #[test]
    fn a_pipe_without_a_reader_is_closed() {
        let (reader, writer) = pipe().unwrap();
        let mut sink = FdSink::<Block>::new(writer).unwrap();
        drop(reader);
        assert!(matches!(sink.write(&[1]), Err(Error::Closed)));
    }

    #[test]
    fn dropping_a_socket_sink_ends_its_direction_only() {
        let (a, b) =
            socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)
                .unwrap();
        let mut a = socket_halves::<Poll>(a).unwrap();
        let mut b = socket_halves::<Poll>(b).unwrap();
        a.tx.write(b"last").unwrap();
        drop(a.tx);
        let mut space = [0; 8];
        assert_eq!(b.rx.read(&mut space).unwrap(), 4);
        assert_eq!(b.rx.read(&mut space).unwrap(), 0);
        b.tx.write(b"still").unwrap();
        assert_eq!(a.rx.read(&mut space).unwrap(), 5);
    }
}
