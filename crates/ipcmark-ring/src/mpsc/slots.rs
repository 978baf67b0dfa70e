//! The slots as both halves see them, and the orderings between them.

#[cfg(not(loom))]
use crate::RingError;
#[cfg(not(loom))]
use crate::layout::ALIGNMENT;
use crate::layout::CONTROL_BYTES;
use crate::sleep::{self, Fencing};
#[cfg(not(loom))]
use crate::sync::Ordering;
use crate::sync::{AtomicU32, AtomicU64};
use core::marker::PhantomData;
#[cfg(not(loom))]
use core::ptr::NonNull;
use crossbeam_utils::CachePadded;

/// Largest tag of a producer: as many as there are process numbers (`PID_MAX_LIMIT` of proc_sys_kernel(5)).
pub const TAG_MAX: u32 = (1 << TAG_BITS) - 1;
const TAG_BITS: u32 = 22;
const STATE_BITS: u32 = 2;
/// Messages are numbered modulo 2⁴⁰: a ring that carries a million a second wraps after twelve days, and only laps of
/// one slot must be told apart.
const NUMBER_BITS: u32 = 64 - TAG_BITS - STATE_BITS;
pub(crate) const NUMBERS: u64 = 1 << NUMBER_BITS;

/// Slots begin on multiples of this, in bytes, so that two producers never write one line.
const LINE: usize = 64;
/// Bytes of a slot before its message: the state word and the length.
const SLOT_HEADER: usize = 16;

#[cfg(not(loom))]
const MAGIC: u64 = u64::from_le_bytes(*b"ipcmark\0");
#[cfg(not(loom))]
const KIND_MPSC: u64 = 2;

/// Bytes of a slot for messages of up to `largest` bytes.
#[must_use]
pub const fn slot_bytes(largest: usize) -> usize {
    (SLOT_HEADER + largest).next_multiple_of(LINE)
}

/// Bytes of shared memory that `count` slots for messages of up to `largest` bytes take.
#[must_use]
pub const fn footprint(count: usize, largest: usize) -> usize {
    CONTROL_BYTES + count * slot_bytes(largest)
}

/// How far a slot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Free,
    Claimed,
    Committed,
    Skipped,
}

/// A state word: number of the message, state, tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word(pub(crate) u64);

impl Word {
    pub(crate) const fn new(number: u64, state: State, tag: u32) -> Word {
        Word(number << (TAG_BITS + STATE_BITS) | (state as u64) << TAG_BITS | tag as u64)
    }

    pub(crate) const fn number(self) -> u64 {
        self.0 >> (TAG_BITS + STATE_BITS)
    }

    pub(crate) const fn state(self) -> State {
        match (self.0 >> TAG_BITS) & 3 {
            0 => State::Free,
            1 => State::Claimed,
            2 => State::Committed,
            _ => State::Skipped,
        }
    }

    pub(crate) const fn tag(self) -> u32 {
        self.0 as u32 & TAG_MAX
    }

    /// True when this word stands in an earlier lap than `number`.
    pub(crate) const fn is_before(self, number: u64) -> bool {
        (self.number().wrapping_sub(number) << (TAG_BITS + STATE_BITS)) as i64 <= -1
    }
}

/// The number after `number`.
pub(crate) const fn after(number: u64, by: u64) -> u64 {
    number.wrapping_add(by) & (NUMBERS - 1)
}

/// The lines before the slots.
#[repr(C)]
pub(crate) struct Control {
    magic: CachePadded<AtomicU64>,
    kind: AtomicU64,
    count: AtomicU64,
    largest: AtomicU64,
    /// Where to look for a free slot first.
    pub(crate) tail: CachePadded<AtomicU64>,
    /// Where a consumer that attaches begins.
    pub(crate) head: CachePadded<AtomicU64>,
    pub(crate) consumer_sleeps: CachePadded<AtomicU32>,
    pub(crate) producers_sleep: CachePadded<AtomicU32>,
    /// Producers that ever attached (upper half), and that closed (lower half).
    pub(crate) attendance: CachePadded<AtomicU64>,
    /// 0, then the tag of the one consumer.
    pub(crate) consumer: CachePadded<AtomicU32>,
    /// 1 once the consumer has closed. Beside `consumer`, as both are read and hardly ever written.
    pub(crate) consumer_closed: AtomicU32,
}

