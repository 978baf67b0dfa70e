//! Copies between private bytes and words that two processes touch at the same time.
//!
//! A word is read and written with relaxed order, so that a copy which another side disturbs is a wrong value and not a data
//! race; whoever copies finds out afterwards whether it was disturbed.

use crate::sync::{AtomicU64, Ordering};

/// Stores `bytes` into the first words of `to`; the rest of the last word becomes 0. `to` has at least as many bytes.
#[inline]
pub(crate) fn store(to: &[AtomicU64], bytes: &[u8]) {
    let words = bytes.chunks_exact(8);
    let rest = words.remainder();
    let whole = bytes.len() / 8;
    for (to, from) in to.iter().zip(words) {
        let mut word = [0; 8];
        word.copy_from_slice(from);
        to.store(u64::from_le_bytes(word), Ordering::Relaxed);
    }
    if !rest.is_empty() {
        let mut word = [0; 8];
        word[..rest.len()].copy_from_slice(rest);
        to[whole].store(u64::from_le_bytes(word), Ordering::Relaxed);
    }
}

/// Fills `into` from the first words of `from`, which has at least as many bytes.
#[inline]
pub(crate) fn load(from: &[AtomicU64], into: &mut [u8]) {
    let whole = into.len() / 8;
    let mut words = into.chunks_exact_mut(8);
    for (to, from) in words.by_ref().zip(from) {
        to.copy_from_slice(&from.load(Ordering::Relaxed).to_le_bytes());
    }
    let rest = words.into_remainder();
    if !rest.is_empty() {
        let word = from[whole].load(Ordering::Relaxed).to_le_bytes();
        rest.copy_from_slice(&word[..rest.len()]);
    }
}
