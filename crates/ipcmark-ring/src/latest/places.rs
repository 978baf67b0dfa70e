//! The places as writer and readers see them: rows of words.

#[cfg(not(loom))]
use crate::RingError;
#[cfg(not(loom))]
use crate::layout::ALIGNMENT;
use crate::layout::CONTROL_BYTES;
#[cfg(not(loom))]
use crate::memory::check_place;
#[cfg(loom)]
use crate::modelled::Flaw;
use crate::sync::{AtomicU64, Ordering, fence};
use core::marker::PhantomData;
#[cfg(not(loom))]
use core::ptr::NonNull;
use crossbeam_utils::CachePadded;

/// Words of a place before its value: the mark and the length in bytes.
pub(crate) const MARK: usize = 0;
pub(crate) const LENGTH: usize = 1;
pub(crate) const VALUE: usize = 2;
/// Words of a cache line; places begin on one.
const LINE: usize = 8;

#[cfg(not(loom))]
const MAGIC: u64 = u64::from_le_bytes(*b"ipcmark\0");
#[cfg(not(loom))]
const KIND_LATEST: u64 = 3;

/// Returns words of a place for values of up to `largest` bytes.
const fn place_words(largest: usize) -> usize {
    (VALUE + largest.div_ceil(8)).next_multiple_of(LINE)
}

/// Returns bytes of shared memory that `count` places for values of up to `largest` bytes take.
#[must_use]
pub const fn footprint(count: usize, largest: usize) -> usize {
    CONTROL_BYTES + 8 * count * place_words(largest)
}

/// The lines before the places.
#[repr(C)]
pub(crate) struct Control {
    magic: CachePadded<AtomicU64>,
    kind: AtomicU64,
    count: AtomicU64,
    largest: AtomicU64,
    /// Number of the newest value, from 1; 0 before the first.
    pub(crate) newest: CachePadded<AtomicU64>,
    /// 1 once the writer has closed. Written once, after the last value.
    pub(crate) writer_closed: CachePadded<AtomicU64>,
    /// 1 once a reader has closed.
    pub(crate) reader_closed: CachePadded<AtomicU64>,
}

#[cfg(not(loom))]
const _: () = assert!(size_of::<Control>() <= CONTROL_BYTES && align_of::<Control>() <= ALIGNMENT);

impl Control {
    fn new(count: u64, largest: u64) -> Self {
        let line = |value| CachePadded::new(AtomicU64::new(value));
        Control {
            magic: line(0),
            kind: AtomicU64::new(3),
            count: AtomicU64::new(count),
            largest: AtomicU64::new(largest),
            newest: line(0),
            writer_closed: line(0),
            reader_closed: line(0),
        }
    }
}

/// A view of the places; each half has one.
pub(crate) struct Places<'m> {
    #[cfg(not(loom))]
    control: &'m Control,
    #[cfg(not(loom))]
    words: &'m [AtomicU64],
    #[cfg(loom)]
    model: std::sync::Arc<Model>,
    /// Private copies: what the shared header says is read once.
    count: u64,
    pub(crate) largest: usize,
    _borrowed: PhantomData<&'m Control>,
}

/// Makes `count` empty places for values of up to `largest` bytes. Halves attach to them afterwards.
///
/// Fails when `count` is 0, or the memory is too short or not on a multiple of [`ALIGNMENT`](crate::ALIGNMENT).
///
/// # Safety
/// `base` is valid for reads and writes of `len` zeroed bytes, and no one else uses them during the call.
#[cfg(not(loom))]
pub unsafe fn create(
    base: NonNull<u8>,
    len: usize,
    count: usize,
    largest: usize,
) -> Result<(), RingError> {
    check(base, len, count as u64, largest as u64)?;
    let control = base.cast::<Control>();
    // SAFETY: the caller lends `len` bytes, of which `check` found enough, aligned.
    unsafe { control.write(Control::new(count as u64, largest as u64)) };
    // SAFETY: a `Control` was written there just now.
    let control = unsafe { control.as_ref() };
    control.kind.store(KIND_LATEST, Ordering::Relaxed);
    // Release: who sees the mark sees the rest.
    control.magic.store(MAGIC, Ordering::Release);
    Ok(())
}

