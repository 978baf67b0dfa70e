//! Every candidate moves 10,000 messages of each shape unharmed, and one that harms a message fails
//! the run.
//!
//! `cargo test -p ipcmark-benches --test duel`; `--features peers` adds other people's rings. It
//! forks, so it needs a process of one thread and no test harness.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a test without a harness prints its results")]

use ipcmark_benches::duel::message::Sink;
use ipcmark_benches::duel::{
    Candidate, Extent, Link, Pattern, Role, Rx, Shape, Trials, Tx, fan_in, measure, spin,
};
use ipcmark_core::{Error, Refusal, Result};
use std::sync::mpsc;
use std::time::Duration;

const MESSAGES: u64 = 10_000;

/// Runs one round of `messages` messages for each entry.
fn once(candidates: &[Candidate], shapes: &[Shape], messages: u64) -> Result<Trials> {
    let extent = Extent {
        rounds: 1,
        messages: Some(messages),
        time: Duration::from_secs(240),
        ..Extent::default()
    };
    measure(candidates, shapes, extent)
}

/// A channel that changes message 100 if `HARMS`.
struct Channel<const HARMS: bool>;
struct ChannelTx<const W: usize, const HARMS: bool>(mpsc::Sender<[u64; W]>, u64);
struct ChannelRx<const W: usize>(mpsc::Receiver<[u64; W]>);

impl<const HARMS: bool> Link for Channel<HARMS> {
    type Tx<const W: usize> = ChannelTx<W, HARMS>;
    type Rx<const W: usize> = ChannelRx<W>;

    fn link<const W: usize>(
        _: usize,
    ) -> std::result::Result<(ChannelTx<W, HARMS>, ChannelRx<W>), String> {
        let (tx, rx) = mpsc::channel();
        Ok((ChannelTx(tx, 0), ChannelRx(rx)))
    }
}

impl<const W: usize, const HARMS: bool> Tx<W> for ChannelTx<W, HARMS> {
    fn send(&mut self, message: &[u64; W]) {
        let mut message = *message;
        self.1 += 1;
        if HARMS && self.1 == 100 {
            message[W - 1] ^= 1 << 40;
        }
        self.0.send(message).expect("the receiver is there");
    }
}

impl<const W: usize> Rx<W> for ChannelRx<W> {
    fn receive(&mut self, sink: &mut Sink<W>) {
        let message = spin(|| self.0.try_recv().ok());
        sink.take(&message);
    }
}

#[cfg(feature = "peers")]
fn candidates() -> Vec<Candidate> {
    let mut all = ipcmark_benches::duel::candidates();
    all.extend(ipcmark_benches::duel::peers::candidates());
    all
}

#[cfg(not(feature = "peers"))]
fn candidates() -> Vec<Candidate> {
    ipcmark_benches::duel::candidates()
}

fn main() {
    #[cfg(feature = "peers")]
    let _names = ipcmark_benches::duel::peers::clear_up().expect("a watcher");
    let candidates = candidates();
    let shapes = Shape::all();
    let trials = match once(&candidates, &shapes, MESSAGES) {
        Err(Error::Unavailable(Refusal { reason, .. })) => {
            println!("not available here: {reason}");
            return;
        }
        trials => trials.expect("every message arrives"),
    };
    for (at, entry) in trials.entries.iter().enumerate() {
        let moved: u64 = trials.trials.iter().filter(|t| t.entry == at).map(|t| t.messages).sum();
        assert_eq!((moved, &entry.reason), (MESSAGES, &None), "{}, {}", entry.name, entry.shape);
    }
    println!("{} candidates and shapes moved {MESSAGES} messages each", trials.entries.len());

    let small = [Shape { pattern: Pattern::Stream, size: 64 }];
    let sound = Candidate::between_threads::<Channel<false>>("channel", Role::Peer);
    once(&[sound], &small, 1_000).expect("a sound channel passes");
    let harmful = Candidate::between_threads::<Channel<true>>("harmful channel", Role::Peer);
    once(&[harmful], &small, 1_000).expect_err("a message that is harmed is found");
    println!("a harmed message fails the run");

    let queues = fan_in::candidates(fan_in::Gait::Yield);
    let extent = Extent {
        rounds: 1,
        messages: Some(MESSAGES),
        yields: true,
        spread: true,
        ..Extent::default()
    };
    let trials = measure(&queues, &Shape::fan_in(), extent).expect("every message arrives");
    assert!(trials.entries.iter().all(|entry| entry.reason.is_none()));
    println!("{} queues and shapes moved {MESSAGES} messages each", trials.entries.len());
}
