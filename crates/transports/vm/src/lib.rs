//! Single copy: one process reads the other's memory, or writes to it.
//!
//! The mechanism's own rules, as [process_vm_readv(2)](https://man7.org/linux/man-pages/man2/process_vm_readv.2.html)
//! has them:
//!
//! - The bytes go straight from one address space to the other: one copy where a pipe makes two.
//! - It takes the permission to trace the peer (`PTRACE_MODE_ATTACH_REALCREDS`): the same user, and a peer that may be
//!   dumped. Where Yama's `ptrace_scope` is 1 a process must also admit its peer, and each side does
//!   (`PR_SET_PTRACER`).
//! - It carries bytes and no news: that there is a message, its place and its length are in memory that
//!   both share, and so does a futex to wait on.
//! - Only the caller works; its peer need not even run. `vm-read` pulls in `receive`, `vm-write` pushes in `commit`.
//! - What `vm-read` has not pulled yet is in the sender's memory, and is gone when the sender's process is.
//!
//! `vm-write` pushes into one of several slots of the receiver. `vm-read` pulls a message of more than 4 KiB from where
//! it was written, so that the sender's next claim waits for the pull; a shorter one, whose copy costs less than a wait, is
//! put into one of several slots first.
#![forbid(unsafe_code)]

mod meet;
mod probe;
mod read;
mod wait;
mod way;
mod write;

pub use read::{ReadReceiver, ReadSender, VmRead};
pub use wait::{Futex, Spin, VmWait};
pub use write::{VmWrite, WriteReceiver, WriteSender};

use ipcmark_core::{Capacity, Error, Plan, Result};
use ipcmark_sys::lifeline::{Lifeline, LifelinePair};
use ipcmark_sys::shared::Lines;
use rustix::io::Errno;

/// Bytes of each direction's slots, where the plan does not ask for a capacity.
const SLOT_BYTES: usize = 256 << 10;
/// Slots of one direction.
const SLOTS: std::ops::RangeInclusive<usize> = 2..=64;

/// Resources that both sides inherit.
#[derive(Debug)]
pub struct VmFixture {
    lines: Lines,
    lifelines: LifelinePair,
    /// Longest message, in bytes.
    size: usize,
    /// Slots of each direction.
    slots: usize,
}

impl VmFixture {
    /// Makes a link for messages of up to `plan.size` bytes in `slots` slots each way.
    fn new(plan: &Plan, slots: usize) -> Result<VmFixture> {
        Ok(VmFixture {
            lines: Lines::new(meet::LINES + 2 * way::lines(slots))?,
            lifelines: LifelinePair::new()?,
            size: plan.size,
            slots,
        })
    }

    fn capacity(&self) -> Capacity {
        Capacity { bytes: Some(self.slots * self.size), messages: Some(self.slots) }
    }
}

/// Returns how many slots hold what the plan asks for.
fn slots(plan: &Plan) -> usize {
    let bytes = plan.capacity.unwrap_or(SLOT_BYTES);
    (bytes / plan.size.max(1)).clamp(*SLOTS.start(), *SLOTS.end())
}

/// Returns what a failed call says of the peer.
#[cold]
fn failed(call: &'static str, errno: Errno, lifeline: &Lifeline) -> Error {
    match errno {
        // Gone, or past the point where its memory was freed.
        Errno::SRCH | Errno::FAULT if lifeline.peer_is_gone() => lifeline.end(),
        Errno::SRCH => Error::PeerDied,
        Errno::PERM => Error::os_hint(
            call,
            errno,
            "it takes the permission to trace the peer; see ptrace(2) and kernel.yama.ptrace_scope",
        ),
        _ => Error::os(call, errno),
    }
}
