//! The slots as both halves see them, and the orderings between them.

#[cfg(not(loom))]
use crate::RingError;
#[cfg(not(loom))]
use crate::layout::ALIGNMENT;
use crate::layout::CONTROL_BYTES;
#[cfg(not(loom))]
use crate::memory::check_place;
use crate::sleep::{self, Fencing};
use crate::sync::{AtomicU32, AtomicU64, Ordering};
use core::marker::PhantomData;
#[cfg(not(loom))]
use core::ptr::NonNull;
use crossbeam_utils::CachePadded;

/// Largest tag of a producer: as many as there are process numbers (`PID_MAX_LIMIT` of proc_sys_kernel(5)).
pub const TAG_MAX: u32 = (1 << TAG_BITS) - 1;
const TAG_BITS: u32 = 22;
/// Most slots that one exchange claims.
pub const RUN_MAX: usize = 64;
const RUN_MASK: u64 = 0x3ff;

/// Slots that the consumer gives back at once, at most.
const PORTION_MAX: u64 = 64;

/// Slots begin on multiples of this, in bytes, so that two producers never write one line.
const LINE: usize = 64;
/// Bytes of a slot before its message: the mark.
const SLOT_HEADER: usize = 8;
/// Length value of a claim that was given up.
const SKIPPED: u32 = u32::MAX;

#[cfg(not(loom))]
const MAGIC: u64 = u64::from_le_bytes(*b"ipcmark\0");
#[cfg(not(loom))]
const KIND_MPSC: u64 = 3;

/// Returns bytes of a slot for messages of up to `largest` bytes.
#[must_use]
pub const fn slot_bytes(largest: usize) -> usize {
    (SLOT_HEADER + largest).next_multiple_of(LINE)
}

/// Returns bytes of the claims of `count` slots: whole pairs of lines.
const fn claim_bytes(count: usize) -> usize {
    (8 * count).next_multiple_of(2 * LINE)
}

/// Returns bytes of shared memory that `count` slots for messages of up to `largest` bytes take.
#[must_use]
pub const fn footprint(count: usize, largest: usize) -> usize {
    CONTROL_BYTES + claim_bytes(count) + count * slot_bytes(largest)
}

/// Owner of a slot in a lap: lap, length of the run of slots claimed with it and from it on, tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Claim(pub(crate) u64);

impl Claim {
    pub(crate) const fn new(lap: u32, run: u64, tag: u32) -> Claim {
        Claim((lap as u64) << 32 | (run & RUN_MASK) << TAG_BITS | (tag & TAG_MAX) as u64)
    }

    pub(crate) const fn lap(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// Returns at least 1, whatever a damaged word says.
    pub(crate) const fn run(self) -> u64 {
        let run = self.0 >> TAG_BITS & RUN_MASK;
        if run == 0 { 1 } else { run }
    }

    pub(crate) const fn tag(self) -> u32 {
        self.0 as u32 & TAG_MAX
    }
}

/// Content of a slot: lap, and the length of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark(pub(crate) u64);

impl Mark {
    pub(crate) const fn message(lap: u32, len: u32) -> Mark {
        Mark((lap as u64) << 32 | len as u64)
    }

    pub(crate) const fn skipped(lap: u32) -> Mark {
        Mark::message(lap, SKIPPED)
    }

