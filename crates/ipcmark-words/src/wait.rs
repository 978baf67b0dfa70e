//! The ways a side waits until it can continue.

use crate::word::word;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// The wait strategies. They name catalog rows and a field of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WaitKind {
    /// The call itself sleeps in the kernel.
    Block,
    /// The call is retried without a pause; the CPU never sleeps.
    Spin,
    /// Shared memory is read again after a pause instruction; the CPU never sleeps.
    Pause,
    /// The call is retried after `sched_yield(2)`.
    Yield,
    /// `poll(2)`, then the call.
    Poll,
    /// `epoll_wait(2)`, then the call.
    Epoll,
    /// Spins for about as long as a wake-up costs, then sleeps on a futex.
    Hybrid,
    /// `futex(2)` without spinning.
    Futex,
    /// A read of an `eventfd(2)` next to the memory.
    Eventfd,
    /// A POSIX semaphore, `sem_overview(7)`.
    Sem,
    /// A System V semaphore, `semop(2)`.
    Semop,
    /// A process-shared robust mutex and its condition variable, `pthread_mutexattr_setrobust(3)`.
    Condvar,
    /// The call itself is an `io_uring(7)` operation; the side waits for its completion.
    Uring,
    /// Signal-driven I/O: `SIGIO` by `O_ASYNC`, then the call; `fcntl(2)`.
    Sigio,
    /// A signal handler, and `sigsuspend(2)` until it ran.
    Handler,
    /// `sigwaitinfo(2)`.
    Sigwait,
    /// A read of a `signalfd(2)`.
    Signalfd,
    /// No waiting: both ends are one process (the floors).
    None,
    /// A wait that ipcmark does not know, of a transport that somebody else wrote.
    Own {
        /// Word used in names: letters, digits and `-`.
        name: &'static str,
        /// Use that it makes of its CPU. A record does not say it: a wait that was read from one
        /// counts as [`CpuUse::Sleeps`].
        cpu_use: CpuUse,
    },
}

/// The use that a wait makes of its CPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CpuUse {
    /// Sleeps until it is woken.
    Sleeps,
    /// Tries again and again for a while, then sleeps.
    SpinsThenSleeps,
    /// Tries again and again, and lets others run in between.
    Yields,
    /// Tries again and again, and never gives its CPU away.
    Spins,
    /// Never waits.
    Nothing,
}

impl WaitKind {
    /// All waits that ipcmark knows, in the order of reports.
    pub const ALL: [WaitKind; 18] = [
        WaitKind::Block,
        WaitKind::Spin,
        WaitKind::Pause,
        WaitKind::Yield,
        WaitKind::Poll,
        WaitKind::Epoll,
        WaitKind::Hybrid,
        WaitKind::Futex,
        WaitKind::Eventfd,
        WaitKind::Sem,
        WaitKind::Semop,
        WaitKind::Condvar,
        WaitKind::Uring,
        WaitKind::Sigio,
        WaitKind::Handler,
        WaitKind::Sigwait,
        WaitKind::Signalfd,
        WaitKind::None,
    ];

    /// Returns the word used in names: `block`, `spin` ...
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            WaitKind::Block => "block",
            WaitKind::Spin => "spin",
            WaitKind::Pause => "pause",
            WaitKind::Yield => "yield",
            WaitKind::Poll => "poll",
            WaitKind::Epoll => "epoll",
            WaitKind::Hybrid => "hybrid",
            WaitKind::Futex => "futex",
            WaitKind::Eventfd => "eventfd",
            WaitKind::Sem => "sem",
            WaitKind::Semop => "semop",
            WaitKind::Condvar => "condvar",
            WaitKind::Uring => "uring",
            WaitKind::Sigio => "sigio",
            WaitKind::Handler => "handler",
            WaitKind::Sigwait => "sigwait",
            WaitKind::Signalfd => "signalfd",
            WaitKind::None => "none",
            WaitKind::Own { name, .. } => name,
        }
    }

    /// Returns the use that it makes of its CPU.
    #[must_use]
    pub const fn cpu_use(self) -> CpuUse {
        match self {
            WaitKind::Spin | WaitKind::Pause => CpuUse::Spins,
            WaitKind::Yield => CpuUse::Yields,
            WaitKind::Hybrid => CpuUse::SpinsThenSleeps,
            WaitKind::Block
            | WaitKind::Poll
            | WaitKind::Epoll
            | WaitKind::Futex
            | WaitKind::Eventfd
            | WaitKind::Sem
            | WaitKind::Semop
            | WaitKind::Condvar
            | WaitKind::Uring
            | WaitKind::Sigio
            | WaitKind::Handler
            | WaitKind::Sigwait
            | WaitKind::Signalfd => CpuUse::Sleeps,
            WaitKind::None => CpuUse::Nothing,
            WaitKind::Own { cpu_use, .. } => cpu_use,
        }
    }

    /// Returns true if a waiting side never gives its CPU away. Two such sides on one CPU wait out
    /// each other's time slices.
    #[must_use]
    pub const fn burns_cpu(self) -> bool {
        matches!(self.cpu_use(), CpuUse::Spins)
    }

    /// Returns true if a waiting side can sleep.
    #[must_use]
    pub const fn can_sleep(self) -> bool {
        matches!(self.cpu_use(), CpuUse::Sleeps | CpuUse::SpinsThenSleeps)
    }

    /// Returns true if a waiting side tries again and again. The time it waits then sets the
    /// number of its calls, and it uses CPU time while it waits.
    #[must_use]
    pub const fn retries(self) -> bool {
        match self.cpu_use() {
            CpuUse::Spins | CpuUse::Yields | CpuUse::SpinsThenSleeps => true,
            CpuUse::Sleeps | CpuUse::Nothing => false,
        }
    }
}

word!(@text WaitKind, "wait");
word!(@serialize WaitKind);

impl<'de> serde::Deserialize<'de> for WaitKind {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let word = <Cow<'de, str>>::deserialize(from)?;
        let own = || WaitKind::Own { name: kept(&word), cpu_use: CpuUse::Sleeps };
        Ok(word.parse().unwrap_or_else(|_| own()))
    }
}

/// Returns the word for as long as the program runs. A record names few waits.
fn kept(word: &str) -> &'static str {
    static KEPT: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    match kept.get(word) {
        Some(known) => known,
        None => {
            let new: &str = Box::leak(word.into());
            kept.insert(new);
            new
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_of_somebody_elses_is_read_back_by_its_word() {
        let wait = WaitKind::Own { name: "lazy", cpu_use: CpuUse::Sleeps };
        let json = serde_json::to_string(&wait).unwrap();
        assert_eq!(json, "\"lazy\"");
        assert_eq!(serde_json::from_str::<WaitKind>(&json).unwrap(), wait);
        assert_eq!(serde_json::from_str::<WaitKind>("\"spin\"").unwrap(), WaitKind::Spin);
        assert!("lazy".parse::<WaitKind>().is_err());
    }
}
