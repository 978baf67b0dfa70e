//! The laws that every transport must pass, in two real processes.
//!
//! A benchmark that loses, mixes or truncates messages measures something else. So what the traits
//! of `ipcmark-core` promise in words is checked here for each transport, whatever its mechanism: a
//! law is a function, over a transport's [`Row`], that forks two sides, has them send and receive,
//! and says in words what went wrong. No law names a transport, and a new transport needs no line
//! here: [`cases`] makes all of its cases, and [`main`] tries them.
//!
//! Each case also checks that nothing stays behind: descriptors, shared mappings and threads of
//! each process, child processes, names in `/dev/shm` and in the plan's directory, System V
//! objects, message queues. Each has a deadline; a side that hangs is killed, and the case says
//! what it was doing.
//!
//! Cases fork. Run them in a process of one thread.
#![forbid(unsafe_code)]

mod board;
mod end;
mod holdings;
pub mod laws;
mod names;
mod notifier;
mod pair;
mod remote;
mod row;
mod runner;
mod scratch;
mod worker;

pub use laws::remote::remote_cases;
pub use notifier::notifier_cases;
pub use runner::{Laws, Test, main, run};

use holdings::Holdings;
use ipcmark_core::{Availability, Info, LEAST_SHARED, Limits, Refusal, Role, Transport};
use laws::{
    again, apart, broadcast, bytes, ends, floor, limits, lossy, many, order, refusals, told,
};
use names::Names;
pub use row::Row;
use scratch::largest;

/// Result of a case whose law was not broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The transport keeps the law.
    Held,
    /// The law could not be tried, for this reason.
    NotTried(String),
}

/// A law over one transport, on a machine of these limits.
#[derive(Debug, Clone, Copy)]
enum Law {
    /// Compiled for the types of one notifier or remote.
    Of(fn(&Limits) -> Result<(), String>),
    /// Compiled once for all transports.
    Over(fn(&Row, &Limits) -> Result<(), String>, Row),
}

impl Law {
    fn try_on(&self, limits: &Limits) -> Result<(), String> {
        match self {
            Law::Of(law) => law(limits),
            Law::Over(law, row) => law(row, limits),
        }
    }
}

/// One transport under one law.
#[derive(Debug, Clone)]
pub struct Case {
    /// `transport::law`, e.g. `pipe/block::order`.
    pub name: String,
    law: Law,
    available: fn() -> Availability,
    /// Reason why the law does not apply to this transport, if it does not.
    moot: fn(&Info, &Limits) -> Option<&'static str>,
    info: Info,
}

/// Returns all cases of one transport, in the order in which they build on each other.
#[must_use]
pub fn cases<T: Transport>() -> Vec<Case> {
    of_row(Row::of::<T>())
}

