//! Others' queues, between threads.
//!
//! The standard library's channel is there for everybody; `--features peers` adds crossbeam's queues.

use super::queue::{Inlet, Outlet};
use super::team::{Job, Team, receive, send};
use ipcmark_core::Result;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// The queues there are in this build.
pub const PEERS: &[&str] = &[
    "std sync_channel",
    #[cfg(feature = "peers")]
    "crossbeam ArrayQueue",
    #[cfg(feature = "peers")]
    "crossbeam SegQueue",
];

/// A team of threads over the queue of that name, with room for `slots` messages.
pub fn peer<const W: usize>(name: &str, job: Job, slots: usize) -> Result<Team> {
    match name {
        #[cfg(feature = "peers")]
        "crossbeam ArrayQueue" => {
            let queue = std::sync::Arc::new(crossbeam_queue::ArrayQueue::<[u64; W]>::new(slots));
            team::<W, _, _>(job, || Array(queue.clone()), Array(queue.clone()))
        }
        #[cfg(feature = "peers")]
        "crossbeam SegQueue" => {
            let queue = std::sync::Arc::new(crossbeam_queue::SegQueue::<[u64; W]>::new());
            team::<W, _, _>(job, || Seg(queue.clone(), slots), Seg(queue.clone(), slots))
        }
        _ => {
            let (tx, rx) = sync_channel::<[u64; W]>(slots);
            team::<W, _, _>(job, || Channel(tx.clone()), ChannelEnd(rx))
        }
    }
}

fn team<const W: usize, O, I>(job: Job, outlet: impl Fn() -> O, mut inlet: I) -> Result<Team>
where
    O: Outlet<W> + Send + 'static,
    I: Inlet<W> + Send + 'static,
{
    let mut team = Team::new(job)?;
    for sender in 0..job.senders {
        let mut outlet = outlet();
        team.spawn(sender, move |stage| send::<W>(&mut outlet, sender, stage));
    }
    team.spawn(job.senders, move |stage| receive::<W>(&mut inlet, stage));
    Ok(team)
}

struct Channel<const W: usize>(SyncSender<[u64; W]>);
struct ChannelEnd<const W: usize>(Receiver<[u64; W]>);

impl<const W: usize> Outlet<W> for Channel<W> {
    #[inline]
    fn offer(&mut self, message: &[u64; W], _: u64) -> bool {
        self.0.try_send(*message).is_ok()
    }
}

impl<const W: usize> Inlet<W> for ChannelEnd<W> {
    #[inline]
    fn take(&mut self, message: &mut [u64; W]) -> bool {
        self.0.try_recv().map(|found| *message = found).is_ok()
    }
}

#[cfg(feature = "peers")]
mod crossbeam {
    use super::{Inlet, Outlet};
    use crossbeam_queue::{ArrayQueue, SegQueue};
    use std::sync::Arc;

    pub(super) struct Array<const W: usize>(pub(super) Arc<ArrayQueue<[u64; W]>>);
    /// Unbounded by itself: senders wait as they do before a queue that holds so many.
    pub(super) struct Seg<const W: usize>(pub(super) Arc<SegQueue<[u64; W]>>, pub(super) usize);

    impl<const W: usize> Outlet<W> for Array<W> {
        #[inline]
        fn offer(&mut self, message: &[u64; W], _: u64) -> bool {
            self.0.push(*message).is_ok()
        }
    }

    impl<const W: usize> Inlet<W> for Array<W> {
        #[inline]
        fn take(&mut self, message: &mut [u64; W]) -> bool {
            self.0.pop().map(|found| *message = found).is_some()
        }
    }

    impl<const W: usize> Outlet<W> for Seg<W> {
        #[inline]
        fn offer(&mut self, message: &[u64; W], _: u64) -> bool {
            let room = self.0.len() < self.1;
            if room {
                self.0.push(*message);
            }
            room
        }
    }

    impl<const W: usize> Inlet<W> for Seg<W> {
        #[inline]
        fn take(&mut self, message: &mut [u64; W]) -> bool {
            self.0.pop().map(|found| *message = found).is_some()
        }
    }
}
#[cfg(feature = "peers")]
use crossbeam::{Array, Seg};
