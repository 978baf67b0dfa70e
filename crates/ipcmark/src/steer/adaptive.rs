//! A pilot, then the cells whose interval is widest.

use super::fixed::left;
use super::need::{Need, batch};
use ipcmark_harness::session::{Aim, Round, Rounds, Steer};
use ipcmark_record::{Record, Settings, Standing};
use ipcmark_summary::Context;

/// Steers by the settings of the record: see the module above.
#[derive(Debug, Clone)]
pub(crate) struct Adaptive {
    pilot: Rounds,
    /// Keeps what it has unpacked: a round unpacks only what is new.
    context: Context,
}

impl Adaptive {
    /// Makes a steer for a run of these settings.
    pub(crate) fn new(settings: &Settings) -> Adaptive {
        Adaptive { pilot: Rounds::new(settings.rounds), context: Context::default() }
    }

    /// Returns what cells need; nothing if the record cannot be summarized.
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