    pub(crate) const fn lap(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// Returns the length of the message in bytes; `None` where the claim was given up.
    pub(crate) const fn len(self) -> Option<usize> {
        let len = self.0 as u32;
        if len == SKIPPED { None } else { Some(len as usize) }
    }
}

/// The lines before the slots.
#[repr(C)]
pub(crate) struct Control {
    magic: CachePadded<AtomicU64>,
    kind: AtomicU64,
    count: AtomicU64,
    largest: AtomicU64,
    /// Messages that the consumer is done with.
    pub(crate) head: CachePadded<AtomicU64>,
    pub(crate) consumer_sleeps: CachePadded<AtomicU32>,
    pub(crate) producers_sleep: CachePadded<AtomicU32>,
    /// Producers that ever attached (upper half), and that closed (lower half).
    pub(crate) attendance: CachePadded<AtomicU64>,
    /// 0, then the tag of the one consumer.
    pub(crate) consumer: CachePadded<AtomicU32>,
    /// 1 once the consumer has closed. Next to `consumer`, as both are read and hardly ever written.
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
            kind: AtomicU64::new(3),
            count: AtomicU64::new(count),
            largest: AtomicU64::new(largest),
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
    claims: NonNull<u8>,
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

// SAFETY: a view of memory made for sharing; a half, which is not `Sync`, touches the slots that claims and marks give it.
unsafe impl Send for Slots<'_> {}

/// Makes an empty ring of `count` slots for messages of up to `largest` bytes. Halves attach to it afterwards.
///
/// Fails when `count` is no power of two, or the memory is too short or not on a multiple of
/// [`ALIGNMENT`](crate::ALIGNMENT).
///
/// # Safety
/// `base` is valid for reads and writes of `len` bytes, and no one else uses them during the call.
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
        slots.claim(number).store(0, Ordering::Relaxed);
        slots.mark(number).store(0, Ordering::Relaxed);
    }
    // Release: who sees the magic number sees the rest.
    control.magic.store(MAGIC, Ordering::Release);
    Ok(())
}

#[cfg(not(loom))]
impl<'m> Slots<'m> {
    fn over(control: &'m Control, base: NonNull<u8>, count: u64, largest: usize) -> Self {
        // SAFETY: the callers found more than `CONTROL_BYTES` bytes behind `base`.
        let claims = unsafe { base.add(CONTROL_BYTES) };
        // SAFETY: and the claims behind those.
        let base = unsafe { claims.add(claim_bytes(count as usize)) };
        let stride = slot_bytes(largest);
        Slots { control, claims, base, stride, count, largest, _borrowed: PhantomData }
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

    /// Returns the first byte of the slot of message `number`.
    #[inline]
    fn slot(&self, number: u64) -> NonNull<u8> {
        // SAFETY: below `count` slots of `stride` bytes lie behind `base`.
        unsafe { self.base.add((number & (self.count - 1)) as usize * self.stride) }
    }

    /// Returns the claim of the slot of message `number`.
    #[inline]
    pub(crate) fn claim(&self, number: u64) -> &AtomicU64 {
        // SAFETY: below `count` words of 8 bytes lie behind `claims`.
        let at = unsafe { self.claims.add((number & (self.count - 1)) as usize * 8) };
        // SAFETY: the claims begin on a page, and each has 8 bytes.
        unsafe { AtomicU64::from_ptr(at.cast().as_ptr()) }
    }

    /// Returns the mark of the slot of message `number`.
    #[inline]
    pub(crate) fn mark(&self, number: u64) -> &AtomicU64 {
        // SAFETY: a slot is aligned to 64 bytes and begins with its mark.
        unsafe { AtomicU64::from_ptr(self.slot(number).cast().as_ptr()) }
    }

    /// Returns the first byte of message `number`.
    #[inline]
    pub(crate) fn message(&self, number: u64) -> NonNull<u8> {
        // SAFETY: a slot has 8 bytes before its message.
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
    /// Returns the order of the store that marks a slot: the message before it.
    #[inline]
    pub(crate) fn publish(&self) -> Ordering {
        Ordering::Release
    }
    /// Returns the order of the load that finds the mark: the message after it.
    #[inline]
    pub(crate) fn observe(&self) -> Ordering {
        Ordering::Acquire
    }
    /// Returns the order of the store that gives slots back: the reads of their messages before it.
    #[inline]
    pub(crate) fn give_back(&self) -> Ordering {
        Ordering::Release
    }
    /// Returns the order of the load that finds slots given back: what is written into them after it.
    #[inline]
    pub(crate) fn find_room(&self) -> Ordering {
        Ordering::Acquire
    }
    /// Returns the order in which a producer counts itself out: what it committed before it.
    #[inline]
    pub(crate) fn leave(&self) -> Ordering {
        Ordering::Release
    }
    /// Returns the order of the load that counts producers: what they committed after it.
    #[inline]
    pub(crate) fn count_heads(&self) -> Ordering {
        Ordering::Acquire
    }
    /// Returns how far a producer goes on over a run of another's claims.
    #[inline]
    pub(crate) fn step(&self, claim: Claim) -> u64 {
        claim.run()
    }
    /// Changes the claim from what was found to `claim`, unless another has. Relaxed: that the slot was given back was
    /// seen (acquired) in `head` before.
    #[inline]
    pub(crate) fn exchange(&self, number: u64, found: Claim, claim: Claim) -> bool {
        let relaxed = Ordering::Relaxed;
        self.claim(number).compare_exchange(found.0, claim.0, relaxed, relaxed).is_ok()
    }
}

impl Slots<'_> {
    /// Returns messages that the consumer is done with. Whatever stands there, counting on from it does not
    /// overflow.
    #[inline]
    pub(crate) fn head(&self) -> u64 {
        self.control().head.load(self.find_room()) & (u64::MAX >> 1)
    }

    /// Returns the lap in which message `number` comes, from 1, modulo 2³²; it is compared for being
    /// equal alone.
    #[inline]
    pub(crate) fn lap(&self, number: u64) -> u32 {
        ((number >> self.count.trailing_zeros()) as u32).wrapping_add(1)
    }

    /// Slots that the consumer gives back at once.
    #[inline]
    pub(crate) fn portion(&self) -> u64 {
        (self.count / 8).min(PORTION_MAX)
    }

    /// Returns the claim that message `number` belongs to, as far as it is known from the claims before it, and how many
    /// slots of its run are left from `number` on.
    ///
    /// The words inside a run are written one by one after the exchange that claimed it, so that only the first tells for
    /// certain.
    pub(crate) fn covering(&self, number: u64) -> Option<(Claim, u64)> {
        (0..=number.min(RUN_MAX as u64)).find_map(|back| {
            let first = number - back;
            let claim = Claim(self.claim(first).load(Ordering::Relaxed));
            let covers = claim.lap() == self.lap(first) && claim.run() > back;
            covers.then(|| (claim, claim.run() - back))
        })
    }

    /// Returns a sleeper's first half: says that it sleeps, then (fence) looks again. Returns the value to
    /// sleep on.
    #[cold]
    pub(crate) fn announce_sleep(&self, flag: &AtomicU32) -> u32 {
        sleep::announce(flag)
    }

    /// Returns the publisher's half: after its publication (fence) it looks whether anyone sleeps, and if so takes the
    /// flag down.
    #[inline]
    pub(crate) fn take_wake(&self, flag: &AtomicU32) -> bool {
        sleep::take(flag, Fencing::Both)
    }
}

#[cfg(not(loom))]
fn check_shape(count: u64, largest: u64) -> Result<(), RingError> {
    let most = crate::MAX_CAPACITY as u64;
    // A length has 32 bits, of which one value is taken.
    let fits = largest < most - 1 && count <= most;
    if count.is_power_of_two() && count >= 2 && fits {
        Ok(())
    } else {
        Err(RingError::Slots { count, largest })
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn words_hold_what_was_put_into_them() {
        for (lap, run, tag) in [(1, 1, 0), (7, RUN_MAX as u64, 1), (u32::MAX, 2, TAG_MAX)] {
            let claim = Claim::new(lap, run, tag);
            assert_eq!((claim.lap(), claim.run(), claim.tag()), (lap, run, tag));
            let mark = Mark::message(lap, tag);
            assert_eq!((mark.lap(), mark.len()), (lap, Some(tag as usize)));
            assert_eq!((Mark::skipped(lap).lap(), Mark::skipped(lap).len()), (lap, None));
        }
        assert_eq!(Claim(0).run(), 1);
    }
}
