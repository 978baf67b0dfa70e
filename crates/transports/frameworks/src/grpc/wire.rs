//! The connections under gRPC: made before the fork, taken into an event loop after it.

use ipcmark_core::{Called, Error, Info, Refusal, Result};
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use tokio::io::{AsyncRead, AsyncWrite};
use tonic::transport::server::Connected;

/// A kind of connection.
pub trait Wire: 'static {
    /// The facts of its row.
    const INFO: Info;
    /// One end, as it is inherited.
    type End: Send + 'static;
    /// One end, in an event loop.
    type Stream: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static;

    /// Returns both ends.
    fn pair() -> Result<(Self::End, Self::End)>;
    /// Takes an end into the event loop that runs.
    fn enter(end: Self::End) -> io::Result<Self::Stream>;
}

/// A pair of Unix-domain stream sockets.
#[derive(Debug)]
pub struct OverUnix;

impl Wire for OverUnix {
    const INFO: Info = crate::row::GRPC_UNIX;
    type End = UnixStream;
    type Stream = tokio::net::UnixStream;

    fn pair() -> Result<(UnixStream, UnixStream)> {
        UnixStream::pair().called("socketpair(AF_UNIX)")
    }

    fn enter(end: UnixStream) -> io::Result<Self::Stream> {
        end.set_nonblocking(true)?;
        tokio::net::UnixStream::from_std(end)
    }
}

/// A TCP connection over 127.0.0.1, without delay.
#[derive(Debug)]
pub struct OverTcp;

impl Wire for OverTcp {
    const INFO: Info = crate::row::GRPC_TCP;
    type End = TcpStream;
    type Stream = tokio::net::TcpStream;

    fn pair() -> Result<(TcpStream, TcpStream)> {
        connected().map_err(|e| {
            Error::Unavailable(
                Refusal::new(format!("there is no loopback address to connect over: {e}"))
                    .with_remedy("ip link set lo up"),
            )
        })
    }

    fn enter(end: TcpStream) -> io::Result<Self::Stream> {
        end.set_nonblocking(true)?;
        tokio::net::TcpStream::from_std(end)
    }
}

/// Connects this process with itself; another program that connects to the port is turned away.
fn connected() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    loop {
        let (server, from) = listener.accept()?;
        if from == client.local_addr()? {
            client.set_nodelay(true)?;
            server.set_nodelay(true)?;
            return Ok((client, server));
        }
    }
}
