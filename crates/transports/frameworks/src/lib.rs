//! Calls through Cap'n Proto, gRPC and D-Bus.
//!
//! The frameworks' own rules, as [Cap'n Proto](https://capnproto.org/rpc.html),
//! [gRPC](https://grpc.io/docs/what-is-grpc/core-concepts/) and
//! [D-Bus](https://dbus.freedesktop.org/doc/dbus-specification.html) document them. Each executes a call at most once.
//!
//! - Cap'n Proto: a message is laid out in memory as it travels, without marshalling, but each argument and result is
//!   copied into and out of a message's segments. The client calls the object that the server's connection begins with.
//!   One call is three messages: call, return, finish. A connection that breaks fails all calls under way on it.
//! - gRPC: a call is one HTTP/2 stream: headers and a message to the server; headers, a message and trailers with a status
//!   back. Windows bound what is under way: 64 KiB in the protocol, 1 MiB (server)
//!   to 5 MiB (a client's connection) in this library. A longer message waits for its reader to open them.
//! - D-Bus: every message goes through a daemon, so a call is four messages over two sockets. Services are found by name.
//!   Messages describe themselves; an array has at most 64 MiB. If a service goes, the daemon tells the caller that there is no
//!   reply.
//!
//! The key decisions: a server drives its connection from an event loop in a thread that lives as long as the server
//! (`server`). No build needs a schema compiler: Cap'n Proto's code was generated once (`call.capnp` says how), and the
//! gRPC service is written by hand, with messages that derive what `protoc` would generate:
//!
//! ```text
//! package ipcmark;
//! message Argument { bytes bytes = 1; }
//! message Outcome { bytes bytes = 1; }
//! service Procedure { rpc Run(Argument) returns (Outcome); }
//! ```
//!
//! The D-Bus server starts its own `dbus-daemon`, with a configuration and a socket in the plan's directory; the daemon
//! dies with the server. Both names are removed as soon as both sides are connected.
//!
//! Without the features `capnp`, `grpc` and `dbus`, each row only says that this build leaves it out.
#![forbid(unsafe_code)]

mod row;

#[cfg(feature = "dbus")]
mod bus;
#[cfg(feature = "capnp")]
mod capnproto;
#[cfg(any(feature = "capnp", feature = "grpc", feature = "dbus"))]
mod desk;
#[cfg(feature = "grpc")]
mod grpc;
#[cfg(any(feature = "capnp", feature = "grpc", feature = "dbus"))]
mod server;

#[cfg(feature = "capnp")]
#[allow(
    clippy::all,
    clippy::pedantic,
    clippy::unimplemented,
    missing_docs,
    unreachable_pub,
    dead_code
)]
mod call_capnp {
    include!("capnproto/call_capnp.in");
}

#[cfg(feature = "dbus")]
pub use bus::Dbus;
#[cfg(feature = "capnp")]
pub use capnproto::CapnpUnix;
#[cfg(feature = "grpc")]
pub use grpc::{Grpc, OverTcp, OverUnix, Wire};
#[cfg(not(feature = "capnp"))]
pub use row::CapnpUnix;
#[cfg(not(feature = "dbus"))]
pub use row::Dbus;
#[cfg(not(feature = "grpc"))]
pub use row::{Grpc, OverTcp, OverUnix};
