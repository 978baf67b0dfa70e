//! Waiting on file descriptors, and the two shapes of link made of them: byte streams and messages.
//!
//! The call comes first and the wait second: a side tries its `read`, `write`, `send` or `recv`; only when the kernel
//! says `EAGAIN` does it wait as its strategy says, and tries again. So a non-blocking side that finds its bytes there
//! makes one call, as a blocking one does, and what the wait costs shows where it is paid.
//!
//! A strategy is a type ([`Block`], [`Spin`], [`Yield`], [`Poll`], [`Epoll`], [`Sigio`]); the loop around the call is
//! compiled once for each and has no branch on it. [`Uring`] is another kind of strategy, for byte streams: the call
//! itself is handed to the kernel, and its completion awaited ([`ByteWait`]).

mod ahead;
mod batch;
mod bytes;
mod limit;
mod message;
mod packet;
mod peer;
mod retry;
mod rights;
mod room;
mod set;
mod sigio;
mod socket;
mod stream;
mod uring;
mod wait;

pub use ahead::ReadAhead;
pub use batch::{BatchReceiver, BatchSender, batch_halves};
pub use bytes::ByteWait;
pub use limit::{availability, sysctl};
pub use message::{MessagePort, MessageReceiver, MessageSender, message_halves};
pub use packet::{SocketPort, socket_message_halves};
pub use peer::{accept_own, stranger, stranger_at};
pub(crate) use retry::until_sent;
pub use rights::{pass_address, take_address};
pub use room::{room, room_before_loss};
pub use set::ReadySet;
pub use sigio::Sigio;
pub use socket::{set_receive_buffer, set_send_buffer};
pub use stream::{FdSink, FdSource, socket_halves};
pub use uring::Uring;
pub(crate) use uring::ring;
pub use wait::{
    Block, Epoll, FdWait, Interest, Poll, Spin, Waited, Yield, readable_now, set_nonblocking,
};
