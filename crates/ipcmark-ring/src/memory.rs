//! One ring's memory as both halves see it: control lines, records, and the orderings between them.
//!
//! Everything that touches shared bytes goes through here. Under loom the control lines and the headers are loom's atomics,
//! and each granule of 8 B of the records has a shadow cell that tells loom who touches it, so that a missing ordering shows
//! as a race although the bytes themselves are plain.

use crate::copy;
use crate::layout::{Control, Header, LINE};
#[cfg(loom)]
use crate::modelled::{Flaw, Model};
use crate::sleep::{self, Fencing};
use crate::sync::{AtomicU32, AtomicU64, Ordering};
#[cfg(not(loom))]
use crate::{
    RingError,
    layout::{ALIGNMENT, CONTROL_BYTES, check_capacity, footprint},
};
use core::marker::PhantomData;
use core::ptr::NonNull;

/// Distance before the producer at which lines are requested, in bytes. Further brings no more; much nearer comes too late.
const AHEAD: u64 = 2048;
/// Smallest capacity in which that is surely not where the consumer reads, in bytes.
const PREPARED_CAPACITY: u64 = 16 << 10;
/// The copy of a record as long as this one is its own preparation, in bytes.
const PREPARED_RECORD: u64 = 4096;

/// Returns true if a record is too long to ask for lines.
const fn prepared(capacity: u64) -> u64 {
    if capacity < PREPARED_CAPACITY { 0 } else { PREPARED_RECORD }
}

/// A view of a ring; each half has one.
pub(crate) struct Memory<'m> {
    #[cfg(not(loom))]
    control: &'m Control,
    #[cfg(loom)]
    model: std::sync::Arc<Model>,
    records: NonNull<u8>,
    /// Private copy: the header in shared memory is read once, at attach.
    capacity: u64,
    /// See [`prepared`].
    prepared: u64,
    _borrowed: PhantomData<&'m Control>,
}

// SAFETY: a `Memory` is a view of memory made for sharing; each half, which is not `Sync`, owns the bytes it touches.
unsafe impl Send for Memory<'_> {}

#[cfg(not(loom))]
impl<'m> Memory<'m> {
    /// Makes an empty ring of `capacity` bytes in the memory.
    ///
    /// # Safety
    /// `base` is valid for reads and writes of `len` bytes during `'m`, and no one else uses them during the call.
    pub(crate) unsafe fn create(
        base: NonNull<u8>,
        len: usize,
        capacity: usize,
    ) -> Result<Self, RingError> {
        check_capacity(capacity as u64)?;
        check_place(base, len, footprint(capacity))?;
        let control = base.cast::<Control>();
        // SAFETY: the caller lends `len` bytes, of which `check_place` found enough, aligned.
        unsafe { control.write(Control::new(capacity as u64)) };
        // SAFETY: a `Control` was written there just now, and is valid during 'm.
        let control = unsafe { control.as_ref() };
        // SAFETY: `check_place` found more than `CONTROL_BYTES` bytes behind `base`.
        let records = unsafe { base.add(CONTROL_BYTES) };
        let capacity = capacity as u64;
        let prepared = prepared(capacity);
        let memory = Memory { control, records, capacity, prepared, _borrowed: PhantomData };
        memory.set_header(0, Header::EMPTY);
        control.seal();
        Ok(memory)
    }

    /// Finds the ring in the memory.
    ///
    /// # Safety
    /// `base` is valid for reads and writes of `len` bytes during `'m`.
    pub(crate) unsafe fn attach(base: NonNull<u8>, len: usize) -> Result<Self, RingError> {
        check_place(base, len, CONTROL_BYTES)?;
        // SAFETY: any bytes are a valid `Control` (atomic integers and padding), and these are there during 'm, aligned.
        let control: &'m Control = unsafe { base.cast::<Control>().as_ref() };
        let capacity = control.capacity()?;
        check_place(base, len, footprint(capacity as usize))?;
        // SAFETY: `check_place` found more than `CONTROL_BYTES` bytes behind `base`.
        let records = unsafe { base.add(CONTROL_BYTES) };
        let prepared = prepared(capacity);
        Ok(Memory { control, records, capacity, prepared, _borrowed: PhantomData })
    }
}

#[cfg(loom)]
impl Memory<'static> {
    /// Returns a view of a modelled ring.
    pub(crate) fn modelled(model: std::sync::Arc<Model>) -> Self {
        let (records, capacity) = (model.records(), model.capacity());
        Memory { model, records, capacity, prepared: prepared(capacity), _borrowed: PhantomData }
    }
}

/// Checks that `len` bytes at `base` hold a ring that needs `needed`.
#[cfg(not(loom))]
pub(crate) fn check_place(base: NonNull<u8>, len: usize, needed: usize) -> Result<(), RingError> {
    if !base.addr().get().is_multiple_of(ALIGNMENT) {
        return Err(RingError::Misaligned);
    }
    if len < needed { Err(RingError::TooSmall { len, needed }) } else { Ok(()) }
}

