//! A toy notifier and a toy server, each over two pipes.

use ipcmark_core::{
    Availability, Call, Carries, Error, Framing, Info, Limits, Link, Listen, Notifier, Notify,
    Plan, Procedure, Remote, Result, Serve, Side, WaitKind,
};
use rustix::io::{read, write};
use rustix::pipe::pipe;
use std::os::fd::OwnedFd;

type Pipes = [(OwnedFd, OwnedFd); 2];

fn pipes() -> Result<Pipes> {
    let make = || pipe().map_err(|e| Error::os("pipe", e));
    Ok([make()?, make()?])
}

fn take(pipes: Pipes, side: Side) -> (OwnedFd, OwnedFd) {
    let [there, back] = pipes;
    match side {
        Side::Initiator => (there.1, back.0),
        Side::Responder => (back.1, there.0),
    }
}

const fn info(mechanism: &'static str, carries: Carries) -> Info {
    let toy = Info {
        family: "toy",
        mechanism,
        wait: WaitKind::Block,
        framing: Framing::Stream,
        summary: "a toy",
        reference: "pipe(7)",
        ..Info::DEFAULT
    };
    Info { carries, ..toy }
}

/// A byte for each notification; `BYTES` for one that gives too many.
pub(crate) struct Bell<const BYTES: usize>;

pub(crate) struct Rope<const BYTES: usize>(OwnedFd);
pub(crate) struct Ear(OwnedFd);

impl<const BYTES: usize> Notifier for Bell<BYTES> {
    const INFO: Info = info("bell", Carries::Notifications);
    type Fixture = Pipes;
    type Tx = Rope<BYTES>;
    type Rx = Ear;

    fn available() -> Availability {
        Availability::Available(Limits::none())
    }

    fn fixture(_: &Plan) -> Result<Pipes> {
        pipes()
    }

    fn split(fixture: Pipes, side: Side) -> Result<Link<Rope<BYTES>, Ear>> {
        let (tx, rx) = take(fixture, side);
        Ok(Link { tx: Rope(tx), rx: Ear(rx) })
    }
}

impl<const BYTES: usize> Notify for Rope<BYTES> {
    fn notify(&mut self) -> Result<()> {
        write(&self.0, &[0; BYTES]).map(drop).map_err(|e| Error::os("write", e))
    }
}

impl Listen for Ear {
    fn listen(&mut self) -> Result<u64> {
        match read(&self.0, &mut [0; 16]).map_err(|e| Error::os("read", e))? {
            0 => Err(Error::Closed),
            n => Ok(n as u64),
        }
    }
}

/// Arguments and results of one size through two pipes; the procedure runs on a thread of the
/// server's.
pub(crate) struct Counter;

pub(crate) struct Customer(OwnedFd, OwnedFd, Vec<u8>);
pub(crate) struct Clerk(OwnedFd, OwnedFd, usize);

impl Remote for Counter {
    const INFO: Info = info("counter", Carries::Calls);
    type Fixture = (Pipes, usize);
    type Caller = Customer;
    type Server = Clerk;

    fn available() -> Availability {
        Availability::Available(Limits::none())
    }

    fn fixture(plan: &Plan) -> Result<Self::Fixture> {
        Ok((pipes()?, plan.size))
    }

    fn caller((pipes, size): Self::Fixture) -> Result<Customer> {
        let (tx, rx) = take(pipes, Side::Initiator);
        Ok(Customer(tx, rx, vec![0; size]))
    }

    fn server((pipes, size): Self::Fixture) -> Result<Clerk> {
        let (tx, rx) = take(pipes, Side::Responder);
        Ok(Clerk(tx, rx, size))
    }
}

impl Call for Customer {
    fn call(&mut self, argument: &[u8]) -> Result<&[u8]> {
        write(&self.0, argument).map_err(|e| Error::os("write", e))?;
        match read(&self.1, &mut self.2[..]).map_err(|e| Error::os("read", e))? {
            0 => Err(Error::Closed),
            n => Ok(&self.2[..n]),
        }
    }
}

impl Serve for Clerk {
    fn serve(&mut self, mut procedure: Procedure) -> Result<()> {
        let Clerk(tx, rx, size) = self;
        let serve = move || -> Result<()> {
            let mut argument = vec![0; *size];
            let mut result = Vec::new();
            loop {
                if read(&*rx, &mut argument[..]).map_err(|e| Error::os("read", e))? == 0 {
                    return Err(Error::Closed);
                }
                result.clear();
                let flow = procedure(&argument, &mut result);
                write(&*tx, &result).map_err(|e| Error::os("write", e))?;
                if flow == ipcmark_core::Flow::Stop {
                    return Ok(());
                }
            }
        };
        std::thread::scope(|scope| scope.spawn(serve).join())
            .unwrap_or_else(|_| Err(Error::Protocol("the clerk fell over".into())))
    }
}
