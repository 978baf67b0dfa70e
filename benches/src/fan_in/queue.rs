//! What a queue must do here, and our ring as one.

use super::team::{Job, Team, receive, send};
use ipcmark_core::Result;
use ipcmark_ring::{mpsc, spsc};
use ipcmark_shm::{BATCH_PAUSES, bare};
use std::hint::spin_loop;
use zerocopy::IntoBytes;

/// A sender's end of a queue of messages of `W` words.
pub trait Outlet<const W: usize> {
    /// Copies the message in; false when there is no room. `left` messages, this one included, are still to come.
    fn offer(&mut self, message: &[u64; W], left: u64) -> bool;
}

/// The receiver's end.
pub trait Inlet<const W: usize> {
    /// Copies the next message out; false when there is none.
    fn take(&mut self, message: &mut [u64; W]) -> bool;
}

/// Our ring, with so many slots claimed at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ring {
    /// Slots that one exchange claims.
    pub run: usize,
}

struct Sending<'r, 'm> {
    ring: &'r mut mpsc::Producer<'m>,
    run: u64,
    reserved: usize,
}

impl<const W: usize> Outlet<W> for Sending<'_, '_> {
    #[inline]
    fn offer(&mut self, message: &[u64; W], left: u64) -> bool {
        if self.run > 1 && self.reserved == 0 {
            let run = self.run.min(left) as usize;
            self.reserved = self.ring.poll_reserve(run).unwrap_or(0);
            if self.reserved == 0 {
                return false;
            }
        }
        // A ring that fails here has no room either: the trial ends by its deadline.
        if self.ring.poll_claim(size_of::<[u64; W]>()) != Ok(true) {
            return false;
        }
        self.reserved = self.reserved.saturating_sub(1);
        self.ring.claimed().copy_from_slice(message.as_bytes());
        self.ring.commit();
        true
    }
}

struct Receiving<'r, 'm>(&'r mut mpsc::Consumer<'m>);

/// Receives from a ring: the consumers' methods have the same names.
macro_rules! inlet {
    ($end:ident) => {
        impl<const W: usize> Inlet<W> for $end<'_, '_> {
            #[inline]
            fn take(&mut self, message: &mut [u64; W]) -> bool {
                if self.0.poll_receive() != Ok(true) {
                    if self.0.take_batch() > 1 {
                        (0..BATCH_PAUSES).for_each(|_| spin_loop());
                    }
                    return false;
                }
                let found = self.0.received();
                let whole = found.len() == size_of::<[u64; W]>();
                if whole {
                    message.as_mut_bytes().copy_from_slice(found);
                }
                self.0.release();
                whole
            }
        }
    };
}

inlet!(Receiving);

/// A team of processes over our ring.
pub fn ours<const W: usize>(ring: Ring, job: Job, slots: usize) -> Result<Team> {
    let (producers, mut consumer) = bare::mpsc(slots, size_of::<[u64; W]>(), job.senders)?;
    let mut team = Team::new(job)?;
    for (sender, mut producer) in producers.into_iter().enumerate() {
        team.fork(sender, move |stage| {
            producer.populate();
            producer.with(|half| {
                let mut outlet = Sending { ring: half, run: ring.run as u64, reserved: 0 };
                send::<W>(&mut outlet, sender, stage)
            })
        })?;
    }
    team.fork(job.senders, move |stage| {
        consumer.populate();
        consumer.with(|half| receive::<W>(&mut Receiving(half), stage))
    })?;
    Ok(team)
}

struct Single<'r, 'm>(&'r mut spsc::Producer<'m>);

impl<const W: usize> Outlet<W> for Single<'_, '_> {
    #[inline]
    fn offer(&mut self, message: &[u64; W], _: u64) -> bool {
        let Ok(Some(space)) = self.0.try_claim(size_of::<[u64; W]>()) else { return false };
        space.copy_from_slice(message.as_bytes());
        self.0.commit();
        true
    }
}

struct SingleEnd<'r, 'm>(&'r mut spsc::Consumer<'m>);

inlet!(SingleEnd);

/// A team of two processes over our ring for one sender, of as many bytes as the other has.
pub fn single<const W: usize>(job: Job, slots: usize) -> Result<Team> {
    let bytes = slots * mpsc::slot_bytes(size_of::<[u64; W]>());
    let (mut producer, mut consumer) = bare::spsc(bytes.next_power_of_two())?;
    let mut team = Team::new(job)?;
    team.fork(0, move |stage| {
        producer.populate();
        producer.with(|half| send::<W>(&mut Single(half), 0, stage))
    })?;
    team.fork(1, move |stage| {
        consumer.populate();
        consumer.with(|half| receive::<W>(&mut SingleEnd(half), stage))
    })?;
    Ok(team)
}
