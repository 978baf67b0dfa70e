//! A writer that overwrites, a reader in the middle of it.

use super::explore;
use ipcmark_ring::RingError;
use ipcmark_ring::model::{Flaw, value};
use loom::thread;

/// Values of two words and a bit, each of one byte: a torn one shows two.
fn never_torn(flaw: Flaw, count: usize, values: u8) {
    explore(2, move || {
        let (mut tx, mut rx) = value(count, 17, flaw);
        let writer = thread::spawn(move || {
            (1..=values).for_each(|n| tx.write(&[n; 17]).unwrap());
            tx.close();
        });
        let (mut seen, mut read) = (0, 0);
        let mut into = [0; 17];
        loop {
            match rx.read(&mut into) {
                Ok(Some(len)) => {
                    assert!(into[..len] == [into[0]; 17], "torn: {into:?}");
                    assert!(into[0] > seen, "an older value came after a newer one");
                    seen = into[0];
                    read += 1;
                }
                Ok(None) => thread::yield_now(),
                Err(RingError::Closed) => break,
                Err(e) => panic!("{e}"),
            }
        }
        assert_eq!(seen, values, "the newest value came");
        assert_eq!(read + rx.missed(), u64::from(values));
        writer.join().unwrap();
    });
}

#[test]
fn a_reader_gets_whole_values_and_the_newest() {
    never_torn(Flaw::None, 1, 2);
}

#[test]
fn several_places_are_as_good_as_one() {
    never_torn(Flaw::None, 2, 3);
}

#[test]
#[should_panic(expected = "torn")]
fn a_writer_without_its_fence_is_caught() {
    never_torn(Flaw::WriterWithoutFence, 1, 2);
}

#[test]
#[should_panic(expected = "torn")]
fn a_reader_without_its_fence_is_caught() {
    never_torn(Flaw::ReaderWithoutFence, 1, 2);
}
