//! Layout of the file, and the operations on it under the lock.
//!
//! The first page holds a head for each direction: messages sent, messages taken, and whether the sender has closed, each
//! a number of eight bytes. Then come the slots of both directions: the length of the message, and its bytes. The
//! count of messages sent is the sequence number of the next one, and says which slot it goes to. It is written last: a
//! process that is killed in the middle leaves a slot half filled, which no one reads.

use crate::access::Access;
use crate::lock::Lock;
use ipcmark_core::{Buffer, Error, Result, Side};
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

const WORD: usize = 8;
/// Bytes of the heads: a page, so that slots begin at one.
const HEADS: u64 = 4096;
/// Bytes from one head to the next.
const HEAD: u64 = 256;

/// Number and size of slots.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// Returns the longest message, in bytes.
    pub(crate) size: usize,
    /// Slots of each direction.
    pub(crate) slots: usize,
}

impl Layout {
    fn stride(self) -> u64 {
        (WORD + self.size).next_multiple_of(WORD) as u64
    }

    /// Returns bytes of the whole file.
    pub(crate) fn file_bytes(self) -> u64 {
        HEADS + 2 * self.slots as u64 * self.stride()
    }
}

/// Head of a direction.
#[derive(Debug, Clone, Copy)]
struct Head {
    sent: u64,
    taken: u64,
    closed: bool,
}

/// Result of trying to take a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Message of this many bytes.
    Message(usize),
    /// There is none yet.
    Nothing,
    /// There will be none.
    Closed,
}

/// One direction.
#[derive(Debug)]
pub struct Mailbox<L, A> {
    access: Arc<A>,
    layout: Layout,
    /// Offset of the head.
    head: u64,
    /// Offset of the first slot.
    first: u64,
    lock: PhantomData<L>,
}

impl<L: Lock, A: Access> Mailbox<L, A> {
    pub(crate) fn new(access: Arc<A>, layout: Layout, from: Side) -> Self {
        let direction = from.index() as u64;
        Mailbox {
            access,
            layout,
            head: direction * HEAD,
            first: HEADS + direction * layout.slots as u64 * layout.stride(),
            lock: PhantomData,
        }
    }

    /// Returns the length of the longest message, bytes.
    pub(crate) fn size(&self) -> usize {
        self.layout.size
    }

    /// Returns a buffer for a slot: the length, then the message.
    pub(crate) fn slot_buffer(&self) -> Buffer {
        Buffer::new(WORD + self.layout.size)
    }

    #[inline]
    fn locked<R>(&self, critical: impl FnOnce() -> Result<R>) -> Result<R> {
        let range: Range<u64> = self.head..self.head + HEAD;
        L::locked(self.access.file(), range, critical)
    }

    #[inline]
    fn head(&self) -> Result<Head> {
        let mut bytes = [0; 3 * WORD];
        self.access.read(self.head, &mut bytes)?;
        let word = |n: usize| {
            let mut word = [0; WORD];
            word.copy_from_slice(&bytes[n * WORD..][..WORD]);
            u64::from_le_bytes(word)
        };
        Ok(Head { sent: word(0), taken: word(1), closed: word(2) != 0 })
    }

    #[inline]
    fn set_word(&self, n: u64, value: u64) -> Result<()> {
        self.access.write(self.head + n * WORD as u64, &value.to_le_bytes())
    }

    /// Returns the number of messages that were sent and not taken: at most the number of slots, unless the peer broke the rules.
    #[inline]
    fn in_flight(&self, Head { sent, taken, .. }: Head) -> Result<u64> {
        let (number, slots) = (sent.wrapping_sub(taken), self.layout.slots as u64);
        if number > slots {
            return Err(damaged(format!("{sent} messages sent, {taken} taken, and {slots} slots")));
        }
        Ok(number)
    }

    #[inline]
    fn slot(&self, sequence: u64) -> u64 {
        self.first + sequence % self.layout.slots as u64 * self.layout.stride()
    }

    /// Puts a message into the next slot; `slot` is its length and its bytes. False when all are full.
    #[inline]
    pub(crate) fn try_put(&self, slot: &[u8]) -> Result<bool> {
        self.locked(|| {
            let head = self.head()?;
            if self.in_flight(head)? == self.layout.slots as u64 {
                return Ok(false);
            }
            self.access.write(self.slot(head.sent), slot)?;
            self.set_word(0, head.sent.wrapping_add(1))?;
            Ok(true)
        })
    }

