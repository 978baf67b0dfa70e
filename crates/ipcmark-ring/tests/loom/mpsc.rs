//! Two producers and a consumer.

use super::{Futex, explore};
use ipcmark_ring::RingError;
use ipcmark_ring::model::{Flaw, slots};
use ipcmark_ring::mpsc::{Consumer, Producer};
use loom::sync::Arc;
use loom::sync::atomic::Ordering;
use loom::thread;

fn send(tx: &mut Producer<'_>, message: &[u8]) {
    while !tx.poll_claim(message.len()).unwrap() {
        thread::yield_now();
    }
    tx.claimed().copy_from_slice(message);
    tx.commit();
}

fn take(rx: &mut Consumer<'_>) -> [u8; 9] {
    let message = rx.received().try_into().unwrap();
    rx.release();
    message
}

/// Two producers send so many messages each through two slots; all come whole, once, each sender's in order.
fn each_once(flaw: Flaw, preemptions: usize, messages: [u8; 2]) {
    explore(preemptions, move || {
        let (producers, mut rx) = slots(2, 2, flaw);
        let senders: Vec<_> = (0u8..)
            .zip(messages)
            .zip(producers)
            .map(|((sender, count), mut tx)| {
                thread::spawn(move || {
                    (0..count).for_each(|n| send(&mut tx, &[10 * sender + n; 9]));
                    tx.close();
                })
            })
            .collect();
        let mut next = [0, 10];
        loop {
            match rx.poll_receive() {
                Ok(true) => {
                    let message = take(&mut rx);
                    let sender = usize::from(message[0] / 10);
                    assert_eq!(message, [next[sender]; 9]);
                    next[sender] += 1;
                }
                Ok(false) => thread::yield_now(),
                Err(RingError::Closed) => break,
                Err(e) => panic!("{e}"),
            }
        }
        assert_eq!(next, [messages[0], 10 + messages[1]]);
        senders.into_iter().for_each(|sender| sender.join().unwrap());
    });
}

#[test]
fn every_message_of_two_producers_comes_once() {
    each_once(Flaw::None, 2, [1, 1]);
}

#[test]
fn the_second_lap_neither_loses_nor_overwrites() {
    each_once(Flaw::None, 1, [2, 1]);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn a_claim_without_an_exchange_is_caught() {
    each_once(Flaw::ClaimWithoutExchange, 2, [1, 1]);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn a_relaxed_commit_is_caught() {
    each_once(Flaw::RelaxedPublication, 2, [1, 1]);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn a_relaxed_release_of_a_slot_is_caught() {
    each_once(Flaw::RelaxedRelease, 2, [2, 1]);
}

#[test]
fn a_sleeping_consumer_is_woken_by_either_producer() {
    explore(2, || {
        let (producers, mut rx) = slots(2, 2, Flaw::None);
        let futex = Arc::new(Futex::default());
        for (n, mut tx) in (0u8..).zip(producers) {
            let wakes = futex.clone();
            thread::spawn(move || {
                send(&mut tx, &[n; 9]);
                if tx.take_wake() {
                    wakes.wake();
                }
            });
        }
        let mut received = 0;
        while received < 2 {
            if rx.poll_receive().unwrap() {
                take(&mut rx);
                received += 1;
                continue;
            }
            let asleep = rx.announce_sleep();
            if !rx.poll_receive().unwrap() {
                futex.wait(|| rx.own_flag().load(Ordering::Relaxed) == asleep);
            }
            rx.retract_sleep();
        }
    });
}

/// Both producers find the ring full and sleep on one flag; who frees a slot wakes both, and each gets its turn.
#[test]
fn producers_that_sleep_on_one_flag_are_all_woken() {
    explore(2, || {
        let (mut producers, mut rx) = slots(2, 2, Flaw::None);
        producers.iter_mut().for_each(|tx| send(tx, &[9; 9]));
        let futex = Arc::new(Futex::default());
        let senders: Vec<_> = producers
            .into_iter()
            .map(|mut tx| {
                let sleeps = futex.clone();
                thread::spawn(move || {
                    while !tx.poll_claim(9).unwrap() {
                        let asleep = tx.announce_sleep();
                        if tx.poll_claim(9).unwrap() {
                            break;
                        }
                        sleeps.wait(|| tx.own_flag().load(Ordering::Relaxed) == asleep);
                    }
                    tx.claimed().fill(1);
                    tx.commit();
                })
            })
            .collect();
        for _ in 0..2 {
            assert!(rx.poll_receive().unwrap());
            take(&mut rx);
            if rx.take_wake() {
                futex.wake();
            }
        }
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        for _ in 0..2 {
            assert!(rx.poll_receive().unwrap());
            assert_eq!(take(&mut rx), [1; 9]);
        }
    });
}
