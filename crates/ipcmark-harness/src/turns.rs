//! Turns that invocations take when they share their time, and what a process measures in one.

use crate::timer::Middle;
use ipcmark_core::Result;
use ipcmark_sys::baton::Baton;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// An invocation's place among those that it shares its time with.
#[derive(Debug, Clone)]
pub struct Turns {
    /// Number of the invocation's arm.
    pub arm: usize,
    /// The arm of each turn.
    pub order: Vec<usize>,
    /// Passes the turn on.
    pub relay: Arc<Baton>,
}

/// One process's part of a slice.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct OwnSlice {
    pub(crate) turn: u32,
    pub(crate) middle: Option<Middle>,
    pub(crate) messages: u64,
    pub(crate) elapsed_ns: u64,
    /// True if that is the time of a schedule.
    pub(crate) by_schedule: bool,
    pub(crate) distance: Option<(f64, f64)>,
}

impl Turns {
    /// Returns this arm's own turns.
    pub(crate) fn own(&self) -> impl Iterator<Item = u32> {
        let arm = self.arm;
        (0..).zip(&self.order).filter(move |(_, of)| **of == arm).map(|(turn, _)| turn)
    }

    /// Gives the next turn to its arm.
    pub(crate) fn pass(&self, turn: u32) -> Result<()> {
        let next = turn + 1;
        self.order.get(next as usize).map_or(Ok(()), |arm| self.relay.give(*arm, next))
    }
}
