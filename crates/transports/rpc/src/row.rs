//! Rows of the catalog: a socket, a look-up and a semantics make one mechanism.

use crate::attempts::Patience;
use crate::client::Client;
use crate::faults::Faithful;
use crate::lookup::{Fixed, Lookup, Matched};
use crate::semantics::{AtLeastOnce, AtMostOnce, ExactlyOnce, Semantics};
use crate::server::Server;
use crate::socket::{Socket, Tcp, Unix};
use crate::wire::ARGUMENT_MAX;
use ipcmark_core::{
    Availability, Carries, Error, Info, Limits, Plan, Procedure, Remote, Result, Serve, Side,
    WaitKind,
};
use ipcmark_sys::fd::availability;
use ipcmark_sys::lifeline::{Lifeline, LifelinePair};
use std::marker::PhantomData;

/// Calls over the socket `S`, to a server found by `L`, executed as `M` says.
#[derive(Debug)]
pub struct Rpc<S, L, M>(PhantomData<(S, L, M)>);

/// A combination that is worth a row, and its name.
pub trait Row {
    /// The mechanism's name.
    const MECHANISM: &'static str;
    /// One line for people.
    const SUMMARY: &'static str;
}

macro_rules! rows {
    ($($socket:ty, $lookup:ty, $semantics:ty: $mechanism:literal, $summary:literal;)+) => {
        $(impl Row for Rpc<$socket, $lookup, $semantics> {
            const MECHANISM: &'static str = $mechanism;
            const SUMMARY: &'static str = $summary;
        })+
    };
}

rows! {
    Unix, Fixed, AtLeastOnce: "rpc-unix-at-least-once",
        "Calls over a Unix-domain socket, marshalled with postcard; repeated until there is a reply, each copy executed";
    Unix, Fixed, AtMostOnce: "rpc-unix-at-most-once",
        "The same; the server remembers, by time stamp, what it has executed, and repeats the reply";
    Unix, Fixed, ExactlyOnce: "rpc-unix-exactly-once",
        "The same; the client repeats until it has the reply, and acknowledges it";
    Unix, Matched, AtMostOnce: "rpc-unix-matchmaker",
        "At most once, the server's address looked up at a matchmaker process before the first call, then cached";
    Tcp, Fixed, AtLeastOnce: "rpc-tcp-at-least-once",
        "Calls over TCP on loopback, marshalled with postcard; repeated until there is a reply, each copy executed";
    Tcp, Fixed, AtMostOnce: "rpc-tcp-at-most-once",
        "The same; the server remembers, by time stamp, what it has executed, and repeats the reply";
    Tcp, Fixed, ExactlyOnce: "rpc-tcp-exactly-once",
        "The same; the client repeats until it has the reply, and acknowledges it";
    Tcp, Matched, AtMostOnce: "rpc-tcp-matchmaker",
        "At most once, the server's address looked up at a matchmaker process before the first call, then cached";
}

/// The client, and its end of the lifeline that the server watches.
#[derive(Debug)]
pub struct Caller<C> {
    client: C,
    _lifeline: Lifeline,
}

impl<C: ipcmark_core::Call> ipcmark_core::Call for Caller<C> {
    #[inline]
    fn call(&mut self, argument: &[u8]) -> Result<&[u8]> {
        self.client.call(argument)
    }
}

/// The server, and what makes it found.
#[derive(Debug)]
pub struct Served<S: Socket, M: Semantics, P> {
    server: Server<S, M>,
    _post: P,
}

impl<S: Socket, M: Semantics, P> Serve for Served<S, M, P> {
    fn serve(&mut self, procedure: Procedure) -> Result<()> {
        self.server.serve(procedure)
    }
}

impl<S: Socket, L: Lookup<S>, M: Semantics> Remote for Rpc<S, L, M>
where
    Rpc<S, L, M>: Row,
{
    const INFO: Info = Info {
        carries: Carries::Calls,
        family: "rpc",
        mechanism: Self::MECHANISM,
        wait: WaitKind::Block,
        meet_by: L::MEET_BY,
        summary: Self::SUMMARY,
        reference: if S::IS_LOCAL { "unix(7)" } else { "tcp(7)" },
        ..Info::DEFAULT
    };
    type Fixture = (L::Fixture, LifelinePair);
    type Caller = Caller<Client<S, L::Finder, M>>;
    type Server = Served<S, M, L::Post>;

    fn available() -> Availability {
        availability(S::probe().map(|()| Limits {
            max_message: Some(ARGUMENT_MAX),
            limited_by: crate::LIMITED_BY,
            remedy: None,
        }))
    }

    fn fixture(plan: &Plan) -> Result<Self::Fixture> {
        if plan.size > ARGUMENT_MAX {
            let (len, max) = (plan.size, ARGUMENT_MAX);
            return Err(Error::TooLong { len, max, limited_by: crate::LIMITED_BY });
        }
        Ok((L::fixture(plan)?, LifelinePair::new()?))
    }

    fn caller((fixture, lifelines): Self::Fixture) -> Result<Self::Caller> {
        let lifeline = lifelines.split(Side::Initiator);
        let finder = L::finder(fixture)?;
        let client = Client::connect(finder, Patience::DEFAULT, Faithful)?;
        L::met(client.finder());
        Ok(Caller { client, _lifeline: lifeline })
    }

    fn server((fixture, lifelines): Self::Fixture) -> Result<Self::Server> {
        let lifeline = lifelines.split(Side::Responder);
        let (listener, address, post) = L::listen(fixture)?;
        let server = Server::new(listener, address, M::Record::default(), Faithful);
        Ok(Served { server: server.bound_to(lifeline), _post: post })
    }
}
