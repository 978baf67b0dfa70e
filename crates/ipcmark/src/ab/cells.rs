//! The cells of a comparison: the suite's, and the canary.

use super::args::AbArgs;
use crate::Catalog;
use crate::cli::RunArgs;
use crate::exit::Usage;
use crate::selection::Job;
use anyhow::{Context as _, Result, bail};
use glob_match::glob_match;
use ipcmark_core::{Placement, Workload};
use ipcmark_harness::host;
use ipcmark_harness::session::{CellSpec, new_cells};
use ipcmark_judge::name;
use ipcmark_record::{Cell, PairedCell, State, SuiteNote};

/// Delay of the canary, thousandths: a comparison should detect it in each steady cell.
const CANARY_PERMILLE: u32 = 50;
/// The canary's transport: available everywhere, and steady.
const CANARY: &str = "pipe/block";

/// Returns the cells that the command line asks for, the canary last, and the suite's prose.
///
/// # Errors
/// A suite that does not exist or is broken; globs that match nothing; a delay where none is possible.
pub(super) fn of(catalog: &Catalog, args: &AbArgs) -> Result<(Vec<PairedCell>, SuiteNote)> {
    let run = RunArgs { suite: args.suite.clone(), axes: args.axes.clone(), ..RunArgs::default() };
    let Job { mut specs, options } = Job::of(catalog, &run)?;
    specs.push(canary(catalog, &specs)?);
    let cells = new_cells(&specs, &host::cpus(), std::time::Duration::from_secs(1));
    let last = cells.len() - 1;
    let mut cells: Vec<_> =
        cells.into_iter().enumerate().map(|(at, cell)| paired(cell, at == last)).collect();
    for (glob, permille) in &args.slow_down {
        slow_down(&mut cells[..last], glob, *permille)?;
    }
    Ok((cells, options.suite))
}

fn paired(cell: Cell, canary: bool) -> PairedCell {
    PairedCell {
        key: cell.key,
        family: cell.family,
        floor: cell.floor,
        group: cell.group,
        canary,
        slow_down_permille: canary.then_some(CANARY_PERMILLE),
        state: cell.state,
        pairs: Vec::new(),
    }
}

/// Returns a round trip on one core, the suite's own if it has one.
fn canary(catalog: &Catalog, specs: &[CellSpec]) -> Result<CellSpec> {
    let will_do = |spec: &&CellSpec| {
        spec.key.workload == Workload::PingPong
            && spec.key.placement == Placement::SameCore
            && spec.key.transport == CANARY
    };
    if let Some(spec) = specs.iter().find(will_do) {
        return Ok(spec.clone());
    }
    let entry = catalog.find(CANARY).context("this build has no canary")?;
    let group = specs.first().map(|spec| spec.group.clone()).unwrap_or_default();
    let canary = CellSpec::new(entry, Workload::PingPong, 64, Placement::SameCore);
    Ok(CellSpec { group, ..canary })
}

/// Slows down the cells whose name a glob matches, as the tables or as the record has it.
fn slow_down(cells: &mut [PairedCell], glob: &str, permille: u32) -> Result<()> {
    let mut matched = 0;
    for cell in cells.iter_mut().filter(|cell| {
        glob_match(glob, &cell.key.to_string()) || glob_match(glob, &name(&cell.key))
    }) {
        if cell.key.workload.can_be_slowed() && !cell.floor {
            matched += u32::from(matches!(cell.state, State::Pending));
            cell.slow_down_permille = Some(permille);
        }
    }
    if matched == 0 {
        bail!(Usage(format!(
            "--slow-down '{glob}' matches no round trip or wake-up that can be measured here; a \
             name is e.g. 'pipe/block ping-pong 64 B same-core'"
        )));
    }
    Ok(())
}
