//! System calls, and the `unsafe` code that they need, behind safe functions.
//!
//! - `ground`: what every part uses: processes, shared pages, futexes, CPUs, the clock, descriptors, the lifeline;
//! - `family`: what one family of mechanisms needs;
//! - `tool`: what measuring, comparing and clearing up need;
//! - [`crew`]: processes that are forked, watched and ended together;
//! - [`distance`]: the latency between two CPUs.
//!
//! The rooms are for those who read this crate; users name a module without its room (`ipcmark_sys::clock`). ARCHITECTURE.md
//! says which calls go through rustix, nix and libc.
#![allow(unsafe_code, reason = "system calls without a safe wrapper are made here")]

pub mod crew;
pub mod distance;
mod family;
mod ground;
mod tool;

pub use family::{
    bell, mqueue, msg_ring, pipe, registry, robust, segment, signal, sysv, vm, vsock, word,
    zerocopy,
};
pub use ground::{
    affinity, barrier, clock, fd, futex, lifeline, mapped, membarrier, names, process, scheduling,
    shared, spent,
};
pub use tool::{
    baton, cgroup, contention, counters, delay, energy, helpers, janitor, neighbours, noise,
    presence, resident, scratch, subprocess, trace, units, usage,
};
