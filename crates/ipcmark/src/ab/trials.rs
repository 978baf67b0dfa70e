//! `ipcmark ab --trials`: compares this program with itself, many times, and counts.

use super::args::AbArgs;
use super::{keep, measure, policy};
use crate::Catalog;
use crate::exit::Exit;
use crate::folder::Folder;
use crate::output;
use crate::units::{count, wall};
use anyhow::{Context as _, Result, bail};
use ipcmark_judge::{Trials, judge_paired, trials_to_markdown};
use ipcmark_record::Outcome;
use std::time::Instant;

/// The folder of the first comparison.
pub(super) const FIRST: &str = "01";

/// Compares `n` times, each into a folder of its own, and prints what is counted over all.
///
/// # Errors
/// All of one comparison's.
pub(super) fn trials(catalog: &Catalog, args: &AbArgs, n: u32, folder: &Folder) -> Result<Exit> {
    let policy = policy(args);
    let mut comparisons = Vec::new();
    let mut interrupted = false;
    for number in 1..=n {
        let out = folder.path().join(format!("{number:02}"));
        std::fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
        let begun = Instant::now();
        // Each draws for itself; the first as it was told to.
        let seed = args.seed.map(|seed| seed.wrapping_add(u64::from(number) - 1));
        let own = AbArgs { seed, quiet: true, ..args.clone() };
        let document = measure(catalog, &own, &policy, &out).inspect_err(|_| folder.take_back())?;
        interrupted = document.outcome == Outcome::Interrupted;
        if interrupted {
            break;
        }
        let found = judge_paired(&document, &policy);
        keep(&found, &out)?;
        if !args.quiet {
            let alarms = count(found.alarms.len(), "alarm");
            let took = wall(begun.elapsed());
            output::say(&format!("{number} of {n}, {took}, {alarms}: {}", found.census.line()));
        }
        comparisons.push(found);
    }
    let Some(trials) = Trials::of(&comparisons) else { bail!("no comparison was finished") };
    let markdown = trials_to_markdown(&trials);
    let json = serde_json::to_string_pretty(&trials).context("the count as JSON")? + "\n";
    for (file, text) in [("trials.md", &markdown), ("trials.json", &json)] {
        let path = folder.path().join(file);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    output::print(if args.json { &json } else { &markdown })?;
    Ok(match (interrupted, trials.false_changes.is_empty()) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Ok,
        (false, false) => Exit::Failed,
    })
}
