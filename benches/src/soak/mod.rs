//! Enough messages through a ring to find a mistake that happens once in 10⁹ messages.
//!
//! There are two processes. The content of each message follows from its number ([`Content`]): the
//! receiver computes length and bytes and compares. Lengths are 1 to 200 B, and sometimes as long
//! as the ring takes. The ring is small and wraps every few hundred messages. Messages come in
//! batches of random length, with pauses of random length between them.

mod content;
mod rings;

pub use content::Content;
pub use rings::{Ring, soak};

use ipcmark_core::{Error, Result};
use ipcmark_sys::shared::Lines;
use std::hint::spin_loop;
use std::sync::atomic::Ordering::Relaxed;

/// First of the lines of the tally.
const RECEIVED: usize = 0;
const BYTES: usize = 1;
const FAULTS: usize = 2;
const STOP: usize = 3;
/// Number of messages between two looks at the word to stop, and between two entries in the tally.
const STRIDE: u64 = 1 << 12;
/// Number of looks in vain before the CPU is given to others.
const LOOKS: u32 = 1 << 10;

/// Counters of both processes, which the parent reads.
#[derive(Debug)]
pub struct Tally {
    lines: Lines,
}

impl Tally {
    /// Makes counters at zero.
    pub fn new() -> Result<Tally> {
        Ok(Tally { lines: Lines::new(4)? })
    }

    fn get(&self, line: usize) -> u64 {
        self.lines.lines()[line].word.load(Relaxed)
    }

    fn put(&self, line: usize, value: u64) {
        self.lines.lines()[line].word.store(value, Relaxed);
    }

    /// Returns the number of messages received and compared.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.get(RECEIVED)
    }

    /// Returns the bytes of the messages received.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.get(BYTES)
    }

    /// Returns the number of messages lost, repeated, out of order or damaged.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.get(FAULTS)
    }

    /// Stops the sender. The receiver still gets what is under way.
    pub fn stop(&self) {
        self.put(STOP, 1);
    }
}

/// A sender's random rhythm of batches and pauses.
#[derive(Debug)]
struct Rhythm {
    random: fastrand::Rng,
    /// Messages left of the batch.
    batch: u64,
    /// True if the batch is published as one.
    as_one: bool,
}

impl Rhythm {
    fn new(seed: u64) -> Rhythm {
        Rhythm { random: fastrand::Rng::with_seed(seed), batch: 0, as_one: false }
    }

    /// Returns true if this batch is published as one.
    fn batched(&self) -> bool {
        self.as_one
    }

    /// Counts a message; returns true at the end of a batch.
    #[inline]
    fn beat(&mut self) -> bool {
        if self.batch > 0 {
            self.batch -= 1;
            return false;
        }
        self.batch = self.random.u64(0..64);
        self.as_one = self.random.bool();
        match self.random.u32(..) {
            // One batch in 2^16: long enough for a receiver that sleeps to fall asleep.
            0..0x1_0000 => std::thread::sleep(std::time::Duration::from_micros(200)),
            0x1_0000..0x2000_0000 => (0..self.random.u32(0..100)).for_each(|_| spin_loop()),
            _ => {}
        }
        true
    }
}

/// Repeats `attempt` until it returns something.
#[inline]
fn until<T>(mut attempt: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let mut looks = 0u32;
    loop {
        if let Some(found) = attempt()? {
            return Ok(found);
        }
        looks += 1;
        if looks.is_multiple_of(LOOKS) {
            std::thread::yield_now();
        } else {
            spin_loop();
        }
    }
}

/// Counters of the receiver, copied to the tally from time to time.
#[derive(Debug)]
struct Count<'t> {
    tally: &'t Tally,
    messages: u64,
    bytes: u64,
    faults: u64,
}

impl<'t> Count<'t> {
    fn new(tally: &'t Tally) -> Self {
        Count { tally, messages: 0, bytes: 0, faults: 0 }
    }

    #[inline]
    fn add(&mut self, bytes: usize, right: bool) {
        self.messages += 1;
        self.bytes += bytes as u64;
        self.faults += u64::from(!right);
        if self.messages.is_multiple_of(STRIDE) {
            self.enter();
        }
    }

    fn enter(&self) {
        self.tally.put(RECEIVED, self.messages);
        self.tally.put(BYTES, self.bytes);
        self.tally.put(FAULTS, self.faults);
    }
}

fn failed(e: impl std::fmt::Display) -> Error {
    Error::Protocol(format!("the ring failed: {e}"))
}
