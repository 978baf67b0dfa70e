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

/// Two producers send that many messages each through two slots; all come whole, once, each sender's in order.
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
#[should_panic(expected = "Causality violation")]
fn a_relaxed_look_at_a_mark_is_caught() {
    each_once(Flaw::RelaxedObservation, 2, [1, 1]);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn a_relaxed_look_for_room_is_caught() {
    each_once(Flaw::RelaxedRoom, 2, [2, 1]);
}

/// The end is announced while a message is still in flight: it is never received.
#[test]
#[should_panic(expected = "assertion `left == right` failed")]
fn a_producer_that_leaves_too_early_is_caught() {
    each_once(Flaw::RelaxedLeave, 2, [1, 1]);
}

#[test]
#[should_panic(expected = "assertion `left == right` failed")]
fn a_relaxed_count_of_producers_is_caught() {
    each_once(Flaw::RelaxedCount, 2, [1, 1]);
}

/// One producer claims two slots at once, of which it uses one or both; another claims behind them.
fn runs(flaw: Flaw, used: u8) {
    explore(2, move || {
        let (mut producers, mut rx) = slots(2, 4, flaw);
        let (mut single, mut many) = (producers.pop().unwrap(), producers.pop().unwrap());
        let senders = [
            thread::spawn(move || {
                assert_eq!(many.poll_reserve(2), Ok(2));
                (0..used).for_each(|n| send(&mut many, &[n; 9]));
                many.close();
            }),
            thread::spawn(move || {
                send(&mut single, &[10; 9]);
                single.close();
            }),
        ];
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
        assert_eq!(next, [used, 11]);
        senders.into_iter().for_each(|sender| sender.join().unwrap());
    });
}

#[test]
fn a_run_and_a_claim_behind_it_come_whole() {
    runs(Flaw::None, 2);
}

#[test]
fn a_run_that_is_not_used_up_is_passed_over() {
    runs(Flaw::None, 1);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn a_claim_inside_a_run_is_caught() {
    runs(Flaw::StepIntoRun, 2);
}

/// A producer that comes late finds its place inside the run that the consumer is taking.
#[test]
fn a_latecomer_goes_on_behind_the_run_that_is_being_taken() {
    explore(2, || {
        let (mut producers, mut rx) = slots(2, 4, Flaw::None);
        let (mut late, mut many) = (producers.pop().unwrap(), producers.pop().unwrap());
        let sender = thread::spawn(move || {
            for _ in 0..2 {
                while many.poll_reserve(2).unwrap() != 2 {
                    many.give_up();
                    thread::yield_now();
                }
                (0..2).for_each(|_| send(&mut many, &[1; 9]));
            }
            // A third run, in the second lap.
            if many.poll_reserve(2).unwrap() > 0 {
                send(&mut many, &[1; 9]);
            }
            many.close();
        });
        let mut received = 0;
        let mut sent = false;
        loop {
            if received >= 3 && !sent {
                send(&mut late, &[2; 9]);
                late.close();
                sent = true;
            }
            match rx.poll_receive() {
                Ok(true) => {
                    let found = take(&mut rx);
                    assert!(found == [1; 9] || found == [2; 9]);
                    received += 1;
                }
                Ok(false) => thread::yield_now(),
                Err(RingError::Closed) => break,
                Err(e) => panic!("{e}"),
            }
        }
        sender.join().unwrap();
        assert!(sent && (5..=6).contains(&received));
    });
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