impl Memory<'_> {
    #[inline]
    pub(crate) fn control(&self) -> &Control {
        #[cfg(not(loom))]
        let control = self.control;
        #[cfg(loom)]
        let control = &self.model.control;
        control
    }

    /// Returns the capacity in bytes, a power of two.
    #[inline]
    pub(crate) fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Returns where in the records a position (bytes since the beginning) lies.
    #[inline]
    pub(crate) fn offset(&self, position: u64) -> u64 {
        position & (self.capacity - 1)
    }

    /// Reads the record header at `position`, a multiple of 8. Acquire: the message behind it comes with it. Atomic,
    /// so that a peer which writes it out of turn changes a value and not the meaning of the program.
    #[inline]
    pub(crate) fn header(&self, position: u64) -> Header {
        Header(self.header_word(position).load(self.observe()))
    }

    /// Writes the record header at `position`, a multiple of 8 that the producer owns, before it is published.
    #[inline]
    pub(crate) fn set_header(&self, position: u64, header: Header) {
        self.header_word(position).store(header.0, Ordering::Relaxed);
    }

    /// Writes the header that publishes itself, its message, and what else was written before.
    #[inline]
    pub(crate) fn publish_header(&self, position: u64, header: Header) {
        self.header_word(position).store(header.0, self.publish());
    }

    /// Empties the word behind the last record, which is about to be published.
    #[inline]
    pub(crate) fn set_end(&self, position: u64) {
        #[cfg(loom)]
        if self.model.flaw == Flaw::StaleEnd {
            return;
        }
        self.set_header(position, Header::EMPTY);
    }

    #[cfg(not(loom))]
    #[inline]
    fn header_word(&self, position: u64) -> &AtomicU64 {
        debug_assert!(position.is_multiple_of(8));
        let at = self.bytes(position);
        // SAFETY: a multiple of 8 below the capacity has 8 aligned bytes behind it.
        unsafe { AtomicU64::from_ptr(at.cast::<u64>().as_ptr()) }
    }

    #[cfg(loom)]
    fn header_word(&self, position: u64) -> &AtomicU64 {
        self.model.header(self.offset(position))
    }

    /// Returns the first byte at `position`.
    #[inline]
    pub(crate) fn bytes(&self, position: u64) -> NonNull<u8> {
        // SAFETY: `offset` is below the capacity, and that many bytes lie behind `records`.
        unsafe { self.records.add(self.offset(position) as usize) }
    }

    /// Copies `from` to `position`, whose bytes are the producer's and in one piece.
    #[inline]
    pub(crate) fn copy_in(&self, position: u64, from: &[u8]) {
        self.track_write(position, from.len() as u64);
        let to = self.bytes(position);
        // SAFETY: the caller owns these bytes, which lie in the ring; `from` is private memory.
        unsafe { copy::to_shared(from, to) };
    }

    /// Copies the bytes at `position`, which are the consumer's and in one piece.
    #[inline]
    pub(crate) fn copy_out(&self, position: u64, into: &mut [u8]) {
        self.track_read(position, into.len() as u64);
        let from = self.bytes(position);
        // SAFETY: these bytes were published and lie in the ring; `into` is private memory.
        unsafe { core::ptr::copy_nonoverlapping(from.as_ptr(), into.as_mut_ptr(), into.len()) };
    }

    /// Asks for the lines that the producer will write some records after one that lies from `start` to `end`.
    #[inline]
    pub(crate) fn prepare_to_write(&self, start: u64, end: u64) {
        if end.wrapping_sub(start) >= self.prepared {
            return;
        }
        // A line that an earlier record reached has been asked for.
        let mut line = start & !(LINE - 1);
        while line < end {
            copy::prepare(self.bytes(line.wrapping_add(AHEAD)));
            line = line.wrapping_add(LINE);
        }
    }

    /// Tells loom that this side reads `len` bytes at `position`.
    #[inline]
    pub(crate) fn track_read(&self, position: u64, len: u64) {
        #[cfg(loom)]
        self.model.read(self.offset(position), len);
        #[cfg(not(loom))]
        let _ = (position, len);
    }

    /// Tells loom that this side writes `len` bytes at `position`.
    #[inline]
    pub(crate) fn track_write(&self, position: u64, len: u64) {
        #[cfg(loom)]
        self.model.write(self.offset(position), len);
        #[cfg(not(loom))]
        let _ = (position, len);
    }

    /// Returns the order of the store that publishes a record: the message before it.
    #[inline]
    fn publish(&self) -> Ordering {
        #[cfg(loom)]
        if self.model.flaw == Flaw::RelaxedPublication {
            return Ordering::Relaxed;
        }
        Ordering::Release
    }

    /// Returns the order of the load that finds a record: the message after it.
    #[inline]
    fn observe(&self) -> Ordering {
        #[cfg(loom)]
        if self.model.flaw == Flaw::RelaxedObservation {
            return Ordering::Relaxed;
        }
        Ordering::Acquire
    }

    /// Returns the order of the store that gives space back: the reads of the message before it.
    #[inline]
    pub(crate) fn give_back(&self) -> Ordering {
        #[cfg(loom)]
        if self.model.flaw == Flaw::RelaxedRelease {
            return Ordering::Relaxed;
        }
        Ordering::Release
    }

    /// Returns the order of the load that finds space given back: what is written there after it.
    #[inline]
    pub(crate) fn regain(&self) -> Ordering {
        #[cfg(loom)]
        if self.model.flaw == Flaw::RelaxedRegain {
            return Ordering::Relaxed;
        }
        Ordering::Acquire
    }

    /// Says that this side sleeps; see [`sleep`].
    #[cold]
    pub(crate) fn announce_sleep(&self, own: &AtomicU32) -> u32 {
        #[cfg(loom)]
        let in_order = self.model.flaw != Flaw::SleeperWithoutFence;
        #[cfg(not(loom))]
        let in_order = true;
        sleep::announce_in_order(own, in_order)
    }

    /// Returns true if the peer sleeps, after a publication.
    #[inline]
    pub(crate) fn take_wake(&self, peers: &AtomicU32) -> bool {
        #[cfg(loom)]
        let in_order = self.model.flaw != Flaw::WakerWithoutFence;
        #[cfg(not(loom))]
        let in_order = true;
        sleep::take_in_order(peers, Fencing::Both, in_order)
    }
}
