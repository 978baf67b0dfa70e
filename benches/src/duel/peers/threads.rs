//! Rings for two threads: rtrb, disruptor, ringbuf, and crossbeam's bounded queue.
//!
//! A message is an element of type `[u64; W]`. A crate that can send several messages with one
//! publication has two rows: one by one, and 32 at a time.

use crate::duel::candidate::{Candidate, Role};
use crate::duel::link::{Link, Part, Rx, Tx, batched, spin};
use crate::duel::message::{Sink, Source};
use crate::duel::shape::{BATCH, Shape, batch};
use crossbeam_queue::ArrayQueue;
use disruptor::{BusySpinWithSpinLoopHint, EventPoller, Producer as _, SingleConsumerBarrier};
use ringbuf::traits::{Consumer as _, Observer as _, Producer as _, Split as _};
use ringbuf::{HeapCons, HeapProd, HeapRb};
use std::hint::spin_loop;
use std::slice::from_ref;
use std::sync::Arc;

pub(super) fn candidates() -> Vec<Candidate> {
    vec![
        Candidate::between_threads::<Rtrb>("rtrb", Role::Peer),
        Candidate::between_threads::<RtrbChunks>("rtrb, chunks", Role::Peer),
        Candidate::between_threads::<Disruptor>("disruptor", Role::Peer),
        Candidate::between_threads::<DisruptorBatches>("disruptor, batches", Role::Peer),
        Candidate::between_threads::<Ringbuf>("ringbuf", Role::Peer),
        Candidate::between_threads::<RingbufSlices>("ringbuf, slices", Role::Peer),
        Candidate::between_threads::<Crossbeam>("crossbeam ArrayQueue", Role::Peer),
    ]
}

/// Returns the number of messages of `W` words that fit into `bytes`.
fn messages<const W: usize>(bytes: usize) -> usize {
    bytes / (8 * W)
}

/// Words up to which a message is moved by value, and above which from slice to slice: the faster
/// way of each.
const BY_VALUE: usize = 8;

struct Rtrb;
struct RtrbTx<const W: usize>(rtrb::Producer<[u64; W]>);
struct RtrbRx<const W: usize>(rtrb::Consumer<[u64; W]>);

impl Link for Rtrb {
    type Tx<const W: usize> = RtrbTx<W>;
    type Rx<const W: usize> = RtrbRx<W>;

    fn link<const W: usize>(bytes: usize) -> Result<(RtrbTx<W>, RtrbRx<W>), String> {
        let (tx, rx) = rtrb::RingBuffer::new(messages::<W>(bytes));
        Ok((RtrbTx(tx), RtrbRx(rx)))
    }
}

impl<const W: usize> Tx<W> for RtrbTx<W> {
    #[inline(always)]
    fn send(&mut self, message: &[u64; W]) {
        if W <= BY_VALUE {
            while self.0.push(*message).is_err() {
                spin_loop();
            }
        } else {
            while self.0.push_entire_slice(from_ref(message)).is_err() {
                spin_loop();
            }
        }
    }
}

impl<const W: usize> Rx<W> for RtrbRx<W> {
    #[inline(always)]
    fn receive(&mut self, sink: &mut Sink<W>) {
        if W <= BY_VALUE {
            let message = spin(|| self.0.pop().ok());
            sink.take(&message);
        } else {
            let chunk = loop {
                if let Ok(chunk) = self.0.read_chunk(1) {
                    break chunk;
                }
                spin_loop();
            };
            sink.take(&chunk.as_slices().0[0]);
            chunk.commit_all();
        }
    }
}

struct RtrbChunks;
struct RtrbChunksTx<const W: usize>(rtrb::Producer<[u64; W]>);
struct RtrbChunksRx<const W: usize>(rtrb::Consumer<[u64; W]>);

impl Link for RtrbChunks {
    type Tx<const W: usize> = RtrbChunksTx<W>;
    type Rx<const W: usize> = RtrbChunksRx<W>;

    fn part(shape: Shape) -> Part {
        batched(shape)
    }

    fn link<const W: usize>(bytes: usize) -> Result<(RtrbChunksTx<W>, RtrbChunksRx<W>), String> {
        let (tx, rx) = rtrb::RingBuffer::new(messages::<W>(bytes));
        Ok((RtrbChunksTx(tx), RtrbChunksRx(rx)))
    }
}

impl<const W: usize> Tx<W> for RtrbChunksTx<W> {
    fn send(&mut self, message: &[u64; W]) {
        spin(|| self.0.push(*message).ok());
    }

