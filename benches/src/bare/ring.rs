//! The ring's halves, used directly: each message is copied in from private memory and out to
//! private memory, without a check. A side that waits spins.

use super::{Loops, Task};
use ipcmark_core::{Buffer, Error, Result, copy_message};
use ipcmark_ring::RingError;
use ipcmark_ring::spsc::{Consumer, Producer};
use ipcmark_shm::BATCH_PAUSES;
use ipcmark_shm::bare::{self, OwnedConsumer, OwnedProducer};
use std::hint::spin_loop;

/// A guess at whether messages come faster than they are read; the transport guesses in the same
/// way.
#[derive(Default)]
struct Batch {
    runs: bool,
    drained: bool,
}

/// A side: its halves, and the message in private memory.
struct Ring {
    tx: OwnedProducer,
    rx: OwnedConsumer,
    batch: Batch,
    outbox: Buffer,
    inbox: Buffer,
}

pub(super) fn sides(task: &Task<'_>) -> Result<[Box<dyn Loops>; 2]> {
    let capacity = task.capacity.unwrap_or(ipcmark_shm::DEFAULT_CAPACITY as u64) as usize;
    let ((there_tx, there_rx), (back_tx, back_rx)) = (bare::spsc(capacity)?, bare::spsc(capacity)?);
    let side = |tx, rx| -> Box<dyn Loops> {
        let (outbox, inbox) = (Buffer::new(task.size), Buffer::new(task.size));
        Box::new(Ring { tx, rx, batch: Batch::default(), outbox, inbox })
    };
    Ok([side(there_tx, back_rx), side(back_tx, there_rx)])
}

fn word(error: RingError) -> Error {
    Error::Protocol(error.to_string())
}

#[inline(always)]
fn write(tx: &mut Producer<'_>, outbox: &[u8]) -> Result<()> {
    while !tx.poll_claim(outbox.len()).map_err(word)? {
        spin_loop();
    }
    copy_message(tx.claimed(), outbox);
    tx.commit();
    Ok(())
}

#[inline(always)]
fn read(rx: &mut Consumer<'_>, batch: &mut Batch, inbox: &mut [u8]) -> Result<()> {
    if !rx.poll_receive().map_err(word)? {
        if batch.drained {
            for _ in 0..BATCH_PAUSES {
                spin_loop();
            }
        }
        while !rx.poll_receive().map_err(word)? {
            spin_loop();
        }
    }
    copy_message(inbox, rx.received());
    rx.release();
    let behind = rx.poll_receive() == Ok(true);
    batch.drained = !behind && batch.runs;
    batch.runs = behind;
    Ok(())
}

impl Loops for Ring {
    fn prepare(&self) {
        self.tx.populate();
        self.rx.populate();
    }

    fn initiate(&mut self, trips: u64) -> Result<()> {
        let Ring { tx, rx, batch, outbox, inbox } = self;
        tx.with(|tx| {
            rx.with(|rx| {
                (0..trips).try_for_each(|_| {
                    write(tx, outbox)?;
                    read(rx, batch, inbox)
                })
            })
        })
    }

    fn respond(&mut self, trips: u64) -> Result<()> {
        let Ring { tx, rx, batch, outbox, inbox } = self;
        tx.with(|tx| {
            rx.with(|rx| {
                (0..trips).try_for_each(|_| {
                    read(rx, batch, inbox)?;
                    write(tx, outbox)
                })
            })
        })
    }

    fn send(&mut self, messages: u64) -> Result<()> {
        let Ring { tx, outbox, .. } = self;
        tx.with(|tx| (0..messages).try_for_each(|_| write(tx, outbox)))
    }

    fn receive(&mut self, messages: u64) -> Result<()> {
        let Ring { rx, batch, inbox, .. } = self;
        rx.with(|rx| (0..messages).try_for_each(|_| read(rx, batch, inbox)))
    }
}
