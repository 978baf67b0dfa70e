//! What the two sides of an invocation share besides the mechanism under test: a barrier, the line on which the
//! distance between their CPUs is measured, and a parcel each to bring results home in.

use ipcmark_core::{Result, Side};
use ipcmark_sys::clock::{Clock, Ticks};
use ipcmark_sys::futex;
use ipcmark_sys::shared::{Line, Lines, Parcel};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::time::Duration;

/// Room for one side's results: a dense histogram of three digits deflates to some ten kB.
const PARCEL_BYTES: usize = 1 << 20;
/// How long a side spins at the barrier before it sleeps. Longer than a wake-up takes across CPUs, so that both
/// sides leave the barrier awake.
const SPIN: Duration = Duration::from_millis(1);
/// Round trips of the distance probe, and how many make a batch (the clock's step is longer than a near one).
const PROBE_BATCHES: usize = 12;
const PROBE_BATCH: u64 = 25;

const BARRIER: usize = 0;
const PROBE: usize = 1;
/// Two lines that hold the moments of odd and even meetings: a side that is already at the next one does not touch what
/// its peer has yet to read.
const MOMENTS: usize = 2;
const LINES: usize = 4;

/// The shared pages of one invocation.
#[derive(Debug)]
pub(crate) struct Control {
    lines: Lines,
    parcels: [Parcel; 2],
}

impl Control {
    pub(crate) fn new() -> Result<Control> {
        Ok(Control {
            lines: Lines::new(LINES)?,
            parcels: [Parcel::new(PARCEL_BYTES)?, Parcel::new(PARCEL_BYTES)?],
        })
    }

    pub(crate) fn parcel(&self, side: Side) -> &Parcel {
        &self.parcels[side.index()]
    }

    fn line(&self, index: usize) -> &Line {
        &self.lines.lines()[index]
    }

    /// Waits until both sides are here; `spin` says whether waiting may keep the CPU (not when both share one).
    /// Returns the moment at which the later one came: one value, the same on both sides.
    pub(crate) fn meet(&self, clock: &Clock, spin: bool) -> Result<Ticks> {
        let futex = &self.line(BARRIER).futex;
        // Only this meeting's two arrivals move the count across its next even value.
        let meeting = futex.load(Acquire) / 2;
        let word = &self.line(MOMENTS + meeting as usize % 2).word;
        let now = clock.now();
        // Both sides store before they count themselves in; the later moment is the one that stands.
        word.fetch_max(now, Relaxed);
        let arrived = futex.fetch_add(1, AcqRel) + 1;
        let full = arrived.next_multiple_of(2);
        if arrived == full {
            futex::wake_all(futex)?;
            return Ok(word.load(Relaxed));
        }
        let patience = clock.ticks(SPIN);
        loop {
            let seen = futex.load(Acquire);
            if seen >= full {
                return Ok(word.load(Relaxed));
            }
            if spin && clock.now() - now < patience {
                std::hint::spin_loop();
            } else {
                // The supervisor ends a side whose peer never comes.
                futex::wait(futex, seen, Duration::from_secs(1))?;
            }
        }
    }

    /// Cache-line round trips between the two CPUs: median over batches, ns. The initiator keeps the time; both must
    /// call, right after they met. On one CPU there is no distance to measure: do not call.
    pub(crate) fn distance_ns(&self, clock: &Clock, side: Side) -> Option<f64> {
        let word = &self.line(PROBE).word;
        // Counts on from where an earlier probe ended, which is an even number; the initiator may have written its first
        // turn, an odd one, by now.
        let mut turn = word.load(Acquire) & !1;
        let await_word = |value| {
            while word.load(Acquire) != value {
                std::hint::spin_loop();
            }
        };
        let mut batches = [0.0; PROBE_BATCHES];
        for batch in &mut batches {
            let begun = clock.now();
            for _ in 0..PROBE_BATCH {
                match side {
                    Side::Initiator => {
                        word.store(turn + 1, Release);
                        await_word(turn + 2);
                    }
                    Side::Responder => {
                        await_word(turn + 1);
                        word.store(turn + 2, Release);
                    }
                }
                turn += 2;
            }
            *batch = clock.ns(clock.now() - begun) / PROBE_BATCH as f64;
        }
        batches.sort_by(f64::total_cmp);
        (side == Side::Initiator).then_some(batches[PROBE_BATCHES / 2])
    }
}
