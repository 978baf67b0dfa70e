//! Calls through Cap'n Proto: its RPC protocol over a Unix-domain socket pair.
//!
//! The framework's own rules, as [its documentation](https://capnproto.org/rpc.html) has them:
//!
//! - A message is laid out in memory as it travels: there is no marshalling step, but each argument and result is
//!   copied into and out of a message's segments.
//! - Objects are capabilities: the client calls the object that the server's connection begins with (*bootstrap*).
//! - A call ends with a `finish` message, so that one call is three messages: call, return, finish.
//! - A call is executed at most once; a connection that breaks fails all calls under way on it.
//!
//! The key decision: the schema's code is generated once and lies in the tree, because the schema compiler is a program
//! that a build cannot count on. `call.capnp` says how it was made.
//!
//! Without the feature `framework` a row that says so stands in its place: its dependencies take minutes to build, and
//! who builds the workspace need not wait for them.
#![forbid(unsafe_code)]

#[cfg(feature = "framework")]
mod client;
#[cfg(feature = "framework")]
mod remote;
mod row;
#[cfg(feature = "framework")]
mod server;

#[cfg(feature = "framework")]
#[allow(
    clippy::all,
    clippy::pedantic,
    clippy::unimplemented,
    missing_docs,
    unreachable_pub,
    dead_code
)]
mod call_capnp {
    include!("call_capnp.in");
}

#[cfg(feature = "framework")]
pub use remote::CapnpUnix;
#[cfg(not(feature = "framework"))]
pub use row::CapnpUnix;
