//! The ring as writer and readers see it: control lines and a row of words.

#[cfg(not(loom))]
use crate::RingError;
#[cfg(not(loom))]
use crate::memory::check_place;
#[cfg(not(loom))]
use crate::sleep::{self, Fencing};
use crate::sync::{AtomicU32, AtomicU64};
#[cfg(not(loom))]
use crate::sync::{Ordering, fence};
#[cfg(not(loom))]
use crate::{ALIGNMENT, CONTROL_BYTES, footprint, layout::check_capacity};
use crate::{MAX_CAPACITY, MIN_CAPACITY};
use core::marker::PhantomData;
#[cfg(not(loom))]
use core::ptr::NonNull;
use crossbeam_utils::CachePadded;

/// Bytes of a header, and the unit records are rounded up to.
pub(crate) const HEADER: u64 = 8;
/// Flag in *published*, next to a position: a newest record exists.
pub(crate) const PRESENT: u64 = 1;
/// Flag in *published*: the writer has closed.
pub(crate) const CLOSED: u64 = 2;
/// The bits of *published* that are no position.
pub(crate) const FLAGS: u64 = 7;

#[cfg(not(loom))]
const MAGIC: u64 = u64::from_le_bytes(*b"ipcmark\0");
#[cfg(not(loom))]
const KIND_BROADCAST: u64 = 4;

/// Returns the longest message of a ring of `capacity` bytes, in bytes: with a quarter for a record, the newest one stays
/// readable while the next is written, padding before the wrap and reservation included.
#[must_use]
pub const fn largest_message(capacity: usize) -> usize {
    capacity / 4 - HEADER as usize
}

/// Returns the smallest capacity that takes messages of `size` bytes and holds `messages` of them, in bytes; `None` when that
/// is more than [`MAX_CAPACITY`].
#[must_use]
pub fn capacity_for(messages: usize, size: usize) -> Option<usize> {
    let record = size.checked_add(8)?.checked_next_multiple_of(8)?;
    let capacity = record.checked_mul(messages.max(4))?.checked_next_power_of_two()?;
    (capacity <= MAX_CAPACITY).then_some(capacity.max(MIN_CAPACITY))
}

/// Header before a message: its length, its number's low half, and that it is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header(pub(crate) u64);

impl Header {
    /// Not 0: zeroed memory is no record.
    const MESSAGE: u64 = 1 << 30;
    /// Padding that fills the rest of the memory before the wrap.
    pub(crate) const PADDING: Header = Header(1 << 31);

    pub(crate) const fn message(len: usize, number: u64) -> Header {
        Header(number << 32 | Self::MESSAGE | len as u64)
    }

    pub(crate) const fn is_message(self) -> bool {
        self.0 & (0b11 << 30) == Self::MESSAGE
    }

    /// Returns a length below 2^30.
    pub(crate) const fn len(self) -> usize {
        (self.0 & (Self::MESSAGE - 1)) as usize
    }

    /// Returns the low half of the message's number.
    pub(crate) const fn number(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// Returns the message's number, if it is less than 2^31 from `about`.
    pub(crate) const fn number_near(self, about: u64) -> u64 {
        about.wrapping_add_signed(self.number().wrapping_sub(about as u32) as i32 as i64)
    }
}

/// Returns bytes of the record of a message of `len` bytes.
#[inline]
pub(crate) const fn record_bytes(len: usize) -> u64 {
    (len as u64 + HEADER + 7) & !7
}

/// The lines before the records.
#[repr(C)]
pub(crate) struct Control {
    magic: CachePadded<AtomicU64>,
    kind: AtomicU64,
    capacity: AtomicU64,
    pub(crate) published: CachePadded<AtomicU64>,
    pub(crate) reservation: CachePadded<Reservation>,
    /// High half: readers that came. Low half: readers that left.
    pub(crate) attendance: CachePadded<AtomicU64>,
    pub(crate) readers_sleep: CachePadded<AtomicU32>,
}

/// Words that change once in an eighth of the memory.
#[repr(C)]
pub(crate) struct Reservation {
    /// Up to which position the writer may have begun to write.
    pub(crate) end: AtomicU64,
    /// Number of the message that it was last moved for. It only says which 2^32 messages the half number in a header is of.
    pub(crate) number: AtomicU64,
}

#[cfg(not(loom))]
const _: () = assert!(size_of::<Control>() <= CONTROL_BYTES && align_of::<Control>() <= ALIGNMENT);

impl Control {
    fn new(capacity: u64) -> Self {
        let line = |value| CachePadded::new(AtomicU64::new(value));
        Control {
            magic: line(0),
            kind: AtomicU64::new(4),
            capacity: AtomicU64::new(capacity),
            published: line(0),
            reservation: CachePadded::new(Reservation {
                end: AtomicU64::new(0),
                number: AtomicU64::new(0),
            }),
            attendance: line(0),
            readers_sleep: CachePadded::new(AtomicU32::new(0)),
        }
    }
}

/// A view of the ring; each half has one.
pub(crate) struct Records<'m> {
    #[cfg(not(loom))]
    control: &'m Control,
    #[cfg(not(loom))]
    words: &'m [AtomicU64],
    #[cfg(loom)]
    model: std::sync::Arc<Model>,
    /// Private copy in bytes, a power of two: the shared header is read once, at attach.
    pub(crate) capacity: u64,
    _borrowed: PhantomData<&'m Control>,
}

