//! TCP over loopback: one connection, both directions.
//!
//! The mechanism's own rules, as [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html) has them:
//!
//! - Bytes, in order, none lost, no boundaries; [`Framed`] adds them.
//! - Small writes may be held back until earlier ones are acknowledged (Nagle's algorithm): a request that is sent in two
//!   writes can wait 40 ms for a delayed acknowledgement. `TCP_NODELAY` turns that off, in all rows but `tcp-nagle`.
//! - Loopback is no short cut: each segment passes the whole protocol, acknowledgements and all, on the sender's CPU or
//!   in a soft interrupt. That is what it costs more than a Unix-domain socket.
//! - With `MSG_ZEROCOPY` the sender's pages are lent instead of copied, and may be written to again once the kernel says
//!   so ([msg_zerocopy](https://docs.kernel.org/networking/msg_zerocopy.html)). Over loopback it copies all the same.
//! - The kernel grows both buffers as it sees fit (`net.ipv4.tcp_wmem`, `net.ipv4.tcp_rmem`) until `SO_SNDBUF` or
//!   `SO_RCVBUF` is set; then it keeps to that, cut to `net.core.wmem_max` and `net.core.rmem_max`.
//! - A side that closes with bytes unread resets the connection: the peer sees `ECONNRESET` in place of the end.
#![forbid(unsafe_code)]

mod connect;
mod listen;
mod variant;
mod zerocopy;

pub use connect::Connection;
pub use listen::Listening;
pub use variant::{Nagle, NoDelay, V6, Variant};
pub use zerocopy::TcpZeroCopy;

use ipcmark_core::{
    Availability, ByteStream, Capacity, Dial, Framed, Framing, Info, Limits, Link, MeetBy, Plan,
    Result, Side,
};
use ipcmark_sys::fd::{ByteWait, FdSink, FdSource, availability, socket_halves};
use std::marker::PhantomData;

/// Messages over TCP.
pub type Tcp<W, V = NoDelay> = Framed<TcpStream<W, V>>;

/// Bytes over TCP.
#[derive(Debug)]
pub struct TcpStream<W, V>(PhantomData<(W, V)>);

impl<W: ByteWait, V: Variant> ByteStream for TcpStream<W, V> {
    const INFO: Info = Info {
        overlaps: W::OVERLAPS,
        listens: true,
        family: "tcp",
        mechanism: V::MECHANISM,
        wait: W::KIND,
        framing: Framing::Stream,
        meet_by: MeetBy::Port,
        summary: V::SUMMARY,
        reference: "tcp(7)",
        ..Info::DEFAULT
    };
    type Fixture = Connection;
    type Sink = FdSink<W>;
    type Source = FdSource<W>;

    fn available() -> Availability {
        let probe = || {
            W::available()?;
            V::connect(None)?;
            Ok(Limits::none())
        };
        availability(probe())
    }

    fn fixture(plan: &Plan) -> Result<Connection> {
        V::connect(plan.capacity)
    }

    /// Returns the sender's `SO_SNDBUF` and the receiver's `SO_RCVBUF` together, read back.
    fn capacity(fixture: &Connection) -> Result<Capacity> {
        fixture.capacity()
    }

    fn messages(fixture: &Connection, frame: usize) -> Result<Option<usize>> {
        fixture.room(V::MECHANISM, frame, V::connect).map(Some)
    }

    fn split(fixture: Connection, side: Side) -> Result<Link<FdSink<W>, FdSource<W>>> {
        socket_halves(fixture.split(side))
    }

    fn listen(plan: &Plan) -> Result<Dial<FdSink<W>, FdSource<W>>> {
        let listening = V::listen(plan.capacity)?;
        Ok(Box::new(move |side| {
            let mut connect = listening.enter(side);
            Ok(Box::new(move || {
                let end = connect()?;
                V::prepare(&end)?;
                socket_halves(end)
            }))
        }))
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
        assert_eq!(Tcp::<Block, Nagle>::INFO.name(), "tcp-nagle/block");
    }
}
