//! The workloads, with their parameters and everything that is known of each.

use crate::word::word;
use crate::{Arrivals, Headline, Input, Shape, Side, Timed};

/// A workload with its parameters. A number of 0 is left open: such a workload names a sweep over
/// that number, and cannot be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Workload {
    /// One message there, one back; the figure is the round trip.
    PingPong,
    /// One direction until back-pressure; the figure is the drained, verified rate.
    Stream,
    /// One direction at a set rate; the figure is the time from each message's intended start to
    /// its receipt.
    Paced {
        /// Messages a second.
        rate: u32,
        /// The times at which they are due.
        arrivals: Arrivals,
    },
    /// One message there, one back, at a set rate; the figure is the time from each message's
    /// intended start to the receipt of its answer.
    PacedPingPong {
        /// Messages a second.
        rate: u32,
        /// The times at which they are due.
        arrivals: Arrivals,
    },
    /// Several messages there, one back; the figure is the whole exchange.
    Burst {
        /// Messages of a burst.
        depth: u32,
    },
    /// Both directions at the same time; the figure is the rate of both together.
    Duplex {
        /// Messages under way in each direction.
        depth: u32,
    },
    /// Several senders, one receiver; the figure is the drained, verified rate at the receiver.
    FanIn {
        /// Senders.
        peers: u32,
    },
    /// One sender, several receivers, each message to one of them; the figure is the rate of all
    /// receivers together.
    FanOut {
        /// Receivers.
        peers: u32,
    },
    /// One sender, several receivers, each message to all of them; the figure is the rate of all
    /// receivers together. A message that two received counts twice.
    Broadcast {
        /// Receivers.
        peers: u32,
    },
    /// Several processes at a set rate; the figure is the time from each message's intended start,
    /// of all together and of the worst peer.
    PacedPeers {
        /// The way messages go.
        shape: Shape,
        /// Senders, receivers or pairs.
        peers: u32,
        /// Further peers, attached like the others, that neither send nor are sent to.
        idle: u32,
        /// Messages a second of each sender.
        rate: u32,
        /// The times at which they are due.
        arrivals: Arrivals,
    },
    /// One task over several workers, their partial results merged; the figure is the task's time.
    ScatterGather {
        /// Workers.
        peers: u32,
        /// The way the workers get their part of the input.
        input: Input,
    },
    /// A round trip with other work done between sending and receipt; the figures are the round
    /// trip and that work.
    Overlap,
    /// A connection made, one message there, one back, the connection closed; the figure is all of
    /// it.
    Connect,
    /// A notification there, one back, no payload; the figure is the round trip.
    WakeUp {
        /// Time from an answer to the next notification, µs: about as long as the receiver sleeps.
        /// 0 for none.
        gap_us: u32,
    },
}

impl Workload {
    /// Time from the beginning of a phase of `paced` to its first message, ns: all sides are awake by then.
    pub const LEAD_NS: u64 = 500_000;
    /// `paced` with its default parameters.
    pub const PACED: Workload = Workload::Paced { rate: 1_000, arrivals: Arrivals::Constant };
    /// `paced-ping-pong` with its default parameters.
    pub const PACED_PING_PONG: Workload =
        Workload::PacedPingPong { rate: 1_000, arrivals: Arrivals::Constant };
    /// `burst` with its default parameter.
    pub const BURST: Workload = Workload::Burst { depth: 8 };
    /// `duplex` with its default parameter.
    pub const DUPLEX: Workload = Workload::Duplex { depth: 8 };
    /// `fan-in` with its default parameter.
    pub const FAN_IN: Workload = Workload::FanIn { peers: 2 };
    /// `fan-out` with its default parameter.
    pub const FAN_OUT: Workload = Workload::FanOut { peers: 2 };
    /// `broadcast` with its default parameter.
    pub const BROADCAST: Workload = Workload::Broadcast { peers: 2 };
    /// `paced-fan-in` with its default parameters.
    pub const PACED_FAN_IN: Workload = Workload::paced_peers(Shape::FanIn);
    /// `paced-fan-out` with its default parameters.
    pub const PACED_FAN_OUT: Workload = Workload::paced_peers(Shape::FanOut);
    /// `paced-broadcast` with its default parameters.
    pub const PACED_BROADCAST: Workload = Workload::paced_peers(Shape::Broadcast);
    /// `paced-pairs` with its default parameters.
    pub const PACED_PAIRS: Workload = Workload::paced_peers(Shape::Pairs);
    /// `scatter-gather` with its default parameters.
    pub const SCATTER_GATHER: Workload = Workload::ScatterGather { peers: 2, input: Input::Sent };
    /// `wake-up` with its default parameter.
    pub const WAKE_UP: Workload = Workload::WakeUp { gap_us: 0 };

    const fn paced_peers(shape: Shape) -> Workload {
        let arrivals = Arrivals::Constant;
        Workload::PacedPeers { shape, peers: 2, idle: 0, rate: 1_000, arrivals }
    }

