//! The home of system-call unsafe.
//!
//! Everything above asks this crate for processes, shared pages, futexes, CPUs and clocks, in safe terms. Each
//! `unsafe` block carries one claim. The kernel is reached through rustix and nix; libc only where both lack a call.
#![allow(unsafe_code, reason = "this crate and the rings are where unsafe code lives")]

pub mod affinity;
pub mod barrier;
pub mod bell;
pub mod clock;
pub mod counters;
pub mod delay;
pub mod distance;
pub mod fd;
pub mod futex;
pub mod lifeline;
pub mod mapped;
pub mod meeting;
pub mod msg_ring;
pub mod noise;
pub mod process;
pub mod relay;
pub mod robust;
pub mod segment;
pub mod service;
pub mod shared;
pub mod signal;
pub mod sysv;
pub mod taken;
pub mod tool;
pub mod trace;
pub mod usage;
pub mod vm;
pub mod vsock;
pub mod watcher;
pub mod zerocopy;
