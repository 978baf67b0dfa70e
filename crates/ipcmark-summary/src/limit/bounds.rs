//! The bound of a setting. The table of the module above gives the reasons.

use super::{Bound, Ground};
use ipcmark_record::{Cell, Invocation, LimitKind, Placement, Timed};
use std::collections::BTreeSet;

/// A bound and its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) bound: Bound,
    pub(super) words: String,
    pub(super) ns: f64,
}

/// Placement of a cell's processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seating {
    /// All on one CPU, or only one process.
    Together,
    /// Each on a CPU of its own.
    Apart,
    /// Some share a CPU, or the kernel chose the CPUs.
    Mixed,
}

/// Returns the number of CPUs that the processes had; `None` without invocations. Processes that are
/// not pinned may have been on as many CPUs as there are processes.
pub(super) fn cpus(cell: &Cell, behind: &[&Invocation]) -> Option<usize> {
    let first = behind.first().filter(|i| !i.sides.is_empty())?;
    let pinned_to = || first.sides.iter().map(|s| s.placed.cpu_before).collect::<BTreeSet<_>>();
    let is_free = cell.key.placement == Placement::Free;
    Some(if is_free { first.sides.len() } else { pinned_to().len() })
}

/// Returns the bound of the cell's setting; `None` if a part of it was not measured.
pub(super) fn bound(cell: &Cell, behind: &[&Invocation], ground: &Ground<'_>) -> Option<Found> {
    if cell.key.has_sizes() {
        return None;
    }
    let processes = behind.first()?.sides.len();
    let pinned = cell.key.placement != Placement::Free;
    let cpus = cpus(cell, behind)?;
    let seating = match cpus {
        1 => Seating::Together,
        n if n == processes && pinned => Seating::Apart,
        _ => Seating::Mixed,
    };
    let workload = cell.key.workload;
    let moved = Moved { size_bytes: cell.key.size_bytes, ground };
    // Round trips have an answer behind their messages.
    let messages = workload.depth() as f64 + 1.0;
    match (workload.timed(), seating) {
        (Timed::RoundTrip | Timed::PacedRoundTrip | Timed::Burst, Seating::Apart) => longer(
            Bound::LineOrCopies,
            ("a cache line there and back", ground.least(LimitKind::HandOff, None)?),
            moved.shared(messages)?,
        ),
        (Timed::RoundTrip | Timed::PacedRoundTrip | Timed::Burst, Seating::Together) => longer(
            Bound::SwitchesOrCopies,
            ("two context switches", ground.least(LimitKind::Switch, None)?),
            moved.copies(messages, 1)?,
        ),
        (Timed::RoundTrip | Timed::PacedRoundTrip | Timed::Burst, Seating::Mixed) => {
            moved.copies(messages, cpus)
        }
        // One link: each direction of a duplex is a stream, and both may move at the same time.
        (Timed::Block, Seating::Apart) if !workload.has_peers() => {
            moved.shared(if workload.is_one_way() { 1.0 } else { 0.5 })
        }
        (Timed::OneWay, Seating::Apart) => moved.shared(1.0),
        (Timed::Block | Timed::OneWay, _) => moved.copies(1.0, cpus),
        (Timed::Task, _) => None,
    }
}

/// Returns the longer of a time and a copy. Both are named, whichever it is: which of them is longer
/// may change from run to run.
fn longer(bound: Bound, (what, ns): (&str, f64), copies: Found) -> Option<Found> {
    let words = match copies.words.as_str() {
        "" => what.to_owned(),
        copied => format!("{what}, or {copied} if that takes longer"),
    };
    Some(Found { bound, words, ns: ns.max(copies.ns) })
}

/// The bytes of one message, and what moving them takes.
struct Moved<'a> {
    size_bytes: u64,
    ground: &'a Ground<'a>,
}

impl Moved<'_> {
    fn shared(&self, times: f64) -> Option<Found> {
        self.of(Bound::SharedCopies, LimitKind::SharedCopy, times, "through shared memory")
    }

    fn copies(&self, times: f64, cpus: usize) -> Option<Found> {
        let how = match cpus {
            1 => "copied in the CPU's cache".into(),
            n => format!("copied by {n} CPUs at once, each in its cache"),
        };
        let one = self.of(Bound::Copies, LimitKind::Copy, times, &how)?;
        Some(Found { ns: one.ns / cpus as f64, ..one })
    }

    /// Returns the time of this limit for `times` messages; nothing takes no time.
    fn of(&self, bound: Bound, kind: LimitKind, times: f64, how: &str) -> Option<Found> {
        let size = self.size_bytes;
        if size == 0 {
            return Some(Found { bound, words: String::new(), ns: 0.0 });
        }
        let ns = times * self.ground.least(kind, Some(size))?;
        let many = if times == 1.0 { String::new() } else { format!("{} × ", short(times)) };
        Some(Found { bound, words: format!("{many}{} {how}", bytes(size)), ns })
    }
}

/// `2`, `0.5`, `3.7`.
fn short(number: f64) -> String {
    if number.fract() == 0.0 { format!("{number:.0}") } else { format!("{number:.1}") }
}

/// `64 B`, `1 KiB`, `1.5 MiB`.
fn bytes(size: u64) -> String {
    match size {
        ..1_024 => format!("{size} B"),
        1_024..1_048_576 => format!("{} KiB", short(size as f64 / 1_024.0)),
        _ => format!("{} MiB", short(size as f64 / 1_048_576.0)),
    }
}
