//! Cap'n Proto: both sides inherit a pair of Unix-domain sockets.

mod client;
mod server;

use crate::server::{Fixture, Longest, Server};
use capnp_rpc::rpc_twoparty_capnp::Side as Role;
use capnp_rpc::twoparty::VatNetwork;
use client::CapnpCaller;
use ipcmark_core::{Availability, Called, Info, Plan, Remote, Result, Side};
use std::os::unix::net::UnixStream;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};

/// A message's segment holds half a gibibyte at most.
const LONGEST: Longest =
    Longest { bytes: 64 << 20, limited_by: "the longest message that both sides read" };

/// Calls through Cap'n Proto.
#[derive(Debug)]
pub struct CapnpUnix;

impl Remote for CapnpUnix {
    const INFO: Info = crate::row::CAPNP_UNIX;
    type Fixture = Fixture<UnixStream>;
    type Caller = CapnpCaller;
    type Server = Server;

    fn available() -> Availability {
        LONGEST.availability(Ok(()))
    }

    fn fixture(plan: &Plan) -> Result<Self::Fixture> {
        let ends = UnixStream::pair().called("socketpair(AF_UNIX)");
        LONGEST.fixture(plan, ends)
    }

    fn caller(Fixture { ends: (end, _), lifelines }: Self::Fixture) -> Result<CapnpCaller> {
        CapnpCaller::new(end, lifelines.split(Side::Initiator))
    }

    fn server(Fixture { ends: (_, end), lifelines }: Self::Fixture) -> Result<Server> {
        server::start(end, lifelines.split(Side::Responder))
    }
}

/// Takes a socket into the event loop that runs. Both sides read messages of any argument that is allowed.
fn network(end: UnixStream, role: Role) -> Result<Box<Network>> {
    end.set_nonblocking(true).called("fcntl(O_NONBLOCK)")?;
    let stream = tokio::net::UnixStream::from_std(end).called("epoll_ctl(ADD)")?;
    let (read, write) = stream.into_split();
    let mut options = capnp::message::ReaderOptions::new();
    options.traversal_limit_in_words(Some(2 * LONGEST.bytes / 8));
    Ok(Box::new(Network::new(read.compat(), write.compat_write(), role, options)))
}

type Network = VatNetwork<Compat<tokio::net::unix::OwnedReadHalf>>;
