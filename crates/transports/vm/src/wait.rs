//! How a side waits for a count in shared memory to move.

use ipcmark_core::{Result, Wait, WaitKind};
use ipcmark_sys::futex;
use ipcmark_sys::lifeline::Lifeline;
use std::hint::spin_loop;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicU32, fence};
use std::time::{Duration, Instant};

/// Looks between two questions to the lifeline: some 0.5 ms of spinning, compared with which its system call costs nothing.
const LOOKS: u32 = 1 << 14;
/// Time that a sleeper sleeps before it asks its lifeline.
const NAP: Duration = Duration::from_millis(250);
const AWAKE: u32 = 0;
const ASLEEP: u32 = 1;

/// A wait strategy, as a type.
pub trait VmWait: Wait {
    /// True when a side may sleep, so that its peer must look after each step whether to wake it.
    const SLEEPS: bool;

    /// Waits until `look` says so, or the peer is gone. `bell` is what the peer rings after each step.
    fn until(bell: &AtomicU32, lifeline: &Lifeline, look: impl FnMut() -> bool) -> Result<()>;
}

/// Looks again and again, with a pause instruction between. The CPU never rests.
#[derive(Debug)]
pub struct Spin;

impl Wait for Spin {
    const KIND: WaitKind = WaitKind::Spin;
}

impl VmWait for Spin {
    const SLEEPS: bool = false;

    #[inline]
    fn until(_: &AtomicU32, lifeline: &Lifeline, mut look: impl FnMut() -> bool) -> Result<()> {
        loop {
            for _ in 0..LOOKS {
                if look() {
                    return Ok(());
                }
                spin_loop();
            }
            if last_look(lifeline, &mut look)? {
                return Ok(());
            }
        }
    }
}

/// Sleeps on a futex at once.
#[derive(Debug)]
pub struct Futex;

impl Wait for Futex {
    const KIND: WaitKind = WaitKind::Futex;
}

impl VmWait for Futex {
    const SLEEPS: bool = true;

    #[inline]
    fn until(bell: &AtomicU32, lifeline: &Lifeline, mut look: impl FnMut() -> bool) -> Result<()> {
        if look() { Ok(()) } else { sleep(bell, lifeline, look) }
    }
}

fn sleep(bell: &AtomicU32, lifeline: &Lifeline, mut look: impl FnMut() -> bool) -> Result<()> {
    loop {
        bell.store(ASLEEP, Relaxed);
        // Either this side sees the step, or its peer sees that it sleeps.
        fence(SeqCst);
        if look() {
            bell.store(AWAKE, Relaxed);
            return Ok(());
        }
        let begun = Instant::now();
        futex::wait(bell, ASLEEP, NAP)?;
        if look() {
            bell.store(AWAKE, Relaxed);
            return Ok(());
        }
        if begun.elapsed() >= NAP && last_look(lifeline, &mut look)? {
            return Ok(());
        }
    }
}

/// Wakes the peer if it sleeps, after a step that it may wait for.
#[inline]
pub(crate) fn wake<W: VmWait>(bell: &AtomicU32) -> Result<()> {
    if W::SLEEPS {
        fence(SeqCst);
        if bell.load(Relaxed) == ASLEEP {
            bell.store(AWAKE, Relaxed);
            return futex::wake_all(bell);
        }
    }
    Ok(())
}

/// Fails after a long wait if the peer is gone, unless it made the step before it went.
#[cold]
fn last_look(lifeline: &Lifeline, look: &mut impl FnMut() -> bool) -> Result<bool> {
    if !lifeline.peer_is_gone() {
        return Ok(false);
    }
    if look() { Ok(true) } else { Err(lifeline.end()) }
}
