//! Unix-domain sockets in their three types, each as a connected pair; a stream that two find by name; and descriptors
//! passed instead of bytes.
//!
//! The mechanism's own rules, as [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html) has them:
//!
//! - `SOCK_STREAM` carries bytes, no boundaries: two writes may arrive as one read.
//!   [`Framed`](ipcmark_core::Framed) adds them.
//! - `SOCK_SEQPACKET` carries messages over a connection: boundaries kept, and an end of the stream.
//! - `SOCK_DGRAM` carries messages without a connection, here neither lost nor reordered: on Linux a sender waits when
//!   its own send buffer is full. (The length of the peer's queue, `net.unix.max_dgram_qlen`, bounds only senders the
//!   peer is not connected back to; both ends of a pair are.) A receiver is not told that its peer is gone; an empty
//!   message ends the stream here, and a [`Lifeline`](ipcmark_sys::lifeline) tells of a death.
//! - A peer that ends with something unread resets the connection. A receiver of packets is then told of the reset
//!   (`ECONNRESET`) before it gets what the peer had sent; a stream brings the bytes first. A datagram that is sent to a
//!   peer that is gone throws away what that peer had sent (`unix_dgram_disconnected` in `net/unix/af_unix.c`).
//! - A message goes in whole or not at all. It must fit the send buffer (`SO_SNDBUF`, less 32 bytes), whose size
//!   `net.core.wmem_max` bounds; the receive buffer plays no part. Above some 64 KiB the kernel also needs a piece of
//!   memory in one run for the rest of the message, which a machine with broken-up memory may not have.
//!
//! - Several processes may send on one end of a pair, or receive from it, where it keeps boundaries: each message goes
//!   whole to one of them.
//!
//! All calls are the bare ones: `write(2)` and `read(2)` on a stream, `send(2)` and `recv(2)` for messages, `sendmmsg(2)` and
//! `recvmmsg(2)` for several of them.
#![forbid(unsafe_code)]

mod batch;
mod datagram;
mod memfd;
mod named;
mod pair;
mod seqpacket;
mod stream;

pub use batch::UnixBatch;
pub use datagram::{DatagramFixture, UnixDatagram};
pub use memfd::{MemfdFixture, MemfdPort, UnixMemfd};
pub use named::{Abstract, InFileSystem, Kind, Meeting, NamedStream, UnixAbstract, UnixPath};
pub use pair::Pair;
pub use seqpacket::UnixSeqpacket;
pub use stream::{UnixByteStream, UnixStream};

#[cfg(test)]
mod tests;
