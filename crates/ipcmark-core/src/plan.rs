//! What one invocation is asked to do.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// The workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pattern {
    /// One message there, one back; the figure is the round trip.
    PingPong,
    /// One direction until back-pressure; the figure is the drained, verified rate.
    Stream,
    /// One direction at [`Load::rate`]; the figure is the time from each message's intended start to its receipt.
    Paced,
    /// [`Load::depth`] messages there at once, one back; the figure is the whole exchange.
    Burst,
    /// Both directions at once, [`Load::depth`] messages under way in each; the figure is the rate of both together.
    Duplex,
    /// [`Load::peers`] senders, one receiver; the figure is the drained, verified rate at the receiver.
    FanIn,
    /// One sender, [`Load::peers`] receivers, each message to one of them; the figure is the rate of all together.
    FanOut,
    /// One sender, [`Load::peers`] receivers, each message to all of them; the figure is the rate of all together, a message
    /// that two received counting twice.
    Broadcast,
    /// One task over [`Load::peers`] workers, their partial results merged; the figure is the task's time.
    ScatterGather,
    /// A round trip with other work done between sending and receipt; the figures are the round trip and that work.
    Overlap,
    /// A notification there, one back, no payload; the figure is the round trip.
    WakeUp,
}

impl Pattern {
    /// All patterns, in the order of reports.
    pub const ALL: [Pattern; 11] = [
        Pattern::PingPong,
        Pattern::Stream,
        Pattern::Paced,
        Pattern::Burst,
        Pattern::Duplex,
        Pattern::FanIn,
        Pattern::FanOut,
        Pattern::Broadcast,
        Pattern::ScatterGather,
        Pattern::Overlap,
        Pattern::WakeUp,
    ];

    /// The word used in suites, names and records: `ping-pong`, `fan-in` ...
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Pattern::PingPong => "ping-pong",
            Pattern::Stream => "stream",
            Pattern::Paced => "paced",
            Pattern::Burst => "burst",
            Pattern::Duplex => "duplex",
            Pattern::FanIn => "fan-in",
            Pattern::FanOut => "fan-out",
            Pattern::Broadcast => "broadcast",
            Pattern::ScatterGather => "scatter-gather",
            Pattern::Overlap => "overlap",
            Pattern::WakeUp => "wake-up",
        }
    }

    /// True where a known delay can be added to each round trip: [`Plan::slow_down_permille`].
    #[must_use]
    pub const fn can_be_slowed(self) -> bool {
        matches!(self, Pattern::PingPong | Pattern::WakeUp)
    }

    /// Which fields of [`Load`] it heeds; of the others a cell has none.
    #[must_use]
    pub const fn heeds(self) -> Heeds {
        let (peers, depth, rate, input) = match self {
            Pattern::Paced => (false, false, true, false),
            Pattern::Burst | Pattern::Duplex => (false, true, false, false),
            Pattern::FanIn | Pattern::FanOut | Pattern::Broadcast => (true, false, false, false),
            Pattern::ScatterGather => (true, false, false, true),
            Pattern::PingPong | Pattern::Stream | Pattern::Overlap | Pattern::WakeUp => {
                (false, false, false, false)
            }
        };
        Heeds { peers, depth, rate, input }
    }
}

/// Which fields of [`Load`] mean something to a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one for each field of Load")]
pub struct Heeds {
    /// [`Load::peers`].
    pub peers: bool,
    /// [`Load::depth`].
    pub depth: bool,
    /// [`Load::rate`], and with it [`Load::arrivals`].
    pub rate: bool,
    /// [`Load::input`].
    pub input: bool,
}

/// How the workers of a scatter-gather come by their part of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Input {
    /// It is sent through the transport.
    Sent,
    /// It lies in memory that all share; the transport carries only which part.
    Shared,
}

impl Input {
    /// Both.
    pub const ALL: [Input; 2] = [Input::Sent, Input::Shared];

    /// `sent` or `shared`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Input::Sent => "sent",
            Input::Shared => "shared",
        }
    }
}

/// When the messages of an open loop are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Arrivals {
    /// At equal distances.
    Constant,
    /// At random, each independent of the others (a Poisson process): the gaps are exponential, their mean is the rate's.
    Poisson,
}

impl Arrivals {
    /// Both.
    pub const ALL: [Arrivals; 2] = [Arrivals::Constant, Arrivals::Poisson];

    /// `constant` or `poisson`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Arrivals::Constant => "constant",
            Arrivals::Poisson => "poisson",
        }
    }
}

/// How much of a workload: what [`Pattern::heeds`] says of it, each with the value that others leave alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Load {
    /// Processes on the side that has several: senders of a fan-in, receivers of a fan-out or a
    /// broadcast, workers.
    pub peers: usize,
    /// Messages of a burst; messages under way each way in duplex.
    pub depth: usize,
    /// Messages a second, one-way at a set rate.
    pub rate: u32,
    /// When they are due.
    pub arrivals: Arrivals,
    /// Where the workers' input lies.
    pub input: Input,
}

