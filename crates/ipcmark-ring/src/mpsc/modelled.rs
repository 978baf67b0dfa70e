//! The slots under loom: state words that loom watches, and a shadow for each message.

use super::slots::{Control, Slots, State, Word};
use crate::model::Flaw;
use crate::sync::UnsafeCell;
use crate::sync::{AtomicU64, Ordering};
use core::marker::PhantomData;
use core::ptr::NonNull;
use std::sync::Arc;

/// A ring whose state words are loom's, and whose messages have a shadow each: loom sees who touches them.
pub(crate) struct Model {
    control: Control,
    flaw: Flaw,
    words: Vec<AtomicU64>,
    lengths: Vec<AtomicU64>,
    shadow: Vec<UnsafeCell<()>>,
    bytes: NonNull<[u64]>,
}

/// Words of a modelled message.
const WORDS: usize = 2;

// SAFETY: the bytes are touched as the slots' states allow, which loom checks through the shadow.
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
        let free = |n| AtomicU64::new(Word::new(n as u64, State::Free, 0).0);
        let bytes = Box::leak(vec![0u64; count * WORDS].into_boxed_slice());
        Arc::new(Model {
            control: Control::new(count as u64, 8 * WORDS as u64),
            flaw,
            words: (0..count).map(free).collect(),
            lengths: (0..count).map(|_| AtomicU64::new(0)).collect(),
            shadow: (0..count).map(|_| UnsafeCell::new(())).collect(),
            bytes: NonNull::from(bytes),
        })
    }
}

impl Slots<'static> {
    pub(crate) fn modelled(model: Arc<Model>) -> Self {
        let count = model.words.len() as u64;
        Slots { model, count, largest: 8 * WORDS, _borrowed: PhantomData }
    }
}

impl Slots<'_> {
    fn place(&self, number: u64) -> usize {
        (number & (self.count - 1)) as usize
    }
    pub(crate) fn word(&self, number: u64) -> &AtomicU64 {
        &self.model.words[self.place(number)]
    }
    pub(crate) fn length(&self, number: u64) -> &AtomicU64 {
        &self.model.lengths[self.place(number)]
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
    pub(crate) fn publish(&self) -> Ordering {
        match self.model.flaw {
            Flaw::RelaxedPublication => Ordering::Relaxed,
            _ => Ordering::Release,
        }
    }
    pub(crate) fn give_back(&self) -> Ordering {
        match self.model.flaw {
            Flaw::RelaxedRelease => Ordering::Relaxed,
            _ => Ordering::Release,
        }
    }
    pub(crate) fn exchange(&self, number: u64, free: Word, claimed: Word) -> bool {
        let word = self.word(number);
        if self.model.flaw == Flaw::ClaimWithoutExchange {
            let found = word.load(Ordering::Acquire) == free.0;
            if found {
                word.store(claimed.0, Ordering::Relaxed);
            }
            return found;
        }
        let (success, failure) = (Ordering::Acquire, Ordering::Relaxed);
        word.compare_exchange(free.0, claimed.0, success, failure).is_ok()
    }
}