    /// Takes the oldest message: into `slot`, after its length.
    #[inline]
    pub(crate) fn try_take(&self, slot: &mut [u8]) -> Result<Taken> {
        self.locked(|| {
            let head = self.head()?;
            if self.in_flight(head)? == 0 {
                return Ok(if head.closed { Taken::Closed } else { Taken::Nothing });
            }
            self.access.read(self.slot(head.taken), slot)?;
            self.set_word(1, head.taken.wrapping_add(1))?;
            let mut len = [0; WORD];
            len.copy_from_slice(&slot[..WORD]);
            let (len, max) = (u64::from_le_bytes(len), self.layout.size);
            if len.wrapping_sub(1) >= max as u64 {
                return Err(damaged(format!("a message of {len} bytes, where {max} are the most")));
            }
            Ok(Taken::Message(len as usize))
        })
    }

    /// Returns true if a message is there, or will never be.
    pub(crate) fn is_ready(&self) -> Result<bool> {
        self.locked(|| self.head().map(|head| head.sent != head.taken || head.closed))
    }

    /// Says that nothing more comes.
    pub(crate) fn close(&self) -> Result<()> {
        self.locked(|| self.set_word(2, 1))
    }
}

/// Returns the error of a file whose words cannot be right.
#[cold]
fn damaged(what: String) -> Error {
    Error::Protocol(format!("the peer damaged the mailbox: {what}"))
}

/// Writes the length of a message before it.
#[inline]
pub(crate) fn set_len(slot: &mut [u8], len: usize) {
    slot[..WORD].copy_from_slice(&(len as u64).to_le_bytes());
}

/// Returns where a message of `len` bytes is in its slot's buffer.
#[inline]
pub(crate) fn message(len: usize) -> Range<usize> {
    WORD..WORD + len
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mapped, Record, create};
    use ipcmark_sys::scratch::probe_names;

    const EDGES: [u64; 9] = [0, 1, 2, 3, 40, 1 << 32, 1 << 63, u64::MAX - 1, u64::MAX];

    /// A peer may write what it likes into the file.
    #[test]
    fn words_that_cannot_be_are_errors() {
        let layout = Layout { size: 16, slots: 2 };
        let [file, _] = create(&probe_names(), layout.file_bytes()).unwrap();
        let access = Arc::new(Mapped::open(file, layout.file_bytes()).unwrap());
        let mailbox: Mailbox<Record, Mapped> =
            Mailbox::new(Arc::clone(&access), layout, Side::Initiator);
        let mut slot = mailbox.slot_buffer();
        for (sent, taken, len) in EDGES.iter().flat_map(|sent| {
            EDGES.iter().flat_map(move |taken| EDGES.iter().map(move |len| (*sent, *taken, *len)))
        }) {
            let set = |len: u64| {
                mailbox.set_word(0, sent).unwrap();
                mailbox.set_word(1, taken).unwrap();
                (0..2).for_each(|n| access.write(mailbox.slot(n), &len.to_le_bytes()).unwrap());
            };
            set(len);
            let in_flight = sent.wrapping_sub(taken);
            match mailbox.try_take(&mut slot) {
                Ok(Taken::Message(found)) => {
                    assert!((1..=16).contains(&found) && found as u64 == len, "{found} of {len}");
                    assert!((1..=2).contains(&in_flight), "{sent} {taken}");
                }
                Ok(Taken::Nothing) => assert_eq!(in_flight, 0),
                Ok(Taken::Closed) => panic!("no one closed"),
                Err(e) => {
                    let said = e.to_string();
                    assert!(said.contains("damaged the mailbox"), "{sent} {taken} {len}: {said}");
                    assert!(in_flight > 2 || !(1..=16).contains(&len), "{sent} {taken} {len}");
                }
            }
            set(len);
            set_len(&mut slot, 16);
            let put = mailbox.try_put(&slot);
            assert_eq!(put.is_err(), in_flight > 2, "{sent} {taken}: {put:?}");
            let _ = mailbox.is_ready().unwrap();
        }
    }
}
