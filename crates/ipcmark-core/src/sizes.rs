//! The sizes of a plan whose messages are not all of one size.
//!
//! Both sides know each message's size from its number, as they know its bytes. So a message of
//! another length is a fault, and none has to say how long it is. An empty one has no room for its
//! number either: it is known by its place. Where all may be empty, the last one of a phase has
//! [`LAST_BYTES`], because it must say that it is the last, and which number it has.

use crate::Trace;
use ipcmark_words::Mix;
use std::sync::Arc;

/// Bytes of the last message of a phase, if an empty one is due.
pub const LAST_BYTES: usize = 16;
/// Classes of a trace's sizes at most, each four times as long as the one before.
const CLASSES: usize = 8;

/// Message sizes that count together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeClass {
    /// The shortest message, bytes.
    pub from: usize,
    /// The longest message, bytes.
    pub to: usize,
}

/// The sizes of messages, by their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sizes {
    /// Shortest first.
    classes: Vec<SizeClass>,
    draw: Draw,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Draw {
    /// The share of 2^64 that each class and those before it have.
    Weighted(Vec<u64>),
    /// The sizes of a trace.
    Traced(Arc<Trace>),
}

impl Sizes {
    /// Makes messages that are all empty.
    #[must_use]
    pub fn empty() -> Sizes {
        let classes = vec![SizeClass { from: 0, to: 0 }];
        Sizes { classes, draw: Draw::Weighted(vec![u64::MAX]) }
    }

    /// Makes messages whose sizes are drawn from a mix.
    #[must_use]
    pub fn of_mix(mix: &Mix) -> Sizes {
        let sizes = mix.sizes().iter().map(|(bytes, _)| *bytes as usize);
        let all: u64 = mix.sizes().iter().map(|(_, weight)| u64::from(*weight)).sum();
        let mut sum = 0;
        let share = |(_, weight): &(u64, u32)| {
            sum += u64::from(*weight);
            (u128::from(sum) * u128::from(u64::MAX) / u128::from(all)) as u64
        };
        Sizes {
            classes: sizes.map(|bytes| SizeClass { from: bytes, to: bytes }).collect(),
            draw: Draw::Weighted(mix.sizes().iter().map(share).collect()),
        }
    }

    /// Makes messages with the sizes of a trace. If it has many, those of a similar length are one
    /// class.
    #[must_use]
    pub fn of_trace(trace: Arc<Trace>) -> Sizes {
        let mut sizes: Vec<usize> = trace.sizes().iter().map(|bytes| *bytes as usize).collect();
        sizes.sort_unstable();
        sizes.dedup();
        let mut classes: Vec<SizeClass> = Vec::new();
        let each = sizes.len() <= CLASSES;
        let longest = sizes.last().copied().unwrap_or_default();
        // From the longest class on: a class begins above a quarter of its end.
        let border = |bytes: usize| {
            let mut end = longest;
            let mut left = CLASSES;
            while left > 1 && bytes <= end / 4 {
                (end, left) = (end / 4, left - 1);
            }
            end
        };
        for bytes in sizes {
            match classes.last_mut() {
                Some(class) if !each && border(class.to) == border(bytes) => class.to = bytes,
                _ => classes.push(SizeClass { from: bytes, to: bytes }),
            }
        }
        Sizes { classes, draw: Draw::Traced(trace) }
    }

    /// Returns the classes, shortest first.
    #[must_use]
    pub fn classes(&self) -> &[SizeClass] {
        &self.classes
    }

    /// Returns the room that the longest message needs, bytes.
    #[must_use]
    pub fn longest(&self) -> usize {
        let longest = self.classes.last().map_or(0, |class| class.to);
        let is_any_empty = self.classes.first().is_some_and(|class| class.from == 0);
        if is_any_empty { longest.max(LAST_BYTES) } else { longest }
    }

    /// Returns the size of message `n`, bytes. `seed` is the plan's.
    #[must_use]
    pub fn len_of(&self, seed: u64, n: u64) -> usize {
        match &self.draw {
            Draw::Traced(trace) => trace.size(n) as usize,
            Draw::Weighted(shares) => {
                let drawn = crate::message::mix(seed ^ n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                let class = shares.partition_point(|share| *share < drawn);
                self.classes[class.min(self.classes.len() - 1)].to
            }
        }
    }

    /// Returns the number of the class of a size, from 0.
    #[must_use]
    pub fn class_of(&self, bytes: usize) -> usize {
        let class = self.classes.partition_point(|class| class.to < bytes);
        class.min(self.classes.len() - 1)
    }
}

/// Returns the bytes of a message of this size, if it is its phase's last.
#[must_use]
pub const fn sent_len(bytes: usize, last: bool) -> usize {
    if bytes == 0 && last { LAST_BYTES } else { bytes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sizes_come_as_often_as_they_weigh(seed: u64, weights in prop::collection::vec(1u32..100, 2..6)) {
            let sizes = weights.iter().enumerate().map(|(n, w)| (1 << (3 * n), *w)).collect();
            let sizes = Sizes::of_mix(&Mix::new(sizes).unwrap());
            let mut counts = vec![0.0; weights.len()];
            const N: u64 = 20_000;
            for n in 0..N {
                counts[sizes.class_of(sizes.len_of(seed, n))] += 1.0;
            }
            let all: f64 = weights.iter().map(|w| f64::from(*w)).sum();
            for (count, weight) in counts.iter().zip(&weights) {
                let share = f64::from(*weight) / all;
                let six_errors = 6.0 * (N as f64 * share * (1.0 - share)).sqrt();
                prop_assert!((count - N as f64 * share).abs() <= six_errors + 1.0, "{counts:?} {weights:?}");
            }
        }

        #[test]
        fn classes_of_a_trace_hold_each_of_its_sizes(sizes in prop::collection::vec(0u32..1 << 30, 1..200)) {
            let rows = sizes.iter().enumerate().map(|(n, bytes)| (n as u64, *bytes)).collect();
            let trace = Arc::new(Trace::new("t", rows).unwrap());
            let classes = Sizes::of_trace(Arc::clone(&trace));
            prop_assert!(!classes.classes().is_empty() && classes.classes().len() <= CLASSES);
            for (n, bytes) in sizes.iter().enumerate() {
                let own = classes.classes()[classes.class_of(*bytes as usize)];
                prop_assert!((own.from..=own.to).contains(&(*bytes as usize)), "{bytes} {own:?}");
                prop_assert_eq!(classes.len_of(1, n as u64), *bytes as usize);
            }
        }
    }

    #[test]
    fn an_empty_message_has_room_for_the_last() {
        assert_eq!((Sizes::empty().longest(), Sizes::empty().len_of(3, 9)), (LAST_BYTES, 0));
        let mix = Sizes::of_mix(&"0:1,8:1".parse().unwrap());
        assert_eq!(mix.longest(), LAST_BYTES);
        assert_eq!([sent_len(0, true), sent_len(0, false), sent_len(8, true)], [16, 0, 8]);
    }
}
