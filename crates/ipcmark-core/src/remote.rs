//! The seam of remote procedure calls: a caller, and a server that runs the procedure.
//!
//! A call carries its argument there and its result back; both are bytes here, marshalled by the
//! mechanism as it would marshal any argument. The contract, checked by laws:
//!
//! - One call, one result: the bytes that the procedure returned for the bytes of the argument.
//!   Without faults on the way the procedure runs once a call.
//! - An argument over the largest length fails with [`Error::TooLong`](crate::Error::TooLong) and
//!   runs nothing.
//! - A caller notices within a second or two that its server is gone, and a server that its caller
//!   is.
//! - After both sides have dropped their halves, nothing is left: no name, no daemon, no process.

use crate::{Address, Availability, Error, Info, Plan, Result};
use ipcmark_words::Refusal;
use std::marker::PhantomData;

/// One mechanism for calls. Its `INFO.carries` is [`Calls`](crate::Carries::Calls).
///
/// A call in one process shows the shape; the caller runs the procedure that the server left:
///
/// ```
/// use ipcmark_core::*;
/// use std::{cell::RefCell, rc::Rc};
///
/// struct Direct;
/// #[derive(Clone, Default)]
/// struct Half(Rc<RefCell<Option<Procedure>>>, Vec<u8>);
///
/// impl Remote for Direct {
///     const INFO: Info = Info {
///         family: "own",
///         mechanism: "direct",
///         carries: Carries::Calls,
///         summary: "a function call",
///         reference: "memcpy(3)",
///         ..Info::DEFAULT
///     };
///     type Fixture = Half;
///     type Caller = Half;
///     type Server = Half;
///
///     fn available() -> Availability {
///         Availability::Available(Limits::none())
///     }
///     fn fixture(_: &Plan) -> Result<Half> {
///         Ok(Half::default())
///     }
///     fn caller(half: Half) -> Result<Half> {
///         Ok(half)
///     }
///     fn server(half: Half) -> Result<Half> {
///         Ok(half)
///     }
/// }
/// impl Serve for Half {
///     fn serve(&mut self, procedure: Procedure) -> Result<()> {
///         *self.0.borrow_mut() = Some(procedure);
///         Ok(())
///     }
/// }
/// impl Call for Half {
///     fn call(&mut self, argument: &[u8]) -> Result<&[u8]> {
///         self.1.clear();
///         let mut procedure = self.0.borrow_mut();
///         procedure.as_mut().ok_or(Error::Closed)?(argument, &mut self.1);
///         Ok(&self.1)
///     }
/// }
///
/// let link = Half::default();
/// let (mut caller, mut server) = (Direct::caller(link.clone())?, Direct::server(link)?);
/// server.serve(Box::new(|argument, result| {
///     result.extend(argument.iter().rev());
///     Flow::Continue
/// }))?;
/// assert_eq!(caller.call(b"abc")?, b"cba");
/// # Ok::<(), Error>(())
/// ```
pub trait Remote: 'static {
    /// Its constant facts.
    const INFO: Info;
    /// Resources that both sides inherit through `fork(2)`.
    type Fixture;
    /// The calling side; the initiator.
    type Caller: Call;
    /// The serving side; the responder.
    type Server: Serve;

    /// Tells if this machine, now, can run it. Probes by trying, leaves nothing behind.
    fn available() -> Availability;

    /// Makes what both sides inherit. Runs before the fork, in the process that supervises, which
    /// drops its copy as soon as both sides run. So `server` starts the helpers (a daemon, a
    /// matchmaker), which end with it.
    fn fixture(plan: &Plan) -> Result<Self::Fixture>;

    /// Connects the calling side. Runs after the fork; waits until the server can be reached.
    fn caller(fixture: Self::Fixture) -> Result<Self::Caller>;

    /// Makes the serving side. Runs after the fork.
    fn server(fixture: Self::Fixture) -> Result<Self::Server>;

    /// Does the same as [`Transport::address`](crate::Transport::address).
    ///
    /// # Errors
    /// A mechanism that only a fork connects says so.
    fn address(_fixture: &Self::Fixture) -> Result<Address> {
        Err(Address::none())
    }

    /// Does the same as [`Transport::attach`](crate::Transport::attach).
    ///
    /// # Errors
    /// As [`address`](Remote::address).
    fn attach(_plan: &Plan, _address: Address) -> Result<Self::Fixture> {
        Err(Address::none())
    }
}

/// The calling half.
pub trait Call {
    /// Calls the procedure and waits for its result.
    fn call(&mut self, argument: &[u8]) -> Result<&[u8]>;
}

/// The next step of a server after a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Wait for the next call.
    Continue,
    /// Answer this one, then return from [`Serve::serve`].
    Stop,
}

/// The function that a server runs: it reads the argument and writes the result into the empty
/// buffer. It may run on any thread of the server.
pub type Procedure = Box<dyn FnMut(&[u8], &mut Vec<u8>) -> Flow + Send>;

/// The serving half.
pub trait Serve {
    /// Answers calls, one after the other, until the procedure says [`Flow::Stop`]. May be called
    /// again on the same connection.
    fn serve(&mut self, procedure: Procedure) -> Result<()>;
}

/// A row that a build leaves out because its feature is off. [`Absent`] takes its place and says
/// so.
pub trait LeftOut: 'static {
    /// The facts of the row that is left out.
    const INFO: Info;
    /// The feature that turns it on.
    const FEATURE: &'static str;
}

/// The row that takes the place of one that is left out.
#[derive(Debug)]
pub struct Absent<L>(PhantomData<L>);

/// One half of a row that is left out; no value of it exists.
#[derive(Debug)]
pub enum NoHalf {}

impl<L: LeftOut> Absent<L> {
    fn words() -> (String, Option<String>) {
        let remedy = format!("cargo build --release --features {}", L::FEATURE);
        ("this build leaves it out".into(), Some(remedy))
    }
}

impl<L: LeftOut> Remote for Absent<L> {
    const INFO: Info = L::INFO;
    type Fixture = NoHalf;
    type Caller = NoHalf;
    type Server = NoHalf;

    fn available() -> Availability {
        let (reason, remedy) = Self::words();
        Availability::Unavailable(Refusal { reason, remedy })
    }

    fn fixture(_: &Plan) -> Result<NoHalf> {
        let (reason, remedy) = Self::words();
        Err(Error::Unavailable(Refusal { reason, remedy }))
    }

    fn caller(fixture: NoHalf) -> Result<NoHalf> {
        match fixture {}
    }

    fn server(fixture: NoHalf) -> Result<NoHalf> {
        match fixture {}
    }
}

impl Call for NoHalf {
    fn call(&mut self, _: &[u8]) -> Result<&[u8]> {
        match *self {}
    }
}

impl Serve for NoHalf {
    fn serve(&mut self, _: Procedure) -> Result<()> {
        match *self {}
    }
}
