//! Bounds that apply to a cell. The table of the module above gives the reasons.

use super::Ground;
use ipcmark_record::{Cell, Invocation, LimitKind, Placement, Timed, Workload};
use ipcmark_stats::median;
use std::collections::BTreeSet;

/// Fewest sleeps per message of a side that is said to sleep in each.
const SLEPT: f64 = 0.95;

/// One lower bound.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bound {
    pub(super) kind: Option<LimitKind>,
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

/// Returns the number of CPUs that the processes were on; `None` without invocations.
pub(super) fn cpus(behind: &[&Invocation]) -> Option<usize> {
    let first = behind.first().filter(|i| !i.sides.is_empty())?;
    Some(first.sides.iter().map(|s| s.placed.cpu_before).collect::<BTreeSet<_>>().len())
}

/// Returns all bounds that apply.
pub(super) fn bounds(cell: &Cell, behind: &[&Invocation], ground: &Ground<'_>) -> Vec<Bound> {
    let Some(view) = View::of(cell, behind, ground) else { return Vec::new() };
    let found = match cell.key.workload.timed() {
        _ if cell.floor => view.floor(),
        Timed::RoundTrip | Timed::Burst => view.round_trip(),
        Timed::Block => view.rate(),
        Timed::OneWay => view.one_way(),
        Timed::Task => Vec::new(),
    };
    found.into_iter().flatten().collect()
}

/// A cell, its invocations and its limits.
struct View<'a> {
    cell: &'a Cell,
    behind: &'a [&'a Invocation],
    ground: &'a Ground<'a>,
    seating: Seating,
    /// Number of CPUs that the processes may have used at the same time.
    cpus: usize,
}

impl<'a> View<'a> {
    fn of(
        cell: &'a Cell,
        behind: &'a [&'a Invocation],
        ground: &'a Ground<'a>,
    ) -> Option<View<'a>> {
        let processes = behind.first()?.sides.len();
        let pinned = cell.key.placement != Placement::Free;
        // Processes that are not pinned may have been on as many CPUs as there are processes.
        let cpus = if pinned { cpus(behind)? } else { processes };
        let seating = match cpus {
            1 => Seating::Together,
            n if n == processes && pinned => Seating::Apart,
            _ => Seating::Mixed,
        };
        Some(View { cell, behind, ground, seating, cpus })
    }

    fn floor(&self) -> Vec<Option<Bound>> {
        // The other floor does not touch the bytes.
        if !self.cell.key.transport.starts_with("copy/") {
            return Vec::new();
        }
        vec![self.copies(if self.cell.key.is_rate() { 2.0 } else { 4.0 })]
    }

    fn round_trip(&self) -> Vec<Option<Bound>> {
        let workload = self.cell.key.workload;
        let messages = workload.depth() as f64;
        let mut found = match self.seating {
            Seating::Apart => vec![
                self.hand_off(),
                self.shared_copies(messages + 1.0),
                self.bound(LimitKind::WakeUp, 1.0, "a wake-up there and back")
                    .filter(|_| workload.timed() == Timed::RoundTrip && self.all_slept()),
            ],
            Seating::Together => vec![
                self.bound(LimitKind::Switch, 1.0, "two context switches"),
                self.copies(messages + 1.0),
            ],
            Seating::Mixed => vec![self.copies((messages + 1.0) / self.cpus as f64)],
        };
        // With work between two looks, the number of looks depends on how long they take.
        if workload != Workload::Overlap {
            found.push(self.calls(messages));
        }
        found
    }

    fn rate(&self) -> Vec<Option<Bound>> {
        let workload = self.cell.key.workload;
        let copied = match self.seating {
            // One link: each direction of a duplex is a stream, and both may move at the same time.
            Seating::Apart if !workload.has_peers() => {
                self.shared_copies(if workload.is_one_way() { 1.0 } else { 0.5 })
            }
            Seating::Apart | Seating::Together | Seating::Mixed => {
                self.copies(1.0 / self.cpus as f64)
            }
        };
        vec![copied, self.calls(1.0)]
    }

    fn one_way(&self) -> Vec<Option<Bound>> {
        let copied = match self.seating {
            Seating::Apart => self.shared_copies(1.0),
            Seating::Together => self.copies(1.0),
            Seating::Mixed => self.copies(1.0 / self.cpus as f64),
        };
        let receiver_slept = self.sleeps("responder").is_some_and(|sleeps| sleeps >= SLEPT);
        let call =
            self.bound(LimitKind::NullCall, 1.0, "one system call").filter(|_| receiver_slept);
        vec![copied, call]
    }

    fn bound(&self, kind: LimitKind, times: f64, words: &str) -> Option<Bound> {
        let ns = times * self.ground.least(kind, None)?;
        Some(Bound { kind: Some(kind), words: words.into(), ns })
    }

    /// Returns the least hand-off that the run's limits or the invocations' own probes saw.
    fn hand_off(&self) -> Option<Bound> {
        let measured = self.ground.least(LimitKind::HandOff, None);
        let ns = measured.into_iter().chain(self.ground.nearest_ns).reduce(f64::min)?;
        let words = "a cache line there and back".into();
        Some(Bound { kind: Some(LimitKind::HandOff), words, ns })
    }

    fn shared_copies(&self, times: f64) -> Option<Bound> {
        self.of_size(LimitKind::SharedCopy, times, "through shared memory")
    }

    fn copies(&self, times: f64) -> Option<Bound> {
        self.of_size(LimitKind::Copy, times, "copied in the CPU's cache")
    }

    /// Returns the time of this limit for `times` messages of the cell's size.
    fn of_size(&self, kind: LimitKind, times: f64, how: &str) -> Option<Bound> {
        let size = self.cell.key.size_bytes;
        let ns = times * self.ground.least(kind, Some(size))?;
        let many = if times == 1.0 { String::new() } else { format!("{} × ", short(times)) };
        let words = format!("{many}{} {how}", bytes(size));
        Some(Bound { kind: Some(kind), words, ns })
    }

    /// Returns the bound by the system calls of `messages` messages, one after the other on each
    /// CPU.
    fn calls(&self, messages: f64) -> Option<Bound> {
        if self.cell.wait.retries() {
            return None;
        }
        let counted = self.cell.system_calls.filter(|c| c.messages > 0)?;
        let each = counted.calls as f64 / counted.messages as f64;
        if each < 1.0 {
            return None;
        }
        let calls = messages * each;
        let words = match self.cpus {
            1 if calls == 1.0 => "a system call".into(),
            1 => format!("{} system calls", short(calls)),
            n => format!("{} system calls on {n} CPUs", short(calls)),
        };
        self.bound(LimitKind::NullCall, calls / self.cpus as f64, &words)
    }

    /// Returns true if every side slept in every round trip.
    fn all_slept(&self) -> bool {
        self.cell.wait.can_sleep() && self.sleeps("").is_some_and(|sleeps| sleeps >= SLEPT)
    }

    /// Returns the sleeps per message of the side with this name (empty: of all) that slept least,
    /// median over invocations.
    fn sleeps(&self, side: &str) -> Option<f64> {
        let least = |i: &&Invocation| {
            let own = i.sides.iter().filter(|s| s.side.starts_with(side));
            let slept = own.map(|s| s.usage.voluntary_switches as f64 / i.messages as f64);
            slept.reduce(f64::min)
        };
        median(&self.behind.iter().filter_map(least).collect::<Vec<_>>())
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
