//! A byte stream over two pipes, framed as every stream is: it carries messages of any size.

use ipcmark_core::{
    Availability, ByteSink, ByteSource, ByteStream, Capacity, Error, Framing, Info, Limits, Link,
    Plan, Result, Role, Side,
};
use rustix::io::{read, write};
use rustix::pipe::pipe;
use std::os::fd::OwnedFd;

/// Two pipes. As a floor it has both ends in one process.
pub(crate) struct Pipes<const FLOOR: bool>;

pub(crate) struct Out(OwnedFd);

pub(crate) struct In(OwnedFd);

impl<const FLOOR: bool> ByteStream for Pipes<FLOOR> {
    const INFO: Info = Info {
        family: "toy",
        mechanism: "pipes",
        framing: Framing::Stream,
        role: if FLOOR { Role::Floor } else { Role::Mechanism },
        summary: "two pipes",
        reference: "pipe(7)",
        ..Info::DEFAULT
    };
    type Fixture = [(OwnedFd, OwnedFd); 2];
    type Sink = Out;
    type Source = In;

    fn available() -> Availability {
        Availability::Available(Limits::none())
    }

    fn fixture(_: &Plan) -> Result<Self::Fixture> {
        let made = || pipe().map_err(|e| Error::os("pipe", e));
        Ok([made()?, made()?])
    }

    fn capacity(_: &Self::Fixture) -> Result<Capacity> {
        Ok(Capacity::default())
    }

    fn split([there, back]: Self::Fixture, side: Side) -> Result<Link<Out, In>> {
        Ok(match side {
            Side::Initiator if FLOOR => Link { tx: Out(there.1), rx: In(there.0) },
            Side::Initiator => Link { tx: Out(there.1), rx: In(back.0) },
            Side::Responder => Link { tx: Out(back.1), rx: In(there.0) },
        })
    }
}

impl ByteSink for Out {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        write(&self.0, bytes).map_err(|e| Error::os("write", e))
    }
}

impl ByteSource for In {
    fn read(&mut self, space: &mut [u8]) -> Result<usize> {
        read(&self.0, space).map_err(|e| Error::os("read", e))
    }
}
