//! One number per invocation: estimates and comparisons are made of these.

use crate::pooled::Told;
use crate::{Context, PERCENTILES, Result};
use ipcmark_record::{Cell, Invocation, Overlap, Task, Usage};
use ipcmark_stats::{median, samples_enough};

/// Fewest values beyond a percentile within the median invocation.
const BEYOND_EACH: f64 = 5.0;

/// The figures of each invocation behind a row, in the order they were made. The invocation is the replicate
/// (Kalibera and Jones, "Rigorous Benchmarking in Reasonable Time"): these lists are the samples of every interval.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    /// The invocations' own percentile, ns, for each of [`PERCENTILES`]. Invocations without values
    /// have no entry.
    pub percentiles_ns: Vec<Vec<f64>>,
    /// Messages (round trips, tasks) a second.
    pub messages_per_s: Vec<f64>,
    /// CPU time of all sides for one message (round trip, task), user and system, ns.
    pub cpu_ns_per_message: Vec<f64>,
    /// Context switches of all sides for one message (round trip, task).
    pub switches_per_message: Vec<f64>,
    /// Values in all histograms together.
    pub values: u64,
    /// Values in the histogram of each invocation that has any.
    pub values_each: Vec<u64>,
    /// Largest single value, ns.
    pub max_ns: Option<f64>,
    /// Delay of a paced sender, ns: its median and its 99th percentile. Empty in other workloads.
    pub lag_ns: [Vec<f64>; 2],
    /// Largest median and 99th percentile of a peer, ns. Empty but where several have a set rate.
    pub worst_ns: [Vec<f64>; 2],
    /// The fewest values of a peer, in each invocation.
    pub fewest: Vec<f64>,
    /// Time of other work in a round trip, ns; empty except in `overlap`.
    pub work_ns: Vec<f64>,
    /// That time as a share of the measured phase, 0 to 1.
    pub work_share: Vec<f64>,
    /// Time of one look that finds no answer, ns; empty except in `overlap`.
    pub look_ns: Vec<f64>,
    /// A task's time by one process divided by its time by several; empty except in
    /// `scatter-gather`.
    pub speed_up: Vec<f64>,
    /// The task's time by one process alone, ns.
    pub serial_ns: Vec<f64>,
    /// The task's time by several, ns.
    pub parallel_ns: Vec<f64>,
}

impl Samples {
    /// Returns the samples of the invocations behind the cell's row, so of one distance class; all
    /// lists are empty if nothing was measured.
    ///
    /// # Errors
    /// A histogram that cannot be unpacked is an error that names the cell.
    pub fn of(cell: &Cell, context: &Context) -> Result<Samples> {
        Samples::of_these(cell, &context.counting(cell).invocations, context)
    }

