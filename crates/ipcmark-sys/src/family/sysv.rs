//! System V message queues and semaphores: objects of the kernel with a number and a life of their own.
//!
//! They outlive their processes until somebody removes them, and unlike a file's name or a shared segment they cannot
//! be removed ahead of time: `IPC_RMID` takes effect immediately, and waiting processes get `EIDRM`. So the last process
//! that holds an object removes it (`object`). If that process is killed, the run's janitor removes it ([`crate::registry`]): a run
//! that is killed whole leaves nothing in `ipcs(1)` either.
//!
//! If all holders of an object are killed and the run continues (an invocation whose two sides hung), the object stays until
//! the run's end, when the janitor wakes. So `ipcs(1)` may show some objects of failed invocations during a run, and none
//! after it.
//!
//! # References
//! [sysvipc(7)](https://man7.org/linux/man-pages/man7/sysvipc.7.html)

pub(crate) mod object;
mod queue;
mod semaphore;

pub use queue::{Envelope, MessageQueue, Patience, QueueStatus, SystemLimits, system_limits};
pub use semaphore::Semaphore;

/// Kinds of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `msgget(2)`.
    Queue,
    /// `semget(2)`.
    Semaphores,
    /// `shmget(2)`, see [`crate::segment`].
    Segment,
}

impl Kind {
    pub(crate) const ALL: [Kind; 3] = [Kind::Queue, Kind::Semaphores, Kind::Segment];

    /// Removes the object with this number; one that is gone already is as well.
    pub(crate) fn remove(self, id: i32) {
        match self {
            // SAFETY: the command takes no argument; the kernel checks the number and the right.
            Kind::Queue => unsafe { libc::msgctl(id, libc::IPC_RMID, std::ptr::null_mut()) },
            // SAFETY: as above.
            Kind::Semaphores => unsafe { libc::semctl(id, 0, libc::IPC_RMID) },
            // SAFETY: as above.
            Kind::Segment => unsafe { libc::shmctl(id, libc::IPC_RMID, std::ptr::null_mut()) },
        };
    }

    /// Returns its file in `/proc/sysvipc`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Queue => "msg",
            Kind::Semaphores => "sem",
            Kind::Segment => "shm",
        }
    }

    /// Returns the number of the object of this key, if there is one.
    pub(crate) fn find(self, key: libc::key_t) -> Option<i32> {
        let id = match self {
            // SAFETY: numbers in, a number out.
            Kind::Queue => unsafe { libc::msgget(key, 0) },
            // SAFETY: as above.
            Kind::Semaphores => unsafe { libc::semget(key, 0, 0) },
            // SAFETY: as above.
            Kind::Segment => unsafe { libc::shmget(key, 0, 0) },
        };
        (id >= 0).then_some(id)
    }

    /// Returns true if this user made the object with this number.
    pub(crate) fn is_this_users(self, id: i32) -> bool {
        // SAFETY: each of the three structures is plain numbers, of which zero is one.
        let (mut queue, mut semaphores, mut segment): Status = unsafe { std::mem::zeroed() };
        let rc = match self {
            // SAFETY: the kernel writes one such structure.
            Kind::Queue => unsafe { libc::msgctl(id, libc::IPC_STAT, &raw mut queue) },
            // SAFETY: as above.
            Kind::Semaphores => unsafe { libc::semctl(id, 0, libc::IPC_STAT, &raw mut semaphores) },
            // SAFETY: as above.
            Kind::Segment => unsafe { libc::shmctl(id, libc::IPC_STAT, &raw mut segment) },
        };
        let maker = match self {
            Kind::Queue => queue.msg_perm.cuid,
            Kind::Semaphores => semaphores.sem_perm.cuid,
            Kind::Segment => segment.shm_perm.cuid,
        };
        rc == 0 && maker == crate::process::user()
    }
}

/// Answer of the kernel for each kind of object.
type Status = (libc::msqid_ds, libc::semid_ds, libc::shmid_ds);

/// Lists all System V objects of this IPC namespace, by kind and number: `msg 32768`, as `/proc/sysvipc` names them.
#[must_use]
pub fn listed() -> Vec<String> {
    let of = |kind: Kind| {
        let table = std::fs::read_to_string(format!("/proc/sysvipc/{}", kind.name()));
        let number = |line: &str| line.split_ascii_whitespace().nth(1).map(str::to_owned);
        let table = table.unwrap_or_default();
        let numbers: Vec<String> = table.lines().skip(1).filter_map(number).collect();
        numbers.into_iter().map(move |number| format!("{} {number}", kind.name()))
    };
    Kind::ALL.into_iter().flat_map(of).collect()
}
