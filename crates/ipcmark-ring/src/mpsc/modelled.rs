//! The slots under loom: claims and marks that loom watches, and a shadow for each message.

use super::slots::{Claim, Control, Slots};
use crate::modelled::Flaw;
use crate::sync::UnsafeCell;
use crate::sync::{AtomicU64, Ordering};
use core::marker::PhantomData;
use core::ptr::NonNull;
use std::sync::Arc;

/// A ring whose claims and marks are loom's, and whose messages have a shadow each: loom sees who touches them.
pub(crate) struct Model {
    control: Control,
    flaw: Flaw,
    claims: Vec<AtomicU64>,
    marks: Vec<AtomicU64>,
    shadow: Vec<UnsafeCell<()>>,
    bytes: NonNull<[u64]>,
}

/// Words of a modelled message.
const WORDS: usize = 2;

// SAFETY: the bytes are touched as claims and marks allow, which loom checks through the shadow.
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
        let words = || (0..count).map(|_| AtomicU64::new(0)).collect();
        let bytes = Box::leak(vec![0u64; count * WORDS].into_boxed_slice());
        Arc::new(Model {
            control: Control::new(count as u64, 8 * WORDS as u64),
            flaw,
            claims: words(),
            marks: words(),
            shadow: (0..count).map(|_| UnsafeCell::new(())).collect(),
            bytes: NonNull::from(bytes),
        })
    }
}

impl Slots<'static> {
    pub(crate) fn modelled(model: Arc<Model>) -> Self {
        let count = model.marks.len() as u64;
        Slots { model, count, largest: 8 * WORDS, _borrowed: PhantomData }
    }
}

impl Slots<'_> {
    fn place(&self, number: u64) -> usize {
        (number & (self.count - 1)) as usize
    }
    pub(crate) fn claim(&self, number: u64) -> &AtomicU64 {
        &self.model.claims[self.place(number)]
    }
    pub(crate) fn mark(&self, number: u64) -> &AtomicU64 {
        &self.model.marks[self.place(number)]
    }
    pub(crate) fn message(&self, number: u64) -> NonNull<u8> {
        // SAFETY: each slot has its own `WORDS` words of the leaked box.
        unsafe { self.model.bytes.cast::<u64>().add(self.place(number) * WORDS) }.cast()
    }
    pub(crate) fn control(&self) -> &Control {
        &self.model.control
    }
    pub(crate) fn track_write(&self, number: u64) {
        self.model.shadow[self.place(number)].with_mut(|_| ());
    }
    pub(crate) fn track_read(&self, number: u64) {
        self.model.shadow[self.place(number)].with(|_| ());
    }
    /// `order`, or none of it where that is the mistake.
    fn unless(&self, flaw: Flaw, order: Ordering) -> Ordering {
        if self.model.flaw == flaw { Ordering::Relaxed } else { order }
    }
    pub(crate) fn publish(&self) -> Ordering {
        self.unless(Flaw::RelaxedPublication, Ordering::Release)
    }
    pub(crate) fn observe(&self) -> Ordering {
        self.unless(Flaw::RelaxedObservation, Ordering::Acquire)
    }
    pub(crate) fn give_back(&self) -> Ordering {
        self.unless(Flaw::RelaxedRelease, Ordering::Release)
    }
    pub(crate) fn find_room(&self) -> Ordering {
        self.unless(Flaw::RelaxedRoom, Ordering::Acquire)
    }
    pub(crate) fn leave(&self) -> Ordering {
        self.unless(Flaw::RelaxedLeave, Ordering::Release)
    }
    pub(crate) fn count_heads(&self) -> Ordering {
        self.unless(Flaw::RelaxedCount, Ordering::Acquire)
    }
    pub(crate) fn step(&self, claim: Claim) -> u64 {
        if self.model.flaw == Flaw::StepIntoRun { 1 } else { claim.run() }
    }
    pub(crate) fn exchange(&self, number: u64, found: Claim, claim: Claim) -> bool {
        let word = self.claim(number);
        let relaxed = Ordering::Relaxed;
        if self.model.flaw == Flaw::ClaimWithoutExchange {
            let same = word.load(relaxed) == found.0;
            if same {
                word.store(claim.0, relaxed);
            }
            return same;
        }
        word.compare_exchange(found.0, claim.0, relaxed, relaxed).is_ok()
    }
}
