//! Invocations that are alive at the same time and take turns of a few ms each.
//!
//! A machine in the next second is more like the machine now than the machine in a minute. So two
//! programs are compared best by short stretches in turn, with all their processes alive
//! throughout. Between its turns an invocation is parked: all its processes sleep on a futex, those
//! that spin included. A turn ends with the pattern's own end of a phase, drained and checked. The
//! side that is one process then gives the turn to the next arm.
//!
//! Caches and branch predictors hold the other arm's lines when a slice begins. All arms pay alike,
//! because each comes after each other equally often. The first turn of each arm is its warm-up.

use crate::findings::Findings;
use crate::stage::{Act, Stage};
use crate::turns::OwnSlice;
pub use crate::turns::Turns;
use ipcmark_core::{Plan, Result};
use ipcmark_record::{Arm, Distance, Placed, Slice, State};
use ipcmark_sys::affinity;

/// Result of an invocation that shared its time.
#[derive(Debug, Clone)]
pub struct Sliced {
    /// The arm, in the form that the document holds.
    pub arm: Arm,
    /// The reason why this cell cannot be measured, here or anywhere.
    pub refused: Option<State>,
    /// True if a signal told this process to stop.
    pub interrupted: bool,
}

impl<'a> Stage<'a> {
    /// Runs all phases: calls `act` once a phase, at the same time in all processes. It returns
    /// when its part is over.
    pub(crate) fn phases(&mut self, act: &mut Act<'a, '_>) -> Result<()> {
        match &self.control.turns {
            Some(turns) => self.slices(turns, act),
            None => {
                self.look_from();
                self.warm_up(act)?;
                self.measure(act)
            }
        }
    }

    /// Runs a warm-up, and a slice in each further turn, until the last turn or until the relay is
    /// stopped.
    fn slices(&mut self, turns: &Turns, act: &mut Act<'a, '_>) -> Result<()> {
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
            // All have done their part, and continue to the point where they are parked.
            self.meet()?;
            if is_one {
                turns.pass(turn)?;
            }
        }
        let cpu = affinity::current();
        self.placed =
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
            elapsed_ns: self.elapsed_ns(done),
            by_schedule: self.span.is_some(),
            distance: before_ns.zip(after_ns),
        })
    }
}

/// Puts the slices of all processes together, as the pattern counts.
pub(crate) fn together(plan: &Plan, sides: &mut [Findings]) -> Vec<Slice> {
    let alone = sides.len() == 1;
    let counts: Vec<bool> =
        sides.iter().map(|side| alone || side.is_timed(plan.workload)).collect();
    let of: Vec<_> = sides.iter_mut().map(|side| std::mem::take(&mut side.frame.slices)).collect();
    let turns = of.iter().map(Vec::len).min().unwrap_or_default();
    (0..turns)
        .map(|at| {
            let all = || of.iter().map(move |slices| &slices[at]);
            let counted = || all().zip(&counts).filter(|(_, counts)| **counts).map(|(s, _)| s);
            let middle = counted().find_map(|s| s.middle).or_else(|| all().find_map(|s| s.middle));
            let distance = of[0][at].distance;
            Slice {
                turn: of[0][at].turn,
                midmean_ns: middle.map_or(0.0, |m| m.midmean_ns),
                p99_ns: middle.map_or(0.0, |m| m.p99_ns),
                values: middle.map_or(0, |m| m.values),
                messages: counted().map(|s| s.messages).sum(),
                elapsed_ns: counted().map(|s| s.elapsed_ns).max().unwrap_or_default(),
                by_schedule: counted().any(|s| s.by_schedule),
                distance: distance.map(|(before_ns, after_ns)| Distance { before_ns, after_ns }),
            }
        })
        .collect()
}
