//! Every interleaving and reordering loom can find, for small rings; and the mistakes it must find.
//!
//! `RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=target/loom cargo test -p ipcmark-ring --release --test loom`
#![cfg(loom)]

#[path = "loom/batches.rs"]
mod batches;
#[path = "loom/broadcast.rs"]
mod broadcast;
#[path = "loom/latest.rs"]
mod latest;
#[path = "loom/mpsc.rs"]
mod mpsc;
#[path = "loom/sleep.rs"]
mod sleep;
#[path = "loom/slots.rs"]
mod slots;

use ipcmark_ring::RingError;
use ipcmark_ring::model::{Flaw, ring};
use ipcmark_ring::spsc::{Consumer, Producer};
use loom::sync::atomic::Ordering;
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

/// Explores with at most this many forced switches an execution; more take minutes and found nothing more.
fn explore(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

fn send(tx: &mut Producer<'_>, message: &[u8]) {
    while !tx.poll_claim(message.len()).unwrap() {
        thread::yield_now();
    }
    tx.claimed().copy_from_slice(message);
    tx.commit();
}

/// Receives until the end.
fn drain(rx: &mut Consumer<'_>) -> Vec<Vec<u8>> {
    let mut messages = vec![];
    loop {
        match rx.poll_receive() {
            Ok(true) => {
                messages.push(rx.received().to_vec());
                rx.release();
            }
            Ok(false) => thread::yield_now(),
            Err(RingError::Closed) => return messages,
            Err(e) => panic!("{e}"),
        }
    }
}

/// Messages of 9 B take 24 B each of the ring's 64: the third is preceded by padding and waits for room.
fn whole_and_in_order(flaw: Flaw, messages: u8) {
    explore(3, move || {
        let (mut tx, mut rx) = ring(64, flaw);
        let sender = thread::spawn(move || {
            (0..messages).for_each(|n| send(&mut tx, &[n; 9]));
            tx.close();
        });
        let expected: Vec<_> = (0..messages).map(|n| vec![n; 9]).collect();
        assert_eq!(drain(&mut rx), expected);
        sender.join().unwrap();
    });
}

#[test]
fn messages_arrive_whole_and_in_order_and_the_end_after_the_last() {
    whole_and_in_order(Flaw::None, 2);
}

#[test]
fn the_wrap_neither_loses_nor_overwrites() {
    whole_and_in_order(Flaw::None, 4);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn a_relaxed_publication_is_caught() {
    whole_and_in_order(Flaw::RelaxedPublication, 2);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn a_relaxed_observation_is_caught() {
    whole_and_in_order(Flaw::RelaxedObservation, 2);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn a_relaxed_release_is_caught() {
    whole_and_in_order(Flaw::RelaxedRelease, 4);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn a_relaxed_look_for_space_is_caught() {
    whole_and_in_order(Flaw::RelaxedRegain, 4);
}

/// The third message begins where the second stood a lap ago.
#[test]
#[should_panic]
fn an_end_that_is_not_emptied_is_caught() {
    whole_and_in_order(Flaw::StaleEnd, 4);
}

#[test]
fn a_sender_sees_the_receiver_close() {
    explore(3, || {
        let (mut tx, mut rx) = ring(64, Flaw::None);
        let receiver = thread::spawn(move || rx.close());
        let end = loop {
            match tx.poll_claim(9) {
                Ok(true) => {
                    tx.claimed().fill(1);
                    tx.commit();
                }
                Ok(false) => thread::yield_now(),
                Err(e) => break e,
            }
        };
        assert_eq!(end, RingError::Closed);
        receiver.join().unwrap();
    });
}

/// `futex(2)` as far as it matters: compares and sleeps in one step; a wake-up between sleeps is forgotten.
#[derive(Default)]
struct Futex {
    queue: Mutex<()>,
    woken: Condvar,
}

impl Futex {
    fn wait(&self, asleep: impl Fn() -> bool) {
        let queue = self.queue.lock().unwrap();
        if asleep() {
            drop(self.woken.wait(queue).unwrap());
        }
    }

    fn wake(&self) {
        let _queue = self.queue.lock().unwrap();
        self.woken.notify_all();
    }
}

/// The receiver sleeps as [`ipcmark_ring::spsc`] says; a lost wake-up is a deadlock, which loom reports.
fn receiver_sleeps(flaw: Flaw, messages: u8) {
    explore(3, move || {
        let (mut tx, mut rx) = ring(256, flaw);
        let futex = Arc::new(Futex::default());
        let wakes = futex.clone();
        let sender = thread::spawn(move || {
            for n in 0..messages {
                send(&mut tx, &[n]);
                if tx.take_wake() {
                    wakes.wake();
                }
            }
            tx.close();
            if tx.take_wake() {
                wakes.wake();
            }
        });
        let mut received = 0;
        let mut ready = |rx: &mut Consumer<'_>| match rx.poll_receive() {
            Ok(true) => {
                assert_eq!(rx.received(), [received]);
                rx.release();
                received += 1;
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
        assert_eq!(received, messages);
        sender.join().unwrap();
    });
}

/// The sender sleeps on a full ring.
fn sender_sleeps(flaw: Flaw) {
    explore(3, move || {
        let (mut tx, mut rx) = ring(64, flaw);
        // Two records of 24 B: the third waits.
        send(&mut tx, &[0; 9]);
        send(&mut tx, &[1; 9]);
        let futex = Arc::new(Futex::default());
        let wakes = futex.clone();
        let receiver = thread::spawn(move || {
            let mut n = 0;
            while n < 2 {
                if rx.poll_receive().unwrap() {
                    assert_eq!(rx.received(), [n; 9]);
                    rx.release();
                    if rx.take_wake() {
                        wakes.wake();
                    }
                    n += 1;
                }
            }
            rx
        });
        while !tx.poll_claim(9).unwrap() {
            let asleep = tx.announce_sleep();
            let room = tx.poll_claim(9).unwrap();
            if !room {
                futex.wait(|| tx.own_flag().load(Ordering::Relaxed) == asleep);
            }
            tx.retract_sleep();
            if room {
                break;
            }
        }
        tx.claimed().fill(2);
        tx.commit();
        let mut rx = receiver.join().unwrap();
        assert_eq!(rx.try_receive(), Ok(Some(&[2; 9][..])));
    });
}

#[test]
fn a_sleeping_receiver_is_woken_for_every_message_and_for_the_end() {
    receiver_sleeps(Flaw::None, 2);
}

#[test]
fn a_sleeping_sender_is_woken_for_room() {
    sender_sleeps(Flaw::None);
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
    sender_sleeps(Flaw::SleeperWithoutFence);
}