/// Makes an empty ring of `capacity` bytes, a power of two. Halves attach to it afterwards.
///
/// Fails when the capacity is none, or the memory is too short (see [`footprint`]) or not on a multiple of
/// [`ALIGNMENT`].
///
/// # Safety
/// `base` is valid for reads and writes of `len` bytes, and no one else uses them during the call.
#[cfg(not(loom))]
pub unsafe fn create(base: NonNull<u8>, len: usize, capacity: usize) -> Result<(), RingError> {
    check_capacity(capacity as u64)?;
    check_place(base, len, footprint(capacity))?;
    let control = base.cast::<Control>();
    // SAFETY: the caller lends `len` bytes, of which `check_place` found enough, aligned.
    unsafe { control.write(Control::new(capacity as u64)) };
    // SAFETY: a `Control` was written there just now.
    let control = unsafe { control.as_ref() };
    control.kind.store(KIND_BROADCAST, Ordering::Relaxed);
    // Release: who sees the mark sees the rest.
    control.magic.store(MAGIC, Ordering::Release);
    Ok(())
}

#[cfg(not(loom))]
impl<'m> Records<'m> {
    /// Finds the ring in the memory.
    ///
    /// # Safety
    /// `base` is valid for reads and writes of `len` initialised bytes during `'m`, and all who use them do so through
    /// halves.
    pub(crate) unsafe fn attach(base: NonNull<u8>, len: usize) -> Result<Self, RingError> {
        check_place(base, len, CONTROL_BYTES)?;
        // SAFETY: any bytes are a valid `Control` (atomic integers and padding), and these are there during 'm, aligned.
        let control: &'m Control = unsafe { base.cast::<Control>().as_ref() };
        let expect = |field, found: u64, wanted: u64| {
            if found == wanted { Ok(()) } else { Err(RingError::Foreign { field, found }) }
        };
        expect("magic", control.magic.load(Ordering::Acquire), MAGIC)?;
        expect("kind", control.kind.load(Ordering::Relaxed), KIND_BROADCAST)?;
        let capacity = control.capacity.load(Ordering::Relaxed);
        check_capacity(capacity)?;
        check_place(base, len, footprint(capacity as usize))?;
        // SAFETY: `check_place` found more than `CONTROL_BYTES` bytes behind `base`.
        let first = unsafe { base.add(CONTROL_BYTES) }.cast::<AtomicU64>();
        // SAFETY: `check_place` found `capacity` bytes there, aligned, valid during 'm, and only ever touched as atomics.
        let words = unsafe { core::slice::from_raw_parts(first.as_ptr(), capacity as usize / 8) };
        Ok(Records { control, words, capacity, _borrowed: PhantomData })
    }
}

impl Records<'_> {
    #[inline]
    pub(crate) fn control(&self) -> &Control {
        #[cfg(not(loom))]
        let control = self.control;
        #[cfg(loom)]
        let control = &self.model.control;
        control
    }

    #[inline]
    fn words(&self) -> &[AtomicU64] {
        #[cfg(not(loom))]
        let words = self.words;
        #[cfg(loom)]
        let words = &self.model.words;
        words
    }

    /// Returns where in the memory a position lies, in bytes.
    #[inline]
    pub(crate) fn offset(&self, position: u64) -> u64 {
        position & (self.capacity - 1)
    }

    /// Returns the bytes from a position to the wrap; never 0.
    #[inline]
    pub(crate) fn to_wrap(&self, position: u64) -> u64 {
        self.capacity - self.offset(position)
    }

    /// Returns the header's word of a record at `position`.
    #[inline]
    pub(crate) fn header(&self, position: u64) -> &AtomicU64 {
        &self.words()[(self.offset(position) / 8) as usize]
    }

    /// Returns the words of a message of `len` bytes whose record is at `position`; `None` when they would pass
    /// the wrap.
    #[inline]
    pub(crate) fn message(&self, position: u64, len: usize) -> Option<&[AtomicU64]> {
        let first = (self.offset(position) / 8) as usize + 1;
        self.words().get(first..first + len.div_ceil(8))
    }

    /// Returns the longest message, in bytes.
    #[inline]
    pub(crate) fn largest(&self) -> usize {
        largest_message(self.capacity as usize)
    }

    /// Returns true if the writer may have begun to overwrite what is at `position`.
    #[inline]
    pub(crate) fn is_lapped(&self, position: u64, reserved: u64) -> bool {
        reserved.wrapping_sub(position) > self.capacity
    }
}

#[cfg(not(loom))]
impl Records<'_> {
    /// Returns the order of the store that publishes: the record before it.
    #[inline]
    pub(crate) fn publish(&self) -> Ordering {
        Ordering::Release
    }
    /// Returns the order of the load that finds what was published.
    #[inline]
    pub(crate) fn observe(&self) -> Ordering {
        Ordering::Acquire
    }
    /// Orders the reservation before the words.
    #[inline]
    pub(crate) fn writers_fence(&self) {
        fence(Ordering::Release);
    }
    /// Orders the words before the look at the reservation.
    #[inline]
    pub(crate) fn readers_fence(&self) {
        fence(Ordering::Acquire);
    }
    /// Says that a reader sleeps: see [`sleep`].
    pub(crate) fn announce_sleep(&self) -> u32 {
        sleep::announce(&self.control.readers_sleep)
    }
    /// Returns true if any reader sleeps, after a publication.
    #[inline]
    pub(crate) fn take_wake(&self) -> bool {
        sleep::take(&self.control.readers_sleep, Fencing::Both)
    }
}

#[cfg(loom)]
#[path = "modelled.rs"]
mod modelled;
#[cfg(loom)]
pub(crate) use modelled::Model;
