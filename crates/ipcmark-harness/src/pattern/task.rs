//! The divisible task of a scatter-gather: count the bytes of an input and compute a checksum over
//! it.
//!
//! It is a real task, because the figure is the speed-up over one process. It reads each byte once.
//! Its partial results are merged by addition, in any order, and the merged one can be compared
//! with the result of one process alone.

use ipcmark_core::{Error, Result};
use std::ops::Range;

/// Bytes of the input.
pub(crate) const INPUT_BYTES: usize = 8 << 20;
/// Bytes before those of a part: its place in the input, and its length.
pub(crate) const HEAD_BYTES: usize = 2 * WORD;
/// Bytes of a partial result: counts, checksum, bytes counted, number of the run.
pub(crate) const ANSWER_BYTES: usize = (VALUES + 3) * WORD;
/// The shortest message of a task: in shorter ones the heads would be a large part.
pub(crate) const LEAST_PART_BYTES: usize = 1 << 10;

const VALUES: usize = 256;
const WORD: usize = size_of::<u64>();

/// Fills an input.
pub(crate) fn fill(seed: u64, input: &mut [u8]) {
    fastrand::Rng::with_seed(seed).fill(input);
}

/// The result for some parts of an input, or for all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Partial {
    counts: [u64; VALUES],
    checksum: u64,
    bytes: u64,
}

impl Default for Partial {
    fn default() -> Partial {
        Partial { counts: [0; VALUES], checksum: 0, bytes: 0 }
    }
}

impl Partial {
    /// Works on the part that begins at byte `at` of the input, a multiple of 8.
    #[inline(never)]
    pub(crate) fn take(&mut self, at: usize, part: &[u8]) {
        for byte in part {
            self.counts[usize::from(*byte)] += 1;
        }
        for (index, chunk) in part.chunks(WORD).enumerate() {
            let mut word = [0; WORD];
            word[..chunk.len()].copy_from_slice(chunk);
            // The place goes in, so that exchanged words show; the sum does not depend on the order
            // of parts.
            let place = (at / WORD + index) as u64;
            let mixed = (u64::from_le_bytes(word) ^ place).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.checksum = self.checksum.wrapping_add(mixed ^ (mixed >> 32));
        }
        self.bytes += part.len() as u64;
    }

    /// Adds the result for other parts.
    pub(crate) fn merge(&mut self, other: &Partial) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.checksum = self.checksum.wrapping_add(other.checksum);
        self.bytes += other.bytes;
    }

    /// Writes it as the answer in run `run`: [`ANSWER_BYTES`].
    pub(crate) fn write(&self, run: u64, answer: &mut [u8]) {
        let words = self.counts.iter().copied().chain([self.checksum, self.bytes, run]);
        for (space, word) in answer.chunks_exact_mut(WORD).zip(words) {
            space.copy_from_slice(&word.to_le_bytes());
        }
    }

    /// Reads an answer in run `run`.
    ///
    /// # Errors
    /// Answers of another length or run.
    pub(crate) fn read(run: u64, answer: &[u8]) -> Result<Partial> {
        let words = words(answer);
        match &words[..] {
            [counts @ .., checksum, bytes, of_run]
                if counts.len() == VALUES && answer.len() == ANSWER_BYTES && *of_run == run =>
            {
                let mut partial =
                    Partial { checksum: *checksum, bytes: *bytes, ..Partial::default() };
                partial.counts.copy_from_slice(counts);
                Ok(partial)
            }
            _ => Err(Error::Protocol(format!(
                "a message of {} bytes is no partial result of run {run}",
                answer.len()
            ))),
        }
    }
}

fn words(bytes: &[u8]) -> Vec<u64> {
    let word = |chunk: &[u8]| chunk.iter().rev().fold(0, |word, b| word << 8 | u64::from(*b));
    bytes.chunks_exact(WORD).map(word).collect()
}

/// The order to a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Order {
    /// Work on these bytes of the input.
    Part(Range<usize>),
    /// Answer: the run has no more parts.
    Answer,
    /// Stop: the phase is over.
    Stop,
}

