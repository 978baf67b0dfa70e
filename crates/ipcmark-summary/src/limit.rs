//! Limits of figures: each cell compared with the best that the hardware and the kernel allow.
//!
//! A limit here is a *lower bound*: no mechanism can take less time in that workload, on those
//! CPUs, at that distance. The run itself measured it there ([`ipcmark_record::Limit`]), in the
//! best case: it is the least batch, because noise only adds. It uses the samples of the cell's own
//! distance class, because another class is another machine. If the run has no sample of the class,
//! it uses samples from CPUs no farther apart. What is nearer is faster, so the bound is still
//! true, only weaker. A cell's limit is the largest bound that applies. Bounds are not added up,
//! because two of them might be paid at the same time.
//!
//! The bounds, and the reasons for them:
//!
//! | workload | bound | because |
//! | --- | --- | --- |
//! | round trips on two CPUs | hand-off | some cache line must go there, and one come back; the least that the invocations' own probes saw |
//! | | 2 × shared copy (burst: depth + 1) | the bytes must get there and back, and no single message outruns a stream of them |
//! | | wake-up | if each side slept in each round trip: two sleepers were woken, one after the other |
//! | round trips on one CPU | switch | both processes ran on it, so it switched to the other and back |
//! | | 2 × copy (burst: depth + 1) | each message is copied at least once |
//! | a stream | shared copy; on one CPU copy | as it says |
//! | duplex | half a shared copy; on one CPU copy | each direction is a stream, and both may run at the same time |
//! | fan-in, fan-out, broadcast | copy, shared by the CPUs | some process copies each message, and processes that share a CPU share its cache |
//! | paced, one way | shared copy; on one CPU copy | one message is not faster than a stream of them |
//! | | one null call | if the receiver slept: it returned from the kernel. (Half a round trip is not a one-way time, so neither a hand-off nor a wake-up bounds it.) |
//! | each but paced and overlap | null call × calls ÷ CPUs | a CPU makes one call after the other |
//! | scatter-gather | the time alone ÷ min(workers, CPUs) | at best the work is shared without loss |
//! | the floor `copy` | 2 × copy, in a round trip 4 | it makes one copy in and one out |
//!
//! Three things are left out on purpose. First, calls of a wait that spins: their number depends on
//! how long it waits, and counting changes that. Second, a wake-up if a round trip has more than
//! one message (burst): a process that falls asleep again a moment later is woken before its CPU
//! has gone idle, at a tenth of the price. Third, a wake-up by futex on one CPU: other wake-ups are
//! cheaper there (an eventfd by a tenth), so it is not a bound; two switches are.

mod bounds;
mod ground;

use crate::{Context, Counting, Estimate, Figure};
use bounds::{Bound, bounds};
use ground::Ground;
use ipcmark_record::{Cell, Invocation, LimitKind};
use serde::Serialize;

/// A figure and its lower bound.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AgainstLimit {
    /// Kind of the bound; absent for a shared task, whose bound is its own time by one process.
    pub kind: Option<LimitKind>,
    /// The bound in words: `a cache line there and back`, `64 KiB through shared memory, there and
    /// back` ...
    pub words: String,
    /// The bound, ns, for what the cell's time measures: see [`Row::time_of`](crate::Row::time_of).
    /// For a rate, the time of one message.
    pub limit_ns: f64,
    /// The figure divided by the bound; 1 is the best possible.
    pub times: Estimate,
}

impl AgainstLimit {
    /// Returns true if the figure is less than its bound, and its interval does not reach it. Then
    /// one of the two is wrong.
    #[must_use]
    pub fn is_below(&self) -> bool {
        self.times.interval.map_or(self.times.value, |(_, high)| high) < 1.0
    }

    fn new(Bound { kind, words, ns }: Bound, figure_ns: Estimate) -> AgainstLimit {
        AgainstLimit { kind, words, limit_ns: ns, times: figure_ns.times(1.0 / ns) }
    }
}

/// Returns the figure of a cell and the largest bound that applies; `None` if none was measured.
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
    let figure_ns = match cell.key.is_rate() {
        true => figure.ns_per_message(),
        false => figure.percentile(0.5)?.ns,
    };
    let ends = behind.iter().filter_map(|i| i.distance).map(|d| d.before_ns.min(d.after_ns));
    let classes = context.classes();
    let in_class = |d| counting.class.is_none() || classes.of_distance(d) == counting.class;
    let ground = Ground {
        limits: context.limits(),
        placement: cell.key.placement,
        nearest_ns: ends.reduce(f64::min),
        in_class: &in_class,
    };
    let largest = bounds(cell, behind, &ground)
        .into_iter()
        .filter(|bound| bound.ns.is_finite() && bound.ns > 0.0)
        .max_by(|a, b| a.ns.total_cmp(&b.ns))?;
    Some(AgainstLimit::new(largest, figure_ns))
}

/// Returns the limit of a shared task: at best each CPU does its part of the work and nothing else.
fn shared_task(
    cell: &Cell,
    behind: &[&Invocation],
    serial_ns: f64,
    speed_up: Estimate,
) -> Option<AgainstLimit> {
    let workers = cell.key.workload.peers();
    let shares = workers.min(bounds::cpus(behind)?).max(1) as f64;
    let times = Estimate {
        value: shares / speed_up.value,
        interval: speed_up.interval.map(|(low, high)| (shares / high, shares / low)),
        ..speed_up
    };
    let words = format!("the task on {shares} CPUs without loss");
    Some(AgainstLimit { kind: None, words, limit_ns: serial_ns / shares, times })
}
