//! Limits of figures: each cell compared with the best that the hardware and the kernel allow.
//!
//! All cells of one workload, size, placement and distance class have one limit: rows that are
//! ranked together, and runs that are compared, share their denominator. What a row happened to
//! show (how often it slept, whether its calls were counted) has no part in it.
//!
//! A limit here is a *lower bound*: no mechanism can take less time in that workload, on those
//! CPUs, at that distance. The run itself measured it there ([`ipcmark_record::Limit`]), in the
//! best case: it is the least batch, because noise only adds. It uses the samples of the cell's own
//! distance class, because another class is another machine. If a part of the limit was not
//! measured there, the cell has none. It never falls back to a weaker one.
//!
//! The bounds, and the reasons for them:
//!
//! | workload | bound | because |
//! | --- | --- | --- |
//! | round trips on two CPUs | hand-off, or 2 × shared copy (burst: depth + 1), whichever is longer | some cache line must go there, and one come back; the bytes must get there and back, and no single message outruns a stream of them |
//! | round trips on one CPU | switch, or 2 × copy (burst: depth + 1) | both processes ran on it, so it switched to the other and back; each message is copied at least once |
//! | a stream | shared copy; on one CPU copy | as it says |
//! | duplex | half a shared copy; on one CPU copy | each direction is a stream, and both may run at the same time |
//! | fan-in, fan-out, broadcast | copy, shared by the CPUs | some process copies each message, and processes that share a CPU share its cache |
//! | paced, one way | shared copy; on one CPU copy | one message is not faster than a stream of them. (Half a round trip is not a one-way time, so a hand-off does not bound it.) |
//! | scatter-gather | the time alone ÷ min(workers, CPUs) | at best the work is shared without loss |
//!
//! The floors have none: they are limits themselves.
//!
//! A wake-up is no part of any bound, not even of mechanisms that always sleep: a side whose news is
//! there before it sleeps is not woken, and one that has just begun to sleep is woken sooner than the
//! limit's. In twelve runs of one pipe four were faster than a wake-up measured next to them. Round
//! trips tell it next to their bound instead, for rows that sleep.

mod bounds;
mod ground;

use crate::{Context, Counting, Estimate, Figure, Row};
use bounds::{Found, bound};
use ground::Ground;
use ipcmark_record::{Cell, Headline, Invocation, LimitKind, Timed};
use serde::Serialize;
use std::fmt;

/// Kind of limit of a setting. It follows from workload and placement alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// A cache line there and back, or copies through shared memory if they take longer.
    LineOrCopies,
    /// Two context switches, or copies in the CPU's cache if they take longer.
    SwitchesOrCopies,
    /// Copies through shared memory.
    SharedCopies,
    /// Copies in the CPU's cache.
    Copies,
    /// The task by one process, shared by the CPUs without loss.
    SharedTask,
}

impl Bound {
    /// All of them.
    pub const ALL: [Bound; 5] = [
        Bound::LineOrCopies,
        Bound::SwitchesOrCopies,
        Bound::SharedCopies,
        Bound::Copies,
        Bound::SharedTask,
    ];

