//! What a transport says of itself, before and on a given machine.

use crate::WaitKind;
use std::fmt;

/// Whether message boundaries survive the mechanism itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Framing {
    /// The kernel or the protocol keeps boundaries.
    Message,
    /// Bytes only; [`crate::Framed`] adds boundaries.
    Stream,
}

impl Framing {
    /// `message` or `stream`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Framing::Message => "message",
            Framing::Stream => "stream",
        }
    }
}

/// What a catalog row is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Communicates between two processes.
    Mechanism,
    /// Runs in one process, both ends: the cost of the harness itself, the least any mechanism can show.
    Floor,
}

/// The constant facts of one transport: one row of `ipcmark list`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Info {
    /// The crate it lives in: `pipe`, `unix`, `shm` ...
    pub family: &'static str,
    /// The mechanism, without the wait: `pipe`, `unix-seqpacket`, `shm-ring` ...
    pub mechanism: &'static str,
    /// How a side waits.
    pub wait: WaitKind,
    /// Whether boundaries are the mechanism's own.
    pub framing: Framing,
    /// True when [`crate::Sender::claim`] lends the slot itself. Then the harness copies each message in and out, as
    /// a user would; otherwise the claimed buffer is private and keeps its contents from message to message.
    pub zero_copy: bool,
    /// Mechanism or floor.
    pub role: Role,
    /// One line for people.
    pub summary: &'static str,
    /// Where the mechanism is documented, e.g. `pipe(7)`.
    pub reference: &'static str,
}

impl Info {
    /// The transport's name: mechanism and wait, e.g. `pipe/block`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.mechanism, self.wait)
    }
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.mechanism, self.wait)
    }
}

/// What this machine lets a transport do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest message in bytes; `None` when only memory bounds it.
    pub max_message: Option<usize>,
    /// What sets that limit, e.g. `fs.mqueue.msgsize_max`.
    pub limited_by: &'static str,
    /// What would raise it, if anything would.
    pub remedy: Option<String>,
}

impl Limits {
    /// Only memory bounds the message.
    #[must_use]
    pub const fn none() -> Self {
        Limits { max_message: None, limited_by: "memory", remedy: None }
    }
}

/// Can this kernel, here, now, run the transport?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Availability {
    /// Yes, within these limits.
    Available(Limits),
    /// No.
    Unavailable {
        /// Why not.
        reason: String,
        /// What would change it, where something would.
        remedy: Option<String>,
    },
}

/// What one direction of a link holds before its sender must wait, read back from the fixture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capacity {
    /// Bytes, as the kernel or the ring reports them (socket buffers include the kernel's bookkeeping).
    pub bytes: Option<usize>,
    /// Messages, where the mechanism counts them.
    pub messages: Option<usize>,
}