impl Order {
    /// Writes the head of a message.
    pub(crate) fn write(&self, message: &mut [u8]) {
        let (at, len) = match self {
            Order::Part(part) => (part.start, part.len()),
            Order::Answer => (0, 0),
            Order::Stop => (1, 0),
        };
        message[..WORD].copy_from_slice(&(at as u64).to_le_bytes());
        message[WORD..HEAD_BYTES].copy_from_slice(&(len as u64).to_le_bytes());
    }

    /// Reads the head of a message.
    ///
    /// # Errors
    /// A head that is cut short, or names bytes outside an input of `input` bytes.
    pub(crate) fn read(message: &[u8], input: usize) -> Result<Order> {
        let head = words(message.get(..HEAD_BYTES).unwrap_or_default());
        match head[..] {
            [0, 0] => Ok(Order::Answer),
            [1, 0] => Ok(Order::Stop),
            [at, len] if at.checked_add(len).is_some_and(|end| end <= input as u64) => {
                Ok(Order::Part(at as usize..(at + len) as usize))
            }
            _ => Err(Error::Protocol(format!(
                "a message of {} bytes does not begin with a part of the task",
                message.len()
            ))),
        }
    }
}

/// Returns the parts of an input of `input` bytes for messages of `size` bytes, head included.
pub(crate) fn parts(input: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
    let step = (size - HEAD_BYTES) / WORD * WORD;
    (0..input).step_by(step).map(move |at| at..input.min(at + step))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input() -> Vec<u8> {
        let mut input = vec![0; 100_003];
        fill(3, &mut input);
        input
    }

    fn of(input: &[u8]) -> Partial {
        let mut whole = Partial::default();
        whole.take(0, input);
        whole
    }

    #[test]
    fn parts_in_any_order_merge_to_the_whole() {
        let input = input();
        for size in [1024, 1031, 4096, 1 << 20] {
            let mut workers = [Partial::default(), Partial::default(), Partial::default()];
            for (i, part) in parts(input.len(), size).enumerate() {
                workers[i * 7 % 3].take(part.start, &input[part]);
            }
            let mut merged = Partial::default();
            workers.iter().rev().for_each(|worker| merged.merge(worker));
            assert_eq!(merged, of(&input), "{size}");
            assert_eq!(merged.bytes, input.len() as u64);
        }
    }

    #[test]
    fn a_part_lost_repeated_exchanged_or_changed_shows() {
        let input = input();
        let whole = of(&input);
        let mut lost = Partial::default();
        lost.take(0, &input[..99_000]);
        let mut repeated = whole.clone();
        repeated.take(8, &input[8..16]);
        let mut exchanged = Partial::default();
        exchanged.take(1024, &input[..1024]);
        exchanged.take(0, &input[1024..2048]);
        exchanged.take(2048, &input[2048..]);
        let mut changed = input.clone();
        changed[70_000] ^= 1;
        for other in [lost, repeated, exchanged, of(&changed)] {
            assert_ne!(other, whole);
        }
    }

    #[test]
    fn answers_and_orders_are_read_back() {
        let found = of(&input());
        let mut answer = [0; ANSWER_BYTES];
        found.write(7, &mut answer);
        assert_eq!(Partial::read(7, &answer).unwrap(), found);
        assert!(Partial::read(8, &answer).is_err(), "an answer to another run");
        assert!(Partial::read(7, &answer[8..]).is_err());
        for order in [Order::Part(0..8), Order::Part(992..1000), Order::Answer, Order::Stop] {
            let mut message = [0xff; HEAD_BYTES + 8];
            order.write(&mut message);
            assert_eq!(Order::read(&message, 1000).unwrap(), order);
        }
        let mut beyond = [0; HEAD_BYTES];
        Order::Part(992..1001).write(&mut beyond);
        assert!(Order::read(&beyond, 1000).is_err());
        assert!(Order::read(&[0xff; HEAD_BYTES], 1000).is_err());
        assert!(Order::read(&beyond[1..], 1000).is_err());
    }
}
