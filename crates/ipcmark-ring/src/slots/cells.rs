//! The slots as both halves see them, and the orderings between them.

#[cfg(not(loom))]
use crate::RingError;
#[cfg(not(loom))]
use crate::copy;
use crate::layout::CONTROL_BYTES;
#[cfg(not(loom))]
use crate::layout::{ALIGNMENT, MAX_CAPACITY};
#[cfg(not(loom))]
use crate::memory::check_place;
use crate::sleep::{self, Fencing};
#[cfg(not(loom))]
use crate::sync::Ordering;
use crate::sync::{AtomicU32, AtomicU64};
use core::marker::PhantomData;
#[cfg(not(loom))]
use core::ptr::NonNull;
use crossbeam_utils::CachePadded;

/// Bytes of a slot before its message: the word.
pub(super) const WORD: usize = 8;
/// Bytes of a cache line.
const LINE: usize = 64;

/// `"ipcmark\0"`, little-endian.
#[cfg(not(loom))]
const MAGIC: u64 = u64::from_le_bytes(*b"ipcmark\0");
const KIND_SLOTS: u64 = 5;

/// Returns bytes of a slot for messages of up to `largest` bytes. What fits one line never lies on two, and what does
/// not begins
/// with a line: packed slots took 1.1 to 1.4 times as long for a round trip of 1 KiB, and streams were no faster.
#[must_use]
pub const fn slot_bytes(largest: usize) -> usize {
    let bytes = WORD + largest;
    if bytes <= LINE { bytes.next_power_of_two() } else { bytes.next_multiple_of(LINE) }
}

/// Returns bytes of shared memory that `count` slots for messages of up to `largest` bytes take.
#[must_use]
pub const fn footprint(count: usize, largest: usize) -> usize {
    CONTROL_BYTES + count * slot_bytes(largest)
}

/// First word of a slot: number of the message, modulo 2³², and its length in bytes. A slot holds message
/// *n* or still *n − count*, and a ring has less than 2³² slots, so that half a word tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word(pub(super) u64);

impl Word {
    #[inline]
    pub(super) const fn new(number: u64, len: u32) -> Word {
        Word(number << 32 | len as u64)
    }

    /// Is it that of message `number`?
    #[inline]
    pub(super) const fn is_of(self, number: u64) -> bool {
        (self.0 >> 32) as u32 == number as u32
    }

    #[inline]
    pub(super) const fn len(self) -> usize {
        self.0 as u32 as usize
    }
}

/// The lines before the slots.
#[repr(C)]
pub(crate) struct Control {
    header: CachePadded<Header>,
    /// Twice the number of messages given back; one more once the consumer has closed.
    pub(super) head: CachePadded<AtomicU64>,
    pub(super) consumer_sleeps: CachePadded<AtomicU32>,
    pub(super) producer_sleeps: CachePadded<AtomicU32>,
    /// 1 once the producer has closed. Written once, after the last message.
    pub(super) ended: CachePadded<AtomicU64>,
}

/// Opening that identifies slots. Atomics, because a peer may write them at any time.
#[repr(C)]
struct Header {
    magic: AtomicU64,
    kind: AtomicU64,
    count: AtomicU64,
    largest: AtomicU64,
}

#[cfg(not(loom))]
const _: () = assert!(size_of::<Control>() <= CONTROL_BYTES && align_of::<Control>() <= ALIGNMENT);

impl Control {
    pub(super) fn new(count: u64, largest: u64) -> Self {
        let line = || CachePadded::new(AtomicU64::new(0));
        let flag = || CachePadded::new(AtomicU32::new(0));
        Control {
            header: CachePadded::new(Header {
                magic: AtomicU64::new(0),
                kind: AtomicU64::new(KIND_SLOTS),
                count: AtomicU64::new(count),
                largest: AtomicU64::new(largest),
            }),
            head: line(),
            consumer_sleeps: flag(),
            producer_sleeps: flag(),
            ended: line(),
        }
    }
}

/// A view of the slots; each half has one. A *place* is where a slot begins, in bytes after the first.
pub(crate) struct Cells<'m> {
    #[cfg(not(loom))]
    control: &'m Control,
    #[cfg(not(loom))]
    base: NonNull<u8>,
    #[cfg(loom)]
    pub(super) model: std::sync::Arc<super::Model>,
    /// Private copies: what the shared header says is read once.
    pub(super) count: u64,
    pub(super) largest: usize,
    pub(super) stride: usize,
    pub(super) _borrowed: PhantomData<&'m Control>,
}

