//! The latest value in one process: newest, whole, and the end.
#![cfg(not(loom))]
#![allow(unsafe_code, reason = "halves are attached to raw memory")]

mod support;

use ipcmark_ring::RingError;
use ipcmark_ring::latest::{Reader, Writer, create, footprint};
use proptest::prelude::*;
use std::thread;
use support::Memory;

struct Places {
    memory: Memory,
    len: usize,
}

impl Places {
    fn new(count: usize, largest: usize) -> Places {
        let len = footprint(count, largest);
        let memory = Memory::of_bytes(len);
        // SAFETY: the memory has that many zeroed bytes and no one else uses it yet.
        unsafe { create(memory.base(), len, count, largest) }.unwrap();
        Places { memory, len }
    }

    fn writer(&self) -> Writer<'_> {
        // SAFETY: the memory outlives the half, only halves use it, and a test makes one writer.
        unsafe { Writer::attach(self.memory.base(), self.len) }.unwrap()
    }

    fn reader(&self) -> Reader<'_> {
        // SAFETY: as above.
        unsafe { Reader::attach(self.memory.base(), self.len) }.unwrap()
    }
}

proptest! {
    #[test]
    fn a_reader_gets_the_newest_value_whole(
        count in 1usize..5,
        values in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..40), any::<bool>()), 1..50),
    ) {
        let places = Places::new(count, 40);
        let (mut tx, mut rx) = (places.writer(), places.reader());
        let mut into = [0; 40];
        let (mut unread, mut missed) = (None, 0);
        for (value, read) in &values {
            tx.write(value).unwrap();
            missed += u64::from(unread.replace(value).is_some());
            if *read {
                let len = rx.read(&mut into).unwrap().unwrap();
                prop_assert_eq!(&into[..len], unread.take().unwrap().as_slice());
                prop_assert_eq!(rx.read(&mut into), Ok(None));
            }
        }
        tx.close();
        if let Some(value) = unread {
            let len = rx.read(&mut into).unwrap().unwrap();
            prop_assert_eq!(&into[..len], value.as_slice());
        }
        prop_assert_eq!(rx.read(&mut into), Err(RingError::Closed));
        prop_assert_eq!((rx.missed(), rx.torn()), (missed, 0));
    }
}

#[test]
fn limits_are_kept() {
    let places = Places::new(2, 16);
    let (mut tx, mut rx) = (places.writer(), places.reader());
    assert_eq!(tx.write(&[0; 17]), Err(RingError::TooLong { len: 17, max: 16 }));
    tx.write(&[1; 16]).unwrap();
    assert_eq!(rx.read(&mut [0; 15]), Err(RingError::TooSmall { len: 15, needed: 16 }));
    rx.close();
    assert_eq!(tx.write(&[1; 16]), Err(RingError::Closed));
    let memory = Memory::of_bytes(footprint(1, 8));
    // SAFETY: the memory has that many bytes, zeroed.
    let foreign = unsafe { Reader::attach(memory.base(), footprint(1, 8)) }.unwrap_err();
    assert!(matches!(foreign, RingError::Foreign { field: "magic", found: 0 }));
}

/// Two readers with a writer that never pauses: each sees values grow, never a torn one, and at last the newest.
fn under_stress<const BYTES: usize, const VALUES: u64>() {
    let places = Places::new(4, BYTES);
    let mut tx = places.writer();
    thread::scope(|scope| {
        for _ in 0..2 {
            let mut rx = places.reader();
            scope.spawn(move || {
                let (mut into, mut seen, mut read) = ([0; BYTES], 0, 0);
                loop {
                    match rx.read(&mut into) {
                        Ok(Some(len)) => {
                            let value = u64::from_le_bytes(into[..8].try_into().unwrap());
                            assert!(value > seen && len == BYTES);
                            assert!(into.chunks(8).all(|word| word == value.to_le_bytes()));
                            (seen, read) = (value, read + 1);
                        }
                        Ok(None) => thread::yield_now(),
                        Err(e) => {
                            assert_eq!(e, RingError::Closed);
                            break;
                        }
                    }
                }
                assert_eq!((seen, read + rx.missed()), (VALUES, VALUES));
            });
        }
        scope.spawn(move || {
            (1..=VALUES).for_each(|n| tx.write(&n.to_le_bytes().repeat(BYTES / 8)).unwrap());
            tx.close();
        });
    });
}

/// Values that are copied word by word, and by one instruction.
#[test]
fn no_value_is_torn_under_stress() {
    under_stress::<256, 100_000>();
    under_stress::<2048, 20_000>();
}
