//! A transport as the loops see it: with the types of its halves known, or erased.
//!
//! Each pattern is written once, over [`Halves`]. Shared memory passes a message in a few ns, so
//! each type of its halves has loops of its own ([`Known`]). A mechanism that enters the kernel
//! takes some 300 ns a message or more, and a virtual call 1 to 2 ns: all of these transports share
//! one copy of the loops ([`Erased`]). Only the inner loop of a stream is compiled for each of
//! their types.

use crate::desk::Desk;
use ipcmark_core::{Capacity, Info, Link, Plan, Receiver, Result, Sender, Side, Transport};
use std::marker::PhantomData;
use std::os::fd::BorrowedFd;

/// The types of a link's halves, and the facts that a loop needs once a message: constants if the
/// types are known.
pub(crate) trait Halves: 'static {
    type Tx: Sender + 'static;
    type Rx: Receiver + 'static;
    /// False if no such transport loses messages.
    const MAY_LOSE: bool;

    fn zero_copy(desk: &Desk) -> bool;
    fn zero_copy_rx(desk: &Desk) -> bool;
    fn lossy(desk: &Desk) -> bool;
    /// Returns true if messages have several sizes: only erased halves carry them.
    fn varied(desk: &Desk) -> bool;

    /// Sends `count` messages, each followed by another.
    fn send_block(tx: &mut Self::Tx, desk: &mut Desk, count: u64) -> Result<()>;
    /// Receives `count` messages, or up to the last one of the phase. Returns their number, and
    /// true if the last one came.
    fn receive_block(rx: &mut Self::Rx, desk: &mut Desk, count: u64) -> Result<(u64, bool)>;
}

/// Halves of known types: no branch on a fact, no virtual call.
#[derive(Debug)]
pub(crate) struct Known<Tx, Rx, const ZERO_COPY: bool, const LOSSY: bool>(PhantomData<(Tx, Rx)>);

/// [`Known`] halves of a transport.
pub(crate) type Of<T, const ZERO_COPY: bool, const LOSSY: bool> =
    Known<<T as Transport>::Tx, <T as Transport>::Rx, ZERO_COPY, LOSSY>;

impl<Tx, Rx, const ZERO_COPY: bool, const LOSSY: bool> Halves for Known<Tx, Rx, ZERO_COPY, LOSSY>
where
    Tx: Sender + 'static,
    Rx: Receiver + 'static,
{
    type Tx = Tx;
    type Rx = Rx;
    const MAY_LOSE: bool = LOSSY;

    #[inline(always)]
    fn zero_copy(_: &Desk) -> bool {
        ZERO_COPY
    }

    #[inline(always)]
    fn zero_copy_rx(_: &Desk) -> bool {
        ZERO_COPY
    }

    #[inline(always)]
    fn lossy(_: &Desk) -> bool {
        LOSSY
    }

    #[inline(always)]
    fn varied(_: &Desk) -> bool {
        false
    }

    #[inline(always)]
    fn send_block(tx: &mut Tx, desk: &mut Desk, count: u64) -> Result<()> {
        if ZERO_COPY {
            desk.send_block_in_place(tx, count)
        } else {
            desk.send_block(tx, false, count)
        }
    }

    #[inline(always)]
    fn receive_block(rx: &mut Rx, desk: &mut Desk, count: u64) -> Result<(u64, bool)> {
        desk.receive_block(rx, ZERO_COPY, count)
    }
}

/// Halves reached by virtual calls.
#[derive(Debug)]
pub(crate) struct Erased;

/// The sending half of any transport.
pub(crate) type AnyTx = Box<dyn AnySender>;
/// The receiving half of any transport.
pub(crate) type AnyRx = Box<dyn AnyReceiver>;

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

    fn try_claim(&mut self, len: usize) -> Result<Option<&mut [u8]>> {
        (**self).try_claim(len)
    }

    fn try_commit(&mut self) -> Result<bool> {
        (**self).try_commit()
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

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        (**self).descriptor()
    }
}

impl Halves for Erased {
    type Tx = AnyTx;
    type Rx = AnyRx;
    const MAY_LOSE: bool = true;

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

    #[inline(always)]
    fn varied(desk: &Desk) -> bool {
        desk.varied.is_some()
    }

    fn send_block(tx: &mut AnyTx, desk: &mut Desk, count: u64) -> Result<()> {
        match desk.varied {
            None => (**tx).send_block(desk, count),
            Some(_) => desk.send_block_varied(tx, count),
        }
    }

    fn receive_block(rx: &mut AnyRx, desk: &mut Desk, count: u64) -> Result<(u64, bool)> {
        match desk.varied {
            None => (**rx).receive_block(desk, count),
            Some(_) => desk.receive_block_varied(rx, count),
        }
    }
}

/// One transport: its facts, and the way to links with such halves.
pub(crate) struct Row<H: Halves> {
    pub(crate) info: &'static Info,
    pub(crate) fixture: fn(&Plan) -> Result<Box<dyn Fixture<H>>>,
}

impl<H: Halves> Row<H> {
    /// Returns the row of `T`.
    pub(crate) const fn of<T: Transport>() -> Row<H>
    where
        Inherited<T>: Fixture<H>,
    {
        Row {
            info: const { &T::INFO },
            fixture: |plan| Ok(Box::new(Inherited::<T>(T::fixture(plan)?))),
        }
    }
}

/// The part of one link that the processes inherit.
pub(crate) trait Fixture<H: Halves> {
    fn capacity(&self) -> Result<Capacity>;
    fn split(self: Box<Self>, side: Side) -> Result<Link<H::Tx, H::Rx>>;
}

/// A transport's fixture.
pub(crate) struct Inherited<T: Transport>(T::Fixture);

impl<T: Transport, const ZERO_COPY: bool, const LOSSY: bool> Fixture<Of<T, ZERO_COPY, LOSSY>>
    for Inherited<T>
{
    fn capacity(&self) -> Result<Capacity> {
        T::capacity(&self.0)
    }

    fn split(self: Box<Self>, side: Side) -> Result<Link<T::Tx, T::Rx>> {
        T::split(self.0, side)
    }
}

impl<T: Transport> Fixture<Erased> for Inherited<T> {
    fn capacity(&self) -> Result<Capacity> {
        T::capacity(&self.0)
    }

    fn split(self: Box<Self>, side: Side) -> Result<Link<AnyTx, AnyRx>> {
        let Link { tx, rx } = T::split(self.0, side)?;
        Ok(Link { tx: Box::new(tx), rx: Box::new(rx) })
    }
}
