//! A transport with its types erased, so that the laws are compiled once for all transports.

use ipcmark_core::{
    Address, Availability, Capacity, Info, Link, Listener, Plan, Receiver, Result, Sender, Side,
    Transport,
};

/// The two halves of a link.
pub(crate) type Halves = Link<Box<dyn Sender>, Box<dyn Receiver>>;

/// One transport.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub(crate) info: &'static Info,
    pub(crate) available: fn() -> Availability,
    pub(crate) fixture: fn(&Plan) -> Result<Box<dyn Fixture>>,
    pub(crate) attach: fn(&Plan, Address) -> Result<Box<dyn Fixture>>,
    pub(crate) listen: fn(&Plan) -> Result<Listener>,
}

impl Row {
    /// Erases `T`.
    #[must_use]
    pub const fn of<T: Transport>() -> Row {
        Row {
            info: const { &T::INFO },
            available: T::available,
            fixture: |plan| Ok(Box::new(Of::<T>(T::fixture(plan)?))),
            attach: |plan, address| Ok(Box::new(Of::<T>(T::attach(plan, address)?))),
            listen: T::listen,
        }
    }
}

/// A transport's fixture.
pub(crate) trait Fixture {
    fn capacity(&self) -> Result<Capacity>;
    fn address(&self) -> Result<Address>;
    fn split(self: Box<Self>, side: Side) -> Result<Halves>;
}

struct Of<T: Transport>(T::Fixture);

impl<T: Transport> Fixture for Of<T> {
    fn capacity(&self) -> Result<Capacity> {
        T::capacity(&self.0)
    }

    fn address(&self) -> Result<Address> {
        T::address(&self.0)
    }

    fn split(self: Box<Self>, side: Side) -> Result<Halves> {
        let Link { tx, rx } = T::split(self.0, side)?;
        Ok(Link { tx: Box::new(tx), rx: Box::new(rx) })
    }
}
