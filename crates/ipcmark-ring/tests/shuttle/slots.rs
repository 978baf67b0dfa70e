//! Slots that say themselves what they hold: many laps, batches of every size, both sides asleep in turn.

use super::{Futex, explore};
use ipcmark_ring::RingError;
use ipcmark_ring::model::{Flaw, slot_ring};
use shuttle::sync::Arc;
use shuttle::sync::atomic::Ordering;
use shuttle::thread;

/// Each message has its number in every byte.
fn check(message: &[u8], n: &mut u8) {
    assert_eq!(message, [*n; 9], "message {n}");
    *n += 1;
}

/// Sends `messages` through `count` slots in batches of up to `most`, some staged; drains them in batches of up to 3.
fn in_order(flaw: Flaw, count: usize, messages: u8, most: u64) {
    explore(move || {
        let (mut tx, mut rx) = slot_ring(count, flaw);
        let sender = thread::spawn(move || {
            let mut n = 0;
            while n < messages {
                let most = most.min(u64::from(messages - n));
                let room = tx.poll_claim_many(most, 9);
                if room.unwrap_or_else(|e| panic!("message {n}: {e}")) == 0 {
                    thread::yield_now();
                }
                for space in tx.claims() {
                    space.fill(n);
                    n += 1;
                }
                if n % 4 == 1 { tx.stage() } else { tx.commit() }
            }
            tx.close();
        });
        let mut n = 0;
        let end = loop {
            match rx.drain(3, |message| check(message, &mut n)) {
                Ok(0) => thread::yield_now(),
                Ok(_) => {}
                Err(end) => break end,
            }
        };
        assert_eq!((end, n), (RingError::Closed, messages));
        sender.join().unwrap();
    });
}

#[test]
fn many_laps_of_a_small_ring() {
    in_order(Flaw::None, 3, 40, 1);
}

#[test]
fn batches_that_fill_the_ring_and_lap_it() {
    in_order(Flaw::None, 8, 60, 5);
    in_order(Flaw::None, 4, 30, 4);
}

#[test]
#[should_panic(expected = "message")]
fn a_slot_taken_for_free_that_is_not_is_caught() {
    in_order(Flaw::OneSlotTooMany, 4, 20, 1);
}

#[test]
#[should_panic(expected = "right: (Closed, 20)")]
fn an_end_without_a_second_look_is_caught() {
    in_order(Flaw::NoSecondLookAtTheEnd, 4, 20, 1);
}

/// Both sides sleep as [`ipcmark_ring::sleep`] says whenever they find nothing to do; a lost wake-up is a deadlock.
fn both_sleep(messages: u8, looks_again: bool) {
    explore(move || {
        let (mut tx, mut rx) = slot_ring(2, Flaw::None);
        let futexes = [0, 1].map(|_| Arc::new(Futex::default()));
        let [sender_sleeps, receiver_sleeps] = futexes.clone();
        let sender = thread::spawn(move || {
            for n in 0..messages {
                while !tx.poll_claim(9).unwrap() {
                    let asleep = tx.announce_sleep();
                    if !(looks_again && tx.poll_claim(9).unwrap()) {
                        sender_sleeps.wait(|| tx.own_flag().load(Ordering::Relaxed) == asleep);
                    }
                    tx.retract_sleep();
                }
                tx.claimed().fill(n);
                tx.commit();
                if tx.take_wake() {
                    receiver_sleeps.wake();
                }
            }
            tx.close();
            if tx.take_wake() {
                receiver_sleeps.wake();
            }
        });
        let [wakes_sender, own] = futexes;
        let mut n = 0;
        loop {
            match rx.poll_receive() {
                Ok(true) => {
                    check(rx.received(), &mut n);
                    rx.release();
                    if rx.take_wake() {
                        wakes_sender.wake();
                    }
                }
                Ok(false) => {
                    let asleep = rx.announce_sleep();
                    if !looks_again || rx.poll_receive() == Ok(false) {
                        own.wait(|| rx.own_flag().load(Ordering::Relaxed) == asleep);
                    }
                    rx.retract_sleep();
                }
                Err(end) => {
                    assert_eq!((end, n), (RingError::Closed, messages));
                    break;
                }
            }
        }
        sender.join().unwrap();
    });
}

#[test]
fn both_sides_are_woken_whenever_they_sleep() {
    both_sleep(20, true);
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_sleeper_that_does_not_look_again_is_caught() {
    both_sleep(20, false);
}