    /// All workloads, in the order of reports, each with its default parameters.
    pub const ALL: [Workload; 17] = [
        Workload::PingPong,
        Workload::Stream,
        Workload::PACED,
        Workload::PACED_PING_PONG,
        Workload::BURST,
        Workload::DUPLEX,
        Workload::FAN_IN,
        Workload::FAN_OUT,
        Workload::BROADCAST,
        Workload::PACED_FAN_IN,
        Workload::PACED_FAN_OUT,
        Workload::PACED_BROADCAST,
        Workload::PACED_PAIRS,
        Workload::SCATTER_GATHER,
        Workload::Overlap,
        Workload::Connect,
        Workload::WAKE_UP,
    ];

    /// Returns the word used in suites, names and records: `ping-pong`, `fan-in` ...
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Workload::PingPong => "ping-pong",
            Workload::Stream => "stream",
            Workload::Paced { .. } => "paced",
            Workload::PacedPingPong { .. } => "paced-ping-pong",
            Workload::Burst { .. } => "burst",
            Workload::Duplex { .. } => "duplex",
            Workload::FanIn { .. } => "fan-in",
            Workload::FanOut { .. } => "fan-out",
            Workload::Broadcast { .. } => "broadcast",
            Workload::PacedPeers { shape: Shape::FanIn, .. } => "paced-fan-in",
            Workload::PacedPeers { shape: Shape::FanOut, .. } => "paced-fan-out",
            Workload::PacedPeers { shape: Shape::Broadcast, .. } => "paced-broadcast",
            Workload::PacedPeers { shape: Shape::Pairs, .. } => "paced-pairs",
            Workload::ScatterGather { .. } => "scatter-gather",
            Workload::Overlap => "overlap",
            Workload::Connect => "connect",
            Workload::WakeUp { .. } => "wake-up",
        }
    }

    /// Returns its idea in a few words, for help and headings.
    #[must_use]
    pub const fn idea(self) -> &'static str {
        match self {
            Workload::PingPong => "one message there, one back",
            Workload::Stream => "one way, as fast as possible",
            Workload::Paced { .. } => "one way, at a set rate",
            Workload::PacedPingPong { .. } => "one message there, one back, at a set rate",
            Workload::Burst { .. } => "several messages there, one answer",
            Workload::Duplex { .. } => "both ways at once, as fast as possible",
            Workload::FanIn { .. } => "several senders, one receiver",
            Workload::FanOut { .. } => "one sender, each message to one of several receivers",
            Workload::Broadcast { .. } => "one sender, each message to all receivers",
            Workload::PacedPeers { shape: Shape::FanIn, .. } => {
                "several senders at a set rate each, one receiver"
            }
            Workload::PacedPeers { shape: Shape::FanOut, .. } => {
                "one sender at a set rate, each message to one of several receivers"
            }
            Workload::PacedPeers { shape: Shape::Broadcast, .. } => {
                "one sender at a set rate, each message to all receivers"
            }
            Workload::PacedPeers { shape: Shape::Pairs, .. } => {
                "several pairs, in each one message there, one back, at a set rate"
            }
            Workload::ScatterGather { .. } => "one task, divided among workers",
            Workload::Overlap => "other work during a round trip",
            Workload::Connect => "a new connection for each message and its answer",
            Workload::WakeUp { .. } => "one notification there, one back, no payload",
        }
    }

    /// Returns true if both are one workload, whatever their parameters.
    #[must_use]
    pub fn is_kind(self, other: Workload) -> bool {
        self.name() == other.name()
    }

    /// Returns the thing whose time it measures.
    #[must_use]
    pub const fn timed(self) -> Timed {
        match self {
            Workload::PingPong
            | Workload::Overlap
            | Workload::Connect
            | Workload::WakeUp { .. } => Timed::RoundTrip,
            Workload::PacedPingPong { .. } | Workload::PacedPeers { shape: Shape::Pairs, .. } => {
                Timed::PacedRoundTrip
            }
            Workload::Paced { .. } | Workload::PacedPeers { .. } => Timed::OneWay,
            Workload::Burst { .. } => Timed::Burst,
            Workload::ScatterGather { .. } => Timed::Task,
            Workload::Stream
            | Workload::Duplex { .. }
            | Workload::FanIn { .. }
            | Workload::FanOut { .. }
            | Workload::Broadcast { .. } => Timed::Block,
        }
    }

    /// Returns true if its figure is a rate (its histograms hold ps a message), false if a time.
    #[must_use]
    pub const fn is_rate(self) -> bool {
        matches!(self.timed(), Timed::Block)
    }

    /// Returns the figure that a row is ranked and charted by.
    #[must_use]
    pub const fn headline(self) -> Headline {
        match self.timed() {
            Timed::Block => Headline::Rate,
            Timed::Task => Headline::SpeedUp,
            Timed::RoundTrip if matches!(self, Workload::Overlap) => Headline::UsefulWork,
            Timed::RoundTrip | Timed::OneWay | Timed::PacedRoundTrip | Timed::Burst => {
                Headline::Median
            }
        }
    }

    /// Returns the name of its time: `round trip`, `one-way from intended start`,
    /// `8 messages and an answer`, `task`, `round trip, no payload`; `block` of a rate.
    #[must_use]
    pub fn time_of(self) -> String {
        match self.timed() {
            Timed::Block => "block".into(),
            Timed::Task => "task".into(),
            Timed::OneWay => "one-way from intended start".into(),
            Timed::PacedRoundTrip => "round trip from intended start".into(),
            Timed::Burst => match self.depth() {
                0 => "burst and an answer".into(),
                depth => format!("{depth} messages and an answer"),
            },
            Timed::RoundTrip if matches!(self, Workload::Connect) => {
                "connection, round trip and close".into()
            }
            Timed::RoundTrip if self.has_payload() => "round trip".into(),
            Timed::RoundTrip => "round trip, no payload".into(),
        }
    }

    /// Returns the thing that is counted, and that costs are given for one of: `round trip`,
    /// `message` or `task`.
    #[must_use]
    pub const fn counted(self) -> &'static str {
        match self.timed() {
            Timed::RoundTrip | Timed::PacedRoundTrip => "round trip",
            Timed::Task => "task",
            Timed::OneWay | Timed::Burst | Timed::Block => "message",
        }
    }

    /// Returns true if the figures are made of what this side timed: a round trip is timed where
    /// it began, and what was sent counts only when it is received.
    #[must_use]
    pub const fn is_timed_by(self, side: Side) -> bool {
        match self.timed() {
            Timed::RoundTrip | Timed::PacedRoundTrip | Timed::Burst | Timed::Task => {
                matches!(side, Side::Initiator)
            }
            // Both sides of a duplex receive.
            Timed::OneWay | Timed::Block => {
                matches!(side, Side::Responder) || matches!(self, Workload::Duplex { .. })
            }
        }
    }

    /// Returns true if messages go one way only.
    #[must_use]
    pub const fn is_one_way(self) -> bool {
        match self.timed() {
            Timed::OneWay | Timed::Block => !matches!(self, Workload::Duplex { .. }),
            Timed::RoundTrip | Timed::PacedRoundTrip | Timed::Burst | Timed::Task => false,
        }
    }

    /// Returns true if messages carry something: size and capacity then mean something.
    #[must_use]
    pub const fn has_payload(self) -> bool {
        !matches!(self, Workload::WakeUp { .. })
    }

    /// Returns true if a known delay can be added to each round trip.
    #[must_use]
    pub const fn can_be_slowed(self) -> bool {
        matches!(self, Workload::PingPong | Workload::WakeUp { .. })
    }
}

