//! The sockets that calls go over, and addresses that can be sent to others.

use ipcmark_core::{Called, Error, Refusal, Result};
use ipcmark_sys::fd::{accept_own, stranger, stranger_at};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Place where a service is to be reached.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Address {
    /// A Unix-domain socket's name in the file system.
    Unix(PathBuf),
    /// An address and port of loopback.
    Tcp(SocketAddr),
}

impl Address {
    /// Removes the name that the file system holds, if there is one. Who is connected stays so.
    pub fn remove(&self) {
        if let Address::Unix(path) = self {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Unix(path) => path.display().fmt(f),
            Address::Tcp(address) => address.fmt(f),
        }
    }
}

/// One end of a connection.
pub trait Stream {
    /// `recv(2)`.
    fn read(&self, space: &mut [u8]) -> io::Result<usize>;
    /// `send(2)`, without `SIGPIPE`.
    fn write(&self, bytes: &[u8]) -> io::Result<usize>;
    /// `setsockopt(SO_RCVTIMEO, SO_SNDTIMEO)`; `None` waits for ever.
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;
}

macro_rules! stream {
    ($stream:ty) => {
        impl Stream for $stream {
            #[inline]
            fn read(&self, space: &mut [u8]) -> io::Result<usize> {
                Read::read(&mut &*self, space)
            }
            #[inline]
            fn write(&self, bytes: &[u8]) -> io::Result<usize> {
                Write::write(&mut &*self, bytes)
            }
            fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
                self.set_read_timeout(timeout)?;
                self.set_write_timeout(timeout)
            }
        }
    };
}
stream!(UnixStream);
stream!(TcpStream);

/// A kind of socket.
pub trait Socket: 'static {
    /// True for Unix-domain sockets.
    const IS_LOCAL: bool;
    /// Listening socket of a server.
    type Listener: AsFd + fmt::Debug;
    /// A connection.
    type Stream: Stream + fmt::Debug;

    /// Listens at a fresh address; a name in the file system is `name` in the folder `dir`.
    fn listen(dir: &Path, name: &str) -> Result<(Self::Listener, Address)>;
    /// Takes the next connection.
    fn accept(listener: &Self::Listener) -> Result<Self::Stream>;
    /// Connects. [`Error::Closed`] when no one listens there.
    fn connect(address: &Address) -> Result<Self::Stream>;
    /// Listens once, at no name, to see whether it can be had.
    fn probe() -> Result<()>;
}

/// Unix-domain stream sockets with a name in the file system, unix(7).
#[derive(Debug)]
pub struct Unix;

impl Socket for Unix {
    const IS_LOCAL: bool = true;
    type Listener = UnixListener;
    type Stream = UnixStream;

    fn listen(dir: &Path, name: &str) -> Result<(UnixListener, Address)> {
        let path = dir.join(name);
        let listener = UnixListener::bind(&path).map_err(|e| {
            let call = format!("bind({})", path.display());
            match e.kind() {
                ErrorKind::InvalidInput => Error::Unavailable(
                    Refusal::new(format!("{call}: a socket's path has at most 107 bytes"))
                        .with_remedy("set TMPDIR to a shorter folder"),
                ),
                _ => Error::os(call, e),
            }
        })?;
        Ok((listener, Address::Unix(path)))
    }

    fn accept(listener: &UnixListener) -> Result<UnixStream> {
        accept_own(|| listener.accept(), |(stream, _)| stranger(stream)).map(|(stream, _)| stream)
    }

    fn connect(address: &Address) -> Result<UnixStream> {
        let Address::Unix(path) = address else { return Err(other(address)) };
        UnixStream::connect(path).map_err(|e| refused(address, e))
    }

    fn probe() -> Result<()> {
        UnixStream::pair().map(drop).called("socketpair(AF_UNIX)")
    }
}

/// TCP over loopback with `TCP_NODELAY`, tcp(7).
#[derive(Debug)]
pub struct Tcp;

impl Socket for Tcp {
    const IS_LOCAL: bool = false;
    type Listener = TcpListener;
    type Stream = TcpStream;

    fn listen(_: &Path, _: &str) -> Result<(TcpListener, Address)> {
        let loopback = [
            SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            SocketAddr::from((Ipv6Addr::LOCALHOST, 0)),
        ];
        let listener = TcpListener::bind(&loopback[..]).map_err(|e| {
            Error::Unavailable(
                Refusal::new(format!("there is no loopback address to listen at: {e}"))
                    .with_remedy("ip link set lo up"),
            )
        })?;
        let address = listener.local_addr().called("getsockname")?;
        Ok((listener, Address::Tcp(address)))
    }

    fn accept(listener: &TcpListener) -> Result<TcpStream> {
        let here = listener.local_addr().called("getsockname")?;
        let (stream, _) = accept_own(|| listener.accept(), |(_, there)| stranger_at(*there, here))?;
        at_once(stream)
    }

    fn connect(address: &Address) -> Result<TcpStream> {
        let Address::Tcp(to) = address else { return Err(other(address)) };
        TcpStream::connect(to).map_err(|e| refused(address, e)).and_then(at_once)
    }

    fn probe() -> Result<()> {
        let (listener, _) = Tcp::listen(Path::new(""), "")?;
        let connected = listener.local_addr().and_then(TcpStream::connect);
        connected.map(drop).map_err(|e| {
            Error::Unavailable(
                Refusal::new(format!("loopback cannot be connected over: {e}"))
                    .with_remedy("ip link set lo up"),
            )
        })
    }
}

fn at_once(stream: TcpStream) -> Result<TcpStream> {
    stream.set_nodelay(true).called("setsockopt(TCP_NODELAY)")?;
    Ok(stream)
}

fn refused(address: &Address, e: io::Error) -> Error {
    match e.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::NotFound | ErrorKind::ConnectionReset => {
            Error::Closed
        }
        _ => Error::os(format!("connect({address})"), e),
    }
}

fn other(address: &Address) -> Error {
    Error::Protocol(format!("{address} is an address of another kind of socket"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carries<S: Socket>() {
        let dir = tempfile::tempdir().unwrap();
        let (listener, address) = S::listen(dir.path(), "service").unwrap();
        let here = S::connect(&address).unwrap();
        let there = S::accept(&listener).unwrap();
        assert_eq!(here.write(b"hello").unwrap(), 5);
        let mut space = [0; 8];
        assert_eq!(there.read(&mut space).unwrap(), 5);
        there.set_timeout(Some(Duration::from_millis(1))).unwrap();
        assert_eq!(there.read(&mut space).unwrap_err().kind(), ErrorKind::WouldBlock);
        drop((listener, there));
        address.remove();
        assert!(matches!(S::connect(&address), Err(Error::Closed)));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        S::probe().unwrap();
    }

    #[test]
    fn unix_sockets_carry_and_leave_no_name() {
        carries::<Unix>();
    }

    #[test]
    fn tcp_carries() {
        carries::<Tcp>();
    }

    #[test]
    fn a_name_that_is_too_long_is_refused_with_a_hint() {
        let error = Unix::listen(Path::new("/tmp"), &"x".repeat(200)).unwrap_err();
        assert!(error.to_string().contains("TMPDIR"), "{error}");
    }
}
