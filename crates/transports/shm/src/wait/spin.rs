//! Waits that never sleep.

use super::{Look, RingWait, Seat, Site, Turn, Watch, last_look};
use ipcmark_core::{Names, Result, Wait, WaitKind};
use ipcmark_sys::lifeline::Lifeline;
use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::thread::yield_now;

/// Looks between two questions to the lifeline: some 0.5 ms of spinning, compared with which its system call costs nothing.
const LOOKS: u32 = 1 << 14;
/// Yields between two questions to the lifeline: few, since each may last a time slice where others want the CPU.
const YIELDS: u32 = 1 << 8;
/// Pauses between two looks at most: some 1 to 6 µs, after which news is as old as a message takes.
const PAUSES_MAX: u32 = 1 << 6;

/// Common part of waits that are never woken.
macro_rules! never_sleeps {
    ($wait:ident, $kind:ident) => {
        impl Wait for $wait {
            const KIND: WaitKind = WaitKind::$kind;
        }

        impl Watch for $wait {
            #[inline]
            fn watch(look: &mut impl Look, lifeline: &Lifeline) -> Result<()> {
                loop {
                    if Self::look_often(look)? || last_look(look, lifeline)? {
                        return Ok(());
                    }
                }
            }
        }

        impl RingWait for $wait {
            const SLEEPS: bool = false;
            type Bells = ();

            fn bells(_: &Names) -> Result<()> {
                Ok(())
            }

            fn prepare(_: Site, (): &(), _: Seat, _: &Arc<Lifeline>) -> Result<Self> {
                Ok($wait)
            }

            #[inline]
            fn until(&self, turn: &mut impl Turn, lifeline: &Lifeline) -> Result<()> {
                Self::watch(turn, lifeline)
            }

            fn wake(&self, _: &AtomicU32) -> Result<()> {
                Ok(())
            }
        }
    };
}

/// Looks again and again, with a pause instruction between. The CPU never rests.
#[derive(Debug)]
pub struct Spin;

impl Spin {
    #[inline]
    fn look_often(turn: &mut impl Look) -> Result<bool> {
        for _ in 0..LOOKS {
            if turn.look()? {
                return Ok(true);
            }
            spin_loop();
        }
        Ok(false)
    }
}

/// Looks ever more rarely: twice as many pause instructions after each look, up to 64. The peer's line is left in peace
/// while it writes, the other hardware thread of the core gets more of the core, and the news is found a little later.
#[derive(Debug)]
pub struct Pause;

impl Pause {
    #[inline]
    fn look_often(turn: &mut impl Look) -> Result<bool> {
        let mut pauses = 1;
        for _ in 0..LOOKS / PAUSES_MAX {
            if turn.look()? {
                return Ok(true);
            }
            for _ in 0..pauses {
                spin_loop();
            }
            pauses = (2 * pauses).min(PAUSES_MAX);
        }
        Ok(false)
    }
}

/// Looks again and again, with `sched_yield(2)` between.
#[derive(Debug)]
pub struct Yield;

impl Yield {
    #[inline]
    fn look_often(turn: &mut impl Look) -> Result<bool> {
        for _ in 0..YIELDS {
            if turn.look()? {
                return Ok(true);
            }
            yield_now();
        }
        Ok(false)
    }
}

never_sleeps!(Spin, Spin);
never_sleeps!(Pause, Pause);
never_sleeps!(Yield, Yield);
