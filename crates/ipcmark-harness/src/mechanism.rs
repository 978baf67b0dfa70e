//! A transport as the loops see it: with its types known, or erased.
//!
//! Each pattern is written once, over a [`Mechanism`]. Shared memory passes a message in a few ns, so each of its transports
//! has loops compiled for its own types ([`Known`]). A mechanism that enters the kernel takes some 300 ns a message or more,
//! and a virtual call 1 to 2 ns: all of these transports share one copy of the loops ([`Erased`]). Only the inner loop of a
//! stream is compiled for each of their types.

use crate::desk::Desk;
use ipcmark_core::{Capacity, Info, Link, Plan, Receiver, Result, Sender, Side, Transport};
use std::marker::PhantomData;

/// One transport, and how to reach its halves.
pub(crate) trait Mechanism: Copy + 'static {
    type Fixture: 'static;
    type Tx: Sender + 'static;
    type Rx: Receiver + 'static;

    fn info(self) -> &'static Info;
    fn fixture(self, plan: &Plan) -> Result<Self::Fixture>;
    fn capacity(self, fixture: &Self::Fixture) -> Result<Capacity>;
    fn split(self, fixture: Self::Fixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>>;

    /// Facts that a loop asks for once a message: constants where the types are known.
    fn zero_copy(desk: &Desk) -> bool;
    fn zero_copy_rx(desk: &Desk) -> bool;
    fn lossy(desk: &Desk) -> bool;

    /// Sends `count` messages, each followed by another.
    fn send_block(tx: &mut Self::Tx, desk: &mut Desk, count: u64) -> Result<()>;
    /// Receives `count` messages, or up to the last one of the phase. Returns their number, and true if the last one came.
    fn receive_block(rx: &mut Self::Rx, desk: &mut Desk, count: u64) -> Result<(u64, bool)>;
}

/// A transport whose types the loops know: no branch on a constant fact, no virtual call.
#[derive(Debug)]
pub(crate) struct Known<T>(PhantomData<T>);

impl<T> Known<T> {
    pub(crate) const NEW: Known<T> = Known(PhantomData);
}

impl<T> Copy for Known<T> {}

impl<T> Clone for Known<T> {
    fn clone(&self) -> Known<T> {
        *self
    }
}

impl<T: Transport> Mechanism for Known<T> {
    type Fixture = T::Fixture;
    type Tx = T::Tx;
    type Rx = T::Rx;

    fn info(self) -> &'static Info {
        const { &T::INFO }
    }

    fn fixture(self, plan: &Plan) -> Result<T::Fixture> {
        T::fixture(plan)
    }

    fn capacity(self, fixture: &T::Fixture) -> Result<Capacity> {
        T::capacity(fixture)
    }

    fn split(self, fixture: T::Fixture, side: Side) -> Result<Link<T::Tx, T::Rx>> {
        T::split(fixture, side)
    }

    #[inline(always)]
    fn zero_copy(_: &Desk) -> bool {
        T::INFO.zero_copy
    }

    #[inline(always)]
    fn zero_copy_rx(_: &Desk) -> bool {
        T::INFO.zero_copy_rx
    }

    #[inline(always)]
    fn lossy(_: &Desk) -> bool {
        T::INFO.lossy
    }

    #[inline(always)]
    fn send_block(tx: &mut T::Tx, desk: &mut Desk, count: u64) -> Result<()> {
        if T::INFO.zero_copy {
            desk.send_block_in_place(tx, count)
        } else {
            desk.send_block(tx, false, count)
        }
    }

    #[inline(always)]
    fn receive_block(rx: &mut T::Rx, desk: &mut Desk, count: u64) -> Result<(u64, bool)> {
        desk.receive_block(rx, T::INFO.zero_copy_rx, count)
    }
}

/// A transport reached by virtual calls.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Erased {
    info: &'static Info,
    fixture: fn(&Plan) -> Result<Box<dyn AnyFixture>>,
}

