//! Our own remote procedure calls: a stub that marshals, a server that dispatches, and what a call means when
//! messages are lost.
//!
//! A call looks like a call of a function, and is two messages. That shows in four decisions, each a type here:
//!
//! - **Marshalling** ([`wire`]). Both sides agree on how values become bytes: serde with postcard, numbers in few bytes,
//!   an argument as one run of bytes. Each message is one frame with its length before it.
//! - **Where the server is** ([`lookup`]). At an address agreed on beforehand ([`Fixed`]), or wherever a
//!   [`matchmaker`] says ([`Matched`]): it is asked before the first call, the address is cached, and asked for again
//!   when it has become stale.
//! - **How often a call is executed** ([`semantics`]). A request that had no reply may be lost, or its reply may. To send
//!   it again executes it [`AtLeastOnce`]. A server that remembers, by time stamp, what it has executed makes that
//!   [`AtMostOnce`]; its record ([`seen`]) is bounded in size and age. When the client also repeats until it has the
//!   reply, and acknowledges it so that the server may forget, it is [`ExactlyOnce`], as long as the server lives.
//! - **What is lost** ([`faults`]). Over these sockets nothing is, while both live; to show the semantics, messages are
//!   dropped on purpose from a seeded source. In what is measured that is a type that does nothing.
//!
//! The client waits in `recv(2)` with `SO_RCVTIMEO`, which is when it sends again: 2 s, doubled each time, so that a server
//! which is merely slow is not asked twice. The server reads ahead, and serves one client at a time.
//!
//! The record of calls follows Liskov, Shrira and Wroclawski, "Efficient at-most-once messages based on synchronized
//! clocks" (1991): on one machine, one clock does.
#![forbid(unsafe_code)]

pub mod attempts;
pub mod client;
pub mod experiment;
pub mod faults;
mod frame;
pub mod lookup;
pub mod matchmaker;
mod row;
pub mod seen;
pub mod semantics;
pub mod server;
pub mod socket;
pub mod wire;

pub use lookup::{Fixed, Matched};
pub use row::Rpc;
pub use semantics::{AtLeastOnce, AtMostOnce, ExactlyOnce};
pub use socket::{Tcp, Unix};

/// Name of the limit of an argument.
pub(crate) const LIMITED_BY: &str = "the longest frame that a server takes";
