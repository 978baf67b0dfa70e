//! What a transport says of itself, before and on a given machine.

use ipcmark_words::{Carries, Framing, Refusal, WaitKind, Workload};
use std::fmt;

/// The purpose of a catalog row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Communicates between two processes.
    Mechanism,
    /// Runs in one process, both ends: the cost of the harness itself, the least any mechanism can
    /// show.
    Floor,
}

/// The thing by which two processes find each other at a mechanism.
///
/// It says what the mechanism itself allows: helpers that only ipcmark adds (a lifeline, a barrier)
/// do not count.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MeetBy {
    /// Nothing: both ends are in one process.
    OneProcess,
    /// A fork, through which both inherit what they share.
    Fork,
    /// A descriptor that one passes to the other: inherited, or by `SCM_RIGHTS`.
    Descriptor,
    /// A path in the file system.
    Path,
    /// A name that the kernel keeps: of a message queue, a shared memory object, an abstract
    /// socket.
    Name,
    /// A System V key.
    Key,
    /// A port of a network address.
    Port,
    /// The number of a process.
    Process,
    /// A third process that knows where the other is: a daemon, a matchmaker.
    Service,
}

impl MeetBy {
    /// Returns the word in `ipcmark list`: `path`, `descriptor` ...
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            MeetBy::OneProcess => "one process",
            MeetBy::Fork => "fork",
            MeetBy::Descriptor => "descriptor",
            MeetBy::Path => "path",
            MeetBy::Name => "name",
            MeetBy::Key => "key",
            MeetBy::Port => "port",
            MeetBy::Process => "process id",
            MeetBy::Service => "service",
        }
    }
}

/// The constant facts of one transport: one row of `ipcmark list`.
///
/// ```
/// use ipcmark_core::{Info, MeetBy, WaitKind};
///
/// const INFO: Info = Info {
///     family: "own",
///     mechanism: "mailbox",
///     wait: WaitKind::Spin,
///     meet_by: MeetBy::Descriptor,
///     summary: "one message each way in shared memory",
///     reference: "memfd_create(2)",
///     ..Info::DEFAULT
/// };
/// assert_eq!(INFO.name(), "mailbox/spin");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Info {
    /// The crate it lives in: `pipe`, `unix`, `shm` ...
    pub family: &'static str,
    /// The mechanism, without the wait: `pipe`, `unix-seqpacket`, `shm-ring` ...
    pub mechanism: &'static str,
    /// The way a side waits.
    pub wait: WaitKind,
    /// The source of message boundaries: the mechanism, or ipcmark.
    pub framing: Framing,
    /// True if [`crate::Sender::claim`] lends the slot itself. Then the harness writes each
    /// message whole, as a user would; otherwise the claimed buffer is private and keeps its
    /// contents from message to message.
    pub zero_copy: bool,
    /// True if [`crate::Receiver::receive`] lends the slot itself, which the peer waits for. Then
    /// the harness copies each message out, as a user would; otherwise the mechanism has copied it
    /// into a buffer of the receiver's own.
    pub zero_copy_rx: bool,
    /// True if messages pass through memory that both sides map, without a system call while
    /// neither side waits. Such a transport takes a few ns a message, so the harness compiles its
    /// loops for the transport's own types.
    pub user_space: bool,
    /// Mechanism or floor.
    pub role: Role,
    /// The things that pass between the sides.
    pub carries: Carries,
    /// The thing by which two processes find each other.
    pub meet_by: MeetBy,
    /// True if the mechanism may lose what was sent: a datagram that finds the receiver's buffer
    /// full, a signal that merges with one still pending, a value that is overwritten. Losses are
    /// then counted, and are no failure.
    pub lossy: bool,
    /// True if several processes may send on one link, each message whole: `split` may then be
    /// called for the initiator's side in several processes that inherited one fixture. Otherwise
    /// each sender needs its own link.
    pub many_senders: bool,
    /// True if several processes may receive from one link, each message going whole to one of
    /// them.
    pub many_receivers: bool,
    /// True if several processes may receive from one link, each getting **every** message:
    /// `split` may then be called for the responder's side in several processes. What one of them
    /// loses is not lost to the others.
    pub broadcasts: bool,
    /// True if all links that one process holds would be one and the same, because what is sent
    /// goes to the process: signals of one number. Then nothing that needs several links in a
    /// process can run.
    pub one_link: bool,
    /// True if what was sent and not yet received is gone with its sender's process, because it
    /// is in the sender's own memory. Otherwise the kernel, or memory that both hold, keeps it.
    pub dies_with_sender: bool,
    /// True if a kernel thread or another process does a part of its work, whose CPU time is in no
    /// side's cost.
    pub works_elsewhere: bool,
    /// True if a side can see without waiting whether [`receive`](crate::Receiver::receive) would
    /// wait, i.e. when [`ready`](crate::Receiver::ready) answers: then other work fits between a
    /// call and its completion.
    pub overlaps: bool,
    /// True if a message of 0 bytes arrives as a message. Where an empty one means the end of the
    /// stream, it cannot.
    pub empty_messages: bool,
    /// True if a process that was not forked with the fixture can join:
    /// [`address`](crate::Transport::address) and [`attach`](crate::Transport::attach) answer.
    pub attaches: bool,
    /// True if one side takes one connection after another from the other:
    /// [`listen`](crate::Transport::listen) answers.
    pub listens: bool,
    /// True if a waiting side spins for as long as [`Plan::spin_budget`](crate::Plan::spin_budget)
    /// says, and then sleeps.
    pub spins_for_a_budget: bool,
    /// True if a sender can refuse to wait: [`try_claim`](crate::Sender::try_claim) and
    /// [`try_commit`](crate::Sender::try_commit) answer.
    pub never_waits: bool,
    /// One line for people.
    pub summary: &'static str,
    /// The page that documents the mechanism, e.g. `pipe(7)`.
    pub reference: &'static str,
}

