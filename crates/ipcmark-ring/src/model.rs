//! Memory for loom: the same rings over memory that loom watches, with mistakes to seed.

use crate::memory::Memory;
pub use crate::modelled::Flaw;
use crate::modelled::Model;
use crate::spsc::{Consumer, Producer};
use crate::{broadcast, latest, mpsc, slots};

/// Returns `producers` producers (tags from 1) and the consumer of a ring of `count` slots for messages of up to 16 bytes.
#[must_use]
pub fn slots(
    producers: u32,
    count: usize,
    flaw: Flaw,
) -> (Vec<mpsc::Producer<'static>>, mpsc::Consumer<'static>) {
    let model = mpsc::Model::new(count, flaw);
    let view = || mpsc::Slots::modelled(model.clone());
    let producers = (1..=producers).map(|tag| mpsc::Producer::over(view(), tag)).collect();
    (producers, mpsc::Consumer::over(view(), 1))
}

/// Returns both halves of a ring of `count` slots for messages of up to 16 bytes.
#[must_use]
pub fn slot_ring(count: usize, flaw: Flaw) -> (slots::Producer<'static>, slots::Consumer<'static>) {
    let model = slots::Model::new(count, flaw);
    let view = || slots::Cells::modelled(model.clone());
    let producer = slots::Producer::over(view()).expect("a fresh ring");
    (producer, slots::Consumer::over(view()))
}

/// Returns writer and reader of a latest value of up to `largest` bytes, kept in `count` places.
#[must_use]
pub fn value(
    count: usize,
    largest: usize,
    flaw: Flaw,
) -> (latest::Writer<'static>, latest::Reader<'static>) {
    let model = latest::Model::new(count, largest, flaw);
    let view = || latest::Places::modelled(model.clone());
    (latest::Writer::over(view()), latest::Reader::over(view()))
}

/// Returns the writer and `readers` readers of a broadcast ring of `capacity` bytes.
#[must_use]
pub fn broadcast(
    readers: usize,
    capacity: usize,
    flaw: Flaw,
) -> (broadcast::Writer<'static>, Vec<broadcast::Reader<'static>>) {
    let model = broadcast::Model::new(capacity, flaw);
    let view = || broadcast::Records::modelled(model.clone());
    let writer = broadcast::Writer::over(view()).expect("a fresh ring");
    (writer, (0..readers).map(|_| broadcast::Reader::over(view())).collect())
}

/// Returns both halves of a ring of `capacity` bytes, with a mistake or without.
#[must_use]
pub fn ring(capacity: usize, flaw: Flaw) -> (Producer<'static>, Consumer<'static>) {
    let model = Model::new(capacity, flaw);
    let producer = Producer::over(Memory::modelled(model.clone())).expect("a fresh ring");
    let consumer = Consumer::over(Memory::modelled(model)).expect("a fresh ring");
    (producer, consumer)
}
