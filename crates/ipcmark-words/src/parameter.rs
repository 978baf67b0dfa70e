//! The parameters of workloads: a number, the way of the input; [`Arrivals`] have a file of their own.

use crate::word::word;
use crate::{Arrivals, Workload};

/// A number that a workload takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Parameter {
    /// Messages a second.
    Rate,
    /// Messages of a burst, or under way in each direction.
    Depth,
    /// Processes on the side that has several, or pairs.
    Peers,
    /// Time between an answer and the next notification, µs.
    Gap,
}

impl Parameter {
    /// All of them, in the order in which they are named.
    pub const ALL: [Parameter; 4] =
        [Parameter::Peers, Parameter::Depth, Parameter::Rate, Parameter::Gap];
}

/// The way messages go among several processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shape {
    /// Several senders to one receiver.
    FanIn,
    /// One sender, each to one of several receivers.
    FanOut,
    /// One sender, each to all receivers.
    Broadcast,
    /// Several pairs, there and back.
    Pairs,
}

/// Conduct of a sender when the mechanism has no room for its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum WhenFull {
    /// Waits until there is room.
    #[default]
    Wait,
    /// Drops the message and goes on: it never waits.
    Drop,
}

impl WhenFull {
    /// Both.
    pub const ALL: [WhenFull; 2] = [WhenFull::Wait, WhenFull::Drop];

    /// Returns `wait` or `drop`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            WhenFull::Wait => "wait",
            WhenFull::Drop => "drop",
        }
    }
}