#[cfg(not(loom))]
const _: () = assert!(size_of::<Control>() <= CONTROL_BYTES && align_of::<Control>() <= ALIGNMENT);

impl Control {
    pub(super) fn new(count: u64, largest: u64) -> Self {
        let line = |value| CachePadded::new(AtomicU64::new(value));
        let flag = || CachePadded::new(AtomicU32::new(0));
        Control {
            magic: line(0),
            kind: AtomicU64::new(2),
            count: AtomicU64::new(count),
            largest: AtomicU64::new(largest),
            tail: line(0),
            head: line(0),
            consumer_sleeps: flag(),
            producers_sleep: flag(),
            attendance: line(0),
            consumer: flag(),
            consumer_closed: AtomicU32::new(0),
        }
    }
}

/// A view of the ring; each half has one.
pub(crate) struct Slots<'m> {
    #[cfg(not(loom))]
    control: &'m Control,
    #[cfg(not(loom))]
    base: NonNull<u8>,
    #[cfg(not(loom))]
    stride: usize,
    #[cfg(loom)]
    pub(super) model: std::sync::Arc<super::Model>,
    /// Private copies: what the shared header says is read once.
    pub(crate) count: u64,
    pub(crate) largest: usize,
    pub(super) _borrowed: PhantomData<&'m Control>,
}

// SAFETY: a view of memory made for sharing; a half, which is not `Sync`, touches the slots that their states give it.
unsafe impl Send for Slots<'_> {}

/// Makes an empty ring of `count` slots for messages of up to `largest` bytes. Halves attach to it afterwards.
///
/// Fails when `count` is no power of two, or the memory is too short or not on a multiple of
/// [`ALIGNMENT`](crate::ALIGNMENT).
///
/// # Safety
/// `base` is valid for reads and writes of `len` bytes, and nobody else uses them during the call.
#[cfg(not(loom))]
pub unsafe fn create(
    base: NonNull<u8>,
    len: usize,
    count: usize,
    largest: usize,
) -> Result<(), RingError> {
    check_shape(count as u64, largest as u64)?;
    check_place(base, len, footprint(count, largest))?;
    let control = base.cast::<Control>();
    // SAFETY: the caller lends `len` bytes, of which `check_place` found enough, aligned.
    unsafe { control.write(Control::new(count as u64, largest as u64)) };
    // SAFETY: a `Control` was written there just now.
    let control = unsafe { control.as_ref() };
    let slots = Slots::over(control, base, count as u64, largest);
    for number in 0..count as u64 {
        slots.word(number).store(Word::new(number, State::Free, 0).0, Ordering::Relaxed);
    }
    // Release: who sees the mark sees the rest.
    control.magic.store(MAGIC, Ordering::Release);
    Ok(())
}

#[cfg(not(loom))]
impl<'m> Slots<'m> {
    fn over(control: &'m Control, base: NonNull<u8>, count: u64, largest: usize) -> Self {
        // SAFETY: the callers found more than `CONTROL_BYTES` bytes behind `base`.
        let base = unsafe { base.add(CONTROL_BYTES) };
        let stride = slot_bytes(largest);
        Slots { control, base, stride, count, largest, _borrowed: PhantomData }
    }

    /// Finds the ring in the memory.
    ///
    /// # Safety
    /// `base` is valid for reads and writes of `len` bytes during `'m`.
    pub(crate) unsafe fn attach(base: NonNull<u8>, len: usize) -> Result<Self, RingError> {
        check_place(base, len, CONTROL_BYTES)?;
        // SAFETY: any bytes are a valid `Control` (atomic integers and padding), and these are there during 'm, aligned.
        let control: &'m Control = unsafe { base.cast::<Control>().as_ref() };
        let expect = |field, found: u64, wanted: u64| {
            if found == wanted { Ok(()) } else { Err(RingError::Foreign { field, found }) }
        };
        expect("magic", control.magic.load(Ordering::Acquire), MAGIC)?;
        expect("kind", control.kind.load(Ordering::Relaxed), KIND_MPSC)?;
        let count = control.count.load(Ordering::Relaxed);
        let largest = control.largest.load(Ordering::Relaxed);
        check_shape(count, largest)?;
        check_place(base, len, footprint(count as usize, largest as usize))?;
        Ok(Slots::over(control, base, count, largest as usize))
    }