// SAFETY: a view of memory made for sharing; a half, which is not `Sync`, touches the slots that are its own to touch.
unsafe impl Send for Cells<'_> {}

#[cfg(not(loom))]
impl<'m> Cells<'m> {
    /// Makes `count` empty slots in the memory.
    ///
    /// # Safety
    /// `base` is valid for reads and writes of `len` bytes during `'m`, and no one else uses them during the call.
    pub(super) unsafe fn create(
        base: NonNull<u8>,
        len: usize,
        (count, largest): (usize, usize),
    ) -> Result<Self, RingError> {
        check_shape(count as u64, largest as u64)?;
        check_place(base, len, footprint(count, largest))?;
        let control = base.cast::<Control>();
        // SAFETY: the caller lends `len` bytes, of which `check_place` found enough, aligned.
        unsafe { control.write(Control::new(count as u64, largest as u64)) };
        // SAFETY: a `Control` was written there just now, and is valid during 'm.
        let control: &'m Control = unsafe { control.as_ref() };
        let cells = Cells::over(control, base, (count as u64, largest));
        let mut place = 0;
        for number in 0..cells.count {
            let of_the_lap_before = Word::new(number.wrapping_sub(cells.count), 0);
            cells.word(place).store(of_the_lap_before.0, Ordering::Relaxed);
            place = cells.next(place);
        }
        // Release: who sees the mark sees the rest.
        control.header.magic.store(MAGIC, Ordering::Release);
        Ok(cells)
    }

    /// Finds the slots in the memory.
    ///
    /// # Safety
    /// `base` is valid for reads and writes of `len` bytes during `'m`.
    pub(super) unsafe fn attach(base: NonNull<u8>, len: usize) -> Result<Self, RingError> {
        check_place(base, len, CONTROL_BYTES)?;
        // SAFETY: any bytes are a valid `Control` (atomic integers and padding), and these are there during 'm, aligned.
        let control: &'m Control = unsafe { base.cast::<Control>().as_ref() };
        let expect = |field, found: u64, wanted: u64| {
            if found == wanted { Ok(()) } else { Err(RingError::Foreign { field, found }) }
        };
        let header = &control.header;
        expect("magic", header.magic.load(Ordering::Acquire), MAGIC)?;
        expect("kind", header.kind.load(Ordering::Relaxed), KIND_SLOTS)?;
        let count = header.count.load(Ordering::Relaxed);
        let largest = header.largest.load(Ordering::Relaxed);
        check_shape(count, largest)?;
        check_place(base, len, footprint(count as usize, largest as usize))?;
        Ok(Cells::over(control, base, (count, largest as usize)))
    }

    fn over(control: &'m Control, base: NonNull<u8>, (count, largest): (u64, usize)) -> Self {
        // SAFETY: the callers found more than `CONTROL_BYTES` bytes behind `base`.
        let base = unsafe { base.add(CONTROL_BYTES) };
        let stride = slot_bytes(largest);
        Cells { control, base, count, largest, stride, _borrowed: PhantomData }
    }

    /// Returns the first byte of the slot at `place`.
    #[inline]
    fn slot(&self, place: usize) -> NonNull<u8> {
        debug_assert!(
            place.is_multiple_of(self.stride) && place / self.stride < self.count as usize
        );
        // SAFETY: places are made by `place` and `next` alone, below `count` slots of `stride` bytes.
        unsafe { self.base.add(place) }
    }

    /// Returns the word of the slot at `place`.
    #[inline]
    pub(super) fn word(&self, place: usize) -> &AtomicU64 {
        // SAFETY: a slot is aligned to 8 bytes and begins with its word.
        unsafe { AtomicU64::from_ptr(self.slot(place).cast().as_ptr()) }
    }

    /// Returns the first byte of the message at `place`.
    #[inline]
    pub(super) fn message(&self, place: usize) -> NonNull<u8> {
        // SAFETY: a slot has its word before its message, and no less than that.
        unsafe { self.slot(place).add(WORD) }
    }

    #[inline]
    pub(super) fn control(&self) -> &Control {
        self.control
    }

