//! Where everything lies in the shared memory.
//!
//! | bytes | what | written by |
//! | --- | --- | --- |
//! | 0 | magic, kind, version, capacity | whoever makes the ring, once |
//! | 128 | tail: bytes ever published; bit 0: the sender has closed | the producer |
//! | 256 | head: bytes ever given back; bit 0: the receiver has closed | the consumer |
//! | 384 | the consumer's need-wake flag | both, around a sleep only |
//! | 512 | the producer's need-wake flag | both, around a sleep only |
//! | 4096 | `capacity` bytes of records | the producer |
//!
//! Lines that different sides write are 128 B apart, because adjacent-line prefetch pairs lines of 64 B. The flags have
//! lines of their own: the peer reads them at every publication, and must not miss on an index that moves. Records
//! start on a page, so that they can be mapped twice or on huge pages while the control lines are not.
//!
//! A record is a header of 8 B (length in the low half, kind in the high half) and the message, padded to 8 B. A record
//! never wraps: where it would, a padding record fills the rest and the message starts at the front.

use crate::RingError;
use crate::sync::{AtomicU32, AtomicU64, Ordering};
use crossbeam_utils::CachePadded;

/// Alignment a ring's memory needs, in bytes.
pub const ALIGNMENT: usize = 128;
/// Bytes of control lines before the records: one page.
pub const CONTROL_BYTES: usize = 4096;
/// Smallest capacity, in bytes.
pub const MIN_CAPACITY: usize = 64;
/// Largest capacity, in bytes: a record's length has 32 bits.
pub const MAX_CAPACITY: usize = 1 << 32;

/// Bytes of a record's header, and the unit records are rounded up to.
pub(crate) const HEADER: u64 = 8;
/// Bit 0 of an index: its owner has closed. Indices are multiples of 8.
pub(crate) const CLOSED: u64 = 1;
/// Kind of a record that holds a message. Not 0: zeroed memory is no record.
pub(crate) const MESSAGE: u32 = 1;
/// Kind of a record that fills the rest of the memory before the wrap.
pub(crate) const PADDING: u32 = 2;

/// `"ipcmark\0"`, little-endian.
const MAGIC: u64 = u64::from_le_bytes(*b"ipcmark\0");
const KIND_SPSC: u32 = 1;
const VERSION: u32 = 1;

/// Bytes of shared memory that a ring of `capacity` bytes takes.
#[must_use]
pub const fn footprint(capacity: usize) -> usize {
    CONTROL_BYTES + capacity
}

/// The longest message that always fits a ring of `capacity` bytes, whatever lies before it, in bytes.
///
/// A record as long as half the ring fits once the ring is empty: either what is left before the wrap holds it, or that
/// is shorter than the record and so at most the other half.
#[must_use]
pub const fn largest_message(capacity: usize) -> usize {
    capacity / 2 - HEADER as usize
}

/// The smallest capacity that holds `messages` (at least 2) messages of `size` bytes at once, in bytes; `None` when that
/// is more than [`MAX_CAPACITY`].
#[must_use]
pub fn capacity_for(messages: usize, size: usize) -> Option<usize> {
    let record = size.checked_add(HEADER as usize)?.checked_next_multiple_of(HEADER as usize)?;
    let capacity = record.checked_mul(messages.max(2))?.checked_next_power_of_two()?;
    (capacity <= MAX_CAPACITY).then_some(capacity.max(MIN_CAPACITY))
}

/// Bytes of the record of a message of `len` bytes; `len` is at most [`MAX_CAPACITY`].
#[inline]
pub(crate) const fn record_bytes(len: u64) -> u64 {
    (len + HEADER + 7) & !7
}

/// The lines before the records.
#[repr(C)]
pub(crate) struct Control {
    header: CachePadded<Header>,
    pub(crate) tail: CachePadded<AtomicU64>,
    pub(crate) head: CachePadded<AtomicU64>,
    pub(crate) consumer_sleeps: CachePadded<AtomicU32>,
    pub(crate) producer_sleeps: CachePadded<AtomicU32>,
}

