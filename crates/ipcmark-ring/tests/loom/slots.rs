//! Slots that say themselves what they hold.

use super::{Futex, explore};
use ipcmark_ring::RingError;
use ipcmark_ring::model::{Flaw, slot_ring};
use ipcmark_ring::slots::{Consumer, Producer};
use loom::sync::Arc;
use loom::sync::atomic::Ordering;
use loom::thread;

fn claim(tx: &mut Producer<'_>, most: u64) -> u64 {
    loop {
        match tx.poll_claim_many(most, 9).unwrap() {
            0 => thread::yield_now(),
            claimed => return claimed,
        }
    }
}

fn send(tx: &mut Producer<'_>, n: u8) {
    claim(tx, 1);
    tx.claimed().fill(n);
    tx.commit();
}

/// Each message has its number in every byte.
fn check(message: &[u8], n: &mut u8) {
    assert_eq!(message, [*n; 9]);
    *n += 1;
}

/// Sends `messages` through two slots, one a publication or as many as there is room for; receives them until the end.
fn in_order(flaw: Flaw, messages: u8, most: u64) {
    explore(3, move || {
        let (mut tx, mut rx) = slot_ring(2, flaw);
        let sender = thread::spawn(move || {
            let mut n = 0;
            while n < messages {
                claim(&mut tx, most.min(u64::from(messages - n)));
                for space in tx.claims() {
                    space.fill(n);
                    n += 1;
                }
                tx.commit();
            }
            tx.close();
        });
        let mut n = 0;
        let end = loop {
            let polled = if most > 1 {
                rx.drain(most, |message| check(message, &mut n)).map(|taken| taken > 0)
            } else {
                rx.poll_receive().inspect(|&found| {
                    if found {
                        check(rx.received(), &mut n);
                        rx.release();
                    }
                })
            };
            match polled {
                Ok(true) => {}
                Ok(false) => thread::yield_now(),
                Err(end) => break end,
            }
        };
        assert_eq!((end, n), (RingError::Closed, messages));
        sender.join().unwrap();
    });
}

#[test]
fn messages_arrive_whole_and_in_order_and_the_end_after_the_last() {
    in_order(Flaw::None, 2, 1);
}

#[test]
fn the_second_lap_neither_loses_nor_overwrites() {
    in_order(Flaw::None, 4, 1);
}

#[test]
fn batches_arrive_whole_and_in_order() {
    in_order(Flaw::None, 3, 2);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn a_relaxed_publication_is_caught() {
    in_order(Flaw::RelaxedPublication, 2, 1);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn a_relaxed_observation_is_caught() {
    in_order(Flaw::RelaxedObservation, 2, 1);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn a_relaxed_release_is_caught() {
    in_order(Flaw::RelaxedRelease, 4, 1);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn a_relaxed_look_for_room_is_caught() {
    in_order(Flaw::RelaxedRegain, 4, 1);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn a_batch_published_before_it_is_whole_is_caught() {
    in_order(Flaw::FirstBeforeTheRest, 2, 2);
}

#[test]
#[should_panic(expected = "Closed, 0")]
fn an_end_without_a_second_look_is_caught() {
    in_order(Flaw::NoSecondLookAtTheEnd, 1, 1);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn a_slot_taken_for_free_that_is_not_is_caught() {
    in_order(Flaw::OneSlotTooMany, 3, 1);
}

/// The receiver sleeps as [`ipcmark_ring::sleep`] says; a lost wake-up is a deadlock, which loom reports.
fn receiver_sleeps(flaw: Flaw, messages: u8) {
    explore(3, move || {
        let (mut tx, mut rx) = slot_ring(2, flaw);
        let futex = Arc::new(Futex::default());
        let wakes = futex.clone();
        let sender = thread::spawn(move || {
            for n in 0..messages {
                send(&mut tx, n);
                if tx.take_wake() {
                    wakes.wake();
                }
            }
            tx.close();
            if tx.take_wake() {
                wakes.wake();
            }
        });
        let mut n = 0;
        let mut ready = |rx: &mut Consumer<'_>| match rx.poll_receive() {
            Ok(true) => {
                check(rx.received(), &mut n);
                rx.release();
                Some(true)
            }
            Ok(false) => None,
            Err(_) => Some(false),
        };
        loop {
            let mut found = ready(&mut rx);
            if found.is_none() {
                let asleep = rx.announce_sleep();
                found = ready(&mut rx);
                if found.is_none() {
                    futex.wait(|| rx.own_flag().load(Ordering::Relaxed) == asleep);
                }
                rx.retract_sleep();
            }
            if found == Some(false) {
                break;
            }
        }
        assert_eq!(n, messages);
        sender.join().unwrap();
    });
}

/// The sender sleeps on a full ring, and is woken by what is given back or by the receiver's end.
fn sender_sleeps(flaw: Flaw, receiver_ends: bool) {
    explore(3, move || {
        let (mut tx, mut rx) = slot_ring(2, flaw);
        send(&mut tx, 0);
        send(&mut tx, 1);
        let futex = Arc::new(Futex::default());
        let wakes = futex.clone();
        let receiver = thread::spawn(move || {
            if receiver_ends {
                rx.close();
            } else {
                assert!(rx.poll_receive().unwrap());
                check(rx.received(), &mut 0);
                rx.release();
            }
            if rx.take_wake() {
                wakes.wake();
            }
            rx
        });
        let room = loop {
            let asleep = tx.announce_sleep();
            let room = tx.poll_claim(9);
            if room == Ok(false) {
                futex.wait(|| tx.own_flag().load(Ordering::Relaxed) == asleep);
            }
            tx.retract_sleep();
            if room != Ok(false) {
                break room;
            }
        };
        let expected = if receiver_ends { Err(RingError::Closed) } else { Ok(true) };
        assert_eq!(room, expected);
        receiver.join().unwrap();
    });
}

#[test]
fn a_sleeping_receiver_is_woken_for_every_message_and_for_the_end() {
    receiver_sleeps(Flaw::None, 2);
}

#[test]
fn a_sleeping_sender_is_woken_for_room_and_for_the_end() {
    sender_sleeps(Flaw::None, false);
    sender_sleeps(Flaw::None, true);
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_sleeper_without_its_fence_is_caught() {
    receiver_sleeps(Flaw::SleeperWithoutFence, 1);
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_waker_without_its_fence_is_caught() {
    receiver_sleeps(Flaw::WakerWithoutFence, 1);
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_sender_that_sleeps_without_its_fence_is_caught() {
    sender_sleeps(Flaw::SleeperWithoutFence, false);
}
