//! A layer over a real pipe, with a place for one flaw.

use ipcmark_core::{
    Address, Availability, Capacity, Error, Info, Link, Plan, Receiver, Result, Sender, Side,
    Transport,
};
use ipcmark_pipe::Pipe;
use ipcmark_sys::fd::Block;
use ipcmark_sys::process::has_ended;
use ipcmark_sys::shared::{Line, Lines};
use std::marker::PhantomData;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Release};

/// What lies below the layer.
pub(crate) type Sound = Pipe<Block>;

/// Messages that a lossy layer holds.
pub(crate) const ROOM: u64 = 8;

/// Where the layer may go wrong; each place is sound unless the flaw says otherwise.
pub(crate) trait Flaw: Default + 'static {
    /// Its name, in the place of the mechanism's.
    const NAME: &'static str;

    /// See `Info::lossy`. The layer then drops what finds [`ROOM`] messages on their way.
    const LOSSY: bool = false;

    /// See `Info::many_senders`.
    const MANY_SENDERS: bool = false;

    /// See `Info::many_receivers`.
    const MANY_RECEIVERS: bool = false;

    /// See `Info::broadcasts`. The layer does not: its messages come to one receiver.
    const BROADCASTS: bool = false;

    /// See `Info::never_waits`. The layer refuses what finds [`ROOM`] messages on their way.
    const NEVER_WAITS: bool = false;

    /// Returns true if a message is refused, with `on_their_way` sent and not yet received.
    fn refuses(on_their_way: u64) -> bool {
        on_their_way >= ROOM
    }

    /// See [`Transport::attach`].
    fn attach(plan: &Plan, address: Address) -> Result<<Sound as Transport>::Fixture> {
        Sound::attach(plan, address)
    }

    /// Whether message number `n` is lost, with `on_their_way` sent and not yet received.
    fn loses(&mut self, _n: u64, on_their_way: u64) -> bool {
        Self::LOSSY && on_their_way >= ROOM
    }

    /// See [`Transport::available`].
    fn available() -> Availability {
        Sound::available()
    }

    /// See [`Receiver::descriptor`].
    fn descriptor(below: Option<BorrowedFd<'_>>) -> Option<BorrowedFd<'_>> {
        below
    }

    /// Called when the fixture is made.
    fn on_fixture(_plan: &Plan) {}

    /// Called after the fork, on each side.
    fn on_split() {}

    /// See [`Transport::capacity`].
    fn capacity(sound: Capacity) -> Capacity {
        sound
    }

    /// Called for a claim, before it is made: `buffer` is what is lent, `pending` that the last was not committed.
    fn on_claim(
        &mut self,
        _buffer: &mut [u8],
        _pending: Option<usize>,
        _send: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        Ok(())
    }

    /// The length that is claimed where `len` was asked for, on a link for `size`.
    fn claimed(len: usize, _size: usize) -> usize {
        len
    }

    /// Sends message number `n`.
    fn commit(
        &mut self,
        _n: u64,
        message: &[u8],
        send: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        send(message)
    }

    /// Sends message number `n`, which another follows.
    fn commit_more(
        &mut self,
        n: u64,
        message: &[u8],
        send: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        self.commit(n, message, send)
    }

    /// Whether the receiver takes a peer that is gone for the end, although it has something left to be received.
    /// `unread` is what was sent to the peer and not received.
    fn ends_early(_unread: u64) -> bool {
        false
    }

    /// What the receiver makes of the end.
    fn on_end(e: Error) -> Error {
        e
    }
}

/// The transport with the flaw `F`.
pub(crate) struct Flawed<F>(PhantomData<F>);

impl<F: Flaw> Transport for Flawed<F> {
    const INFO: Info = Info {
        mechanism: F::NAME,
        lossy: F::LOSSY,
        many_senders: F::MANY_SENDERS,
        many_receivers: F::MANY_RECEIVERS,
        broadcasts: F::BROADCASTS,
        never_waits: F::NEVER_WAITS,
        // What is on its way is counted in memory that only a fork shares.
        attaches: !F::LOSSY,
        ..<Sound as Transport>::INFO
    };
    type Fixture = (<Sound as Transport>::Fixture, usize, Lines);
    type Tx = FlawedSender<F>;
    type Rx = FlawedReceiver<F>;

    fn available() -> Availability {
        F::available()
    }

    fn fixture(plan: &Plan) -> Result<Self::Fixture> {
        F::on_fixture(plan);
        // The layer marks no boundaries of its own, so the pipe below must; but only messages of one length, without
        // marks, can several processes take from one pipe.
        let fixed = F::MANY_RECEIVERS && plan.fixed;
        Ok((Sound::fixture(&Plan { fixed, ..plan.clone() })?, plan.size, Lines::new(4)?))
    }

    fn capacity(fixture: &Self::Fixture) -> Result<Capacity> {
        Sound::capacity(&fixture.0).map(F::capacity)
    }

