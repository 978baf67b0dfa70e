//! The machine's drift: all cells of one kind become faster or slower together during the run.
//!
//! Between two runs a shared machine as a whole becomes a few percent faster or slower. More
//! invocations do not remove that. One run can show it, because it visits the cells in interleaved
//! rounds: what they have in common is the machine. The part of it that is left in a run's own mean
//! widens every interval that the run states.

use crate::{Context, Result, Samples};
use ipcmark_record::{Cell, Headline, Invocation, Placement, Record};
use ipcmark_stats::{Drift as Drifted, Observation};
use serde::Serialize;
use std::fmt;

/// Fewest cells of a kind that show what they have in common. With fewer, all cells of the run are
/// used.
const CELLS: usize = 5;
/// Fewest invocations of a cell that can show drift.
const INVOCATIONS: usize = 3;

/// Kind of cells that drift together. The host treats a sleeping CPU and a spinning one
/// differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Times on one CPU.
    SameCoreTime,
    /// Times between CPUs that are woken.
    AsleepTime,
    /// Times between CPUs that never sleep.
    SpinningTime,
    /// Rates on one CPU.
    SameCoreRate,
    /// Rates between CPUs that are woken.
    AsleepRate,
    /// Rates between CPUs that never sleep.
    SpinningRate,
}

impl Kind {
    /// All kinds, in the order of reports.
    pub const ALL: [Kind; 6] = [
        Kind::SameCoreTime,
        Kind::AsleepTime,
        Kind::SpinningTime,
        Kind::SameCoreRate,
        Kind::AsleepRate,
        Kind::SpinningRate,
    ];

    /// Returns the kind of a cell.
    #[must_use]
    pub fn of(cell: &Cell) -> Kind {
        let spins = cell.floor || cell.wait.burns_cpu();
        match (cell.key.is_rate(), cell.key.placement) {
            (false, Placement::SameCore) => Kind::SameCoreTime,
            (false, _) if spins => Kind::SpinningTime,
            (false, _) => Kind::AsleepTime,
            (true, Placement::SameCore) => Kind::SameCoreRate,
            (true, _) if spins => Kind::SpinningRate,
            (true, _) => Kind::AsleepRate,
        }
    }

    /// `times on one CPU`, `rates between spinning CPUs` ...
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Kind::SameCoreTime => "times on one CPU",
            Kind::AsleepTime => "times between sleeping CPUs",
            Kind::SpinningTime => "times between spinning CPUs",
            Kind::SameCoreRate => "rates on one CPU",
            Kind::AsleepRate => "rates between sleeping CPUs",
            Kind::SpinningRate => "rates between spinning CPUs",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The drift of one kind of cells in one run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Drift {
    /// Kind of the cells.
    pub kind: Kind,
    /// Number of cells that show the drift.
    pub cells: usize,
    /// True if they were too few, so that all cells of the run were used.
    pub of_all: bool,
    /// Drift during the run: standard deviation of the log of the machine's factor, from window to
    /// window; 0.03 is 3 %.
    pub factor_sd: f64,
    /// Drift of the run as a whole: standard error of the log of its mean factor, and no less than
    /// that of all cells together, which are the firmer evidence. Two runs differ by √2 times this,
    /// and every interval of these cells is wider by as much.
    pub standard_error: f64,
}

/// Returns the drift of each kind that `record` has cells of; none if it has too few invocations to
/// show it.
pub(crate) fn drifts(record: &Record, context: &Context) -> Result<Vec<Drift>> {
    let mut observed: Vec<(Kind, Vec<Observation>)> = Vec::new();
    for (series, cell) in record.cells.iter().enumerate() {
        let own = observations(series, cell, context)?;
        if !own.is_empty() {
            observed.push((Kind::of(cell), own));
        }
    }
    let told = |is: &dyn Fn(Kind) -> bool| -> Vec<Observation> {
        let own = observed.iter().filter(|(kind, _)| is(*kind));
        own.flat_map(|(_, observations)| observations).copied().collect()
    };
    let all = ipcmark_stats::drift(&told(&|_| true));
    let of = |kind: Kind| {
        let cells = observed.iter().filter(|(k, _)| *k == kind).count();
        let own = (cells >= CELLS).then(|| ipcmark_stats::drift(&told(&|k| k == kind))).flatten();
        let of_all = own.is_none();
        let cells = if of_all { observed.len() } else { cells };
        let Drifted { factor_sd, standard_error, .. } = own.or(all)?;
        // A few cells of one kind may seem still by chance while the machine moves under all of them.
        let standard_error =
            all.map_or(standard_error, |all| standard_error.max(all.standard_error));
        Some(Drift { kind, cells, of_all, factor_sd, standard_error })
    };
    let there = |kind: &Kind| observed.iter().any(|(k, _)| k == kind);
    Ok(Kind::ALL.into_iter().filter(there).filter_map(of).collect())
}

/// Returns the observations of one cell: the time of a message, round trip or task in each
/// invocation that counts.
fn observations(series: usize, cell: &Cell, context: &Context) -> Result<Vec<Observation>> {
    let samples = Samples::of(cell, context)?;
    let times = match cell.key.workload.headline() {
        Headline::Rate => samples.messages_per_s.iter().map(|rate| 1e9 / rate).collect(),
        Headline::SpeedUp => samples.parallel_ns,
        // Other work is a share of the round trip: the machine's factor cancels.
        Headline::Median | Headline::UsefulWork => samples.percentile_ns(0.5).to_vec(),
    };
    let invocations = context.counting(cell).invocations;
    // An invocation without values has no entry; then the two lists do not match.
    if times.len() != invocations.len() || times.len() < INVOCATIONS {
        return Ok(Vec::new());
    }
    let observation = |(time, invocation): (&f64, &&Invocation)| Observation {
        series,
        at_s: invocation.started_ns as f64 / 1e9,
        log: time.ln(),
    };
    let all = times.iter().zip(&invocations).map(observation);
    Ok(all.filter(|o| o.log.is_finite()).collect())
}
