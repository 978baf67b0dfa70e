//! The seam of remote procedure calls: a caller, and a server that runs the procedure.
//!
//! A call carries its argument there and its result back; both are bytes here, marshalled by the mechanism as it would
//! marshal any argument. The contract, checked by laws:
//!
//! - One call, one result, the bytes that the procedure gave for the bytes of the argument; without faults on the way
//!   the procedure runs once a call.
//! - An argument over the largest length fails with [`Error::TooLong`](crate::Error::TooLong) and runs nothing.
//! - A server that is gone is noticed by the caller, a caller that is gone by the server, within a second or two.
//! - After both sides have dropped their halves, nothing is left: no name, no daemon, no process.

use crate::{Availability, Error, Info, Plan, Result};
use ipcmark_words::Refusal;
use std::marker::PhantomData;

/// One mechanism for calls. Its `INFO.carries` is [`Calls`](crate::Carries::Calls).
pub trait Remote: 'static {
    /// Its constant facts.
    const INFO: Info;
    /// What both sides inherit through `fork(2)`.
    type Fixture;
    /// The calling side; the initiator.
    type Caller: Call;
    /// The serving side; the responder.
    type Server: Serve;

    /// Can it be had here, now? Probes by trying, leaves nothing behind.
    fn available() -> Availability;

    /// Makes what both sides inherit. Runs before the fork, in the process that supervises, which drops its copy as
    /// soon as both sides run: helpers of its own (a daemon, a matchmaker) are started by `server`, and bound to it.
    fn fixture(plan: &Plan) -> Result<Self::Fixture>;

    /// The calling side, connected. Runs after the fork; waits until the server can be reached.
    fn caller(fixture: Self::Fixture) -> Result<Self::Caller>;

    /// The serving side. Runs after the fork.
    fn server(fixture: Self::Fixture) -> Result<Self::Server>;
}

/// Calls.
pub trait Call {
    /// Calls the procedure and waits for its result.
    fn call(&mut self, argument: &[u8]) -> Result<&[u8]>;
}

/// Whether a server goes on after a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Wait for the next call.
    Continue,
    /// Answer this one, then return from [`Serve::serve`].
    Stop,
}

/// What a server runs: reads the argument, leaves the result in the empty buffer it is given. It may run on any thread
/// of the server.
pub type Procedure = Box<dyn FnMut(&[u8], &mut Vec<u8>) -> Flow + Send>;

/// Serves.
pub trait Serve {
    /// Answers calls, one after the other, until the procedure says stop. May be called again on the same connection.
    fn serve(&mut self, procedure: Procedure) -> Result<()>;
}

/// What a build leaves out because nobody asked for what it needs: a row that says so stands in its place.
pub trait LeftOut: 'static {
    /// The facts of the row that is left out.
    const INFO: Info;
    /// The feature that brings it.
    const FEATURE: &'static str;
}

/// The row in the place of one that is left out.
#[derive(Debug)]
pub struct Absent<L>(PhantomData<L>);

/// One half of what is not there; there is no such value.
#[derive(Debug)]
pub enum Nobody {}

impl<L: LeftOut> Absent<L> {
    fn words() -> (String, Option<String>) {
        let remedy = format!("cargo build --release --features {}", L::FEATURE);
        ("this build leaves it out".into(), Some(remedy))
    }
}

impl<L: LeftOut> Remote for Absent<L> {
    const INFO: Info = L::INFO;
    type Fixture = Nobody;
    type Caller = Nobody;
    type Server = Nobody;

    fn available() -> Availability {
        let (reason, remedy) = Self::words();
        Availability::Unavailable(Refusal { reason, remedy })
    }

    fn fixture(_: &Plan) -> Result<Nobody> {
        let (reason, remedy) = Self::words();
        Err(Error::Unavailable(Refusal { reason, remedy }))
    }

    fn caller(fixture: Nobody) -> Result<Nobody> {
        match fixture {}
    }

    fn server(fixture: Nobody) -> Result<Nobody> {
        match fixture {}
    }
}

impl Call for Nobody {
    fn call(&mut self, _: &[u8]) -> Result<&[u8]> {
        match *self {}
    }
}

impl Serve for Nobody {
    fn serve(&mut self, _: Procedure) -> Result<()> {
        match *self {}
    }
}
