//! gRPC: the rows, and the messages of the service.

mod client;
mod server;
mod wire;

pub use wire::{OverTcp, OverUnix, Wire};

use crate::server::{Fixture, Longest, Server};
use client::GrpcCaller;
use ipcmark_core::{Availability, Info, Plan, Remote, Result, Side};
use std::marker::PhantomData;

const LONGEST: Longest =
    Longest { bytes: 64 << 20, limited_by: "the longest message that both sides decode" };
/// The longest message, with what protobuf adds.
const MESSAGE_MAX: usize = LONGEST.bytes + 16;
/// The procedure's name on the wire.
const PATH: &str = "/ipcmark.Procedure/Run";

/// Message of a call.
#[derive(Clone, PartialEq, prost::Message)]
struct Argument {
    #[prost(bytes = "vec", tag = "1")]
    bytes: Vec<u8>,
}

/// Message of a reply.
#[derive(Clone, PartialEq, prost::Message)]
struct Outcome {
    #[prost(bytes = "vec", tag = "1")]
    bytes: Vec<u8>,
}

/// Calls through gRPC over the connection `W`.
#[derive(Debug)]
pub struct Grpc<W>(PhantomData<W>);

impl<W: Wire> Remote for Grpc<W> {
    const INFO: Info = W::INFO;
    type Fixture = Fixture<W::End>;
    type Caller = GrpcCaller;
    type Server = Server;

    fn available() -> Availability {
        LONGEST.availability(W::pair())
    }

    fn fixture(plan: &Plan) -> Result<Self::Fixture> {
        LONGEST.fixture(plan, W::pair())
    }

    fn caller(Fixture { ends: (end, _), lifelines }: Self::Fixture) -> Result<GrpcCaller> {
        GrpcCaller::new::<W>(end, lifelines.split(Side::Initiator))
    }

    fn server(Fixture { ends: (_, end), lifelines }: Self::Fixture) -> Result<Server> {
        server::start::<W>(end, lifelines.split(Side::Responder))
    }
}
