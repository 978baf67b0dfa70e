//! Exactly the rounds that were requested.

use ipcmark_harness::session::{Round, Rounds, Steer};
use ipcmark_record::{Record, Standing};
use ipcmark_summary::{Context, standing, summarize_cell};

/// An equal number of rounds for each cell, whatever the results; its standing by the
/// target that the settings name.
#[derive(Debug, Clone)]
pub(crate) struct Fixed {
    rounds: Rounds,
}

impl Fixed {
    /// Makes a steer of this many rounds.
    pub(crate) const fn new(rounds: u32) -> Fixed {
        Fixed { rounds: Rounds::new(rounds) }
    }
}

impl Steer for Fixed {
    fn sure(&self, record: &Record) -> (usize, usize) {
        self.rounds.sure(record)
    }

    fn round(&mut self, record: &Record) -> Option<Round> {
        self.rounds.round(record)
    }

    fn standings(&mut self, record: &Record) -> Vec<Option<Standing>> {
        left(record, Context::of(record).ok().as_ref())
    }
}

/// Returns the standing of each cell; `None` if the histograms cannot be unpacked.
pub(crate) fn left(record: &Record, context: Option<&Context>) -> Vec<Option<Standing>> {
    let target = record.settings.target.unwrap_or_default();
    let left = |cell| standing(&summarize_cell(cell, context?).ok()?, target);
    record.cells.iter().map(left).collect()
}