/// What says that this is a ring. Atomics, because a peer may write them at any time.
#[repr(C)]
struct Header {
    magic: AtomicU64,
    kind: AtomicU32,
    version: AtomicU32,
    capacity: AtomicU64,
}

#[cfg(not(loom))]
const _: () = {
    assert!(size_of::<Control>() <= CONTROL_BYTES);
    assert!(align_of::<Control>() <= ALIGNMENT);
    assert!(core::mem::offset_of!(Control, head) - core::mem::offset_of!(Control, tail) >= 128);
};

impl Control {
    /// A ring with nothing in it, not yet marked as one: [`Control::seal`] does that once the memory is in place.
    pub(crate) fn new(capacity: u64) -> Self {
        Control {
            header: CachePadded::new(Header {
                magic: AtomicU64::new(0),
                kind: AtomicU32::new(KIND_SPSC),
                version: AtomicU32::new(VERSION),
                capacity: AtomicU64::new(capacity),
            }),
            tail: CachePadded::new(AtomicU64::new(0)),
            head: CachePadded::new(AtomicU64::new(0)),
            consumer_sleeps: CachePadded::new(AtomicU32::new(0)),
            producer_sleeps: CachePadded::new(AtomicU32::new(0)),
        }
    }

    /// Marks the memory as a ring. Release: who sees the mark sees the rest.
    pub(crate) fn seal(&self) {
        self.header.magic.store(MAGIC, Ordering::Release);
    }

    /// The capacity, once everything else in the header is what it should be.
    #[cfg(not(loom))]
    pub(crate) fn capacity(&self) -> Result<u64, RingError> {
        let header = &self.header;
        let expect = |field, found: u64, wanted: u64| {
            if found == wanted { Ok(()) } else { Err(RingError::Foreign { field, found }) }
        };
        expect("magic", header.magic.load(Ordering::Acquire), MAGIC)?;
        expect("kind", header.kind.load(Ordering::Relaxed).into(), KIND_SPSC.into())?;
        expect("version", header.version.load(Ordering::Relaxed).into(), VERSION.into())?;
        let capacity = header.capacity.load(Ordering::Relaxed);
        check_capacity(capacity)?;
        Ok(capacity)
    }
}

/// Accepts a power of two from [`MIN_CAPACITY`] to [`MAX_CAPACITY`].
pub(crate) fn check_capacity(capacity: u64) -> Result<(), RingError> {
    let range = MIN_CAPACITY as u64..=MAX_CAPACITY as u64;
    if capacity.is_power_of_two() && range.contains(&capacity) {
        Ok(())
    } else {
        Err(RingError::Capacity { capacity })
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_capacity_holds_the_messages_it_was_made_for() {
        for size in [1, 8, 9, 64, 1000, 1024, 65_536, 1 << 20] {
            for messages in [2, 4, 7] {
                let capacity = capacity_for(messages, size).unwrap();
                assert!(record_bytes(size as u64) * messages as u64 <= capacity as u64);
                assert!(size <= largest_message(capacity));
            }
        }
        assert_eq!(capacity_for(4, 1), Some(MIN_CAPACITY));
        assert_eq!(capacity_for(4, 65_536), Some(512 << 10));
        assert_eq!(capacity_for(4, usize::MAX), None);
        assert_eq!(capacity_for(4, MAX_CAPACITY), None);
    }

    #[test]
    fn only_powers_of_two_in_range_are_capacities() {
        for wrong in [0, 8, 63, 65, 96, (1 << 32) + 1, 1 << 33, u64::MAX] {
            assert_eq!(check_capacity(wrong), Err(RingError::Capacity { capacity: wrong }));
        }
        check_capacity(64).unwrap();
        check_capacity(1 << 32).unwrap();
    }
}
