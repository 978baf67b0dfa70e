//! Calls through gRPC: protobuf messages over HTTP/2, by tonic, over a Unix-domain socket pair and over TCP on loopback.
//!
//! The framework's own rules, as [its documentation](https://grpc.io/docs/what-is-grpc/core-concepts/) and the
//! [protocol](https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md) have them:
//!
//! - A call is one HTTP/2 stream: headers and a message there; headers, a message and trailers with a status back.
//! - HTTP/2 bounds what is under way by windows, 64 KiB at first: a longer message waits for the reader to open them.
//! - A call is executed at most once unless a retry policy says otherwise; there is none here.
//!
//! The key decision: the service is written by hand. Its messages derive what `protoc` would generate, so that no build
//! needs `protoc`:
//!
//! ```text
//! package ipcmark;
//! message Argument { bytes bytes = 1; }
//! message Outcome { bytes bytes = 1; }
//! service Procedure { rpc Run(Argument) returns (Outcome); }
//! ```
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
mod wire;

#[cfg(feature = "framework")]
pub use remote::Grpc;
#[cfg(not(feature = "framework"))]
pub use row::{Grpc, OverTcp, OverUnix};
#[cfg(feature = "framework")]
pub use wire::{OverTcp, OverUnix, Wire};
