//! Invocations that are alive at once and take turns: a few ms each, again and again.
//!
//! What a machine does in the next second is a better neighbour to what it does now than what it does in a minute: so
//! two programs are told apart best by short stretches in turn, with all their processes alive throughout. Between its turns
//! an invocation is parked: every process of it sleeps on a futex, those that spin included. A turn ends with the pattern's own
//! end of a phase, drained and checked, and the side that is one process then gives the turn to the next arm.
//!
//! What carries over from one arm's slice to the next: caches and branch predictors hold the other's lines. All arms pay alike,
//! for each comes after each other equally often. The first turn of each arm is its warm-up.

use crate::pattern::rules;
use crate::side::Findings;
use crate::stage::{Act, Stage};
use crate::timer::Middle;
use ipcmark_core::{Plan, Result};
use ipcmark_record::{Arm, Distance, Placed, Slice, State};
use ipcmark_sys::affinity;
use ipcmark_sys::baton::Baton;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// An invocation's place among those that it shares its time with.
#[derive(Debug, Clone)]
pub struct Turns {
    /// Which of them it is.
    pub arm: usize,
    /// The arm of each turn.
    pub order: Vec<usize>,
    /// Where the turn is handed on.
    pub relay: Arc<Baton>,
}

/// What an invocation brought that shared its time.
#[derive(Debug, Clone)]
pub struct Sliced {
    /// As it goes into the document.
    pub arm: Arm,
    /// Why this cell cannot be measured here, or anywhere.
    pub refused: Option<State>,
    /// True when a signal told this process to stop.
    pub interrupted: bool,
}

/// One process's part of a slice.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct OwnSlice {
    turn: u32,
    middle: Option<Middle>,
    messages: u64,
    elapsed_ns: u64,
    distance: Option<(f64, f64)>,
}

impl Turns {
    /// This arm's own turns.
    fn own(&self) -> impl Iterator<Item = u32> {
        let arm = self.arm;
        (0..).zip(&self.order).filter(move |(_, of)| **of == arm).map(|(turn, _)| turn)
    }

    /// Gives the turn after this one to whose it is.
    fn pass(&self, turn: u32) -> Result<()> {
        let next = turn + 1;
        self.order.get(next as usize).map_or(Ok(()), |arm| self.relay.give(*arm, next))
    }
}

impl<'a> Stage<'a> {
    /// Runs a warm-up, and a slice in each further turn, until the last or until the relay is stopped.
    pub(crate) fn slices(&mut self, turns: &Turns, act: &mut Act<'a, '_>) -> Result<()> {
        let is_one = self.seat.process == 0;
        for (at, turn) in turns.own().enumerate() {
            if !turns.relay.wait(turns.arm, turn)? {
                break;
            }
            if at == 0 {
                self.warm_up(act)?;
            } else {
                let slice = self.slice(turn, act)?;
                self.found.slices.push(slice);
            }
            // All have done their part, and go on to where they are parked.
            self.meet()?;
            if is_one {
                turns.pass(turn)?;
            }
        }
        let cpu = affinity::current();
        self.found.placed =
            Some(Placed { allowed: affinity::allowed()?, cpu_before: cpu, cpu_after: cpu });
        Ok(())
    }

    fn slice(&mut self, turn: u32, act: &mut Act<'a, '_>) -> Result<OwnSlice> {
        // Spinning or not, all are awake when it begins.
        self.meet()?;
        let before_ns = self.distance();
        self.timer.forget();
        self.start = self.meet()?;
        self.phase += 1;
        self.extent = self.plan.extent;
        self.timer.measure(self.extent, self.start);
        let done = act(self)?;
        self.meet()?;
        let after_ns = self.distance();
        Ok(OwnSlice {
            turn,
            middle: self.timer.middle(),
            messages: done.messages,
            elapsed_ns: self.clock.ns(done.end.saturating_sub(self.start)) as u64,
            distance: before_ns.zip(after_ns),
        })
    }
}

/// The slices of all processes put together, as the pattern counts.
pub(crate) fn together(plan: &Plan, sides: &mut [Findings]) -> Vec<Slice> {
    let figure = rules(plan.pattern).figure;
    let alone = sides.len() == 1;
    let of: Vec<_> = sides.iter_mut().map(|side| std::mem::take(&mut side.slices)).collect();
    let turns = of.iter().map(Vec::len).min().unwrap_or_default();
    (0..turns)
        .map(|at| {
            let all = || of.iter().map(move |slices| &slices[at]);
            let counted =
                || all().enumerate().filter(|(n, _)| alone || figure.is(*n)).map(|(_, s)| s);
            let middle = counted().find_map(|s| s.middle).or_else(|| all().find_map(|s| s.middle));
            let distance = of[0][at].distance;
            Slice {
                turn: of[0][at].turn,
                midmean_ns: middle.map_or(0.0, |m| m.midmean_ns),
                p99_ns: middle.map_or(0.0, |m| m.p99_ns),
                values: middle.map_or(0, |m| m.values),
                messages: counted().map(|s| s.messages).sum(),
                elapsed_ns: counted().map(|s| s.elapsed_ns).max().unwrap_or_default(),
                distance: distance.map(|(before_ns, after_ns)| Distance { before_ns, after_ns }),
            }
        })
        .collect()
}