impl Erased {
    /// Erases `T`.
    pub(crate) const fn of<T: Transport>() -> Erased {
        Erased {
            info: const { &T::INFO },
            fixture: |plan| Ok(Box::new(Of::<T>(T::fixture(plan)?))),
        }
    }
}

/// The sending half of any transport.
pub(crate) type AnyTx = Box<dyn AnySender>;
/// The receiving half of any transport.
pub(crate) type AnyRx = Box<dyn AnyReceiver>;

/// A transport's fixture.
pub(crate) trait AnyFixture {
    fn capacity(&self) -> Result<Capacity>;
    fn split(self: Box<Self>, side: Side) -> Result<Link<AnyTx, AnyRx>>;
}

struct Of<T: Transport>(T::Fixture);

impl<T: Transport> AnyFixture for Of<T> {
    fn capacity(&self) -> Result<Capacity> {
        T::capacity(&self.0)
    }

    fn split(self: Box<Self>, side: Side) -> Result<Link<AnyTx, AnyRx>> {
        let Link { tx, rx } = T::split(self.0, side)?;
        Ok(Link { tx: Box::new(tx), rx: Box::new(rx) })
    }
}

/// A sending half, and its inner loop of a stream.
pub(crate) trait AnySender: Sender {
    fn send_block(&mut self, desk: &mut Desk, count: u64) -> Result<()>;
}

/// A receiving half, and its inner loop of a stream.
pub(crate) trait AnyReceiver: Receiver {
    fn receive_block(&mut self, desk: &mut Desk, count: u64) -> Result<(u64, bool)>;
}

impl<S: Sender> AnySender for S {
    fn send_block(&mut self, desk: &mut Desk, count: u64) -> Result<()> {
        desk.send_block(self, desk.zero_copy, count)
    }
}

impl<R: Receiver> AnyReceiver for R {
    fn receive_block(&mut self, desk: &mut Desk, count: u64) -> Result<(u64, bool)> {
        desk.receive_block(self, desk.zero_copy_rx, count)
    }
}

impl Sender for AnyTx {
    #[inline(always)]
    fn claim(&mut self, len: usize) -> Result<&mut [u8]> {
        (**self).claim(len)
    }

    #[inline(always)]
    fn commit(&mut self) -> Result<()> {
        (**self).commit()
    }

    #[inline(always)]
    fn commit_more(&mut self) -> Result<()> {
        (**self).commit_more()
    }
}

impl Receiver for AnyRx {
    #[inline(always)]
    fn receive(&mut self) -> Result<&[u8]> {
        (**self).receive()
    }

    #[inline(always)]
    fn release(&mut self) -> Result<()> {
        (**self).release()
    }

    #[inline(always)]
    fn ready(&mut self) -> Result<bool> {
        (**self).ready()
    }
}

impl Mechanism for Erased {
    type Fixture = Box<dyn AnyFixture>;
    type Tx = AnyTx;
    type Rx = AnyRx;

    fn info(self) -> &'static Info {
        self.info
    }

    fn fixture(self, plan: &Plan) -> Result<Self::Fixture> {
        (self.fixture)(plan)
    }

    fn capacity(self, fixture: &Self::Fixture) -> Result<Capacity> {
        (**fixture).capacity()
    }

    fn split(self, fixture: Self::Fixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>> {
        fixture.split(side)
    }

    #[inline(always)]
    fn zero_copy(desk: &Desk) -> bool {
        desk.zero_copy
    }

    #[inline(always)]
    fn zero_copy_rx(desk: &Desk) -> bool {
        desk.zero_copy_rx
    }

    #[inline(always)]
    fn lossy(desk: &Desk) -> bool {
        desk.lossy
    }

    fn send_block(tx: &mut Self::Tx, desk: &mut Desk, count: u64) -> Result<()> {
        (**tx).send_block(desk, count)
    }

    fn receive_block(rx: &mut Self::Rx, desk: &mut Desk, count: u64) -> Result<(u64, bool)> {
        (**rx).receive_block(desk, count)
    }
}
