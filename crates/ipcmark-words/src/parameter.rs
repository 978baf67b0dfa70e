//! The parameters of workloads: a number, the times at which messages are due, the way of the input.

use crate::Workload;
use crate::word::word;

/// The number that a workload takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Parameter {
    /// Messages a second.
    Rate,
    /// Messages of a burst, or under way in each direction.
    Depth,
    /// Processes on the side that has several.
    Peers,
}

/// The times at which the messages of an open loop are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Arrivals {
    /// At equal distances.
    Constant,
    /// At random, each independent of the others (a Poisson process): the gaps are exponential,
    /// their mean is the rate's.
    Poisson,
}

impl Arrivals {
    /// Both.
    pub const ALL: [Arrivals; 2] = [Arrivals::Constant, Arrivals::Poisson];

    /// Returns `constant` or `poisson`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Arrivals::Constant => "constant",
            Arrivals::Poisson => "poisson",
        }
    }
}

word!(Arrivals, "arrivals");

/// The way the workers of a scatter-gather get their part of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Input {
    /// The transport carries it.
    Sent,
    /// Memory that all share holds it; the transport carries only the place of the part.
    Shared,
}

impl Input {
    /// Both.
    pub const ALL: [Input; 2] = [Input::Sent, Input::Shared];

    /// Returns `sent` or `shared`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Input::Sent => "sent",
            Input::Shared => "shared",
        }
    }
}

word!(Input, "input");

impl Workload {
    /// Returns the number that it takes, and its value; `None` if it takes none.
    #[must_use]
    pub const fn parameter(self) -> Option<(Parameter, u32)> {
        match self {
            Workload::Paced { rate, .. } | Workload::PacedPingPong { rate, .. } => {
                Some((Parameter::Rate, rate))
            }
            Workload::Burst { depth } | Workload::Duplex { depth } => {
                Some((Parameter::Depth, depth))
            }
            Workload::FanIn { peers }
            | Workload::FanOut { peers }
            | Workload::Broadcast { peers }
            | Workload::ScatterGather { peers, .. } => Some((Parameter::Peers, peers)),
            Workload::PingPong | Workload::Stream | Workload::Overlap | Workload::WakeUp => None,
        }
    }

    /// Returns its value of a number; `None` if it does not take that number, or leaves it open.
    #[must_use]
    pub fn value(self, of: Parameter) -> Option<u32> {
        self.parameter().filter(|(own, value)| *own == of && *value > 0).map(|(_, value)| value)
    }

    /// Returns the same workload with another value of its number; one that takes none is
    /// unchanged.
    #[must_use]
    pub const fn with_value(self, value: u32) -> Workload {
        match self {
            Workload::Paced { arrivals, .. } => Workload::Paced { rate: value, arrivals },
            Workload::PacedPingPong { arrivals, .. } => {
                Workload::PacedPingPong { rate: value, arrivals }
            }
            Workload::Burst { .. } => Workload::Burst { depth: value },
            Workload::Duplex { .. } => Workload::Duplex { depth: value },
            Workload::FanIn { .. } => Workload::FanIn { peers: value },
            Workload::FanOut { .. } => Workload::FanOut { peers: value },
            Workload::Broadcast { .. } => Workload::Broadcast { peers: value },
            Workload::ScatterGather { input, .. } => {
                Workload::ScatterGather { peers: value, input }
            }
            Workload::PingPong | Workload::Stream | Workload::Overlap | Workload::WakeUp => self,
        }
    }

    /// Returns true if one of its sides may be several processes.
    #[must_use]
    pub const fn has_peers(self) -> bool {
        matches!(self.parameter(), Some((Parameter::Peers, _)))
    }

    /// Returns the number of processes on the side that may be several; 1 elsewhere.
    #[must_use]
    pub const fn peers(self) -> usize {
        match self.parameter() {
            Some((Parameter::Peers, peers)) => peers as usize,
            _ => 1,
        }
    }

    /// Returns the messages of a burst, or those under way in each direction; 1 elsewhere.
    #[must_use]
    pub const fn depth(self) -> usize {
        match self.parameter() {
            Some((Parameter::Depth, depth)) => depth as usize,
            _ => 1,
        }
    }

    /// Returns the times at which messages are due; `None` of a closed loop.
    #[must_use]
    pub const fn arrivals(self) -> Option<Arrivals> {
        match self {
            Workload::Paced { arrivals, .. } | Workload::PacedPingPong { arrivals, .. } => {
                Some(arrivals)
            }
            _ => None,
        }
    }

    /// Returns the same workload with other arrivals; a closed loop is unchanged.
    #[must_use]
    pub const fn with_arrivals(self, arrivals: Arrivals) -> Workload {
        match self {
            Workload::Paced { rate, .. } => Workload::Paced { rate, arrivals },
            Workload::PacedPingPong { rate, .. } => Workload::PacedPingPong { rate, arrivals },
            other => other,
        }
    }

    /// Returns the way that workers get their input; `None` where there are no workers.
    #[must_use]
    pub const fn input(self) -> Option<Input> {
        match self {
            Workload::ScatterGather { input, .. } => Some(input),
            _ => None,
        }
    }

    /// Returns the same workload with another input; one without workers is unchanged.
    #[must_use]
    pub const fn with_input(self, input: Input) -> Workload {
        match self {
            Workload::ScatterGather { peers, .. } => Workload::ScatterGather { peers, input },
            other => other,
        }
    }

    /// Returns its parameters in words, `2 peers, input shared`; nothing if there are none.
    #[must_use]
    pub fn parameters(self) -> String {
        let number = self.parameter().filter(|(_, value)| *value > 0);
        let words = [
            number.map(|(of, value)| match of {
                Parameter::Rate => format!("{value}/s"),
                Parameter::Depth => format!("depth {value}"),
                Parameter::Peers => format!("{value} peers"),
            }),
            self.arrivals().filter(|a| *a != Arrivals::Constant).map(|a| a.name().to_owned()),
            self.input().map(|input| format!("input {input}")),
        ];
        words.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}
