//! A writer that overwrites, readers in the middle of it, and readers that sleep.

use super::{Futex, explore};
use ipcmark_ring::RingError;
use ipcmark_ring::broadcast::{News, Reader};
use ipcmark_ring::model::{Flaw, broadcast};
use loom::sync::atomic::Ordering;
use loom::thread;
// Not loom's: where a sleeper is stuck, its handle is dropped after loom has given up.
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// One record is a header and a word: four make a lap of the smallest ring.
const CAPACITY: usize = 64;

/// What a reader did so far.
#[derive(Default)]
struct Log {
    next: u64,
    missed: u64,
}

impl Log {
    /// Reads once; `None` when there is nothing, false after the last.
    fn read(&mut self, rx: &mut Reader<'_>) -> Option<bool> {
        let mut into = [0; 8];
        match rx.read(&mut into) {
            Ok(News::Message(len)) => {
                assert!(into[..len] == [self.next as u8; 3], "torn: {into:?} is {}", self.next);
                self.next += 1;
            }
            Ok(News::Missed { messages, bytes }) => {
                assert_eq!(bytes, 16 * messages);
                self.next += messages;
                self.missed += messages;
            }
            Ok(News::Nothing) => return None,
            Err(RingError::Closed) => return Some(false),
            Err(e) => panic!("torn: {e}"),
        }
        Some(true)
    }
}

/// Returns each message shows its number in each byte. Returns whether the reader was lapped in any
/// execution.
fn never_torn(flaw: Flaw, messages: u8, before: u8) -> bool {
    let lapped = Arc::new(AtomicBool::new(false));
    let saw = lapped.clone();
    explore(2, move || {
        let (mut tx, mut readers) = broadcast(1, CAPACITY, flaw);
        let mut rx = readers.remove(0);
        (0..before).for_each(|n| tx.write(&[n; 3]).unwrap());
        let writer = thread::spawn(move || {
            (before..messages).for_each(|n| tx.write(&[n; 3]).unwrap());
            tx.close();
        });
        let mut log = Log::default();
        while log.read(&mut rx) != Some(false) {
            thread::yield_now();
        }
        assert_eq!(log.next, u64::from(messages), "the last one came");
        assert_eq!(log.missed, rx.missed());
        saw.fetch_or(log.missed > 0, Ordering::Relaxed);
        writer.join().unwrap();
    });
    lapped.load(Ordering::Relaxed)
}

#[test]
fn messages_come_whole_and_in_order_and_then_the_end() {
    assert!(!never_torn(Flaw::None, 2, 0));
}

#[test]
fn a_lapped_reader_is_told_and_gets_no_torn_message() {
    assert!(never_torn(Flaw::None, 6, 3));
}

#[test]
#[should_panic(expected = "torn")]
fn a_relaxed_publication_is_caught() {
    never_torn(Flaw::RelaxedPublication, 2, 0);
}

#[test]
#[should_panic(expected = "torn")]
fn a_relaxed_observation_is_caught() {
    never_torn(Flaw::RelaxedObservation, 2, 0);
}

#[test]
#[should_panic(expected = "torn")]
fn a_writer_without_its_fence_is_caught() {
    never_torn(Flaw::WriterWithoutFence, 6, 3);
}

#[test]
#[should_panic(expected = "torn")]
fn a_reader_without_its_fence_is_caught() {
    never_torn(Flaw::ReaderWithoutFence, 6, 3);
}

/// Readers that sleep as [`ipcmark_ring::broadcast`] says; a lost wake-up is a deadlock, which loom reports.
fn readers_sleep(flaw: Flaw, readers: usize, messages: u8) {
    explore(2, move || {
        let (mut tx, readers) = broadcast(readers, CAPACITY, flaw);
        let futex = Arc::new(Futex::default());
        let sleepers: Vec<_> = readers
            .into_iter()
            .map(|mut rx| {
                let futex = futex.clone();
                thread::spawn(move || {
                    let mut log = Log::default();
                    loop {
                        let mut found = log.read(&mut rx);
                        if found.is_none() {
                            let asleep = rx.announce_sleep();
                            found = log.read(&mut rx);
                            if found.is_none() {
                                futex.wait(|| rx.own_flag().load(Ordering::Relaxed) == asleep);
                            }
                        }
                        if found == Some(false) {
                            break;
                        }
                    }
                    assert_eq!(log.next, u64::from(messages));
                })
            })
            .collect();
        for n in 0..messages {
            tx.write(&[n; 3]).unwrap();
            if tx.take_wake() {
                futex.wake();
            }
        }
        tx.close();
        if tx.take_wake() {
            futex.wake();
        }
        sleepers.into_iter().for_each(|reader| reader.join().unwrap());
    });
}

#[test]
fn a_sleeping_reader_is_woken_for_every_message_and_for_the_end() {
    readers_sleep(Flaw::None, 1, 2);
}

#[test]
fn of_two_sleeping_readers_none_is_forgotten() {
    readers_sleep(Flaw::None, 2, 1);
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_sleeper_without_its_fence_is_caught() {
    readers_sleep(Flaw::SleeperWithoutFence, 1, 1);
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_waker_without_its_fence_is_caught() {
    readers_sleep(Flaw::WakerWithoutFence, 1, 1);
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_flag_that_does_not_count_is_caught() {
    readers_sleep(Flaw::FlagWithoutCount, 2, 1);
}
