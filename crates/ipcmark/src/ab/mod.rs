//! `ipcmark ab`: the paired comparison of two builds or settings, side by side, slice by slice.

pub(crate) mod args;
mod build;
mod cells;
mod need;
mod progress;
pub(crate) mod slices;
mod trials;

pub(crate) use build::Interrupted;

use crate::Catalog;
use crate::exit::{self, Exit, Usage};
use crate::folder::Folder;
use crate::spending::Spending;
use crate::{output, tool};
use anyhow::{Result, bail};
use args::AbArgs;
use ipcmark_ab::{Comparison as Measuring, Judge, Options, Side};
use ipcmark_harness::session::command_line;
use ipcmark_judge::paired::{Comparison, candidates, judge, needs_more, unconfirmed};
use ipcmark_judge::{Shares, Thresholds, to_json};
use ipcmark_record::{Outcome, Paired};
use ipcmark_sys::process::{self, Interrupts};
use progress::Progress;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The file with the pairs.
const DOCUMENT: &str = "paired.json";
/// Time limit of one comparison by default.
const BUDGET: Duration = Duration::from_secs(120);
/// The largest p value that sends a cell to the second stage: one in ten unchanged ones.
const SCREEN_P: f64 = 0.1;

/// Compares, or judges an earlier comparison again.
///
/// # Errors
/// A suite or a glob that matches nothing; a side that is not an ipcmark; a folder that cannot be
/// written to.
pub(crate) fn ab(catalog: &Catalog, args: &AbArgs) -> Result<Exit> {
    let thresholds = thresholds(args);
    if let Some(path) = &args.of {
        let found = judge(&Paired::read(&document_at(path))?, &thresholds);
        show(args, &found)?;
        return Ok(exit::of_verdict(found.worst()));
    }
    if tool::is_debug() && !args.quiet {
        output::warn("this is a debug build, its figures are worth little; build with --release");
    }
    let _interrupts = Interrupts::handle()?;
    let folder = match &args.out {
        Some(path) => Folder::named(path)?,
        None => Folder::fresh("ab")?,
    };
    if [DOCUMENT, trials::FIRST].iter().any(|name| folder.path().join(name).exists()) {
        bail!(Usage(format!(
            "{0} holds a comparison already; judge it again with --of {0}, or name another folder with --out",
            folder.path().display()
        )));
    }
    if let Some(n) = args.trials {
        return trials::trials(catalog, args, n, &folder);
    }
    let mut spending = Spending::begin();
    let document = measure(catalog, args, (&thresholds, folder.path()), &mut spending)
        .inspect_err(|_| folder.take_back())?;
    let found = judge(&document, &thresholds);
    keep(&found, folder.path())?;
    show(args, &found)?;
    spending.part("judging");
    if !args.quiet {
        output::say(&format!("Pairs and comparison: {}", folder.path().display()));
        output::say(&spending.line());
    }
    Ok(match document.outcome {
        Outcome::Interrupted => Exit::Interrupted,
        _ => exit::of_verdict(found.worst()),
    })
}

fn show(args: &AbArgs, found: &Comparison) -> Result<()> {
    if args.json {
        return output::print(&to_json(found));
    }
    output::document(&found.document(), args.all, "--all")
}

/// Writes a comparison to the folder of its pairs.
fn keep(found: &Comparison, folder: &Path) -> Result<()> {
    output::keep(&folder.join("comparison.md"), &found.document().markdown())?;
    output::keep(&folder.join("comparison.json"), &to_json(found))
}

/// Measures into a folder. What was measured before an error is kept there.
fn measure(
    catalog: &Catalog,
    args: &AbArgs,
    (thresholds, folder): (&Thresholds, &Path),
    spending: &mut Spending,
) -> Result<Paired> {
    let budget = args.budget.unwrap_or(BUDGET);
    let (cells, suite) = cells::of(catalog, args)?;
    need::refuse_too_short(args, budget, &cells)?;
    spending.part("preparing");
    let of = |program, rev| program_of(program, rev, args.quiet);
    let base = side(of(&args.base, &args.base_rev)?, &args.base_env, &args.base_arg);
    let new = side(of(&args.new, &args.new_rev)?, &args.new_env, &args.new_arg);
    let options = Options {
        seed: crate::selection::seed(args.seed),
        // A revision that has to be built first takes its time in addition.
        budget: budget.saturating_sub(spending.spent()),
        screen_pairs: args.pairs,
        confirm_pairs: args.confirm,
        laps: args.laps,
        slice: args.slice,
        warm_up: 2 * args.slice,
        screen_p: SCREEN_P,
        command: command_line(),
        tool: tool::tool(),
        suite,
    };
    spending.part("building");
    if process::is_interrupted() {
        bail!(Interrupted);
    }
    let mut measuring = Measuring::new(base, new, cells, options)?;
    let ran = measuring.run(&By(thresholds), &mut Progress::new(args.quiet));
    let document = measuring.into_document();
    document.write(&folder.join(DOCUMENT))?;
    spending.part("measuring");
    ran?;
    Ok(document)
}

/// Returns a program and its name.
fn program_of(
    program: &Option<PathBuf>,
    rev: &Option<String>,
    quiet: bool,
) -> Result<(PathBuf, String)> {
    Ok(match (program, rev) {
        (Some(path), _) => (path.clone(), path.display().to_string()),
        (None, Some(rev)) => (build::program_of(rev, quiet)?, rev.clone()),
        // The running program, even if its file was replaced.
        (None, None) => {
            (format!("/proc/{}/exe", std::process::id()).into(), "this program".to_owned())
        }
    })
}

fn side((program, name): (PathBuf, String), env: &[(String, String)], given: &[String]) -> Side {
    Side { program, name, env: env.to_vec(), args: given.to_vec() }
}

fn thresholds(args: &AbArgs) -> Thresholds {
    let smallest = Shares { p50: args.delta, p99: 5.0 * args.delta, rate: args.delta };
    Thresholds { smallest, ..Thresholds::default() }
}

fn document_at(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(DOCUMENT) } else { path.to_owned() }
}

/// Judges during the measurement.
struct By<'a>(&'a Thresholds);

impl Judge for By<'_> {
    fn candidates(&self, so_far: &Paired) -> Vec<usize> {
        candidates(so_far, self.0)
    }

    fn undecided(&self, so_far: &Paired) -> Vec<usize> {
        needs_more(so_far, self.0)
    }

    fn unconfirmed(&self, so_far: &Paired) -> Vec<usize> {
        unconfirmed(so_far, self.0)
    }
}
