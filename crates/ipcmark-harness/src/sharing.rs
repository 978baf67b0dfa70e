//! Execution units that two CPUs share: hardware threads of one core slow each other down, two cores do not.
//!
//! A virtual machine's own topology says nothing about it, and the round trip of a cache line has no border that fits all machines.
//! So a process on each CPU runs a loop that fills the core's multipliers, by turns alone and at the same time. Slices in which a process lost its CPU do not count: the rest are of an undisturbed machine.

use crate::findings::{pack, unpack};
use crate::{Error, Result};
use ipcmark_core::Error as Refusal;
use ipcmark_record::{Distance, SharingSample};
use ipcmark_sys::barrier::{self, Barrier};
use ipcmark_sys::clock::{Clock, Ticks};
use ipcmark_sys::crew::Crew;
use ipcmark_sys::shared::Lines;
use ipcmark_sys::{affinity, distance, units};
use std::hint::spin_loop;
use std::time::{Duration, Instant};

/// Turns: in each both run alone, and then together.
const TURNS: usize = 12;
/// Turns without a disturbance that a result needs.
const FEWEST: usize = 6;
/// Time from a meeting to the start of a slice: longer than a wake-up, so that both are awake.
const LEAD: Duration = Duration::from_micros(100);
/// One slice.
const SLICE: Duration = Duration::from_micros(100);
/// A process that does not see its clock for so long has lost its CPU.
const GAP: Duration = Duration::from_micros(20);
/// Rounds of work between two readings of the clock: about 1 µs.
const CHUNK: u64 = 256;
/// Time for all of it, on a busy machine. On a quiet one it takes some 20 ms.
const PATIENCE: Duration = Duration::from_millis(100);

/// One process's slices: in each turn alone and together, chunks per ns; `None` for a disturbed slice.
type Slices = Vec<[Option<f64>; 2]>;

/// Tries two different CPUs, `at_ns` after the run's start; `None` if the machine was too busy to tell, or
/// where this build has no such loop.
///
/// # Errors
/// If the processes cannot be made or pinned, or do not end in time.
pub fn sample(clock: &Clock, (a, b): (u32, u32), at_ns: u64) -> Result<Option<SharingSample>> {
    if !units::KNOWN {
        return Ok(None);
    }
    let lines = Lines::new(barrier::LINES + 1)?;
    let mut crew = Crew::new(2, 4096)?;
    for (number, cpu) in [a, b].into_iter().enumerate() {
        crew.fork(|| {
            affinity::pin(cpu)?;
            let (meeting, probe) = lines.lines().split_at(barrier::LINES);
            let meeting = Barrier::new(meeting.try_into().expect("as many lines"), 2);
            let apart = || -> ipcmark_core::Result<f64> {
                meeting.meet(clock, true)?;
                Ok(distance::median_ns(&probe[0].word, clock, number == 0))
            };
            let before_ns = apart()?;
            let slices = slices(clock, &meeting, number)?;
            pack(&(before_ns, slices, apart()?))
        })?;
    }
    let end = Instant::now() + PATIENCE;
    let finished = crew.finish_by(end, Some(end))?;
    let lost = |what: &str| -> Error {
        Refusal::Protocol(format!("CPU {a} and CPU {b} were not tried together: {what}")).into()
    };
    let results = finished.results().map_err(|e| lost(&e.what))?;
    let (before_ns, first, after_ns): (f64, Slices, f64) = unpack(&results[0])?;
    let (_, second, _): (f64, Slices, f64) = unpack(&results[1])?;
    let distance = Distance { before_ns, after_ns };
    Ok(kept(&first, &second).map(|kept| SharingSample { at_ns, distance, kept }))
}

fn slices(clock: &Clock, meeting: &Barrier, number: usize) -> ipcmark_core::Result<Slices> {
    let mut slices = Slices::new();
    for _ in 0..TURNS {
        let mut own = [None; 2];
        for phase in 0..3 {
            let start = meeting.meet(clock, true)? + clock.ticks(LEAD);
            if phase == number {
                own[0] = work(clock, start);
            } else if phase == 2 {
                own[1] = work(clock, start);
            } else {
                // Spinning would take units away from the other.
                std::thread::sleep(LEAD + SLICE);
            }
        }
        slices.push(own);
    }
    Ok(slices)
}

/// Works from `start` on; returns the chunks per ns.
fn work(clock: &Clock, start: Ticks) -> Option<f64> {
    let (end, gap) = (start + clock.ticks(SLICE), clock.ticks(GAP));
    let mut last = clock.now();
    if last > start {
        return None;
    }
    while last < start {
        spin_loop();
        last = clock.now();
    }
    let begun = last;
    let (mut chunks, mut undisturbed) = (0_u32, true);
    while last < end {
        units::multiply(CHUNK);
        chunks += 1;
        let now = clock.now();
        undisturbed &= now.saturating_sub(last) < gap;
        last = now;
    }
    undisturbed.then(|| f64::from(chunks) / clock.ns(last - begun))
}

/// Returns the share of its speed that each keeps while the other works; `None` from too few turns.
fn kept(first: &Slices, second: &Slices) -> Option<f64> {
    let turns = first.iter().zip(second).filter_map(|(first, second)| {
        let share = |[alone, together]: [Option<f64>; 2]| Some(together? / alone?);
        Some(f64::midpoint(share(*first)?, share(*second)?))
    });
    let mut shares: Vec<f64> = turns.collect();
    shares.sort_by(f64::total_cmp);
    (shares.len() >= FEWEST).then(|| shares[shares.len() / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disturbed_turns_do_not_count() {
        let own = |alone, together| [Some(alone), Some(together)];
        let mut slices = vec![own(2.0, 1.0); FEWEST];
        slices.push([Some(2.0), None]);
        assert_eq!(kept(&slices, &slices), Some(0.5));
        let short = slices.split_off(1);
        assert_eq!(kept(&short, &short), None, "too few");
        let lone = vec![own(2.0, 1.96); FEWEST];
        let (two, one) = (kept(&lone, &lone).unwrap(), 0.5);
        assert!(two > 0.9 && one < two);
    }
}