fn of_row(row: Row) -> Vec<Case> {
    let case = |name: &str, law| Case {
        name: format!("{}::{name}", row.info.name()),
        law: Law::Over(law, row),
        available: row.available,
        moot: |_, _| None,
        info: *row.info,
    };
    if row.info.role == Role::Floor {
        return vec![
            case("asking-leaves-nothing", limits::on_asking),
            case("same-bytes-at-every-size", floor::same_bytes),
            case("never-waits", floor::never_waits),
            case("refuses-an-over-long-message", floor::refuses_over_long),
        ];
    }
    let in_order = if row.info.lossy { lossy::order } else { order::one_way };
    vec![
        case("asking-leaves-nothing", limits::on_asking),
        case("same-bytes-at-every-size", bytes::at_every_size),
        case("boundaries-are-kept", bytes::of_varied_sizes),
        Case {
            moot: |info, _| (!info.empty_messages).then_some("it carries no empty messages"),
            ..case("empty-messages-are-messages", bytes::of_nothing)
        },
        case("an-abandoned-claim-sends-nothing", bytes::of_the_last_claim),
        Case {
            moot: |info, _| info.zero_copy.then_some("it lends its slots, not a buffer"),
            ..case("keeps-its-buffer", bytes::of_a_kept_buffer)
        },
        case("order", in_order),
        Case {
            moot: |info, limits| match limits.max_message {
                _ if !info.lossy => Some("it loses nothing"),
                Some(0..lossy::COUNTING_BYTES) => Some("its messages are too short for a count"),
                _ => None,
            },
            ..case("a-flood-loses-and-the-link-goes-on", lossy::flood)
        },
        case("ping-pong", order::ping_pong),
        Case {
            moot: |info, _| info.lossy.then_some("it may lose messages of a run"),
            ..case("runs", order::of_runs)
        },
        case("duplex", order::both_ways_at_once),
        case("a-descriptor-tells-of-a-message", told::by_a_descriptor),
        Case {
            moot: |info, _| info.lossy.then_some("it loses where others wait"),
            ..case("capacity-is-bounded", limits::on_capacity)
        },
        Case {
            moot: |info, _| (!info.never_waits).then_some("its senders cannot refuse to wait"),
            ..case("a-full-link-refuses", refusals::of_a_full_link)
        },
        Case {
            moot: |info, _| (!info.attaches).then_some("only a fork connects its sides"),
            ..case("attaches-without-a-fork", apart::attaches)
        },
        Case {
            moot: |info, _| {
                (!info.listens).then_some("it makes one link, and not one after another")
            },
            ..case("connects-again-and-again", again::connects)
        },
        case("refuses-an-over-long-message", limits::on_a_message),
        Case {
            moot: |_, limits| {
                limits.max_message.is_none().then_some("only memory bounds its messages")
            },
            ..case("refuses-an-over-long-plan", limits::on_a_plan)
        },
        case("end-of-stream", ends::of_stream),
        case("notices-a-dead-peer-it-awaits", ends::of_a_peer_awaited),
        case("notices-a-dead-peer-that-never-reads", ends::of_a_peer_that_never_reads),
        Case {
            moot: |info, limits| match largest(limits) {
                _ if !info.many_senders => Some("one process sends on its link"),
                0..LEAST_SHARED => Some("its messages are too short for a sender's number"),
                _ => None,
            },
            ..case("two-senders-share-a-link", many::senders)
        },
        Case {
            moot: |info, limits| match largest(limits) {
                _ if !info.many_receivers => Some("one process receives from its link"),
                0..LEAST_SHARED => Some("its messages are too short for a number"),
                _ => None,
            },
            ..case("two-receivers-share-a-link", many::receivers)
        },
        Case {
            moot: |info, limits| match largest(limits) {
                _ if !info.broadcasts => Some("its messages come to one receiver"),
                0..LEAST_SHARED => Some("its messages are too short for a number"),
                _ => None,
            },
            ..case("each-receiver-gets-each-message", broadcast::to_all)
        },
        Case {
            moot: |info, limits| match largest(limits) {
                _ if !info.broadcasts => Some("its messages come to one receiver"),
                _ if !info.lossy => Some("it keeps what one has not read"),
                0..lossy::COUNTING_BYTES => Some("its messages are too short for a count"),
                _ => None,
            },
            ..case("a-receiver-that-does-not-read-blocks-no-other", broadcast::past_the_idle)
        },
    ]
}

impl Case {
    /// Tries the law on this machine.
    ///
    /// # Errors
    /// In words, what the transport did against the law, or left behind.
    pub fn check(&self) -> Result<Outcome, String> {
        let limits = match (self.available)() {
            Availability::Available(limits) => limits,
            Availability::Unavailable(Refusal { reason, remedy }) => {
                let remedy = remedy.map(|r| format!("; {r}")).unwrap_or_default();
                return Ok(Outcome::NotTried(format!("not available here: {reason}{remedy}")));
            }
        };
        if let Some(why) = (self.moot)(&self.info, &limits) {
            return Ok(Outcome::NotTried(why.to_owned()));
        }
        let names = Names::now();
        let held = Holdings::now()?;
        let mut faults: Vec<String> = self.law.try_on(&limits).err().into_iter().collect();
        let mut left = held.gained()?;
        left.extend(holdings::children());
        left.extend(names.gained());
        if !left.is_empty() {
            faults.push(format!("left behind: {}", left.join(", ")));
        }
        if faults.is_empty() { Ok(Outcome::Held) } else { Err(faults.join("; ")) }
    }
}

/// Prepares this process to try cases. Orphans of its children become its own, so that they can be
/// counted; and if the kernel allows it, it gets IPC and mount namespaces of its own. Returns what
/// cannot be seen on this machine, one line each.
pub fn prepare() -> Result<Vec<String>, String> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .map_err(|e| format!("prctl(PR_SET_CHILD_SUBREAPER): {e}"))?;
    Ok(names::blind_spots())
}
