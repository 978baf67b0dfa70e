//! Queues of many senders and one receiver: ours between processes, others between threads.
//!
//! All queues hold the same number of messages. Processes are forked before any thread is started.

use super::candidate::{Candidate, Ends, Role, sized};
use super::link::{End, Part, runs};
use super::message::{Gather, Source};
use super::shape::{Pattern, Shape};
use ipcmark_ring::{mpsc, spsc};
use ipcmark_shm::{BATCH_PAUSES, bare};
use std::hint::spin_loop;
use std::sync::mpsc::sync_channel;
use std::thread::yield_now;
use zerocopy::IntoBytes;

/// Messages that each queue holds.
const SLOTS: usize = 2048;

/// Behaviour of a worker while it waits for the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gait {
    /// `sched_yield(2)`.
    Yield,
    /// Pause instructions.
    Pause,
}

impl Gait {
    #[inline]
    fn wait(self) {
        match self {
            Gait::Yield => yield_now(),
            Gait::Pause => spin_loop(),
        }
    }
}

/// Returns all queues, whose workers wait like this.
#[must_use]
pub fn candidates(gait: Gait) -> Vec<Candidate> {
    let ours = |name: &str, run: u64| {
        Candidate::made_by(
            name,
            Role::Ours,
            (many, false),
            Box::new(move |shape, _| sized!(shape, ring, [], (shape.others(), run, gait))),
        )
    };
    let theirs = |name: &'static str| {
        let queue = Box::new(move |shape: Shape, _| {
            sized!(shape, peer, [], (name, (shape.others(), gait)))
        });
        Candidate::made_by(name, Role::Peer, (many, true), queue)
    };
    let for_one = Candidate::made_by(
        "ours, for one sender",
        Role::Variant,
        (one, false),
        Box::new(move |shape, _| sized!(shape, single, [], (gait))),
    );
    let mut all = vec![ours("ours", 1), ours("ours, 32 a claim", 32), for_one];
    all.extend(PEERS.iter().map(|name| theirs(name)));
    all
}

const PEERS: &[&str] = &[
    "std sync_channel",
    #[cfg(feature = "peers")]
    "crossbeam ArrayQueue",
    #[cfg(feature = "peers")]
    "crossbeam SegQueue",
];

fn many(shape: Shape) -> Part {
    if matches!(shape.pattern, Pattern::FanIn { .. }) { Part::Takes } else { Part::Stays }
}

fn one(shape: Shape) -> Part {
    if shape.pattern == (Pattern::FanIn { senders: 1 }) { Part::Takes } else { Part::Stays }
}

/// Sends `count` messages. `offer` gets each with the number of those that are left, and returns
/// false if there is no room.
#[inline]
fn send<const W: usize>(
    source: &mut Source<W>,
    gait: Gait,
    count: u64,
    mut offer: impl FnMut(&[u64; W], u64) -> bool,
) {
    for left in (1..=count).rev() {
        let message = source.upcoming();
        while !offer(message, left) {
            gait.wait();
        }
    }
}

/// Receives `count` messages. `take` returns false if there is none.
#[inline]
fn gather<const W: usize>(
    sink: &mut Gather<W>,
    gait: Gait,
    count: u64,
    mut take: impl FnMut(&mut [u64; W]) -> bool,
) {
    for _ in 0..count {
        while !take(sink.space()) {
            gait.wait();
        }
        sink.check();
    }
}

/// Copies a message out of a ring: the consumers' methods have the same names.
macro_rules! take {
    ($ring:ident) => {
        |space: &mut [u64; W]| {
            if !$ring.poll_receive().expect("the senders are there") {
                if $ring.take_batch() > 1 {
                    (0..BATCH_PAUSES).for_each(|_| spin_loop());
                }
                return false;
            }
            space.as_mut_bytes().copy_from_slice($ring.received());
            $ring.release();
            true
        }
    };
}

