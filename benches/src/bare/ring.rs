//! The ring's halves, used directly: each message is copied in from private memory and out to private memory, and looked at
//! no further. A side that waits spins.

use super::{Loops, Task};
use ipcmark_core::{Buffer, Error, Result, copy_message};
use ipcmark_ring::RingError;
use ipcmark_ring::spsc::{Consumer, Producer};
use ipcmark_shm::bare::{self, OwnedConsumer, OwnedProducer};
use std::hint::spin_loop;

/// Pauses of a receiver that has drained a batch, as the transport takes them.
const BATCH_PAUSES: u32 = 64;

/// A side: its halves, and the message in its own memory.
struct Ring {
    tx: OwnedProducer,
    rx: OwnedConsumer,
    outbox: Buffer,
    inbox: Buffer,
}

pub(super) fn sides(task: &Task<'_>) -> Result<[Box<dyn Loops>; 2]> {
    let capacity = task.capacity.unwrap_or(ipcmark_shm::DEFAULT_CAPACITY as u64) as usize;
    let ((there_tx, there_rx), (back_tx, back_rx)) = (bare::spsc(capacity)?, bare::spsc(capacity)?);
    let side = |tx, rx| -> Box<dyn Loops> {
        let (outbox, inbox) = (Buffer::new(task.size), Buffer::new(task.size));
        Box::new(Ring { tx, rx, outbox, inbox })
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
fn read(rx: &mut Consumer<'_>, inbox: &mut [u8]) -> Result<()> {
    if !rx.poll_receive().map_err(word)? {
        if rx.take_batch() > 1 {
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
    Ok(())
}

impl Loops for Ring {
    fn prepare(&self) {
        self.tx.populate();
        self.rx.populate();
    }

    fn initiate(&mut self, trips: u64) -> Result<()> {
        let Ring { tx, rx, outbox, inbox } = self;
        tx.with(|tx| {
            rx.with(|rx| {
                (0..trips).try_for_each(|_| {
                    write(tx, outbox)?;
                    read(rx, inbox)
                })
            })
        })
    }

    fn respond(&mut self, trips: u64) -> Result<()> {
        let Ring { tx, rx, outbox, inbox } = self;
        tx.with(|tx| {
            rx.with(|rx| {
                (0..trips).try_for_each(|_| {
                    read(rx, inbox)?;
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
        let Ring { rx, inbox, .. } = self;
        rx.with(|rx| (0..messages).try_for_each(|_| read(rx, inbox)))
    }
}
