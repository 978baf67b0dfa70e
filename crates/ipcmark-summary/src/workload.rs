//! What each workload's figure is: which side tells of it, what a row goes by, and what it is called.
//!
//! This is the one place that knows the words of patterns. Tables, reports and comparisons ask it, so that no two of them
//! can call one figure by two names.

use crate::{Estimate, Figure};
use ipcmark_record::CellKey;

/// What a row is ranked and charted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Headline {
    /// The median of a time, ns: less is better.
    Median,
    /// Messages a second, drained and verified: more is better.
    Rate,
    /// Times as fast as one process alone: more is better.
    SpeedUp,
    /// Share of the round trip in which other work was done, 0 to 1: more is better.
    UsefulWork,
}

impl Headline {
    /// What a cell goes by.
    #[must_use]
    pub fn of(key: &CellKey) -> Headline {
        match key.pattern.as_str() {
            _ if key.is_rate() => Headline::Rate,
            "scatter-gather" => Headline::SpeedUp,
            "overlap" => Headline::UsefulWork,
            _ => Headline::Median,
        }
    }

    /// True where more is better.
    #[must_use]
    pub const fn more_is_better(self) -> bool {
        !matches!(self, Headline::Median)
    }

    /// The headline of a figure; `None` where the record does not hold it.
    #[must_use]
    pub fn value(self, figure: &Figure) -> Option<Estimate> {
        match self {
            Headline::Median => figure.percentile(0.5).map(|p| p.ns),
            Headline::Rate => Some(figure.messages_per_s),
            Headline::SpeedUp => figure.task.map(|task| task.speed_up),
            Headline::UsefulWork => figure.overlap.map(|overlap| overlap.work_share),
        }
    }

    /// True when the headline of a figure stands on enough values.
    #[must_use]
    pub fn enough(self, figure: &Figure) -> bool {
        self != Headline::Median || figure.percentile(0.5).is_some_and(|p| p.enough)
    }
}

/// What the times of a cell are of: `round trip`, `one-way from intended start`, `8 messages and an answer`, `task`,
/// `round trip, no payload`; of a rate `block` (a block of messages at the receiver, and no latency).
#[must_use]
pub fn time_of(key: &CellKey) -> String {
    match key.pattern.as_str() {
        _ if key.is_rate() => "block".into(),
        "paced" => "one-way from intended start".into(),
        "burst" => match key.load.depth {
            Some(n) => format!("{n} messages and an answer"),
            None => "burst and an answer".into(),
        },
        "scatter-gather" => "task".into(),
        "wake-up" => "round trip, no payload".into(),
        _ => "round trip".into(),
    }
}

/// What is counted, and what costs are given for one of: `round trip`, `message` or `task`.
#[must_use]
pub fn counted(key: &CellKey) -> &'static str {
    match key.pattern.as_str() {
        "ping-pong" | "overlap" | "wake-up" => "round trip",
        "scatter-gather" => "task",
        _ => "message",
    }
}

/// Whose histogram tells of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Teller {
    /// The side that starts: the time ends where it began.
    Initiator,
    /// The side that receives: what was sent is not yet received.
    Receiver,
    /// All sides that receive, together.
    Receivers,
}

impl Teller {
    pub(crate) fn of(key: &CellKey) -> Teller {
        match key.pattern.as_str() {
            "stream" | "paced" | "fan-in" => Teller::Receiver,
            "fan-out" | "broadcast" | "duplex" => Teller::Receivers,
            _ => Teller::Initiator,
        }
    }

    /// True when the side of this name tells: `initiator`, `responder-1` ...
    pub(crate) fn is(self, side: &str, pattern: &str) -> bool {
        let kind = side.split_once('-').map_or(side, |(kind, _)| kind);
        match self {
            Teller::Initiator => kind == "initiator",
            Teller::Receiver => kind == "responder",
            // In duplex both receive.
            Teller::Receivers => kind == "responder" || pattern == "duplex",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_record::LoadKey;

    fn key(pattern: &str) -> CellKey {
        CellKey::new("t/block", pattern, 64, "cross-core")
    }

    #[test]
    fn each_workload_is_told_by_the_side_that_sees_its_end() {
        for (pattern, side, tells) in [
            ("ping-pong", "initiator", true),
            ("ping-pong", "responder", false),
            ("stream", "responder", true),
            ("paced", "initiator", false),
            ("fan-in", "initiator-0", false),
            ("fan-in", "responder", true),
            ("fan-out", "responder-1", true),
            ("fan-out", "initiator", false),
            ("broadcast", "responder-1", true),
            ("broadcast", "initiator", false),
            ("duplex", "initiator", true),
            ("scatter-gather", "initiator", true),
            ("scatter-gather", "responder-0", false),
        ] {
            assert_eq!(Teller::of(&key(pattern)).is(side, pattern), tells, "{pattern} {side}");
        }
    }

    #[test]
    fn a_rate_has_a_headline_of_its_own_and_so_have_a_task_and_overlap() {
        let words =
            ["ping-pong", "duplex", "scatter-gather", "overlap"].map(|p| Headline::of(&key(p)));
        assert_eq!(
            words,
            [Headline::Median, Headline::Rate, Headline::SpeedUp, Headline::UsefulWork]
        );
        let load = LoadKey { depth: Some(8), ..LoadKey::default() };
        assert_eq!(time_of(&CellKey { load, ..key("burst") }), "8 messages and an answer");
    }
}