    /// Returns the samples of some of the cell's invocations, which must be good ones.
    pub(crate) fn of_these(
        cell: &Cell,
        invocations: &[&Invocation],
        context: &Context,
    ) -> Result<Samples> {
        let told = context.memo.tell(cell, invocations, Told::Figures)?;
        let lags = context.memo.tell(cell, invocations, Told::Lag)?;
        let good = || invocations.iter().copied();
        let each = |figure: &dyn Fn(&Invocation) -> f64| good().map(figure).collect::<Vec<_>>();
        let overlaps = |figure: &dyn Fn(&Invocation, f64, Overlap) -> f64| {
            let of = |i: &Invocation| Some(figure(i, work_ns(i.overlap?), i.overlap?));
            good().filter_map(of).collect::<Vec<_>>()
        };
        let tasks = |figure: &dyn Fn(Task) -> f64| {
            let timed = |t: &Task| t.serial_ns > 0 && t.parallel_ns > 0;
            good().filter_map(|i| i.task).filter(timed).map(figure).collect::<Vec<_>>()
        };
        let worst = || told.iter().filter_map(|own| own.worst);
        Ok(Samples {
            percentiles_ns: (0..PERCENTILES.len())
                .map(|at| told.iter().map(|own| own.percentiles_ns[at]).collect())
                .collect(),
            messages_per_s: each(&|i| times(i) * 1e9 / i.elapsed_ns as f64),
            cpu_ns_per_message: each(&|i| {
                let usages = i.sides.iter().map(|s| s.usage.of_mechanism());
                usages.map(|u| u.user_ns as f64 + u.system_ns as f64).sum::<f64>() / times(i)
            }),
            switches_per_message: each(&|i| {
                let usages = i.sides.iter().map(|s| s.usage.of_mechanism());
                let both = |u: Usage| u.voluntary_switches as f64 + u.involuntary_switches as f64;
                usages.map(both).sum::<f64>() / times(i)
            }),
            values_each: told.iter().map(|own| own.values).collect(),
            values: told.iter().map(|own| own.values).fold(0, u64::saturating_add),
            max_ns: told.iter().map(|own| own.max_ns).reduce(f64::max),
            // The median and the 99th percentile of `PERCENTILES`.
            lag_ns: [0, 2].map(|at| lags.iter().map(|own| own.percentiles_ns[at]).collect()),
            worst_ns: [0, 1].map(|at| worst().map(|w| w.times_ns[at]).collect()),
            fewest: worst().map(|w| w.fewest as f64).collect(),
            work_ns: overlaps(&|i, work_ns, _| work_ns / times(i)),
            work_share: overlaps(&|i, work_ns, _| work_ns / i.elapsed_ns as f64),
            look_ns: overlaps(&|_, _, o| o.look_ns),
            speed_up: tasks(&|t| t.serial_ns as f64 / t.parallel_ns as f64),
            serial_ns: tasks(&|t| t.serial_ns as f64),
            parallel_ns: tasks(&|t| t.parallel_ns as f64),
        })
    }

    /// Returns true if the percentile `q` rests on enough values: 100 beyond it in all invocations
    /// together, and 5 beyond it in the median invocation. The figure is a median of the
    /// invocations' own percentiles. In an invocation of 555 round trips p99.9 is the largest
    /// value, however many invocations there are.
    #[must_use]
    pub fn enough(&self, q: f64) -> bool {
        enough(self.values, &self.values_each, q)
    }

    /// Returns true if the 99th percentile of each peer has 5 values beyond it in the median invocation.
    pub(crate) fn enough_of_each(&self) -> bool {
        median(&self.fewest).is_some_and(|n| n * 0.01 >= BEYOND_EACH * (1.0 - 1e-9))
    }

    /// Returns the invocations' own percentile `q`, ns; empty if `q` is not one of [`PERCENTILES`].
    #[must_use]
    pub fn percentile_ns(&self, q: f64) -> &[f64] {
        PERCENTILES.iter().position(|p| *p == q).map_or(&[], |at| &self.percentiles_ns[at])
    }
}

/// Returns true if the percentile `q` rests on enough of `values`, which are of invocations with `each`.
pub(crate) fn enough(values: u64, each: &[u64], q: f64) -> bool {
    // Slack as in `samples_enough`: 1 - q is not exact in binary.
    let each: Vec<f64> = each.iter().map(|n| *n as f64).collect();
    samples_enough(values, q)
        && median(&each).is_some_and(|n| n * (1.0 - q) >= BEYOND_EACH * (1.0 - 1e-9))
}

/// Returns how many things the invocation counted: messages (round trips), or tasks.
pub(crate) fn times(invocation: &Invocation) -> f64 {
    let runs = invocation.task.map(|task| task.runs).filter(|runs| *runs > 0);
    runs.unwrap_or(invocation.messages) as f64
}

/// Returns the other work of an invocation, as the time that it takes alone.
fn work_ns(overlap: Overlap) -> f64 {
    overlap.pieces as f64 * overlap.piece_ns
}
