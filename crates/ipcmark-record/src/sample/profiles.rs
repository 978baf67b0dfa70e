//! How the transports of the sample behave.

use crate::{Capacity, Framing, Placement};

/// Behavior of one transport of the sample at one placement.
pub(super) struct Profile {
    pub(super) transport: &'static str,
    pub(super) family: &'static str,
    pub(super) framing: Framing,
    pub(super) placement: Placement,
    /// Median round trip of a small message, ns, and what each byte adds.
    pub(super) round_trip_ns: (f64, f64),
    /// Median time of a small message in a stream, ns, and what each byte adds.
    pub(super) stream_ns: (f64, f64),
    pub(super) capacity: Option<Capacity>,
}

const fn bytes(bytes: usize) -> Option<Capacity> {
    Some(Capacity { bytes: Some(bytes), messages: None })
}

pub(super) const PROFILES: [Profile; 7] = [
    Profile {
        transport: "null/none",
        family: "floor",
        framing: Framing::Message,
        placement: Placement::SameCore,
        round_trip_ns: (34.0, 0.0001),
        stream_ns: (14.0, 0.0001),
        capacity: None,
    },
    Profile {
        transport: "pipe/block",
        family: "pipe",
        framing: Framing::Stream,
        placement: Placement::CrossCore,
        round_trip_ns: (88_000.0, 0.9),
        stream_ns: (560.0, 0.21),
        capacity: bytes(65_536),
    },
    Profile {
        transport: "pipe/block",
        family: "pipe",
        framing: Framing::Stream,
        placement: Placement::SameCore,
        round_trip_ns: (8_500.0, 0.25),
        stream_ns: (610.0, 0.19),
        capacity: bytes(65_536),
    },
    Profile {
        transport: "unix-stream/epoll",
        family: "unix",
        framing: Framing::Stream,
        placement: Placement::CrossCore,
        round_trip_ns: (97_000.0, 0.7),
        stream_ns: (2_000.0, 0.16),
        capacity: bytes(212_992),
    },
    Profile {
        transport: "shm-ring/spin",
        family: "shm",
        framing: Framing::Message,
        placement: Placement::CrossCore,
        round_trip_ns: (240.0, 0.3),
        stream_ns: (28.0, 0.15),
        capacity: bytes(262_144),
    },
    Profile {
        transport: "shm-ring/spin",
        family: "shm",
        framing: Framing::Message,
        placement: Placement::SameCore,
        round_trip_ns: (0.0, 0.0),
        stream_ns: (0.0, 0.0),
        capacity: None,
    },
    Profile {
        transport: "mq/block",
        family: "mq",
        framing: Framing::Message,
        placement: Placement::CrossCore,
        round_trip_ns: (91_000.0, 0.5),
        stream_ns: (1_500.0, 0.22),
        capacity: Some(Capacity { bytes: None, messages: Some(10) }),
    },
];