    #[inline(always)]
    fn send_many(&mut self, source: &mut Source<W>, count: u64) {
        let mut left = count;
        while left > 0 {
            let now = batch(left);
            loop {
                // Uninitialised, as its documentation advises: nothing is written twice.
                if let Ok(chunk) = self.0.write_chunk_uninit(now) {
                    chunk.fill_from_iter(std::iter::repeat_with(|| *source.upcoming()).take(now));
                    break;
                }
                spin_loop();
            }
            left -= now as u64;
        }
    }
}

impl<const W: usize> Rx<W> for RtrbChunksRx<W> {
    fn receive(&mut self, sink: &mut Sink<W>) {
        let message = spin(|| self.0.pop().ok());
        sink.take(&message);
    }

    #[inline(always)]
    fn receive_many(&mut self, sink: &mut Sink<W>, count: u64) {
        let mut left = count;
        while left > 0 {
            let now = self.0.slots().min(BATCH);
            let Ok(chunk) = self.0.read_chunk(now) else { continue };
            if now == 0 {
                spin_loop();
                continue;
            }
            let (front, back) = chunk.as_slices();
            front.iter().chain(back).for_each(|message| sink.take(message));
            chunk.commit_all();
            left -= now as u64;
        }
    }
}

struct Disruptor;
struct DisruptorBatches;
struct DisruptorTx<const W: usize>(disruptor::SingleProducer<Event<W>, SingleConsumerBarrier>);
struct DisruptorBatchesTx<const W: usize>(DisruptorTx<W>);
struct DisruptorRx<const W: usize>(EventPoller<Event<W>, disruptor::SingleProducerBarrier>);
type Event<const W: usize> = [u64; W];
type DisruptorPair<const W: usize> = (DisruptorTx<W>, DisruptorRx<W>);

fn disruptor_link<const W: usize>(bytes: usize) -> DisruptorPair<W> {
    let builder = disruptor::build_single_producer(
        messages::<W>(bytes),
        || [0u64; W],
        BusySpinWithSpinLoopHint,
    );
    let (poller, builder) = builder.new_event_poller();
    (DisruptorTx(builder.build()), DisruptorRx(poller))
}

impl Link for Disruptor {
    type Tx<const W: usize> = DisruptorTx<W>;
    type Rx<const W: usize> = DisruptorRx<W>;

    fn link<const W: usize>(bytes: usize) -> Result<DisruptorPair<W>, String> {
        Ok(disruptor_link(bytes))
    }
}

impl Link for DisruptorBatches {
    type Tx<const W: usize> = DisruptorBatchesTx<W>;
    type Rx<const W: usize> = DisruptorRx<W>;

    fn part(shape: Shape) -> Part {
        batched(shape)
    }

    fn link<const W: usize>(
        bytes: usize,
    ) -> Result<(DisruptorBatchesTx<W>, DisruptorRx<W>), String> {
        let (tx, rx) = disruptor_link(bytes);
        Ok((DisruptorBatchesTx(tx), rx))
    }
}

impl<const W: usize> Tx<W> for DisruptorTx<W> {
    #[inline(always)]
    fn send(&mut self, message: &[u64; W]) {
        self.0.publish(|event| *event = *message);
    }
}

impl<const W: usize> Tx<W> for DisruptorBatchesTx<W> {
    fn send(&mut self, message: &[u64; W]) {
        self.0.send(message);
    }

    #[inline(always)]
    fn send_many(&mut self, source: &mut Source<W>, count: u64) {
        let mut left = count;
        while left > 0 {
            let now = batch(left);
            self.0.0.batch_publish(now, |events| {
                for event in events {
                    *event = *source.upcoming();
                }
            });
            left -= now as u64;
        }
    }
}

impl<const W: usize> Rx<W> for DisruptorRx<W> {
    #[inline(always)]
    fn receive(&mut self, sink: &mut Sink<W>) {
        self.receive_many(sink, 1);
    }

    #[inline(always)]
    fn receive_many(&mut self, sink: &mut Sink<W>, count: u64) {
        let end = sink.taken() + count;
        while sink.taken() < end {
            match self.0.poll() {
                Ok(mut events) => (&mut events).for_each(|event| sink.take(event)),
                Err(_) => spin_loop(),
            }
        }
    }
}

struct Ringbuf;
struct RingbufTx<const W: usize>(HeapProd<[u64; W]>);
struct RingbufRx<const W: usize>(HeapCons<[u64; W]>);

