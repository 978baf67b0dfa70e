//! How the two sides learn whom to signal.

use ipcmark_core::{Error, Result, Side};
use ipcmark_sys::futex;
use ipcmark_sys::lifeline::{Lifeline, LifelinePair, Peer};
use ipcmark_sys::shared::Lines;
use ipcmark_sys::signal::{Blocked, Number, Taking, Target};
use rustix::process::getpid;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::Duration;

/// Between two looks whether the peer is still there to come.
const NAP: Duration = Duration::from_millis(20);

/// Resources that both sides inherit: the signal is blocked already.
#[derive(Debug)]
pub struct Meeting {
    /// Process number of each side, and if it holds its peer's; 0 until then.
    numbers: Lines,
    lifelines: LifelinePair,
    blocked: Blocked,
    number: Number,
}

/// Resources of a side after it met its peer.
#[derive(Debug)]
pub(crate) struct Met<T> {
    pub(crate) target: Target,
    pub(crate) lifeline: Arc<Lifeline>,
    pub(crate) taking: T,
    pub(crate) ticker: ipcmark_sys::lifeline::Ticker,
    /// Last, so that what is pending is dropped when no one takes it any more.
    pub(crate) blocked: Blocked,
}

impl Meeting {
    /// Prepares the meeting before the fork.
    pub(crate) fn new(number: Number) -> Result<Meeting> {
        Ok(Meeting {
            numbers: Lines::new(4)?,
            lifelines: LifelinePair::new()?,
            blocked: Blocked::new(number)?,
            number,
        })
    }

    /// Prepares this side to take signals, tells the peer its number, and waits until both hold each other.
    pub(crate) fn meet<T: Taking>(self, side: Side) -> Result<Met<T>> {
        let Meeting { numbers, lifelines, blocked, number } = self;
        let lifeline = Arc::new(lifelines.split(side));
        let ticker = lifeline.ticks()?;
        let taking = T::new(number)?;
        let line = |side: Side, step: usize| &numbers.lines()[2 * step + side.index()].futex;
        let tell = |step, word| {
            line(side, step).store(word, Release);
            futex::wake_all(line(side, step))
        };
        let hear = |step| loop {
            match line(side.peer(), step).load(Acquire) {
                0 if lifeline.peer() != Peer::Here => return Err(Error::PeerDied),
                0 => futex::wait(line(side.peer(), step), 0, NAP)?,
                word => return Ok(word),
            }
        };
        tell(0, getpid().as_raw_nonzero().get() as u32)?;
        let target = Target::open(hear(0)? as i32, number)?;
        // Neither leaves before the other holds it: a side that is quick to end would be gone, and its number another's.
        tell(1, 1)?;
        hear(1)?;
        Ok(Met { target, lifeline, taking, ticker, blocked })
    }
}
