//! One ring's memory as both halves see it: control lines, records, and the orderings between them.
//!
//! Everything that touches shared bytes goes through here. Under loom the control lines are loom's atomics, and each
//! granule of 8 B of the records has a shadow cell that tells loom who touches it, so that a missing ordering shows as a
//! race although the bytes themselves are plain.

use crate::layout::Control;
#[cfg(loom)]
use crate::model::{Flaw, Model};
use crate::sync::{AtomicU32, Ordering, fence};
#[cfg(not(loom))]
use crate::{
    RingError,
    layout::{ALIGNMENT, CONTROL_BYTES, check_capacity, footprint},
};
use core::marker::PhantomData;
use core::ptr::NonNull;
// Record headers live among the records, which loom follows through shadow cells: always the machine's own atomics.
use core::sync::atomic::{AtomicU64 as HeaderWord, Ordering as HeaderOrdering};

/// A need-wake flag while its owner runs.
const AWAKE: u32 = 0;
/// A need-wake flag while its owner sleeps, or is about to.
pub(crate) const ASLEEP: u32 = 1;

/// A view of a ring; each half has one.
pub(crate) struct Memory<'m> {
    #[cfg(not(loom))]
    control: &'m Control,
    #[cfg(loom)]
    model: std::sync::Arc<Model>,
    records: NonNull<u8>,
    /// Private copy: the header in shared memory is read once, at attach.
    capacity: u64,
    _borrowed: PhantomData<&'m Control>,
}

// SAFETY: a `Memory` is a view of memory made for sharing; each half, which is not `Sync`, owns the bytes it touches.
unsafe impl Send for Memory<'_> {}

#[cfg(not(loom))]
impl<'m> Memory<'m> {
    /// Makes an empty ring of `capacity` bytes in the memory.
    ///
    /// # Safety
    /// `base` is valid for reads and writes of `len` bytes during `'m`, and nobody else uses them during the call.
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
        unsafe { control.as_ref() }.seal();
        // SAFETY: the caller's promise, passed on.
        unsafe { Self::attach(base, len) }
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
        Ok(Memory { control, records, capacity, _borrowed: PhantomData })
    }
}

#[cfg(loom)]
impl Memory<'static> {
    /// A view of a modelled ring.
    pub(crate) fn modelled(model: std::sync::Arc<Model>) -> Self {
        let (records, capacity) = (model.records(), model.capacity());
        Memory { model, records, capacity, _borrowed: PhantomData }
    }
}

#[cfg(not(loom))]
fn check_place(base: NonNull<u8>, len: usize, needed: usize) -> Result<(), RingError> {
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

    /// Capacity in bytes, a power of two.
    #[inline]
    pub(crate) fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Where in the records a position (bytes since the beginning) lies.
    #[inline]
    pub(crate) fn offset(&self, position: u64) -> u64 {
        position & (self.capacity - 1)
    }

    /// Reads the record header at `position`, a multiple of 8. Relaxed: the index that covers it was acquired. Atomic,
    /// so that a peer which writes it out of turn changes a value and not the meaning of the program.
    #[inline]
    pub(crate) fn header(&self, position: u64) -> (u32, u32) {
        self.track_read(position, 8);
        let word = self.header_word(position).load(HeaderOrdering::Relaxed);
        ((word >> 32) as u32, word as u32)
    }

    /// Writes the record header at `position`, a multiple of 8 that the producer owns.
    #[inline]
    pub(crate) fn set_header(&self, position: u64, kind: u32, len: u32) {
        self.track_write(position, 8);
        let word = u64::from(kind) << 32 | u64::from(len);
        self.header_word(position).store(word, HeaderOrdering::Relaxed);
    }

    #[inline]
    fn header_word(&self, position: u64) -> &HeaderWord {
        debug_assert!(position.is_multiple_of(8));
        let at = self.bytes(position);
        // SAFETY: a multiple of 8 below the capacity has 8 aligned bytes behind it.
        unsafe { HeaderWord::from_ptr(at.cast::<u64>().as_ptr()) }
    }

    /// The first byte at `position`.
    #[inline]
    pub(crate) fn bytes(&self, position: u64) -> NonNull<u8> {
        // SAFETY: `offset` is below the capacity, and that many bytes lie behind `records`.
        unsafe { self.records.add(self.offset(position) as usize) }
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

    /// Order of the store that publishes the tail: the message before it.
    #[inline]
    pub(crate) fn publish(&self) -> Ordering {
        #[cfg(loom)]
        if self.model.flaw == Flaw::RelaxedPublication {
            return Ordering::Relaxed;
        }
        Ordering::Release
    }

    /// Order of the load that finds the tail: the message after it.
    #[inline]
    pub(crate) fn observe(&self) -> Ordering {
        #[cfg(loom)]
        if self.model.flaw == Flaw::RelaxedObservation {
            return Ordering::Relaxed;
        }
        Ordering::Acquire
    }

    /// Order of the store that gives space back: the reads of the message before it.
    #[inline]
    pub(crate) fn give_back(&self) -> Ordering {
        #[cfg(loom)]
        if self.model.flaw == Flaw::RelaxedRelease {
            return Ordering::Relaxed;
        }
        Ordering::Release
    }

    /// A sleeper's first half: says that it sleeps, then (fence) looks again.
    #[cold]
    pub(crate) fn announce_sleep(&self, own: &AtomicU32) {
        own.store(ASLEEP, Ordering::Relaxed);
        #[cfg(loom)]
        if self.model.flaw == Flaw::SleeperWithoutFence {
            return;
        }
        fence(Ordering::SeqCst);
    }

    /// A sleeper's last half: it runs again.
    #[cold]
    pub(crate) fn retract_sleep(&self, own: &AtomicU32) {
        own.store(AWAKE, Ordering::Relaxed);
    }

    /// The publisher's half: after its publication (fence) it looks whether the peer sleeps, and takes the flag down.
    #[inline]
    pub(crate) fn take_wake(&self, peers: &AtomicU32) -> bool {
        #[cfg(loom)]
        let fenced = self.model.flaw != Flaw::WakerWithoutFence;
        #[cfg(not(loom))]
        let fenced = true;
        if fenced {
            fence(Ordering::SeqCst);
        }
        if peers.load(Ordering::Relaxed) == AWAKE {
            return false;
        }
        peers.store(AWAKE, Ordering::Relaxed);
        true
    }
}
