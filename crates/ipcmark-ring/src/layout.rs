//! Where everything lies in the shared memory.
//!
//! | bytes | what | written by |
//! | --- | --- | --- |
//! | 0 | magic, kind, version, capacity | the maker of the ring, once |
//! | 128 | head: bytes ever given back; bit 0: the receiver has closed | the consumer |
//! | 256 | the consumer's need-wake flag | both, around a sleep only |
//! | 384 | the producer's need-wake flag | both, around a sleep only |
//! | 4096 | `capacity` bytes of records | the producer |
//!
//! Lines that different sides write are 128 B apart, because adjacent-line prefetch pairs lines of 64 B. The flags have
//! separate lines: the peer reads them at every publication, and must not miss on an index that moves. Records
//! start on a page, so that they can be on huge pages while the control lines are not.
//!
//! # Records
//! A record is a header of 8 B and the message, padded to 8 B; a message of 1 KiB or more begins with its own line,
//! because copies to and from the middle of one are up to half as fast. It never wraps: where it would, a padding record
//! fills the rest and the message starts at the front. There is no index of the producer's: **the header is the publication**. The
//! consumer polls the header of the record that comes next, and finds the message's first bytes in the line that told it
//! of them. An index next to the records, which this ring had at first, costs one more line transfer a message: a round
//! trip of 8 B took 95 ns instead of 86 between hyper-thread siblings, and 519 instead of 437 between far CPUs.
//!
//! What makes this safe is a rule: the word behind the last record is always empty (or says that the stream has ended).
//! The producer empties it before it publishes what lies in front of it, so that whatever message stood there a lap ago is
//! never taken for a header. That word is why a ring takes 8 B less than its capacity at a time.

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
/// Bytes of a cache line.
pub(crate) const LINE: u64 = 64;
/// Length from which a message begins with its own line.
pub(crate) const LONG: u64 = 1024;
/// Bit 0 of an index: its owner has closed. Indices are multiples of 8.
pub(crate) const CLOSED: u64 = 1;
/// Messages longer than this are published in parts of this many bytes, a multiple of 8, as they are written. Smaller
/// parts move the header's line more often than they save; loom needs small ones to see any.
pub(crate) const PART: u64 = if cfg!(loom) { 8 } else { 16 << 10 };

/// A record's header: the kind in bits 32 to 34, the length in the 32 bits below, and above, of a message that is being
/// written, how many of its bytes are there, in units of 8 B.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header(pub(crate) u64);

/// Kind of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing yet.
    Empty,
    /// A message, whole.
    Message,
    /// Padding that fills the rest of the memory before the wrap.
    Padding,
    /// A message of which the first bytes are there.
    Part,
    /// Nothing, for ever.
    End,
    /// None of a ring of this version.
    Unknown,
}

impl Header {
    pub(crate) const EMPTY: Header = Header(0);
    pub(crate) const END: Header = Header(4 << 32);

    pub(crate) const fn message(len: u64) -> Header {
        Header(1 << 32 | len)
    }

    /// `len` bytes, header left out.
    pub(crate) const fn padding(len: u64) -> Header {
        Header(2 << 32 | len)
    }

    /// Returns a message of `len` bytes of which `there`, a multiple of 8, can be read.
    pub(crate) const fn part(len: u64, there: u64) -> Header {
        Header((there / 8) << 35 | 3 << 32 | len)
    }

    #[inline]
    pub(crate) const fn kind(self) -> Kind {
        match (self.0 >> 32) & 7 {
            0 => Kind::Empty,
            1 => Kind::Message,
            2 => Kind::Padding,
            3 => Kind::Part,
            4 => Kind::End,
            _ => Kind::Unknown,
        }
    }

    /// Returns the length of the message or the padding, in bytes.
    #[inline]
    pub(crate) const fn len(self) -> u64 {
        self.0 & 0xffff_ffff
    }

    /// Returns bytes that can be read of a message that is being written.
    pub(crate) const fn there(self) -> u64 {
        (self.0 >> 35) * 8
    }
}

/// `"ipcmark\0"`, little-endian.
const MAGIC: u64 = u64::from_le_bytes(*b"ipcmark\0");
const KIND_SPSC: u32 = 1;
const VERSION: u32 = 2;

/// Returns bytes of shared memory that a ring of `capacity` bytes takes.
#[must_use]
pub const fn footprint(capacity: usize) -> usize {
    CONTROL_BYTES + capacity
}

/// Returns the longest message that always fits a ring of `capacity` bytes, whatever lies before it, in bytes.
///
/// A record as long as half the ring fits once the ring is empty: either what is left before the wrap holds it, or that
/// is shorter than the record, which leaves 8 B for the empty word behind it.
#[must_use]
pub const fn largest_message(capacity: usize) -> usize {
    let short = capacity / 2 - HEADER as usize;
    if short < LONG as usize { short } else { capacity / 2 - LINE as usize }
}

/// Returns the smallest capacity that holds `messages` (at least 2) messages of `size` bytes at once, in bytes; `None`
/// when that is more than [`MAX_CAPACITY`].
#[must_use]
pub fn capacity_for(messages: usize, size: usize) -> Option<usize> {
    let records = longest_record(size)?.checked_mul(messages.max(2))?;
    let capacity = records.checked_add(HEADER as usize)?.checked_next_power_of_two()?;
    (capacity <= MAX_CAPACITY).then_some(capacity.max(MIN_CAPACITY))
}