    fn split(
        (fixture, size, counts): Self::Fixture,
        side: Side,
    ) -> Result<Link<Self::Tx, Self::Rx>> {
        F::on_split();
        let counts = Arc::new(counts);
        let Link { tx, rx } = Sound::split(fixture, side)?;
        let tx = FlawedSender {
            flaw: F::default(),
            below: tx,
            buffer: vec![0; size],
            claimed: None,
            count: 0,
            way: Way { counts: Arc::clone(&counts), from: side },
        };
        counts.lines()[side.index()].futex.store(std::process::id(), Release);
        let way = Way { counts, from: side.peer() };
        Ok(Link { tx, rx: FlawedReceiver { below: rx, flaw: PhantomData, way } })
    }

    fn address(fixture: &Self::Fixture) -> Result<Address> {
        Sound::address(&fixture.0)
    }

    fn attach(plan: &Plan, address: Address) -> Result<Self::Fixture> {
        let fixed = F::MANY_RECEIVERS && plan.fixed;
        let below = F::attach(&Plan { fixed, ..plan.clone() }, address)?;
        Ok((below, plan.size, Lines::new(4)?))
    }
}

/// What is on its way in one direction.
struct Way {
    counts: Arc<Lines>,
    from: Side,
}

impl Way {
    fn sent(&self) -> &Line {
        &self.counts.lines()[2 * self.from.index()]
    }

    /// Returns true if the process that sends this way has ended.
    fn sender_is_gone(&self) -> bool {
        let pid = self.counts.lines()[self.from.index()].futex.load(Acquire);
        // A process that has not taken its halves yet is 0.
        pid != 0 && has_ended(pid as i32)
    }

    fn received(&self) -> &Line {
        &self.counts.lines()[2 * self.from.index() + 1]
    }

    fn on_their_way(&self) -> u64 {
        let received = self.received().word.load(Acquire);
        self.sent().word.load(Acquire).saturating_sub(received)
    }
}

/// Sends through the flaw.
pub(crate) struct FlawedSender<F> {
    flaw: F,
    below: <Sound as Transport>::Tx,
    buffer: Vec<u8>,
    claimed: Option<usize>,
    count: u64,
    way: Way,
}

fn send_below(below: &mut <Sound as Transport>::Tx, message: &[u8]) -> Result<()> {
    below.claim(message.len())?.copy_from_slice(message);
    below.commit()
}

impl<F: Flaw> Sender for FlawedSender<F> {
    fn claim(&mut self, len: usize) -> Result<&mut [u8]> {
        let len = F::claimed(len, self.buffer.len());
        // The pipe below knows its own limit.
        self.below.claim(len)?;
        let below = &mut self.below;
        let pending = self.claimed.take();
        self.flaw.on_claim(&mut self.buffer, pending, &mut |bytes| send_below(below, bytes))?;
        self.claimed = Some(len);
        Ok(&mut self.buffer[..len])
    }

    fn commit(&mut self) -> Result<()> {
        self.put(F::commit)
    }

    fn commit_more(&mut self) -> Result<()> {
        self.put(F::commit_more)
    }

    fn try_claim(&mut self, len: usize) -> Result<Option<&mut [u8]>> {
        self.claim(len).map(Some)
    }

    fn try_commit(&mut self) -> Result<bool> {
        match F::refuses(self.way.on_their_way()) {
            true => Ok(false),
            false => self.commit().map(|()| true),
        }
    }
}

/// How a flaw sends.
type Commit<F> = fn(&mut F, u64, &[u8], &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()>;

impl<F: Flaw> FlawedSender<F> {
    fn put(&mut self, commit: Commit<F>) -> Result<()> {
        let len = self.claimed.take().ok_or_else(|| Error::Protocol("no claim".into()))?;
        let n = self.count;
        self.count += 1;
        if self.flaw.loses(n, self.way.on_their_way()) {
            return Ok(());
        }
        let below = &mut self.below;
        self.way.sent().word.fetch_add(1, Release);
        commit(&mut self.flaw, n, &self.buffer[..len], &mut |bytes| send_below(below, bytes))
    }
}

/// Receives, and passes the end through the flaw.
pub(crate) struct FlawedReceiver<F> {
    below: <Sound as Transport>::Rx,
    flaw: PhantomData<F>,
    way: Way,
}

impl<F: Flaw> Receiver for FlawedReceiver<F> {
    fn receive(&mut self) -> Result<&[u8]> {
        let back = Way { counts: Arc::clone(&self.way.counts), from: self.way.from.peer() };
        if F::ends_early(back.on_their_way()) && self.way.sender_is_gone() {
            return Err(Error::Closed);
        }
        let received = self.below.receive();
        if received.is_ok() {
            self.way.received().word.fetch_add(1, Release);
        }
        received.map_err(|e| if e.is_end() { F::on_end(e) } else { e })
    }

    fn ready(&mut self) -> Result<bool> {
        self.below.ready()
    }

    fn release(&mut self) -> Result<()> {
        self.below.release()
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        F::descriptor(self.below.descriptor())
    }
}
