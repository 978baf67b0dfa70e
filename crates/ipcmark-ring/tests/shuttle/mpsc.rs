//! Many producers: more of them, and more laps, than loom can follow; one of them dies with a claim.

use super::{Futex, explore};
use ipcmark_ring::RingError;
use ipcmark_ring::model::{Flaw, slots};
use ipcmark_ring::mpsc::{Consumer, Producer};
use shuttle::sync::Arc;
use shuttle::sync::atomic::Ordering;
use shuttle::thread;

/// Messages of each producer.
const EACH: u8 = 8;

fn send(tx: &mut Producer<'_>, message: &[u8]) {
    while !tx.poll_claim(message.len()).unwrap() {
        thread::yield_now();
    }
    tx.claimed().copy_from_slice(message);
    tx.commit();
}

/// The next of each producer; a message has its producer and its number in every byte.
fn take(rx: &mut Consumer<'_>, next: &mut [u8]) {
    let message: [u8; 9] = rx.received().try_into().unwrap();
    rx.release();
    let from = usize::from(message[0] >> 4);
    assert_eq!(message, [(from as u8) << 4 | next[from]; 9], "a message of producer {from}");
    next[from] += 1;
}

/// `producers` send [`EACH`] messages through `count` slots; all come whole, once, each producer's in order. The first dies
/// with a claim before its last, if it is to.
fn each_once(flaw: Flaw, producers: u32, count: usize, dies: bool) {
    explore(move || {
        let (halves, mut rx) = slots(producers, count, flaw);
        let senders: Vec<_> = (0u8..)
            .zip(halves)
            .map(|(sender, mut tx)| {
                thread::spawn(move || {
                    let dies = dies && sender == 0;
                    let messages = if dies { EACH - 1 } else { EACH };
                    (0..messages).for_each(|n| send(&mut tx, &[sender << 4 | n; 9]));
                    while dies && !tx.poll_claim(9).unwrap() {
                        thread::yield_now();
                    }
                    if !dies {
                        tx.close();
                    }
                })
            })
            .collect();
        let mut next = vec![0; producers as usize];
        let mut expected = vec![EACH; producers as usize];
        expected[0] -= u8::from(dies);
        while next != expected {
            match rx.poll_receive() {
                Ok(true) => take(&mut rx, &mut next),
                // Only the first is ever without a process.
                // SAFETY: it has sent all that it sends, and writes no more.
                Ok(false) if dies && next[0] == expected[0] && rx.stalled() == Some(1) => unsafe {
                    rx.skip(1);
                },
                Ok(false) => thread::yield_now(),
                Err(e) => panic!("{e} at {next:?}"),
            }
        }
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        let end = if dies { Ok(false) } else { Err(RingError::Closed) };
        assert_eq!(rx.poll_receive(), end);
    });
}

#[test]
fn four_producers_lap_a_ring_of_four_slots() {
    each_once(Flaw::None, 4, 4, false);
}

#[test]
fn what_a_producer_claimed_before_its_death_is_skipped_and_nothing_else_is_lost() {
    each_once(Flaw::None, 3, 8, true);
}

#[test]
#[should_panic(expected = "producer")]
fn a_claim_without_an_exchange_is_caught() {
    each_once(Flaw::ClaimWithoutExchange, 3, 4, false);
}

/// All sleep whenever they find nothing to do; a lost wake-up is a deadlock.
fn all_sleep(looks_again: bool) {
    explore(move || {
        let (halves, mut rx) = slots(3, 2, Flaw::None);
        let futexes = [0, 1].map(|_| Arc::new(Futex::default()));
        for (sender, mut tx) in (0u8..).zip(halves) {
            let [producers, consumer] = futexes.clone();
            thread::spawn(move || {
                for n in 0..EACH {
                    while !tx.poll_claim(9).unwrap() {
                        let asleep = tx.announce_sleep();
                        if !(looks_again && tx.poll_claim(9).unwrap()) {
                            producers.wait(|| tx.own_flag().load(Ordering::Relaxed) == asleep);
                        }
                    }
                    tx.claimed().fill(sender << 4 | n);
                    tx.commit();
                    if tx.take_wake() {
                        consumer.wake();
                    }
                }
            });
        }
        let [producers, consumer] = futexes;
        let mut next = [0; 3];
        while next != [EACH; 3] {
            if rx.poll_receive().unwrap() {
                take(&mut rx, &mut next);
                if rx.take_wake() {
                    producers.wake();
                }
                continue;
            }
            let asleep = rx.announce_sleep();
            if !(looks_again && rx.poll_receive().unwrap()) {
                consumer.wait(|| rx.own_flag().load(Ordering::Relaxed) == asleep);
            }
            rx.retract_sleep();
        }
    });
}

#[test]
fn producers_and_consumer_are_woken_whenever_they_sleep() {
    all_sleep(true);
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_sleeper_that_does_not_look_again_is_caught() {
    all_sleep(false);
}
