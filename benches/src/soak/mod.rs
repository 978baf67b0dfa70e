//! So many messages through a ring that a mistake of one in a thousand million shows.
//!
//! Two processes. What each message holds follows from its number alone ([`Content`]): the receiver works out length and bytes
//! by itself and compares. Lengths are 1 to 200 B, now and then as long as the ring takes; the ring is so small that it wraps
//! every few hundred messages; messages come in batches of random length, with pauses of random length between them.

mod content;
mod rings;

pub use content::Content;
pub use rings::{Ring, soak};

use ipcmark_core::{Error, Result};
use ipcmark_sys::shared::Lines;
use std::hint::spin_loop;
use std::sync::atomic::Ordering::Relaxed;

/// Lines of the tally.
const RECEIVED: usize = 0;
const BYTES: usize = 1;
const FAULTS: usize = 2;
const STOP: usize = 3;
/// The messages between two looks at the word to stop, and two entries in the tally.
const STRIDE: u64 = 1 << 12;
/// Looks in vain before the CPU is lent to others.
const LOOKS: u32 = 1 << 10;

/// What both processes count in; the parent reads along.
#[derive(Debug)]
pub struct Tally {
    lines: Lines,
}

impl Tally {
    /// All at zero.
    pub fn new() -> Result<Tally> {
        Ok(Tally { lines: Lines::new(4)? })
    }

    fn get(&self, line: usize) -> u64 {
        self.lines.lines()[line].word.load(Relaxed)
    }

    fn put(&self, line: usize, value: u64) {
        self.lines.lines()[line].word.store(value, Relaxed);
    }

    /// Messages received and compared.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.get(RECEIVED)
    }

    /// Bytes of these.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.get(BYTES)
    }

    /// Messages lost, repeated, out of order or damaged.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.get(FAULTS)
    }

    /// Has the sender stop; what is under way is received still.
    pub fn stop(&self) {
        self.put(STOP, 1);
    }
}

/// A sender's rhythm: when to go on and when to pause, at random.
#[derive(Debug)]
struct Rhythm {
    random: fastrand::Rng,
    /// Messages left of the batch.
    batch: u64,
    /// The batch is to be published as one.
    as_one: bool,
}

impl Rhythm {
    fn new(seed: u64) -> Rhythm {
        Rhythm { random: fastrand::Rng::with_seed(seed), batch: 0, as_one: false }
    }

    /// Is this batch to be published as one?
    fn batched(&self) -> bool {
        self.as_one
    }

    /// After each message; true where a batch ends.
    #[inline]
    fn beat(&mut self) -> bool {
        if self.batch > 0 {
            self.batch -= 1;
            return false;
        }
        self.batch = self.random.u64(0..64);
        self.as_one = self.random.bool();
        match self.random.u32(..) {
            // One batch in 2^16: long enough for the other side to fall asleep over it, were it one that sleeps.
            0..0x1_0000 => std::thread::sleep(std::time::Duration::from_micros(200)),
            0x1_0000..0x2000_0000 => (0..self.random.u32(0..100)).for_each(|_| spin_loop()),
            _ => {}
        }
        true
    }
}

/// Repeats `attempt` until it gives something.
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

/// What a receiver counts, entered into the tally now and then.
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