    /// Returns `line-or-copies`, `switches-or-copies`, `shared-copies`, `copies` or `shared-task`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Bound::LineOrCopies => "line-or-copies",
            Bound::SwitchesOrCopies => "switches-or-copies",
            Bound::SharedCopies => "shared-copies",
            Bound::Copies => "copies",
            Bound::SharedTask => "shared-task",
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A figure and its lower bound.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AgainstLimit {
    /// The bound: the same for all cells of one workload, size and placement.
    pub bound: Bound,
    /// The bound in words: `a cache line there and back, or 2 × 64 B through shared memory if that
    /// takes longer` ...
    pub words: String,
    /// The bound, ns, for what the cell's time measures: see [`Row::time_of`](crate::Row::time_of).
    /// For a rate, the time of one message.
    pub limit_ns: f64,
    /// The figure divided by the bound; 1 is the best possible.
    pub times: Estimate,
    /// Time of a wake-up there and back by futex(2), ns, measured in the same place; of round trips only. It bounds
    /// nothing: a side that has not fallen asleep is not woken. But rows that sleep are near it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wake_up_ns: Option<f64>,
}

impl AgainstLimit {
    /// Returns true if the figure is less than its bound. Then one of the two is wrong, or both are
    /// known no better than that: tables say so, and exports leave the ratio out.
    #[must_use]
    pub fn is_below(&self) -> bool {
        self.times.value < 1.0
    }
}

impl Row {
    /// Returns true if the headline cannot be: several processes were faster together than their CPUs
    /// can be, or did more other work than there was time. Then one of the two times behind it is wrong.
    #[must_use]
    pub fn is_impossible(&self) -> bool {
        let overlap = self.figure.as_ref().and_then(|figure| figure.overlap);
        match self.key.workload.headline() {
            Headline::SpeedUp => self.limit.as_ref().is_some_and(AgainstLimit::is_below),
            Headline::UsefulWork => overlap.is_some_and(|overlap| overlap.work_share.value > 1.0),
            Headline::Median | Headline::Rate => false,
        }
    }

    /// Returns the ratio to the limit that can be tracked from run to run: not below 1, and of a figure
    /// with enough values.
    #[must_use]
    pub fn tracked_limit(&self) -> Option<&AgainstLimit> {
        let headline = self.key.workload.headline();
        let enough = self.figure.as_ref().is_some_and(|figure| figure.has_enough(headline));
        self.limit.as_ref().filter(|limit| enough && !limit.is_below())
    }
}

/// Returns the figure of a cell and the bound of its setting; `None` if that was not measured.
pub(crate) fn against(
    cell: &Cell,
    counting: &Counting<'_>,
    figure: &Figure,
    context: &Context,
) -> Option<AgainstLimit> {
    let behind = &counting.invocations[..];
    if let Some(task) = &figure.task {
        return shared_task(cell, behind, task.serial_ns.value, task.speed_up);
    }
    if cell.floor {
        return None;
    }
    let figure_ns = match cell.key.is_rate() {
        true => figure.ns_per_message(),
        false => figure.percentile(0.5)?.ns,
    };
    let classes = context.classes();
    let in_class = |d| counting.class.is_none() || classes.of_distance(d) == counting.class;
    let (limits, placement) = (context.limits(), cell.key.placement);
    let ground = Ground { limits, placement, in_class: &in_class };
    let Found { bound, words, ns } = bound(cell, behind, &ground)?;
    let is_time = ns.is_finite() && ns > 0.0;
    let is_answered = matches!(cell.key.workload.timed(), Timed::RoundTrip | Timed::Burst);
    let wake_up_ns = ground.least(LimitKind::WakeUp, None).filter(|_| is_answered);
    let times = figure_ns.times(1.0 / ns);
    is_time.then_some(AgainstLimit { bound, words, limit_ns: ns, times, wake_up_ns })
}

/// Returns the limit of a shared task: at best each CPU does its part of the work and nothing else.
fn shared_task(
    cell: &Cell,
    behind: &[&Invocation],
    serial_ns: f64,
    speed_up: Estimate,
) -> Option<AgainstLimit> {
    let workers = cell.key.workload.peers();
    let shares = workers.min(bounds::cpus(cell, behind)?).max(1) as f64;
    let times = Estimate {
        value: shares / speed_up.value,
        interval: speed_up.interval.map(|(low, high)| (shares / high, shares / low)),
        ..speed_up
    };
    let words = format!("the task by one process, shared by {shares} CPUs without loss");
    let (bound, limit_ns) = (Bound::SharedTask, serial_ns / shares);
    Some(AgainstLimit { bound, words, limit_ns, times, wake_up_ns: None })
}
