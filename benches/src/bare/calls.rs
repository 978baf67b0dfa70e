//! `read(2)` and `write(2)`.

use super::Loops;
use ipcmark_core::{Buffer, Error, Result};
use rustix::io::{read, write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

/// One side's descriptors.
pub(super) struct Ends {
    out: OwnedFd,
    back: OwnedFd,
}

/// Descriptors of the initiator and of the responder.
pub(super) type Both = [Ends; 2];

pub(super) fn pipes() -> Result<Both> {
    let pipe = || rustix::pipe::pipe().map_err(|e| Error::os("pipe", e));
    let ((there_read, there_write), (back_read, back_write)) = (pipe()?, pipe()?);
    Ok([Ends { out: there_write, back: back_read }, Ends { out: back_write, back: there_read }])
}

pub(super) fn unix() -> Result<Both> {
    let (a, b) = UnixStream::pair().map_err(io("socketpair"))?;
    both(a.into(), b.into())
}

pub(super) fn tcp() -> Result<Both> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(io("bind"))?;
    let address = listener.local_addr().map_err(io("getsockname"))?;
    let a = TcpStream::connect(address).map_err(io("connect"))?;
    let (b, _) = listener.accept().map_err(io("accept"))?;
    a.set_nodelay(true).and_then(|()| b.set_nodelay(true)).map_err(io("TCP_NODELAY"))?;
    both(a.into(), b.into())
}

fn io(call: &'static str) -> impl Fn(std::io::Error) -> Error {
    move |e| Error::os(call, e)
}

fn both(a: OwnedFd, b: OwnedFd) -> Result<Both> {
    let [a_2, b_2] = [a.try_clone().map_err(io("dup"))?, b.try_clone().map_err(io("dup"))?];
    Ok([Ends { out: a, back: a_2 }, Ends { out: b, back: b_2 }])
}

/// A side: its descriptors, and the message in private memory.
struct Calls {
    ends: Ends,
    message: Buffer,
}

pub(super) fn sides(ends: Both, size: usize) -> Result<[Box<dyn Loops>; 2]> {
    Ok(ends.map(|ends| Box::new(Calls { ends, message: Buffer::new(size) }) as Box<dyn Loops>))
}

impl Calls {
    #[inline]
    fn write(&mut self) -> Result<()> {
        write_all(&self.ends.out, &self.message)
    }

    #[inline]
    fn read(&mut self) -> Result<()> {
        read_exact(&self.ends.back, &mut self.message)
    }
}

impl Loops for Calls {
    fn initiate(&mut self, trips: u64) -> Result<()> {
        for _ in 0..trips {
            self.write()?;
            self.read()?;
        }
        Ok(())
    }

    fn respond(&mut self, trips: u64) -> Result<()> {
        for _ in 0..trips {
            self.read()?;
            self.write()?;
        }
        Ok(())
    }

    fn send(&mut self, messages: u64) -> Result<()> {
        (0..messages).try_for_each(|_| self.write())
    }

    fn receive(&mut self, messages: u64) -> Result<()> {
        (0..messages).try_for_each(|_| self.read())
    }
}

#[inline]
fn write_all(fd: impl AsFd, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        let n = write(&fd, bytes).map_err(|e| Error::os("write", e))?;
        bytes = &bytes[n..];
    }
    Ok(())
}

#[inline]
fn read_exact(fd: impl AsFd, mut space: &mut [u8]) -> Result<()> {
    while !space.is_empty() {
        match read(&fd, &mut *space).map_err(|e| Error::os("read", e))? {
            0 => return Err(Error::Closed),
            n => space = &mut space[n..],
        }
    }
    Ok(())
}