word!(Workload, "pattern");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Parameter;

    fn of(word: &str) -> Workload {
        word.parse().unwrap()
    }

    #[test]
    fn each_workload_is_timed_by_the_side_that_sees_its_end() {
        for (word, initiator, responder) in [
            ("ping-pong", true, false),
            ("stream", false, true),
            ("paced", false, true),
            ("paced-ping-pong", true, false),
            ("fan-in", false, true),
            ("fan-out", false, true),
            ("broadcast", false, true),
            ("paced-fan-in", false, true),
            ("paced-broadcast", false, true),
            ("paced-pairs", true, false),
            ("duplex", true, true),
            ("scatter-gather", true, false),
            ("connect", true, false),
        ] {
            let timed = Side::ALL.map(|side| of(word).is_timed_by(side));
            assert_eq!(timed, [initiator, responder], "{word}");
        }
    }

    #[test]
    fn a_rate_a_task_and_overlap_have_headlines_of_their_own() {
        let words = ["ping-pong", "duplex", "scatter-gather", "overlap"];
        let expected = [Headline::Median, Headline::Rate, Headline::SpeedUp, Headline::UsefulWork];
        assert_eq!(words.map(|word| of(word).headline()), expected);
        assert_eq!(of("burst").time_of(), "8 messages and an answer");
        assert_eq!(of("burst").with_value(0).time_of(), "burst and an answer");
    }

    #[test]
    fn every_word_is_read_back_and_an_unknown_one_is_refused() {
        for workload in Workload::ALL {
            assert_eq!(of(workload.name()), workload);
            let other = workload.with_value(3);
            assert!(other.is_kind(workload));
            let takes_none = Parameter::ALL.into_iter().all(|number| !workload.takes(number));
            assert_eq!(other == workload, takes_none, "{workload}");
        }
        let said = "telepathy".parse::<Workload>().unwrap_err();
        assert!(said.contains("unknown pattern 'telepathy'; known: ping-pong"), "{said}");
    }
}
