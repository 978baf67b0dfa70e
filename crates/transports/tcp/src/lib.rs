//! TCP over loopback: one connection, both directions.
//!
//! The mechanism's own rules, as [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html) has them:
//!
//! - Bytes, in order, none lost, no boundaries; [`Framed`] adds them.
//! - Small writes may be held back until earlier ones are acknowledged (Nagle's algorithm). `TCP_NODELAY` turns that
//!   off, and it is off here: with it, a request that is sent in two writes can wait 40 ms for a delayed
//!   acknowledgement.
//! - Loopback is no short cut: each segment passes the whole protocol, acknowledgements and all, on the sender's CPU or
//!   in a soft interrupt. That is what it costs more than a Unix-domain socket.
//! - The kernel grows both buffers as it sees fit (`net.ipv4.tcp_wmem`, `net.ipv4.tcp_rmem`) until `SO_SNDBUF` or
//!   `SO_RCVBUF` is set; then it keeps to that, cut to `net.core.wmem_max` and `net.core.rmem_max`.
//! - A side that closes with bytes unread resets the connection: the peer sees `ECONNRESET` in place of the end.
#![forbid(unsafe_code)]

mod connect;

pub use connect::Connection;

use ipcmark_core::{
    Availability, ByteStream, Capacity, Framed, Framing, Info, Limits, Link, Plan, Result, Side,
};
use ipcmark_sys::fd::{FdSink, FdSource, FdWait, availability, socket_halves};
use std::marker::PhantomData;

/// Messages over TCP.
pub type Tcp<W> = Framed<TcpStream<W>>;

/// Bytes over TCP.
#[derive(Debug)]
pub struct TcpStream<W>(PhantomData<W>);

impl<W: FdWait> ByteStream for TcpStream<W> {
    const INFO: Info = Info::new(
        ("tcp", "tcp"),
        W::KIND,
        Framing::Stream,
        "TCP over loopback with TCP_NODELAY; write(2) and read(2)",
        "tcp(7)",
    );
    type Fixture = Connection;
    type Sink = FdSink<W>;
    type Source = FdSource<W>;

    fn available() -> Availability {
        availability(Connection::new(None).map(|_| Limits::none()))
    }

    fn fixture(plan: &Plan) -> Result<Connection> {
        Connection::new(plan.capacity)
    }

    /// The sender's `SO_SNDBUF` and the receiver's `SO_RCVBUF` together, read back.
    fn capacity(fixture: &Connection) -> Result<Capacity> {
        fixture.capacity()
    }

    fn split(fixture: Connection, side: Side) -> Result<Link<FdSink<W>, FdSource<W>>> {
        socket_halves(fixture.split(side))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_core::Transport;
    use ipcmark_sys::fd::{Block, Epoll};

    #[test]
    fn loopback_is_available_and_named() {
        assert!(matches!(Tcp::<Block>::available(), Availability::Available(_)));
        assert_eq!(Tcp::<Epoll>::INFO.name(), "tcp/epoll");
    }
}
