//! How a side waits until it can go on.

use std::fmt;

/// The wait strategies, as words: they name catalog rows and fields of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WaitKind {
    /// The call itself sleeps in the kernel.
    Block,
    /// The call is retried at once; the CPU never sleeps.
    Spin,
    /// Shared memory is looked at again after a pause instruction; the CPU never sleeps.
    Pause,
    /// The call is retried after `sched_yield(2)`.
    Yield,
    /// `poll(2)`, then the call.
    Poll,
    /// `epoll_wait(2)`, then the call.
    Epoll,
    /// Spin for about as long as a wake-up costs, then sleep on a futex.
    Hybrid,
    /// `futex(2)` at once, without spinning.
    Futex,
    /// A read of an `eventfd(2)` beside the memory.
    Eventfd,
    /// A POSIX semaphore, `sem_overview(7)`.
    Sem,
    /// A System V semaphore, `semop(2)`.
    Semop,
    /// A process-shared robust mutex with its condition variable, `pthread_mutexattr_setrobust(3)`.
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
}

impl WaitKind {
    /// The word used in names: `block`, `spin`, ...
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
        }
    }

    /// True when a waiting side keeps its CPU. Two such sides on one CPU wait out each other's time slices.
    #[must_use]
    pub const fn burns_cpu(self) -> bool {
        matches!(self, WaitKind::Spin | WaitKind::Pause)
    }
}

impl fmt::Display for WaitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A wait strategy as a type. Layers that know a mechanism refine it: file descriptors in `ipcmark-sys`, rings in
/// the shared-memory transport.
pub trait Wait: 'static {
    /// The word for it.
    const KIND: WaitKind;
}