/// The plan's smallest message that several senders may share a link with: it must have room for
/// its sender's number.
pub const LEAST_SHARED: usize = 16;

impl Info {
    /// A transport that copies its messages, loses none, and connects one sender with one receiver
    /// that were forked with it. A row changes what differs, and says at least its family,
    /// mechanism, wait, summary and reference.
    pub const DEFAULT: Info = Info {
        family: "",
        mechanism: "",
        wait: WaitKind::Block,
        framing: Framing::Message,
        zero_copy: false,
        zero_copy_rx: false,
        user_space: false,
        role: Role::Mechanism,
        carries: Carries::Messages,
        meet_by: MeetBy::Fork,
        lossy: false,
        many_senders: false,
        many_receivers: false,
        broadcasts: false,
        one_link: false,
        dies_with_sender: false,
        works_elsewhere: false,
        overlaps: false,
        empty_messages: false,
        attaches: false,
        listens: false,
        spins_for_a_budget: false,
        never_waits: false,
        summary: "",
        reference: "",
    };

    /// Returns the same facts, if none that a row needs is missing; a catalog asks while it is
    /// compiled.
    ///
    /// # Panics
    /// If family, mechanism, summary or reference is empty.
    #[must_use]
    pub const fn complete(self) -> Info {
        let named = !self.family.is_empty() && !self.mechanism.is_empty();
        assert!(named, "a row of a catalog needs a family and a mechanism");
        let told = !self.summary.is_empty() && !self.reference.is_empty();
        assert!(told, "a row of a catalog needs a summary and a reference");
        self
    }

    /// Tells if a workload makes sense for it, and if not, why. A suite
    /// that names transports by a wildcard means those that do.
    ///
    /// # Errors
    /// The reason, in words for a row.
    pub const fn suits(&self, workload: Workload) -> Result<(), &'static str> {
        match (self.role, self.carries, workload) {
            (
                Role::Floor,
                _,
                Workload::PingPong | Workload::Stream | Workload::PacedPingPong { .. },
            ) => Ok(()),
            (Role::Floor, ..) => Err("a floor runs in one process"),
            (_, Carries::Notifications, Workload::WakeUp { .. }) => Ok(()),
            (_, Carries::Notifications, _) => Err("it carries no payload: see wake-up"),
            (_, _, Workload::WakeUp { .. }) => Err("it carries messages: see ping-pong"),
            (_, Carries::Calls, Workload::PingPong | Workload::PacedPingPong { .. }) => Ok(()),
            (_, Carries::Calls, _) => Err("a call waits for its answer: see ping-pong"),
            (_, _, Workload::Connect) if !self.listens => match self.meet_by {
                MeetBy::Fork => Err("its sides meet by a fork only: nothing can be connected to"),
                _ => Err("ipcmark makes one link of it, and not one after another"),
            },
            _ => Ok(()),
        }
    }

    /// Tells if it can run a workload, and if not, why: a row then says so.
    ///
    /// # Errors
    /// The reason, in words for that row.
    pub const fn supports(&self, workload: Workload) -> Result<(), &'static str> {
        match (self.suits(workload), workload) {
            (Err(reason), _) => Err(reason),
            (Ok(()), Workload::Overlap) if !self.overlaps => {
                Err("a side that waits like this can do nothing else meanwhile")
            }
            (Ok(()), _) => Ok(()),
        }
    }

    /// Returns the transport's name: mechanism and wait, e.g. `pipe/block`.
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

/// The limits that this machine sets to a transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest message in bytes; `None` when only memory bounds it.
    pub max_message: Option<usize>,
    /// Source of that limit, e.g. `fs.mqueue.msgsize_max`.
    pub limited_by: &'static str,
    /// The change that would raise it, if there is one.
    pub remedy: Option<String>,
}

impl Limits {
    /// Returns limits of a message that only memory bounds.
    #[must_use]
    pub const fn none() -> Self {
        Limits { max_message: None, limited_by: "memory", remedy: None }
    }
}

/// The answer to: can this kernel, here, now, run the transport?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Availability {
    /// Yes, within these limits.
    Available(Limits),
    /// No.
    Unavailable(Refusal),
}
