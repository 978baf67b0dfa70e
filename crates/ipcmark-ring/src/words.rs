//! Copies between private bytes and words that two processes touch at the same time.
//!
//! A word is read and written with relaxed order, so that a copy which another side disturbs is a wrong value and not a data
//! race; the copying side finds out afterwards whether it was disturbed.
//!
//! # Wide moves
//! No compiler joins relaxed atomic accesses into wider moves, or calls `memcpy(3)` for them, and `memcpy(3)` itself would be
//! a data race. A loop over words takes twice as long for 64 KiB between hyper-threads of one core, and 3.3 times
//! between far CPUs (two pinned threads of a prototype), because the CPU cannot know that whole lines will be overwritten. What may replace the loop is assembly that does no more than the loop does: `rep movsq` moves one
//! aligned quadword after another, each atomically (Intel SDM, volume 3A, "Guaranteed Atomic Operations"), and CPUs run it as
//! fast as their `memcpy(3)`. Its stores may pass each other, which relaxed ones may, too, but not stores before and after the
//! instruction (ibidem, "Fast-String Operation and Out-of-Order Stores"), and loads pass no loads. So the fences around a
//! copy order it as they order the loop. Short copies remain a loop, eight words at a turn: the instruction takes some 10 ns
//! to start. Other architectures, Miri and loom have the loop only.

use crate::sync::{AtomicU64, Ordering};

/// Words a turn of the loop moves: a cache line.
const TURN: usize = 8;
/// Length in bytes from which one instruction is faster than a loop.
#[cfg(all(target_arch = "x86_64", not(any(loom, miri))))]
const WIDE: usize = 1024;

/// Stores `bytes` into the first words of `to`; the rest of the last word becomes 0. `to` has at least as many bytes.
#[inline]
pub(crate) fn store(to: &[AtomicU64], bytes: &[u8]) {
    let (to, rest_to) = to.split_at(bytes.len() / 8);
    let (bytes, rest) = bytes.split_at(8 * to.len());
    store_words(to, bytes);
    if let (Some(to), false) = (rest_to.first(), rest.is_empty()) {
        let mut word = [0; 8];
        word[..rest.len()].copy_from_slice(rest);
        to.store(u64::from_le_bytes(word), Ordering::Relaxed);
    }
}

/// Fills `into` from the first words of `from`, which has at least as many bytes.
#[inline]
pub(crate) fn load(from: &[AtomicU64], into: &mut [u8]) {
    let (from, rest_from) = from.split_at(into.len() / 8);
    let (into, rest) = into.split_at_mut(8 * from.len());
    load_words(from, into);
    if let (Some(from), false) = (rest_from.first(), rest.is_empty()) {
        let word = from.load(Ordering::Relaxed).to_le_bytes();
        rest.copy_from_slice(&word[..rest.len()]);
    }
}

/// `bytes` are as many as fill `to`.
#[inline]
fn store_words(to: &[AtomicU64], bytes: &[u8]) {
    #[cfg(all(target_arch = "x86_64", not(any(loom, miri))))]
    if bytes.len() >= WIDE {
        assert_eq!(bytes.len(), 8 * to.len());
        let to = to.as_ptr().cast_mut().cast();
        // SAFETY: both have that many words, `to` aligned ones that are only touched as atomics.
        return unsafe { move_words(to, bytes.as_ptr().cast(), bytes.len() / 8) };
    }
    let store = |to: &AtomicU64, bytes: &[u8]| {
        let mut word = [0; 8];
        word.copy_from_slice(bytes);
        to.store(u64::from_le_bytes(word), Ordering::Relaxed);
    };
    let (mut turns, mut lines) = (to.chunks_exact(TURN), bytes.chunks_exact(8 * TURN));
    for (to, bytes) in turns.by_ref().zip(lines.by_ref()) {
        for i in 0..TURN {
            store(&to[i], &bytes[8 * i..8 * i + 8]);
        }
    }
    let rest = turns.remainder().iter().zip(lines.remainder().chunks_exact(8));
    rest.for_each(|(to, bytes)| store(to, bytes));
}

/// `into` has as many bytes as `from`.
#[inline]
fn load_words(from: &[AtomicU64], into: &mut [u8]) {
    #[cfg(all(target_arch = "x86_64", not(any(loom, miri))))]
    if into.len() >= WIDE {
        assert_eq!(into.len(), 8 * from.len());
        let from = from.as_ptr().cast();
        // SAFETY: both have that many words, `from` aligned ones that are only touched as atomics.
        return unsafe { move_words(into.as_mut_ptr().cast(), from, into.len() / 8) };
    }
    let load = |from: &AtomicU64, into: &mut [u8]| {
        into.copy_from_slice(&from.load(Ordering::Relaxed).to_le_bytes());
    };
    let (mut turns, mut lines) = (from.chunks_exact(TURN), into.chunks_exact_mut(8 * TURN));
    for (from, into) in turns.by_ref().zip(lines.by_ref()) {
        for i in 0..TURN {
            load(&from[i], &mut into[8 * i..8 * i + 8]);
        }
    }
    let rest = turns.remainder().iter().zip(lines.into_remainder().chunks_exact_mut(8));
    rest.for_each(|(from, into)| load(from, into));
}

/// Moves `count` words, each as a relaxed atomic where it is aligned.
///
/// # Safety
/// `from` is valid for reads of `count` words and `to` for writes, and they do not overlap. Where others touch either
/// meanwhile, it is aligned to 8 bytes and they do so with atomics.
#[cfg(all(target_arch = "x86_64", not(any(loom, miri))))]
#[inline]
unsafe fn move_words(to: *mut u64, from: *const u64, count: usize) {
    // SAFETY: it reads and writes what the caller lends, word by word; the direction flag is clear by convention.
    unsafe {
        core::arch::asm!(
            "rep movsq",
            inout("rcx") count => _,
            inout("rsi") from => _,
            inout("rdi") to => _,
            options(nostack, preserves_flags)
        );
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// Copies every length around the seams between loop, instruction and rest, from an unaligned place and back.
    #[test]
    fn what_is_stored_is_loaded_whatever_the_length() {
        let bytes: Vec<u8> = (0..2_000u32).map(|i| (i * 31 % 251) as u8).collect();
        for len in (0..150).chain(1_015..1_050).chain([1_998]) {
            let words: Vec<AtomicU64> = (0..260).map(|_| AtomicU64::new(u64::MAX)).collect();
            store(&words, &bytes[1..1 + len]);
            let mut back = vec![0; len + 1];
            load(&words, &mut back[1..]);
            assert_eq!(back[1..], bytes[1..1 + len]);
            let beyond = words[len.div_ceil(8)..].iter();
            assert!(beyond.into_iter().all(|word| word.load(Ordering::Relaxed) == u64::MAX));
        }
    }

    #[test]
    #[should_panic(expected = "mid")]
    fn fewer_words_than_bytes_are_refused() {
        load(&[AtomicU64::new(0)], &mut [0; 16]);
    }
}
