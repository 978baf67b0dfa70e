//! The ground: system calls that every part of ipcmark uses.

pub mod affinity;
pub mod barrier;
pub mod clock;
pub mod fd;
pub mod futex;
pub mod lifeline;
pub mod mapped;
pub mod membarrier;
pub mod process;
pub mod shared;
