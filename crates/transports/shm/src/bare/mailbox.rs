//! A mailbox of one slot each way: the limit for a round trip.
//!
//! Nothing can hand a message over with less: the word that tells of it and its bytes lie side by side, so that a short message
//! crosses with one cache line, and who waits looks at that very line. There is no room to keep count of and nothing to give
//! back, because the answer says that the slot was read. That is also why it is no ring: one message at a time.

use crate::backing::anonymous;
use crate::mapping::Mapping;
use ipcmark_core::Result;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of the word that numbers the message, before it.
const WORD: usize = 8;
/// Bytes of a line. A message that does not fit next to the word begins at the next one: it takes no more lines than it must, and
/// a copy to an odd place in a line costs half as much again.
const LINE: usize = 64;
/// Bytes between the end of one slot and the beginning of the other, at least: lines are fetched in pairs, and ahead.
const APART: usize = 1024;

/// One side of a pair that takes turns: one puts, the other gets and puts, the first gets.
#[derive(Debug)]
pub struct Mailbox {
    outgoing: NonNull<u8>,
    incoming: NonNull<u8>,
    /// Bytes of a message.
    len: usize,
    /// Bytes from the beginning of a slot to its message.
    body: usize,
    /// Messages put and got, so far.
    put: u64,
    got: u64,
    /// Turn: only the side whose turn it is uses a slot.
    mine: bool,
    /// Memory of the slots.
    pages: Arc<Mapping>,
}

// SAFETY: the pages are shared memory, and a side touches only the slot whose turn it is.
unsafe impl Send for Mailbox {}

impl Mailbox {
    /// Makes both sides, for messages of `len` bytes, in shared memory without a name. The first side puts first.
    ///
    /// # Errors
    /// When the memory is not available.
    pub fn pair(len: usize) -> Result<(Mailbox, Mailbox)> {
        let body = if WORD + len <= LINE { WORD } else { LINE };
        let stride = (body + len).next_multiple_of(128) + APART;
        let pages = Arc::new(anonymous(2 * stride)?);
        let slots = [pages.slice(0, stride), pages.slice(stride, stride)];
        let side = |outgoing, incoming, mine| Mailbox {
            outgoing,
            incoming,
            len,
            body,
            put: 0,
            got: 0,
            mine,
            pages: pages.clone(),
        };
        Ok((side(slots[0], slots[1], true), side(slots[1], slots[0], false)))
    }

    /// Copies a message into the outgoing slot and numbers it.
    ///
    /// # Panics
    /// When it is the peer's turn, or the message has another length than the mailbox was made for.
    #[inline(always)]
    pub fn put(&mut self, message: &[u8]) {
        assert!(self.mine && message.len() == self.len, "a mailbox takes turns at one length");
        self.mine = false;
        self.put += 1;
        // SAFETY: a slot has room for the word and `len` bytes.
        let body = unsafe { self.outgoing.add(self.body) };
        // SAFETY: the peer leaves the slot alone from its last message on until this one is numbered.
        unsafe { body.as_ptr().copy_from_nonoverlapping(message.as_ptr(), message.len()) };
        word(&self.outgoing).store(self.put, Ordering::Release);
    }

    /// Copies the next message out of the incoming slot; false while there is none.
    ///
    /// # Panics
    /// When it is this side's turn to put, or the space has another length than the mailbox was made for.
    #[inline(always)]
    pub fn get(&mut self, space: &mut [u8]) -> bool {
        assert!(!self.mine && space.len() == self.len, "a mailbox takes turns at one length");
        if word(&self.incoming).load(Ordering::Acquire) == self.got {
            return false;
        }
        self.mine = true;
        self.got += 1;
        // SAFETY: a slot has room for the word and `len` bytes.
        let body = unsafe { self.incoming.add(self.body) };
        // SAFETY: the peer numbered the message, and leaves the slot alone until it has got an answer.
        unsafe { space.as_mut_ptr().copy_from_nonoverlapping(body.as_ptr(), space.len()) };
        true
    }

    /// Maps every page into this process: a fork does not copy the page table of a shared mapping.
    pub fn populate(&self) {
        self.pages.populate();
    }
}

/// Returns the word that numbers a slot's message.
#[inline(always)]
fn word(slot: &NonNull<u8>) -> &AtomicU64 {
    // SAFETY: a slot begins at a multiple of 128 in pages that the mailbox holds, with a word that is only used as an atomic.
    unsafe { AtomicU64::from_ptr(slot.as_ptr().cast()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_go_there_and_back() {
        let (mut a, mut b) = Mailbox::pair(64).unwrap();
        let there = std::thread::spawn(move || {
            let mut space = [0; 64];
            for n in 0..1_000u64 {
                while !b.get(&mut space) {
                    std::thread::yield_now();
                }
                assert_eq!(space, [n as u8; 64]);
                b.put(&[!n as u8; 64]);
            }
        });
        let mut space = [0; 64];
        for n in 0..1_000u64 {
            a.put(&[n as u8; 64]);
            while !a.get(&mut space) {
                std::thread::yield_now();
            }
            assert_eq!(space, [!n as u8; 64]);
        }
        there.join().unwrap();
    }

    #[test]
    #[should_panic(expected = "takes turns")]
    fn nobody_puts_twice() {
        let (mut a, _b) = Mailbox::pair(8).unwrap();
        a.put(&[0; 8]);
        a.put(&[0; 8]);
    }
}
