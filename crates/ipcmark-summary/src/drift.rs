//! The machine's own drift: what all cells of one kind went up and down by together while the run lasted.
//!
//! Between two runs a shared machine as a whole is a few percent faster or slower, and no number of invocations takes that
//! away. It can be seen inside one run, because the cells are visited in interleaved rounds: what they have in common is
//! the machine. How much of it is left in a run's own mean widens every interval that the run states.

use crate::{Context, Result, Samples};
use ipcmark_record::{Cell, Headline, Invocation, Placement, Record};
use ipcmark_stats::{Drift as Drifted, Observation};
use serde::Serialize;
use std::fmt;

/// Fewer cells of a kind than this say too little of what they have in common: then all cells of the run tell.
const CELLS: usize = 5;
/// A cell tells of drift from this many invocations on.
const INVOCATIONS: usize = 3;

/// What sort of cells drift together: what the host does to a sleeping CPU it does not do to a spinning one.
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
    /// All, in the order of reports.
    pub const ALL: [Kind; 6] = [
        Kind::SameCoreTime,
        Kind::AsleepTime,
        Kind::SpinningTime,
        Kind::SameCoreRate,
        Kind::AsleepRate,
        Kind::SpinningRate,
    ];

    /// The kind of a cell.
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
    /// Which cells.
    pub kind: Kind,
    /// How many of them told of it.
    pub cells: usize,
    /// True when they were too few, so that all cells of the run told.
    pub of_all: bool,
    /// How far the machine went up and down meanwhile: standard deviation of the log of its factor, from window to window;
    /// 0.03 is 3 %.
    pub factor_sd: f64,
    /// How far the run as a whole is off: standard error of the log of its own mean factor, and no less than that of all cells
    /// together, which are the firmer witness. Two runs differ by √2 of it, and every interval of these cells is so much wider.
    pub standard_error: f64,
}

/// The drift of each kind that `record` has cells of; none where its invocations are too few to tell.
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

/// What one cell tells: the time of a message, round trip or task in each invocation behind its row.
fn observations(series: usize, cell: &Cell, context: &Context) -> Result<Vec<Observation>> {
    let samples = Samples::of(cell, context)?;
    let times = match cell.key.workload.headline() {
        Headline::Rate => samples.messages_per_s.iter().map(|rate| 1e9 / rate).collect(),
        Headline::SpeedUp => samples.parallel_ns,
        // Other work is a share of the round trip, in which the machine's factor cancels.
        Headline::Median | Headline::UsefulWork => samples.percentile_ns(0.5).to_vec(),
    };
    let invocations = context.counting(cell).invocations;
    // An invocation without values has no entry, and then the two do not go together.
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
