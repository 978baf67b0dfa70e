//! Calls through D-Bus: method calls that a real `dbus-daemon` of our own passes on.
//!
//! The framework's own rules, as its
//! [specification](https://dbus.freedesktop.org/doc/dbus-specification.html) has them:
//!
//! - Nobody talks to anybody but the daemon: a call is four messages over two sockets, and two more wake-ups.
//! - Services are found by name; the daemon is the matchmaker, and knows when a service's connection ends.
//! - Messages are marshalled and self-describing; an array has 64 MiB at most.
//! - A call is executed at most once. When its service goes, the daemon tells the caller that there is no reply.
//!
//! The server's side starts the daemon with a configuration and a socket in the plan's directory; it dies with that
//! side. Both names go as soon as both sides are connected.
//!
//! Without the feature `framework` a row that says so stands in its place: its dependencies take minutes to build, and
//! who builds the workspace need not wait for them.
#![forbid(unsafe_code)]

#[cfg(feature = "framework")]
mod client;
#[cfg(feature = "framework")]
mod daemon;
#[cfg(feature = "framework")]
mod remote;
mod row;
#[cfg(feature = "framework")]
mod server;

#[cfg(feature = "framework")]
pub use remote::Dbus;
#[cfg(not(feature = "framework"))]
pub use row::Dbus;