impl Load {
    /// Two peers, depth 8, 1,000 messages a second at equal distances, input sent.
    pub const DEFAULT: Load =
        Load { peers: 2, depth: 8, rate: 1_000, arrivals: Arrivals::Constant, input: Input::Sent };
}

impl Default for Load {
    fn default() -> Load {
        Load::DEFAULT
    }
}

/// Which CPUs the two sides run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Placement {
    /// Both sides pinned to one CPU.
    SameCore,
    /// Pinned to two CPUs that are different cores.
    CrossCore,
    /// Pinned to two hardware threads of one core.
    SmtSiblings,
    /// Pinned to two CPUs of different NUMA nodes.
    CrossNode,
    /// Not pinned: the scheduler decides.
    Free,
}

impl Placement {
    /// All placements, in the order of reports.
    pub const ALL: [Placement; 5] = [
        Placement::SameCore,
        Placement::CrossCore,
        Placement::SmtSiblings,
        Placement::CrossNode,
        Placement::Free,
    ];

    /// The word used in suites, names and records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Placement::SameCore => "same-core",
            Placement::CrossCore => "cross-core",
            Placement::SmtSiblings => "smt-siblings",
            Placement::CrossNode => "cross-node",
            Placement::Free => "free",
        }
    }
}

macro_rules! word {
    ($type:ident, $what:literal) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }
        impl FromStr for $type {
            type Err = String;
            fn from_str(s: &str) -> Result<Self, String> {
                $type::ALL.into_iter().find(|x| x.name() == s).ok_or_else(|| {
                    let known: Vec<_> = $type::ALL.iter().map(|x| x.name()).collect();
                    format!("unknown {} '{s}'; known: {}", $what, known.join(", "))
                })
            }
        }
    };
}
word!(Pattern, "pattern");
word!(Placement, "placement");
word!(Input, "input");
word!(Arrivals, "arrivals");

/// One end of a link. In ping-pong the initiator sends first and keeps the time; in stream it sends and the
/// responder receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Sends first.
    Initiator,
    /// Receives first.
    Responder,
}

impl Side {
    /// Both sides.
    pub const ALL: [Side; 2] = [Side::Initiator, Side::Responder];

    /// `initiator` or `responder`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Side::Initiator => "initiator",
            Side::Responder => "responder",
        }
    }

    /// 0 for the initiator, 1 for the responder.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Side::Initiator => 0,
            Side::Responder => 1,
        }
    }

    /// The other end.
    #[must_use]
    pub const fn peer(self) -> Side {
        match self {
            Side::Initiator => Side::Responder,
            Side::Responder => Side::Initiator,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How long the measured phase goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Until this much time has passed.
    Time(Duration),
    /// For this many messages (round trips in ping-pong).
    Messages(u64),
}

/// Where names that the file system or the kernel must hold may be made.
///
/// Whoever makes the plan clears [`Names::dir`] after the invocation. Names outside it (message queues, POSIX shared
/// memory) start with [`Names::token`] and are unlinked by the fixture as soon as both ends hold a descriptor, so that
/// a killed process leaves nothing behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// Unique to this invocation; letters, digits and `-` only.
    pub token: String,
    /// An existing private directory.
    pub dir: PathBuf,
}

/// What one invocation of one cell is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The workload.
    pub pattern: Pattern,
    /// How much of it.
    pub load: Load,
    /// Message size in bytes; the largest one when `fixed` is false; 0 for notifications.
    pub size: usize,
    /// True when every message has exactly `size` bytes. Byte streams then need no length prefix, so that a cell of
    /// 64 KiB puts 64 KiB into the pipe and not four bytes more than it holds.
    pub fixed: bool,
    /// Capacity asked of each direction, in bytes; `None` keeps the mechanism's default.
    pub capacity: Option<usize>,
    /// CPUs.
    pub placement: Placement,
    /// Length of the measured phase.
    pub extent: Extent,
    /// Upper bound on the warm-up.
    pub warm_up: Duration,
    /// Bound on the whole invocation; a side that has not ended by then is killed and the invocation is an error.
    pub deadline: Duration,
    /// A known delay, thousandths of a round trip, that the responder adds to each: what a comparison must be able to find. 0
    /// but where that is tried.
    pub slow_down_permille: u32,
    /// Seeds message contents.
    pub seed: u64,
    /// Where names may be made.
    pub names: Names,
}

impl Plan {
    /// One round trip of exactly `size` bytes: sides not pinned, the mechanism's own capacity, no warm-up, ten seconds to
    /// end. Change what matters: `Plan { fixed: false, ..Plan::new(64, names) }`.
    #[must_use]
    pub const fn new(size: usize, names: Names) -> Plan {
        Plan {
            pattern: Pattern::PingPong,
            load: Load::DEFAULT,
            size,
            fixed: true,
            capacity: None,
            placement: Placement::Free,
            extent: Extent::Messages(1),
            warm_up: Duration::ZERO,
            deadline: Duration::from_secs(10),
            slow_down_permille: 0,
            seed: 0,
            names,
        }
    }
}