    /// Asks for the line `ahead` bytes after `place`, to write it soon: the consumer has it.
    #[inline]
    pub(super) fn prepare(&self, place: usize, ahead: usize) {
        let at = self.base.as_ptr().wrapping_add(place + ahead);
        if let Some(at) = NonNull::new(at) {
            copy::prepare(at);
        }
    }

    #[inline]
    pub(super) fn track_write(&self, _: usize) {}
    #[inline]
    pub(super) fn track_read(&self, _: usize) {}
    /// Returns the order of the store that publishes: the message before it.
    #[inline]
    pub(super) fn publish(&self) -> Ordering {
        Ordering::Release
    }
    /// Returns the order of the load that finds a message: the message after it.
    #[inline]
    pub(super) fn observe(&self) -> Ordering {
        Ordering::Acquire
    }
    /// Returns the order of the store that gives slots back: the reads of the messages before it.
    #[inline]
    pub(super) fn give_back(&self) -> Ordering {
        Ordering::Release
    }
    /// Returns the order of the load that finds room: the writes after it.
    #[inline]
    pub(super) fn find_room(&self) -> Ordering {
        Ordering::Acquire
    }
    /// Returns the word of a batch's first message is written after those of the rest.
    #[inline]
    pub(super) fn first_comes_last(&self) -> bool {
        true
    }
    /// Returns a consumer that finds the end looks again for a message that came before it.
    #[inline]
    pub(super) fn looks_again_at_the_end(&self) -> bool {
        true
    }
    /// Slots that the producer takes for free beyond those that are.
    #[inline]
    pub(super) fn credit(&self) -> u64 {
        0
    }
    #[inline]
    fn fences(&self, _: Half) -> bool {
        true
    }
}

/// Side of a sleep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    /// Puts the flag up and looks again.
    Sleeper,
    /// Publishes and looks at the flag.
    Waker,
}

impl Cells<'_> {
    /// Returns the place of message `number`.
    pub(super) fn place(&self, number: u64) -> usize {
        (number % self.count) as usize * self.stride
    }

    /// Returns the place after `place`.
    #[inline]
    pub(super) fn next(&self, place: usize) -> usize {
        let next = place + self.stride;
        if next == self.count as usize * self.stride { 0 } else { next }
    }

    /// Says that this side sleeps; see [`sleep`].
    #[cold]
    pub(super) fn announce_sleep(&self, own: &AtomicU32) -> u32 {
        sleep::announce_in_order(own, self.fences(Half::Sleeper))
    }

    /// Returns true if the peer sleeps, after a publication.
    #[inline]
    pub(super) fn take_wake(&self, peers: &AtomicU32) -> bool {
        sleep::take_in_order(peers, Fencing::Both, self.fences(Half::Waker))
    }
}

/// Accepts 2 to 2³² − 1 slots of less than 4 GiB together.
#[cfg(not(loom))]
fn check_shape(count: u64, largest: u64) -> Result<(), RingError> {
    let most = MAX_CAPACITY as u64;
    let fits = count < most
        && largest < most - LINE as u64
        && (slot_bytes(largest as usize) as u64)
            .checked_mul(count)
            .is_some_and(|bytes| bytes <= most);
    if fits && count >= 2 { Ok(()) } else { Err(RingError::Slots { count, largest }) }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_fits_a_line_lies_on_one_and_longer_begins_with_one() {
        let slots = [0, 1, 8, 9, 24, 56, 57, 64, 1024].map(slot_bytes);
        assert_eq!(slots, [8, 16, 16, 32, 32, 64, 128, 128, 1088]);
    }

    #[test]
    fn a_word_is_of_one_lap_alone() {
        for number in [0, 7, 1 << 32, u64::MAX] {
            let word = Word::new(number, 9);
            assert!(word.is_of(number) && word.len() == 9);
            assert!(!word.is_of(number.wrapping_add(2)) && !word.is_of(number.wrapping_sub(2)));
        }
    }

    #[test]
    fn shapes_beyond_4_gib_are_refused() {
        let refused = |count, largest| check_shape(count, largest).is_err();
        assert!(refused(0, 8) && refused(1, 8) && refused(1 << 32, 0) && refused(2, u64::MAX));
        assert!(refused(1 << 20, 4089) && !refused(1 << 20, 4088) && !refused(3, 8));
    }
}
