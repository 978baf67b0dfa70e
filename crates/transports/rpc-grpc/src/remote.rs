//! The rows: what both sides inherit, the messages of the service, and the event loop.

use crate::Wire;
use crate::client::GrpcCaller;
use crate::server::GrpcServer;
use ipcmark_core::{Availability, Error, Info, Limits, Plan, Remote, Result, Side};
use ipcmark_sys::fd::availability;
use ipcmark_sys::lifeline::LifelinePair;
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
    const INFO: Info = W::INFO;
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
