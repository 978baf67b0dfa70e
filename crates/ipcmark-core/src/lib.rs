//! The words and the traits of ipcmark; no system calls.
//!
//! The key decision is the shape of the seam. A benchmark that hands every transport a filled
//! buffer charges zero-copy transports for a copy they do not make; one that lets a transport fill
//! its own buffer cannot check what arrived. So buffers here have the shape of
//! [`std::io::BufRead`]: a [`Sender`] lends space ([`Sender::claim`]) and learns when it is full
//! ([`Sender::commit`]); a [`Receiver`] lends a message ([`Receiver::receive`]) and learns when it
//! has been read ([`Receiver::release`]). A copying transport lends a private buffer, a zero-copy
//! one its slot, and one hot loop serves both.
//!
//! Everything a transport needs to know of a measurement is its [`Plan`]; everything a measurement
//! needs to know of a transport is its [`Info`] and what [`Transport::available`] says on this
//! machine. Wait strategies are types, so `Pipe<Block>` and `Pipe<Epoll>` are two transports and
//! the hot loop has no branch.
//!
//! Two smaller seams are next to it: a [`Notifier`] carries no payload (signals, counters,
//! semaphores), a [`Remote`] carries calls and their results. They are seams of their own, because
//! a notifier has no message to check and a call no second direction; [`Info::carries`] says which
//! seam a row of the catalog implements, and [`Info::supports`] which workloads that allows.
#![forbid(unsafe_code)]

mod buffer;
mod connections;
mod error;
mod framed;
mod info;
mod message;
mod notifier;
mod plan;
mod remote;
mod sizes;
mod trace;
mod transport;
mod wait;

pub use buffer::Buffer;
pub use connections::{Connect, Connections, Dial, Listener};
pub use error::{Called, Error, Result};
pub use framed::{ByteSink, ByteSource, ByteStream, Framed, FramedReceiver, FramedSender};
pub use info::{Availability, Info, LEAST_SHARED, Limits, MeetBy, Role};
pub use ipcmark_words::{
    Arrivals, Capacity, Carries, CpuUse, Framing, Input, Mix, Neighbour, Neighbours, Pacing,
    Parameter, Placement, Refusal, Shape, Side, SpinBudget, Timed, Usage, WaitKind, WhenFull,
    Workload,
};
pub use message::{Checker, DEEP_EVERY, Fault, Integrity, Stamper, Verdict, copy_message};
pub use message::{MOST_SENDERS, Rising, Sums, first_of_sender, sender_of};
pub use notifier::{Listen, Notifier, Notify};
pub use plan::{Extent, Names, Plan};
pub use remote::{Absent, Call, Flow, LeftOut, NoHalf, Procedure, Remote, Serve};
pub use sizes::{LAST_BYTES, SizeClass, Sizes, sent_len};
pub use trace::{Trace, TraceError};
pub use transport::{Address, Link, Receiver, Sender, Transport, Visitor};
pub use wait::Wait;
