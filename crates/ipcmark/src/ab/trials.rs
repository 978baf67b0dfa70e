//! `ipcmark ab --trials`: compares this program with itself many times, and counts.

use super::args::AbArgs;
use super::{keep, measure, thresholds};
use crate::Catalog;
use crate::exit::Exit;
use crate::folder::Folder;
use crate::output;
use crate::spending::Spending;
use anyhow::{Context as _, Result, bail};
use ipcmark_judge::paired::{Trials, judge};
use ipcmark_judge::to_json;
use ipcmark_record::{Outcome, files};
use ipcmark_show::{plural, wall};
use std::time::Instant;

/// The folder of the first comparison.
pub(super) const FIRST: &str = "01";

/// Compares `n` times, each time into an own folder, and prints the counts.
///
/// # Errors
/// Those of one comparison.
pub(super) fn trials(catalog: &Catalog, args: &AbArgs, n: u32, folder: &Folder) -> Result<Exit> {
    let thresholds = thresholds(args);
    let mut comparisons = Vec::new();
    let whole = Instant::now();
    let mut interrupted = false;
    for number in 1..=n {
        let name = format!("{number:02}");
        let out = files::make_folders(folder.path(), name.as_ref())
            .with_context(|| format!("cannot make {name} in {}", folder.path().display()))?;
        let begun = Instant::now();
        // Each comparison has its own seed; the first has the given one.
        let seed = args.seed.map(|seed| seed.wrapping_add(u64::from(number) - 1));
        let left = args.budget.map(|budget| budget.saturating_sub(whole.elapsed()));
        let budget = left.map(|left| left / (n + 1 - number));
        let own = AbArgs { seed, budget, quiet: true, ..args.clone() };
        let document = measure(catalog, &own, (&thresholds, &out), &mut Spending::begin())
            .inspect_err(|_| folder.take_back())?;
        interrupted = document.outcome == Outcome::Interrupted;
        if interrupted {
            break;
        }
        let found = judge(&document, &thresholds);
        keep(&found, &out)?;
        if !args.quiet {
            let alarms = plural(found.alarms.len(), "alarm");
            let took = wall(begun.elapsed());
            output::say(&format!("{number} of {n}, {took}, {alarms}: {}", found.census.line()));
        }
        comparisons.push(found);
    }
    let Some(trials) = Trials::of(&comparisons) else { bail!("no comparison was finished") };
    let (document, json) = (trials.document(), to_json(&trials));
    output::keep(&folder.path().join("trials.md"), &document.markdown())?;
    output::keep(&folder.path().join("trials.json"), &json)?;
    if args.json {
        output::print(&json)?
    } else {
        output::document(&document, true, "")?
    }
    Ok(match (interrupted, trials.false_changes.is_empty()) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Ok,
        (false, false) => Exit::Failed,
    })
}
