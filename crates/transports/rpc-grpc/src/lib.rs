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
#![forbid(unsafe_code)]

mod client;
mod server;
mod wire;

pub use wire::{OverTcp, OverUnix, Wire};

use client::GrpcCaller;
use ipcmark_core::{
    Availability, Carries, Error, Framing, Info, Limits, Plan, Remote, Result, Side, WaitKind,
};
use ipcmark_sys::fd::availability;
use ipcmark_sys::lifeline::LifelinePair;
use server::GrpcServer;
use std::marker::PhantomData;

/// The longest argument or result, in bytes.
pub(crate) const ARGUMENT_MAX: usize = 64 << 20;
/// With what protobuf adds.
pub(crate) const MESSAGE_MAX: usize = ARGUMENT_MAX + 16;
pub(crate) const LIMITED_BY: &str = "the longest message that both sides are told to decode";
/// The procedure's name on the wire.
pub(crate) const PATH: &str = "/ipcmark.Procedure/Run";

/// What a call carries there.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Argument {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) bytes: Vec<u8>,
}

/// What it carries back.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Outcome {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) bytes: Vec<u8>,
}

/// Calls through gRPC over the connection `W`.
#[derive(Debug)]
pub struct Grpc<W>(PhantomData<W>);

/// Both ends of the connection, and of the lifeline that tells of a dead caller.
#[derive(Debug)]
pub struct Fixture<T> {
    ends: (T, T),
    lifelines: LifelinePair,
}

impl<W: Wire> Remote for Grpc<W> {
    const INFO: Info = Info {
        carries: Carries::Calls,
        ..Info::new(
            ("rpc-grpc", W::MECHANISM),
            WaitKind::Epoll,
            Framing::Message,
            W::SUMMARY,
            "https://grpc.io/docs/",
        )
    };
    type Fixture = Fixture<W::End>;
    type Caller = GrpcCaller;
    type Server = GrpcServer;

    fn available() -> Availability {
        availability(W::pair().map(|_| Limits {
            max_message: Some(ARGUMENT_MAX),
            limited_by: LIMITED_BY,
            remedy: None,
        }))
    }

    fn fixture(plan: &Plan) -> Result<Self::Fixture> {
        if plan.size > ARGUMENT_MAX {
            let (len, max) = (plan.size, ARGUMENT_MAX);
            return Err(Error::TooLong { len, max, limited_by: LIMITED_BY });
        }
        Ok(Fixture { ends: W::pair()?, lifelines: LifelinePair::new()? })
    }

    fn caller(Fixture { ends: (end, _), lifelines }: Self::Fixture) -> Result<GrpcCaller> {
        GrpcCaller::new::<W>(end, lifelines.split(Side::Initiator))
    }

    fn server(Fixture { ends: (_, end), lifelines }: Self::Fixture) -> Result<GrpcServer> {
        GrpcServer::new::<W>(end, lifelines.split(Side::Responder))
    }
}

/// The event loop of one thread.
pub(crate) fn event_loop() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::os("epoll_create1", e))
}
