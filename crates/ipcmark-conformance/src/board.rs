//! The memory through which the two sides and their supervisor talk outside the mechanism under
//! test.

use ipcmark_core::Side;
use ipcmark_sys::futex;
use ipcmark_sys::shared::{Line, Lines};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::{Duration, Instant};

/// Result of a law: success, or a fault in words.
pub(crate) type Told = Result<(), String>;

/// Time without progress after which a sender counts as waiting for room. On a slow machine it may
/// be too short. Then a law looks at a link that is less full than it could be, which does no harm.
const STALL: Duration = Duration::from_millis(60);

/// Longest time of a message that nothing delays, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// The step that a side is in, which explains a hang.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(crate) enum Step {
    Split = 1,
    Claim,
    Commit,
    Receive,
    Release,
    AwaitFlag,
    AwaitReceipt,
    AwaitStall,
    Close,
    Call,
    Serve,
    Notify,
    Listen,
}

impl Step {
    const WORDS: [&str; 14] = [
        "about to start",
        "taking its halves out of the fixture",
        "in claim, for message",
        "in commit, of message",
        "in receive, for message",
        "in release, of message",
        "waiting for its peer's flag",
        "waiting until its peer has received what was sent, before message",
        "waiting until its peer meets back-pressure",
        "closing its halves",
        "in a call, with message",
        "serving, after message",
        "telling its peer, number",
        "in listen, number",
    ];
}

const SIDE_LINES: usize = 3;

/// Shared lines, three a side: its step and its flag; messages sent; messages received.
#[derive(Debug)]
pub(crate) struct Board(Lines);

impl Board {
    pub(crate) fn new() -> Result<Board, String> {
        Lines::new(2 * SIDE_LINES).map(Board).map_err(|e| e.to_string())
    }

    fn line(&self, side: Side, n: usize) -> &Line {
        &self.0.lines()[side.index() * SIDE_LINES + n]
    }

    /// Notes the step of `side`; `n` counts messages.
    pub(crate) fn note(&self, side: Side, step: Step, n: u64) {
        self.line(side, 0).word.store((n << 8) | step as u64, Relaxed);
    }

    /// Returns the last step of `side`, in words.
    pub(crate) fn step(&self, side: Side) -> String {
        let word = self.line(side, 0).word.load(Relaxed);
        let words = Step::WORDS.get((word & 0xff) as usize).unwrap_or(&"somewhere");
        if words.ends_with("message") || words.ends_with("number") {
            format!("{words} {}", word >> 8)
        } else {
            (*words).to_owned()
        }
    }

    /// Raises `side`'s flag to `value`.
    pub(crate) fn raise(&self, side: Side, value: u32) -> Result<(), String> {
        let flag = &self.line(side, 0).futex;
        flag.store(value, Release);
        futex::wake_all(flag).map_err(|e| e.to_string())
    }

    /// Raises `side`'s flag by 1.
    pub(crate) fn add(&self, side: Side) -> Result<(), String> {
        let flag = &self.line(side, 0).futex;
        flag.fetch_add(1, Release);
        futex::wake_all(flag).map_err(|e| e.to_string())
    }

    /// Returns the value of `side`'s flag.
    pub(crate) fn flag(&self, side: Side) -> u32 {
        self.line(side, 0).futex.load(Acquire)
    }

    /// Waits until `side`'s flag is at least `value`. The supervisor kills a side that waits in
    /// vain.
    pub(crate) fn await_flag(&self, side: Side, value: u32) -> Result<(), String> {
        let flag = &self.line(side, 0).futex;
        loop {
            let now = flag.load(Acquire);
            if now >= value {
                return Ok(());
            }
            futex::wait(flag, now, Duration::from_millis(100)).map_err(|e| e.to_string())?;
        }
    }

    /// Counts a message sent by `side`.
    pub(crate) fn count_sent(&self, side: Side) {
        self.line(side, 1).word.fetch_add(1, Release);
    }

    /// Returns the number of messages sent by `side`.
    pub(crate) fn sent(&self, side: Side) -> u64 {
        self.line(side, 1).word.load(Acquire)
    }

    /// Counts a message received by `side`.
    pub(crate) fn count_received(&self, side: Side) {
        self.line(side, 2).word.fetch_add(1, Release);
    }

    /// Returns the number of messages received by `side`.
    pub(crate) fn received(&self, side: Side) -> u64 {
        self.line(side, 2).word.load(Acquire)
    }

    /// Waits until `side` has received `count` messages: a few looks, then naps. Returns false if
    /// it has not within [`PATIENCE`].
    pub(crate) fn await_received(&self, side: Side, count: u64) -> bool {
        let begun = Instant::now();
        for looks in 0.. {
            if self.received(side) >= count {
                return true;
            }
            if looks < 100 {
                std::thread::yield_now();
            } else if begun.elapsed() < PATIENCE {
                std::thread::sleep(Duration::from_micros(50));
            } else {
                break;
            }
        }
        false
    }

    /// Waits until `side` has sent at least one message and then none for a while; returns how
    /// many.
    pub(crate) fn await_stall(&self, side: Side) -> u64 {
        let mut seen = 0;
        let mut since = Instant::now();
        while seen == 0 || since.elapsed() < STALL {
            std::thread::sleep(Duration::from_millis(2));
            let now = self.sent(side);
            if now != seen {
                (seen, since) = (now, Instant::now());
            }
        }
        seen
    }
}
