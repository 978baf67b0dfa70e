//! The job of a run that goes on: what its record says, which may be any number.

use super::{Job, replay, spec};
use crate::cli::RunArgs;
use crate::exit::Usage;
use crate::{Catalog, tool};
use anyhow::{Context as _, Result};
use ipcmark_core::Parameter;
use ipcmark_harness::session::Options;
use ipcmark_record::{Cell, CellKey, Record};
use ipcmark_suite::{DEPTHS, GAPS_US, IDLE, MAX_SIZE, PEERS, RATES};
use std::time::Duration;

impl Job {
    /// Returns the job of a stopped run, with the time that it may still take.
    ///
    /// # Errors
    /// A record that names transports, patterns or placements this build does not know.
    pub(crate) fn of_record(catalog: &Catalog, record: &Record, args: &RunArgs) -> Result<Job> {
        let spec_of = |cell: &Cell| {
            refuse_out_of_bounds(&cell.key)?;
            spec(catalog, (cell.group.clone(), cell.key.clone()))
        };
        let settings = &record.settings;
        let options = Options {
            seed: settings.seed,
            budget: args.budget.or(settings.budget_s.map(seconds).transpose()?),
            rounds: settings.rounds,
            rounds_most: settings.rounds_most,
            target: settings.target,
            measure: seconds(settings.measure_ms / 1e3)?,
            warm_up: seconds(settings.warm_up_ms / 1e3)?,
            cpus: settings.cpus.clone(),
            count: !args.no_counting,
            check_all: settings.deep_check_every == 1,
            raw: None,
            percentiles: settings.percentiles.clone(),
            trace: replay::again(args.detail.replay.as_deref(), settings.trace.as_ref())?,
            command: settings.command.clone(),
            tool: tool::tool(),
            checkout: tool::checkout(),
            suite: record.suite.clone(),
            floor: catalog.floor(),
        };
        let specs = record.cells.iter().map(spec_of).collect::<Result<_>>();
        Ok(Job { specs: specs.context("this build cannot resume that run")?, options })
    }
}

/// Refuses a cell that neither a suite nor the command line could name: a record may hold any number.
fn refuse_out_of_bounds(key: &CellKey) -> Result<(), Usage> {
    let bounds = |parameter| match parameter {
        Parameter::Rate => RATES,
        Parameter::Depth => DEPTHS,
        Parameter::Peers => PEERS,
        Parameter::Gap => GAPS_US,
    };
    let fits = |bytes: u64| bytes <= MAX_SIZE as u64;
    let within = |number: Parameter| {
        key.workload.number(number).is_none_or(|value| bounds(number).contains(&value))
    };
    if fits(key.size_bytes)
        && key.mix.as_ref().is_none_or(|mix| mix.longest() == key.size_bytes)
        && key.capacity_bytes.is_none_or(fits)
        && Parameter::ALL.into_iter().all(within)
        && key.workload.idle() <= *IDLE.end() as usize
    {
        return Ok(());
    }
    Err(Usage(format!("the record's cell {key} is beyond what ipcmark measures")))
}

/// Returns a time of a record. A clock's sum with one of more than centuries would overflow.
fn seconds(seconds: f64) -> Result<Duration, Usage> {
    match seconds {
        0.0..=1e9 => Ok(Duration::from_secs_f64(seconds)),
        _ => Err(Usage(format!("the record's settings have a time of {seconds} s"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_core::Workload;

    /// reliability 9: a record may hold any number, and is resumed by it.
    #[test]
    fn a_record_whose_numbers_nothing_can_have_is_not_resumed() {
        let whole = ipcmark_record::sample::record_of(1, 1, |k| k.transport == "pipe/block");
        let resumed = |record: &Record| {
            let job = Job::of_record(&Catalog::builtin(), record, &RunArgs::default());
            job.map(|_| ()).map_err(|e| format!("{e:#}"))
        };
        assert_eq!(resumed(&whole), Ok(()));
        for ms in [-1.0, 1e13, 1e300] {
            let mut record = whole.clone();
            record.settings.measure_ms = ms;
            assert!(resumed(&record).unwrap_err().contains("settings have a time of"));
        }
        let mut record = whole.clone();
        record.cells[0].key.size_bytes = u64::MAX;
        assert!(resumed(&record).unwrap_err().contains("beyond what ipcmark measures"));
        record.cells[0].key.size_bytes = 8;
        record.cells[0].key.workload = Workload::FanIn { peers: u32::MAX };
        assert!(resumed(&record).unwrap_err().contains("beyond what ipcmark measures"));
    }
}