/// Makes ends over our ring, which claims `run` slots at a time.
fn ring<const W: usize>(senders: usize, run: u64, gait: Gait) -> Result<Ends, String> {
    let (producers, mut consumer) = bare::mpsc(SLOTS, 8 * W, senders).map_err(|e| e.to_string())?;
    let others = producers.into_iter().enumerate().map(|(sender, mut producer)| {
        let mut source = Source::<W>::begin(sender);
        let work = move |count: u64| {
            producer.with(|ring: &mut mpsc::Producer<'_>| {
                let mut reserved = 0;
                send(&mut source, gait, count / senders as u64, |message, left| {
                    if run > 1 && reserved == 0 {
                        reserved = ring.poll_reserve(run.min(left) as usize).unwrap_or(0);
                        if reserved == 0 {
                            return false;
                        }
                    }
                    if !ring.poll_claim(8 * W).expect("the receiver is there") {
                        return false;
                    }
                    reserved = reserved.saturating_sub(1);
                    ring.claimed().copy_from_slice(message.as_bytes());
                    ring.commit();
                    true
                });
            });
        };
        Box::new(runs(work)) as Box<dyn End>
    });
    let mut sink = Gather::<W>::begin(senders);
    let first = move |count: u64| {
        let count = count / senders as u64 * senders as u64;
        consumer.with(|ring: &mut mpsc::Consumer<'_>| gather(&mut sink, gait, count, take!(ring)));
    };
    Ok(Ends::Processes(Box::new(runs(first)), others.collect()))
}

/// Makes two ends over our ring for one sender, with as many bytes as the other has.
fn single<const W: usize>(gait: Gait) -> Result<Ends, String> {
    let bytes = (SLOTS * mpsc::slot_bytes(8 * W)).next_power_of_two();
    let (mut producer, mut consumer) = bare::spsc(bytes).map_err(|e| e.to_string())?;
    let (mut source, mut sink) = (Source::<W>::begin(0), Gather::<W>::begin(1));
    let other = move |count| {
        producer.with(|ring: &mut spsc::Producer<'_>| {
            send(&mut source, gait, count, |message, _| {
                if !ring.poll_claim(8 * W).expect("the receiver is there") {
                    return false;
                }
                ring.claimed().copy_from_slice(message.as_bytes());
                ring.commit();
                true
            });
        });
    };
    let first = move |count| {
        consumer.with(|ring: &mut spsc::Consumer<'_>| gather(&mut sink, gait, count, take!(ring)));
    };
    Ok(Ends::Processes(Box::new(runs(first)), vec![Box::new(runs(other))]))
}

/// Makes ends over the queue of that name. The standard library's channel is always there.
fn peer<const W: usize>(name: &str, workers: (usize, Gait)) -> Result<Ends, String> {
    match name {
        #[cfg(feature = "peers")]
        "crossbeam ArrayQueue" => {
            let queue = std::sync::Arc::new(crossbeam_queue::ArrayQueue::<[u64; W]>::new(SLOTS));
            let offer = || {
                let queue = queue.clone();
                move |message: &[u64; W]| queue.push(*message).is_ok()
            };
            let taken = queue.clone();
            in_threads(workers, offer, move || taken.pop())
        }
        #[cfg(feature = "peers")]
        "crossbeam SegQueue" => {
            let queue = std::sync::Arc::new(crossbeam_queue::SegQueue::<[u64; W]>::new());
            // It is unbounded: its senders wait as they would for a queue of this many slots.
            let offer = || {
                let queue = queue.clone();
                move |message: &[u64; W]| {
                    let room = queue.len() < SLOTS;
                    if room {
                        queue.push(*message);
                    }
                    room
                }
            };
            let taken = queue.clone();
            in_threads(workers, offer, move || taken.pop())
        }
        _ => {
            let (tx, rx) = sync_channel::<[u64; W]>(SLOTS);
            let offer = || {
                let tx = tx.clone();
                move |message: &[u64; W]| tx.try_send(*message).is_ok()
            };
            in_threads(workers, offer, move || rx.try_recv().ok())
        }
    }
}

fn in_threads<const W: usize, O>(
    (senders, gait): (usize, Gait),
    offer: impl Fn() -> O,
    mut next: impl FnMut() -> Option<[u64; W]> + 'static,
) -> Result<Ends, String>
where
    O: FnMut(&[u64; W]) -> bool + Send + 'static,
{
    let others = (0..senders).map(|sender| {
        let (mut source, mut offer) = (Source::<W>::begin(sender), offer());
        let work = move |count: u64| {
            send(&mut source, gait, count / senders as u64, |message, _| offer(message));
        };
        Box::new(runs(work)) as Box<dyn End + Send>
    });
    let mut sink = Gather::<W>::begin(senders);
    let first = move |count: u64| {
        let count = count / senders as u64 * senders as u64;
        gather(&mut sink, gait, count, |space| next().map(|found| *space = found).is_some());
    };
    Ok(Ends::Threads(Box::new(runs(first)), others.collect()))
}
