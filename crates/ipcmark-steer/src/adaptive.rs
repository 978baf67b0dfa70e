//! A pilot, and then the cells whose interval is widest.

use crate::fixed::left;
use crate::need::{Need, batch};
use ipcmark_harness::session::{Aim, Round, Rounds, Steer};
use ipcmark_record::{Record, Settings, Standing};
use ipcmark_summary::Context;

/// Steers by the settings of the record: see the crate's own words.
#[derive(Debug, Clone)]
pub struct Adaptive {
    pilot: Rounds,
    /// Knows what it has unpacked: a round costs what came new.
    context: Context,
}

impl Adaptive {
    /// For a run of these settings.
    #[must_use]
    pub fn new(settings: &Settings) -> Adaptive {
        Adaptive { pilot: Rounds::new(settings.rounds), context: Context::default() }
    }

    /// What each cell needs that needs something; none when the record cannot be summed up.
    fn needs(&mut self, record: &Record) -> Vec<Need> {
        if self.context.again(record).is_err() {
            return Vec::new();
        }
        let open = |index: &usize| !self.pilot.is_barren(record, *index);
        let cells = (0..record.cells.len()).filter(open);
        cells.filter_map(|index| Need::of(record, index, &self.context)).collect()
    }
}

impl Steer for Adaptive {
    fn sure(&self, record: &Record) -> (usize, usize) {
        self.pilot.sure(record)
    }

    fn round(&mut self, record: &Record) -> Option<Round> {
        if let Some(pilot) = self.pilot.round(record) {
            return Some(pilot);
        }
        let target = record.settings.target?.p50;
        let needs = self.needs(record);
        let wide = needs.len();
        let cells = batch(needs);
        self.pilot.ask(record, &cells);
        (!cells.is_empty()).then_some(Round { cells, aim: Aim::Narrow { wide, target } })
    }

    fn standings(&mut self, record: &Record) -> Vec<Option<Standing>> {
        let known = self.context.again(record).is_ok();
        left(record, known.then_some(&self.context))
    }
}
