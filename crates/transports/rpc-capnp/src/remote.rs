//! The row: what both sides inherit, and how each enters the event loop.

use crate::client::CapnpCaller;
use crate::server::CapnpServer;
use ipcmark_core::{Availability, Error, Info, Limits, Plan, Remote, Result, Side};
use ipcmark_sys::lifeline::LifelinePair;
use std::os::unix::net::UnixStream;

/// The longest argument or result, in bytes: a message's segment holds half a gibibyte at most.
pub(crate) const ARGUMENT_MAX: usize = 64 << 20;
pub(crate) const LIMITED_BY: &str = "the longest message that both sides are told to read";

/// Calls through Cap'n Proto.
#[derive(Debug)]
pub struct CapnpUnix;

/// Both ends of the connection, and of the lifeline that tells of a dead caller.
#[derive(Debug)]
pub struct Fixture {
    ends: [UnixStream; 2],
    lifelines: LifelinePair,
}

impl Remote for CapnpUnix {
    const INFO: Info = crate::row::INFO;
    type Fixture = Fixture;
    type Caller = CapnpCaller;
    type Server = CapnpServer;

    fn available() -> Availability {
        Availability::Available(Limits {
            max_message: Some(ARGUMENT_MAX),
            limited_by: LIMITED_BY,
            remedy: None,
        })
    }

    fn fixture(plan: &Plan) -> Result<Fixture> {
        if plan.size > ARGUMENT_MAX {
            let (len, max) = (plan.size, ARGUMENT_MAX);
            return Err(Error::TooLong { len, max, limited_by: LIMITED_BY });
        }
        let (a, b) = UnixStream::pair().map_err(|e| Error::os("socketpair(AF_UNIX)", e))?;
        Ok(Fixture { ends: [a, b], lifelines: LifelinePair::new()? })
    }

    fn caller(Fixture { ends: [end, _], lifelines }: Fixture) -> Result<CapnpCaller> {
        CapnpCaller::new(end, lifelines.split(Side::Initiator))
    }

    fn server(Fixture { ends: [_, end], lifelines }: Fixture) -> Result<CapnpServer> {
        CapnpServer::new(end, lifelines.split(Side::Responder))
    }
}

/// The event loop of one thread, and the socket in it.
pub(crate) fn event_loop() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .map_err(|e| Error::os("epoll_create1", e))
}

/// What both sides read: messages of any argument that is allowed.
pub(crate) fn network(
    end: UnixStream,
    side: capnp_rpc::rpc_twoparty_capnp::Side,
) -> Result<Box<Network>> {
    use tokio_util::compat::{TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};
    end.set_nonblocking(true).map_err(|e| Error::os("fcntl(O_NONBLOCK)", e))?;
    let stream =
        tokio::net::UnixStream::from_std(end).map_err(|e| Error::os("epoll_ctl(ADD)", e))?;
    let (read, write) = stream.into_split();
    let mut options = capnp::message::ReaderOptions::new();
    options.traversal_limit_in_words(Some(2 * ARGUMENT_MAX / 8));
    Ok(Box::new(Network::new(read.compat(), write.compat_write(), side, options)))
}

pub(crate) type Network =
    capnp_rpc::twoparty::VatNetwork<tokio_util::compat::Compat<tokio::net::unix::OwnedReadHalf>>;
