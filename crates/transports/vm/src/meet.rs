//! How the sides learn of each other after the fork: process numbers first, then where their windows are.

use crate::VmFixture;
use crate::way::{self, Way};
use ipcmark_core::{Error, Result, Side};
use ipcmark_sys::lifeline::Lifeline;
use ipcmark_sys::shared::Lines;
use ipcmark_sys::{futex, vm};
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::Duration;

/// Lines that the meeting takes: two a side.
pub(crate) const LINES: usize = 4;
/// Time to wait for the peer before its lifeline is asked.
const NAP: Duration = Duration::from_millis(100);

/// One side, after the fork.
pub(crate) struct Party {
    lines: Arc<Lines>,
    side: Side,
    pub(crate) lifeline: Arc<Lifeline>,
    pub(crate) peer_pid: i32,
    pub(crate) size: usize,
    /// Towards the peer.
    pub(crate) out: Way,
    /// Value from the peer.
    pub(crate) back: Way,
}

impl Party {
    /// Tells the peer who this side is, learns who the peer is, and lets it in.
    pub(crate) fn meet(fixture: VmFixture, side: Side) -> Result<Party> {
        let VmFixture { lines, lifelines, size, slots } = fixture;
        let lines = Arc::new(lines);
        let way = |from: Side| {
            let first = LINES + from.index() * way::lines(slots);
            Way::new(Arc::clone(&lines), first, slots)
        };
        let (out, back) = (way(side), way(side.peer()));
        let lifeline = Arc::new(lifelines.split(side));
        let mut party = Party { lines, side, lifeline, peer_pid: 0, size, out, back };
        party.raise(0, std::process::id())?;
        party.peer_pid = party.await_peer(0)? as i32;
        vm::admit(party.peer_pid)?;
        Ok(party)
    }

    /// Waits until both sides have said where their windows are.
    pub(crate) fn ready(&self) -> Result<()> {
        self.raise(1, 1)?;
        self.await_peer(1).map(drop)
    }

    fn raise(&self, stage: usize, value: u32) -> Result<()> {
        let word = &self.lines.lines()[2 * self.side.index() + stage].futex;
        word.store(value, Release);
        futex::wake_all(word)
    }

    fn await_peer(&self, stage: usize) -> Result<u32> {
        let word = &self.lines.lines()[2 * self.side.peer().index() + stage].futex;
        loop {
            match word.load(Acquire) {
                0 if self.lifeline.peer_is_gone() && word.load(Acquire) == 0 => {
                    return Err(Error::PeerDied);
                }
                0 => futex::wait(word, 0, NAP)?,
                value => return Ok(value),
            }
        }
    }
}