impl Link for Ringbuf {
    type Tx<const W: usize> = RingbufTx<W>;
    type Rx<const W: usize> = RingbufRx<W>;

    fn link<const W: usize>(bytes: usize) -> Result<(RingbufTx<W>, RingbufRx<W>), String> {
        let (tx, rx) = HeapRb::new(messages::<W>(bytes)).split();
        Ok((RingbufTx(tx), RingbufRx(rx)))
    }
}

impl<const W: usize> Tx<W> for RingbufTx<W> {
    #[inline(always)]
    fn send(&mut self, message: &[u64; W]) {
        if W <= BY_VALUE {
            while self.0.try_push(*message).is_err() {
                spin_loop();
            }
        } else {
            while self.0.push_slice(from_ref(message)) == 0 {
                spin_loop();
            }
        }
    }
}

impl<const W: usize> Rx<W> for RingbufRx<W> {
    #[inline(always)]
    fn receive(&mut self, sink: &mut Sink<W>) {
        if W <= BY_VALUE {
            let message = spin(|| self.0.try_pop());
            sink.take(&message);
        } else {
            spin(|| (self.0.pop_slice(std::slice::from_mut(sink.space())) == 1).then_some(()));
            sink.check();
        }
    }
}

struct RingbufSlices;
struct RingbufSlicesTx<const W: usize>(HeapProd<[u64; W]>);
struct RingbufSlicesRx<const W: usize>(HeapCons<[u64; W]>);

impl Link for RingbufSlices {
    type Tx<const W: usize> = RingbufSlicesTx<W>;
    type Rx<const W: usize> = RingbufSlicesRx<W>;

    fn part(shape: Shape) -> Part {
        batched(shape)
    }

    fn link<const W: usize>(
        bytes: usize,
    ) -> Result<(RingbufSlicesTx<W>, RingbufSlicesRx<W>), String> {
        let (tx, rx) = HeapRb::new(messages::<W>(bytes)).split();
        Ok((RingbufSlicesTx(tx), RingbufSlicesRx(rx)))
    }
}

impl<const W: usize> Tx<W> for RingbufSlicesTx<W> {
    fn send(&mut self, message: &[u64; W]) {
        spin(|| self.0.try_push(*message).ok());
    }

    #[inline(always)]
    fn send_many(&mut self, source: &mut Source<W>, count: u64) {
        let mut left = count;
        while left > 0 {
            let now = batch(left);
            while self.0.vacant_len() < now {
                spin_loop();
            }
            self.0.push_iter(std::iter::repeat_with(|| *source.upcoming()).take(now));
            left -= now as u64;
        }
    }
}

impl<const W: usize> Rx<W> for RingbufSlicesRx<W> {
    fn receive(&mut self, sink: &mut Sink<W>) {
        let message = spin(|| self.0.try_pop());
        sink.take(&message);
    }

    #[inline(always)]
    fn receive_many(&mut self, sink: &mut Sink<W>, count: u64) {
        let mut left = count;
        while left > 0 {
            let (front, back) = self.0.as_slices();
            let mut now = 0;
            for message in front.iter().chain(back).take(BATCH) {
                sink.take(message);
                now += 1;
            }
            if now == 0 {
                spin_loop();
                continue;
            }
            self.0.skip(now);
            left -= now as u64;
        }
    }
}

struct Crossbeam;
struct CrossbeamEnd<const W: usize>(Arc<ArrayQueue<[u64; W]>>);

impl Link for Crossbeam {
    type Tx<const W: usize> = CrossbeamEnd<W>;
    type Rx<const W: usize> = CrossbeamEnd<W>;

    fn link<const W: usize>(bytes: usize) -> Result<(CrossbeamEnd<W>, CrossbeamEnd<W>), String> {
        let queue = Arc::new(ArrayQueue::new(messages::<W>(bytes)));
        Ok((CrossbeamEnd(queue.clone()), CrossbeamEnd(queue)))
    }
}

impl<const W: usize> Tx<W> for CrossbeamEnd<W> {
    #[inline(always)]
    fn send(&mut self, message: &[u64; W]) {
        while self.0.push(*message).is_err() {
            spin_loop();
        }
    }
}

impl<const W: usize> Rx<W> for CrossbeamEnd<W> {
    #[inline(always)]
    fn receive(&mut self, sink: &mut Sink<W>) {
        let message = spin(|| self.0.pop());
        sink.take(&message);
    }
}