#[cfg(not(loom))]
fn check(base: NonNull<u8>, len: usize, count: u64, largest: u64) -> Result<(), RingError> {
    let most = crate::MAX_CAPACITY as u64;
    if count == 0 || count > 1 << 16 || largest > most {
        return Err(RingError::Slots { count, largest });
    }
    check_place(base, len, footprint(count as usize, largest as usize))
}

#[cfg(not(loom))]
impl<'m> Places<'m> {
    /// Finds the places in the memory.
    ///
    /// # Safety
    /// `base` is valid for reads and writes of `len` bytes during `'m`, and all who use them do so through halves.
    pub(crate) unsafe fn attach(base: NonNull<u8>, len: usize) -> Result<Self, RingError> {
        check(base, len, 1, 0)?;
        // SAFETY: any bytes are a valid `Control` (atomic integers and padding), and these are there during 'm, aligned.
        let control: &'m Control = unsafe { base.cast::<Control>().as_ref() };
        let expect = |field, found: u64, wanted: u64| {
            if found == wanted { Ok(()) } else { Err(RingError::Foreign { field, found }) }
        };
        expect("magic", control.magic.load(Ordering::Acquire), MAGIC)?;
        expect("kind", control.kind.load(Ordering::Relaxed), KIND_LATEST)?;
        let count = control.count.load(Ordering::Relaxed);
        let largest = control.largest.load(Ordering::Relaxed);
        check(base, len, count, largest)?;
        // SAFETY: `check` found more than `CONTROL_BYTES` bytes behind `base`.
        let first = unsafe { base.add(CONTROL_BYTES) }.cast::<AtomicU64>();
        let words = count as usize * place_words(largest as usize);
        // SAFETY: `check` found as many words there, aligned, valid during 'm, and only ever touched as atomics.
        let words = unsafe { core::slice::from_raw_parts(first.as_ptr(), words) };
        Ok(Places { control, words, count, largest: largest as usize, _borrowed: PhantomData })
    }

    #[inline]
    pub(crate) fn control(&self) -> &Control {
        self.control
    }

    /// Returns the words of the place of value `number`.
    #[inline]
    pub(crate) fn place(&self, number: u64) -> &[AtomicU64] {
        let words = place_words(self.largest);
        let at = (number % self.count) as usize * words;
        &self.words[at..at + words]
    }

    /// Orders the odd mark before the value.
    #[inline]
    pub(crate) fn writers_fence(&self) {
        fence(Ordering::Release);
    }

    /// Orders the value before the second look at the mark.
    #[inline]
    pub(crate) fn readers_fence(&self) {
        fence(Ordering::Acquire);
    }
}

/// Places whose words are loom's.
#[cfg(loom)]
pub(crate) struct Model {
    control: Control,
    words: Vec<AtomicU64>,
    flaw: Flaw,
}

#[cfg(loom)]
impl Model {
    pub(crate) fn new(count: usize, largest: usize, flaw: Flaw) -> std::sync::Arc<Model> {
        let words = (0..count * modelled_words(largest)).map(|_| AtomicU64::new(0)).collect();
        let control = Control::new(count as u64, largest as u64);
        std::sync::Arc::new(Model { control, words, flaw })
    }
}

/// Returns no padding: loom follows each word.
#[cfg(loom)]
const fn modelled_words(largest: usize) -> usize {
    VALUE + largest.div_ceil(8)
}

#[cfg(loom)]
impl Places<'static> {
    pub(crate) fn modelled(model: std::sync::Arc<Model>) -> Self {
        let largest = model.control.largest.load(Ordering::Relaxed) as usize;
        let count = model.control.count.load(Ordering::Relaxed);
        Places { model, count, largest, _borrowed: PhantomData }
    }
}

#[cfg(loom)]
impl Places<'_> {
    pub(crate) fn control(&self) -> &Control {
        &self.model.control
    }

    pub(crate) fn place(&self, number: u64) -> &[AtomicU64] {
        let words = modelled_words(self.largest);
        let at = (number % self.count) as usize * words;
        &self.model.words[at..at + words]
    }

    pub(crate) fn writers_fence(&self) {
        if self.model.flaw != Flaw::WriterWithoutFence {
            fence(Ordering::Release);
        }
    }

    pub(crate) fn readers_fence(&self) {
        if self.model.flaw != Flaw::ReaderWithoutFence {
            fence(Ordering::Acquire);
        }
    }
}