    /// The first byte of the slot of message `number`.
    #[inline]
    fn slot(&self, number: u64) -> NonNull<u8> {
        // SAFETY: below `count` slots of `stride` bytes lie behind `base`.
        unsafe { self.base.add((number & (self.count - 1)) as usize * self.stride) }
    }

    /// The state word of the slot of message `number`.
    #[inline]
    pub(crate) fn word(&self, number: u64) -> &AtomicU64 {
        // SAFETY: a slot is aligned to 64 bytes and begins with its state word.
        unsafe { AtomicU64::from_ptr(self.slot(number).cast().as_ptr()) }
    }

    /// Where the length of message `number` stands.
    #[inline]
    pub(crate) fn length(&self, number: u64) -> &AtomicU64 {
        // SAFETY: a slot has 16 bytes before its message.
        let at = unsafe { self.slot(number).add(8) };
        // SAFETY: the second aligned word of a slot holds the length.
        unsafe { AtomicU64::from_ptr(at.cast().as_ptr()) }
    }

    /// The first byte of message `number`.
    #[inline]
    pub(crate) fn message(&self, number: u64) -> NonNull<u8> {
        // SAFETY: a slot has 16 bytes before its message.
        unsafe { self.slot(number).add(SLOT_HEADER) }
    }

    #[inline]
    pub(crate) fn control(&self) -> &Control {
        self.control
    }

    #[inline]
    pub(crate) fn track_write(&self, _: u64) {}
    #[inline]
    pub(crate) fn track_read(&self, _: u64) {}
    /// Order of the store that commits: the message before it.
    #[inline]
    pub(crate) fn publish(&self) -> Ordering {
        Ordering::Release
    }
    /// Order of the store that frees a slot: the reads of the message before it.
    #[inline]
    pub(crate) fn give_back(&self) -> Ordering {
        Ordering::Release
    }
    /// Changes `free` to `claimed`, unless another has. Acquire: the consumer's reads of the lap before come first.
    #[inline]
    pub(crate) fn exchange(&self, number: u64, free: Word, claimed: Word) -> bool {
        let (success, failure) = (Ordering::Acquire, Ordering::Relaxed);
        self.word(number).compare_exchange(free.0, claimed.0, success, failure).is_ok()
    }
}

impl Slots<'_> {
    /// A sleeper's first half: says that it sleeps, then (fence) looks again. Returns the value to sleep on.
    #[cold]
    pub(crate) fn announce_sleep(&self, flag: &AtomicU32) -> u32 {
        sleep::announce(flag)
    }

    /// The publisher's half: after its publication (fence) it looks whether anyone sleeps, and if so takes the flag down.
    #[inline]
    pub(crate) fn take_wake(&self, flag: &AtomicU32) -> bool {
        sleep::take(flag, Fencing::Both)
    }
}

#[cfg(not(loom))]
fn check_shape(count: u64, largest: u64) -> Result<(), RingError> {
    let fits = largest <= crate::MAX_CAPACITY as u64 && count <= crate::MAX_CAPACITY as u64;
    if count.is_power_of_two() && count >= 2 && fits {
        Ok(())
    } else {
        Err(RingError::Slots { count, largest })
    }
}

#[cfg(not(loom))]
fn check_place(base: NonNull<u8>, len: usize, needed: usize) -> Result<(), RingError> {
    if !base.addr().get().is_multiple_of(ALIGNMENT) {
        return Err(RingError::Misaligned);
    }
    if len < needed { Err(RingError::TooSmall { len, needed }) } else { Ok(()) }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_word_holds_number_state_and_tag() {
        let last = NUMBERS - 1;
        for (number, tag) in [(0, 0), (7, 1), (last, TAG_MAX)] {
            for state in [State::Free, State::Claimed, State::Committed, State::Skipped] {
                let word = Word::new(number, state, tag);
                assert_eq!((word.number(), word.state(), word.tag()), (number, state, tag));
            }
        }
        assert_eq!(after(last, 3), 2);
        let word = |number| Word::new(number, State::Committed, 9);
        assert!(word(3).is_before(4) && !word(4).is_before(4) && !word(5).is_before(4));
        assert!(word(last).is_before(2) && !word(2).is_before(last));
    }
}