word!(WhenFull, "way of a full link");

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
    /// Returns a number of it, 0 if it is left open; `None` if it does not take that number.
    pub const fn number(self, of: Parameter) -> Option<u32> {
        match (of, self) {
            (
                Parameter::Rate,
                Workload::Paced { rate, .. }
                | Workload::PacedPingPong { rate, .. }
                | Workload::PacedPeers { rate, .. },
            ) => Some(rate),
            (Parameter::Depth, Workload::Burst { depth } | Workload::Duplex { depth }) => {
                Some(depth)
            }
            (
                Parameter::Peers,
                Workload::FanIn { peers }
                | Workload::FanOut { peers }
                | Workload::Broadcast { peers }
                | Workload::PacedPeers { peers, .. }
                | Workload::ScatterGather { peers, .. },
            ) => Some(peers),
            (Parameter::Gap, Workload::WakeUp { gap_us }) => Some(gap_us),
            _ => None,
        }
    }

    /// Returns true if it takes a number.
    #[must_use]
    pub const fn takes(self, of: Parameter) -> bool {
        self.number(of).is_some()
    }

    /// Returns its value of a number; `None` if it does not take that number, or leaves it open.
    #[must_use]
    pub fn value(self, of: Parameter) -> Option<u32> {
        self.number(of).filter(|value| *value > 0)
    }

    /// Returns the same workload with another value of a number; one that does not take it is
    /// unchanged.
    #[must_use]
    pub const fn with(mut self, of: Parameter, value: u32) -> Workload {
        match (of, &mut self) {
            (
                Parameter::Rate,
                Workload::Paced { rate: number, .. }
                | Workload::PacedPingPong { rate: number, .. }
                | Workload::PacedPeers { rate: number, .. },
            )
            | (
                Parameter::Depth,
                Workload::Burst { depth: number } | Workload::Duplex { depth: number },
            )
            | (
                Parameter::Peers,
                Workload::FanIn { peers: number }
                | Workload::FanOut { peers: number }
                | Workload::Broadcast { peers: number }
                | Workload::PacedPeers { peers: number, .. }
                | Workload::ScatterGather { peers: number, .. },
            )
            | (Parameter::Gap, Workload::WakeUp { gap_us: number }) => *number = value,
            _ => {}
        }
        self
    }

    /// Returns the same workload with another value of its number, the rate if it takes two; one
    /// that takes none is unchanged.
    #[must_use]
    pub const fn with_value(self, value: u32) -> Workload {
        let number = match self {
            _ if self.takes(Parameter::Rate) => Parameter::Rate,
            _ if self.takes(Parameter::Depth) => Parameter::Depth,
            _ if self.takes(Parameter::Gap) => Parameter::Gap,
            _ => Parameter::Peers,
        };
        self.with(number, value)
    }

    /// Returns true if one of its sides may be several processes.
    #[must_use]
    pub const fn has_peers(self) -> bool {
        self.takes(Parameter::Peers)
    }

    /// Returns the number of processes on the side that may be several, or of pairs; 1 elsewhere.
    #[must_use]
    pub const fn peers(self) -> usize {
        match self.number(Parameter::Peers) {
            Some(peers) => peers as usize,
            None => 1,
        }
    }

    /// Returns the number of further peers that neither send nor are sent to.
    #[must_use]
    pub const fn idle(self) -> usize {
        match self {
            Workload::PacedPeers { idle, .. } => idle as usize,
            _ => 0,
        }
    }

    /// Returns the same workload with other idle peers; one that takes none is unchanged.
    #[must_use]
    pub const fn with_idle(mut self, number: u32) -> Workload {
        if let Workload::PacedPeers { idle, .. } = &mut self {
            *idle = number;
        }
        self
    }

    /// Returns the way messages go among several processes; `None` of workloads without, and of a
    /// divided task.
    #[must_use]
    pub const fn shape(self) -> Option<Shape> {
        match self {
            Workload::FanIn { .. } => Some(Shape::FanIn),
            Workload::FanOut { .. } => Some(Shape::FanOut),
            Workload::Broadcast { .. } => Some(Shape::Broadcast),
            Workload::PacedPeers { shape, .. } => Some(shape),
            _ => None,
        }
    }

    /// Returns the number of senders with a schedule of their own: those of a fan-in, the pairs; 1
    /// elsewhere.
    #[must_use]
    pub const fn senders(self) -> usize {
        match self.shape() {
            Some(Shape::FanIn | Shape::Pairs) => self.peers(),
            _ => 1,
        }
    }

    /// Returns the number of processes of an invocation over a mechanism.
    #[must_use]
    pub const fn processes(self) -> usize {
        let peers = self.peers() + self.idle();
        if matches!(self.shape(), Some(Shape::Pairs)) { 2 * peers } else { 1 + peers }
    }

    /// Returns the messages (round trips) a second that all its receivers are to get together;
    /// `None` of a closed loop, and if the rate is left open.
    #[must_use]
    pub fn due_per_s(self) -> Option<f64> {
        let each = match self.shape() {
            Some(Shape::FanIn | Shape::Broadcast | Shape::Pairs) => self.peers(),
            _ => 1,
        };
        Some(f64::from(self.value(Parameter::Rate)?) * each as f64)
    }

    /// Returns the messages of a burst, or those under way in each direction; 1 elsewhere.
    #[must_use]
    pub const fn depth(self) -> usize {
        match self.number(Parameter::Depth) {
            Some(depth) => depth as usize,
            None => 1,
        }
    }

    /// Returns the times at which messages are due; `None` of a closed loop.
    #[must_use]
    pub const fn arrivals(self) -> Option<Arrivals> {
        match self {
            Workload::Paced { arrivals, .. }
            | Workload::PacedPingPong { arrivals, .. }
            | Workload::PacedPeers { arrivals, .. } => Some(arrivals),
            _ => None,
        }
    }

    /// Returns the same workload with other arrivals; a closed loop is unchanged.
    #[must_use]
    pub const fn with_arrivals(mut self, other: Arrivals) -> Workload {
        if let Workload::Paced { arrivals, .. }
        | Workload::PacedPingPong { arrivals, .. }
        | Workload::PacedPeers { arrivals, .. } = &mut self
        {
            *arrivals = other;
        }
        self
    }

    /// Returns true if its senders can drop what finds no room, instead of waiting: in an open loop the
    /// next message is due in any case.
    #[must_use]
    pub const fn can_drop(self) -> bool {
        matches!(self, Workload::Paced { .. })
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
        let each = if self.senders() > 1 { " each" } else { "" };
        let numbers = Parameter::ALL.into_iter().filter_map(|of| Some((of, self.value(of)?)));
        let words = numbers.map(|(of, value)| match of {
            Parameter::Rate => format!("{value}/s{each}"),
            Parameter::Depth => format!("depth {value}"),
            Parameter::Peers if self.shape() == Some(Shape::Pairs) => format!("{value} pairs"),
            Parameter::Peers => format!("{value} peers"),
            Parameter::Gap if value.is_multiple_of(1_000) => format!("gap {} ms", value / 1_000),
            Parameter::Gap => format!("gap {value} us"),
        });
        let more = [
            (self.idle() > 0).then(|| format!("{} idle", self.idle())),
            self.arrivals().filter(|a| *a != Arrivals::Constant).map(|a| a.to_string()),
            self.input().map(|input| format!("input {input}")),
        ];
        words.chain(more.into_iter().flatten()).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_numbers_are_set_apart_and_the_rate_is_each_senders() {
        let pairs = Workload::PACED_PAIRS.with(Parameter::Peers, 4).with_value(500).with_idle(3);
        assert_eq!((pairs.peers(), pairs.processes(), pairs.senders()), (4, 14, 4));
        assert_eq!(pairs.due_per_s(), Some(2_000.0));
        assert_eq!(pairs.parameters(), "4 pairs, 500/s each, 3 idle");
        let out = Workload::PACED_FAN_OUT.with(Parameter::Peers, 4).with_value(500);
        assert_eq!((out.due_per_s(), out.processes(), out.senders()), (Some(500.0), 5, 1));
        assert_eq!(out.parameters(), "4 peers, 500/s");
        assert_eq!(out.with_value(0).due_per_s(), None);
        let all = Workload::PACED_BROADCAST.with(Parameter::Peers, 4).with_value(500);
        assert_eq!(all.due_per_s(), Some(2_000.0), "each receiver gets each");
        assert_eq!(Workload::PingPong.with_value(7).with_idle(7), Workload::PingPong);
        assert_eq!(Workload::PACED.due_per_s(), Some(1_000.0));
    }
}
