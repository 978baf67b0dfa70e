//! The slots under a model checker: words that it watches, and a shadow for each message.

use super::cells::{Cells, Control, Half, WORD, Word};
use crate::modelled::Flaw;
use crate::sync::{AtomicU64, Ordering, UnsafeCell};
use core::marker::PhantomData;
use core::ptr::NonNull;
use std::sync::Arc;

/// A ring whose words are the checker's, and whose messages have a shadow each: it sees who touches them.
pub(crate) struct Model {
    control: Control,
    flaw: Flaw,
    words: Vec<AtomicU64>,
    shadow: Vec<UnsafeCell<()>>,
    bytes: NonNull<[u64]>,
}

/// Words of a modelled message.
const WORDS: usize = 2;
/// Bytes of a modelled slot.
const STRIDE: usize = WORD + 8 * WORDS;

// SAFETY: the bytes are touched as the words allow, which the checker sees through the shadow.
unsafe impl Send for Model {}
// SAFETY: as for `Send`.
unsafe impl Sync for Model {}

impl Drop for Model {
    fn drop(&mut self) {
        // SAFETY: `new` leaked this box, and the last view of it is gone.
        drop(unsafe { Box::from_raw(self.bytes.as_ptr()) });
    }
}

impl Model {
    pub(crate) fn new(count: usize, flaw: Flaw) -> Arc<Model> {
        let of_the_lap_before = |n| Word::new((n as u64).wrapping_sub(count as u64), 0);
        let bytes = Box::leak(vec![0u64; count * WORDS].into_boxed_slice());
        Arc::new(Model {
            control: Control::new(count as u64, 8 * WORDS as u64),
            flaw,
            words: (0..count).map(|n| AtomicU64::new(of_the_lap_before(n).0)).collect(),
            shadow: (0..count).map(|_| UnsafeCell::new(())).collect(),
            bytes: NonNull::from(bytes),
        })
    }
}

impl Cells<'static> {
    pub(crate) fn modelled(model: Arc<Model>) -> Self {
        let count = model.words.len() as u64;
        Cells { model, count, largest: 8 * WORDS, stride: STRIDE, _borrowed: PhantomData }
    }
}

impl Cells<'_> {
    pub(super) fn word(&self, place: usize) -> &AtomicU64 {
        &self.model.words[place / STRIDE]
    }
    pub(super) fn message(&self, place: usize) -> NonNull<u8> {
        // SAFETY: each slot has its own `WORDS` words of the leaked box.
        unsafe { self.model.bytes.cast::<u64>().add(place / STRIDE * WORDS) }.cast()
    }
    pub(super) fn control(&self) -> &Control {
        &self.model.control
    }
    pub(super) fn prepare(&self, _: usize, _: usize) {}
    pub(super) fn track_write(&self, place: usize) {
        self.model.shadow[place / STRIDE].with_mut(|_| ());
    }
    pub(super) fn track_read(&self, place: usize) {
        self.model.shadow[place / STRIDE].with(|_| ());
    }
    pub(super) fn publish(&self) -> Ordering {
        self.unless(Flaw::RelaxedPublication, Ordering::Release)
    }
    pub(super) fn observe(&self) -> Ordering {
        self.unless(Flaw::RelaxedObservation, Ordering::Acquire)
    }
    pub(super) fn give_back(&self) -> Ordering {
        self.unless(Flaw::RelaxedRelease, Ordering::Release)
    }
    pub(super) fn find_room(&self) -> Ordering {
        self.unless(Flaw::RelaxedRegain, Ordering::Acquire)
    }
    pub(super) fn first_comes_last(&self) -> bool {
        self.model.flaw != Flaw::FirstBeforeTheRest
    }
    pub(super) fn looks_again_at_the_end(&self) -> bool {
        self.model.flaw != Flaw::NoSecondLookAtTheEnd
    }
    pub(super) fn credit(&self) -> u64 {
        u64::from(self.model.flaw == Flaw::OneSlotTooMany)
    }
    pub(super) fn fences(&self, half: Half) -> bool {
        match half {
            Half::Sleeper => self.model.flaw != Flaw::SleeperWithoutFence,
            Half::Waker => self.model.flaw != Flaw::WakerWithoutFence,
        }
    }
    fn unless(&self, flaw: Flaw, order: Ordering) -> Ordering {
        if self.model.flaw == flaw { Ordering::Relaxed } else { order }
    }
}
