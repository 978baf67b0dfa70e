//! Two toys for counting: one that makes no system call, and one whose responder reads on a thread
//! of its own.
#![allow(dead_code, reason = "each test uses some of the toys")]

use ipcmark_core::{
    Availability, Capacity, Error, Info, Limits, Link, Plan, Receiver, Result, Sender, Side,
    Transport, WaitKind,
};
use ipcmark_sys::shared::Lines;
use rustix::io::{read, write};
use rustix::pipe::pipe;
use std::hint::spin_loop;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::mpsc::{Receiver as Inbox, channel};

/// Messages of both toys, bytes.
pub(crate) const SIZE: usize = 64;
/// A word for each eight bytes, behind one that says how many messages were written and taken.
const WORDS: usize = 1 + SIZE / 8;

const fn info(mechanism: &'static str, wait: WaitKind) -> Info {
    Info {
        family: "toy",
        mechanism,
        wait,
        summary: "a toy",
        reference: "shm_overview(7)",
        ..Info::DEFAULT
    }
}

/// One slot each way, in memory that both sides share. Who waits, spins.
pub(crate) struct Slots;

/// Both ends of a slot: full while its first word is odd.
pub(crate) struct Slot {
    lines: Rc<Lines>,
    first: usize,
    message: Vec<u8>,
}

impl Slot {
    fn word(&self, index: usize) -> &std::sync::atomic::AtomicU64 {
        &self.lines.lines()[self.first + index].word
    }

    fn turn(&self, full: u64) -> u64 {
        loop {
            let turn = self.word(0).load(Acquire);
            if turn % 2 == full {
                return turn;
            }
            spin_loop();
        }
    }
}

impl Transport for Slots {
    const INFO: Info = info("slots", WaitKind::Spin);
    type Fixture = Rc<Lines>;
    type Tx = Slot;
    type Rx = Slot;

    fn available() -> Availability {
        Availability::Available(Limits::none())
    }

    fn fixture(_: &Plan) -> Result<Rc<Lines>> {
        Lines::new(2 * WORDS).map(Rc::new)
    }

    fn capacity(_: &Rc<Lines>) -> Result<Capacity> {
        Ok(Capacity { bytes: None, messages: Some(1) })
    }

    fn split(lines: Rc<Lines>, side: Side) -> Result<Link<Slot, Slot>> {
        let (there, back) = match side {
            Side::Initiator => (0, WORDS),
            Side::Responder => (WORDS, 0),
        };
        let slot = |first| Slot { lines: Rc::clone(&lines), first, message: vec![0; SIZE] };
        Ok(Link { tx: slot(there), rx: slot(back) })
    }
}

impl Sender for Slot {
    fn claim(&mut self, _: usize) -> Result<&mut [u8]> {
        Ok(&mut self.message)
    }

    fn commit(&mut self) -> Result<()> {
        let turn = self.turn(0);
        for (index, bytes) in self.message.chunks(8).enumerate() {
            let word = u64::from_ne_bytes(bytes.try_into().expect("eight bytes"));
            self.word(1 + index).store(word, Release);
        }
        self.word(0).store(turn + 1, Release);
        Ok(())
    }
}

impl Receiver for Slot {
    fn receive(&mut self) -> Result<&[u8]> {
        let turn = self.turn(1);
        for index in 0..SIZE / 8 {
            let word = self.word(1 + index).load(Acquire);
            self.message[8 * index..][..8].copy_from_slice(&word.to_ne_bytes());
        }
        self.word(0).store(turn + 1, Release);
        Ok(&self.message)
    }

    fn release(&mut self) -> Result<()> {
        Ok(())
    }

    fn ready(&mut self) -> Result<bool> {
        Ok(self.word(0).load(Acquire) % 2 == 1)
    }
}

/// Two pipes; each side reads on a thread, which outlives the phase, asleep in its next read.
pub(crate) struct Threads;

pub(crate) struct Writer(OwnedFd, Vec<u8>);
pub(crate) struct Relayed(Inbox<Vec<u8>>, Vec<u8>);

impl Transport for Threads {
    const INFO: Info = info("threads", WaitKind::Block);
    type Fixture = [(OwnedFd, OwnedFd); 2];
    type Tx = Writer;
    type Rx = Relayed;

    fn available() -> Availability {
        Availability::Available(Limits::none())
    }

    fn fixture(_: &Plan) -> Result<Self::Fixture> {
        let make = || pipe().map_err(|e| Error::os("pipe", e));
        Ok([make()?, make()?])
    }

    fn capacity(_: &Self::Fixture) -> Result<Capacity> {
        Ok(Capacity { bytes: Some(1 << 16), messages: None })
    }

    fn split([there, back]: Self::Fixture, side: Side) -> Result<Link<Writer, Relayed>> {
        let (reader, writer) = match side {
            Side::Initiator => (back.0, there.1),
            Side::Responder => (there.0, back.1),
        };
        let (relay, inbox) = channel();
        std::thread::spawn(move || {
            let mut message = vec![0; SIZE];
            while matches!(read(&reader, &mut message), Ok(SIZE)) {
                if relay.send(message.clone()).is_err() {
                    break;
                }
            }
        });
        Ok(Link { tx: Writer(writer, vec![0; SIZE]), rx: Relayed(inbox, Vec::new()) })
    }
}

impl Sender for Writer {
    fn claim(&mut self, _: usize) -> Result<&mut [u8]> {
        Ok(&mut self.1)
    }

    fn commit(&mut self) -> Result<()> {
        write(&self.0, &self.1).map(drop).map_err(|e| Error::os("write", e))
    }
}

impl Receiver for Relayed {
    fn receive(&mut self) -> Result<&[u8]> {
        // Without sleeping: what is counted is the other thread's reads and this one's writes.
        loop {
            match self.0.try_recv() {
                Ok(message) => {
                    self.1 = message;
                    return Ok(&self.1);
                }
                Err(std::sync::mpsc::TryRecvError::Disconnected) => return Err(Error::Closed),
                Err(std::sync::mpsc::TryRecvError::Empty) => spin_loop(),
            }
        }
    }

    fn release(&mut self) -> Result<()> {
        Ok(())
    }

    fn ready(&mut self) -> Result<bool> {
        Ok(true)
    }
}
