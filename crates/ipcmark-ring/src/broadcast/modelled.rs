//! The ring under loom: words that loom watches, and orderings that can be left out.

use super::{Control, Records};
use crate::modelled::Flaw;
use crate::sleep::{self, Fencing};
use crate::sync::{AtomicU64, Ordering, fence};
use core::marker::PhantomData;
use std::sync::Arc;

/// A ring whose words are loom's.
pub(crate) struct Model {
    pub(super) control: Control,
    pub(super) words: Vec<AtomicU64>,
    flaw: Flaw,
}

impl Model {
    pub(crate) fn new(capacity: usize, flaw: Flaw) -> Arc<Model> {
        crate::layout::check_capacity(capacity as u64).expect("a capacity");
        let words = (0..capacity / 8).map(|_| AtomicU64::new(0)).collect();
        Arc::new(Model { control: Control::new(capacity as u64), words, flaw })
    }
}

impl Records<'static> {
    pub(crate) fn modelled(model: Arc<Model>) -> Self {
        let capacity = 8 * model.words.len() as u64;
        Records { model, capacity, _borrowed: PhantomData }
    }
}

impl Records<'_> {
    fn fence_unless(&self, flaw: Flaw, order: Ordering) {
        if self.model.flaw != flaw {
            fence(order);
        }
    }
    pub(crate) fn publish(&self) -> Ordering {
        match self.model.flaw {
            Flaw::RelaxedPublication => Ordering::Relaxed,
            _ => Ordering::Release,
        }
    }
    pub(crate) fn observe(&self) -> Ordering {
        match self.model.flaw {
            Flaw::RelaxedObservation => Ordering::Relaxed,
            _ => Ordering::Acquire,
        }
    }
    pub(crate) fn writers_fence(&self) {
        self.fence_unless(Flaw::WriterWithoutFence, Ordering::Release);
    }
    pub(crate) fn readers_fence(&self) {
        self.fence_unless(Flaw::ReaderWithoutFence, Ordering::Acquire);
    }
    pub(crate) fn announce_sleep(&self) -> u32 {
        let in_order = self.model.flaw != Flaw::SleeperWithoutFence;
        sleep::announce_in_order(&self.control().readers_sleep, in_order)
    }
    pub(crate) fn take_wake(&self) -> bool {
        let flag = &self.control().readers_sleep;
        if self.model.flaw == Flaw::FlagWithoutCount {
            fence(Ordering::SeqCst);
            return flag.fetch_and(!1, Ordering::Relaxed) & 1 != 0;
        }
        let in_order = self.model.flaw != Flaw::WakerWithoutFence;
        sleep::take_in_order(flag, Fencing::Both, in_order)
    }
}
