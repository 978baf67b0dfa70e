//! Memory of a modelled ring, and the mistakes that a model can have.

use crate::layout::{Control, Header};
use crate::sync::{AtomicU64, Ordering, UnsafeCell};
use core::ptr::NonNull;
use std::sync::Arc;

/// A mistake to seed, to show that loom would find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// The ring as it is.
    None,
    /// A message is published without Release.
    RelaxedPublication,
    /// A message is found without Acquire.
    RelaxedObservation,
    /// Space is given back without Release.
    RelaxedRelease,
    /// Space that was given back is found without Acquire.
    RelaxedRegain,
    /// The word behind the last record keeps what stood there a lap ago.
    StaleEnd,
    /// A sleeper puts its flag up and looks again without a fence between.
    SleeperWithoutFence,
    /// Two producers may both find a slot free before either has claimed it.
    ClaimWithoutExchange,
    /// A producer looks how far the consumer is without Acquire.
    RelaxedRoom,
    /// A producer counts itself out without Release.
    RelaxedLeave,
    /// The consumer counts the producers without Acquire.
    RelaxedCount,
    /// A producer looks for a free slot inside a run that another has claimed.
    StepIntoRun,
    /// A writer does not order its mark of a value in the making before the value.
    WriterWithoutFence,
    /// A reader does not order its second look at the mark after the value.
    ReaderWithoutFence,
    /// A publisher looks at the flag without a fence after its publication.
    WakerWithoutFence,
    /// The first message of a batch is published before the rest is in its slots.
    FirstBeforeTheRest,
    /// A consumer that finds the end does not look again for what came before it.
    NoSecondLookAtTheEnd,
    /// A producer takes one slot more for free than are.
    OneSlotTooMany,
    /// A flag that many sleep on is taken down without being counted on.
    FlagWithoutCount,
}

/// One modelled ring.
pub(crate) struct Model {
    pub(crate) control: Control,
    pub(crate) flaw: Flaw,
    /// The bytes themselves, owned; freed on drop.
    records: NonNull<[u64]>,
    /// One cell a granule of 8 B: loom sees who reads and writes it.
    shadow: Vec<UnsafeCell<()>>,
    /// Value of each granule if a side mistakes it for a header.
    headers: Vec<AtomicU64>,
}

/// Value of a granule in a message: the worst, a message of one byte.
const FORGED: Header = Header::message(1);

// SAFETY: the records are touched by the halves alone, whose turns loom checks through the shadow cells.
unsafe impl Send for Model {}
// SAFETY: as for `Send`.
unsafe impl Sync for Model {}

impl Model {
    /// Makes the memory of a ring of `capacity` bytes.
    pub(crate) fn new(capacity: usize, flaw: Flaw) -> Arc<Model> {
        crate::layout::check_capacity(capacity as u64).expect("a capacity");
        let records = Box::leak(vec![0u64; capacity / 8].into_boxed_slice());
        let control = Control::new(capacity as u64);
        control.seal();
        Arc::new(Model {
            control,
            flaw,
            records: NonNull::from(records),
            shadow: (0..capacity / 8).map(|_| UnsafeCell::new(())).collect(),
            headers: (0..capacity / 8).map(|_| AtomicU64::new(Header::EMPTY.0)).collect(),
        })
    }

    pub(crate) fn records(&self) -> NonNull<u8> {
        self.records.cast()
    }

    pub(crate) fn capacity(&self) -> u64 {
        (self.records.len() * 8) as u64
    }

    pub(crate) fn read(&self, offset: u64, len: u64) {
        self.granules(offset, len).iter().for_each(|cell| cell.with(|_| ()));
    }

    pub(crate) fn write(&self, offset: u64, len: u64) {
        self.granules(offset, len).iter().for_each(|cell| cell.with_mut(|_| ()));
        let forged = self.headers.iter().skip((offset / 8) as usize);
        let forged = forged.take(len.div_ceil(8) as usize);
        forged.for_each(|header| header.store(FORGED.0, Ordering::Relaxed));
    }

    pub(crate) fn header(&self, offset: u64) -> &AtomicU64 {
        &self.headers[(offset / 8) as usize]
    }

    fn granules(&self, offset: u64, len: u64) -> &[UnsafeCell<()>] {
        if len == 0 {
            return &[];
        }
        &self.shadow[(offset / 8) as usize..(offset + len).div_ceil(8) as usize]
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        // SAFETY: `new` leaked this box, and the last view of it is gone.
        drop(unsafe { Box::from_raw(self.records.as_ptr()) });
    }
}
