//! Several messages with one publication, and one message with several.

use super::{drain, explore};
use ipcmark_ring::RingError;
use ipcmark_ring::model::{Flaw, ring};
use loom::thread;

/// Messages of 9 B in batches: a batch that finds no room publishes what it has.
fn batches(flaw: Flaw, messages: u8) {
    explore(3, move || {
        let (mut tx, mut rx) = ring(128, flaw);
        let sender = thread::spawn(move || {
            for n in 0..messages {
                while !tx.poll_claim(9).unwrap() {
                    thread::yield_now();
                }
                tx.claimed().fill(n);
                tx.stage();
                if n % 3 == 2 {
                    tx.publish();
                }
            }
            tx.close();
        });
        let expected: Vec<_> = (0..messages).map(|n| vec![n; 9]).collect();
        assert_eq!(drain(&mut rx), expected);
        sender.join().unwrap();
    });
}

#[test]
fn a_batch_arrives_whole_and_in_order() {
    batches(Flaw::None, 6);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn a_batch_that_is_published_relaxed_is_caught() {
    batches(Flaw::RelaxedPublication, 3);
}

#[test]
#[should_panic]
fn a_batch_whose_end_is_not_emptied_is_caught() {
    batches(Flaw::StaleEnd, 6);
}

/// Six messages of 8 B with one publication each way, as far as there is room: for three at a time.
fn many(flaw: Flaw) {
    explore(3, move || {
        let (mut tx, mut rx) = ring(64, flaw);
        let sender = thread::spawn(move || {
            let mut sent = 0;
            while sent < 6 {
                let more = tx.send_many(6 - sent, 8, |n, space| space.fill((sent + n) as u8));
                sent += more.unwrap();
                thread::yield_now();
            }
        });
        let mut received = 0;
        while received < 6 {
            rx.receive_many(6, |message| {
                assert_eq!(message, [received; 8]);
                received += 1;
            })
            .unwrap();
            thread::yield_now();
        }
        sender.join().unwrap();
    });
}

#[test]
fn many_are_sent_and_received_at_once() {
    many(Flaw::None);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn many_that_are_given_back_relaxed_are_caught() {
    many(Flaw::RelaxedRelease);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn many_that_are_published_relaxed_are_caught() {
    many(Flaw::RelaxedPublication);
}

/// Messages of 9 B in parts of 8 B, read along; the third of them begins again at the front.
fn parts(flaw: Flaw, messages: u8) {
    explore(2, move || {
        let (mut tx, mut rx) = ring(64, flaw);
        let sender = thread::spawn(move || {
            for n in 0..messages {
                while !tx.try_send(&[n; 9]).unwrap() {
                    thread::yield_now();
                }
            }
            tx.close();
        });
        let mut n = 0;
        loop {
            let mut into = [0xee; 16];
            let end = loop {
                match rx.try_copy(&mut into) {
                    Ok(None) => thread::yield_now(),
                    end => break end,
                }
            };
            match end {
                Ok(len) => assert_eq!((len, &into[..9]), (Some(9), &[n; 9][..])),
                Err(end) => {
                    assert_eq!(end, RingError::Closed);
                    break;
                }
            }
            n += 1;
        }
        assert_eq!(n, messages);
        sender.join().unwrap();
    });
}

#[test]
fn a_message_is_read_along_while_it_is_written() {
    parts(Flaw::None, 2);
}

#[test]
fn parts_go_around_the_wrap() {
    parts(Flaw::None, 3);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn parts_that_are_published_relaxed_are_caught() {
    parts(Flaw::RelaxedPublication, 1);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn parts_that_are_found_relaxed_are_caught() {
    parts(Flaw::RelaxedObservation, 1);
}
