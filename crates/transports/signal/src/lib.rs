//! Signals: standard ones that merge, and real-time ones that queue and carry a word.
//!
//! The mechanism's own rules, as [signal(7)](https://man7.org/linux/man-pages/man7/signal.7.html) has them:
//!
//! - A standard signal that is sent while one of its number is pending merges with it: so a counter loses. `signal` is a
//!   notifier with `INFO.lossy`: what it tells is that something happened, not how often.
//! - A real-time signal is queued, each one, in order, and brings along one word: `signal-rt` carries messages of up to
//!   eight bytes in it. All signals queued for a user's processes together are bounded by `RLIMIT_SIGPENDING`; beyond it
//!   the sender gets `EAGAIN`. A link that filled it would starve the user's other processes (a timer needs one too), so
//!   that each lowers its own limit while it is made.
//! - A signal comes whatever the process does, unless it is blocked. It is blocked here before the fork, and taken in one
//!   of three ways: a handler that runs while `sigsuspend(2)` sleeps, `sigwaitinfo(2)`, or a read of a `signalfd(2)`.
//! - It is sent to a process, which must be known: the two sides tell each other their numbers in shared memory, and hold
//!   each other by a pidfd, so that no signal ever reaches another process that was given a number since.
//!
//! A [`Lifeline`](ipcmark_sys::lifeline) tells that the peer is gone; its own signals, `SIGIO` and `SIGALRM`, are others.
#![forbid(unsafe_code)]

mod meet;
mod queue;
mod standard;

pub use ipcmark_sys::signal::{Handled, Waited, Watched};
pub use queue::{SignalReceiver, SignalRt, SignalSender};
pub use standard::{Hear, Signal, Tell};