/// Returns the number of messages of `size` bytes that an empty ring of `capacity` bytes surely holds.
#[must_use]
pub fn messages_in(capacity: usize, size: usize) -> usize {
    longest_record(size).map_or(0, |record| capacity.saturating_sub(HEADER as usize) / record)
}

/// Returns bytes of a record of `size` bytes where it takes the most.
fn longest_record(size: usize) -> Option<usize> {
    let lead = if size < LONG as usize { HEADER } else { LINE };
    size.checked_add(lead as usize)?.checked_next_multiple_of(HEADER as usize)
}

/// Returns the distance from a record's header at `start` to its message of `len` bytes, in bytes.
#[inline(always)]
pub(crate) const fn lead(start: u64, len: u64) -> u64 {
    if len < LONG { HEADER } else { LINE - (start & (LINE - 1)) }
}

/// Returns bytes of the record at `start` of a message of `len` bytes; `len` is at most
/// [`MAX_CAPACITY`].
#[inline(always)]
pub(crate) const fn record_bytes(start: u64, len: u64) -> u64 {
    lead(start, len) + ((len + 7) & !7)
}

/// The lines before the records.
#[repr(C)]
pub(crate) struct Control {
    opening: CachePadded<Opening>,
    pub(crate) head: CachePadded<AtomicU64>,
    pub(crate) consumer_sleeps: CachePadded<AtomicU32>,
    pub(crate) producer_sleeps: CachePadded<AtomicU32>,
}

/// Opening that identifies a ring. Atomics, because a peer may write them at any time.
#[repr(C)]
struct Opening {
    magic: AtomicU64,
    kind: AtomicU32,
    version: AtomicU32,
    capacity: AtomicU64,
}

#[cfg(not(loom))]
const _: () = {
    assert!(size_of::<Control>() <= CONTROL_BYTES);
    assert!(align_of::<Control>() <= ALIGNMENT);
    assert!(
        core::mem::offset_of!(Control, consumer_sleeps) - core::mem::offset_of!(Control, head)
            >= 128
    );
};

impl Control {
    /// Returns a ring with nothing in it, not yet marked as one: [`Control::seal`] does that once the memory is
    /// in place.
    pub(crate) fn new(capacity: u64) -> Self {
        Control {
            opening: CachePadded::new(Opening {
                magic: AtomicU64::new(0),
                kind: AtomicU32::new(KIND_SPSC),
                version: AtomicU32::new(VERSION),
                capacity: AtomicU64::new(capacity),
            }),
            head: CachePadded::new(AtomicU64::new(0)),
            consumer_sleeps: CachePadded::new(AtomicU32::new(0)),
            producer_sleeps: CachePadded::new(AtomicU32::new(0)),
        }
    }

    /// Marks the memory as a ring. Release: who sees the mark sees the rest.
    pub(crate) fn seal(&self) {
        self.opening.magic.store(MAGIC, Ordering::Release);
    }

    /// Returns the capacity, once everything else in the opening is what it should be.
    #[cfg(not(loom))]
    pub(crate) fn capacity(&self) -> Result<u64, RingError> {
        let opening = &self.opening;
        let expect = |field, found: u64, wanted: u64| {
            if found == wanted { Ok(()) } else { Err(RingError::Foreign { field, found }) }
        };
        expect("magic", opening.magic.load(Ordering::Acquire), MAGIC)?;
        expect("kind", opening.kind.load(Ordering::Relaxed).into(), KIND_SPSC.into())?;
        expect("version", opening.version.load(Ordering::Relaxed).into(), VERSION.into())?;
        let capacity = opening.capacity.load(Ordering::Relaxed);
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
                let end = (0..messages).fold(0, |at, _| at + record_bytes(at, size as u64));
                assert!(end + HEADER <= capacity as u64);
                assert!(size <= largest_message(capacity));
            }
        }
        assert_eq!(capacity_for(3, 1), Some(MIN_CAPACITY));
        assert_eq!(
            capacity_for(4, 8),
            Some(128),
            "four records fill 64 B, and one word stays empty"
        );
        assert_eq!(capacity_for(4, 65_536), Some(512 << 10));
        assert_eq!(capacity_for(4, usize::MAX), None);
        assert_eq!(capacity_for(4, MAX_CAPACITY), None);
    }

    #[test]
    fn a_header_says_what_it_was_made_of() {
        for len in [0, 1, 64, 65_536, (1 << 31) - 8] {
            assert_eq!(
                (Header::message(len).kind(), Header::message(len).len()),
                (Kind::Message, len)
            );
            assert_eq!(
                (Header::padding(len).kind(), Header::padding(len).len()),
                (Kind::Padding, len)
            );
            let there = len / 16 * 8;
            let part = Header::part(len, there);
            assert_eq!((part.kind(), part.len(), part.there()), (Kind::Part, len, there));
        }
        assert_eq!((Header::EMPTY.kind(), Header::END.kind()), (Kind::Empty, Kind::End));
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
