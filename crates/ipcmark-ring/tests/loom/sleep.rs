//! Both halves of a ring sleep, each way of ordering, and each mistake in it. A lost wake-up is a deadlock, which loom
//! reports.

use super::{Futex, explore};
use ipcmark_ring::model::{Flaw, ring};
use ipcmark_ring::sleep::{Fencing, announce, flawed, retract, take};
use ipcmark_ring::spsc::{Consumer, Producer};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;

/// A way to sleep and to wake, right or wrong.
#[derive(Clone, Copy)]
struct Way {
    fencing: Fencing,
    announce: fn(&AtomicU32) -> u32,
    take: fn(&AtomicU32, Fencing) -> bool,
}

fn right(fencing: Fencing) -> Way {
    Way { fencing, announce, take }
}

/// A flag's owner sleeps here.
#[derive(Clone)]
struct Bed {
    way: Way,
    futex: Arc<Futex>,
}

impl Bed {
    fn new(way: Way) -> Bed {
        Bed { way, futex: Arc::default() }
    }

    /// Looks, sleeps, looks again until something is there.
    fn until<H>(
        &self,
        half: &mut H,
        flag: fn(&H) -> &AtomicU32,
        mut look: impl FnMut(&mut H) -> bool,
    ) {
        while !look(half) {
            let asleep = (self.way.announce)(flag(half));
            let came = look(half);
            if !came {
                self.futex.wait(|| flag(half).load(Ordering::Relaxed) == asleep);
            }
            retract(flag(half));
            if came {
                return;
            }
        }
    }

    /// After a publication.
    fn wake(&self, flag: &AtomicU32) {
        if (self.way.take)(flag, self.way.fencing) {
            self.futex.wake();
        }
    }
}

/// Messages of 9 B through a ring that holds two; either half sleeps whenever it finds nothing, with at most this
/// many forced switches an execution.
fn both_sleep(way: Way, preemptions: usize, messages: u8) {
    explore(preemptions, move || {
        let (mut tx, mut rx) = ring(64, Flaw::None);
        let (sender, receiver) = (Bed::new(way), Bed::new(way));
        let (senders, receivers) = (sender.clone(), receiver.clone());
        let sends = thread::spawn(move || {
            for n in 0..messages {
                senders.until(&mut tx, Producer::own_flag, |tx| tx.poll_claim(9).unwrap());
                tx.claimed().fill(n);
                tx.commit();
                receivers.wake(tx.peer_flag());
            }
        });
        for n in 0..messages {
            receiver.until(&mut rx, Consumer::own_flag, |rx| rx.poll_receive().unwrap());
            assert_eq!(rx.received(), [n; 9]);
            rx.release();
            sender.wake(rx.peer_flag());
        }
        sends.join().unwrap();
    });
}

/// The least there is: one word published, one sleeper.
fn one_sleeps(way: Way) {
    explore(3, move || {
        let words = Arc::new([AtomicU32::new(0), AtomicU32::new(0)]);
        let bed = Bed::new(way);
        let (others, beds) = (words.clone(), bed.clone());
        let publisher = thread::spawn(move || {
            others[0].store(1, Ordering::Release);
            beds.wake(&others[1]);
        });
        let mut mine = words;
        bed.until(&mut mine, |words| &words[1], |words| words[0].load(Ordering::Acquire) == 1);
        publisher.join().unwrap();
    });
}

#[test]
fn no_wake_up_is_lost_with_a_fence_on_either_side() {
    one_sleeps(right(Fencing::Both));
    both_sleep(right(Fencing::Both), 2, 3);
}

#[test]
fn no_wake_up_is_lost_where_the_sleeper_pays() {
    one_sleeps(right(Fencing::Sleeper));
    both_sleep(right(Fencing::Sleeper), 2, 3);
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_sleeper_with_nothing_ordered_is_caught() {
    one_sleeps(Way { announce: flawed::announce, ..right(Fencing::Both) });
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_sleeper_that_should_pay_and_does_not_is_caught() {
    one_sleeps(Way { announce: flawed::announce, ..right(Fencing::Sleeper) });
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_publisher_with_nothing_ordered_is_caught() {
    one_sleeps(Way { take: flawed::take, ..right(Fencing::Both) });
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_publisher_without_a_fence_beside_a_sleeper_that_counts_on_it_is_caught() {
    both_sleep(Way { take: flawed::take, ..right(Fencing::Both) }, 2, 1);
}
