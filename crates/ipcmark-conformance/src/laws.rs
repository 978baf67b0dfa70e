//! The laws themselves, one module a group.

pub mod again;
pub mod apart;
pub mod broadcast;
pub mod bytes;
pub mod callers;
pub mod calls;
pub mod ends;
pub mod floor;
pub mod limits;
pub mod lossy;
pub mod many;
pub mod order;
pub mod refusals;
pub mod remote;
pub mod told;

use crate::row::Row;

/// Scales a count of messages down where both sides spin on the one CPU there is: each message then
/// waits for the end of the peer's time slice.
pub(crate) fn pace(row: &Row, messages: u64) -> u64 {
    let cpus = ipcmark_sys::affinity::allowed().map_or(1, |cpus| cpus.len());
    if row.info.wait.burns_cpu() && cpus < 2 { (messages / 200).max(3) } else { messages }
}
