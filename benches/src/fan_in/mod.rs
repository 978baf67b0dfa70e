//! Many senders and one receiver, with nothing around the queue: ours between processes, others' between threads.
//!
//! Each message is copied in from private memory, copied out to private memory, and carries in its first word who sent it and
//! as which, in its last word the complement of that: what is lost, repeated, torn, or out of its sender's order is counted,
//! and a trial with a single one fails. All queues hold the same number of messages.
//!
//! A queue has a [`Team`]: workers that live as long as the bench and sleep while another team is at work, so that trials can
//! be interleaved. Ours are processes, made first, since a fork must come before any thread.

mod peers;
mod probe;
mod queue;
mod team;

pub use peers::{PEERS, peer};
pub use probe::Probe;
pub use queue::{Inlet, Outlet, Ring, ours, single};
pub use team::{Gait, Job, Team, Trial};
