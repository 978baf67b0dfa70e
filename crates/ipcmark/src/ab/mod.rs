//! `ipcmark ab`: two builds or settings, alive at once, slice by slice in turn.

pub(crate) mod args;
mod build;
mod cells;
mod progress;
pub(crate) mod slices;
mod table;
mod trials;

pub(crate) use build::Interrupted;

use crate::Catalog;
use crate::exit::{self, Exit, Usage};
use crate::folder::Folder;
use crate::{output, tool};
use anyhow::{Context as _, Result, bail};
use args::AbArgs;
use ipcmark_ab::{Duel, Judge, Options, Side};
use ipcmark_judge::{
    PairedComparison, Policy, candidates, judge_paired, needs_more, paired_to_json,
    paired_to_markdown,
};
use ipcmark_record::{Outcome, Paired};
use progress::Progress;
use std::path::{Path, PathBuf};

/// What was measured, in its folder.
const DOCUMENT: &str = "paired.json";
/// Pairs in all for a cell that stays undecided, as a multiple of those that each candidate gets.
const MOST: u32 = 4;
/// The p value up to which a cell of the first stage is looked at again: one in ten of those that did not change.
const SCREEN_P: f64 = 0.1;

/// Compares, or judges what was compared before.
///
/// # Errors
/// A suite or a glob that names nothing; a side that is no program to compare; a folder that cannot be written to.
pub(crate) fn ab(catalog: &Catalog, args: &AbArgs) -> Result<Exit> {
    let policy = policy(args);
    if let Some(path) = &args.of {
        let found = judge_paired(&Paired::read(&document_at(path))?, &policy);
        output::print(&text(args, &found))?;
        return Ok(exit_of(&found));
    }
    if tool::is_debug() && !args.quiet {
        output::warn("this is a debug build, its figures are worth little; build with --release");
    }
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
    let document =
        measure(catalog, args, &policy, folder.path()).inspect_err(|_| folder.take_back())?;
    let found = judge_paired(&document, &policy);
    keep(&found, folder.path())?;
    output::print(&text(args, &found))?;
    if !args.quiet {
        output::say(&format!("Pairs and comparison: {}", folder.path().display()));
    }
    Ok(if document.outcome == Outcome::Interrupted { Exit::Interrupted } else { exit_of(&found) })
}

/// Writes a comparison beside its pairs.
fn keep(found: &PairedComparison, folder: &Path) -> Result<()> {
    for (file, text) in
        [("comparison.md", paired_to_markdown(found)), ("comparison.json", paired_to_json(found))]
    {
        let path = folder.join(file);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Measures into a folder. What was measured until something went wrong is kept there.
fn measure(catalog: &Catalog, args: &AbArgs, policy: &Policy, folder: &Path) -> Result<Paired> {
    let (cells, suite) = cells::of(catalog, args)?;
    let of = |program, rev| program_of(program, rev, args.quiet);
    let base = side(of(&args.base, &args.base_rev)?, &args.base_env, &args.base_arg);
    let new = side(of(&args.new, &args.new_rev)?, &args.new_env, &args.new_arg);
    let options = Options {
        seed: args.seed.unwrap_or_else(|| fastrand::u64(..)),
        budget: args.budget,
        screen_pairs: args.pairs,
        confirm_pairs: args.confirm,
        most_pairs: MOST * args.confirm,
        palindromes: args.laps,
        slice: args.slice,
        warm_up: 2 * args.slice,
        screen_p: SCREEN_P,
        command: std::env::args().collect(),
        tool: tool::tool(),
        suite,
    };
    let mut duel = Duel::new(base, new, cells, options)?;
    let ran = duel.run(&By(policy), &mut Progress::new(args.quiet));
    let document = duel.into_document();
    document.write(&folder.join(DOCUMENT))?;
    ran?;
    Ok(document)
}

/// A program, and what it is called.
fn program_of(
    program: &Option<PathBuf>,
    rev: &Option<String>,
    quiet: bool,
) -> Result<(PathBuf, String)> {
    Ok(match (program, rev) {
        (Some(path), _) => (path.clone(), path.display().to_string()),
        (None, Some(rev)) => (build::program_of(rev, quiet)?, rev.clone()),
        // The very program that runs, even where its file was replaced meanwhile.
        (None, None) => {
            (format!("/proc/{}/exe", std::process::id()).into(), "this program".to_owned())
        }
    })
}

fn side((program, name): (PathBuf, String), env: &[(String, String)], given: &[String]) -> Side {
    Side { program, name, env: env.to_vec(), args: given.to_vec() }
}

fn policy(args: &AbArgs) -> Policy {
    Policy {
        delta_p50: args.delta,
        delta_p99: 5.0 * args.delta,
        delta_throughput: args.delta,
        ..Policy::default()
    }
}

fn document_at(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(DOCUMENT) } else { path.to_owned() }
}

fn text(args: &AbArgs, found: &PairedComparison) -> String {
    if args.json { paired_to_json(found) } else { table::table(found, args.all, output::columns()) }
}

/// Inconclusive is never green.
fn exit_of(found: &PairedComparison) -> Exit {
    exit::of_verdict(found.worst())
}

/// Looks at what was measured by a policy.
struct By<'a>(&'a Policy);

impl Judge for By<'_> {
    fn candidates(&self, so_far: &Paired) -> Vec<usize> {
        candidates(so_far, self.0)
    }

    fn undecided(&self, so_far: &Paired) -> Vec<usize> {
        needs_more(so_far, self.0)
    }
}
