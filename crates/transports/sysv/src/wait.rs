//! How a side waits on a queue that is no descriptor.

use ipcmark_core::{Result, Wait};
use ipcmark_sys::fd::{Block, Spin, Yield};
use ipcmark_sys::lifeline::{Lifeline, Ticker};
use ipcmark_sys::sysv::Patience;

/// Tries between two looks for the peer, at a fraction of a microsecond a try.
const LONG_SPINS: u32 = 1 << 16;
/// Number of turns with `sched_yield(2)`, each of which may cost a time slice.
const LONG_YIELDS: u32 = 1 << 8;

/// A wait strategy for System V queues; the words are those of descriptors.
pub trait QueueWait: Wait + Sized {
    /// True if the call sleeps.
    const PATIENCE: Patience;
    /// True if a side has other work to do meanwhile.
    const OVERLAPS: bool = matches!(Self::PATIENCE, Patience::None);
    /// Resources that it needs while it waits.
    type Turns: Turns;
}

/// One half's waiting.
pub trait Turns: Sized {
    /// Prepares to wait, in the thread that will. After the fork.
    fn arm(lifeline: &Lifeline) -> Result<Self>;
    /// Returns a call had to be given up (`EAGAIN`, `EINTR`): does what comes between two tries; true when it has been
    /// long, and the peer should be looked for.
    fn turn(&mut self) -> bool;
}

impl QueueWait for Block {
    const PATIENCE: Patience = Patience::Sleep;
    type Turns = Ticks;
}

/// The call sleeps; what ends it is the ticker, which stands still until there is news of the peer.
#[derive(Debug)]
pub struct Ticks {
    _ticker: Ticker,
}

impl Turns for Ticks {
    fn arm(lifeline: &Lifeline) -> Result<Ticks> {
        Ok(Ticks { _ticker: lifeline.ticks()? })
    }

    #[cold]
    fn turn(&mut self) -> bool {
        true
    }
}

impl QueueWait for Spin {
    const PATIENCE: Patience = Patience::None;
    type Turns = Spins;
}

/// The call is retried at once.
#[derive(Debug)]
pub struct Spins(u32);

impl Turns for Spins {
    fn arm(_: &Lifeline) -> Result<Spins> {
        Ok(Spins(0))
    }

    #[inline]
    fn turn(&mut self) -> bool {
        self.0 = self.0.wrapping_add(1);
        self.0.is_multiple_of(LONG_SPINS)
    }
}

impl QueueWait for Yield {
    const PATIENCE: Patience = Patience::None;
    type Turns = Yields;
}

/// The call is retried after `sched_yield(2)`.
#[derive(Debug)]
pub struct Yields(u32);

impl Turns for Yields {
    fn arm(_: &Lifeline) -> Result<Yields> {
        Ok(Yields(0))
    }

    #[inline]
    fn turn(&mut self) -> bool {
        std::thread::yield_now();
        self.0 = self.0.wrapping_add(1);
        self.0.is_multiple_of(LONG_YIELDS)
    }
}
