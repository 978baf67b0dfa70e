//! What sending costs besides the time of a message: how long a send holds its sender, what was dropped,
//! and what a link takes from the machine.

use crate::Encoded;
#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Time that sends held their sender in the measured phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Hold {
    /// Times from the claim of a message's space until it was handed over, the writing of the message
    /// included: of each send at a set rate, of one in each block elsewhere.
    pub times: Encoded,
    /// Sends that had to wait; absent where that cannot be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<Blocked>,
}

/// Sends that had to wait until there was room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Blocked {
    /// The way that it is known.
    pub known_by: KnownBy,
    /// Sends that were looked at.
    pub sends: u64,
    /// Those of them that waited.
    pub blocked: u64,
}

/// Ways to know that a send waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum KnownBy {
    /// The mechanism refused it when it was asked not to wait.
    Refusal,
    /// The sender gave its CPU up (`getrusage(2)`, voluntary switches). A send that slept twice counts
    /// twice, up to all sends.
    Sleep,
}

/// Messages of all phases, warm-up included, of senders that drop what finds no room. `offered` is the
/// sum of `dropped`, `received` and the lost ones of the invocation's integrity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Drops {
    /// Messages that were due.
    pub offered: u64,
    /// Those that the mechanism refused, because they would have had to wait.
    pub dropped: u64,
    /// Those that arrived.
    pub received: u64,
}

/// CPU time of processes that a side started and that are no side: a matchmaker, a daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct ThirdParties {
    /// Number of those processes.
    pub processes: u64,
    /// Their CPU time in the measured phase, ns.
    pub cpu_ns: u64,
}

/// Energy that the processor packages took around the measured phase: of the whole machine, whatever ran
/// on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Energy {
    /// Energy of all packages, µJ.
    pub packages_uj: u64,
    /// Time between the two readings, ns: the measured phase, and the meetings at its ends.
    pub window_ns: u64,
}

/// Memory of one cell's links, looked at in an invocation made for that: no figure of time comes from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct LinkMemory {
    /// Links of the invocation.
    pub links: u64,
    /// Resident memory that all sides together gained by taking and using the links, bytes
    /// (`proc_pid_smaps(5)`, Pss): shared memory, and the buffers that each side copies from and into.
    pub resident_bytes: u64,
    /// Locked memory that they gained, bytes (`proc_pid_status(5)`, VmLck).
    pub locked_bytes: u64,
    /// Room in the kernel for messages under way, both directions, bytes; absent where the mechanism does
    /// not tell it, and where messages lie in memory of the sides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel_bytes: Option<u64>,
}
